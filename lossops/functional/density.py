"""Negative log-likelihoods and scores of densities: durations, heavy tails, angles, uncertainty."""

import torch
from torch import Tensor

from ._common import Op, TensorOrNumber, operand, reduction_code, scalar_tensor

_gamma_nll = Op(torch.ops.lossops.gamma_nll)
_log_normal_nll = Op(torch.ops.lossops.log_normal_nll)
_laplace_nll = Op(torch.ops.lossops.laplace_nll)
_student_t_nll = Op(torch.ops.lossops.student_t_nll)
_von_mises_nll = Op(torch.ops.lossops.von_mises_nll)
_crps_gaussian = Op(torch.ops.lossops.crps_gaussian)
_evidential_regression = Op(torch.ops.lossops.evidential_regression)


def gamma_nll_loss(
    input: Tensor,
    target: Tensor,
    shape: TensorOrNumber = 1.0,
    log_input: bool = True,
    full: bool = False,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Negative log-likelihood of durations or sizes under a gamma distribution.

    Formula, with mu = exp(input) or the input itself, k = shape and t = target::

        l = k (ln mu + t / mu)

    full=True adds ln Gamma(k) - k ln k - (k - 1) ln t, without which k must not be learned. mu is
    the mean, the variance mu^2 / k; k = 1 is the exponential distribution.

    Args:
        input: Logarithms of means, or means > 0, of any shape; a floating dtype.
        target: Durations >= 0 of the same shape; a floating or integer dtype.
        shape: k > 0: a number, or a tensor that broadcasts to ``input``.
        log_input: Whether ``input`` holds logarithms.
        full: Whether to add the terms without the mean.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * t = 0 is fine unless ``full`` asks for its density, which is infinite or 0 there but for k
          = 1.
        * A shape that is not positive raises RuntimeError.

    Reference:
        P. McCullagh, J. A. Nelder, "Generalized linear models", 2nd edition, chapter 8, 1989.

    Example:
        >>> import torch, lossops.functional as F
        >>> t = torch.tensor([1.0, 0.0])
        >>> F.gamma_nll_loss(torch.zeros(2), t, shape=2.0, reduction="none")
        tensor([2., 0.])
    """
    code, n = reduction_code("gamma_nll", reduction), scalar_tensor(normalizer, input)
    return _gamma_nll(input, target, operand(shape, input), log_input, full, weight, None, n, code)


def log_normal_nll_loss(
    input: Tensor,
    target: Tensor,
    scale: TensorOrNumber,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Negative log-likelihood of positive numbers whose logarithm is Gaussian.

    Formula, with s = scale, t = target and z = (ln t - input) / s::

        l = z^2 / 2 + ln t + ln s + ln(2 pi) / 2

    Args:
        input: Means of the logarithm, of any shape; a floating dtype.
        target: Numbers > 0 of the same shape; a floating or integer dtype.
        scale: Standard deviations of the logarithm, > 0: a number, or a tensor that broadcasts to
            ``input``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * t = 0, whose density is 0, costs inf; below there is no logarithm: NaN.
        * A scale that is not positive raises RuntimeError.

    Reference:
        N. L. Johnson, S. Kotz, N. Balakrishnan, "Continuous univariate distributions", volume 1,
        2nd edition, chapter 14, 1994.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.log_normal_nll_loss(torch.zeros(2), torch.tensor([1.0, 4.0]), 2.0, reduction="none")
        tensor([1.6121, 3.2386])
    """
    code, n = reduction_code("log_normal_nll", reduction), scalar_tensor(normalizer, input)
    return _log_normal_nll(input, target, operand(scale, input), weight, None, n, code)


def laplace_nll_loss(
    input: Tensor,
    target: Tensor,
    scale: TensorOrNumber,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Negative log-likelihood under a Laplace distribution: absolute errors with a learned size.

    Formula, with d = input - target and s = scale::

        l = |d| / s + ln(2 s)

    Args:
        input: Medians of any shape; a floating dtype.
        target: Targets of the same shape; a floating or integer dtype.
        scale: Mean absolute errors, > 0: a number, or a tensor that broadcasts to ``input``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * The gradient by the input is 0 at d = 0.
        * A scale that is not positive raises RuntimeError.

    Reference:
        P.-S. Laplace, "Mémoire sur la probabilité des causes par les événements", 1774.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.laplace_nll_loss(torch.tensor([0.0, 3.0]), torch.zeros(2), 0.5, reduction="none")
        tensor([0., 6.])
    """
    code, n = reduction_code("laplace_nll", reduction), scalar_tensor(normalizer, input)
    return _laplace_nll(input, target, operand(scale, input), weight, None, n, code)


def student_t_nll_loss(
    input: Tensor,
    target: Tensor,
    scale: TensorOrNumber,
    df: TensorOrNumber,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Negative log-likelihood under Student's t-distribution, whose tails forgive outliers.

    Formula, with s = scale, f = df and z = (input - target) / s::

        l = (f + 1) / 2 ln(1 + z^2 / f) + ln s
            + ln Gamma(f / 2) - ln Gamma((f + 1) / 2) + ln(pi f) / 2

    Args:
        input: Locations of any shape; a floating dtype.
        target: Targets of the same shape; a floating or integer dtype.
        scale: > 0: a number, or a tensor that broadcasts to ``input``.
        df: Degrees of freedom, > 0, and inf for a Gaussian: a number, or a tensor that broadcasts
            to ``input``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * f = 1 is Cauchy's. Large f approach the Gaussian without loss of digits: Gamma functions
          are not subtracted from each other there.
        * z = 1e30 is finite: its square is never formed.
        * A scale or df that is not positive raises RuntimeError.

    Reference:
        K. L. Lange, R. J. A. Little, J. M. G. Taylor, "Robust statistical modeling using the t
        distribution", Journal of the American Statistical Association 84 (408), 1989.

    Example:
        >>> import torch, lossops.functional as F
        >>> x = torch.tensor([0.0, 10.0])
        >>> F.student_t_nll_loss(x, torch.zeros(2), 1.0, 3.0, reduction="none")
        tensor([1.0009, 8.0731])
    """
    code, n = reduction_code("student_t_nll", reduction), scalar_tensor(normalizer, input)
    s, f = operand(scale, input), operand(df, input)
    return _student_t_nll(input, target, s, f, weight, None, n, code)


def von_mises_nll_loss(
    input: Tensor,
    target: Tensor,
    kappa: TensorOrNumber,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Negative log-likelihood of angles under a von Mises distribution.

    Formula, with d = input - target and k = kappa, I0 being a modified Bessel function::

        l = ln(2 pi I0(k)) - k cos d

    Args:
        input: Mean angles, in radians, of any shape; a floating dtype.
        target: Angles of the same shape; a floating or integer dtype.
        kappa: The concentration, >= 0, about 1 / variance where it is large: a number, or a tensor
            that broadcasts to ``input``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * Angles count modulo 2 pi; there is no jump at pi.
        * Computed as ln(2 pi e^-k I0(k)) + 2 k sin^2(d / 2), so k = 100, where I0 is beyond
          float32, and 1e6 are as exact as 1.
        * A negative kappa raises RuntimeError.

    Reference:
        K. V. Mardia, P. E. Jupp, "Directional statistics", Wiley, 2000.

    Example:
        >>> import torch, lossops.functional as F
        >>> angle = torch.tensor([0.0, 3.0])
        >>> F.von_mises_nll_loss(angle, torch.tensor([0.1, -3.0]), 100.0, reduction="none")
        tensor([-0.8828,  2.6006])
    """
    code, n = reduction_code("von_mises_nll", reduction), scalar_tensor(normalizer, input)
    return _von_mises_nll(input, target, operand(kappa, input), weight, None, n, code)


def crps_gaussian_loss(
    input: Tensor,
    target: Tensor,
    scale: TensorOrNumber,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Continuous ranked probability score of a Gaussian: an absolute error for densities.

    Formula, with d = input - target, s = scale and z = d / s, phi being the standard density::

        l = d erf(z / sqrt 2) + s (2 phi(z) - 1 / sqrt pi)

    Args:
        input: Means of any shape; a floating dtype.
        target: Targets of the same shape; a floating or integer dtype.
        scale: Standard deviations, >= 0: a number, or a tensor that broadcasts to ``input``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * In the unit of the target; at s = 0 it is abs(d). The gradient by the input is at most 1,
          so outliers pull less than by a likelihood.
        * A negative scale raises RuntimeError.

    Reference:
        T. Gneiting, A. E. Raftery, A. H. Westveld, T. Goldman, "Calibrated probabilistic
        forecasting using ensemble model output statistics and minimum CRPS estimation", Monthly
        Weather Review 133 (5), 2005.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.crps_gaussian_loss(torch.tensor([0.0, 2.0]), torch.zeros(2), 1.0, reduction="none")
        tensor([0.2337, 1.4528])
    """
    code, n = reduction_code("crps_gaussian", reduction), scalar_tensor(normalizer, input)
    return _crps_gaussian(input, target, operand(scale, input), weight, None, n, code)


def evidential_regression_loss(
    input: Tensor,
    target: Tensor,
    nu: Tensor,
    alpha: Tensor,
    beta: Tensor,
    coeff: float = 0.01,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Deep evidential regression: a value, its noise, and how little is known of both.

    Formula, with d = input - target and O = 2 beta (1 + nu)::

        l = ln(pi / nu) / 2 - alpha ln O + (alpha + 1/2) ln(nu d^2 + O)
            + ln Gamma(alpha) - ln Gamma(alpha + 1/2) + coeff |d| (2 nu + alpha)

    Args:
        input: Predictions of any shape; a floating dtype.
        target: Targets of the same shape; a floating or integer dtype.
        nu: Evidence for the mean, > 0, shaped like ``input``.
        alpha: Evidence for the variance, > 0, shaped like ``input``; the paper has it > 1.
        beta: The scale of the variance, > 0, shaped like ``input``.
        coeff: What errors cost by the evidence that was claimed, >= 0; lambda in the paper.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * The noise's variance is beta / (alpha - 1), that of the mean beta / (nu (alpha - 1)).
        * Computed as Student's t with 2 alpha degrees of freedom, as exact as
          :func:`student_t_nll_loss`.
        * A nu, alpha or beta that is not positive raises RuntimeError.

    Reference:
        A. Amini, W. Schwarting, A. Soleimany, D. Rus, "Deep evidential regression", NeurIPS 2020,
        arXiv:1910.02600.

    Example:
        >>> import torch, lossops.functional as F
        >>> one = torch.ones(2)
        >>> x = torch.tensor([0.0, 2.0])
        >>> F.evidential_regression_loss(x, torch.zeros(2), one, 2 * one, one, reduction="none")
        tensor([0.9808, 2.7937])
    """
    code, n = reduction_code("evidential_regression", reduction), scalar_tensor(normalizer, input)
    return _evidential_regression(input, target, nu, alpha, beta, coeff, weight, None, n, code)
