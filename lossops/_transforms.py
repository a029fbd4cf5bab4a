"""What vmap does with the operators of csrc/core/transforms.h: the same, of whole batches."""

from typing import Protocol

import torch
from torch import Tensor

Dims = tuple[int | None, ...]


class _Vmap(Protocol):
    batch_size: int


def _batched(vmap: _Vmap, dims: Dims, tensors: tuple[Tensor, ...]) -> list[Tensor]:
    """All with the batch as their first dimension."""
    return [
        t.expand(vmap.batch_size, *t.shape) if dim is None else t.movedim(dim, 0)
        for t, dim in zip(tensors, dims, strict=True)
    ]


def _with_derivative(vmap: _Vmap, dims: Dims, *tensors: Tensor) -> tuple[Tensor, int]:
    return torch.ops.lossops._with_derivative(*_batched(vmap, dims, tensors)), 0


def _first_where(vmap: _Vmap, dims: Dims, *tensors: Tensor) -> tuple[list[float], None]:
    return torch.ops.lossops._first_where(*_batched(vmap, dims, tensors)), None


torch.library.register_vmap("lossops::_with_derivative", _with_derivative)
torch.library.register_vmap("lossops::_first_where", _first_where)
