"""Losses that ask for a margin: of targets -1 and 1, or of classes."""

import torch
from torch import Tensor

from ._common import Op, TensorOrNumber, reduction_code, scalar_tensor

_hinge = Op(torch.ops.lossops.hinge)
_hinge_embedding = Op(torch.ops.lossops.hinge_embedding)
_soft_margin = Op(torch.ops.lossops.soft_margin)
_margin_ranking = Op(torch.ops.lossops.margin_ranking)
_multi_margin = Op(torch.ops.lossops.multi_margin)
_multilabel_margin = Op(torch.ops.lossops.multilabel_margin)


def hinge_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    power: int = 1,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Hinge loss of a support-vector machine: 0 once the score is right by ``margin``.

    Formula::

        l = max(0, margin - target input)^power

    Args:
        input: Scores of any shape; a floating dtype.
        target: -1 or 1, of the same shape; a floating or integer dtype.
        margin: The margin that costs nothing.
        power: 1, or 2 for the squared hinge.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        ignore_index: Elements with this target are left out, and get gradient 0.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: ``power`` is neither 1 nor 2, or shapes, dtypes or devices do not fit.

    Notes:
        * With x = input and t = target: at the kink, t x = margin, the gradient for power 1 is -t,
          that of the sloping side, as torch.clamp has it.

    Reference:
        C. Cortes, V. Vapnik, "Support-vector networks", Machine Learning 20, 1995; squared: Y.
        Tang, "Deep learning using linear support vector machines", arXiv:1306.0239.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t = torch.tensor([0.5, 2.0, 1.0]), torch.tensor([1, 1, -1])
        >>> F.hinge_loss(x, t, power=2, reduction="none")
        tensor([0.2500, 0.0000, 4.0000])
    """
    code, n = reduction_code("hinge", reduction), scalar_tensor(normalizer, input)
    return _hinge(input, target, margin, power, weight, ignore_index, n, code)


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Hinge loss of distances: pulls similar pairs together and pushes the others ``margin`` apart.

    Formula, with x = input, a distance::

        l = x                    where target = 1
        l = max(0, margin - x)   where target = -1

    Any other target adds both parts, as in torch.

    Args:
        input: Distances of any shape; a floating dtype.
        target: -1 or 1, a floating or integer dtype; broadcasts with ``input``.
        margin: The distance beyond which dissimilar pairs cost nothing.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        ignore_index: Elements with this target are left out, and get gradient 0.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of the operands for ``"none"``; their promoted dtype.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: Shapes, dtypes or devices do not fit.

    Notes:
        * No squares and no products with the target: an infinite distance of a dissimilar pair
          costs 0 and has gradient 0.

    Reference:
        R. Hadsell, S. Chopra, Y. LeCun, "Dimensionality reduction by learning an invariant
        mapping", CVPR 2006.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t = torch.tensor([0.25, 0.25]), torch.tensor([1, -1])
        >>> F.hinge_embedding_loss(x, t, reduction="none")
        tensor([0.2500, 0.7500])
    """
    code, n = reduction_code("hinge_embedding", reduction), scalar_tensor(normalizer, input)
    return _hinge_embedding(input, target, margin, weight, ignore_index, n, code)


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Logistic loss of targets -1 and 1: the smooth hinge.

    Formula::

        l = ln(1 + exp(-target input)) = softplus(-target input)

    Args:
        input: Scores of any shape; a floating dtype.
        target: -1 or 1, a floating or integer dtype; broadcasts with ``input``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        ignore_index: Elements with this target are left out, and get gradient 0.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of the operands for ``"none"``; their promoted dtype.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: Shapes, dtypes or devices do not fit.

    Notes:
        * With x = input and t = target: t x = -100 gives 100 with gradient -t. torch forms exp(-t
          x) and gives inf; beyond that point the two differ.
        * It is bce_with_logits with targets -1 and 1 in place of 0 and 1.

    Reference:
        J. Friedman, T. Hastie, R. Tibshirani, "Additive logistic regression: a statistical view of
        boosting", Annals of Statistics 28 (2), 2000.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.soft_margin_loss(torch.tensor([0.0, -100.0]), torch.tensor([1, 1]), reduction="none")
        tensor([  0.6931, 100.0000])
    """
    code, n = reduction_code("soft_margin", reduction), scalar_tensor(normalizer, input)
    return _soft_margin(input, target, weight, ignore_index, n, code)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Ranking loss of pairs: asks that one score exceed the other by ``margin``.

    Formula::

        l = max(0, margin - target (input1 - input2))

    Args:
        input1: Scores of any shape; a floating dtype.
        input2: Scores to compare with; the number of dimensions of ``input1``, sizes equal or 1.
        target: 1 where ``input1`` should rank higher, -1 where ``input2`` should; shaped like
            ``input2``.
        margin: By how much.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input1``.
        ignore_index: Elements with this target are left out, and get gradient 0.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of the operands for ``"none"``; their promoted dtype.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: Shapes, dtypes or devices do not fit.

    Notes:
        * At the kink the gradient is that of the sloping side, as torch has it. Gradients flow to
          both scores.

    Reference:
        R. Herbrich, T. Graepel, K. Obermayer, "Large margin rank boundaries for ordinal
        regression", Advances in Large Margin Classifiers, 2000.

    Example:
        >>> import torch, lossops.functional as F
        >>> a, b = torch.tensor([1.0, 1.0]), torch.tensor([0.5, 3.0])
        >>> F.margin_ranking_loss(a, b, torch.tensor([1, 1]), margin=1.0, reduction="none")
        tensor([0.5000, 3.0000])
    """
    code, n = reduction_code("margin_ranking", reduction), scalar_tensor(normalizer, input1)
    return _margin_ranking(input1, input2, target, margin, weight, ignore_index, n, code)


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Hinge loss over classes: the right score should exceed every other by ``margin``.

    Formula of a row, with x = input, w = weight and t = target, summed over the classes but t::

        l = sum_j w_t max(0, margin - x_t + x_j)^p / C

    Args:
        input: Scores, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis.
        p: 1, or 2 for the squared hinge.
        margin: The margin that costs nothing.
        weight: A factor per class, shape (C); 1 where left out. Not part of the mean.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / rows.
        ignore_index: Rows with this label are left out, and get gradient 0.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the dtype of
        ``input``.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, ``p`` is neither 1 nor 2,
            or ``weight`` is not one-dimensional.
        RuntimeError: A label is out of range, ``margin`` is -inf or NaN, or other shapes,
            dtypes or devices do not fit.

    Notes:
        * Unlike torch's it can be differentiated twice.

    Reference:
        K. Crammer, Y. Singer, "On the algorithmic implementation of multiclass kernel-based vector
        machines", J. Machine Learning Research 2, 2001.

    Example:
        >>> import torch, lossops.functional as F
        >>> x = torch.tensor([[0.5, 0.25, 0.0], [3.0, 0.0, 0.0]])
        >>> F.multi_margin_loss(x, torch.tensor([0, 0]), reduction="none")
        tensor([0.4167, 0.0000])
    """
    code, n = reduction_code("multi_margin", reduction), scalar_tensor(normalizer, input)
    return _multi_margin(input, target, p, margin, weight, ignore_index, n, code)


def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Hinge loss of many labels: each right score should exceed each wrong one by 1.

    Formula of a row, with x = input, summed over the labels t and the classes j that are none::

        l = sum_t sum_j max(0, 1 - x_t + x_j) / C

    Args:
        input: Scores, shape (C) or (N, C); a floating dtype.
        target: The labels of each row, in [0, C), then -1 where there are fewer than C; an integer
            dtype, shaped like ``input``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / rows.
        weight: A factor per row; broadcasts to the shape of the loss for ``"none"``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape ``input.shape[:-1]`` for ``"none"``; the dtype of ``input``.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A label is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * It needs no ``ignore_index``: a row that starts with -1 costs 0.
        * Unlike torch's it can be differentiated twice.

    Reference:
        A. Elisseeff, J. Weston, "A kernel method for multi-labelled classification", NIPS 2001.

    Example:
        >>> import torch, lossops.functional as F
        >>> x = torch.tensor([[0.5, 0.25, 0.0, 0.0]])
        >>> F.multilabel_margin_loss(x, torch.tensor([[1, 0, -1, 0]]))
        tensor(0.6250)
    """
    code, n = reduction_code("multilabel_margin", reduction), scalar_tensor(normalizer, input)
    return _multilabel_margin(input, target, weight, None, n, code)
