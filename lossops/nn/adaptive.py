"""The adaptive softmax: a layer with its loss, whose rare classes cost little."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from .. import functional as F
from .._op import is_scripting

__all__ = ["AdaptiveLogSoftmaxWithLoss"]

is_tracing = torch.jit.is_tracing  # type: ignore[attr-defined]  # which mypy does not see


class ASMoutput(NamedTuple):
    """What the layer gives: the log-probability of each target, and the loss."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(nn.Module):
    """Log-probabilities of many classes, of which the rare ones are in clusters.

    As :class:`torch.nn.AdaptiveLogSoftmaxWithLoss`, whose arguments, parameters, names in a state
    dict and results it has. The head tells frequent classes and clusters apart, a tail the classes
    of its cluster. Classes have to be sorted by how frequent they are, the first most.

    Args:
        in_features: D, the size of the features.
        n_classes: C.
        cutoffs: Where the clusters begin, increasing, each in [1, C - 1].
        div_value: By how much each tail's features are fewer than those of the one before.
        head_bias: Whether the head has a bias.
        device: Of the layers.
        dtype: Of the layers.

    Shape:
        * input: Features, shape (N, D) or (D); a floating dtype.
        * target: Labels in [0, C), shape (N) or (); an integer dtype.
        * output: The log-probability of each target, shape (N) or ().
        * loss: The mean of -output, a 0-d tensor.

    Notes:
        * Neither the logits nor their log-softmax is in memory: every part is a
          :func:`lossops.functional.linear_cross_entropy`. Nothing waits for the device. On the CPU
          a tail computes the rows of its cluster alone, on a GPU all of them, which takes no
          knowledge of how many there are.

    Reference:
        E. Grave, A. Joulin, M. Cissé, D. Grangier, H. Jégou, "Efficient softmax approximation for
        GPUs", ICML 2017, arXiv:1609.04309.

    Example:
        >>> import torch, lossops
        >>> layer = lossops.nn.AdaptiveLogSoftmaxWithLoss(16, 1000, cutoffs=[10, 100])
        >>> output, loss = layer(torch.zeros(4, 16), torch.tensor([1, 50, 500, 9]))
        >>> output
        tensor([-2.4849, -6.9847, -9.2873, -2.4849], grad_fn=<SubBackward0>)
    """

    in_features: int
    n_classes: int
    cutoffs: list[int]
    div_value: float
    head_bias: bool

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        given = list(cutoffs)
        increase = all(a < b for a, b in zip([0, *given], [*given, n_classes], strict=True))
        if not given or not increase or any(int(c) != c for c in given):
            raise ValueError(
                "AdaptiveLogSoftmaxWithLoss: cutoffs must be integers that increase from 1 to at "
                f"most n_classes - 1, {n_classes - 1}, and not be empty, got {given}"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*given, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = nn.Linear(in_features, self.head_size, head_bias, device, dtype)
        self.tail = nn.ModuleList()
        for i, (low, high) in enumerate(zip(self.cutoffs, self.cutoffs[1:], strict=False)):
            size = int(in_features // (div_value ** (i + 1)))
            self.tail.append(
                nn.Sequential(
                    nn.Linear(in_features, size, False, device, dtype),
                    nn.Linear(size, high - low, False, device, dtype),
                )
            )

    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                layer.reset_parameters()

    def forward(self, input: Tensor, target: Tensor) -> ASMoutput:
        """The log-probability of each target, and the loss."""
        self._check(input, target)
        target = target.long()
        # Where the head has the target: its class, or that of its cluster; or out of range.
        place = torch.where(target < 0, self.n_classes, target)
        output = torch.zeros((), dtype=input.dtype, device=input.device)
        for i, tail in enumerate(self.tail):
            low, high = self.cutoffs[i], self.cutoffs[i + 1]
            inside = (target >= low) & (target < high)
            place = torch.where(inside, self.shortlist_size + i, place)
            label = torch.where(inside, target - low, -100)  # the ignored one
            features, layer = tail[0](input), tail[1].weight  # type: ignore[index]
            output = output - F.linear_cross_entropy(features, layer, label, reduction="none")
        output = output - F.linear_cross_entropy(
            input, self.head.weight, place, self.head.bias, reduction="none"
        )
        return ASMoutput(output, -output.mean())

    def _check(self, input: Tensor, target: Tensor) -> None:
        name = "AdaptiveLogSoftmaxWithLoss"
        if target.dim() > 1 or list(input.shape[:-1]) != list(target.shape) or input.dim() == 0:
            raise RuntimeError(
                f"{name}: input must have shape (N, {self.in_features}) for a target of shape (N), "
                f"or ({self.in_features}) for one of shape (), got {list(input.shape)} and "
                f"{list(target.shape)}"
            )
        if target.device.type != "cpu":
            return  # the kernels tell
        if is_scripting() or not (torch.compiler.is_compiling() or is_tracing()):  # type: ignore[no-untyped-call]
            wrong = (target < 0) | (target >= self.n_classes)
            found: list[float] = torch.ops.lossops._first_where(wrong, target)
            if len(found) > 0:
                raise RuntimeError(
                    f"{name}: target must be in [0, {self.n_classes - 1}], got {int(found[0])}"
                )

    def log_prob(self, input: Tensor) -> Tensor:
        """The log-probabilities of all classes.

        Args:
            input: Features, shape (N, D).

        Returns:
            A tensor of shape (N, C).
        """
        head = self.head(input).log_softmax(-1)
        parts = [head[..., : self.shortlist_size]]
        for i, tail in enumerate(self.tail):
            of_cluster = head[..., self.shortlist_size + i].unsqueeze(-1)
            parts.append(tail(input).log_softmax(-1) + of_cluster)
        return torch.cat(parts, -1)

    def predict(self, input: Tensor) -> Tensor:
        """The class that the head finds likeliest; of all, where it finds a cluster.

        Args:
            input: Features, shape (N, D).

        Returns:
            Labels, shape (N).
        """
        best: Tensor = self.head(input).argmax(1)
        rare = (best >= self.shortlist_size).nonzero().squeeze(1)
        return best.index_copy(0, rare, self.log_prob(input[rare]).argmax(1))
