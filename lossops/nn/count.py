"""Negative log-likelihoods of counts: numbers of events, and amounts that are often 0."""

# Generated from ../functional/count.py by `python -m tools.generate --write`.
from torch import Tensor

from .. import functional as F
from .._op import number
from ..functional._common import TensorOrNumber
from ._base import Loss


class NegativeBinomialNLLLoss(Loss):
    """Negative log-likelihood of counts that vary more than Poisson's: negative binomial.

    See :func:`lossops.functional.negative_binomial_nll_loss`.

    Args:
        log_input: Whether ``input`` holds logarithms.
        full: Whether to add the term that depends on the target alone.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Logarithms of means, or means >= 0, of any shape; a floating dtype.
        * target: Counts of the same shape, a floating or integer dtype.
        * dispersion: a >= 0: a number, or a tensor that broadcasts to ``input``.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> mean, count = torch.tensor([3.0, 3.0]), torch.tensor([5, 0])
        >>> loss = lossops.nn.NegativeBinomialNLLLoss(log_input=False, full=True, reduction="none")
        >>> loss(mean, count, 0.5)
        tensor([2.5950, 1.8326])
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
        dispersion: TensorOrNumber,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.negative_binomial_nll_loss(
            input, target, dispersion, self.log_input, self.full, self.reduction, weight, normalizer
        )


class ZeroInflatedPoissonNLLLoss(Loss):
    """Negative log-likelihood of counts that are 0 more often than Poisson's.

    See :func:`lossops.functional.zero_inflated_poisson_nll_loss`.

    Args:
        full: Whether to add the term that depends on the target alone.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Logarithms of rates, of any shape; a floating dtype.
        * target: Counts of the same shape, a floating or integer dtype.
        * gate: The logit of pi, the probability that nothing can happen: a number, or a tensor that
          broadcasts to ``input``.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> log_rate, count = torch.tensor([2.0, 2.0]).log(), torch.tensor([0, 3])
        >>> loss = lossops.nn.ZeroInflatedPoissonNLLLoss(full=True, reduction="none")
        >>> loss(log_rate, count, 0.3)
        tensor([0.4588, 2.5667])
    """

    __constants__ = ["full", "reduction"]

    def __init__(self, full: bool = False, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.full = full

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        gate: TensorOrNumber,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.zero_inflated_poisson_nll_loss(
            input, target, gate, self.full, self.reduction, weight, normalizer
        )


class TweedieLoss(Loss):
    """Negative log-likelihood of amounts, often 0, such as claims or rain: Tweedie.

    See :func:`lossops.functional.tweedie_loss`.

    Args:
        p: The power of the variance, in [1, 2]: sums of a number of amounts between the two.
        log_input: Whether ``input`` holds logarithms.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Logarithms of means, or means > 0, of any shape; a floating dtype.
        * target: Amounts >= 0 of the same shape; a floating or integer dtype.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.TweedieLoss(reduction="none")
        >>> loss(torch.zeros(2), torch.tensor([0.0, 3.0]))
        tensor([2., 8.])
    """

    __constants__ = ["p", "log_input", "reduction"]

    def __init__(self, p: float = 1.5, log_input: bool = True, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.p = number("TweedieLoss", "p", p)
        self.log_input = log_input

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.tweedie_loss(
            input, target, self.p, self.log_input, self.reduction, weight, normalizer
        )
