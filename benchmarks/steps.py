"""Whole training steps of compiled models, with our loss in them and with torch's own.

To torch.compile our operators are opaque: it cannot fuse them with what comes before.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import lossops.functional as L

from . import cpu
from .case import Loss
from .measure import Cell, compare, compiled

Function = Callable[[Tensor, Tensor], Tensor]
Batch = tuple[Tensor, Tensor]


def regression(samples: int) -> tuple[nn.Module, Batch]:
    width = 64
    model = nn.Sequential(
        nn.Linear(32, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1)
    )
    return model, (torch.randn(samples, 32), torch.randn(samples, 1))


def classifier(images: int) -> tuple[nn.Module, Batch]:
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, stride=2), nn.ReLU(), nn.Conv2d(16, 32, 3, stride=2), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10),
    )  # fmt: skip
    return model, (torch.randn(images, 3, 32, 32), torch.randint(10, (images,)))


def language_model_head(tokens: int) -> tuple[nn.Module, Batch]:
    return nn.Linear(256, 32000), (torch.randn(tokens, 256), torch.randint(32000, (tokens,)))


def segmentation_head(images: int) -> tuple[nn.Module, Batch]:
    return nn.Conv2d(32, 21, 1), (
        torch.randn(images, 32, 128, 128),
        torch.randint(21, (images, 128, 128)),
    )


@dataclass(frozen=True)
class Step:
    """A model with its batches, and the loss that ends it."""

    make: Callable[[int], tuple[nn.Module, Batch]]
    batch: int
    loss: str

    def losses(self) -> dict[str, Function]:
        return {"lossops": getattr(L, self.loss), "F": getattr(F, self.loss)}


STEPS = {
    "mlp, huber, 256": Step(regression, 256, "huber_loss"),
    "mlp, huber, 64K": Step(regression, 1 << 16, "huber_loss"),
    "mlp, mse, 256": Step(regression, 256, "mse_loss"),
    "mlp, mse, 64K": Step(regression, 1 << 16, "mse_loss"),
    "classifier, cross_entropy, 128": Step(classifier, 128, "cross_entropy"),
    "language model head, cross_entropy, 512": Step(language_model_head, 512, "cross_entropy"),
    "segmentation head, cross_entropy, 4": Step(segmentation_head, 4, "cross_entropy"),
}


def measure_step(name: str, rounds: int) -> Cell:
    """Forward and backward of the compiled model, from the batch to the gradients."""
    step = STEPS[name]
    torch.manual_seed(0)
    model, (x, t) = step.make(step.batch)
    parameters = list(model.parameters())

    def whole(loss: Function) -> Loss:
        function = compiled(lambda *batch: loss(model(batch[0]), batch[1]))
        return lambda *_: function(x, t)

    sides = {side: (whole(loss), [parameters]) for side, loss in step.losses().items()}
    values = [side(*parameters).detach() for side, _ in sides.values()]
    torch.testing.assert_close(*values, rtol=1e-5, atol=1e-6)
    kinds = compare(cpu.training_block, sides, rounds, cpu.BLOCK)
    return Cell("training", name, step.batch, "float32", kinds)


MEASUREMENTS: dict[str, Callable[[int], Cell]] = {
    name: functools.partial(measure_step, name) for name in STEPS
}
