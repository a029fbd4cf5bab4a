"""Losses of one class out of K that have an order, such as grades, stages and ages."""

import torch
from torch import Tensor

from ._common import Op, TensorOrNumber, reduction_code, scalar_tensor

_coral = Op(torch.ops.lossops.coral)
_corn = Op(torch.ops.lossops.corn)


def coral_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int = -100,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """CORAL: whether the label lies above each threshold, a cross-entropy of yes and no for each.

    Formula of a row, with x = input, w = weight and y_k = 1 where the label lies above threshold k,
    t > k for t = target, and 0 elsewhere::

        l = w sum_k (y_k softplus(-x_k) + (1 - y_k) softplus(x_k))

    Args:
        input: Logits of K - 1 thresholds, shape (K - 1), (N, K - 1) or (N, K - 1, d1, ..., dM); a
            floating dtype.
        target: Labels in [0, K), an integer dtype, shaped like ``input`` without the class axis; or
            levels y in [0, 1], a floating dtype, shaped like ``input``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / rows.
        weight: A factor per row; broadcasts to the shape of the loss for ``"none"``.
        ignore_index: Rows with this label are left out, and get gradient 0.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the dtype of
        ``input``.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, or the batch sizes differ.
        IndexError: A label is out of range.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * The label that is predicted is the number of thresholds with a positive logit, ``(input >
          0).sum(1)``.
        * For CORAL the logits of a row are one score plus a bias for each threshold, so that the
          probabilities of higher thresholds are lower; this loss takes any logits.
        * A threshold that is passed, or not, beyond doubt costs exactly 0: x = -inf where y = 0.
          coral-pytorch gives NaN.
        * A factor per threshold, as coral-pytorch's ``importance_weights``, is what
          :func:`binary_cross_entropy_with_logits` of levels takes for ``weight``.

    Reference:
        W. Cao, V. Mirjalili, S. Raschka, "Rank consistent ordinal regression for neural networks
        with application to age estimation", Pattern Recognition Letters 140, 2020,
        arXiv:1901.07884.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.coral_loss(torch.tensor([[2.0, 1.0, -1.0]]), torch.tensor([2]))
        tensor(0.7535)
    """
    code, n = reduction_code("coral", reduction), scalar_tensor(normalizer, input)
    return _coral(input, target, weight, ignore_index, n, code)


def corn_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int = -100,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """CORN: whether a label lies above a threshold, asked where it lies above all lower ones.

    Formula of a row, with x = input, w = weight and t = target::

        l = w (sum_(k < t) softplus(-x_k) + softplus(x_t))

    without the last term for the last label, above which there is no threshold.

    Args:
        input: Logits of K - 1 thresholds, shape (K - 1), (N, K - 1) or (N, K - 1, d1, ..., dM); a
            floating dtype.
        target: Labels in [0, K), an integer dtype, shaped like ``input`` without the class axis.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(min(t + 1, K - 1)),
            by the thresholds that are asked.
        weight: A factor per row; broadcasts to the shape of the loss for ``"none"``.
        ignore_index: Rows with this label are left out, and get gradient 0.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the dtype of
        ``input``.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, or the batch sizes differ.
        IndexError: A label is out of range.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * The probability of a label above threshold k is the product of sigmoid(x) up to k, and the
          label that is predicted the number of those above 1/2, ``(input.sigmoid().cumprod(1) >
          0.5).sum(1)``. l is -ln of the label's probability.
        * The mean is that of coral-pytorch. A mean over rows is ``normalizer=len(target)``.
        * What lies beyond the first threshold that the label does not reach is not asked: it has
          gradient 0, and may hold anything.

    Reference:
        X. Shi, W. Cao, S. Raschka, "Deep neural networks for rank-consistent ordinal regression
        based on conditional probabilities", Pattern Analysis and Applications 26, 2023,
        arXiv:2111.08851.

    Example:
        >>> import torch, lossops.functional as F
        >>> x = torch.tensor([[2.0, 1.0, -1.0], [0.0, 0.0, 0.0]])
        >>> F.corn_loss(x, torch.tensor([2, 0]))
        tensor(0.3616)
    """
    code, n = reduction_code("corn", reduction), scalar_tensor(normalizer, input)
    return _corn(input, target, weight, ignore_index, n, code)
