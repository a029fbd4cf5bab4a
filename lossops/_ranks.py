"""What runs across the ranks of torch.distributed, where that is in use."""

from typing import TYPE_CHECKING

import torch
import torch.distributed as dist
from torch import Tensor

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup


def world_size(group: "ProcessGroup | None" = None) -> int:
    """How many ranks there are: 1 without torch.distributed."""
    if not (dist.is_available() and dist.is_initialized()):
        return 1
    return dist.get_world_size(group)


def device_for(tensor_device: torch.device | None, group: "ProcessGroup | None" = None) -> str:
    """Where a collective of the group can be given a tensor, best where the tensors are."""
    if tensor_device is not None and tensor_device.type != "cpu":
        return str(tensor_device)
    nccl = world_size(group) > 1 and "nccl" in str(dist.get_backend(group))
    return "cuda" if nccl else "cpu"


def sum_over_ranks(t: Tensor, group: "ProcessGroup | None" = None) -> Tensor:
    """The sum of ``t`` over the ranks, on each of them."""
    if world_size(group) == 1:
        return t
    total = t.clone()
    dist.all_reduce(total, group=group)
    return total


def gather_from_ranks(t: Tensor, group: "ProcessGroup | None" = None) -> list[Tensor]:
    """The ``t`` of every rank, all of one shape, on each of them."""
    ranks = world_size(group)
    if ranks == 1:
        return [t]
    parts = [torch.empty_like(t) for _ in range(ranks)]
    dist.all_gather(parts, t.contiguous(), group=group)
    return parts
