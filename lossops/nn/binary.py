"""Losses of yes-or-no targets, one or many per sample."""

from torch import Tensor

from .. import functional as F
from ..functional._common import TensorOrNumber
from ._base import Loss


class BCELoss(Loss):
    """Binary cross-entropy of probabilities.

    See :func:`lossops.functional.binary_cross_entropy`.

    Args:
        weight: A factor per element; broadcasts to the input.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Elements with this target are left out, and get gradient 0.

    Shape:
        input (*), target (*); output scalar, or (*) for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.BCELoss()
        >>> loss(torch.tensor([0.5, 0.5]), torch.tensor([0, 1]))
        tensor(0.6931)
    """

    __constants__ = ["reduction", "ignore_index"]
    weight: Tensor | None
    ignore_index: int | None

    def __init__(
        self, weight: Tensor | None = None, reduction: str = "mean", ignore_index: int | None = None
    ) -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.binary_cross_entropy(
            input, target, self.weight, self.reduction, self.ignore_index, normalizer
        )


class BCEWithLogitsLoss(Loss):
    """Binary cross-entropy of logits.

    See :func:`lossops.functional.binary_cross_entropy_with_logits`.

    Args:
        weight: A factor per element; broadcasts to the input.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        pos_weight: A factor of the positive part, often one per class; broadcasts to the input.
        label_smoothing: s in [0, 1]; a target t becomes t (1 - s) + s / 2.
        ignore_index: Elements with this target are left out, and get gradient 0.

    Shape:
        input (*), target (*); output scalar, or (*) for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.BCEWithLogitsLoss(ignore_index=255)
        >>> loss(torch.zeros(3), torch.tensor([0, 1, 255]))
        tensor(0.6931)
    """

    __constants__ = ["reduction", "label_smoothing", "ignore_index"]
    weight: Tensor | None
    pos_weight: Tensor | None
    label_smoothing: float
    ignore_index: int | None

    def __init__(
        self,
        weight: Tensor | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
        label_smoothing: float = 0.0,
        ignore_index: int | None = None,
    ) -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)
        self.label_smoothing = float(label_smoothing)
        self.ignore_index = ignore_index

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.binary_cross_entropy_with_logits(
            input,
            target,
            self.weight,
            self.reduction,
            self.pos_weight,
            self.label_smoothing,
            self.ignore_index,
            normalizer,
        )


class FocalLoss(Loss):
    """Sigmoid focal loss: binary cross-entropy that fades out where the prediction is right.

    See :func:`lossops.functional.focal_loss`.

    Args:
        alpha: Weight of the positives, in [0, 1], against 1 - alpha of the negatives; None leaves
            it out.
        gamma: How fast easy elements fade, >= 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Elements with this target are left out, and get gradient 0.

    Shape:
        input (*), target (*); output scalar, or (*) for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.FocalLoss(alpha=None)
        >>> loss(torch.zeros(2), torch.tensor([1, 0]))
        tensor(0.1733)
    """

    __constants__ = ["alpha", "gamma", "reduction", "ignore_index"]
    alpha: float | None
    gamma: float
    ignore_index: int | None

    def __init__(
        self,
        alpha: float | None = 0.25,
        gamma: float = 2.0,
        reduction: str = "mean",
        ignore_index: int | None = None,
    ) -> None:
        super().__init__(reduction)
        self.alpha = None if alpha is None else float(alpha)
        self.gamma = float(gamma)
        self.ignore_index = ignore_index

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.focal_loss(
            input,
            target,
            self.alpha,
            self.gamma,
            self.reduction,
            weight,
            self.ignore_index,
            normalizer,
        )


class AsymmetricLoss(Loss):
    """Asymmetric loss (ASL) for many labels, few of them positive.

    See :func:`lossops.functional.asymmetric_loss`.

    Args:
        gamma_pos: How fast easy positives fade, >= 0.
        gamma_neg: How fast easy negatives fade, >= 0.
        clip: Negatives whose probability is below this cost nothing; in [0, 1).
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Elements with this target are left out, and get gradient 0.

    Shape:
        input (*), target (*); output scalar, or (*) for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.AsymmetricLoss()
        >>> loss(torch.zeros(2), torch.tensor([1, 1]))
        tensor(0.3466)
    """

    __constants__ = ["gamma_pos", "gamma_neg", "clip", "reduction", "ignore_index"]
    gamma_pos: float
    gamma_neg: float
    clip: float
    ignore_index: int | None

    def __init__(
        self,
        gamma_pos: float = 1.0,
        gamma_neg: float = 4.0,
        clip: float = 0.05,
        reduction: str = "mean",
        ignore_index: int | None = None,
    ) -> None:
        super().__init__(reduction)
        self.gamma_pos = float(gamma_pos)
        self.gamma_neg = float(gamma_neg)
        self.clip = float(clip)
        self.ignore_index = ignore_index

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.asymmetric_loss(
            input,
            target,
            self.gamma_pos,
            self.gamma_neg,
            self.clip,
            self.reduction,
            weight,
            self.ignore_index,
            normalizer,
        )


class RWWBCELoss(Loss):
    """Binary cross-entropy in which each kind of mistake weighs what it costs in the real world.

    See :func:`lossops.functional.rww_bce_loss`.

    Args:
        fn_weight: Marginal cost of a false negative over a true positive, >= 0.
        fp_weight: Marginal cost of a false positive over a true negative, >= 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Elements with this target are left out, and get gradient 0.

    Shape:
        input (*), target (*); output scalar, or (*) for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.RWWBCELoss(fn_weight=10.0)
        >>> loss(torch.zeros(2), torch.tensor([1, 1]))
        tensor(6.9315)
    """

    __constants__ = ["fn_weight", "fp_weight", "reduction", "ignore_index"]
    fn_weight: float
    fp_weight: float
    ignore_index: int | None

    def __init__(
        self,
        fn_weight: float = 1.0,
        fp_weight: float = 1.0,
        reduction: str = "mean",
        ignore_index: int | None = None,
    ) -> None:
        super().__init__(reduction)
        self.fn_weight = float(fn_weight)
        self.fp_weight = float(fp_weight)
        self.ignore_index = ignore_index

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.rww_bce_loss(
            input,
            target,
            self.fn_weight,
            self.fp_weight,
            self.reduction,
            weight,
            self.ignore_index,
            normalizer,
        )


class MultiLabelSoftMarginLoss(Loss):
    """Binary cross-entropy of the logits of C labels, averaged over the labels of a sample.

    See :func:`lossops.functional.multilabel_soft_margin_loss`.

    Args:
        weight: A factor per element; broadcasts to the input.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Elements with this target are left out, and get gradient 0.

    Shape:
        input (*, C), target (*, C), sizes equal or 1; output scalar, or (*) for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.MultiLabelSoftMarginLoss()
        >>> loss(torch.zeros(2, 3), torch.ones(2, 3))
        tensor(0.6931)
    """

    __constants__ = ["reduction", "ignore_index"]
    weight: Tensor | None
    ignore_index: int | None

    def __init__(
        self, weight: Tensor | None = None, reduction: str = "mean", ignore_index: int | None = None
    ) -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.multilabel_soft_margin_loss(
            input, target, self.weight, self.reduction, self.ignore_index, normalizer
        )

    def denominator(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """What the mean divides by: the elements over C; see :meth:`Loss.denominator`."""
        return super().denominator(target) / target.size(-1)
