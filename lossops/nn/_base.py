"""What every module shares."""

import torch
from torch import Tensor, nn


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
            A 0-d tensor of dtype float64, on the device of ``target``.
        """
        ignore_index: int | None = getattr(self, "ignore_index", None)
        if ignore_index is None:
            return torch.full((), target.numel(), dtype=torch.float64, device=target.device)
        return target.ne(ignore_index).sum(dtype=torch.float64)


class WeightedMeanLoss(Loss):
    """A loss of elements whose mean divides by the sum of their weights."""

    def denominator(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """What the mean divides by; see :meth:`Loss.denominator`."""
        if weight is None:
            return super().denominator(target)
        return weight.detach().expand_as(target).sum(dtype=torch.float64)


class LabelLoss(Loss):
    """A loss of labels or probabilities, with a weight per class by which its mean divides."""

    weight: Tensor | None
    ignore_index: int

    def denominator(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """What the mean divides by; see :meth:`Loss.denominator`."""
        if target.is_floating_point():
            rows = target.numel() // target.size(min(1, target.dim() - 1))
            return torch.full((), rows, dtype=torch.float64, device=target.device)
        if self.weight is None:
            return super().denominator(target)
        valid = target != self.ignore_index
        labels = torch.where(valid, target, 0).long()
        return self.weight.detach()[labels].where(valid, 0).sum(dtype=torch.float64)
