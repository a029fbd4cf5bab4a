"""Losses of regions: how well a class covers its place in an image."""

import torch
from torch import Tensor

from ._common import (
    Op,
    TensorOrNumber,
    absent_code,
    activation_code,
    reduction_code,
    scalar_tensor,
)

_dice = Op(torch.ops.lossops.dice)
_jaccard = Op(torch.ops.lossops.jaccard)
_tversky = Op(torch.ops.lossops.tversky)
_focal_tversky = Op(torch.ops.lossops.focal_tversky)


def dice_loss(
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
    """Dice loss: what share of a class's pixels, predicted and true, do not overlap.

    Formula of a region, with the probabilities p and the target t of its pixels, P = sum p, T = sum
    t, I = sum p t and s = smooth::

        l = 1 - (2 I + s) / (P + T + s)

    Args:
        input: Logits or, without ``activation``, probabilities, shape (N, C, d1, ..., dK); a
            floating dtype.
        target: Labels in [0, C), an integer dtype, shape (N, d1, ..., dK), also with a class axis
            of 1 (of one class, 0 and 1); or t in [0, 1], one-hot or not, shaped like ``input``.
        activation: ``"softmax"`` over the classes, ``"sigmoid"`` of each, or None where ``input``
            holds p.
        smooth: s >= 0, which keeps small regions from mattering too much.
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
        * Any number of pixels adds up right, in float16 and bfloat16, too, and no map of
          probabilities is stored.
        * The mean over samples and classes is one of ratios: cut the batch in two, or spread it
          over ranks, and with ``batch`` it is another one.
        * A class that neither predicts nor is there, 0 / 0, costs 0.
        * Of the size of ``input`` nothing is written but the gradient.

    Reference:
        F. Milletari, N. Navab, S.-A. Ahmadi, "V-Net: fully convolutional neural networks for
        volumetric medical image segmentation", 3DV 2016, arXiv:1606.04797; ``soft_label``: Z. Wang
        et al., arXiv:2303.16296.

    Example:
        >>> import torch, lossops.functional as F
        >>> x = torch.tensor([[[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]]])
        >>> F.dice_loss(x, torch.tensor([[0, 1, 1]]), reduction="none")
        tensor([[0.2745, 0.1866]])
        >>> F.dice_loss(x[:, 1:], torch.tensor([[0, 1, 1]]), "sigmoid")
        tensor(0.2650)
    """
    code, n = reduction_code("dice", reduction), scalar_tensor(normalizer, input)
    p, gone = activation_code("dice", activation), absent_code("dice", absent)
    return _dice(
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


def jaccard_loss(
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
    """Jaccard loss, or soft IoU: intersection over union of a class's pixels, predicted and true.

    Formula of a region, with the probabilities p and the target t of its pixels, P = sum p, T = sum
    t, I = sum p t and s = smooth::

        l = 1 - (I + s) / (P + T - I + s)

    Args:
        input: Logits or, without ``activation``, probabilities, shape (N, C, d1, ..., dK); a
            floating dtype.
        target: Labels in [0, C), an integer dtype, shape (N, d1, ..., dK), also with a class axis
            of 1 (of one class, 0 and 1); or t in [0, 1], one-hot or not, shaped like ``input``.
        activation: ``"softmax"`` over the classes, ``"sigmoid"`` of each, or None where ``input``
            holds p.
        smooth: s >= 0, which keeps small regions from mattering too much.
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
        * For hard predictions it is dice's loss d as 2 d / (1 + d): the same order, and more for
          small overlaps.

    Reference:
        M. A. Rahman, Y. Wang, "Optimizing intersection-over-union in deep neural networks for image
        segmentation", ISVC 2016.

    Example:
        >>> import torch, lossops.functional as F
        >>> x = torch.tensor([[[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]]])
        >>> F.jaccard_loss(x, torch.tensor([[0, 1, 1]]), reduction="none")
        tensor([[0.4308, 0.3146]])
    """
    code, n = reduction_code("jaccard", reduction), scalar_tensor(normalizer, input)
    p, gone = activation_code("jaccard", activation), absent_code("jaccard", absent)
    return _jaccard(
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


def tversky_loss(
    input: Tensor,
    target: Tensor,
    fp_weight: float = 0.5,
    fn_weight: float = 0.5,
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
    """Tversky loss: a Dice loss that tells false positives from false negatives.

    Formula of a region, with the probabilities p and the target t of its pixels, P = sum p, T = sum
    t, I = sum p t and s = smooth::

        l = 1 - (I + s) / (I + fp_weight (P - I) + fn_weight (T - I) + s)

    Args:
        input: Logits or, without ``activation``, probabilities, shape (N, C, d1, ..., dK); a
            floating dtype.
        target: Labels in [0, C), an integer dtype, shape (N, d1, ..., dK), also with a class axis
            of 1 (of one class, 0 and 1); or t in [0, 1], one-hot or not, shaped like ``input``.
        fp_weight: What false positives count, >= 0; alpha in the paper.
        fn_weight: What false negatives count, >= 0; beta in the paper.
        activation: ``"softmax"`` over the classes, ``"sigmoid"`` of each, or None where ``input``
            holds p.
        smooth: s >= 0, which keeps small regions from mattering too much.
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
        * At (0.5, 0.5) it is :func:`dice_loss` with twice the ``smooth``, at (1, 1) it is
          :func:`jaccard_loss`. A larger ``fn_weight`` finds more of a rare class.

    Reference:
        S. S. M. Salehi, D. Erdogmus, A. Gholipour, "Tversky loss function for image segmentation
        using 3D fully convolutional deep networks", MLMI 2017, arXiv:1706.05721.

    Example:
        >>> import torch, lossops.functional as F
        >>> x = torch.tensor([[[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]]])
        >>> F.tversky_loss(x, torch.tensor([[0, 1, 1]]), 0.3, 0.7, reduction="none")
        tensor([[0.2195, 0.2239]])
    """
    code, n = reduction_code("tversky", reduction), scalar_tensor(normalizer, input)
    p, gone = activation_code("tversky", activation), absent_code("tversky", absent)
    return _tversky(
        input,
        target,
        fp_weight,
        fn_weight,
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


def focal_tversky_loss(
    input: Tensor,
    target: Tensor,
    fp_weight: float = 0.3,
    fn_weight: float = 0.7,
    gamma: float = 0.75,
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
    """Focal Tversky loss: a power of each region's Tversky loss, which moves weight between them.

    Formula of a region, with the probabilities p and the target t of its pixels, P = sum p, T = sum
    t, I = sum p t and s = smooth::

        l = (1 - (I + s) / (I + fp_weight (P - I) + fn_weight (T - I) + s))^gamma

    Args:
        input: Logits or, without ``activation``, probabilities, shape (N, C, d1, ..., dK); a
            floating dtype.
        target: Labels in [0, C), an integer dtype, shape (N, d1, ..., dK), also with a class axis
            of 1 (of one class, 0 and 1); or t in [0, 1], one-hot or not, shaped like ``input``.
        fp_weight: What false positives count, >= 0.
        fn_weight: What false negatives count, >= 0.
        gamma: The exponent, > 0; the paper writes 1 / gamma. Below 1, regions that are nearly right
            matter more.
        activation: ``"softmax"`` over the classes, ``"sigmoid"`` of each, or None where ``input``
            holds p.
        smooth: s >= 0, which keeps small regions from mattering too much.
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
        * The power is of each region, not of the mean over regions, which some libraries take.
        * At a perfect match, l = 0, the gradient for ``gamma`` < 1 is 0, not infinite.

    Reference:
        N. Abraham, N. M. Khan, "A novel focal Tversky loss function with improved attention U-Net
        for lesion segmentation", ISBI 2019, arXiv:1810.07842.

    Example:
        >>> import torch, lossops.functional as F
        >>> x = torch.tensor([[[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]]])
        >>> F.focal_tversky_loss(x, torch.tensor([[0, 1, 1]]), reduction="none")
        tensor([[0.3207, 0.3254]])
    """
    code, n = reduction_code("focal_tversky", reduction), scalar_tensor(normalizer, input)
    p, gone = activation_code("focal_tversky", activation), absent_code("focal_tversky", absent)
    return _focal_tversky(
        input,
        target,
        fp_weight,
        fn_weight,
        gamma,
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
