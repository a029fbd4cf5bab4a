"""Losses of one class out of K that have an order, such as grades, stages and ages."""

# Generated from ../functional/ordinal.py by `python -m tools.generate --write`.
from torch import Tensor

from .. import functional as F
from ..functional._common import TensorOrNumber
from ._base import ConditionalLoss, OrdinalLoss


class CORALLoss(OrdinalLoss):
    """CORAL: whether the label lies above each threshold, a cross-entropy of yes and no for each.

    See :func:`lossops.functional.coral_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / rows.
        ignore_index: Rows with this label are left out, and get gradient 0.

    Shape:
        * input: Logits of K - 1 thresholds, shape (K - 1), (N, K - 1) or (N, K - 1, d1, ..., dM); a
          floating dtype.
        * target: Labels in [0, K), an integer dtype, shaped like ``input`` without the class axis;
          or levels y in [0, 1], a floating dtype, shaped like ``input``.
        * output: A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the
          dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.CORALLoss()
        >>> loss(torch.tensor([[2.0, 1.0, -1.0]]), torch.tensor([2]))
        tensor(0.7535)
    """

    __constants__ = ["reduction", "ignore_index"]

    def __init__(self, reduction: str = "mean", ignore_index: int = -100) -> None:
        super().__init__(reduction)
        self.ignore_index = ignore_index

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.coral_loss(input, target, self.reduction, weight, self.ignore_index, normalizer)


class CORNLoss(ConditionalLoss):
    """CORN: whether a label lies above a threshold, asked where it lies above all lower ones.

    See :func:`lossops.functional.corn_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(min(t + 1, K - 1)),
            by the thresholds that are asked.
        ignore_index: Rows with this label are left out, and get gradient 0.

    Shape:
        * input: Logits of K - 1 thresholds, shape (K - 1), (N, K - 1) or (N, K - 1, d1, ..., dM); a
          floating dtype.
        * target: Labels in [0, K), an integer dtype, shaped like ``input`` without the class axis.
        * output: A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the
          dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> x = torch.tensor([[2.0, 1.0, -1.0], [0.0, 0.0, 0.0]])
        >>> loss = lossops.nn.CORNLoss()
        >>> loss(x, torch.tensor([2, 0]))
        tensor(0.3616)
    """

    __constants__ = ["reduction", "ignore_index"]

    def __init__(self, reduction: str = "mean", ignore_index: int = -100) -> None:
        super().__init__(reduction)
        self.ignore_index = ignore_index

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.corn_loss(input, target, self.reduction, weight, self.ignore_index, normalizer)
