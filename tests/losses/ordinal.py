"""Losses of classes in an order, by the thresholds between them; csrc/losses/ordinal.h."""

import torch
from torch import Tensor

from tests.families.class_axis import LABELS, ClassDraw, Ordinal
from tests.losses.formulas import softplus
from tests.losses.softmax import SOFT
from tests.losses.table import row


def thresholds(draw: ClassDraw) -> tuple[Tensor, ...]:
    """Logits with labels, or with levels where the parameters say so."""
    input = draw.uniform(-4, 4)
    return input, draw.uniform(0, 1) if draw.params.get("probabilities", False) else draw.labels()


def places(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Of each threshold and of the labels, so that they can be compared."""
    return torch.arange(input.size(-1), device=input.device), target.unsqueeze(-1)


@row("coral_loss", "CORALLoss", thresholds, **{**LABELS, "family": Ordinal()}, params=({}, SOFT))
def coral(input: Tensor, target: Tensor) -> Tensor:
    """Cao, Mirjalili and Raschka 2020."""
    y = target
    if target.dim() < input.dim():
        k, t = places(input, target)
        y = (t > k).to(input.dtype)
    return (y * softplus(-input) + (1 - y) * softplus(input)).sum(-1)


@row(
    "corn_loss", "CORNLoss", thresholds,
    **{**LABELS, "family": Ordinal(conditional=True)},
)  # fmt: skip
def corn(input: Tensor, target: Tensor) -> Tensor:
    """Shi, Cao and Raschka 2023: a sum over the tasks, each of the labels that it is about."""
    k, t = places(input, target)
    passed = torch.where(t > k, softplus(-input), softplus(input))
    return torch.where(t > k - 1, passed, 0.0).sum(-1)
