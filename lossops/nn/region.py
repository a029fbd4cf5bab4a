"""Losses of regions: how well a class covers its place in an image."""

# Generated from ../functional/region.py by `python -m tools.generate --write`.
from torch import Tensor

from .. import functional as F
from .._op import number
from ..functional._common import TensorOrNumber
from ._base import RegionLoss


class DiceLoss(RegionLoss):
    """Dice loss: what share of a class's pixels, predicted and true, do not overlap.

    See :func:`lossops.functional.dice_loss`.

    Args:
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

    Shape:
        * input: Logits or, without ``activation``, probabilities, shape (N, C, d1, ..., dK); a
          floating dtype.
        * target: Labels in [0, C), an integer dtype, shape (N, d1, ..., dK), also with a class axis
          of 1 (of one class, 0 and 1); or t in [0, 1], one-hot or not, shaped like ``input``.
        * output: A 0-d tensor, or for ``"none"`` one loss per sample and class, shape (N, C); with
          ``batch`` (C), and without the background one less. The dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> x = torch.tensor([[[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]]])
        >>> loss = lossops.nn.DiceLoss(reduction="none")
        >>> loss(x, torch.tensor([[0, 1, 1]]))
        tensor([[0.2745, 0.1866]])
    """

    __constants__ = [
        "activation",
        "smooth",
        "batch",
        "include_background",
        "squared",
        "soft_label",
        "log",
        "absent",
        "reduction",
        "ignore_index",
    ]
    weight: Tensor | None

    def __init__(
        self,
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
    ) -> None:
        super().__init__(reduction)
        self.activation = activation
        self.smooth = number("DiceLoss", "smooth", smooth)
        self.batch = batch
        self.include_background = include_background
        self.squared = squared
        self.soft_label = soft_label
        self.log = log
        self.absent = absent
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.dice_loss(
            input,
            target,
            self.activation,
            self.smooth,
            self.batch,
            self.include_background,
            self.squared,
            self.soft_label,
            self.log,
            self.absent,
            self.reduction,
            self.weight,
            self.ignore_index,
            normalizer,
        )


class JaccardLoss(RegionLoss):
    """Jaccard loss, or soft IoU: intersection over union of a class's pixels, predicted and true.

    See :func:`lossops.functional.jaccard_loss`.

    Args:
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

    Shape:
        * input: Logits or, without ``activation``, probabilities, shape (N, C, d1, ..., dK); a
          floating dtype.
        * target: Labels in [0, C), an integer dtype, shape (N, d1, ..., dK), also with a class axis
          of 1 (of one class, 0 and 1); or t in [0, 1], one-hot or not, shaped like ``input``.
        * output: A 0-d tensor, or for ``"none"`` one loss per sample and class, shape (N, C); with
          ``batch`` (C), and without the background one less. The dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> x = torch.tensor([[[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]]])
        >>> loss = lossops.nn.JaccardLoss(reduction="none")
        >>> loss(x, torch.tensor([[0, 1, 1]]))
        tensor([[0.4308, 0.3146]])
    """

    __constants__ = [
        "activation",
        "smooth",
        "batch",
        "include_background",
        "squared",
        "soft_label",
        "log",
        "absent",
        "reduction",
        "ignore_index",
    ]
    weight: Tensor | None

    def __init__(
        self,
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
    ) -> None:
        super().__init__(reduction)
        self.activation = activation
        self.smooth = number("JaccardLoss", "smooth", smooth)
        self.batch = batch
        self.include_background = include_background
        self.squared = squared
        self.soft_label = soft_label
        self.log = log
        self.absent = absent
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.jaccard_loss(
            input,
            target,
            self.activation,
            self.smooth,
            self.batch,
            self.include_background,
            self.squared,
            self.soft_label,
            self.log,
            self.absent,
            self.reduction,
            self.weight,
            self.ignore_index,
            normalizer,
        )


class TverskyLoss(RegionLoss):
    """Tversky loss: a Dice loss that tells false positives from false negatives.

    See :func:`lossops.functional.tversky_loss`.

    Args:
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

    Shape:
        * input: Logits or, without ``activation``, probabilities, shape (N, C, d1, ..., dK); a
          floating dtype.
        * target: Labels in [0, C), an integer dtype, shape (N, d1, ..., dK), also with a class axis
          of 1 (of one class, 0 and 1); or t in [0, 1], one-hot or not, shaped like ``input``.
        * output: A 0-d tensor, or for ``"none"`` one loss per sample and class, shape (N, C); with
          ``batch`` (C), and without the background one less. The dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> x = torch.tensor([[[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]]])
        >>> loss = lossops.nn.TverskyLoss(fp_weight=0.3, fn_weight=0.7, reduction="none")
        >>> loss(x, torch.tensor([[0, 1, 1]]))
        tensor([[0.2195, 0.2239]])
    """

    __constants__ = [
        "fp_weight",
        "fn_weight",
        "activation",
        "smooth",
        "batch",
        "include_background",
        "squared",
        "soft_label",
        "log",
        "absent",
        "reduction",
        "ignore_index",
    ]
    weight: Tensor | None

    def __init__(
        self,
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
    ) -> None:
        super().__init__(reduction)
        self.fp_weight = number("TverskyLoss", "fp_weight", fp_weight)
        self.fn_weight = number("TverskyLoss", "fn_weight", fn_weight)
        self.activation = activation
        self.smooth = number("TverskyLoss", "smooth", smooth)
        self.batch = batch
        self.include_background = include_background
        self.squared = squared
        self.soft_label = soft_label
        self.log = log
        self.absent = absent
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.tversky_loss(
            input,
            target,
            self.fp_weight,
            self.fn_weight,
            self.activation,
            self.smooth,
            self.batch,
            self.include_background,
            self.squared,
            self.soft_label,
            self.log,
            self.absent,
            self.reduction,
            self.weight,
            self.ignore_index,
            normalizer,
        )


class FocalTverskyLoss(RegionLoss):
    """Focal Tversky loss: a power of each region's Tversky loss, which moves weight between them.

    See :func:`lossops.functional.focal_tversky_loss`.

    Args:
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

    Shape:
        * input: Logits or, without ``activation``, probabilities, shape (N, C, d1, ..., dK); a
          floating dtype.
        * target: Labels in [0, C), an integer dtype, shape (N, d1, ..., dK), also with a class axis
          of 1 (of one class, 0 and 1); or t in [0, 1], one-hot or not, shaped like ``input``.
        * output: A 0-d tensor, or for ``"none"`` one loss per sample and class, shape (N, C); with
          ``batch`` (C), and without the background one less. The dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> x = torch.tensor([[[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]]])
        >>> loss = lossops.nn.FocalTverskyLoss(reduction="none")
        >>> loss(x, torch.tensor([[0, 1, 1]]))
        tensor([[0.3207, 0.3254]])
    """

    __constants__ = [
        "fp_weight",
        "fn_weight",
        "gamma",
        "activation",
        "smooth",
        "batch",
        "include_background",
        "squared",
        "soft_label",
        "log",
        "absent",
        "reduction",
        "ignore_index",
    ]
    weight: Tensor | None

    def __init__(
        self,
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
    ) -> None:
        super().__init__(reduction)
        self.fp_weight = number("FocalTverskyLoss", "fp_weight", fp_weight)
        self.fn_weight = number("FocalTverskyLoss", "fn_weight", fn_weight)
        self.gamma = number("FocalTverskyLoss", "gamma", gamma)
        self.activation = activation
        self.smooth = number("FocalTverskyLoss", "smooth", smooth)
        self.batch = batch
        self.include_background = include_background
        self.squared = squared
        self.soft_label = soft_label
        self.log = log
        self.absent = absent
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.focal_tversky_loss(
            input,
            target,
            self.fp_weight,
            self.fn_weight,
            self.gamma,
            self.activation,
            self.smooth,
            self.batch,
            self.include_background,
            self.squared,
            self.soft_label,
            self.log,
            self.absent,
            self.reduction,
            self.weight,
            self.ignore_index,
            normalizer,
        )
