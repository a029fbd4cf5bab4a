"""Divergences between the distributions of a student and its teacher, both given as logits."""

import torch
from torch import Tensor

from ._common import Op, TensorOrNumber, reduction_code, scalar_tensor

_distill_kl = Op(torch.ops.lossops.distill_kl)
_jsd = Op(torch.ops.lossops.jsd)


def distill_kl_loss(
    input: Tensor,
    target: Tensor,
    temperature: float = 1.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    labels: Tensor | None = None,
    ignore_index: int = -100,
    dim: int = -1,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Distillation: Kullback-Leibler divergence of the student's softmax from the teacher's.

    Formula of a row, with T = temperature, P = softmax(target / T) and Q = softmax(input / T)::

        l = T^2 sum_c P_c (ln P_c - ln Q_c)

    Gradients flow to both sides; detach the teacher where it is not trained.

    Args:
        input: Logits of the student, any shape with a class axis; a floating dtype.
        target: Logits of the teacher, of the same shape; a floating dtype.
        temperature: T > 0; the higher, the more the small logits count. T^2 keeps the gradient's
            size.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / rows.
        weight: A factor per row; broadcasts to the shape of the loss for ``"none"``.
        labels: One per row, an integer dtype; only tells which rows to leave out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        dim: The class axis.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` without ``dim`` for ``"none"``; the promoted
        dtype of the logits.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        IndexError: ``dim`` is out of range.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * torch.nn.functional.kl_div calls this mean ``"batchmean"``.
        * A class that the teacher excludes (-inf) contributes 0, even where the student excludes it
          too.

    Reference:
        G. Hinton, O. Vinyals, J. Dean, "Distilling the knowledge in a neural network", 2015,
        arXiv:1503.02531.

    Example:
        >>> import torch, lossops.functional as F
        >>> student, teacher = torch.zeros(1, 2), torch.tensor([[0.75, 0.25]]).log()
        >>> F.distill_kl_loss(student, teacher)
        tensor(0.1308)
        >>> F.distill_kl_loss(student, teacher, temperature=2.0)
        tensor(0.1454)
    """
    code, n = reduction_code("distill_kl", reduction), scalar_tensor(normalizer, input)
    return _distill_kl(input, target, labels, temperature, dim, weight, ignore_index, n, code)


def jsd_loss(
    input: Tensor,
    target: Tensor,
    beta: float = 0.5,
    temperature: float = 1.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    labels: Tensor | None = None,
    ignore_index: int = -100,
    dim: int = -1,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Generalized Jensen-Shannon divergence between student and teacher.

    Formula of a row, with T = temperature, P = softmax(target / T), Q = softmax(input / T) and M =
    beta P + (1 - beta) Q::

        l = T^2 (beta KL(P || M) + (1 - beta) KL(Q || M))
        l = T^2 KL(P || Q)      beta = 0
        l = T^2 KL(Q || P)      beta = 1

    with KL(A || B) = sum_c A_c (ln A_c - ln B_c). Gradients flow to both sides.

    Args:
        input: Logits of the student, any shape with a class axis; a floating dtype.
        target: Logits of the teacher, of the same shape; a floating dtype.
        beta: From forward KL, 0, to reverse KL, 1; in [0, 1].
        temperature: T > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / rows.
        weight: A factor per row; broadcasts to the shape of the loss for ``"none"``.
        labels: One per row, an integer dtype; only tells which rows to leave out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        dim: The class axis.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` without ``dim`` for ``"none"``; the promoted
        dtype of the logits.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        IndexError: ``dim`` is out of range.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * For 0 < beta < 1 it is finite whatever the logits: at most T^2 times the entropy of (beta,
          1 - beta). Classes that both sides exclude (-inf) contribute 0.

    Reference:
        R. Agarwal et al., "On-policy distillation of language models: learning from self-generated
        mistakes", ICLR 2024, arXiv:2306.13649.

    Example:
        >>> import torch, lossops.functional as F
        >>> student, teacher = torch.zeros(1, 2), torch.tensor([[0.75, 0.25]]).log()
        >>> F.jsd_loss(student, teacher)
        tensor(0.0338)
        >>> F.jsd_loss(student, teacher, beta=0.0)
        tensor(0.1308)
    """
    code, n = reduction_code("jsd", reduction), scalar_tensor(normalizer, input)
    return _jsd(input, target, labels, beta, temperature, dim, weight, ignore_index, n, code)
