"""The operator rnnt, against sums over all paths."""

import itertools
import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck
from torch.func import grad, vmap

import lossops  # noqa: F401  # which defines the operators
from tests.lattices import DTYPES, MEAN, NONE, SUM, cells, rnnt, value_and_grad


def transducer(z: Tensor, labels: list[int], T: int, blank: int, monotonic: bool) -> Tensor:
    """Of one sequence of log-probabilities, path by path."""
    U, logs = len(labels), []
    arcs = T if monotonic else T + U
    for emits in itertools.product((False, True), repeat=arcs):
        t, u, total = 0, 0, z.new_zeros(())
        for emit in emits:
            if t == T or (emit and u == U):
                break
            total = total + z[t, u, labels[u] if emit else blank]
            u, t = u + emit, t + (not emit or monotonic)
        else:
            if t == T and u == U:
                logs.append(total)
    return -torch.stack(logs).logsumexp(0)


@pytest.mark.parametrize("monotonic", [False, True])
@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("blank", [-1, 0, 2])
def test_rnnt_is_the_sum_over_all_paths(monotonic: bool, fused: bool, blank: int) -> None:
    z, targets, lengths, counts = cells(blank=blank % 6, seed=blank + 1)
    if monotonic:
        counts = torch.minimum(counts, lengths)

    def slow(z: Tensor) -> Tensor:
        log_p = z.log_softmax(-1) if fused else z
        rows = zip(log_p, targets.tolist(), lengths.tolist(), counts.tolist(), strict=True)
        return torch.stack([transducer(p, t[:c], n, blank, monotonic) for p, t, n, c in rows])

    def ours(z: Tensor) -> Tensor:
        return rnnt(
            z, targets, lengths, counts, blank=blank, fused=fused, monotonic=monotonic,
            reduction=NONE,
        )  # fmt: skip

    torch.testing.assert_close(value_and_grad(ours, z), value_and_grad(slow, z))
    z.requires_grad_()
    assert gradcheck(ours, z, check_forward_ad=True)


def test_rnnt_of_torchaudios_example() -> None:
    z = torch.tensor([[
        [[0.1, 0.6, 0.1, 0.1, 0.1], [0.1, 0.1, 0.6, 0.1, 0.1], [0.1, 0.1, 0.2, 0.8, 0.1]],
        [[0.1, 0.6, 0.1, 0.1, 0.1], [0.1, 0.1, 0.2, 0.1, 0.1], [0.7, 0.1, 0.2, 0.1, 0.1]],
    ]])  # fmt: skip
    value, gradient = value_and_grad(
        lambda z: rnnt(z, torch.tensor([[1, 2]]), [2], [2], blank=0), z
    )
    assert value.item() == pytest.approx(4.495666773770733, rel=1e-6)
    expected = torch.tensor([-0.13116688, -0.3999269, 0.17703125, 0.17703125, 0.17703125])
    torch.testing.assert_close(gradient[0, 0, 0], expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rnnt_of_uniform_rows(dtype: torch.dtype) -> None:
    T, U, D = 70, 30, 11
    ways = math.lgamma(T + U) - math.lgamma(U + 1) - math.lgamma(T)
    z, targets = torch.zeros(1, T, U + 1, D, dtype=dtype), torch.ones(1, U, dtype=torch.long)
    loss = rnnt(z, targets, [T], [U], reduction=SUM)
    assert loss.item() == pytest.approx((T + U) * math.log(D) - ways, rel=1e-6)


@pytest.mark.parametrize("options", [
    {"fastemit": 0.3}, {"clamp": 0.05}, {"clamp": 0.02, "fastemit": 0.1, "monotonic": True},
    {"fused": False, "clamp": 0.1},
])  # fmt: skip
@pytest.mark.parametrize("reduction", [NONE, MEAN])
def test_rnnts_decomposition_agrees(options: dict[str, Any], reduction: int) -> None:
    z, targets, lengths, counts = cells()
    counts = torch.minimum(counts, lengths)
    weight = torch.tensor([0.5, 2.0, 1.0], dtype=torch.float64)

    def loss(z: Tensor) -> Tensor:
        return rnnt(z, targets, lengths, counts, weight=weight, reduction=reduction, **options)

    value, gradient = value_and_grad(loss, z)
    torch.testing.assert_close(vmap(loss)(z[None])[0], value)
    torch.testing.assert_close(grad(lambda z: loss(z).sum())(z), gradient)


def test_fastemit_and_clamp() -> None:
    z, targets, lengths, counts = cells()
    plain = value_and_grad(
        lambda z: rnnt(z, targets, lengths, counts, fused=False, reduction=NONE), z
    )
    fast = value_and_grad(
        lambda z: rnnt(z, targets, lengths, counts, fused=False, fastemit=0.5, reduction=NONE), z
    )
    torch.testing.assert_close(fast[0], 1.5 * plain[0])
    factor = torch.full((6,), 1.5, dtype=torch.float64)
    factor[-1] = 1  # the blank
    torch.testing.assert_close(fast[1], plain[1] * factor)
    clipped = value_and_grad(
        lambda z: 3 * rnnt(z, targets, lengths, counts, fused=False, clamp=0.1, reduction=NONE), z
    )
    torch.testing.assert_close(clipped[1], 3 * plain[1].clamp(-0.1, 0.1))


@pytest.mark.parametrize("dtype", DTYPES)
def test_rnnt_of_every_dtype(dtype: torch.dtype) -> None:
    z, targets, lengths, counts = cells(T=40, U=18, D=37, blank=36)
    z = z.to(dtype)

    def loss(z: Tensor) -> Tensor:
        return rnnt(z, targets, lengths, counts, reduction=SUM)

    value, gradient = value_and_grad(loss, z.double())
    torch.testing.assert_close(value_and_grad(loss, z), (value.to(dtype), gradient.to(dtype)))


def test_rnnt_reads_nothing_beyond_the_lengths() -> None:
    z, targets, lengths, counts = cells(B=4, T=9, U=5)
    expected = value_and_grad(lambda z: rnnt(z, targets, lengths, counts, reduction=NONE), z)
    for n in range(4):
        z[n, lengths[n] :] = z[n, :, counts[n] + 1 :] = math.nan
        targets[n, counts[n] :] = 99
    ours = value_and_grad(lambda z: rnnt(z, targets, lengths, counts, reduction=NONE), z)
    torch.testing.assert_close(ours, expected, rtol=0, atol=0)
    assert (ours[1][z.isnan()] == 0).all()


@pytest.mark.parametrize("changes, error, words", [
    ({"lengths": [5, 0, 5]}, ValueError,
     r"rnnt: logit_lengths must be in \[1, 5\], got 0 at position \(1\)"),
    ({"lengths": [5, 6, 5]}, RuntimeError, r"in \[1, 5\], got 6"),
    ({"counts": [3, 4, 0]}, RuntimeError, r"rnnt: target_lengths must be in \[0, 3\], got 4"),
    ({"blank": 6}, RuntimeError, r"rnnt: blank must be in \[-6, 5\], got 6"),
    ({"blank": -7}, RuntimeError, r"rnnt: blank must be in \[-6, 5\], got -7"),
    ({"fastemit": -0.1}, RuntimeError, "rnnt: fastemit_lambda must be >= 0"),
    ({"targets": torch.full((3, 3), 5)}, IndexError,
     r"rnnt: targets must be in \[0, 5\] and not the blank, 5, got 5 at position \(0, 0\)"),
    ({"targets": torch.zeros(3, 2, dtype=torch.long)}, RuntimeError,
     r"rnnt: targets must have shape \(3, 3\), got \(3, 2\)"),
])  # fmt: skip
@pytest.mark.host
def test_mistakes_of_rnnt(changes: dict[str, Any], error: Any, words: str) -> None:
    z, targets, _, _ = cells()
    given = {"targets": targets, "lengths": [5, 5, 5], "counts": [3, 3, 3]}
    with pytest.raises(error, match=words):
        rnnt(z, **{**given, **changes})
