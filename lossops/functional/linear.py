"""Losses of the logits that a linear layer would make, without those logits."""

from typing import Any

import torch
from torch import Tensor

from ._common import Op, TensorOrNumber, reduction_code, scalar_tensor

__all__ = ["linear_cross_entropy"]

_linear_cross_entropy = Op(torch.ops.lossops.linear_cross_entropy)
_cross_entropy = Op(torch.ops.lossops.cross_entropy)


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,  # noqa: ANN401, ARG001
    z_loss: float = 0.0,
    softcap: float | None = None,
    normalizer: TensorOrNumber | None = None,
    shift: int = 0,
) -> Tensor:
    """Cross-entropy of the logits x W^T + b, of which only a chunk of rows is ever in memory.

    Formula of a row, with x = input, W = linear_weight and b = linear_bias::

        l = cross_entropy(x W^T + b, target)

    Args:
        input: Features, shape (D) or (..., D); a floating dtype.
        linear_weight: The layer's weight, shape (C, D); or (C, d1, ..., dK, D), with (N, D) input,
            for K-dimensional logits (N, C, d1, ..., dK), which are then in memory.
        target: Labels in [0, C), an integer dtype, shaped like ``input`` without its last
            dimension, and with (d1, ..., dK) at the end; or probabilities, a floating dtype, shaped
            like the logits.
        linear_bias: The layer's bias, shaped like ``linear_weight`` without its last dimension.
        weight: A factor per class, shape (C); 1 where left out.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t) for labels,
            sum(l) / rows for probabilities.
        ignore_index: Rows with this label are left out before anything is multiplied, and get
            gradient 0; None is -100. Not with probabilities.
        label_smoothing: s in [0, 1]; y becomes y (1 - s) + s / C.
        options: Taken for the sake of torch's signature, and not needed: the chunks are chosen by
            the memory that they take.
        z_loss: Factor of the squared log-sum-exp, >= 0; keeps the logits from drifting.
        softcap: Bound of the logits, > 0; None leaves them as they are.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.
        shift: How many positions ahead the target of a position is, in its last dimension: 1 for
            the next token, with ``input`` (..., T, D) and ``target`` (..., T) of the same text.

    Returns:
        A 0-d tensor, or the shape of ``target`` for labels and ``"none"``, less what ``shift``
        leaves out; the dtype of ``input``.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, the batch sizes differ, or
            ``shift`` is negative.
        IndexError: A label is out of range.
        RuntimeError: A parameter is out of range; shapes, dtypes or devices do not fit; or
            probabilities come with an ``ignore_index``.

    Notes:
        * Value and gradients come from one pass in forward, with ``"none"`` from two, of which the
          second runs in backward. Second derivatives, forward mode and torch.func compute the
          logits.
        * Logits and the gradients of weight and bias are summed in float32 for narrower dtypes.

    Reference:
        E. Wijmans et al., "Cut your losses in large-vocabulary language models", ICLR 2025,
        arXiv:2411.09009.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, w = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[2.0, 0.0], [0.0, 1.0]])
        >>> F.linear_cross_entropy(x, w, torch.tensor([0, 0]), reduction="none")
        tensor([0.1269, 2.1269])
    """
    code, n = reduction_code("linear_cross_entropy", reduction), scalar_tensor(normalizer, input)
    if shift < 0:
        raise ValueError(f"linear_cross_entropy: shift must be >= 0, got {shift}")
    if shift > 0:
        input, target = input[..., : max(input.size(-2) - shift, 0), :], target[..., shift:]
    if ignore_index is None:
        ignore_index = -100
    elif target.is_floating_point():
        raise RuntimeError(
            "linear_cross_entropy: ignore_index needs labels, but target holds probabilities"
        )
    if linear_weight.dim() > 2:
        if input.dim() != 2:
            raise RuntimeError(
                "linear_cross_entropy: input must have shape (N, D) where linear_weight has more "
                f"than two dimensions, got {list(input.shape)}"
            )
        bias = linear_bias.flatten() if linear_bias is not None else None
        flat = torch.nn.functional.linear(input, linear_weight.flatten(0, -2), bias)
        logits = flat.view(input.shape[:1] + linear_weight.shape[:-1])
        return _cross_entropy(
            logits, target, label_smoothing, z_loss, softcap, weight, ignore_index, n, code
        )
    return _linear_cross_entropy(
        input,
        linear_weight,
        target,
        linear_bias,
        label_smoothing,
        z_loss,
        softcap,
        weight,
        ignore_index,
        n,
        code,
    )
