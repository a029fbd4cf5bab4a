"""Losses of regions beside what else an image holds: other classes, other pixels."""

import torch
from torch import Tensor

from ._common import (
    Op,
    TensorOrNumber,
    absent_code,
    activation_code,
    choice_code,
    reduction_code,
    scalar_tensor,
)

_generalized_dice = Op(torch.ops.lossops.generalized_dice)
_mcc = Op(torch.ops.lossops.mcc)
_dice_ce = Op(torch.ops.lossops.dice_ce)
_dice_focal = Op(torch.ops.lossops.dice_focal)


def generalized_dice_loss(
    input: Tensor,
    target: Tensor,
    class_weighting: str = "square",
    activation: str | None = "softmax",
    smooth: float = 1e-5,
    batch: bool = False,
    include_background: bool = True,
    squared: bool = False,
    soft_label: bool = False,
    log: bool = False,
    absent: str = "smooth",
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Generalized Dice loss: one ratio of all classes, each weighted by its size in the target.

    Formula of the regions of a sample, or of the batch with ``batch``, where that of class c has
    the probabilities p and the target t of its pixels, P = sum p, T = sum t and I = sum p t, and s
    = smooth::

        l = 1 - (2 sum_c v_c I_c + s) / (sum_c v_c (P_c + T_c) + s)
        v = 1 / T^2

    Args:
        input: Logits or, without ``activation``, probabilities, shape (N, C, d1, ..., dK); a
            floating dtype.
        target: Labels in [0, C), an integer dtype, shape (N, d1, ..., dK), also with a class axis
            of 1 (of one class, 0 and 1); or t in [0, 1], one-hot or not, shaped like ``input``.
        class_weighting: v, which has no gradient: ``"square"``, 1 / T^2; ``"simple"``, 1 / T;
            ``"uniform"``, 1. A class that the target lacks gets the largest of the others.
        activation: ``"softmax"`` over the classes, ``"sigmoid"`` of each, or None where ``input``
            holds p.
        smooth: s >= 0, which keeps small regions from mattering too much.
        batch: Whether a class has one region in the batch instead of one in each sample.
        include_background: Whether class 0 counts.
        squared: Whether P and T are sums of p^2 and t^2.
        soft_label: Whether I is sum min(p, t), whose l is 0 at p = t for any t in [0, 1].
        log: Whether l becomes -ln(1 - l).
        absent: What counts where ``target`` lacks every class: ``"smooth"``, what the formula says;
            ``"skip"``, nothing, and it does not count in the mean.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / samples.
        weight: A factor per class, shape (C); 1 where left out. It multiplies v.
        ignore_index: Pixels with this label are in no sum, and get gradient 0; in a target shaped
            like ``input``, elements.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or for ``"none"`` one loss per sample and class, shape (N, C); with ``batch``
        (C), and without the background one less. The dtype of ``input``.

    Raises:
        ValueError: A word is unknown; ``reduction`` rules out ``normalizer``; or one class has a
            softmax, or is the background that does not count.
        IndexError: A label is out of range.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * 1 / T^2 of a large class is below float16: here v is float64.

    Reference:
        C. H. Sudre et al., "Generalised Dice overlap as a deep learning loss function for highly
        unbalanced segmentations", DLMIA 2017, arXiv:1707.03237.

    Example:
        >>> import torch, lossops.functional as F
        >>> x = torch.tensor([[[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]]])
        >>> F.generalized_dice_loss(x, torch.tensor([[0, 1, 1]]))
        tensor(0.2509)
    """
    code, n = reduction_code("generalized_dice", reduction), scalar_tensor(normalizer, input)
    p, gone = (
        activation_code("generalized_dice", activation),
        absent_code("generalized_dice", absent),
    )
    weighting = choice_code(
        "generalized_dice", "class_weighting", class_weighting, ["square", "simple", "uniform"]
    )
    return _generalized_dice(
        input,
        target,
        weighting,
        p,
        smooth,
        batch,
        include_background,
        squared,
        soft_label,
        log,
        gone,
        weight,
        ignore_index,
        n,
        code,
    )


def mcc_loss(
    input: Tensor,
    target: Tensor,
    activation: str | None = "softmax",
    smooth: float = 1e-5,
    batch: bool = False,
    include_background: bool = True,
    squared: bool = False,
    soft_label: bool = False,
    log: bool = False,
    absent: str = "smooth",
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Loss of Matthews' correlation: of a class against the rest, true negatives included.

    Formula of a region, with the probabilities p and the target t of its n pixels, TP = sum p t, FP
    = sum p (1 - t), FN = sum (1 - p) t and TN = sum (1 - p) (1 - t)::

        l = 1 - (TP TN - FP FN) / sqrt((TP + FP) (TP + FN) (TN + FP) (TN + FN))

    Args:
        input: Logits or, without ``activation``, probabilities, shape (N, C, d1, ..., dK); a
            floating dtype.
        target: Labels in [0, C), an integer dtype, shape (N, d1, ..., dK), also with a class axis
            of 1 (of one class, 0 and 1); or t in [0, 1], one-hot or not, shaped like ``input``.
        activation: ``"softmax"`` over the classes, ``"sigmoid"`` of each, or None where ``input``
            holds p.
        smooth: Has no effect: there is nothing to smooth.
        batch: Whether a class has one region in the batch instead of one in each sample.
        include_background: Whether class 0 counts.
        squared: Whether P and T are sums of p^2 and t^2.
        soft_label: Whether I is sum min(p, t), whose l is 0 at p = t for any t in [0, 1].
        log: Whether l becomes -ln(1 - l).
        absent: What a class costs that ``target`` lacks: ``"smooth"``, what the formula says;
            ``"skip"``, nothing, and it does not count in the mean.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(w l) / sum(w), w = weight.
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Pixels with this label are in no sum, and get gradient 0; in a target shaped
            like ``input``, elements.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or for ``"none"`` one loss per sample and class, shape (N, C); with ``batch``
        (C), and without the background one less. The dtype of ``input``.

    Raises:
        ValueError: A word is unknown; ``reduction`` rules out ``normalizer``; or one class has a
            softmax, or is the background that does not count.
        IndexError: A label is out of range.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * Where prediction or target is all or nothing, 0 / 0, the correlation is 0 and l = 1.
        * The four sums are multiplied two by two, so no number of pixels overflows.

    Reference:
        K. Abhishek, G. Hamarneh, "Matthews correlation coefficient loss for deep convolutional
        networks: application to skin lesion segmentation", ISBI 2021, arXiv:2010.13454.

    Example:
        >>> import torch, lossops.functional as F
        >>> x = torch.tensor([[[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]]])
        >>> F.mcc_loss(x, torch.tensor([[0, 1, 1]]), reduction="none")
        tensor([[0.4270, 0.4270]])
    """
    code, n = reduction_code("mcc", reduction), scalar_tensor(normalizer, input)
    p, gone = activation_code("mcc", activation), absent_code("mcc", absent)
    return _mcc(
        input,
        target,
        p,
        smooth,
        batch,
        include_background,
        squared,
        soft_label,
        log,
        gone,
        weight,
        ignore_index,
        n,
        code,
    )


def dice_ce_loss(
    input: Tensor,
    target: Tensor,
    dice_weight: float = 1.0,
    ce_weight: float = 1.0,
    label_smoothing: float = 0.0,
    activation: str | None = "softmax",
    smooth: float = 1e-5,
    batch: bool = False,
    include_background: bool = True,
    squared: bool = False,
    soft_label: bool = False,
    log: bool = False,
    absent: str = "smooth",
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Dice loss of the regions and cross-entropy of the pixels, in one pass over the logits.

    Formula of the regions of a batch, with d as in :func:`dice_loss` and the cross-entropy c of a
    pixel; with a sigmoid, of a pixel and class::

        l = dice_weight mean(d) + ce_weight mean(c)

    Args:
        input: Logits, shape (N, C, d1, ..., dK); a floating dtype.
        target: Labels in [0, C), an integer dtype, shape (N, d1, ..., dK), also with a class axis
            of 1 (of one class, 0 and 1); or t in [0, 1], one-hot or not, shaped like ``input``.
        dice_weight: What the regions count, >= 0.
        ce_weight: What the pixels count, >= 0.
        label_smoothing: s in [0, 1] of the cross-entropy; t becomes t (1 - s) + s / C, with a
            sigmoid t (1 - s) + s / 2.
        activation: What logits become probabilities by: ``"softmax"`` over the classes or
            ``"sigmoid"``.
        smooth: s >= 0, which keeps small regions from mattering too much.
        batch: Whether a class has one region in the batch instead of one in each sample.
        include_background: Whether class 0 counts.
        squared: Whether P and T are sums of p^2 and t^2.
        soft_label: Whether I is sum min(p, t), whose l is 0 at p = t for any t in [0, 1].
        log: Whether l becomes -ln(1 - l).
        absent: What a class costs that ``target`` lacks: ``"smooth"``, what the formula says;
            ``"skip"``, nothing, and it does not count in the mean.
        reduction: ``"mean"`` or ``"sum"``, of both parts. The mean over pixels is that of
            :func:`cross_entropy` or, with a sigmoid, of :func:`binary_cross_entropy_with_logits`;
            that over regions is sum(w d) / sum(w), w = weight.
        weight: A factor per class, shape (C); 1 where left out. It is one of both parts.
        ignore_index: Pixels with this label are in no sum, and get gradient 0; in a target shaped
            like ``input``, elements.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor; the dtype of ``input``.

    Raises:
        ValueError: A word is unknown; ``reduction`` rules out ``normalizer``; or one class has a
            softmax, or is the background that does not count.
        IndexError: A label is out of range.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * The cross-entropy counts the background, whatever ``include_background`` says of the
          regions.
        * The parts have two shapes, so there is no ``reduction="none"``.

    Reference:
        F. Isensee et al., "nnU-Net: a self-configuring method for deep learning-based biomedical
        image segmentation", Nature Methods 18, 2021, arXiv:1809.10486.

    Example:
        >>> import torch, lossops.functional as F
        >>> x = torch.tensor([[[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]]])
        >>> F.dice_ce_loss(x, torch.tensor([[0, 1, 1]]))
        tensor(0.5201)
    """
    code, n = reduction_code("dice_ce", reduction), scalar_tensor(normalizer, input)
    p, gone = activation_code("dice_ce", activation), absent_code("dice_ce", absent)
    return _dice_ce(
        input,
        target,
        dice_weight,
        ce_weight,
        label_smoothing,
        p,
        smooth,
        batch,
        include_background,
        squared,
        soft_label,
        log,
        gone,
        weight,
        ignore_index,
        n,
        code,
    )


def dice_focal_loss(
    input: Tensor,
    target: Tensor,
    dice_weight: float = 1.0,
    focal_weight: float = 1.0,
    gamma: float = 2.0,
    alpha: float | None = None,
    activation: str | None = "softmax",
    smooth: float = 1e-5,
    batch: bool = False,
    include_background: bool = True,
    squared: bool = False,
    soft_label: bool = False,
    log: bool = False,
    absent: str = "smooth",
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Dice loss of the regions and focal loss of the pixels, in one pass over the logits.

    Formula of the regions of a batch, with d as in :func:`dice_loss` and the focal loss f of a
    pixel; with a sigmoid, of a pixel and class::

        l = dice_weight mean(d) + focal_weight mean(f)

    Args:
        input: Logits, shape (N, C, d1, ..., dK); a floating dtype.
        target: Labels in [0, C), an integer dtype, shape (N, d1, ..., dK), also with a class axis
            of 1 (of one class, 0 and 1); or t in [0, 1], one-hot or not, shaped like ``input``.
        dice_weight: What the regions count, >= 0.
        focal_weight: What the pixels count, >= 0.
        gamma: Exponent of f, >= 0: how little pixels count that are right already; 0 is
            cross-entropy.
        alpha: Factor of f in [0, 1]; with a sigmoid, alpha of positive and 1 - alpha of negative
            ones. None leaves it out.
        activation: What logits become probabilities by: ``"softmax"`` over the classes or
            ``"sigmoid"``.
        smooth: s >= 0, which keeps small regions from mattering too much.
        batch: Whether a class has one region in the batch instead of one in each sample.
        include_background: Whether class 0 counts.
        squared: Whether P and T are sums of p^2 and t^2.
        soft_label: Whether I is sum min(p, t), whose l is 0 at p = t for any t in [0, 1].
        log: Whether l becomes -ln(1 - l).
        absent: What a class costs that ``target`` lacks: ``"smooth"``, what the formula says;
            ``"skip"``, nothing, and it does not count in the mean.
        reduction: ``"mean"`` or ``"sum"``, of both parts. The mean over pixels is sum(w_t f) /
            sum(w_t) for labels and a softmax, else one over pixels or, with a sigmoid, elements;
            that over regions is sum(w d) / sum(w), w = weight.
        weight: A factor per class, shape (C); 1 where left out. It is one of both parts.
        ignore_index: Pixels with this label are in no sum, and get gradient 0; in a target shaped
            like ``input``, elements.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor; the dtype of ``input``.

    Raises:
        ValueError: A word is unknown; ``reduction`` rules out ``normalizer``; or one class has a
            softmax, or is the background that does not count.
        IndexError: A label is out of range.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * The focal loss counts the background, whatever ``include_background`` says of the regions.
        * The parts have two shapes, so there is no ``reduction="none"``.

    Reference:
        W. Zhu et al., "AnatomyNet: deep learning for fast and fully automated whole-volume
        segmentation of head and neck anatomy", Medical Physics 46 (2), 2019, arXiv:1808.05238;
        focal: T.-Y. Lin et al., ICCV 2017, arXiv:1708.02002.

    Example:
        >>> import torch, lossops.functional as F
        >>> x = torch.tensor([[[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]]])
        >>> F.dice_focal_loss(x, torch.tensor([[0, 1, 1]]))
        tensor(0.2890)
    """
    code, n = reduction_code("dice_focal", reduction), scalar_tensor(normalizer, input)
    p, gone = activation_code("dice_focal", activation), absent_code("dice_focal", absent)
    return _dice_focal(
        input,
        target,
        dice_weight,
        focal_weight,
        gamma,
        alpha,
        p,
        smooth,
        batch,
        include_background,
        squared,
        soft_label,
        log,
        gone,
        weight,
        ignore_index,
        n,
        code,
    )
