"""Best-path decoding and forced alignment, against every path."""

import math
from itertools import product

import pytest
import torch

import lossops
from tests.cases import make_case
from tests.losses import BY_OP
from tests.test_sequences import EXACT, by_frames, normal, spelled

pytestmark = [pytest.mark.usefixtures("on_device"),
              pytest.mark.filterwarnings("ignore:.*torch.jit.* is")]  # fmt: skip
INF, NAN = math.inf, math.nan


@pytest.mark.parametrize("script", [False, True])
def test_decode(script: bool, device: str) -> None:
    decode = torch.jit.script(lossops.ctc_decode) if script else lossops.ctc_decode
    scores = normal(12, 5, 3, seed=4)
    best = scores.argmax(-1).T.tolist()
    for blank in (0, 2):
        for lengths in (None, [12, 0, 1, 7, 12]):
            labels, counts = decode(scores, lengths, blank)
            assert labels.shape == (5, 12) and labels.dtype == counts.dtype == torch.int64
            for n, path in enumerate(best):
                expected = spelled(tuple(path[: lengths[n] if lengths else 12]), blank)
                assert tuple(labels[n, : counts[n]].tolist()) == expected
                assert (labels[n, counts[n] :] == -1).all()
    labels, count = decode(scores[:, 0])
    assert labels.shape == (12,) and count.shape == ()
    assert torch.equal(labels, decode(scores)[0][0])
    assert decode(scores[:0])[0].shape == (5, 0)


def test_decode_compiles(device: str) -> None:
    scores = normal(12, 5, 3, seed=4)
    compiled = torch.compile(lossops.ctc_decode, fullgraph=True, backend="aot_eager")
    for got, expected in zip(compiled(scores), lossops.ctc_decode(scores), strict=True):
        assert torch.equal(got, expected)


@pytest.mark.parametrize("blank", [0, 2])
@pytest.mark.parametrize("count", range(1, 7))
def test_align_finds_the_best_path(count: int, blank: int, device: str) -> None:
    scores = normal(count, 3, seed=count)
    for length in range(4):
        for labels in product({0, 1, 2} - {blank}, repeat=length):
            given = torch.tensor(labels, dtype=torch.long), [count], [length], blank
            path, found = lossops.ctc_align(scores, *given)
            paths = by_frames(scores, labels, blank)
            if paths.numel() == 0:
                assert (path == -1).all() and (found == -INF).all()
                continue
            assert spelled(tuple(path.tolist()), blank) == labels
            torch.testing.assert_close(found.sum(), paths.max(), **EXACT)
            assert torch.equal(found, scores.gather(1, path[:, None])[:, 0])


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_align_of_a_batch(dtype: torch.dtype, from_logits: bool, device: str) -> None:
    """As each sequence alone, padded or not; -1 and 0 beyond the frames."""
    case = make_case(BY_OP["ctc"], shape=(11, 6, 5), dtype=dtype)
    scores, targets, frames, lengths = (case.tensors[name] for name in case.loss.operands)
    scores[:, 0] = torch.where(torch.arange(11)[:, None] < frames[0], scores[:, 0], NAN)
    path, found = lossops.ctc_align(scores, targets, frames, lengths, from_logits=from_logits)
    assert path.shape == found.shape == (6, 11)
    assert path.dtype == torch.int64 and found.dtype == dtype
    joined = torch.cat([row[:n] for row, n in zip(targets, lengths.tolist(), strict=True)])
    again = lossops.ctc_align(scores, joined, frames.tolist(), lengths.tolist(), 0, from_logits)
    assert torch.equal(again[0], path) and torch.equal(again[1], found)
    for n in range(6):
        t, u = int(frames[n]), int(lengths[n])
        assert (path[n, t:] == -1).all() and (found[n, t:] == 0).all()
        assert spelled(tuple(path[n, :t].tolist()), 0) == tuple(targets[n, :u].tolist())
        alone = lossops.ctc_align(scores[:t, n], targets[n, :u], [t], [u], 0, from_logits)
        assert torch.equal(alone[0], path[n, :t]) and torch.equal(alone[1], found[n, :t])


def test_align_in_torchscript() -> None:
    case = make_case(BY_OP["ctc"])
    args = [case.tensors[name] for name in case.loss.operands]
    got, expected = torch.jit.script(lossops.ctc_align)(*args), lossops.ctc_align(*args)
    assert torch.equal(got[0], expected[0]) and torch.equal(got[1], expected[1])


def test_align_refuses_what_the_loss_refuses(device: str) -> None:
    scores = torch.zeros(4, 1, 3)
    for labels, error, words in (
        ([[1, 3]], IndexError, r"ctc_align: targets must .*got 3 at position \(0, 1\)"),
        ([[0, 1]], IndexError, r"ctc_align: targets must .*got 0 at position \(0, 0\)"),
    ):
        with pytest.raises(error, match=words):
            lossops.ctc_align(scores, torch.tensor(labels), [4], [2])
    with pytest.raises(RuntimeError, match="ctc_align: input_lengths must .*got 5"):
        lossops.ctc_align(scores, torch.tensor([[1, 2]]), [5], [2])


def test_no_alignment_of_nan() -> None:
    """A frame that may be crossed has no number: the scores have none either."""
    x = torch.tensor([[0.0, 1, 2], [0, math.nan, 0], [0, 0, 0]])
    labels, scores = lossops.ctc_align(x, torch.tensor([1]), [2], [1])
    assert labels.tolist() == [-1, -1, -1]
    assert scores[:2].isnan().all() and scores[2] == 0
