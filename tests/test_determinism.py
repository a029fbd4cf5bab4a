"""Bitwise reproducibility: over runs, thread counts and the deterministic switch."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from tests.cases import Case, make_case
from tests.losses import Loss

LONG = (70_003, 3)  # many chunks, none of them full at the end


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)


def bits(case: Case) -> list[Tensor]:
    values = [case.but(reduction=kind).ours() for kind in case.loss.reductions]
    summed = case.loss.family.summed(case)
    names = tuple(name for name in case.loss.differentiable if name not in summed)
    return [*values, *case.gradients(names=names)]


def same(a: list[Tensor], b: list[Tensor]) -> bool:
    """Bit for bit; the row of multilabel_soft_margin that is all ignored is NaN in both."""
    return all(torch.equal(x.nan_to_num(7), y.nan_to_num(7)) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_thread_counts(loss: Loss, dtype: torch.dtype) -> None:
    """One, two and three threads, twice each: the same bits, weighted and masked."""
    case = make_case(loss, shape=LONG, dtype=dtype, weight="full", ignore=loss.ignore)
    results = []
    for threads in (1, 2, 3, 2):
        torch.set_num_threads(threads)
        results.append(bits(case))
    assert all(same(results[0], other) for other in results[1:])


def test_thread_counts_with_weight_gradient(loss: Loss) -> None:
    """A weight and a normalizer that require gradients make no difference to that.

    (Those of q and of a prior come from torch's own sums, which make no such promise.)
    """
    case = make_case(loss, shape=LONG, dtype=torch.float32, weight="full", normalizer=True)
    others = ("q", *loss.family.summed(case))
    names = [name for name in case.differentiable if name not in others]
    results = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        leaves = case.leaves(names)
        value = case.over(names)(*leaves)
        results.append([value.detach(), *torch.autograd.grad(value, leaves)])
    assert all(same(results[0], other) for other in results[1:])


def test_runs(loss: Loss, device: str) -> None:
    case = make_case(loss, shape=LONG, dtype=torch.float32, device=device)
    assert same(bits(case), bits(case))


def test_deterministic_algorithms(loss: Loss, device: str) -> None:
    """torch.use_deterministic_algorithms neither raises nor changes a bit."""
    case = make_case(loss, shape=(1000, 3), dtype=torch.float32, device=device)
    free = bits(case)
    torch.use_deterministic_algorithms(True)
    assert same(free, bits(case))


def test_long_sums_keep_their_digits(loss: Loss, device: str) -> None:
    """Accumulation is wider than float32: 200,000 terms lose nothing of note."""
    case = make_case(loss, shape=LONG, dtype=torch.float32, device=device, reduction="sum")
    torch.testing.assert_close(
        case.ours().double(), case.to(torch.float64).expected(), rtol=1e-6, atol=1e-3
    )
