"""Losses of boxes: how far a predicted rectangle is from the true one."""

import torch
from torch import Tensor

from ._common import Op, TensorOrNumber, choice_code, format_code, reduction_code, scalar_tensor

_iou = Op(torch.ops.lossops.iou)
_giou = Op(torch.ops.lossops.giou)
_diou = Op(torch.ops.lossops.diou)
_ciou = Op(torch.ops.lossops.ciou)
_eiou = Op(torch.ops.lossops.eiou)


def iou_loss(
    input: Tensor,
    target: Tensor,
    format: str = "xyxy",
    mode: str = "linear",
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """IoU loss: the part of two boxes that they do not share.

    Formula of a box, with the areas I of what it shares with the target and U of both together::

        IoU = I / U
        l = 1 - IoU                       mode "linear"
        l = -ln(IoU)                      mode "log"
        l = 1 - IoU^2                     mode "square"

    Args:
        input: Boxes along the last dimension, of size 4; a floating dtype.
        target: Boxes of the same shape; a floating or integer dtype.
        format: ``"xyxy"``, two corners; ``"xywh"``, the corner of both smallest numbers, width and
            height; or ``"cxcywh"``, the centre, width and height.
        mode: ``"linear"``, ``"log"`` or ``"square"``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per box; broadcasts to the shape of the loss for ``"none"``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or one loss per box for ``"none"``, the shape of ``input`` without its last
        dimension; the promoted dtype of the operands.

    Raises:
        ValueError: A word is unknown, or ``reduction`` rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * There is no eps: boxes of any size, in pixels or in shares of the image, are exact, and
          areas beyond the range of the dtype do no harm. Equal boxes cost 0 with gradient 0, also
          empty ones; other empty boxes have IoU 0. A side below 0 counts as 0.
        * A weight of 0 leaves a box out, even if it is NaN; the mean is over all boxes.
        * Boxes that do not touch cost 1, or inf with mode ``"log"``, and have gradient 0: the other
          losses of boxes pull them together.

    Reference:
        J. Yu, Y. Jiang, Z. Wang, Z. Cao, T. Huang, "UnitBox: an advanced object detection network",
        ACM Multimedia 2016, arXiv:1608.01471.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t = torch.tensor([0.0, 0.0, 2.0, 2.0]), torch.tensor([1.0, 0.0, 3.0, 2.0])
        >>> F.iou_loss(x, t)
        tensor(0.6667)
        >>> F.iou_loss(x, t, mode="log")
        tensor(1.0986)
    """
    code, n = reduction_code("iou", reduction), scalar_tensor(normalizer, input)
    form = format_code("iou", format)
    kind = choice_code("iou", "mode", mode, ["linear", "log", "square"])
    return _iou(input, target, form, kind, weight, None, n, code)


def giou_loss(
    input: Tensor,
    target: Tensor,
    format: str = "xyxy",
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Generalized IoU loss: IoU, and what the least box around both has beside them.

    Formula of a box, with the areas I of what it shares with the target, U of both together and C
    of the least box that holds both::

        l = 1 - I / U + (C - U) / C

    Args:
        input: Boxes along the last dimension, of size 4; a floating dtype.
        target: Boxes of the same shape; a floating or integer dtype.
        format: ``"xyxy"``, two corners; ``"xywh"``, the corner of both smallest numbers, width and
            height; or ``"cxcywh"``, the centre, width and height.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per box; broadcasts to the shape of the loss for ``"none"``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or one loss per box for ``"none"``, the shape of ``input`` without its last
        dimension; the promoted dtype of the operands.

    Raises:
        ValueError: A word is unknown, or ``reduction`` rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * On empty boxes, sizes and weights of 0 see :func:`iou_loss`.

    Reference:
        H. Rezatofighi et al., "Generalized intersection over union: a metric and a loss for
        bounding box regression", CVPR 2019, arXiv:1902.09630.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t = torch.tensor([10.0, 10.0, 12.0, 12.0]), torch.tensor([1.0, 1.0, 3.0, 3.0])
        >>> F.giou_loss(x, t)
        tensor(1.9339)
    """
    code, n = reduction_code("giou", reduction), scalar_tensor(normalizer, input)
    form = format_code("giou", format)
    return _giou(input, target, form, weight, None, n, code)


def diou_loss(
    input: Tensor,
    target: Tensor,
    format: str = "xyxy",
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Distance IoU loss: IoU, and how far the centres are apart.

    Formula of a box, with the areas I of what it shares with the target and U of both together, the
    distance d of the centres and the diagonal c of the least box that holds both::

        l = 1 - I / U + d^2 / c^2

    Args:
        input: Boxes along the last dimension, of size 4; a floating dtype.
        target: Boxes of the same shape; a floating or integer dtype.
        format: ``"xyxy"``, two corners; ``"xywh"``, the corner of both smallest numbers, width and
            height; or ``"cxcywh"``, the centre, width and height.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per box; broadcasts to the shape of the loss for ``"none"``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or one loss per box for ``"none"``, the shape of ``input`` without its last
        dimension; the promoted dtype of the operands.

    Raises:
        ValueError: A word is unknown, or ``reduction`` rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * On empty boxes, sizes and weights of 0 see :func:`iou_loss`. Equal points cost 0.

    Reference:
        Z. Zheng, P. Wang, W. Liu, J. Li, R. Ye, D. Ren, "Distance-IoU loss: faster and better
        learning for bounding box regression", AAAI 2020, arXiv:1911.08287.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t = torch.tensor([0.0, 0.0, 2.0, 2.0]), torch.tensor([1.0, 0.0, 3.0, 2.0])
        >>> F.diou_loss(x, t)
        tensor(0.7436)
    """
    code, n = reduction_code("diou", reduction), scalar_tensor(normalizer, input)
    form = format_code("diou", format)
    return _diou(input, target, form, weight, None, n, code)


def ciou_loss(
    input: Tensor,
    target: Tensor,
    format: str = "xyxy",
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Complete IoU loss: IoU, how far the centres are apart, and how much the shapes differ.

    Formula of a box, with I, U, d and c as in :func:`diou_loss` and widths and heights w, h of the
    box and w_t, h_t of the target::

        v = (4 / pi^2) (atan(w_t / h_t) - atan(w / h))^2
        a = v / (1 - I / U + v)           a constant in the gradient
        l = 1 - I / U + d^2 / c^2 + a v

    Args:
        input: Boxes along the last dimension, of size 4; a floating dtype.
        target: Boxes of the same shape; a floating or integer dtype.
        format: ``"xyxy"``, two corners; ``"xywh"``, the corner of both smallest numbers, width and
            height; or ``"cxcywh"``, the centre, width and height.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per box; broadcasts to the shape of the loss for ``"none"``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or one loss per box for ``"none"``, the shape of ``input`` without its last
        dimension; the promoted dtype of the operands.

    Raises:
        ValueError: A word is unknown, or ``reduction`` rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * The difference of the angles is taken from one arctan: it is exact for shapes that are
          almost equal, and a flat box has an angle and a gradient. A point has none, and v is 0.
        * Second derivatives are those of this formula, in which ``a`` does not move.

    Reference:
        Z. Zheng et al., "Enhancing geometric factors in model learning and inference for object
        detection and instance segmentation", IEEE Transactions on Cybernetics 2021,
        arXiv:2005.03572.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t = torch.tensor([0.0, 0.0, 2.0, 1.0]), torch.tensor([0.0, 0.0, 2.0, 2.0])
        >>> F.ciou_loss(x, t)
        tensor(0.5345)
    """
    code, n = reduction_code("ciou", reduction), scalar_tensor(normalizer, input)
    form = format_code("ciou", format)
    return _ciou(input, target, form, weight, None, n, code)


def eiou_loss(
    input: Tensor,
    target: Tensor,
    format: str = "xyxy",
    gamma: float = 0.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Efficient IoU loss: IoU, and how far centres, widths and heights are apart.

    Formula of a box, with I, U, d and c as in :func:`diou_loss`, widths and heights w, h of the box
    and w_t, h_t of the target, and those of the least box that holds both, c_w and c_h::

        l = (I / U)^gamma (1 - I / U + d^2 / c^2 + (w - w_t)^2 / c_w^2 + (h - h_t)^2 / c_h^2)

    The factor in front is a constant in the gradient.

    Args:
        input: Boxes along the last dimension, of size 4; a floating dtype.
        target: Boxes of the same shape; a floating or integer dtype.
        format: ``"xyxy"``, two corners; ``"xywh"``, the corner of both smallest numbers, width and
            height; or ``"cxcywh"``, the centre, width and height.
        gamma: How much more good boxes count, >= 0; 0.5 makes Focal-EIoU.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per box; broadcasts to the shape of the loss for ``"none"``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or one loss per box for ``"none"``, the shape of ``input`` without its last
        dimension; the promoted dtype of the operands.

    Raises:
        ValueError: A word is unknown, or ``reduction`` rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * Where a side of both boxes is 0, the term of that side is 0.
        * With ``gamma`` > 0, boxes that share nothing count for nothing.

    Reference:
        Y.-F. Zhang et al., "Focal and efficient IOU loss for accurate bounding box regression",
        Neurocomputing 506, 2022, arXiv:2101.08158.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t = torch.tensor([0.0, 0.0, 2.0, 1.0]), torch.tensor([0.0, 0.0, 2.0, 2.0])
        >>> F.eiou_loss(x, t)
        tensor(0.7812)
    """
    code, n = reduction_code("eiou", reduction), scalar_tensor(normalizer, input)
    form = format_code("eiou", format)
    return _eiou(input, target, form, gamma, weight, None, n, code)
