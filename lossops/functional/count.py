"""Negative log-likelihoods of counts: numbers of events, and amounts that are often 0."""

import torch
from torch import Tensor

from ._common import Op, TensorOrNumber, operand, reduction_code, scalar_tensor

_negative_binomial_nll = Op(torch.ops.lossops.negative_binomial_nll)
_zero_inflated_poisson_nll = Op(torch.ops.lossops.zero_inflated_poisson_nll)
_tweedie = Op(torch.ops.lossops.tweedie)


def negative_binomial_nll_loss(
    input: Tensor,
    target: Tensor,
    dispersion: TensorOrNumber,
    log_input: bool = True,
    full: bool = False,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Negative log-likelihood of counts that vary more than Poisson's: negative binomial.

    Formula, with mu = exp(input) or the input itself, a = dispersion, r = 1 / a and t = target::

        l = ln Gamma(r) - ln Gamma(r + t) + r ln(1 + a mu) - t ln(a mu / (1 + a mu))

    The variance is mu + a mu^2; a = 0 is Poisson's. full=True adds ln t!.

    Args:
        input: Logarithms of means, or means >= 0, of any shape; a floating dtype.
        target: Counts of the same shape, a floating or integer dtype.
        dispersion: a >= 0: a number, or a tensor that broadcasts to ``input``.
        log_input: Whether ``input`` holds logarithms.
        full: Whether to add the term that depends on the target alone.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * Gamma functions of 1 / a are never subtracted from each other where a is small: at a =
          1e-8, mu = 3, t = 5 it is 2.294 with ``full``, where torch.distributions gives -38 in
          float32.
        * A mean of e^100 costs what it should; float32 cannot hold it.
        * A negative dispersion raises RuntimeError.

    Reference:
        J. M. Hilbe, "Negative binomial regression", 2nd edition, Cambridge University Press, 2011.

    Example:
        >>> import torch, lossops.functional as F
        >>> mean, count = torch.tensor([3.0, 3.0]), torch.tensor([5, 0])
        >>> F.negative_binomial_nll_loss(mean, count, 0.5, False, full=True, reduction="none")
        tensor([2.5950, 1.8326])
    """
    code, n = reduction_code("negative_binomial_nll", reduction), scalar_tensor(normalizer, input)
    a = operand(dispersion, input)
    return _negative_binomial_nll(input, target, a, log_input, full, weight, None, n, code)


def zero_inflated_poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    gate: TensorOrNumber,
    full: bool = False,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Negative log-likelihood of counts that are 0 more often than Poisson's.

    Formula, with mu = exp(input), pi = sigmoid(gate) and t = target::

        l = -ln(pi + (1 - pi) e^-mu)              t = 0
        l = -ln(1 - pi) + mu - t ln(mu)           t > 0

    full=True adds ln t!.

    Args:
        input: Logarithms of rates, of any shape; a floating dtype.
        target: Counts of the same shape, a floating or integer dtype.
        gate: The logit of pi, the probability that nothing can happen: a number, or a tensor that
            broadcasts to ``input``.
        full: Whether to add the term that depends on the target alone.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * No probability is formed to take its logarithm: gate = 100 with t = 3 costs 100 more, and
          gate = -100 with t = 0 is Poisson's mu.

    Reference:
        D. Lambert, "Zero-inflated Poisson regression, with an application to defects in
        manufacturing", Technometrics 34 (1), 1992.

    Example:
        >>> import torch, lossops.functional as F
        >>> log_rate, count = torch.tensor([2.0, 2.0]).log(), torch.tensor([0, 3])
        >>> F.zero_inflated_poisson_nll_loss(log_rate, count, 0.3, full=True, reduction="none")
        tensor([0.4588, 2.5667])
    """
    code = reduction_code("zero_inflated_poisson_nll", reduction)
    g, n = operand(gate, input), scalar_tensor(normalizer, input)
    return _zero_inflated_poisson_nll(input, target, g, full, weight, None, n, code)


def tweedie_loss(
    input: Tensor,
    target: Tensor,
    p: float = 1.5,
    log_input: bool = True,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Negative log-likelihood of amounts, often 0, such as claims or rain: Tweedie.

    Formula, with mu = exp(input) or the input itself and t = target::

        l = mu^(2 - p) / (2 - p) - t mu^(1 - p) / (1 - p)
        l = mu - t ln mu        p = 1, Poisson
        l = ln mu + t / mu      p = 2, gamma

    The variance is proportional to mu^p. Terms without mu are left out.

    Args:
        input: Logarithms of means, or means > 0, of any shape; a floating dtype.
        target: Amounts >= 0 of the same shape; a floating or integer dtype.
        p: The power of the variance, in [1, 2]: sums of a number of amounts between the two.
        log_input: Whether ``input`` holds logarithms.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * p near 1 or 2 adds a large constant, t / (p - 1) or 1 / (2 - p), which is not there at 1
          and 2. The gradient knows no such jump.
        * t = 0 with an input of -inf is 0: the product 0 * inf counts as 0.

    Reference:
        B. Jørgensen, "Exponential dispersion models", Journal of the Royal Statistical Society B 49
        (2), 1987.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.tweedie_loss(torch.zeros(2), torch.tensor([0.0, 3.0]), reduction="none")
        tensor([2., 8.])
    """
    code, n = reduction_code("tweedie", reduction), scalar_tensor(normalizer, input)
    return _tweedie(input, target, p, log_input, weight, None, n, code)
