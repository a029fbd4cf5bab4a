"""Losses of one class out of C: a label, or a probability per class."""

import torch
from torch import Tensor

from ._common import Op, TensorOrNumber, reduction_code, scalar_tensor

_cross_entropy = Op(torch.ops.lossops.cross_entropy)
_nll = Op(torch.ops.lossops.nll)
_softmax_focal = Op(torch.ops.lossops.softmax_focal)
_poly1 = Op(torch.ops.lossops.poly1)
_generalized_cross_entropy = Op(torch.ops.lossops.generalized_cross_entropy)
_distribution_focal = Op(torch.ops.lossops.distribution_focal)
_rww_cross_entropy = Op(torch.ops.lossops.rww_cross_entropy)
_balanced_softmax = Op(torch.ops.lossops.balanced_softmax)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    z_loss: float = 0.0,
    softcap: float | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Cross-entropy of logits against labels or probabilities.

    Formula of a row, with p = softmax(z), w = weight and y = target, where a label t is one-hot::

        z = input, or softcap tanh(input / softcap)
        l = -sum_c w_c y_c ln p_c + z_loss (ln sum_c exp(z_c))^2

    Args:
        input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis; or
            probabilities, a floating dtype, shaped like ``input``.
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t) for labels,
            sum(l) / rows for probabilities.
        label_smoothing: s in [0, 1]; y becomes y (1 - s) + s / C.
        z_loss: Factor of the squared log-sum-exp, >= 0; keeps the logits from drifting.
        softcap: Bound of the logits, > 0; None leaves them as they are.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the dtype of
        ``input``.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, or the batch sizes differ.
        IndexError: A label is out of range.
        RuntimeError: A parameter is out of range; shapes, dtypes or devices do not fit; or
            probabilities come with an ``ignore_index`` >= 0.

    Notes:
        * Small losses keep their digits: logits (30, 0) with t = 0 give 9.4e-14 in float32, where
          torch gives 0.
        * A logit of -inf is a class that cannot be: it costs nothing as long as its y is 0,
          probabilities of exactly 0 included (torch: NaN). With label smoothing its y is not 0, and
          the loss is inf, as in torch.
        * float16 logits of ±6e4 are computed in float32: the loss, 120000, is inf in float16, the
          gradient ±1; under autocast both are right.

    Reference:
        I. J. Good, "Rational decisions", J. Royal Statistical Society B 14 (1), 1952; label
        smoothing: C. Szegedy et al., CVPR 2016, arXiv:1512.00567; z-loss: A. Chowdhery et al.,
        "PaLM", arXiv:2204.02311; softcap: "Gemma 2", arXiv:2408.00118.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t = torch.tensor([[2.0, 0.0, 0.0], [0.0, 0.0, 0.0]]), torch.tensor([0, 2])
        >>> F.cross_entropy(x, t, reduction="none")
        tensor([0.2395, 1.0986])
        >>> F.cross_entropy(x, t, torch.tensor([3.0, 1.0, 1.0]), label_smoothing=0.1)
        tensor(0.4980)
        >>> F.cross_entropy(x, torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]), reduction="none")
        tensor([1.2395, 1.0986])
    """
    code, n = reduction_code("cross_entropy", reduction), scalar_tensor(normalizer, input)
    return _cross_entropy(
        input, target, label_smoothing, z_loss, softcap, weight, ignore_index, n, code
    )


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Negative log-likelihood of log-probabilities.

    Where logits are at hand, prefer :func:`cross_entropy`.

    Formula of a row, with x = input, w = weight and t = target::

        l = -w_t x_t

    Args:
        input: Log-probabilities, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis.
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t).
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the dtype of
        ``input``.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, the batch sizes differ, or
            ``input`` has no dimension.
        IndexError: A label is out of range.
        RuntimeError: Shapes, dtypes or devices do not fit.

    Notes:
        * Logits keep them: log-probabilities next to 0 have lost the digits that the loss needs.

    Reference:
        R. A. Fisher, "On the mathematical foundations of theoretical statistics", Philosophical
        Transactions of the Royal Society A 222, 1922.

    Example:
        >>> import torch, lossops.functional as F
        >>> p = torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]])
        >>> F.nll_loss(p.log(), torch.tensor([1, 2]), reduction="none")
        tensor([1.3863, 0.2231])
    """
    code, n = reduction_code("nll", reduction), scalar_tensor(normalizer, input)
    return _nll(input, target, weight, ignore_index, n, code)


def softmax_focal_loss(
    input: Tensor,
    target: Tensor,
    alpha: TensorOrNumber | None = None,
    gamma: float = 2.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Focal loss over classes: cross-entropy that fades out where the prediction is right.

    Formula of a row, with p = softmax(input), w = weight and y = target, where a label t is
    one-hot::

        l = -sum_c w_c y_c alpha_c (1 - p_c)^gamma ln p_c

    Args:
        input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis; or
            probabilities, a floating dtype, shaped like ``input``.
        alpha: A factor, or one per class, shape (C), usually >= 0; None leaves it out. Unlike
            ``weight`` it does not enter the mean.
        gamma: How fast easy rows fade, >= 0; 0 is plain cross-entropy.
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
        RuntimeError: A parameter is out of range; shapes, dtypes or devices do not fit; or
            probabilities come with an ``ignore_index`` >= 0.

    Notes:
        * 1 - p is formed without cancellation: logits (20, 0) with t = 0 give 8.8e-27. Where p = 1,
          a gamma below 1 gives 0 with gradient 0, where the formula gives NaN. gamma = 0 is exactly
          cross_entropy.

    Reference:
        T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollár, "Focal loss for dense object detection",
        ICCV 2017, arXiv:1708.02002.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t = torch.tensor([[0.0, 0.0], [20.0, 0.0]]), torch.tensor([0, 0])
        >>> F.softmax_focal_loss(x, t, reduction="none")
        tensor([1.7329e-01, 8.7565e-27])
        >>> F.softmax_focal_loss(x, t, alpha=torch.tensor([0.25, 0.75]), gamma=1.0)
        tensor(0.0433)
    """
    code, n = reduction_code("softmax_focal", reduction), scalar_tensor(normalizer, input)
    a = scalar_tensor(alpha, input)
    return _softmax_focal(input, target, a, gamma, label_smoothing, weight, ignore_index, n, code)


def poly1_loss(
    input: Tensor,
    target: Tensor,
    epsilon: float = 2.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Poly-1 loss: cross-entropy with the first term of its series in 1 - p reweighted.

    Formula of a row, with p = softmax(input), w = weight and y = target, where a label t is
    one-hot::

        l = sum_c w_c y_c (-ln p_c + epsilon (1 - p_c))

    Args:
        input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis; or
            probabilities, a floating dtype, shaped like ``input``.
        epsilon: What is added to the factor of 1 - p; 0 is plain cross-entropy.
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
        RuntimeError: A parameter is out of range; shapes, dtypes or devices do not fit; or
            probabilities come with an ``ignore_index`` >= 0.

    Notes:
        * 1 - p is formed without cancellation: logits (30, 0) with t = 0 give (1 + epsilon)
          9.4e-14.

    Reference:
        Z. Leng et al., "PolyLoss: a polynomial expansion perspective of classification loss
        functions", ICLR 2022, arXiv:2204.12511.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.poly1_loss(torch.zeros(1, 2), torch.tensor([0]), epsilon=1.0)
        tensor(1.1931)
    """
    code, n = reduction_code("poly1", reduction), scalar_tensor(normalizer, input)
    return _poly1(input, target, epsilon, label_smoothing, weight, ignore_index, n, code)


def generalized_cross_entropy_loss(
    input: Tensor,
    target: Tensor,
    q: float = 0.7,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Generalized cross-entropy: bounded, so that wrong labels do less harm.

    Formula of a row, with p = softmax(input), w = weight and y = target, where a label t is
    one-hot::

        l = sum_c w_c y_c (1 - p_c^q) / q

    Args:
        input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis; or
            probabilities, a floating dtype, shaped like ``input``.
        q: From cross-entropy, q -> 0, to the mean absolute error, q = 1; 0 < q <= 1.
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
        RuntimeError: A parameter is out of range; shapes, dtypes or devices do not fit; or
            probabilities come with an ``ignore_index`` >= 0.

    Notes:
        * Computed as -expm1(q ln p) / q. The loss is at most 1 / q and its gradient vanishes at p =
          0: that is what makes it robust.

    Reference:
        Z. Zhang, M. R. Sabuncu, "Generalized cross entropy loss for training deep neural networks
        with noisy labels", NeurIPS 2018, arXiv:1805.07836.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t = torch.tensor([[0.0, 0.0], [0.0, 1e4]]), torch.tensor([0, 0])
        >>> F.generalized_cross_entropy_loss(x, t, q=0.5, reduction="none")
        tensor([0.5858, 2.0000])
    """
    code, n = (
        reduction_code("generalized_cross_entropy", reduction),
        scalar_tensor(normalizer, input),
    )
    return _generalized_cross_entropy(
        input, target, q, label_smoothing, weight, ignore_index, n, code
    )


def distribution_focal_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Distribution focal loss: a number as a distribution over 0, 1, ..., n, the bins of detectors.

    Formula of a row, with p = softmax(input), y = target and i the whole number below y::

        l = -(i + 1 - y) ln p_i - (y - i) ln p_(i+1)

    Args:
        input: Logits of the bins along the last dimension, of size n + 1; a floating dtype.
        target: Numbers in [0, n], shaped like ``input`` without its last dimension; a floating or
            integer dtype.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / rows.
        weight: A factor per row; broadcasts to the shape of the loss for ``"none"``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` without its last dimension for ``"none"``; the dtype
        of ``input``.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        IndexError: A target is outside of [0, n], or NaN.
        RuntimeError: Shapes, dtypes or devices do not fit.

    Notes:
        * y = n is a target like any other: the last bin has it all.
        * The gradient by y is ln p_i - ln p_(i+1), at y = n that from below.
        * What a model predicts is the mean, sum_k k p_k. The four sides of a box are four rows:
          give ``input`` the shape (N, 4, n + 1).

    Reference:
        X. Li et al., "Generalized focal loss: learning qualified and distributed bounding boxes for
        dense object detection", NeurIPS 2020, arXiv:2006.04388.

    Example:
        >>> import torch, lossops.functional as F
        >>> x = torch.tensor([[0.0, 4.0, 2.0, 1.0]])
        >>> F.distribution_focal_loss(x, torch.tensor([1.5]))
        tensor(1.1852)
        >>> F.distribution_focal_loss(x, torch.tensor([3.0]))
        tensor(3.1852)
    """
    code, n = reduction_code("distribution_focal", reduction), scalar_tensor(normalizer, input)
    return _distribution_focal(input, target, weight, None, n, code)


def rww_cross_entropy_loss(
    input: Tensor,
    target: Tensor,
    fn_weight: Tensor,
    fp_weight: Tensor,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int = -100,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Real-world-weight cross-entropy: each mistake of one class for another weighs what it costs.

    Formula of a row, with p = softmax(input), w = weight, t = target, f = fn_weight and F =
    fp_weight::

        l = w_t (-f_t ln p_t - sum_{k != t} F_tk ln(1 - p_k))

    Args:
        input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis.
        fn_weight: Marginal cost of missing each class, shape (C), usually >= 0.
        fp_weight: Marginal cost of taking class t, the row, for class k, the column; shape (C, C),
            usually >= 0. Its diagonal is not read.
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
        RuntimeError: Shapes, dtypes or devices do not fit.

    Notes:
        * ln(1 - p_k) is the log-sum-exp of the other classes less that of all: no probability is
          clipped, so a confident mistake keeps its gradient. Logits (0, 100) with t = 0 cost f_0
          100 + F_01 100.
        * With f = 1 and F = 0 it is cross_entropy. That costs are >= 0 is not checked.

    Reference:
        Y. Ho, S. Wookey, "The real-world-weight cross-entropy loss function: modeling the costs of
        mislabeling", IEEE Access 8, 2020, arXiv:2001.00570.

    Example:
        >>> import torch, lossops.functional as F
        >>> cost = torch.tensor([[0.0, 1.0], [9.0, 0.0]])  # taking 1 for 0 is the worst
        >>> x, t = torch.zeros(2, 2), torch.tensor([0, 1])
        >>> F.rww_cross_entropy_loss(x, t, torch.ones(2), cost)
        tensor(4.1589)
    """
    code, n = reduction_code("rww_cross_entropy", reduction), scalar_tensor(normalizer, input)
    return _rww_cross_entropy(input, target, fn_weight, fp_weight, weight, ignore_index, n, code)


def balanced_softmax_loss(
    input: Tensor,
    target: Tensor,
    prior: Tensor,
    tau: float = 1.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Balanced softmax, or logit adjustment: cross-entropy that makes up for rare classes.

    Formula of a row, with z = input + tau ln prior, p = softmax(z), w = weight and y = target,
    where a label t is one-hot::

        l = -sum_c w_c y_c ln p_c

    At test time take the largest of ``input``, not of z.

    Args:
        input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis; or
            probabilities, a floating dtype, shaped like ``input``.
        prior: Counts of the classes in the training data, or their frequencies, shape (C), >= 0; a
            floating or integer dtype.
        tau: How much the prior counts, >= 0; 0 is plain cross-entropy.
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
        RuntimeError: A parameter is out of range; shapes, dtypes or devices do not fit; or
            probabilities come with an ``ignore_index`` >= 0.

    Notes:
        * A common factor of the prior does not matter.
        * A class with prior 0 drops out of the softmax. A label of such a class costs inf.

    Reference:
        J. Ren et al., "Balanced meta-softmax for long-tailed visual recognition", NeurIPS 2020,
        arXiv:2007.10740; A. K. Menon et al., "Long-tail learning via logit adjustment", ICLR 2021,
        arXiv:2007.07314.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t, counts = torch.zeros(2, 2), torch.tensor([0, 1]), torch.tensor([90.0, 10.0])
        >>> F.balanced_softmax_loss(x, t, counts, reduction="none")
        tensor([0.1054, 2.3026])
    """
    code, n = reduction_code("balanced_softmax", reduction), scalar_tensor(normalizer, input)
    return _balanced_softmax(
        input, target, prior, tau, label_smoothing, weight, ignore_index, n, code
    )
