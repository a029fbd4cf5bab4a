"""Losses of sums over regions, the pixels of a sample and class; see csrc/families/regions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from tests.families import Draw, Family, Params, Shape, reduced
from tests.mistakes import Mistake, replace_first, replace_label, replace_second

if TYPE_CHECKING:
    from tests.cases import Case
    from tests.losses import Loss

PIXELS = 5  # where a shape does not say
SETTINGS = ("activation", "batch", "include_background", "squared", "soft_label")  # of the sums

# Around the lanes of every vector, more classes than a tile, several parts of a sample.
SHAPES: tuple[Shape, ...] = (
    (1, 2, 1), (2, 3, 7), (3, 2, 15), (1, 4, 16), (2, 3, 17), (2, 21, 33), (1, 70, 65),
    (3, 5, 7, 3), (2, 3, 31, 5), (1, 3, 3000), (1, 2, 40, 40), (2, 3, 2, 3, 4), (0, 3, 4),
    (2, 3, 0),
)  # fmt: skip


class Sums(NamedTuple):
    """Of each region: p, t, what they share, and 1."""

    p: Tensor
    t: Tensor
    both: Tensor
    n: Tensor


def one_hot(x: Tensor, t: Tensor) -> Tensor:
    """The target of the input's shape."""
    if t.dim() == x.dim():
        return t.to(x)
    classes = range(x.shape[1]) if x.shape[1] > 1 else [1]
    return torch.stack([t == c for c in classes], 1).to(x)


def probabilities(x: Tensor, activation: str | None) -> Tensor:
    if activation is None:
        return x
    return x.sigmoid() if activation == "sigmoid" else x.softmax(1)


def sums(
    x: Tensor, target: Tensor, gone: Tensor | None, activation: str | None = "softmax",
    batch: bool = False, include_background: bool = True, squared: bool = False,
    soft_label: bool = False,
) -> Sums:  # fmt: skip
    """Without what is `gone`, which has the input's shape."""
    gone = torch.zeros_like(x, dtype=torch.bool) if gone is None else gone
    p = probabilities(x, activation).masked_fill(gone, 0)
    t = one_hot(x, target).masked_fill(gone, 0)
    dims = [0] * batch + list(range(2, x.dim()))
    first = 0 if include_background else 1
    power = 2 if squared else 1
    shared = torch.minimum(p, t) if soft_label and not squared else p * t
    terms = (p**power, t**power, shared, (~gone).to(x))
    return Sums(*((term.sum(dims) if dims else term)[..., first:] for term in terms))


def pooled(of: Sums, weight: Tensor | None, weighting: str) -> Sums:
    """Of all classes together."""
    inverse = of.t.detach() ** -{"square": 2, "simple": 1, "uniform": 0}[weighting]
    inverse = torch.where(inverse.isinf(), 0, inverse)
    inverse = torch.where(inverse == 0, inverse.amax(-1, True), inverse)
    inverse = inverse if weight is None else inverse * weight
    return Sums(*((inverse * s).sum(-1) for s in of))


@dataclass
class RegionDraw(Draw):
    """A draw of images."""

    def labels(self) -> Tensor:
        shape = self.shape[:1] + self.shape[2:]
        return torch.randint(self.shape[1], shape, generator=self.generator)

    def pixels(self) -> tuple[Tensor, Tensor]:
        """Logits, or probabilities where they have to be, and labels or a number for each."""
        logits = self.params.get("activation", "softmax") is not None
        x = self.uniform(-3, 3) if logits else self.uniform(0.05, 0.95)
        soft = self.params.get("probabilities", False)
        return x, self.uniform(0.05, 0.95) if soft else self.labels()


@dataclass(frozen=True)
class Regions(Family):
    """Input (N, C, ...), one number for each sample and class; weights are by class."""

    weights: str = "classes"
    pools: bool = False  # classes
    batch: bool = False
    background: bool = True
    soft: bool = False
    differences: ClassVar[bool] = True
    mismatch: ClassVar[str] = "other batch"

    @property
    def large(self) -> Shape:
        return (4, 4, 128, 128)

    def under(self, loss: "Loss", params: Params) -> "Loss":
        soft = params.get("probabilities", False)
        family = replace(
            self,
            batch=params.get("batch", False),
            background=params.get("include_background", True),
            soft=soft,
        )
        # Elements of a soft target are ignored one by one, but of a softmax: see test_regions.
        labels = () if soft else loss.labels
        return replace(loss, family=family, labels=labels, ignore=not soft)

    def fit(self, shape: Shape) -> Shape:
        """Rows of classes become samples of several pixels."""
        if len(shape) > 2 or not shape:
            return shape
        return (*((1,) if len(shape) == 1 else ()), *shape, PIXELS)

    def takes(self, shape: Shape) -> bool:
        return shape != () and self.fit(shape)[1] > 1

    def reduced_dims(self, dims: int) -> tuple[int, ...]:
        return (0,) * self.batch + (1,) * self.pools + tuple(range(2, dims))

    def result_shape(self, shape: Shape) -> Shape:
        shape = self.fit(shape)
        classes = shape[1:2] if self.background else (shape[1] - 1,)
        return shape[:1] * (not self.batch) + classes * (not self.pools)

    def label_shape(self, shape: Shape) -> Shape:
        return shape if self.soft else shape[:1] + shape[2:]

    def weight_shape(self, shape: Shape) -> Shape:
        return shape[1:2]

    def of_one(self, name: str, t: Tensor) -> Tensor:
        return t.unsqueeze(0)

    def spread(self, values: Tensor, like: Tensor) -> Tensor:
        return values if like.dim() == values.dim() else values.unsqueeze(1)

    def shapes(self, loss: "Loss", params: Params) -> Sequence[Shape]:
        return SHAPES

    def draw(self, *args: Any) -> Draw:
        return RegionDraw(*args)

    def expected(self, case: "Case", tensors: dict[str, Tensor], keep: Tensor | None,
                 weight: Tensor | None, normalizer: Tensor | None) -> Tensor:  # fmt: skip
        """The formulas are of sums."""
        x = tensors["input"]
        gone = None if keep is None else ~self.spread(keep, x).expand_as(x)
        given = dict(case.params)
        log, absent = given.pop("log", False), given.pop("absent", "smooth")
        smooth = given.pop("smooth", 1e-5)
        settings = {n: given.pop(n) for n in SETTINGS if n in given}
        of = sums(x, tensors["target"], gone, **settings)
        kept = of.n > 0 if keep is not None else torch.ones_like(of.n, dtype=torch.bool)
        kept = kept & (of.t != 0) if absent == "skip" else kept
        if weight is not None:
            weight = weight[0 if self.background else 1 :]
        if self.pools:
            of, kept = pooled(of, weight, given.pop("class_weighting", "square")), kept.any(-1)
            weight = None
        each = case.loss.formula(*of, smooth, **given)
        each = -(1 - each).log() if log else each
        return reduced(each, case.reduction, weight, kept, normalizer, weight)

    def fused(self, case: "Case") -> tuple[str, ...]:
        return () if case.reduction == "none" else ("input",)

    def accepts(self, loss: "Loss", name: str, dtype: torch.dtype) -> bool | None:
        if name == "target" and name in loss.labels:
            return not dtype.is_floating_point
        return dtype.is_floating_point or name == "target"

    def mistakes(self, loss: "Loss") -> dict[str, Mistake]:
        return {
            "other batch": Mistake(
                lambda case: replace_second(case, lambda t: t[:-1]),
                r"target must .*\(4, 5\).*\(4, 3, 5\).*\(3, 5\)",
            ),
            "no class axis": Mistake(
                lambda case: replace_first(case, lambda t: t[0, 0]), r"input must .*\(5,\)"
            ),
            "fractional labels": Mistake(
                lambda case: replace_second(case, Tensor.double), "target must .*integer.*Double"
            ),
            "a softmax over one class": Mistake(
                lambda case: replace_first(case, lambda t: t[:, :1]),
                r"activation must be sigmoid or None .*\(4, 1, 5\)",
            ),
            "label too large": out_of_range(2, 3),
            "label below 0": out_of_range(1, -1),
        }


def out_of_range(sample: int, label: int) -> Mistake:
    return Mistake(
        lambda case: replace_label(case, sample, label).but(ignore_index=-100),
        rf"target must be in \[0, 2\] \(or ignore_index -100\), got {label} "
        rf"at position \({sample}, 0\)",
        without_data=False,
    )


class Compound(Regions):
    """Of the mean over regions and that over pixels, whose cost the formula is."""

    def expected(self, case: "Case", tensors: dict[str, Tensor], keep: Tensor | None,
                 weight: Tensor | None, normalizer: Tensor | None) -> Tensor:  # fmt: skip
        from tests.losses import BY_OP

        given = dict(case.params)
        own = {n: given.pop(n) for n in ("label_smoothing", "gamma", "alpha") if n in given}
        shares = [given.pop("dice_weight", 1.0),
                  given.pop("ce_weight", given.pop("focal_weight", 1.0))]  # fmt: skip
        dice = case.but(loss=BY_OP["dice"], params=given)
        regions = super().expected(dice, tensors, keep, weight, normalizer)
        return shares[0] * regions + shares[1] * self.of_pixels(
            case, tensors, keep, weight, normalizer, own
        )

    def of_pixels(
        self, case: "Case", tensors: dict[str, Tensor], keep: Tensor | None, weight: Tensor | None,
        normalizer: Tensor | None, own: Params,
    ) -> Tensor:  # fmt: skip
        x, y = tensors["input"], one_hot(tensors["input"], tensors["target"])
        softmax = case.params.get("activation", "softmax") == "softmax"
        by_class = torch.ones(x.size(1)).to(x) if weight is None else weight
        by_class = by_class.view(-1, *[1] * (x.dim() - 2))
        counted = torch.ones_like(x) if keep is None else self.spread(keep, x).expand_as(x).to(x)
        cost = case.loss.formula(x, y, softmax, **own) * by_class
        total = torch.where(counted > 0, cost, 0.0).sum()
        if normalizer is not None or case.reduction == "sum":
            return total if normalizer is None else total / normalizer
        if softmax and self.soft:
            return total / x.select(1, 0).numel()
        return total / (counted * y * by_class if softmax else counted).sum()


def _rows_say(family: Regions) -> Params:
    return {"family": family, "labels": ("target",), "silent": ("weight", "target"),
            "ignore": True, "weighted_mean": not family.pools}  # fmt: skip


REGIONS = _rows_say(Regions())
POOLED = _rows_say(Regions(pools=True))
COMPOUND = _rows_say(Compound()) | {"reductions": ("mean", "sum")}
