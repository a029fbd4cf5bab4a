"""Margin softmax: losses of embeddings, on the cosines of their angles with the class centres."""

import torch
from torch import Tensor

from ._common import Op, TensorOrNumber, plain_number, reduction_code, scalar_tensor
from ._margins import lowered, widened, wider_than

_arcface = Op(torch.ops.lossops.arcface)
_cosface = Op(torch.ops.lossops.cosface)


def arcface_loss(
    input: Tensor,
    target: Tensor,
    margin: TensorOrNumber = 0.5,
    scale: float = 64.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """ArcFace: cross-entropy that asks for an angle to the right class smaller by ``margin``.

    Formula of a row, with x = input, w = weight, t = target and y, its one-hot::

        z_t = scale cos(acos(x_t) + margin)     where acos(x_t) + margin <= pi
        z_t = scale (x_t - margin sin(margin))  elsewhere
        z_j = scale x_j                         for j != t
        l = -sum_c w_c y_c ln softmax(z)_c

    Args:
        input: Cosines of embedding and class centres, shape (C), (N, C) or (N, C, d1, ..., dK); a
            floating dtype.
        target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis.
        margin: The angle in radians, in [0, pi]; in Python also one per class, shape (C).
        scale: Factor of the cosines, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t).
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; y becomes y (1 - s) + s / C.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the dtype of
        ``input``.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, or the batch sizes differ.
        IndexError: A label is out of range.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * Beyond acos(x_t) + margin = pi, z_t is scale (x_t - margin sin(margin)), as the authors'
          code has it, so that z_t keeps falling.
        * acos is never formed: z_t = scale (x_t cos(margin) - sqrt(1 - x_t^2) sin(margin)). At x_t
          = ±1 the slope of the root is infinite; there, and beyond, where rounding may put a
          cosine, the root and its slope are taken for 0.
        * Margins in a tensor have gradients, and take a copy of ``input``. That they are in range
          is up to you.

    Reference:
        J. Deng, J. Guo, N. Xue, S. Zafeiriou, "ArcFace: additive angular margin loss for deep face
        recognition", CVPR 2019, arXiv:1801.07698.

    Example:
        >>> import torch, lossops.functional as F
        >>> x = torch.tensor([[1.0, 0.5], [0.0, 0.5]])
        >>> F.arcface_loss(x, torch.tensor([0, 0]), margin=0.5, scale=4.0, reduction="none")
        tensor([0.1995, 3.9374])
    """
    code, n = reduction_code("arcface", reduction), scalar_tensor(normalizer, input)
    if isinstance(margin, Tensor):
        x = widened(input, target, margin)
        dtype = wider_than(input, x)
        return _arcface(
            x, target, 0.0, scale, label_smoothing, weight, ignore_index, n, code, dtype
        )
    m = plain_number(margin)
    return _arcface(input, target, m, scale, label_smoothing, weight, ignore_index, n, code)


def cosface_loss(
    input: Tensor,
    target: Tensor,
    margin: TensorOrNumber = 0.35,
    scale: float = 64.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """CosFace: cross-entropy that asks for a cosine to the right class larger by ``margin``.

    Formula of a row, with x = input, w = weight, t = target and y, its one-hot::

        z_t = scale (x_t - margin)
        z_j = scale x_j             for j != t
        l = -sum_c w_c y_c ln softmax(z)_c

    Args:
        input: Cosines of embedding and class centres, shape (C), (N, C) or (N, C, d1, ..., dK); a
            floating dtype.
        target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis.
        margin: By how much the cosine is reduced; in Python also one per class, shape (C).
        scale: Factor of the cosines, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t).
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; y becomes y (1 - s) + s / C.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the dtype of
        ``input``.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, or the batch sizes differ.
        IndexError: A label is out of range.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * At scale 64 cosines (1, 0) with t = 0 cost 8.6e-19, which keeps its digits, as does its
          gradient.
        * Label-distribution-aware margins (LDAM) are larger for rare classes: of classes that occur
          n times give margin = 0.5 (n / min n)^(-1/4) and scale = 30. Margins in a tensor have
          gradients, and take a copy of ``input``.

    Reference:
        H. Wang et al., "CosFace: large margin cosine loss for deep face recognition", CVPR 2018,
        arXiv:1801.09414; a margin per class: K. Cao, C. Wei, A. Gaidon, N. Arechiga, T. Ma,
        "Learning imbalanced datasets with label-distribution-aware margin loss", NeurIPS 2019,
        arXiv:1906.07413.

    Example:
        >>> import torch, lossops.functional as F
        >>> x = torch.tensor([[1.0, 0.5], [0.0, 0.5]])
        >>> F.cosface_loss(x, torch.tensor([0, 0]), margin=0.25, scale=4.0, reduction="none")
        tensor([0.3133, 3.0486])
    """
    code, n = reduction_code("cosface", reduction), scalar_tensor(normalizer, input)
    if isinstance(margin, Tensor):
        x = lowered(input, target, margin)
        dtype = wider_than(input, x)
        return _cosface(
            x, target, 0.0, scale, label_smoothing, weight, ignore_index, n, code, dtype
        )
    m = plain_number(margin)
    return _cosface(input, target, m, scale, label_smoothing, weight, ignore_index, n, code)
