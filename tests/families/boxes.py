"""Losses of boxes, element by element with four numbers each; see csrc/families/elementwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from tests.families import Draw, Family, Params, Shape, reduced
from tests.mistakes import Mistake, replace_first, replace_second, shown

if TYPE_CHECKING:
    from tests.cases import Case
    from tests.losses import Loss

# Of boxes, around the lanes of every vector and the blocks.
SHAPES: tuple[Shape, ...] = tuple(
    (*shape, 4)
    for shape in (
        (), (0,), (1,), (2,), (7,), (15,), (16,), (17,), (31,), (33,), (64,), (65,), (4095,),
        (4097,), (9001,), (3, 0), (1, 1), (2, 1, 3), (3, 5, 7),
    )
)  # fmt: skip


@dataclass
class BoxDraw(Draw):
    """A draw of boxes in the format that the parameters say."""

    def boxes(self) -> Tensor:
        """Some that overlap with others, and some that do not."""
        u = self.uniform(0, 1)
        apart = 0.4 if self.params.get("mode") == "log" else 3.0  # ln 0 has tests of its own
        center, size = apart * u[..., :2], 0.5 + 2 * u[..., 2:]
        if self.params.get("format") == "cxcywh":
            return torch.cat((center, size), -1)
        start = center - size / 2
        other = size if self.params.get("format") == "xywh" else start + size
        return torch.cat((start, other), -1)


@dataclass(frozen=True)
class Boxes(Family):
    """Operands of one shape, the last dimension of which is 4."""

    weights: str = "boxes"
    differences: ClassVar[bool] = True
    mismatch: ClassVar[str] = "other boxes"

    def fit(self, shape: Shape) -> Shape:
        return shape if shape[-1:] == (4,) else (*shape, 4)

    def reduced_dims(self, dims: int) -> tuple[int, ...]:
        return (dims - 1,)

    def label_shape(self, shape: Shape) -> Shape:
        return self.result_shape(shape)

    def spread(self, values: Tensor, like: Tensor) -> Tensor:
        return values if like.dim() == values.dim() else values.unsqueeze(-1)

    def shapes(self, loss: "Loss", params: Params) -> Sequence[Shape]:
        return SHAPES

    def draw(self, *args: Any) -> Draw:
        return BoxDraw(*args)

    def expected(self, case: "Case", tensors: dict[str, Tensor], keep: Tensor | None,
                 weight: Tensor | None, normalizer: Tensor | None) -> Tensor:  # fmt: skip
        each = case.loss.formula(**tensors, **case.params)
        return reduced(each, case.reduction, weight, keep, normalizer)

    def accepts(self, loss: "Loss", name: str, dtype: torch.dtype) -> bool | None:
        return dtype.is_floating_point or name != loss.operands[0]

    def mistakes(self, loss: "Loss") -> dict[str, Mistake]:
        return {
            "other boxes": Mistake(
                lambda case: replace_second(case, lambda t: t[:-1]), shown((4, 3, 4), (3, 3, 4))
            ),
            "three numbers": Mistake(
                lambda case: replace_first(case, lambda t: t[..., :3]),
                r"last dimension of size 4, got shape \(4, 3, 3\)",
            ),
        }


BOXES = Boxes()
