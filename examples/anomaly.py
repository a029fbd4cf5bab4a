"""El Nino, told a quarter ahead, with a loss of one's own: `python examples/anomaly.py`.

The series is the sea surface temperature of the eastern Pacific (Nino 3, NOAA, 1950 to 2015, by
quarter), less what is usual for the quarter; El Nino are the peaks above half a degree. Squared
error forecasts the middle of what may come, so it misses peaks. The loss here is made with
lossops.define: it charges extra for what a forecast lacks of a peak, and less for one that rises
above the level without a peak. Every stretch of 11 years is forecast by models that have
not seen it. At the end: a table and a picture. Under a minute on two cores, after the first run's
compilation.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pywt.data
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from shared import GREY, make_console, parse, save
from torch import Tensor, nn

import lossops

LEVEL = 0.5  # degrees above the usual, from which on NOAA speaks of El Nino
AHEAD = 1  # quarters from the last one known to the one forecast
PAST = 8  # quarters that the model sees
BLOCKS = 6  # of years, each forecast by a model that has not seen it
EPOCHS = 300
MISS_COST = 5.0  # a missed peak costs this many false alarms
BLUE, RED = "#0072b2", "#d55e00"

peak_loss = lossops.define(
    "peak",
    """square(input - target)
       + select(target > level, miss * square(hinge(target - input)),
                false_alarm * square(hinge(input - level)))""",
    level=LEVEL,
    miss=5.0,
    false_alarm=1.0,
    limits=[("miss", ">=", 0), ("false_alarm", ">=", 0)],
    test_points=[(0.2, 2.0), (2.5, 2.0), (1.5, 0.0), (0.25, -0.5)],
)

LOSSES: dict[str, nn.Module] = {
    "mse": lossops.nn.MSELoss(),
    "peak": peak_loss.Module(),
}


@dataclass(frozen=True)
class Series:
    """What is known at each quarter, and what comes of it."""

    years: np.ndarray  # of the quarters that are forecast
    known: Tensor  # the past, and the season of the forecast
    truth: Tensor

    @property
    def peaks(self) -> Tensor:
        """Where there is one."""
        return self.truth > LEVEL


def load() -> Series:
    """The series that comes with PyWavelets, without the seasons."""
    years, degrees = pywt.data.nino()
    quarter = np.round(years * 4).astype(int) % 4
    degrees = degrees - np.array([degrees[quarter == q].mean() for q in range(4)])[quarter]
    ends = np.arange(PAST, len(degrees) - AHEAD + 1)
    ahead = ends + AHEAD - 1
    season = 2 * np.pi * years[ahead]
    known = np.stack([*(degrees[ends - lag] for lag in range(1, PAST + 1)),
                      np.sin(season), np.cos(season)], axis=1)  # fmt: skip
    return Series(years[ahead], torch.from_numpy(known).float(),
                  torch.from_numpy(degrees[ahead]).float())  # fmt: skip


def train(loss: nn.Module, known: Tensor, truth: Tensor, seed: int) -> Callable[[Tensor], Tensor]:
    """A small network, trained on all quarters at once."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(known.shape[1], 16), nn.Tanh(), nn.Linear(16, 1), nn.Flatten(0))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(EPOCHS):
        optimizer.zero_grad()
        loss(model(known), truth).backward()
        optimizer.step()
    return model


def forecast(loss: nn.Module, series: Series, seed: int) -> Tensor:
    """The whole series, block by block, by models that saw neither the block nor its borders."""
    output = torch.empty_like(series.truth)
    quarters = np.arange(len(output))
    for block in np.array_split(quarters, BLOCKS):
        margin = PAST + AHEAD
        seen = torch.from_numpy((quarters < block[0] - margin) | (quarters > block[-1] + margin))
        model = train(loss, series.known[seen], series.truth[seen], seed)
        with torch.no_grad():
            output[block] = model(series.known[block])
    return output


def alarm_level(output: Tensor, series: Series, false_alarms: int) -> float:
    """From where on forecasts count as alarms for so many of them to be false."""
    calm = output[~series.peaks].sort(descending=True).values
    return calm[false_alarms].item()


def show(series: Series, outputs: dict[str, list[Tensor]], console: Console) -> None:
    """The table: what each loss, and squared error with a lower alarm level, catches."""
    peaks, count = series.peaks, int(series.peaks.sum())
    table = Table(
        title=f"{count} El Nino quarters among {len(series.truth)}, forecast a quarter ahead: "
        "mean of the runs ± standard deviation",
        title_justify="left",
    )
    table.add_column("forecast by", no_wrap=True)
    for heading in (f"caught of {count}", "false alarms", "cost", "error", "lack at peaks"):
        table.add_column(heading, justify="right", no_wrap=True)

    def row(name: str, alarms: list[Tensor], degrees: tuple[str, str]) -> None:
        caught = torch.tensor([(alarm & peaks).sum() for alarm in alarms]).double()
        false = torch.tensor([(alarm & ~peaks).sum() for alarm in alarms]).double()
        cells = (f"{v.mean():.1f} ±{v.std(correction=0):.1f}"
                 for v in (caught, false, MISS_COST * (count - caught) + false))  # fmt: skip
        table.add_row(name, *cells, *degrees)

    def degrees(name: str) -> tuple[str, str]:
        error = series.truth - torch.stack(outputs[name])
        return f"{error.abs().mean():.2f}", f"{error[:, peaks].clamp_min(0).mean():.2f}"

    row("mse", [output > LEVEL for output in outputs["mse"]], degrees("mse"))
    lowered = [
        output > alarm_level(output, series, int((ours[~peaks] > LEVEL).sum()))
        for output, ours in zip(outputs["mse"], outputs["peak"], strict=True)
    ]
    row("mse, alarm level lowered", lowered, degrees("mse"))
    row("peak loss", [output > LEVEL for output in outputs["peak"]], degrees("peak"))
    console.print(table)
    console.print(
        f"caught: of the quarters above {LEVEL:g} degrees, those that were forecast so. cost: a "
        f"missed one counts {MISS_COST:g}, a false alarm 1.\nlowered: until there are as many "
        "false alarms as with the peak loss. error: mean, in degrees.\nlack at peaks: by how much "
        "the forecast stays below a peak, mean, in degrees.",
        style="dim",
        highlight=False,
    )


def draw(series: Series, outputs: dict[str, list[Tensor]], path: Path) -> None:
    """The forecasts over the years, and what the losses charge."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(13, 4.4), width_ratios=(1, 3.2))
    x = torch.linspace(-1, 2.5, 401)
    for truth, style in ((1.5, "-"), (0.0, "--")):
        t = torch.full_like(x, truth)
        for name, colour in (("mse", BLUE), ("peak", RED)):
            loss = peak_loss if name == "peak" else lossops.functional.mse_loss
            left.plot(x, loss(x, t, reduction="none"), style, color=colour, lw=2)
    left.plot([], [], "-", color=GREY, label="at a peak of 1.5 degrees")
    left.plot([], [], "--", color=GREY, label="where nothing is unusual")
    left.legend(loc="upper right", frameon=False, fontsize=8.5, handlelength=1.4)
    left.set(ylim=(0, 12), xlabel="forecast, degrees", title="What a forecast costs")

    right.fill_between(
        series.years, LEVEL, series.truth.clamp_min(LEVEL), color=GREY, alpha=0.35, lw=0
    )
    right.plot(series.years, series.truth, color=GREY, lw=1, label="temperature")
    for height, (name, colour) in zip((-1.95, -2.25), (("mse", BLUE), ("peak", RED)), strict=True):
        mean = torch.stack(outputs[name]).mean(0)
        right.plot(series.years, mean, color=colour, lw=1.6, label=f"forecast, {name} loss")
        caught = series.peaks & (mean > LEVEL)
        missed = series.peaks & (mean <= LEVEL)
        false = ~series.peaks & (mean > LEVEL)
        for what, marker, face in (
            (caught, "o", colour),
            (missed, "o", "none"),
            (false, "x", colour),
        ):
            years = series.years[what.numpy()]
            right.scatter(years, np.full(len(years), height), s=16, marker=marker,
                          facecolors=face if marker == "o" else colour,
                          edgecolors=colour if marker == "o" else None, lw=0.9)  # fmt: skip
    right.axhline(LEVEL, color=GREY, lw=0.8, ls=":")
    right.set(xlim=(series.years[0], series.years[-1]), ylim=(-2.5, 3.4), ylabel="degrees",
              title="El Nino, forecast a quarter ahead: "
              "● peak caught  ○ missed  × false alarm")  # fmt: skip
    right.legend(loc="upper left", ncols=3, frameon=False)
    for axis in (left, right):
        axis.grid(visible=False)
    save(figure, path)


def main() -> None:
    """Trains, counts, draws."""
    options = parse("El Nino, with a loss of one's own.")
    began = time.perf_counter()
    console = make_console(100)
    torch.set_num_threads(1)  # the models are tiny
    series = load()
    runs = [(name, seed) for seed in range(options.repeats) for name in LOSSES]
    outputs: dict[str, list[Tensor]] = {name: [] for name in LOSSES}
    for name, seed in track(runs, "training", console=console):
        outputs[name].append(forecast(LOSSES[name], series, seed))
    show(series, outputs, console)
    picture = options.out / "anomaly.png"
    draw(series, outputs, picture)
    console.print(f"\nthe loss: {peak_loss.expression}", style="dim", highlight=False)
    console.print(f"picture: {picture.resolve()}", highlight=False)
    console.print(f"{time.perf_counter() - began:.0f} s in all", style="dim")


if __name__ == "__main__":
    main()
