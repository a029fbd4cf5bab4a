"""The triplet loss of a distance that a user gives."""

import torch
from torch import Tensor

from .. import functional as F
from .._op import number
from ..functional._common import TensorOrNumber
from ..functional._distance import Distance
from ._base import VectorLoss

__all__ = ["TripletMarginWithDistanceLoss"]


class TripletMarginWithDistanceLoss(VectorLoss):
    """Triplet loss of any distance: an anchor lies nearer to a positive than to a negative.

    See :func:`lossops.functional.triplet_margin_with_distance_loss`.

    Args:
        distance_function: The distance of two tensors, one number for each pair; a module is one of
            this module. None is nn.PairwiseDistance().
        margin: How much farther the negative has to be, > 0.
        swap: Whether the negative may be compared with the positive instead.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * anchor: Whatever the distance takes.
        * positive: Likewise, with as many dimensions.
        * negative: Likewise.
        * output: A 0-d tensor, or one loss per triplet for ``"none"``, the shape of the distances.

    Example:
        >>> import torch, lossops
        >>> a, p, n = torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2)
        >>> largest = lambda x, y: (x - y).abs().amax(-1)
        >>> loss = lossops.nn.TripletMarginWithDistanceLoss(distance_function=largest)
        >>> loss(a, p, n)
        tensor(5.)
    """

    __constants__ = ["margin", "swap", "reduction"]

    def __init__(
        self,
        *,
        distance_function: Distance | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction)
        self.distance_function: Distance = distance_function or torch.nn.PairwiseDistance()
        self.margin = number("TripletMarginWithDistanceLoss", "margin", margin)
        self.swap = swap

    def forward(
        self,
        anchor: Tensor,
        positive: Tensor,
        negative: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
            weight=weight,
            normalizer=normalizer,
        )
