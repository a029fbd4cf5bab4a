"""Divergences between two rows of logits; csrc/losses/distillation.h."""

import math

import torch
from torch import Tensor

from tests.families import Draw
from tests.families.class_axis import ClassAxis
from tests.losses.table import Bad, row


def student_and_teacher(draw: Draw) -> tuple[Tensor, ...]:
    return draw.uniform(-3, 3), draw.uniform(-3, 3)


DISTILLATION = {"make": student_and_teacher, "family": ClassAxis(axis=-1, weights="rows"),
                "silent": ("weight",), "labels": ("labels",), "label": "labels",
                "ignore": True}  # fmt: skip


@row(
    "distill_kl_loss", "DistillKLLoss", **DISTILLATION,
    params=({}, {"temperature": 2.0, "dim": 0}),
    bad=(Bad("distill_kl: temperature must be > 0, got 0", {"temperature": 0.0}),
         Bad("distill_kl: temperature must be > 0, got -1", {"temperature": -1.0})),
)  # fmt: skip
def distill_kl(input: Tensor, target: Tensor, temperature: float = 1.0) -> Tensor:
    """Hinton et al. 2015."""
    p = (target / temperature).log_softmax(-1)
    q = (input / temperature).log_softmax(-1)
    return temperature**2 * (p.exp() * (p - q)).sum(-1)


@row(
    "jsd_loss", "JSDLoss", **DISTILLATION,
    params=({}, {"beta": 0.0}, {"beta": 1.0}, {"beta": 0.3, "temperature": 2.0, "dim": 0}),
    bad=(Bad("jsd: temperature must be > 0, got 0", {"temperature": 0.0}),
         Bad("jsd: beta must be >= 0, got -0.1", {"beta": -0.1}),
         Bad("jsd: beta must be <= 1, got 1.1", {"beta": 1.1})),
)  # fmt: skip
def jsd(input: Tensor, target: Tensor, beta: float = 0.5, temperature: float = 1.0) -> Tensor:
    """Agarwal et al. 2024; the limits of beta are the Kullback-Leibler divergences."""
    p = (target / temperature).log_softmax(-1)
    q = (input / temperature).log_softmax(-1)
    if beta in (0, 1):
        a, b = (q, p) if beta else (p, q)
        return temperature**2 * (a.exp() * (a - b)).sum(-1)
    m = torch.logaddexp(p + math.log(beta), q + math.log(1 - beta))
    mixed = beta * p.exp() * (p - m) + (1 - beta) * q.exp() * (q - m)
    return temperature**2 * mixed.sum(-1)
