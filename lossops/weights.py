"""Weights against imbalance: count labels, and turn counts into weights of classes and samples."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from importlib.util import find_spec
from typing import Any, cast

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, TensorDataset

from .functional._common import Op

__all__ = ["class_weights", "count_labels", "count_positives", "pos_weight", "sample_weights"]

_count_labels: Op = torch.ops.lossops.count_labels

Source = Tensor | DataLoader[Any] | Dataset[Any] | Iterable[Any]
Label = int | str | Callable[[Any], Any]

_CHUNK = 4096  # labels of a Dataset that are counted at a time

_METHODS = (
    "inverse",
    "balanced",
    "inverse_sqrt",
    "median_frequency",
    "effective_number",
    "enet",
)


def count_labels(
    source: Source,
    num_classes: int | None = None,
    ignore_index: int | None = None,
    label: Label = -1,
    progress: bool = False,
) -> Tensor:
    """How many labels there are of each class.

    A tensor is counted by a native operator, in one pass on all threads. It works under
    ``torch.compile(fullgraph=True)`` where ``num_classes`` is given.

    Args:
        source: Labels, a tensor of any shape and strides, of any integer dtype or bool; or a
            DataLoader, a Dataset, or any other iterable of batches or samples that hold labels.
            Counting a Dataset loads every sample: where it keeps its labels in a tensor, count
            that.
        num_classes: The number of classes; None for one more than the largest label.
        ignore_index: A label that is left out.
        label: Where the labels stand in a batch or sample: an index, a key, or a function of it. A
            batch that is a tensor or number itself is taken as labels.
        progress: Whether to show a progress bar over batches, by rich or tqdm, whichever is
            installed.

    Returns:
        Counts of dtype int64 and shape (num_classes,), on the device of the labels.

    Raises:
        IndexError: A label is negative or not below ``num_classes``; the message says which and
            where.
        NotImplementedError: Labels have no integer dtype.
        ValueError: ``num_classes`` is not in [1, 2^28].

    Example:
        >>> import torch
        >>> from lossops.weights import count_labels
        >>> count_labels(torch.tensor([0, 2, 2, -100, 2]), ignore_index=-100)
        tensor([1, 0, 3])
        >>> pairs = [(torch.zeros(2), torch.tensor([1, 1])), (torch.zeros(1), torch.tensor([0]))]
        >>> count_labels(pairs, num_classes=4)
        tensor([1, 2, 0, 0])
    """
    if isinstance(source, Tensor):
        return _count_labels(source, num_classes, ignore_index)
    total: Tensor | None = None
    for where, labels in _label_tensors("count_labels", source, label, progress):
        try:
            counts = _count_labels(labels, num_classes, ignore_index)
        except IndexError as error:
            raise IndexError(f"{error} of {where}") from None
        total = counts if total is None else _add(total, counts)
    return torch.zeros(num_classes or 0, dtype=torch.int64) if total is None else total


def class_weights(
    counts: Tensor | Sequence[float],
    method: str = "balanced",
    *,
    beta: float = 0.999,
    offset: float = 1.02,
    normalize: str | None = None,
    absent: str = "error",
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """The ``weight`` of a class-axis loss, from how often each class occurs.

    Formulas, with n the count of a class, N the sum of the counts, f = n / N, and K the number of
    classes that occur::

        inverse            1 / f
        balanced           1 / (K f)                        mean over the samples: 1
        inverse_sqrt       1 / sqrt(f)
        median_frequency   median of the f / f              the class in the middle: 1
        effective_number   K e / (sum of the e),            sum over the classes: K
                           e = (1 - beta) / (1 - beta^n)
        enet               1 / ln(offset + f)

    "inverse" and "balanced" differ by the factor K only. From the strongest correction to the
    weakest: those two and "median_frequency", "effective_number" (``beta`` near 1 is near
    "inverse", 0 weighs all alike), "inverse_sqrt" and, for many classes, "enet".

    Args:
        counts: Counts, or frequencies, per class: a tensor or sequence of shape (C,), each >= 0.
        method: One of the names above.
        beta: Of "effective_number", in [0, 1).
        offset: Of "enet", > 1.
        normalize: None leaves the scale as the formula has it; ``"classes"`` makes the weights of
            the classes that occur add up to K, their mean 1; ``"samples"`` makes the mean over the
            samples, sum(n * w) / N, 1, so that a sum of losses keeps its scale.
        absent: What becomes of a class of count 0: ``"error"``, or ``"zero"`` for the weight 0.
        dtype: Of the result; everything is computed in float64.

    Returns:
        Weights of shape (C,) on the device of ``counts``, all finite.

    Raises:
        ValueError: A class is absent and ``absent`` is ``"error"``; a count is negative or not
            finite, or all are 0; or an argument is none of those allowed.

    Reference:
        balanced: G. King, L. Zeng, "Logistic Regression in Rare Events Data", 2001. inverse_sqrt:
        D. Mahajan et al., "Exploring the Limits of Weakly Supervised Pretraining", 2018.
        median_frequency: D. Eigen, R. Fergus, "Predicting Depth, Surface Normals and Semantic
        Labels with a Common Multi-Scale Convolutional Architecture", 2015 (there f is over the
        images in which the class occurs). effective_number: Y. Cui et al., "Class-Balanced Loss
        Based on Effective Number of Samples", 2019. enet: A. Paszke et al., "ENet: A Deep Neural
        Network Architecture for Real-Time Semantic Segmentation", 2016.

    Example:
        >>> import torch
        >>> from lossops.weights import class_weights
        >>> class_weights([60, 30, 10])
        tensor([0.5556, 1.1111, 3.3333])
        >>> class_weights([60, 0, 10], "inverse_sqrt", normalize="classes", absent="zero")
        tensor([0.5798, 0.0000, 1.4202])
    """
    _check_choice("class_weights", "method", method, _METHODS)
    _check_choice("class_weights", "normalize", normalize, (None, "classes", "samples"))
    _check_choice("class_weights", "absent", absent, ("error", "zero"))
    if not 0 <= beta < 1:
        raise ValueError(f"class_weights: beta must be in [0, 1), got {beta}")
    if not 1 < offset < float("inf"):
        raise ValueError(f"class_weights: offset must be > 1 and finite, got {offset}")
    n = torch.as_tensor(counts).detach().to(torch.float64)
    if n.dim() != 1 or n.numel() == 0:
        raise ValueError(
            f"class_weights: counts must have shape (C,), C >= 1, got {tuple(n.shape)}"
        )
    if not bool((n.isfinite() & (n >= 0)).all()) or not bool(n.any()):
        raise ValueError(
            f"class_weights: counts must be >= 0, finite and not all 0, got {n.tolist()}"
        )
    present = n > 0
    if absent == "error" and not bool(present.all()):
        missing = (~present).nonzero().flatten().tolist()
        raise ValueError(
            f"class_weights: there are no samples of classes {missing}; absent='zero' gives them "
            "the weight 0"
        )
    found = n[present]
    frequency = found / found.sum()
    classes = found.numel()
    if method == "inverse":
        w = 1 / frequency
    elif method == "balanced":
        w = 1 / (classes * frequency)
    elif method == "inverse_sqrt":
        w = frequency.rsqrt()
    elif method == "median_frequency":
        w = frequency.quantile(0.5) / frequency
    elif method == "effective_number":
        # ln(beta) from 1 - beta, which keeps its digits near 1; for beta = 0 it is -inf.
        e = -1 / torch.expm1(found * torch.log1p(torch.tensor(-(1 - beta), dtype=torch.float64)))
        w = classes * e / e.sum()
    else:
        w = 1 / torch.log(offset + frequency)
    if normalize == "classes":
        w = w * (classes / w.sum())
    elif normalize == "samples":
        w = w / (frequency * w).sum()
    return torch.zeros_like(n).masked_scatter(present, w).to(dtype)


def count_positives(
    source: Source,
    ignore_index: int | None = None,
    label: Label = -1,
    progress: bool = False,
) -> tuple[Tensor, Tensor]:
    """How many positives and negatives each column of multi-label targets has.

    Args:
        source: Targets of 0 and 1, of any dtype: a tensor of shape (N, L), or (N,) for one column;
            or a DataLoader, a Dataset, or any other iterable of batches of them.
        ignore_index: A value that marks unknown targets, which count as neither.
        label: Where the targets stand in a batch; see :func:`count_labels`.
        progress: Whether to show a progress bar over batches.

    Returns:
        The positives and the negatives, each of dtype int64 and shape (L,), or () for one column.

    Raises:
        ValueError: A target is neither 0, 1 nor ``ignore_index``, or there are none at all.

    Example:
        >>> import torch
        >>> from lossops.weights import count_positives
        >>> targets = torch.tensor([[1, 0], [0, 0], [-1, 1], [0, 0]])
        >>> count_positives(targets, ignore_index=-1)
        (tensor([1, 1]), tensor([2, 3]))
    """
    parts: Iterable[tuple[str, Tensor]] = [("source", source)] if isinstance(source, Tensor) else []
    total: tuple[Tensor, Tensor] | None = None
    for where, part in parts or _label_tensors("count_positives", source, label, progress):
        if part.dim() == 0:
            raise ValueError("count_positives: targets must have a dimension of samples, got ()")
        positive, negative = part == 1, part == 0
        known = positive | negative
        if ignore_index is not None:
            known = known | (part == ignore_index)
            positive, negative = (side & (part != ignore_index) for side in (positive, negative))
        if not bool(known.all()):
            raise ValueError(
                f"count_positives: targets must be 0, 1 or ignore_index, got {part[~known][0]} in "
                f"{where}"
            )
        counts = positive.sum(0), negative.sum(0)
        total = counts if total is None else (total[0] + counts[0], total[1] + counts[1])
    if total is None:
        raise ValueError("count_positives: source holds no batches")
    return total


def pos_weight(
    positives: Tensor,
    negatives: Tensor,
    *,
    absent: str = "error",
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """The ``pos_weight`` of a binary loss, with which both sides of a column weigh the same.

    Formula, as the documentation of ``torch.nn.BCEWithLogitsLoss`` has it::

        w = negatives / positives

    Args:
        positives: Counts per column; see :func:`count_positives`.
        negatives: Counts of the same shape.
        absent: What becomes of a column without positives, where the weight multiplies nothing, or
            without negatives, where it would be 0: ``"error"``, or ``"one"`` for the weight 1.
        dtype: Of the result.

    Returns:
        Weights in the shape of the counts, all finite and positive.

    Raises:
        ValueError: A side of a column is absent and ``absent`` is ``"error"``, counts are negative
            or not finite, or shapes differ.

    Reference:
        G. King, L. Zeng, "Logistic Regression in Rare Events Data", 2001.

    Example:
        >>> import torch
        >>> from lossops.weights import pos_weight
        >>> pos_weight(torch.tensor([1, 20]), torch.tensor([99, 80]))
        tensor([99.,  4.])
    """
    _check_choice("pos_weight", "absent", absent, ("error", "one"))
    if positives.shape != negatives.shape:
        raise ValueError(
            "pos_weight: positives and negatives must have the same shape, got "
            f"{tuple(positives.shape)} and {tuple(negatives.shape)}"
        )
    p, n = positives.detach().double(), negatives.detach().double()
    for name, side in (("positives", p), ("negatives", n)):
        if not bool((side.isfinite() & (side >= 0)).all()):
            raise ValueError(f"pos_weight: {name} must be >= 0 and finite, got {side.tolist()}")
    present = (p > 0) & (n > 0)
    if absent == "error" and not bool(present.all()):
        columns = (~present).nonzero().flatten().tolist()
        raise ValueError(
            f"pos_weight: columns {columns} have no positives or no negatives; absent='one' gives "
            "them the weight 1"
        )
    return torch.where(present, n / p.clamp(min=1e-300), 1.0).to(dtype)


def sample_weights(labels: Tensor, weights: Tensor, ignore_index: int | None = None) -> Tensor:
    """The weight of each sample, for ``torch.utils.data.WeightedRandomSampler``.

    Formula::

        w_i = weights[labels_i]   or 0 where labels_i is ignore_index

    With the weights of ``class_weights(counts, "balanced")`` every class is drawn equally often.
    Use either these or a ``weight`` in the loss: both together correct twice.

    Args:
        labels: A label per sample, of shape (N,) and any integer dtype.
        weights: A weight per class, of shape (C,).
        ignore_index: A label whose samples are never drawn.

    Returns:
        Weights of dtype float64 and shape (N,).

    Raises:
        IndexError: A label is no class; the message says which and where.
        ValueError: ``labels`` or ``weights`` have another number of dimensions.

    Example:
        >>> import torch
        >>> from torch.utils.data import WeightedRandomSampler
        >>> from lossops.weights import class_weights, count_labels, sample_weights
        >>> labels = torch.tensor([0, 0, 0, 1])
        >>> w = sample_weights(labels, class_weights(count_labels(labels)))
        >>> w
        tensor([0.6667, 0.6667, 0.6667, 2.0000], dtype=torch.float64)
        >>> sampler = WeightedRandomSampler(w, num_samples=len(labels))
    """
    for name, t in (("labels", labels), ("weights", weights)):
        if t.dim() != 1:
            raise ValueError(
                f"sample_weights: {name} must have one dimension, got {tuple(t.shape)}"
            )
    _count_labels(labels, len(weights), ignore_index)  # raises for what is no class
    table = weights.detach().double()
    index = labels.to(torch.int64)
    if ignore_index is None:
        return table[index]
    ignored = index == ignore_index
    return table[index.masked_fill(ignored, 0)].masked_fill(ignored, 0.0)


def _check_choice(
    function: str, argument: str, given: object, allowed: tuple[str | None, ...]
) -> None:
    if given not in allowed:
        raise ValueError(f"{function}: {argument} must be one of {allowed}, got {given!r}")


def _add(a: Tensor, b: Tensor) -> Tensor:
    """The sum of counts, which may know of different numbers of classes."""
    if len(a) < len(b):
        a, b = b, a
    total = a.clone()
    total[: len(b)] += b.to(total.device)
    return total


def _label_tensors(
    function: str, source: Source, label: Label, progress: bool
) -> Iterator[tuple[str, Tensor]]:
    """The labels of a source by parts, each with a name that tells where they are from."""
    if isinstance(source, TensorDataset) and isinstance(label, int):
        yield "the dataset", source.tensors[label]
        return
    one_by_one = isinstance(source, Dataset)
    batches = source if hasattr(source, "__iter__") else _samples(function, source)
    chunk: list[Tensor] = []
    start = 0
    for index, batch in enumerate(_with_progress(function, cast("Iterable[Any]", batches), source,
                                                 progress)):  # fmt: skip
        labels = torch.as_tensor(_pick(function, batch, label))
        if not one_by_one:
            yield f"batch {index}", labels
            continue
        chunk.append(labels)
        if len(chunk) == _CHUNK:
            yield f"samples {start} to {index}", torch.stack(chunk)
            chunk, start = [], index + 1
    if chunk:
        yield f"samples {start} to {start + len(chunk) - 1}", torch.stack(chunk)


def _samples(function: str, source: object) -> Iterator[object]:
    if not (hasattr(source, "__getitem__") and hasattr(source, "__len__")):
        raise TypeError(
            f"{function}: source must be a tensor, a DataLoader, a Dataset or an iterable of "
            f"batches, got {type(source).__name__}"
        )
    samples = cast("Sequence[object]", source)
    return (samples[i] for i in range(len(samples)))


def _pick(function: str, batch: object, label: Label) -> object:
    if callable(label):
        return label(batch)
    if isinstance(batch, (Tensor, int)):
        return batch
    try:
        return cast("Mapping[Any, object]", batch)[label]
    except (KeyError, IndexError, TypeError):
        raise ValueError(
            f"{function}: label must say where the labels stand in a batch, a "
            f"{type(batch).__name__}, got {label!r}"
        ) from None


def _with_progress(
    function: str, batches: Iterable[Any], source: object, progress: bool
) -> Iterable[Any]:
    if not progress:
        return batches
    try:
        total = len(cast("Sized", source))
    except TypeError:  # an iterable may not know
        total = None
    if find_spec("rich"):
        from rich.progress import track

        return cast("Iterable[Any]", track(batches, description=function, total=total))
    if find_spec("tqdm"):
        from tqdm import tqdm

        return cast("Iterable[Any]", tqdm(batches, desc=function, total=total))
    warnings.warn(f"{function}: a progress bar needs rich or tqdm installed", stacklevel=4)
    return batches
