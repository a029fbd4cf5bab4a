"""Losses of regions: formulas of what a class is in prediction and target; csrc/losses/region.h."""

import torch
from torch import Tensor

from tests.families.regions import COMPOUND, POOLED, REGIONS, RegionDraw
from tests.losses.formulas import sigmoid, softplus
from tests.losses.table import Bad, row

SOFT = {"probabilities": True}


def pixels(draw: RegionDraw) -> tuple[Tensor, ...]:
    return draw.pixels()


@row(
    "dice_loss", "DiceLoss", pixels, **REGIONS,
    params=({}, {"activation": "sigmoid", "batch": True},
            {"include_background": False, "squared": True, "smooth": 0.5},
            {"soft_label": True, "log": True, "absent": "skip", **SOFT}),
    bad=(Bad("dice: smooth must be >= 0, got -1", {"smooth": -1.0}),),
)  # fmt: skip
def dice(p: Tensor, t: Tensor, both: Tensor, n: Tensor, smooth: float) -> Tensor:
    return 1 - (2 * both + smooth) / (p + t + smooth)


@row(
    "jaccard_loss", "JaccardLoss", pixels, **REGIONS,
    params=({}, {"activation": None, "smooth": 1.0, **SOFT}),
)  # fmt: skip
def jaccard(p: Tensor, t: Tensor, both: Tensor, n: Tensor, smooth: float) -> Tensor:
    return 1 - (both + smooth) / (p + t - both + smooth)


@row(
    "tversky_loss", "TverskyLoss", pixels, **REGIONS,
    params=({}, {"fp_weight": 0.3, "fn_weight": 0.8, "batch": True}),
    bad=(Bad("tversky: fp_weight must be >= 0, got -1", {"fp_weight": -1.0}),
         Bad("tversky: fn_weight must be >= 0, got -1", {"fn_weight": -1.0})),
)  # fmt: skip
def tversky(
    p: Tensor, t: Tensor, both: Tensor, n: Tensor, smooth: float, fp_weight: float = 0.5,
    fn_weight: float = 0.5,
) -> Tensor:  # fmt: skip
    found = both + fp_weight * (p - both) + fn_weight * (t - both)
    return 1 - (both + smooth) / (found + smooth)


@row(
    "focal_tversky_loss", "FocalTverskyLoss", pixels, **REGIONS,
    params=({}, {"gamma": 1.5, "activation": "sigmoid"}),
    bad=(Bad("focal_tversky: gamma must be > 0, got 0", {"gamma": 0.0}),),
)  # fmt: skip
def focal_tversky(
    p: Tensor, t: Tensor, both: Tensor, n: Tensor, smooth: float, fp_weight: float = 0.3,
    fn_weight: float = 0.7, gamma: float = 0.75,
) -> Tensor:  # fmt: skip
    return tversky(p, t, both, n, smooth, fp_weight, fn_weight) ** gamma


@row(
    "generalized_dice_loss", "GeneralizedDiceLoss", pixels, **POOLED,
    params=({}, {"class_weighting": "simple", "batch": True},
            {"class_weighting": "uniform", "include_background": False}),
)  # fmt: skip
def generalized_dice(p: Tensor, t: Tensor, both: Tensor, n: Tensor, smooth: float) -> Tensor:
    return dice(p, t, both, n, smooth)


@row("mcc_loss", "MCCLoss", pixels, **REGIONS, params=({}, {"activation": "sigmoid"}))
def mcc(p: Tensor, t: Tensor, both: Tensor, n: Tensor, smooth: float) -> Tensor:
    fp, fn = p - both, t - both
    tn = n - both - fp - fn
    product = (both + fp) * (both + fn) * (tn + fp) * (tn + fn)
    none = product.detach() <= 0
    correlation = (both * tn - fp * fn) / torch.where(none, 1, product).sqrt()
    return 1 - torch.where(none, 0, correlation)


@row(
    "dice_ce_loss", "DiceCELoss", pixels, **COMPOUND,
    params=({}, {"label_smoothing": 0.1, "ce_weight": 0.5, "include_background": False},
            {"activation": "sigmoid", "dice_weight": 2.0, **SOFT}),
    bad=(Bad("dice_ce: label_smoothing must be <= 1, got 2", {"label_smoothing": 2.0}),
         Bad("dice_ce: dice_weight must be >= 0, got -1", {"dice_weight": -1.0})),
)  # fmt: skip
def dice_ce(x: Tensor, y: Tensor, softmax: bool, label_smoothing: float = 0.0) -> Tensor:
    classes = x.size(1) if softmax else 2
    return dice_focal(x, (1 - label_smoothing) * y + label_smoothing / classes, softmax, 0.0)


@row(
    "dice_focal_loss", "DiceFocalLoss", pixels, **COMPOUND,
    params=({}, {"alpha": 0.3, "activation": "sigmoid"}, {"gamma": 1.0, "focal_weight": 3.0}),
    bad=(Bad("dice_focal: gamma must be >= 0, got -1", {"gamma": -1.0}),
         Bad("dice_focal: alpha must be <= 1, got 2", {"alpha": 2.0})),
)  # fmt: skip
def dice_focal(
    x: Tensor, y: Tensor, softmax: bool, gamma: float = 2.0, alpha: float | None = None
) -> Tensor:
    """The part of the pixels, for each class."""
    if softmax:
        log_p = x.log_softmax(1)
        return -y * log_p * (1 - log_p.exp()) ** gamma * (1 if alpha is None else alpha)
    cost = y * softplus(-x) + (1 - y) * softplus(x)
    wrong = y * sigmoid(-x) + (1 - y) * sigmoid(x)
    return cost * wrong**gamma * (1 if alpha is None else (1 - alpha) + (2 * alpha - 1) * y)
