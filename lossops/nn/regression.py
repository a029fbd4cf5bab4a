"""Losses on the difference between a prediction and a real-valued target."""

import torch
from torch import Tensor

from .. import functional as F
from ..functional._common import Levels, TensorOrNumber
from ._base import Loss, WeightedMeanLoss


class MSELoss(WeightedMeanLoss):
    """Mean squared error.

    See :func:`lossops.functional.mse_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        input (*), target (*); output scalar, or (*) for ``"none"``.

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
    """Mean absolute error.

    See :func:`lossops.functional.l1_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        input (*), target (*); output scalar, or (*) for ``"none"``.

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
    """The absolute error with a parabola in place of its kink.

    See :func:`lossops.functional.smooth_l1_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        beta: Where the parabola ends, >= 0.

    Shape:
        input (*), target (*); output scalar, or (*) for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.SmoothL1Loss(beta=2.0)
        >>> loss(torch.tensor([1.0, 3.0]), torch.zeros(2))
        tensor(1.1250)
    """

    __constants__ = ["reduction", "beta"]
    beta: float

    def __init__(self, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction)
        self.beta = float(beta)

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
    """Squared error up to ``delta``, absolute error beyond.

    See :func:`lossops.functional.huber_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        delta: Where the squared error ends, > 0.

    Shape:
        input (*), target (*); output scalar, or (*) for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.HuberLoss(delta=1.5)
        >>> loss(torch.tensor([0.5, 2.0]), torch.zeros(2))
        tensor(1.)
    """

    __constants__ = ["reduction", "delta"]
    delta: float

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        self.delta = float(delta)

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
    """Logarithm of the hyperbolic cosine of the error.

    See :func:`lossops.functional.log_cosh_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        input (*), target (*); output scalar, or (*) for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.LogCoshLoss()
        >>> loss(torch.ones(2), torch.zeros(2))
        tensor(0.4338)
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
    """An absolute error that is smooth at 0.

    See :func:`lossops.functional.charbonnier_loss`.

    Args:
        eps: Width of the smooth part, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        input (*), target (*); output scalar, or (*) for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.CharbonnierLoss(eps=3.0)
        >>> loss(torch.tensor([4.0, 0.0]), torch.zeros(2))
        tensor(1.)
    """

    __constants__ = ["eps", "reduction"]
    eps: float

    def __init__(self, eps: float = 1e-3, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.eps = float(eps)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.charbonnier_loss(input, target, self.eps, self.reduction, weight, normalizer)


class QuantileLoss(Loss):
    """Quantile (pinball) loss of one level or several.

    See :func:`lossops.functional.quantile_loss`.

    Args:
        q: The level or levels, 0 < q < 1: a number, a list of Q numbers, or a tensor of shape () or
            (Q,).
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        input (*) or (*, Q), target (*), or the shape of the input; output scalar, or that shape for
        ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.QuantileLoss(q=[0.1, 0.5, 0.9])
        >>> loss(torch.zeros(4, 3), torch.ones(4))
        tensor(0.5000)
    """

    q: Tensor

    def __init__(self, q: Levels = 0.5, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.register_buffer("q", q if isinstance(q, Tensor) else torch.tensor(q), persistent=False)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.quantile_loss(input, target, self.q, self.reduction, weight, normalizer)

    def denominator(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """What the mean divides by; of several levels the target has to have their dimension.

        See :meth:`Loss.denominator`.

        Raises:
            ValueError: There are Q levels, and the last dimension of ``target`` is not Q.
        """
        levels = self.q.numel()
        if self.q.dim() > 0 and target.shape[-1:] != (levels,):
            raise ValueError(
                f"QuantileLoss.denominator: target must have the shape of the input, (*, {levels}),"
                f" got {tuple(target.shape)}"
            )
        return super().denominator(target)

    def extra_repr(self) -> str:
        """The settings, as the constructor names them."""
        return f"q={self.q}, {super().extra_repr()}"


class ExpectileLoss(Loss):
    """Squared error that weighs under- and over-prediction differently.

    See :func:`lossops.functional.expectile_loss`.

    Args:
        tau: The level, 0 < tau < 1.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        input (*), target (*); output scalar, or (*) for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.ExpectileLoss(tau=0.9)
        >>> loss(torch.tensor([0.0, 2.0]), torch.ones(2))
        tensor(0.5000)
    """

    __constants__ = ["tau", "reduction"]
    tau: float

    def __init__(self, tau: float = 0.5, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.tau = float(tau)

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
    """Barron's general robust loss.

    See :func:`lossops.functional.robust_loss`.

    Args:
        alpha: The shape, any number, also inf and -inf; 2 is the squared error.
        scale: The size of error at which the loss leaves its parabola, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        input (*), target (*); output scalar, or (*) for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.RobustLoss(alpha=-2.0)
        >>> loss(torch.tensor([2.0, 2.0]), torch.zeros(2))
        tensor(1.)
    """

    __constants__ = ["alpha", "scale", "reduction"]
    alpha: float
    scale: float

    def __init__(self, alpha: float = 1.0, scale: float = 1.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.alpha = float(alpha)
        self.scale = float(scale)

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
