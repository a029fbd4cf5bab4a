"""What each loss is compared with: the function of torch, or the formula as users write it.

Where torch.nn.functional has the loss, that function is the baseline, elsewhere one of formulas.py.
The same goes to torch.compile. `check_baselines` holds each against the reference of the tests.
"""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from torch import Tensor

from . import formulas
from .case import IGNORED, LABELS, Case
from .figures import (
    BOX_SHAPES,
    CLASS_SHAPES,
    CTC_SHAPES,
    FEW_SHAPES,
    MASK_SHAPES,
    ORDINAL_SHAPES,
    REGION_SHAPES,
    RNNT_SHAPES,
    SIGNAL_SHAPES,
    VECTOR_SHAPES,
    Shape,
    Size,
)

# ---- operands, drawn in float32 ------------------------------------------------------------------


def normal(size: Size, rng: torch.Generator, spread: float = 1.0) -> Tensor:
    return torch.randn(size, generator=rng).mul_(spread)


def marks(size: Size, rng: torch.Generator, low: float = 0.0) -> Tensor:
    """A quarter of the elements are 1, the rest `low`."""
    return torch.where(torch.rand(size, generator=rng) < 0.25, 1.0, low)


def labels(shape: Shape, rng: torch.Generator) -> Tensor:
    return torch.randint(shape[1], (shape[0], *shape[2:]), generator=rng)


def regression(size: Size, rng: torch.Generator, spread: float = 1.0) -> tuple[Tensor, ...]:
    """Normal input and target, so that errors fall on both sides of every kink."""
    return normal(size, rng, spread), normal(size, rng, spread)


def counts(n: int, rng: torch.Generator) -> tuple[Tensor, ...]:
    rate = normal(n, rng)
    return rate, torch.poisson(rate.exp(), generator=rng)


def density(n: int, rng: torch.Generator) -> tuple[Tensor, ...]:
    return *regression(n, rng), torch.rand(n, generator=rng).add_(0.1)


def positive(n: int, rng: torch.Generator, operands: int = 2) -> tuple[Tensor, ...]:
    """So many operands between 0.1 and 1.1."""
    return tuple(torch.rand(n, generator=rng).add_(0.1) for _ in range(operands))


def dispersed(n: int, rng: torch.Generator) -> tuple[Tensor, ...]:
    return *counts(n, rng), *positive(n, rng, 1)


def gated(n: int, rng: torch.Generator) -> tuple[Tensor, ...]:
    return *counts(n, rng), normal(n, rng)


def durations(n: int, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Locations of the logarithm, durations, and shapes or scales."""
    return normal(n, rng), *positive(n, rng)


def heavy_tails(n: int, rng: torch.Generator) -> tuple[Tensor, ...]:
    return *density(n, rng), torch.rand(n, generator=rng).mul_(20).add_(1)


def angles(n: int, rng: torch.Generator) -> tuple[Tensor, ...]:
    return *regression(n, rng), torch.rand(n, generator=rng).mul_(20)


def evidence(n: int, rng: torch.Generator) -> tuple[Tensor, ...]:
    nu, alpha, beta = positive(n, rng, 3)
    return *regression(n, rng), nu, alpha.add_(1), beta


def heat_maps(n: int, rng: torch.Generator) -> tuple[Tensor, ...]:
    return torch.rand(n, generator=rng), torch.rand(n, generator=rng)


def probabilities(n: int, rng: torch.Generator) -> tuple[Tensor, ...]:
    return normal(n, rng).sigmoid_(), marks(n, rng)


def binary_logits(n: int, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Logits of a model that is not yet sure, and 0/1 labels."""
    return normal(n, rng, 3.0), marks(n, rng)


def rows_of_logits(n: int, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Logits and 0/1 labels in rows of `LABELS`."""
    input, target = binary_logits(n, rng)
    return input.view(-1, LABELS), target.view(-1, LABELS)


def margins(n: int, rng: torch.Generator) -> tuple[Tensor, ...]:
    return normal(n, rng), marks(n, rng, low=-1.0)


def pairs(n: int, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Two scores and which of them should be larger."""
    return normal(n, rng), *margins(n, rng)


def distributions(n: int, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Log-probabilities and probabilities in rows of `LABELS`."""
    input, target = (normal(n, rng).view(-1, LABELS) for _ in range(2))
    return input.log_softmax(1), target.softmax(1)


def logits(shape: Shape, rng: torch.Generator, spread: float = 2.0) -> tuple[Tensor, ...]:
    """Logits of a model that is not yet sure, and labels."""
    return normal(shape, rng, spread), labels(shape, rng)


def log_probabilities(shape: Shape, rng: torch.Generator) -> tuple[Tensor, ...]:
    return normal(shape, rng, 2.0).log_softmax(1), labels(shape, rng)


def weighted(shape: Shape, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Logits, labels of which a tenth is ignored, and a weight for each class."""
    input, target = logits(shape, rng)
    target[torch.rand(target.shape, generator=rng) < 0.1] = IGNORED
    return input, target, torch.rand(shape[1], generator=rng).add_(0.5)


def bins(shape: Shape, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Logits, and numbers below the last class."""
    target = torch.rand((shape[0], *shape[2:]), generator=rng).mul_(shape[1] - 1.01)
    return normal(shape, rng, 2.0), target


def costs(shape: Shape, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Logits, labels, what it costs to miss a class, and to take one class for another.

    The spread is such that no probability is below 1e-7, where the baseline clips and differs.
    """
    missed = torch.rand(shape[1], generator=rng).add_(0.5)
    return *logits(shape, rng, 1.0), missed, torch.rand(shape[1], shape[1], generator=rng)


def counted(shape: Shape, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Logits, labels, and how often each class was seen."""
    return *logits(shape, rng), torch.randint(1, 1000, (shape[1],), generator=rng).float()


def cosines(shape: Shape, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Cosines, none so near to -1 that the margin would go beyond pi, and labels."""
    return normal(shape, rng, 0.2).clamp_(-0.85, 0.85), labels(shape, rng)


def several_labels(shape: Shape, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Scores and three labels per row, ended by -1."""
    target = torch.full(shape, -1)
    target[:, :3] = torch.rand(shape, generator=rng).topk(3, dim=1).indices
    return normal(shape, rng), target


def frames(shape: Shape, rng: torch.Generator) -> tuple[Tensor, ...]:
    """T frames of N sequences over C classes, S labels each; all of them count."""
    frames, sequences, classes, most = shape
    targets = torch.randint(1, classes, (sequences, most), generator=rng)
    lengths = (torch.full((sequences,), count) for count in (frames, most))
    return normal((frames, sequences, classes), rng, 2.0), targets, *lengths


def joined(shape: Shape, rng: torch.Generator) -> tuple[Tensor, ...]:
    """B sequences of T frames and U labels over D classes; all of them count."""
    sequences, frames, most, classes = shape
    targets = torch.randint(classes - 1, (sequences, most), generator=rng)
    lengths = (torch.full((sequences,), count) for count in (frames, most))
    return normal((sequences, frames, most + 1, classes), rng, 2.0), targets, *lengths


def masked(shape: Shape, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Logits of one class, and where it is."""
    input = normal(shape, rng, 2.0)
    return input, torch.randint(2, (shape[0], *shape[2:]), generator=rng)


def similar(shape: Shape, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Vectors, and whether each two belong together."""
    return normal(shape, rng), normal(shape, rng), marks(shape[0], rng, low=-1.0)


def triplets(shape: Shape, rng: torch.Generator) -> tuple[Tensor, ...]:
    return normal(shape, rng), normal(shape, rng), normal(shape, rng)


def boxes(shape: Shape, rng: torch.Generator) -> tuple[Tensor, ...]:
    """By their corners, of which many overlap."""
    low, size = torch.rand((2, *shape), generator=rng).chunk(2, -1)
    return tuple(torch.cat([low, low + size + 0.1], -1))


def graded(shape: Shape, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Logits of thresholds, and labels, of which there is one more."""
    return normal(shape, rng, 2.0), torch.randint(shape[1] + 1, shape[:1], generator=rng)


def noisy(shape: Shape, rng: torch.Generator) -> tuple[Tensor, ...]:
    target = normal(shape, rng)
    return target + normal(shape, rng), target


# ---- the table -----------------------------------------------------------------------------------

teacher = functools.partial(regression, spread=2.0)  # logits of a student and of its teacher
over_classes = functools.partial(
    Case, logits=1, sizes=FEW_SHAPES, bfloat16=FEW_SHAPES[-1:], family="class"
)
# torch.compile leaves F.ctc_loss as it is, and would unroll the loop of rnnt.
of_sequences = functools.partial(Case, group="sequence", logits=1, family="sequence", compiles=0)

of_regions = functools.partial(
    Case, group="regions", inputs=logits, logits=1, family="sum", sizes=REGION_SHAPES,
    tried=((2, 3, 5, 7),),
)  # fmt: skip
of_vectors = functools.partial(
    Case, group="vectors", family="sum", sizes=VECTOR_SHAPES, tried=((7, 5),)
)
of_boxes = functools.partial(
    Case, group="boxes", inputs=boxes, family="sum", sizes=BOX_SHAPES, tried=((64, 4),)
)
of_grades = functools.partial(
    Case, group="ordinal", inputs=graded, family="sum", sizes=ORDINAL_SHAPES, tried=((64, 5),)
)

CASES: tuple[Case, ...] = (
    Case("mse", "regression", F.mse_loss, regression),
    Case("l1", "regression", F.l1_loss, regression),
    Case("smooth_l1", "regression", F.smooth_l1_loss, regression),
    Case("huber", "regression", F.huber_loss, regression),
    Case("log_cosh", "regression", formulas.log_cosh, regression),
    Case("charbonnier", "regression", formulas.charbonnier, regression),
    Case("quantile", "regression", formulas.quantile, regression, {"q": 0.9}),
    Case("expectile", "regression", formulas.expectile, regression, {"tau": 0.9}),
    Case("robust", "regression", formulas.robust, regression),
    Case("wing", "regression", formulas.wing, regression),
    Case("adaptive_wing", "regression", formulas.adaptive_wing, heat_maps),
    Case("msle", "regression", formulas.msle, positive),
    Case("mape", "regression", formulas.mape, positive),
    Case("smape", "regression", formulas.smape, positive),
    Case("poisson_nll", "counts", F.poisson_nll_loss, counts),
    Case("gaussian_nll", "counts", F.gaussian_nll_loss, density, {}, (0, 2), formulas.gaussian_nll),
    Case("negative_binomial_nll", "counts", formulas.negative_binomial_nll, dispersed, wrt=(0, 2)),
    Case("zero_inflated_poisson_nll", "counts", formulas.zero_inflated_poisson_nll, gated,
         wrt=(0, 2)),
    Case("tweedie", "counts", formulas.tweedie, counts),
    Case("gamma_nll", "densities", formulas.gamma_nll, durations, {"full": True}, (0, 2)),
    Case("log_normal_nll", "densities", formulas.log_normal_nll, durations, wrt=(0, 2)),
    Case("laplace_nll", "densities", formulas.laplace_nll, density, wrt=(0, 2)),
    Case("student_t_nll", "densities", formulas.student_t_nll, heavy_tails, wrt=(0, 2, 3)),
    Case("beta_nll", "densities", formulas.beta_nll, density, wrt=(0, 2)),
    Case("von_mises_nll", "densities", formulas.von_mises_nll, angles, wrt=(0, 2)),
    Case("crps_gaussian", "densities", formulas.crps_gaussian, density, wrt=(0, 2)),
    Case("evidential_regression", "densities", formulas.evidential_regression, evidence,
         wrt=(0, 2, 3, 4)),
    Case("bce", "binary", F.binary_cross_entropy, probabilities),
    Case("bce_with_logits", "binary", F.binary_cross_entropy_with_logits, binary_logits),
    Case("focal", "binary", formulas.focal, binary_logits),
    Case("asymmetric", "binary", formulas.asymmetric, binary_logits),
    Case("rww_bce", "binary", formulas.rww_bce, binary_logits, {"fn_weight": 2.0}),
    Case("multilabel_soft_margin", "binary", F.multilabel_soft_margin_loss, rows_of_logits),
    Case("hinge", "margin", formulas.hinge, margins),
    Case("hinge_embedding", "margin", F.hinge_embedding_loss, margins),
    Case("soft_margin", "margin", F.soft_margin_loss, margins),
    Case("margin_ranking", "margin", F.margin_ranking_loss, pairs, {}, (0, 1)),
    Case("gaussian_kl", "divergence", formulas.gaussian_kl, regression, wrt=(0, 1)),
    # With "mean" F.kl_div warns on every call; "batchmean", which it recommends, spares it that.
    Case("kl_div", "divergence", F.kl_div, distributions, {"reduction": "batchmean"}),
    over_classes(
        "cross_entropy", "torch", F.cross_entropy, logits,
        sizes=CLASS_SHAPES, bfloat16=CLASS_SHAPES, planes=True,
    ),
    over_classes(  # with weight, label_smoothing and ignore_index together
        "cross_entropy_all", "torch", F.cross_entropy, weighted,
        {"ignore_index": IGNORED, "label_smoothing": 0.1}, sizes=CLASS_SHAPES, planes=True,
    ),
    over_classes("nll", "torch", F.nll_loss, log_probabilities),
    over_classes("multi_margin", "torch", F.multi_margin_loss, logits),
    # Compiled, it builds tensors of N x C x C: at (4096, 1000) 16 GB and half a minute a step.
    over_classes(
        "multilabel_margin", "torch", F.multilabel_margin_loss, several_labels, compiles=100
    ),
    over_classes(
        "softmax_focal", "softmax", formulas.softmax_focal, logits, {"gamma": 2.0}, planes=True
    ),
    over_classes("poly1", "softmax", formulas.poly1, logits, {"epsilon": 2.0}),
    over_classes(
        "generalized_cross_entropy", "softmax", formulas.generalized_cross_entropy, logits,
        {"q": 0.7},
    ),
    over_classes(
        "normalized_cross_entropy", "softmax", formulas.normalized_cross_entropy, logits
    ),
    over_classes("distribution_focal", "softmax", formulas.distribution_focal, bins),
    over_classes("rww_cross_entropy", "softmax", formulas.rww_cross_entropy, costs),
    over_classes(
        "balanced_softmax", "softmax", formulas.balanced_softmax, counted,
        sizes=((64, 10), *FEW_SHAPES),
    ),
    over_classes(
        "distill_kl", "distillation", formulas.distill_kl, teacher, {"temperature": 2.0}, logits=2
    ),
    over_classes(
        "jsd", "distillation", formulas.jsd, teacher, {"beta": 0.5, "temperature": 2.0}, logits=2
    ),
    over_classes(
        "arcface", "margin softmax", formulas.arcface, cosines, {"margin": 0.5, "scale": 64.0}
    ),
    over_classes(
        "cosface", "margin softmax", formulas.cosface, cosines, {"margin": 0.35, "scale": 64.0}
    ),
    of_sequences("ctc", baseline=formulas.ctc, inputs=frames, params={"from_logits": True},
                 sizes=CTC_SHAPES, tried=((9, 3, 7, 4),)),
    of_regions("dice", baseline=formulas.dice),
    of_regions("dice_sigmoid", baseline=formulas.dice, inputs=masked, sizes=MASK_SHAPES,
               params={"activation": "sigmoid"}, tried=((2, 1, 5, 7),)),
    of_regions("jaccard", baseline=formulas.jaccard),
    of_regions("tversky", baseline=formulas.tversky),
    of_regions("focal_tversky", baseline=formulas.focal_tversky),
    of_regions("dice_ce", baseline=formulas.dice_ce),
    of_boxes("iou", baseline=formulas.iou),
    of_boxes("giou", baseline=formulas.giou),
    of_boxes("diou", baseline=formulas.diou),
    of_boxes("ciou", baseline=formulas.ciou),
    of_boxes("eiou", baseline=formulas.eiou),
    of_grades("coral", baseline=formulas.coral),
    of_grades("corn", baseline=formulas.corn, compiles=0),
    of_vectors("cosine_embedding", baseline=F.cosine_embedding_loss, inputs=similar, wrt=(0, 1)),
    of_vectors("triplet_margin", baseline=F.triplet_margin_loss, inputs=triplets, wrt=(0, 1, 2)),
    of_vectors("si_sdr", baseline=formulas.si_sdr, inputs=noisy, sizes=SIGNAL_SHAPES),
    of_vectors("snr", baseline=formulas.snr, inputs=noisy, sizes=SIGNAL_SHAPES),
    of_sequences("rnnt", baseline=formulas.rnnt, inputs=joined, sizes=RNNT_SHAPES,
                 tried=((3, 5, 4, 7),)),
)  # fmt: skip
BY_NAME = {case.name: case for case in CASES}


def check_baselines() -> None:
    """Holds every baseline against the reference of the tests, in float64.

    A baseline that computed anything else would make a comparison of speed worthless.
    """
    for case in CASES:
        for size in case.tried:
            if case.takes(size):
                operands = case.operands(size, torch.float64)
                expected = case.expected(operands)
                for baseline in (case.eager(torch.float64), case.source(torch.float64)):
                    found = baseline(*operands)
                    if not torch.allclose(found, expected, rtol=1e-6, atol=1e-9):
                        raise RuntimeError(f"{case.name}: {found}, by the reference {expected}")
