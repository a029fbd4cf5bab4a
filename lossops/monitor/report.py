"""What a pass over the data found out about the losses of its samples."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from ._plot import BLUE, GRAY, ORANGE, Path, new_figure, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Bins with edges 2^(k / 32) for k from -1024 to 1024, their mirror image, and one for 0 between.
_PER_OCTAVE, _OCTAVES = 32, 32
_SIDE = 2 * _PER_OCTAVE * _OCTAVES
BINS = 2 * _SIDE + 1

_FAR = 1e250  # where pictures end: matplotlib's margins and ticks are beyond, and must be floats


def bin_of(losses: Tensor) -> Tensor:
    """The bin of each finite loss."""
    place = (losses.abs().log2() * _PER_OCTAVE).floor() + _PER_OCTAVE * _OCTAVES
    place = place.clamp(-1, _SIDE - 1).long() + 1  # 0 is the bin of all that is smaller
    return _SIDE + torch.where(losses < 0, -place, place)


def _edge(k: int) -> float:
    """The lower edge of a bin; for k = BINS the upper one of the last. Those two are infinite."""
    if k in (0, BINS):
        return math.inf if k else -math.inf
    side = k - _SIDE
    if side > 0:
        return math.pow(2.0, (side - 1) / _PER_OCTAVE - _OCTAVES)
    return -math.pow(2.0, -side / _PER_OCTAVE - _OCTAVES)


def _in_sight(loss: float) -> float:
    return min(max(loss, -_FAR), _FAR)


@dataclass(frozen=True)
class HardSample:
    """One of the samples with the largest losses.

    Attributes:
        index: The number that it was given, or its place in the pass.
        loss: Its loss, the mean of its elements if it has many.
        label: Its class, None where samples have none or many.
    """

    index: int
    loss: float
    label: int | None


@dataclass(frozen=True)
class LossSpread:
    """The distribution of losses of all samples, or of one class.

    Attributes:
        count: How many losses are finite.
        mean: Their mean, NaN for none.
        std: Their standard deviation; inf where its square is no longer a float.
        min: The least of them.
        max: The largest.
        nan: How many losses are NaN.
        inf: How many are infinite.
    """

    count: int
    mean: float
    std: float
    min: float
    max: float
    nan: int
    inf: int
    _counts: Tensor = field(repr=False, compare=False)

    @classmethod
    def of(cls, counts: Tensor, broken: list[int], moments: list[float]) -> "LossSpread":
        """From the counts per bin, those of NaN and inf, and mean, variance and extremes."""
        n, (nan, inf) = int(counts.sum()), broken
        if n == 0:
            return cls(0, math.nan, math.nan, math.nan, math.nan, nan, inf, counts)
        mean, variance, low, high = moments
        return cls(n, mean, math.sqrt(variance), low, high, nan, inf, counts)

    def quantile(self, q: float) -> float:
        """The least loss that a share ``q`` does not exceed; NaN for no losses.

        It is within 2.2 % where its size is from 2^-32 to 2^31, and within 2^-32 where it is
        smaller. Those that are larger share a bin, which ends at the extreme.

        Args:
            q: The share, in [0, 1].

        Raises:
            ValueError: ``q`` is out of range.
        """
        if not 0 <= q <= 1:
            raise ValueError(f"LossSpread.quantile: q must be in [0, 1], got {q}")
        if self.count == 0:
            return math.nan
        rank = q * self.count
        below = self._counts.cumsum(0)
        k = min(int(torch.searchsorted(below, max(rank, 0.5))), BINS - 1)
        inside = int(self._counts[k])
        share = (rank - (int(below[k]) - inside)) / inside
        low, high = max(_edge(k), self.min), min(_edge(k + 1), self.max)
        value = 0.0 if k == _SIDE else (1 - share) * low + share * high
        return min(max(value, self.min), self.max)

    def histogram(self, bins: int = 40) -> tuple[list[float], list[int]]:
        """Edges and counts of at most so many bins, each a factor wider than the one before.

        Args:
            bins: How many, >= 1. The exact number depends on the losses.

        Returns:
            The edges, one more than counts, and the counts; both empty for no losses. Where losses
            are beyond 2^32, the outermost edge is their extreme.

        Raises:
            ValueError: ``bins`` is out of range.
        """
        if bins < 1:
            raise ValueError(f"LossSpread.histogram: bins must be >= 1, got {bins}")
        used = self._counts.nonzero().flatten()
        if used.numel() == 0:
            return [], []
        limits = Limits(int(used[0]), int(used[-1]) + 1, self.min, self.max)
        return regroup(self._counts, limits, bins)


class Limits(NamedTuple):
    """The bins from ``start`` to ``stop``, and the extremes of the losses in them."""

    start: int
    stop: int
    low: float
    high: float


def regroup(counts: Tensor, limits: Limits, bins: int) -> tuple[list[float], list[int]]:
    """Edges and counts of up to ``bins`` groups of neighbours among the bins within limits."""
    start, stop, low, high = limits
    width = -(-(stop - start) // bins)
    starts = [*range(start, stop, width), stop]
    totals = [int(counts[a:b].sum()) for a, b in pairwise(starts)]
    _, *inner, _ = map(_edge, starts)
    first, last = low if start == 0 else _edge(start), high if stop == BINS else _edge(stop)
    return [first, *inner, last], totals


@dataclass(frozen=True)
class LossReport:
    """What :meth:`LossDistribution.compute` found; prints as a table.

    Attributes:
        samples: The losses of the samples.
        classes: The losses of each class, if classes were told apart.
        hardest: The samples with the largest losses, the largest first; NaN counts as largest.
    """

    samples: LossSpread
    classes: tuple[LossSpread, ...]
    hardest: tuple[HardSample, ...]

    def __str__(self) -> str:
        lines = [f"{'':<5}{'count':>7}{'mean':>10}{'median':>10}{'95 %':>10}{'max':>10}"]
        for name, s in [("all", self.samples), *((str(c), s) for c, s in enumerate(self.classes))]:
            numbers = (s.mean, s.quantile(0.5), s.quantile(0.95), s.max)
            lines.append(f"{name:<5}{s.count:>7}" + "".join(f"{x:>10.3g}" for x in numbers))
        return "\n".join(lines)

    def plot(
        self, path: Path, title: str = "Loss per sample", names: Sequence[str] | None = None
    ) -> None:
        """Draw the histogram of all samples, and one per class with the hardest class on top.

        Args:
            path: Where to; the ending gives the format, such as ``.png``.
            title: Printed above.
            names: The classes by name; their numbers if left out. Of more than 40 classes those
                with the largest mean are drawn.

        Raises:
            ImportError: matplotlib is not installed.
            ValueError: There is nothing to draw, or a name is missing.
        """
        if self.samples.count == 0:
            raise ValueError("LossReport.plot: no loss is finite")
        if names is not None and len(names) < len(self.classes):
            raise ValueError(
                f"LossReport.plot: names must name {len(self.classes)} classes, got {len(names)}"
            )
        seen = [c for c, spread in enumerate(self.classes) if spread.count]
        seen = sorted(seen, key=lambda c: self.classes[c].mean)[-40:]
        height = max(4.0, 1.5 + 0.24 * len(seen))
        figure = new_figure("LossReport.plot", 11 if seen else 6, height)
        figure.suptitle(title)
        panels = figure.subplots(1, 2 if seen else 1, squeeze=False)[0]
        drawn = [self.samples, *(self.classes[c] for c in seen)]
        filled = torch.stack([spread._counts for spread in drawn]).sum(0).nonzero().flatten()
        limits = Limits(
            int(filled[0]),
            int(filled[-1]) + 1,
            _in_sight(min(spread.min for spread in drawn)),
            _in_sight(max(spread.max for spread in drawn)),
        )

        edges, counts = regroup(self.samples._counts, limits, 60)
        axes = plain(panels[0])
        axes.stairs(counts, edges, fill=True, color=BLUE)
        for q, style in ((0.5, "-"), (0.95, "--")):
            value = self.samples.quantile(q)
            axes.axvline(
                _in_sight(value), color=ORANGE, linestyle=style, label=f"{q:.0%} below {value:.3g}"
            )
        axes.set(xlabel="loss", ylabel="samples")
        axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
        if seen:
            self._plot_classes(panels[1], seen, limits, names)
        if limits.start > _SIDE:
            for axes in panels:
                axes.set_xscale("log")
        else:
            scale = min((abs(e) for e in edges if e), default=1.0)
            for axes in panels:
                axes.set_xscale("symlog", linthresh=max(scale, 1e-3))
        figure.savefig(path)

    def _plot_classes(
        self, axes: "Axes", seen: list[int], limits: Limits, names: Sequence[str] | None
    ) -> None:
        plain(axes)
        for y, c in enumerate(seen):
            spread = self.classes[c]
            edges, counts = regroup(spread._counts, limits, 60)
            heights = [y + 0.8 * n / max(counts) for n in counts]
            axes.stairs(heights, edges, baseline=y, fill=True, color=BLUE, alpha=0.75)
            for q in (0.5, 0.95):
                value = _in_sight(spread.quantile(q))
                axes.plot(
                    [value] * 2, [y, y + 0.8], color=ORANGE, linestyle="-" if q < 0.9 else ":"
                )
        labels = [str(c) if names is None else names[c] for c in seen]
        axes.set_yticks(range(len(seen)), labels)
        axes.set(xlabel="loss; median (line) and 95 % (dots)", ylabel="class, by mean loss")
        axes.tick_params(axis="y", labelcolor=GRAY)
