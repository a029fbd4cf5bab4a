"""Margin softmax: losses of embeddings, on the cosines of their angles with the class centres."""

from torch import Tensor

from .. import functional as F
from ..functional._common import TensorOrNumber
from ._base import LabelLoss


class ArcFaceLoss(LabelLoss):
    """Cross-entropy that asks for an angle to the right class smaller by ``margin``.

    See :func:`lossops.functional.arcface_loss`.

    Args:
        margin: The angle in radians, in [0, pi].
        scale: Factor of the cosines, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; a target y becomes y (1 - s) + s / C.

    Shape:
        input (C), (N, C) or (N, C, d1, ..., dK), target (), (N) or (N, d1, ..., dK); output scalar,
        or the shape of the target for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.ArcFaceLoss(scale=4.0)
        >>> loss(torch.tensor([[1.0, 0.5]]), torch.tensor([0]))
        tensor(0.1995)
    """

    __constants__ = ["margin", "scale", "reduction", "ignore_index", "label_smoothing"]
    margin: float
    scale: float
    weight: Tensor | None
    ignore_index: int
    label_smoothing: float

    def __init__(
        self,
        margin: float = 0.5,
        scale: float = 64.0,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction)
        self.margin = float(margin)
        self.scale = float(scale)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = float(label_smoothing)

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.arcface_loss(
            input,
            target,
            self.margin,
            self.scale,
            self.reduction,
            self.weight,
            self.ignore_index,
            self.label_smoothing,
            normalizer,
        )


class CosFaceLoss(LabelLoss):
    """Cross-entropy that asks for a cosine to the right class larger by ``margin``.

    See :func:`lossops.functional.cosface_loss`.

    Args:
        margin: By how much the cosine is reduced.
        scale: Factor of the cosines, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; a target y becomes y (1 - s) + s / C.

    Shape:
        input (C), (N, C) or (N, C, d1, ..., dK), target (), (N) or (N, d1, ..., dK); output scalar,
        or the shape of the target for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.CosFaceLoss(scale=4.0)
        >>> loss(torch.tensor([[1.0, 0.5]]), torch.tensor([0]))
        tensor(0.4375)
    """

    __constants__ = ["margin", "scale", "reduction", "ignore_index", "label_smoothing"]
    margin: float
    scale: float
    weight: Tensor | None
    ignore_index: int
    label_smoothing: float

    def __init__(
        self,
        margin: float = 0.35,
        scale: float = 64.0,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction)
        self.margin = float(margin)
        self.scale = float(scale)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = float(label_smoothing)

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.cosface_loss(
            input,
            target,
            self.margin,
            self.scale,
            self.reduction,
            self.weight,
            self.ignore_index,
            self.label_smoothing,
            normalizer,
        )
