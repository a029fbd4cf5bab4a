"""What vmap does with ctc_align and the operators of csrc/core/transforms.h: the same, of all."""

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


def _ctc_align(
    vmap: _Vmap, dims: Dims, *args: Tensor
) -> tuple[tuple[Tensor, Tensor], tuple[int, int]]:
    scores, targets, frames, counts = _batched(vmap, dims[:4], args[:4])
    if targets.dim() == 2:  # all labels of a sample together
        total = counts.flatten(1).sum(1) if counts.dim() > 1 else counts
        wrong = torch.ops.lossops._first_where(total != targets.size(1), total)
        if wrong:
            raise RuntimeError(
                "ctc_align: targets must have as many labels as target_lengths add up to, "
                f"{int(wrong[0])}, got shape {tuple(targets.shape[1:])}"
            )
    batch = scores.shape[:1] if scores.dim() == 3 else (scores.size(0), scores.size(2))
    labels, found = torch.ops.lossops.ctc_align(
        scores.movedim(1, 0).flatten(1, -2),
        targets.flatten(0, 1),
        frames.flatten(),
        counts.flatten(),
        *args[4:],
    )
    return (labels.unflatten(0, batch), found.unflatten(0, batch)), (0, 0)


torch.library.register_vmap("lossops::_with_derivative", _with_derivative)
torch.library.register_vmap("lossops::_first_where", _first_where)
torch.library.register_vmap("lossops::ctc_align", _ctc_align)
