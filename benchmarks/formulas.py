"""The losses as users write them, in the plain form found in training scripts and papers.

This is the code that a user would delete on switching: what a loss is timed against where
torch.nn.functional does not have it.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

# ---- element-wise --------------------------------------------------------------------------------


def log_cosh(input: Tensor, target: Tensor) -> Tensor:
    return torch.log(torch.cosh(input - target)).mean()


def charbonnier(input: Tensor, target: Tensor, eps: float = 1e-3) -> Tensor:
    return (torch.sqrt((input - target) ** 2 + eps**2) - eps).mean()


def quantile(input: Tensor, target: Tensor, q: float | Tensor = 0.9) -> Tensor:
    error = target - input
    return torch.max(q * error, (q - 1) * error).mean()


def expectile(input: Tensor, target: Tensor, tau: float = 0.9) -> Tensor:
    error = target - input
    return (torch.where(error < 0, 1 - tau, tau) * error**2).mean()


def robust(input: Tensor, target: Tensor, alpha: float = 1.0, scale: float = 1.0) -> Tensor:
    b = abs(alpha - 2)
    return (b / alpha * ((((input - target) / scale) ** 2 / b + 1) ** (alpha / 2) - 1)).mean()


def gaussian_nll(input: Tensor, target: Tensor, var: Tensor, eps: float = 1e-6) -> Tensor:
    """F.gaussian_nll_loss without its check of the values of var, which breaks the graph."""
    var = var.clone()
    with torch.no_grad():
        var.clamp_(min=eps)
    return (0.5 * (torch.log(var) + (input - target) ** 2 / var)).mean()


def beta_nll(input: Tensor, target: Tensor, var: Tensor, beta: float = 0.5) -> Tensor:
    var = var.clamp(min=1e-6)
    nll = 0.5 * (torch.log(var) + (input - target) ** 2 / var)
    return (var.detach() ** beta * nll).mean()


def gaussian_kl(input: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (1 + log_var - input**2 - log_var.exp()).mean()


def negative_binomial_nll(input: Tensor, target: Tensor, dispersion: Tensor) -> Tensor:
    mean, r = input.exp(), 1 / dispersion
    log_p = torch.lgamma(r + target) - torch.lgamma(r)
    log_p = log_p + r * torch.log(r / (r + mean)) + target * torch.log(mean / (r + mean))
    return -log_p.mean()


def zero_inflated_poisson_nll(input: Tensor, target: Tensor, gate: Tensor) -> Tensor:
    rate, pi = input.exp(), torch.sigmoid(gate)
    none = -torch.log(pi + (1 - pi) * torch.exp(-rate))
    some = -torch.log(1 - pi) + rate - target * input
    return torch.where(target == 0, none, some).mean()


def tweedie(input: Tensor, target: Tensor, p: float = 1.5) -> Tensor:
    gains = target * torch.exp(input * (1 - p)) / (1 - p)
    return (torch.exp(input * (2 - p)) / (2 - p) - gains).mean()


def gamma_nll(input: Tensor, target: Tensor, shape: Tensor, full: bool = True) -> Tensor:
    rate = shape * torch.exp(-input)
    log_p = shape * torch.log(rate) + (shape - 1) * torch.log(target) - rate * target
    return -(log_p - torch.lgamma(shape)).mean()


def log_normal_nll(input: Tensor, target: Tensor, scale: Tensor) -> Tensor:
    z = (torch.log(target) - input) / scale
    return (0.5 * z**2 + torch.log(scale * target) + 0.5 * math.log(2 * math.pi)).mean()


def laplace_nll(input: Tensor, target: Tensor, scale: Tensor) -> Tensor:
    return (torch.log(2 * scale) + torch.abs(target - input) / scale).mean()


def student_t_nll(input: Tensor, target: Tensor, scale: Tensor, df: Tensor) -> Tensor:
    y = (target - input) / scale
    z = torch.log(scale) + 0.5 * torch.log(df) + 0.5 * math.log(math.pi)
    z = z + torch.lgamma(0.5 * df) - torch.lgamma(0.5 * (df + 1))
    return (0.5 * (df + 1) * torch.log1p(y**2 / df) + z).mean()


def von_mises_nll(input: Tensor, target: Tensor, kappa: Tensor) -> Tensor:
    log_bessel = torch.log(torch.special.i0e(kappa)) + kappa
    return (math.log(2 * math.pi) + log_bessel - kappa * torch.cos(target - input)).mean()


def crps_gaussian(input: Tensor, target: Tensor, scale: Tensor) -> Tensor:
    z = (target - input) / scale
    cdf = 0.5 * (1 + torch.erf(z / math.sqrt(2)))
    density = torch.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    return (scale * (z * (2 * cdf - 1) + 2 * density - 1 / math.sqrt(math.pi))).mean()


def evidential_regression(
    input: Tensor, target: Tensor, nu: Tensor, alpha: Tensor, beta: Tensor, coeff: float = 0.01
) -> Tensor:
    error, omega = target - input, 2 * beta * (1 + nu)
    nll = 0.5 * torch.log(math.pi / nu) - alpha * torch.log(omega)
    nll = nll + (alpha + 0.5) * torch.log(nu * error**2 + omega)
    nll = nll + torch.lgamma(alpha) - torch.lgamma(alpha + 0.5)
    return (nll + coeff * error.abs() * (2 * nu + alpha)).mean()


def msle(input: Tensor, target: Tensor) -> Tensor:
    return ((torch.log1p(input) - torch.log1p(target)) ** 2).mean()


def mape(input: Tensor, target: Tensor, eps: float = 1.17e-6) -> Tensor:
    return ((input - target).abs() / target.abs().clamp(min=eps)).mean()


def smape(input: Tensor, target: Tensor) -> Tensor:
    return (2 * (input - target).abs() / (input.abs() + target.abs())).mean()


def wing(input: Tensor, target: Tensor, width: float = 5.0, curvature: float = 0.5) -> Tensor:
    d = (input - target).abs()
    offset = width - width * math.log(1 + width / curvature)
    return torch.where(d < width, width * torch.log(1 + d / curvature), d - offset).mean()


def adaptive_wing(
    input: Tensor,
    target: Tensor,
    omega: float = 14.0,
    theta: float = 0.5,
    epsilon: float = 1.0,
    alpha: float = 2.1,
) -> Tensor:
    d, e = (input - target).abs(), alpha - target
    edge = (theta / epsilon) ** e
    slope = omega / (1 + edge) * e * (theta / epsilon) ** (e - 1) / epsilon
    offset = theta * slope - omega * torch.log(1 + edge)
    near = omega * torch.log(1 + (d / epsilon) ** e)
    return torch.where(d < theta, near, slope * d - offset).mean()


def focal(input: Tensor, target: Tensor, alpha: float = 0.25, gamma: float = 2.0) -> Tensor:
    """The sigmoid focal loss in the steps in which torchvision computes it."""
    p = torch.sigmoid(input)
    ce = F.binary_cross_entropy_with_logits(input, target, reduction="none")
    p_t = p * target + (1 - p) * (1 - target)
    alpha_t = alpha * target + (1 - alpha) * (1 - target)
    return (alpha_t * (ce * (1 - p_t) ** gamma)).mean()


def asymmetric(
    input: Tensor,
    target: Tensor,
    gamma_pos: float = 1.0,
    gamma_neg: float = 4.0,
    clip: float = 0.05,
) -> Tensor:
    p = torch.sigmoid(input)
    not_p = (1 - p + clip).clamp(max=1)
    ce = target * torch.log(p.clamp(min=1e-8)) + (1 - target) * torch.log(not_p.clamp(min=1e-8))
    p_t = p * target + not_p * (1 - target)
    gamma = gamma_pos * target + gamma_neg * (1 - target)
    return -(ce * (1 - p_t) ** gamma).mean()


def rww_bce(
    input: Tensor, target: Tensor, fn_weight: float = 2.0, fp_weight: float = 1.0
) -> Tensor:
    p = torch.sigmoid(input).clamp(1e-7, 1 - 1e-7)
    return -(fn_weight * target * torch.log(p) + fp_weight * (1 - target) * torch.log(1 - p)).mean()


def hinge(input: Tensor, target: Tensor, margin: float = 1.0) -> Tensor:
    return torch.clamp(margin - target * input, min=0).mean()


# ---- of sequences --------------------------------------------------------------------------------


def ctc(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor,
    target_lengths: Tensor,
    from_logits: bool = True,
) -> Tensor:
    log_probs = F.log_softmax(log_probs, dim=-1) if from_logits else log_probs
    return F.ctc_loss(log_probs, targets, input_lengths, target_lengths)


def rnnt(logits: Tensor, targets: Tensor, logit_lengths: Tensor, target_lengths: Tensor) -> Tensor:
    """Diagonal by diagonal, t + u = d, each by a few operators on all sequences and labels."""
    frames, positions = logits.shape[1:3]
    log_p = F.log_softmax(logits, dim=-1)
    index = targets[:, None, :, None].expand(-1, frames, -1, 1)
    label = F.pad(log_p[:, :, :-1].gather(3, index).squeeze(3), (0, 1), value=-1e9)

    def diagonals(x: Tensor) -> Tensor:
        """x[t, u] at [t + u, u], of which row u of the transpose is shifted by u."""
        rows = F.pad(x.transpose(1, 2), (0, positions), value=-1e9).flatten(1)[:, :-positions]
        return rows.view(len(x), positions, -1).permute(2, 0, 1)

    blanks, labels = diagonals(log_p[..., -1]), diagonals(label)
    alpha = [F.pad(logits.new_zeros(len(logits), 1), (0, positions - 1), value=-1e9)]
    for blank, emitted in zip(blanks, labels, strict=True):
        moved = F.pad((alpha[-1] + emitted)[:, :-1], (1, 0), value=-1e9)
        alpha.append(torch.logaddexp(alpha[-1] + blank, moved))
    ends = torch.stack(alpha)[logit_lengths + target_lengths, torch.arange(len(logits))]
    return -ends.gather(1, target_lengths[:, None]).mean()


# ---- of regions, boxes and vectors ---------------------------------------------------------------


def overlap(
    input: Tensor, target: Tensor, activation: str = "softmax"
) -> tuple[Tensor, Tensor, Tensor]:
    """What is found, what is there, and what both share, by sample and class."""
    if activation == "softmax":
        p = input.softmax(1)
        t = F.one_hot(target, input.size(1)).movedim(-1, 1).to(p.dtype)
    else:
        p, t = input.sigmoid(), target.unsqueeze(1).to(input.dtype)
    dims = list(range(2, input.dim()))
    return p.sum(dims), t.sum(dims), (p * t).sum(dims)


def dice(
    input: Tensor, target: Tensor, activation: str = "softmax", smooth: float = 1e-5
) -> Tensor:
    p, t, both = overlap(input, target, activation)
    return (1 - (2 * both + smooth) / (p + t + smooth)).mean()


def jaccard(input: Tensor, target: Tensor, smooth: float = 1e-5) -> Tensor:
    p, t, both = overlap(input, target)
    return (1 - (both + smooth) / (p + t - both + smooth)).mean()


def tversky(
    input: Tensor, target: Tensor, fp_weight: float = 0.5, fn_weight: float = 0.5,
    smooth: float = 1e-5, gamma: float = 1.0,
) -> Tensor:  # fmt: skip
    p, t, both = overlap(input, target)
    found = both + fp_weight * (p - both) + fn_weight * (t - both)
    return ((1 - (both + smooth) / (found + smooth)) ** gamma).mean()


def focal_tversky(input: Tensor, target: Tensor) -> Tensor:
    return tversky(input, target, 0.3, 0.7, gamma=0.75)


def dice_ce(input: Tensor, target: Tensor) -> Tensor:
    return dice(input, target) + F.cross_entropy(input, target)


def overlap_of_boxes(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """IoU, union and the sides of the hull, as torchvision has them."""
    low, high = torch.max(input[:, :2], target[:, :2]), torch.min(input[:, 2:], target[:, 2:])
    both = (high - low).clamp(min=0).prod(1)
    union = sum((b[:, 2:] - b[:, :2]).prod(1) for b in (input, target)) - both
    hull = torch.max(input[:, 2:], target[:, 2:]) - torch.min(input[:, :2], target[:, :2])
    return both / (union + 1e-7), union, hull


def iou(input: Tensor, target: Tensor) -> Tensor:
    return (1 - overlap_of_boxes(input, target)[0]).mean()


def giou(input: Tensor, target: Tensor) -> Tensor:
    shared, union, hull = overlap_of_boxes(input, target)
    area = hull.prod(1)
    return (1 - shared + (area - union) / (area + 1e-7)).mean()


def distance_of_boxes(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """IoU, the loss by the distance of the centres, and the sides of the hull."""
    shared, _, hull = overlap_of_boxes(input, target)
    centers = (input[:, :2] + input[:, 2:] - target[:, :2] - target[:, 2:]) / 2
    return shared, 1 - shared + (centers**2).sum(1) / ((hull**2).sum(1) + 1e-7), hull


def diou(input: Tensor, target: Tensor) -> Tensor:
    return distance_of_boxes(input, target)[1].mean()


def ciou(input: Tensor, target: Tensor) -> Tensor:
    shared, loss, _ = distance_of_boxes(input, target)
    (w, h), (u, v) = ((b[:, 2:] - b[:, :2]).unbind(1) for b in (input, target))
    shape = 4 / math.pi**2 * (torch.atan(u / v) - torch.atan(w / h)) ** 2
    with torch.no_grad():
        alpha = shape / (1 - shared + shape + 1e-7)
    return (loss + alpha * shape).mean()


def eiou(input: Tensor, target: Tensor) -> Tensor:
    _, loss, hull = distance_of_boxes(input, target)
    sides = (input[:, 2:] - input[:, :2]) - (target[:, 2:] - target[:, :2])
    return (loss + (sides**2 / (hull**2 + 1e-7)).sum(1)).mean()


def si_sdr(input: Tensor, target: Tensor) -> Tensor:
    a = (input * target).sum(-1, keepdim=True) / target.square().sum(-1, keepdim=True)
    wanted = a * target
    ratio = wanted.square().sum(-1) / (wanted - input).square().sum(-1)
    return -10 * ratio.log10().mean()


def snr(input: Tensor, target: Tensor) -> Tensor:
    return -10 * (target.square().sum(-1) / (target - input).square().sum(-1)).log10().mean()


# ---- over a class axis ---------------------------------------------------------------------------


def softmax_focal(
    input: Tensor, target: Tensor, gamma: float = 2.0, alpha: Tensor | None = None
) -> Tensor:
    log_p = F.log_softmax(input, dim=1)
    log_pt = log_p.gather(1, target.unsqueeze(1)).squeeze(1)
    loss = -((1 - log_pt.exp()) ** gamma) * log_pt
    return (loss if alpha is None else alpha[target] * loss).mean()


def poly1(input: Tensor, target: Tensor, epsilon: float = 2.0) -> Tensor:
    """As published for PyTorch: the cross-entropy, and p_t through a one-hot mask."""
    mask = F.one_hot(target, input.shape[1]).to(input.dtype)
    pt = (mask * F.softmax(input, dim=1)).sum(1)
    return (F.cross_entropy(input, target, reduction="none") + epsilon * (1 - pt)).mean()


def generalized_cross_entropy(input: Tensor, target: Tensor, q: float = 0.7) -> Tensor:
    pt = F.softmax(input, dim=1).gather(1, target.unsqueeze(1)).squeeze(1)
    return ((1 - pt**q) / q).mean()


def normalized_cross_entropy(input: Tensor, target: Tensor) -> Tensor:
    log_p = F.log_softmax(input, dim=1)
    return (log_p.gather(1, target.unsqueeze(1)).squeeze(1) / log_p.sum(1)).mean()


def distribution_focal(input: Tensor, target: Tensor) -> Tensor:
    """As detectors have it: two cross-entropies, weighted by what lies between."""
    left = target.long()
    right = left + 1
    to_left = F.cross_entropy(input, left, reduction="none") * (right - target)
    return (to_left + F.cross_entropy(input, right, reduction="none") * (target - left)).mean()


def rww_cross_entropy(
    input: Tensor, target: Tensor, fn_weight: Tensor, fp_weight: Tensor
) -> Tensor:
    """The paper's formula on clipped probabilities with one-hot masks, the mean over rows."""
    p = F.softmax(input, dim=1).clamp(1e-7, 1 - 1e-7)
    one_hot = F.one_hot(target, input.shape[1]).to(input.dtype)
    missed = fn_weight * one_hot * torch.log(p)
    alarms = fp_weight[target] * (1 - one_hot) * torch.log(1 - p)
    return -(missed + alarms).sum(1).mean()


def balanced_softmax(input: Tensor, target: Tensor, prior: Tensor) -> Tensor:
    return F.cross_entropy(input + prior.log(), target)


def coral(input: Tensor, target: Tensor) -> Tensor:
    """By levels, as coral-pytorch has it."""
    levels = (target[:, None] > torch.arange(input.size(1), device=input.device)).to(input.dtype)
    log_p = F.logsigmoid(input)
    return -(log_p * levels + (log_p - input) * (1 - levels)).sum(1).mean()


def corn(input: Tensor, target: Tensor) -> Tensor:
    """A task for each threshold, as coral-pytorch has it."""
    total, count = input.new_zeros(()), 0
    for task in range(input.size(1)):
        asked = target > task - 1
        passed = (target[asked] > task).to(input.dtype)
        log_p = F.logsigmoid(input[asked, task])
        total = total - (log_p * passed + (log_p - input[asked, task]) * (1 - passed)).sum()
        count += len(passed)
    return total / count


def distill_kl(input: Tensor, target: Tensor, temperature: float = 1.0) -> Tensor:
    student = F.log_softmax(input / temperature, dim=-1)
    teacher = F.softmax(target / temperature, dim=-1)
    return F.kl_div(student, teacher, reduction="batchmean") * temperature * temperature


def jsd(input: Tensor, target: Tensor, beta: float = 0.5, temperature: float = 1.0) -> Tensor:
    student = F.softmax(input / temperature, dim=-1)
    teacher = F.softmax(target / temperature, dim=-1)
    log_m = torch.log(beta * teacher + (1 - beta) * student)
    left = F.kl_div(log_m, teacher, reduction="batchmean")
    right = F.kl_div(log_m, student, reduction="batchmean")
    return (beta * left + (1 - beta) * right) * temperature * temperature


def arcface(input: Tensor, target: Tensor, margin: float = 0.5, scale: float = 64.0) -> Tensor:
    """The angles of all classes, the margin on the target's, and cosines again."""
    angle = torch.acos(input) + margin * F.one_hot(target, input.shape[1]).to(input.dtype)
    return F.cross_entropy(scale * torch.cos(angle), target)


def cosface(input: Tensor, target: Tensor, margin: float = 0.35, scale: float = 64.0) -> Tensor:
    one_hot = F.one_hot(target, input.shape[1]).to(input.dtype)
    return F.cross_entropy(scale * (input - margin * one_hot), target)
