"""The operator ctc, against torch and against sums over all paths."""

import itertools
import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.func import grad, hessian, jvp, vmap

import lossops  # noqa: F401  # which defines the operators
from tests.lattices import DTYPES, MEAN, NONE, SUM, batch, ctc, paths, rnnt, value_and_grad

# -- CTC against torch, and against all paths ------------------------------------------------------


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("blank", [0, 3, 6])
@pytest.mark.parametrize("concatenated", [False, True])
def test_ctc_is_torchs(reduction: str, blank: int, concatenated: bool) -> None:
    x, targets, lengths, counts = batch(blank=blank)
    if concatenated:
        targets = torch.cat([t[:c] for t, c in zip(targets, counts, strict=True)])
    code = ("none", "mean", "sum").index(reduction)

    def theirs(x: Tensor) -> Tensor:
        log_p = x.log_softmax(-1)
        return F.ctc_loss(log_p, targets, lengths, counts, blank=blank, reduction=reduction)

    expected = value_and_grad(theirs, x)
    for fused in (False, True):

        def ours(x: Tensor, fused: bool = fused) -> Tensor:
            scores = x if fused else x.log_softmax(-1)
            return ctc(
                scores, targets, lengths, counts, blank=blank, reduction=code, from_logits=fused
            )

        torch.testing.assert_close(value_and_grad(ours, x), expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1, 14, 15, 16, 17, 31, 33, 64])
def test_ctc_of_every_width_and_dtype(dtype: torch.dtype, size: int) -> None:
    """Positions, and classes, around the widths of vectors."""
    x, targets, lengths, counts = batch(T=2 * size + 9, C=size + 2, S=size, N=3, seed=size)
    counts[0], lengths[:] = size, 2 * size + 9
    x = x.to(dtype)

    def theirs(x: Tensor) -> Tensor:
        return F.ctc_loss(x.log_softmax(-1), targets, lengths, counts, reduction="sum")

    value, gradient = value_and_grad(theirs, x.double())
    ours = value_and_grad(
        lambda x: ctc(x, targets, lengths, counts, from_logits=True, reduction=SUM), x
    )
    torch.testing.assert_close(ours[0], value.to(dtype))
    torch.testing.assert_close(ours[1], gradient.to(dtype))


@pytest.mark.parametrize("labels", [[], [1], [1, 1], [2, 1], [1, 2, 1], [2, 2, 2]])
@pytest.mark.parametrize("T", [1, 2, 4, 6])
def test_ctc_is_the_sum_over_all_paths(labels: list[int], T: int) -> None:
    x = torch.randn(T, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(T))
    x.requires_grad_()  # not normalised: any scores will do
    logs = [x[range(T), list(path)].sum() for path in paths(labels, T, 3, 0)]
    targets, counts = torch.tensor(labels, dtype=torch.long), torch.tensor(len(labels))
    loss = ctc(x, targets, T, counts, reduction=NONE)
    assert loss.shape == ()
    (gradient,) = torch.autograd.grad(loss, x)
    if not logs:
        assert loss == math.inf and (gradient == 0).all()
        return
    expected = -torch.stack(logs).logsumexp(0)
    torch.testing.assert_close(loss, expected)
    (of_expected,) = torch.autograd.grad(expected, x)
    torch.testing.assert_close(gradient, of_expected)
    torch.testing.assert_close(gradient.sum(-1), -torch.ones(T, dtype=torch.float64))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("T", "labels"), [(7, [1, 2]), (30, [1, 1, 2]), (400, [1, 2, 2, 2] * 20)])
def test_ctc_of_uniform_rows(dtype: torch.dtype, T: int, labels: list[int]) -> None:
    U, repeats = len(labels), sum(a == b for a, b in itertools.pairwise(labels))
    ways = math.lgamma(T + U - repeats + 1) - math.lgamma(2 * U + 1)
    ways -= math.lgamma(T - U - repeats + 1)
    loss = ctc(
        torch.zeros(T, 5, dtype=dtype), torch.tensor(labels), T, U, from_logits=True, reduction=SUM
    )
    assert loss.item() == pytest.approx(T * math.log(5) - ways, rel=1e-6)


# -- the table of the catalogue --------------------------------------------------------------------


def test_infeasible_samples_have_no_gradient() -> None:
    x, targets, lengths, _ = batch(T=6, S=4, N=3, seed=1)
    targets[0], lengths = torch.tensor([1, 1, 2, 2]), torch.tensor([5, 0, 6])
    counts = torch.tensor([4, 2, 3])
    for fused in (False, True):
        value, gradient = value_and_grad(
            lambda x, f=fused: ctc(x, targets, lengths, counts, from_logits=f, reduction=NONE), x
        )
        assert value.isinf().tolist() == [True, True, False]
        assert (gradient[:, :2] == 0).all() and (gradient[:, 2] != 0).any()
        value, gradient = value_and_grad(
            lambda x, f=fused: ctc(
                x, targets, lengths, counts, zero_infinity=True, from_logits=f, reduction=SUM
            ),
            x,
        )
        assert value.isfinite() and (gradient[:, :2] == 0).all()


def test_empty_targets() -> None:
    x, targets, lengths, counts = batch()
    counts[:] = 0
    lengths[0] = 0
    log_p = x.log_softmax(-1)
    value, gradient = value_and_grad(
        lambda x: ctc(x, targets, lengths, counts, reduction=NONE), log_p
    )
    expected = torch.stack([-log_p[: lengths[n], n, 0].sum() for n in range(4)])
    torch.testing.assert_close(value, expected.abs())
    assert math.copysign(1, value[0].item()) == 1 and (gradient[:, 0] == 0).all()
    assert (gradient[..., 1:] == 0).all()
    no_width = ctc(x, targets[:, :0], lengths, counts, from_logits=True, reduction=NONE)
    torch.testing.assert_close(no_width, expected.abs())


@pytest.mark.parametrize("fused", [False, True])
def test_unused_classes_of_no_probability(fused: bool) -> None:
    x, _, lengths, counts = batch()
    targets = torch.ones(4, 6, dtype=torch.long) + torch.arange(6) % 2
    x[..., 5:] = -math.inf
    scores = x if fused else x.log_softmax(-1)
    value, gradient = value_and_grad(
        lambda x: ctc(x, targets, lengths, counts, from_logits=fused, reduction=NONE), scores
    )
    assert value.isfinite().all() and gradient.isfinite().all() and (gradient[..., 5:] == 0).all()
    # Of a used one it is a target that cannot be.
    value, gradient = value_and_grad(
        lambda x: ctc(
            x, torch.full((4, 1), 6), lengths, [1] * 4, from_logits=fused, reduction=NONE
        ),
        scores,
    )
    assert (value == math.inf).all() and (gradient == 0).all()


@pytest.mark.parametrize("fused", [False, True])
def test_what_lies_beyond_the_lengths_is_not_read(fused: bool) -> None:
    x, targets, lengths, counts = batch()

    def of(x: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return value_and_grad(
            lambda x: ctc(x, targets, lengths, counts, from_logits=fused, reduction=NONE), x
        )

    expected = of(x, targets)
    for n in range(4):
        x[lengths[n] :, n] = math.nan
        targets[n, counts[n] :] = -12345
    torch.testing.assert_close(of(x, targets), expected, rtol=0, atol=0)
    by_vmap = vmap(lambda x: ctc(x, targets, lengths, counts, from_logits=fused, reduction=NONE))
    torch.testing.assert_close(by_vmap(x[None])[0], expected[0])


def test_nan_comes_through() -> None:
    x, targets, lengths, counts = batch()
    x[1, 0] = math.nan
    value, gradient = value_and_grad(
        lambda x: ctc(x, targets, lengths, counts, from_logits=True, reduction=NONE), x
    )
    assert value.isnan().tolist() == [True, False, False, False]
    assert gradient[1, 0].isnan().all() and gradient[:, 1:].isfinite().all()


@pytest.mark.host  # by emulation it takes minutes
@pytest.mark.parametrize("scale", [1.0, 10.0, 1e4])
def test_long_sequences_keep_their_digits(scale: float) -> None:
    g = torch.Generator().manual_seed(3)
    T, N, C, S = 5000, 2, 20, 120
    x = (torch.randn(T, N, C, generator=g) * scale).float()
    targets = torch.randint(1, C, (N, S), generator=g)
    lengths, counts = torch.tensor([T, T - 7]), torch.tensor([S, S - 1])

    def loss(x: Tensor) -> Tensor:
        return ctc(x, targets, lengths, counts, from_logits=True, reduction=NONE)

    exact, ours = value_and_grad(loss, x.double()), value_and_grad(loss, x)
    torch.testing.assert_close(ours[0], exact[0].float(), rtol=1e-6, atol=0)
    torch.testing.assert_close(ours[1], exact[1].float(), rtol=1e-5, atol=1e-5)
    theirs = F.ctc_loss(x.double().log_softmax(-1), targets, lengths, counts, reduction="none")
    torch.testing.assert_close(exact[0], theirs)


def test_masked_logits_cost_what_they_say() -> None:
    x = torch.zeros(8, 1, 4)
    x[..., 3] = -1e30
    loss = ctc(x, torch.tensor([[1, 3]]), [8], [2], from_logits=True, reduction=SUM)
    assert loss.item() == pytest.approx(1e30, rel=1e-6)


def test_no_sequences() -> None:
    x, none = torch.zeros(5, 0, 3, requires_grad=True), torch.zeros(0, dtype=torch.long)
    targets = torch.zeros(0, 2, dtype=torch.long)
    assert ctc(x, targets, none, none).isnan()
    assert ctc(x, targets, none, none, reduction=SUM) == 0
    assert ctc(x, targets, none, none, reduction=NONE).shape == (0,)


# -- memory, dtypes, threads -----------------------------------------------------------------------


LAYOUTS = {
    "batch first": lambda x: x.transpose(0, 1).contiguous().transpose(0, 1),
    "classes first": lambda x: x.permute(2, 0, 1).contiguous().permute(1, 2, 0),
    "a slice": lambda x: torch.cat([x, x, x], -1)[..., 7:14],
    "every other frame": lambda x: x.repeat_interleave(2, 0)[::2],
    "expanded": lambda x: x[:, :1].expand(-1, 4, -1),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_and_the_order_of_the_gradient(layout: str, dtype: torch.dtype) -> None:
    x, targets, lengths, counts = batch()
    x = LAYOUTS[layout](x.to(dtype))
    assert x.shape == (20, 4, 7)

    def loss(x: Tensor) -> Tensor:
        return ctc(x, targets, lengths, counts, from_logits=True)

    ours = value_and_grad(loss, x)
    torch.testing.assert_close(ours, value_and_grad(loss, x.contiguous()), rtol=0, atol=0)
    if x.is_contiguous() or layout in ("batch first", "classes first"):
        assert ours[1].stride() == x.stride()


@pytest.mark.parametrize("labels", [torch.uint8, torch.int16, torch.int32, torch.int64])
@pytest.mark.parametrize("lengths_as", [torch.uint8, torch.int32, torch.int64])
def test_integers_of_any_dtype(labels: torch.dtype, lengths_as: torch.dtype) -> None:
    x, targets, lengths, counts = batch()
    expected = ctc(x, targets, lengths, counts)
    ours = ctc(x, targets.to(labels), lengths.to(lengths_as), counts.to(lengths_as))
    torch.testing.assert_close(ours, expected, rtol=0, atol=0)


def both(x: Tensor, *rest: Any) -> tuple[Tensor, Tensor]:
    return value_and_grad(lambda x: ctc(x, *rest, from_logits=True, reduction=NONE), x)


@pytest.mark.parametrize("N", [1, 2, 7])
@pytest.mark.host
def test_any_number_of_threads(N: int) -> None:
    x, targets, lengths, counts = batch(T=300, N=N, C=200, S=40)
    x, z = x.float(), x.float()[:60].reshape(N, 60, 1, 200).repeat(1, 1, 4, 1)
    cells = (targets[:, :3], [60] * N, [3] * N)
    results = []
    before = torch.get_num_threads()
    try:
        for threads in (1, 2, 3, 8):
            torch.set_num_threads(threads)
            results.append(
                [*both(x, targets, lengths, counts), *value_and_grad(lambda z: rnnt(z, *cells), z)]
            )
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        torch.testing.assert_close(other, results[0], rtol=0, atol=0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reduction", [NONE, MEAN, SUM])
def test_weights_and_normalizer(dtype: torch.dtype, reduction: int) -> None:
    x, targets, lengths, counts = batch()
    x, weight = x.to(dtype), torch.tensor([0.5, 2.0, 0.0, 1.5], dtype=dtype).requires_grad_()
    n = torch.tensor(3.0, dtype=dtype).requires_grad_() if reduction != NONE else None
    each = ctc(x.double(), targets, lengths, counts, from_logits=True, reduction=NONE)
    exact, divisor = weight.double(), n.double() if n is not None else 1
    for normalizer in {n, None}:
        x.requires_grad_()
        ours = ctc(
            x, targets, lengths, counts, from_logits=True, weight=weight, normalizer=normalizer,
            reduction=reduction,
        )  # fmt: skip
        expected = exact * each
        if reduction == MEAN and normalizer is None:
            expected = (expected / counts.clamp(1)).mean()
        elif reduction != NONE:
            expected = expected.sum() / (divisor if normalizer is not None else 1)
        torch.testing.assert_close(ours, expected.to(dtype))
        inputs = [t for t in (weight, normalizer) if t is not None]
        gradients = torch.autograd.grad(ours.sum(), inputs, retain_graph=True)
        wanted = torch.autograd.grad(expected.sum(), inputs, retain_graph=True)
        torch.testing.assert_close(gradients, wanted)


def test_half_precision_under_a_loss_scale() -> None:
    """The mean's 1 / N comes in backward: gradients beneath float16 would be lost before."""
    x, targets, lengths, counts = batch(N=64, C=300)
    x = x.half().requires_grad_()
    (ctc(x, targets, lengths, counts, from_logits=True) * 2.0**12).backward()
    exact = x.detach().double().requires_grad_()
    (ctc(exact, targets, lengths, counts, from_logits=True) * 2.0**12).backward()
    torch.testing.assert_close(x.grad, exact.grad.half(), rtol=2e-3, atol=1e-4)


# -- derivatives and transforms --------------------------------------------------------------------


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("reduction", [NONE, MEAN])
def test_derivatives(fused: bool, reduction: int) -> None:
    x, targets, lengths, counts = batch(T=6, N=3, C=4, S=3)
    lengths, counts = torch.tensor([6, 5, 3]), torch.tensor([2, 0, 3])
    weight = torch.rand(3, dtype=torch.float64, requires_grad=True)

    def loss(x: Tensor, weight: Tensor) -> Tensor:
        return ctc(
            x, targets % 3 + 1, lengths, counts, from_logits=fused, weight=weight,
            zero_infinity=True, reduction=reduction,
        )  # fmt: skip

    x.requires_grad_()
    assert gradcheck(loss, (x, weight), check_forward_ad=True)
    assert gradgradcheck(loss, (x, weight))


def test_transforms_agree() -> None:
    x, targets, lengths, counts = batch()
    xs = torch.stack([x, 2 * x, -x])

    def loss(x: Tensor) -> Tensor:
        return ctc(x, targets, lengths, counts, from_logits=True)

    values, gradients = zip(*(value_and_grad(loss, x) for x in xs), strict=True)
    torch.testing.assert_close(vmap(loss)(xs), torch.stack(values))
    torch.testing.assert_close(vmap(grad(loss))(xs), torch.stack(gradients))
    tangent = torch.randn_like(x)
    torch.testing.assert_close(jvp(loss, (x,), (tangent,))[1], (gradients[0] * tangent).sum())
    every = [t.expand(3, *t.shape) for t in (targets, lengths, counts)]
    each = vmap(lambda x, t, i, c: ctc(x, t, i, c, from_logits=True))(xs, *every)
    torch.testing.assert_close(each, torch.stack(values))
    small = x[:5, :1, :3].contiguous()
    curvature = hessian(lambda x: ctc(x, torch.tensor([[1, 2]]), [5], [2], from_logits=True))(small)
    torch.testing.assert_close(curvature.reshape(15, 15), curvature.reshape(15, 15).T)


@pytest.mark.parametrize("op", ["ctc", "rnnt"])
@pytest.mark.host
def test_registration(op: str) -> None:
    x, targets, lengths, counts = batch(T=5, N=2, C=4, S=2)
    counts, lengths = torch.tensor([2, 1]), torch.tensor([5, 4])
    targets = targets % 3 + 1
    if op == "rnnt":
        x = x.transpose(0, 1).unsqueeze(2).repeat(1, 1, 3, 1)
    args = (x.requires_grad_(), targets, lengths, counts, 0)
    torch.library.opcheck(getattr(torch.ops.lossops, op).default, args)


@pytest.mark.host
def test_compiled() -> None:
    x, targets, lengths, counts = batch()

    def step(x: Tensor, targets: Tensor, lengths: Tensor, counts: Tensor) -> Tensor:
        return torch.ops.lossops.ctc(2 * x, targets, lengths, counts, 0, False, True)

    compiled = torch.compile(step, backend="aot_eager", fullgraph=True)
    for reshaped in (x, torch.cat([x, x])):
        expected = value_and_grad(lambda x: step(x, targets, lengths, counts), reshaped)
        ours = value_and_grad(lambda x: compiled(x, targets, lengths, counts), reshaped)
        torch.testing.assert_close(ours, expected)


# -- mistakes --------------------------------------------------------------------------------------


def refused(**changes: Any) -> Any:
    given = {
        "log_probs": torch.zeros(6, 2, 5), "targets": torch.tensor([[1, 2], [3, 4]]),
        "lengths": torch.tensor([6, 6]), "counts": torch.tensor([2, 2]),
    }  # fmt: skip
    return ctc(**{**given, **changes})


@pytest.mark.parametrize("changes, error, words", [
    ({"lengths": torch.tensor([6.0, 6.0])}, RuntimeError,
     "ctc: input_lengths must have an integer dtype, got Float"),
    ({"lengths": torch.tensor([6, 7])}, RuntimeError,
     r"ctc: input_lengths must be in \[0, 6\], got 7 at position \(1\)"),
    ({"lengths": torch.tensor([-1, 6])}, RuntimeError, r"in \[0, 6\], got -1 at position \(0\)"),
    ({"lengths": torch.tensor([6])}, RuntimeError,
     r"ctc: input_lengths must have shape \(2,\), got \(1,\)"),
    ({"counts": torch.tensor([2, 3])}, RuntimeError,
     r"ctc: target_lengths must be in \[0, 2\], got 3 at position \(1\)"),
    ({"counts": torch.tensor([2, -2])}, RuntimeError, r"got -2 at position \(1\)"),
    ({"targets": torch.tensor([1, 2, 3])}, RuntimeError,
     r"ctc: targets must have as many labels as target_lengths add up to, 4, got shape \(3,\)"),
    ({"targets": torch.ones(2, 2)}, RuntimeError, "ctc: targets must have an integer dtype"),
    ({"targets": torch.ones(3, 2, dtype=torch.long)}, RuntimeError,
     r"ctc: targets must have shape \(2, S\), or one dimension for all labels together"),
    ({"targets": torch.tensor([[1, 2], [3, 5]])}, IndexError,
     r"targets must be in \[0, 4\] and not the blank, 0, got 5 at position \(1, 1\)"),
    ({"targets": torch.tensor([[-1, 2], [3, 4]])}, IndexError, r"got -1 at position \(0, 0\)"),
    ({"targets": torch.tensor([1, 2, 0, 4])}, IndexError, r"got 0 at position \(2\)"),
    ({"blank": 5}, RuntimeError, r"ctc: blank must be in \[0, 4\], got 5"),
    ({"blank": -1}, RuntimeError, r"ctc: blank must be in \[0, 4\], got -1"),
    ({"reduction": 3}, ValueError, "ctc: reduction must be 0"),
    ({"weight": torch.ones(3)}, RuntimeError, r"ctc: weight must have shape \(2,\), got \(3,\)"),
    ({"log_probs": torch.zeros(6)}, RuntimeError,
     r"ctc: log_probs must have shape \(T, N, C\) or \(T, C\), got \(6,\)"),
])  # fmt: skip
@pytest.mark.parametrize("by_vmap", [False, True])
@pytest.mark.host
def test_mistakes(changes: dict[str, Any], error: Any, words: str, by_vmap: bool) -> None:
    """The decomposition refuses what the kernel does."""
    x = changes.get("log_probs", torch.zeros(6, 2, 5))
    rest = {k: v for k, v in changes.items() if k != "log_probs"}
    with pytest.raises(error, match=words):
        if by_vmap:
            vmap(lambda x: refused(log_probs=x, **rest))(x[None])
        else:
            refused(log_probs=x, **rest)


def test_ignore_index_is_refused() -> None:
    with pytest.raises(RuntimeError, match="ctc: takes no ignore_index"):
        torch.ops.lossops.ctc(
            torch.zeros(3, 2), torch.tensor([1]), torch.tensor(3), torch.tensor(1), ignore_index=1
        )
