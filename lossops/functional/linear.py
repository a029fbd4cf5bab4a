"""Losses of the logits that a linear layer would make, without those logits."""

from typing import Any

import torch
from torch import Tensor

from ._common import Op, TensorOrNumber, reduction_code, scalar_tensor
from .classification import cross_entropy

_linear_cross_entropy = Op(torch.ops.lossops.linear_cross_entropy)
_linear_softmax_focal = Op(torch.ops.lossops.linear_softmax_focal)
_linear_balanced_softmax = Op(torch.ops.lossops.linear_balanced_softmax)
_linear_arcface = Op(torch.ops.lossops.linear_arcface)
_linear_cosface = Op(torch.ops.lossops.linear_cosface)
_linear_distill_kl = Op(torch.ops.lossops.linear_distill_kl)
_linear_jsd = Op(torch.ops.lossops.linear_jsd)


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
        linear_weight: The layer's weight, shape (C, D); in Python also (C, d1, ..., dK, D), with
            (N, D) input, for K-dimensional logits (N, C, d1, ..., dK), which are then in memory.
        target: Labels in [0, C), an integer dtype, shaped like ``input`` without its last
            dimension, and with (d1, ..., dK) at the end if there are any; or probabilities, a
            floating dtype, shaped like the logits.
        linear_bias: The layer's bias, shaped like ``linear_weight`` without its last dimension.
        weight: A factor per class, shape (C); 1 where left out.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t) for labels,
            sum(l) / rows for probabilities.
        ignore_index: Rows with this label are left out, and get gradient 0. Not with probabilities;
            None is -100.
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
        input = input[..., : max(input.size(-2) - shift, 0), :]
        target = target[..., shift:, :] if target.is_floating_point() else target[..., shift:]
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
        wide = torch.promote_types(input.dtype, torch.float32)
        bias = linear_bias.flatten().to(wide) if linear_bias is not None else None
        flat = torch.nn.functional.linear(
            input.to(wide), linear_weight.flatten(0, -2).to(wide), bias
        )
        logits = flat.view(input.shape[:1] + linear_weight.shape[:-1])
        loss = cross_entropy(
            logits,
            target,
            weight,
            ignore_index,
            reduction,
            label_smoothing,
            z_loss,
            softcap,
            normalizer,
        )
        return loss.to(input.dtype)
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


def linear_softmax_focal_loss(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    alpha: TensorOrNumber | None = None,
    gamma: float = 2.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    normalizer: TensorOrNumber | None = None,
    linear_bias: Tensor | None = None,
) -> Tensor:
    """Focal loss over the classes of a linear layer, whose logits are never there as a whole.

    Formula of a row, with x = input, W = linear_weight and b = linear_bias::

        l = softmax_focal_loss(x W^T + b, target)

    Args:
        input: Features, shape (D) or (..., D); a floating dtype.
        linear_weight: The layer's weight, shape (C, D).
        target: Labels in [0, C), an integer dtype, shaped like ``input`` without its last
            dimension; or probabilities, a floating dtype, shaped like the logits.
        alpha: A factor, or one per class, shape (C), usually >= 0; None leaves it out. Unlike
            ``weight`` it does not enter the mean.
        gamma: How fast easy rows fade, >= 0; 0 is plain cross-entropy.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t) for labels,
            sum(l) / rows for probabilities.
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; y becomes y (1 - s) + s / C.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.
        linear_bias: The layer's bias, shape (C).

    Returns:
        A 0-d tensor, or the shape of ``input`` without its last dimension for ``"none"``; the dtype
        of ``input``.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, or the batch sizes differ.
        IndexError: A label is out of range.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Reference:
        T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollár, "Focal loss for dense object detection",
        ICCV 2017, arXiv:1708.02002.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, w = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[2.0, 0.0], [0.0, 1.0]])
        >>> F.linear_softmax_focal_loss(x, w, torch.tensor([0, 0]), reduction="none")
        tensor([0.0018, 1.6501])
    """
    code, n = reduction_code("linear_softmax_focal", reduction), scalar_tensor(normalizer, input)
    return _linear_softmax_focal(
        input,
        linear_weight,
        target,
        scalar_tensor(alpha, input),
        linear_bias,
        gamma,
        label_smoothing,
        weight,
        ignore_index,
        n,
        code,
    )


def linear_balanced_softmax_loss(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    prior: Tensor,
    tau: float = 1.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    normalizer: TensorOrNumber | None = None,
    linear_bias: Tensor | None = None,
) -> Tensor:
    """Balanced softmax over the classes of a linear layer, without its logits in memory.

    Formula of a row, with x = input, W = linear_weight and b = linear_bias::

        l = balanced_softmax_loss(x W^T + b, target, prior)

    Args:
        input: Features, shape (D) or (..., D); a floating dtype.
        linear_weight: The layer's weight, shape (C, D).
        target: Labels in [0, C), an integer dtype, shaped like ``input`` without its last
            dimension; or probabilities, a floating dtype, shaped like the logits.
        prior: Counts of the classes in the training data, or their frequencies, shape (C), >= 0; a
            floating or integer dtype.
        tau: How much the prior counts, >= 0; 0 is plain cross-entropy.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t) for labels,
            sum(l) / rows for probabilities.
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; y becomes y (1 - s) + s / C.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.
        linear_bias: The layer's bias, shape (C).

    Returns:
        A 0-d tensor, or the shape of ``input`` without its last dimension for ``"none"``; the dtype
        of ``input``.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, or the batch sizes differ.
        IndexError: A label is out of range.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Reference:
        J. Ren et al., "Balanced meta-softmax for long-tailed visual recognition", NeurIPS 2020,
        arXiv:2007.10740.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, w = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[2.0, 0.0], [0.0, 1.0]])
        >>> counts = torch.tensor([90.0, 10.0])
        >>> F.linear_balanced_softmax_loss(x, w, torch.tensor([0, 0]), counts)
        tensor(0.3072)
    """
    code, n = reduction_code("linear_balanced_softmax", reduction), scalar_tensor(normalizer, input)
    return _linear_balanced_softmax(
        input,
        linear_weight,
        target,
        prior,
        linear_bias,
        tau,
        label_smoothing,
        weight,
        ignore_index,
        n,
        code,
    )


def linear_arcface_loss(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    margin: float = 0.5,
    scale: float = 64.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """ArcFace of embeddings and class centres, whose cosines are never there as a whole.

    Formula of a row, with x = input and W = linear_weight::

        l = arcface_loss(cosines of x and the rows of W, target)

    Args:
        input: Embeddings, of any length, shape (D) or (..., D); a floating dtype.
        linear_weight: The centres of the classes, of any length, shape (C, D).
        target: Labels in [0, C), an integer dtype, shaped like ``input`` without its last
            dimension.
        margin: The angle in radians, in [0, pi].
        scale: Factor of the cosines, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t).
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; y becomes y (1 - s) + s / C.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` without its last dimension for ``"none"``; the dtype
        of ``input``.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, or the batch sizes differ.
        IndexError: A label is out of range.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * Lengths are measured relative to the largest component, so none overflows. The cosine with
          a vector of zeros is 0, and so is its gradient.

    Reference:
        J. Deng, J. Guo, N. Xue, S. Zafeiriou, "ArcFace: additive angular margin loss for deep face
        recognition", CVPR 2019, arXiv:1801.07698.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, w = torch.tensor([[3.0, 0.0], [0.0, 2.0]]), torch.tensor([[5.0, 0.0], [1.0, 1.0]])
        >>> F.linear_arcface_loss(x, w, torch.tensor([0, 0]), scale=4.0, reduction="none")
        tensor([0.4092, 4.7548])
    """
    code, n = reduction_code("linear_arcface", reduction), scalar_tensor(normalizer, input)
    return _linear_arcface(
        input,
        linear_weight,
        target,
        None,
        margin,
        scale,
        label_smoothing,
        weight,
        ignore_index,
        n,
        code,
    )


def linear_cosface_loss(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    margin: float = 0.35,
    scale: float = 64.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """CosFace of embeddings and class centres, whose cosines are never there as a whole.

    Formula of a row, with x = input and W = linear_weight::

        l = cosface_loss(cosines of x and the rows of W, target)

    Args:
        input: Embeddings, of any length, shape (D) or (..., D); a floating dtype.
        linear_weight: The centres of the classes, of any length, shape (C, D).
        target: Labels in [0, C), an integer dtype, shaped like ``input`` without its last
            dimension.
        margin: By how much the cosine is reduced.
        scale: Factor of the cosines, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t).
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; y becomes y (1 - s) + s / C.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` without its last dimension for ``"none"``; the dtype
        of ``input``.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, or the batch sizes differ.
        IndexError: A label is out of range.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * Lengths are measured relative to the largest component, so none overflows. The cosine with
          a vector of zeros is 0, and so is its gradient.

    Reference:
        H. Wang et al., "CosFace: large margin cosine loss for deep face recognition", CVPR 2018,
        arXiv:1801.09414.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, w = torch.tensor([[3.0, 0.0], [0.0, 2.0]]), torch.tensor([[5.0, 0.0], [1.0, 1.0]])
        >>> F.linear_cosface_loss(x, w, torch.tensor([0, 0]), scale=4.0, reduction="none")
        tensor([0.8139, 4.2429])
    """
    code, n = reduction_code("linear_cosface", reduction), scalar_tensor(normalizer, input)
    return _linear_cosface(
        input,
        linear_weight,
        target,
        None,
        margin,
        scale,
        label_smoothing,
        weight,
        ignore_index,
        n,
        code,
    )


def linear_distill_kl_loss(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    target_weight: Tensor,
    temperature: float = 1.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    labels: Tensor | None = None,
    ignore_index: int = -100,
    normalizer: TensorOrNumber | None = None,
    linear_bias: Tensor | None = None,
    target_bias: Tensor | None = None,
) -> Tensor:
    """Distillation between two linear layers, of which neither's logits are there as a whole.

    Formula of a row, with x and y = input and target, W and V = linear_weight and target_weight and
    b and c their biases::

        l = distill_kl_loss(x W^T + b, y V^T + c)

    Args:
        input: Features of the student, shape (D) or (..., D); a floating dtype.
        linear_weight: The weight of the student's layer, shape (C, D).
        target: Features of the teacher, of the same shape, but for the size of the last dimension.
        target_weight: The weight of the teacher's layer, (C, E) for features (..., E).
        temperature: T > 0; the higher, the more the small logits count. T^2 keeps the gradient's
            size.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / rows.
        weight: A factor per row; broadcasts to the shape of the loss for ``"none"``.
        labels: One per row, an integer dtype; only tells which rows to leave out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.
        linear_bias: The bias of the student's layer, one number for each of the classes.
        target_bias: The bias of the teacher's layer, likewise.

    Returns:
        A 0-d tensor, or the shape of ``input`` without its last dimension for ``"none"``; the
        promoted dtype of features and weights.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * The teacher gets gradients where its tensors require them, and costs no more than its
          logits where they do not.

    Reference:
        G. Hinton, O. Vinyals, J. Dean, "Distilling the knowledge in a neural network", 2015,
        arXiv:1503.02531.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, w = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[2.0, 0.0], [0.0, 1.0]])
        >>> F.linear_distill_kl_loss(x, w, 2 * x, w, reduction="none")
        tensor([0.0728, 0.0728])
    """
    code, n = reduction_code("linear_distill_kl", reduction), scalar_tensor(normalizer, input)
    return _linear_distill_kl(
        input,
        linear_weight,
        target,
        target_weight,
        labels,
        linear_bias,
        target_bias,
        temperature,
        weight,
        ignore_index,
        n,
        code,
    )


def linear_jsd_loss(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    target_weight: Tensor,
    beta: float = 0.5,
    temperature: float = 1.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    labels: Tensor | None = None,
    ignore_index: int = -100,
    normalizer: TensorOrNumber | None = None,
    linear_bias: Tensor | None = None,
    target_bias: Tensor | None = None,
) -> Tensor:
    """Jensen-Shannon divergence between two linear layers, without the logits of either in memory.

    Formula of a row, with x and y = input and target, W and V = linear_weight and target_weight and
    b and c their biases::

        l = jsd_loss(x W^T + b, y V^T + c)

    Args:
        input: Features of the student, shape (D) or (..., D); a floating dtype.
        linear_weight: The weight of the student's layer, shape (C, D).
        target: Features of the teacher, of the same shape, but for the size of the last dimension.
        target_weight: The weight of the teacher's layer, (C, E) for features (..., E).
        beta: From forward KL, 0, to reverse KL, 1; in [0, 1].
        temperature: T > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / rows.
        weight: A factor per row; broadcasts to the shape of the loss for ``"none"``.
        labels: One per row, an integer dtype; only tells which rows to leave out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.
        linear_bias: The bias of the student's layer, one number for each of the classes.
        target_bias: The bias of the teacher's layer, likewise.

    Returns:
        A 0-d tensor, or the shape of ``input`` without its last dimension for ``"none"``; the
        promoted dtype of features and weights.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * The teacher gets gradients where its tensors require them, and costs no more than its
          logits where they do not.

    Reference:
        R. Agarwal et al., "On-policy distillation of language models: learning from self-generated
        mistakes", ICLR 2024, arXiv:2306.13649.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, w = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[2.0, 0.0], [0.0, 1.0]])
        >>> F.linear_jsd_loss(x, w, 2 * x, w, reduction="none")
        tensor([0.0223, 0.0223])
    """
    code, n = reduction_code("linear_jsd", reduction), scalar_tensor(normalizer, input)
    return _linear_jsd(
        input,
        linear_weight,
        target,
        target_weight,
        labels,
        linear_bias,
        target_bias,
        beta,
        temperature,
        weight,
        ignore_index,
        n,
        code,
    )
