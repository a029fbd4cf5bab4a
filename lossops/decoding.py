"""What a sequence says, once a model is trained by connectionist temporal classification."""

import torch
from torch import Tensor

from .functional._common import Lengths, lengths_tensor


def ctc_decode(
    log_probs: Tensor, input_lengths: Lengths | None = None, blank: int = 0
) -> tuple[Tensor, Tensor]:
    """The labels of the best path: the likeliest class of each frame, merged, without blanks.

    The labels that are likeliest over all of their paths may be others, which only a beam search
    finds; where a model is sure, they rarely are.

    Args:
        log_probs: Logits or log-probabilities per frame and class, shape (T, N, C), or (T, C) of
            one sequence.
        input_lengths: How many frames count, shape (N), or () of one sequence; an integer dtype, or
            a list of integers. All of them by default.
        blank: The class that stands for no label.

    Returns:
        The labels, shape (N, T), -1 behind the last one, and how many there are, shape (N); both of
        dtype int64. Of one sequence the shapes are (T) and ().

    Example:
        >>> import torch, lossops
        >>> frames = torch.eye(3)[[0, 1, 1, 0, 1, 2]]
        >>> lossops.ctc_decode(frames)
        (tensor([ 1,  1,  2, -1, -1, -1]), tensor(3))
    """
    best = log_probs.argmax(-1).movedim(0, -1)
    before = torch.cat([torch.full_like(best[..., :1], -1), best[..., :-1]], -1)
    kept = (best != blank) & (best != before)
    if input_lengths is not None:
        counted = lengths_tensor(input_lengths).to(best.device).unsqueeze(-1)
        kept = kept & (torch.arange(best.size(-1), device=best.device) < counted)
    first = torch.sort(kept.to(torch.uint8), dim=-1, descending=True, stable=True)[1]
    lengths = kept.sum(-1)
    beyond = torch.arange(best.size(-1), device=best.device) >= lengths.unsqueeze(-1)
    return best.gather(-1, first).masked_fill(beyond, -1), lengths


def ctc_align(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Lengths,
    target_lengths: Lengths,
    blank: int = 0,
    from_logits: bool = False,
) -> tuple[Tensor, Tensor]:
    """Forced alignment: the likeliest of the paths that read as the labels (Viterbi).

    The arguments are those of :func:`lossops.functional.ctc_loss`. Nothing here has a gradient.

    Args:
        log_probs: Log-probabilities per frame and class, shape (T, N, C), or (T, C) of one
            sequence; a floating dtype.
        targets: Labels, shape (N, S), of which the first U count, or all behind one another, shape
            (sum of U); an integer dtype.
        input_lengths: How many frames count, shape (N), or () of one sequence; an integer dtype, or
            a list of integers.
        target_lengths: How many labels count, likewise.
        blank: The class that stands for no label.
        from_logits: Whether ``log_probs`` are logits, to take the log-softmax of.

    Returns:
        The class of each frame, shape (N, T), of dtype int64 and -1 beyond ``input_lengths``; and
        its log-probability, 0 beyond. A sequence without any path has -1 and -inf at every frame.
        Of one sequence the shapes are (T).

    Raises:
        IndexError: A label that counts is out of range, or the blank.
        RuntimeError: A length or ``blank`` is out of range, or shapes, dtypes or devices do not
            fit.

    Example:
        >>> import torch, lossops
        >>> frames = torch.tensor([[0.1, 0.8, 0.1], [0.1, 0.5, 0.4], [0.8, 0.1, 0.1]]).log()
        >>> labels, scores = lossops.ctc_align(frames, torch.tensor([1, 2]), [3], [2])
        >>> labels
        tensor([1, 2, 0])
        >>> scores.exp()
        tensor([0.8000, 0.4000, 0.8000])
    """
    frames, labels = lengths_tensor(input_lengths), lengths_tensor(target_lengths)
    path, scores = torch.ops.lossops.ctc_align(
        log_probs, targets, frames, labels, blank, from_logits
    )
    return path, scores
