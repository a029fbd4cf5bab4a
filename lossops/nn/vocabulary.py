"""A linear layer and the loss of its logits, in one."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from .. import functional as F
from .._op import number
from ..functional._common import TensorOrNumber
from ._base import LayerLoss
from .classification import CrossEntropyLoss

__all__ = ["LinearCrossEntropyLoss"]


class LinearCrossEntropyLoss(LayerLoss):
    """Cross-entropy of the logits of a linear layer, which are never in memory as a whole.

    See :func:`lossops.functional.linear_cross_entropy`. The layer is ``linear``, a
    :class:`torch.nn.Linear`; tie it to an embedding by ``loss.linear.weight = embedding.weight``.

    Args:
        in_features: D.
        num_classes: C.
        out_features: (d1, ..., dK) of K-dimensional logits (N, C, d1, ..., dK).
        bias: Whether the layer has one.
        device: Of the layer.
        dtype: Of the layer.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t) for labels,
            sum(l) / rows for probabilities.
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0; None is -100.
        label_smoothing: s in [0, 1]; y becomes y (1 - s) + s / C.
        options: Taken for the sake of torch's signature, and not needed.
        z_loss: Factor of the squared log-sum-exp, >= 0; keeps the logits from drifting.
        softcap: Bound of the logits, > 0; None leaves them as they are.
        shift: How many positions ahead the target of a position is: 1 for the next token.

    Shape:
        * input: Features, shape (D) or (..., D); a floating dtype.
        * target: Labels in [0, C), shaped like ``input`` without its last dimension, and with
          ``out_features`` at the end; or probabilities, shaped like the logits.
        * output: A 0-d tensor, or the shape of ``target`` for labels and ``"none"``; the dtype of
          ``input``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.LinearCrossEntropyLoss(16, 1000)
        >>> loss(torch.zeros(4, 16), torch.tensor([1, 2, 3, 4]))
        tensor(6.9078, grad_fn=<LossBackward<linear_cross_entropy>>)
    """

    __constants__ = [
        "num_classes",
        "out_features",
        "reduction",
        "ignore_index",
        "label_smoothing",
        "z_loss",
        "softcap",
        "shift",
    ]
    weight: Tensor | None
    ignore_index: int | None  # type: ignore[assignment]  # as torch's

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: Any = None,  # noqa: ANN401, ARG002
        z_loss: float = 0.0,
        softcap: float | None = None,
        shift: int = 0,
    ) -> None:
        super().__init__(reduction)
        owner = "LinearCrossEntropyLoss"
        self.num_classes = num_classes
        self.out_features = out_features
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = number(owner, "label_smoothing", label_smoothing)
        self.z_loss = number(owner, "z_loss", z_loss)
        self.softcap = None if softcap is None else number(owner, "softcap", softcap)
        self.shift = shift
        self.linear = nn.Linear(
            in_features, num_classes * math.prod(out_features), bias, device, dtype
        )

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        shape, bias = (self.num_classes, *self.out_features), self.linear.bias
        return F.linear_cross_entropy(
            input,
            self.linear.weight.view((*shape, self.linear.in_features)),
            target,
            linear_bias=bias.view(shape) if bias is not None else None,
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            z_loss=self.z_loss,
            softcap=self.softcap,
            normalizer=normalizer,
            shift=self.shift,
        )

    def denominator(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """What the mean divides by; see :meth:`Loss.denominator`."""
        if target.is_floating_point():
            rows = target.movedim(1, -1) if self.out_features else target
            return super().denominator(rows[..., self.shift :, :] if self.shift else rows)
        ignored = -100 if self.ignore_index is None else self.ignore_index
        counted = target[..., self.shift :] if self.shift else target
        return CrossEntropyLoss(self.weight, ignored).denominator(counted)
