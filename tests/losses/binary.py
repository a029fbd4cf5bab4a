"""Losses of a probability or a logit per element; csrc/losses/binary.h."""

import math

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from tests.families import SHAPE, Draw
from tests.families.elementwise import Elementwise
from tests.losses.formulas import sigmoid, softplus
from tests.losses.table import Bad, row


def probabilities(draw: Draw) -> tuple[Tensor, ...]:
    if draw.on_kinks:
        return draw.choose(0, 1, 0.5), draw.choose(0, 1)
    return draw.uniform(0.03, 0.97), draw.uniform(0.02, 0.98)


def logits(draw: Draw) -> tuple[Tensor, ...]:
    if draw.on_kinks and not draw.kinks:
        return draw.choose(0, 0.5, -20, 20), draw.choose(0, 1, 0.5)
    return draw.variable(-6, 6), draw.uniform(0.02, 0.98)


BINARY = {"make": logits, "ignore": True}


@row(
    "binary_cross_entropy", "BCELoss", probabilities, ignore=True,
    torch_fixed=("weight",),
    bad=(Bad("bce: .*target.*0.*1", operands={"target": torch.full(SHAPE, 1.5)}),
         Bad("bce: .*target.*0.*1", operands={"target": torch.full(SHAPE, -0.1)}),
         Bad("bce: .*input.*0.*1", operands={"input": torch.full(SHAPE, 1.5)}),
         Bad("bce: .*input.*0.*1", operands={"input": torch.full(SHAPE, -0.5)})),
)  # fmt: skip
def bce(input: Tensor, target: Tensor) -> Tensor:
    p, q = torch.log(input).clamp(min=-100), torch.log1p(-input).clamp(min=-100)
    return -(target * p + (1 - target) * q)


@row(
    "binary_cross_entropy_with_logits", "BCEWithLogitsLoss", **BINARY,
    torch_fixed=("weight", "pos_weight"), tensor_params=("pos_weight",),
    params=({}, {"pos_weight": (0.5, 2.0, 3.0)}, {"label_smoothing": 0.1},
            {"pos_weight": 2.5, "label_smoothing": 0.2}),
    bad=(Bad("bce_with_logits: label_smoothing must be .*got -0.1", {"label_smoothing": -0.1}),
         Bad("bce_with_logits: label_smoothing must be .*got 1.5", {"label_smoothing": 1.5}),
         Bad("bce_with_logits: pos_weight", {"pos_weight": (1.0, 2.0)})),
)  # fmt: skip
def bce_with_logits(
    input: Tensor,
    target: Tensor,
    pos_weight: Tensor | None = None,
    label_smoothing: float = 0.0,
) -> Tensor:
    t = target * (1 - label_smoothing) + 0.5 * label_smoothing
    positive = t if pos_weight is None else t * pos_weight
    return positive * softplus(-input) + (1 - t) * softplus(input)


@row(
    "focal_loss", "FocalLoss", **BINARY,
    params=({}, {"alpha": None, "gamma": 1.0}, {"gamma": 0.5}, {"gamma": 0.0},
            {"alpha": 0.7, "gamma": 3.3}, {"alpha": None, "gamma": 1.5}),
    bad=(Bad("focal: gamma must be >= 0, got -1", {"gamma": -1.0}),
         Bad("focal: gamma must be >= 0, got nan", {"gamma": math.nan}),
         Bad("focal: alpha must be .*got -0.5", {"alpha": -0.5}),
         Bad("focal: alpha must be .*got 1.5", {"alpha": 1.5})),
)  # fmt: skip
def focal(input: Tensor, target: Tensor, alpha: float | None = 0.25, gamma: float = 2.0) -> Tensor:
    """Lin et al. 2017, with torchvision's reading of a soft target."""
    p, q = sigmoid(input), sigmoid(-input)
    q_t = p * (1 - target) + q * target
    loss = q_t**gamma * (target * softplus(-input) + (1 - target) * softplus(input))
    if alpha is None:
        return loss
    return (alpha * target + (1 - alpha) * (1 - target)) * loss


@row(
    "quality_focal_loss", "QualityFocalLoss", **BINARY,
    params=({}, {"beta": 1.5}, {"beta": 3.0}),
    bad=(Bad("quality_focal: beta must be >= 0, got -1", {"beta": -1.0}),
         Bad("quality_focal: target must be in .0, 1.",
             operands={"target": torch.full(SHAPE, 1.5)})),
)  # fmt: skip
def quality_focal(input: Tensor, target: Tensor, beta: float = 2.0) -> Tensor:
    """Li et al. 2020."""
    nll = target * softplus(-input) + (1 - target) * softplus(input)
    error = target * sigmoid(-input) - (1 - target) * sigmoid(input)  # t - p, in both tails
    return error.abs() ** beta * nll


@row(
    "varifocal_loss", "VarifocalLoss", **BINARY,
    params=({}, {"alpha": 0.5, "gamma": 1.5}, {"iou_weighted": False}),
    bad=(Bad("varifocal: gamma must be >= 0, got -1", {"gamma": -1.0}),
         Bad("varifocal: target must be in .0, 1.", operands={"target": torch.full(SHAPE, -0.5)})),
)  # fmt: skip
def varifocal(
    input: Tensor,
    target: Tensor,
    alpha: float = 0.75,
    gamma: float = 2.0,
    iou_weighted: bool = True,
) -> Tensor:
    """Zhang et al. 2021."""
    nll = target * softplus(-input) + (1 - target) * softplus(input)
    negative = alpha * sigmoid(input) ** gamma * softplus(input)
    return torch.where(target > 0, target * nll if iou_weighted else nll, negative)


@row(
    "gaussian_focal_loss", "GaussianFocalLoss", **BINARY,
    params=({}, {"alpha": 1.5, "gamma": 2.5}),
    bad=(Bad("gaussian_focal: gamma must be >= 0, got -1", {"gamma": -1.0}),
         Bad("gaussian_focal: target must be in .0, 1.",
             operands={"target": torch.full(SHAPE, 1.5)})),
)  # fmt: skip
def gaussian_focal(input: Tensor, target: Tensor, alpha: float = 2.0, gamma: float = 4.0) -> Tensor:
    """Law and Deng 2018."""
    peak = sigmoid(-input) ** alpha * softplus(-input)
    around = (1 - target) ** gamma * sigmoid(input) ** alpha * softplus(input)
    return torch.where(target == 1, peak, around)


@row(
    "asymmetric_loss", "AsymmetricLoss", **BINARY,
    params=({}, {"gamma_pos": 0.0, "gamma_neg": 2.0, "clip": 0.0},
            {"gamma_pos": 0.5, "gamma_neg": 1.0, "clip": 0.2},
            {"gamma_pos": 2.0, "gamma_neg": 0.0}),
    kinks=lambda p: tuple(math.log(c / (1 - c)) for c in [p.get("clip", 0.05)] if c > 0),
    bad=(Bad("asymmetric: gamma_pos must be >= 0, got -1", {"gamma_pos": -1.0}),
         Bad("asymmetric: gamma_neg must be >= 0, got -1", {"gamma_neg": -1.0}),
         Bad("asymmetric: clip must be .*got -0.1", {"clip": -0.1}),
         Bad("asymmetric: clip must be .*got 1.1", {"clip": 1.1})),
)  # fmt: skip
def asymmetric(
    input: Tensor,
    target: Tensor,
    gamma_pos: float = 1.0,
    gamma_neg: float = 4.0,
    clip: float = 0.05,
) -> Tensor:
    """Ridnik et al. 2020, equation 7."""
    shifted = (sigmoid(input) - clip).clamp(min=0)
    positive = sigmoid(-input) ** gamma_pos * softplus(-input)
    # Without a shift, 1 - p is sigmoid(-x), which keeps its digits where p rounds to 1.
    negative = softplus(input) if clip == 0 else -torch.log1p(-shifted)
    return target * positive + (1 - target) * shifted**gamma_neg * negative


@row(
    "rww_bce_loss", "RWWBCELoss", **BINARY,
    params=({}, {"fn_weight": 5.0, "fp_weight": 0.5}),
    bad=(Bad("rww_bce: fn_weight must be >= 0, got -1", {"fn_weight": -1.0}),
         Bad("rww_bce: fp_weight must be >= 0, got -1", {"fp_weight": -1.0})),
)  # fmt: skip
def rww_bce(
    input: Tensor, target: Tensor, fn_weight: float = 1.0, fp_weight: float = 1.0
) -> Tensor:
    """Ho and Wookey, The Real-World-Weight Cross-Entropy Loss Function, 2020."""
    return fn_weight * target * softplus(-input) + fp_weight * (1 - target) * softplus(input)


@row(
    "multilabel_soft_margin_loss", "MultiLabelSoftMarginLoss",
    logits, ignore=True, broadcasts=True, family=Elementwise(rowwise=True),
)  # fmt: skip
def multilabel_soft_margin(input: Tensor, target: Tensor) -> Tensor:
    """Per element; `Loss.rowwise` tells the reduction to average the last dimension."""
    return -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
