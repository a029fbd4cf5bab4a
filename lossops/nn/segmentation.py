"""Losses of regions beside what else an image holds: other classes, other pixels."""

# Generated from ../functional/segmentation.py by `python -m tools.generate --write`.
from torch import Tensor

from .. import functional as F
from .._op import number
from ..functional._common import TensorOrNumber
from ._base import RegionLoss


class GeneralizedDiceLoss(RegionLoss):
    """Generalized Dice loss: one ratio of all classes, each weighted by its size in the target.

    See :func:`lossops.functional.generalized_dice_loss`.

    Args:
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
        >>> loss = lossops.nn.GeneralizedDiceLoss()
        >>> loss(x, torch.tensor([[0, 1, 1]]))
        tensor(0.2509)
    """

    __constants__ = [
        "class_weighting",
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
    ) -> None:
        super().__init__(reduction)
        self.class_weighting = class_weighting
        self.activation = activation
        self.smooth = number("GeneralizedDiceLoss", "smooth", smooth)
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
        return F.generalized_dice_loss(
            input,
            target,
            self.class_weighting,
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


class MCCLoss(RegionLoss):
    """Loss of Matthews' correlation: of a class against the rest, true negatives included.

    See :func:`lossops.functional.mcc_loss`.

    Args:
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
        >>> loss = lossops.nn.MCCLoss(reduction="none")
        >>> loss(x, torch.tensor([[0, 1, 1]]))
        tensor([[0.4270, 0.4270]])
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
        self.smooth = number("MCCLoss", "smooth", smooth)
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
        return F.mcc_loss(
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


class DiceCELoss(RegionLoss):
    """Dice loss of the regions and cross-entropy of the pixels, in one pass over the logits.

    See :func:`lossops.functional.dice_ce_loss`.

    Args:
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

    Shape:
        * input: Logits, shape (N, C, d1, ..., dK); a floating dtype.
        * target: Labels in [0, C), an integer dtype, shape (N, d1, ..., dK), also with a class axis
          of 1 (of one class, 0 and 1); or t in [0, 1], one-hot or not, shaped like ``input``.
        * output: A 0-d tensor; the dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> x = torch.tensor([[[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]]])
        >>> loss = lossops.nn.DiceCELoss()
        >>> loss(x, torch.tensor([[0, 1, 1]]))
        tensor(0.5201)
    """

    __constants__ = [
        "dice_weight",
        "ce_weight",
        "label_smoothing",
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
    ) -> None:
        super().__init__(reduction)
        self.dice_weight = number("DiceCELoss", "dice_weight", dice_weight)
        self.ce_weight = number("DiceCELoss", "ce_weight", ce_weight)
        self.label_smoothing = number("DiceCELoss", "label_smoothing", label_smoothing)
        self.activation = activation
        self.smooth = number("DiceCELoss", "smooth", smooth)
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
        return F.dice_ce_loss(
            input,
            target,
            self.dice_weight,
            self.ce_weight,
            self.label_smoothing,
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


class DiceFocalLoss(RegionLoss):
    """Dice loss of the regions and focal loss of the pixels, in one pass over the logits.

    See :func:`lossops.functional.dice_focal_loss`.

    Args:
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

    Shape:
        * input: Logits, shape (N, C, d1, ..., dK); a floating dtype.
        * target: Labels in [0, C), an integer dtype, shape (N, d1, ..., dK), also with a class axis
          of 1 (of one class, 0 and 1); or t in [0, 1], one-hot or not, shaped like ``input``.
        * output: A 0-d tensor; the dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> x = torch.tensor([[[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]]])
        >>> loss = lossops.nn.DiceFocalLoss()
        >>> loss(x, torch.tensor([[0, 1, 1]]))
        tensor(0.2890)
    """

    __constants__ = [
        "dice_weight",
        "focal_weight",
        "gamma",
        "alpha",
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
    ) -> None:
        super().__init__(reduction)
        self.dice_weight = number("DiceFocalLoss", "dice_weight", dice_weight)
        self.focal_weight = number("DiceFocalLoss", "focal_weight", focal_weight)
        self.gamma = number("DiceFocalLoss", "gamma", gamma)
        if alpha is not None:
            alpha = number("DiceFocalLoss", "alpha", alpha)
        self.alpha = alpha
        self.activation = activation
        self.smooth = number("DiceFocalLoss", "smooth", smooth)
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
        return F.dice_focal_loss(
            input,
            target,
            self.dice_weight,
            self.focal_weight,
            self.gamma,
            self.alpha,
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
