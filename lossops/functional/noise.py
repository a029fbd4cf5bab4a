"""Losses of one class out of C where some labels are wrong, or none is quite certain."""

import torch
from torch import Tensor

from ._common import Op, TensorOrNumber, reduction_code, scalar_tensor

_symmetric_cross_entropy = Op(torch.ops.lossops.symmetric_cross_entropy)
_taylor_cross_entropy = Op(torch.ops.lossops.taylor_cross_entropy)
_label_relaxation = Op(torch.ops.lossops.label_relaxation)
_normalized_cross_entropy = Op(torch.ops.lossops.normalized_cross_entropy)
_elr = Op(torch.ops.lossops.elr)
_confidence_penalty = Op(torch.ops.lossops.confidence_penalty)


def symmetric_cross_entropy_loss(
    input: Tensor,
    target: Tensor,
    alpha: float = 0.1,
    beta: float = 1.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int = -100,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Symmetric cross-entropy: that of the prediction, and that of the label given the prediction.

    Formula of a row, with p = softmax(input), w = weight and t = target::

        l = w_t (-alpha ln p_t + 4 beta (1 - p_t))

    Args:
        input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis.
        alpha: The factor of cross-entropy, which learns fast, > 0.
        beta: That of the reverse, which a wrong label can raise no further than to 4, >= 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t).
        weight: A factor per class, shape (C); 1 where left out.
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
        * The 4 stands for -ln 0 in the label's distribution, as in the paper.
        * It is alpha times :func:`poly1_loss` with epsilon = 4 beta / alpha.

    Reference:
        Y. Wang, X. Ma, Z. Chen, Y. Luo, J. Yi, J. Bailey, "Symmetric cross entropy for robust
        learning with noisy labels", ICCV 2019, arXiv:1908.06112.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.symmetric_cross_entropy_loss(torch.zeros(1, 2), torch.tensor([0]))
        tensor(2.0693)
    """
    code, n = reduction_code("symmetric_cross_entropy", reduction), scalar_tensor(normalizer, input)
    return _symmetric_cross_entropy(input, target, alpha, beta, weight, ignore_index, n, code)


def taylor_cross_entropy_loss(
    input: Tensor,
    target: Tensor,
    terms: int = 2,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Taylor cross-entropy: the first terms of the series of -ln p, a bounded loss.

    Formula of a row, with p = softmax(input), w = weight and y = target, where a label t is
    one-hot::

        l = sum_c w_c y_c sum_(k=1)^terms (1 - p_c)^k / k

    Args:
        input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis; or
            probabilities, a floating dtype, shaped like ``input``.
        terms: How many, from 1 to 64: 1 is the absolute error, many are cross-entropy.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t) for labels,
            sum(l) / rows for probabilities.
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; y becomes y (1 - s) + s / C.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the dtype of
        ``input``.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, or the batch sizes differ.
        IndexError: A label is out of range.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * 1 - p is formed without cancellation.

    Reference:
        L. Feng, S. Shu, Z. Lin, F. Lv, L. Li, B. An, "Can cross entropy loss be robust to label
        noise?", IJCAI 2020.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.taylor_cross_entropy_loss(torch.zeros(1, 2), torch.tensor([0]))
        tensor(0.6250)
    """
    code, n = reduction_code("taylor_cross_entropy", reduction), scalar_tensor(normalizer, input)
    return _taylor_cross_entropy(
        input, target, terms, label_smoothing, weight, ignore_index, n, code
    )


def label_relaxation_loss(
    input: Tensor,
    target: Tensor,
    alpha: float = 0.1,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int = -100,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Label relaxation: a label may be any distribution that gives it at least 1 - alpha.

    Formula of a row, with p = softmax(input), w = weight, t = target and a = alpha::

        l = 0                                                                 where p_t >= 1 - a
        l = w_t ((1 - a) ln((1 - a) / p_t) + a ln(a / (1 - p_t)))             elsewhere

    Args:
        input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis.
        alpha: What the other classes may have together, between 0 and 1.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t).
        weight: A factor per class, shape (C); 1 where left out.
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
        * The formula is the divergence from the nearest such distribution, which spreads ``alpha``
          over the other classes as the prediction does: no row is pushed beyond 1 - alpha.

    Reference:
        J. Lienen, E. Huellermeier, "From label smoothing to label relaxation", AAAI 2021.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.label_relaxation_loss(torch.tensor([[0.0, 0.0], [5.0, 0.0]]), torch.tensor([0, 0]))
        tensor(0.1840)
    """
    code, n = reduction_code("label_relaxation", reduction), scalar_tensor(normalizer, input)
    return _label_relaxation(input, target, alpha, weight, ignore_index, n, code)


def normalized_cross_entropy_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int = -100,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Normalized cross-entropy: what the label costs over the sum of what all labels would cost.

    Formula of a row, with p = softmax(input), w = weight and t = target::

        l = w_t ln p_t / sum_c ln p_c

    Args:
        input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t).
        weight: A factor per class, shape (C); 1 where left out.
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
        * All labels together cost 1, whatever the prediction is, so that the same share of wrong
          labels in every class does not move the minimum. It learns slowly by itself: the paper
          adds a bounded loss, such as ``generalized_cross_entropy_loss`` with q = 1.
        * A class with logit -inf makes the sum infinite: the rows of other labels cost 0, with
          gradient 0. A row costs 1 where the label alone has that logit.
        * p = 1 is approached with all digits: logits (30, 0) with t = 0 give 3.1e-15.

    Reference:
        X. Ma, H. Huang, Y. Wang, S. Romano, S. Erfani, J. Bailey, "Normalized loss functions for
        deep learning with noisy labels", ICML 2020, arXiv:2006.13554.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.normalized_cross_entropy_loss(torch.tensor([[2.0, 0.0, 0.0]]), torch.tensor([0]))
        tensor(0.0508)
    """
    code, n = (
        reduction_code("normalized_cross_entropy", reduction),
        scalar_tensor(normalizer, input),
    )
    return _normalized_cross_entropy(input, target, weight, ignore_index, n, code)


def elr_loss(
    input: Tensor,
    target: Tensor,
    average: Tensor,
    strength: float = 3.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int = -100,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Early-learning regularization: holds predictions to what they were before labels misled them.

    Formula of a row, with p = softmax(input), w = weight, t = target and q = average::

        l = w_t (-ln p_t + strength ln(1 - sum_c p_c q_c))

    Args:
        input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis.
        average: Running averages of the predicted probabilities of the same samples, shaped like
            ``input``; a floating dtype.
        strength: The factor of the regularization, >= 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t).
        weight: A factor per class, shape (C); 1 where left out.
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
        * Keep the averages by sample: ``q[index] = 0.7 q[index] + 0.3 p``, with p detached. They
          may be 0 at first, which costs nothing.
        * 1 - sum p q is formed as sum p (1 - q), without cancellation, so that no clamp is needed:
          the nearer a prediction is to its average, the lower the loss, without bound.

    Reference:
        S. Liu, J. Niles-Weed, N. Razavian, C. Fernandez-Granda, "Early-learning regularization
        prevents memorization of noisy labels", NeurIPS 2020, arXiv:2007.00151.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, q = torch.zeros(1, 2), torch.tensor([[0.9, 0.1]])
        >>> F.elr_loss(x, torch.tensor([0]), q)
        tensor(-1.3863)
    """
    code, n = reduction_code("elr", reduction), scalar_tensor(normalizer, input)
    return _elr(input, target, average, strength, weight, ignore_index, n, code)


def confidence_penalty_loss(
    input: Tensor,
    target: Tensor,
    beta: float = 0.1,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int = -100,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Cross-entropy with a confidence penalty: certain predictions cost more.

    Formula of a row, with p = softmax(input), w = weight and t = target::

        l = w_t (-ln p_t + beta sum_c p_c ln p_c)

    Args:
        input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis.
        beta: What the entropy counts, >= 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t).
        weight: A factor per class, shape (C); 1 where left out.
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
        * A class with probability 0 adds nothing.
        * With ``beta`` > 0 the loss may be negative.

    Reference:
        G. Pereyra, G. Tucker, J. Chorowski, L. Kaiser, G. Hinton, "Regularizing neural networks by
        penalizing confident output distributions", 2017, arXiv:1701.06548.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.confidence_penalty_loss(torch.zeros(1, 2), torch.tensor([0]))
        tensor(0.6238)
    """
    code, n = reduction_code("confidence_penalty", reduction), scalar_tensor(normalizer, input)
    return _confidence_penalty(input, target, beta, weight, ignore_index, n, code)
