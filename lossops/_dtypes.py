"""What dtypes and devices cannot hold."""

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
