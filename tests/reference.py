"""What every loss must compute, as plain torch formulas that know nothing of lossops.

Each function returns the unreduced loss. All of them run in any dtype and are differentiable to any
order, so the same text is the float64 ground truth, the same-dtype rival of the error budget and
the oracle of the gradient and torch.func suites. `test_forward.py` holds those that torch has
against torch.nn.functional.
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


def mse(input: Tensor, target: Tensor) -> Tensor:
    return (input - target) ** 2


def l1(input: Tensor, target: Tensor) -> Tensor:
    return (input - target).abs()


def smooth_l1(input: Tensor, target: Tensor, beta: float = 1.0) -> Tensor:
    d = (input - target).abs()
    return d if beta == 0 else torch.where(d < beta, 0.5 * d * d / beta, d - 0.5 * beta)


def huber(input: Tensor, target: Tensor, delta: float = 1.0) -> Tensor:
    d = (input - target).abs()
    if math.isinf(delta):
        return 0.5 * d * d
    return torch.where(d <= delta, 0.5 * d * d, delta * (d - 0.5 * delta))


def log_cosh(input: Tensor, target: Tensor) -> Tensor:
    """ln cosh d = ln(1 + sinh^2 d) / 2, exact near 0; |d| + softplus(-2 |d|) - ln 2 far from it."""
    d = input - target
    near = 0.5 * torch.log1p(torch.sinh(d.clamp(-1, 1)) ** 2)
    far = d.abs() + torch.log1p(torch.exp(-2 * d.abs())) - math.log(2)
    return torch.where(d.abs() < 1, near, far)


def charbonnier(input: Tensor, target: Tensor, eps: float = 1e-3) -> Tensor:
    """sqrt(d^2 + eps^2) - eps, rationalised."""
    d = input - target
    return d * d / (torch.sqrt(d * d + eps * eps) + eps)


def quantile(input: Tensor, target: Tensor, q: Tensor | float = 0.5) -> Tensor:
    e = target - input
    return torch.where(e < 0, (q - 1) * e, q * e)


def expectile(input: Tensor, target: Tensor, tau: float = 0.5) -> Tensor:
    e = target - input
    return torch.where(e < 0, (1 - tau) * e * e, tau * e * e)


def robust(input: Tensor, target: Tensor, alpha: float = 1.0, scale: float = 1.0) -> Tensor:
    """Barron, A General and Adaptive Robust Loss Function, 2019, equation 8 and its limits."""
    half = 0.5 * ((input - target) / scale) ** 2
    if alpha == 2:
        return half
    if alpha == 0:
        return torch.log1p(half)
    if alpha == -math.inf:
        # Each form where its derivative keeps its digits.
        near, far = -torch.expm1(-half.clamp(max=1)), 1 - torch.exp(-half)
        return torch.where(half < 1, near, far)
    if alpha == math.inf:
        return torch.expm1(half)
    b = abs(alpha - 2)
    return b / alpha * torch.expm1(alpha / 2 * torch.log1p(2 * half / b))


def poisson_nll(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
) -> Tensor:
    if log_input:
        loss = torch.exp(input) - target * input
    else:
        loss = input - target * torch.log(input + eps)
    if full:
        t = torch.where(target > 1, target, 2.0)
        stirling = t * torch.log(t) - t + 0.5 * torch.log(2 * math.pi * t)
        loss = loss + torch.where(target > 1, stirling, 0.0)
    return loss


def gaussian_nll(
    input: Tensor, target: Tensor, var: Tensor, full: bool = False, eps: float = 1e-6
) -> Tensor:
    """A clamped variance gets no gradient (torch hands it one through the clamp)."""
    v = var.clamp(min=eps)
    loss = 0.5 * (torch.log(v) + (input - target) ** 2 / v)
    return loss + 0.5 * math.log(2 * math.pi) if full else loss


def bce(input: Tensor, target: Tensor) -> Tensor:
    p, q = torch.log(input).clamp(min=-100), torch.log1p(-input).clamp(min=-100)
    return -(target * p + (1 - target) * q)


def bce_with_logits(
    input: Tensor,
    target: Tensor,
    pos_weight: Tensor | None = None,
    label_smoothing: float = 0.0,
) -> Tensor:
    t = target * (1 - label_smoothing) + 0.5 * label_smoothing
    positive = t if pos_weight is None else t * pos_weight
    return positive * softplus(-input) + (1 - t) * softplus(input)


def focal(input: Tensor, target: Tensor, alpha: float | None = 0.25, gamma: float = 2.0) -> Tensor:
    """Lin et al. 2017, with torchvision's reading of a soft target."""
    p, q = sigmoid(input), sigmoid(-input)
    miss = p * (1 - target) + q * target  # 1 - p_t
    loss = miss**gamma * (target * softplus(-input) + (1 - target) * softplus(input))
    if alpha is None:
        return loss
    return (alpha * target + (1 - alpha) * (1 - target)) * loss


def asymmetric(
    input: Tensor,
    target: Tensor,
    gamma_pos: float = 1.0,
    gamma_neg: float = 4.0,
    clip: float = 0.05,
) -> Tensor:
    """Ridnik et al. 2020, equation 7."""
    shifted = (sigmoid(input) - clip).clamp(min=0)
    positive = sigmoid(-input) ** gamma_pos * softplus(-input)
    # Without a shift, 1 - p is sigmoid(-x), which keeps its digits where p rounds to 1.
    negative = softplus(input) if clip == 0 else -torch.log1p(-shifted)
    return target * positive + (1 - target) * shifted**gamma_neg * negative


def rww_bce(
    input: Tensor, target: Tensor, fn_weight: float = 1.0, fp_weight: float = 1.0
) -> Tensor:
    """Ho and Wookey, The Real-World-Weight Cross-Entropy Loss Function, 2020."""
    return fn_weight * target * softplus(-input) + fp_weight * (1 - target) * softplus(input)


def multilabel_soft_margin(input: Tensor, target: Tensor) -> Tensor:
    """Per element; `Loss.rowwise` tells the reduction to average the last dimension."""
    return -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))


def hinge(input: Tensor, target: Tensor, margin: float = 1.0, power: int = 1) -> Tensor:
    return (margin - target * input).clamp(min=0) ** power


def hinge_embedding(input: Tensor, target: Tensor, margin: float = 1.0) -> Tensor:
    """A target other than -1 and 1 gets both terms, as in torch."""
    similar = torch.where(target == -1, 0.0, input)
    return similar + torch.where(target == 1, 0.0, (margin - input).clamp(min=0))


def soft_margin(input: Tensor, target: Tensor) -> Tensor:
    return softplus(-target * input)


def margin_ranking(input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0) -> Tensor:
    return (margin - target * (input1 - input2)).clamp(min=0)


def kl_div(input: Tensor, target: Tensor, log_target: bool = False) -> Tensor:
    if log_target:
        return torch.exp(target) * (target - input)
    return torch.xlogy(target, target) - target * input


# -- over a class axis: the last one here; every function returns one number per row --------------


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


def of(weight: Tensor, target: Tensor) -> Tensor:
    """The entry, or row, of a tensor per class that each label names."""
    picked = weight.index_select(0, target.reshape(-1).long())
    return picked.view((*target.shape, *weight.shape[1:]))


def hits(
    hit: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    label_smoothing: float = 0.0,
) -> Tensor:
    """sum_c y_c w_c hit_c; the target is labels or probabilities."""
    y = target if target.dim() == hit.dim() else one_hot(target, hit)
    y = y * (1 - label_smoothing) + label_smoothing / hit.size(-1)
    return ((y if weight is None else y * weight) * hit).sum(-1)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    label_smoothing: float = 0.0,
    z_loss: float = 0.0,
    softcap: float | None = None,
) -> Tensor:
    """Szegedy et al. 2016 (smoothing), PaLM 2022 (z-loss), Gemma 2 2024 (softcap)."""
    z = input if softcap is None else softcap * torch.tanh(input / softcap)
    return hits(softplus(odds(z)), target, weight, label_smoothing) + z_loss * z.logsumexp(-1) ** 2


def nll(input: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    return hits(-input, target, weight)


def softmax_focal(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    alpha: Tensor | float | None = None,
    gamma: float = 2.0,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Lin et al. 2017 over a softmax."""
    hit = sigmoid(odds(input)) ** gamma * softplus(odds(input))
    return hits(hit if alpha is None else alpha * hit, target, weight, label_smoothing)


def poly1(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    epsilon: float = 2.0,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Leng et al. 2022."""
    z = odds(input)
    return hits(softplus(z) + epsilon * sigmoid(z), target, weight, label_smoothing)


def generalized_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    q: float = 0.7,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Zhang and Sabuncu 2018."""
    y = -q * softplus(odds(input))
    # torch differentiates expm1 by its result + 1, which loses the digits of a small p^q
    hit = torch.where(y < -1, 1 - torch.exp(y), -torch.expm1(y.clamp(min=-1))) / q
    return hits(hit, target, weight, label_smoothing)


def rww_cross_entropy(
    input: Tensor,
    target: Tensor,
    fn_weight: Tensor,
    fp_weight: Tensor,
    weight: Tensor | None = None,
) -> Tensor:
    """Ho and Wookey 2020; ln p = -softplus(odds), ln(1 - p) = -softplus(-odds)."""
    z, own = odds(input), one_hot(target, input)
    missed = at(fn_weight * softplus(z), target)
    others = z.masked_fill(own.bool(), math.inf)
    false = (of(fp_weight, target) * softplus(-others)).sum(-1)
    return (missed + false) if weight is None else of(weight, target) * (missed + false)


def balanced_softmax(
    input: Tensor,
    target: Tensor,
    prior: Tensor,
    weight: Tensor | None = None,
    tau: float = 1.0,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Ren et al. 2020, Menon et al. 2021."""
    return cross_entropy(input + tau * prior.log(), target, weight, label_smoothing)


def multi_margin(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    p: int = 1,
    margin: float = 1.0,
) -> Tensor:
    """Crammer and Singer 2001."""
    excess = torch.relu(margin - at(input, target).unsqueeze(-1) + input) ** p
    rows = (excess * (1 - one_hot(target, input))).sum(-1) / input.size(-1)
    return rows if weight is None else of(weight, target) * rows


def multilabel_margin(input: Tensor, target: Tensor) -> Tensor:
    """The labels of a row stand before the first negative one."""
    named = (target >= 0).long().cumprod(-1)
    picked = named.unsqueeze(-1) * one_hot(target, input)  # (..., place in the list, class)
    others = 1 - picked.amax(-2)
    x = (picked * input.unsqueeze(-2)).sum(-1, keepdim=True)
    excess = torch.relu(1 - x + input.unsqueeze(-2)) * others.unsqueeze(-2)
    return (excess.sum(-1) * named).sum(-1) / input.size(-1)


def distill_kl(input: Tensor, target: Tensor, temperature: float = 1.0) -> Tensor:
    """Hinton et al. 2015."""
    p = (target / temperature).log_softmax(-1)
    q = (input / temperature).log_softmax(-1)
    return temperature**2 * (p.exp() * (p - q)).sum(-1)


def jsd(input: Tensor, target: Tensor, beta: float = 0.5, temperature: float = 1.0) -> Tensor:
    """Agarwal et al. 2024; the limits of beta are the Kullback-Leibler divergences."""
    p = (target / temperature).log_softmax(-1)
    q = (input / temperature).log_softmax(-1)
    if beta in (0, 1):
        a, b = (q, p) if beta else (p, q)
        return temperature**2 * (a.exp() * (a - b)).sum(-1)
    m = torch.logaddexp(p + math.log(beta), q + math.log(1 - beta))
    mixed = beta * p.exp() * (p - m) + (1 - beta) * q.exp() * (q - m)
    return temperature**2 * mixed.sum(-1)


def arcface(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    margin: float = 0.5,
    scale: float = 64.0,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Deng et al. 2019; beyond pi, the line that insightface takes."""
    angle = torch.acos(input) + margin
    turned = torch.where(angle > math.pi, input - margin * math.sin(margin), torch.cos(angle))
    own = one_hot(target, input).bool()
    return cross_entropy(scale * torch.where(own, turned, input), target, weight, label_smoothing)


def cosface(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    margin: float = 0.35,
    scale: float = 64.0,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Wang et al. 2018."""
    z = scale * (input - margin * one_hot(target, input))
    return cross_entropy(z, target, weight, label_smoothing)


def reduce(
    loss: Tensor,
    reduction: str = "mean",
    weight: Tensor | None = None,
    keep: Tensor | None = None,
    normalizer: Tensor | float | None = None,
    share: Tensor | None = None,
    rowwise: bool = False,
) -> Tensor:
    """Apply the weights, the mask (`keep`) and the reduction that all losses share.

    `share` is what each term counts in the mean, 1 if left out.
    """
    if weight is not None:
        loss = loss * weight
    if keep is not None:
        loss = torch.where(keep, loss, 0.0)
        share = keep if share is None else torch.where(keep, share, 0.0)
    count = loss.numel() if share is None else share.expand_as(loss).sum()
    if rowwise:
        if reduction == "none":
            return loss.sum(-1) / loss.size(-1)
        if reduction == "sum" or normalizer is not None:
            loss = loss.sum(-1) / loss.size(-1)
    if reduction == "none":
        return loss
    total = loss.sum()
    if normalizer is not None:
        return total / normalizer
    if reduction == "sum":
        return total
    if reduction == "batchmean":
        return total / loss.size(0)
    return total / count
