"""Losses of regions of a batch that is spread over the ranks of a group."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from .. import _C
from .. import functional as F
from ._collectives import Ranks

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup


@torch._dynamo.disable  # type: ignore[untyped-decorator]
def regions_across_ranks(
    function: Callable[..., Tensor],
    *args: Any,  # noqa: ANN401
    averaged: bool = True,
    group: "ProcessGroup | None" = None,
    **keywords: Any,  # noqa: ANN401
) -> Tensor:
    """A loss of the regions of the whole batch that the ranks of a group have together.

    With ``batch=True`` a class is one region of all samples. Its sums, a few numbers per class, are
    added up over the ranks before anything is made of them, so each rank gets the loss of the one
    large batch, and for its own samples the gradient of that::

        loss of the large batch = loss of every rank
        its gradient            = mean over ranks of the gradients    (sum, if not averaged)

    Args:
        function: A loss of regions of :mod:`lossops.functional`, such as ``dice_loss``.
        *args: Its arguments, of this rank's samples.
        averaged: Whether gradients are averaged over the ranks, as DistributedDataParallel and FSDP
            do by default; False where they are added up.
        group: The process group, None for the default one.
        **keywords: More arguments of the function, ``batch=True`` among them.

    Returns:
        What the function returns for the large batch.

    Raises:
        TypeError: ``function`` is no loss of regions.
        ValueError: ``batch`` is not True: regions of single samples have nothing to add up, see
            ``normalizer``. Or the number of classes is not the same on all ranks.

    Notes:
        Computed by the operators of PyTorch, which keep a few tensors of the size of the input;
        under torch.compile it breaks the graph.

    Example:
        >>> import torch, lossops, lossops.functional as F
        >>> logits, labels = torch.zeros(1, 2, 4), torch.tensor([[0, 1, 1, 1]])
        >>> lossops.distributed.regions_across_ranks(F.dice_loss, logits, labels, batch=True)
        tensor(0.5333)
    """
    if getattr(
        F, getattr(function, "__name__", ""), None
    ) is not function or "include_background" not in (inspect.signature(function).parameters):
        raise TypeError(
            "regions_across_ranks: function must be a loss of regions of lossops.functional, got "
            f"{getattr(function, '__name__', type(function).__name__)}"
        )
    bound = inspect.signature(function).bind(*args, **keywords)
    bound.apply_defaults()
    if not bound.arguments["batch"]:
        raise ValueError("regions_across_ranks: batch must be True, got False")
    ranks = Ranks.of(group)
    input = bound.arguments["input"]
    ranks.agree(f"regions_across_ranks({function.__name__})", classes=input.size(1))
    loss = _C.with_sums(ranks.sum, lambda: function(*bound.args, **bound.kwargs))
    if averaged and ranks.size > 1:  # so that the mean over the ranks is the whole gradient
        return loss + (ranks.size - 1) * (loss - loss.detach())
    return loss
