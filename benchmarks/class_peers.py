"""What each class-axis loss is compared with: the function of torch, or the formula users write.

The counterpart of peers.py for losses whose rows are the logits of one sample. Sizes are shapes,
(N, C) or (N, C, d1, ...), and each loss names its own. bfloat16 and float16 logits reach the peers
through `.float()`, as users do it.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .figures import CLASS_SHAPES, FEW_SHAPES, Shape
from .peers import Case, Loss

IGNORED = -1  # the label of a tenth of the rows, where ignore_index is part of the comparison
SMOOTHING = 0.1
LOW = (torch.bfloat16, torch.float16)
Inputs = Callable[[Shape, torch.dtype, torch.Generator], tuple[Tensor, ...]]


# ---- formulas, as users write them ---------------------------------------------------------------


def softmax_focal(
    input: Tensor, target: Tensor, gamma: float = 2.0, alpha: Tensor | None = None
) -> Tensor:
    log_p = F.log_softmax(input, dim=1)
    log_pt = log_p.gather(1, target.unsqueeze(1)).squeeze(1)
    loss = -((1 - log_pt.exp()) ** gamma) * log_pt
    return (loss if alpha is None else alpha[target] * loss).mean()


def poly1(input: Tensor, target: Tensor, epsilon: float = 2.0) -> Tensor:
    """As published for PyTorch: the cross-entropy, and p_t through a one-hot mask."""
    mask = F.one_hot(target, input.shape[1]).to(input.dtype)
    pt = (mask * F.softmax(input, dim=1)).sum(1)
    return (F.cross_entropy(input, target, reduction="none") + epsilon * (1 - pt)).mean()


def generalized_cross_entropy(input: Tensor, target: Tensor, q: float = 0.7) -> Tensor:
    pt = F.softmax(input, dim=1).gather(1, target.unsqueeze(1)).squeeze(1)
    return ((1 - pt**q) / q).mean()


def rww_cross_entropy(
    input: Tensor, target: Tensor, fn_weight: Tensor, fp_weight: Tensor
) -> Tensor:
    """The paper's formula on clipped probabilities with one-hot masks, the mean over rows."""
    p = F.softmax(input, dim=1).clamp(1e-7, 1 - 1e-7)
    hit = F.one_hot(target, input.shape[1]).to(input.dtype)
    missed = fn_weight * hit * torch.log(p)
    alarms = fp_weight[target] * (1 - hit) * torch.log(1 - p)
    return -(missed + alarms).sum(1).mean()


def balanced_softmax(input: Tensor, target: Tensor, prior: Tensor) -> Tensor:
    return F.cross_entropy(input + prior.log(), target)


def distill_kl(input: Tensor, target: Tensor, temperature: float = 1.0) -> Tensor:
    student = F.log_softmax(input / temperature, dim=-1)
    teacher = F.softmax(target / temperature, dim=-1)
    return F.kl_div(student, teacher, reduction="batchmean") * temperature * temperature


def jsd(input: Tensor, target: Tensor, beta: float = 0.5, temperature: float = 1.0) -> Tensor:
    student = F.softmax(input / temperature, dim=-1)
    teacher = F.softmax(target / temperature, dim=-1)
    log_m = torch.log(beta * teacher + (1 - beta) * student)
    left = F.kl_div(log_m, teacher, reduction="batchmean")
    right = F.kl_div(log_m, student, reduction="batchmean")
    return (beta * left + (1 - beta) * right) * temperature * temperature


def arcface(input: Tensor, target: Tensor, margin: float = 0.5, scale: float = 64.0) -> Tensor:
    """The angles of all classes, the margin on the target's, and cosines again."""
    angle = torch.acos(input) + margin * F.one_hot(target, input.shape[1]).to(input.dtype)
    return F.cross_entropy(scale * torch.cos(angle), target)


def cosface(input: Tensor, target: Tensor, margin: float = 0.35, scale: float = 64.0) -> Tensor:
    hit = F.one_hot(target, input.shape[1]).to(input.dtype)
    return F.cross_entropy(scale * (input - margin * hit), target)


# ---- one frame around each function of torch, for torch.compile ----------------------------------


def cross_entropy(input: Tensor, target: Tensor) -> Tensor:
    return F.cross_entropy(input, target)


def cross_entropy_all(input: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    return F.cross_entropy(input, target, weight, ignore_index=IGNORED, label_smoothing=SMOOTHING)


def nll(input: Tensor, target: Tensor) -> Tensor:
    return F.nll_loss(input, target)


def multi_margin(input: Tensor, target: Tensor) -> Tensor:
    return F.multi_margin_loss(input, target)


def multilabel_margin(input: Tensor, target: Tensor) -> Tensor:
    return F.multilabel_margin_loss(input, target)


# ---- inputs --------------------------------------------------------------------------------------


def _wide(dtype: torch.dtype) -> torch.dtype:
    """What weights are stored in beside logits of this dtype."""
    return torch.float32 if dtype in LOW else dtype


def _normal(shape: Shape, dtype: torch.dtype, rng: torch.Generator, spread: float) -> Tensor:
    return torch.randn(shape, generator=rng).mul_(spread).to(dtype)


def _labels(shape: Shape, rng: torch.Generator) -> Tensor:
    return torch.randint(shape[1], (shape[0], *shape[2:]), generator=rng)


def logits(shape: Shape, dtype: torch.dtype, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Logits of a model that is not yet sure, and labels."""
    return _normal(shape, dtype, rng, 2.0), _labels(shape, rng)


def log_probabilities(shape: Shape, dtype: torch.dtype, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Log-probabilities and labels."""
    input = torch.randn(shape, generator=rng).mul_(2).log_softmax(1)
    return input.to(dtype), _labels(shape, rng)


def weighted(shape: Shape, dtype: torch.dtype, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Logits, labels of which a tenth is ignored, and a weight for each class."""
    input, target = logits(shape, dtype, rng)
    target[torch.rand(target.shape, generator=rng) < 0.1] = IGNORED
    return input, target, torch.rand(shape[1], generator=rng).add_(0.5).to(_wide(dtype))


def costs(shape: Shape, dtype: torch.dtype, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Logits, labels, what it costs to miss a class, and to take one class for another.

    The spread is such that no probability is below 1e-7, where the peer clips: there it differs.
    """
    missed = torch.rand(shape[1], generator=rng).add_(0.5)
    alarms = torch.rand(shape[1], shape[1], generator=rng)
    input = _normal(shape, dtype, rng, 1.0)
    return input, _labels(shape, rng), missed.to(_wide(dtype)), alarms.to(_wide(dtype))


def counted(shape: Shape, dtype: torch.dtype, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Logits, labels, and how often each class was seen."""
    prior = torch.randint(1, 1000, (shape[1],), generator=rng)
    return *logits(shape, dtype, rng), prior.to(_wide(dtype))


def teacher(shape: Shape, dtype: torch.dtype, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Logits of a student and of its teacher."""
    return _normal(shape, dtype, rng, 2.0), _normal(shape, dtype, rng, 2.0)


def cosines(shape: Shape, dtype: torch.dtype, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Cosines, none so near to -1 that the margin would go beyond pi, and labels."""
    return _normal(shape, dtype, rng, 0.2).clamp_(-0.85, 0.85), _labels(shape, rng)


def several_labels(shape: Shape, dtype: torch.dtype, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Scores and three labels per row, ended by -1."""
    target = torch.full(shape, -1)
    target[:, :3] = torch.rand(shape, generator=rng).topk(3, dim=1).indices
    return _normal(shape, dtype, rng, 1.0), target


# ---- the table -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ClassCase(Case):
    """One class-axis loss of the benchmark.

    Attributes:
        shapes: Where it is measured.
        bfloat16: Where bfloat16 logits are measured too, beside the `.float()` route of the peer.
        logits: How many of the first operands `.float()` goes to.
        planes: Whether the peer also takes (N, C, d1, ...).
        compiles: The most classes with which torch.compile of the peer is of use.
    """

    shapes: tuple[Shape, ...] = FEW_SHAPES
    bfloat16: tuple[Shape, ...] = FEW_SHAPES[-1:]
    logits: int = 1
    planes: bool = False
    compiles: int | None = None

    def is_compiled(self, size: int | Shape) -> bool:
        """Whether there are few enough classes for it."""
        return self.compiles is None or (isinstance(size, tuple) and size[1] <= self.compiles)

    def for_dtype(self, dtype: torch.dtype) -> ClassCase:
        """This case with peers that are given logits of this dtype as users do it."""
        if dtype not in LOW:
            return self
        eager, source = (through_float(peer, self.logits) for peer in (self.eager, self.source))
        return dataclasses.replace(self, eager=eager, source=source, peer=self.peer_name)


def through_float(peer: Loss, logits: int) -> Callable[..., Tensor]:
    """The peer on a float32 copy of the logits."""

    def one(input: Tensor, *rest: Tensor) -> Tensor:
        return peer(input.float(), *rest)

    def two(input: Tensor, target: Tensor) -> Tensor:
        return peer(input.float(), target.float())

    return one if logits == 1 else two


def _torch(name: str, source: Loss, inputs: Inputs, compiles: int | None = None) -> ClassCase:
    """A case whose peer is the function of the same name in torch.nn.functional."""
    function = f"{name}_loss"
    eager = getattr(F, function)
    return ClassCase(name, "torch", function, eager, source, inputs, compiles=compiles)


def _formula(
    name: str,
    group: str,
    formula: Loss,
    inputs: Inputs,
    logits: int = 1,
    planes: bool = False,
    **params: float,
) -> ClassCase:
    """A case whose peer is a formula above, with parameters that both sides are given."""

    def bound(*operands: Tensor) -> Tensor:
        return formula(*operands, **params)

    peer = bound if params else formula
    return ClassCase(
        name, group, f"{name}_loss", peer, peer, inputs, params, logits=logits, planes=planes
    )


ALL_OPTIONS: dict[str, Any] = {"ignore_index": IGNORED, "label_smoothing": SMOOTHING}

CLASS_CASES: tuple[ClassCase, ...] = (
    ClassCase(
        "cross_entropy",
        "torch",
        "cross_entropy",
        F.cross_entropy,
        cross_entropy,
        logits,
        shapes=CLASS_SHAPES,
        bfloat16=CLASS_SHAPES,
        planes=True,
    ),
    ClassCase(
        "cross_entropy_all",  # weight, label_smoothing and ignore_index together
        "torch",
        "cross_entropy",
        functools.partial(F.cross_entropy, **ALL_OPTIONS),
        cross_entropy_all,
        weighted,
        ALL_OPTIONS,
        shapes=CLASS_SHAPES,
        planes=True,
    ),
    _torch("nll", nll, log_probabilities),
    _torch("multi_margin", multi_margin, logits),
    # Compiled, it builds tensors of N x C x C: at (4096, 1000) 16 GB and half a minute a step.
    _torch("multilabel_margin", multilabel_margin, several_labels, compiles=100),
    _formula("softmax_focal", "softmax", softmax_focal, logits, planes=True, gamma=2.0),
    _formula("poly1", "softmax", poly1, logits, epsilon=2.0),
    _formula("generalized_cross_entropy", "softmax", generalized_cross_entropy, logits, q=0.7),
    _formula("rww_cross_entropy", "softmax", rww_cross_entropy, costs),
    _formula("balanced_softmax", "softmax", balanced_softmax, counted),
    _formula("distill_kl", "distillation", distill_kl, teacher, logits=2, temperature=2.0),
    _formula("jsd", "distillation", jsd, teacher, logits=2, beta=0.5, temperature=2.0),
    _formula("arcface", "margin softmax", arcface, cosines, margin=0.5, scale=64.0),
    _formula("cosface", "margin softmax", cosface, cosines, margin=0.35, scale=64.0),
)

CLASS_NAMES = tuple(case.name for case in CLASS_CASES)


def check_class_peers() -> None:
    """Holds every class-axis peer against the reference of the tests, in float64."""
    from tests.losses import BY_OP

    rng = torch.Generator().manual_seed(0)
    for case in CLASS_CASES:
        for shape in ((64, 10), (3, 7, 4, 5)) if case.planes else ((64, 10),):
            operands = case.inputs(shape, torch.float64, rng)
            input, target, *rest = operands
            rows, labels = input.movedim(1, -1).flatten(0, -2), target
            if case.planes:
                labels = target.flatten()
            params = {key: value for key, value in case.params.items() if key != "ignore_index"}
            count: Tensor | int = len(rows)
            if case.name == "cross_entropy_all":
                rows, labels = rows[labels != IGNORED], labels[labels != IGNORED]
                count = rest[0][labels].sum()
            formula = BY_OP[case.name.removesuffix("_all")].formula
            expected = formula(rows, labels, *rest, **params).sum() / count
            for peer in (case.eager, case.source):
                found = peer(*operands)
                if not torch.allclose(found, expected, rtol=1e-6, atol=1e-9):
                    raise RuntimeError(
                        f"{case.name}: the peer gives {found}, the reference {expected}"
                    )
