"""Losses over a class axis: torch's semantics in every combination, and every path of the kernels.

What all losses have in common is in the other suites, which run over these rows of the table too.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as peer
from torch import Tensor

import lossops.functional as F
from tests.cases import Case, make_case, per_class
from tests.losses import BY_OP, LOSSES, MATRIX, Loss
from tests.test_errors import kind, raised
from tests.test_memory import peak_bytes

pytestmark = [
    pytest.mark.where(lambda loss: loss.axis is not None),
    pytest.mark.usefixtures("on_device"),
]
INF, NAN = float("inf"), float("nan")
REDUCTIONS = ("mean", "sum", "none")
ROWS = tuple(loss for loss in LOSSES if loss.axis is not None)
SOFTMAX = tuple(
    loss for loss in ROWS if loss.op not in ("nll", "multi_margin", "multilabel_margin")
)


@pytest.fixture
def _threads() -> Iterator[None]:
    yield
    torch.set_num_threads(1)


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(shape, generator=generator, dtype=torch.float64, device="cpu")
    return drawn.to(torch.get_default_device(), dtype)


def labels(classes: int, *shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(classes, shape, generator=generator, device="cpu")
    return drawn.to(torch.get_default_device())


def same(ours: Callable[..., Tensor], theirs: Callable[..., Tensor], *leaves: Tensor,
         note: object = "", rtol: float = 1e-11, atol: float = 1e-13) -> None:  # fmt: skip
    """Value and gradients of both, for an uneven upstream gradient."""
    results = []
    for function in (ours, theirs):
        tracked = [leaf.detach().requires_grad_() for leaf in leaves]
        value = function(*tracked)
        upstream = torch.linspace(0.5, 1.5, value.numel(), dtype=value.dtype).view(value.shape)
        results.append([value.detach(), *torch.autograd.grad(value, tracked, upstream)])
    for actual, expected in zip(*results, strict=True):
        torch.testing.assert_close(actual, expected, rtol=rtol, atol=atol, equal_nan=True,
                                   msg=lambda text: f"{note}\n{text}")  # fmt: skip


def eps_of(dtype: torch.dtype) -> float:
    """Of a result computed in float32 (float64 for float64) and rounded once to the dtype."""
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    return 16 * torch.finfo(wide).eps + (0 if dtype == wide else 0.51 * torch.finfo(dtype).eps)


def near(actual: Tensor, expected: Tensor, note: object = "") -> None:
    """Within rounding of the result's dtype, relative to the number and to the largest."""
    eps = eps_of(actual.dtype)
    finite = expected.detach().masked_fill(~expected.isfinite(), 0).abs()
    scale = max(1.0, float(finite.max())) if finite.numel() else 1.0
    wide = 16 * torch.finfo(torch.float64 if actual.dtype == torch.float64 else torch.float32).eps
    torch.testing.assert_close(
        actual.double(), expected, rtol=eps, atol=wide * scale + torch.finfo(actual.dtype).tiny,
        equal_nan=True, msg=lambda text: f"{note}\n{text}",
    )  # fmt: skip


def check(case: Case, names: tuple[str, ...] | None = None) -> None:
    """Unreduced value and gradients against the float64 formula of the same operands."""
    case, exact = case.but(reduction="none"), case.to(torch.float64).but(reduction="none")
    near(case.ours(), exact.expected(), case)
    names = case.loss.differentiable if names is None else names
    got, want = case.gradients(names=names), exact.gradients(exact.expected, names)
    for name, actual, expected in zip(names, got, want, strict=True):
        assert actual.dtype == case.tensors[name].dtype
        near(actual, expected, f"{case}: {name}")


def padded(loss: Loss, name: str, t: Tensor, front: int, width: int) -> Tensor:
    """The same with `width` more classes, of which `front` come first."""
    if t.dim() == 0 or name == "normalizer" or (name == "weight" and loss.weights == "rows"):
        return t
    if not t.is_floating_point():
        return t + front
    fill = 1.0
    if name in loss.operands:
        fill = -INF if name == "input" or loss.axis == -1 else 0.0
    sides = (front, width - front)
    return peer.pad(t, sides * 2 if name == "fp_weight" else sides, value=fill)


# -- torch's functions ----------------------------------------------------------------------------

SHAPES = {
    "(C)": lambda: normal(5),
    "(N, C)": lambda: normal(7, 5),
    "(N, C, d)": lambda: normal(3, 5, 4),
    "(N, C, d1, d2)": lambda: normal(2, 5, 3, 4),
    "channels_last": lambda: normal(2, 5, 3, 4).to(memory_format=torch.channels_last),
    "(N, T, C) transposed": lambda: normal(3, 6, 5).transpose(1, 2),
    "(C, N) transposed": lambda: normal(5, 7).t(),
    "rows expanded": lambda: normal(1, 5, 1).expand(3, 5, 4),
    "classes sliced": lambda: normal(4, 11)[:, 1::2],
    "rows sliced": lambda: normal(9, 5, 3)[1::2, :, :2],
}
flags = (False, True)


def row_shape(x: Tensor) -> tuple[int, ...]:
    return (*x.shape[:1], *x.shape[2:]) if x.dim() > 1 else ()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("ignored", [-100, 1, 255], ids="ignore {}".format)
def test_cross_entropy_of_labels(shape: str, ignored: int) -> None:
    """weight x label_smoothing x ignore_index x reduction; the ignored label may be a class."""
    x = SHAPES[shape]()
    t = labels(5, *row_shape(x))
    if t.dim():
        t.view(-1)[::3] = ignored
    for weighted, smoothing, reduction in itertools.product(flags, (0.0, 0.1, 1.0), REDUCTIONS):
        options = {"weight": per_class(5) if weighted else None, "label_smoothing": smoothing,
                   "ignore_index": ignored, "reduction": reduction}  # fmt: skip
        ours, theirs = (partial(f.cross_entropy, target=t, **options) for f in (F, peer))
        same(ours, theirs, x, note=options)


@pytest.mark.parametrize("shape", SHAPES)
def test_cross_entropy_of_probabilities(shape: str) -> None:
    """The same for probabilities, that need not sum to 1, with gradients to them."""
    x = SHAPES[shape]()
    y = SHAPES[shape]().exp()
    for weighted, smoothing, reduction in itertools.product(flags, (0.0, 0.1, 1.0), REDUCTIONS):
        options = {"weight": per_class(5) if weighted else None, "label_smoothing": smoothing,
                   "reduction": reduction}  # fmt: skip
        ours, theirs = (partial(f.cross_entropy, **options) for f in (F, peer))
        same(ours, theirs, x, y, note=options)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("ignored", [-100, 1], ids="ignore {}".format)
def test_nll(shape: str, ignored: int) -> None:
    x = SHAPES[shape]()
    t = labels(5, *row_shape(x))
    if t.dim():
        t.view(-1)[::3] = ignored
    for weighted, reduction in itertools.product(flags, REDUCTIONS):
        options = {"weight": per_class(5) if weighted else None, "ignore_index": ignored,
                   "reduction": reduction}  # fmt: skip
        ours, theirs = (partial(f.nll_loss, target=t, **options) for f in (F, peer))
        # torch cannot do this with channels_last
        same(ours, lambda x, f=theirs: f(x.contiguous()), x, note=options)


MATRICES = [name for name, make in SHAPES.items() if make().dim() < 3]


@pytest.mark.parametrize("shape", MATRICES)
def test_multi_margin(shape: str) -> None:
    """On multiples of 1/4 many differences lie right on the margin."""
    for x in (SHAPES[shape](), (SHAPES[shape]() * 4).round() / 4):
        t = labels(5, *row_shape(x))
        for p, margin, weighted, reduction in itertools.product(
            (1, 2), (1.0, 0.5, 0.0, -0.25), flags, REDUCTIONS
        ):
            options = {"p": p, "margin": margin, "weight": per_class(5) if weighted else None,
                       "reduction": reduction}  # fmt: skip
            ours, theirs = (partial(f.multi_margin_loss, target=t, **options) for f in (F, peer))
            same(ours, theirs, x, note=options)


@pytest.mark.parametrize("shape", MATRICES)
def test_multilabel_margin(shape: str) -> None:
    """No label, one, all, one twice, and anything behind the -1."""
    lists = torch.tensor([[-1, 2, 4, 4, 4], [0, -1, 3, 1, 2], [4, 3, 2, 1, 0], [1, 1, 3, -1, -1],
                          [2, 0, -1, 4, 0], [3, 1, 4, 0, -1], [0, 0, 0, 0, 0]])  # fmt: skip
    for x in (SHAPES[shape](), (SHAPES[shape]() * 4).round() / 4):
        for roll, reduction in itertools.product(range(7), REDUCTIONS):
            t = lists.roll(roll, 0)[: len(x)] if x.dim() > 1 else lists[roll]
            ours, theirs = (
                partial(f.multilabel_margin_loss, target=t, reduction=reduction) for f in (F, peer)
            )
            same(ours, theirs, x, note=(t, reduction))


def test_many_classes_as_torch() -> None:
    """Rows longer than any buffer, in float32, beside torch's own float64."""
    for classes in (1000, 5003, 70_001):
        x, t = 3 * normal(3, classes, dtype=torch.float32), labels(classes, 3)
        for options in ({}, {"label_smoothing": 0.1, "weight": per_class(classes)}):
            leaf, wide = x.clone().requires_grad_(), x.double().requires_grad_()
            F.cross_entropy(leaf, t, **options).backward()
            peer.cross_entropy(wide, t, **options).backward()
            near(leaf.grad, wide.grad)
        lists = torch.full((3, classes), -1)
        lists[:, :5] = labels(classes, 3, 5)
        for name, target in (("multi_margin_loss", t), ("multilabel_margin_loss", lists)):
            ours, theirs = (partial(getattr(f, name), target=target) for f in (F, peer))
            same(ours, theirs, x.double())


X, T = normal(4, 3, dtype=torch.float32), labels(3, 4)
P = X.softmax(1)
LISTS = torch.tensor([[0, -1, -1]] * 4)
WRONG: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
    f"{name}: {what}": (name, args, options)
    for name, what, args, options in [
        ("cross_entropy", "label too large", (X, torch.tensor([0, 1, 3, 0])), {}),
        ("cross_entropy", "negative label", (X, torch.tensor([0, 1, -1, 0])), {}),
        ("cross_entropy", "other batch", (X, T[:3]), {}),
        ("cross_entropy", "other batch of probabilities", (X, P[:3]), {}),
        ("cross_entropy", "other classes", (X, P[:, :2]), {}),
        ("cross_entropy", "extra dimension", (X, T[:, None]), {}),
        ("cross_entropy", "float labels", (X, T.float()), {}),
        ("cross_entropy", "bool labels", (X, T.bool()), {}),
        ("cross_entropy", "four labels for one row", (X[0], T), {}),
        ("cross_entropy", "integer input", (X.long(), T), {}),
        ("cross_entropy", "long weight", (X, T, torch.ones(5)), {}),
        ("cross_entropy", "0-d weight", (X, T, torch.ones(())), {}),
        ("cross_entropy", "2-d weight", (X, T, torch.ones(4, 3)), {}),
        ("cross_entropy", "integer weight", (X, T, torch.ones(3).long()), {}),
        ("cross_entropy", "long weight of probabilities", (X, P, torch.ones(5)), {}),
        ("cross_entropy", "ignored probabilities", (X, P), {"ignore_index": 1}),
        ("cross_entropy", "smoothing above 1", (X, T), {"label_smoothing": 1.5}),
        ("cross_entropy", "reduction", (X, T), {"reduction": "avg"}),
        ("cross_entropy", "swapped pixels", (X.view(1, 3, 2, 2)[..., :1], T.view(1, 1, 4)), {}),
        ("cross_entropy", "lost pixels", (X.view(1, 3, 2, 2), T.view(1, 4)), {}),
        ("cross_entropy", "no classes", (X[:, :0], T), {}),
        ("nll_loss", "label too large", (X, torch.tensor([0, 1, 3, 0])), {}),
        ("nll_loss", "other batch", (X, T[:3]), {}),
        ("nll_loss", "extra dimension", (X, T[:, None]), {}),
        ("nll_loss", "float labels", (X, T.float()), {}),
        ("nll_loss", "0-d input", (X.sum(), T[0]), {}),
        ("nll_loss", "long weight", (X, T, torch.ones(5)), {}),
        ("nll_loss", "reduction", (X, T), {"reduction": "avg"}),
        ("multi_margin_loss", "other batch", (X, T[:3]), {}),
        ("multi_margin_loss", "extra dimension", (X, T[:, None]), {}),
        ("multi_margin_loss", "float labels", (X, T.float()), {}),
        ("multi_margin_loss", "p = 3", (X, T), {"p": 3}),
        ("multi_margin_loss", "long weight", (X, T), {"weight": torch.ones(5)}),
        ("multi_margin_loss", "2-d weight", (X, T), {"weight": torch.ones(4, 3)}),
        ("multi_margin_loss", "reduction", (X, T), {"reduction": "avg"}),
        ("multilabel_margin_loss", "other batch", (X, LISTS[:3]), {}),
        ("multilabel_margin_loss", "other classes", (X, LISTS[:, :2]), {}),
        ("multilabel_margin_loss", "float labels", (X, LISTS.float()), {}),
        ("multilabel_margin_loss", "three dimensions", (X[None], LISTS[None]), {}),
        ("multilabel_margin_loss", "reduction", (X, LISTS), {"reduction": "avg"}),
    ]
}


@pytest.mark.parametrize("mistake", WRONG)
@pytest.mark.host
def test_errors_have_torchs_type(mistake: str) -> None:
    name, args, options = WRONG[mistake]
    theirs = raised(lambda: getattr(peer, name)(*args, **options))
    assert theirs is not None
    for leaf in flags:
        tracked = args[0].requires_grad_() if leaf and args[0].is_floating_point() else args[0]
        ours = raised(lambda: getattr(F, name)(tracked.detach(), *args[1:], **options))  # noqa: B023
        assert ours is not None, "accepted"
        assert kind(ours) is kind(theirs), f"ours: {ours!r}\ntorch: {theirs!r}"
        assert str(ours).startswith(f"{name.removesuffix('_loss')}: ")


@pytest.mark.host
def test_one_label_in_a_vector() -> None:
    """Input (C) also takes a target of shape (1), as in torch, where backward then fails."""
    x, t = normal(5), torch.tensor([2])
    for name, reduction in itertools.product(
        ("cross_entropy", "nll_loss", "multi_margin_loss"), REDUCTIONS
    ):
        ours, theirs = (getattr(f, name)(x, t, reduction=reduction) for f in (F, peer))
        torch.testing.assert_close(ours, theirs.squeeze())  # (1) for multi_margin unreduced
        leaf = x.clone().requires_grad_()
        getattr(F, name)(leaf, t).backward()
        plain = x.clone().requires_grad_()
        getattr(F, name)(plain, t[0]).backward()
        assert torch.equal(leaf.grad, plain.grad)


# -- labels ---------------------------------------------------------------------------------------

INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
LABELLED = pytest.mark.where(lambda loss: loss.weights == "classes")


@LABELLED
def test_labels_of_every_width(loss: Loss) -> None:
    """Bitwise what int64 gives, whether rows, pixels or a few classes; uint8 up to 199."""
    for shape in ((33, 10), (3, 120), (2, 21, 19)):
        case = make_case(loss, shape=shape, dtype=torch.float32, ignore=True)
        results = []
        for dtype in INTEGERS:
            target = case.tensors["target"]
            ignored = 255 if dtype == torch.uint8 else -100
            narrow = torch.where(target == -100, ignored, target).to(dtype)
            twin = case.but(target=narrow, ignore_index=ignored)
            results.append([twin.ours(), *twin.gradients(names=("input",))])
        for other in results[:-1]:
            assert all(torch.equal(a, b) for a, b in zip(results[-1], other, strict=True))
    case = make_case(loss, shape=(4, 200), dtype=torch.float32)
    target = torch.tensor([0, 128, 199, 255])
    narrow, wide = (case.but(target=t, ignore_index=255) for t in (target.to(torch.uint8), target))
    assert torch.equal(narrow.ours(), wide.ours())


PLACES = {
    (9, 4): [((0,), 4), ((8,), 4), ((5,), 2**40)],
    (70, 3): [((69,), -1)],
    (6, 100): [((3,), 100), ((3,), -2)],
    (3, 4, 5): [((2, 4), 4), ((0, 0), -7), ((1, 3), 2**33)],
    (2, 21, 3, 35): [((1, 2, 34), 21), ((0, 1, 33), -5)],
}


@LABELLED
@pytest.mark.parametrize("shape", PLACES, ids=str)
@pytest.mark.host
def test_labels_out_of_range(loss: Loss, shape: tuple[int, ...]) -> None:
    """The error names the label, its place and the range: the first of several, on every path."""
    expected = RuntimeError if loss.op == "multi_margin" else IndexError  # as in torch
    for place, label in PLACES[shape]:
        case = make_case(loss, shape=shape, dtype=torch.float32, ignore=True, weight="full")
        target = case.tensors["target"].clone()
        target[place] = label
        last = tuple(size - 1 for size in target.shape)
        if place != last:
            target[last] = 12345
        case = case.but(target=target, ignore_index=-100)
        position = rf"\({', '.join(map(str, place))},?\)"
        text = rf"{loss.op}: target .*\[0, {shape[1] - 1}\].*-100.*got {label} at .*{position}"
        for reduction in ("mean", "none"):
            bad = case.but(reduction=reduction)
            for names in ((), ("input",), ("input", "weight")):
                error = raised(lambda: bad.over(names)(*bad.leaves(names)))  # noqa: B023
                assert isinstance(error, expected), (names, error)
                assert re.search(text, str(error)), (names, error)
        transposed = case.map(lambda name, t: t.mT.contiguous().mT if t.dim() > 1 else t)
        assert isinstance(raised(transposed.ours), expected)
        assert raised(lambda: torch.func.grad(case.over(("input",)))(case.tensors["input"]))  # noqa: B023


@pytest.mark.host
def test_label_lists_out_of_range() -> None:
    case = make_case(BY_OP["multilabel_margin"], shape=(5, 4), dtype=torch.float32)
    lists = case.tensors["target"].clone()
    lists[3, 0], lists[3, 1] = 4, -1
    error = raised(lambda: case.ours(target=lists))
    assert isinstance(error, (IndexError, RuntimeError))
    assert "multilabel_margin: target" in str(error) and "got 4" in str(error)


@pytest.mark.host
def test_no_label_is_ignored_without_ignore_index() -> None:
    """At the level of the op None means that: -100 is a label out of range like any other."""
    with pytest.raises(IndexError, match="got -100"):
        torch.ops.lossops.cross_entropy(X, torch.tensor([0, -100, 1, 2]))


# -- every path of the kernels --------------------------------------------------------------------

CLASSES = (1, 2, 3, 7, 10, 16, 17, 21, 63, 64, 65, 100, 256, 257, 1000, 1025, 5003)
DTYPES = (torch.float32, torch.bfloat16, torch.float16, torch.float64)


def sized(
    loss: Loss, shape: tuple[int, ...], params: dict[str, Any], **options: Any
) -> Case | None:
    """A case of this shape; none where the float64 formula would need too much memory."""
    axis = loss.under(params).class_axis(len(shape))
    classes = shape[axis]
    limit = 128 if loss.dims == 2 else 1000 if MATRIX in params.values() else 10_000
    return make_case(loss, params, shape, **options) if classes <= limit else None


@pytest.mark.parametrize("classes", CLASSES)
def test_class_counts(loss: Loss, classes: int) -> None:
    for params, dtype in itertools.product(loss.params, DTYPES):
        rows = 3 if classes > 500 else 7
        shape = (classes, rows) if params.get("dim") == 0 else (rows, classes)
        case = sized(loss, shape, params, dtype=dtype, weight="full", ignore=loss.ignore)
        if case is not None:
            check(case)


def test_row_counts(loss: Loss) -> None:
    """A tail of every length, few classes and many, rows one after another and side by side."""
    for rows in range(1, 71, 2):
        for classes, dtype in ((3, torch.float32), (10, torch.bfloat16), (37, torch.float32)):
            case = make_case(loss, shape=(rows, classes), dtype=dtype, ignore=loss.ignore)
            check(case)
            check(case.map(lambda name, t: t.t().contiguous().t() if t.dim() == 2 else t))


@pytest.mark.where(lambda loss: loss.axis is not None and loss.dims > 2)
@pytest.mark.parametrize("pixels", [1, 2, 5, 16, 49, 257])
def test_pixels(loss: Loss, pixels: int) -> None:
    """(N, C, d), as it is and as channels last: the rows of the same numbers as (N d, C)."""
    for classes, dtype in itertools.product(
        (1, 2, 10, 21, 65, 300 if pixels < 20 else 33), (torch.float32, torch.bfloat16)
    ):
        params = {**loss.params[-1], "dim": 1} if loss.axis == -1 else loss.params[-1]
        case = make_case(loss, params, (3, classes, pixels), dtype=dtype, weight="full",
                         ignore=loss.ignore)  # fmt: skip
        check(case)
        check(case.map(lambda name, t: t.mT.contiguous().mT if t.dim() == 3 else t))


@pytest.mark.usefixtures("_threads")
@pytest.mark.parametrize("threads", [1, 3])
def test_many_blocks(loss: Loss, threads: int) -> None:
    """More rows than a block holds, shared between threads: each row is its own."""
    torch.set_num_threads(threads)
    for shape in ((2003, 10), (203, 100), (33, 257), (2, 21, 700), (2, 10, 3, 11, 37)):
        if len(shape) > loss.dims:
            continue
        params = {**loss.params[0], "dim": 1} if loss.axis == -1 else loss.params[0]
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


# -- determinism and memory -----------------------------------------------------------------------


@pytest.mark.usefixtures("_threads")
@pytest.mark.parametrize("shape", [(3000, 10), (300, 257), (7, 5003), (5, 21, 999)], ids=str)
def test_bitwise_over_threads(loss: Loss, shape: tuple[int, ...]) -> None:
    for dtype, params in ((torch.float32, loss.params[0]), (torch.bfloat16, loss.params[-1])):
        if sized(loss, loss.fit(shape), params) is None:
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
    shape = loss.fit(shape)
    axis = 1 if loss.axis == 1 else len(shape) - 1
    x = torch.rand(shape, dtype=dtype).requires_grad_()
    if setting == "transposed":
        x = torch.rand((shape[1], shape[0])).t().requires_grad_()
    case = make_case(loss, shape=(2, shape[axis]), dtype=dtype, weight=options.get("weight"))
    rows = (*shape[:axis], *shape[axis + 1 :])
    targets: dict[str, Tensor] = {"target": torch.randint(shape[axis], rows)}
    if loss.dims == 2:
        targets = {"target": torch.full(shape, -1)}
        targets["target"][:, :3] = torch.randint(shape[axis], (len(x), 3))
    elif loss.axis == -1:
        targets = {"target": torch.rand(shape, dtype=dtype)}
    if "ignore" in options and loss.label in targets:
        targets["target"][::3] = -100 if loss.ignore else -1
    if "weight" in options and loss.weights == "rows":
        targets["weight"] = torch.rand(rows)
    case = case.but(input=x, **targets, ignore_index=-100 if loss.ignore else None)

    def step() -> Tensor:
        return torch.autograd.grad(case.ours(input=x), x)[0]

    # Numbers per class, or pair of classes, may be widened.
    widened = sum(t.numel() for name, t in case.tensors.items() if name.endswith("_weight"))
    assert peak_bytes(step) <= 1.1 * x.numel() * x.element_size() + 4 * widened


# -- hard inputs ----------------------------------------------------------------------------------


def test_nan_stays_in_its_row(loss: Loss) -> None:
    """Wherever in the row, however the rows lie; nll reads one class only."""
    for shape in ((9, 4), (70, 3), (5, 130), (3, 6, 35)):
        shape = loss.fit(shape)
        case = make_case(loss, shape=shape, dtype=torch.float32, reduction="none")
        axis = case.loss.class_axis(len(shape))
        clean, slope = case.ours(), case.gradients(names=("input",))[0]
        for row, c in itertools.product((0, 1, len(clean) - 1), (0, shape[axis] - 1)):
            place: list[Any] = [row] + [-1] * (len(shape) - 1)
            hit = torch.zeros(clean.shape, dtype=torch.bool)
            hit[tuple(place[: len(clean.shape)])] = True
            x = case.tensors["input"].clone()
            x.select(axis, c)[hit] = NAN
            dirty = case.but(input=x)
            value, gradient = dirty.ours(), dirty.gradients(names=("input",))[0]
            reads = loss.op != "nll" or bool((case.tensors["target"][hit] == c).all())
            assert value[hit].isnan().all() == reads
            assert torch.equal(value[~hit], clean[~hit])
            others = ~case.along(hit, x).expand_as(x)
            assert torch.equal(gradient[others], slope[others])


@pytest.mark.where(lambda loss: loss.ignore and loss.axis is not None)
@pytest.mark.parametrize("poison", [NAN, INF, -INF])
def test_ignored_rows_do_not_matter(loss: Loss, poison: float) -> None:
    """Gradient exactly 0 and no trace in the value, for few classes, many, and pixels."""
    for shape in ((9, 4), (70, 3), (5, 130), (3, 6, 35), (3, 70, 5)):
        for params, dtype in itertools.product(loss.params, (torch.float32, torch.bfloat16)):
            if loss.under(params).label not in loss.under(params).labels:
                continue
            case = make_case(loss, params, shape, dtype=dtype, weight="full", ignore=True)
            ignored, x = case.ignored, case.tensors["input"]
            dirty = case.but(input=x.masked_fill(case.along(ignored, x), poison))
            for reduction in REDUCTIONS:
                a, b = dirty.but(reduction=reduction), case.but(reduction=reduction)
                assert torch.equal(a.ours(), b.ours())
                (got,), (want,) = a.gradients(names=("input",)), b.gradients(names=("input",))
                assert torch.equal(got, want)
                assert (got[case.along(ignored, got).expand_as(got)] == 0).all()


@pytest.mark.where(lambda loss: loss.ignore and loss.axis is not None)
def test_nothing_counts(loss: Loss) -> None:
    """All rows ignored: mean NaN, sum 0, gradient exactly 0; whatever the path and the options."""
    for shape in ((1, 4), (9, 4), (5, 130), (3, 6, 35)):
        for params, weight in itertools.product(loss.params, (None, "full")):
            case = make_case(loss, params, shape, dtype=torch.float32, weight=weight, ignore=True)
            if case.loss.label not in case.loss.labels:
                continue
            case = case.but(**{loss.label: torch.full_like(case.tensors[loss.label], -100)})
            assert case.ours().isnan()
            assert case.but(reduction="sum").ours() == 0
            assert (case.but(reduction="none").ours() == 0).all()
            for reduction in REDUCTIONS:
                for gradient in case.but(reduction=reduction).gradients(
                    names=case.loss.differentiable
                ):
                    assert (gradient == 0).all()


def test_no_rows(loss: Loss) -> None:
    for shape in ((0, 4), (0, 130), (0, 3, 5), (2, 3, 0)):
        if len(shape) > loss.dims:
            continue
        shape = shape if loss.axis == 1 else (*shape[:1], *shape[2:], shape[1])
        for dtype in DTYPES:
            case = make_case(loss, shape=shape, dtype=dtype, weight="full")
            assert case.ours().isnan() and case.ours().dtype == dtype
            assert case.but(reduction="sum").ours() == 0
            assert case.but(reduction="none").ours().shape == loss.row_shape(shape)
            for gradient in case.gradients(names=loss.differentiable):
                assert gradient.shape == shape


def test_no_classes() -> None:
    """Rows of nothing: no number to tell, but no crash."""
    rows, none = torch.empty(3, 0, requires_grad=True), torch.empty(0, 0, requires_grad=True)
    for x in (rows, none):
        targets = (x.detach(), torch.empty(x.shape, dtype=torch.long))
        for value in (
            F.distill_kl_loss(x, targets[0], reduction="sum"),
            F.jsd_loss(x, targets[0], reduction="sum"),
            F.cross_entropy(x, targets[0]),
            F.multilabel_margin_loss(x, targets[1]),
        ):
            assert torch.autograd.grad(value, x)[0].shape == x.shape
    assert F.cross_entropy(none, torch.empty(0, dtype=torch.long)).isnan()
    ignored = torch.full((3,), -100)
    assert F.cross_entropy(rows, ignored, reduction="sum") == 0
    assert F.nll_loss(rows, ignored).isnan()


@pytest.mark.parametrize("ignore_index", [None, -100])
@pytest.mark.parametrize("name", ["cross_entropy", "nll", "multi_margin", "cosface"])
@pytest.mark.host
def test_labels_of_no_class(name: str, ignore_index: int | None) -> None:
    """Where there are no classes every label that counts is out of range, also on a GPU."""
    operator = getattr(torch.ops.lossops, name)
    for label in (0, -1):
        with pytest.raises((IndexError, RuntimeError), match=f"{name}: target"):
            operator(torch.empty(2, 0), torch.tensor([label, -100]), ignore_index=ignore_index)


def test_weights_of_zero() -> None:
    """Classes that weigh nothing: 0 / 0 in the mean, as torch; a value of inf is not counted."""
    x, t = normal(6, 4), labels(4, 6)
    for weight in (torch.zeros(4).double(), torch.tensor([0.0, 1, 0, 2]).double()):
        for reduction in REDUCTIONS:
            ours, theirs = (
                partial(f.cross_entropy, target=t, weight=weight, reduction=reduction)
                for f in (F, peer)
            )
            same(ours, theirs, x)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64], ids=str)
@pytest.mark.parametrize("width", [1, 9, 64, 1000, 5000])
def test_masked_vocabulary(width: int, dtype: torch.dtype) -> None:
    """Classes at -inf, before, after or around the others, change nothing and get gradient 0."""
    for loss in SOFTMAX:
        for params in loss.params:
            narrow = make_case(loss, params, (4, 3), dtype=dtype, reduction="none", weight="full")
            # Smoothing gives the masked classes a share: inf, as in torch. A cap bounds them.
            if not params.keys().isdisjoint({"label_smoothing", "softcap", "dim"}):
                continue
            if loss.op in ("arcface", "cosface"):
                continue
            for front in (0, width, width // 2):
                wide = narrow.map(lambda name, t: padded(loss, name, t, front, width))  # noqa: B023
                names = narrow.loss.differentiable
                values = [wide.ours(), narrow.ours()]
                slopes = zip(
                    wide.gradients(names=names), narrow.gradients(names=names), strict=True
                )
                inside = slice(front, front + 3)
                for a, b in [tuple(values), *((w[:, inside], n) for w, n in slopes)]:
                    near(a, b.double(), (loss, params, width, front))
                (gradient,) = wide.gradients(names=("input",))
                gradient[:, inside] = 0
                assert (gradient == 0).all()


def test_half_precision_extremes() -> None:
    """+-6e4 in float16, for few and many classes: no overflow inside."""
    for classes in (2, 10, 100, 1000):
        x = torch.full((3, classes), -6e4, dtype=torch.float16)
        x[:, 1] = 6e4
        x[2, 0] = 6e4
        t = torch.tensor([1, 0, 0])
        for loss in SOFTMAX:
            if loss.op in ("arcface", "cosface") or loss.axis == -1:
                continue
            case = make_case(loss, shape=(3, classes), dtype=torch.float16, reduction="none")
            case = case.but(input=x, target=t)
            exact = case.to(torch.float64)
            got, want = case.ours(), exact.expected().half()
            # A prior is added to logits whose last place in float32 is 0.004.
            rtol = 5e-3 if loss.op == "balanced_softmax" else 1e-3
            torch.testing.assert_close(got[[0, 2]], want[[0, 2]], rtol=rtol, atol=1e-4)
            assert got[1] == want[1] or got[1] > 1.4
            (gradient,) = case.gradients(names=("input",))
            assert gradient.isfinite().all()
        mean = F.cross_entropy(x.requires_grad_(), t, reduction="sum", normalizer=8.0)
        mean.backward()
        torch.testing.assert_close(mean.item(), 15000.0, rtol=1e-3, atol=1.0)
        torch.testing.assert_close(x.grad[1, :2], torch.tensor([-0.125, 0.125]).half())


EXACT = {
    "cross_entropy": [{}],
    "softmax_focal": [{}, {"gamma": 0.5}, {"gamma": 0.0}, {"gamma": 1.0}, {"gamma": 3.3}],
    "poly1": [{}],
    "generalized_cross_entropy": [{}, {"q": 0.1}, {"q": 1.0}],
    "rww_cross_entropy": [BY_OP["rww_cross_entropy"].params[0]],
    "balanced_softmax": [{**BY_OP["balanced_softmax"].params[0], "tau": 0.0}],
}
EXACT_ROWS = [(op, params) for op, sets in EXACT.items() for params in sets]


@pytest.mark.parametrize(("classes", "masked"), [(2, 0), (3, 0), (10, 0), (40, 0), (10, 1300)])
@pytest.mark.parametrize(("op", "params"), EXACT_ROWS, ids=str)
def test_exact_in_both_tails(op: str, params: dict[str, Any], classes: int, masked: int) -> None:
    """float32 loss and slope to a few eps where p_t goes to 0 and to 1, near ties and far off."""
    gaps = torch.cat([torch.linspace(-80, 80, 641), torch.tensor([1e-3, -1e-3, 300, -300])])
    for label, leader in ((0, 0), (classes - 1, 0), (classes - 1, classes - 1)):
        x = torch.zeros(len(gaps), classes)
        x[:, 1:-1] = -torch.arange(1, classes - 1) * 0.25
        x[:, leader] = gaps
        case = make_case(BY_OP[op], params, (len(gaps), classes), dtype=torch.float32,
                         reduction="none")  # fmt: skip
        case = case.but(input=x, target=torch.full((len(gaps),), label))
        exact = case.to(torch.float64)
        wide = case.map(lambda name, t: padded(BY_OP[op], name, t, 650, masked) if masked else t)
        (slope,) = wide.gradients(names=("input",))
        slope = slope[:, 650:660] if masked else slope
        pairs = [(wide.ours(), exact.expected()),
                 (slope, *exact.gradients(exact.expected, ("input",)))]  # fmt: skip
        eps = torch.finfo(torch.float32).eps
        for actual, expected in pairs:
            # The label's own slope is a sum over the others; theirs is as exact as the loss.
            gamma = params.get("gamma", 1.0)
            allowed = (16 + 16 * gamma) * eps * expected.abs() + 1e-37
            fine = ((actual.double() - expected).abs() <= allowed) | (actual == expected.float())
            if actual.dim() == 2 and op == "rww_cross_entropy":
                # Two costs of opposite sign on one logit cancel: 1 eps of the larger.
                fine |= (actual.double() - expected).abs() <= 16 * eps * expected.abs().amax(
                    1, True
                )
            worst = (~fine).nonzero()[:3].tolist()
            assert fine.all(), [(gaps[i[0]].item(), i, actual[tuple(i)].item(),
                                 expected[tuple(i)].item()) for i in worst]  # fmt: skip


def test_tiny_losses() -> None:
    """A lead of 30 in float32: 9.4e-14 where torch gives 0, at any place of any length of row."""
    for classes in (2, 3, 17, 64, 100, 1000, 5003):
        for label in {0, classes // 2, classes - 1}:
            x = torch.zeros(2, classes)
            x[:, label] = 30.0
            t = torch.full((2,), label)
            exact = (classes - 1) * torch.tensor(-30.0, dtype=torch.float64).exp()
            for value in (F.cross_entropy(x, t), F.generalized_cross_entropy_loss(x, t),
                          F.poly1_loss(x, t, epsilon=0.0),
                          F.cross_entropy(x.view(2, classes, 1).expand(2, classes, 5),
                                          t[:, None].expand(2, 5))):  # fmt: skip
                torch.testing.assert_close(value.double(), exact.log1p(), rtol=1e-6, atol=0)
            assert peer.cross_entropy(x, t) == 0 or classes > 1e6


def test_cosines_at_one() -> None:
    """arcface is finite at cosines of +-1 and beyond, in value, slope and curvature."""
    for dtype in DTYPES:
        x = torch.tensor([[1.0, -1.0, 0.0], [-1.0, 1.0, 1.0], [1.01, 0.5, -1.01]], dtype=dtype)
        for label, margin in itertools.product(range(3), (0.0, 0.5, 3.0)):
            leaf = x.clone().requires_grad_()
            t = torch.full((3,), label)
            loss = F.arcface_loss(leaf, t, margin)
            (slope,) = torch.autograd.grad(loss, leaf, create_graph=True)
            (curve,) = torch.autograd.grad(slope.sum(), leaf)
            assert loss.isfinite() and slope.isfinite().all() and curve.isfinite().all()
            assert torch.func.grad(lambda x: F.arcface_loss(x, t, margin))(x).isfinite().all()  # noqa: B023


# -- what the losses are to each other ------------------------------------------------------------


def test_identities() -> None:
    x, y, t = 3 * normal(9, 7), 3 * normal(9, 7, seed=1), labels(7, 9)
    weight, ones = per_class(7), torch.ones(7, dtype=torch.float64)
    p, cosine = x.softmax(1), torch.tanh(x)
    at_label = p.gather(1, t[:, None]).squeeze(1)
    hot = peer.one_hot(t, 7).double()
    none: dict[str, Any] = {"reduction": "none"}
    ce = F.cross_entropy(x, t, **none)
    pairs = {
        "nll of log_softmax": (F.nll_loss(x.log_softmax(1), t, weight, **none),
                               F.cross_entropy(x, t, weight, **none)),
        "focal at gamma 0": (F.softmax_focal_loss(x, t, gamma=0.0, **none), ce),
        "alpha is a weight": (F.softmax_focal_loss(x, t, weight, **none),
                              F.softmax_focal_loss(x, t, weight=weight, **none)),
        "alpha as a number": (F.softmax_focal_loss(x, t, 0.25, **none),
                              0.25 * F.softmax_focal_loss(x, t, **none)),
        "focal": (F.softmax_focal_loss(x, t, **none), (1 - at_label) ** 2 * ce),
        "poly1 at epsilon 0": (F.poly1_loss(x, t, epsilon=0.0, **none), ce),
        "poly1": (F.poly1_loss(x, t, **none), ce + 2 * (1 - at_label)),
        "gce at q 1": (F.generalized_cross_entropy_loss(x, t, q=1.0, **none), 1 - at_label),
        "gce near q 0": (F.generalized_cross_entropy_loss(x, t, q=1e-12, **none), ce),
        "rww without misses": (F.rww_cross_entropy_loss(x, t, ones, torch.zeros(7, 7), **none), ce),
        "rww's diagonal is not read": (
            F.rww_cross_entropy_loss(x, t, ones, torch.diag(INF * ones).nan_to_num(0.0, posinf=INF),
                                     **none), ce),
        "balanced at equal priors": (F.balanced_softmax_loss(x, t, 5 * ones, **none), ce),
        "balanced at tau 0": (F.balanced_softmax_loss(x, t, weight, 0.0, **none), ce),
        "balanced": (F.balanced_softmax_loss(x, t, weight, 0.5, **none),
                     F.cross_entropy(x + 0.5 * weight.log(), t, **none)),
        "arcface at margin 0": (F.arcface_loss(cosine, t, 0.0, 4.0, **none),
                                F.cross_entropy(4 * cosine, t, **none)),
        "cosface at margin 0": (F.cosface_loss(cosine, t, 0.0, 4.0, **none),
                                F.cross_entropy(4 * cosine, t, **none)),
        "cosface": (F.cosface_loss(cosine, t, 0.3, 4.0, **none),
                    F.cross_entropy(4 * (cosine - 0.3 * hot), t, **none)),
        "labels as probabilities": (F.cross_entropy(x, hot, weight, **none),
                                    F.cross_entropy(x, t, weight, **none)),
        "smoothed labels": (F.cross_entropy(x, t, weight, label_smoothing=0.3, **none),
                            F.cross_entropy(x, 0.7 * hot + 0.3 / 7, weight, **none)),
        "smoothed focal": (F.softmax_focal_loss(x, t, label_smoothing=0.3, **none),
                           F.softmax_focal_loss(x, 0.7 * hot + 0.3 / 7, **none)),
        "z-loss": (F.cross_entropy(x, t, z_loss=0.1, **none), ce + 0.1 * x.logsumexp(1) ** 2),
        "soft cap": (F.cross_entropy(x, t, softcap=2.0, **none),
                     F.cross_entropy(2 * torch.tanh(x / 2), t, **none)),
        "distill_kl is kl_div": (F.distill_kl_loss(x, y, **none),
                                 F.kl_div(x.log_softmax(1), y.softmax(1), "none").sum(1)),
        "distill_kl and cross-entropy": (
            F.distill_kl_loss(x, y, **none),
            F.cross_entropy(x, y.softmax(1), **none) - F.cross_entropy(y, y.softmax(1), **none)),
        "jsd at beta 0": (F.jsd_loss(x, y, 0.0, **none), F.distill_kl_loss(x, y, **none)),
        "jsd at beta 1": (F.jsd_loss(x, y, 1.0, **none), F.distill_kl_loss(y, x, **none)),
        "jsd is symmetric": (F.jsd_loss(x, y, 0.3, **none), F.jsd_loss(y, x, 0.7, **none)),
        "temperature": (F.jsd_loss(x, y, 0.3, 4.0, **none),
                        16 * F.jsd_loss(x / 4, y / 4, 0.3, **none)),
        "of equals": (F.distill_kl_loss(x, x, **none), torch.zeros(9, dtype=torch.float64)),
        "dim": (F.distill_kl_loss(x.t(), y.t(), dim=0, **none), F.distill_kl_loss(x, y, **none)),
    }  # fmt: skip
    for name, (actual, expected) in pairs.items():
        torch.testing.assert_close(actual, expected, rtol=1e-10, atol=1e-13,
                                   msg=lambda text, name=name: f"{name}\n{text}")  # fmt: skip


def test_means() -> None:
    """What the mean divides by: the weights of the labels that count, or the rows that count."""
    x, y, t = normal(6, 4), normal(6, 4, seed=1), torch.tensor([0, 1, -100, 3, 2, -100])
    weight, counts = per_class(4), t != -100
    share = weight[t[counts]].sum()
    rows = torch.linspace(0.5, 1.5, 6, dtype=torch.float64)
    fn, fp = per_class(4), per_class(4, pairs=True)
    for function, divisor in (
        (lambda **k: F.cross_entropy(x, t, weight, **k), share),
        (lambda **k: F.cross_entropy(x, t, weight, label_smoothing=0.2, **k), share),
        (lambda **k: F.cross_entropy(x, t, **k), 4),
        (lambda **k: F.cross_entropy(x, y.softmax(1), weight, **k), 6),
        (lambda **k: F.nll_loss(x, t, weight, **k), share),
        (lambda **k: F.softmax_focal_loss(x, t, weight, **k), 4),
        (lambda **k: F.softmax_focal_loss(x, t, weight=weight, **k), share),
        (lambda **k: F.poly1_loss(x, t, weight=weight, **k), share),
        (lambda **k: F.generalized_cross_entropy_loss(x, t, weight=weight, **k), share),
        (lambda **k: F.rww_cross_entropy_loss(x, t, fn, fp, weight=weight, **k), share),
        (lambda **k: F.balanced_softmax_loss(x, t, fn, weight=weight, **k), share),
        (lambda **k: F.arcface_loss(x.tanh(), t, weight=weight, **k), share),
        (lambda **k: F.cosface_loss(x.tanh(), t, weight=weight, **k), share),
        (lambda **k: F.multi_margin_loss(x, t, weight=weight, ignore_index=-100, **k), 4),
        (lambda **k: F.distill_kl_loss(x, y, weight=rows, labels=t, **k), 4),
        (lambda **k: F.jsd_loss(x, y, weight=rows, labels=t, **k), 4),
        (lambda **k: F.multilabel_margin_loss(x, labels(4, 6, 4), weight=rows, **k), 6),
    ):
        total = function(reduction="none").sum()
        torch.testing.assert_close(function(), total / divisor)
        torch.testing.assert_close(function(reduction="sum"), total)
        torch.testing.assert_close(function(normalizer=7.0), total / 7)
        torch.testing.assert_close(function(reduction="sum", normalizer=7), total / 7)


@pytest.mark.parametrize("op", ["multi_margin", "multilabel_margin"])
@pytest.mark.host
def test_second_derivatives_that_torch_lacks(op: str) -> None:
    """Those of a piecewise linear loss are 0; those of the squared one are counted."""
    case = make_case(BY_OP[op], shape=(4, 3), reduction="sum")
    x = case.tensors["input"]
    assert (torch.func.hessian(case.over(("input",)))(x) == 0).all()
    (leaf,) = case.leaves(("input",))
    (slope,) = torch.autograd.grad(case.ours(input=leaf), leaf, create_graph=True)
    if slope.requires_grad:
        assert (torch.autograd.grad(slope.sum(), leaf)[0] == 0).all()
    if op == "multi_margin":
        squared = case.but(params={"p": 2})
        hessian = torch.func.hessian(squared.over(("input",)))(x)
        expected = torch.func.hessian(squared.over(("input",), squared.expected))(x)
        assert (expected != 0).any()
        torch.testing.assert_close(hessian, expected)
    theirs = getattr(peer, case.loss.function)
    (leaf,) = case.leaves(("input",))
    with pytest.raises(RuntimeError):
        (slope,) = torch.autograd.grad(
            theirs(leaf, case.tensors["target"]), leaf, create_graph=True
        )
        torch.autograd.grad(slope.sum(), leaf)


def test_half_precision_mean_keeps_small_gradients(loss: Loss) -> None:
    """float16, mean over many rows, scaled as a GradScaler does: nothing is lost to underflow."""
    for shape in ((2**14, 4), (2**9, 100), (16, 10, 2**8)):
        if len(shape) > loss.dims:
            continue
        case = make_case(loss, shape=shape, dtype=torch.float16)
        (leaf,) = case.leaves(("input",))
        scale = 2.0**15
        (case.ours(input=leaf) * scale).backward()
        exact = case.to(torch.float64)
        (expected,) = exact.gradients(exact.expected, ("input",))
        error = (leaf.grad.double() - expected * scale).abs()
        eps = torch.finfo(torch.float16).eps
        # Twice rounded, once as the gradient of a row (whose last place is 6e-8); from a sum over
        # the row in float32.
        largest = expected.abs().amax(case.loss.class_axis(len(shape)), True) * scale
        place = 2.0**-25 * (1 + scale / case.but(reduction="none").ours().numel())
        assert (error <= 1.01 * (eps * expected.abs() * scale + place) + 2e-6 * largest).all()


def test_wide_tensors_per_class_do_not_promote() -> None:
    """weight, alpha, prior, fn_weight and fp_weight may be of any floating dtype."""
    for loss in ROWS:
        for params, dtype in itertools.product(loss.params, (torch.float32, torch.bfloat16)):
            case = make_case(loss, params, (9, 5), dtype=dtype, weight="full", reduction="none")
            names = [name for name in case.tensors if name not in (*loss.operands, *loss.labels)]
            for other in DTYPES:
                mixed = case.but(**{name: case.tensors[name].to(other) for name in names})
                value = mixed.ours()
                assert value.dtype == dtype
                near(value, mixed.to(torch.float64).expected(), mixed)
                for name, gradient in zip(names, mixed.gradients(names=names), strict=True):
                    assert gradient.dtype == other and gradient.isfinite().all(), name


@pytest.mark.host
def test_autocast_of_logits() -> None:
    """What comes out of a linear layer under autocast: bfloat16 logits, a float32 loss."""
    layer, x, t = torch.nn.Linear(8, 10), normal(6, 8, dtype=torch.float32), labels(10, 6)
    with torch.autocast("cpu", torch.bfloat16):
        logits = layer(x)
        assert logits.dtype == torch.bfloat16
        loss = F.cross_entropy(logits, t, label_smoothing=0.1)
    assert loss.dtype == torch.float32
    loss.backward()
    wide = logits.detach().float().requires_grad_()
    expected = peer.cross_entropy(wide, t, label_smoothing=0.1)
    torch.testing.assert_close(loss, expected)
    expected.backward()
    torch.testing.assert_close(layer.bias.grad, wide.grad.sum(0), rtol=1e-2, atol=1e-3)
