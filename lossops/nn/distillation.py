"""Divergences between the distributions of a student and its teacher, both given as logits."""

# Generated from ../functional/distillation.py by `python -m tools.generate --write`.
from torch import Tensor

from .. import functional as F
from .._op import number
from ..functional._common import TensorOrNumber
from ._base import DivergenceLoss


class DistillKLLoss(DivergenceLoss):
    """Distillation: Kullback-Leibler divergence of the student's softmax from the teacher's.

    See :func:`lossops.functional.distill_kl_loss`.

    Args:
        temperature: T > 0; the higher, the more the small logits count. T^2 keeps the gradient's
            size.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / rows.
        ignore_index: Rows with this label are left out, and get gradient 0.
        dim: The class axis.

    Shape:
        * input: Logits of the student, any shape with a class axis; a floating dtype.
        * target: Logits of the teacher, of the same shape; a floating dtype.
        * output: A 0-d tensor, or the shape of ``input`` without ``dim`` for ``"none"``; the
          promoted dtype of the logits.

    Example:
        >>> import torch, lossops
        >>> student, teacher = torch.zeros(1, 2), torch.tensor([[0.75, 0.25]]).log()
        >>> loss = lossops.nn.DistillKLLoss()
        >>> loss(student, teacher)
        tensor(0.1308)
    """

    __constants__ = ["temperature", "reduction", "ignore_index", "dim"]

    def __init__(
        self,
        temperature: float = 1.0,
        reduction: str = "mean",
        ignore_index: int = -100,
        dim: int = -1,
    ) -> None:
        super().__init__(reduction)
        self.temperature = number("DistillKLLoss", "temperature", temperature)
        self.ignore_index = ignore_index
        self.dim = dim

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        labels: Tensor | None = None,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.distill_kl_loss(
            input,
            target,
            self.temperature,
            self.reduction,
            weight,
            labels,
            self.ignore_index,
            self.dim,
            normalizer,
        )


class JSDLoss(DivergenceLoss):
    """Generalized Jensen-Shannon divergence between student and teacher.

    See :func:`lossops.functional.jsd_loss`.

    Args:
        beta: From forward KL, 0, to reverse KL, 1; in [0, 1].
        temperature: T > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / rows.
        ignore_index: Rows with this label are left out, and get gradient 0.
        dim: The class axis.

    Shape:
        * input: Logits of the student, any shape with a class axis; a floating dtype.
        * target: Logits of the teacher, of the same shape; a floating dtype.
        * output: A 0-d tensor, or the shape of ``input`` without ``dim`` for ``"none"``; the
          promoted dtype of the logits.

    Example:
        >>> import torch, lossops
        >>> student, teacher = torch.zeros(1, 2), torch.tensor([[0.75, 0.25]]).log()
        >>> loss = lossops.nn.JSDLoss()
        >>> loss(student, teacher)
        tensor(0.0338)
    """

    __constants__ = ["beta", "temperature", "reduction", "ignore_index", "dim"]

    def __init__(
        self,
        beta: float = 0.5,
        temperature: float = 1.0,
        reduction: str = "mean",
        ignore_index: int = -100,
        dim: int = -1,
    ) -> None:
        super().__init__(reduction)
        self.beta = number("JSDLoss", "beta", beta)
        self.temperature = number("JSDLoss", "temperature", temperature)
        self.ignore_index = ignore_index
        self.dim = dim

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        labels: Tensor | None = None,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.jsd_loss(
            input,
            target,
            self.beta,
            self.temperature,
            self.reduction,
            weight,
            labels,
            self.ignore_index,
            self.dim,
            normalizer,
        )
