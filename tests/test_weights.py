"""lossops.weights: the weights that follow from counts, of classes, positives and samples."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import (
    DataLoader,
    Dataset,
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
from tests.test_counting import drawn

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
        ([1, 2], {"dtype": "float32"}, "dtype must be floating, got float32"),
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


NOT_NUMBERS: dict[str, Callable[[], Any]] = {
    "class_weights: counts must be numbers .*, got None": lambda: class_weights(None),
    "class_weights: counts must be numbers .*, got 'abc'": lambda: class_weights("abc"),
    r"class_weights: counts must be numbers .*, got .'a'.": lambda: class_weights(["a"]),
    r"class_weights: counts must be numbers .*, got \[1, 10+\.\.\.":
        lambda: class_weights([1, 10**400]),
    "class_weights: beta must be a number, got str 'a'": lambda: class_weights([1, 2], beta="a"),
    "class_weights: offset must be a number, got None": lambda: class_weights([1, 2], offset=None),
    "class_weights: counts must be a dense tensor .*sparse_coo":
        lambda: class_weights(torch.ones(2).to_sparse()),
    "pos_weight: negatives must be a dense tensor .* on meta":
        lambda: pos_weight([1, 2], torch.ones(2, device="meta")),
    "count_positives: targets must be a dense tensor .*sparse_coo":
        lambda: count_positives(torch.eye(2).to_sparse()),
    "count_positives: targets must be a dense tensor .* on meta":
        lambda: count_positives(torch.ones(2, 2, device="meta")),
    "count_positives: ignore_index must be an integer or None, got str 'a'":
        lambda: count_positives(torch.eye(2), ignore_index="a"),
    "count_positives: ignore_index must be an integer or None, got float nan":
        lambda: count_positives(torch.eye(2), ignore_index=math.nan),
    "sample_weights: ignore_index must be an integer or None, got float 1.5":
        lambda: sample_weights([0, 1], [1.0, 2.0], ignore_index=1.5),
    "sample_weights: labels must be a dense tensor .* on meta":
        lambda: sample_weights(torch.zeros(2, dtype=torch.long, device="meta"), [1.0, 2.0]),
    "sample_weights: weights must be numbers .*, got None": lambda: sample_weights([0, 1], None),
}  # fmt: skip


@pytest.mark.parametrize("message", NOT_NUMBERS)
def test_what_is_no_number(message: str) -> None:
    """Each names the function, the argument, what it takes and what was given."""
    with pytest.raises(TypeError, match=f"^{message}"):
        NOT_NUMBERS[message]()


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


def test_sample_weights_of_lists_and_arrays() -> None:
    expected = torch.tensor([2.0, 0.5, 2.0], dtype=torch.float64)
    for labels in ([1, 0, 1], np.array([1, 0, 1])):
        for weights in ([0.5, 2.0], np.array([0.5, 2.0])):
            assert torch.equal(sample_weights(labels, weights), expected)
    assert sample_weights([], [0.5]).tolist() == []


def test_sample_weight_errors() -> None:
    with pytest.raises(TypeError, match="sample_weights: labels must be numbers .*got .'cat'"):
        sample_weights(["cat"], torch.ones(2))
    with pytest.raises(ValueError, match=r"sample_weights: weights must have .* got \(0,\)"):
        sample_weights(torch.tensor([0]), torch.empty(0))
    with pytest.raises(IndexError, match=r"^sample_weights: .* got 2 at position \(1,\)"):
        sample_weights(torch.tensor([0, 2]), torch.ones(2))
    with pytest.raises(ValueError, match=r"labels must have one dimension, got \(1, 1\)"):
        sample_weights(torch.tensor([[0]]), torch.ones(2))
    with pytest.raises(ValueError, match=r"weights must have one dimension, got \(\)"):
        sample_weights(torch.tensor([0]), torch.tensor(1.0))
