"""Compares what was recorded with the function itself, when a loss is made."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .language import RELATIONS
from .signature import REQUIRED, Argument, Recording

DRAWN = 24  # points, if none are given
NEEDED = 3  # of those, at which the function is finite
MARK = "checked"  # a file in the cache's entry

Derivatives = tuple[float, list[float], list[float]]  # the value, and each order by each tensor


def check_agreement(
    loss: Any,  # noqa: ANN401
    function: Callable[..., Any],
    recording: Recording,
    points: Sequence[Sequence[float]],
) -> None:
    """Compare value, first and second derivatives at points, in float64.

    Points that are drawn are compared once for each compiled loss.

    Raises:
        ValueError: They disagree, or the function is finite at too few points.
    """
    mark = Path(loss.library).parent / MARK
    if mark.exists() and not points:
        return
    kept = [a.value.shape for a in recording.attributes if a.kind == "tensor"]
    shape = torch.broadcast_shapes((1,), *kept)  # type: ignore[no-untyped-call]
    compared = 0
    for point, scale in [(p, 1.0) for p in points] or _drawn(len(recording.given_tensors)):
        numbers = _numbers(recording, scale)
        try:
            expected, by = _expected(partial(_call, function, recording, numbers), recording, point,
                                     shape)  # fmt: skip
        except (ValueError, AssertionError, RuntimeError):  # the function's own checks
            if points:
                raise
            continue
        if not math.isfinite(expected[0]):
            continue
        found = _derivatives(partial(_native, loss, recording, numbers), point, shape, by)
        _compare(loss.__name__, recording, point, numbers, expected, found)
        compared += 1
    if compared < (len(points) or NEEDED):
        raise ValueError(
            f"{loss.__name__}: the function is finite at {compared} of {len(points) or DRAWN} "
            "points at which the recorded loss was to be compared with it; give test_points, a "
            f"number for each of {', '.join(recording.given_tensors)}"
        )
    with suppress(OSError):
        mark.touch()


def _drawn(tensors: int) -> Iterator[tuple[list[float], float]]:
    """Points of several kinds, and what to multiply parameters by."""
    generator = torch.Generator().manual_seed(0)
    for i in range(DRAWN):
        small, wide = (f(tensors, generator=generator, dtype=torch.float64).tolist()
                       for f in (torch.rand, torch.randn))  # fmt: skip
        point = [0.05 + 0.9 * x for x in small] if i % 2 else [2 * x for x in wide]
        if i % 3 == 0 and tensors > 1:
            point[1] = float(small[1] > 0.5)  # a label
        if i % 4 == 3:
            point[2:] = [abs(x) + 0.1 for x in point[2:]]
        yield point, 1.0 if i % 4 < 2 else 1.25


def _numbers(recording: Recording, scale: float) -> dict[str, float]:
    """The parameters of the operator, changed where their limits allow."""
    numbers = {}
    for name, default in recording.parameters.items():
        changed = default * scale if default else scale - 1
        limits = [(r, bound) for on, r, bound in recording.limits if on == name]
        fits = all(RELATIONS[r](changed, bound) for r, bound in limits)
        numbers[name] = changed if fits else default
    return numbers


def _given(
    recording: Recording, tensors: Sequence[Tensor], numbers: dict[str, float]
) -> dict[str, object]:
    """The function's arguments."""
    left = iter(tensors)

    def value(a: Argument) -> object:
        if a.kind == "tensor":
            return next(left)
        if a.kind == "number" and a.operand:
            return numbers[a.operand]
        return REQUIRED if a.value is inspect.Parameter.empty else a.value

    return {a.name: value(a) for a in recording.arguments}


def _call(
    function: Callable[..., Any],
    recording: Recording,
    numbers: dict[str, float],
    tensors: Sequence[Tensor],
) -> Tensor:
    """The function itself. A module has its own numbers."""
    target = function.forward if isinstance(function, nn.Module) else function
    bound = inspect.signature(target).bind_partial()
    bound.arguments.update(_given(recording, tensors, numbers))
    with torch.enable_grad():
        result: Tensor = target(*bound.args, **bound.kwargs)
    return result.sum()


def _native(
    loss: Any,  # noqa: ANN401
    recording: Recording,
    numbers: dict[str, float],
    tensors: Sequence[Tensor],
) -> Tensor:
    """The recorded loss."""
    given = dict(numbers)
    operands = [a.operand for a in recording.arguments if a.kind == "tensor"]
    held: dict[str, Tensor] = dict(zip(operands, tensors, strict=True))
    for a in recording.attributes:
        if a.kind == "tensor":
            held[a.operand] = a.value.detach().to(torch.float64)
        elif a.operand:
            given[a.operand] = a.value
    reduction = recording.expression.ending
    result: Tensor = loss(*(held[name] for name in recording.tensors), **given, reduction=reduction)
    return result.sum()


def _expected(
    function: Callable[[list[Tensor]], Tensor],
    recording: Recording,
    point: Sequence[float],
    shape: Sequence[int],
) -> tuple[Derivatives, list[bool]]:
    """Those of the function, and the tensors by which torch can take them.

    Some operators have none by the truth, which is a constant then.
    """
    tensors = [a for a in recording.arguments if a.kind == "tensor"]
    every, some = [True] * len(tensors), [a.operand != recording.target for a in tensors]
    try:
        return _derivatives(function, point, shape, every), every
    except RuntimeError:
        return _derivatives(function, point, shape, some), some


def _derivatives(
    function: Callable[[list[Tensor]], Tensor],
    point: Sequence[float],
    shape: Sequence[int],
    by: Sequence[bool],
) -> Derivatives:
    """The value, its derivatives by some of the tensors, and those of a sum of these."""
    leaves = [torch.full(shape, x, dtype=torch.float64, requires_grad=needs)
              for x, needs in zip(point, by, strict=True)]  # fmt: skip
    value = function(leaves)
    first = _gradients(value, leaves)
    mixed = sum(((i + 1) * slope.sum() for i, slope in enumerate(first)), torch.zeros(()))
    second = _gradients(mixed, leaves) if mixed.requires_grad else leaves[:0]
    told = [x.sum().item() for x in second] or [0.0] * len(point)
    return value.item(), [x.sum().item() for x in first], told


def _gradients(value: Tensor, leaves: list[Tensor]) -> list[Tensor]:
    """By each of the leaves; 0 by those that are constants."""
    moving = [x for x in leaves if x.requires_grad]
    found = iter(torch.autograd.grad(value, moving, create_graph=True, allow_unused=True))
    slopes = [next(found) if x.requires_grad else None for x in leaves]
    return [torch.zeros_like(x) if g is None else g for x, g in zip(leaves, slopes, strict=True)]


def _compare(
    name: str,
    recording: Recording,
    point: Sequence[float],
    numbers: dict[str, float],
    expected: Derivatives,
    found: Derivatives,
) -> None:
    tensors = recording.given_tensors
    told = [("value", expected[0], found[0])]
    for order, ours, theirs in (
        ("first", found[1], expected[1]),
        ("second", found[2], expected[2]),
    ):
        told += [(f"{order} derivative by {t}", e, f) for t, e, f in
                 zip(tensors, theirs, ours, strict=True)]  # fmt: skip
    at = ", ".join(f"{n} = {x:.6g}" for n, x in (*zip(tensors, point, strict=True),
                                                 *numbers.items()))  # fmt: skip
    for what, known, made in told:
        if math.isfinite(known) and not math.isclose(made, known, rel_tol=1e-6, abs_tol=1e-8):
            raise ValueError(
                f"{name}: at {at} the function has the {what} {known:.9g}, and what was recorded "
                f"{made:.9g}. Does the function compute with anything that was not given to it as "
                "an argument, or write into a value under two names? What was recorded is "
                f"{recording.expression.text!r}"
            )
