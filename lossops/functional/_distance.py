"""The triplet loss of a distance that a user gives."""

from collections.abc import Callable

import torch
from torch import Tensor

from ._common import TensorOrNumber, reduction_code
from .embedding import triplet_margin_loss
from .margin import margin_ranking_loss

__all__ = ["triplet_margin_with_distance_loss"]

Distance = Callable[[Tensor, Tensor], Tensor]


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Distance | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Triplet loss of any distance: an anchor lies nearer to a positive than to a negative.

    Formula of a triplet, with the distance d::

        l = max(0, d(anchor, positive) - d(anchor, negative) + margin)

    With ``swap`` the negative's distance is the smaller one of those to the anchor and from the
    positive.

    Args:
        anchor: Whatever the distance takes; by default as for :func:`triplet_margin_loss`.
        positive: Likewise, with as many dimensions.
        negative: Likewise.
        distance_function: The distance of two tensors, one number for each pair. None or an
            nn.PairwiseDistance is computed as :func:`triplet_margin_loss` does.
        margin: How much farther the negative has to be, > 0.
        swap: Whether the negative may be compared with the positive instead.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per triplet; broadcasts to the shape of the loss for ``"none"``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or one loss per triplet for ``"none"``, the shape of the distances.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, or ``margin`` is not > 0.
        RuntimeError: The operands have different numbers of dimensions; or what the distance
            raises.

    Notes:
        * Not for TorchScript, as in torch: a script has no functions for arguments.

    Reference:
        V. Balntas, E. Riba, D. Ponsa, K. Mikolajczyk, "Learning local feature descriptors with
        triplets and shallow convolutional neural networks", BMVC 2016.

    Example:
        >>> import torch, lossops.functional as F
        >>> a, p, n = torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2)
        >>> largest = lambda x, y: (x - y).abs().amax(-1)
        >>> F.triplet_margin_with_distance_loss(a, p, n, distance_function=largest)
        tensor(5.)
    """
    op = "triplet_margin_with_distance"
    reduction_code(op, reduction)
    if not anchor.dim() == positive.dim() == negative.dim():
        raise RuntimeError(
            f"{op}: anchor, positive and negative must have as many dimensions, got "
            f"{anchor.dim()}, {positive.dim()} and {negative.dim()}"
        )
    distance = torch.nn.PairwiseDistance() if distance_function is None else distance_function
    if type(distance) is torch.nn.PairwiseDistance and not distance.keepdim:
        p, eps = distance.norm, distance.eps
        return triplet_margin_loss(
            anchor, positive, negative, margin, p, eps, swap, reduction, weight, normalizer
        )
    if margin <= 0:
        raise ValueError(f"{op}: margin must be > 0, got {margin}")
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = torch.minimum(far, distance(positive, negative))
    return margin_ranking_loss(
        far, near, torch.ones_like(near), margin, reduction, weight, normalizer=normalizer
    )
