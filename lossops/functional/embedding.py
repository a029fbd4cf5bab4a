"""Losses of embeddings: pairs and triplets of vectors that belong near each other or apart."""

import torch
from torch import Tensor

from ._common import Op, TensorOrNumber, reduction_code, scalar_tensor

_cosine_embedding = Op(torch.ops.lossops.cosine_embedding)
_triplet_margin = Op(torch.ops.lossops.triplet_margin)
_contrastive = Op(torch.ops.lossops.contrastive)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Cosine embedding loss: turns vectors of a pair towards each other, or away.

    Formula of a pair, with x = input1 and y = input2::

        cos = x y / (|x| |y|)
        l = 1 - cos                where target = 1
        l = max(0, cos - margin)   where target = -1

    Any other target costs 0, as in torch.

    Args:
        input1: Vectors along the last dimension, shape (N, D) or (D), or with more dimensions
            before; a floating dtype.
        input2: Likewise; sizes are equal or 1.
        target: -1 or 1 per pair, shape (N) or (); a floating or integer dtype.
        margin: The cosine below which dissimilar pairs cost nothing.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per pair; broadcasts to the shape of the loss for ``"none"``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or one loss per pair for ``"none"``, the shape of ``input1`` without its last
        dimension; the promoted dtype of the vectors.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * Right at any scale: vectors of 1e-20 or 1e20, and float16 ones with a norm of 1000 (torch:
          NaN). The cosine of a vector with itself is 1, and l exactly 0.
        * A vector of zeros has cosine 0 and gradient 0; torch adds 1e-12 to squared norms, which
          gives it a gradient of 1e6.

    Reference:
        J. Bromley, I. Guyon, Y. LeCun, E. Sackinger, R. Shah, "Signature verification using a
        "Siamese" time delay neural network", NeurIPS 1993.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, y = torch.tensor([[3.0, 4.0], [1.0, 0.0]]), torch.tensor([[4.0, 3.0], [1.0, 1.0]])
        >>> F.cosine_embedding_loss(x, y, torch.tensor([1, -1]), reduction="none")
        tensor([0.0400, 0.7071])
    """
    code, n = reduction_code("cosine_embedding", reduction), scalar_tensor(normalizer, input1)
    return _cosine_embedding(input1, input2, target, margin, weight, None, n, code)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Triplet loss: an anchor lies nearer to a positive than to a negative, by a margin.

    Formula of a triplet, with the p-norm::

        d(x, y) = |x - y + eps|
        l = max(0, d(anchor, positive) - d(anchor, negative) + margin)

    With ``swap`` the negative's distance is the smaller one of those to the anchor and from the
    positive.

    Args:
        anchor: Vectors along the last dimension, shape (N, D) or (D), or with more dimensions
            before; a floating dtype.
        positive: Likewise; sizes are equal or 1.
        negative: Likewise.
        margin: How much farther the negative has to be, > 0.
        p: The norm, >= 0; inf is the largest difference.
        eps: What is added to each difference.
        swap: Whether the negative may be compared with the positive instead.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per triplet; broadcasts to the shape of the loss for ``"none"``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or one loss per triplet for ``"none"``, the shape of ``anchor`` without its
        last dimension; the promoted dtype of the vectors.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * At the kink the gradient is that of the sloping side, as in torch; of two negatives'
          distances that are equal each gets half. A distance of 0 has gradient 0.
        * Differences of 1e20 or 1e-30 in float32 have right distances: sums are float64, or scaled
          where those overflow.

    Reference:
        V. Balntas, E. Riba, D. Ponsa, K. Mikolajczyk, "Learning local feature descriptors with
        triplets and shallow convolutional neural networks", BMVC 2016.

    Example:
        >>> import torch, lossops.functional as F
        >>> a, p = torch.tensor([[0.0, 0.0], [1.0, 1.0]]), torch.tensor([[3.0, 4.0], [1.0, 2.0]])
        >>> F.triplet_margin_loss(a, p, torch.tensor([[0.0, 4.0]]), reduction="none")
        tensor([2.0000, 0.0000])
    """
    code, n = reduction_code("triplet_margin", reduction), scalar_tensor(normalizer, anchor)
    return _triplet_margin(anchor, positive, negative, margin, p, eps, swap, weight, None, n, code)


def contrastive_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    pos_margin: float = 0.0,
    neg_margin: float = 1.0,
    p: float = 2.0,
    power: int = 1,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Contrastive loss: similar vectors within one distance, dissimilar ones beyond another.

    Formula of a pair, with the p-norm::

        d = |input1 - input2|
        l = max(0, d - pos_margin)^power   where target > 0
        l = max(0, neg_margin - d)^power   elsewhere

    Args:
        input1: Vectors along the last dimension, shape (N, D) or (D), or with more dimensions
            before; a floating dtype.
        input2: Likewise; sizes are equal or 1.
        target: Whether a pair is similar, shape (N) or (): 1, or else 0 or -1; a floating, integer
            or bool dtype.
        pos_margin: The distance within which similar pairs cost nothing.
        neg_margin: The distance beyond which dissimilar pairs cost nothing.
        p: The norm, >= 0; inf is the largest difference.
        power: 1, or 2 as in the paper.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per pair; broadcasts to the shape of the loss for ``"none"``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or one loss per pair for ``"none"``, the shape of ``input1`` without its last
        dimension; the promoted dtype of the vectors.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * At a kink the gradient is that of the sloping side. A distance of 0 has gradient 0.

    Reference:
        R. Hadsell, S. Chopra, Y. LeCun, "Dimensionality reduction by learning an invariant
        mapping", CVPR 2006.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, y = torch.tensor([[3.0, 4.0], [0.0, 0.3]]), torch.tensor([[0.0, 0.0]])
        >>> F.contrastive_loss(x, y, torch.tensor([1, 0]), reduction="none")
        tensor([5.0000, 0.7000])
    """
    code, n = reduction_code("contrastive", reduction), scalar_tensor(normalizer, input1)
    return _contrastive(
        input1, input2, target, pos_margin, neg_margin, p, power, weight, None, n, code
    )
