"""lossops.weights: counting labels, and the weights that follow from the counts."""

import math
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
    WeightedRandomSampler,
)

import lossops
from lossops.weights import (
    class_weights,
    count_labels,
    count_positives,
    pos_weight,
    sample_weights,
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
    assert count_labels([], 3).tolist() == [0, 0, 0] and count_labels([]).numel() == 0
    for classes in (-3, 2**29):
        with pytest.raises(ValueError, match="count_labels: num_classes must be in"):
            count_labels([], classes)


# -- weights --------------------------------------------------------------------------------------

N = [600.0, 300.0, 90.0, 10.0]
FORMULAS: dict[str, Callable[[float], float]] = {
    "inverse": lambda n: 1000 / n,
    "balanced": lambda n: 1000 / (4 * n),
    "inverse_sqrt": lambda n: math.sqrt(1000 / n),
    "median_frequency": lambda n: 195 / n,
    "effective_number": lambda n: (1 - 0.999) / (1 - 0.999**n),
    "enet": lambda n: 1 / math.log(1.02 + n / 1000),
}


@pytest.mark.parametrize("method", FORMULAS)
@pytest.mark.parametrize("normalize", [None, "classes", "samples"])
def test_class_weights(method: str, normalize: str | None) -> None:
    w = torch.tensor([FORMULAS[method](n) for n in N], dtype=torch.float64)
    if normalize == "classes" or (normalize is None and method == "effective_number"):
        w *= 4 / w.sum()
    if normalize == "samples":
        w *= 1000 / (w @ torch.tensor(N, dtype=torch.float64))
    for counts in (N, torch.tensor(N), torch.tensor(N).int()):
        ours = class_weights(counts, method, normalize=normalize, dtype=torch.float64)
        torch.testing.assert_close(ours, w, rtol=1e-12, atol=0)
    assert class_weights(N, method).dtype == torch.float32


@pytest.mark.parametrize("method", FORMULAS)
@pytest.mark.parametrize("normalize", [None, "classes", "samples"])
def test_absent_class(method: str, normalize: str | None) -> None:
    """An error, or 0 and for the others what they would weigh without it."""
    counts = torch.tensor([5, 0, 20, 0])
    with pytest.raises(ValueError, match=r"no samples of classes \[1, 3\]"):
        class_weights(counts, method, normalize=normalize)
    w = class_weights(counts, method, normalize=normalize, absent="zero")
    assert w[1] == w[3] == 0
    torch.testing.assert_close(
        w[[0, 2]], class_weights(counts[[0, 2]], method, normalize=normalize)
    )


def test_effective_number_limits() -> None:
    """beta = 0 weighs all alike; beta near 1, where powers lose their digits, is near 'inverse'."""
    torch.testing.assert_close(class_weights(N, "effective_number", beta=0.0), torch.ones(4))
    near = class_weights(N, "effective_number", beta=1 - 1e-12, dtype=torch.float64)
    inverse = class_weights(N, "inverse", normalize="classes", dtype=torch.float64)
    torch.testing.assert_close(near, inverse, rtol=1e-8, atol=0)
    assert class_weights([1, 10**15], "effective_number").isfinite().all()


@pytest.mark.filterwarnings("error")
def test_effective_number_that_corrects_nothing() -> None:
    """It tells where beta is too small for the counts, and only there."""
    counts = [500_000, 50_000, 20_000]
    for beta in (0.999, 0.9):
        with pytest.warns(UserWarning, match=f"beta={beta} 'effective_number' weighs all .* 20000"):
            class_weights(counts, "effective_number", beta=beta)
    assert class_weights(counts, "effective_number", beta=0.99999).max() > 1.5
    class_weights(counts, "effective_number", beta=0.0)
    class_weights([20_000, 20_000], "effective_number")


def test_precision() -> None:
    """Python's floats are not rounded to float32 on the way."""
    found = class_weights([0.1, 0.9], "inverse", dtype=torch.float64)
    torch.testing.assert_close(found, torch.tensor([0.1, 0.9]).double().reciprocal(), atol=0,
                               rtol=1e-6)  # fmt: skip
    assert found[0].item() == pytest.approx(10.0, rel=1e-15)
    wide = pos_weight([1e-30], [1e30], dtype=torch.float64)
    assert wide.item() == pytest.approx(1e60, rel=1e-15)


@pytest.mark.parametrize(
    ("counts", "keywords", "message"),
    [
        ([1, 2], {"method": "magic"}, "method must be one of .*, got 'magic'"),
        ([1, 2], {"normalize": "mean"}, "normalize must be one of"),
        ([1, 2], {"absent": "inf"}, "absent must be one of"),
        ([1, 2], {"beta": 1.0}, r"beta must be in \[0, 1\), got 1.0"),
        ([1, 2], {"beta": math.nan}, "beta must be"),
        ([1, 2], {"offset": 1.0}, "offset must be > 1"),
        ([1, -2], {}, "counts must be >= 0"),
        ([1, math.inf], {}, "finite"),
        ([1, math.nan], {}, "finite"),
        ([0, 0], {"absent": "zero"}, "not all 0"),
        ([], {}, r"shape \(C,\), C >= 1, got \(0,\)"),
        ([[1, 2]], {}, r"got \(1, 2\)"),
        ([1, 2], {"dtype": torch.int64}, "dtype must be floating, got torch.int64"),
        (
            [10**7, 1],
            {"method": "inverse", "dtype": torch.float16},
            r"class 1 is 1e\+07, .* is inf",
        ),
        ([1, 1e12], {"dtype": torch.float16}, "class 0 is 5e.11, which is inf in torch.float16"),
        ([1e-320, 1e300], {"method": "inverse"}, "class 0 is inf, which is inf"),
        ([1, 1e60], {"normalize": "classes"}, "class 1 is 2e-60, which is 0 in torch.float32"),
        ([0.1, 0.9], {"method": "effective_number"}, r"not frequencies, .* got \[0.1, 0.9\]"),
    ],
)
def test_class_weight_errors(counts: Any, keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^class_weights: .*{message}"):
        class_weights(counts, **keywords)


def test_balanced_weights_make_classes_equal() -> None:
    """With them each class has the same share in the loss of a constant classifier."""
    labels = drawn(1000, 3) * drawn(1000, 2, 1)
    weight = class_weights(count_labels(labels), dtype=torch.float64)
    losses = lossops.functional.cross_entropy(
        torch.zeros(1000, 3).double(), labels, weight, reduction="none"
    )
    shares = torch.zeros(3).double().index_add(0, labels, losses)
    torch.testing.assert_close(shares, shares.mean().expand(3))


# -- multi-label ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float32, torch.bool, torch.int64, torch.uint8], ids=str)
def test_positives(dtype: torch.dtype) -> None:
    targets = (torch.rand(500, 3) < torch.tensor([0.5, 0.1, 0.01])).to(dtype)
    targets[0] = 1
    positives, negatives = count_positives(targets)
    assert torch.equal(positives, targets.long().sum(0)) and (positives + negatives == 500).all()
    for source in (
        DataLoader(TensorDataset(targets), 64),
        TensorDataset(targets),
        targets.split(9),
    ):
        for ours, expected in zip(
            count_positives(source, progress=False), (positives, negatives), strict=True
        ):
            assert torch.equal(ours, expected)
    torch.testing.assert_close(pos_weight(positives, negatives), negatives / positives)


def test_positives_without_ignored() -> None:
    targets = torch.tensor([[1, -1], [0, 1], [-1, 0]])
    assert [t.tolist() for t in count_positives(targets, ignore_index=-1)] == [[1, 1], [1, 1]]
    assert [t.tolist() for t in count_positives(targets[:, 0], ignore_index=-1)] == [1, 1]
    with pytest.raises(ValueError, match="must be 0, 1 or ignore_index, got -1 in"):
        count_positives(targets)
    with pytest.raises(ValueError, match="no batches"):
        count_positives([])


def test_positives_of_codes_that_the_dtype_lacks() -> None:
    """-1 is not 255 among targets of uint8."""
    targets = torch.tensor([[1, 255]], dtype=torch.uint8)
    with pytest.raises(ValueError, match="must be 0, 1 or ignore_index, got 255"):
        count_positives(targets, ignore_index=-1)
    assert count_positives(targets, ignore_index=255)[0].tolist() == [1, 0]


class Rows(Dataset[Any]):
    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> tuple[float, Any]:
        return 0.0, np.array([index % 2, 1, 0])


def test_positives_by_rows() -> None:
    """A sample of a Dataset is a row; a batch of one dimension, or of numbers, is a column."""
    assert [t.tolist() for t in count_positives(Rows())] == [[2, 5, 0], [3, 0, 5]]
    assert [t.tolist() for t in count_positives([1, 0, 1])] == [2, 1]
    for narrow in (torch.ones(1, 1), torch.ones(3)):
        with pytest.raises(ValueError, match=r"same columns, got \(3,\) before and .* in batch 1"):
            count_positives([torch.ones(1, 3), narrow])


def test_pos_weight_of_empty_columns() -> None:
    positives, negatives = torch.tensor([0, 4, 2]), torch.tensor([4, 0, 2])
    with pytest.raises(ValueError, match=r"columns \[0, 1\] have no positives or no negatives"):
        pos_weight(positives, negatives)
    assert pos_weight(positives, negatives, absent="one").tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match=r"same shape, got \(3,\) and \(2,\)"):
        pos_weight(positives, negatives[:2])
    with pytest.raises(ValueError, match="positives must be >= 0"):
        pos_weight(-positives, negatives)
    assert pos_weight([1, 2], [2, 8]).tolist() == [2, 4]
    with pytest.raises(ValueError, match="pos_weight: dtype must be floating"):
        pos_weight([1], [2], dtype=torch.int32)
    for counts in (([1e-30], [1e30]), ([1e30], [1e-30])):
        with pytest.raises(ValueError, match="pos_weight: the weight of column 0 is 1e"):
            pos_weight(*counts)


# -- samplers -------------------------------------------------------------------------------------


def test_sampler() -> None:
    """Classes are drawn equally often, ignored samples never."""
    labels = torch.tensor([0] * 900 + [1] * 90 + [2] * 10 + [-100] * 50)
    counts = count_labels(labels, ignore_index=-100)
    w = sample_weights(labels, class_weights(counts), ignore_index=-100)
    assert w.dtype == torch.float64
    generator = torch.Generator().manual_seed(1)
    picked = labels[list(WeightedRandomSampler(w.tolist(), 30_000, generator=generator))]
    shares = torch.bincount(picked, minlength=3) / 30_000  # a negative label would raise
    torch.testing.assert_close(shares, torch.full((3,), 1 / 3), atol=0.012, rtol=0)


def test_sample_weight_errors() -> None:
    with pytest.raises(ValueError, match=r"sample_weights: weights must have .* got \(0,\)"):
        sample_weights(torch.tensor([0]), torch.empty(0))
    with pytest.raises(IndexError, match=r"^sample_weights: .* got 2 at position \(1,\)"):
        sample_weights(torch.tensor([0, 2]), torch.ones(2))
    with pytest.raises(ValueError, match=r"labels must have one dimension, got \(1, 1\)"):
        sample_weights(torch.tensor([[0]]), torch.ones(2))
    with pytest.raises(ValueError, match=r"weights must have one dimension, got \(\)"):
        sample_weights(torch.tensor([0]), torch.tensor(1.0))
