"""What dtypes and devices cannot hold."""

import contextlib
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor


def widest_float(device: torch.device) -> torch.dtype:
    """The floating dtype to count and to add up in: float64, but MPS has none."""
    return torch.float32 if device.type == "mps" else torch.float64


def equals(labels: Tensor, value: int) -> Tensor:
    """Where labels have the value: nowhere if their dtype lacks it, for which torch would wrap it.

    So -100 is not 156 among labels of dtype uint8.
    """
    if not (labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool):
        limits = torch.iinfo(labels.dtype)
        if not limits.min <= value <= limits.max:
            return torch.zeros_like(labels, dtype=torch.bool)
    return labels == value


def promoted(tensors: Iterable[Tensor]) -> torch.dtype:
    """The dtype in which torch would compute with all of them."""
    first, *others = (t.dtype for t in tensors)
    for dtype in others:
        first = torch.promote_types(first, dtype)
    return first


@contextlib.contextmanager
def outside_autocast(device: torch.device) -> Iterator[torch.dtype | None]:
    """Without autocast, as losses compute; gives the dtype of that, or None where it is off."""
    if not torch.is_autocast_enabled(device.type):
        yield None
        return
    with torch.autocast(device.type, enabled=False):
        yield torch.get_autocast_dtype(device.type)


def result_dtype(dtype: torch.dtype, narrow: torch.dtype | None) -> torch.dtype:
    """That of a loss of tensors of this dtype: float32 for narrow ones under autocast."""
    halves = (torch.float16, torch.bfloat16)
    return torch.float32 if narrow is not None and dtype in halves else dtype
