"""Losses over a class axis at hard inputs: NaN, masks, tails, and what is ignored."""

import itertools
from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as baseline

import lossops.functional as F
from tests.cases import make_case
from tests.class_axis import (
    DTYPES,
    INF,
    NAN,
    REDUCTIONS,
    ROWS,
    SOFTMAX,
    labels,
    near,
    normal,
    padded,
    same,
)
from tests.families import of_family
from tests.families.class_axis import ClassAxis
from tests.losses import BY_OP, Loss
from tests.tiers import thorough

pytestmark = [
    pytest.mark.where(of_family(ClassAxis)),
    pytest.mark.usefixtures("on_device"),
]


def test_nan_stays_in_its_row(loss: Loss) -> None:
    """Wherever in the row, however the rows lie; nll reads one class only."""
    for shape in ((9, 4), (70, 3), (5, 130), (3, 6, 35)):
        shape = loss.family.fit(shape)
        case = make_case(loss, shape=shape, dtype=torch.float32, reduction="none")
        axis = case.loss.family.class_axis(len(shape))
        clean, slope = case.ours(), case.gradients(names=("input",))[0]
        for row, c in itertools.product((0, 1, len(clean) - 1), (0, shape[axis] - 1)):
            place: list[Any] = [row] + [-1] * (len(shape) - 1)
            hit = torch.zeros(clean.shape, dtype=torch.bool)
            hit[tuple(place[: len(clean.shape)])] = True
            x = case.tensors["input"].clone()
            x.select(axis, c)[hit] = NAN
            dirty = case.but(input=x)
            value, gradient = dirty.ours(), dirty.gradients(names=("input",))[0]
            label = case.tensors["target"][hit]
            read = {"nll": label == c, "corn": label >= c}.get(loss.op, torch.tensor(True))
            reads = bool(read.all())
            assert value[hit].isnan().all() == reads
            assert torch.equal(value[~hit], clean[~hit])
            others = ~case.along(hit, x).expand_as(x)
            assert torch.equal(gradient[others], slope[others])


@pytest.mark.where(lambda loss: loss.ignore and loss in ROWS)
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


@pytest.mark.where(lambda loss: loss.ignore and loss in ROWS)
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
        if len(shape) > loss.family.dims:
            continue
        shape = shape if loss.family.axis == 1 else (*shape[:1], *shape[2:], shape[1])
        for dtype in DTYPES:
            case = make_case(loss, shape=shape, dtype=dtype, weight="full")
            assert case.ours().isnan() and case.ours().dtype == dtype
            assert case.but(reduction="sum").ours() == 0
            assert case.but(reduction="none").ours().shape == loss.family.result_shape(shape)
            for gradient in case.gradients(names=loss.differentiable[:1]):
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
                for f in (F, baseline)
            )
            same(ours, theirs, x)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64], ids=str)
@pytest.mark.parametrize("width", [9, 1000, *thorough(1, 64, 5000)])
def test_masked_vocabulary(width: int, dtype: torch.dtype) -> None:
    """Classes at -inf, before, after or around the others, change nothing and get gradient 0."""
    for loss in SOFTMAX:
        for params in loss.params:
            narrow = make_case(loss, params, (4, 3), dtype=dtype, reduction="none", weight="full")
            # Smoothing gives the masked classes a share: inf, as in torch. A cap bounds them.
            if not params.keys().isdisjoint({"label_smoothing", "softcap", "dim"}):
                continue
            # Angles, a point between classes, and a sum over classes that is then infinite.
            if loss.op in ("arcface", "cosface", "distribution_focal", "normalized_cross_entropy"):
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
            if loss.op in ("arcface", "cosface") or loss.family.axis == -1:
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
            assert baseline.cross_entropy(x, t) == 0 or classes > 1e6


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
