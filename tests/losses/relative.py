"""Errors relative to the size of what is predicted; csrc/losses/relative.h."""

import torch
from torch import Tensor

from tests.families import Draw
from tests.losses.formulas import at_least
from tests.losses.table import Bad, row


def positive(draw: Draw) -> tuple[Tensor, ...]:
    return draw.uniform(-0.5, 4), draw.uniform(-0.5, 4)


def sized(draw: Draw) -> tuple[Tensor, ...]:
    """Targets off 0, at multiples of 1/8, and predictions off both them and 0."""
    target = draw.choose(-1, 1) * (1 + draw.uniform(0, 16).round() / 8)
    return target * draw.choose(-1, 1) + draw.variable(-0.9, 0.9), target


@row("msle_loss", "MSLELoss", positive)
def msle(input: Tensor, target: Tensor) -> Tensor:
    return (torch.log1p(input) - torch.log1p(target)) ** 2


@row(
    "mape_loss", "MAPELoss", sized, params=({}, {"eps": 2.5}), kinks=lambda p: (0.0,),
    bad=(Bad("mape: eps must be > 0, got 0", {"eps": 0.0}),),
)  # fmt: skip
def mape(input: Tensor, target: Tensor, eps: float = 1.17e-6) -> Tensor:
    return (input - target).abs() / at_least(target.abs(), eps)


@row("smape_loss", "SMAPELoss", sized, kinks=lambda p: (0.0,))
def smape(input: Tensor, target: Tensor) -> Tensor:
    return 2 * (input - target).abs() / (input.abs() + target.abs())
