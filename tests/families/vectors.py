"""Losses of vectors along the last dimension, with one number each; see csrc/families/vectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from tests.families import Draw, Family, Params, Shape, reduced
from tests.mistakes import Mistake, replace_second

if TYPE_CHECKING:
    from tests.cases import Case
    from tests.losses import Loss

# Around the lanes of every vector; blocks of many groups, and groups longer than a block.
SHAPES: tuple[Shape, ...] = (
    (1,), (3,), (0, 4), (5, 1), (7, 3), (2, 7), (3, 8), (4, 15), (5, 16), (6, 17), (3, 31), (3, 33),
    (2, 64), (2, 65), (1, 1, 9), (2, 3, 9), (2, 257), (300, 40), (9000, 3), (1, 9001), (2, 0, 3),
)  # fmt: skip


@dataclass
class VectorDraw(Draw):
    """A draw of vectors."""

    def signs(self) -> Tensor:
        """-1 or 1 for each vector."""
        return torch.randint(2, self.shape[:-1], generator=self.generator).double() * 2 - 1


@dataclass(frozen=True)
class Vectors(Family):
    """Operands of one shape, but for a target that may have no last dimension."""

    weights: str = "vectors"
    differences: ClassVar[bool] = True
    mismatch: ClassVar[str] = "other vectors"

    @property
    def large(self) -> Shape:
        return (1 << 10, 256)

    def takes(self, shape: Shape) -> bool:
        return shape != () and shape[-1] > 0

    def reduced_dims(self, dims: int) -> tuple[int, ...]:
        return (dims - 1,)

    def label_shape(self, shape: Shape) -> Shape:
        return self.result_shape(shape)

    def spread(self, values: Tensor, like: Tensor) -> Tensor:
        return values if like.dim() == values.dim() else values.unsqueeze(-1)

    def shapes(self, loss: "Loss", params: Params) -> Sequence[Shape]:
        return SHAPES

    def draw(self, *args: Any) -> Draw:
        return VectorDraw(*args)

    def expected(self, case: "Case", tensors: dict[str, Tensor], keep: Tensor | None,
                 weight: Tensor | None, normalizer: Tensor | None) -> Tensor:  # fmt: skip
        each = case.loss.formula(**tensors, **case.params)
        return reduced(each, case.reduction, weight, keep, normalizer)

    def accepts(self, loss: "Loss", name: str, dtype: torch.dtype) -> bool | None:
        if name in loss.fixed:
            return None if dtype == torch.bool or not dtype.is_signed else True
        return dtype.is_floating_point or name != loss.operands[0]

    def mistakes(self, loss: "Loss") -> dict[str, Mistake]:
        found = {
            "other vectors": Mistake(
                lambda case: replace_second(case, lambda t: t[:, :-1]),
                r"must broadcast .*\(4, 3\).*\(4, 2\)",
            ),
            "another dimension": Mistake(
                lambda case: replace_second(case, lambda t: t[0]),
                r"as many dimensions.*\(4, 3\).*\(3,\)",
                as_torch=False,
            ),
        }
        for name in loss.fixed:
            found["other targets"] = Mistake(
                lambda case: case.but(**{name: case.tensors[name][:-1]}),  # noqa: B023
                r"target must .*\(4,\).*\(3,\)",
            )
        return found


VECTORS = Vectors()
