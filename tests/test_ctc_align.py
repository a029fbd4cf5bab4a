"""The best path through the lattice of ctc, against all paths."""

import itertools
import math
from typing import Any

import pytest
import torch
from torch import Tensor

import lossops  # noqa: F401  # which defines the operators
from tests.lattices import DTYPES, batch, paths


def align(
    x: Tensor, targets: Tensor, lengths: Any, counts: Any, **rest: Any
) -> tuple[Tensor, Tensor]:
    lengths, counts = torch.as_tensor(lengths), torch.as_tensor(counts)
    return torch.ops.lossops.ctc_align(x, targets, lengths, counts, **rest)


@pytest.mark.parametrize("labels", [[], [1], [1, 1], [2, 1], [1, 2, 2]])
@pytest.mark.parametrize("T", [1, 4, 6])
@pytest.mark.parametrize("blank", [0, 2])
@pytest.mark.host
def test_the_best_of_all_paths(labels: list[int], T: int, blank: int) -> None:
    x = torch.randn(T + 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(T))
    labels = [(label + blank) % 3 for label in labels]
    log_p = x.log_softmax(-1)
    targets = torch.tensor(labels, dtype=torch.long)
    path, scores = align(x, targets, T, len(labels), blank=blank, from_logits=True)
    assert path.shape == scores.shape == (T + 2,)
    all_paths = list(paths(labels, T, 3, blank))
    if not all_paths:
        assert (path == -1).all() and (scores == -math.inf).all()
        return
    best = max(all_paths, key=lambda p: log_p[range(T), list(p)].sum().item())
    assert path.tolist() == [*best, -1, -1]
    torch.testing.assert_close(scores[:T], log_p[range(T), list(best)])
    assert (scores[T:] == 0).all()
    torch.testing.assert_close(align(log_p, targets, T, len(labels), blank=blank), (path, scores))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.host
def test_best_paths_of_a_batch(dtype: torch.dtype) -> None:
    x, targets, lengths, counts = batch()
    x = x.to(dtype)
    path, scores = align(x, targets, lengths, counts, from_logits=True)
    assert path.dtype == torch.int64 and scores.dtype == dtype
    together = torch.cat([t[:c] for t, c in zip(targets, counts, strict=True)])
    for n in range(4):
        one = align(x[:, n], targets[n, : counts[n]], lengths[n], counts[n], from_logits=True)
        torch.testing.assert_close((path[n], scores[n]), one)
        read = [c for c, _ in itertools.groupby(path[n, : lengths[n]].tolist()) if c != 0]
        assert read == targets[n, : counts[n]].tolist()
    torch.testing.assert_close(
        align(x, together, lengths, counts, from_logits=True), (path, scores)
    )
    meta = align(*(t.to("meta") for t in (x, targets, lengths, counts)))
    assert [(t.shape, t.dtype) for t in meta] == [(t.shape, t.dtype) for t in (path, scores)]
    torch.library.opcheck(
        torch.ops.lossops.ctc_align.default, (x, targets, lengths, counts),
        test_utils=("test_schema", "test_faketensor"),
    )  # fmt: skip


@pytest.mark.host
def test_mistakes_of_the_best_path() -> None:
    x, targets, lengths, counts = batch()
    with pytest.raises(
        RuntimeError, match=r"ctc_align: input_lengths must be in \[0, 20\], got 21"
    ):
        align(x, targets, [21] * 4, counts)
    with pytest.raises(IndexError, match=r"ctc_align: targets must be in \[0, 6\]"):
        align(x, targets + 7, lengths, [1] * 4)
    with pytest.raises(NotImplementedError, match="ctc_align: log_probs must have a floating"):
        align(x.long(), targets, lengths, counts)
