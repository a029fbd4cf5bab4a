"""Weights against imbalance: count labels, and turn counts into weights of classes and samples."""

import warnings
from collections.abc import Sequence
from reprlib import repr as shortened

import torch
from torch import Tensor

from ._dtypes import equals, widest_float
from ._labels import Label, Source, label_tensor, label_tensors
from ._op import Op, in_name_of, integer, number

__all__ = ["class_weights", "count_labels", "count_positives", "pos_weight", "sample_weights"]

_count_labels = Op(torch.ops.lossops.count_labels)

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

    A tensor is counted by a native operator: on the CPU in one pass on all threads, elsewhere by
    ``torch.bincount``. It works under ``torch.compile(fullgraph=True)`` where ``num_classes`` is
    given.

    Args:
        source: Labels, a tensor or an array of any shape and strides, of any integer dtype or bool;
            or a DataLoader, a Dataset, or any other iterable of batches or samples that hold
            labels. Counting a Dataset loads every sample: where it keeps its labels in a tensor,
            count that.
        num_classes: The number of classes; None for one more than the largest label.
        ignore_index: A label that is left out.
        label: Where the labels stand in a batch or sample: an index, a key, or a function of it. A
            batch that is a tensor, an array or a number itself is taken as labels.
        progress: Whether to show a progress bar over batches, by rich or tqdm, whichever is
            installed.

    Returns:
        Counts of dtype int64 and shape (num_classes,), on the device of the labels.

    Raises:
        IndexError: A label is negative or not below ``num_classes``; the message says which and
            where.
        NotImplementedError: Labels have no integer dtype.
        TypeError: Labels are no numbers, such as names.
        ValueError: ``num_classes`` is not in [1, 2^28], ``label`` does not fit a batch, or a batch
            is a list of integers only, which may be labels or a sample with its label.

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
    for where, labels in label_tensors("count_labels", source, label, progress):
        try:
            counts = _count_labels(labels, num_classes, ignore_index)
        except IndexError as error:
            raise IndexError(f"{error} of {where}") from None
        total = counts if total is None else _add(total, counts)
    if total is None:
        return _count_labels(torch.empty(0, dtype=torch.int64), num_classes, ignore_index)
    return total


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

    "inverse", "balanced" and "median_frequency" differ by a factor only and correct in full;
    "inverse_sqrt" corrects less, and "enet" gives no class more than 1 / ln(offset).

    "effective_number" takes all classes of many more than 1 / (1 - beta) samples for equally
    frequent, and corrects in full among those of many fewer. So choose 1 / (1 - beta) about as
    large as the count from which on more samples add nothing new; with the default, 1000, classes
    of tens of thousands all weigh the same, of which there is a warning.

    Args:
        counts: Counts per class, or, for all but "effective_number", frequencies: a tensor or
            sequence of shape (C,), each >= 0.
        method: One of the names above.
        beta: Of "effective_number", in [0, 1); 0 weighs all alike.
        offset: Of "enet", > 1.
        normalize: None leaves the scale as the formula has it; ``"classes"`` makes the weights of
            the classes that occur add up to K, their mean 1; ``"samples"`` makes the mean over the
            samples, sum(n * w) / N, 1, so that a sum of losses keeps its scale.
        absent: What becomes of a class of count 0: ``"error"``, or ``"zero"`` for the weight 0.
        dtype: Of the result, floating; everything is computed in float64.

    Returns:
        Weights of shape (C,) on the device of ``counts``, all finite, and > 0 but for absent
        classes.

    Raises:
        ValueError: A class is absent and ``absent`` is ``"error"``; a count is negative or not
            finite, or all are 0, or below 1 for "effective_number"; a weight overflows ``dtype``,
            or becomes 0 in it; or an argument is none of those allowed.
        TypeError: ``counts`` are no real numbers in memory, or ``beta`` or ``offset`` is no number.

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
    beta, offset = number("class_weights", "beta", beta), number("class_weights", "offset", offset)
    if not 0 <= beta < 1:
        raise ValueError(f"class_weights: beta must be in [0, 1), got {beta}")
    if not 1 < offset < float("inf"):
        raise ValueError(f"class_weights: offset must be > 1 and finite, got {offset}")
    n, device = _float64("class_weights", "counts", counts)
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
        fewest, most = found.min().item(), found.max().item()
        if most < 1:
            raise ValueError(
                "class_weights: counts must be counts, not frequencies, for 'effective_number', "
                f"got {n.tolist()}"
            )
        if beta > 0 and beta**fewest < 1e-3 and fewest < most:
            warnings.warn(
                f"class_weights: with beta={beta} 'effective_number' weighs all classes alike: each"
                f" has {fewest:g} samples or more; 1 / (1 - beta) should be about as many as large "
                "classes have",
                stacklevel=2,
            )
        # ln(beta) from 1 - beta, which keeps its digits near 1; for beta = 0 it is -inf.
        e = -1 / torch.expm1(found * torch.log1p(torch.tensor(-(1 - beta), dtype=torch.float64)))
        w = classes * e / e.sum()
    else:
        w = 1 / torch.log(offset + frequency)
    if normalize == "classes":
        w = w * (classes / w.sum())
    elif normalize == "samples":
        w = w / (frequency * w).sum()
    weights = torch.zeros_like(n).masked_scatter(present, w)
    return _cast("class_weights", "class", weights, present, dtype).to(device)


def count_positives(
    source: Source,
    ignore_index: int | None = None,
    label: Label = -1,
    progress: bool = False,
) -> tuple[Tensor, Tensor]:
    """How many positives and negatives each column of multi-label targets has.

    Args:
        source: Targets of 0 and 1, of any dtype: a tensor or an array of shape (N, L), or (N,) for
            one column; or a DataLoader, a Dataset, or any other iterable of batches of them. A
            batch of one dimension is one column too; a sample of a Dataset is a row.
        ignore_index: A value that marks unknown targets, which count as neither.
        label: Where the targets stand in a batch; see :func:`count_labels`.
        progress: Whether to show a progress bar over batches.

    Returns:
        The positives and the negatives, each of dtype int64 and shape (L,), or () for one column.

    Raises:
        TypeError: Targets are no real numbers in memory, or ``ignore_index`` is no integer.
        ValueError: A target is neither 0, 1 nor ``ignore_index``, batches have different columns,
            or there are none at all.

    Example:
        >>> import torch
        >>> from lossops.weights import count_positives
        >>> targets = torch.tensor([[1, 0], [0, 0], [-1, 1], [0, 0]])
        >>> count_positives(targets, ignore_index=-1)
        (tensor([1, 1]), tensor([2, 3]))
    """
    ignore_index = integer("count_positives", "ignore_index", ignore_index, optional=True)
    total: tuple[Tensor, Tensor] | None = None
    for where, part in label_tensors("count_positives", source, label, progress):
        _check_readable("count_positives", "targets", part)
        if part.dim() == 0:
            raise ValueError("count_positives: targets must have a dimension of samples, got ()")
        positive, negative = part == 1, part == 0
        known = positive | negative
        if ignore_index is not None:
            ignored = equals(part, ignore_index)
            known = known | ignored
            positive, negative = positive & ~ignored, negative & ~ignored
        if not bool(known.all()):
            raise ValueError(
                f"count_positives: targets must be 0, 1 or ignore_index, got {part[~known][0]} in "
                f"{where}"
            )
        counts = positive.sum(0), negative.sum(0)
        if total is None:
            total = counts
        elif counts[0].shape != total[0].shape:
            raise ValueError(
                "count_positives: all batches must have the same columns, got "
                f"{tuple(total[0].shape)} before and {tuple(counts[0].shape)} in {where}"
            )
        else:
            total = total[0] + counts[0], total[1] + counts[1]
    if total is None:
        raise ValueError("count_positives: source holds no batches")
    return total


def pos_weight(
    positives: Tensor | Sequence[float],
    negatives: Tensor | Sequence[float],
    *,
    absent: str = "error",
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """The ``pos_weight`` of a binary loss, with which both sides of a column weigh the same.

    Formula, as the documentation of ``torch.nn.BCEWithLogitsLoss`` has it::

        w = negatives / positives

    Args:
        positives: Counts per column, a tensor or sequence; see :func:`count_positives`.
        negatives: Counts of the same shape.
        absent: What becomes of a column without positives, where the weight multiplies nothing, or
            without negatives, where it would be 0: ``"error"``, or ``"one"`` for the weight 1.
        dtype: Of the result, floating; everything is computed in float64.

    Returns:
        Weights in the shape of the counts and on the device of ``positives``, all finite and
        positive.

    Raises:
        ValueError: A side of a column is absent and ``absent`` is ``"error"``, counts are negative
            or not finite, shapes differ, ``dtype`` is not floating, or a weight overflows it or
            becomes 0 in it.
        TypeError: Counts are no real numbers in memory.

    Reference:
        G. King, L. Zeng, "Logistic Regression in Rare Events Data", 2001.

    Example:
        >>> import torch
        >>> from lossops.weights import pos_weight
        >>> pos_weight(torch.tensor([1, 20]), torch.tensor([99, 80]))
        tensor([99.,  4.])
    """
    _check_choice("pos_weight", "absent", absent, ("error", "one"))
    p, device = _float64("pos_weight", "positives", positives)
    n, _ = _float64("pos_weight", "negatives", negatives)
    if p.shape != n.shape:
        raise ValueError(
            "pos_weight: positives and negatives must have the same shape, got "
            f"{tuple(p.shape)} and {tuple(n.shape)}"
        )
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
    weights = torch.where(present, n / torch.where(present, p, 1.0), 1.0)
    return _cast("pos_weight", "column", weights, torch.ones_like(present), dtype).to(device)


def sample_weights(
    labels: Tensor | Sequence[int],
    weights: Tensor | Sequence[float],
    ignore_index: int | None = None,
) -> Tensor:
    """The weight of each sample, for ``torch.utils.data.WeightedRandomSampler``.

    Formula::

        w_i = weights[labels_i]   or 0 where labels_i is ignore_index

    With the weights of ``class_weights(counts, "balanced")`` every class is drawn equally often.
    Use either these or a ``weight`` in the loss: both together correct twice.

    Args:
        labels: A label per sample, of shape (N,) and any integer dtype: a tensor, array or list.
        weights: A weight per class, of shape (C,): a tensor or sequence.
        ignore_index: A label whose samples are never drawn.

    Returns:
        Weights of dtype float64 (float32 on MPS) and shape (N,).

    Raises:
        IndexError: A label is no class; the message says which and where.
        NotImplementedError: ``labels`` have no integer dtype.
        TypeError: Labels or weights are no real numbers in memory, or ``ignore_index`` is no
            integer.
        ValueError: ``labels`` or ``weights`` have another number of dimensions, or there are no
            weights.

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
    ignore_index = integer("sample_weights", "ignore_index", ignore_index, optional=True)
    labels = label_tensor("sample_weights", labels, "labels")
    _check_readable("sample_weights", "labels", labels)
    weights = _numbers("sample_weights", "weights", weights)
    for name, t in (("labels", labels), ("weights", weights)):
        if t.dim() != 1:
            raise ValueError(
                f"sample_weights: {name} must have one dimension, got {tuple(t.shape)}"
            )
    if len(weights) == 0:
        raise ValueError("sample_weights: weights must have shape (C,), C >= 1, got (0,)")
    try:
        _count_labels(labels, len(weights), ignore_index)  # raises for what is no class
    except (IndexError, NotImplementedError) as error:
        raise in_name_of("sample_weights", "count_labels", error) from None
    table = weights.detach().to(widest_float(weights.device))
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


def _check_readable(function: str, name: str, t: Tensor) -> None:
    if t.is_meta or t.is_complex() or t.layout != torch.strided or t.is_nested:
        raise TypeError(
            f"{function}: {name} must be a dense tensor of real numbers in memory, got {t.dtype}, "
            f"{'nested' if t.is_nested else t.layout}, on {t.device}"
        )


def _numbers(function: str, name: str, values: object) -> Tensor:
    """A tensor as it is, and any other numbers in float64."""
    try:
        t = values if isinstance(values, Tensor) else torch.tensor(values, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise TypeError(
            f"{function}: {name} must be numbers in a tensor, an array or a sequence, got "
            f"{shortened(values)}"
        ) from None
    _check_readable(function, name, t)
    return t


def _float64(function: str, name: str, values: object) -> tuple[Tensor, torch.device]:
    """Numbers in float64, on the CPU, since not every device has it; and where they were."""
    t = _numbers(function, name, values)
    return t.detach().cpu().double(), t.device


def _cast(
    function: str, what: str, weights: Tensor, positive: Tensor, dtype: torch.dtype
) -> Tensor:
    """The weights in the dtype, if it can hold them."""
    if not (isinstance(dtype, torch.dtype) and dtype.is_floating_point):
        raise ValueError(f"{function}: dtype must be floating, got {dtype}")
    cast = weights.to(dtype)
    held = cast.double()
    lost = ~held.isfinite() | (positive & (held <= 0))
    if bool(lost.any()):
        where = lost.nonzero()[0].tolist()
        place = where[0] if len(where) == 1 else tuple(where)
        raise ValueError(
            f"{function}: the weight of {what} {place} is {weights[tuple(where)].item():g}, which "
            f"is {held[tuple(where)].item():g} in {dtype}"
        )
    return cast


def _add(a: Tensor, b: Tensor) -> Tensor:
    """The sum of counts, which may know of different numbers of classes."""
    if len(a) < len(b):
        a, b = b, a
    total = a.clone()
    total[: len(b)] += b.to(total.device)
    return total
