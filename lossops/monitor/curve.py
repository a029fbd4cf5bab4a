"""Losses over the course of training, and whether to go on."""

import math
from typing import Any, NamedTuple

from torch import Tensor

from ._plot import BLUE, GRAY, ORANGE, Path, new_figure, plain
from .meter import integer, number

COLORS = {"train": BLUE, "validation": ORANGE}


class Point(NamedTuple):
    """A loss at a step."""

    step: int
    loss: float


class LossCurve:
    """Training and validation losses by step, with a hint when to stop.

    Args:
        patience: After how many losses without improvement the hint is to stop, >= 1.
        min_delta: What counts as an improvement: to fall by more than this; >= 0.
        monitor: The series that hint and best are about.

    Raises:
        ValueError: ``patience`` or ``min_delta`` is out of range.

    Reference:
        L. Prechelt, "Early stopping - but when?", in Neural Networks: Tricks of the Trade, 1998.

    Example:
        >>> from lossops.monitor import LossCurve
        >>> curve = LossCurve(patience=2)
        >>> for epoch, loss in enumerate([0.9, 0.5, 0.6, 0.7]):
        ...     curve.add(epoch, train=1 / (epoch + 1), validation=loss)
        >>> curve.best
        Point(step=1, loss=0.5)
        >>> curve.should_stop
        True
        >>> curve.hint()
        'stop: validation has not improved for 2 evaluations while train fell, best 0.5 at step 1'
    """

    def __init__(
        self, patience: int = 10, min_delta: float = 0.0, monitor: str = "validation"
    ) -> None:
        if patience < 1:
            raise ValueError(f"LossCurve: patience must be >= 1, got {patience}")
        if not 0 <= min_delta < math.inf:
            raise ValueError(f"LossCurve: min_delta must be >= 0 and finite, got {min_delta}")
        self.patience = patience
        self.min_delta = min_delta
        self.monitor = monitor
        self.series: dict[str, list[Point]] = {}

    def add(self, step: int, **losses: float | Tensor) -> None:
        """Add a loss to one series or more.

        Args:
            step: The epoch or step, an integer larger than the last one of each series.
            losses: By series, mostly ``train`` and ``validation``. A tensor is read from its
                device.

        Raises:
            TypeError: ``step`` is no integer, or a loss is complex.
            ValueError: ``step`` is not larger than the last one, or a loss holds more than one
                number.
        """
        step = integer("LossCurve", "step", step)
        values = {name: float(number("LossCurve", name, loss)) for name, loss in losses.items()}
        for name in values:
            points = self.series.get(name)
            if points and step <= points[-1].step:
                raise ValueError(
                    f"LossCurve: step of {name} must be > {points[-1].step}, got {step}"
                )
        for name, value in values.items():
            self.series.setdefault(name, []).append(Point(step, value))

    def forget_from(self, step: int) -> None:
        """Drop what was added at this step and later, for training that starts over from there."""
        kept = {name: [p for p in points if p.step < step] for name, points in self.series.items()}
        self.series = {name: points for name, points in kept.items() if points}

    @property
    def best(self) -> Point | None:
        """The last improvement of the monitored series; None where no loss is finite."""
        return self._best_and_stale()[0]

    @property
    def should_stop(self) -> bool:
        """Whether the hint is to stop: ``patience`` losses without improvement, or the last NaN."""
        points = self.series.get(self.monitor, [])
        return bool(points) and (
            self._best_and_stale()[1] >= self.patience or not math.isfinite(points[-1].loss)
        )

    def _best_and_stale(self) -> tuple[Point | None, int]:
        """The last improvement, and how many losses came after it."""
        best, stale = None, 0
        for point in self.series.get(self.monitor, []):
            if math.isfinite(point.loss) and (
                best is None or point.loss < best.loss - self.min_delta
            ):
                best, stale = point, 0
            else:
                stale += 1
        return best, stale

    def hint(self) -> str:
        """In words, whether to go on and why."""
        points = self.series.get(self.monitor, [])
        if not points:
            return f"go on: no loss of {self.monitor} yet"
        best, stale = self._best_and_stale()
        tail = "" if best is None else f", best {best.loss:g} at step {best.step}"
        if not math.isfinite(points[-1].loss):
            return f"stop: {self.monitor} is {points[-1].loss} at step {points[-1].step}{tail}"
        if stale < self.patience:
            return f"go on: {self.monitor} is {points[-1].loss:g}{tail}"
        more = " while train fell" if self._train_fell_since(best) else ""
        return f"stop: {self.monitor} has not improved for {stale} evaluations{more}{tail}"

    def _train_fell_since(self, best: Point | None) -> bool:
        """Whether the model still learns its training data, and only that."""
        if self.monitor == "train" or best is None:
            return False
        before = [p.loss for p in self.series.get("train", []) if p.step <= best.step]
        after = [p.loss for p in self.series.get("train", []) if p.step > best.step]
        return bool(before and after) and after[-1] < before[-1]

    def plot(self, path: Path, title: str = "Loss", log: bool = False) -> None:
        """Draw all series, and the best of the monitored one, to a file.

        Args:
            path: Where to; the ending gives the format, such as ``.png``.
            title: Printed above.
            log: Whether the losses have a logarithmic axis.

        Raises:
            ImportError: matplotlib is not installed.
            ValueError: There is nothing to draw.
        """
        if not self.series:
            raise ValueError("LossCurve.plot: there are no losses yet")
        figure = new_figure("LossCurve.plot", 7, 4)
        axes = plain(figure.add_subplot())
        for name, points in self.series.items():
            steps, losses = zip(*points, strict=True)
            mark = "o" if len(points) == 1 else None
            axes.plot(steps, losses, label=name, color=COLORS.get(name), marker=mark)
        best = self.best
        if best is not None:
            axes.axvline(best.step, color=GRAY, linestyle=":", linewidth=1)
            axes.plot(*best, "o", color=GRAY, label=f"best {best.loss:.4g}, step {best.step}")
        if log:
            axes.set_yscale("log")
        axes.set(title=title, xlabel="step", ylabel="loss")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(frameon=False)
        figure.savefig(path)

    def state_dict(self) -> dict[str, Any]:
        """The series, as lists of numbers."""
        return {name: [list(point) for point in points] for name, points in self.series.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state dict; settings stay as they are."""
        self.series = {name: [Point(*point) for point in points] for name, points in state.items()}
