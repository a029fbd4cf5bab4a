"""Gradient accumulation and data parallel training with the mean over the whole batch."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ._op import tensors
from ._ranks import device_for, sum_over_ranks, world_size
from .nn._terms import Combination

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup


def global_normalizer(
    loss: nn.Module,
    targets: Tensor | Iterable[Tensor],
    weights: Tensor | Iterable[Tensor] | None = None,
    *,
    averaged: bool = True,
    group: "ProcessGroup | None" = None,
) -> Tensor:
    """The ``normalizer`` that turns micro-batches on many ranks into one large batch.

    The mean of means is not the mean where micro-batches hold different numbers of elements that
    count: some ignored, some weighed by class. With the denominators of all micro-batches on all
    ranks added up and given to each call, the gradients add up to those of the large batch::

        normalizer = sum over ranks and micro-batches of the denominator / (ranks, if averaged)

    Every rank has to call this, before the first micro-batch of a step. Nothing waits for the
    device, unless the collective of the group does.

    Args:
        loss: The loss, with reduction ``"mean"`` or ``"sum"``: a module of ``lossops.nn``, or any
            with a method ``denominator(target, weight)``.
        targets: The targets of this rank's micro-batches, shaped as the loss is; integer labels
            or, for losses that take them, probabilities. A tensor stands for one micro-batch.
        weights: The ``weight`` that forward will be given with each, if any.
        averaged: Whether gradients are averaged over the ranks, as DistributedDataParallel and FSDP
            do by default; False where they are added up.
        group: The process group, None for the default one.

    Returns:
        A 0-d tensor of dtype float64 (float32 on MPS) on the device of the targets, or on the GPU
        where the group is NCCL's. It is 0 where nothing counts on any rank: the loss is then NaN,
        as the mean is, and gradients of ignored elements stay 0.

    Raises:
        TypeError: ``loss`` has no denominator, or one per term, as a ``CombinedLoss`` has; or
            targets or weights are no tensors.
        ValueError: ``loss`` has another reduction, there are no targets, or weights and targets
            differ in number.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.CrossEntropyLoss(weight=torch.tensor([1.0, 4.0]))
        >>> scores, labels = torch.randn(6, 2), torch.tensor([0, 1, 1, -100, 0, 1])
        >>> normalizer = lossops.global_normalizer(loss, labels.split(2))
        >>> normalizer
        tensor(14., dtype=torch.float64)
        >>> parts = [loss(x, t, normalizer) for x, t in zip(scores.split(2), labels.split(2))]
        >>> torch.testing.assert_close(sum(parts), loss(scores, labels))
    """
    if isinstance(loss, Combination):
        raise TypeError(
            f"global_normalizer: a {loss.kind} has a normalizer per term: call this for the loss of"
            " each, loss.terms[name].loss, and give forward the results by name"
        )
    count = getattr(loss, "denominator", None)
    if count is None:
        raise TypeError(
            "global_normalizer: loss must have a method denominator(target, weight), as the modules"
            f" of lossops.nn do, got {type(loss).__name__}; see lossops.from_torch"
        )
    reduction = getattr(loss, "reduction", "mean")
    if reduction not in ("mean", "sum"):
        raise ValueError(
            f"global_normalizer: the reduction of loss must be 'mean' or 'sum', got '{reduction}'"
        )
    parts = tensors("global_normalizer", "targets", targets)
    if not parts:
        raise ValueError("global_normalizer: targets must hold a tensor per micro-batch, got none")
    factors: Sequence[Tensor | None] = [None] * len(parts)
    if weights is not None:
        factors = tensors("global_normalizer", "weights", weights)
    if len(factors) != len(parts):
        raise ValueError(
            "global_normalizer: weights must hold a tensor per micro-batch, got "
            f"{len(factors)} for {len(parts)} targets"
        )
    counts = [count(target, weight) for target, weight in zip(parts, factors, strict=True)]
    total = torch.stack(counts).sum()
    total = sum_over_ranks(total.to(device_for(total.device, group)), group)
    return total / world_size(group) if averaged else total
