"""Collectives that autograd differentiates, over the ranks of one group.

Two conventions meet here. What every rank computes alike from numbers that all of them know is
*replicated*: its gradient is the same everywhere, and nothing has to be sent. What each rank
computes by itself, and only the sum over the ranks means something, is a *part*: the gradient by a
replicated number is then the sum of the ranks'.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
import torch.distributed as dist
from torch import Tensor

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup


def _reduced(t: Tensor, by: str, name: str) -> Tensor:
    ops = torch.ops._c10d_functional
    return cast(Tensor, ops.wait_tensor(ops.all_reduce(t.contiguous(), by, name)))


class _Sum(torch.autograd.Function):
    """The sum of parts, which is replicated; so is its gradient, that of each part."""

    @staticmethod
    def forward(ctx: Any, t: Tensor, name: str) -> Tensor:  # noqa: ANN401
        ctx.name = name
        return _reduced(t, "sum", name)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        return _Share.apply(grads[0], ctx.name), None  # type: ignore[no-untyped-call]


class _Share(torch.autograd.Function):
    """A replicated tensor of which parts are computed: its gradient is the sum of the ranks'."""

    @staticmethod
    def forward(ctx: Any, t: Tensor, name: str) -> Tensor:  # noqa: ANN401
        ctx.name = name
        return t.view_as(t)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        return _Sum.apply(grads[0], ctx.name), None  # type: ignore[no-untyped-call]


class _Gather(torch.autograd.Function):
    """Parts one behind the other; the gradient of each is the sum of what the ranks have for it."""

    @staticmethod
    def forward(ctx: Any, t: Tensor, size: int, name: str) -> Tensor:  # noqa: ANN401
        ctx.size, ctx.name = size, name
        ops = torch.ops._c10d_functional
        gathered = ops.all_gather_into_tensor(t.contiguous(), size, name)
        return cast(Tensor, ops.wait_tensor(gathered))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401
        return _Scatter.apply(grads[0], ctx.size, ctx.name), None, None  # type: ignore[no-untyped-call]


class _Scatter(torch.autograd.Function):
    """The sum over the ranks, of which each gets its part."""

    @staticmethod
    def forward(ctx: Any, t: Tensor, size: int, name: str) -> Tensor:  # noqa: ANN401
        ctx.size, ctx.name = size, name
        ops = torch.ops._c10d_functional
        part = ops.reduce_scatter_tensor(t.contiguous(), "sum", size, name)
        return cast(Tensor, ops.wait_tensor(part))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401
        return _Gather.apply(grads[0], ctx.size, ctx.name), None, None  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Ranks:
    """The ranks of a process group, as one of them sees them.

    Attributes:
        name: The name of the group; None where there is only one rank, and nothing to be sent.
        size: How many ranks there are.
        rank: Which of them this one is.
        group: The group itself.
    """

    name: str | None = None
    size: int = 1
    rank: int = 0
    group: "ProcessGroup | None" = None

    @classmethod
    def of(cls, group: "ProcessGroup | None") -> "Ranks":
        """Those of a group, None for the default one; one rank without torch.distributed.

        Raises:
            ValueError: This rank is not in the group.
        """
        if not (dist.is_available() and dist.is_initialized()):
            return cls()
        group = dist.group.WORLD if group is None else group
        if cast(object, group) is dist.GroupMember.NON_GROUP_MEMBER:
            raise ValueError(f"group must have this rank, {dist.get_rank()}, in it")
        if group is None or dist.get_world_size(group) == 1:
            return cls()
        return cls(group.group_name, dist.get_world_size(group), dist.get_rank(group), group)

    def sum(self, t: Tensor) -> Tensor:
        """The sum of the ranks' parts."""
        return t if self.name is None else _Sum.apply(t, self.name)  # type: ignore[no-untyped-call]

    def share(self, t: Tensor) -> Tensor:
        """The same tensor, for parts to be computed of it."""
        return t if self.name is None else _Share.apply(t, self.name)  # type: ignore[no-untyped-call]

    def gather(self, t: Tensor) -> Tensor:
        """All ranks' tensors of one shape, one behind the other, for parts to be computed of."""
        return t if self.name is None else _Gather.apply(t, self.size, self.name)  # type: ignore[no-untyped-call]

    def largest(self, t: Tensor) -> Tensor:
        """The largest of the ranks' tensors, which has no derivative."""
        return t.detach() if self.name is None else _reduced(t.detach(), "max", self.name)
