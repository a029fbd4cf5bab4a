"""Margin softmax: losses of embeddings, on the cosines of their angles with the class centres."""

# Generated from ../functional/metric.py by `python -m tools.generate --write`.
from torch import Tensor

from .. import functional as F
from .._op import number, without_numpy
from ..functional._common import TensorOrNumber
from ._base import LabelLoss


class ArcFaceLoss(LabelLoss):
    """ArcFace: cross-entropy that asks for an angle to the right class smaller by ``margin``.

    See :func:`lossops.functional.arcface_loss`.

    Args:
        margin: The angle in radians, in [0, pi]; in Python also one per class, shape (C).
        scale: Factor of the cosines, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t).
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; y becomes y (1 - s) + s / C.

    Shape:
        * input: Cosines of embedding and class centres, shape (C), (N, C) or (N, C, d1, ..., dK); a
          floating dtype.
        * target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis.
        * output: A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the
          dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> x = torch.tensor([[1.0, 0.5], [0.0, 0.5]])
        >>> loss = lossops.nn.ArcFaceLoss(margin=0.5, scale=4.0, reduction="none")
        >>> loss(x, torch.tensor([0, 0]))
        tensor([0.1995, 3.9374])
    """

    __constants__ = ["scale", "reduction", "ignore_index", "label_smoothing"]
    margin: TensorOrNumber
    weight: Tensor | None

    def __init__(
        self,
        margin: TensorOrNumber = 0.5,
        scale: float = 64.0,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction)
        margin = without_numpy(margin)
        if isinstance(margin, (int, float)):
            self.margin = number("ArcFaceLoss", "margin", margin)
        else:
            self.register_buffer("margin", margin)
        self.scale = number("ArcFaceLoss", "scale", scale)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = number("ArcFaceLoss", "label_smoothing", label_smoothing)

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

    def extra_repr(self) -> str:
        """The settings, as the constructor names them."""
        return f"margin={self.margin}, {super().extra_repr()}"


class CosFaceLoss(LabelLoss):
    """CosFace: cross-entropy that asks for a cosine to the right class larger by ``margin``.

    See :func:`lossops.functional.cosface_loss`.

    Args:
        margin: By how much the cosine is reduced; in Python also one per class, shape (C).
        scale: Factor of the cosines, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t).
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; y becomes y (1 - s) + s / C.

    Shape:
        * input: Cosines of embedding and class centres, shape (C), (N, C) or (N, C, d1, ..., dK); a
          floating dtype.
        * target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis.
        * output: A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the
          dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> x = torch.tensor([[1.0, 0.5], [0.0, 0.5]])
        >>> loss = lossops.nn.CosFaceLoss(margin=0.25, scale=4.0, reduction="none")
        >>> loss(x, torch.tensor([0, 0]))
        tensor([0.3133, 3.0486])
    """

    __constants__ = ["scale", "reduction", "ignore_index", "label_smoothing"]
    margin: TensorOrNumber
    weight: Tensor | None

    def __init__(
        self,
        margin: TensorOrNumber = 0.35,
        scale: float = 64.0,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction)
        margin = without_numpy(margin)
        if isinstance(margin, (int, float)):
            self.margin = number("CosFaceLoss", "margin", margin)
        else:
            self.register_buffer("margin", margin)
        self.scale = number("CosFaceLoss", "scale", scale)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = number("CosFaceLoss", "label_smoothing", label_smoothing)

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

    def extra_repr(self) -> str:
        """The settings, as the constructor names them."""
        return f"margin={self.margin}, {super().extra_repr()}"
