"""Times what surrounds a loss in training: `python -m benchmarks --family training`.

Penalties over the parameters of a ResNet-50 beside the Python sum over them, counting labels beside
torch.bincount, and whole steps of compiled models (steps.py).
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
from torch import Tensor

import lossops
from lossops.weights import count_labels

from . import cpu, steps
from .case import Loss
from .measure import Cell, compare

LABELS = 10_000_000
STRENGTH = 1e-4


def resnet50_shapes() -> list[tuple[int, ...]]:
    """The parameters of a ResNet-50 (He et al. 2015): 161 tensors, 25.6M elements."""
    shapes: list[tuple[int, ...]] = []

    def convolution(outputs: int, inputs: int, kernel: int) -> None:
        shapes.extend([(outputs, inputs, kernel, kernel), (outputs,), (outputs,)])  # and its norm

    convolution(64, 3, 7)
    inputs = 64
    for width, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(blocks):
            convolution(width, inputs, 1)
            convolution(width, width, 3)
            convolution(4 * width, width, 1)
            if block == 0:
                convolution(4 * width, inputs, 1)
            inputs = 4 * width
    return [*shapes, (1000, 2048), (1000,)]


def python_l1(*parameters: Tensor) -> Tensor:
    """As users write it."""
    return STRENGTH * sum(p.abs().sum() for p in parameters)


def python_l2(*parameters: Tensor) -> Tensor:
    return STRENGTH * sum(p.square().sum() for p in parameters)


PENALTIES: dict[str, tuple[Loss, Loss]] = {
    "l1_penalty": (lambda *p: lossops.l1_penalty(p, STRENGTH), python_l1),
    "l1_penalty, scaled": (lambda *p: STRENGTH * lossops.l1_penalty(p, 1.0), python_l1),
    "l2_penalty": (lambda *p: lossops.l2_penalty(p, STRENGTH), python_l2),
    "elastic_net_penalty": (
        lambda *p: lossops.elastic_net_penalty(p, STRENGTH, STRENGTH),
        lambda *p: python_l1(*p) + python_l2(*p),
    ),
}


def measure_penalty(name: str, rounds: int) -> Cell:
    """Forward alone; backward into fresh gradients, alone and with forward."""
    ours, theirs = PENALTIES[name]
    rng = torch.Generator().manual_seed(0)
    parameters = [
        torch.randn(shape, generator=rng).mul_(0.02).requires_grad_() for shape in resnet50_shapes()
    ]
    torch.testing.assert_close(ours(*parameters), theirs(*parameters), rtol=1e-4, atol=0)
    sides = {"lossops": (ours, [parameters]), "python sum": (theirs, [parameters])}
    kinds = compare(cpu.forward_block, sides, rounds, cpu.BLOCK)
    kinds |= compare(cpu.training_block, sides, rounds, cpu.BLOCK)
    return Cell("training", name, sum(p.numel() for p in parameters), "float32", kinds)


def measure_count(classes: int, dtype: torch.dtype, rounds: int) -> Cell:
    rng = torch.Generator().manual_seed(0)
    labels = torch.randint(classes, (LABELS,), generator=rng).to(dtype)
    sides = {
        "lossops": (lambda t: count_labels(t, classes), [[labels]]),
        "bincount": (lambda t: torch.bincount(t, minlength=classes), [[labels]]),
    }
    assert torch.equal(*(count(labels) for count, _ in sides.values()))
    name = f"count_labels {classes}"
    kinds = compare(cpu.forward_block, sides, rounds, cpu.BLOCK)
    return Cell("training", name, LABELS, str(dtype).removeprefix("torch."), kinds)


MEASUREMENTS: dict[str, Callable[[int], Cell]] = {
    **{name: functools.partial(measure_penalty, name) for name in PENALTIES},
    "count_labels 10 int64": functools.partial(measure_count, 10, torch.int64),
    "count_labels 10 int32": functools.partial(measure_count, 10, torch.int32),
    "count_labels 1000 int64": functools.partial(measure_count, 1000, torch.int64),
    "count_labels 1000 int32": functools.partial(measure_count, 1000, torch.int32),
    **steps.MEASUREMENTS,
}
