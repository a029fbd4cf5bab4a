"""Losses over a class axis, one number per row of logits; see csrc/families/class_axis."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from tests.families import Draw, Family, Params, Shape, reduced
from tests.mistakes import COMMON, Mistake, replace_first, replace_label, replace_second, shown

if TYPE_CHECKING:
    from tests.cases import Case
    from tests.losses import Loss

VECTOR, MATRIX = "(C)", "(C, C)"  # a parameter that is a tensor of numbers per class, or per pair

# Vectorized across rows and within a row, staged or in place, neighbours, more classes than a tile.
SHAPES: tuple[Shape, ...] = (
    (1,), (5,), (300,), (0, 3), (1, 1), (3, 1), (2, 2), (7, 2), (15, 3), (16, 10), (17, 16),
    (33, 17), (5, 63), (17, 64), (65, 65), (18, 255), (4, 256), (3, 257), (2, 1000), (1, 4095),
    (1, 4096), (2, 4097), (2100, 10), (2, 3, 5, 7), (3, 5, 7, 3), (1, 10, 16, 4), (2, 17, 65),
    (1, 65, 3, 11), (2, 257, 3, 7), (1, 1025, 33), (1, 8, 50, 50), (2, 0, 3), (0, 4, 2),
)  # fmt: skip


def per_class(classes: int, pairs: bool = False) -> Tensor:
    """Numbers from 0.5 to 1.5, one per class or pair of classes; the same for every draw."""
    count = classes**2 if pairs else classes
    numbers = 0.5 + torch.arange(1, count + 1, dtype=torch.float64) * 0.6180339887498949 % 1
    return numbers.view(classes, classes) if pairs else numbers


@dataclass
class ClassDraw(Draw):
    """A draw that knows which dimension holds the classes."""

    axis: int = 0

    @property
    def rows(self) -> Shape:
        """The shape without the class axis."""
        return self.shape[: self.axis] + self.shape[self.axis + 1 :]

    def labels(self) -> Tensor:
        return torch.randint(self.shape[self.axis] or 1, self.rows, generator=self.generator)

    def points(self) -> Tensor:
        """Numbers from 0 to C - 1, none of them whole."""
        most = max(self.shape[self.axis] - 1, 0)
        whole = torch.randint(max(most, 1), self.rows, generator=self.generator)
        part = torch.rand(self.rows, generator=self.generator, dtype=torch.float64)
        return (whole + 0.1 + 0.8 * part).clamp(max=most)

    def parameter(self, value: Any) -> Tensor:
        if value in (VECTOR, MATRIX):
            return per_class(self.shape[self.axis], pairs=value == MATRIX)
        return super().parameter(value)


@dataclass
class OrdinalDraw(ClassDraw):
    """Of thresholds between labels, of which there is one more."""

    def labels(self) -> Tensor:
        return torch.randint(self.shape[self.axis] + 1, self.rows, generator=self.generator)


@dataclass(frozen=True)
class ClassAxis(Family):
    """The class axis is `axis`, of a vector 0; the input may have `dims` dimensions."""

    weights: str = "classes"  # or rows
    axis: int = 1
    dims: int = 8
    differences: ClassVar[bool] = True
    mismatch: ClassVar[str] = "other batch"
    empty: ClassVar[tuple[Shape, ...]] = ((3, 0), (0, 0))

    def under(self, loss: "Loss", params: Params) -> "Loss":
        """Probabilities for labels, another class axis."""
        if params.get("probabilities", False):
            return replace(loss, labels=(), weighted_mean=False, ignore=False)
        return replace(loss, family=replace(self, axis=params.get("dim", self.axis)))

    def class_axis(self, dims: int) -> int:
        """Which of so many dimensions is the class axis."""
        return 0 if dims == 1 else self.axis % dims

    def of_pixels(self, params: Params) -> Params:
        """Parameters of a call whose classes are dimension 1, where that can be."""
        return {**params, "dim": 1} if self.axis == -1 else params

    def fit(self, shape: Shape) -> Shape:
        return shape if len(shape) <= self.dims else (math.prod(shape[:-1]), shape[-1])

    def takes(self, shape: Shape) -> bool:
        """The class axis must exist and hold a class."""
        return shape != () and shape[self.class_axis(len(shape))] > 0

    def reduced_dims(self, dims: int) -> tuple[int, ...]:
        return (self.class_axis(dims),)

    def label_shape(self, shape: Shape) -> Shape:
        return self.result_shape(shape)

    def weight_shape(self, shape: Shape) -> Shape:
        if self.weights == "classes":
            return (shape[self.class_axis(len(shape))],)
        return self.result_shape(shape)

    def spread(self, values: Tensor, like: Tensor) -> Tensor:
        if like.dim() == values.dim():
            return values
        return values.unsqueeze(self.class_axis(like.dim()))

    def shapes(self, loss: "Loss", params: Params) -> Sequence[Shape]:
        most = 300 if MATRIX in params.values() else math.inf
        family = loss.under(params).family
        return [shape for shape in SHAPES if shape[family.class_axis(len(shape))] <= most]

    def draw(self, generator: torch.Generator, shape: Shape, *args: Any) -> Draw:
        return ClassDraw(generator, shape, *args, axis=self.class_axis(len(shape)))

    def expected(self, case: "Case", tensors: dict[str, Tensor], keep: Tensor | None,
                 weight: Tensor | None, normalizer: Tensor | None) -> Tensor:  # fmt: skip
        """The formulas have the class axis last; weights per class are theirs."""
        dims, loss, label = tensors["input"].dim(), case.loss, tensors.get("target")
        tensors = {
            name: t.movedim(self.class_axis(dims), -1)
            if name in loss.operands and t.dim() == dims
            else t
            for name, t in tensors.items()
            if name != "labels"
        }
        given = {name: value for name, value in case.params.items() if name != "dim"}
        share = None if label is None else self.share(tensors["input"], label)
        if self.weights == "classes":
            given["weight"] = weight
            if weight is not None and loss.weighted_mean:
                share = of(weight, label)
            weight = None
        rows = loss.formula(**tensors, **given)
        return reduced(rows, case.reduction, weight, keep, normalizer, share)

    def share(self, input: Tensor, target: Tensor) -> Tensor | None:
        """What each row counts in the mean, where that is not 1; the classes are last."""
        return None

    def summed(self, case: "Case") -> tuple[str, ...]:
        return tuple(name for name in case.differentiable if name == "prior")

    def accepts(self, loss: "Loss", name: str, dtype: torch.dtype) -> bool | None:
        if name not in loss.labels:
            return dtype.is_floating_point or name == "prior"
        if self.weights == "rows" and name == "target" and not dtype.is_signed:
            return None  # the -1 that ends a list
        return not dtype.is_floating_point and dtype != torch.bool

    def mistakes(self, loss: "Loss") -> dict[str, Mistake]:
        found = {
            "other batch": Mistake(
                lambda case: replace_second(case, lambda t: t[:-1]),
                f"target .*({shown((4,), (3,))}|{shown((4, 3), (3, 3))})",
            ),
        }
        if loss.op not in ("multi_margin", "multilabel_margin"):  # as torch, a row of one class
            found["no class axis"] = Mistake(
                lambda case: replace_first(replace_second(case, Tensor.sum), Tensor.sum),
                r"input must .*dimension.*got.*\(\)",
                as_torch=False,
            )
        if loss.label in loss.labels and loss.label in loss.operands:
            found["fractional labels"] = Mistake(
                lambda case: case.but(**{loss.label: case.tensors[loss.label].double()}),
                "must .*got",
            )
        if loss.op == "multi_margin":  # torch first sees that they have two dimensions
            for name in ("csr weight", "complex weight"):
                found[name] = replace(COMMON[name], as_torch=False)
        return found | (label_mistakes(2) if self.weights == "classes" else LIST_MISTAKES)


@dataclass(frozen=True)
class Ordinal(ClassAxis):
    """Along the axis are thresholds, one less than there are labels."""

    weights: str = "rows"
    conditional: bool = False  # the mean counts the thresholds up to the first not reached

    def draw(self, generator: torch.Generator, shape: Shape, *args: Any) -> Draw:
        return OrdinalDraw(generator, shape, *args, axis=self.class_axis(len(shape)))

    def share(self, input: Tensor, target: Tensor) -> Tensor | None:
        return (target + 1).clamp(max=input.size(-1)) if self.conditional else None

    def mistakes(self, loss: "Loss") -> dict[str, Mistake]:
        found = super().mistakes(loss)
        own = {name: mistake for name, mistake in found.items() if name not in LIST_MISTAKES}
        return own | label_mistakes(last=3)


def out_of_range(row: int, label: int, last: int) -> Mistake:
    return Mistake(
        lambda case: replace_label(case, row, label).but(ignore_index=-100),
        rf"target must be in \[0, {last}\] \(or ignore_index -100\), got {label} "
        rf"at position \({row},?\)",
        without_data=False,
    )


def label_mistakes(last: int) -> dict[str, Mistake]:
    """Of one label per row, from 0 to the last one."""
    return {
        "label with a dimension too many": Mistake(
            lambda case: replace_second(case, lambda t: t[:, None]), r"target .*\(4, 1\)"
        ),
        "label too large": out_of_range(2, last + 1, last),
        "label below 0": out_of_range(1, -1, last),
    }


LIST_MISTAKES = {  # of operands with classes on both sides
    "other classes": Mistake(
        lambda case: replace_second(case, lambda t: t[:, :-1]), shown((4, 3), (4, 2))
    ),
}


def of(weight: Tensor, target: Tensor) -> Tensor:
    """The entry, or row, of a tensor per class that each label names."""
    picked = weight.index_select(0, target.reshape(-1).long())
    return picked.view((*target.shape, *weight.shape[1:]))


@dataclass(frozen=True)
class Averaged(ClassAxis):
    """Beside the label there is a number for each logit, whose gradient the decomposition gives."""

    cancels: ClassVar[bool] = True

    def fused(self, case: "Case") -> tuple[str, ...]:
        return ("input",)

    def summed(self, case: "Case") -> tuple[str, ...]:
        return ("average",)


@dataclass(frozen=True)
class Points(ClassAxis):
    """Targets between two classes, which are the last dimension."""

    weights: str = "rows"
    axis: int = -1

    @property
    def large(self) -> Shape:
        return (1 << 13, 32)

    def of_pixels(self, params: Params) -> Params:
        return params

    def takes_nan(self, name: str) -> bool:
        return name != "target"

    def fused(self, case: "Case") -> tuple[str, ...]:
        return ("input",)

    def accepts(self, loss: "Loss", name: str, dtype: torch.dtype) -> bool | None:
        return dtype.is_floating_point or name == "target"

    def mistakes(self, loss: "Loss") -> dict[str, Mistake]:
        found = super().mistakes(loss)
        del found["other classes"]
        return found | POINT_MISTAKES


def out_of_reach(row: int, point: float, shown: str) -> Mistake:
    return Mistake(
        lambda case: replace_label(case, row, point),
        rf"target must be in \[0, 2\], got {shown} at position \({row},?\)",
        without_data=False,
    )


POINT_MISTAKES = {
    "point with a dimension too many": Mistake(
        lambda case: replace_second(case, lambda t: t[:, None]), r"target .*\(4, 1\)"
    ),
    "point beyond the last class": out_of_reach(2, 2.5, "2.5"),
    "point below 0": out_of_reach(1, -0.25, "-0.25"),
    "point that is none": out_of_reach(3, math.nan, "nan"),
}


# What the rows of losses with one label per row say.
LABELS: Params = {"family": ClassAxis(), "silent": ("weight", "target"), "labels": ("target",),
                  "torch_fixed": ("weight",), "ignore": True}  # fmt: skip
