"""Log-probabilities of given classes, and entropies, without a log-softmax in memory."""

import torch
from torch import Tensor

from ._op import Op, check_tensors, is_scripting

_selective_log_softmax = Op(torch.ops.lossops.selective_log_softmax)
_softmax_entropy = Op(torch.ops.lossops.softmax_entropy)


def selective_log_softmax(
    logits: Tensor, index: Tensor, temperature: float = 1.0, ignore_index: int | None = None
) -> Tensor:
    """The log-probability of the class that ``index`` names in each row, or of several.

    Formula of a row, with z = logits / temperature and t = index::

        ln p_t = z_t - ln sum_c exp(z_c)

    Args:
        logits: Shape (..., C), the classes last; a floating dtype.
        index: Classes in [0, C), an integer dtype, shape (...); or (..., K), K classes of a row.
        temperature: What logits are divided by, > 0.
        ignore_index: Where the index is this one, the result and the gradient are 0, whatever the
            logits are. None for no such index.

    Returns:
        A tensor of the shape of ``index``, in the dtype of ``logits``.

    Raises:
        IndexError: An index is out of range.
        ValueError: The batch sizes differ.
        RuntimeError: ``temperature`` is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * Memory is that of a gradient of the logits where that is wanted, with K classes of a row
          K of them, and nothing else of their size. Sums are of float32 or wider for every dtype.
        * A class of probability 1 - 1e-12 has log-probability -1e-12. Logits of -inf leave their
          classes out; a row of nothing else is NaN.
        * Of a linear layer's features, ``-linear_cross_entropy(..., reduction="none")`` is the same
          without the logits.

    Example:
        >>> import torch, lossops
        >>> logits = torch.tensor([[0.0, 1.0, 2.0], [30.0, 0.0, float("-inf")]])
        >>> lossops.selective_log_softmax(logits, torch.tensor([2, 0]))
        tensor([-4.0761e-01, -9.3576e-14])
    """
    if not is_scripting():
        check_tensors("selective_log_softmax", logits=logits, index=index)
    logits = by_index(logits, index)
    return _selective_log_softmax(logits, index, temperature, -1, None, ignore_index, None, 0)


def by_index(logits: Tensor, index: Tensor) -> Tensor:
    """The logits of each index: where a row has several, it is several rows."""
    if index.dim() != logits.dim() or index.dim() == 0:
        return logits
    sizes = list(logits.shape)
    sizes.insert(len(sizes) - 1, index.size(-1))
    return logits.unsqueeze(-2).expand(sizes)


def softmax_entropy(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """The entropy of each row's softmax, in nats.

    Formula of a row, with p = softmax(logits / temperature)::

        H = -sum_c p_c ln p_c

    Args:
        logits: Shape (..., C), the classes last; a floating dtype.
        temperature: What logits are divided by, > 0.

    Returns:
        A tensor of the shape of ``logits`` without the classes, in their dtype.

    Raises:
        RuntimeError: ``temperature`` is out of range, or ``logits`` has no dimension or no
            class.

    Notes:
        * A sum of positive terms, none of which loses digits where one class has nearly all of the
          probability. Classes with a logit of -inf add nothing.

    Example:
        >>> import torch, lossops
        >>> lossops.softmax_entropy(torch.tensor([[0.0, 0.0], [30.0, 0.0]]))
        tensor([6.9315e-01, 2.9009e-12])
    """
    if not is_scripting():
        check_tensors("softmax_entropy", logits=logits)
    if logits.dim() > 0 and logits.size(-1) == 0:
        raise RuntimeError(
            f"softmax_entropy: logits must have at least one class, got shape {list(logits.shape)}"
        )
    return _softmax_entropy(logits, any_class(logits), temperature, -1, None, None, None, 0)


def any_class(logits: Tensor) -> Tensor:
    """A label for each row, of which the entropy does not depend."""
    return torch.zeros(logits.shape[:-1], dtype=torch.int64, device=logits.device)
