"""Losses of yes-or-no targets, one or many per sample."""

# Generated from ../functional/binary.py by `python -m tools.generate --write`.
from torch import Tensor

from .. import functional as F
from .._op import number, without_numpy
from ..functional._common import TensorOrNumber
from ._base import Loss, SampleLoss


class BCELoss(Loss):
    """Binary cross-entropy of probabilities.

    See :func:`lossops.functional.binary_cross_entropy`.

    Args:
        weight: A factor per element; broadcasts to ``input``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Elements with this target are left out, and get gradient 0.

    Shape:
        * input: Probabilities in [0, 1], any shape; a floating dtype.
        * target: Targets in [0, 1], of the same shape; a floating, integer or bool dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.BCELoss(reduction="none")
        >>> loss(torch.tensor([0.5, 0.9]), torch.tensor([0, 1]))
        tensor([0.6931, 0.1054])
    """

    __constants__ = ["reduction", "ignore_index"]
    weight: Tensor | None

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
        weight: A factor per element; broadcasts to ``input``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        pos_weight: A factor of the positive part, often one per class; broadcasts to ``input``.
        label_smoothing: s in [0, 1]; t becomes t (1 - s) + s / 2.
        ignore_index: Elements with this target are left out, and get gradient 0.

    Shape:
        * input: Logits of any shape; a floating dtype.
        * target: Targets of the same shape, usually in [0, 1]; a floating, integer or bool dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> x, t = torch.tensor([0.0, 100.0]), torch.tensor([1, 0])
        >>> loss = lossops.nn.BCEWithLogitsLoss(reduction="none")
        >>> loss(x, t)
        tensor([  0.6931, 100.0000])
    """

    __constants__ = ["reduction", "label_smoothing", "ignore_index"]
    weight: Tensor | None
    pos_weight: Tensor | None

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
        self.label_smoothing = number("BCEWithLogitsLoss", "label_smoothing", label_smoothing)
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
            alpha_t out.
        gamma: How fast easy elements fade, >= 0; 0 is plain cross-entropy; in Python also a tensor
            that broadcasts to ``input``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Elements with this target are left out, and get gradient 0.

    Shape:
        * input: Logits of any shape; a floating dtype.
        * target: Targets in [0, 1], of the same shape; a floating, integer or bool dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.FocalLoss(reduction="none")
        >>> loss(torch.zeros(2), torch.tensor([1, 0]))
        tensor([0.0433, 0.1300])
    """

    __constants__ = ["alpha", "reduction", "ignore_index"]
    gamma: TensorOrNumber

    def __init__(
        self,
        alpha: float | None = 0.25,
        gamma: TensorOrNumber = 2.0,
        reduction: str = "mean",
        ignore_index: int | None = None,
    ) -> None:
        super().__init__(reduction)
        if alpha is not None:
            alpha = number("FocalLoss", "alpha", alpha)
        self.alpha = alpha
        gamma = without_numpy(gamma)
        if isinstance(gamma, (int, float)):
            self.gamma = number("FocalLoss", "gamma", gamma)
        else:
            self.register_buffer("gamma", gamma)
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

    def extra_repr(self) -> str:
        """The settings, as the constructor names them."""
        return f"gamma={self.gamma}, {super().extra_repr()}"


class QualityFocalLoss(Loss):
    """Quality focal loss: cross-entropy with a score, which fades out where that is met.

    See :func:`lossops.functional.quality_focal_loss`.

    Args:
        beta: How fast it fades out, >= 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Elements with this target are left out, and get gradient 0.

    Shape:
        * input: Logits of any shape; a floating dtype.
        * target: Scores in [0, 1], of a detector the IoU of the box at its class and 0 elsewhere; a
          floating, integer or bool dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> x, t = torch.tensor([0.0, 0.0, 2.0]), torch.tensor([0.0, 0.5, 0.8])
        >>> loss = lossops.nn.QualityFocalLoss(reduction="none")
        >>> loss(x, t)
        tensor([0.1733, 0.0000, 0.0034])
    """

    __constants__ = ["beta", "reduction", "ignore_index"]

    def __init__(
        self, beta: float = 2.0, reduction: str = "mean", ignore_index: int | None = None
    ) -> None:
        super().__init__(reduction)
        self.beta = number("QualityFocalLoss", "beta", beta)
        self.ignore_index = ignore_index

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.quality_focal_loss(
            input, target, self.beta, self.reduction, weight, self.ignore_index, normalizer
        )


class VarifocalLoss(Loss):
    """Varifocal loss: cross-entropy with the score of a positive, and a focal loss of negatives.

    See :func:`lossops.functional.varifocal_loss`.

    Args:
        alpha: What a negative counts, >= 0.
        gamma: How fast negatives fade out, >= 0.
        iou_weighted: Whether a positive counts by its score, the first t of the formula.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Elements with this target are left out, and get gradient 0.

    Shape:
        * input: Logits of any shape; a floating dtype.
        * target: Scores in [0, 1], of a detector the IoU of the box at its class and 0 elsewhere; a
          floating, integer or bool dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> x, t = torch.tensor([0.0, 0.0, 2.0]), torch.tensor([0.0, 0.5, 0.8])
        >>> loss = lossops.nn.VarifocalLoss(reduction="none")
        >>> loss(x, t)
        tensor([0.1300, 0.3466, 0.4215])
    """

    __constants__ = ["alpha", "gamma", "iou_weighted", "reduction", "ignore_index"]

    def __init__(
        self,
        alpha: float = 0.75,
        gamma: float = 2.0,
        iou_weighted: bool = True,
        reduction: str = "mean",
        ignore_index: int | None = None,
    ) -> None:
        super().__init__(reduction)
        self.alpha = number("VarifocalLoss", "alpha", alpha)
        self.gamma = number("VarifocalLoss", "gamma", gamma)
        self.iou_weighted = iou_weighted
        self.ignore_index = ignore_index

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.varifocal_loss(
            input,
            target,
            self.alpha,
            self.gamma,
            self.iou_weighted,
            self.reduction,
            weight,
            self.ignore_index,
            normalizer,
        )


class GaussianFocalLoss(Loss):
    """Gaussian focal loss: of a heat map with a peak of 1 at each object, and less around it.

    See :func:`lossops.functional.gaussian_focal_loss`.

    Args:
        alpha: How fast what is right fades out, >= 0.
        gamma: How much less a neighbour of a peak counts, >= 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Elements with this target are left out, and get gradient 0.

    Shape:
        * input: Logits of any shape; a floating dtype.
        * target: The heat map, in [0, 1], of the same shape; a floating, integer or bool dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> x, t = torch.tensor([0.0, 0.0, 2.0]), torch.tensor([1.0, 0.5, 0.0])
        >>> loss = lossops.nn.GaussianFocalLoss(reduction="none")
        >>> loss(x, t)
        tensor([0.1733, 0.0108, 1.6501])
    """

    __constants__ = ["alpha", "gamma", "reduction", "ignore_index"]

    def __init__(
        self,
        alpha: float = 2.0,
        gamma: float = 4.0,
        reduction: str = "mean",
        ignore_index: int | None = None,
    ) -> None:
        super().__init__(reduction)
        self.alpha = number("GaussianFocalLoss", "alpha", alpha)
        self.gamma = number("GaussianFocalLoss", "gamma", gamma)
        self.ignore_index = ignore_index

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.gaussian_focal_loss(
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
    """Asymmetric loss (ASL) for many labels, few of them positive: easy negatives vanish.

    See :func:`lossops.functional.asymmetric_loss`.

    Args:
        gamma_pos: How fast easy positives fade, >= 0.
        gamma_neg: How fast easy negatives fade, >= 0.
        clip: Negatives whose probability is below this cost nothing; in [0, 1).
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Elements with this target are left out, and get gradient 0.

    Shape:
        * input: Logits of any shape; a floating dtype.
        * target: Targets in [0, 1], of the same shape; a floating, integer or bool dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> x, t = torch.tensor([0.0, 0.0, -3.0]), torch.tensor([1, 0, 0])
        >>> loss = lossops.nn.AsymmetricLoss(reduction="none")
        >>> loss(x, t)
        tensor([0.3466, 0.0245, 0.0000])
    """

    __constants__ = ["gamma_pos", "gamma_neg", "clip", "reduction", "ignore_index"]

    def __init__(
        self,
        gamma_pos: float = 1.0,
        gamma_neg: float = 4.0,
        clip: float = 0.05,
        reduction: str = "mean",
        ignore_index: int | None = None,
    ) -> None:
        super().__init__(reduction)
        self.gamma_pos = number("AsymmetricLoss", "gamma_pos", gamma_pos)
        self.gamma_neg = number("AsymmetricLoss", "gamma_neg", gamma_neg)
        self.clip = number("AsymmetricLoss", "clip", clip)
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
    """Real-world-weight binary cross-entropy: each kind of mistake weighs what it costs.

    See :func:`lossops.functional.rww_bce_loss`.

    Args:
        fn_weight: Marginal cost of a false negative over a true positive, >= 0.
        fp_weight: Marginal cost of a false positive over a true negative, >= 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Elements with this target are left out, and get gradient 0.

    Shape:
        * input: Logits of any shape; a floating dtype.
        * target: Targets in [0, 1], of the same shape; a floating, integer or bool dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.RWWBCELoss(fn_weight=10.0, reduction="none")
        >>> loss(torch.zeros(2), torch.tensor([1, 0]))
        tensor([6.9315, 0.6931])
    """

    __constants__ = ["fn_weight", "fp_weight", "reduction", "ignore_index"]

    def __init__(
        self,
        fn_weight: float = 1.0,
        fp_weight: float = 1.0,
        reduction: str = "mean",
        ignore_index: int | None = None,
    ) -> None:
        super().__init__(reduction)
        self.fn_weight = number("RWWBCELoss", "fn_weight", fn_weight)
        self.fp_weight = number("RWWBCELoss", "fp_weight", fp_weight)
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


class MultiLabelSoftMarginLoss(SampleLoss):
    """Binary cross-entropy of the logits of C labels, averaged over the labels of a sample.

    See :func:`lossops.functional.multilabel_soft_margin_loss`.

    Args:
        weight: A factor per element; broadcasts to ``input``. Often one per label.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The loss is one per sample.
        ignore_index: Elements with this target are left out, and get gradient 0.

    Shape:
        * input: Logits of the shape (..., C); a floating dtype.
        * target: Targets in [0, 1]; broadcasts with ``input``; any real dtype.
        * output: A 0-d tensor, or the shape ``input.shape[:-1]`` for ``"none"``; the promoted dtype
          of the operands.

    Example:
        >>> import torch, lossops
        >>> x, t = torch.tensor([[0.0, 9.0]]), torch.tensor([[1, 1]])
        >>> loss = lossops.nn.MultiLabelSoftMarginLoss(reduction="none")
        >>> loss(x, t)
        tensor([0.3466])
    """

    __constants__ = ["reduction", "ignore_index"]
    weight: Tensor | None

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
