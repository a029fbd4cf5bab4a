"""Errors relative to the size of what is predicted."""

# Generated from ../functional/relative.py by `python -m tools.generate --write`.
from torch import Tensor

from .. import functional as F
from .._op import number
from ..functional._common import TensorOrNumber
from ._base import Loss


class MSLELoss(Loss):
    """Squared logarithmic error: of numbers from 0 on, by how many times they differ.

    See :func:`lossops.functional.msle_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Predictions > -1 of any shape; a floating dtype.
        * target: Targets > -1 of the same shape; a floating or integer dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.MSLELoss(reduction="none")
        >>> loss(torch.tensor([1.0, 9.0]), torch.tensor([0.0, 99.0]))
        tensor([0.4805, 5.3019])
    """

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.msle_loss(input, target, self.reduction, weight, normalizer)


class MAPELoss(Loss):
    """Absolute error as a share of the target.

    See :func:`lossops.functional.mape_loss`.

    Args:
        eps: The least size of a target, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Predictions of any shape; a floating dtype.
        * target: Targets of the same shape; a floating or integer dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.MAPELoss(reduction="none")
        >>> loss(torch.tensor([3.0, 90.0]), torch.tensor([2.0, 100.0]))
        tensor([0.5000, 0.1000])
    """

    __constants__ = ["eps", "reduction"]

    def __init__(self, eps: float = 1.17e-6, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.eps = number("MAPELoss", "eps", eps)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.mape_loss(input, target, self.eps, self.reduction, weight, normalizer)


class SMAPELoss(Loss):
    """Absolute error as a share of the mean size of both numbers, from 0 to 2.

    See :func:`lossops.functional.smape_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Predictions of any shape; a floating dtype.
        * target: Targets of the same shape; a floating or integer dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> x, t = torch.tensor([3.0, 0.0, -1.0]), torch.tensor([1.0, 0.0, 5.0])
        >>> loss = lossops.nn.SMAPELoss(reduction="none")
        >>> loss(x, t)
        tensor([1., 0., 2.])
    """

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.smape_loss(input, target, self.reduction, weight, normalizer)
