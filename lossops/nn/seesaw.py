"""Seesaw loss, which counts the labels that it sees in training."""

import torch
from torch import Tensor

from .. import functional as F
from .._op import number
from ..functional._common import TensorOrNumber
from ._base import LabelLoss

__all__ = ["SeesawLoss"]


class SeesawLoss(LabelLoss):
    """Seesaw loss: frequent classes push rare ones less, unless they are mistaken for them.

    See :func:`lossops.functional.seesaw_loss`. The module counts the labels of each class that it
    is called with in training mode; the counts are saved with it. Call ``loss.eval()`` while you
    validate, or keep it inside the model: ``torch.no_grad()`` does not stop the counting. Across
    ranks each counts its own.

    Args:
        num_classes: C.
        p: How much a class rarer than the label's is spared, >= 0.
        q: How much a class more probable than the label's is pushed again, >= 0.
        eps: The least probability of the label's class in that comparison, in (0, 1].
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t).
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.

    Attributes:
        counts: How often each class was a label, shape (C), dtype int64.

    Shape:
        * input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        * target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis.
        * output: A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the
          dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.SeesawLoss(num_classes=3)
        >>> loss(torch.tensor([[1.0, 2.0, 0.0], [0.0, 3.0, 0.0]]), torch.tensor([0, 1]))
        tensor(1.5804)
        >>> loss.counts
        tensor([1, 1, 0])
    """

    __constants__ = ["num_classes", "p", "q", "eps", "reduction", "ignore_index"]
    counts: Tensor
    weight: Tensor | None

    def __init__(
        self,
        num_classes: int,
        p: float = 0.8,
        q: float = 2.0,
        eps: float = 0.01,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int = -100,
    ) -> None:
        super().__init__(reduction)
        self.num_classes = num_classes
        self.p = number("SeesawLoss", "p", p)
        self.q = number("SeesawLoss", "q", q)
        self.eps = number("SeesawLoss", "eps", eps)
        self.register_buffer("weight", weight)
        self.register_buffer("counts", torch.zeros(num_classes, dtype=torch.long))
        self.ignore_index = ignore_index

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Count the labels, in training, and compute the loss."""
        if self.training:
            self._count(target)
        return F.seesaw_loss(
            input,
            target,
            self.counts,
            self.p,
            self.q,
            self.eps,
            self.reduction,
            self.weight,
            self.ignore_index,
            normalizer,
        )

    def _count(self, target: Tensor) -> None:
        """Whatever is no class is left for the loss to name."""
        labels = target.detach().reshape(-1).long()
        known = (labels >= 0) & (labels < self.num_classes) & (labels != self.ignore_index)
        self.counts.index_add_(0, torch.where(known, labels, 0), known.to(self.counts.dtype))
