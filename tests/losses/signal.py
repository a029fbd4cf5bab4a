"""Losses of signals in decibels; csrc/losses/signal.h."""

import torch
from torch import Tensor

from tests.families.vectors import VECTORS, VectorDraw
from tests.losses.table import Bad, row


def signals(draw: VectorDraw) -> tuple[Tensor, ...]:
    target = draw.uniform(-2, 2)
    return 0.5 * target + draw.uniform(-1, 1), target


def decibels(x: Tensor, t: Tensor, zero_mean: bool, eps: float, scales: bool) -> Tensor:
    x, t = torch.broadcast_tensors(x, t)
    if zero_mean:
        x, t = x - x.mean(-1, keepdim=True), t - t.mean(-1, keepdim=True)
    if scales:
        t = t * ((x * t).sum(-1, keepdim=True) / (t * t).sum(-1, keepdim=True))
    return -10 * (((t**2).sum(-1) + eps) / (((t - x) ** 2).sum(-1) + eps)).log10()


RATIO = {"family": VECTORS, "broadcasts": True, "silent": ("weight",),
         "params": ({"eps": 0.1}, {"zero_mean": True, "eps": 1.0})}  # fmt: skip


@row(
    "si_sdr_loss", "SISDRLoss", signals, **RATIO,
    bad=(Bad("si_sdr: eps must be >= 0, got -1", {"eps": -1.0}),),
)  # fmt: skip
def si_sdr(input: Tensor, target: Tensor, zero_mean: bool = False, eps: float = 0.0) -> Tensor:
    """Le Roux et al. 2019."""
    return decibels(input, target, zero_mean, eps, scales=True)


@row(
    "snr_loss", "SNRLoss", signals, **RATIO,
    bad=(Bad("snr: eps must be >= 0, got -1", {"eps": -1.0}),),
)  # fmt: skip
def snr(input: Tensor, target: Tensor, zero_mean: bool = False, eps: float = 0.0) -> Tensor:
    return decibels(input, target, zero_mean, eps, scales=False)
