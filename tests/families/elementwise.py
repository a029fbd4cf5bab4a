"""Losses that go element by element; see csrc/families/elementwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from tests.families import Family, Params, Shape, counted, reduced
from tests.mistakes import Mistake, replace_first, replace_second, shown

if TYPE_CHECKING:
    from tests.cases import Case
    from tests.losses import Loss

# Around the lanes of every vector and the blocks; the last makes several blocks, for two threads.
SHAPES: tuple[Shape, ...] = (
    (), (0,), (1,), (2,), (7,), (15,), (16,), (17,), (31,), (33,), (63,), (64,), (65,), (4095,),
    (4096,), (4097,), (20481,), (3, 0), (1, 1, 1), (2, 1, 3), (3, 5, 7, 3),
)  # fmt: skip


@dataclass(frozen=True)
class Elementwise(Family):
    """Operands of one shape. With `rowwise` the unreduced loss is the mean over the last dim."""

    rowwise: bool = False
    mismatch: ClassVar[str] = "other shape"

    def takes(self, shape: Shape) -> bool:
        return shape != () or not self.rowwise

    def reduced_dims(self, dims: int) -> tuple[int, ...]:
        return (dims - 1,) if self.rowwise else ()

    def shapes(self, loss: "Loss", params: Params) -> Sequence[Shape]:
        tuples = [v for v in params.values() if isinstance(v, tuple)]
        ends = (len(tuples[0]),) if tuples else ()
        return [(*shape, *ends) for shape in SHAPES if not ends or shape[-1:] != ends]

    def expected(self, case: "Case", tensors: dict[str, Tensor], keep: Tensor | None,
                 weight: Tensor | None, normalizer: Tensor | None) -> Tensor:  # fmt: skip
        loss = case.loss.formula(**tensors, **case.params)
        share = weight if case.loss.weighted_mean else None
        if self.rowwise and (case.reduction != "mean" or normalizer is not None):
            each, _ = counted(loss, weight, keep)
            loss, weight, keep = each.sum(-1) / each.size(-1), None, None
        return reduced(loss, case.reduction, weight, keep, normalizer, share)

    def accepts(self, loss: "Loss", name: str, dtype: torch.dtype) -> bool | None:
        return dtype.is_floating_point or name != "q"  # which lies between 0 and 1

    def mistakes(self, loss: "Loss") -> dict[str, Mistake]:
        found = {
            "other shape": Mistake(
                lambda case: replace_second(case, lambda t: t.mT), shown((4, 3), (3, 4))
            )
        }
        if not loss.broadcasts or self.rowwise or loss.op == "margin_ranking":
            found["lost dimension"] = Mistake(
                lambda case: replace_second(
                    replace_first(case, lambda t: t[:, :1]), lambda t: t[:, 0]
                ),
                shown((4, 1), (4,)),
                without_data=False,
            )
        return found


ELEMENTWISE = Elementwise()
