"""Digits that were lost once: float32 against float64, and float16 at the ends of its range."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

import lossops.functional as F

pytestmark = pytest.mark.usefixtures("on_device")
Function = Callable[..., Tensor]


def curvature(f: Function, x: Tensor) -> Tensor:
    x = x.requires_grad_()
    (slope,) = torch.autograd.grad(f(x).sum(), x, create_graph=True)
    return torch.autograd.grad(slope.sum(), x)[0]


@pytest.mark.parametrize("alpha", [1.0, 0.5, 0.0, -2.0, -math.inf, 1.5, 1.9, 2.1, 3.0, math.inf])
def test_curvature_of_robust(alpha: float) -> None:
    """From 0 to where the square of the difference overflows."""

    def loss(x: Tensor) -> Tensor:
        return F.robust_loss(x, torch.zeros_like(x), alpha=alpha, reduction="none")

    x = torch.tensor([0.0, 1e-6, 1e-4, 0.01, 0.1, 0.5, 1.0, 3.0, 7.0, 10.0, 100.0, 1e4, 1e8, 1e12,
                      1e14, 1e16, 1e20, 1e30])  # fmt: skip
    actual, exact = curvature(loss, x), curvature(loss, x.detach().double())
    # Near where it changes its sign, it is as exact as what is around.
    around = curvature(loss, x.detach().double() * 1.01).abs()
    held = x.detach().double() * exact.abs() < torch.finfo(torch.float32).max  # as the slope is
    allowed = 4e-5 * torch.maximum(exact.abs(), around) + 1e-37
    assert ((actual.double() - exact).abs() <= allowed)[held].all(), (actual, exact)
    assert not actual[held].isnan().any()


def test_curvature_by_small_targets() -> None:
    def loss(t: Tensor) -> Tensor:
        return F.kl_div(torch.full_like(t, -1.0), t, reduction="none")

    t = torch.tensor([1.0, 1e-5, 1e-18, 1e-19, 1e-20, 1e-30, 1e-37])
    torch.testing.assert_close(curvature(loss, t), 1 / t.detach())
    assert curvature(loss, torch.zeros(1)) == 0


def gradients(f: Function, *operands: Tensor) -> list[tuple[Tensor, ...]]:
    """By the kernels, and by the decomposition."""
    leaves = [t.detach().clone().requires_grad_() for t in operands]
    ways = (f(*leaves), leaves, False), (f(*leaves), leaves, True)
    return [torch.autograd.grad(y, x, create_graph=graph) for y, x, graph in ways]


@pytest.mark.parametrize("classes", [3, 300])
@pytest.mark.parametrize("lead", [12.0, 16.0, 20.0])
def test_gradients_of_the_largest_class(lead: float, classes: int) -> None:
    """1 - p of a class that has nearly all of its row, of students and teachers alike."""
    certain = torch.linspace(-1, 1, classes)
    certain[1] = lead
    surer, flat = certain.clone(), torch.linspace(1, -1, classes)
    surer[1] += 1
    label = torch.tensor([1])

    def smoothed(f: Function) -> Function:
        return lambda x: f(x, label, label_smoothing=0.1)

    cases: list[tuple[Function, tuple[Tensor, ...]]] = [
        (smoothed(F.generalized_cross_entropy_loss), (certain,)),
        (smoothed(F.softmax_focal_loss), (certain,)),
        (smoothed(F.poly1_loss), (certain,)),
        (F.distill_kl_loss, (flat, certain)),
        (F.distill_kl_loss, (certain, surer)),
        (F.jsd_loss, (flat, certain)),
        (F.jsd_loss, (certain, surer)),
        (F.jsd_loss, (certain, flat)),
    ]
    for f, rows in cases:
        batch = [row.unsqueeze(0) for row in rows]
        exact = gradients(f, *(t.double() for t in batch))[0]
        for way in gradients(f, *batch):
            for a, b in zip(way, exact, strict=True):
                # What is small beside others is as exact as those.
                atol = 2e-6 * float(b.abs().max())
                torch.testing.assert_close(a.double(), b, rtol=2e-5, atol=atol)


def rows(x: Tensor) -> Tensor:
    return x.view(-1, 4)


def labels(x: Tensor) -> Tensor:
    return torch.ones(len(x) // 4, dtype=torch.long)


STEEP: dict[str, Function] = {
    "weight": lambda x: F.huber_loss(x, 0 * x, delta=100.0, weight=torch.full_like(x, 1e4)),
    "slope": lambda x: F.huber_loss(x, 0 * x, delta=1e5, weight=torch.full_like(x, 3e3)),
    "normalizer": lambda x: F.mse_loss(
        x, 0 * x, weight=torch.full_like(x, 3e4), normalizer=torch.tensor(1e6)
    ),
    "kept": lambda x: F.binary_cross_entropy_with_logits(
        -x, torch.ones_like(x), weight=torch.full((len(x),), 1e6), ignore_index=0
    ),
    "mean over the last dimension": lambda x: F.multilabel_soft_margin_loss(
        rows(-x), torch.ones(len(x) // 4, 4), weight=torch.full((4,), 1e6)
    ),
    "margins": lambda x: F.multi_margin_loss(
        rows(x) * torch.arange(4), labels(x), p=2, weight=torch.full((4,), 1e3)
    ),
    "z-loss": lambda x: F.cross_entropy(rows(x) * torch.arange(4), labels(x), z_loss=1e3),
    "pixels": lambda x: F.cross_entropy(
        (rows(x) * torch.arange(4)).T.unsqueeze(0), labels(x).unsqueeze(0), z_loss=1e3
    ),
}


@pytest.mark.host
@pytest.mark.parametrize("name", STEEP)
def test_half_gradients_of_a_mean(name: str) -> None:
    """Where d l / d x is beyond float16 and the mean's gradient is not, with small ones too."""
    x = torch.cat([torch.full((4000,), 100.0), torch.full((96,), 0.01)])
    half, exact = x.half().requires_grad_(), x.half().double().requires_grad_()
    loss = STEEP[name](half)
    (expected,) = torch.autograd.grad(STEEP[name](exact), exact)
    (actual,) = torch.autograd.grad(loss, half, torch.ones_like(loss), retain_graph=True)
    assert expected.abs().max() < 65504 and actual.dtype == torch.float16
    torch.testing.assert_close(actual.double(), expected, rtol=2e-3, atol=2e-6)
    (again,) = torch.autograd.grad(loss, half, torch.full_like(loss, 0.5))
    torch.testing.assert_close(again.double(), expected / 2, rtol=2e-3, atol=2e-6)


@pytest.mark.host
def test_half_gradients_by_several() -> None:
    """All gradients that are kept share one denominator."""
    x = torch.full((4096,), 100.0).half().requires_grad_()
    t, w = torch.zeros(4096).half().requires_grad_(), torch.full((4096,), 1e4, requires_grad=True)
    n = torch.tensor(4096.0, requires_grad=True)
    exact = [o.detach().double().requires_grad_() for o in (x, t, w, n)]
    for count, reduction in (3, "mean"), (4, "sum"):

        def loss(
            x: Tensor, t: Tensor, w: Tensor, n: Tensor | None = None, r: str = reduction
        ) -> Tensor:
            return F.mse_loss(x, t, weight=w, normalizer=n, reduction=r)

        found = torch.autograd.grad(loss(*(x, t, w, n)[:count]), (x, t, w, n)[:count])
        expected = torch.autograd.grad(loss(*exact[:count]), exact[:count])
        for a, b in zip(found, expected, strict=True):
            torch.testing.assert_close(a.double(), b, rtol=1e-3, atol=1e-6)


def test_half_gradients_that_a_loss_scale_saves() -> None:
    """Divided by N before the scale came, they would be 0."""
    x = torch.full((2**17,), 1e-3).half().requires_grad_()
    (F.mse_loss(x, torch.zeros_like(x)) * 2.0**15).backward()
    torch.testing.assert_close(x.grad, x.detach() / 2)


def test_half_gradients_of_a_large_mean() -> None:
    """1 / N is no number for float16, which the product is."""
    x = torch.full((10**6,), 1e3).half().requires_grad_()
    F.mse_loss(x, torch.zeros_like(x)).backward()
    torch.testing.assert_close(x.grad, torch.full_like(x, 2e3 / 10**6))


def test_half_gradients_that_are_infinite() -> None:
    """One that float32 cannot hold either leaves the others alone."""
    x = torch.tensor([1.0, 2.0, math.inf]).half().requires_grad_()
    F.mse_loss(x, torch.zeros_like(x), reduction="sum").backward()
    assert x.grad is not None and x.grad.tolist() == [2.0, 4.0, math.inf]


@pytest.mark.parametrize("index", [2**24 + 1, 2**53 + 1, -(2**63), 2**63 - 1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_ignored_labels_beyond_whole_numbers(index: int, dtype: torch.dtype) -> None:
    """Integers that the kernel's type cannot tell apart are compared as integers."""
    beside = index - 1 if index > 0 else index + 1
    t = torch.tensor([1, index, beside, 0])
    x = torch.zeros(4, dtype=dtype, requires_grad=True)
    weight = torch.tensor([1.0, 7.0, 2.0, 1.0], dtype=dtype)
    for w in None, weight:
        value = F.soft_margin_loss(x, t, "none", w, index)
        assert value[1] == 0 and (value[[0, 2, 3]] != 0).all()
        loss = F.soft_margin_loss(x, t, "mean", w, index)
        torch.testing.assert_close(loss, value.sum() / 3)
        (slope,) = torch.autograd.grad(loss, x)
        assert slope[1] == 0 and slope[2] != 0
