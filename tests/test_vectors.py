"""The operators that are formulas of sums over vectors, against torch and plain formulas."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.func import grad, hessian, jvp, vmap

import lossops  # noqa: F401  # which defines the operators
from tests.losses.embedding import contrastive, cosine_embedding
from tests.losses.signal import decibels

NONE, MEAN, SUM = 0, 1, 2
REDUCTIONS = {NONE: "none", MEAN: "mean", SUM: "sum"}
INF = math.inf
ops = torch.ops.lossops
TOLERANCES = {
    torch.float64: 1e-12,
    torch.float32: 1e-6,
    torch.bfloat16: 2e-2,
    torch.float16: 2e-3,
}


def draw(
    *shape: int, n: int = 2, dtype: torch.dtype = torch.float64, seed: int = 0
) -> list[Tensor]:
    g = torch.Generator().manual_seed(seed)
    return [torch.randn(*shape, dtype=torch.float64, generator=g).to(dtype) for _ in range(n)]


def signs(*shape: int) -> Tensor:
    return torch.randint(0, 2, shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


def with_gradients(f: Callable[..., Tensor], tensors: list[Tensor]) -> list[Tensor]:
    """The value of f, and its gradients by all tensors."""
    tensors = [t.detach().requires_grad_() for t in tensors]
    value = f(*tensors)
    upstream = torch.linspace(1, 2, value.numel()).to(value).reshape(value.shape)
    return [value.detach(), *torch.autograd.grad(value, tensors, upstream)]


def compare(
    ours: Callable[..., Tensor], theirs: Callable[..., Tensor], tensors: list[Tensor]
) -> None:
    tolerance = TOLERANCES[tensors[0].dtype]
    expected = with_gradients(theirs, [t.double() for t in tensors])
    for got, want in zip(with_gradients(ours, tensors), expected, strict=True):
        assert got.dtype == tensors[0].dtype
        assert got.shape == want.shape
        scale = want.abs().max().item() + 1e-3
        assert (got.double() - want).abs().max().item() <= tolerance * scale


# -- values and gradients --------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("size", [3, 7, 16, 100, 1003])
def test_cosine(dtype: torch.dtype, size: int) -> None:
    t = signs(37)
    t[3] = 0  # torch gives it no loss
    for margin in (0.0, -0.3):
        compare(
            lambda x, y, margin=margin: ops.cosine_embedding(x, y, t, margin, reduction=NONE),
            lambda x, y, margin=margin: cosine_embedding(x, y, t, margin),
            draw(37, size, dtype=dtype),
        )


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_cosine_is_torchs(reduction: int) -> None:
    compare(
        lambda x, y: ops.cosine_embedding(x, y, signs(37), 0.1, reduction=reduction),
        lambda x, y: F.cosine_embedding_loss(x, y, signs(37), 0.1, reduction=REDUCTIONS[reduction]),
        draw(37, 64, dtype=torch.float32),
    )


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("p", [1.0, 2.0, 1.5, 3.0, INF])
@pytest.mark.parametrize("swap", [False, True])
def test_triplet_is_torchs(dtype: torch.dtype, p: float, swap: bool) -> None:
    for reduction, name in REDUCTIONS.items():
        compare(
            lambda a, b, c, r=reduction: ops.triplet_margin(
                a, b, c, 2.0, p, 1e-3, swap, reduction=r
            ),
            lambda a, b, c, r=name: F.triplet_margin_loss(a, b, c, 2.0, p, 1e-3, swap, reduction=r),
            draw(23, 19, n=3, dtype=dtype),
        )


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("p", [1.0, 2.0, 3.0, INF])
@pytest.mark.parametrize("power", [1, 2])
def test_contrastive(dtype: torch.dtype, p: float, power: int) -> None:
    t = signs(23)
    compare(
        lambda x, y: ops.contrastive(x, y, t, 0.5, 6.0, p, power, reduction=NONE),
        lambda x, y: contrastive(x, y, t, 0.5, 6.0, p, power),
        draw(23, 19, dtype=dtype),
    )


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("zero_mean", [False, True])
@pytest.mark.parametrize("eps", [0.0, 0.1])
def test_signals(dtype: torch.dtype, zero_mean: bool, eps: float) -> None:
    for op, scales in ((ops.si_sdr, True), (ops.snr, False)):
        x, noise = draw(3, 2, 131)
        compare(
            lambda x, t, op=op: op(x, t, zero_mean, eps, reduction=NONE),
            lambda x, t, scales=scales: decibels(x, t, zero_mean, eps, scales),
            [(x + 0.3).to(dtype), (x + 0.1 * noise).to(dtype)],
        )


@pytest.mark.parametrize(
    "shapes", [((5, 8), (1, 8)), ((1, 8), (5, 8)), ((5, 1), (5, 8)), ((8,), (8,))]
)
def test_vectors_broadcast(shapes: tuple[tuple[int, ...], ...]) -> None:
    x, y = (torch.randn(s, dtype=torch.float64) for s in shapes)
    one = torch.ones_like(x + y)
    t = signs(*one.shape[:-1])
    compare(
        lambda x, y: ops.cosine_embedding(x, y, t),
        lambda x, y: cosine_embedding(x * one, y * one, t).mean(),
        [x, y],
    )


def test_layouts_and_mixed_dtypes() -> None:
    x, y = draw(12, 9)
    t = signs(12)
    plain = with_gradients(lambda x, y: ops.cosine_embedding(x, y, t), [x, y])
    strided = [x.t().contiguous().t(), torch.randn(12, 20, dtype=torch.float64)[:, ::2][:, :9]]
    strided[1].copy_(y)
    for got, want in zip(
        with_gradients(lambda x, y: ops.cosine_embedding(x, y, t.byte() == 1), strided), plain,
        strict=True,
    ):  # fmt: skip
        assert got.shape == want.shape
    for got, want in zip(
        with_gradients(lambda x, y: ops.cosine_embedding(x, y, t), strided), plain, strict=True
    ):
        assert torch.equal(got, want)
    assert ops.cosine_embedding(x.float(), y, t).dtype == torch.float64
    assert ops.cosine_embedding(x.half(), y.half(), t, dtype=torch.float32).dtype == torch.float32


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_weights(reduction: int) -> None:
    a, b, c = draw(9, 5, n=3)
    w = torch.rand(9, dtype=torch.float64)
    w[2] = 0
    clean = ops.triplet_margin(a, b, c, reduction=NONE)
    want = {NONE: clean * w, MEAN: (clean * w).mean(), SUM: (clean * w).sum()}[reduction]
    a[2] = math.nan  # a weight of 0 leaves the group out
    a.requires_grad_()
    value = ops.triplet_margin(a, b, c, weight=w, reduction=reduction)
    assert torch.allclose(value, want)
    (gradient,) = torch.autograd.grad(value.sum(), a)
    assert gradient[2].eq(0).all()
    assert gradient.isfinite().all()


@pytest.mark.parametrize("poison", [math.nan, INF])
def test_weight_of_zero(poison: float) -> None:
    """It leaves out what is no number, on every path; what is one is the gradient by the weight."""
    a, b, c = draw(9, 5, n=3)
    each = ops.triplet_margin(a, b, c, 9.0, reduction=NONE)
    w = torch.rand(9, dtype=torch.float64)
    w[2:4] = 0
    a[2] = poison

    def f(a: Tensor, w: Tensor) -> Tensor:
        return ops.triplet_margin(a, b, c, 9.0, weight=w)

    a.requires_grad_()
    w.requires_grad_()
    want = torch.where(torch.arange(9) == 2, 0.0, each) / 9
    for create_graph in (False, True):
        slopes = torch.autograd.grad(f(a, w), (a, w), create_graph=create_graph)
        assert slopes[0][2:4].eq(0).all() and slopes[0].isfinite().all()
        assert torch.allclose(slopes[1], want)
    value, slope = jvp(f, (a, w), (torch.ones_like(a), torch.ones_like(w)))
    assert torch.allclose(value, f(a, w)) and slope.isfinite()


def test_target_without_a_derivative() -> None:
    x, y = (t.requires_grad_() for t in draw(9, 5))
    t = signs(9).double().requires_grad_()
    ops.cosine_embedding(x, y, t).backward()
    assert t.grad is None and x.grad is not None


def test_normalizer() -> None:
    x, y = draw(9, 5)
    t = signs(9)
    n = torch.tensor(7.0, dtype=torch.float64, requires_grad=True)
    value = ops.cosine_embedding(x, y, t, normalizer=n)
    total = ops.cosine_embedding(x, y, t, reduction=SUM)
    assert torch.allclose(value, total / 7)
    assert torch.allclose(torch.autograd.grad(value, n)[0], -total / 49)


# -- hard inputs -----------------------------------------------------------------------------------


def one_pair(x: Tensor, y: Tensor, t: int = 1) -> tuple[Tensor, Tensor]:
    x = x.clone().requires_grad_()
    value = ops.cosine_embedding(x, y, torch.tensor(t))
    return value.detach(), torch.autograd.grad(value, x)[0]


def test_cosine_at_every_scale() -> None:
    x, y = draw(64, dtype=torch.float32)
    want, _ = one_pair(x, y)
    for scale in (1e-20, 1e-38, 1e20, 1e36):
        value, slope = one_pair(x * scale, y)
        assert torch.allclose(value, want, rtol=1e-5)
        assert slope.isfinite().all()
    wide, _ = one_pair(x.double() * 1e300, y.double() * 1e-300)
    assert torch.allclose(wide.float(), want)
    half = torch.full((8,), 300.0, dtype=torch.float16)
    assert one_pair(half, half)[0] == 0


def test_cosine_of_nothing_and_of_the_same() -> None:
    x, y = draw(33, dtype=torch.float32)
    for t, want in ((1, 1.0), (-1, 0.0)):
        value, slope = one_pair(torch.zeros(33), y, t)
        assert value == want
        assert slope.eq(0).all()
    for dtype in TOLERANCES:
        assert one_pair(x.to(dtype), x.to(dtype))[0] == 0
    assert one_pair(x * math.nan, y)[0].isnan()


def test_distances_that_are_far_or_none() -> None:
    for p in (1.0, 2.0, 3.0, INF):
        a = torch.full((5,), 1e30, dtype=torch.float32, requires_grad=True)
        value = ops.triplet_margin(a, -a.detach(), torch.zeros(5), 1.0, p)
        assert value.isfinite()
        assert torch.autograd.grad(value, a)[0].isfinite().all()
        x = torch.ones(5, requires_grad=True)
        value = ops.contrastive(x, x.detach(), torch.tensor(1), 0.0, 1.0, p)
        assert value == 0
        assert torch.autograd.grad(value, x)[0].eq(0).all()
    same = torch.ones(2, dtype=torch.float64)
    far = same + 2
    assert torch.allclose(
        ops.triplet_margin(same, same, far, 8.0), F.triplet_margin_loss(same, same, far, 8.0)
    )


@pytest.mark.parametrize("op", [ops.si_sdr, ops.snr])
def test_signals_without_noise_or_target(op: Any) -> None:
    t = torch.randn(100)
    x = t.clone().requires_grad_()
    value = op(x, t)
    assert value == -INF
    assert torch.autograd.grad(value, x)[0].eq(0).all()
    assert op(x, t, False, 1e-8) < -80
    value = op(x, torch.zeros(100))
    assert value == 0
    assert torch.autograd.grad(value, x)[0].eq(0).all()
    assert ops.si_sdr(2 * t, t) == -INF


def test_decibels_keep_their_digits() -> None:
    t = torch.randn(4000, dtype=torch.float64)
    x = t + 1e-6 * torch.randn(4000, dtype=torch.float64)
    for op, scales in ((ops.si_sdr, True), (ops.snr, False)):
        want = decibels(x, t, False, 0.0, scales)
        assert torch.allclose(op(x, t), want, rtol=1e-12)


def test_empty() -> None:
    x = torch.randn(0, 4, requires_grad=True)
    value = ops.cosine_embedding(x, x.detach(), torch.ones(0))
    assert value.isnan()
    assert torch.autograd.grad(value, x)[0].shape == (0, 4)
    assert ops.triplet_margin(*[torch.randn(3, 0)] * 3).item() == 1


def test_bits_do_not_depend_on_threads() -> None:
    a, b, c = draw(2000, 50, n=3, dtype=torch.float32)
    results = []
    threads = torch.get_num_threads()
    try:
        for n in (1, 2, 3):
            torch.set_num_threads(n)
            results.append(with_gradients(lambda a, b, c: ops.triplet_margin(a, b, c), [a, b, c]))
    finally:
        torch.set_num_threads(threads)
    for other in results[1:]:
        assert all(torch.equal(x, y) for x, y in zip(results[0], other, strict=True))


# -- transforms ------------------------------------------------------------------------------------

T = torch.tensor([1, -1, 1, -1])
CASES: dict[str, tuple[int, Callable[..., Tensor]]] = {
    "cosine": (2, lambda x, y, **k: ops.cosine_embedding(x, y, T, -0.5, **k)),
    "triplet": (3, lambda a, b, c, **k: ops.triplet_margin(a, b, c, 3.0, 2, 1e-6, True, **k)),
    "triplet 3": (3, lambda a, b, c, **k: ops.triplet_margin(a, b, c, 3.0, 3, 1e-6, True, **k)),
    "triplet inf": (3, lambda a, b, c, **k: ops.triplet_margin(a, b, c, 3.0, INF, **k)),
    "contrastive": (2, lambda x, y, **k: ops.contrastive(x, y, T, 0.1, 4.0, 2, 2, **k)),
    "si_sdr": (2, lambda x, y, **k: ops.si_sdr(x, y, True, **k)),
    "snr": (2, lambda x, y, **k: ops.snr(x, y, True, 0.01, **k)),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("reduction", [NONE, MEAN])
def test_derivatives(name: str, reduction: int) -> None:
    count, op = CASES[name]
    tensors = [x.requires_grad_() for x in draw(4, 5, n=count)]
    weight = torch.rand(4, dtype=torch.float64, requires_grad=True)

    def f(*x: Tensor) -> Tensor:
        return op(*x[:-1], weight=x[-1], reduction=reduction)

    assert gradcheck(f, (*tensors, weight), check_forward_ad=True, check_batched_grad=True)
    assert gradgradcheck(f, (*tensors, weight))


@pytest.mark.parametrize("name", CASES)
def test_transforms(name: str) -> None:
    count, op = CASES[name]
    x, *rest = draw(4, 5, n=count)
    ours = with_gradients(lambda x: op(x, *rest), [x])
    assert torch.allclose(grad(lambda x: op(x, *rest))(x), ours[1])
    slope = jvp(lambda x: op(x, *rest), (x,), (torch.ones_like(x),))[1]
    assert torch.allclose(slope, ours[1].sum())
    batch = torch.stack([x, 2 * x])
    each = torch.stack([op(x, *rest), op(2 * x, *rest)])
    assert torch.allclose(vmap(lambda x: op(x, *rest))(batch), each)
    assert hessian(lambda x: op(x, *rest))(x).isfinite().all()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("reduction", [NONE, MEAN])
def test_tracing(name: str, reduction: int) -> None:
    count, op = CASES[name]
    tensors = draw(4, 5, n=count)
    torch._dynamo.reset()
    compiled = torch.compile(
        lambda *x: op(*x, reduction=reduction), backend="aot_eager", fullgraph=True
    )
    plain = with_gradients(lambda *x: op(*x, reduction=reduction), tensors)
    for got, want in zip(with_gradients(compiled, tensors), plain, strict=True):
        assert torch.allclose(got, want)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_meta(reduction: int) -> None:
    tensors = draw(4, 5, n=3, dtype=torch.bfloat16)
    shapes = [x.to("meta") for x in tensors]
    want = ops._triplet_margin_value_and_grad(*tensors, reduction=reduction, wrt=7)
    got = ops._triplet_margin_value_and_grad(*shapes, reduction=reduction, wrt=7)
    assert [(t.shape, t.dtype) for t in got] == [(t.shape, t.dtype) for t in want]


# -- mistakes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda x, t: ops.cosine_embedding(x, x[:, :3], t), RuntimeError, "must broadcast"),
        (lambda x, t: ops.cosine_embedding(x, x[0], t), RuntimeError, "as many dimensions"),
        (
            lambda x, t: ops.cosine_embedding(x, x, t[:3]),
            RuntimeError,
            "target must have the shape",
        ),
        (lambda x, t: ops.cosine_embedding(x, x, t[:, None]), RuntimeError, "target must have"),
        (lambda x, t: ops.cosine_embedding(x, x, t, ignore_index=1), RuntimeError, "ignore_index"),
        (lambda x, t: ops.cosine_embedding(x, x, t, weight=t), RuntimeError, "floating point"),
        (lambda x, t: ops.triplet_margin(x, x, x, 0.0), ValueError, "margin must be > 0"),
        (lambda x, t: ops.triplet_margin(x, x, x[0]), RuntimeError, "as many dimensions"),
        (lambda x, t: ops.contrastive(x, x, t, power=3), RuntimeError, "power must be <= 2"),
        (lambda x, t: ops.snr(x, x, eps=-1.0), RuntimeError, "eps must be >= 0"),
        (lambda x, t: ops.snr(x[0, 0], x[0, 0]), RuntimeError, "at least one dimension"),
        (lambda x, t: ops.snr(x, x, reduction=3), ValueError, "reduction must be"),
    ],
)
def test_mistakes(call: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call(torch.randn(5, 4), signs(5))
