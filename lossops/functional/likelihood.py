"""Negative log-likelihoods of counts and densities, and the divergence between distributions."""

import torch
from torch import Tensor

from .._op import beside, is_scripting
from ._common import Op, TensorOrNumber, reduction_code, scalar_tensor

_poisson_nll = Op(torch.ops.lossops.poisson_nll)
_gaussian_nll = Op(torch.ops.lossops.gaussian_nll)
_beta_nll = Op(torch.ops.lossops.beta_nll)
_kl_div = Op(torch.ops.lossops.kl_div)
_gaussian_kl = Op(torch.ops.lossops.gaussian_kl)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Negative log-likelihood of counts under a Poisson distribution.

    Formula, with x = input, the logarithm of the rate or the rate itself, and t = target::

        l = exp(x) - t x          log_input=True
        l = x - t ln(x + eps)     log_input=False

    full=True adds Stirling's approximation of ln t!, where t > 1: t ln t - t + ln(2 pi t) / 2.

    Args:
        input: Logarithms of rates, or rates >= 0, of any shape; a floating dtype.
        target: Counts, a floating or integer dtype; broadcasts with ``input``.
        log_input: Whether ``input`` holds logarithms.
        full: Whether to add the term that depends on the target alone.
        eps: Keeps the logarithm of a rate of 0 finite; unused with ``log_input``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of the operands for ``"none"``; their promoted dtype.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: Shapes, dtypes or devices do not fit.

    Notes:
        * x = 100 with ``log_input`` is inf in float32, as in torch: e^100 is out of range. float16
          is computed in float32: x = 12 is inf only once the result is rounded to float16.
        * ``log_input=False``: a negative rate gives NaN; rate 0 with t = 1 gives 18.42 with
          gradient -1e8.
        * t = 0 with x = -inf is 0: the product 0 * inf counts as 0.

    Reference:
        P. McCullagh, J. A. Nelder, "Generalized linear models", 2nd edition, chapter 6, 1989.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.poisson_nll_loss(torch.tensor([0.0, 1.0]), torch.tensor([2, 0]), reduction="none")
        tensor([1.0000, 2.7183])
    """
    code, n = reduction_code("poisson_nll", reduction), scalar_tensor(normalizer, input)
    return _poisson_nll(input, target, log_input, full, eps, weight, None, n, code)


def _variance(var: TensorOrNumber, input: Tensor) -> Tensor:
    if not is_scripting():
        given = beside(var, input, rounded=True)
        if isinstance(given, Tensor) and given.dim() == 0 and not isinstance(var, Tensor):
            return given.view([1] * input.dim())  # a number that only the graph knows
        if not isinstance(given, float):
            return given
        var = given
    if isinstance(var, (int, float)):
        return torch.full([1] * input.dim(), float(var), dtype=input.dtype, device=input.device)
    return var


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: TensorOrNumber,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Negative log-likelihood of values under Gaussians whose mean and variance are predicted.

    Formula, with v = max(var, eps)::

        l = (ln v + (input - target)^2 / v) / 2

    full=True adds ln(2 pi) / 2. Gradients flow to input, target and var, save to a variance below
    ``eps``.

    Args:
        input: Means of any shape; a floating dtype.
        target: Values, a floating or integer dtype; broadcasts with ``input``.
        var: Variances: a number >= 0, a tensor like ``target``, or one of the shape
            ``input.shape[:-1]``.
        full: Whether to add the constant term.
        eps: The least variance, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of the operands for ``"none"``; their promoted dtype.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, shapes do not fit, or a
            variance is negative.
        RuntimeError: ``eps`` is not positive, or dtypes or devices do not fit.

    Notes:
        * A variance below eps gets gradient 0: the value no longer depends on it. (torch lets the
          gradient of the clamped value through, -5e11 at var = 0, d = 1.)
        * A negative variance raises ValueError, as in torch, but within the one pass over the data:
          there is no extra pass and it traces under ``fullgraph=True``.

    Reference:
        D. A. Nix, A. S. Weigend, "Estimating the mean and variance of the target probability
        distribution", ICNN 1994.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.gaussian_nll_loss(torch.tensor([0.0, 2.0]), torch.zeros(2), torch.ones(2))
        tensor(1.)
        >>> F.gaussian_nll_loss(torch.tensor([0.0, 2.0]), torch.zeros(2), 4.0, reduction="none")
        tensor([0.6931, 1.1931])
    """
    code, n = reduction_code("gaussian_nll", reduction), scalar_tensor(normalizer, input)
    v = _variance(var, input)
    return _gaussian_nll(input, target, v, full, eps, weight, None, n, code)


def beta_nll_loss(
    input: Tensor,
    target: Tensor,
    var: TensorOrNumber,
    beta: float = 0.5,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Gaussian negative log-likelihood that does not give up on what is hard to fit.

    Formula, with v = max(var, eps), and v^beta counting as a constant::

        l = v^beta (ln v + (input - target)^2 / v) / 2

    full=True adds v^beta ln(2 pi) / 2. beta = 0 is :func:`gaussian_nll_loss`, whose gradient by the
    mean all but vanishes where the variance is large; beta = 1 has that of the squared error.

    Args:
        input: Means of any shape; a floating dtype.
        target: Values of the same shape; a floating or integer dtype.
        var: Variances: a number >= 0, a tensor like ``input``, or one of the shape
            ``input.shape[:-1]``.
        beta: In [0, 1].
        full: Whether to add the constant term.
        eps: The least variance, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * The gradient is not the derivative of the value: v^beta is detached, as in the paper.
          Higher derivatives are those of the formula with it detached.
        * A variance below eps gets gradient 0. A negative one raises RuntimeError.

    Reference:
        M. Seitzer, A. Tavakoli, D. Antic, G. Martius, "On the pitfalls of heteroscedastic
        uncertainty estimation with probabilistic neural networks", ICLR 2022, arXiv:2203.09168.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.beta_nll_loss(torch.tensor([0.0, 2.0]), torch.zeros(2), 4.0, reduction="none")
        tensor([1.3863, 2.3863])
    """
    code, n = reduction_code("beta_nll", reduction), scalar_tensor(normalizer, input)
    v = _variance(var, input)
    return _beta_nll(input, target, v, beta, full, eps, weight, None, n, code)


def kl_div(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    log_target: bool = False,
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Kullback-Leibler divergence of predicted log-probabilities from a target distribution.

    Formula, with x = input and t = target::

        l = t (ln t - x)        log_target=False; 0 where t = 0
        l = exp(t) (t - x)      log_target=True; 0 where t = -inf

    The divergence itself is the sum over the classes: ``"batchmean"`` averages that over the batch,
    whereas ``"mean"`` divides by the number of classes too. (torch warns of it; lossops stays
    silent.)

    Args:
        input: Log-probabilities of any shape; a floating dtype.
        target: Probabilities, or their logarithms; broadcasts with ``input``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. Also ``"batchmean"``, the sum divided by
            ``input.size(0)``.
        log_target: Whether ``target`` holds logarithms.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of the operands for ``"none"``; their promoted dtype.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: Shapes, dtypes or devices do not fit.

    Notes:
        * t = 0 contributes 0 even where x = -inf (torch: NaN), and so does t = -inf with
          ``log_target=True``.
        * A negative t gives NaN.

    Reference:
        S. Kullback, R. A. Leibler, "On information and sufficiency", Annals of Mathematical
        Statistics 22 (1), 1951.

    Example:
        >>> import torch, lossops.functional as F
        >>> p, q = torch.tensor([[0.5, 0.5]]), torch.tensor([[0.75, 0.25]])
        >>> F.kl_div(p.log(), q, reduction="batchmean")
        tensor(0.1308)
    """
    code, n = reduction_code("kl_div", reduction, batchmean=True), scalar_tensor(normalizer, input)
    return _kl_div(input, target, log_target, weight, None, n, code)


def gaussian_kl_loss(
    input: Tensor,
    log_var: Tensor,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Kullback-Leibler divergence of Gaussians from the standard one, as in autoencoders.

    Formula, with m = input and v = log_var::

        l = (m^2 + exp(v) - 1 - v) / 2

    Args:
        input: Means of any shape; a floating dtype.
        log_var: Logarithms of variances, of the same shape.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * The usual loss is the sum over the dimensions and the mean over the samples:
          ``reduction="sum", normalizer=len(input)``.
        * The divergence from another Gaussian with mean a and variance b is that of (m - a) /
          sqrt(b) and v - ln b.
        * exp(v) - 1 - v keeps its digits near 0: v = 1e-4 gives 2.5e-9, not 0.

    Reference:
        D. P. Kingma, M. Welling, "Auto-encoding variational Bayes", ICLR 2014, arXiv:1312.6114.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.gaussian_kl_loss(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), reduction="none")
        tensor([0.5000, 0.3591])
    """
    code, n = reduction_code("gaussian_kl", reduction), scalar_tensor(normalizer, input)
    return _gaussian_kl(input, log_var, weight, None, n, code)
