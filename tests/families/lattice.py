"""Losses over the alignments of a sequence with its labels; see csrc/families/lattice."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from tests.families import Draw, Family, Params, Shape, reduced
from tests.mistakes import Mistake

if TYPE_CHECKING:
    from tests.cases import Case
    from tests.losses import Loss

FRAMES = 5  # where a shape does not say


@dataclass
class LatticeDraw(Draw):
    """A draw of scores, which knows which of its dimensions are what."""

    batch: Shape = ()  # empty where there is none
    frames: int = FRAMES
    most: int = 2  # labels
    waits: bool = True  # a label takes a frame of its own, as does the blank between two alike
    fewest: int = 0  # frames
    blank: int = 0

    def sequences(self) -> tuple[Tensor, Tensor, Tensor]:
        """Labels, and lengths that leave each sequence an alignment at least."""
        count, classes = math.prod(self.batch), self.shape[-1]
        labels = self.below(max(classes - 1, 1), count, self.most)
        labels = labels + (labels >= self.blank % classes)
        most = min(self.most, self.frames) if self.waits else self.most
        lengths = self.below(most + 1 if classes > 1 else 1, count)
        alike = labels[:, 1:] == labels[:, :-1]
        pauses = (alike & (lengths[:, None] > torch.arange(self.most)[1:])).sum(1)
        fewest = (lengths + pauses if self.waits else lengths * 0).clamp(min=self.fewest)
        spare = (self.frames - fewest).clamp(min=0)
        frames = self.frames - self.below(1 << 30, count) % (spare + 1)
        if not self.batch:
            labels = labels[:, : int(lengths)]  # without any to spare
        return tuple(t.reshape((*self.batch, *t.shape[1:])) for t in (labels, frames, lengths))

    def below(self, end: int, *shape: int) -> Tensor:
        return torch.randint(end, shape, generator=self.generator)


@dataclass(frozen=True)
class Lattice(Family):
    """Scores of `dims` dimensions, the last one of classes, with one loss per sequence."""

    weights: str = "sequences"
    dims: int = 3
    blank: int = 0  # by default
    by_length: bool = True  # the mean is over losses that are divided by their number of labels
    mismatch: ClassVar[str] = "targets of another batch"

    @property
    def large(self) -> Shape:
        return (8, 16, 8, 256) if self.dims == 4 else (64, 16, 256)

    def under(self, loss: "Loss", params: Params) -> "Loss":
        """Another blank."""
        return replace(loss, family=replace(self, blank=params.get("blank", self.blank)))

    def fit(self, shape: Shape) -> Shape:
        """Rows of classes become sequences of frames."""
        if len(shape) == self.dims or not shape:
            return shape
        *rows, classes = shape
        if self.dims == 4:  # (B, T, U + 1, D)
            return (math.prod(rows), FRAMES, 3, classes)
        return (FRAMES, math.prod(rows), classes) if rows else (FRAMES, classes)

    def takes(self, shape: Shape) -> bool:
        """One of the classes must be the blank."""
        return shape != () and -shape[-1] <= self.blank < shape[-1]

    def reduced_dims(self, dims: int) -> tuple[int, ...]:
        return (1, 2, 3) if self.dims == 4 else (0, dims - 1)

    def label_shape(self, shape: Shape) -> Shape:
        return self.result_shape(shape)

    def batch_dim(self, name: str) -> int:
        return 1 if name == "log_probs" else 0

    def as_torch_has_it(self, name: str, t: Tensor) -> Tensor:
        return t.log_softmax(-1) if name == "log_probs" else t

    def of_one(self, name: str, t: Tensor) -> Tensor:
        return t.unsqueeze(self.batch_dim(name))

    def shapes(self, loss: "Loss", params: Params) -> Sequence[Shape]:
        return [shape for shape in SHAPES[self.dims] if loss.under(params).family.takes(shape)]

    def draw(self, generator: torch.Generator, shape: Shape, *args: Any) -> LatticeDraw:
        batch, params = self.result_shape(shape), args[0]
        draw = LatticeDraw(generator, shape, *args, batch, blank=self.blank)
        if self.dims == 4:
            draw.frames, draw.most, draw.fewest = shape[1], shape[2] - 1, 1
            draw.waits = params.get("monotonic", False)
        else:
            draw.frames, draw.most = shape[0], (shape[0] + 1) // 2
        return draw

    def expected(self, case: "Case", tensors: dict[str, Tensor], keep: Tensor | None,
                 weight: Tensor | None, normalizer: Tensor | None) -> Tensor:  # fmt: skip
        each = case.loss.formula(**tensors, **case.params)
        if self.by_length and case.reduction == "mean" and normalizer is None:
            each = each / tensors["target_lengths"].clamp(min=1)
        return reduced(each, case.reduction, weight, None, normalizer)

    def accepts(self, loss: "Loss", name: str, dtype: torch.dtype) -> bool | None:
        if name not in loss.labels:
            return dtype.is_floating_point
        return not dtype.is_floating_point and dtype != torch.bool

    def mistakes(self, loss: "Loss") -> dict[str, Mistake]:
        frames = loss.operands[2]
        return {
            "targets of another batch": but("targets", lambda t: t[:-1], r"targets .*\(3, \d\)"),
            "lengths of another batch": but(frames, lambda t: t[:-1], rf"{frames} .*\(3,?\)"),
            "fractional lengths": but(frames, Tensor.double, rf"{frames} must .*integer"),
            "fractional labels": but("targets", Tensor.double, "targets must .*integer"),
            "too many frames": but(
                frames, lambda t: t + FRAMES, rf"{frames} must .*got \d+", without_data=False
            ),
            "too many labels": but(
                "target_lengths",
                lambda t: t + 5,
                r"target_lengths must .*got \d",
                without_data=False,
            ),
            "frames below 0": but(
                frames, lambda t: t - 2 * FRAMES, rf"{frames} must .*got -\d", without_data=False
            ),
            "label too large": at_first_label(3),
            "label below 0": at_first_label(-1),
            "blank among the labels": at_first_label("blank"),
        }


def but(name: str, change: Any, pattern: str, **fields: Any) -> Mistake:
    return Mistake(lambda case: case.but(**{name: change(case.tensors[name])}), pattern, **fields)


def at_first_label(label: Any) -> Mistake:
    """In the second sequence, which gets one label at least."""

    def change(case: "Case") -> "Case":
        targets, lengths = (case.tensors[n].clone() for n in ("targets", "target_lengths"))
        classes = case.tensors[case.loss.operands[0]].size(-1)
        blank = case.loss.family.blank % classes
        targets[1, 0] = blank if label == "blank" else label
        lengths[1] = 1
        return case.but(targets=targets, target_lengths=lengths)

    shown = r"\d+" if label == "blank" else str(label)
    return Mistake(
        change,
        rf"targets must .*got {shown} at position \(1, 0\)",
        without_data=False,
        as_torch=False,
    )


# Around the lanes of every vector, more states than classes and fewer, one frame, no sequence.
SHAPES: dict[int, Sequence[Shape]] = {
    3: ((4, 3), (1, 2), (9, 65), (1, 1, 1), (1, 3, 2), (2, 2, 5), (3, 7, 3), (15, 3, 16),
        (16, 2, 17), (17, 5, 31), (31, 2, 33), (33, 3, 64), (8, 4, 65), (65, 2, 3), (130, 1, 257),
        (5, 0, 3), (0, 3, 4)),
    4: ((1, 1, 1, 2), (3, 2, 1, 4), (2, 1, 3, 5), (2, 5, 7, 3), (2, 16, 3, 17), (3, 7, 16, 8),
        (1, 17, 18, 33), (2, 3, 2, 65), (1, 33, 5, 257), (0, 3, 2, 4)),
}  # fmt: skip

_LENGTHS = {3: "input_lengths", 4: "logit_lengths"}


def _rows_say(scores: str, family: Lattice) -> Params:
    labels = ("targets", _LENGTHS[family.dims], "target_lengths")
    return {"operands": (scores, *labels), "labels": labels, "label": "targets", "family": family,
            "silent": ("weight", *labels), "torch_once": True}  # fmt: skip


CTC = _rows_say("log_probs", Lattice())
RNNT = _rows_say("logits", Lattice(dims=4, blank=-1, by_length=False))
