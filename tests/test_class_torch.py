"""Losses over a class axis that torch has: its semantics in every combination."""

import itertools
import re
from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as baseline
from torch import Tensor

import lossops.functional as F
from tests.cases import make_case
from tests.class_axis import (
    REDUCTIONS,
    flags,
    labels,
    near,
    normal,
    same,
)
from tests.families import of_family
from tests.families.class_axis import ClassAxis, per_class
from tests.losses import BY_OP, Loss
from tests.test_errors import kind, raised

pytestmark = [
    pytest.mark.where(of_family(ClassAxis)),
    pytest.mark.usefixtures("on_device"),
]


# -- torch's functions -----------------------------------------------------------------------------

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
        ours, theirs = (partial(f.cross_entropy, target=t, **options) for f in (F, baseline))
        same(ours, theirs, x, note=options)


@pytest.mark.parametrize("shape", SHAPES)
def test_cross_entropy_of_probabilities(shape: str) -> None:
    """The same for probabilities, that need not sum to 1, with gradients to them."""
    x = SHAPES[shape]()
    y = SHAPES[shape]().exp()
    for weighted, smoothing, reduction in itertools.product(flags, (0.0, 0.1, 1.0), REDUCTIONS):
        options = {"weight": per_class(5) if weighted else None, "label_smoothing": smoothing,
                   "reduction": reduction}  # fmt: skip
        ours, theirs = (partial(f.cross_entropy, **options) for f in (F, baseline))
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
        ours, theirs = (partial(f.nll_loss, target=t, **options) for f in (F, baseline))
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
            ours, theirs = (
                partial(f.multi_margin_loss, target=t, **options) for f in (F, baseline)
            )
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
                partial(f.multilabel_margin_loss, target=t, reduction=reduction)
                for f in (F, baseline)
            )
            same(ours, theirs, x, note=(t, reduction))


def test_many_classes_as_torch() -> None:
    """Rows longer than any buffer, in float32, beside torch's own float64."""
    for classes in (1000, 5003, 70_001):
        x, t = 3 * normal(3, classes, dtype=torch.float32), labels(classes, 3)
        for options in ({}, {"label_smoothing": 0.1, "weight": per_class(classes)}):
            leaf, wide = x.clone().requires_grad_(), x.double().requires_grad_()
            F.cross_entropy(leaf, t, **options).backward()
            baseline.cross_entropy(wide, t, **options).backward()
            near(leaf.grad, wide.grad)
        lists = torch.full((3, classes), -1)
        lists[:, :5] = labels(classes, 3, 5)
        for name, target in (("multi_margin_loss", t), ("multilabel_margin_loss", lists)):
            ours, theirs = (partial(getattr(f, name), target=target) for f in (F, baseline))
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
    theirs = raised(lambda: getattr(baseline, name)(*args, **options))
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
        ours, theirs = (getattr(f, name)(x, t, reduction=reduction) for f in (F, baseline))
        torch.testing.assert_close(ours, theirs.squeeze())  # (1) for multi_margin unreduced
        leaf = x.clone().requires_grad_()
        getattr(F, name)(leaf, t).backward()
        plain = x.clone().requires_grad_()
        getattr(F, name)(plain, t[0]).backward()
        assert torch.equal(leaf.grad, plain.grad)


# -- labels ----------------------------------------------------------------------------------------

INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
CLASS_AXIS = of_family(ClassAxis)
LABELLED = pytest.mark.where(lambda loss: CLASS_AXIS(loss) and loss.family.weights == "classes")


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
