"""Penalties over many tensors: values, gradients of every kind, layouts, dtypes, errors."""

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch._subclasses import FakeTensorMode
from torch.autograd import forward_ad
from torch.library import opcheck

import lossops
from lossops import elastic_net_penalty, l1_penalty, l2_penalty, select_parameters

OP = torch.ops.lossops.elastic_net_penalty.default

STRENGTHS = [(0.3, 0.0), (0.0, 0.7), (0.3, 0.7), (0.0, 0.0)]
SHAPES = [(), (0,), (1,), (7,), (3, 5), (4096,), (4097,), (2, 3, 4, 5), (300, 101)]
strengths = pytest.mark.parametrize(("l1", "l2"), STRENGTHS)


def reference(params: Any, l1: float, l2: float) -> Tensor:
    """The Python sum, in float64."""
    parts = [l1 * p.double().abs().sum() + l2 * p.double().square().sum() for p in params]
    return torch.stack(parts).sum()


def drawn(*shapes: tuple[int, ...], dtype: torch.dtype = torch.float64) -> list[Tensor]:
    return [torch.randn(shape, dtype=torch.float64).to(dtype) for shape in shapes]


def leaves(params: list[Tensor]) -> list[Tensor]:
    return [p.detach().requires_grad_() for p in params]


def slopes(penalty: Callable[..., Tensor], params: list[Tensor], *args: float) -> Any:
    inputs = leaves(params)
    return torch.autograd.grad(penalty(inputs, *args), inputs, torch.tensor(1.7).double())


# -- values and gradients -------------------------------------------------------------------------


@strengths
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_values_and_gradients(l1: float, l2: float, dtype: torch.dtype) -> None:
    params = drawn(*SHAPES, dtype=dtype)
    value = elastic_net_penalty(params, l1, l2)
    wide, eps = dtype == torch.float64, torch.finfo(dtype).eps
    assert value.dtype == (torch.float64 if wide else torch.float32) and value.shape == ()
    tolerance = 1e-13 if wide else 2e-6
    torch.testing.assert_close(value.double(), reference(params, l1, l2), rtol=tolerance, atol=0)
    grads = torch.autograd.grad(elastic_net_penalty(inputs := leaves(params), l1, l2), inputs)
    for p, grad in zip(params, grads, strict=True):
        expected = l1 * p.double().sign() + 2 * l2 * p.double()
        assert grad.dtype == dtype
        torch.testing.assert_close(grad, expected.to(dtype), rtol=2 * eps, atol=0)


def test_single_penalties() -> None:
    params = drawn((5,), (2, 3))
    torch.testing.assert_close(l1_penalty(params, 0.3), reference(params, 0.3, 0))
    torch.testing.assert_close(l2_penalty(params, 0.3), reference(params, 0, 0.3))
    torch.testing.assert_close(l1_penalty(params[0], 1.0), params[0].abs().sum())


def test_each_has_its_name_in_the_graph() -> None:
    x = torch.ones(2, requires_grad=True)
    for value, name in (
        (l1_penalty(x, 1.0), "::L1PenaltyBackward"),
        (l2_penalty(x, 1.0), "::L2PenaltyBackward"),
        (elastic_net_penalty(x, 1.0, 1.0), "::ElasticNetPenaltyBackward"),
    ):
        assert name in value.grad_fn.name()


@strengths
def test_mixed_dtypes(l1: float, l2: float) -> None:
    params = [
        torch.randn(40).to(dtype)
        for dtype in (torch.float32, torch.bfloat16, torch.float64, torch.float16)
    ]
    value = elastic_net_penalty(params, l1, l2)
    assert value.dtype == torch.float64
    torch.testing.assert_close(value, reference(params, l1, l2), rtol=1e-6, atol=0)
    assert elastic_net_penalty(params[:2], l1, l2).dtype == torch.float32
    inputs = leaves(params)
    elastic_net_penalty(inputs, l1, l2).backward()
    assert [p.grad.dtype for p in inputs] == [p.dtype for p in params]


def test_half_precision_does_not_overflow() -> None:
    """The squares alone leave the range of float16."""
    p = torch.full((10_000,), 300.0, dtype=torch.float16)
    assert l2_penalty(p, 1.0) == 9e8
    assert l1_penalty(p, 1.0) == 3e6


def test_kink_and_special_values() -> None:
    """The slope of l1 at 0 and NaN is 0, as torch has it; an infinite element has one."""
    for size in (1, 40):
        p = torch.tensor([0.0, -0.0, math.inf, -math.inf, math.nan, 1e-45, -3.0]).repeat(size)
        expected = torch.tensor([0, 0, 3.4, -3.4, 0, 3.4, -3.4]).repeat(size)
        torch.testing.assert_close(slopes(l1_penalty, [p], 2.0)[0], expected)
        decomposed = torch.func.grad(lambda q: 1.7 * l1_penalty(q, 2.0))(p)
        torch.testing.assert_close(decomposed, expected)
    assert l1_penalty(torch.tensor([-math.inf]), 1.0) == math.inf
    assert l1_penalty(torch.tensor([1.0, math.nan]), 1.0).isnan()
    assert l2_penalty(torch.tensor([1.0, math.nan]), 1.0).isnan()


def test_gradient_only_where_wanted() -> None:
    """Parameters without gradient count in the value; integers of the graph take none."""
    a, b, c = drawn((5,), (6,), (7,))
    a.requires_grad_()
    c.requires_grad_()
    value = elastic_net_penalty([a, b, c], 0.3, 0.7)
    torch.testing.assert_close(value.detach(), reference([a.detach(), b, c.detach()], 0.3, 0.7))
    (only,) = torch.autograd.grad(value, c)
    torch.testing.assert_close(only, 0.3 * c.detach().sign() + 1.4 * c.detach())
    assert not elastic_net_penalty([b], 0.3, 0.7).requires_grad
    with torch.no_grad():
        assert not elastic_net_penalty([a], 0.3, 0.7).requires_grad


@strengths
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
def test_scaled_backward(l1: float, l2: float, dtype: torch.dtype) -> None:
    """The gradients written in forward take the scale."""
    params = drawn(*SHAPES, dtype=dtype)
    inputs = leaves(params)
    expected = [(1.7 * (l1 * p.double().sign() + 2 * l2 * p.double())).to(dtype) for p in params]
    # A negated one is no plain number, and sends backward to the operators of other devices.
    for upstream in torch.tensor(1.7), torch._neg_view(torch.tensor(-1.7)):
        value = elastic_net_penalty(inputs, l1, l2)
        found = torch.autograd.grad(value, inputs, upstream.to(value.dtype))
        for g, e in zip(found, expected, strict=True):
            torch.testing.assert_close(g, e)


def test_small_gradients_of_float16() -> None:
    """They meet the scale of the loss before they are rounded."""
    (p,) = leaves([torch.full((100,), 1e-3, dtype=torch.float16)])
    (l2_penalty([p], 1e-6) * 2.0**16).backward()
    expected = 2e-6 * p.detach().double() * 2**16
    torch.testing.assert_close(p.grad.double(), expected, rtol=1e-3, atol=0)


def test_accumulates() -> None:
    """Beside the loss, twice, and into a gradient that is there already."""
    (p,) = drawn((50,))
    p.requires_grad_()
    (p.sin().sum() + l2_penalty([p, p], 0.5)).backward()
    l1_penalty([p], 1.0).backward()
    q = p.detach()
    torch.testing.assert_close(p.grad, q.cos() + 2 * q + q.sign())


def test_retain_graph_and_changed_parameters() -> None:
    (p,) = leaves(drawn((50,)))
    value = l2_penalty([p], 1.0)
    first = torch.autograd.grad(value, p, retain_graph=True)[0]
    expected = first.clone()
    first.zero_()  # nobody else's
    for factor in (1.0, 3.0, 1.0):
        again = torch.autograd.grad(value, p, torch.tensor(factor).double(), retain_graph=True)[0]
        assert torch.equal(again, factor * expected)
    with torch.no_grad():
        p.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(value, p)


# -- layouts --------------------------------------------------------------------------------------

LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "transposed": lambda t: t.mT,
    "stepped": lambda t: t[:, ::3],
    "offset": lambda t: t.flatten()[1:],
    "expanded": lambda t: t[:1].expand(50, -1),
    "channels_last": lambda t: t.view(4, 5, 3, -1).to(memory_format=torch.channels_last),
    "negated": lambda t: torch._neg_view(t),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_layouts(layout: str, dtype: torch.dtype) -> None:
    p = LAYOUTS[layout](torch.randn(60, 90).to(dtype))
    before = p.clone()
    torch.testing.assert_close(
        elastic_net_penalty([p], 0.3, 0.7).double(),
        reference([before], 0.3, 0.7),
        rtol=2e-6,
        atol=0,
    )
    (grad,) = slopes(elastic_net_penalty, [p], 0.3, 0.7)
    (expected,) = slopes(elastic_net_penalty, [before.contiguous()], 0.3, 0.7)
    torch.testing.assert_close(grad, expected)
    assert torch.equal(p, before)
    if layout in ("transposed", "channels_last"):
        assert grad.stride() == p.stride()


def test_same_for_any_number_of_threads() -> None:
    params = drawn((100_003,), (7,), (300, 1001), (0,), (65_536,), dtype=torch.float32)
    found = []
    for threads in (1, 2, 3, 8):
        torch.set_num_threads(threads)
        value = elastic_net_penalty(params, 0.3, 0.7)
        found.append([value, *slopes(elastic_net_penalty, params, 0.3, 0.7)])
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))


def test_many_blocks_keep_their_digits() -> None:
    """Lanes add in float within a block of 4096 at most, all else in double."""
    p = torch.full((10_000_000,), 0.1)
    error = abs(l1_penalty(p, 1.0).item() / (p[0].item() * 1e7) - 1)
    assert error < 64 * torch.finfo(torch.float32).eps
    whole = torch.full((10_000_000,), 0.5)
    assert l1_penalty(whole, 1.0) == 5e6 and l2_penalty(whole, 1.0) == 2.5e6


# -- derivatives beyond the first, transforms, compilers ------------------------------------------


@strengths
@pytest.mark.filterwarnings("ignore:There is a performance drop")
def test_gradcheck(l1: float, l2: float) -> None:
    inputs = leaves([p + p.sign() for p in drawn((3,), (2, 2), (), (0,))])

    def penalty(*params: Tensor) -> Tensor:
        return elastic_net_penalty(params, l1, l2)

    everything: Any = {"check_batched_grad": True}
    assert torch.autograd.gradcheck(
        penalty, inputs, check_forward_ad=True, check_batched_forward_grad=True, **everything
    )
    assert torch.autograd.gradgradcheck(penalty, inputs, check_fwd_over_rev=True, **everything)


def test_gradient_of_a_gradient_norm() -> None:
    (p,) = leaves(drawn((6,)))
    (grad,) = torch.autograd.grad(elastic_net_penalty([p], 0.3, 0.7), p, create_graph=True)
    (second,) = torch.autograd.grad(grad.square().sum(), p)
    q = p.detach()
    torch.testing.assert_close(second, 2 * (0.3 * q.sign() + 1.4 * q) * 1.4)


def test_forward_mode() -> None:
    p, t = drawn((6,), (6,))
    with forward_ad.dual_level():
        value = elastic_net_penalty([forward_ad.make_dual(p, t)], 0.3, 0.7)
        tangent = forward_ad.unpack_dual(value).tangent
    torch.testing.assert_close(tangent, (t * (0.3 * p.sign() + 1.4 * p)).sum())


def test_func() -> None:
    (p,) = drawn((4, 6))

    def ours(row: Tensor) -> Tensor:
        return elastic_net_penalty([row, row[:2]], 0.3, 0.7)

    def theirs(row: Tensor) -> Tensor:
        return reference([row, row[:2]], 0.3, 0.7)

    for transform in (
        torch.func.vmap,
        lambda f: torch.func.vmap(torch.func.grad(f)),
        lambda f: torch.func.vmap(torch.func.hessian(f)),
        lambda f: torch.func.jacfwd(torch.func.jacrev(torch.func.vmap(f))),
    ):
        torch.testing.assert_close(transform(ours)(p), transform(theirs)(p))


def test_operators() -> None:
    params = [*drawn((4, 3), (5,)), torch.randn(3, 2, dtype=torch.bfloat16)]
    opcheck(OP, (params, 0.3, 0.7))
    opcheck(OP, (leaves(params), 0.3, 0.7))


def test_meta_of_nothing() -> None:
    with FakeTensorMode(), pytest.raises(ValueError, match="at least one tensor"):
        OP([], 1.0, 1.0)


def test_meta() -> None:
    params = [torch.empty(60, 90, device="meta"), torch.empty(3, device="meta").bfloat16()]
    assert OP(params, 0.3, 0.7).dtype == torch.float32
    assert OP([*params, torch.empty(0, device="meta").double()], 0.3, 0.7).dtype == torch.float64
    inputs = leaves(params)
    OP(inputs, 0.3, 0.7).backward()
    assert [(p.grad.shape, p.grad.dtype) for p in inputs] == [(p.shape, p.dtype) for p in params]


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 2))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


@pytest.mark.parametrize("compiled_autograd", [False, True])
def test_compile(compiled_autograd: bool) -> None:
    """Penalty of all parameters and of some, in one graph with the model."""
    net, x = Net(), torch.randn(16, 4)
    weights = select_parameters(net, "*.weight")

    def step(x: Tensor) -> Tensor:
        return net(x).square().mean() + l1_penalty(net, 0.01) + l2_penalty(weights, 0.1)

    step(x).backward()
    expected = [p.grad.clone() for p in net.parameters()]
    net.zero_grad()
    with torch._dynamo.config.patch(compiled_autograd=compiled_autograd):
        torch.compile(step, fullgraph=True)(x).backward()
    for p, grad in zip(net.parameters(), expected, strict=True):
        torch.testing.assert_close(p.grad, grad)


def test_compiled_autograd_of_an_eager_forward() -> None:
    from torch._dynamo import compiled_autograd

    params = leaves(drawn((5,), (6,)))
    with compiled_autograd._enable(torch.compile(backend="eager")):
        elastic_net_penalty(params, 0.3, 0.7).backward()
    for p in params:
        torch.testing.assert_close(p.grad, 0.3 * p.detach().sign() + 1.4 * p.detach())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=str)
def test_autocast(dtype: torch.dtype) -> None:
    params = leaves(drawn((50,), (3, 4), dtype=dtype))
    with torch.autocast("cpu", torch.bfloat16):
        value = elastic_net_penalty(params, 0.3, 0.7)
    assert value.dtype == torch.float32
    assert torch.equal(value, elastic_net_penalty(params, 0.3, 0.7))
    value.backward()
    assert all(p.grad.dtype == dtype for p in params)


def test_torchscript() -> None:
    @torch.jit.script
    def scripted(a: Tensor, b: Tensor) -> Tensor:
        return torch.ops.lossops.elastic_net_penalty([a, b], 0.3, 0.7)

    a, b = leaves(drawn((4,), (5,)))
    scripted(a, b).backward()
    torch.testing.assert_close(a.grad, 0.3 * a.detach().sign() + 1.4 * a.detach())


def test_checkpointed_and_offloaded() -> None:
    params = leaves(drawn((40,)))
    with torch.autograd.graph.save_on_cpu():
        value = l2_penalty(params, 1.0)
    value.backward()
    torch.testing.assert_close(params[0].grad, 2 * params[0].detach())


def test_as_a_term_of_a_loss() -> None:
    """The recipe of docs/training.md, beside weight decay of SGD."""
    torch.manual_seed(1)
    x = torch.randn(16, 4)
    results = []
    for decay in (0.2, 0.0):
        torch.manual_seed(0)
        net = Net().double()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=decay)
        loss = net(x.double()).square().mean()
        if not decay:
            loss = loss + l2_penalty(net, 0.1)
        loss.backward()
        optimizer.step()
        results.append([p.detach() for p in net.parameters()])
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b)


# -- choosing parameters, errors ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("include", "exclude", "names"),
    [
        ("*", (), "0.weight 0.bias 1.weight 1.bias 2.weight 2.bias"),
        ("*.weight", (), "0.weight 1.weight 2.weight"),
        ("*", ["*.bias", re.compile(r"\.1\.")], "0.weight 2.weight"),
        (re.compile("2"), (), "2.weight 2.bias"),
        (["*0.*", "*2.*"], "*.bias", "0.weight 2.weight"),
    ],
)
def test_select_parameters(include: Any, exclude: Any, names: str) -> None:
    net = Net()
    named = {f"layers.{name}": p for name, p in net.layers.named_parameters()}
    chosen = select_parameters(net, include, exclude)
    assert [id(p) for p in chosen] == [id(named[f"layers.{name}"]) for name in names.split()]


def test_select_shared() -> None:
    """Any of its names will do, to take it and to leave it out."""
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[1].weight = net[0].weight
    assert select_parameters(net, ["1.weight"])[0] is net[0].weight
    assert select_parameters(net, exclude="1.*") == [net[0].bias]


def test_select_nothing() -> None:
    with pytest.raises(ValueError, match=r"include='\*.weigth' .* leave none .*'layers.0.weight'"):
        select_parameters(Net(), "*.weigth")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: l1_penalty([], 1.0), ValueError, "l1_penalty: parameters must hold at least one"),
        (lambda: l2_penalty(nn.ReLU(), 1.0), ValueError, "l2_penalty: parameters must hold"),
        (lambda: l1_penalty(torch.ones(2), -1.0), ValueError, "l1_penalty: strength .* got -1.0"),
        (lambda: l2_penalty(torch.ones(2), math.nan), ValueError, "strength must be .* got nan"),
        (lambda: elastic_net_penalty(torch.ones(2), 1.0, math.inf), ValueError, "l2 must be"),
        (lambda: OP([], 1.0, 1.0), ValueError, "elastic_net_penalty: params must hold"),
        (lambda: l1_penalty([None], 1.0), TypeError, "must be tensors, got NoneType"),
        (lambda: l1_penalty(None, 1.0), TypeError, "^l1_penalty: parameters must be .* NoneType"),
        (lambda: l2_penalty(3, 1.0), TypeError, "^l2_penalty: parameters must be .* got int"),
        (lambda: l1_penalty(torch.ones(2), "a"), TypeError,
         "^l1_penalty: strength must be a number, got str 'a'"),
        (lambda: l1_penalty(torch.ones(2), np.ones(2)), TypeError,
         "^l1_penalty: strength must be a number, got a tensor of shape"),
        (lambda: l2_penalty(torch.ones(2), 10**400), ValueError,
         "^l2_penalty: strength must be a number, in the range of float64"),
        (lambda: elastic_net_penalty(torch.ones(2), 1.0, None), TypeError,
         "^elastic_net_penalty: l2 must be a number, got None"),
        (lambda: select_parameters("x"), TypeError, "module must be an nn.Module, got str"),
        (lambda: select_parameters(Net(), None), TypeError, "include must be .*, got None"),
        (lambda: select_parameters(Net(), exclude=[3]), TypeError, "exclude must be .*, got 3"),
        (lambda: l1_penalty(nn.Linear(2, 1).named_parameters(), 1.0), TypeError, "got tuple"),
        (lambda: l1_penalty(torch.ones(2), torch.ones(())), TypeError, "must be a number"),
        (lambda: OP([torch.ones(2)], -1.0, 0.0), ValueError, "elastic_net_penalty: l1 must be"),
        (lambda: l1_penalty([torch.ones(2), torch.ones(2).int()], 1.0), NotImplementedError,
         "^l1_penalty: parameter 1 must have dtype float16, .*got Int"),
        (lambda: l1_penalty([torch.ones(2) + 0j], 1.0), NotImplementedError, "got ComplexFloat"),
        (lambda: l1_penalty([torch.ones(2).to_sparse()], 1.0), RuntimeError,
         "^l1_penalty: parameter 0 must be a dense tensor, got layout Sparse"),
        (lambda: l1_penalty([torch.ones(2), torch.ones(2, device="meta")], 1.0), RuntimeError,
         "parameter 1 must be on the device of the first, cpu, got meta"),
    ],
)  # fmt: skip
def test_errors(call: Callable[[], Tensor], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_public() -> None:
    names = ("l1_penalty", "l2_penalty", "elastic_net_penalty", "select_parameters")
    assert set(names) <= set(lossops.__all__)
