"""Losses that ask for a margin: of targets -1 and 1, or of classes."""

# Generated from ../functional/margin.py by `python -m tools.generate --write`.
from torch import Tensor

from .. import functional as F
from .._op import number
from ..functional._common import TensorOrNumber
from ._base import Loss, SampleLoss


class HingeLoss(Loss):
    """Hinge loss of a support-vector machine: 0 once the score is right by ``margin``.

    See :func:`lossops.functional.hinge_loss`.

    Args:
        margin: The margin that costs nothing.
        power: 1, or 2 for the squared hinge.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Elements with this target are left out, and get gradient 0.

    Shape:
        * input: Scores of any shape; a floating dtype.
        * target: -1 or 1, of the same shape; a floating or integer dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> x, t = torch.tensor([0.5, 2.0, 1.0]), torch.tensor([1, 1, -1])
        >>> loss = lossops.nn.HingeLoss(power=2, reduction="none")
        >>> loss(x, t)
        tensor([0.2500, 0.0000, 4.0000])
    """

    __constants__ = ["margin", "power", "reduction", "ignore_index"]

    def __init__(
        self,
        margin: float = 1.0,
        power: int = 1,
        reduction: str = "mean",
        ignore_index: int | None = None,
    ) -> None:
        super().__init__(reduction)
        self.margin = number("HingeLoss", "margin", margin)
        self.power = power
        self.ignore_index = ignore_index

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.hinge_loss(
            input,
            target,
            self.margin,
            self.power,
            self.reduction,
            weight,
            self.ignore_index,
            normalizer,
        )


class HingeEmbeddingLoss(Loss):
    """Hinge loss of distances: pulls similar pairs together and pushes the others ``margin`` apart.

    See :func:`lossops.functional.hinge_embedding_loss`.

    Args:
        margin: The distance beyond which dissimilar pairs cost nothing.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Elements with this target are left out, and get gradient 0.

    Shape:
        * input: Distances of any shape; a floating dtype.
        * target: -1 or 1, a floating or integer dtype; broadcasts with ``input``.
        * output: A 0-d tensor, or the shape of the operands for ``"none"``; their promoted dtype.

    Example:
        >>> import torch, lossops
        >>> x, t = torch.tensor([0.25, 0.25]), torch.tensor([1, -1])
        >>> loss = lossops.nn.HingeEmbeddingLoss(reduction="none")
        >>> loss(x, t)
        tensor([0.2500, 0.7500])
    """

    __constants__ = ["margin", "reduction", "ignore_index"]

    def __init__(
        self, margin: float = 1.0, reduction: str = "mean", ignore_index: int | None = None
    ) -> None:
        super().__init__(reduction)
        self.margin = number("HingeEmbeddingLoss", "margin", margin)
        self.ignore_index = ignore_index

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.hinge_embedding_loss(
            input, target, self.margin, self.reduction, weight, self.ignore_index, normalizer
        )


class SoftMarginLoss(Loss):
    """Logistic loss of targets -1 and 1: the smooth hinge.

    See :func:`lossops.functional.soft_margin_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Elements with this target are left out, and get gradient 0.

    Shape:
        * input: Scores of any shape; a floating dtype.
        * target: -1 or 1, a floating or integer dtype; broadcasts with ``input``.
        * output: A 0-d tensor, or the shape of the operands for ``"none"``; their promoted dtype.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.SoftMarginLoss(reduction="none")
        >>> loss(torch.tensor([0.0, -100.0]), torch.tensor([1, 1]))
        tensor([  0.6931, 100.0000])
    """

    __constants__ = ["reduction", "ignore_index"]

    def __init__(self, reduction: str = "mean", ignore_index: int | None = None) -> None:
        super().__init__(reduction)
        self.ignore_index = ignore_index

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.soft_margin_loss(
            input, target, self.reduction, weight, self.ignore_index, normalizer
        )


class MarginRankingLoss(Loss):
    """Ranking loss of pairs: asks that one score exceed the other by ``margin``.

    See :func:`lossops.functional.margin_ranking_loss`.

    Args:
        margin: By how much.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Elements with this target are left out, and get gradient 0.

    Shape:
        * input1: Scores of any shape; a floating dtype.
        * input2: Scores to compare with; the number of dimensions of ``input1``, sizes equal or 1.
        * target: 1 where ``input1`` should rank higher, -1 where ``input2`` should; shaped like
          ``input2``.
        * output: A 0-d tensor, or the shape of the operands for ``"none"``; their promoted dtype.

    Example:
        >>> import torch, lossops
        >>> a, b = torch.tensor([1.0, 1.0]), torch.tensor([0.5, 3.0])
        >>> loss = lossops.nn.MarginRankingLoss(margin=1.0, reduction="none")
        >>> loss(a, b, torch.tensor([1, 1]))
        tensor([0.5000, 3.0000])
    """

    __constants__ = ["margin", "reduction", "ignore_index"]

    def __init__(
        self, margin: float = 0.0, reduction: str = "mean", ignore_index: int | None = None
    ) -> None:
        super().__init__(reduction)
        self.margin = number("MarginRankingLoss", "margin", margin)
        self.ignore_index = ignore_index

    def forward(
        self,
        input1: Tensor,
        input2: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.margin_ranking_loss(
            input1,
            input2,
            target,
            self.margin,
            self.reduction,
            weight,
            self.ignore_index,
            normalizer,
        )


class MultiMarginLoss(Loss):
    """Hinge loss over classes: the right score should exceed every other by ``margin``.

    See :func:`lossops.functional.multi_margin_loss`.

    Args:
        p: 1, or 2 for the squared hinge.
        margin: The margin that costs nothing.
        weight: A factor per class, shape (C); 1 where left out. Not part of the mean.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / rows.
        ignore_index: Rows with this label are left out, and get gradient 0.

    Shape:
        * input: Scores, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        * target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis.
        * output: A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the
          dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> x = torch.tensor([[0.5, 0.25, 0.0], [3.0, 0.0, 0.0]])
        >>> loss = lossops.nn.MultiMarginLoss(reduction="none")
        >>> loss(x, torch.tensor([0, 0]))
        tensor([0.4167, 0.0000])
    """

    __constants__ = ["p", "margin", "reduction", "ignore_index"]
    weight: Tensor | None

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        reduction: str = "mean",
        ignore_index: int | None = None,
    ) -> None:
        super().__init__(reduction)
        self.p = p
        self.margin = number("MultiMarginLoss", "margin", margin)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.multi_margin_loss(
            input,
            target,
            self.p,
            self.margin,
            self.weight,
            self.reduction,
            self.ignore_index,
            normalizer,
        )


class MultiLabelMarginLoss(SampleLoss):
    """Hinge loss of many labels: each right score should exceed each wrong one by 1.

    See :func:`lossops.functional.multilabel_margin_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / rows.

    Shape:
        * input: Scores, shape (C) or (N, C); a floating dtype.
        * target: The labels of each row, in [0, C), then -1 where there are fewer than C; an
          integer dtype, shaped like ``input``.
        * output: A 0-d tensor, or the shape ``input.shape[:-1]`` for ``"none"``; the dtype of
          ``input``.

    Example:
        >>> import torch, lossops
        >>> x = torch.tensor([[0.5, 0.25, 0.0, 0.0]])
        >>> loss = lossops.nn.MultiLabelMarginLoss()
        >>> loss(x, torch.tensor([[1, 0, -1, 0]]))
        tensor(0.6250)
    """

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.multilabel_margin_loss(input, target, self.reduction, weight, normalizer)
