"""Losses that are native from the start, in a module of their own: pickle finds them there."""

import torch
from torch import Tensor, nn

import lossops


@lossops.native
class Decorated(nn.Module):
    """A loss that is native from the start."""

    def __init__(self, c: float = 1.0) -> None:
        super().__init__()
        self.c = c

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        return torch.sqrt((x - t) ** 2 + self.c**2).mean()


@lossops.native(name="own_charbonnier", limits=[("eps", ">", 0)], test_points=[(0.5, 2.0)])
def decorated(x: Tensor, t: Tensor, eps: float = 1e-3) -> Tensor:
    return torch.sqrt((x - t) ** 2 + eps**2).mean()
