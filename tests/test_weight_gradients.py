"""Gradients by weights over a class axis: the kernels tell them, without a graph of the loss."""

import math
from collections.abc import Iterator

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

import lossops.functional as F
from tests.cases import Case, make_case
from tests.families import of_family
from tests.families.class_axis import ClassAxis
from tests.losses import Loss

pytestmark = [
    pytest.mark.where(of_family(ClassAxis)),
    pytest.mark.usefixtures("on_device"),
]

LEARNED = ("weight", "alpha", "fn_weight", "fp_weight")
REDUCTIONS = ("none", "mean", "sum")


def cases(loss: Loss, **settings: object) -> Iterator[Case]:
    """With weights, for all parameters."""
    for params in loss.params:
        ignore = loss.under(params).ignore
        yield make_case(loss, params, weight="full", ignore=ignore, **settings)


def learned(case: Case) -> list[str]:
    return [name for name in LEARNED if name in case.tensors]


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("normalizer", [False, True], ids=["", "normalizer"])
def test_values(loss: Loss, reduction: str, normalizer: bool) -> None:
    """Those of the reference, in the precision of each dtype."""
    if normalizer and reduction == "none":
        return
    for shape in ((33, 5), (2, 3, 5, 7)):
        shape = loss.family.fit(shape)
        for case in cases(loss, shape=shape, reduction=reduction, normalizer=normalizer):
            names, upstream = learned(case), torch.rand_like(case.ours())
            right = case.gradients(case.expected, names, upstream)
            for dtype, error in ((torch.float64, 1e-12), (torch.float32, 2e-6)):
                got = case.to(dtype).gradients(names=names, upstream=upstream.to(dtype))
                for name, ours, expected in zip(names, got, right, strict=True):
                    most = expected.abs().max()
                    assert (ours - expected).abs().max() <= error * most, (name, dtype, str(case))


def test_half_precision(loss: Loss) -> None:
    """Rounded once, from numbers that are exact in both dtypes."""
    for dtype in (torch.float16, torch.bfloat16):
        for case in cases(loss, shape=loss.family.fit((33, 5)), dtype=dtype):
            names = learned(case)
            right = case.to(torch.float64).gradients(names=names)
            for ours, expected in zip(case.gradients(names=names), right, strict=True):
                torch.testing.assert_close(ours, expected.to(dtype), rtol=torch.finfo(dtype).eps,
                                           atol=1e-6)  # fmt: skip


def test_no_graph_of_the_loss(loss: Loss) -> None:
    """Backward asks the kernels, but for smoothed targets of cosines that are mapped."""
    for case in cases(loss, shape=loss.family.fit((33, 5)), dtype=torch.float32):
        if loss.op in ("arcface", "cosface") and case.params.get("label_smoothing"):
            continue
        leaves = case.leaves(names := learned(case))
        value = case.over(names)(*leaves)
        with profile(activities=[ProfilerActivity.CPU]) as seen:
            torch.autograd.grad(value, leaves)
        called = {event.key for event in seen.key_averages()}
        assert not called & {"aten::exp", "aten::expm1", "aten::maximum"}, case


def test_ignored_rows_do_not_count(loss: Loss) -> None:
    """Whatever they hold."""
    for case in cases(loss, shape=loss.family.fit((33, 5))):
        if not case.loss.ignore or case.ignore_index is None:
            continue
        x, names = case.tensors["input"], learned(case)
        dirty = case.but(input=x.masked_fill(case.along(case.ignored, x), float("nan")))
        got, right = dirty.gradients(names=names), case.gradients(names=names)
        assert all(map(torch.equal, got, right))


def edges(loss: Loss) -> Iterator[Case]:
    """Nothing counts, nothing weighs, or a class is impossible."""
    for reduction in ("mean", "sum"):
        for case in cases(loss, shape=loss.family.fit((6, 3)), reduction=reduction):
            yield case.but(weight=torch.zeros_like(case.tensors["weight"]))
            if case.loss.ignore and case.ignore_index is not None:
                label = case.loss.label
                yield case.but(**{label: torch.full_like(case.tensors[label], case.ignore_index)})
            if loss.op != "nll" and loss.family.weights == "classes":
                x = case.tensors["input"].clone()
                x[:2, 0] = -math.inf
                yield case.but(input=x)
        for case in cases(loss, shape=loss.family.fit((0, 3)), reduction=reduction):
            if case.loss.family.takes(case.tensors["input"].shape):
                yield case


def test_edges(loss: Loss) -> None:
    """As the decomposition has it: 0 where nothing counts, infinite where a cost is."""
    for case in edges(loss):
        leaves = case.leaves(names := learned(case))
        value = case.over(names)(*leaves)
        right = torch.autograd.grad(value, leaves, create_graph=True)
        for ours, expected in zip(case.gradients(names=names), right, strict=True):
            torch.testing.assert_close(ours, expected, equal_nan=True)


def test_sums_over_many_classes_do_not_depend_on_threads(device: str) -> None:
    """Torch's own sum of so many numbers does."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(64, 50_000, generator=generator, dtype=torch.float64).to(device)
    t, w = torch.arange(64, device=device) * 700, torch.rand(50_000, generator=generator).to(x)
    found, threads = [], torch.get_num_threads()
    for count in (1, 2, 3):
        torch.set_num_threads(count)
        alpha = torch.tensor(0.5, device=device, dtype=x.dtype, requires_grad=True)
        weight = w.clone().requires_grad_()
        value = F.softmax_focal_loss(x, t, alpha=alpha, weight=weight, label_smoothing=0.1)
        found.append(torch.autograd.grad(value, (alpha, weight)))
    torch.set_num_threads(threads)
    assert all(map(torch.equal, found[0], found[1])) and all(map(torch.equal, found[0], found[2]))


def test_costs_of_low_precision_logits(device: str) -> None:
    """The gradient has the weight's precision, not the logits'."""
    x = torch.randn(6, 3, generator=torch.Generator().manual_seed(0)).to(device, torch.bfloat16)
    t, fn = torch.arange(6, device=device) % 3, torch.ones(3, device=device)
    fp = torch.ones(3, 3, device=device, requires_grad=True)
    got, right = (
        torch.autograd.grad(F.rww_cross_entropy_loss(logits, t, fn, fp, reduction="sum"), fp)[0]
        for logits in (x, x.double())
    )
    torch.testing.assert_close(got, right, rtol=1e-6, atol=1e-7)


def test_upstream_gradients_of_ignored_rows(device: str) -> None:
    """They do not count, even if infinite, as the root of a loss of 0 makes them."""
    x = torch.randn(3, 4, generator=torch.Generator().manual_seed(0)).to(device).requires_grad_()
    t, w = torch.tensor([1, -100, 2], device=device), torch.ones(4, device=device).requires_grad_()
    value = F.cross_entropy(x, t, weight=w, reduction="none").sqrt().sum()
    for gradient in torch.autograd.grad(value, (x, w)):
        assert gradient.isfinite().all()
    assert torch.equal(torch.autograd.grad(F.focal_loss(
        x[:, 0], t.clamp(max=1), ignore_index=-100, reduction="none").sqrt().sum(), x)[0][1],
        torch.zeros(4, device=device))  # fmt: skip


def test_weights_of_no_row(device: str) -> None:
    """What nobody meets does not count; a mean by weights whose sum is 0 is no number."""
    x, inf = torch.tensor([[0, 0.5], [0, 1]], device=device), float("inf")
    none, both = torch.full((2,), -100, device=device), torch.arange(2, device=device)
    for labels, numbers, zero in ((none, [inf, 1.0], True), (both, [1.0, -1.0], False)):
        w = torch.tensor(numbers, device=device, requires_grad=True)
        (gradient,) = torch.autograd.grad(F.cross_entropy(x, labels, weight=w), w)
        assert bool((gradient == 0).all()) == zero
