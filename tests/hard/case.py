"""A hard input: operands, and what they must give."""

import math
from dataclasses import dataclass, field
from typing import Any

import torch

E, INF, NAN = math.exp, math.inf, math.nan
LN2 = math.log(2)


@dataclass(frozen=True)
class Hard:
    """Operands, the unreduced loss that they must give and the gradients of its sum, by operand.

    An operand is a list over elements or rows; a row of a class-axis loss is a list over classes.
    The loss may be `ulps` eps of the dtype away; with `mean`, it is the mean instead.
    """

    name: str
    op: str
    operands: dict[str, list[Any]]
    value: list[float] | float
    gradients: dict[str, list[Any]] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    dtype: torch.dtype = torch.float32
    mean: bool = False
    ulps: float = 4


def one(name: str, op: str, x: float, t: float, value: float, slope: float | None = None,
        dtype: torch.dtype = torch.float32, **params: Any) -> Hard:  # fmt: skip
    """One element: loss and slope at (x, t)."""
    gradients = {} if slope is None else {"input": [slope]}
    return Hard(name, op, {"input": [x], "target": [t]}, [value], gradients, params, dtype)


def averaged(name: str, op: str, operands: dict[str, list[float]], value: float,
             gradients: dict[str, list[float]], **params: Any) -> Hard:  # fmt: skip
    """float16 operands whose unreduced loss overflows and whose mean does not."""
    return Hard(name, op, operands, value, gradients, params, torch.float16, mean=True)


def softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))
