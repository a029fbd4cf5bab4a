"""What a sequence says, once a model is trained by connectionist temporal classification."""

import torch
from torch import Tensor

from ._op import Op, check_tensors, integer, is_scripting
from .functional._common import Lengths, lengths_tensor

is_tracing = torch.jit.is_tracing  # type: ignore[attr-defined]  # which mypy does not see
_ctc_align = Op(torch.ops.lossops.ctc_align)


def ctc_decode(
    log_probs: Tensor, input_lengths: Lengths | None = None, blank: int = 0
) -> tuple[Tensor, Tensor]:
    """The labels of the best path: the likeliest class of each frame, merged, without blanks.

    The labels that are likeliest over all of their paths may be others, which only a beam search
    finds; where a model is sure, they rarely are.

    Args:
        log_probs: Logits or log-probabilities per frame and class, shape (T, N, C), or (T, C) of
            one sequence; a floating dtype.
        input_lengths: How many frames count, shape (N), or () of one sequence; an integer dtype, or
            a list of integers. All of them by default.
        blank: The class that stands for no label.

    Returns:
        The labels, shape (N, T), -1 behind the last one, and how many there are, shape (N); both of
        dtype int64. Of one sequence the shapes are (T) and ().

    Raises:
        RuntimeError: ``blank`` or a length on the CPU is out of range, or shapes, dtypes or devices
            do not fit.

    Example:
        >>> import torch, lossops
        >>> frames = torch.eye(3)[[0, 1, 1, 0, 1, 2]]
        >>> lossops.ctc_decode(frames)
        (tensor([ 1,  1,  2, -1, -1, -1]), tensor(3))
    """
    frames: Tensor | None = None
    if input_lengths is not None:
        frames = lengths_tensor("ctc_decode", "input_lengths", input_lengths)
    if not is_scripting():
        check_tensors("ctc_decode", log_probs=log_probs, input_lengths=frames)
        blank = integer("ctc_decode", "blank", blank)
    _check_scores(log_probs, blank)
    best = log_probs.argmax(-1).movedim(0, -1)
    position = torch.arange(best.size(-1), device=best.device)
    kept = (best != blank) & ((best != best.roll(1, -1)) | (position == 0))
    if frames is not None:
        counted = _checked_lengths(frames, log_probs).to(best.device).unsqueeze(-1)
        kept = kept & (position < counted)
    first = torch.sort(kept.to(torch.uint8), dim=-1, descending=True, stable=True)[1]
    lengths = kept.sum(-1)
    beyond = position >= lengths.unsqueeze(-1)
    return best.gather(-1, first).masked_fill(beyond, -1), lengths


def _check_scores(scores: Tensor, blank: int) -> None:
    if not scores.is_floating_point():
        raise NotImplementedError(
            f"ctc_decode: log_probs must have a floating point dtype, got {scores.dtype}"
        )
    if scores.dim() != 2 and scores.dim() != 3:
        raise RuntimeError(
            "ctc_decode: log_probs must have shape (T, N, C) or (T, C), got "
            + _shown(list(scores.shape))
        )
    classes = scores.size(-1)
    if blank < 0 or blank >= classes:
        raise RuntimeError(f"ctc_decode: blank must be in [0, {classes - 1}], got {blank}")


def _checked_lengths(lengths: Tensor, scores: Tensor) -> Tensor:
    """The lengths in the shape of the batch, which one sequence has none of."""
    if lengths.is_floating_point() or lengths.is_complex() or lengths.dtype == torch.bool:
        raise RuntimeError(
            f"ctc_decode: input_lengths must have an integer dtype, got {lengths.dtype}"
        )
    batch = list(scores.shape[1:-1]) if scores.dim() == 3 else [1]
    if lengths.dim() == 0 and scores.dim() == 2:
        lengths = lengths.unsqueeze(0)
    given = list(lengths.shape)
    if given != batch:
        raise RuntimeError(
            f"ctc_decode: input_lengths must have shape {_shown(batch)}, got {_shown(given)}"
        )
    if is_scripting() or not (torch.compiler.is_compiling() or is_tracing()):  # type: ignore[no-untyped-call]
        wrong = (lengths < 0) | (lengths > scores.size(0))
        found: list[float] = torch.ops.lossops._first_where(wrong, lengths)
        if len(found) > 0:
            raise RuntimeError(
                f"ctc_decode: input_lengths must be in [0, {scores.size(0)}], got {int(found[0])} "
                f"at position ({int(found[1])})"
            )
    return lengths.reshape(scores.shape[1:-1])


def _shown(shape: list[int]) -> str:
    return str(shape) if is_scripting() else str(tuple(shape))


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
    frames = lengths_tensor("ctc_align", "input_lengths", input_lengths)
    labels = lengths_tensor("ctc_align", "target_lengths", target_lengths)
    path, scores = _ctc_align(log_probs, targets, frames, labels, blank, from_logits)
    return path, scores
