"""Negative log-likelihoods and scores of densities: durations, heavy tails, angles, uncertainty."""

# Generated from ../functional/density.py by `python -m tools.generate --write`.
from torch import Tensor

from .. import functional as F
from .._op import number
from ..functional._common import TensorOrNumber
from ._base import Loss


class GammaNLLLoss(Loss):
    """Negative log-likelihood of durations or sizes under a gamma distribution.

    See :func:`lossops.functional.gamma_nll_loss`.

    Args:
        log_input: Whether ``input`` holds logarithms.
        full: Whether to add the terms without the mean.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Logarithms of means, or means > 0, of any shape; a floating dtype.
        * target: Durations >= 0 of the same shape; a floating or integer dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> t = torch.tensor([1.0, 0.0])
        >>> loss = lossops.nn.GammaNLLLoss(reduction="none")
        >>> loss(torch.zeros(2), t, shape=2.0)
        tensor([2., 0.])
    """

    __constants__ = ["log_input", "full", "reduction"]

    def __init__(self, log_input: bool = True, full: bool = False, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.log_input = log_input
        self.full = full

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        shape: TensorOrNumber = 1.0,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.gamma_nll_loss(
            input, target, shape, self.log_input, self.full, self.reduction, weight, normalizer
        )


class LogNormalNLLLoss(Loss):
    """Negative log-likelihood of positive numbers whose logarithm is Gaussian.

    See :func:`lossops.functional.log_normal_nll_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Means of the logarithm, of any shape; a floating dtype.
        * target: Numbers > 0 of the same shape; a floating or integer dtype.
        * scale: Standard deviations of the logarithm, > 0: a number, or a tensor that broadcasts to
          ``input``.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.LogNormalNLLLoss(reduction="none")
        >>> loss(torch.zeros(2), torch.tensor([1.0, 4.0]), 2.0)
        tensor([1.6121, 3.2386])
    """

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        scale: TensorOrNumber,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.log_normal_nll_loss(input, target, scale, self.reduction, weight, normalizer)


class LaplaceNLLLoss(Loss):
    """Negative log-likelihood under a Laplace distribution: absolute errors with a learned size.

    See :func:`lossops.functional.laplace_nll_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Medians of any shape; a floating dtype.
        * target: Targets of the same shape; a floating or integer dtype.
        * scale: Mean absolute errors, > 0: a number, or a tensor that broadcasts to ``input``.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.LaplaceNLLLoss(reduction="none")
        >>> loss(torch.tensor([0.0, 3.0]), torch.zeros(2), 0.5)
        tensor([0., 6.])
    """

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        scale: TensorOrNumber,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.laplace_nll_loss(input, target, scale, self.reduction, weight, normalizer)


class StudentTNLLLoss(Loss):
    """Negative log-likelihood under Student's t-distribution, whose tails forgive outliers.

    See :func:`lossops.functional.student_t_nll_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Locations of any shape; a floating dtype.
        * target: Targets of the same shape; a floating or integer dtype.
        * scale: > 0: a number, or a tensor that broadcasts to ``input``.
        * df: Degrees of freedom, > 0, and inf for a Gaussian: a number, or a tensor that broadcasts
          to ``input``.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> x = torch.tensor([0.0, 10.0])
        >>> loss = lossops.nn.StudentTNLLLoss(reduction="none")
        >>> loss(x, torch.zeros(2), 1.0, 3.0)
        tensor([1.0009, 8.0731])
    """

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        scale: TensorOrNumber,
        df: TensorOrNumber,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.student_t_nll_loss(input, target, scale, df, self.reduction, weight, normalizer)


class VonMisesNLLLoss(Loss):
    """Negative log-likelihood of angles under a von Mises distribution.

    See :func:`lossops.functional.von_mises_nll_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Mean angles, in radians, of any shape; a floating dtype.
        * target: Angles of the same shape; a floating or integer dtype.
        * kappa: The concentration, >= 0, about 1 / variance where it is large: a number, or a
          tensor that broadcasts to ``input``.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> angle = torch.tensor([0.0, 3.0])
        >>> loss = lossops.nn.VonMisesNLLLoss(reduction="none")
        >>> loss(angle, torch.tensor([0.1, -3.0]), 100.0)
        tensor([-0.8828,  2.6006])
    """

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        kappa: TensorOrNumber,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.von_mises_nll_loss(input, target, kappa, self.reduction, weight, normalizer)


class CRPSGaussianLoss(Loss):
    """Continuous ranked probability score of a Gaussian: an absolute error for densities.

    See :func:`lossops.functional.crps_gaussian_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Means of any shape; a floating dtype.
        * target: Targets of the same shape; a floating or integer dtype.
        * scale: Standard deviations, >= 0: a number, or a tensor that broadcasts to ``input``.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.CRPSGaussianLoss(reduction="none")
        >>> loss(torch.tensor([0.0, 2.0]), torch.zeros(2), 1.0)
        tensor([0.2337, 1.4528])
    """

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        scale: TensorOrNumber,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.crps_gaussian_loss(input, target, scale, self.reduction, weight, normalizer)


class EvidentialRegressionLoss(Loss):
    """Deep evidential regression: a value, its noise, and how little is known of both.

    See :func:`lossops.functional.evidential_regression_loss`.

    Args:
        coeff: What errors cost by the evidence that was claimed, >= 0; lambda in the paper.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Predictions of any shape; a floating dtype.
        * target: Targets of the same shape; a floating or integer dtype.
        * nu: Evidence for the mean, > 0, shaped like ``input``.
        * alpha: Evidence for the variance, > 0, shaped like ``input``; the paper has it > 1.
        * beta: The scale of the variance, > 0, shaped like ``input``.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> one = torch.ones(2)
        >>> x = torch.tensor([0.0, 2.0])
        >>> loss = lossops.nn.EvidentialRegressionLoss(reduction="none")
        >>> loss(x, torch.zeros(2), one, 2 * one, one)
        tensor([0.9808, 2.7937])
    """

    __constants__ = ["coeff", "reduction"]

    def __init__(self, coeff: float = 0.01, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.coeff = number("EvidentialRegressionLoss", "coeff", coeff)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        nu: Tensor,
        alpha: Tensor,
        beta: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.evidential_regression_loss(
            input, target, nu, alpha, beta, self.coeff, self.reduction, weight, normalizer
        )
