"""The parameters of robust_loss as tensors: values as of numbers, and gradients by them."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

import lossops.functional as F

pytestmark = pytest.mark.usefixtures("on_device")
ALPHAS = [-math.inf, -30.0, -2.0, -1e-9, 0.0, 1e-9, 0.5, 1.0, 1.3, 1.75, 1.9, 2.1, 2.25, 3.0]


def tensors(alpha: float, scale: float = 1.5, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    x = torch.tensor([-100.0, -3.0, -0.5, 0.01, 0.0, 1.0, 20.0], dtype=dtype)
    t = torch.zeros_like(x)
    return [x, t, torch.tensor(alpha, dtype=dtype), torch.tensor(scale, dtype=dtype)]


@pytest.mark.parametrize("alpha", [*ALPHAS, 2.0, math.inf])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_values_are_those_of_numbers(alpha: float, dtype: torch.dtype) -> None:
    x, t, a, c = tensors(alpha, dtype=dtype)
    extra: list[dict[str, Any]] = [
        {"reduction": "none"}, {}, {"weight": torch.rand(7)}, {"reduction": "sum"},
        {"normalizer": 3.0},
    ]  # fmt: skip
    for more in extra:
        expected = F.robust_loss(x, t, a.item(), 1.5, **more)
        actual = F.robust_loss(x, t, a.requires_grad_(), c, **more)
        a = a.detach()
        assert actual.dtype == expected.dtype and actual.shape == expected.shape
        torch.testing.assert_close(actual.detach(), expected)


@pytest.mark.parametrize("alpha", [-2.0, 0.0, 0.5, 1.0, 1.9, 3.0])
def test_derivatives(alpha: float) -> None:
    """By all four, of both orders and in both modes, against differences."""

    def loss(*operands: Tensor) -> Tensor:
        return F.robust_loss(*operands, reduction="none")

    x, t, a, c = tensors(alpha)
    operands = [o.requires_grad_() for o in (x[1:5].clone(), t[1:5].clone(), a, c)]
    assert torch.autograd.gradcheck(loss, operands, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(loss, operands)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_gradients_in_float32(alpha: float) -> None:
    """A gradient by alpha is exact beside the loss, which near 0 hardly depends on it."""
    exact, single = ([o.requires_grad_() for o in tensors(alpha, dtype=dtype)]
                     for dtype in (torch.float64, torch.float32))  # fmt: skip
    expected, actual = (
        torch.autograd.grad(F.robust_loss(*o, reduction="sum"), o) for o in (exact, single)
    )
    for a, b in zip(actual, expected, strict=True):
        torch.testing.assert_close(a.double(), b, rtol=5e-5, atol=1e-9)


def test_limits() -> None:
    """At 0, at infinite differences and at the ends of alpha there is a limit, and no NaN."""
    inf = math.inf
    for alpha in (*ALPHAS, 2.0, inf):
        x, t, a, c = tensors(alpha)
        x = torch.tensor([0.0, inf, -inf], dtype=torch.float64)
        operands = [x.requires_grad_(), torch.zeros_like(x), a.expand(3), c.expand(3)]
        for o in operands[2:]:
            o.requires_grad_()
        losses = F.robust_loss(*operands, reduction="none")
        wanted = [operands[0], *operands[2:]]
        by_x, by_alpha, by_scale = torch.autograd.grad(losses.sum(), wanted, create_graph=True)
        number = F.robust_loss(x, operands[1], alpha, 1.5, reduction="none")
        torch.testing.assert_close(losses, number)
        torch.testing.assert_close(by_x, torch.autograd.grad(number.sum(), x)[0])
        assert by_alpha[0] == by_scale[0] == 0
        if alpha >= 0:
            assert (by_alpha[1:] == inf).all() and (by_scale[1:] < 0).all()
        else:
            torch.testing.assert_close(by_alpha[1:], (2 / a**2).expand(2), rtol=1e-7, atol=1e-25)
            assert (by_scale[1:] == 0).all()
        for slope in (by_x, by_alpha, by_scale):
            assert not any(g[0].isnan() for g in torch.autograd.grad(
                slope.sum(), wanted, retain_graph=True))  # fmt: skip


@pytest.mark.parametrize("alpha", [*ALPHAS, 2.0, math.inf])
def test_quotients_beyond_float32(alpha: float) -> None:
    """Finite differences by any scale: exact, or as of numbers where these overflow."""
    differences = torch.tensor([0.0, 1e-30, 1.0, 1e4, 1e20, 3e38, -3e38])
    zero, a = torch.zeros(7), torch.tensor(alpha, requires_grad=True)
    for scale in (1e-35, 1e-30, 1e-10, 1.0, 1e10, 1e30):
        x, c = differences.clone().requires_grad_(), torch.tensor(scale, requires_grad=True)
        loss = F.robust_loss(x, zero, a, c, reduction="none")
        operands = [o.detach().double() for o in (x, zero, a, c)]
        exact = F.robust_loss(*operands, reduction="none").float()
        number = F.robust_loss(x.detach(), zero, alpha, scale, reduction="none")
        held = (x / c).isfinite().detach() & number.isfinite()
        expected = torch.where(held, exact, number)
        torch.testing.assert_close(loss.detach(), expected, rtol=5e-5, atol=1e-37)
        (slope,) = torch.autograd.grad(loss.sum(), x)
        assert not slope.isnan().any()


def test_gradient_at_two_is_that_of_the_next_alpha() -> None:
    x, t, a, c = tensors(2.0)
    (at,) = torch.autograd.grad(F.robust_loss(x, t, a.requires_grad_(), c), a)
    _, _, near, _ = tensors(2 - 1e-15)
    (beside,) = torch.autograd.grad(F.robust_loss(x, t, near.requires_grad_(), c), near)
    assert at.isfinite() and at > beside > 0


def test_broadcast_and_transforms() -> None:
    """One alpha per column, learned along with a scale; vmap over it, compiled."""
    x, t = torch.randn(5, 3), torch.randn(5, 3)
    a, c = torch.tensor([-1.0, 0.5, 1.5], requires_grad=True), torch.tensor(2.0)
    loss = F.robust_loss(x, t, a, c, reduction="none")
    for k in range(3):
        column = F.robust_loss(x[:, k], t[:, k], a[k].item(), 2.0, reduction="none")
        torch.testing.assert_close(loss[:, k], column)
    (by_a,) = torch.autograd.grad(loss.sum(), a)
    each = torch.func.vmap(
        torch.func.grad(lambda a, x, t: F.robust_loss(x, t, a, c, reduction="sum")), (0, 1, 1)
    )
    torch.testing.assert_close(each(a.detach(), x, t), by_a)


@pytest.mark.host
def test_compiled() -> None:
    x, t, a, c = tensors(0.7, dtype=torch.float32)
    compiled = torch.compile(F.robust_loss, backend="aot_eager", fullgraph=True)
    a.requires_grad_()
    w = torch.rand(7)
    (expected,) = torch.autograd.grad(F.robust_loss(x, t, a, c, weight=w), a)
    (actual,) = torch.autograd.grad(compiled(x, t, a, c, weight=w), a)
    torch.testing.assert_close(actual, expected)


def test_mistakes() -> None:
    x, t, a, _ = tensors(1.0)
    a.requires_grad_()
    with pytest.raises(
        RuntimeError, match=r"robust: alpha must broadcast .* \(7,\) and alpha \(2,"
    ):
        F.robust_loss(x, t, a.expand(2))
    with pytest.raises(RuntimeError, match=r"robust: input and target must have the same shape"):
        F.robust_loss(x, t[:2], a)
    with pytest.raises(RuntimeError, match=r"robust: scale must be > 0, got 0"):
        F.robust_loss(x, t, a, 0.0)
    with pytest.raises(RuntimeError, match=r"robust: weight"):
        F.robust_loss(x, t, a, weight=torch.ones(2))


def test_mistakes_of_learned_parameters() -> None:
    """Told as where the parameters are numbers."""
    x, t, learned = torch.randn(3), torch.zeros(3), torch.tensor(0.5, requires_grad=True)
    for wrong in ("x", True, None, [0.5]):
        with pytest.raises(TypeError, match="^robust: scale must be a number"):
            F.robust_loss(x, t, learned, wrong)
        with pytest.raises(TypeError, match="^robust: alpha must be a number"):
            F.robust_loss(x, t, wrong, learned)
    for name, other, wrong in ("alpha", "scale", math.nan), ("scale", "alpha", 0.0):
        with pytest.raises(RuntimeError, match=f"^robust: {name} must be >"):
            F.robust_loss(x, t, **{name: wrong, other: learned})
    for parameter in (torch.tensor([1j, 0, 1]), torch.tensor([1, 2, 3]), learned.to("meta")):
        with pytest.raises(TypeError, match="^robust: alpha must be a number, or a floating"):
            F.robust_loss(x, t, parameter, learned)
    for input, target in ((x.long(), t), (x, t.to(torch.complex64)), (None, t), (x, [0.0])):
        with pytest.raises((TypeError, NotImplementedError), match="^robust: (input|target) must"):
            F.robust_loss(input, target, learned)


def test_compiled_in_one_graph() -> None:
    """In one graph, whether or not it requires a gradient."""
    x, t = torch.randn(5), torch.zeros(5)
    for alpha in (torch.tensor(0.5), torch.tensor(0.5, requires_grad=True)):
        compiled = torch.compile(F.robust_loss, fullgraph=True, backend="aot_eager")
        torch.testing.assert_close(compiled(x, t, alpha), F.robust_loss(x, t, alpha))
