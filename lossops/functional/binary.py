"""Losses of yes-or-no targets, one or many per sample."""

import torch
from torch import Tensor

from ._common import Op, TensorOrNumber, plain_number, reduction_code, scalar_tensor

_bce = Op(torch.ops.lossops.bce)
_bce_with_logits = Op(torch.ops.lossops.bce_with_logits)
_focal = Op(torch.ops.lossops.focal)
_focal_by_gamma = Op(torch.ops.lossops.focal_by_gamma)
_quality_focal = Op(torch.ops.lossops.quality_focal)
_varifocal = Op(torch.ops.lossops.varifocal)
_gaussian_focal = Op(torch.ops.lossops.gaussian_focal)
_asymmetric = Op(torch.ops.lossops.asymmetric)
_rww_bce = Op(torch.ops.lossops.rww_bce)
_multilabel_soft_margin = Op(torch.ops.lossops.multilabel_soft_margin)


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Binary cross-entropy of probabilities.

    Where logits are at hand, prefer :func:`binary_cross_entropy_with_logits`.

    Formula, with p = input and t = target::

        l = -t max(ln p, -100) - (1 - t) max(ln(1 - p), -100)

    Args:
        input: Probabilities in [0, 1], any shape; a floating dtype.
        target: Targets in [0, 1], of the same shape; a floating, integer or bool dtype.
        weight: A factor per element; broadcasts to ``input``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Elements with this target are left out, and get gradient 0.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, or the shapes differ.
        RuntimeError: A probability or target lies outside [0, 1], or dtypes or devices do not fit.

    Notes:
        * x = 0 with t = 1 gives 100 with gradient -1e12, as torch: the gradient is (x - t) / max(x
          (1 - x), 1e-12).
        * ln(1 - x) is log1p(-x), exact for small x.
        * Probabilities next to 1 have lost the digits that the loss needs; logits have them.

    Reference:
        D. R. Cox, "The regression analysis of binary sequences", J. Royal Statistical Society B 20
        (2), 1958.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.binary_cross_entropy(torch.tensor([0.5, 0.9]), torch.tensor([0, 1]), reduction="none")
        tensor([0.6931, 0.1054])
    """
    code, n = reduction_code("bce", reduction), scalar_tensor(normalizer, input)
    return _bce(input, target, weight, ignore_index, n, code)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Binary cross-entropy of logits.

    Formula, with x = input, t = target and w = pos_weight::

        l = w t softplus(-x) + (1 - t) softplus(x)

    Args:
        input: Logits of any shape; a floating dtype.
        target: Targets of the same shape, usually in [0, 1]; a floating, integer or bool dtype.
        weight: A factor per element; broadcasts to ``input``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        pos_weight: A factor of the positive part, often one per class; broadcasts to ``input``.
        label_smoothing: s in [0, 1]; t becomes t (1 - s) + s / 2.
        ignore_index: Elements with this target are left out, and get gradient 0.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, or the shapes differ.
        RuntimeError: ``label_smoothing`` is out of range, or dtypes or devices do not fit.

    Notes:
        * Both softplus come from one exp(-abs(x)) and one log1p. x = 1e4 with t = 0 gives 1e4 with
          gradient 1; x = -100 with t = 0 gives 3.8e-44 with gradient 3.8e-44.
        * Where the limit is finite so is the loss: (x, t) = (-inf, 0) and (inf, 1) give 0, where
          torch gives NaN; (inf, 0) and (-inf, 1) give inf.
        * Targets are not checked: a forgotten 255 gives large negative losses. Name it in
          ``ignore_index``.

    Reference:
        D. R. Cox, "The regression analysis of binary sequences", J. Royal Statistical Society B 20
        (2), 1958; label smoothing: C. Szegedy et al., "Rethinking the Inception architecture", CVPR
        2016, arXiv:1512.00567.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t = torch.tensor([0.0, 100.0]), torch.tensor([1, 0])
        >>> F.binary_cross_entropy_with_logits(x, t, reduction="none")
        tensor([  0.6931, 100.0000])
        >>> x, t = torch.zeros(3), torch.tensor([1, 0, 255])
        >>> F.binary_cross_entropy_with_logits(x, t, ignore_index=255)
        tensor(0.6931)
    """
    code, n = reduction_code("bce_with_logits", reduction), scalar_tensor(normalizer, input)
    return _bce_with_logits(
        input, target, pos_weight, label_smoothing, weight, ignore_index, n, code
    )


def focal_loss(
    input: Tensor,
    target: Tensor,
    alpha: float | None = 0.25,
    gamma: TensorOrNumber = 2.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Sigmoid focal loss: binary cross-entropy that fades out where the prediction is right.

    Formula, with p = sigmoid(input) and t = target::

        p_t = p t + (1 - p) (1 - t)
        alpha_t = alpha t + (1 - alpha) (1 - t)
        l = alpha_t (1 - p_t)^gamma (t softplus(-input) + (1 - t) softplus(input))

    The paper divides the sum by the number of positives: ``normalizer=target.sum()``.

    Args:
        input: Logits of any shape; a floating dtype.
        target: Targets in [0, 1], of the same shape; a floating, integer or bool dtype.
        alpha: Weight of the positives, in [0, 1], against 1 - alpha of the negatives; None leaves
            alpha_t out.
        gamma: How fast easy elements fade, >= 0; 0 is plain cross-entropy; in Python also a tensor
            that broadcasts to ``input``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        ignore_index: Elements with this target are left out, and get gradient 0.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: ``alpha``, ``gamma`` or a target is out of range, or shapes, dtypes or devices
            do not fit.

    Notes:
        * With x = input: for hard targets 1 - p_t is sigmoid(x) or sigmoid(-x), each exact in its
          tail: x = 20, t = 1 gives 2.2e-27, where a formula with 1 - p gives 0. Powers other than
          0, 1, 2 are exp(-gamma softplus), so no power of 0 is differentiated: gamma = 0.5 has
          gradient 0 at x = ±100, t on the easy side, and not NaN. gamma = 0 is exactly alpha_t
          times bce_with_logits.
        * Hard examples stay linear: x = 1e4, t = 0 gives 7500 with gradient 0.75.
        * Equalized focal loss has a gamma per class, larger for rare ones, and a weight that makes
          up for it: ``gamma=g, weight=g / g.min()`` with g of shape (C) for ``input`` of (N, C). A
          tensor of gammas has a gradient.

    Reference:
        T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollár, "Focal loss for dense object detection",
        ICCV 2017, arXiv:1708.02002; a gamma per class: B. Li et al., "Equalized focal loss for
        dense long-tailed object detection", CVPR 2022, arXiv:2201.02593.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.focal_loss(torch.zeros(2), torch.tensor([1, 0]), reduction="none")
        tensor([0.0433, 0.1300])
    """
    code, n = reduction_code("focal", reduction), scalar_tensor(normalizer, input)
    if isinstance(gamma, Tensor):
        return _of_gammas(input, target, gamma, alpha, weight, ignore_index, n, code)
    g = plain_number(gamma)
    return _focal(input, target, alpha, g, weight, ignore_index, n, code)


def _of_gammas(
    input: Tensor,
    target: Tensor,
    gamma: Tensor,
    alpha: float | None,
    weight: Tensor | None,
    ignore_index: int | None,
    normalizer: Tensor | None,
    reduction: int,
) -> Tensor:
    """Focal loss with a gamma for each element."""
    return _focal_by_gamma(input, target, gamma, alpha, weight, ignore_index, normalizer, reduction)


def quality_focal_loss(
    input: Tensor,
    target: Tensor,
    beta: float = 2.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Quality focal loss: cross-entropy with a score, which fades out where that is met.

    Formula, with p = sigmoid(input) and t = target::

        l = abs(t - p)^beta (-t ln p - (1 - t) ln(1 - p))

    Args:
        input: Logits of any shape; a floating dtype.
        target: Scores in [0, 1], of a detector the IoU of the box at its class and 0 elsewhere; a
            floating, integer or bool dtype.
        beta: How fast it fades out, >= 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        ignore_index: Elements with this target are left out, and get gradient 0.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * t - p is exact in both tails. With ``beta`` < 1, where the power has no derivative at t =
          p, the gradient there is 0.
        * Detectors divide the sum by the number of positives: give that as ``normalizer``.

    Reference:
        X. Li et al., "Generalized focal loss: learning qualified and distributed bounding boxes for
        dense object detection", NeurIPS 2020, arXiv:2006.04388.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t = torch.tensor([0.0, 0.0, 2.0]), torch.tensor([0.0, 0.5, 0.8])
        >>> F.quality_focal_loss(x, t, reduction="none")
        tensor([0.1733, 0.0000, 0.0034])
    """
    code, n = reduction_code("quality_focal", reduction), scalar_tensor(normalizer, input)
    return _quality_focal(input, target, beta, weight, ignore_index, n, code)


def varifocal_loss(
    input: Tensor,
    target: Tensor,
    alpha: float = 0.75,
    gamma: float = 2.0,
    iou_weighted: bool = True,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Varifocal loss: cross-entropy with the score of a positive, and a focal loss of negatives.

    Formula, with p = sigmoid(input) and t = target::

        l = t (-t ln p - (1 - t) ln(1 - p))       where t > 0
        l = -alpha p^gamma ln(1 - p)              where t = 0

    Args:
        input: Logits of any shape; a floating dtype.
        target: Scores in [0, 1], of a detector the IoU of the box at its class and 0 elsewhere; a
            floating, integer or bool dtype.
        alpha: What a negative counts, >= 0.
        gamma: How fast negatives fade out, >= 0.
        iou_weighted: Whether a positive counts by its score, the first t of the formula.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        ignore_index: Elements with this target are left out, and get gradient 0.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * Detectors divide the sum by the number of positives: give that as ``normalizer``.

    Reference:
        H. Zhang, Y. Wang, F. Dayoub, N. Suenderhauf, "VarifocalNet: an IoU-aware dense object
        detector", CVPR 2021, arXiv:2008.13367.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t = torch.tensor([0.0, 0.0, 2.0]), torch.tensor([0.0, 0.5, 0.8])
        >>> F.varifocal_loss(x, t, reduction="none")
        tensor([0.1300, 0.3466, 0.4215])
    """
    code, n = reduction_code("varifocal", reduction), scalar_tensor(normalizer, input)
    return _varifocal(input, target, alpha, gamma, iou_weighted, weight, ignore_index, n, code)


def gaussian_focal_loss(
    input: Tensor,
    target: Tensor,
    alpha: float = 2.0,
    gamma: float = 4.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Gaussian focal loss: of a heat map with a peak of 1 at each object, and less around it.

    Formula, with p = sigmoid(input) and t = target::

        l = -(1 - p)^alpha ln p                   where t = 1
        l = -(1 - t)^gamma p^alpha ln(1 - p)      where t < 1

    Args:
        input: Logits of any shape; a floating dtype.
        target: The heat map, in [0, 1], of the same shape; a floating, integer or bool dtype.
        alpha: How fast what is right fades out, >= 0.
        gamma: How much less a neighbour of a peak counts, >= 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        ignore_index: Elements with this target are left out, and get gradient 0.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * CenterNet and CornerNet divide the sum by the number of peaks: give that as
          ``normalizer``.
        * They take probabilities, to which they have to add an eps: here both tails are exact.

    Reference:
        H. Law, J. Deng, "CornerNet: detecting objects as paired keypoints", ECCV 2018,
        arXiv:1808.01244.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t = torch.tensor([0.0, 0.0, 2.0]), torch.tensor([1.0, 0.5, 0.0])
        >>> F.gaussian_focal_loss(x, t, reduction="none")
        tensor([0.1733, 0.0108, 1.6501])
    """
    code, n = reduction_code("gaussian_focal", reduction), scalar_tensor(normalizer, input)
    return _gaussian_focal(input, target, alpha, gamma, weight, ignore_index, n, code)


def asymmetric_loss(
    input: Tensor,
    target: Tensor,
    gamma_pos: float = 1.0,
    gamma_neg: float = 4.0,
    clip: float = 0.05,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Asymmetric loss (ASL) for many labels, few of them positive: easy negatives vanish.

    Formula, with p = sigmoid(input), t = target and p_m = max(p - clip, 0)::

        l = t (1 - p)^gamma_pos softplus(-input) - (1 - t) p_m^gamma_neg ln(1 - p_m)

    The authors' code sums over everything: ``reduction="sum"``.

    Args:
        input: Logits of any shape; a floating dtype.
        target: Targets in [0, 1], of the same shape; a floating, integer or bool dtype.
        gamma_pos: How fast easy positives fade, >= 0.
        gamma_neg: How fast easy negatives fade, >= 0.
        clip: Negatives whose probability is below this cost nothing; in [0, 1).
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        ignore_index: Elements with this target are left out, and get gradient 0.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter or target is out of range, or shapes, dtypes or devices do not
            fit.

    Notes:
        * No ln(p + 1e-8), which caps the loss at 18.4, stops the gradient of the worst errors and
          is NaN in float16: a logit of -100, t = 1 gives 100 with gradient -1.
        * For negatives p_m is at most 1 - clip, so clip > 0 bounds the loss by the formula itself:
          at a logit of 100, t = 0, clip = 0.05 it is 2.44 and its gradient vanishes with p (1 - p).
          With clip = 0 the logit form is used, and the loss grows linearly.

    Reference:
        T. Ridnik et al., "Asymmetric loss for multi-label classification", ICCV 2021,
        arXiv:2009.14119.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t = torch.tensor([0.0, 0.0, -3.0]), torch.tensor([1, 0, 0])
        >>> F.asymmetric_loss(x, t, reduction="none")
        tensor([0.3466, 0.0245, 0.0000])
    """
    code, n = reduction_code("asymmetric", reduction), scalar_tensor(normalizer, input)
    return _asymmetric(input, target, gamma_pos, gamma_neg, clip, weight, ignore_index, n, code)


def rww_bce_loss(
    input: Tensor,
    target: Tensor,
    fn_weight: float = 1.0,
    fp_weight: float = 1.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Real-world-weight binary cross-entropy: each kind of mistake weighs what it costs.

    Formula, with x = input, the logit, and t = target::

        l = fn_weight t softplus(-x) + fp_weight (1 - t) softplus(x)

    Args:
        input: Logits of any shape; a floating dtype.
        target: Targets in [0, 1], of the same shape; a floating, integer or bool dtype.
        fn_weight: Marginal cost of a false negative over a true positive, >= 0.
        fp_weight: Marginal cost of a false positive over a true negative, >= 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        ignore_index: Elements with this target are left out, and get gradient 0.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter or target is out of range, or shapes, dtypes or devices do not
            fit.

    Notes:
        * Logit form: no probability is clipped, so a confident mistake keeps its gradient,
          fp_weight (1 - t) p - fn_weight t (1 - p).
        * With both weights 1 it is bce_with_logits, with fp_weight = 1 that of a ``pos_weight`` of
          fn_weight; a weight of 0 against an infinite softplus counts as 0.

    Reference:
        Y. Ho, S. Wookey, "The real-world-weight cross-entropy loss function: modeling the costs of
        mislabeling", IEEE Access 8, 2020, arXiv:2001.00570.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.rww_bce_loss(torch.zeros(2), torch.tensor([1, 0]), fn_weight=10.0, reduction="none")
        tensor([6.9315, 0.6931])
    """
    code, n = reduction_code("rww_bce", reduction), scalar_tensor(normalizer, input)
    return _rww_bce(input, target, fn_weight, fp_weight, weight, ignore_index, n, code)


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Binary cross-entropy of the logits of C labels, averaged over the labels of a sample.

    Formula, with x = input and t = target, summed over the C entries of the last dimension::

        l = sum_c (t_c softplus(-x_c) + (1 - t_c) softplus(x_c)) / C

    Args:
        input: Logits of the shape (..., C); a floating dtype.
        target: Targets in [0, 1]; broadcasts with ``input``; any real dtype.
        weight: A factor per element; broadcasts to ``input``. Often one per label.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The loss is one per sample.
        ignore_index: Elements with this target are left out, and get gradient 0.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape ``input.shape[:-1]`` for ``"none"``; the promoted dtype of the
        operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: Shapes, dtypes or devices do not fit.

    Notes:
        * An ignored label adds nothing to its row, whose sum is still divided by C; ``"mean"``
          divides by the number of labels that count.

    Reference:
        D. R. Cox, "The regression analysis of binary sequences", J. Royal Statistical Society B 20
        (2), 1958.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t = torch.tensor([[0.0, 9.0]]), torch.tensor([[1, 1]])
        >>> F.multilabel_soft_margin_loss(x, t, reduction="none")
        tensor([0.3466])
    """
    code, n = reduction_code("multilabel_soft_margin", reduction), scalar_tensor(normalizer, input)
    return _multilabel_soft_margin(input, target, weight, ignore_index, n, code)
