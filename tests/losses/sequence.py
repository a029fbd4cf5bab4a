"""Losses over all alignments of a sequence with its labels; csrc/losses/sequence.h."""

import torch
from torch import Tensor

from tests.families.lattice import CTC, RNNT, LatticeDraw
from tests.losses.formulas import log_sum_exp, shifted
from tests.losses.table import Bad, row


def frames(draw: LatticeDraw) -> tuple[Tensor, ...]:
    """Scores per frame, as good as log-probabilities to a loss that differentiates them."""
    return draw.uniform(-3, 1), *draw.sequences()


def blank_beyond(op: str) -> tuple[Bad, ...]:
    return (Bad(rf"{op}: blank must be in \[.*, 2\], got 3", {"blank": 3}),
            Bad(rf"{op}: blank must be in \[.*, 2\], got -4", {"blank": -4}))  # fmt: skip


@row(
    "ctc_loss", "CTCLoss", frames, **CTC,
    params=({}, {"from_logits": True}, {"blank": 2, "zero_infinity": True}),
    bad=blank_beyond("ctc"),
)  # fmt: skip
def ctc(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor,
    target_lengths: Tensor,
    blank: int = 0,
    zero_infinity: bool = False,
    from_logits: bool = False,
) -> Tensor:
    """Graves et al. 2006: before the first frame, only the blank before the first label is open."""
    if log_probs.dim() == 2:
        lengths = (t.reshape(1) for t in (input_lengths, target_lengths))
        batch = log_probs.unsqueeze(1), targets.unsqueeze(0), *lengths
        return ctc(*batch, blank, zero_infinity, from_logits)[0]
    scores = log_probs.float() if log_probs.dtype.itemsize == 2 else log_probs
    counted = torch.arange(len(scores), device=scores.device)[:, None] < input_lengths
    scores = torch.where(counted[..., None], scores, 0.0)
    scores = scores.log_softmax(-1) if from_logits else scores
    labels = torch.arange(targets.size(1), device=targets.device) < target_lengths[:, None]
    labels = torch.where(labels, targets.long(), blank)
    blanks = torch.full_like(labels, blank)
    states = torch.stack([blanks, labels], -1).flatten(1)
    states = torch.cat([states, blanks.new_full((len(labels), 1), blank)], 1)
    skips = (states != blank) & (states != shifted(states, 2, blank))
    emitted = scores.gather(2, states.expand(len(scores), -1, -1))
    alpha = torch.zeros_like(states, dtype=scores.dtype)
    alpha = torch.where(torch.arange(states.size(1), device=states.device) > 0, -torch.inf, alpha)
    for frame, counts in zip(emitted, counted, strict=True):
        skipped = torch.where(skips, shifted(alpha, 2, -torch.inf), -torch.inf)
        moved = log_sum_exp(alpha, shifted(alpha, 1, -torch.inf), skipped) + frame
        alpha = torch.where(counts[:, None], moved, alpha)
    last = 2 * target_lengths.long()[:, None]
    ends = alpha.gather(1, torch.cat([last, (last - 1).clamp(min=0)], 1))
    full = torch.where(target_lengths > 0, ends[:, 1], -torch.inf)
    loss = -log_sum_exp(ends[:, 0], full)
    loss = torch.where(loss == torch.inf, 0.0, loss) if zero_infinity else loss
    return loss.to(log_probs.dtype)


@row(
    "rnnt_loss", "RNNTLoss", frames, **RNNT,
    params=({}, {"blank": 0, "fused_log_softmax": False}, {"blank": 1, "monotonic": True}),
    bad=(*blank_beyond("rnnt"),
         Bad("rnnt: fastemit_lambda must be >= 0, got -0.1", {"fastemit_lambda": -0.1})),
)  # fmt: skip
def rnnt(
    logits: Tensor,
    targets: Tensor,
    logit_lengths: Tensor,
    target_lengths: Tensor,
    blank: int = -1,
    clamp: float = -1.0,
    fused_log_softmax: bool = True,
    fastemit_lambda: float = 0.0,
    monotonic: bool = False,
) -> Tensor:
    """Graves 2012; FastEmit, Yu et al. 2021: the blanks of the additional term are constants."""
    assert clamp <= 0, "no derivative of a formula"
    scores = logits.float() if logits.dtype.itemsize == 2 else logits
    frames = torch.arange(scores.size(1), device=scores.device) < logit_lengths[:, None]
    labels = torch.arange(scores.size(2), device=scores.device) < target_lengths[:, None]
    counted = frames[:, :, None] & (labels | shifted(labels, 1, True))[:, None]
    scores = torch.where(counted[..., None], scores, 0.0)
    scores = scores.log_softmax(-1) if fused_log_softmax else scores
    blanks = scores[..., blank]
    targets = torch.where(labels[:, :-1], targets.long(), 0)
    index = targets[:, None, :, None].expand(-1, scores.size(1), -1, 1)
    emitted = scores[:, :, :-1].gather(3, index).squeeze(3)
    loss = transduced(blanks, emitted, logit_lengths, target_lengths, monotonic)
    if fastemit_lambda > 0:
        early = transduced(blanks.detach(), emitted, logit_lengths, target_lengths, monotonic)
        loss = loss + fastemit_lambda * early
    return loss.to(logits.dtype)


def transduced(blanks: Tensor, emitted: Tensor, logit_lengths: Tensor, target_lengths: Tensor,
               monotonic: bool) -> Tensor:  # fmt: skip
    """Of the log-probabilities of blanks (B, T, U + 1) and labels (B, T, U)."""
    impossible = torch.full_like(blanks[:, 0, 0], -torch.inf)
    alpha = [torch.zeros_like(impossible), *[impossible] * emitted.size(2)]
    for t in range(blanks.size(1)):
        here = list(alpha)
        for u in range(1, len(here)) if not monotonic else ():
            here[u] = log_sum_exp(here[u], here[u - 1] + emitted[:, t, u - 1])
        moved = [here[u] + blanks[:, t, u] for u in range(len(here))]
        for u in range(1, len(here)) if monotonic else ():
            moved[u] = log_sum_exp(moved[u], here[u - 1] + emitted[:, t, u - 1])
        counts = t < logit_lengths
        alpha = [torch.where(counts, new, old) for new, old in zip(moved, alpha, strict=True)]
    return -torch.stack(alpha, 1).gather(1, target_lengths.long()[:, None]).squeeze(1)
