"""Losses of labels some of which are wrong; csrc/losses/noise.h."""

import math

import torch
from torch import Tensor

from tests.families.class_axis import LABELS, Averaged, ClassDraw, of
from tests.losses.formulas import at, odds, sigmoid, softplus, true_class
from tests.losses.softmax import CLASSES, SOFT, smoothing
from tests.losses.table import Bad, row


def weighted(loss: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
    return loss if weight is None else of(weight, target) * loss


@row(
    "symmetric_cross_entropy_loss", "SymmetricCrossEntropyLoss", **CLASSES,
    params=({}, {"alpha": 1.0, "beta": 0.25}),
    bad=(Bad("symmetric_cross_entropy: alpha must be > 0, got 0", {"alpha": 0.0}),
         Bad("symmetric_cross_entropy: beta must be >= 0, got -1", {"beta": -1.0})),
)  # fmt: skip
def symmetric_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    alpha: float = 0.1,
    beta: float = 1.0,
) -> Tensor:
    """Wang et al. 2019."""
    z = odds(input)
    return true_class(alpha * softplus(z) + 4 * beta * sigmoid(z), target, weight)


@row(
    "taylor_cross_entropy_loss", "TaylorCrossEntropyLoss", **CLASSES,
    params=({}, {"terms": 1}, {"terms": 5, "label_smoothing": 0.1}, SOFT),
    bad=(*smoothing("taylor_cross_entropy"),
         Bad("taylor_cross_entropy: terms must be >= 1, got 0", {"terms": 0}),
         Bad("taylor_cross_entropy: terms must be <= 64, got 65", {"terms": 65})),
)  # fmt: skip
def taylor_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    terms: int = 2,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Feng et al. 2020."""
    q = sigmoid(odds(input))
    series = [q**k / k for k in range(1, terms + 1)]
    return true_class(sum(series[1:], series[0]), target, weight, label_smoothing)


@row(
    "label_relaxation_loss", "LabelRelaxationLoss", **CLASSES,
    params=({}, {"alpha": 0.4}),
    bad=(Bad("label_relaxation: alpha must be > 0, got 0", {"alpha": 0.0}),
         Bad("label_relaxation: alpha must be < 1, got 1", {"alpha": 1.0})),
)  # fmt: skip
def label_relaxation(
    input: Tensor, target: Tensor, weight: Tensor | None = None, alpha: float = 0.1
) -> Tensor:
    """Lienen and Huellermeier 2021; both logarithms are softplus of the odds."""
    z = at(odds(input), target)
    given = (1 - alpha) * (math.log1p(-alpha) + softplus(z))
    rest = alpha * (math.log(alpha) + softplus(-z))
    return weighted((given + rest).where(sigmoid(z) > alpha, 0.0), target, weight)


@row("normalized_cross_entropy_loss", "NormalizedCrossEntropyLoss", **CLASSES)
def normalized_cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Ma et al. 2020; of a single class, 0."""
    costs = softplus(odds(input))
    total = costs.sum(-1)
    return weighted(at(costs, target) / total.where(total != 0, 1.0), target, weight)


def averaged(draw: ClassDraw) -> tuple[Tensor, ...]:
    """Logits, labels, and averages that have not yet forgotten that they began at 0."""
    return draw.uniform(-4, 4), draw.labels(), 0.9 * draw.uniform(-2, 2).softmax(draw.axis)


@row(
    "elr_loss", "ELRLoss", averaged, weighted_mean=True,
    **{**LABELS, "family": Averaged(), "silent": ("weight", "target", "average")},
    operands=("input", "target", "average"), params=({}, {"strength": 0.5}),
    bad=(Bad("elr: strength must be >= 0, got -1", {"strength": -1.0}),
         Bad("elr: average must", operands={"average": torch.zeros(4, 2)})),
)  # fmt: skip
def elr(
    input: Tensor,
    target: Tensor,
    average: Tensor,
    weight: Tensor | None = None,
    strength: float = 3.0,
) -> Tensor:
    """Liu et al. 2020; 1 - <p, q> as a sum."""
    lacking = (input.softmax(-1) * (1 - average)).sum(-1)
    return weighted(at(softplus(odds(input)), target) + strength * lacking.log(), target, weight)


@row(
    "confidence_penalty_loss", "ConfidencePenaltyLoss", **CLASSES,
    params=({}, {"beta": 0.5}),
    bad=(Bad("confidence_penalty: beta must be >= 0, got -1", {"beta": -1.0}),),
)  # fmt: skip
def confidence_penalty(
    input: Tensor, target: Tensor, weight: Tensor | None = None, beta: float = 0.1
) -> Tensor:
    """Pereyra et al. 2017."""
    log_p = input.log_softmax(-1)
    return weighted(beta * (log_p.exp() * log_p).sum(-1) - at(log_p, target), target, weight)
