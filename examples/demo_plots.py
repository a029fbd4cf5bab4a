"""The pictures of the demo."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from demo_tasks import DIABETES, DIGITS, IMBALANCED, LEVELS, MISS_COST, History, recall_of
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from shared import COLOURS, CORRUPTED, COUNTS, GREY, RARE, RARE_TEXT, Example

Runs = dict[str, list[History]]  # the repeats of each contender


def _curves(axis: Axes, runs: Runs, attribute: str, title: str) -> None:
    """One line for each loss: the mean over the repeats, with their range behind it."""
    axis.set_title(title)
    for colour, (name, histories) in zip(COLOURS, runs.items(), strict=False):
        values = np.array([getattr(history, attribute) for history in histories])
        epochs = np.arange(1, values.shape[1] + 1)
        axis.fill_between(epochs, values.min(0), values.max(0), color=colour, alpha=0.16, lw=0)
        axis.plot(epochs, values.mean(0), color=colour, lw=2, label=name)
    axis.set_xlabel("epoch")
    axis.set_xlim(1, None)


def _footer(figure: Figure, runs: Runs) -> None:
    repeats = len(next(iter(runs.values())))
    figure.supxlabel(
        f"mean of {repeats} runs, each with its own split and initial weights; shaded: their range",
        fontsize=8.5,
        color=GREY,
    )


def _two_curves(runs: Runs, title: str, score: str) -> tuple[Figure, Axes, Axes]:
    """Training loss and test metric; the picture, the axes of the metric, and free ones."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12.5, 4.1))
    figure.suptitle(title, fontweight="bold")
    _curves(left, runs, "losses", "training loss (each on its own scale)")
    left.set_yscale("log")
    left.legend()
    _curves(middle, runs, "scores", score)
    _footer(figure, runs)
    return figure, middle, right


def draw_digits(runs: Runs) -> Figure:
    """Training loss, test metric, and what the mistakes cost."""
    title = "Digits: find the eights after seeing 16 of them"
    figure, middle, right = _two_curves(runs, title, "average precision on the test set")
    middle.set_ylim(0, 1)
    costs = np.array([[h.metrics["cost per 1000"] for h in runs[name]] for name in runs])
    recalls = np.array([[h.metrics["recall"] for h in runs[name]] for name in runs])
    right.bar(list(runs), costs.mean(1), color=COLOURS[: len(runs)], width=0.72,
                     yerr=costs.std(1), ecolor="#303030", capsize=4)  # fmt: skip
    found = [f"finds {recall:.0%}\n" for recall in recalls.mean(1)]
    base = right.bar(list(runs), 0)  # whose labels stand at the foot
    right.bar_label(base, found, color="white", fontsize=9, fontweight="bold")
    right.grid(axis="x", visible=False)
    right.set_ylim(0, 1.12 * float((costs.mean(1) + costs.std(1)).max()))
    right.set_title(f"cost of 1000 decisions\n(a missed eight: {MISS_COST:g}, a false alarm: 1)")
    return figure


def draw_imbalanced(runs: Runs) -> Figure:
    """Macro recall over the epochs, and the recall of each digit at the end."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(12.5, 4.4), width_ratios=(1, 1.75))
    figure.suptitle(
        f"Ten digits: {COUNTS[RARE[0]]} training images each of {RARE_TEXT}, "
        f"{max(COUNTS)} of every other digit",
        fontweight="bold",
    )
    _curves(left, runs, "scores", "macro recall on the test set, %")
    left.set_ylim(40, 100)
    left.legend(loc="lower right")

    digits = range(len(COUNTS))
    recall = np.array(
        [[[h.metrics[recall_of(digit)] for digit in digits] for h in runs[name]] for name in runs]
    ).mean(1)
    right.imshow(recall, cmap="YlGnBu", vmin=20, vmax=110, aspect="auto")
    for (row, column), value in np.ndenumerate(recall):
        right.text(column, row, f"{value:.0f}", ha="center", va="center",
                   color="white" if value > 75 else "#202020",
                   fontweight="bold" if column in RARE else "normal")  # fmt: skip
    right.set_xticks(digits, [f"{digit}\nn = {count}" for digit, count in enumerate(COUNTS)])
    for digit, label in enumerate(right.get_xticklabels()):
        label.set_fontweight("bold" if digit in RARE else "normal")
    means = recall.mean(1)
    names = [f"{name}\nmacro {mean:.1f}" for name, mean in zip(runs, means, strict=True)]
    right.set_yticks(range(len(runs)), names)
    right.set_xticks(np.arange(len(COUNTS) - 1) + 0.5, minor=True)
    right.set_yticks(np.arange(len(runs) - 1) + 0.5, minor=True)
    right.tick_params(which="both", length=0)
    right.grid(visible=False)
    right.grid(which="minor", color="white", lw=2)
    right.set_axisbelow(False)
    right.spines[:].set_visible(False)
    right.set_title("recall of each digit at the end, %; n: training images")
    _footer(figure, runs)
    return figure


def draw_diabetes(runs: Runs) -> Figure:
    """Training loss, test metric, and predictions against the truth."""
    title = f"Diabetes: {CORRUPTED:.0%} of the training targets are ten times too large"
    score = "median absolute error on the clean test set"
    figure, middle, right = _two_curves(runs, title, score)
    middle.set_ylim(0, None)

    shown = [runs["mse"][0], runs["huber"][0]]
    for colour, name, history in zip(COLOURS, ("mse", "huber"), shown, strict=False):
        points = (history.truth, history.output)
        right.scatter(*points, s=18, color=colour, alpha=0.7, lw=0, label=name)
    low, high = shown[0].truth.min(), shown[0].truth.max()
    right.plot([low, high], [low, high], color="#303030", lw=1.4, ls="--", label="perfect")
    everything = np.concatenate([history.output for history in shown])
    bottom, top = np.quantile(everything, (0.0, 0.995))
    right.set_ylim(bottom - 15, top + 0.17 * (top - bottom))  # room for the legend
    right.set_xlabel("true progression")
    right.set_title("predicted progression, first run")
    right.legend(ncols=3, loc="upper left", handletextpad=0.3, columnspacing=1.2)
    return figure


def draw_band(histories: Sequence[History]) -> Figure:
    """The quantiles of the first run over the test set, ordered by the predicted median."""
    history = histories[0]
    order = np.argsort(history.output[:, len(LEVELS) // 2])
    low, central, high = history.output[order].T
    truth = history.truth[order]
    inside = (low <= truth) & (truth <= high)
    rank = np.arange(len(truth))
    figure, axis = plt.subplots(figsize=(9.5, 4.6))
    axis.vlines(rank, low, high, color=COLOURS[2], alpha=0.28, lw=3.2)
    axis.plot(rank, central, color=COLOURS[2], lw=2, label=f"predicted quantile {LEVELS[1]:g}")
    axis.plot([], [], color=COLOURS[2], alpha=0.35, lw=6, label=f"{LEVELS[0]:g} to {LEVELS[2]:g}")
    axis.plot(rank[inside], truth[inside], "o", ms=4, color="#303030", label="truth, inside")
    axis.plot(rank[~inside], truth[~inside], "o", ms=5, mfc="none", mec="#c0392b", label="outside")
    axis.set_xlim(-1.5, len(truth) + 0.5)
    axis.set_xlabel("patients of the clean test set, ordered by predicted median")
    axis.set_ylabel("disease progression")
    axis.set_title(
        f"QuantileLoss(q={list(LEVELS)}): {inside.mean():.0%} of the truth lies in the band",
        fontweight="bold",
    )
    axis.grid(axis="x", visible=False)
    axis.set_ylim(None, 1.12 * max(float(high.max()), float(truth.max())))
    axis.legend(ncols=4, loc="upper left", columnspacing=1.4)
    return figure


def draw_all(results: dict[str, Runs], example: Example) -> None:
    digits, diabetes = results[DIGITS.name], results[DIABETES.name]
    example.save(draw_digits(digits), "digits.png")
    example.save(draw_imbalanced(results[IMBALANCED.name]), "imbalanced_digits.png")
    example.save(draw_diabetes(diabetes), "diabetes.png")
    example.save(draw_band(diabetes["quantile"]), "quantile_band.png")
