"""Losses of embeddings: pairs and triplets of vectors that belong near each other or apart."""

# Generated from ../functional/embedding.py by `python -m tools.generate --write`.
from torch import Tensor

from .. import functional as F
from .._op import number
from ..functional._common import TensorOrNumber
from ._base import Loss, VectorLoss


class CosineEmbeddingLoss(Loss):
    """Cosine embedding loss: turns vectors of a pair towards each other, or away.

    See :func:`lossops.functional.cosine_embedding_loss`.

    Args:
        margin: The cosine below which dissimilar pairs cost nothing.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input1: Vectors along the last dimension, shape (N, D) or (D), or with more dimensions
          before; a floating dtype.
        * input2: Likewise; sizes are equal or 1.
        * target: -1 or 1 per pair, shape (N) or (); a floating or integer dtype.
        * output: A 0-d tensor, or one loss per pair for ``"none"``, the shape of ``input1`` without
          its last dimension; the promoted dtype of the vectors.

    Example:
        >>> import torch, lossops
        >>> x, y = torch.tensor([[3.0, 4.0], [1.0, 0.0]]), torch.tensor([[4.0, 3.0], [1.0, 1.0]])
        >>> loss = lossops.nn.CosineEmbeddingLoss(reduction="none")
        >>> loss(x, y, torch.tensor([1, -1]))
        tensor([0.0400, 0.7071])
    """

    __constants__ = ["margin", "reduction"]

    def __init__(self, margin: float = 0.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.margin = number("CosineEmbeddingLoss", "margin", margin)

    def forward(
        self,
        input1: Tensor,
        input2: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.cosine_embedding_loss(
            input1, input2, target, self.margin, self.reduction, weight, normalizer
        )


class TripletMarginLoss(VectorLoss):
    """Triplet loss: an anchor lies nearer to a positive than to a negative, by a margin.

    See :func:`lossops.functional.triplet_margin_loss`.

    Args:
        margin: How much farther the negative has to be, > 0.
        p: The norm, >= 0; inf is the largest difference.
        eps: What is added to each difference.
        swap: Whether the negative may be compared with the positive instead.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * anchor: Vectors along the last dimension, shape (N, D) or (D), or with more dimensions
          before; a floating dtype.
        * positive: Likewise; sizes are equal or 1.
        * negative: Likewise.
        * output: A 0-d tensor, or one loss per triplet for ``"none"``, the shape of ``anchor``
          without its last dimension; the promoted dtype of the vectors.

    Example:
        >>> import torch, lossops
        >>> a, p = torch.tensor([[0.0, 0.0], [1.0, 1.0]]), torch.tensor([[3.0, 4.0], [1.0, 2.0]])
        >>> loss = lossops.nn.TripletMarginLoss(reduction="none")
        >>> loss(a, p, torch.tensor([[0.0, 4.0]]))
        tensor([2.0000, 0.0000])
    """

    __constants__ = ["margin", "p", "eps", "swap", "reduction"]

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction)
        self.margin = number("TripletMarginLoss", "margin", margin)
        self.p = number("TripletMarginLoss", "p", p)
        self.eps = number("TripletMarginLoss", "eps", eps)
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
        return F.triplet_margin_loss(
            anchor,
            positive,
            negative,
            self.margin,
            self.p,
            self.eps,
            self.swap,
            self.reduction,
            weight,
            normalizer,
        )


class ContrastiveLoss(Loss):
    """Contrastive loss: similar vectors within one distance, dissimilar ones beyond another.

    See :func:`lossops.functional.contrastive_loss`.

    Args:
        pos_margin: The distance within which similar pairs cost nothing.
        neg_margin: The distance beyond which dissimilar pairs cost nothing.
        p: The norm, >= 0; inf is the largest difference.
        power: 1, or 2 as in the paper.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input1: Vectors along the last dimension, shape (N, D) or (D), or with more dimensions
          before; a floating dtype.
        * input2: Likewise; sizes are equal or 1.
        * target: Whether a pair is similar, shape (N) or (): 1, or else 0 or -1; a floating,
          integer or bool dtype.
        * output: A 0-d tensor, or one loss per pair for ``"none"``, the shape of ``input1`` without
          its last dimension; the promoted dtype of the vectors.

    Example:
        >>> import torch, lossops
        >>> x, y = torch.tensor([[3.0, 4.0], [0.0, 0.3]]), torch.tensor([[0.0, 0.0]])
        >>> loss = lossops.nn.ContrastiveLoss(reduction="none")
        >>> loss(x, y, torch.tensor([1, 0]))
        tensor([5.0000, 0.7000])
    """

    __constants__ = ["pos_margin", "neg_margin", "p", "power", "reduction"]

    def __init__(
        self,
        pos_margin: float = 0.0,
        neg_margin: float = 1.0,
        p: float = 2.0,
        power: int = 1,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction)
        self.pos_margin = number("ContrastiveLoss", "pos_margin", pos_margin)
        self.neg_margin = number("ContrastiveLoss", "neg_margin", neg_margin)
        self.p = number("ContrastiveLoss", "p", p)
        self.power = power

    def forward(
        self,
        input1: Tensor,
        input2: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.contrastive_loss(
            input1,
            input2,
            target,
            self.pos_margin,
            self.neg_margin,
            self.p,
            self.power,
            self.reduction,
            weight,
            normalizer,
        )
