"""Policy gradients of a language model: tokens by their advantages."""

from torch import Tensor

from .. import functional as F
from .._op import number
from ..functional._common import TensorOrNumber
from ..functional._policy import denominator
from ._base import Loss

__all__ = ["PolicyGradientLoss"]


class PolicyGradientLoss(Loss):
    """Policy gradient of tokens that another policy drew: GRPO and what was made of it.

    See :func:`lossops.functional.policy_gradient_loss`.

    Args:
        epsilon_low: How far below 1 the ratio counts, in [0, 1].
        epsilon_high: How far above 1, >= 0; for cispo the bound itself.
        beta: Factor of the divergence from the reference, >= 0.
        delta: Bound of the ratio where A < 0, above 1 + ``epsilon_high``; None for none.
        loss_type: ``"grpo"``, ``"bnpo"``, ``"dr_grpo"``, ``"dapo"``, ``"luspo"``, ``"cispo"`` or
            ``"sapo"``.
        level: ``"token"``, or ``"sequence"`` for one ratio per sequence.
        max_completion_length: For dr_grpo, the tokens that a sequence may have; None is T.
        tau_positive: For sapo, tau where A > 0, > 0.
        tau_negative: For sapo, tau elsewhere, > 0.
        reduction: ``"none"``, l of each token; ``"mean"``; or ``"sum"``, the same without the
            divisor.

    Shape:
        * logps: Log-probabilities of the tokens, shape (N, T), or (..., T); a floating dtype.
        * old_logps: Those of the policy that drew them, of the same shape; None where that is this
          one.
        * advantages: One per sequence, shape (N), or per token, (N, T).
        * output: A 0-d tensor, or the shape of ``logps`` for ``"none"``; of the promoted dtype of
          the operands, float32 where that is narrower.

    Example:
        >>> import torch, lossops
        >>> old = torch.tensor([[-1.0, -2.0], [-0.5, -1.5]])
        >>> logps = torch.tensor([[-0.5, -2.0], [-0.7, float("nan")]])
        >>> mask, advantages = torch.tensor([[1, 1], [1, 0]]), torch.tensor([1.0, -1.0])
        >>> loss = lossops.nn.PolicyGradientLoss(loss_type="grpo")
        >>> loss(logps, old, advantages, mask)
        tensor(-0.1406)
    """

    __constants__ = [
        "epsilon_low",
        "epsilon_high",
        "beta",
        "delta",
        "loss_type",
        "level",
        "max_completion_length",
        "tau_positive",
        "tau_negative",
        "reduction",
    ]

    def __init__(
        self,
        epsilon_low: float = 0.2,
        epsilon_high: float = 0.2,
        beta: float = 0.0,
        delta: float | None = None,
        loss_type: str = "dapo",
        level: str = "token",
        max_completion_length: int | None = None,
        tau_positive: float = 1.0,
        tau_negative: float = 1.05,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction)
        name = type(self).__name__
        self.epsilon_low = number(name, "epsilon_low", epsilon_low)
        self.epsilon_high = number(name, "epsilon_high", epsilon_high)
        self.beta = number(name, "beta", beta)
        self.delta = None if delta is None else number(name, "delta", delta)
        self.loss_type = loss_type
        self.level = level
        self.max_completion_length = max_completion_length
        self.tau_positive = number(name, "tau_positive", tau_positive)
        self.tau_negative = number(name, "tau_negative", tau_negative)

    def denominator(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """What the mean divides by, from the mask; see :meth:`Loss.denominator`."""
        return denominator(target, target, self.loss_type, self.max_completion_length).double()

    def forward(
        self,
        logps: Tensor,
        old_logps: Tensor | None,
        advantages: Tensor,
        mask: Tensor | None = None,
        ref_logps: Tensor | None = None,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.policy_gradient_loss(
            logps,
            old_logps,
            advantages,
            mask,
            ref_logps,
            self.epsilon_low,
            self.epsilon_high,
            self.beta,
            self.delta,
            self.loss_type,
            self.level,
            self.max_completion_length,
            self.tau_positive,
            self.tau_negative,
            self.reduction,
            weight,
            normalizer,
        )
