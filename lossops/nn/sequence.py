"""Losses of sequences whose labels are known and whose alignment is not."""

# Generated from ../functional/sequence.py by `python -m tools.generate --write`.
from torch import Tensor

from .. import functional as F
from .._op import number
from ..functional._common import Lengths, TensorOrNumber
from ._base import LengthLoss, SequenceLoss


class CTCLoss(LengthLoss):
    """Connectionist temporal classification: labels in order, at frames that nobody marked.

    See :func:`lossops.functional.ctc_loss`.

    Args:
        blank: The class that stands for no label.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean over the sequences is one of l /
            max(U, 1).
        zero_infinity: Whether a sequence without any path costs 0 instead of inf.
        from_logits: Whether ``log_probs`` are logits, to take the log-softmax of in the same pass.

    Shape:
        * log_probs: Log-probabilities per frame and class, shape (T, N, C), or (T, C) of one
          sequence; a floating dtype.
        * targets: Labels in [0, C) other than ``blank``, an integer dtype, shape (N, S), of which
          the first U count; or all labels behind one another, shape (sum of U).
        * input_lengths: How many frames count, shape (N), or () of one sequence; an integer dtype,
          or a list of integers.
        * target_lengths: How many labels count, likewise.
        * output: A 0-d tensor, or one loss per sequence for ``"none"``; the dtype of ``log_probs``.

    Example:
        >>> import torch, lossops
        >>> logits = torch.zeros(4, 1, 3)
        >>> targets = torch.tensor([[1, 2]])
        >>> loss = lossops.nn.CTCLoss(reduction="none", from_logits=True)
        >>> loss(logits, targets, [4], [2])
        tensor([1.6864])
    """

    __constants__ = ["blank", "reduction", "zero_infinity", "from_logits"]

    def __init__(
        self,
        blank: int = 0,
        reduction: str = "mean",
        zero_infinity: bool = False,
        from_logits: bool = False,
    ) -> None:
        super().__init__(reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity
        self.from_logits = from_logits

    def forward(
        self,
        log_probs: Tensor,
        targets: Tensor,
        input_lengths: Lengths,
        target_lengths: Lengths,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.ctc_loss(
            log_probs,
            targets,
            input_lengths,
            target_lengths,
            self.blank,
            self.reduction,
            self.zero_infinity,
            self.from_logits,
            weight,
            normalizer,
        )


class RNNTLoss(SequenceLoss):
    """Recurrent neural network transducer: an alignment whose scores know the labels so far.

    See :func:`lossops.functional.rnnt_loss`.

    Args:
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

    Shape:
        * logits: What a joiner puts out for each frame and number of labels so far, shape (B, T, U
          + 1, D); a floating dtype.
        * targets: Labels in [0, D) other than ``blank``, an integer dtype, shape (B, U).
        * logit_lengths: How many frames count, shape (B); an integer dtype, or a list of integers.
        * target_lengths: How many labels count, likewise.
        * output: A 0-d tensor, or one loss per sequence for ``"none"``; the dtype of ``logits``.

    Example:
        >>> import torch, lossops
        >>> logits = torch.zeros(1, 2, 3, 5)
        >>> targets = torch.tensor([[1, 2]])
        >>> loss = lossops.nn.RNNTLoss()
        >>> loss(logits, targets, [2], [2])
        tensor(5.3391)
    """

    __constants__ = [
        "blank",
        "clamp",
        "reduction",
        "fused_log_softmax",
        "fastemit_lambda",
        "monotonic",
    ]

    def __init__(
        self,
        blank: int = -1,
        clamp: float = -1.0,
        reduction: str = "mean",
        fused_log_softmax: bool = True,
        fastemit_lambda: float = 0.0,
        monotonic: bool = False,
    ) -> None:
        super().__init__(reduction)
        self.blank = blank
        self.clamp = number("RNNTLoss", "clamp", clamp)
        self.fused_log_softmax = fused_log_softmax
        self.fastemit_lambda = number("RNNTLoss", "fastemit_lambda", fastemit_lambda)
        self.monotonic = monotonic

    def forward(
        self,
        logits: Tensor,
        targets: Tensor,
        logit_lengths: Lengths,
        target_lengths: Lengths,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.rnnt_loss(
            logits,
            targets,
            logit_lengths,
            target_lengths,
            self.blank,
            self.clamp,
            self.reduction,
            self.fused_log_softmax,
            self.fastemit_lambda,
            self.monotonic,
            weight,
            normalizer,
        )
