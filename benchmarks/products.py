"""Times losses of a layer and of all pairs: `python -m benchmarks --family product`.

Beside them stand the products of matrices that no such loss can do without, the losses as users
write them, torch.compile of those and torch's own chunks.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import LinearCrossEntropyOptions

import lossops.functional as L

from . import cpu
from .case import Loss
from .figures import CLIP_SHAPE, KIND, LINEAR_SHAPES, Shape
from .measure import Cell, Comparison, Operands, compare, compiled, disagreement

SCALE = 14.0  # of the scores that clip_loss compares
TOLERANCE = 1e-3  # of float32 products of a thousand terms


class _Products(torch.autograd.Function):
    """Logits, and what their gradient would be multiplied by, in memory that is there already."""

    @staticmethod
    def forward(ctx: Any, input: Tensor, weight: Tensor, logits: Tensor) -> Tensor:  # noqa: ANN401
        torch.mm(input, weight.t(), out=logits)
        ctx.save_for_backward(input, weight, logits)
        return input.new_zeros(())

    @staticmethod
    def backward(ctx: Any, _: Tensor) -> tuple[Tensor, Tensor, None]:  # type: ignore[override]  # noqa: ANN401
        input, weight, logits = ctx.saved_tensors
        return logits.mm(weight), logits.t().mm(input), None


def _layer(shape: Shape, dtype: torch.dtype) -> Operands:
    """Features and the weight of a layer, which want gradients, and labels."""
    rows, features, classes = shape
    rng = torch.Generator().manual_seed(0)
    input = torch.randn(rows, features, generator=rng)
    weight = torch.randn(classes, features, generator=rng).mul_(features**-0.5)
    target = torch.randint(classes, (rows,), generator=rng)
    return [*(x.to(dtype).requires_grad_() for x in (input, weight)), target]


def _peak(loss: Loss, operands: Operands) -> int:
    """What forward and backward add to inputs and gradients, at most."""
    gradients = sum(x.nbytes for x in operands if x.requires_grad)
    return cpu.peak_bytes(loss, operands) - gradients


def _ours(input: Tensor, weight: Tensor, target: Tensor) -> Tensor:
    return L.linear_cross_entropy(input, weight, target)


def _reference(input: Tensor, weight: Tensor, target: Tensor) -> Tensor:
    return F.cross_entropy(F.linear(input, weight), target)


def _chunks(input: Tensor, weight: Tensor, target: Tensor) -> Tensor:
    options = LinearCrossEntropyOptions()
    return F.linear_cross_entropy(input, weight, target, options=options)


def measure_linear(shape: Shape, rounds: int) -> Cell:
    """Forward beside one product, forward and backward beside three, and all beside torch's."""
    cpu.trim_heap()
    operands = _layer(shape, torch.float32)
    logits = torch.empty(shape[0], shape[2])
    difference = disagreement(_ours, _reference, operands)
    if not difference <= TOLERANCE:
        raise RuntimeError(f"linear_cross_entropy differs from its reference by {difference:.1e}")
    sides: dict[str, Loss] = {
        "lossops": _ours,
        "products": lambda x, w, _: _Products.apply(x, w, logits),
        "eager": _reference,
        "compile": compiled(_reference),
    }
    kinds = _compare(cpu.forward_block, sides, operands, rounds)
    sides |= {"compile": compiled(_reference), "chunks": _chunks}
    kinds |= _compare(cpu.training_block, sides, operands, rounds)
    peak = {side: _peak(sides[side], operands) for side in ("lossops", "eager", "chunks")}
    return Cell("product", "linear_cross_entropy", shape, "float32", kinds, peak=peak)


def measure_half(shape: Shape, rounds: int) -> Cell:
    """Our time in bfloat16 beside that in float32, and that of the products in both."""
    cpu.trim_heap()
    sides: dict[str, tuple[Loss, list[Operands]]] = {}
    for dtype in (torch.bfloat16, torch.float32):
        operands, logits = _layer(shape, dtype), torch.empty(shape[0], shape[2], dtype=dtype)
        products = functools.partial(lambda logits, x, w, _: _Products.apply(x, w, logits), logits)
        name = str(dtype).removeprefix("torch.")
        sides |= {name: (_ours, [operands]), f"products in {name}": (products, [operands])}
    kinds = compare(cpu.training_block, sides, max(2, rounds // 4), cpu.BLOCK)
    return Cell("product", "linear_cross_entropy", shape, "bfloat16", {KIND: kinds[KIND]})


def _matrix_clip(image: Tensor, text: Tensor) -> Tensor:
    logits = SCALE * image @ text.t()
    labels = torch.arange(len(image))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.t(), labels)) / 2


def measure_clip(rounds: int) -> Cell:
    cpu.trim_heap()
    rng = torch.Generator().manual_seed(0)
    vectors = (F.normalize(torch.randn(CLIP_SHAPE, generator=rng), dim=1) for _ in range(2))
    operands = [v.requires_grad_() for v in vectors]
    sides: dict[str, Loss] = {
        "lossops": lambda x, y: L.clip_loss(x, y, SCALE),
        "eager": _matrix_clip,
    }
    difference = disagreement(*sides.values(), operands)
    if not difference <= TOLERANCE:
        raise RuntimeError(f"clip_loss differs from its matrix by {difference:.1e}")
    kinds = _compare(cpu.training_block, sides, operands, rounds)
    peak = {side: _peak(loss, operands) for side, loss in sides.items()}
    return Cell("product", "clip", CLIP_SHAPE, "float32", {KIND: kinds[KIND]}, peak=peak)


def _compare(
    make: Callable[..., cpu.Block], sides: dict[str, Loss], operands: Operands, rounds: int
) -> dict[str, Comparison]:
    """A step lasts seconds, so that few rounds do."""
    given = {side: (loss, [operands]) for side, loss in sides.items()}
    return compare(make, given, max(2, rounds // 4), cpu.BLOCK)


MEASUREMENTS: dict[str, Callable[[int], Cell]] = {
    **{
        f"linear_cross_entropy {'x'.join(map(str, shape))}": functools.partial(
            measure_linear, shape
        )
        for shape in LINEAR_SHAPES
    },
    "linear_cross_entropy bfloat16": functools.partial(measure_half, LINEAR_SHAPES[0]),
    "clip": measure_clip,
}
