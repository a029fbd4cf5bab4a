"""Losses on the difference between a prediction and a real-valued target."""

import torch
from torch import Tensor

from .._op import beside, is_scripting, number
from ._common import Levels, Op, TensorOrNumber, reduction_code, scalar_tensor
from ._learned import is_learned
from ._learned import robust as learned_robust

_mse = Op(torch.ops.lossops.mse)
_l1 = Op(torch.ops.lossops.l1)
_smooth_l1 = Op(torch.ops.lossops.smooth_l1)
_huber = Op(torch.ops.lossops.huber)
_log_cosh = Op(torch.ops.lossops.log_cosh)
_charbonnier = Op(torch.ops.lossops.charbonnier)
_quantile = Op(torch.ops.lossops.quantile)
_expectile = Op(torch.ops.lossops.expectile)
_robust = Op(torch.ops.lossops.robust)
_wing = Op(torch.ops.lossops.wing)
_adaptive_wing = Op(torch.ops.lossops.adaptive_wing)


def mse_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Mean squared error.

    Formula::

        l = (input - target)^2

    Args:
        input: Predictions of any shape; a floating dtype.
        target: Targets of the same shape; a floating, integer or bool dtype.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. With ``weight``, the mean is sum(weight * l)
            / sum(weight).
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: Shapes, dtypes or devices do not fit.

    Notes:
        * float16 with a difference of 300: the loss of that element, 90000, is inf in float16, but
          the gradient, 600, is right; under autocast both are.

    Reference:
        A.-M. Legendre, "Nouvelles méthodes pour la détermination des orbites des comètes", 1805.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.mse_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 5.0]))
        tensor(4.5000)
    """
    code, n = reduction_code("mse", reduction), scalar_tensor(normalizer, input)
    return _mse(input, target, weight, None, n, code)


def l1_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Mean absolute error. Its gradient at a difference of 0 is 0.

    Formula::

        l = |input - target|

    Args:
        input: Predictions of any shape; a floating dtype.
        target: Targets of the same shape; a floating, integer or bool dtype.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. With ``weight``, the mean is sum(weight * l)
            / sum(weight).
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: Shapes, dtypes or devices do not fit.

    Reference:
        P.-S. Laplace, "Théorie analytique des probabilités", second supplement, 1818.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.l1_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 5.0]))
        tensor(1.5000)
    """
    code, n = reduction_code("l1", reduction), scalar_tensor(normalizer, input)
    return _l1(input, target, weight, None, n, code)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    beta: float = 1.0,
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Smooth L1: the absolute error with a parabola in place of its kink; Huber over ``beta``.

    Formula, with d = input - target::

        l = d^2 / (2 beta)   where |d| < beta
        l = |d| - beta / 2   elsewhere

    Args:
        input: Predictions of any shape; a floating dtype.
        target: Targets of the same shape; a floating, integer or bool dtype.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        beta: Where the parabola ends, >= 0; 0 gives the absolute error.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: ``beta`` is negative, or shapes, dtypes or devices do not fit.

    Notes:
        * Computed as (m / beta)(abs(d) - m / 2) with m = min(abs(d), beta): no square of d is
          formed, so a tiny beta (1e-20) gives l1 and not inf or NaN.

    Reference:
        R. Girshick, "Fast R-CNN", ICCV 2015, arXiv:1504.08083.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.smooth_l1_loss(torch.tensor([0.5, 2.0]), torch.zeros(2), reduction="none")
        tensor([0.1250, 1.5000])
    """
    code, n = reduction_code("smooth_l1", reduction), scalar_tensor(normalizer, input)
    return _smooth_l1(input, target, beta, weight, None, n, code)


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Huber's loss: squared error up to ``delta``, absolute error beyond.

    Formula, with d = input - target::

        l = d^2 / 2                   where |d| <= delta
        l = delta (|d| - delta / 2)   elsewhere

    Args:
        input: Predictions of any shape; a floating dtype.
        target: Targets of the same shape; a floating, integer or bool dtype.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        delta: Where the squared error ends, > 0; inf gives d^2 / 2 everywhere.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: ``delta`` is not positive, or shapes, dtypes or devices do not fit.

    Notes:
        * Computed as m (abs(d) - m / 2) with m = min(abs(d), delta): one form for both branches,
          and no overflow before the loss itself overflows.
        * float16 with d = 1000, delta = 100: the loss, 95000, is beyond float16; the gradient, 100,
          is right.

    Reference:
        P. J. Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics
        35 (1), 1964.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.huber_loss(torch.tensor([0.5, 2.0]), torch.zeros(2), delta=1.5)
        tensor(1.)
    """
    code, n = reduction_code("huber", reduction), scalar_tensor(normalizer, input)
    return _huber(input, target, delta, weight, None, n, code)


def log_cosh_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Logarithm of the hyperbolic cosine: a squared error that turns into an absolute one.

    Formula, with d = input - target::

        l = ln cosh d = |d| + softplus(-2 |d|) - ln 2

    Args:
        input: Predictions of any shape; a floating dtype.
        target: Targets of the same shape; a floating, integer or bool dtype.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: Shapes, dtypes or devices do not fit.

    Notes:
        * About d^2 / 2 near 0 and abs(d) - ln 2 far away; the gradient is tanh d.
        * cosh is never formed: d = 100 gives 99.3069, where ln(cosh(d)) is inf with a NaN gradient.
        * Below abs(d) = 1 it is -ln(1 - tanh^2 d) / 2, since abs(d) - ln 2 + ... cancels there: d =
          1e-4 gives 5e-9 to full precision.

    Reference:
        R. A. Saleh, A. K. M. E. Saleh, "Statistical properties of the log-cosh loss function used
        in machine learning", arXiv:2208.04564.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.log_cosh_loss(torch.tensor([1.0, 100.0]), torch.zeros(2), reduction="none")
        tensor([ 0.4338, 99.3069])
    """
    code, n = reduction_code("log_cosh", reduction), scalar_tensor(normalizer, input)
    return _log_cosh(input, target, weight, None, n, code)


def charbonnier_loss(
    input: Tensor,
    target: Tensor,
    eps: float = 1e-3,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Charbonnier's loss: an absolute error that is smooth at 0.

    Formula, with d = input - target::

        l = sqrt(d^2 + eps^2) - eps

    Args:
        input: Predictions of any shape; a floating dtype.
        target: Targets of the same shape; a floating, integer or bool dtype.
        eps: Width of the smooth part, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: ``eps`` is not positive, or shapes, dtypes or devices do not fit.

    Notes:
        * Without the shift by eps, as in some papers, gradients are the same. eps = 1 is the
          pseudo-Huber loss.
        * Below eps it is computed as d^2 / (sqrt(d^2 + eps^2) + eps): the difference of two
          near-equal numbers would give 0 at eps = 1, d = 1e-4. Beyond, the root takes its larger
          argument out, so that d = 1e20 gives 1e20 and not inf.

    Reference:
        P. Charbonnier, L. Blanc-Féraud, G. Aubert, M. Barlaud, "Two deterministic half-quadratic
        regularization algorithms for computed imaging", ICIP 1994.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.charbonnier_loss(torch.tensor([4.0, 0.0]), torch.zeros(2), eps=3.0, reduction="none")
        tensor([2., 0.])
    """
    code, n = reduction_code("charbonnier", reduction), scalar_tensor(normalizer, input)
    return _charbonnier(input, target, eps, weight, None, n, code)


def _levels(q: Levels, input: Tensor) -> Tensor:
    if not is_scripting():
        q = beside(q, input, rounded=True)
        if isinstance(q, (list, tuple)):
            q = [number("quantile", "q", level) for level in q]
        elif not isinstance(q, float):
            return q
    if isinstance(q, (int, float)):
        return torch.full((), q, dtype=input.dtype, device=input.device)
    if isinstance(q, (list, tuple)):
        if input.is_cuda:  # filled in there: a copy from the host would wait for the device
            fill = [torch.full((), x, dtype=input.dtype, device=input.device) for x in q]
            return torch.stack(fill)
        return torch.tensor(q, dtype=input.dtype, device=input.device)
    return q


def quantile_loss(
    input: Tensor,
    target: Tensor,
    q: Levels = 0.5,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Quantile (pinball) loss: its minimiser is the ``q``-quantile, or several of them at once.

    Formula, with e = target - input::

        l = max(q e, (q - 1) e)

    Args:
        input: Predictions; any shape for one quantile, (..., Q) for Q of them. A floating dtype.
        target: Targets of the shape of ``input``, or (...) to share each over the Q predictions of
            its quantiles; a floating, integer or bool dtype.
        q: The level or levels, 0 < q < 1: a number, or a tensor of shape () or (Q,); in Python also
            a list of Q numbers.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A level is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * With Q levels ``"mean"`` is over all N * Q elements, and ``"none"`` has the shape of the
          input. A target of shape (...) is read Q times and never copied out.
        * A number or list for q is rounded to the dtype of the input; in half precision pass a
          float32 tensor where that matters.
        * q = 0.5 is half of l1. The gradient at e = 0 is -q.

    Reference:
        R. Koenker, G. Bassett, "Regression quantiles", Econometrica 46 (1), 1978.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t = torch.tensor([0.0, 2.0]), torch.ones(2)
        >>> F.quantile_loss(x, t, q=0.9, reduction="none")
        tensor([0.9000, 0.1000])
        >>> F.quantile_loss(torch.zeros(4, 3), torch.ones(4), q=[0.1, 0.5, 0.9])
        tensor(0.5000)
    """
    code, n = reduction_code("quantile", reduction), scalar_tensor(normalizer, input)
    return _quantile(input, target, _levels(q, input), weight, None, n, code)


def expectile_loss(
    input: Tensor,
    target: Tensor,
    tau: float = 0.5,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Expectile loss: squared error that weighs under- and over-prediction differently.

    Formula, with e = target - input::

        l = tau e^2         where e >= 0
        l = (1 - tau) e^2   elsewhere

    Args:
        input: Predictions of any shape; a floating dtype.
        target: Targets of the same shape; a floating, integer or bool dtype.
        tau: The level, 0 < tau < 1; 0.5 gives half the squared error.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: ``tau`` is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * The minimiser is the tau-expectile of the target.
        * The gradient, -2 tau e or -2 (1 - tau) e, is continuous at 0; the second derivative jumps
          there.

    Reference:
        W. K. Newey, J. L. Powell, "Asymmetric least squares estimation and testing", Econometrica
        55 (4), 1987.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t = torch.tensor([0.0, 2.0]), torch.ones(2)
        >>> F.expectile_loss(x, t, tau=0.9, reduction="none")
        tensor([0.9000, 0.1000])
    """
    code, n = reduction_code("expectile", reduction), scalar_tensor(normalizer, input)
    return _expectile(input, target, tau, weight, None, n, code)


def robust_loss(
    input: Tensor,
    target: Tensor,
    alpha: float = 1.0,
    scale: float = 1.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Barron's general robust loss: from squared error to losses that ignore outliers.

    Formula, with z = ((input - target) / scale)^2 and b = abs(alpha - 2)::

        l = (b / alpha) ((z / b + 1)^(alpha / 2) - 1)

    and its limits: z / 2 at alpha = 2 (squared error), ln(z / 2 + 1) at 0 (Cauchy), 1 - exp(-z / 2)
    at -inf (Welsch), exp(z / 2) - 1 at inf. alpha = 1 is sqrt(z + 1) - 1 (Charbonnier,
    pseudo-Huber), alpha = -2 is Geman-McClure.

    Args:
        input: Predictions of any shape; a floating dtype.
        target: Targets of the same shape; a floating, integer or bool dtype.
        alpha: The shape, any number, also inf and -inf; the smaller, the less an outlier counts.
        scale: The size of error at which the loss leaves its parabola, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: ``scale`` is not positive, or shapes, dtypes or devices do not fit.

    Notes:
        * The limit is chosen by a branch outside the elements, so no unused branch can put a NaN
          into the gradient. Elsewhere it is (b / alpha) expm1(alpha / 2 log1p(z / b)), which stays
          exact for alpha = 1e-9; close to alpha = 2, where b vanishes, z / b is taken out of the
          power.
        * Near 0 it is z / 2 for every alpha: alpha = -2 and a difference of 1e-4 give 5e-9, not 0.
          For alpha < 0 an outlier of 1e20 gives the bound -b / alpha, not NaN.
        * alpha and scale are learned where they are tensors that require grad, of any shape that
          broadcasts to ``input`` (scale > 0 is then up to you). Their gradients are exact to every
          order, at alpha = 0 and 1 too. At alpha = 2 the one by alpha is infinite; you get that of
          the next alpha. That takes a decomposition into PyTorch operators, which is slower than
          numbers are. Learn scale only with a term ln(scale), or it grows without end.

    Reference:
        J. T. Barron, "A general and adaptive robust loss function", CVPR 2019, arXiv:1701.03077.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.robust_loss(torch.tensor([2.0, 100.0]), torch.zeros(2), alpha=-2.0, reduction="none")
        tensor([1.0000, 1.9992])
    """
    code, n = reduction_code("robust", reduction), scalar_tensor(normalizer, input)
    if not is_scripting():
        if is_learned(alpha) or is_learned(scale):
            return learned_robust(input, target, alpha, scale, weight, n, code)
    return _robust(input, target, alpha, scale, weight, None, n, code)


def wing_loss(
    input: Tensor,
    target: Tensor,
    width: float = 5.0,
    curvature: float = 0.5,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Wing loss: small errors of landmarks count more than in proportion.

    Formula, with d = input - target, w = width and c = curvature::

        l = w ln(1 + |d| / c)                   |d| < w
        l = |d| - w + w ln(1 + w / c)           otherwise

    Args:
        input: Predictions of any shape; a floating dtype.
        target: Targets of the same shape; a floating, integer or bool dtype.
        width: From this error on it is an absolute one, > 0.
        curvature: How sharply small errors count, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * The gradient is w / c next to d = 0, and 0 there.

    Reference:
        Z.-H. Feng, J. Kittler, M. Awais, P. Huber, X.-J. Wu, "Wing loss for robust facial landmark
        localisation with convolutional neural networks", CVPR 2018, arXiv:1711.06753.

    Example:
        >>> import torch, lossops.functional as F
        >>> F.wing_loss(torch.tensor([0.5, 9.0]), torch.zeros(2), reduction="none")
        tensor([ 3.4657, 15.9895])
    """
    code, n = reduction_code("wing", reduction), scalar_tensor(normalizer, input)
    return _wing(input, target, width, curvature, weight, None, n, code)


def adaptive_wing_loss(
    input: Tensor,
    target: Tensor,
    omega: float = 14.0,
    theta: float = 0.5,
    epsilon: float = 1.0,
    alpha: float = 2.1,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Adaptive wing loss: of heat maps, whose bright pixels count more than in proportion.

    Formula, with d = input - target and t = target::

        p = (|d| / epsilon)^(alpha - t), which is q where |d| = theta
        l = omega ln(1 + p)                                                     |d| < theta
        l = omega (ln(1 + q) + (|d| / theta - 1) (alpha - t) q / (1 + q))       otherwise

    Args:
        input: Heat maps of any shape; a floating dtype.
        target: Heat maps in [0, 1], of the same shape; a floating, integer or bool dtype.
        omega: A factor, > 0.
        theta: From this error on it is a straight line, > 0.
        epsilon: How sharply small errors of bright pixels count, > 0.
        alpha: The power of small errors where t = 0, > 1.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``input``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * Continuous at theta whatever epsilon is, as in the paper. (Copies that divide by omega in
          place of epsilon jump there, at the defaults from 4.77 to 0.18.)
        * At d = 0 the gradient is 0.

    Reference:
        X. Wang, L. Bo, L. Fuxin, "Adaptive wing loss for robust face alignment via heatmap
        regression", ICCV 2019, arXiv:1904.07399.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t = torch.tensor([0.3, 0.0]), torch.tensor([0.8, 1.0])
        >>> F.adaptive_wing_loss(x, t, reduction="none")
        tensor([ 4.7717, 10.2594])
    """
    code, n = reduction_code("adaptive_wing", reduction), scalar_tensor(normalizer, input)
    return _adaptive_wing(input, target, omega, theta, epsilon, alpha, weight, None, n, code)
