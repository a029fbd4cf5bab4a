"""The table: one row per loss, which stands with its reference in the files beside this."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from tests.families import Draw, Family, Params
from tests.families.elementwise import ELEMENTWISE

Formula = Callable[..., Tensor]


@dataclass(frozen=True)
class Bad:
    """A call that must fail: parameters or replaced operands, what it raises and says."""

    pattern: str
    params: Params = field(default_factory=dict)
    operands: dict[str, Any] = field(default_factory=dict)
    error: type[Exception] | tuple[type[Exception], ...] = (RuntimeError, ValueError)


@dataclass(frozen=True)
class Loss:
    """One loss: its names, its formula, how to draw its operands, what it accepts."""

    op: str  # torch.ops.lossops.<op>
    function: str  # lossops.functional.<function>
    module: str  # lossops.nn.<module>
    make: Callable[[Draw], tuple[Tensor, ...]]
    formula: Formula  # see formulas.py
    family: Family = ELEMENTWISE
    params: tuple[Params, ...] = ({},)
    operands: tuple[str, ...] = ("input", "target")
    fixed: tuple[str, ...] = ()  # operands that have no gradient
    jumps: tuple[str, ...] = ()  # operands whose gradient is not what finite differences show
    torch_fixed: tuple[str, ...] = ()  # operands that have no gradient in torch
    ignore: bool = False
    broadcasts: bool = False  # size-1 dimensions of the operands expand
    weighted_mean: bool = False  # mean divides by the sum of the weights of what counts
    reductions: tuple[str, ...] = ("mean", "sum", "none")
    kinks: Callable[[Params], tuple[float, ...]] = lambda params: ()
    tensor_params: tuple[str, ...] = ()  # tensors, written as float or tuple in `params`
    labels: tuple[str, ...] = ()  # tensors of class labels: integers in any case
    label: str = "target"  # the tensor that ignore_index refers to
    silent: tuple[str, ...] = ()  # tensors without a say in the dtype of the result
    torch_once: bool = False  # torch cannot differentiate it twice
    detaches: bool = False  # the gradient takes a part of the formula for a constant
    bad: tuple[Bad, ...] = ()

    def __repr__(self) -> str:
        return self.op

    @property
    def baseline(self) -> Formula | None:
        """The function of torch.nn.functional of this name."""
        return getattr(F, self.function, None)

    @property
    def differentiable(self) -> tuple[str, ...]:
        return tuple(name for name in self.operands if name not in (*self.fixed, *self.labels))

    @property
    def mean_and_none(self) -> tuple[str, ...]:
        """A reduction to a number, and none where there is that."""
        return tuple(kind for kind in ("mean", "none") if kind in self.reductions)

    def under(self, params: Params) -> "Loss":
        """The row as these parameters change it."""
        return self.family.under(self, params)


TABLE: list[Loss] = []


def row(
    function: str, module: str, make: Callable[[Draw], tuple[Tensor, ...]], **fields: Any
) -> Callable[[Formula], Formula]:
    """Adds a row for the operator that has the name of the decorated formula."""

    def add(formula: Formula) -> Formula:
        TABLE.append(Loss(formula.__name__, function, module, make, formula, **fields))
        return formula

    return add
