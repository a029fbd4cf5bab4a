"""Losses of one label, or of probabilities, per row of logits; csrc/losses/softmax.h."""

import math

import torch
from torch import Tensor

from tests.families.class_axis import LABELS, MATRIX, VECTOR, ClassDraw, Points, of
from tests.losses.formulas import at, odds, one_hot, sigmoid, softplus, true_class
from tests.losses.table import Bad, Params, row


def class_logits(draw: ClassDraw) -> tuple[Tensor, ...]:
    """Logits with labels, or with probabilities where the parameters say so."""
    input = draw.uniform(-4, 4)
    if draw.params.get("probabilities", False):
        return input, draw.uniform(-2, 2).softmax(draw.axis)
    return input, draw.labels()


def log_probabilities(draw: ClassDraw) -> tuple[Tensor, ...]:
    return draw.uniform(-4, -0.1), draw.labels()


def points(draw: ClassDraw) -> tuple[Tensor, ...]:
    return draw.uniform(-4, 4), draw.points()


def cosines(draw: ClassDraw) -> tuple[Tensor, ...]:
    return draw.variable(-0.95, 0.95), draw.labels()


def smoothing(op: str) -> tuple[Bad, ...]:
    return (Bad(f"{op}: label_smoothing must be .*got -0.1", {"label_smoothing": -0.1}),
            Bad(f"{op}: label_smoothing must be .*got 1.5", {"label_smoothing": 1.5}))  # fmt: skip


def far_angle(params: Params) -> tuple[float, ...]:
    """The cosine of the angle that the margin turns to pi."""
    return (-math.cos(params.get("margin", 0.5)),)


CLASSES = {"make": class_logits, "weighted_mean": True, **LABELS}
SOFT = {"probabilities": True}  # targets are probabilities; no parameter of the loss itself


@row(
    "cross_entropy", "CrossEntropyLoss", **CLASSES,
    params=({}, {"label_smoothing": 0.1}, {"z_loss": 0.1, "softcap": 3.0}, SOFT,
            {**SOFT, "label_smoothing": 0.2, "z_loss": 0.1}),
    bad=(*smoothing("cross_entropy"),
         Bad("cross_entropy: softcap must be > 0, got 0", {"softcap": 0.0}),
         Bad("cross_entropy: softcap must be > 0, got -2", {"softcap": -2.0})),
)  # fmt: skip
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    label_smoothing: float = 0.0,
    z_loss: float = 0.0,
    softcap: float | None = None,
) -> Tensor:
    """Szegedy et al. 2016 (smoothing), PaLM 2022 (z-loss), Gemma 2 2024 (softcap)."""
    z = input if softcap is None else softcap * torch.tanh(input / softcap)
    return (
        true_class(softplus(odds(z)), target, weight, label_smoothing)
        + z_loss * z.logsumexp(-1) ** 2
    )


@row("nll_loss", "NLLLoss", log_probabilities, weighted_mean=True, **LABELS)
def nll(input: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    return true_class(-input, target, weight)


@row(
    "softmax_focal_loss", "SoftmaxFocalLoss", **CLASSES,
    tensor_params=("alpha",),
    params=({}, {"alpha": VECTOR, "gamma": 0.5}, {"alpha": 0.25, "gamma": 0.0},
            {"gamma": 1.0, "label_smoothing": 0.1}, {"gamma": 3.3},
            {**SOFT, "alpha": VECTOR, "label_smoothing": 0.2}, {**SOFT, "gamma": 1.5}),
    bad=(*smoothing("softmax_focal"),
         Bad("softmax_focal: gamma must be >= 0, got -1", {"gamma": -1.0}),
         Bad("softmax_focal: gamma must be >= 0, got nan", {"gamma": math.nan}),
         Bad(r"softmax_focal: alpha must .*\(2,\)", {"alpha": (1.0, 2.0)})),
)  # fmt: skip
def softmax_focal(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    alpha: Tensor | float | None = None,
    gamma: float = 2.0,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Lin et al. 2017 over a softmax."""
    cost = sigmoid(odds(input)) ** gamma * softplus(odds(input))
    return true_class(cost if alpha is None else alpha * cost, target, weight, label_smoothing)


@row(
    "poly1_loss", "Poly1Loss", **CLASSES,
    params=({}, {"epsilon": -0.5, "label_smoothing": 0.1}, SOFT),
    bad=smoothing("poly1"),
)  # fmt: skip
def poly1(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    epsilon: float = 2.0,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Leng et al. 2022."""
    z = odds(input)
    return true_class(softplus(z) + epsilon * sigmoid(z), target, weight, label_smoothing)


@row(
    "generalized_cross_entropy_loss",
    "GeneralizedCrossEntropyLoss", **CLASSES,
    params=({}, {"q": 1.0}, {"q": 0.2, "label_smoothing": 0.1}, SOFT),
    bad=(*smoothing("generalized_cross_entropy"),
         Bad("generalized_cross_entropy: q must be > 0, got 0", {"q": 0.0}),
         Bad("generalized_cross_entropy: q must be <= 1, got 1.5", {"q": 1.5})),
)  # fmt: skip
def generalized_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    q: float = 0.7,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Zhang and Sabuncu 2018."""
    y = -q * softplus(odds(input))
    # torch differentiates expm1 by its result + 1, which loses the digits of a small p^q
    cost = torch.where(y < -1, 1 - torch.exp(y), -torch.expm1(y.clamp(min=-1))) / q
    return true_class(cost, target, weight, label_smoothing)


@row(
    "distribution_focal_loss", "DistributionFocalLoss", points, family=Points(),
    silent=("weight", "target"),
)  # fmt: skip
def distribution_focal(input: Tensor, target: Tensor) -> Tensor:
    """Li et al. 2020; of the last class the point below counts."""
    costs = softplus(odds(input))
    last = input.size(-1) - 1
    below = target.detach().floor().clamp(max=max(last - 1, 0))
    part = target - below
    lower, upper = at(costs, below), at(costs, (below + 1).clamp(max=last))
    return (1 - part) * lower + part * upper


@row(
    "rww_cross_entropy_loss", "RWWCrossEntropyLoss", **CLASSES,
    tensor_params=("fn_weight", "fp_weight"),
    params=({"fn_weight": VECTOR, "fp_weight": MATRIX},),
    bad=(Bad(r"rww_cross_entropy: fn_weight must .*\(3,\).*\(2,\)", {"fn_weight": (1.0, 2.0)}),
         Bad(r"rww_cross_entropy: fp_weight must .*\(3, 3\).*\(3,\)",
             {"fp_weight": (1.0, 2.0, 3.0)})),
)  # fmt: skip
def rww_cross_entropy(
    input: Tensor,
    target: Tensor,
    fn_weight: Tensor,
    fp_weight: Tensor,
    weight: Tensor | None = None,
) -> Tensor:
    """Ho and Wookey 2020; ln p = -softplus(odds), ln(1 - p) = -softplus(-odds)."""
    z, own = odds(input), one_hot(target, input)
    missed = at(fn_weight * softplus(z), target)
    others = z.masked_fill(own.bool(), math.inf)
    false = (of(fp_weight, target) * softplus(-others)).sum(-1)
    return (missed + false) if weight is None else of(weight, target) * (missed + false)


@row(
    "balanced_softmax_loss", "BalancedSoftmaxLoss", **CLASSES,
    tensor_params=("prior",),
    params=({"prior": VECTOR}, {"prior": VECTOR, "tau": 0.5, "label_smoothing": 0.1},
            {**SOFT, "prior": VECTOR}),
    bad=(*smoothing("balanced_softmax"),
         Bad("balanced_softmax: tau must be >= 0, got -1", {"tau": -1.0}),
         Bad(r"balanced_softmax: prior must .*\(3,\).*\(2,\)", {"prior": (1.0, 2.0)}),
         Bad("balanced_softmax: prior must be >= 0, got -1", {"prior": (1.0, -1.0, 2.0)})),
)  # fmt: skip
def balanced_softmax(
    input: Tensor,
    target: Tensor,
    prior: Tensor,
    weight: Tensor | None = None,
    tau: float = 1.0,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Ren et al. 2020, Menon et al. 2021."""
    return cross_entropy(input + tau * prior.log(), target, weight, label_smoothing)


@row(
    "arcface_loss", "ArcFaceLoss", cosines, weighted_mean=True, **LABELS,
    params=({}, {"margin": 0.9, "scale": 4.0},
            {"margin": 0.2, "scale": 2.0, "label_smoothing": 0.1}),
    kinks=far_angle,
    bad=(*smoothing("arcface"),
         Bad("arcface: margin must be >= 0, got -0.1", {"margin": -0.1}),
         Bad("arcface: margin must be <= 3.14.*got 3.5", {"margin": 3.5}),
         Bad("arcface: scale must be > 0, got 0", {"scale": 0.0})),
)  # fmt: skip
def arcface(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    margin: float = 0.5,
    scale: float = 64.0,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Deng et al. 2019; beyond pi, the line that insightface takes."""
    angle = torch.acos(input) + margin
    turned = torch.where(angle > math.pi, input - margin * math.sin(margin), torch.cos(angle))
    own = one_hot(target, input).bool()
    return cross_entropy(scale * torch.where(own, turned, input), target, weight, label_smoothing)


@row(
    "cosface_loss", "CosFaceLoss", cosines, weighted_mean=True, **LABELS,
    params=({}, {"margin": 0.1, "scale": 2.0, "label_smoothing": 0.1}),
    bad=(*smoothing("cosface"),
         Bad("cosface: scale must be > 0, got 0", {"scale": 0.0})),
)  # fmt: skip
def cosface(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    margin: float = 0.35,
    scale: float = 64.0,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Wang et al. 2018."""
    z = scale * (input - margin * one_hot(target, input))
    return cross_entropy(z, target, weight, label_smoothing)
