"""The losses as users write them, in the plain form found in training scripts and papers.

This is the code that a user would delete on switching: what a loss is timed against where
torch.nn.functional does not have it.
"""

from __future__ import annotations

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


# ---- of regions and vectors ----------------------------------------------------------------------


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


def rww_cross_entropy(
    input: Tensor, target: Tensor, fn_weight: Tensor, fp_weight: Tensor
) -> Tensor:
    """The paper's formula on clipped probabilities with one-hot masks, the mean over rows."""
    p = F.softmax(input, dim=1).clamp(1e-7, 1 - 1e-7)
    hit = F.one_hot(target, input.shape[1]).to(input.dtype)
    missed = fn_weight * hit * torch.log(p)
    alarms = fp_weight[target] * (1 - hit) * torch.log(1 - p)
    return -(missed + alarms).sum(1).mean()


def balanced_softmax(input: Tensor, target: Tensor, prior: Tensor) -> Tensor:
    return F.cross_entropy(input + prior.log(), target)


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
    hit = F.one_hot(target, input.shape[1]).to(input.dtype)
    return F.cross_entropy(scale * (input - margin * hit), target)
