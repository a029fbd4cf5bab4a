"""One loss of the benchmark: what it is timed against, on which operands and at which sizes."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .figures import SIZES, Size, elements

Loss = Callable[..., Tensor]

LABELS = 64  # labels per row, for the element-wise losses that are defined over rows
IGNORED = -1  # the label of a tenth of the rows, where ignore_index is part of the comparison
LOW = (torch.bfloat16, torch.float16)


@dataclass(frozen=True)
class Case:
    """One loss of the benchmark; over a class axis, its sizes are (N, C) or (N, C, d1, ...).

    Of ctc they are (T, N, C, labels), of rnnt (B, T, labels, D), of vectors (N, D).

    Attributes:
        name: Name of the op; of cross_entropy with everything on, or dice with a sigmoid, an
            addition to it.
        group: Group of the family, for the geometric means.
        baseline: The function of torch.nn.functional, or the formula.
        inputs: Draws the operands for so many elements, or for logits of this shape.
        params: Keywords that both sides are given.
        wrt: Operands that require a gradient.
        plain: What torch.compile gets, where it cannot trace the baseline.
        logits: Over a class axis, how many of the first operands are logits. Those of bfloat16 and
            float16 reach the baseline through `.float()`, as users do it; what there is per class
            stays in float32 beside them.
        sizes: Where it is measured.
        bfloat16: Where bfloat16 logits are measured too.
        planes: Whether the baseline also takes (N, C, d1, ...).
        compiles: The most classes with which torch.compile of the baseline is of use.
        family: "element", "class", "sequence" or "sum".
        tried: Where the baseline is held against the reference of the tests.
    """

    name: str
    group: str
    baseline: Loss
    inputs: Callable[..., tuple[Tensor, ...]]
    params: Mapping[str, Any] = field(default_factory=dict)
    wrt: tuple[int, ...] = (0,)
    plain: Loss | None = None
    logits: int = 0
    sizes: tuple[Size, ...] = SIZES
    bfloat16: tuple[Size, ...] = ()
    planes: bool = False
    compiles: float = math.inf
    family: str = "element"
    tried: tuple[Size, ...] = (16 * LABELS, (64, 10), (3, 7, 4, 5))

    @property
    def op(self) -> str:
        """The operator, without what its name says besides."""
        return self.name.removesuffix("_all").removesuffix("_sigmoid")

    @property
    def of_torch(self) -> bool:
        return self.baseline.__module__ == F.__name__

    @property
    def baseline_name(self) -> str:
        return f"F.{self.baseline.__name__}" if self.of_torch else "formula"

    def ours(self) -> Loss:
        """Our function, bound to the case's parameters."""
        import lossops.functional

        name = self.baseline.__name__ if self.of_torch else f"{self.op}_loss"
        return self._bound(getattr(lossops.functional, name))

    def eager(self, dtype: torch.dtype) -> Loss:
        """The baseline for operands of this dtype."""
        baseline = self._bound(self.baseline)
        if dtype in LOW and self.logits == 1:
            return lambda input, *rest: baseline(input.float(), *rest)
        if dtype in LOW and self.logits == 2:
            return lambda input, target: baseline(input.float(), target.float())
        return baseline

    def source(self, dtype: torch.dtype) -> Loss:
        return self._bound(self.plain) if self.plain else self.eager(dtype)

    def _bound(self, function: Loss) -> Loss:
        return functools.partial(function, **self.params) if self.params else function

    def takes(self, size: Size) -> bool:
        """Whether operands may have this size."""
        if self.family in ("sequence", "sum"):
            return size in (*self.sizes, *self.tried)
        if isinstance(size, int):
            return not self.logits
        return self.planes or (self.logits > 0 and len(size) == 2)

    def is_compiled(self, size: Size) -> bool:
        """Whether torch.compile of the baseline is of use at this size."""
        return isinstance(size, int) or size[1] <= self.compiles

    def operands(self, size: Size, dtype: torch.dtype, device: str = "cpu") -> list[Tensor]:
        """The operands, drawn on the device, with the leaves that require a gradient."""
        rng = torch.Generator(device).manual_seed(elements(size))
        with torch.device(device):
            operands = list(self.inputs(size, rng))
        wide = torch.float32 if dtype in LOW and self.logits else dtype
        for index, drawn in enumerate(operands):
            if drawn.is_floating_point():
                operands[index] = drawn.to(dtype if index < self.logits else wide)
        for index in self.wrt:
            operands[index].requires_grad_()
        return operands

    def expected(self, operands: list[Tensor]) -> Tensor:
        """What the reference of the tests, which states each loss in its stable form, gives."""
        from tests.cases import Case as Tested
        from tests.losses import BY_OP

        if self.family in ("sequence", "sum"):
            row = BY_OP[self.op]
            tensors = dict(zip(row.operands, operands, strict=True))
            return Tested(row, tensors, dict(self.params)).expected()
        input, target, *rest = operands
        kept = {
            key: v for key, v in self.params.items() if key not in ("reduction", "ignore_index")
        }
        if self.logits:
            input = input.movedim(1, -1).flatten(0, -2)
            target = target.flatten() if self.planes else target
        if "ignore_index" in self.params:
            input, target = input[target != IGNORED], target[target != IGNORED]
        losses = BY_OP[self.op].formula(input, target, *rest, **kept)
        count: Tensor | int = len(input) if self.logits or kept != self.params else losses.numel()
        return losses.sum() / (rest[0][target].sum() if "ignore_index" in self.params else count)
