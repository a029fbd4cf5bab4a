"""What the losses of one kind have in common, so that no suite tells the kinds apart.

A `Family` says how operands are drawn and which shapes they may have, what is ignored and weighted,
how a loss is reduced, and which mistakes its losses must refuse. A new one is a file beside these.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from tests.mistakes import Mistake

if TYPE_CHECKING:
    from tests.cases import Case
    from tests.losses import Loss

Params = dict[str, Any]
Shape = tuple[int, ...]

SHAPE = (4, 3)


@dataclass
class Draw:
    """What a maker needs: where to draw from, the shape, the parameters and the kinks."""

    generator: torch.Generator
    shape: Shape
    params: Params
    kinks: tuple[float, ...]
    on_kinks: bool = False

    def uniform(self, low: float, high: float) -> Tensor:
        u = torch.rand(self.shape, generator=self.generator, dtype=torch.float64)
        return low + (high - low) * u

    def choose(self, *values: float) -> Tensor:
        index = torch.randint(len(values), self.shape, generator=self.generator)
        return torch.tensor(values, dtype=torch.float64)[index]

    def variable(self, low: float, high: float, gap: float = 0.05) -> Tensor:
        """The quantity that has the kinks: kept `gap` away from each, or put right on them."""
        if self.on_kinks and self.kinks:
            return self.choose(*self.kinks)
        x = self.uniform(low, high)
        for kink in self.kinks:
            side = torch.where(x < kink, -gap, gap)
            x = torch.where((x - kink).abs() < gap, kink + side, x)
        return x

    def parameter(self, value: Any) -> Tensor:
        """A parameter that is a tensor, from what a row of the table says of it."""
        return torch.tensor(value, dtype=torch.float64)


@dataclass(frozen=True)
class Family:
    """One kind of loss. What is said here holds where each element has a loss of its own."""

    weights: str = "elements"  # what has a weight of its own
    differences: ClassVar[bool] = False  # gradients are differences of larger numbers
    cancels: ClassVar[bool] = False  # values are
    mismatch: ClassVar[str] = ""  # the mistake of operands that do not fit each other
    empty: ClassVar[tuple[Shape, ...]] = ()  # shapes that some losses refuse and others take

    # -- shapes -------------------------------------------------------------------------------

    @property
    def large(self) -> Shape:
        """Of 2^18 numbers."""
        return (1 << 16, 4)

    def under(self, loss: "Loss", params: Params) -> "Loss":
        """The row as these parameters change it."""
        return loss

    def fit(self, shape: Shape) -> Shape:
        """The shape, folded to as many dimensions as the input may have."""
        return shape

    def takes(self, shape: Shape) -> bool:
        """Whether an input may have this shape."""
        return True

    def reduced_dims(self, dims: int) -> tuple[int, ...]:
        """Which of the input's dimensions the unreduced loss lacks."""
        return ()

    def result_shape(self, shape: Shape) -> Shape:
        """The shape of the unreduced loss."""
        reduced = self.reduced_dims(len(shape))
        return tuple(size for dim, size in enumerate(shape) if dim not in reduced)

    def label_shape(self, shape: Shape) -> Shape:
        """The shape of what can be ignored, one by one."""
        return shape

    def weight_shape(self, shape: Shape) -> Shape:
        """The largest that a weight may have."""
        return self.label_shape(shape)

    def batch_dim(self, name: str) -> int:
        """Along which dimension of an operand the samples lie."""
        return 0

    def of_one(self, name: str, t: Tensor) -> Tensor:
        """What an operand holds of one sample, as the operand of a call for that alone."""
        return t

    def as_torch_has_it(self, name: str, t: Tensor) -> Tensor:
        """An operand behind what torch's gradient by it takes for granted."""
        return t

    def takes_nan(self, name: str) -> bool:
        """Whether NaN in this operand is a value like others, and no mistake."""
        return True

    def spread(self, values: Tensor, like: Tensor) -> Tensor:
        """A value for each label, for each number of `like` where that has more dimensions."""
        return values

    def shapes(self, loss: "Loss", params: Params) -> Sequence[Shape]:
        """Shapes around every vector width and block of the kernels."""
        raise NotImplementedError

    # -- operands and results -----------------------------------------------------------------

    def draw(self, *args: Any) -> Draw:
        return Draw(*args)

    def expected(self, case: "Case", tensors: dict[str, Tensor], keep: Tensor | None,
                 weight: Tensor | None, normalizer: Tensor | None) -> Tensor:  # fmt: skip
        """The reference, reduced. `keep` says what is not ignored."""
        raise NotImplementedError

    def summed(self, case: "Case") -> tuple[str, ...]:
        """Tensors whose gradient is a sum that the decomposition computes."""
        return ()

    def fused(self, case: "Case") -> tuple[str, ...]:
        """Operands whose gradient the fused op gives."""
        return tuple(name for name in case.loss.operands if name in case.differentiable)

    def accepts(self, loss: "Loss", name: str, dtype: torch.dtype) -> bool | None:
        """Whether the tensor may have this dtype; None where that depends on its values."""
        return True

    def mistakes(self, loss: "Loss") -> dict[str, Mistake]:
        """Wrong calls that only losses of this family can suffer."""
        raise NotImplementedError


def reduced(loss: Tensor, reduction: str, weight: Tensor | None, keep: Tensor | None,
            normalizer: Tensor | float | None, share: Tensor | None = None) -> Tensor:  # fmt: skip
    """Weights, mask (`keep`) and reduction. `share` is what each term counts in the mean, or 1."""
    loss, count = counted(loss, weight, keep, share)
    if reduction == "none":
        return loss
    total = loss.sum()
    if normalizer is not None:
        return total / normalizer
    return {
        "sum": lambda: total,
        "batchmean": lambda: total / loss.size(0),
        "mean": lambda: total / count,
    }[reduction]()


def counted(loss: Tensor, weight: Tensor | None, keep: Tensor | None,
            share: Tensor | None = None) -> tuple[Tensor, Tensor | int]:  # fmt: skip
    """What is added up, and how much that counts."""
    if weight is not None:
        loss = loss * weight
    if keep is not None:
        loss = torch.where(keep, loss, 0.0)
        share = keep if share is None else torch.where(keep, share, 0.0)
    return loss, loss.numel() if share is None else share.expand_as(loss).sum()


def of_family(kind: type[Family]) -> Callable[["Loss"], bool]:
    """For `pytest.mark.where`: the rows of this kind."""
    return lambda loss: isinstance(loss.family, kind)
