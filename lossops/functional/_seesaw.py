"""Seesaw loss: cross-entropy of logits that the label's class changes."""

import torch
from torch import Tensor

from .._op import in_name_of
from ._common import Op, TensorOrNumber, reduction_code, scalar_tensor
from ._margins import compensated, wider_than

__all__ = ["seesaw_loss"]

_cross_entropy = Op(torch.ops.lossops.cross_entropy)


def seesaw_loss(
    input: Tensor,
    target: Tensor,
    counts: Tensor,
    p: float = 0.8,
    q: float = 2.0,
    eps: float = 0.01,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int = -100,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Seesaw loss: frequent classes push rare ones less, unless they are mistaken for them.

    Formula of a row, with n = counts, r = softmax(input), w = weight and t = target::

        z_j = input_j + p min(0, ln n_j / n_t) + q max(0, ln r_j / max(r_t, eps)),  z_t = input_t
        l = -w_t ln softmax(z)_t

    What is added to the logits counts as a constant in derivatives.

    Args:
        input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis.
        counts: How often each class was a label in training, shape (C); below 1 counts as 1.
        p: How much a class rarer than the label's is spared, >= 0.
        q: How much a class more probable than the label's is pushed again, >= 0.
        eps: The least probability of the label's class in that comparison, in (0, 1].
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t).
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the dtype of
        ``input``.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, a parameter is out of
            range, or the batch sizes differ.
        TypeError: ``counts`` is no tensor.
        IndexError: A label is out of range.
        RuntimeError: Shapes, dtypes or devices do not fit.

    Notes:
        * Composed of :func:`cross_entropy` and torch's operations for what is added, of which there
          are a few tensors of the size of ``input``. Not for TorchScript.
        * No row is looked at from Python, so that a GPU is not waited for.

    Reference:
        J. Wang, W. Zhang, Y. Zang, Y. Cao, J. Pang, T. Gong, K. Chen, Z. Liu, C. C. Loy, D. Lin,
        "Seesaw loss for long-tailed instance segmentation", CVPR 2021, arXiv:2008.10032.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, t = torch.tensor([[1.0, 2.0, 0.0]]), torch.tensor([0])
        >>> F.seesaw_loss(x, t, counts=torch.tensor([100, 10, 1]))
        tensor(1.4333)
        >>> F.cross_entropy(x, t)
        tensor(1.4076)
    """
    for name, value, fits, allowed in (
        ("p", p, p >= 0, ">= 0"),
        ("q", q, q >= 0, ">= 0"),
        ("eps", eps, 0 < eps <= 1, "in (0, 1]"),
    ):
        if not fits:
            raise ValueError(f"seesaw: {name} must be {allowed}, got {value}")
    if not isinstance(counts, Tensor):
        raise TypeError(f"seesaw: counts must be a tensor, got {type(counts).__name__}")
    code, n = reduction_code("seesaw", reduction), scalar_tensor(normalizer, input)
    if isinstance(target, Tensor) and target.is_floating_point():
        raise RuntimeError(f"seesaw: target must hold labels, got {target.dtype}")
    z = compensated(input, target, counts, p, q, eps)
    dtype = wider_than(input, z)
    try:
        return _cross_entropy(z, target, 0.0, 0.0, None, weight, ignore_index, n, code, dtype)
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        raise in_name_of("seesaw", "cross_entropy", error) from None
