"""What vmap does with the operators of csrc/core/transforms.h: the same, of whole batches."""

from typing import Any

import torch
from torch import Tensor


def _batched(info: Any, dims: tuple[int | None, ...], tensors: tuple[Tensor, ...]) -> list[Tensor]:
    """All with the batch as their first dimension."""
    return [
        t.expand(info.batch_size, *t.shape) if dim is None else t.movedim(dim, 0)
        for t, dim in zip(tensors, dims, strict=True)
    ]


@torch.library.register_vmap("lossops::_with_derivative")
def _with_derivative(
    info: Any, dims: tuple[int | None, ...], *tensors: Tensor
) -> tuple[Tensor, int]:
    return torch.ops.lossops._with_derivative(*_batched(info, dims, tensors)), 0


@torch.library.register_vmap("lossops::_first_where")
def _first_where(
    info: Any, dims: tuple[int | None, ...], *tensors: Tensor
) -> tuple[list[float], None]:
    return torch.ops.lossops._first_where(*_batched(info, dims, tensors)), None
