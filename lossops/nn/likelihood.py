"""Negative log-likelihoods of counts and densities, and the divergence between distributions."""

# Generated from ../functional/likelihood.py by `python -m tools.generate --write`.
from torch import Tensor

from .. import functional as F
from .._op import number
from ..functional._common import TensorOrNumber
from ._base import Loss


class PoissonNLLLoss(Loss):
    """Negative log-likelihood of counts under a Poisson distribution.

    See :func:`lossops.functional.poisson_nll_loss`.

    Args:
        log_input: Whether ``input`` holds logarithms.
        full: Whether to add the term that depends on the target alone.
        eps: Keeps the logarithm of a rate of 0 finite; unused with ``log_input``.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Logarithms of rates, or rates >= 0, of any shape; a floating dtype.
        * target: Counts, a floating or integer dtype; broadcasts with ``input``.
        * output: A 0-d tensor, or the shape of the operands for ``"none"``; their promoted dtype.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.PoissonNLLLoss(reduction="none")
        >>> loss(torch.tensor([0.0, 1.0]), torch.tensor([2, 0]))
        tensor([1.0000, 2.7183])
    """

    __constants__ = ["log_input", "full", "eps", "reduction"]

    def __init__(
        self, log_input: bool = True, full: bool = False, eps: float = 1e-8, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction)
        self.log_input = log_input
        self.full = full
        self.eps = number("PoissonNLLLoss", "eps", eps)

    def forward(
        self,
        log_input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.poisson_nll_loss(
            log_input,
            target,
            self.log_input,
            self.full,
            self.eps,
            self.reduction,
            weight,
            normalizer,
        )


class GaussianNLLLoss(Loss):
    """Negative log-likelihood of values under Gaussians whose mean and variance are predicted.

    See :func:`lossops.functional.gaussian_nll_loss`.

    Args:
        full: Whether to add the constant term.
        eps: The least variance, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Means of any shape; a floating dtype.
        * target: Values, a floating or integer dtype; broadcasts with ``input``.
        * var: Variances: a number >= 0, a tensor like ``target``, or one of the shape
          ``input.shape[:-1]``.
        * output: A 0-d tensor, or the shape of the operands for ``"none"``; their promoted dtype.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.GaussianNLLLoss()
        >>> loss(torch.tensor([0.0, 2.0]), torch.zeros(2), torch.ones(2))
        tensor(1.)
    """

    __constants__ = ["full", "eps", "reduction"]

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.full = full
        self.eps = number("GaussianNLLLoss", "eps", eps)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        var: TensorOrNumber,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.gaussian_nll_loss(
            input, target, var, self.full, self.eps, self.reduction, weight, normalizer
        )


class BetaNLLLoss(Loss):
    """Gaussian negative log-likelihood that does not give up on what is hard to fit.

    See :func:`lossops.functional.beta_nll_loss`.

    Args:
        beta: In [0, 1].
        full: Whether to add the constant term.
        eps: The least variance, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Means of any shape; a floating dtype.
        * target: Values of the same shape; a floating or integer dtype.
        * var: Variances: a number >= 0, a tensor like ``input``, or one of the shape
          ``input.shape[:-1]``.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.BetaNLLLoss(reduction="none")
        >>> loss(torch.tensor([0.0, 2.0]), torch.zeros(2), 4.0)
        tensor([1.3863, 2.3863])
    """

    __constants__ = ["beta", "full", "eps", "reduction"]

    def __init__(
        self, beta: float = 0.5, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction)
        self.beta = number("BetaNLLLoss", "beta", beta)
        self.full = full
        self.eps = number("BetaNLLLoss", "eps", eps)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        var: TensorOrNumber,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.beta_nll_loss(
            input, target, var, self.beta, self.full, self.eps, self.reduction, weight, normalizer
        )


class KLDivLoss(Loss):
    """Kullback-Leibler divergence of predicted log-probabilities from a target distribution.

    See :func:`lossops.functional.kl_div`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. Also ``"batchmean"``, the sum divided by
            ``input.size(0)``.
        log_target: Whether ``target`` holds logarithms.

    Shape:
        * input: Log-probabilities of any shape; a floating dtype.
        * target: Probabilities, or their logarithms; broadcasts with ``input``.
        * output: A 0-d tensor, or the shape of the operands for ``"none"``; their promoted dtype.

    Example:
        >>> import torch, lossops
        >>> p, q = torch.tensor([[0.5, 0.5]]), torch.tensor([[0.75, 0.25]])
        >>> loss = lossops.nn.KLDivLoss(reduction="batchmean")
        >>> loss(p.log(), q)
        tensor(0.1308)
    """

    __constants__ = ["reduction", "log_target"]

    def __init__(self, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction)
        self.log_target = log_target

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.kl_div(input, target, self.reduction, self.log_target, weight, normalizer)


class GaussianKLLoss(Loss):
    """Kullback-Leibler divergence of Gaussians from the standard one, as in autoencoders.

    See :func:`lossops.functional.gaussian_kl_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * input: Means of any shape; a floating dtype.
        * log_var: Logarithms of variances, of the same shape.
        * output: A 0-d tensor, or the shape of ``input`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.GaussianKLLoss(reduction="none")
        >>> loss(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))
        tensor([0.5000, 0.3591])
    """

    def forward(
        self,
        input: Tensor,
        log_var: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.gaussian_kl_loss(input, log_var, self.reduction, weight, normalizer)
