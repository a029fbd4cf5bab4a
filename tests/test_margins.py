"""Margins per class of arcface and cosface: values as of the formulas, and gradients by them."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import lossops.functional as F
from lossops import nn

C = 5
MARGINS = torch.tensor([0.1, 0.7, 0.0, 0.3, 2.5], dtype=torch.float64)
LOSSES = {"arcface": F.arcface_loss, "cosface": F.cosface_loss}
named = pytest.mark.parametrize("name", LOSSES)


def drawn(shape: tuple[int, ...] = (64, C), dtype: torch.dtype = torch.float64) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(shape, generator=generator, dtype=torch.float64) * 1.9 - 0.95
    rows = shape[1:] if len(shape) == 1 else (shape[0], *shape[2:])
    labels = torch.randint(C, rows, generator=generator)
    return [x.to(dtype), labels]


def formula(name: str, x: Tensor, t: Tensor, margins: Tensor, scale: float) -> Tensor:
    """Of (N, C), row by row."""
    values = []
    for row, label in zip(x, t.tolist(), strict=True):
        own, m = row[label], margins[label]
        if name == "cosface":
            moved = own - m
        elif math.acos(own) + m > math.pi:
            moved = own - m * m.sin()
        else:
            moved = (own.acos() + m).cos()
        z = [moved if c == label else row[c] for c in range(C)]
        z = torch.stack(z) * scale
        values.append(z.logsumexp(0) - z[label])
    return torch.stack(values)


@named
def test_values_and_gradients(name: str) -> None:
    x, t = drawn()
    x, m = x.requires_grad_(), MARGINS.clone().requires_grad_()
    ours = LOSSES[name](x, t, m, scale=4.0, reduction="none")
    expected = formula(name, x, t, m, 4.0)
    torch.testing.assert_close(ours, expected, rtol=1e-12, atol=1e-14)
    for actual, slope in zip(
        torch.autograd.grad(ours.sum(), (x, m)),
        torch.autograd.grad(expected.sum(), (x, m)),
        strict=True,
    ):
        torch.testing.assert_close(actual, slope, rtol=1e-10, atol=1e-12)


@named
def test_higher_orders(name: str) -> None:
    x, t = drawn((6, C))
    x, m = x.requires_grad_(), MARGINS.clone().requires_grad_()

    def loss(x: Tensor, m: Tensor) -> Tensor:
        return LOSSES[name](x, t, m, scale=2.0, reduction="none")

    assert torch.autograd.gradcheck(loss, (x, m), check_forward_ad=True)
    assert torch.autograd.gradgradcheck(loss, (x, m))


@named
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("shape", [(C,), (64, C), (3, C, 4, 2)], ids=str)
def test_equal_margins_are_a_number(name: str, dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    x, t = drawn(shape, dtype)
    weight = torch.rand(C, dtype=dtype) + 0.5
    for margin in (torch.full((C,), 0.25), torch.tensor(0.25)):
        results = []
        for m in (0.25, margin):
            leaf = x.clone().requires_grad_()
            loss = LOSSES[name](leaf, t, m, weight=weight, label_smoothing=0.1, ignore_index=1)
            results.append((loss, *torch.autograd.grad(loss, leaf)))
        for of_number, of_tensor in zip(*results, strict=True):
            assert of_number.dtype == of_tensor.dtype == dtype
            torch.testing.assert_close(of_tensor, of_number, equal_nan=True)


@named
def test_ignored_rows_may_hold_anything(name: str) -> None:
    x, t = drawn((4, C))
    x[1], t[1] = math.nan, -100
    x, m = x.requires_grad_(), MARGINS.clone().requires_grad_()
    loss = LOSSES[name](x, t, m)
    kept = torch.tensor([0, 2, 3])
    torch.testing.assert_close(loss, LOSSES[name](x[kept], t[kept], m))
    by_x, by_m = torch.autograd.grad(loss, (x, m))
    assert by_x.isfinite().all()
    assert by_m.isfinite().all()
    assert (by_x[1] == 0).all()


def test_cosines_of_1_have_a_gradient() -> None:
    x = torch.tensor([[1.0, 0.0], [-1.0, 0.0]], requires_grad=True)
    F.arcface_loss(x, torch.tensor([0, 0]), torch.tensor([0.5, 0.2])).backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()


@named
def test_modules(name: str) -> None:
    module = {"arcface": nn.ArcFaceLoss, "cosface": nn.CosFaceLoss}[name]
    x, t = drawn()
    loss = module(MARGINS, scale=4.0)
    assert "margin" in loss.state_dict()
    expected = LOSSES[name](x, t, MARGINS, scale=4.0)
    torch.testing.assert_close(loss(x, t), expected, rtol=0, atol=0)
    scripted = torch.jit.script(loss)
    torch.testing.assert_close(scripted(x, t), expected, rtol=0, atol=0)
    number = torch.jit.script(module(0.25, scale=4.0))
    torch.testing.assert_close(number(x, t), LOSSES[name](x, t, 0.25, scale=4.0), rtol=0, atol=0)


@named
def test_transforms(name: str) -> None:
    x, t = drawn()
    expected = LOSSES[name](x, t, MARGINS, reduction="none")

    def of_row(x: Tensor, t: Tensor) -> Tensor:
        return LOSSES[name](x, t, MARGINS)

    torch.testing.assert_close(torch.vmap(of_row)(x, t), expected)
    compiled = torch.compile(LOSSES[name], backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(x, t, MARGINS, reduction="none"), expected)


@named
@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"margin": torch.zeros(C + 1)}, RuntimeError, r"margin must .*\[5\], got \[6\]"),
        ({"margin": torch.zeros(C, dtype=torch.long)}, TypeError, "margin must .*int64"),
        ({"margin": "a"}, TypeError, "margin must be a number, got str"),
        ({"margin": MARGINS, "target": torch.full((64,), C)}, IndexError, "target must be in"),
        ({"margin": MARGINS, "target": torch.zeros(3, dtype=torch.long)}, ValueError, "target"),
        ({"margin": MARGINS, "scale": 0.0}, RuntimeError, "scale must be > 0"),
    ],
)
def test_refusals(name: str, change: dict[str, Any], error: type[Exception], words: str) -> None:
    x, t = drawn()
    function: Callable[..., Tensor] = LOSSES[name]
    with pytest.raises(error, match=f"{name}: {words}"):
        function(**{"input": x, "target": t, **change})
