"""Labels out of whatever holds them: arrays, loaders, datasets and iterables, by parts."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from importlib.util import find_spec
from numbers import Integral, Real
from reprlib import repr as shortened
from typing import Any, cast

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, TensorDataset

Source = Tensor | DataLoader[Any] | Dataset[Any] | Iterable[Any]
Label = int | str | Callable[[Any], Any]

_CHUNK = 4096  # elements of single samples that are handed on together


def label_tensors(
    function: str, source: Source, label: Label, progress: bool
) -> Iterator[tuple[str, Tensor]]:
    """The labels of a source by parts, each with a name that tells where they are from.

    What single samples hold is stacked, up to a number of elements; batches come as they are.
    """
    if isinstance(source, Tensor) or hasattr(source, "__array__"):
        yield "source", label_tensor(function, source, "source")
        return
    if type(source) is TensorDataset and isinstance(label, int):
        count = len(source.tensors)
        if not -count <= label < count:
            raise ValueError(
                f"{function}: label must be in [{-count}, {count}) for a TensorDataset of {count} "
                f"tensors, got {label}"
            )
        yield "the dataset", source.tensors[label]
        return
    batches = cast(
        "Iterable[Any]", source if hasattr(source, "__iter__") else _samples(function, source)
    )
    kind = "sample" if isinstance(source, Dataset) else "batch"
    chunk: list[Tensor | float] = []
    start, held = 0, torch.Size()
    for index, batch in enumerate(_with_progress(function, batches, source, progress)):
        found = _found(function, _pick(function, batch, label), f"{kind} {index}")
        shape = found.shape if isinstance(found, Tensor) else torch.Size()
        if chunk and (shape != held or len(chunk) * held.numel() >= _CHUNK):
            yield f"samples {start} to {index - 1}", _stacked(chunk)
            chunk = []
        if isinstance(found, Tensor) and shape and not isinstance(source, Dataset):
            yield f"batch {index}", found
            continue
        if not chunk:
            start, held = index, shape
        chunk.append(found)
    if chunk:
        yield f"samples {start} to {start + len(chunk) - 1}", _stacked(chunk)


def _found(function: str, labels: object, where: str) -> Tensor | float:
    if isinstance(labels, Integral) and -(2**63) <= int(labels) < 2**63:
        return int(labels)
    if isinstance(labels, Real) and not isinstance(labels, Integral):
        return float(labels)
    return label_tensor(function, labels, where)


def label_tensor(function: str, labels: object, where: str, name: str = "labels") -> Tensor:
    """Labels, or what messages call ``name``, as a tensor, sharing memory where that can be."""
    if isinstance(labels, Tensor):
        return labels
    try:
        if hasattr(labels, "__array__"):
            array = labels.__array__()
            shareable = array.flags.writeable and all(stride >= 0 for stride in array.strides)
            return torch.from_numpy(array if shareable else array.copy())
        if isinstance(labels, (list, tuple)):
            return torch.as_tensor(labels) if labels else torch.empty(0, dtype=torch.int64)
    except (TypeError, ValueError, RuntimeError):
        pass  # strings, rows of different lengths, or the byte order of another machine
    dtype = f" of dtype {labels.dtype}" if hasattr(labels, "dtype") else ""
    raise TypeError(
        f"{function}: {name} must be numbers below 2^63, or a tensor, an array or a list of them, "
        f"got {shortened(labels)}{dtype} in {where}"
    )


def _stacked(chunk: list[Tensor | float]) -> Tensor:
    if any(isinstance(labels, Tensor) for labels in chunk):
        return torch.stack([torch.as_tensor(labels) for labels in chunk])
    return torch.tensor(chunk)


def _samples(function: str, source: object) -> Iterator[object]:
    if not (hasattr(source, "__getitem__") and hasattr(source, "__len__")):
        raise TypeError(
            f"{function}: source must be a tensor, an array, a DataLoader, a Dataset or an iterable"
            f" of batches, got {type(source).__name__}"
        )
    samples = cast("Sequence[object]", source)
    return (samples[i] for i in range(len(samples)))


def _pick(function: str, batch: object, label: Label) -> object:
    if callable(label):
        return label(batch)
    if isinstance(batch, (Tensor, Real, str)) or hasattr(batch, "__array__"):
        return batch
    if _all_integers(batch):
        raise ValueError(
            f"{function}: a batch must not be a list of integers only, all labels or a sample with "
            f"its label: make it a tensor, or let a function pick, got {shortened(batch)}"
        )
    try:
        return cast("Mapping[Any, object]", batch)[label]
    except (KeyError, IndexError, TypeError):
        raise ValueError(
            f"{function}: label must say where the labels stand in a batch, a "
            f"{type(batch).__name__}, got {label!r}"
        ) from None


def _all_integers(batch: object) -> bool:
    """Whether it is a list of integers, nested or not."""
    if not (isinstance(batch, list) and batch):
        return False
    return all(isinstance(part, Integral) or _all_integers(part) for part in batch)


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
