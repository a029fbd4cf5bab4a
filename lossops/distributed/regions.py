"""Losses of regions of a batch that is spread over the ranks of a group."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from .. import _C
from .. import functional as F
from ._agreement import Numbers, agree, arguments_of, in_words, on_meta
from ._collectives import Ranks

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup


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
        TypeError: ``function`` is no loss of regions, or is given a DTensor.
        ValueError: ``batch`` is not True: regions of single samples have nothing to add up, see
            ``normalizer``. Or what has to be the same on all ranks is not; on every rank. And
            whatever the function raises: on the other ranks it is then a RuntimeError.

    Notes:
        Computed by the operators of PyTorch, which keep a few tensors of the size of the input.

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
    ranks, given = Ranks.of(group), {}
    if torch.compiler.is_compiling():
        given = _arguments(function, args, keywords)
    else:

        def describe() -> tuple[str, Numbers]:
            given.update(_arguments(function, args, keywords))
            function(**{n: on_meta(v) for n, v in given.items()})  # refuses what it can
            return in_words({**given, "averaged": averaged}), {"classes": given["input"].size(1)}

        agree(ranks, f"regions_across_ranks({function.__name__})", describe)
    loss: Tensor = _of_all(function.__name__, ranks.name, **given)
    if averaged and ranks.size > 1:  # so that the mean over the ranks is the whole gradient
        return loss + (ranks.size - 1) * (loss - loss.detach())
    return loss


def _arguments(
    function: Callable[..., Tensor], args: tuple[Any, ...], keywords: dict[str, Any]
) -> dict[str, Any]:
    given = arguments_of(function, args, keywords)
    if not given["batch"]:
        raise ValueError("regions_across_ranks: batch must be True, got False")
    return given


@torch._dynamo.allow_in_graph  # type: ignore[untyped-decorator]
def _of_all(function: str, group: str | None, **given: Any) -> Tensor:  # noqa: ANN401
    """The loss whose sums are those of all ranks; to torch.compile a step of its own."""
    ranks = Ranks(group)
    return _C.with_sums(ranks.sum, lambda: getattr(F, function)(**given))
