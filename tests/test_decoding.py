"""Best-path decoding and forced alignment, against every path."""

import math
from itertools import product

import pytest
import torch
from torch.export import Dim, export
from torch.func import vmap

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


class Decode(torch.nn.Module):
    def forward(self, scores: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return lossops.ctc_decode(scores)


def test_decode_exports() -> None:
    """Of any number of frames."""
    sizes = {0: Dim("T"), 1: Dim("N")}
    program = export(Decode(), (normal(6, 2, 5, seed=1),), dynamic_shapes=(sizes,)).module()
    for frames in (1, 2, 9):
        scores = normal(frames, 3, 5, seed=frames)
        for got, expected in zip(program(scores), lossops.ctc_decode(scores), strict=True):
            assert torch.equal(got, expected)


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_decode_is_traced() -> None:
    scores, lengths = normal(6, 2, 5, seed=1), torch.tensor([6, 3])
    traced = torch.jit.trace(lambda *args: lossops.ctc_decode(*args), (scores, lengths))
    got, expected = traced(scores, lengths), lossops.ctc_decode(scores, lengths)
    assert torch.equal(got[0], expected[0]) and torch.equal(got[1], expected[1])


def test_decode_one_sequence(device: str) -> None:
    scores = normal(6, 5, seed=1)
    expected = lossops.ctc_decode(scores[:3])
    for lengths in ([3], torch.tensor(3), torch.tensor([3])):
        labels, count = lossops.ctc_decode(scores, lengths)
        assert torch.equal(labels[:3], expected[0]) and (labels[3:] == -1).all()
        assert count.shape == () and count == expected[1]


SCORES = torch.zeros(6, 2, 5)
NO_LIST = "input_lengths must be a tensor.*list of integers.*, got list"
DECODE_MISTAKES = [
    (([[1, 2]],), TypeError, "log_probs must be a tensor, got list"),
    ((SCORES.long(),), NotImplementedError, "log_probs must have a floating .*int64"),
    ((SCORES[None],), RuntimeError, r"log_probs must have shape .*got \(1, 6, 2, 5\)"),
    ((SCORES[0, 0],), RuntimeError, r"log_probs must have shape .*got \(5,\)"),
    ((SCORES.to_sparse(),), RuntimeError, "log_probs must be a dense .*sparse_coo"),
    ((SCORES[..., :0],), RuntimeError, r"blank must be in \[0, -1\], got 0"),
    ((SCORES, "a"), TypeError, "input_lengths must be a tensor, .*None, got str 'a'"),
    ((SCORES[:, 0], 3), TypeError, "input_lengths must be a tensor, .*None, got int 3"),
    ((SCORES, [3, 3, 3]), RuntimeError, r"input_lengths must have shape \(2,\), got \(3,\)"),
    ((SCORES, [3]), RuntimeError, r"input_lengths must have shape \(2,\), got \(1,\)"),
    ((SCORES[:, 0], [3, 3]), RuntimeError, r"input_lengths must have shape \(1,\), got \(2,\)"),
    ((SCORES, [3, 7]), RuntimeError, r"input_lengths must be in \[0, 6\], got 7 at position \(1\)"),
    ((SCORES, [-1, 6]), RuntimeError, r"input_lengths must be in \[0, 6\], got -1 at"),
    ((SCORES, [3.0, 6.0]), RuntimeError, "input_lengths must have an integer dtype, .*float32"),
    ((SCORES, [True, True]), RuntimeError, "input_lengths must have an integer dtype, .*bool"),
    ((SCORES, torch.ones(2, dtype=torch.long, device="meta")), RuntimeError,
     "input_lengths must be on the device of log_probs, .*, got meta"),
    ((SCORES, None, 7), RuntimeError, r"blank must be in \[0, 4\], got 7"),
    ((SCORES, None, -1), RuntimeError, r"blank must be in \[0, 4\], got -1"),
    ((SCORES, None, 0.5), TypeError, "blank must be an integer, got float 0.5"),
    ((SCORES, None, "a"), TypeError, "blank must be an integer, got str 'a'"),
]  # fmt: skip


@pytest.mark.parametrize(("args", "error", "words"), DECODE_MISTAKES)
def test_decode_names_mistakes(
    args: tuple[object, ...], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=f"^ctc_decode: {words}"):
        lossops.ctc_decode(*args)


LABELS = torch.tensor([[1, 2], [3, 3]])
ALIGN_MISTAKES = [
    ({"log_probs": [[1.0]]}, TypeError, "log_probs must be a tensor, got list"),
    ({"log_probs": SCORES.to_sparse()}, RuntimeError, "log_probs must be a dense .*sparse_coo"),
    ({"targets": [[1, 2]]}, TypeError, "targets must be a tensor, got list"),
    ({"targets": LABELS.to("meta")}, RuntimeError, "targets must be on the device .*got meta"),
    ({"input_lengths": None}, TypeError, "input_lengths must be a tensor or .*, got None"),
    ({"input_lengths": "a"}, TypeError, "input_lengths must be a tensor or .*, got str 'a'"),
    ({"blank": 0.5}, TypeError, "blank must be an integer, got float 0.5"),
    ({"blank": False}, TypeError, "blank must be an integer, got False"),
    ({"from_logits": 1}, TypeError, "from_logits must be True or False, got int 1"),
]


@pytest.mark.parametrize(("changed", "error", "words"), ALIGN_MISTAKES)
def test_align_names_mistakes(
    changed: dict[str, object], error: type[Exception], words: str
) -> None:
    given = {"log_probs": SCORES, "targets": LABELS, "input_lengths": [6, 6],
             "target_lengths": [2, 2]}  # fmt: skip
    with pytest.raises(error, match=f"^ctc_align: {words}"):
        lossops.ctc_align(**(given | changed))


@pytest.mark.parametrize("lengths", [["6", 6], [None, 6], [[6], [6, 3]]])
def test_lists_of_something_else(lengths: list[object]) -> None:
    for function in (lossops.functional.ctc_loss, lossops.ctc_align):
        with pytest.raises(TypeError, match=f"^ctc.*: {NO_LIST}"):
            function(SCORES, LABELS, lengths, [2, 2])
    with pytest.raises(TypeError, match=f"^ctc_decode: {NO_LIST}"):
        lossops.ctc_decode(SCORES, lengths)


def test_lengths_beyond_int64() -> None:
    with pytest.raises(RuntimeError, match="^ctc: target_lengths must .*range of int64, got list"):
        lossops.functional.ctc_loss(SCORES, LABELS, [6, 6], [2**70, 2])


@pytest.mark.filterwarnings("error:.*performance drop")
@pytest.mark.parametrize("form", ["padded", "joined", "one"])
def test_align_under_vmap(form: str, device: str) -> None:
    scores, frames = normal(3, 6, 2, 5, seed=1), torch.tensor([[6, 5], [4, 6], [6, 6]])
    targets = torch.tensor([[1, 2, 3, 3], [4, 1, 4, 2], [1, 1, 2, 3]])
    counts = torch.tensor([[2, 2], [1, 3], [3, 1]])
    given = scores, targets, frames, counts
    if form == "padded":
        given = scores, targets.view(3, 2, 2), frames, counts.clamp(max=2)
    elif form == "one":
        given = scores[:, :, 0], targets[:, :2], frames[:, 0], torch.full((3,), 2)
    rows = [lossops.ctc_align(*row) for row in zip(*given, strict=True)]
    for got, expected in zip(vmap(lossops.ctc_align)(*given), zip(*rows, strict=True), strict=True):
        assert torch.equal(got, torch.stack(expected))
    if form != "padded":
        with pytest.raises(RuntimeError, match=r"ctc_align: targets must have as many labels as"):
            vmap(lossops.ctc_align)(
                *given[:3],
                given[3] - torch.tensor([[1], [0], [0]]).view(3, *[1] * (given[3].dim() - 1)),
            )


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
