"""Dtypes: promotion, mixtures, integer labels, autocast and gradient scaling."""

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.cases import Case, make_case
from tests.losses import BY_OP, Loss

FLOATS = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
SIGNED = (torch.int8, torch.int16, torch.int32, torch.int64)
UNSIGNED = (torch.uint8, torch.bool)


def test_every_float(loss: Loss, params: dict[str, Any], device: str) -> None:
    """The result has the dtype of the operands; so has each gradient."""
    for dtype in FLOATS:
        case = make_case(loss, params, dtype=dtype, device=device, weight="full")
        for reduction in loss.mean_and_none:
            assert case.but(reduction=reduction).ours().dtype == dtype
        assert all(g.dtype == dtype for g in case.gradients())


@pytest.mark.parametrize("odd", ["second operand", "weight", "normalizer"])
def test_mixtures_promote(loss: Loss, odd: str, device: str) -> None:
    """Operands of two dtypes: torch.result_type, computed wide; gradients in each one's dtype."""
    other = loss.operands[1] if odd == "second operand" else odd
    params = loss.params[0]
    if other in loss.labels:
        params = next((p for p in loss.params if other not in loss.under(p).labels), None)
    if params is None:
        pytest.skip("labels have no dtype of their own")
    for a, b in itertools.permutations(FLOATS, 2):
        divided = odd == "normalizer"
        case = make_case(loss, params, dtype=a, device=device, weight="full", normalizer=divided)
        case = case.map(lambda name, t: t.to(b) if name == other else t)  # noqa: B023
        first = case.tensors[loss.operands[0]]
        silent = divided or other in loss.silent
        expected = a if silent else torch.result_type(first, case.tensors[other])
        value = case.ours()
        assert value.dtype == expected
        exact = case.to(torch.float64).expected()
        tolerance = max(4 * torch.finfo(expected).eps, 1e-13)
        torch.testing.assert_close(value.double(), exact, rtol=tolerance, atol=tolerance)
        wide = case.to(torch.float64)
        pairs = zip(case.gradients(), wide.gradients(wide.expected), strict=True)
        for name, (gradient, truth) in zip(case.differentiable, pairs, strict=True):
            assert gradient.dtype == case.tensors[name].dtype
            # Rounded to the result's dtype upstream, to the operand's below; sums of both.
            eps = max(torch.finfo(expected).eps, torch.finfo(gradient.dtype).eps, 1e-13)
            # The gradient of a weight per class is a difference from the mean loss.
            mixed = loss.family.differences and name == "weight"
            scale = max(1.0, abs(exact)) if mixed else 1.0
            torch.testing.assert_close(gradient.double(), truth, rtol=8 * eps, atol=8 * eps * scale)


def test_narrow_weight_sums_wide(loss: Loss, device: str) -> None:
    """The sum of many float16 weights neither overflows nor rounds, with or without gradient."""
    case = make_case(loss, shape=(30_000, 3), dtype=torch.float16, device=device, weight="full")
    expected = case.to(torch.float64).expected()
    plain = case.ours()
    traced = case.ours(weight=case.tensors["weight"].clone().requires_grad_())
    for value in (plain, traced.detach()):
        torch.testing.assert_close(value.double(), expected, rtol=2e-3, atol=0)


def test_wide_weight_promotes(loss: Loss, device: str) -> None:
    case = make_case(loss, dtype=torch.bfloat16, device=device, weight="full")
    wide = case.but(weight=case.tensors["weight"].float())
    silent = "weight" in loss.silent
    assert wide.ours().dtype == (torch.bfloat16 if silent else torch.float32)
    tolerance = {"rtol": 2**-8, "atol": 0.0} if silent else {"rtol": 1e-5, "atol": 1e-6}
    expected = wide.to(torch.float64).expected()
    torch.testing.assert_close(wide.ours().double(), expected, **tolerance)
    if loss.family.weights == "classes":
        return
    scalar = case.but(weight=torch.tensor(2.0, dtype=torch.float64, device=device))
    assert scalar.ours().dtype == torch.bfloat16  # a 0-d tensor does not promote, as in torch


def labels(case: Case) -> Tensor:
    """Whole-numbered targets in the domain of the loss."""
    label = case.loss.label
    if label not in case.tensors:
        return torch.arange(len(case.tensors["input"]), device=case.tensors["input"].device) % 3
    target = case.tensors[label]
    if label in case.loss.labels or (target.abs() == 1).all():
        return target
    return target.round().abs() + 0.0


@pytest.mark.parametrize("dtype", [*SIGNED, *UNSIGNED], ids=str)
def test_integer_labels(loss: Loss, dtype: torch.dtype, device: str) -> None:
    """Integer and bool targets are widened: bitwise what the float targets give."""
    case = make_case(loss, shape=(33, 3), dtype=torch.float32, device=device)
    target = labels(case)
    if (target < 0).any() and dtype in UNSIGNED:
        pytest.skip("labels of both signs")
    if dtype == torch.bool:
        if loss.labels:
            pytest.skip("true and false are no classes")
        target = target.clamp(max=1)
    wide, narrow = case.but(**{loss.label: target}), case.but(**{loss.label: target.to(dtype)})
    for reduction in loss.mean_and_none:
        assert torch.equal(narrow.but(reduction=reduction).ours(),
                           wide.but(reduction=reduction).ours())  # fmt: skip
    names = tuple(name for name in loss.differentiable if name != loss.label)
    for a, b in zip(narrow.gradients(names=names), wide.gradients(names=names), strict=True):
        assert torch.equal(a, b)


MASKS = ((torch.uint8, 255), (torch.int8, -1), (torch.int64, -100), (torch.int16, 300))


@pytest.mark.parametrize(("dtype", "index"), MASKS, ids=str)
def test_ignored_integer_labels(dtype: torch.dtype, index: int, device: str) -> None:
    """The ignored label may be any that the dtype holds; it is compared exactly."""
    for loss in BY_OP.values():
        if not loss.ignore or (index == -1 and loss.label in loss.fixed):
            continue
        case = make_case(loss, shape=(33, 3), dtype=torch.float32, device=device)
        target = labels(case)
        if (target < 0).any() and (dtype == torch.uint8 or index == -1):
            continue
        target = target.to(dtype)
        target[::3] = index
        case = case.but(**{loss.label: target}, ignore_index=index)
        torch.testing.assert_close(case.ours(), case.expected(torch.float32))
        name = loss.differentiable[0]
        gradient = case.gradients(names=(name,))[0]
        assert (gradient[::3] == 0).all() and (gradient[1::3] != 0).any()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_autocast(loss: Loss, params: dict[str, Any], dtype: torch.dtype, device: str) -> None:
    """Under autocast the result is float32 of the widened operands, gradients in their dtype."""
    case = make_case(loss, params, dtype=dtype, device=device, weight="full")
    wide = case.to(torch.float32)
    for reduction in loss.mean_and_none:
        low, high = case.but(reduction=reduction), wide.but(reduction=reduction)
        with torch.autocast(torch.device(device).type, dtype=dtype):
            value = low.ours()
            gradients = low.gradients()
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, high.ours(), rtol=1e-6, atol=1e-6)
        for gradient, expected in zip(gradients, high.gradients(), strict=True):
            assert gradient.dtype == dtype
            torch.testing.assert_close(gradient, expected.to(dtype), rtol=2e-2, atol=1e-3)
    with torch.autocast(torch.device(device).type, dtype=dtype):
        assert wide.ours().dtype == torch.float32
        with torch.autocast(torch.device(device).type, enabled=False):
            assert case.ours().dtype == dtype


def test_autocast_leaves_float64_alone(loss: Loss, device: str) -> None:
    """As torch's own float32 list: float64 operands are not narrowed."""
    case = make_case(loss, device=device)
    with torch.autocast(torch.device(device).type, dtype=torch.bfloat16):
        assert torch.equal(case.ours(), case.ours())
        value = case.ours()
    assert value.dtype == torch.float64
    torch.testing.assert_close(value, case.expected())


def test_autocast_second_order_and_func(loss: Loss, device: str) -> None:
    """Double backward and torch.func under autocast keep to float32 results."""
    if loss.op == "bce" and device == "cuda":
        pytest.skip(
            "torch refuses binary_cross_entropy under autocast on a GPU, and torch.func asks it"
        )
    case = make_case(loss, dtype=torch.bfloat16, device=device)
    name = loss.differentiable[0]
    with torch.autocast(torch.device(device).type, dtype=torch.bfloat16):
        (leaf,) = case.leaves((name,))
        (first,) = torch.autograd.grad(case.ours(**{name: leaf}), leaf, create_graph=True)
        transformed = torch.func.grad(case.over((name,)))(case.tensors[name])
    assert first.dtype == transformed.dtype == torch.bfloat16
    torch.testing.assert_close(first.detach(), transformed, rtol=2e-2, atol=1e-3)


def test_grad_scaler(device: str) -> None:
    """A float16 training loop under autocast with a GradScaler moves the parameters."""
    kind = torch.device(device).type
    for loss in BY_OP.values():
        case = make_case(loss, dtype=torch.float16, device=device)
        name = loss.differentiable[0]
        parameter = torch.nn.Parameter(case.tensors[name].float())
        optimizer = torch.optim.SGD([parameter], lr=1e-3)
        scaler = torch.amp.GradScaler(kind, init_scale=2.0**10)
        before = parameter.detach().clone()
        with torch.autocast(kind, dtype=torch.float16):
            value = case.ours(**{name: parameter.half()})
        scaler.scale(value).backward()
        scaler.step(optimizer)
        scaler.update()
        (expected,) = case.to(torch.float32).gradients(names=(name,))
        torch.testing.assert_close(parameter.detach(), before - 1e-3 * expected,
                                   rtol=1e-3, atol=1e-5)  # fmt: skip


def test_normalizer_dtype(loss: Loss, device: str) -> None:
    """A count of any dtype divides without rounding to the operands' dtype, nor promoting them."""
    case = make_case(loss, shape=(33, 3), dtype=torch.bfloat16, device=device)
    for dtype in (torch.float64, torch.float32, torch.int64):
        value = case.ours(normalizer=torch.tensor(257, dtype=dtype, device=device))
        exact = case.to(torch.float64).but(reduction="sum").expected() / 257
        assert value.dtype == torch.bfloat16
        torch.testing.assert_close(value.double(), exact, rtol=2**-8, atol=2**-8)
