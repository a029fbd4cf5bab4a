"""Losses on the difference between a prediction and a real-valued target."""

# Generated from ../functional/regression.py by `python -m tools.generate --write`.
from torch import Tensor

from .. import functional as F
from .._op import number
from ..functional._common import Levels, TensorOrNumber
from ._base import LevelsLoss, Loss, WeightedMeanLoss, levels


class MSELoss(WeightedMeanLoss):
    """Mean squared error.

    See :func:`lossops.functional.mse_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. With ``weight``, the mean is sum(weight * l)
            / sum(weight).

    Shape:
        * input: Predictions of any shape; a floating dtype.
        * target: Targets of the same shape; a floating, integer or bool dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.MSELoss()
        >>> loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 5.0]))
        tensor(4.5000)
    """

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.mse_loss(input, target, self.reduction, weight, normalizer)


class L1Loss(WeightedMeanLoss):
    """Mean absolute error. Its gradient at a difference of 0 is 0.

    See :func:`lossops.functional.l1_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. With ``weight``, the mean is sum(weight * l)
            / sum(weight).

    Shape:
        * input: Predictions of any shape; a floating dtype.
        * target: Targets of the same shape; a floating, integer or bool dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.L1Loss()
        >>> loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 5.0]))
        tensor(1.5000)
    """

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.l1_loss(input, target, self.reduction, weight, normalizer)


class SmoothL1Loss(Loss):
    """Smooth L1: the absolute error with a parabola in place of its kink; Huber over ``beta``.

    See :func:`lossops.functional.smooth_l1_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        beta: Where the parabola ends, >= 0; 0 gives the absolute error.

    Shape:
        * input: Predictions of any shape; a floating dtype.
        * target: Targets of the same shape; a floating, integer or bool dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.SmoothL1Loss(reduction="none")
        >>> loss(torch.tensor([0.5, 2.0]), torch.zeros(2))
        tensor([0.1250, 1.5000])
    """

    __constants__ = ["reduction", "beta"]

    def __init__(self, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction)
        self.beta = number("SmoothL1Loss", "beta", beta)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.smooth_l1_loss(input, target, self.reduction, self.beta, weight, normalizer)


class HuberLoss(Loss):
    """Huber's loss: squared error up to ``delta``, absolute error beyond.

    See :func:`lossops.functional.huber_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        delta: Where the squared error ends, > 0; inf gives d^2 / 2 everywhere.

    Shape:
        * input: Predictions of any shape; a floating dtype.
        * target: Targets of the same shape; a floating, integer or bool dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.HuberLoss(delta=1.5)
        >>> loss(torch.tensor([0.5, 2.0]), torch.zeros(2))
        tensor(1.)
    """

    __constants__ = ["reduction", "delta"]

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        self.delta = number("HuberLoss", "delta", delta)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.huber_loss(input, target, self.reduction, self.delta, weight, normalizer)


class LogCoshLoss(Loss):
    """Logarithm of the hyperbolic cosine: a squared error that turns into an absolute one.

    See :func:`lossops.functional.log_cosh_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Predictions of any shape; a floating dtype.
        * target: Targets of the same shape; a floating, integer or bool dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.LogCoshLoss(reduction="none")
        >>> loss(torch.tensor([1.0, 100.0]), torch.zeros(2))
        tensor([ 0.4338, 99.3069])
    """

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.log_cosh_loss(input, target, self.reduction, weight, normalizer)


class CharbonnierLoss(Loss):
    """Charbonnier's loss: an absolute error that is smooth at 0.

    See :func:`lossops.functional.charbonnier_loss`.

    Args:
        eps: Width of the smooth part, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Predictions of any shape; a floating dtype.
        * target: Targets of the same shape; a floating, integer or bool dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.CharbonnierLoss(eps=3.0, reduction="none")
        >>> loss(torch.tensor([4.0, 0.0]), torch.zeros(2))
        tensor([2., 0.])
    """

    __constants__ = ["eps", "reduction"]

    def __init__(self, eps: float = 1e-3, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.eps = number("CharbonnierLoss", "eps", eps)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.charbonnier_loss(input, target, self.eps, self.reduction, weight, normalizer)


class QuantileLoss(LevelsLoss):
    """Quantile (pinball) loss: its minimiser is the ``q``-quantile, or several of them at once.

    See :func:`lossops.functional.quantile_loss`.

    Args:
        q: The level or levels, 0 < q < 1: a number, or a tensor of shape () or (Q,); in Python also
            a list of Q numbers.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Predictions; any shape for one quantile, (..., Q) for Q of them. A floating dtype.
        * target: Targets of the shape of ``input``, or (...) to share each over the Q predictions
          of its quantiles; a floating, integer or bool dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> x, t = torch.tensor([0.0, 2.0]), torch.ones(2)
        >>> loss = lossops.nn.QuantileLoss(q=0.9, reduction="none")
        >>> loss(x, t)
        tensor([0.9000, 0.1000])
    """

    q: Tensor

    def __init__(self, q: Levels = 0.5, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.register_buffer("q", levels("QuantileLoss", q), persistent=False)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.quantile_loss(input, target, self.q, self.reduction, weight, normalizer)

    def extra_repr(self) -> str:
        """The settings, as the constructor names them."""
        return f"q={self.q}, {super().extra_repr()}"


class ExpectileLoss(Loss):
    """Expectile loss: squared error that weighs under- and over-prediction differently.

    See :func:`lossops.functional.expectile_loss`.

    Args:
        tau: The level, 0 < tau < 1; 0.5 gives half the squared error.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Predictions of any shape; a floating dtype.
        * target: Targets of the same shape; a floating, integer or bool dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> x, t = torch.tensor([0.0, 2.0]), torch.ones(2)
        >>> loss = lossops.nn.ExpectileLoss(tau=0.9, reduction="none")
        >>> loss(x, t)
        tensor([0.9000, 0.1000])
    """

    __constants__ = ["tau", "reduction"]

    def __init__(self, tau: float = 0.5, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.tau = number("ExpectileLoss", "tau", tau)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.expectile_loss(input, target, self.tau, self.reduction, weight, normalizer)


class RobustLoss(Loss):
    """Barron's general robust loss: from squared error to losses that ignore outliers.

    See :func:`lossops.functional.robust_loss`.

    Args:
        alpha: The shape, any number, also inf and -inf; the smaller, the less an outlier counts.
        scale: The size of error at which the loss leaves its parabola, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Predictions of any shape; a floating dtype.
        * target: Targets of the same shape; a floating, integer or bool dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.RobustLoss(alpha=-2.0, reduction="none")
        >>> loss(torch.tensor([2.0, 100.0]), torch.zeros(2))
        tensor([1.0000, 1.9992])
    """

    __constants__ = ["alpha", "scale", "reduction"]

    def __init__(self, alpha: float = 1.0, scale: float = 1.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.alpha = number("RobustLoss", "alpha", alpha)
        self.scale = number("RobustLoss", "scale", scale)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.robust_loss(
            input, target, self.alpha, self.scale, self.reduction, weight, normalizer
        )


class WingLoss(Loss):
    """Wing loss: small errors of landmarks count more than in proportion.

    See :func:`lossops.functional.wing_loss`.

    Args:
        width: From this error on it is an absolute one, > 0.
        curvature: How sharply small errors count, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Predictions of any shape; a floating dtype.
        * target: Targets of the same shape; a floating, integer or bool dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.WingLoss(reduction="none")
        >>> loss(torch.tensor([0.5, 9.0]), torch.zeros(2))
        tensor([ 3.4657, 15.9895])
    """

    __constants__ = ["width", "curvature", "reduction"]

    def __init__(self, width: float = 5.0, curvature: float = 0.5, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.width = number("WingLoss", "width", width)
        self.curvature = number("WingLoss", "curvature", curvature)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.wing_loss(
            input, target, self.width, self.curvature, self.reduction, weight, normalizer
        )


class AdaptiveWingLoss(Loss):
    """Adaptive wing loss: of heat maps, whose bright pixels count more than in proportion.

    See :func:`lossops.functional.adaptive_wing_loss`.

    Args:
        omega: A factor, > 0.
        theta: From this error on it is a straight line, > 0.
        epsilon: How sharply small errors of bright pixels count, > 0.
        alpha: The power of small errors where t = 0, > 1.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Heat maps of any shape; a floating dtype.
        * target: Heat maps in [0, 1], of the same shape; a floating, integer or bool dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> x, t = torch.tensor([0.3, 0.0]), torch.tensor([0.8, 1.0])
        >>> loss = lossops.nn.AdaptiveWingLoss(reduction="none")
        >>> loss(x, t)
        tensor([ 4.7717, 10.2594])
    """

    __constants__ = ["omega", "theta", "epsilon", "alpha", "reduction"]

    def __init__(
        self,
        omega: float = 14.0,
        theta: float = 0.5,
        epsilon: float = 1.0,
        alpha: float = 2.1,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction)
        self.omega = number("AdaptiveWingLoss", "omega", omega)
        self.theta = number("AdaptiveWingLoss", "theta", theta)
        self.epsilon = number("AdaptiveWingLoss", "epsilon", epsilon)
        self.alpha = number("AdaptiveWingLoss", "alpha", alpha)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.adaptive_wing_loss(
            input,
            target,
            self.omega,
            self.theta,
            self.epsilon,
            self.alpha,
            self.reduction,
            weight,
            normalizer,
        )
