"""Policy gradients of a language model: tokens by their advantages."""

import torch
from torch import Tensor

from .._op import check_tensors, integer, is_scripting
from ._common import Op, TensorOrNumber, choice_code, reduction_code, scalar_tensor

__all__ = ["policy_gradient_loss"]

_policy_gradient = Op(torch.ops.lossops.policy_gradient)


def _objective(loss_type: str) -> int:
    choices = ["grpo", "bnpo", "dr_grpo", "dapo", "luspo", "cispo", "sapo"]
    return max(0, choice_code("policy_gradient", "loss_type", loss_type, choices) - 4)


def _check(logps: Tensor, old_logps: Tensor, mask: Tensor | None) -> None:
    if old_logps.shape != logps.shape:
        raise RuntimeError(
            "policy_gradient: logps and old_logps must have the same shape, got "
            f"{list(logps.shape)} and {list(old_logps.shape)}"
        )
    if mask is not None and mask.shape != logps.shape:
        raise RuntimeError(
            "policy_gradient: logps and mask must have the same shape, got "
            f"{list(logps.shape)} and {list(mask.shape)}"
        )


def _lengths(logps: Tensor, mask: Tensor | None) -> Tensor:
    """How many tokens of each sequence count, and 1 where none does; shape (..., 1)."""
    if mask is None:
        return torch.full([1] * logps.dim(), logps.size(-1), device=logps.device).clamp(min=1)
    return (mask != 0).sum(-1, keepdim=True).clamp(min=1)


def _sequence_ratio(log_ratio: Tensor, mask: Tensor | None) -> Tensor:
    kept = log_ratio if mask is None else torch.where(mask != 0, log_ratio, 0.0)
    return kept.sum(-1, keepdim=True) / _lengths(log_ratio, mask)


def denominator(
    logps: Tensor, mask: Tensor | None, loss_type: str, max_completion_length: int | None
) -> Tensor:
    """What the mean divides by."""
    count = logps.numel()
    if loss_type in ["bnpo", "dapo", "cispo"]:
        if mask is not None:
            return (mask != 0).sum()
    else:
        count = count // max(logps.size(-1), 1)
        if loss_type == "dr_grpo":
            longest = logps.size(-1) if max_completion_length is None else max_completion_length
            count = count * longest
    return torch.ones((), dtype=torch.float64, device=logps.device) * count


def policy_gradient_loss(
    logps: Tensor,
    old_logps: Tensor | None,
    advantages: Tensor,
    mask: Tensor | None = None,
    ref_logps: Tensor | None = None,
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
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Policy gradient of tokens that another policy drew: GRPO and what was made of it.

    Formula of a token, with A = advantages, r = exp(logps - old_logps), or with level="sequence"
    exp of the mean of that over the sequence (GSPO), u = ref_logps - logps and sg, which stops
    gradients::

        l = -min(min(r, delta) A, clip(r, 1 - epsilon_low, 1 + epsilon_high) A)
        l = -sg(min(r, epsilon_high)) A logps                 for cispo
        l = -4 / tau sigmoid(tau (r - 1)) A                   for sapo
        l = l + beta (exp(u) - u - 1)

    The mean, over N sequences with T tokens each, of which ``mask`` leaves some out::

        grpo, sapo         sum over sequences of the mean over their tokens / N
        bnpo, dapo, cispo  sum over tokens / their number
        dr_grpo            sum over tokens / (N max_completion_length)
        luspo              sum over tokens / N

    Args:
        logps: Log-probabilities of the tokens, shape (N, T), or (..., T); a floating dtype.
        old_logps: Those of the policy that drew them, of the same shape; None where that is this
            one.
        advantages: One per sequence, shape (N), or per token, (N, T).
        mask: Which tokens count, of the same shape, bool or 0 and 1. The others cost nothing and
            get gradient 0, whatever they hold.
        ref_logps: Those of a reference, of the same shape; needed for ``beta`` > 0.
        epsilon_low: How far below 1 the ratio counts, in [0, 1].
        epsilon_high: How far above 1, >= 0; for cispo the bound itself.
        beta: Factor of the divergence from the reference, >= 0.
        delta: Bound of the ratio where A < 0, above 1 + ``epsilon_high``; None for none.
        loss_type: ``"grpo"``, ``"bnpo"``, ``"dr_grpo"``, ``"dapo"``, ``"luspo"``, ``"cispo"`` or
            ``"sapo"``.
        level: ``"token"``, or ``"sequence"`` for one ratio per sequence.
        max_completion_length: For dr_grpo, the tokens that a sequence may have, > 0; None is T.
        tau_positive: For sapo, tau where A > 0, > 0.
        tau_negative: For sapo, tau elsewhere, > 0.
        reduction: ``"none"``, l of each token; ``"mean"``, as above; or ``"sum"``, the same without
            the divisor.
        weight: A factor per token; broadcasts to ``logps``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.
            That of dapo is the number of tokens in all batches of a step, on all ranks.

    Returns:
        A 0-d tensor, or the shape of ``logps`` for ``"none"``; of the promoted dtype of the
        operands, float32 where that is narrower.

    Raises:
        ValueError: A word is unknown, ``reduction`` rules out ``normalizer``,
            ``max_completion_length`` is out of range, or ``beta`` > 0 without ``ref_logps``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * GSPO is loss_type="grpo", level="sequence"; Dr. GRPO's mean needs no lengths.
        * exp(u) - u - 1 keeps its digits: 5.00017e-9 at u = 1e-4 in float32, where the formula
          gives 0. A ratio that overflows costs what its bound says.
        * Where no token counts the mean is 0.

    Reference:
        Z. Shao et al., "DeepSeekMath: pushing the limits of mathematical reasoning in open language
        models", 2024, arXiv:2402.03300; dapo arXiv:2503.14476, dr_grpo arXiv:2503.20783, gspo
        arXiv:2507.18071, cispo arXiv:2506.13585, sapo arXiv:2511.20347, delta arXiv:2505.07291.

    Example:
        >>> import torch, lossops.functional as F
        >>> old = torch.tensor([[-1.0, -2.0], [-0.5, -1.5]])
        >>> logps = torch.tensor([[-0.5, -2.0], [-0.7, float("nan")]])
        >>> mask, advantages = torch.tensor([[1, 1], [1, 0]]), torch.tensor([1.0, -1.0])
        >>> F.policy_gradient_loss(logps, old, advantages, mask, reduction="none")[:, 0]
        tensor([-1.2000,  0.8187])
        >>> F.policy_gradient_loss(logps, old, advantages, mask, loss_type="grpo")
        tensor(-0.1406)
    """
    op = "policy_gradient"
    code, objective = reduction_code(op, reduction), _objective(loss_type)
    by_sequence = choice_code(op, "level", level, ["token", "sequence"]) == 1
    if not is_scripting():
        check_tensors(op, logps=logps, old_logps=old_logps, mask=mask)
        max_completion_length = integer(op, "max_completion_length", max_completion_length, True)
    if max_completion_length is not None and max_completion_length <= 0:
        raise ValueError(f"{op}: max_completion_length must be > 0, got {max_completion_length}")
    if logps.dtype == torch.float16 or logps.dtype == torch.bfloat16:
        logps = logps.float()
    old = logps.detach() if old_logps is None else old_logps
    _check(logps, old, mask)
    if ref_logps is None and beta != 0:
        raise ValueError(f"{op}: beta > 0 needs ref_logps, got {beta} without")
    log_ratio = logps - old
    if by_sequence:
        log_ratio = _sequence_ratio(log_ratio, mask)
    if code != 0 and loss_type in ["grpo", "sapo"]:
        share = 1 / _lengths(logps, mask).to(logps.dtype)
        weight = share if weight is None else weight * share
    if code == 1 and normalizer is None:
        divisor = denominator(logps, mask, loss_type, max_completion_length)
        normalizer = divisor.clamp(min=1)
    return _policy_gradient(
        logps,
        log_ratio,
        advantages,
        mask,
        ref_logps,
        objective,
        epsilon_low,
        epsilon_high,
        delta,
        beta,
        tau_positive,
        tau_negative,
        weight,
        None,
        scalar_tensor(normalizer, logps),
        code,
    )
