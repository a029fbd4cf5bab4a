"""What only a GPU shows; the other suites run their cases on it too. Skipped where none is."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor

import lossops
import lossops.functional as F
from tests.cases import Case, make_case
from tests.class_axis import near
from tests.families import of_family
from tests.families.class_axis import MATRIX, ClassAxis
from tests.losses import LOSSES, Loss
from tests.test_regressions import NUMBERS

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available() or lossops.build_info.cuda_version is None,
    reason="no GPU, or a build without CUDA",
)
DTYPES = [torch.float64, torch.float32, torch.bfloat16, torch.float16]


@contextmanager
def no_waiting() -> Iterator[None]:
    """Any synchronization with the device is an error inside."""
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


def on_gpu(case: Case) -> Case:
    return case.map(lambda _, t: t.cuda())


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("weight", [None, "full"])
def test_agrees_with_the_cpu(loss: Loss, dtype: torch.dtype, weight: str | None) -> None:
    for reduction in ("mean", "sum", "none"):
        case = make_case(loss, dtype=dtype, weight=weight, ignore=loss.ignore, reduction=reduction)
        tolerance = 64 * torch.finfo(dtype).eps
        pairs = zip(
            [on_gpu(case).ours(), *on_gpu(case).gradients(names=loss.differentiable)],
            [case.ours(), *case.gradients(names=loss.differentiable)],
            strict=True,
        )
        for actual, expected in pairs:
            torch.testing.assert_close(
                actual.cpu(), expected, rtol=tolerance, atol=tolerance, equal_nan=True
            )


def test_never_waits_for_the_device(loss: Loss) -> None:
    """Forward and backward, weighted, masked, normalized by a tensor of the device."""
    case = on_gpu(make_case(loss, weight="full", ignore=loss.ignore, normalizer=True))
    name = loss.differentiable[0]
    leaf = case.tensors[name].requires_grad_()
    with no_waiting():
        case.ours(**{name: leaf}).backward()
    assert leaf.grad is not None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16], ids=str)
def test_inside_a_graph(loss: Loss, dtype: torch.dtype) -> None:
    """Captured once, replayed on other values of the same tensors."""
    cases = [
        on_gpu(make_case(loss, dtype=dtype, ignore=loss.ignore, seed=seed)) for seed in range(2)
    ]
    name = loss.differentiable[0]
    static = cases[0].map(lambda _, t: t.clone())
    leaf = static.tensors[name].requires_grad_()

    def step() -> tuple[Tensor, Tensor]:
        value = static.ours(**{name: leaf})
        return value, torch.autograd.grad(value, leaf)[0]

    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        value, gradient = step()
    with torch.no_grad():
        for key, t in static.tensors.items():
            t.copy_(cases[1].tensors[key])
    graph.replay()
    torch.testing.assert_close(value, cases[1].ours(), rtol=0, atol=0, equal_nan=True)
    torch.testing.assert_close(gradient, cases[1].gradients(names=[name])[0], rtol=0, atol=0)


def test_works_on_the_current_stream(loss: Loss) -> None:
    case = on_gpu(make_case(loss, dtype=torch.float32))
    expected = case.ours()
    torch.cuda.synchronize()
    with torch.cuda.stream(torch.cuda.Stream()):
        late = case.map(lambda _, t: t.clone() if not t.is_floating_point() else t + 0)
        actual = late.ours()
        torch.cuda.current_stream().synchronize()
    assert torch.equal(actual, expected)


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="one GPU only")
def test_on_another_device_than_the_current(loss: Loss) -> None:
    case = make_case(loss, dtype=torch.float32)
    other = case.map(lambda _, t: t.to("cuda:1"))
    assert torch.cuda.current_device() == 0
    assert torch.equal(other.ours().cpu(), on_gpu(case).ours().cpu())


@pytest.mark.parametrize("upstream", [1.0, 0.5])
def test_backward_keeps_what_others_hold(loss: Loss, upstream: float) -> None:
    """Scaled in place when the graph goes, never while it stays."""
    case = on_gpu(make_case(loss, dtype=torch.float32))
    name = loss.differentiable[0]
    leaf = case.tensors[name].requires_grad_()
    value = case.ours(**{name: leaf})
    by = torch.full_like(value, upstream)
    first = torch.autograd.grad(value, leaf, by, retain_graph=True)[0]
    kept = first.clone()
    last = torch.autograd.grad(value, leaf, by)[0]
    assert torch.equal(first, kept)
    torch.testing.assert_close(last, first)


@pytest.mark.slow
def test_more_dense_elements_than_int32_counts() -> None:
    """Vectors of 2^31 elements and a few, with their gradient: 64-bit indices on the fast path."""
    size = 2**31 + 12345
    x = torch.zeros(size, dtype=torch.bfloat16, device="cuda").requires_grad_()
    target = torch.zeros_like(x, requires_grad=False)
    target[-7:] = 3.0
    F.mse_loss(x, target, reduction="sum").backward()
    assert x.grad is not None
    assert x.grad[:-7].count_nonzero() == 0
    assert torch.equal(x.grad[-7:], torch.full((7,), -6.0, dtype=x.dtype, device="cuda"))


@pytest.mark.slow
def test_more_dense_rows_than_int32_offsets() -> None:
    """Rows beyond 2^31 elements from the first."""
    rows, classes = 2**16 + 3, 2**15
    x = torch.zeros(rows, classes, dtype=torch.bfloat16, device="cuda").requires_grad_()
    labels = torch.arange(rows, device="cuda") % classes
    F.cross_entropy(x, labels, reduction="sum").backward()
    assert x.grad is not None
    hit = x.grad[-1, labels[-1]].item()
    assert hit == pytest.approx(-1.0, abs=1e-2)
    assert x.grad[-1].float().sum().item() == pytest.approx(0.0, abs=1e-2)


LONG_ROWS = [2047, 2049, 8193, 32000, 50257, 65537, 128256]


@pytest.mark.parametrize("classes", LONG_ROWS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=str)
def test_long_rows(classes: int, dtype: torch.dtype) -> None:
    """Every way to share out a row, also one whose rows begin between two vectors."""
    x = torch.randn(5, classes, dtype=dtype, device="cuda").requires_grad_()
    labels = torch.randint(classes, (5,), device="cuda")
    value = F.cross_entropy(x, labels)
    (gradient,) = torch.autograd.grad(value, x)
    exact = x.detach().double().requires_grad_()
    expected = torch.nn.functional.cross_entropy(exact, labels)
    (slope,) = torch.autograd.grad(expected, exact)
    eps = torch.finfo(dtype).eps
    torch.testing.assert_close(value.double(), expected, rtol=2 * eps, atol=0)
    torch.testing.assert_close(gradient.double(), slope, rtol=4 * eps, atol=1e-7)


def check_long_rows(loss: Loss, classes: int, dtype: torch.dtype, device: str) -> None:
    """Values and gradients of every set of parameters, against the CPU's in float64."""
    for params in loss.params:
        pairs = MATRIX in params.values() or loss.op == "multilabel_margin"
        if pairs and classes > 3000:
            continue  # a row would have tens of millions of them
        shape = (classes, 5) if params.get("dim") == 0 else (5, classes)
        case = make_case(loss, params, shape, dtype=dtype, device=device, weight="full",
                         ignore=loss.ignore, reduction="none")  # fmt: skip
        exact, names = case.to("cpu", torch.float64), loss.differentiable
        near(case.ours().cpu(), exact.ours(), case)
        for ours, theirs in zip(
            case.gradients(names=names), exact.gradients(names=names), strict=True
        ):
            near(ours.cpu(), theirs, case)


@pytest.mark.where(of_family(ClassAxis))
@pytest.mark.parametrize("classes", [513, 2049, 8193])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=str)
def test_long_rows_of_every_loss(loss: Loss, dtype: torch.dtype, classes: int) -> None:
    """Each kind of work by a whole block, on rows that begin between two vectors."""
    check_long_rows(loss, classes, dtype, "cuda")


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_of_the_host_never_wait(name: str) -> None:
    """Beside tensors of the device, forward, backward and inside a graph."""
    x = torch.linspace(-1, 1, 12, device="cuda").view(4, 3).requires_grad_()
    t, number = torch.arange(4, device="cuda") % 3, torch.tensor(0.5)

    def step() -> tuple[Tensor, Tensor]:
        value = NUMBERS[name](x, t, number)
        return value, torch.autograd.grad(value.sum(), x)[0]

    expected = NUMBERS[name](x, t, number.cuda()).detach()
    with no_waiting():
        eager = tuple(t.detach() for t in step())  # graphs of another stream cannot be captured
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        captured = step()
    graph.replay()
    torch.testing.assert_close(eager[0], expected)
    torch.testing.assert_close(captured, eager, rtol=0, atol=0)


@pytest.mark.parametrize("name", [name for name in NUMBERS if name != "label"])
def test_gradients_of_numbers_of_the_host(name: str) -> None:
    """By the decomposition, which must spread a number before a mean divides by it."""
    slopes = []
    for device in ("cpu", "cuda"):
        x = torch.linspace(-1, 1, 12, device=device).view(4, 3)
        number = torch.tensor(0.5, requires_grad=True)
        value = NUMBERS[name](x, torch.arange(4, device=device) % 3, number)
        slopes.append([value.cpu(), *torch.autograd.grad(value.sum(), number)])
    torch.testing.assert_close(*slopes)


def test_levels_of_a_list_never_wait() -> None:
    x = torch.linspace(-1, 1, 12, device="cuda").view(4, 3)
    with no_waiting():
        value = F.quantile_loss(x, x.flip(0), [0.1, 0.5, 0.9])
    torch.testing.assert_close(
        value.cpu(), F.quantile_loss(x.cpu(), x.cpu().flip(0), [0.1, 0.5, 0.9])
    )


def test_bad_values_stop_the_device() -> None:
    """In a process of its own, since nothing works in one after a device-side assert."""
    lines = [
        "F.cross_entropy(torch.zeros(2, 3), torch.tensor([0, 3]))",
        "F.cross_entropy(torch.zeros(2, 0), torch.tensor([0, -100]))",
        "F.binary_cross_entropy(*torch.full((2, 5), 2.0))",
        "F.binary_cross_entropy(torch.full((5,), 0.5), torch.full((5,), 255.0))",
        "F.gaussian_nll_loss(torch.zeros(2), torch.zeros(2), torch.tensor([1.0, -1.0]))",
        "F.quantile_loss(torch.zeros(2), torch.zeros(2), torch.tensor([0.5, 0.0]))",
        "F.quantile_loss(torch.zeros(2), torch.zeros(2), 1.5)",
        "F.balanced_softmax_loss(torch.zeros(1, 2), torch.tensor([0]), torch.tensor([1.0, -1]))",
    ]
    start = "import torch, lossops.functional as F; torch.set_default_device('cuda')"
    for line in lines:
        code = f"{start}; {line}; torch.cuda.synchronize()"
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode != 0 and "device-side assert" in done.stderr


def test_every_loss_has_kernels() -> None:
    for loss in LOSSES:
        name = f"lossops::{loss.op}"
        assert torch._C._dispatch_has_kernel_for_dispatch_key(name, "CUDA"), name
