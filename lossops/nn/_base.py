"""What every module shares."""

import math

import torch
from torch import Tensor, nn

from .. import functional as F
from .._dtypes import equals, widest_float
from .._op import in_name_of, number, without_numpy
from ..functional._common import Levels


class Loss(nn.Module):
    """A loss with a reduction; ``__constants__`` names the settings, for TorchScript and repr."""

    __constants__ = ["reduction"]
    reduction: str

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def extra_repr(self) -> str:
        """The settings, as the constructor names them."""
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__constants__)

    def denominator(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """What the mean over these targets divides by: the ``normalizer`` that gives the mean.

        Sums over parts of a batch, divided by the denominators of all parts added up, are the mean
        over the whole batch; see :func:`lossops.global_normalizer`.

        Args:
            target: The targets, in the full shape of the loss: nothing here broadcasts.
            weight: The ``weight`` that forward will be given, if any.

        Returns:
            A 0-d tensor of dtype float64 (float32 on MPS), on the device of ``target``.
        """
        ignore_index: int | None = getattr(self, "ignore_index", None)
        if ignore_index is None:
            return _number(target.numel(), target.device)
        return equals(target, ignore_index).logical_not().sum(dtype=widest_float(target.device))


class WeightedMeanLoss(Loss):
    """A loss of elements whose mean divides by the sum of their weights."""

    def denominator(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """What the mean divides by; see :meth:`Loss.denominator`."""
        if weight is None:
            return super().denominator(target)
        return weight.detach().expand_as(target).sum(dtype=widest_float(weight.device))


class LabelLoss(Loss):
    """A loss of labels or probabilities, with a weight per class by which its mean divides."""

    weight: Tensor | None
    ignore_index: int

    def denominator(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """What the mean divides by; see :meth:`Loss.denominator`."""
        if target.is_floating_point():
            return _rows(self, target)
        if self.weight is None:
            return super().denominator(target)
        weights = self.weight.detach()
        shape = (*target.shape[:1], weights.numel(), *target.shape[1:])
        logs, labels = _number(-1, weights.device).expand(shape), target.to(weights.device)
        try:  # the sum of their weights, the labels checked as by every loss
            return F.nll_loss(logs, labels, weights, self.ignore_index, "sum")
        except (IndexError, RuntimeError) as error:
            raise in_name_of(f"{type(self).__name__}.denominator", "nll", error) from None


class OrdinalLoss(Loss):
    """A loss of labels in an order, or of levels."""

    ignore_index: int

    def denominator(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """What the mean divides by: the rows that count; see :meth:`Loss.denominator`."""
        return _rows(self, target) if target.is_floating_point() else super().denominator(target)


class ConditionalLoss(Loss):
    """A loss of labels in an order, whose mean divides by the thresholds that they ask."""

    ignore_index: int

    def denominator(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """There is none: labels do not tell how many classes there are.

        Raises:
            TypeError: In any case; the message says what to do instead.
        """
        raise TypeError(
            f"{type(self).__name__}.denominator: the mean divides by the thresholds asked, "
            "and labels do not tell how many there are; give normalizer="
            "(target + 1).clamp(max=K - 1).sum() over all labels that count, or, for a mean over "
            "rows, their number"
        )


class LayerLoss(LabelLoss):
    """A loss of the logits of a linear layer, whose classes are the last dimension."""

    def denominator(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """What the mean divides by; see :meth:`Loss.denominator`."""
        if target.is_floating_point() and target.dim() > 0:
            return _number(math.prod(target.shape[:-1]), target.device)
        return super().denominator(target)


class DivergenceLoss(Loss):
    """A divergence between rows along ``dim``, some of which labels may leave out."""

    ignore_index: int
    dim: int = -1

    def denominator(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """What the mean divides by, from the teacher's logits or, where they count, the labels.

        See :meth:`Loss.denominator`.
        """
        if target.is_floating_point():
            return _number(target.numel() // target.size(self.dim), target.device)
        return super().denominator(target)


class LevelsLoss(Loss):
    """A loss of one level ``q`` or several, which then have a dimension of the input."""

    q: Tensor

    def denominator(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """What the mean divides by; of several levels the target has to have their dimension.

        See :meth:`Loss.denominator`.

        Raises:
            ValueError: There are Q levels, and the last dimension of ``target`` is not Q.
        """
        levels = self.q.numel()
        if self.q.dim() > 0 and target.shape[-1:] != (levels,):
            raise ValueError(
                f"{type(self).__name__}.denominator: target must have the shape of the input, "
                f"(*, {levels}), got {tuple(target.shape)}"
            )
        return super().denominator(target)


class SampleLoss(Loss):
    """A loss per sample, which averages over the last dimension."""

    def denominator(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """What the mean divides by: the elements over C; see :meth:`Loss.denominator`."""
        return super().denominator(target) / target.size(-1)


class SequenceLoss(Loss):
    """A loss per sequence."""

    def denominator(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """What the mean divides by: the sequences of ``target``; see :meth:`Loss.denominator`."""
        return _number(len(target), target.device)


class VectorLoss(Loss):
    """A loss per vector along the last dimension."""

    def denominator(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """What the mean divides by: the vectors of ``target``, or of any other operand.

        See :meth:`Loss.denominator`.
        """
        return _number(math.prod(target.shape[:-1]), target.device)


class RegionLoss(Loss):
    """A loss per region, which is a ratio of sums over its pixels."""

    def denominator(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """There is none.

        Raises:
            TypeError: In any case; the message says what to do instead.
        """
        raise TypeError(
            f"{type(self).__name__}.denominator: a region is a ratio of sums, of which parts of a "
            "batch do not add up; where each sample has regions of its own, give normalizer=the "
            "number of all samples times that of classes"
        )


class BatchLoss(Loss):
    """A loss of samples each of which is compared with all others."""

    def denominator(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """There is none.

        Raises:
            TypeError: In any case; the message says why.
        """
        raise TypeError(
            f"{type(self).__name__}.denominator: each sample is compared with the whole batch, so "
            "losses of parts do not add up; give the vectors of all parts at once"
        )


class LengthLoss(Loss):
    """A loss per sequence, whose mean is over losses that are divided by the number of labels."""

    def denominator(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """There is none.

        Raises:
            TypeError: In any case; the message says what to do instead.
        """
        raise TypeError(
            f"{type(self).__name__}.denominator: the mean is one of l / max(U, 1), which no number "
            "makes of a sum; give normalizer=the number of all labels, or, for the mean itself, "
            "weight=1 / target_lengths.clamp(min=1) and normalizer=the number of all sequences"
        )


def levels(owner: str, q: Levels) -> Tensor:
    """One level or several as a tensor."""
    q = without_numpy(q)
    if isinstance(q, Tensor):
        return q
    if isinstance(q, (list, tuple)):
        return torch.tensor([number(owner, "q", level) for level in q])
    return torch.tensor(number(owner, "q", q))


def _rows(loss: Loss, target: Tensor) -> Tensor:
    """How many rows a target has that is as large as the logits."""
    if target.dim() == 0:
        raise ValueError(
            f"{type(loss).__name__}.denominator: target must be integer labels, or probabilities "
            "with a class axis, got a floating tensor of shape ()"
        )
    rows = math.prod(target.shape[:1] + target.shape[2:]) if target.dim() > 1 else 1
    return _number(rows, target.device)


def _number(value: int, device: torch.device) -> Tensor:
    return torch.full((), value, dtype=widest_float(device), device=device)
