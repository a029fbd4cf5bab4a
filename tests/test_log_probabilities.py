"""Log-probabilities of given classes, and entropies, against a log-softmax in float64."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.export import Dim, export
from torch.func import grad, jvp, vmap
from torch.library import opcheck

import lossops
from lossops import selective_log_softmax, softmax_entropy

pytestmark = [pytest.mark.usefixtures("on_device"),
              pytest.mark.filterwarnings("ignore:.*torch.jit.* is")]  # fmt: skip
INF, NAN = math.inf, math.nan
SHAPES = ((5,), (7, 3), (2, 5, 300), (3, 2, 4, 17), (2, 1, 5000), (0, 4))


def drawn(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    with torch.device("cpu"):
        values = torch.randn(shape, generator=generator, dtype=torch.float64)
    return (2 * values).to(torch.get_default_device())


def some_classes(*shape: int, classes: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    with torch.device("cpu"):
        index = torch.randint(classes, shape, generator=generator)
    return index.to(torch.get_default_device())


def selected(logits: Tensor, index: Tensor, temperature: float = 1.0) -> Tensor:
    logs = (logits / temperature).log_softmax(-1)
    several = index.dim() == logits.dim()
    found = logs.gather(-1, index if several else index.unsqueeze(-1))
    return found if several else found.squeeze(-1)


def entropy(logits: Tensor, temperature: float = 1.0) -> Tensor:
    logs = (logits / temperature).log_softmax(-1)
    return -(logs.exp() * logs).sum(-1)


def same_with_gradient(
    ours: Callable[[Tensor], Tensor], theirs: Callable[[Tensor], Tensor], logits: Tensor
) -> None:
    found = []
    for function in (ours, theirs):
        leaf = logits.clone().requires_grad_()
        value = function(leaf)
        upstream = torch.linspace(-1, 2, value.numel(), dtype=value.dtype).view(value.shape)
        found.append((value.detach(), *torch.autograd.grad(value, leaf, upstream)))
    for got, expected in zip(*found, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("temperature", [1.0, 0.3])
def test_values(shape: tuple[int, ...], temperature: float, device: str) -> None:
    logits = drawn(*shape)
    for rows in (shape[:-1], (*shape[:-1], 3)):
        index = some_classes(*rows, classes=shape[-1])
        same_with_gradient(
            partial(selective_log_softmax, index=index, temperature=temperature),
            partial(selected, index=index, temperature=temperature),
            logits,
        )
        assert selective_log_softmax(logits, index, temperature).shape == index.shape
    same_with_gradient(
        lambda x: softmax_entropy(x, temperature), lambda x: entropy(x, temperature), logits
    )


def test_digits(device: str) -> None:
    """In float32, where one class has nearly all of the probability."""
    p = math.exp(-30)
    logits = torch.tensor([[30.0, 0.0, -INF], [0.0, 30.0, -INF]], requires_grad=True)
    value = selective_log_softmax(logits, torch.tensor([0, 0]))
    exact = torch.tensor([-math.log1p(p), -30 - math.log1p(p)])
    torch.testing.assert_close(value.detach(), exact, rtol=1e-6, atol=0)
    (slope,) = torch.autograd.grad(value.sum(), logits)
    torch.testing.assert_close(
        slope, torch.tensor([[p, -p, 0.0], [1.0, -1.0, 0.0]]), rtol=1e-6, atol=0
    )
    value = softmax_entropy(logits)
    torch.testing.assert_close(value.detach(), torch.full((2,), 31 * p), rtol=1e-6, atol=0)
    (slope,) = torch.autograd.grad(value.sum(), logits)
    exact = torch.tensor([[-30 * p, 30 * p, 0.0], [30 * p, -30 * p, 0.0]])
    torch.testing.assert_close(slope, exact, rtol=1e-6, atol=0)


def test_classes_that_are_left_out(device: str) -> None:
    """-inf is a probability of 0; of nothing else there is no distribution."""
    logits = torch.tensor([[0.0, -INF, 0.0], [-INF, -INF, 5.0], [-INF, -INF, -INF]])
    value = selective_log_softmax(logits, torch.tensor([1, 2, 0]))
    torch.testing.assert_close(value, torch.tensor([-INF, 0.0, NAN]), equal_nan=True)
    value = softmax_entropy(logits)
    torch.testing.assert_close(value, torch.tensor([math.log(2), 0.0, NAN]), equal_nan=True)
    for function in (softmax_entropy, lambda x: selective_log_softmax(x, torch.tensor([0, 2]))):
        leaf = logits[:2].clone().requires_grad_()
        for slope in (
            torch.autograd.grad(function(leaf).sum(), leaf)[0],
            grad(lambda x: function(x).sum())(logits[:2]),  # noqa: B023
        ):
            assert slope.isfinite().all() and (slope[logits[:2] == -INF] == 0).all()


def test_ignored(device: str) -> None:
    logits = drawn(4, 3)
    index = torch.tensor([0, -100, 2, -100])
    logits[1], logits[3] = NAN, INF
    leaf = logits.clone().requires_grad_()
    value = selective_log_softmax(leaf, index, ignore_index=-100)
    assert value[1] == value[3] == 0
    torch.testing.assert_close(value[::2].detach(), selected(logits[::2], index[::2]))
    (slope,) = torch.autograd.grad(value.sum(), leaf)
    assert (slope[1::2] == 0).all() and slope.isfinite().all()


def functions() -> tuple[Callable[[Tensor], Tensor], ...]:
    index, several = some_classes(3, classes=4), some_classes(3, 2, classes=4)
    return (
        lambda x: selective_log_softmax(x, index, 0.7),
        lambda x: selective_log_softmax(x, several),
        lambda x: softmax_entropy(x, 1.5),
    )


def test_derivatives(device: str) -> None:
    """First and second, backward and forward, by finite differences."""
    leaf = drawn(3, 4).requires_grad_()
    for function in functions():
        assert gradcheck(function, (leaf,), check_forward_ad=True)
        assert gradgradcheck(function, (leaf,))


def test_transforms(device: str) -> None:
    x, tangent, batch = drawn(3, 4), drawn(3, 4, seed=1), drawn(5, 3, 4, seed=2)
    theirs: tuple[Callable[[Tensor], Tensor], ...] = (
        lambda x: selected(x, some_classes(3, classes=4), 0.7),
        lambda x: selected(x, some_classes(3, 2, classes=4)),
        lambda x: entropy(x, 1.5),
    )
    for ours, formula in zip(functions(), theirs, strict=True):
        torch.testing.assert_close(jvp(ours, (x,), (tangent,)), jvp(formula, (x,), (tangent,)))
        torch.testing.assert_close(vmap(ours)(batch), torch.stack([formula(x) for x in batch]))
        compiled = torch.compile(ours, fullgraph=True, backend="aot_eager", dynamic=True)
        torch.testing.assert_close(compiled(x), formula(x))


class Both(torch.nn.Module):
    def forward(self, logits: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
        return selective_log_softmax(logits, index, 0.5, -1), softmax_entropy(logits)


def test_programs(device: str) -> None:
    """Exported for any number of rows, and scripted."""
    args = drawn(4, 6), some_classes(4, classes=6)
    rows = {0: Dim("N")}
    program = export(Both(), args, dynamic_shapes=(rows, rows)).module()
    for few in (args, (args[0][:3], args[1][:3])):
        expected = Both()(*few)
        torch.testing.assert_close(program(*few), expected)
        torch.testing.assert_close(torch.jit.script(Both())(*few), expected)


def test_narrow_dtypes(device: str) -> None:
    """Sums of float32: what a log-softmax in bfloat16 gives is two digits."""
    for dtype in (torch.bfloat16, torch.float16, torch.float32):
        logits, index = drawn(20, 1000).to(dtype), some_classes(20, classes=1000)
        exact = logits.double()
        eps = torch.finfo(dtype).eps
        for got, expected in (
            (selective_log_softmax(logits, index), selected(exact, index)),
            (softmax_entropy(logits), entropy(exact)),
        ):
            assert got.dtype == dtype
            torch.testing.assert_close(got.double(), expected, rtol=eps, atol=eps)


def test_operators(device: str) -> None:
    logits, index = drawn(3, 4).requires_grad_(), some_classes(3, classes=4)
    for name in ("selective_log_softmax", "softmax_entropy"):
        op = getattr(torch.ops.lossops, name).default
        opcheck(op, (logits, index, 0.5), {"reduction": 0})


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        ((torch.zeros(2, 3), torch.tensor([0, 3])), IndexError,
         r"index must be in \[0, 2\], got 3 at position \(1\)"),
        ((torch.zeros(2, 3), torch.tensor([0, 1, 1])), ValueError,
         "index must have the shape of logits without its class axis"),
        ((torch.zeros(2, 3), torch.tensor([0.0, 1.0])), RuntimeError,
         "index must hold labels of an integer dtype"),
        ((torch.zeros(2, 3), torch.tensor([0, 1]), 0.0), RuntimeError,
         "temperature must be > 0, got 0"),
        (([0.0], torch.tensor([0])), TypeError, "logits must be a tensor, got list"),
        ((torch.tensor(0.0), torch.tensor(0)), RuntimeError,
         r"logits must have at least one dimension, got shape \(\)"),
    ],
)  # fmt: skip
def test_errors(args: tuple[Any, ...], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^selective_log_softmax: {message}"):
        lossops.selective_log_softmax(*args)


def test_errors_of_entropy() -> None:
    with pytest.raises(RuntimeError, match="^softmax_entropy: temperature must be > 0, got -1"):
        lossops.softmax_entropy(torch.zeros(2, 3), -1.0)
    with pytest.raises(RuntimeError, match="^softmax_entropy: logits must have at least one"):
        lossops.softmax_entropy(torch.tensor(0.0))
    for shape in ((2, 0), (0, 0), (0,)):
        with pytest.raises(RuntimeError, match="^softmax_entropy: logits must have at least one c"):
            lossops.softmax_entropy(torch.zeros(shape))
