"""Regression where targets are wrong or wide: `python examples/regression.py`.

Diabetes: in a part of the training targets the decimal point has slipped. First, how losses fare
as that part grows, on clean test data. Then the progression by body mass index alone, with
quantile bands: QuantileLoss fits five quantiles at once, and the bands are held against the test
data. At the end: two tables and a picture. Under a minute on two cores.
"""

from __future__ import annotations

import dataclasses

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from shared import (
    COLOURS,
    CORRUPTED,
    Data,
    Example,
    fit,
    make_model,
    make_table,
    slipped_diabetes,
    spread,
)
from torch import nn

import lossops

PARTS = (0.0, 0.05, 0.1, 0.2)  # of the training targets that are ten times too large
LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)
BMI = 2  # the column
EPOCHS, BATCH, HIDDEN = 60, 64, 16
LOSSES: dict[str, nn.Module] = {
    "mse": lossops.nn.MSELoss(),
    "l1": lossops.nn.L1Loss(),
    "huber": lossops.nn.HuberLoss(delta=0.5),
    "log_cosh": lossops.nn.LogCoshLoss(),
    "robust, alpha -2": lossops.nn.RobustLoss(alpha=-2.0),
}


def train(loss: nn.Module, data: Data, outputs: int, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return fit(make_model(data.train_x.shape[1], HIDDEN, outputs), loss, data, EPOCHS, BATCH)


def error(loss: nn.Module, part: float, seed: int) -> float:
    """The median absolute error on the clean test set, in the unit of the targets."""
    data = slipped_diabetes(seed, part)
    model = train(loss, data, 1, seed)
    with torch.no_grad():
        return (model(data.test_x) - data.test_y).abs().median().item() * data.unit


def bands(seed: int) -> tuple[Data, nn.Module]:
    """Five quantiles of the progression by body mass index."""
    data = slipped_diabetes(seed)
    train_x, test_x = (x[:, BMI : BMI + 1] for x in (data.train_x, data.test_x))
    data = dataclasses.replace(data, train_x=train_x, test_x=test_x)
    return data, train(lossops.nn.QuantileLoss(q=LEVELS), data, len(LEVELS), seed)


def below(data: Data, model: nn.Module) -> np.ndarray:
    """The part of the test targets below each quantile."""
    with torch.no_grad():
        return (data.test_y[:, None] <= model(data.test_x)).float().mean(0).numpy()


def show(errors: dict[str, np.ndarray], shares: np.ndarray, example: Example) -> None:
    title = (
        "median absolute error on clean data, by the part of the training targets that is "
        "ten times too large: mean ± standard deviation"
    )
    table = make_table(title, ["loss", *(f"{part:.0%}" for part in PARTS)])
    for name, values in errors.items():
        table.add_row(name, *map(spread, values.T))
    example.console.print(table)
    title = (
        f"quantiles by body mass index, {CORRUPTED:.0%} of the training targets wrong: "
        "test targets below"
    )
    table = make_table(title, ["quantile", *(f"{level:g}" for level in LEVELS)])
    table.add_row("below, %", *(f"{100 * share:.0f}" for share in shares.mean(0)))
    example.console.print(table)
    example.note(
        "The test data are clean, the wrong training targets all too large: quantiles lie a bit "
        "high."
    )


def draw_errors(axes: Axes, errors: dict[str, np.ndarray]) -> None:
    """The errors as the corrupted part grows."""
    for colour, (name, values) in zip(COLOURS, errors.items(), strict=True):
        axes.fill_between(PARTS, values.min(0), values.max(0), color=colour, alpha=0.12, lw=0)
        axes.plot(PARTS, values.mean(0), "o-", color=colour, lw=2, label=name)
    axes.set_xticks(PARTS, [f"{part:.0%}" for part in PARTS])
    axes.set(xlabel="part of the training targets that is ten times too large",
             title="median absolute error on clean data", ylim=(0, None))  # fmt: skip
    axes.legend()


def draw_bands(axes: Axes, data: Data, model: nn.Module) -> None:
    """Quantiles, training data and, for comparison, the fit of the mean."""
    squared = train(lossops.nn.MSELoss(), data, 1, seed=0)
    low, high = data.test_x.min().item(), data.test_x.max().item()
    x = torch.linspace(low, high, 200)[:, None]
    with torch.no_grad():
        quantiles = (data.origin + data.unit * model(x)).numpy().T
        mean = data.origin + data.unit * squared(x).numpy()
    grid = x[:, 0].numpy()
    for k, alpha in ((0, 0.16), (1, 0.3)):
        axes.fill_between(grid, quantiles[k], quantiles[-1 - k], color=COLOURS[2], alpha=alpha,
                          lw=0, label=f"{LEVELS[k]:g} to {LEVELS[-1 - k]:g}")  # fmt: skip
    axes.plot(grid, quantiles[2], color=COLOURS[2], lw=2, label="median")
    axes.plot(grid, mean, color=COLOURS[0], lw=2, ls="--", label="mean, by mse")
    truth = data.origin + data.unit * data.test_y.numpy()
    axes.plot(data.test_x[:, 0], truth, "o", ms=3.5, color="#303030", alpha=0.7, label="test data")
    top = 1.45 * truth.max()
    wrong = (data.origin + data.unit * data.train_y.numpy()) > top
    axes.plot(data.train_x[:, 0][wrong], np.full(wrong.sum(), 0.97 * top), "^", ms=5,
              color=COLOURS[1], label="wrong training data, far above")  # fmt: skip
    axes.set(xlim=(low - 0.1, high + 0.1), ylim=(0, top), xlabel="body mass index, standardised",
             title="disease progression and its quantiles")  # fmt: skip
    axes.legend(fontsize=8, ncols=2, loc="upper left", bbox_to_anchor=(0, 0.95))


def main() -> None:
    example = Example("Robust regression with quantile bands.")
    errors = {name: np.zeros((example.repeats, len(PARTS))) for name in LOSSES}
    for k, name, seed in example.runs(range(len(PARTS)), LOSSES):
        errors[name][seed, k] = error(LOSSES[name], PARTS[k], seed)
    fitted = [bands(seed) for seed in range(example.repeats)]
    show(errors, np.stack([below(*pair) for pair in fitted]), example)
    figure, (left, right) = plt.subplots(1, 2, figsize=(12.5, 4.6))
    figure.suptitle("Diabetes: wrong targets, wide targets", fontweight="bold")
    draw_errors(left, errors)
    draw_bands(right, *fitted[0])
    example.save(figure, "regression.png")
    example.finish()


if __name__ == "__main__":
    main()
