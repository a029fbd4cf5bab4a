"""Derivatives: finite differences of every order and mode, and the manners of the backward pass."""

from typing import Any

import pytest
import torch
from torch import Tensor

from tests.cases import Case, make_case
from tests.losses import BY_OP, Loss
from tests.tiers import thorough

SMALL = (2, 3)
# Finite differences tell the gradient of those that hold no part of the formula constant in it.
has_derivatives = pytest.mark.where(lambda loss: not loss.detaches)


def full_case(loss: Loss, params: dict[str, Any], device: str, reduction: str = "mean") -> Case:
    """Everything that can carry a gradient does: operands, weight, normalizer."""
    return make_case(
        loss, params, SMALL, device=device, reduction=reduction, weight="row",
        normalizer=reduction != "none",
    )  # fmt: skip


@has_derivatives
@pytest.mark.parametrize("reduction", ["mean", "none", *thorough("sum")])
def test_gradcheck(loss: Loss, params: dict[str, Any], reduction: str, device: str) -> None:
    """Reverse, forward, batched reverse, batched forward, undefined gradients."""
    case = make_case(loss, params, SMALL, device=device, reduction=reduction)
    names = case.smooth
    assert torch.autograd.gradcheck(
        case.over(names),
        case.leaves(names),
        check_forward_ad=True,
        check_batched_grad=True,
        check_batched_forward_grad=True,
        check_undefined_grad=True,
        check_grad_dtypes=True,
    )


@has_derivatives
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_gradcheck_weighted(loss: Loss, reduction: str, device: str) -> None:
    case = full_case(loss, loss.params[0], device, reduction)
    names = case.smooth
    assert {"weight"} <= set(names)
    assert torch.autograd.gradcheck(
        case.over(names), case.leaves(names), check_forward_ad=True, check_batched_grad=True
    )


@has_derivatives
def test_gradgradcheck(loss: Loss, params: dict[str, Any], device: str) -> None:
    """Reverse over reverse and forward over reverse."""
    case = make_case(loss, params, (3,) if params.keys().isdisjoint({"q", "pos_weight"}) else SMALL,
                     device=device)  # fmt: skip
    names = case.smooth
    assert torch.autograd.gradgradcheck(
        case.over(names), case.leaves(names), check_fwd_over_rev=True, check_batched_grad=True
    )


@has_derivatives
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_gradgradcheck_weighted(loss: Loss, reduction: str, device: str) -> None:
    case = full_case(loss, loss.params[0], device, reduction)
    names = case.smooth
    assert torch.autograd.gradgradcheck(case.over(names), case.leaves(names), fast_mode=True)


def test_third_order(loss: Loss, params: dict[str, Any], device: str) -> None:
    case = make_case(loss, params, SMALL, device=device, weight="row")
    names = case.loss.differentiable

    def third(call: Any) -> Tensor:
        leaves = case.leaves(names)
        value = case.over(names, call)(*leaves)
        directions = [torch.linspace(0.5, 1.5, t.numel(), device=device).view_as(t) for t in leaves]
        for _ in range(3):
            if not value.requires_grad:
                return torch.zeros((), dtype=torch.float64, device=device)
            gradients = torch.autograd.grad(
                value, leaves, create_graph=True, allow_unused=True, materialize_grads=True
            )
            value = sum((g * v).sum() for g, v in zip(gradients, directions, strict=True))
        return value.detach()

    torch.testing.assert_close(third(case.ours), third(case.expected), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_upstream_gradient(loss: Loss, reduction: str, device: str) -> None:
    """The upstream gradient scales; it may be expanded, transposed or absent from the result."""
    case = full_case(loss, loss.params[0], device, reduction)
    shape = case.ours().shape
    upstreams = [torch.full(shape, 3.7, dtype=torch.float64, device=device)]
    if shape:
        upstreams.append(torch.ones((), dtype=torch.float64, device=device).expand(shape))
        flipped = torch.rand(shape[::-1], dtype=torch.float64, device=device)
        upstreams.append(flipped.permute(*range(len(shape))[::-1]))
    for upstream in upstreams:
        before = upstream.clone()
        ours = case.gradients(upstream=upstream)
        theirs = case.gradients(case.expected, upstream=upstream)
        for actual, expected in zip(ours, theirs, strict=True):
            torch.testing.assert_close(actual, expected, rtol=1e-11, atol=1e-13)
        assert torch.equal(upstream, before), "the upstream gradient was written to"


def test_subsets_of_operands(loss: Loss, device: str) -> None:
    """Each operand alone may require a gradient; what does not require one gets none."""
    case = full_case(loss, loss.params[0], device)
    expected = dict(zip(case.differentiable, case.gradients(case.expected), strict=True))
    for name in case.differentiable:
        (gradient,) = case.gradients(names=(name,))
        torch.testing.assert_close(gradient, expected[name], rtol=1e-11, atol=1e-13)
    assert not case.ours().requires_grad
    assert case.ours().grad_fn is None


def test_accumulates_over_two_backwards(loss: Loss, device: str) -> None:
    """retain_graph keeps everything that a second backward needs, unscaled by the first."""
    case = full_case(loss, loss.params[0], device)
    names = case.differentiable
    leaves = case.leaves(names)
    value = case.over(names)(*leaves)
    scaled = value * 2.5
    first = torch.autograd.grad(scaled, leaves, retain_graph=True)
    kept = [g.clone() for g in first]
    for g in first:
        g.zero_()
    second = torch.autograd.grad(scaled, leaves)
    for name, a, b in zip(names, kept, second, strict=True):
        assert torch.equal(a, b), name
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        torch.autograd.grad(scaled, leaves)


def test_unit_upstream_returns_no_shared_tensor(loss: Loss, device: str) -> None:
    """loss.backward(): .grad may be changed in place without harm to a second backward."""
    case = make_case(loss, device=device)
    names = loss.differentiable
    leaves = case.leaves(names)
    value = case.over(names)(*leaves)
    value.backward(retain_graph=True)
    first = [leaf.grad.clone() for leaf in leaves]
    for leaf in leaves:
        leaf.grad.fill_(77.0)
    again = torch.autograd.grad(value, leaves)
    for name, a, b in zip(names, first, again, strict=True):
        assert torch.equal(a, b), name


def test_no_grad_modes(loss: Loss, device: str) -> None:
    case = make_case(loss, device=device)
    name = loss.differentiable[0]
    (leaf,) = case.leaves((name,))
    with torch.no_grad():
        assert not case.ours(**{name: leaf}).requires_grad
    with torch.inference_mode():
        value = case.ours(**{name: leaf})
        assert value.is_inference() and not value.requires_grad
        torch.testing.assert_close(value.clone(), case.expected())
        assert torch.equal(case.but(**{name: leaf * 1}).ours(), value)


def test_changed_operand_is_noticed(loss: Loss, device: str) -> None:
    """Writing to an operand after the forward makes a double backward fail, not go wrong."""
    case = make_case(loss, device=device)
    names = loss.differentiable
    bases = case.leaves(names)
    operands = [leaf * 1 for leaf in bases]
    value = case.over(names)(*operands)
    with torch.no_grad():
        operands[0].add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(value, bases, create_graph=True)


def test_loss_scaling_saves_half_gradients(loss: Loss, device: str) -> None:
    """A float16 mean over 2^17 elements, scaled by 2^15: no gradient is lost to underflow."""
    count, scale = 2**17, 2.0**15
    shape = loss.family.fit((count,))
    alone = loss.family.result_shape(shape) == (count,)
    shape = (count,) if alone else (count // 4, 4)
    case = make_case(loss, shape=shape, dtype=torch.float16, device=device)
    name = loss.differentiable[0]
    (leaf,) = case.leaves((name,))
    (case.ours(**{name: leaf}) * scale).backward()
    exact = case.to(torch.float64)
    (expected,) = exact.gradients(exact.expected, (name,))
    error = (leaf.grad.double() - expected * scale).abs()
    allowed = torch.finfo(torch.float16).eps * 2 * (expected.abs() * scale) + 2e-7
    assert (error <= allowed).all()


def test_gradient_of_number_reduction(device: str) -> None:
    """0-d operands work in every order."""
    case = make_case(BY_OP["huber"], shape=(), device=device)
    names = case.differentiable
    assert torch.autograd.gradcheck(case.over(names), case.leaves(names), check_forward_ad=True)
    assert torch.autograd.gradgradcheck(case.over(names), case.leaves(names))


def test_hooks_and_anomaly_mode(loss: Loss, device: str) -> None:
    """Tensor hooks, node hooks and anomaly detection see the node as any other."""
    case = make_case(loss, device=device)
    name = loss.differentiable[0]
    seen = []
    with torch.autograd.detect_anomaly(check_nan=True):
        (leaf,) = case.leaves((name,))
        value = case.ours(**{name: leaf})
        value.grad_fn.register_prehook(lambda grads: seen.append("pre"))
        leaf.register_hook(lambda grad: grad * 2)
        value.backward()
    (expected,) = case.gradients(case.expected, (name,))
    torch.testing.assert_close(leaf.grad, 2 * expected)
    assert seen == ["pre"]
