"""Focal loss with a tensor of gammas: values as of numbers, and gradients by them."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

import lossops.functional as F
from lossops import nn
from tests.losses.binary import focal

GAMMAS = torch.tensor([0.5, 0.0, 2.0, 3.3], dtype=torch.float64)


def drawn(dtype: torch.dtype = torch.float64, soft: bool = False) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(33, 4, generator=generator, dtype=torch.float64) * 8 - 4
    t = torch.rand(33, 4, generator=generator, dtype=torch.float64)
    return x.to(dtype), (t if soft else t.round()).to(dtype)


@pytest.mark.parametrize("alpha", [0.25, None])
@pytest.mark.parametrize("soft", [False, True])
def test_values_and_gradients(alpha: float | None, soft: bool) -> None:
    x, t = drawn(soft=soft)
    leaves = [x.requires_grad_(), GAMMAS.clone().requires_grad_()]
    ours = F.focal_loss(x, t, alpha, leaves[1], reduction="none")
    expected = focal(x, t, alpha, leaves[1])
    torch.testing.assert_close(ours, expected, rtol=1e-12, atol=1e-15)
    slopes = (torch.autograd.grad(loss.sum(), leaves) for loss in (ours, expected))
    for actual, slope in zip(*slopes, strict=True):
        torch.testing.assert_close(actual, slope, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 3.3])
def test_equal_gammas_are_a_number(gamma: float, dtype: torch.dtype) -> None:
    x, t = drawn(dtype)
    x = torch.cat([x, x * 5])
    t = torch.cat([t, t])
    results = []
    for g in (gamma, torch.full((4,), gamma, dtype=torch.float64)):
        leaf = x.clone().requires_grad_()
        loss = F.focal_loss(leaf, t, gamma=g, reduction="sum")
        results.append((loss, *torch.autograd.grad(loss, leaf)))
    rtol = {torch.float32: 1e-5, torch.float64: 1e-13, torch.bfloat16: 2e-2}[dtype]
    for number, tensor in zip(*results, strict=True):
        assert number.dtype == tensor.dtype
        torch.testing.assert_close(tensor, number, rtol=rtol, atol=1e-30)


def test_hard_inputs() -> None:
    """Gradients of 0^gamma and infinite logits have limits."""
    inf = math.inf
    x = torch.tensor([100.0, -100.0, inf, -inf, 1e4, 20.0], requires_grad=True)
    t = torch.tensor([1.0, 0.0, 1.0, 0.0, 0.0, 1.0])
    g = torch.tensor([0.5, 0.5, 0.5, 0.0, 2.0, 2.0], requires_grad=True)
    loss = F.focal_loss(x, t, None, g, reduction="none")
    by_x, by_g = torch.autograd.grad(loss.sum(), (x, g))
    assert loss[:4].tolist() == [0, 0, 0, 0]
    assert by_x[:4].tolist() == [0, 0, 0, 0]
    assert loss[4] == 1e4
    assert by_x[4] == 1
    p = 1 / (1 + math.exp(20))
    assert loss[5].item() == pytest.approx(p**2 * math.log1p(math.exp(-20)), rel=1e-5, abs=0)
    assert by_g.isfinite().all()


def test_higher_orders_and_transforms() -> None:
    x, t = drawn()
    x, g = x[:3].requires_grad_(), (GAMMAS + 0.5).requires_grad_()

    def loss(x: Tensor, g: Tensor) -> Tensor:
        return F.focal_loss(x, t[:3], gamma=g, reduction="none")

    assert torch.autograd.gradcheck(loss, (x, g), check_forward_ad=True)
    assert torch.autograd.gradgradcheck(loss, (x, g))
    rows = torch.vmap(lambda x, t: F.focal_loss(x, t, gamma=GAMMAS, reduction="none"))
    torch.testing.assert_close(rows(x, t[:3]), loss(x, GAMMAS))


def test_modules() -> None:
    x, t = drawn()
    module = nn.FocalLoss(gamma=GAMMAS)
    assert "gamma" in module.state_dict()
    expected = F.focal_loss(x, t, gamma=GAMMAS)
    assert torch.equal(module(x, t), expected)
    assert torch.equal(torch.jit.script(module)(x, t), expected)
    number = torch.jit.script(nn.FocalLoss(gamma=1.5))
    assert torch.equal(number(x, t), F.focal_loss(x, t, gamma=1.5))


def test_equalized() -> None:
    """Of the paper: factors (g_b + g_v) / g_b before a power of g_b + g_v."""
    x, t = drawn()
    g = 2 + torch.tensor([0.0, 1.0, 4.0, 8.0], dtype=torch.float64)
    p = x.sigmoid()
    p_t = torch.where(t == 1, p, 1 - p)
    expected = -(g / 2) * (1 - p_t) ** g * p_t.log()
    ours = F.focal_loss(x, t, None, g, weight=g / g.min(), reduction="none")
    torch.testing.assert_close(ours, expected, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(
    ("gamma", "error", "words"),
    [
        (torch.tensor([-1.0, 0, 0, 0]), RuntimeError, "gamma >= 0"),
        (torch.zeros(5), RuntimeError, "gamma"),
        ("a", TypeError, "gamma must be a number, got str"),
    ],
)
def test_refusals(gamma: Any, error: type[Exception], words: str) -> None:
    x, t = drawn(torch.float32)
    with pytest.raises(error, match=words):
        F.focal_loss(x, t, gamma=gamma)
