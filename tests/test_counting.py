"""lossops.weights.count_labels: of tensors, loaders and datasets."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.library import opcheck
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    TensorDataset,
)

import lossops
from lossops.weights import (
    count_labels,
)

SIGNED = [torch.int8, torch.int16, torch.int32, torch.int64]
UNSIGNED = [torch.uint8, torch.uint16, torch.uint32, torch.uint64]
OP = torch.ops.lossops.count_labels.default


def drawn(size: int, classes: int, seed: int = 0) -> Tensor:
    return torch.randint(classes, (size,), generator=torch.Generator().manual_seed(seed))


# -- counting -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [*SIGNED, *UNSIGNED], ids=str)
@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 1000, 200_001])
def test_counts(dtype: torch.dtype, size: int) -> None:
    labels = drawn(size, 100)
    expected = torch.bincount(labels, minlength=100)
    for threads in (1, 2, 5):
        torch.set_num_threads(threads)
        counts = count_labels(labels.to(dtype), 100)
        assert counts.dtype == torch.int64 and torch.equal(counts, expected)
        assert torch.equal(count_labels(labels.to(dtype)), torch.bincount(labels))


@pytest.mark.parametrize("classes", [1, 1023, 1024, 1025, 16_384, 16_385, 300_000])
@pytest.mark.parametrize("late", [False, True])
def test_counts_of_many_classes(classes: int, late: bool) -> None:
    """On both sides of every threshold; `late` keeps the large labels out of the first ones."""
    labels = drawn(200_000, classes)
    labels = labels.sort().values if late else labels
    assert torch.equal(count_labels(labels, classes), torch.bincount(labels, minlength=classes))
    assert torch.equal(count_labels(labels), torch.bincount(labels))


def test_counts_of_equal_labels() -> None:
    labels = torch.full((100_003,), 3)
    assert count_labels(labels).tolist() == [0, 0, 0, 100_003]


def test_counts_of_bool() -> None:
    """A byte that is neither 0 nor 1 is true, as torch has it."""
    labels = torch.tensor([0, 1, 2, 255, 0], dtype=torch.uint8).view(torch.bool)
    assert count_labels(labels, 2).tolist() == [2, 3]


@pytest.mark.parametrize("dtype", [*SIGNED, *UNSIGNED], ids=str)
@pytest.mark.parametrize("ignore", [-100, 0, 3, 120], ids=str)
def test_counts_without_ignored(dtype: torch.dtype, ignore: int) -> None:
    """Inside the classes, beyond them, and where no label of the dtype can have the value."""
    labels = drawn(5000, 10)
    if ignore >= 0 or dtype in SIGNED:
        labels[::3] = ignore
    kept = labels[labels != ignore]
    for classes in (10, None):
        expected = torch.bincount(kept, minlength=classes or 0)
        assert torch.equal(count_labels(labels.to(dtype), classes, ignore), expected)


def test_huge_unsigned_labels() -> None:
    """Codes of uint64 labels are not confused with negative ones."""
    labels = torch.tensor([1, 2**63 + 5], dtype=torch.uint64)
    with pytest.raises(IndexError, match=r"got 9223372036854775813 at position \(1,\)"):
        count_labels(labels, 3)
    wrapped = torch.tensor([2**64 - 100, 0], dtype=torch.uint64)
    with pytest.raises(IndexError, match=r"got 18446744073709551516 at position \(0,\)"):
        count_labels(wrapped, 3, ignore_index=-100)


LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "transposed": lambda t: t.mT,
    "stepped": lambda t: t[:, ::3],
    "offset": lambda t: t.flatten()[1:],
    "expanded": lambda t: t[:1].expand(50, -1),
    "scalar": lambda t: t[3, 5],
    "channels_last": lambda t: t.view(4, 5, 2, -1).to(memory_format=torch.channels_last),
    "flipped": lambda t: t.flip(0),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str) -> None:
    labels = LAYOUTS[layout](drawn(4000, 17).view(40, 100))
    before = labels.clone()
    assert torch.equal(count_labels(labels, 17), torch.bincount(before.flatten(), minlength=17))
    assert torch.equal(labels, before)


@pytest.mark.parametrize(
    ("labels", "args", "error", "message"),
    [
        (torch.tensor([[0, 1], [2, 9]]), (3,), IndexError, r"\[0, 3\), got 9 at position \(1, 1\)"),
        (torch.tensor([[0, 9], [9, 1]]).mT, (3,), IndexError, r"got 9 at position \(0, 1\)"),
        (torch.tensor([1, -1]), (3,), IndexError, r"got -1 at position \(1,\)"),
        (torch.tensor([1, -1]), (), IndexError, r"got -1 at position \(1,\)"),
        (torch.tensor([-100, -1]), (3, -100), IndexError, r"got -1 at position \(1,\)"),
        (torch.tensor(7), (3,), IndexError, r"got 7 at position \(\)"),
        (torch.tensor([2**40]), (), IndexError, "got 1099511627776"),
        (torch.tensor([1, 200], dtype=torch.uint8), (3,), IndexError, "got 200 at"),
        (torch.tensor([1, -128], dtype=torch.int8), (3,), IndexError, "got -128 at"),
        (torch.tensor([1.0]), (3,), NotImplementedError, "integer dtype or bool, got Float"),
        (torch.tensor([1j]), (3,), NotImplementedError, "integer dtype or bool, got ComplexFloat"),
        (torch.tensor([1]), (0,), ValueError, r"num_classes must be in \[1, .*got 0"),
        (torch.tensor([1]), (2**40,), ValueError, "num_classes must be in"),
        (torch.tensor([1]).to_sparse(), (3,), RuntimeError, "dense tensor, got layout Sparse"),
    ],
)  # fmt: skip
def test_errors(
    labels: Tensor, args: tuple[Any, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as raised:
        count_labels(labels, *args)
    assert str(raised.value).startswith("count_labels: ")


def test_operator() -> None:
    opcheck(OP, (drawn(50, 5), 5))
    opcheck(OP, (drawn(50, 5).view(5, 10).mT, 5, 2))


def test_meta_needs_the_number_of_classes() -> None:
    meta = drawn(50, 5).to("meta")
    assert count_labels(meta, 5).shape == (5,) and count_labels(meta, 5).dtype == torch.int64
    with pytest.raises(RuntimeError, match="num_classes must be given"):
        count_labels(meta)


def test_compile() -> None:
    @torch.compile(fullgraph=True, dynamic=True)
    def balanced_loss(scores: Tensor, labels: Tensor) -> Tensor:
        counts = count_labels(labels, scores.shape[1])
        return torch.nn.functional.cross_entropy(scores, labels, 1 / counts.clamp(min=1).float())

    for size, classes in ((40, 4), (60, 6)):
        scores, labels = torch.randn(size, classes), drawn(size, classes)
        weight = 1 / torch.bincount(labels, minlength=classes).clamp(min=1).float()
        expected = torch.nn.functional.cross_entropy(scores, labels, weight)
        torch.testing.assert_close(balanced_loss(scores, labels), expected)


@pytest.mark.filterwarnings("ignore:There is a performance drop")
def test_vmap() -> None:
    labels = drawn(60, 4).view(6, 10)
    rows = torch.func.vmap(lambda row: OP(row, 4))(labels)
    assert torch.equal(rows, torch.stack([torch.bincount(row, minlength=4) for row in labels]))


def test_torchscript() -> None:
    @torch.jit.script
    def scripted(labels: Tensor) -> Tensor:
        return torch.ops.lossops.count_labels(labels, 4, -1)

    assert scripted(torch.tensor([0, 3, -1])).tolist() == [1, 0, 0, 1]


# -- loaders and datasets -------------------------------------------------------------------------

LABELS = drawn(10_001, 7)
COUNTS = torch.bincount(LABELS)


class Pictures(Dataset[Any]):
    """Samples as torchvision has them: a tensor and an int."""

    def __len__(self) -> int:
        return len(LABELS)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return torch.zeros(2), int(LABELS[index])


class Records(IterableDataset[Any]):
    def __iter__(self) -> Any:
        return ({"x": 0.0, "y": label} for label in LABELS)


SOURCES: dict[str, tuple[Callable[[], Any], Any]] = {
    "tensor dataset": (lambda: TensorDataset(LABELS.float(), LABELS), -1),
    "dataset": (Pictures, 1),
    "iterable dataset": (Records, "y"),
    "loader": (lambda: DataLoader(Pictures(), batch_size=512), -1),
    "loader of dicts": (lambda: DataLoader(Records(), batch_size=512), "y"),
    "function": (lambda: DataLoader(Pictures(), batch_size=512), lambda batch: batch[1]),
    "generator": (lambda: (part for part in LABELS.split(999)), -1),
    "numbers": (lambda: LABELS.tolist(), -1),
    "array": (lambda: LABELS[:10_000].numpy().reshape(100, 100), -1),
    "flipped array": (lambda: LABELS.numpy()[::-1], -1),
    "arrays": (lambda: np.array_split(LABELS.numpy(), 9), -1),
    "numbers of numpy": (lambda: list(LABELS.numpy()), -1),
    "tuples of a list": (lambda: [(0.5, label) for label in LABELS.tolist()], 1),
}


@pytest.mark.parametrize("progress", [False, True])
@pytest.mark.parametrize("name", SOURCES)
def test_sources(name: str, progress: bool) -> None:
    make, label = SOURCES[name]
    expected = COUNTS if name != "array" else torch.bincount(LABELS[:10_000])
    assert torch.equal(count_labels(make(), label=label, progress=progress), expected)
    assert torch.equal(count_labels(make(), 9, label=label)[:7], expected)
    without = count_labels(make(), ignore_index=2, label=label)
    assert without[2] == 0 and without.sum() == expected.sum() - expected[2]


class Masks(Dataset[Any]):
    """Segmentation: a mask per sample, each of another size; the second half has one size."""

    def __len__(self) -> int:
        return 40

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return torch.zeros(2), drawn(20 * 300, 4, index).view(20, 300)[:, : 10 * min(index, 20)]


def test_masks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of any size, and few are held at a time."""
    expected = sum(
        torch.bincount(mask.flatten(), minlength=4)
        for _, mask in map(Masks().__getitem__, range(40))
    )
    parts: list[int] = []
    op = lossops.weights._count_labels

    def watched(labels: Tensor, *args: Any) -> Tensor:
        parts.append(labels.numel())
        return op(labels, *args)

    monkeypatch.setattr(lossops.weights, "_count_labels", watched)
    assert torch.equal(count_labels(Masks(), 4), expected)
    assert max(parts) < 2 * 4096 and len(parts) > 20


def test_numbers_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by a call for each."""
    calls = []
    op = lossops.weights._count_labels
    monkeypatch.setattr(
        lossops.weights, "_count_labels", lambda *args: (calls.append(0), op(*args))[1]
    )
    assert torch.equal(count_labels(LABELS.tolist()), COUNTS)
    assert len(calls) == 3


class Shifted(TensorDataset):
    """Labels that are computed when a sample is read."""

    def __getitem__(self, index: Any) -> Any:
        x, label = super().__getitem__(index)
        return x, label + 1


def test_dataset_with_its_own_samples() -> None:
    """A subclass of TensorDataset is read by its samples, not by its tensors."""
    shifted = Shifted(torch.zeros(4), torch.tensor([0, 0, 1, 2]))
    assert count_labels(shifted).tolist() == [0, 2, 1, 1]


def test_progress_without_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lossops._labels.find_spec", lambda name: None)
    with pytest.warns(UserWarning, match="needs rich or tqdm"):
        assert torch.equal(count_labels(DataLoader(Pictures(), 512), progress=True), COUNTS)


def test_source_errors() -> None:
    with pytest.raises(IndexError, match=r"got 6 at position \(\d+,\) of batch 0"):
        count_labels(DataLoader(Pictures(), batch_size=512), 6)
    with pytest.raises(ValueError, match="label must say where .* a tuple, got 'y'"):
        count_labels(Pictures(), label="y")
    with pytest.raises(TypeError, match="source must be .*, got object"):
        count_labels(object())  # type: ignore[arg-type]
    with pytest.raises(IndexError, match=r"got 6 at position \(1,\) of samples 2 to 3"):
        count_labels([torch.tensor([0]), torch.tensor([0]), 1, 6, torch.tensor([0])], 6)
    data = TensorDataset(torch.zeros(2), torch.tensor([0, 1]))
    with pytest.raises(ValueError, match=r"label must be in \[-2, 2\) .* 2 tensors, got 5"):
        count_labels(data, label=5)
    for nested in ([[0, 1], [2, 2]], [[[0, 1], [1, 1]]]):
        with pytest.raises(
            ValueError, match="count_labels: a batch must not be a list of integers"
        ):
            count_labels(nested)
    for names in (["cat", "dog"], [(0.5, "cat")], np.array(["cat", "dog"]), [2**70]):
        with pytest.raises(TypeError, match="count_labels: labels must be numbers .*, got .* in"):
            count_labels(names)
    with pytest.raises(TypeError, match="got .* of dtype >i8 in source"):
        count_labels(np.array([0, 1], ">i8"))
    assert count_labels([], 3).tolist() == [0, 0, 0] and count_labels([]).numel() == 0
    for classes in (-3, 2**29):
        with pytest.raises(ValueError, match="count_labels: num_classes must be in"):
            count_labels([], classes)
