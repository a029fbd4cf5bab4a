"""Derivatives at the test points of a definition."""

import math
from collections.abc import Callable, Sequence
from typing import NoReturn

import torch
from torch import Tensor
from torch.autograd import forward_ad, gradcheck, gradgradcheck

from .definition import Definition

STEP = 1e-6  # of differences in float64


def check_derivatives(
    loss: Callable[..., Tensor], definition: Definition, points: Sequence[Sequence[float]]
) -> None:
    """Compare the derivatives of the kernel, of the decomposition, and by differences, in float64.

    Raises:
        ValueError: They disagree at a point, or the loss is not finite there.
    """

    def function(*tensors: Tensor) -> Tensor:
        return loss(*tensors, reduction="none")

    for point in points:
        _check(function, definition, point)


def _check(function: Callable[..., Tensor], definition: Definition, point: Sequence[float]) -> None:
    where = ", ".join(f"{n} = {x:g}" for n, x in zip(definition.tensors, point, strict=True))

    def fail(message: str) -> NoReturn:
        raise ValueError(f"{definition.name}: at {where} {message}")

    def leaves() -> list[Tensor]:
        return [torch.tensor([x], dtype=torch.float64, requires_grad=True) for x in point]

    tensors = leaves()
    value = function(*tensors)
    if not math.isfinite(value.item()):
        fail(f"the loss is {value.item():g}")
    fused = torch.autograd.grad(value, tensors)
    for i, name in enumerate(definition.tensors):
        with forward_ad.dual_level():  # what has a tangent is decomposed
            x: list[Tensor] = leaves()
            x[i] = forward_ad.make_dual(x[i], torch.ones_like(x[i]))  # type: ignore[no-untyped-call]
            y = forward_ad.unpack_dual(function(*x))  # type: ignore[no-untyped-call]
        up, down = ([x + (k == i) * h for k, x in enumerate(point)] for h in (STEP, -STEP))
        high, low = (
            function(*(torch.tensor([x], dtype=torch.float64) for x in moved)).item()
            for moved in (up, down)
        )
        found = {
            "the kernel": fused[i].item(),
            "the decomposition": 0.0 if y.tangent is None else y.tangent.item(),
            "differences": (high - low) / (2 * STEP),
        }
        first, *others = found.values()
        if not all(math.isclose(first, other, rel_tol=1e-4, abs_tol=1e-5) for other in others):
            told = ", ".join(f"{slope:g} from {source}" for source, slope in found.items())
            fail(
                f"the derivatives by {name} disagree: {told}. Is there a kink at this point, or a "
                "branch of select that is not finite where it is not selected?"
            )
    try:
        gradcheck(function, leaves(), check_forward_ad=True, raise_exception=True)
        gradgradcheck(function, leaves(), raise_exception=True)
    except RuntimeError as error:
        fail(f"the derivatives are not consistent. Is there a kink at this point?\n{error}")
