"""Every path of the kernels over a class axis: values, gradients, bits and memory."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.cases import Case, make_case
from tests.class_axis import (
    DTYPES,
    REDUCTIONS,
    ROWS,
    check,
)
from tests.families import of_family
from tests.families.class_axis import ClassAxis, Points
from tests.losses import MATRIX, Loss
from tests.test_memory import peak_bytes
from tests.tiers import thorough

pytestmark = [
    pytest.mark.where(of_family(ClassAxis)),
    pytest.mark.usefixtures("on_device"),
]


@pytest.fixture
def _threads() -> Iterator[None]:
    yield
    torch.set_num_threads(1)


# -- every path of the kernels ---------------------------------------------------------------------

CLASSES = (1, 2, 3, 10, 16, 17, 64, 65, 256, 257, 1025, *thorough(7, 21, 63, 100, 1000, 5003))


def sized(
    loss: Loss, shape: tuple[int, ...], params: dict[str, Any], **options: Any
) -> Case | None:
    """A case of this shape; none where the float64 formula would need too much memory."""
    axis = loss.under(params).family.class_axis(len(shape))
    classes = shape[axis]
    limit = 128 if loss.family.dims == 2 else 1000 if MATRIX in params.values() else 10_000
    return make_case(loss, params, shape, **options) if classes <= limit else None


@pytest.mark.parametrize("classes", CLASSES)
def test_class_counts(loss: Loss, classes: int) -> None:
    for params, dtype in itertools.product(loss.params, DTYPES):
        rows = 3 if classes > 500 else 7
        shape = (classes, rows) if params.get("dim") == 0 else (rows, classes)
        case = sized(loss, shape, params, dtype=dtype, weight="full", ignore=loss.ignore)
        if case is not None:
            check(case)


@pytest.mark.parametrize(
    "counts", [(1, 2, 7, 15, 16, 17, 33, 64, 65), *thorough(range(1, 71))], ids=["some", "all"]
)
def test_row_counts(loss: Loss, counts: Sequence[int]) -> None:
    """A tail of every length, few classes and many, within a row and across rows."""
    for rows in counts:
        for classes, dtype in ((3, torch.float32), (10, torch.bfloat16), (37, torch.float32)):
            case = make_case(loss, shape=(rows, classes), dtype=dtype, ignore=loss.ignore)
            check(case)
            check(case.map(lambda name, t: t.t().contiguous().t() if t.dim() == 2 else t))


@pytest.mark.where(lambda loss: loss in ROWS and loss.family.dims > 2)
@pytest.mark.parametrize("pixels", [1, 5, 16, 257, *thorough(2, 49)])
def test_pixels(loss: Loss, pixels: int) -> None:
    """(N, C, d), as it is and as channels last: the rows of the same numbers as (N d, C)."""
    for classes, dtype in itertools.product(
        (1, 2, 10, 21, 65, 300 if pixels < 20 else 33), (torch.float32, torch.bfloat16)
    ):
        params = loss.family.of_pixels(loss.params[-1])
        case = make_case(loss, params, (3, classes, pixels), dtype=dtype, weight="full",
                         ignore=loss.ignore)  # fmt: skip
        check(case)
        check(case.map(lambda name, t: t.mT.contiguous().mT if t.dim() == 3 else t))


@pytest.mark.usefixtures("_threads")
@pytest.mark.parametrize("threads", [3, *thorough(1)])
def test_many_blocks(loss: Loss, threads: int) -> None:
    """More rows than a block holds, shared between threads: each row is its own."""
    torch.set_num_threads(threads)
    for shape in ((2003, 10), (203, 100), (33, 257), (2, 21, 700), (2, 10, 3, 11, 37)):
        if len(shape) > loss.family.dims:
            continue
        params = loss.family.of_pixels(loss.params[0])
        for dtype in (torch.float32, torch.float16):
            case = make_case(loss, params, shape, dtype=dtype, weight="full", ignore=loss.ignore)
            check(case)
            if len(shape) == 5:
                check(case.map(lambda name, t: t.movedim(0, -1).contiguous().movedim(-1, 0)))
                check(case.map(lambda name, t: t.mT.contiguous().mT if t.dim() > 1 else t))


def test_probabilities_on_every_path() -> None:
    """Gradients to logits and probabilities, for few and many classes, along rows and pixels."""
    for loss in ROWS:
        for params in (p for p in loss.params if p.get("probabilities")):
            for shape in ((5, 2), (33, 10), (3, 257), (2, 7, 33), (2, 70, 5)):
                for dtype in (torch.float32, torch.bfloat16):
                    case = make_case(loss, params, shape, dtype=dtype, weight="full")
                    check(case, ("input", "target"))


@pytest.mark.parametrize("shape", [(9, 100), (2, 7, 33), (5, 10), (40, 3)], ids=str)
def test_gradients_per_class(loss: Loss, shape: tuple[int, ...]) -> None:
    """weight, alpha, prior, fn_weight, fp_weight, normalizer: sums over the rows, in float64."""
    for params, reduction in itertools.product(loss.params, REDUCTIONS):
        case = make_case(loss, params, shape, weight="full", ignore=loss.ignore,
                         reduction=reduction, normalizer=reduction == "sum")  # fmt: skip
        got, want = case.gradients(), case.gradients(case.expected)
        for name, actual, expected in zip(case.differentiable, got, want, strict=True):
            torch.testing.assert_close(actual, expected, rtol=1e-11, atol=1e-12, msg=name)


# -- determinism and memory ------------------------------------------------------------------------


@pytest.mark.usefixtures("_threads")
@pytest.mark.parametrize("shape", [(3000, 10), (300, 257), (7, 5003), (5, 21, 999)], ids=str)
def test_bitwise_over_threads(loss: Loss, shape: tuple[int, ...]) -> None:
    for dtype, params in ((torch.float32, loss.params[0]), (torch.bfloat16, loss.params[-1])):
        if sized(loss, loss.family.fit(shape), params) is None:
            continue
        case = make_case(loss, params, shape, dtype=dtype, weight="full", ignore=loss.ignore)
        results = []
        for threads in (1, 2, 3, 2):
            torch.set_num_threads(threads)
            sums = [case.but(reduction=reduction).ours() for reduction in REDUCTIONS]
            results.append([*sums, *case.gradients(names=case.loss.differentiable)])
        for other in results[1:]:
            assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


MEMORY = {
    "plain": {},
    "all options": {"weight": "full", "ignore": True},
    "pixels": {"shape": (4, 20, 300, 170)},
    "few classes": {"shape": (400_000, 10)},
    "bfloat16": {"dtype": torch.bfloat16},
    "float16": {"dtype": torch.float16},
    "transposed": {},
}


@pytest.mark.parametrize("setting", MEMORY)
@pytest.mark.host
def test_peak_memory(loss: Loss, setting: str) -> None:
    """Forward and backward take 1.1 times the logits: the gradient, and a few numbers per row."""
    options = {"shape": (512, 8000), "dtype": torch.float32, **MEMORY[setting]}
    shape, dtype = options["shape"], options["dtype"]
    if MATRIX in loss.params[0].values() and shape[1] == 8000:
        shape = (4096, 1000)
    shape = loss.family.fit(shape)
    axis = 1 if loss.family.axis == 1 else len(shape) - 1
    x = torch.rand(shape, dtype=dtype).requires_grad_()
    if setting == "transposed":
        x = torch.rand((shape[1], shape[0])).t().requires_grad_()
    case = make_case(loss, shape=(2, shape[axis]), dtype=dtype, weight=options.get("weight"))
    rows = (*shape[:axis], *shape[axis + 1 :])
    by_points = isinstance(loss.family, Points)
    targets: dict[str, Tensor] = {"target": torch.randint(shape[axis], rows)}
    if loss.family.dims == 2:
        targets = {"target": torch.full(shape, -1)}
        targets["target"][:, :3] = torch.randint(shape[axis], (len(x), 3))
    elif loss.family.axis == -1:
        targets = {"target": torch.rand(rows if by_points else shape, dtype=dtype)}
    if "average" in case.tensors:
        targets["average"] = torch.rand(shape, dtype=dtype)
    if "ignore" in options and loss.label in targets and not by_points:
        targets["target"][::3] = -100 if loss.ignore else -1
    if "weight" in options and loss.family.weights == "rows":
        targets["weight"] = torch.rand(rows)
    case = case.but(input=x, **targets, ignore_index=-100 if loss.ignore else None)

    def step() -> Tensor:
        return torch.autograd.grad(case.ours(input=x), x)[0]

    # Numbers per class, or pair of classes, may be widened.
    widened = sum(t.numel() for name, t in case.tensors.items() if name.endswith("_weight"))
    assert peak_bytes(step) <= 1.1 * x.numel() * x.element_size() + 4 * widened
