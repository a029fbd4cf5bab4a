"""Losses of signals: what is wanted of one beside all else, in decibels."""

# Generated from ../functional/signal.py by `python -m tools.generate --write`.
from torch import Tensor

from .. import functional as F
from .._op import number
from ..functional._common import TensorOrNumber
from ._base import VectorLoss


class SISDRLoss(VectorLoss):
    """Negative scale-invariant signal-to-distortion ratio: the shape of a signal, however loud.

    See :func:`lossops.functional.si_sdr_loss`.

    Args:
        zero_mean: Whether each signal's mean is taken from it first.
        eps: What is added to both energies, >= 0; bounds l.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Signals along the last dimension; a floating dtype.
        * target: Likewise; sizes are equal or 1.
        * output: A 0-d tensor, or one loss per signal for ``"none"``, the shape of ``input``
          without its last dimension; the promoted dtype of the vectors.

    Example:
        >>> import torch, lossops
        >>> x, t = torch.tensor([2.0, 4.0, 5.0, 8.0]), torch.tensor([1.0, 2.0, 3.0, 4.0])
        >>> loss = lossops.nn.SISDRLoss()
        >>> loss(x, t)
        tensor(-21.8953)
    """

    __constants__ = ["zero_mean", "eps", "reduction"]

    def __init__(self, zero_mean: bool = False, eps: float = 0.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.zero_mean = zero_mean
        self.eps = number("SISDRLoss", "eps", eps)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.si_sdr_loss(
            input, target, self.zero_mean, self.eps, self.reduction, weight, normalizer
        )


class SNRLoss(VectorLoss):
    """Negative signal-to-noise ratio: the signal as it stands, loudness included.

    See :func:`lossops.functional.snr_loss`.

    Args:
        zero_mean: Whether each signal's mean is taken from it first.
        eps: What is added to both energies, >= 0; bounds l.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Signals along the last dimension; a floating dtype.
        * target: Likewise; sizes are equal or 1.
        * output: A 0-d tensor, or one loss per signal for ``"none"``, the shape of ``input``
          without its last dimension; the promoted dtype of the vectors.

    Example:
        >>> import torch, lossops
        >>> x, t = torch.tensor([2.0, 4.0, 5.0, 8.0]), torch.tensor([1.0, 2.0, 3.0, 4.0])
        >>> loss = lossops.nn.SNRLoss()
        >>> loss(x, t)
        tensor(-0.7918)
    """

    __constants__ = ["zero_mean", "eps", "reduction"]

    def __init__(self, zero_mean: bool = False, eps: float = 0.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.zero_mean = zero_mean
        self.eps = number("SNRLoss", "eps", eps)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.snr_loss(
            input, target, self.zero_mean, self.eps, self.reduction, weight, normalizer
        )
