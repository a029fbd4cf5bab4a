"""Preferences between answers of a language model, by their log-probabilities."""

# Generated from ../functional/preference.py by `python -m tools.generate --write`.
from torch import Tensor

from .. import functional as F
from .._op import number
from ..functional._common import TensorOrNumber
from ._base import Loss


class DPOLoss(Loss):
    """Direct preference optimisation: the chosen answer gains more on the reference.

    See :func:`lossops.functional.dpo_loss`.

    Args:
        beta: How much the log-ratios c and r count, > 0.
        loss_type: A word of the formula's table; in Python also ``"aot"`` and ``"aot_unpaired"``,
            which are sigmoid's of sorted differences.
        label_smoothing: e in [0, 0.5), how often the two answers are mistaken for one another; of
            sigmoid, robust, and exo_pair, where e > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * chosen_logps: Log-probability of each chosen answer, the sum over its tokens; for
          ``"ipo"`` and ``"sigmoid_norm"`` the mean. Any shape, (N) as a rule; a floating dtype.
        * rejected_logps: Those of the rejected answers, of the same shape.
        * output: A 0-d tensor, or the shape of ``chosen_logps`` for ``"none"``; the promoted dtype
          of the operands.

    Example:
        >>> import torch, lossops
        >>> chosen, rejected = torch.tensor([-10.0, -12.0]), torch.tensor([-14.0, -11.0])
        >>> loss = lossops.nn.DPOLoss(beta=0.5, reduction="none")
        >>> loss(chosen, rejected)
        tensor([0.1269, 0.9741])
    """

    __constants__ = ["beta", "loss_type", "label_smoothing", "reduction"]

    def __init__(
        self,
        beta: float = 0.1,
        loss_type: str = "sigmoid",
        label_smoothing: float = 0.0,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction)
        self.beta = number("DPOLoss", "beta", beta)
        self.loss_type = loss_type
        self.label_smoothing = number("DPOLoss", "label_smoothing", label_smoothing)

    def forward(
        self,
        chosen_logps: Tensor,
        rejected_logps: Tensor,
        ref_chosen_logps: Tensor | None = None,
        ref_rejected_logps: Tensor | None = None,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.dpo_loss(
            chosen_logps,
            rejected_logps,
            ref_chosen_logps,
            ref_rejected_logps,
            self.beta,
            self.loss_type,
            self.label_smoothing,
            self.reduction,
            weight,
            normalizer,
        )


class SimPOLoss(Loss):
    """SimPO: the chosen answer is likelier per token by a margin, without a reference.

    See :func:`lossops.functional.simpo_loss`.

    Args:
        beta: How much log-probabilities count, > 0.
        gamma: The margin by which beta c has to lead.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * chosen_logps: Log-probability of each chosen answer, the mean over its tokens. Any shape,
          (N) as a rule; a floating dtype.
        * rejected_logps: Those of the rejected answers, of the same shape.
        * output: A 0-d tensor, or the shape of ``chosen_logps`` for ``"none"``; the promoted dtype
          of the operands.

    Example:
        >>> import torch, lossops
        >>> chosen, rejected = torch.tensor([-1.0, -1.2]), torch.tensor([-1.4, -1.1])
        >>> loss = lossops.nn.SimPOLoss(reduction="none")
        >>> loss(chosen, rejected)
        tensor([0.5544, 1.1032])
    """

    __constants__ = ["beta", "gamma", "reduction"]

    def __init__(self, beta: float = 2.0, gamma: float = 0.5, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.beta = number("SimPOLoss", "beta", beta)
        self.gamma = number("SimPOLoss", "gamma", gamma)

    def forward(
        self,
        chosen_logps: Tensor,
        rejected_logps: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.simpo_loss(
            chosen_logps, rejected_logps, self.beta, self.gamma, self.reduction, weight, normalizer
        )


class CPOLoss(Loss):
    """Contrastive preference optimisation: DPO without a reference, and likelihood.

    See :func:`lossops.functional.cpo_loss`.

    Args:
        beta: How much log-probabilities count, > 0.
        alpha: How much the likelihood of the chosen answer counts, >= 0.
        label_smoothing: e in [0, 0.5), how often the two answers are mistaken for one another.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * chosen_logps: Log-probability of each chosen answer, the sum over its tokens. Any shape,
          (N) as a rule; a floating dtype.
        * rejected_logps: Those of the rejected answers, of the same shape.
        * output: A 0-d tensor, or the shape of ``chosen_logps`` for ``"none"``; the promoted dtype
          of the operands.

    Example:
        >>> import torch, lossops
        >>> chosen, rejected = torch.tensor([-10.0, -12.0]), torch.tensor([-14.0, -11.0])
        >>> loss = lossops.nn.CPOLoss(beta=0.5, alpha=0.1, reduction="none")
        >>> loss(chosen, rejected)
        tensor([1.1269, 2.1741])
    """

    __constants__ = ["beta", "alpha", "label_smoothing", "reduction"]

    def __init__(
        self,
        beta: float = 0.1,
        alpha: float = 1.0,
        label_smoothing: float = 0.0,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction)
        self.beta = number("CPOLoss", "beta", beta)
        self.alpha = number("CPOLoss", "alpha", alpha)
        self.label_smoothing = number("CPOLoss", "label_smoothing", label_smoothing)

    def forward(
        self,
        chosen_logps: Tensor,
        rejected_logps: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.cpo_loss(
            chosen_logps,
            rejected_logps,
            self.beta,
            self.alpha,
            self.label_smoothing,
            self.reduction,
            weight,
            normalizer,
        )


class ORPOLoss(Loss):
    """Odds-ratio preference optimisation: the term beside the likelihood of the chosen answer.

    See :func:`lossops.functional.orpo_loss`.

    Args:
        beta: Factor of the loss, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * chosen_logps: Log-probability of each chosen answer, the mean over its tokens; values
          above 0 count as 0. Any shape, (N) as a rule; a floating dtype.
        * rejected_logps: Those of the rejected answers, of the same shape.
        * output: A 0-d tensor, or the shape of ``chosen_logps`` for ``"none"``; the promoted dtype
          of the operands.

    Example:
        >>> import torch, lossops
        >>> chosen, rejected = torch.tensor([-1.0, -1.2]), torch.tensor([-1.4, -1.1])
        >>> loss = lossops.nn.ORPOLoss(beta=1.0, reduction="none")
        >>> loss(chosen, rejected)
        tensor([0.4462, 0.7690])
    """

    __constants__ = ["beta", "reduction"]

    def __init__(self, beta: float = 0.1, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.beta = number("ORPOLoss", "beta", beta)

    def forward(
        self,
        chosen_logps: Tensor,
        rejected_logps: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.orpo_loss(
            chosen_logps, rejected_logps, self.beta, self.reduction, weight, normalizer
        )


class KTOLoss(Loss):
    """Kahneman-Tversky optimisation: single answers that are desirable or not.

    See :func:`lossops.functional.kto_loss`.

    Args:
        beta: How much the log-ratio d counts, > 0.
        desirable_weight: Factor of the desirable answers, >= 0.
        undesirable_weight: Factor of the undesirable ones, >= 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Elements with this target are left out, and get gradient 0.

    Shape:
        * logps: Log-probability of each answer, the sum over its tokens. Any shape, (N) as a rule;
          a floating dtype.
        * ref_logps: What the reference gives them, of the same shape.
        * target: Whether the answer is desirable, of the same shape; bool, or any dtype.
        * output: A 0-d tensor, or the shape of ``logps`` for ``"none"``; the promoted dtype of the
          operands.

    Example:
        >>> import torch, lossops
        >>> logps, ref = torch.tensor([-10.0, -12.0]), torch.tensor([-12.0, -11.0])
        >>> loss = lossops.nn.KTOLoss(beta=0.5, reduction="none")
        >>> loss(logps, ref, torch.tensor([True, False]), kl=0.5)
        tensor([0.3208, 0.3208])
    """

    __constants__ = ["beta", "desirable_weight", "undesirable_weight", "reduction", "ignore_index"]

    def __init__(
        self,
        beta: float = 0.1,
        desirable_weight: float = 1.0,
        undesirable_weight: float = 1.0,
        reduction: str = "mean",
        ignore_index: int | None = None,
    ) -> None:
        super().__init__(reduction)
        self.beta = number("KTOLoss", "beta", beta)
        self.desirable_weight = number("KTOLoss", "desirable_weight", desirable_weight)
        self.undesirable_weight = number("KTOLoss", "undesirable_weight", undesirable_weight)
        self.ignore_index = ignore_index

    def forward(
        self,
        logps: Tensor,
        ref_logps: Tensor,
        target: Tensor,
        kl: TensorOrNumber | None = None,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.kto_loss(
            logps,
            ref_logps,
            target,
            kl,
            self.beta,
            self.desirable_weight,
            self.undesirable_weight,
            self.reduction,
            weight,
            self.ignore_index,
            normalizer,
        )
