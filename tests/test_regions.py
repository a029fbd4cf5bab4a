"""The operators that are formulas of sums over regions, against plain formulas in float64."""

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.func import grad, jvp, vmap

from tests.regions import (
    CASES,
    MEAN,
    NAMES,
    NONE,
    PLAIN,
    SHAPES,
    SIGMOID,
    SOFTMAX,
    SUM,
    TOLERANCES,
    Case,
    absent,
    dice,
    draw,
    near,
    one_hot,
    ops,
    reference,
    with_gradient,
)

# -- values and gradients --------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=NAMES)
@pytest.mark.parametrize("activation", [PLAIN, SIGMOID, SOFTMAX])
@pytest.mark.parametrize("kind", ["labels", "soft", "hard"])
@pytest.mark.parametrize(
    ("dtype", "reduction"), list(zip(TOLERANCES, (NONE, MEAN, SUM, NONE), strict=True))
)
def test_formula(
    case: Case, activation: int, kind: str, dtype: torch.dtype, reduction: int
) -> None:
    def check(shape: tuple[int, ...]) -> None:
        x, t = draw(shape, activation, kind, dtype)
        weight = torch.rand(shape[1]) + 0.1 if reduction != SUM else None
        more: dict[str, Any] = {"activation": activation, "reduction": reduction}
        value, slope = with_gradient(lambda x: case(x, t, weight=weight, **more), x)
        w = None if weight is None else weight.double()
        want, expected = with_gradient(
            lambda x: reference(case, x, t, weight=w, **more), x.double()
        )
        assert (value.dtype, slope.dtype, slope.shape) == (dtype, dtype, x.shape)
        assert near(value, want, dtype)
        assert near(slope, expected, dtype)

    for shape in SHAPES:
        single = activation == SOFTMAX or "include_background" in case.given
        if shape[1] > 1 or not single:
            check(shape)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
@pytest.mark.parametrize("kind", ["labels", "hard"])
def test_what_is_ignored_is_absent(case: Case, kind: str) -> None:
    x, t = draw((2, 3, 9, 11), SOFTMAX, kind, torch.float64)
    t = t.long()
    t[0, 0] = -1
    more: dict[str, Any] = {"activation": SOFTMAX, "ignore_index": -1, "reduction": NONE}
    want, expected = with_gradient(lambda x: reference(case, x, t, **more), x)
    dirty = x.clone()
    dirty[absent(x, t, -1).all(1, keepdim=True).expand_as(x)] = math.nan
    value, slope = with_gradient(lambda x: case(x, t, **more), dirty)
    assert near(value, want, torch.float64)
    assert near(slope, expected.masked_fill(dirty.isnan(), 0), torch.float64)
    assert torch.allclose(jvp(lambda x: case(x, t, **more), (dirty,), (x,))[0], value)


@pytest.mark.parametrize("activation", [SIGMOID, SOFTMAX])
@pytest.mark.parametrize("reduction", [MEAN, SUM])
@pytest.mark.parametrize("kind", ["labels", "soft"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("shape", "dtype"), list(zip(SHAPES, [*TOLERANCES, torch.float32], strict=True)), ids=str
)
def test_compounds(
    activation: int, reduction: int, kind: str, weighted: bool, shape: tuple[int, ...],
    dtype: torch.dtype,
) -> None:  # fmt: skip
    if activation == SOFTMAX and shape[1] == 1:
        return
    x, t = draw(shape, activation, kind, dtype)
    w = torch.rand(shape[1], dtype=torch.float64) + 0.5 if weighted else None
    by_class = (w if w is not None else torch.ones(1).double()).view(-1, *[1] * (len(shape) - 2))
    more: dict[str, Any] = {"activation": activation, "reduction": reduction}

    def focal(x: Tensor, smoothing: float, gamma: float, alpha: float | None) -> Tensor:
        y = one_hot(x, t)
        count: Any = x.numel()
        if activation == SOFTMAX:
            count = (y * by_class).sum() if kind == "labels" else x.numel() / shape[1]
            log_p = x.log_softmax(1)
            y = (1 - smoothing) * y + smoothing / shape[1]
            cost = -y * log_p * (1 - log_p.exp()) ** gamma * (1 if alpha is None else alpha)
        else:
            y = (1 - smoothing) * y + smoothing / 2
            wrong = y * (1 - x.sigmoid()) + (1 - y) * x.sigmoid()
            cost = F.binary_cross_entropy_with_logits(x, y, reduction="none") * wrong**gamma
            cost = cost * (1 if alpha is None else (1 - alpha) + (2 * alpha - 1) * y)
        total = (cost * by_class).sum()
        return total if reduction == SUM else total / count

    def overlap(x: Tensor) -> Tensor:
        return reference(CASES[0], x, t, weight=w, **more)

    for op, formula in (
        (lambda x: ops.dice_ce(x, t, 0.7, 0.4, 0.1, weight=w, **more),
         lambda x: 0.7 * overlap(x) + 0.4 * focal(x, 0.1, 0, None)),
        (lambda x: ops.dice_ce(x, t, weight=w, **more),
         lambda x: overlap(x) + focal(x, 0, 0, None)),
        (lambda x: ops.dice_focal(x, t, alpha=0.3, weight=w, **more),
         lambda x: overlap(x) + focal(x, 0, 2, 0.3)),
    ):  # fmt: skip
        value, slope = with_gradient(op, x)
        want, expected = with_gradient(formula, x.double())
        assert near(value, want, dtype)
        assert near(slope, expected, dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("op", "shape", "given"),
    [
        (ops.dice, (2, 4, 300), {}),
        (ops.dice, (2, 70, 33), {"squared": True}),
        (ops.dice, (2, 4, 300), {"soft_label": True}),
        (ops.dice_ce, (2, 4, 300), {}),
        (ops.dice, (2, 3, 300), {"activation": SIGMOID}),
        (ops.dice, (2, 1, 300), {"activation": SIGMOID}),
    ],
)
def test_labels_have_the_gradient_of_their_one_hot_targets(
    op: Any, shape: tuple[int, ...], given: dict[str, Any], dtype: torch.dtype
) -> None:
    """Element by element, with probabilities of 1 and of 0 to the last digit."""
    x, t = draw(shape, SOFTMAX, "labels", dtype)
    x *= 20
    x[0] = x[0].where(one_hot(x, t)[0] == 0, -1e3)
    _, slope = with_gradient(lambda x: op(x, t, **given), x)
    _, expected = with_gradient(lambda x: op(x, one_hot(x, t), **given), x)
    assert torch.allclose(slope, expected, rtol=1e-3, atol=1e-35)


# -- layouts, dtypes and shapes --------------------------------------------------------------------


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_layouts(dtype: torch.dtype) -> None:
    x, t = draw((2, 5, 12, 34), SOFTMAX, "labels", dtype)
    plain = with_gradient(lambda x: ops.dice(x, t), x)
    for other in (
        x.to(memory_format=torch.channels_last),
        torch.cat([x, x], 3)[..., ::2].copy_(x),
        x.transpose(2, 3).contiguous().transpose(2, 3),
    ):
        value, slope = with_gradient(lambda x: ops.dice(x, t), other)
        assert torch.allclose(value, plain[0], rtol=1e-5)
        assert near(slope, plain[1].double(), dtype)


@pytest.mark.parametrize(
    "dtype", [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16]
)
def test_labels_of_any_integer_dtype(dtype: torch.dtype) -> None:
    x, t = draw((2, 3, 40), SOFTMAX, "labels", torch.float32)
    want = ops.dice(x, t)
    assert torch.equal(ops.dice(x, t.to(dtype)), want)
    assert torch.equal(ops.dice(x, t.to(dtype).unsqueeze(1)), want)
    assert torch.allclose(ops.dice(x, one_hot(x, t).to(dtype)), want)


def test_a_mask_of_one_class() -> None:
    x, t = draw((2, 1, 40), SIGMOID, "labels", torch.float32)
    want = ops.dice(x, t, activation=SIGMOID)
    assert torch.equal(ops.dice(x, t.bool(), activation=SIGMOID), want)
    assert torch.allclose(ops.dice(x, t.bool().unsqueeze(1), activation=SIGMOID), want)


def test_classes_without_pixels() -> None:
    x, t = draw((4, 3), SOFTMAX, "labels", torch.float64)
    assert near(ops.dice(x, t), reference(CASES[0], x, t, activation=2, reduction=1), x.dtype)


# -- hard inputs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_narrow_dtypes_at_large_sizes(dtype: torch.dtype) -> None:
    x, t = draw((1, 3, 1024, 512), SOFTMAX, "labels", dtype)
    value, slope = with_gradient(lambda x: ops.dice(x, t), x)
    more: dict[str, Any] = {"activation": SOFTMAX, "reduction": MEAN}
    want, expected = with_gradient(lambda x: reference(CASES[0], x, t, **more), x.double())
    assert near(value, want, dtype)
    x.requires_grad_()
    scaled = torch.autograd.grad(ops.dice(x, t, dtype=torch.float32) * 2.0**20, x)[0]
    assert near(scaled, expected * 2.0**20, dtype)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
@pytest.mark.parametrize("t", [torch.zeros(2, 8).long(), torch.arange(16).view(2, 8) % 3])
def test_nothing_and_everything(case: Case, t: Tensor) -> None:
    """Predictions of exactly 0 and 1, and targets without a class or with all of one."""
    exact = one_hot(torch.zeros(2, 3, 8), t)
    for x in (exact, torch.zeros(2, 3, 8), torch.ones(2, 3, 8)):
        if case.given.get("log") and x is not exact:
            continue  # infinite where s is too small to count
        value, slope = with_gradient(lambda x: case(x, t, activation=PLAIN), x)
        assert value.isfinite()
        assert slope.isfinite().all()
        if x is exact and case.op != "mcc":
            assert value.abs() < 1e-6


@pytest.mark.parametrize("case", CASES, ids=NAMES)
@pytest.mark.parametrize("activation", [SIGMOID, SOFTMAX])
@pytest.mark.parametrize("far", [1e4, -1e4])
def test_far_logits(case: Case, activation: int, far: float) -> None:
    x = torch.full((2, 3, 8), far)
    x[:, 1] = 0
    t = torch.arange(16).view(2, 8) % 3
    value, slope = with_gradient(lambda x: case(x, t, activation=activation), x)
    assert value.isfinite()
    assert slope.isfinite().all()


def test_focal_tversky_of_a_perfect_match() -> None:
    t = torch.arange(30).view(1, 30) % 3
    x = one_hot(torch.zeros(1, 3, 30), t)
    value, slope = with_gradient(lambda x: ops.focal_tversky(x, t, activation=PLAIN), x)
    assert value == 0
    assert slope.eq(0).all()


def test_smooth_of_zero() -> None:
    empty = torch.zeros(1, 1, 9)
    value, slope = with_gradient(lambda x: ops.dice(x, empty, PLAIN, 0.0), empty)
    assert value == 0
    assert slope.eq(0).all()


@pytest.mark.parametrize("op", [ops.dice, ops.generalized_dice, ops.mcc, ops.dice_ce])
def test_all_ignored(op: Any) -> None:
    x = torch.full((2, 3, 5), math.nan)
    value, slope = with_gradient(lambda x: op(x, torch.full((2, 5), 255), ignore_index=255), x)
    assert value.isnan()
    assert slope.eq(0).all()


def test_absent_classes_are_skipped() -> None:
    x, t = draw((2, 4, 30), SOFTMAX, "labels", torch.float64)
    t = t.clamp(max=2)
    each = ops.dice(x, t, reduction=NONE)
    assert torch.allclose(ops.dice(x, t, absent=1), each[:, :3].mean())
    assert ops.dice(x, t, absent=1, reduction=NONE)[:, 3].eq(0).all()


def test_the_logarithm_of_what_is_no_better_than_chance_is_infinite() -> None:
    x = torch.tensor([[[2.0, -3.0, 1.0]]], requires_grad=True)
    value = ops.mcc(x, torch.tensor([[0, 1, 0]]), activation=SIGMOID, log=True)
    value.backward()
    assert value.item() == math.inf and torch.equal(x.grad, torch.zeros_like(x))


@pytest.mark.host  # for the time that emulation takes
def test_many_pixels() -> None:
    """More than a sum in float32 could count."""
    x = torch.zeros(1, 1, 2**25, dtype=torch.bfloat16)
    t = torch.ones(1, 2**25, dtype=torch.uint8)
    assert torch.allclose(
        ops.dice(x, t, activation=SIGMOID).float(), torch.tensor(1 / 3), rtol=1e-2
    )
    value = ops.mcc(x.requires_grad_(), t, activation=SIGMOID, dtype=torch.float32)
    assert value == 1


def test_bits_do_not_depend_on_threads() -> None:
    x, t = draw((3, 4, 100, 77), SOFTMAX, "labels", torch.float32)
    results = []
    threads = torch.get_num_threads()
    try:
        for n in (1, 2, 3):
            torch.set_num_threads(n)
            results.append(with_gradient(lambda x: ops.dice_ce(x, t), x))
    finally:
        torch.set_num_threads(threads)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


# -- transforms ------------------------------------------------------------------------------------

COMPOUNDS = [
    Case("dice_ce", dice, {}, {"label_smoothing": 0.1}),
    Case("dice_focal", dice, {}, {"alpha": 0.3}),
]


@pytest.mark.parametrize("case", CASES + COMPOUNDS, ids=[*NAMES, "ce", "focal"])
@pytest.mark.parametrize("reduction", [NONE, MEAN])
def test_derivatives(case: Case, reduction: int) -> None:
    if case in COMPOUNDS and reduction == NONE:
        return
    x, t = draw((2, 3, 4), SOFTMAX, "labels", torch.float64)
    t[0, 0] = -1
    w = torch.rand(3, dtype=torch.float64, requires_grad=True)

    def f(x: Tensor, w: Tensor) -> Tensor:
        return case(x, t, weight=w, ignore_index=-1, reduction=reduction)

    x.requires_grad_()
    assert gradcheck(f, (x, w), check_forward_ad=True, check_batched_grad=True)
    assert gradgradcheck(f, (x, w))


@pytest.mark.parametrize("activation", [PLAIN, SIGMOID, SOFTMAX])
def test_derivatives_by_the_target(activation: int) -> None:
    tensors = [x.requires_grad_() for x in draw((2, 3, 4), activation, "soft", torch.float64)]
    for case in (CASES[0], CASES[3], CASES[7], CASES[8]):
        assert gradcheck(lambda x, t, c=case: c(x, t, activation=activation), tensors)


@pytest.mark.parametrize("case", CASES + COMPOUNDS, ids=[*NAMES, "ce", "focal"])
def test_transforms(case: Case) -> None:
    x, t = draw((2, 3, 4), SOFTMAX, "labels", torch.float64)
    value, slope = with_gradient(lambda x: case(x, t), x)
    assert torch.allclose(grad(lambda x: case(x, t))(x), slope)
    assert torch.allclose(jvp(lambda x: case(x, t), (x,), (x,))[1], (slope * x).sum())
    batch = torch.stack([x, 2 * x])
    assert torch.allclose(
        vmap(lambda x: case(x, t))(batch), torch.stack([case(b, t) for b in batch])
    )
    torch._dynamo.reset()
    compiled = torch.compile(lambda x: case(x, t), backend="aot_eager", fullgraph=True)
    assert torch.allclose(with_gradient(compiled, x)[1], slope)


def test_meta() -> None:
    x, t = draw((2, 3, 4, 5), SOFTMAX, "labels", torch.bfloat16)
    for given in ({}, {"batch": True}, {"include_background": False}):
        for op in (ops.dice, ops.generalized_dice):
            want = op(x, t, reduction=NONE, **given)
            got = op(x.to("meta"), t.to("meta"), reduction=NONE, **given)
            assert (got.shape, got.dtype) == (want.shape, want.dtype)


# -- mistakes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda x, t: ops.dice(x[:, :1], t), ValueError, "must be sigmoid or None"),
        (lambda x, t: vmap(lambda x: ops.dice(x, t + 1))(x[None]), IndexError, "got 3"),
        (lambda x, t: ops.dice(x, t.float()), RuntimeError, "target must hold labels"),
        (lambda x, t: ops.dice(x, t[:, :3]), RuntimeError, "target must hold labels"),
        (lambda x, t: ops.dice(x[0, 0], t), RuntimeError, r"shape \(N, C, ...\)"),
        (lambda x, t: ops.dice(x, t, weight=torch.ones(2)), RuntimeError, r"shape \(3,\)"),
        (lambda x, t: ops.dice(x, t, smooth=-1.0), RuntimeError, "smooth must be >= 0"),
        (lambda x, t: ops.dice(x[:, :1], t, 1, include_background=False), ValueError, "background"),
        (lambda x, t: ops.dice_ce(x, t, activation=0), ValueError, "activation must be"),
        (lambda x, t: ops.dice_ce(x, t, reduction=0), ValueError, "mean or sum"),
    ],
)
def test_mistakes(call: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call(torch.randn(2, 3, 4), torch.arange(8).view(2, 4) % 3)


def test_a_wrong_label_is_told() -> None:
    x, t = torch.randn(2, 3, 4), torch.arange(8).view(2, 4) % 3
    with pytest.raises(IndexError, match=r"\[0, 2\], got 3 at position \(0, 2\)"):
        ops.dice(x, t + 1)
    with pytest.raises(IndexError, match=r"\[0, 1\], got 2 at position \(0, 2\)"):
        ops.dice(x[:, :1], t, 1)
