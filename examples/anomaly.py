"""El Nino, told a quarter ahead, with a loss of one's own: `python examples/anomaly.py`.

The series is the sea surface temperature of the eastern Pacific (Nino 3, NOAA, 1950 to 2015, by
quarter), less what is usual for the quarter; El Nino are the peaks above half a degree. Squared
error forecasts the middle of what may come, so it misses peaks. The loss here is a function of
torch operators, made native by a line: it charges extra for what a forecast lacks of a peak, and
less for one that rises above the level without a peak. Every stretch of 11 years is forecast by
models that have not seen it. At the end: a table of 20 runs and a picture. About a minute on two
cores, after the first run's compilation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pywt.data
import torch
from matplotlib.figure import Figure
from shared import GREY, Example, make_table, spread
from torch import Tensor, nn

import lossops

LEVEL = 0.5  # degrees above the usual, from which on NOAA speaks of El Nino
AHEAD = 1  # quarters from the last one known to the one forecast
PAST = 8  # quarters that the model sees
BLOCKS = 6  # of years, each forecast by a model that has not seen it
EPOCHS = 300
MISS_COST = 5.0  # a missed peak costs this many false alarms
BLUE, RED = "#0072b2", "#d55e00"

Loss = Callable[[Tensor, Tensor], Tensor]


@lossops.native(limits=[("miss", ">=", 0), ("false_alarm", ">=", 0)])
def peak_loss(
    forecast: Tensor,
    truth: Tensor,
    level: float = LEVEL,
    miss: float = 5.0,
    false_alarm: float = 1.0,
) -> Tensor:
    """Squared error, more of it for what is lacking at a peak, and some for a false alarm."""
    lack, excess = torch.relu(truth - forecast), torch.relu(forecast - level)
    extra = torch.where(truth > level, miss * lack**2, false_alarm * excess**2)
    return ((forecast - truth) ** 2 + extra).mean()


LOSSES: dict[str, Loss] = {"mse": lossops.functional.mse_loss, "peak": peak_loss}


@dataclass(frozen=True)
class Series:
    """What is known at each quarter, and what comes of it."""

    years: np.ndarray  # of the quarters that are forecast
    known: Tensor  # the past, and the season of the forecast
    truth: Tensor

    @property
    def peaks(self) -> Tensor:
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


def train(loss: Loss, known: Tensor, truth: Tensor, seed: int) -> Callable[[Tensor], Tensor]:
    """A small network, trained on all quarters at once."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(known.shape[1], 16), nn.Tanh(), nn.Linear(16, 1), nn.Flatten(0))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(EPOCHS):
        optimizer.zero_grad()
        loss(model(known), truth).backward()
        optimizer.step()
    return model


def forecast(loss: Loss, series: Series, seed: int) -> Tensor:
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


def show(series: Series, outputs: dict[str, list[Tensor]], example: Example) -> None:
    """The table: what each loss, and squared error with a lower alarm level, catches."""
    peaks, count = series.peaks, int(series.peaks.sum())
    title = (
        f"{count} El Nino quarters among {len(series.truth)}, forecast a quarter ahead: "
        "mean of the runs ± standard deviation"
    )
    headings = (f"caught of {count}", "false alarms", "cost", "error", "lack at peaks")
    table = make_table(title, ["forecast by", *headings])

    def row(name: str, loss: str, levels: list[float]) -> None:
        alarms = [output > level for output, level in zip(outputs[loss], levels, strict=True)]
        caught = torch.tensor([(alarm & peaks).sum() for alarm in alarms]).double()
        false = torch.tensor([(alarm & ~peaks).sum() for alarm in alarms]).double()
        counted = map(spread, (caught, false, MISS_COST * (count - caught) + false))
        error = series.truth - torch.stack(outputs[loss])
        lack = error[:, peaks].clamp_min(0)
        means = (spread(part.mean(1), digits=2) for part in (error.abs(), lack))
        table.add_row(name, *counted, *means)

    usual = [LEVEL] * example.repeats
    lowered = [
        alarm_level(output, series, int((ours[~peaks] > LEVEL).sum()))
        for output, ours in zip(outputs["mse"], outputs["peak"], strict=True)
    ]
    row("mse", "mse", usual)
    row("mse, alarm level lowered", "mse", lowered)
    row("peak loss", "peak", usual)
    example.console.print(table)
    example.note(
        f"caught: of the quarters above {LEVEL:g} degrees, those that were forecast so. cost: a "
        f"missed one counts {MISS_COST:g}, a false alarm 1.\nlowered: until there are as many "
        "false alarms as with the peak loss. error: mean, in degrees.\nlack at peaks: by how much "
        "the forecast stays below a peak, mean, in degrees."
    )


def draw(series: Series, outputs: dict[str, list[Tensor]]) -> Figure:
    """The forecasts over the years, and what the losses charge."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(13, 4.4), width_ratios=(1, 3.2))
    x = torch.linspace(-1, 2.5, 401)
    for truth, style in ((1.5, "-"), (0.0, "--")):
        t = torch.full_like(x, truth)
        for name, colour in (("mse", BLUE), ("peak", RED)):
            loss = peak_loss.loss if name == "peak" else lossops.functional.mse_loss
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
        alarms = mean > LEVEL
        for what, marker, face in (
            (series.peaks & alarms, "o", colour),
            (series.peaks & ~alarms, "o", "none"),
            (~series.peaks & alarms, "x", colour),
        ):
            years = series.years[what.numpy()]
            right.plot(years, np.full(len(years), height), marker, ms=4, mfc=face, mec=colour,
                       mew=0.9)  # fmt: skip
    right.axhline(LEVEL, color=GREY, lw=0.8, ls=":")
    right.set(xlim=(series.years[0], series.years[-1]), ylim=(-2.5, 3.4), ylabel="degrees",
              title="El Nino, forecast a quarter ahead: "
              "● peak caught  ○ missed  × false alarm")  # fmt: skip
    right.legend(loc="upper left", ncols=3, frameon=False)
    for axis in (left, right):
        axis.grid(visible=False)
    return figure


def main() -> None:
    example = Example("El Nino, with a loss of one's own.", repeats=20, width=110)
    series = load()
    outputs: dict[str, list[Tensor]] = {name: [] for name in LOSSES}
    for name, seed in example.runs(LOSSES):
        outputs[name].append(forecast(LOSSES[name], series, seed))
    show(series, outputs, example)
    example.save(draw(series, outputs), "anomaly.png")
    example.note(f"\nthe loss: {peak_loss.expression}")
    example.finish()


if __name__ == "__main__":
    main()
