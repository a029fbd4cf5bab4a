"""Losses of signals: what is wanted of one beside all else, in decibels."""

import torch
from torch import Tensor

from ._common import Op, TensorOrNumber, reduction_code, scalar_tensor

_si_sdr = Op(torch.ops.lossops.si_sdr)
_snr = Op(torch.ops.lossops.snr)


def si_sdr_loss(
    input: Tensor,
    target: Tensor,
    zero_mean: bool = False,
    eps: float = 0.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Negative scale-invariant signal-to-distortion ratio: the shape of a signal, however loud.

    Formula of a signal, with x = input and t = target::

        a = <x, t> / |t|^2
        l = -10 log10((|a t|^2 + eps) / (|a t - x|^2 + eps))

    Args:
        input: Signals along the last dimension; a floating dtype.
        target: Likewise; sizes are equal or 1.
        zero_mean: Whether each signal's mean is taken from it first.
        eps: What is added to both energies, >= 0; bounds l.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per signal; broadcasts to the shape of the loss for ``"none"``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or one loss per signal for ``"none"``, the shape of ``input`` without its last
        dimension; the promoted dtype of the vectors.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * An input or a target of zeros costs 0 and has gradient 0. x = a t exactly is -inf with
          gradient 0, as long as ``eps`` is 0.
        * The residual is summed by itself in float64: 150 dB keep their digits.

    Reference:
        J. Le Roux, S. Wisdom, H. Erdogan, J. R. Hershey, "SDR - half-baked or well done?", ICASSP
        2019, arXiv:1811.02508.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t = torch.tensor([2.0, 4.0, 5.0, 8.0]), torch.tensor([1.0, 2.0, 3.0, 4.0])
        >>> F.si_sdr_loss(x, t)
        tensor(-21.8953)
    """
    code, n = reduction_code("si_sdr", reduction), scalar_tensor(normalizer, input)
    return _si_sdr(input, target, zero_mean, eps, weight, None, n, code)


def snr_loss(
    input: Tensor,
    target: Tensor,
    zero_mean: bool = False,
    eps: float = 0.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Negative signal-to-noise ratio: the signal as it stands, loudness included.

    Formula of a signal, with x = input and t = target::

        l = -10 log10((|t|^2 + eps) / (|t - x|^2 + eps))

    Args:
        input: Signals along the last dimension; a floating dtype.
        target: Likewise; sizes are equal or 1.
        zero_mean: Whether each signal's mean is taken from it first.
        eps: What is added to both energies, >= 0; bounds l.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per signal; broadcasts to the shape of the loss for ``"none"``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or one loss per signal for ``"none"``, the shape of ``input`` without its last
        dimension; the promoted dtype of the vectors.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * A target of zeros costs 0 and has gradient 0. x = t exactly is -inf with gradient 0, as
          long as ``eps`` is 0.

    Reference:
        Y. Luo, N. Mesgarani, "TasNet: time-domain audio separation network for real-time,
        single-channel speech separation", ICASSP 2018, arXiv:1711.00541.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t = torch.tensor([2.0, 4.0, 5.0, 8.0]), torch.tensor([1.0, 2.0, 3.0, 4.0])
        >>> F.snr_loss(x, t)
        tensor(-0.7918)
    """
    code, n = reduction_code("snr", reduction), scalar_tensor(normalizer, input)
    return _snr(input, target, zero_mean, eps, weight, None, n, code)
