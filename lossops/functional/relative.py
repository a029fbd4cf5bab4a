"""Errors relative to the size of what is predicted."""

import torch
from torch import Tensor

from ._common import Op, TensorOrNumber, reduction_code, scalar_tensor

_msle = Op(torch.ops.lossops.msle)
_mape = Op(torch.ops.lossops.mape)
_smape = Op(torch.ops.lossops.smape)


def msle_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Squared logarithmic error: of numbers from 0 on, by how many times they differ.

    Formula, with x = input and t = target::

        l = (ln(1 + x) - ln(1 + t))^2

    Args:
        input: Predictions > -1 of any shape; a floating dtype.
        target: Targets > -1 of the same shape; a floating or integer dtype.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * Computed as ln(1 + (x - t) / (1 + t)): near-equal numbers keep their difference.
        * Below -1 there is no logarithm: NaN. (Keras takes numbers below 0 for 0, without
          gradient.)

    Reference:
        C. Tofallis, "A better measure of relative prediction accuracy for model selection and model
        estimation", Journal of the Operational Research Society 66 (8), 2015.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.msle_loss(torch.tensor([1.0, 9.0]), torch.tensor([0.0, 99.0]), reduction="none")
        tensor([0.4805, 5.3019])
    """
    code, n = reduction_code("msle", reduction), scalar_tensor(normalizer, input)
    return _msle(input, target, weight, None, n, code)


def mape_loss(
    input: Tensor,
    target: Tensor,
    eps: float = 1.17e-6,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Absolute error as a share of the target.

    Formula, with x = input and t = target::

        l = |x - t| / max(|t|, eps)

    Args:
        input: Predictions of any shape; a floating dtype.
        target: Targets of the same shape; a floating or integer dtype.
        eps: The least size of a target, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * A share, not a percentage, as in scikit-learn; Keras has 100 times that.
        * Targets near 0 outweigh all others; :func:`smape_loss` is at most 2.

    Reference:
        R. J. Hyndman, A. B. Koehler, "Another look at measures of forecast accuracy", International
        Journal of Forecasting 22 (4), 2006.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.mape_loss(torch.tensor([3.0, 90.0]), torch.tensor([2.0, 100.0]), reduction="none")
        tensor([0.5000, 0.1000])
    """
    code, n = reduction_code("mape", reduction), scalar_tensor(normalizer, input)
    return _mape(input, target, eps, weight, None, n, code)


def smape_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Absolute error as a share of the mean size of both numbers, from 0 to 2.

    Formula, with x = input and t = target; 0 where both are 0::

        l = 2 |x - t| / (|x| + |t|)

    Args:
        input: Predictions of any shape; a floating dtype.
        target: Targets of the same shape; a floating or integer dtype.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * A share, not a percentage. Where both are 0, loss and gradient are 0.
        * Numbers of different signs cost 2, however far they are apart: there the gradient is 0.

    Reference:
        S. Makridakis, "Accuracy measures: theoretical and practical concerns", International
        Journal of Forecasting 9 (4), 1993.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t = torch.tensor([3.0, 0.0, -1.0]), torch.tensor([1.0, 0.0, 5.0])
        >>> F.smape_loss(x, t, reduction="none")
        tensor([1., 0., 2.])
    """
    code, n = reduction_code("smape", reduction), scalar_tensor(normalizer, input)
    return _smape(input, target, weight, None, n, code)
