"""Losses of boxes: how far a predicted rectangle is from the true one."""

# Generated from ../functional/box.py by `python -m tools.generate --write`.
from torch import Tensor

from .. import functional as F
from .._op import number
from ..functional._common import TensorOrNumber
from ._base import VectorLoss


class IoULoss(VectorLoss):
    """IoU loss: the part of two boxes that they do not share.

    See :func:`lossops.functional.iou_loss`.

    Args:
        format: ``"xyxy"``, two corners; ``"xywh"``, the corner of both smallest numbers, width and
            height; or ``"cxcywh"``, the centre, width and height.
        mode: ``"linear"``, ``"log"`` or ``"square"``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Boxes along the last dimension, of size 4; a floating dtype.
        * target: Boxes of the same shape; a floating or integer dtype.
        * output: A 0-d tensor, or one loss per box for ``"none"``, the shape of ``input`` without
          its last dimension; the promoted dtype of the operands.

    Example:
        >>> import torch, lossops
        >>> x, t = torch.tensor([0.0, 0.0, 2.0, 2.0]), torch.tensor([1.0, 0.0, 3.0, 2.0])
        >>> loss = lossops.nn.IoULoss()
        >>> loss(x, t)
        tensor(0.6667)
    """

    __constants__ = ["format", "mode", "reduction"]

    def __init__(self, format: str = "xyxy", mode: str = "linear", reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.format = format
        self.mode = mode

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.iou_loss(input, target, self.format, self.mode, self.reduction, weight, normalizer)


class GIoULoss(VectorLoss):
    """Generalized IoU loss: IoU, and what the least box around both has beside them.

    See :func:`lossops.functional.giou_loss`.

    Args:
        format: ``"xyxy"``, two corners; ``"xywh"``, the corner of both smallest numbers, width and
            height; or ``"cxcywh"``, the centre, width and height.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Boxes along the last dimension, of size 4; a floating dtype.
        * target: Boxes of the same shape; a floating or integer dtype.
        * output: A 0-d tensor, or one loss per box for ``"none"``, the shape of ``input`` without
          its last dimension; the promoted dtype of the operands.

    Example:
        >>> import torch, lossops
        >>> x, t = torch.tensor([10.0, 10.0, 12.0, 12.0]), torch.tensor([1.0, 1.0, 3.0, 3.0])
        >>> loss = lossops.nn.GIoULoss()
        >>> loss(x, t)
        tensor(1.9339)
    """

    __constants__ = ["format", "reduction"]

    def __init__(self, format: str = "xyxy", reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.format = format

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.giou_loss(input, target, self.format, self.reduction, weight, normalizer)


class DIoULoss(VectorLoss):
    """Distance IoU loss: IoU, and how far the centres are apart.

    See :func:`lossops.functional.diou_loss`.

    Args:
        format: ``"xyxy"``, two corners; ``"xywh"``, the corner of both smallest numbers, width and
            height; or ``"cxcywh"``, the centre, width and height.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Boxes along the last dimension, of size 4; a floating dtype.
        * target: Boxes of the same shape; a floating or integer dtype.
        * output: A 0-d tensor, or one loss per box for ``"none"``, the shape of ``input`` without
          its last dimension; the promoted dtype of the operands.

    Example:
        >>> import torch, lossops
        >>> x, t = torch.tensor([0.0, 0.0, 2.0, 2.0]), torch.tensor([1.0, 0.0, 3.0, 2.0])
        >>> loss = lossops.nn.DIoULoss()
        >>> loss(x, t)
        tensor(0.7436)
    """

    __constants__ = ["format", "reduction"]

    def __init__(self, format: str = "xyxy", reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.format = format

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.diou_loss(input, target, self.format, self.reduction, weight, normalizer)


class CIoULoss(VectorLoss):
    """Complete IoU loss: IoU, how far the centres are apart, and how much the shapes differ.

    See :func:`lossops.functional.ciou_loss`.

    Args:
        format: ``"xyxy"``, two corners; ``"xywh"``, the corner of both smallest numbers, width and
            height; or ``"cxcywh"``, the centre, width and height.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Boxes along the last dimension, of size 4; a floating dtype.
        * target: Boxes of the same shape; a floating or integer dtype.
        * output: A 0-d tensor, or one loss per box for ``"none"``, the shape of ``input`` without
          its last dimension; the promoted dtype of the operands.

    Example:
        >>> import torch, lossops
        >>> x, t = torch.tensor([0.0, 0.0, 2.0, 1.0]), torch.tensor([0.0, 0.0, 2.0, 2.0])
        >>> loss = lossops.nn.CIoULoss()
        >>> loss(x, t)
        tensor(0.5345)
    """

    __constants__ = ["format", "reduction"]

    def __init__(self, format: str = "xyxy", reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.format = format

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.ciou_loss(input, target, self.format, self.reduction, weight, normalizer)


class EIoULoss(VectorLoss):
    """Efficient IoU loss: IoU, and how far centres, widths and heights are apart.

    See :func:`lossops.functional.eiou_loss`.

    Args:
        format: ``"xyxy"``, two corners; ``"xywh"``, the corner of both smallest numbers, width and
            height; or ``"cxcywh"``, the centre, width and height.
        gamma: How much more good boxes count, >= 0; 0.5 makes Focal-EIoU.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Boxes along the last dimension, of size 4; a floating dtype.
        * target: Boxes of the same shape; a floating or integer dtype.
        * output: A 0-d tensor, or one loss per box for ``"none"``, the shape of ``input`` without
          its last dimension; the promoted dtype of the operands.

    Example:
        >>> import torch, lossops
        >>> x, t = torch.tensor([0.0, 0.0, 2.0, 1.0]), torch.tensor([0.0, 0.0, 2.0, 2.0])
        >>> loss = lossops.nn.EIoULoss()
        >>> loss(x, t)
        tensor(0.7812)
    """

    __constants__ = ["format", "gamma", "reduction"]

    def __init__(self, format: str = "xyxy", gamma: float = 0.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.format = format
        self.gamma = number("EIoULoss", "gamma", gamma)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.eiou_loss(
            input, target, self.format, self.gamma, self.reduction, weight, normalizer
        )
