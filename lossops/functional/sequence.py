"""Losses of sequences whose labels are known and whose alignment is not."""

import torch
from torch import Tensor

from ._common import Lengths, Op, TensorOrNumber, lengths_tensor, reduction_code, scalar_tensor

_ctc = Op(torch.ops.lossops.ctc)
_rnnt = Op(torch.ops.lossops.rnnt)


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Lengths,
    target_lengths: Lengths,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
    from_logits: bool = False,
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Connectionist temporal classification: labels in order, at frames that nobody marked.

    Formula of a sequence of T frames and U labels, over all paths pi of one class per frame that
    read as the labels once repeats are merged and blanks dropped::

        l = -ln sum_pi exp(sum_t log_probs[t, pi_t])

    Args:
        log_probs: Log-probabilities per frame and class, shape (T, N, C), or (T, C) of one
            sequence; a floating dtype.
        targets: Labels in [0, C) other than ``blank``, an integer dtype, shape (N, S), of which the
            first U count; or all labels behind one another, shape (sum of U).
        input_lengths: How many frames count, shape (N), or () of one sequence; an integer dtype, or
            a list of integers.
        target_lengths: How many labels count, likewise.
        blank: The class that stands for no label.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean over the sequences is one of l /
            max(U, 1).
        zero_infinity: Whether a sequence without any path costs 0 instead of inf.
        from_logits: Whether ``log_probs`` are logits, to take the log-softmax of in the same pass.
        weight: A factor per sequence; broadcasts to the shape of the loss for ``"none"``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or one loss per sequence for ``"none"``; the dtype of ``log_probs``.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        IndexError: A label that counts is out of range, or the blank.
        RuntimeError: A length or a parameter is out of range, or shapes, dtypes or devices do not
            fit.

    Notes:
        * The gradient by ``log_probs`` is the derivative: minus the probability, given the labels,
          that the frame is of the class. torch adds exp(log_probs) to it, which is right behind a
          log_softmax only. Behind one both give the logits the same gradient.
        * A sequence that has no path, T < U + pairs of equal neighbours, costs inf and gets
          gradient 0 (torch: NaN), so the others still train. Without labels it costs that of
          nothing but blanks; without frames either, 0.
        * A class at -inf cannot be: gradient 0 (torch: NaN) unless a path needs it.
        * Frames and labels beyond the lengths are not looked at, be they NaN or out of range.
        * ``from_logits`` writes no log-probabilities and is the faster one. Batch-first scores, (N,
          T, C), go in as ``scores.transpose(0, 1)``, of which no copy is made.
        * With ``reduction="sum"`` and ``normalizer`` the number of labels the loss is one per label
          over batches of any size; the mean has no such divisor.

    Reference:
        A. Graves, S. Fernandez, F. Gomez, J. Schmidhuber, "Connectionist temporal classification:
        labelling unsegmented sequence data with recurrent neural networks", ICML 2006.

    Example:
        >>> import torch, lossops.functional as F
        >>> logits = torch.zeros(4, 1, 3)
        >>> targets = torch.tensor([[1, 2]])
        >>> F.ctc_loss(logits, targets, [4], [2], from_logits=True, reduction="none")
        tensor([1.6864])
    """
    code, n = reduction_code("ctc", reduction), scalar_tensor(normalizer, log_probs)
    frames = lengths_tensor("ctc", "input_lengths", input_lengths)
    labels = lengths_tensor("ctc", "target_lengths", target_lengths)
    return _ctc(
        log_probs, targets, frames, labels, blank, zero_infinity, from_logits, weight, None, n, code
    )


def rnnt_loss(
    logits: Tensor,
    targets: Tensor,
    logit_lengths: Lengths,
    target_lengths: Lengths,
    blank: int = -1,
    clamp: float = -1.0,
    reduction: str = "mean",
    fused_log_softmax: bool = True,
    fastemit_lambda: float = 0.0,
    monotonic: bool = False,
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Recurrent neural network transducer: an alignment whose scores know the labels so far.

    Formula of a sequence of T frames and U labels, with p = log_softmax(logits), b[t, u] = p[t, u,
    blank] and e[t, u] = p[t, u, targets[u]]::

        a[0, 0] = 0
        a[t, u] = ln(exp(a[t - 1, u] + b[t - 1, u]) + exp(a[t, u - 1] + e[t, u - 1]))
        l = -(a[T - 1, U] + b[T - 1, U])

    Args:
        logits: What a joiner puts out for each frame and number of labels so far, shape (B, T, U +
            1, D); a floating dtype.
        targets: Labels in [0, D) other than ``blank``, an integer dtype, shape (B, U).
        logit_lengths: How many frames count, shape (B); an integer dtype, or a list of integers.
        target_lengths: How many labels count, likewise.
        blank: The class that moves on to the next frame; below 0 it counts from D.
        clamp: The largest size of an element of the gradient by ``logits``, before that of what
            follows the loss multiplies it; none unless > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sequences.
        fused_log_softmax: Whether ``logits`` are logits; else p = ``logits``, log-probabilities.
        fastemit_lambda: What the gradient of labels gets besides, >= 0: they come earlier. The loss
            is (1 + fastemit_lambda) l, and the additional part takes no gradient by blanks.
        monotonic: Whether a label takes a frame, too: a[t, u - 1] + e[t, u - 1] is then a[t - 1, u
            - 1] + e[t - 1, u - 1], and l = -a[T, U]. A sequence of U > T costs inf and gets
            gradient 0.
        weight: A factor per sequence; broadcasts to the shape of the loss for ``"none"``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or one loss per sequence for ``"none"``; the dtype of ``logits``.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        IndexError: A label that counts is out of range, or the blank.
        RuntimeError: A length or a parameter is out of range, or shapes, dtypes or devices do not
            fit.

    Notes:
        * Of log-probabilities (``fused_log_softmax=False``) the gradient is the derivative.
        * ``clamp`` and ``fastemit_lambda`` alter the gradient, not what it is the gradient of:
          second derivatives with ``clamp`` are those without.
        * The lengths may all be smaller than T and U (torchaudio: an error). What lies beyond them
          is not looked at, be it NaN or out of range, and gets gradient 0.
        * The gradient is the only tensor of the size of ``logits`` that is made.

    Reference:
        A. Graves, "Sequence transduction with recurrent neural networks", arXiv:1211.3711;
        FastEmit: J. Yu et al., arXiv:2010.11148.

    Example:
        >>> import torch, lossops.functional as F
        >>> logits = torch.zeros(1, 2, 3, 5)
        >>> targets = torch.tensor([[1, 2]])
        >>> F.rnnt_loss(logits, targets, [2], [2])
        tensor(5.3391)
    """
    code, n = reduction_code("rnnt", reduction), scalar_tensor(normalizer, logits)
    frames = lengths_tensor("rnnt", "logit_lengths", logit_lengths)
    labels = lengths_tensor("rnnt", "target_lengths", target_lengths)
    return _rnnt(
        logits,
        targets,
        frames,
        labels,
        blank,
        clamp,
        fused_log_softmax,
        fastemit_lambda,
        monotonic,
        weight,
        None,
        n,
        code,
    )
