"""Losses of one class out of C where some labels are wrong, or none is quite certain."""

# Generated from ../functional/noise.py by `python -m tools.generate --write`.
from torch import Tensor

from .. import functional as F
from .._op import number
from ..functional._common import TensorOrNumber
from ._base import LabelLoss


class SymmetricCrossEntropyLoss(LabelLoss):
    """Symmetric cross-entropy: that of the prediction, and that of the label given the prediction.

    See :func:`lossops.functional.symmetric_cross_entropy_loss`.

    Args:
        alpha: The factor of cross-entropy, which learns fast, > 0.
        beta: That of the reverse, which a wrong label can raise no further than to 4, >= 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t).
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.

    Shape:
        * input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        * target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis.
        * output: A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the
          dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.SymmetricCrossEntropyLoss()
        >>> loss(torch.zeros(1, 2), torch.tensor([0]))
        tensor(2.0693)
    """

    __constants__ = ["alpha", "beta", "reduction", "ignore_index"]
    weight: Tensor | None

    def __init__(
        self,
        alpha: float = 0.1,
        beta: float = 1.0,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int = -100,
    ) -> None:
        super().__init__(reduction)
        self.alpha = number("SymmetricCrossEntropyLoss", "alpha", alpha)
        self.beta = number("SymmetricCrossEntropyLoss", "beta", beta)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.symmetric_cross_entropy_loss(
            input,
            target,
            self.alpha,
            self.beta,
            self.reduction,
            self.weight,
            self.ignore_index,
            normalizer,
        )


class TaylorCrossEntropyLoss(LabelLoss):
    """Taylor cross-entropy: the first terms of the series of -ln p, a bounded loss.

    See :func:`lossops.functional.taylor_cross_entropy_loss`.

    Args:
        terms: How many, from 1 to 64: 1 is the absolute error, many are cross-entropy.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t) for labels,
            sum(l) / rows for probabilities.
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; y becomes y (1 - s) + s / C.

    Shape:
        * input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        * target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis;
          or probabilities, a floating dtype, shaped like ``input``.
        * output: A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the
          dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.TaylorCrossEntropyLoss()
        >>> loss(torch.zeros(1, 2), torch.tensor([0]))
        tensor(0.6250)
    """

    __constants__ = ["terms", "reduction", "ignore_index", "label_smoothing"]
    weight: Tensor | None

    def __init__(
        self,
        terms: int = 2,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction)
        self.terms = terms
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = number("TaylorCrossEntropyLoss", "label_smoothing", label_smoothing)

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.taylor_cross_entropy_loss(
            input,
            target,
            self.terms,
            self.reduction,
            self.weight,
            self.ignore_index,
            self.label_smoothing,
            normalizer,
        )


class LabelRelaxationLoss(LabelLoss):
    """Label relaxation: a label may be any distribution that gives it at least 1 - alpha.

    See :func:`lossops.functional.label_relaxation_loss`.

    Args:
        alpha: What the other classes may have together, between 0 and 1.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t).
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.

    Shape:
        * input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        * target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis.
        * output: A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the
          dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.LabelRelaxationLoss()
        >>> loss(torch.tensor([[0.0, 0.0], [5.0, 0.0]]), torch.tensor([0, 0]))
        tensor(0.1840)
    """

    __constants__ = ["alpha", "reduction", "ignore_index"]
    weight: Tensor | None

    def __init__(
        self,
        alpha: float = 0.1,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int = -100,
    ) -> None:
        super().__init__(reduction)
        self.alpha = number("LabelRelaxationLoss", "alpha", alpha)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.label_relaxation_loss(
            input, target, self.alpha, self.reduction, self.weight, self.ignore_index, normalizer
        )


class NormalizedCrossEntropyLoss(LabelLoss):
    """Normalized cross-entropy: what the label costs over the sum of what all labels would cost.

    See :func:`lossops.functional.normalized_cross_entropy_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t).
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.

    Shape:
        * input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        * target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis.
        * output: A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the
          dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.NormalizedCrossEntropyLoss()
        >>> loss(torch.tensor([[2.0, 0.0, 0.0]]), torch.tensor([0]))
        tensor(0.0508)
    """

    __constants__ = ["reduction", "ignore_index"]
    weight: Tensor | None

    def __init__(
        self, reduction: str = "mean", weight: Tensor | None = None, ignore_index: int = -100
    ) -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.normalized_cross_entropy_loss(
            input, target, self.reduction, self.weight, self.ignore_index, normalizer
        )


class ELRLoss(LabelLoss):
    """Early-learning regularization: holds predictions to what they were before labels misled them.

    See :func:`lossops.functional.elr_loss`.

    Args:
        strength: The factor of the regularization, >= 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t).
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.

    Shape:
        * input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        * target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis.
        * average: Running averages of the predicted probabilities of the same samples, shaped like
          ``input``; a floating dtype.
        * output: A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the
          dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> x, q = torch.zeros(1, 2), torch.tensor([[0.9, 0.1]])
        >>> loss = lossops.nn.ELRLoss()
        >>> loss(x, torch.tensor([0]), q)
        tensor(-1.3863)
    """

    __constants__ = ["strength", "reduction", "ignore_index"]
    weight: Tensor | None

    def __init__(
        self,
        strength: float = 3.0,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int = -100,
    ) -> None:
        super().__init__(reduction)
        self.strength = number("ELRLoss", "strength", strength)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        average: Tensor,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.elr_loss(
            input,
            target,
            average,
            self.strength,
            self.reduction,
            self.weight,
            self.ignore_index,
            normalizer,
        )


class ConfidencePenaltyLoss(LabelLoss):
    """Cross-entropy with a confidence penalty: certain predictions cost more.

    See :func:`lossops.functional.confidence_penalty_loss`.

    Args:
        beta: What the entropy counts, >= 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t).
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.

    Shape:
        * input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        * target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis.
        * output: A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the
          dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.ConfidencePenaltyLoss()
        >>> loss(torch.zeros(1, 2), torch.tensor([0]))
        tensor(0.6238)
    """

    __constants__ = ["beta", "reduction", "ignore_index"]
    weight: Tensor | None

    def __init__(
        self,
        beta: float = 0.1,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int = -100,
    ) -> None:
        super().__init__(reduction)
        self.beta = number("ConfidencePenaltyLoss", "beta", beta)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.confidence_penalty_loss(
            input, target, self.beta, self.reduction, self.weight, self.ignore_index, normalizer
        )
