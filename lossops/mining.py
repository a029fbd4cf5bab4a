"""The hardest of the losses: online hard example mining over any of them."""

import math

import torch
from torch import Tensor


def hard_mining(loss: Tensor, kept: float = 0.25, threshold: float | None = None) -> Tensor:
    """The mean over the hardest elements: those that cost most, or all that cost enough.

    Which they are is a constant in the gradient. Nothing waits for the device.

    Args:
        loss: The losses of ``reduction="none"``, of any shape; a floating dtype. What is ignored
            costs 0 there, and is among the last to be taken.
        kept: How many elements are taken: a share of all, a float in (0, 1], rounded up; or a
            number, an int >= 1, or all where there are fewer.
        threshold: What also counts is every element that costs so much; -ln 0.7 takes classes
            with a probability below 0.7. None leaves it at ``kept``.

    Returns:
        A 0-d tensor of the dtype of ``loss``; NaN where that is empty.

    Raises:
        TypeError: ``loss`` is no tensor of a floating dtype.
        ValueError: ``kept`` is out of range.

    Reference:
        A. Shrivastava, A. Gupta, R. Girshick, "Training region-based object detectors with online
        hard example mining", CVPR 2016, arXiv:1604.03540.

    Example:
        >>> import torch, lossops
        >>> x, t = torch.tensor([[4.0, 0.0], [0.0, 0.0], [0.0, 2.0]]), torch.tensor([0, 0, 0])
        >>> loss = lossops.functional.cross_entropy(x, t, reduction="none")
        >>> lossops.hard_mining(loss, kept=1)
        tensor(2.1269)
        >>> lossops.hard_mining(loss, kept=1, threshold=0.5)
        tensor(1.4100)
    """
    if not isinstance(loss, Tensor) or not loss.is_floating_point():
        given = loss.dtype if isinstance(loss, Tensor) else type(loss).__name__
        raise TypeError(f"hard_mining: loss must be a tensor of a floating dtype, got {given}")
    hardest = loss.flatten().topk(_count(kept, loss.numel())).values
    if threshold is None or hardest.numel() == 0:
        return hardest.mean()
    least = hardest.detach()[-1].clamp(max=threshold)
    taken = ~(loss.detach() < least)  # NaN is
    return torch.where(taken, loss, 0).sum() / taken.sum()


def _count(kept: float, size: int) -> int:
    whole = isinstance(kept, int) and not isinstance(kept, bool)
    if whole and kept >= 1:
        return min(int(kept), size)
    if not isinstance(kept, float) or not 0 < kept <= 1:
        raise ValueError(
            f"hard_mining: kept must be a float in (0, 1] or an int >= 1, got {kept!r}"
        )
    return math.ceil(kept * size)
