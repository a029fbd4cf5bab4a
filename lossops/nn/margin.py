"""Losses that ask for a margin: of targets -1 and 1, or of classes."""

from torch import Tensor

from .. import functional as F
from ..functional._common import TensorOrNumber
from ._base import Loss


class HingeLoss(Loss):
    """Hinge loss of a support-vector machine.

    See :func:`lossops.functional.hinge_loss`.

    Args:
        margin: The margin that costs nothing.
        power: 1, or 2 for the squared hinge.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Elements with this target are left out, and get gradient 0.

    Shape:
        input (*), target (*); output scalar, or (*) for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.HingeLoss(power=2)
        >>> loss(torch.tensor([0.5, 2.0]), torch.tensor([1, 1]))
        tensor(0.1250)
    """

    __constants__ = ["margin", "power", "reduction", "ignore_index"]
    margin: float
    power: int
    ignore_index: int | None

    def __init__(
        self,
        margin: float = 1.0,
        power: int = 1,
        reduction: str = "mean",
        ignore_index: int | None = None,
    ) -> None:
        super().__init__(reduction)
        self.margin = float(margin)
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
    """Hinge loss of distances: pulls similar pairs together and pushes the others apart.

    See :func:`lossops.functional.hinge_embedding_loss`.

    Args:
        margin: The distance beyond which dissimilar pairs cost nothing.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Elements with this target are left out, and get gradient 0.

    Shape:
        input (*), target (*), sizes equal or 1; output scalar, or (*) for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.HingeEmbeddingLoss()
        >>> loss(torch.tensor([0.25, 0.25]), torch.tensor([1, -1]))
        tensor(0.5000)
    """

    __constants__ = ["margin", "reduction", "ignore_index"]
    margin: float
    ignore_index: int | None

    def __init__(
        self, margin: float = 1.0, reduction: str = "mean", ignore_index: int | None = None
    ) -> None:
        super().__init__(reduction)
        self.margin = float(margin)
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
        input (*), target (*), sizes equal or 1; output scalar, or (*) for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.SoftMarginLoss()
        >>> loss(torch.zeros(2), torch.tensor([1, -1]))
        tensor(0.6931)
    """

    __constants__ = ["reduction", "ignore_index"]
    ignore_index: int | None

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
        input1 (*), input2 (*), target (*), sizes equal or 1; output scalar, or (*) for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.MarginRankingLoss(margin=1.0)
        >>> loss(torch.tensor([1.0]), torch.tensor([0.5]), torch.tensor([1]))
        tensor(0.5000)
    """

    __constants__ = ["margin", "reduction", "ignore_index"]
    margin: float
    ignore_index: int | None

    def __init__(
        self, margin: float = 0.0, reduction: str = "mean", ignore_index: int | None = None
    ) -> None:
        super().__init__(reduction)
        self.margin = float(margin)
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
        weight: A factor per class, shape (C), of the rows of that class.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Rows with this label are left out, and get gradient 0.

    Shape:
        input (C), (N, C) or (N, C, d1, ..., dK), target (), (N) or (N, d1, ..., dK); output scalar,
        or the shape of the target for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.MultiMarginLoss()
        >>> loss(torch.tensor([[0.5, 0.25, 0.0]]), torch.tensor([0]))
        tensor(0.4167)
    """

    __constants__ = ["p", "margin", "reduction", "ignore_index"]
    p: int
    margin: float
    weight: Tensor | None
    ignore_index: int | None

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
        self.margin = float(margin)
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


class MultiLabelMarginLoss(Loss):
    """Hinge loss of many labels: each right score should exceed each wrong one by 1.

    See :func:`lossops.functional.multilabel_margin_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        input (C) or (N, C), target of the same shape; output scalar, or () or (N) for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.MultiLabelMarginLoss()
        >>> loss(torch.tensor([[0.5, 0.25, 0.0, 0.0]]), torch.tensor([[1, 0, -1, 0]]))
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

    def denominator(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """What the mean divides by: the rows; see :meth:`Loss.denominator`."""
        return super().denominator(target[..., 0])
