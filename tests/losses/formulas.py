"""What the references share.

References are plain torch formulas that know nothing of lossops. Each returns the unreduced loss,
in any dtype, and is differentiable to any order: so the same text is the float64 ground truth, the
same-dtype rival of the error budget and the oracle of the gradient and torch.func suites.
`test_forward.py` holds those that torch has against torch.nn.functional. Over a class axis, which
is the last one here, they return one number per row.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid


def softplus(x: Tensor) -> Tensor:
    """ln(1 + e^x); torch's own softplus drops e^-x beyond 20."""
    return -logsigmoid(-x)


def sigmoid(x: Tensor) -> Tensor:
    """As an exponential, so that the derivative p (1 - p) keeps its digits where p rounds to 1."""
    return torch.exp(logsigmoid(x))


def at_least(x: Tensor, low: Tensor | float) -> Tensor:
    """max(x, low) with derivative 1 at low, as that of clamp was before torch 2.14."""
    return torch.where((x < low) | (low != low), low, x)


def clamped(x: Tensor, low: Tensor | float, high: Tensor | float) -> Tensor:
    raised = at_least(x, low)
    return torch.where((raised > high) | (high != high), high, raised)


def log_rising(x: Tensor, d: Tensor) -> Tensor:
    """ln Gamma(x + d) - ln Gamma(x).

    In float64 by Stirling's series of arguments that are moved up by 12: second derivatives of
    torch.lgamma are exact to 1e-8 only.
    """
    if x.dtype != torch.float64:
        return torch.lgamma(x + d) - torch.lgamma(x)

    def rest(b: Tensor) -> Tensor:
        u = b * b
        tail = 1 / 1260 - u * (1 / 1680 - u * (1 / 1188 - u * 691 / 360360))
        return b * (1 / 12 - u * (1 / 360 - u * tail))

    moved = x + 12
    total = (moved + d - 0.5) * torch.log1p(d / moved) + d * (torch.log(moved) - 1)
    total = total + (rest(1 / (moved + d)) - rest(1 / moved))
    for i in range(12):
        total = total - torch.log1p(d / (x + i))
    return total


def odds(x: Tensor) -> Tensor:
    """ln((1 - p) / p) of every class, from the others' sum: exact where p rounds to 0 or 1."""
    if x.size(-1) == 1:
        return x.masked_fill(torch.ones_like(x, dtype=torch.bool), -math.inf)
    if x.size(-1) > 128:  # too many pairs of classes; p must keep off 1
        log_p = x.log_softmax(-1)
        return torch.log(-torch.expm1(log_p)) - log_p
    own = torch.eye(x.size(-1), dtype=torch.bool, device=x.device)
    return x.unsqueeze(-2).masked_fill(own, -math.inf).logsumexp(-1) - x


def one_hot(target: Tensor, like: Tensor) -> Tensor:
    return (target.unsqueeze(-1) == torch.arange(like.size(-1), device=like.device)).to(like.dtype)


def at(x: Tensor, target: Tensor) -> Tensor:
    """The entry of each row that its label names."""
    return x.gather(-1, target.unsqueeze(-1).long()).squeeze(-1)


def true_class(
    cost: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    label_smoothing: float = 0.0,
) -> Tensor:
    """sum_c y_c w_c cost_c; the target is labels or probabilities."""
    y = target if target.dim() == cost.dim() else one_hot(target, cost)
    y = y * (1 - label_smoothing) + label_smoothing / cost.size(-1)
    return ((y if weight is None else y * weight) * cost).sum(-1)


def shifted(x: Tensor, steps: int, fill: float) -> Tensor:
    """Along the last dimension, towards its end."""
    return torch.nn.functional.pad(x, (steps, 0), value=fill)[..., : x.size(-1)]


def log_sum_exp(*terms: Tensor) -> Tensor:
    """Of tensors element by element; where all are -inf so is the result, without a gradient."""
    stacked = torch.stack(terms)
    top = stacked.detach().amax(0)
    top = torch.where(top > -math.inf, top, 0.0)
    total = (stacked - top).exp().sum(0)
    possible = total != 0
    return torch.where(possible, torch.where(possible, total, 1.0).log() + top, -math.inf)
