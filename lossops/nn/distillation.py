"""Divergences between the distributions of a student and its teacher, both given as logits."""

import torch
from torch import Tensor

from .. import functional as F
from ..functional._common import TensorOrNumber
from ._base import Loss


class DivergenceLoss(Loss):
    """A divergence between rows along ``dim``, some of which labels may leave out."""

    ignore_index: int
    dim: int

    def denominator(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """What the mean divides by, from the teacher's logits or, where they count, the labels.

        See :meth:`Loss.denominator`.
        """
        if target.is_floating_point():
            rows = target.numel() // target.size(self.dim)
            return torch.full((), rows, dtype=torch.float64, device=target.device)
        return super().denominator(target)


class DistillKLLoss(DivergenceLoss):
    """Kullback-Leibler divergence of the student's softmax from the teacher's.

    See :func:`lossops.functional.distill_kl_loss`.

    Args:
        temperature: T > 0, of both softmaxes.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Rows with this label are left out, and get gradient 0.
        dim: The class axis.

    Shape:
        input (*), target (*), labels (*) without ``dim``; output scalar, or the shape of the labels
        for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.DistillKLLoss(temperature=2.0)
        >>> loss(torch.zeros(1, 2), torch.tensor([[0.75, 0.25]]).log())
        tensor(0.1454)
    """

    __constants__ = ["temperature", "reduction", "ignore_index", "dim"]
    temperature: float
    ignore_index: int
    dim: int

    def __init__(
        self,
        temperature: float = 1.0,
        reduction: str = "mean",
        ignore_index: int = -100,
        dim: int = -1,
    ) -> None:
        super().__init__(reduction)
        self.temperature = float(temperature)
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
        temperature: T > 0, of both softmaxes.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Rows with this label are left out, and get gradient 0.
        dim: The class axis.

    Shape:
        input (*), target (*), labels (*) without ``dim``; output scalar, or the shape of the labels
        for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.JSDLoss()
        >>> loss(torch.zeros(1, 2), torch.tensor([[0.75, 0.25]]).log())
        tensor(0.0338)
    """

    __constants__ = ["beta", "temperature", "reduction", "ignore_index", "dim"]
    beta: float
    temperature: float
    ignore_index: int
    dim: int

    def __init__(
        self,
        beta: float = 0.5,
        temperature: float = 1.0,
        reduction: str = "mean",
        ignore_index: int = -100,
        dim: int = -1,
    ) -> None:
        super().__init__(reduction)
        self.beta = float(beta)
        self.temperature = float(temperature)
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
