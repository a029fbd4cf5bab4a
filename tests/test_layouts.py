"""Any strides: the same values as for contiguous operands, and operands left as they were."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.cases import Case, make_case
from tests.families import of_family
from tests.families.boxes import BOXES
from tests.families.class_axis import ClassAxis
from tests.families.elementwise import Elementwise
from tests.losses import BY_OP, Loss
from tests.tiers import thorough

Layout = Callable[[Tensor], Tensor]


def filler(t: Tensor, shape: tuple[int, ...]) -> Tensor:
    """What must never be read: NaN, or a label out of range."""
    return torch.full(shape, torch.nan if t.is_floating_point() else -77, dtype=t.dtype,
                      device=t.device)  # fmt: skip


def permuted(t: Tensor) -> Tensor:
    order = {2: (1, 0), 3: (1, 2, 0), 4: (2, 0, 3, 1), 5: (4, 2, 0, 3, 1)}[t.dim()]
    back = sorted(range(t.dim()), key=lambda d: order[d])
    return t.permute(order).contiguous().permute(back)


def channels_last(t: Tensor) -> Tensor:
    kinds = {4: torch.channels_last, 5: torch.channels_last_3d}
    return t.contiguous(memory_format=kinds.get(t.dim(), torch.contiguous_format))


def stepped(t: Tensor) -> Tensor:
    big = filler(t, (*t.shape[:-1], 2 * t.size(-1)))
    big[..., ::2] = t
    return big[..., ::2]


def offset(t: Tensor) -> Tensor:
    """Starts one element into its storage, so that no vector load is aligned."""
    big = filler(t, (t.numel() + 1,))
    view = big[1:].view(t.shape)
    return view.copy_(t)


def narrowed(t: Tensor) -> Tensor:
    """Rows of a wider matrix: contiguous within a row only."""
    big = filler(t, (*t.shape[:-1], t.size(-1) + 3))
    big[..., 2:-1] = t
    return big[..., 2:-1]


LAYOUTS: dict[str, Layout] = {
    "transposed": lambda t: t.mT.contiguous().mT,
    "stepped": stepped,
    "offset": offset,
    "narrowed": narrowed,
    "channels_last": channels_last,
    "permuted": permuted,
    "rows expanded": lambda t: t[:1].expand(t.shape),
    "all expanded": lambda t: t[(slice(1),) * t.dim()].expand(t.shape),
}
SHAPE = (3, 5, 7, 3)
CLOSE = {"rtol": 1e-6, "atol": 1e-7, "equal_nan": True}


def compare(case: Case, plain: Case) -> None:
    """Value, unreduced value and gradients of a case against those of its contiguous twin.

    The gradient of a number per class is a sum over the rows, in the order of the layout: it is
    compared in float64.
    """
    narrow = next(iter(case.tensors.values())).dtype != torch.float64
    summed = case.loss.family.summed(case) if narrow else ()
    names = [name for name in case.differentiable if name not in summed]
    before = {name: (t.clone(), t._version) for name, t in case.tensors.items()}
    for reduction in case.loss.mean_and_none:
        actual = case.but(reduction=reduction)
        expected = plain.but(reduction=reduction)
        value = expected.ours()
        # Of a difference, a few eps of what it is made of, which is as large as the largest value.
        atol = 4e-7 * float(value.abs().max()) if case.loss.family.cancels else CLOSE["atol"]
        torch.testing.assert_close(actual.ours(), value, **{**CLOSE, "atol": atol})
        leaves = [case.tensors[name].detach().requires_grad_() for name in names]
        value = actual.over(names)(*leaves)
        pairs = zip(names, torch.autograd.grad(value.sum(), leaves), strict=True)
        wanted = expected.gradients(names=names)
        for (name, gradient), want in zip(pairs, wanted, strict=True):
            torch.testing.assert_close(gradient, want, **CLOSE, msg=lambda m, n=name: f"{n}: {m}")
    for name, (value, version) in before.items():
        assert torch.equal(case.tensors[name], value) and case.tensors[name]._version == version


def contiguous(case: Case) -> Case:
    return case.map(lambda name, t: t.contiguous().clone())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout(loss: Loss, layout: str, device: str) -> None:
    """All operands in one layout, the weight included."""
    for dtype in (torch.float32, torch.float64):
        case = make_case(loss, shape=SHAPE, dtype=dtype, device=device, weight="full")
        case = case.map(lambda name, t: LAYOUTS[layout](t) if t.dim() > 1 else t)
        compare(case, contiguous(case))


@pytest.mark.parametrize("ignore", [pytest.param(True, id="masked"), *thorough(False, id="all")])
def test_mixed_layouts(loss: Loss, ignore: bool, device: str) -> None:
    """Each operand in a layout of its own, in every rotation, in two dtypes."""
    kinds = list(LAYOUTS.values())[:6]
    for turn in range(len(kinds)):
        for dtype in (torch.float32, torch.bfloat16, torch.float64):
            case = make_case(loss, shape=SHAPE, dtype=dtype, device=device, weight="full",
                             ignore=ignore and loss.ignore)  # fmt: skip
            names = list(case.tensors)
            case = case.map(
                lambda name, t: kinds[(names.index(name) + turn) % len(kinds)](t)  # noqa: B023
                if t.dim() > 1 else t
            )  # fmt: skip
            compare(case, contiguous(case))


@pytest.mark.parametrize("size", [0, 1, 2, 7, 8, 15, 16, 17, 31, 33, 64, 100, 257, 4099])
def test_every_tail(loss: Loss, size: int, device: str) -> None:
    """Lengths around every vector width and chunk size."""
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        case = make_case(loss, shape=(size, 3), dtype=dtype, device=device, ignore=loss.ignore)
        exact = case.to(torch.float64)
        tolerance = 64 * torch.finfo(dtype).eps
        torch.testing.assert_close(
            case.ours().double(), exact.expected(), rtol=tolerance, atol=tolerance, equal_nan=True
        )
        for actual, expected in zip(
            case.gradients(names=loss.differentiable),
            exact.gradients(exact.expected, loss.differentiable),
            strict=True,
        ):
            torch.testing.assert_close(
                actual.double(), expected, rtol=2 * tolerance, atol=2 * tolerance
            )


@pytest.mark.parametrize("shape", [(), (1,), (0,), (3, 0), (1, 1, 1), (2, 1, 3)], ids=str)
def test_small_shapes(loss: Loss, shape: tuple[int, ...], device: str) -> None:
    """0-d, empty and one-element operands, and the shape of the unreduced result."""
    if not loss.family.takes(shape):
        pytest.skip("has no such shape")
    case = make_case(loss, shape=shape, device=device, reduction=loss.mean_and_none[-1])
    value = case.ours()
    torch.testing.assert_close(value, case.expected(), equal_nan=True)
    if case.reduction == "none":
        assert value.shape == loss.family.result_shape(loss.family.fit(shape))
    total = case.but(reduction="sum")
    for actual, expected in zip(total.gradients(), total.gradients(total.expected), strict=True):
        torch.testing.assert_close(actual, expected)


@pytest.mark.where(lambda loss: loss.family.fit(SHAPE) == SHAPE)
def test_unreduced_keeps_the_memory_format(loss: Loss, device: str) -> None:
    """channels_last in, channels_last out: for the loss and for the gradient."""
    kind = loss.mean_and_none[-1]
    case = make_case(loss, shape=SHAPE, dtype=torch.float32, device=device, reduction=kind)
    case = case.map(
        lambda name, t: t.contiguous(memory_format=torch.channels_last) if t.dim() == 4 else t
    )
    name = loss.differentiable[0]
    leaf = case.tensors[name].requires_grad_()
    value = case.ours(**{name: leaf})
    if value.shape == leaf.shape:
        assert value.is_contiguous(memory_format=torch.channels_last)
    (gradient,) = torch.autograd.grad(value.sum(), leaf)
    assert gradient.is_contiguous(memory_format=torch.channels_last)


WEIGHT_SHAPES = [(), (1,), (7,), (5, 1), (4, 1, 1), (1, 5, 7), (4, 5, 7), (1, 1, 1)]


@pytest.mark.where(lambda loss: loss.family.weights != "classes")
@pytest.mark.parametrize("shape", WEIGHT_SHAPES, ids=str)
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_weight_broadcasts(loss: Loss, shape: tuple[int, ...], reduction: str, device: str) -> None:
    """Every shape that expands to the unreduced loss, with the gradient summed back to it."""
    full = loss.family.weight_shape
    sizes = ((4, 5, 7), (4, 5, 7, 3), (7, 3), (5, 7, 3), (7, 4, 3, 3), (4, 5, 7, 4))
    sizes = tuple(size for size in sizes if loss.family.fit(size) == size)
    size = next(size for size in sizes if full(size) in ((4, 5, 7), (7,)))
    shape = shape[-len(full(size)) :]
    case = make_case(loss, shape=size, device=device, reduction=reduction)
    if "q" in loss.params[0]:
        case = case.but(q=torch.tensor(0.3, dtype=torch.float64, device=device))
    case = case.but(weight=torch.rand(shape, dtype=torch.float64, device=device) + 0.5)
    torch.testing.assert_close(case.ours(), case.expected())
    for actual, expected in zip(case.gradients(), case.gradients(case.expected), strict=True):
        torch.testing.assert_close(actual, expected)


BROADCASTING = [loss for loss in BY_OP.values() if loss.broadcasts]


@pytest.mark.parametrize("wide", BROADCASTING, ids=str)
@pytest.mark.parametrize("narrow", range(3))
def test_operands_broadcast(wide: Loss, narrow: int, device: str) -> None:
    """Where torch broadcasts operands without a warning, size-1 dimensions expand here as well."""
    if narrow >= len(wide.operands):
        pytest.skip("fewer operands")
    case = make_case(wide, shape=(4, 3), device=device)
    name = wide.operands[narrow]
    rowwise = of_family(Elementwise)(wide) and wide.family.rowwise
    for dim in range(case.tensors[name].dim()):
        if wide.op == "gaussian_nll" and name != "var" and dim == 1:
            continue
        if rowwise and name == "input" and dim == 1:
            continue  # an error: the rows' length, which the loss divides by, is the input's
        thin = case.but(**{name: case.tensors[name].narrow(dim, 0, 1).clone()})
        torch.testing.assert_close(thin.ours(), thin.expected())
        got, want = thin.gradients(), thin.gradients(thin.expected)
        for actual, expected in zip(got, want, strict=True):
            assert actual.shape == expected.shape
            torch.testing.assert_close(actual, expected)


@pytest.mark.slow
@pytest.mark.where(
    lambda loss: of_family(ClassAxis)(loss) and loss.baseline and loss.family.fit(SHAPE) == SHAPE
)
def test_more_rows_than_int32_counts(loss: Loss) -> None:
    """The same for rows: one row of two classes, expanded. All share the launcher that counts."""
    rows = 2**31 + 1
    thin = make_case(loss, shape=(1, 2), dtype=torch.float32, reduction="sum")
    wide = thin.map(lambda name, t: t.expand(rows, *t.shape[1:]) if name in loss.operands else t)
    expected = thin.to(torch.float64).expected() * rows
    torch.testing.assert_close(wide.ours().double(), expected, rtol=1e-5, atol=0)


@pytest.mark.slow
@pytest.mark.where(of_family(Elementwise))
def test_more_elements_than_int32_counts(loss: Loss) -> None:
    """Offsets and sizes are 64-bit: 2^31 elements, expanded from few so that they take no room."""
    rows, columns = 2**16 + 1, 2**15 + 1
    thin = make_case(loss, shape=(rows, 1), dtype=torch.float32, reduction="sum")
    if "pos_weight" in thin.tensors:
        pytest.skip("drawn for three columns")
    wide = thin.map(lambda name, t: t.expand(rows, columns) if name in loss.operands else t)
    expected = thin.to(torch.float64).expected() * (1 if loss.family.rowwise else columns)
    torch.testing.assert_close(wide.ours().double(), expected, rtol=1e-5, atol=0)


def test_parameter_and_views(loss: Loss) -> None:
    """nn.Parameter operands and views of parameters behave as tensors."""
    case = make_case(loss, dtype=torch.float32)
    name = loss.differentiable[0]
    parameter = torch.nn.Parameter(case.tensors[name].clone())
    case.ours(**{name: parameter.view(-1).view(parameter.shape)}).backward()
    (expected,) = case.gradients(names=(name,))
    torch.testing.assert_close(parameter.grad, expected)


class Tagged(Tensor):
    """A subclass as users write it, with torch's default __torch_function__."""


def test_tensor_subclass(loss: Loss) -> None:
    """A subclass goes in and comes out, as with torch.nn.functional."""
    case = make_case(loss)
    name = loss.differentiable[0]
    value = case.ours(**{name: case.tensors[name].as_subclass(Tagged)})
    assert type(value) is Tagged
    assert torch.equal(value.as_subclass(Tensor), case.ours())


@pytest.mark.where(lambda loss: loss.family is not BOXES)  # which cost 0 then: see hard/sums.py
def test_same_tensor_twice(loss: Loss, params: dict[str, Any]) -> None:
    """Operands that alias each other: the gradients of both uses add up."""
    case = make_case(loss, params)
    names = case.loss.differentiable
    if len(names) < 2:
        pytest.skip("one differentiable operand")
    if case.tensors[names[0]].shape != case.tensors[names[1]].shape:
        pytest.skip("operands of two shapes")
    if "log_target" in params or params.get("log_input") is False or loss.op == "kl_div":
        pytest.skip("the operands have different domains")
    shared = torch.rand(4, 3, dtype=torch.float64).mul(0.4).add(0.5)
    shared = (-shared if names[0].endswith("logps") else shared).requires_grad_()
    pair = dict.fromkeys(names[:2], shared)
    actual, expected = (
        torch.autograd.grad(call(**pair), shared)[0] for call in (case.ours, case.expected)
    )
    torch.testing.assert_close(actual, expected)
