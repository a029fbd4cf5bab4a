"""Ten classes, three of them rare: `python examples/imbalanced.py`.

Digits, of which training sees 4 images of 1, 8 and 9 each and 85 of every other: count the labels,
turn the counts into weights, train with seven losses, and see which class pays. The distribution of
test losses by digit shows more than accuracy: a class that is merely less sure, or one that is
taken for another with confidence. At the end: three tables and two pictures. Under a minute on two
cores.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from shared import (
    COLOURS,
    COUNTS,
    GREY,
    RARE,
    RARE_TEXT,
    Data,
    Example,
    fit,
    imbalanced_digits,
    make_model,
    make_table,
    spread,
)
from torch import Tensor, nn

import lossops
from lossops.monitor import LossDistribution, LossReport
from lossops.weights import class_weights, count_labels

CLASSES = len(COUNTS)
METHODS = ("balanced", "effective_number", "inverse_sqrt")
EPOCHS, BATCH, HIDDEN = 80, 64, 32
SHOWN = ("cross_entropy", "balanced_softmax")  # in the picture of the distributions


def candidates(counts: Tensor) -> dict[str, nn.Module]:
    """The losses, given how often each class occurs."""
    weighted = {
        f"weight: {method}": lossops.nn.CrossEntropyLoss(weight=class_weights(counts, method))
        for method in METHODS
    }
    costs = class_weights(counts)
    return {
        "cross_entropy": lossops.nn.CrossEntropyLoss(),
        **weighted,
        "softmax_focal": lossops.nn.SoftmaxFocalLoss(gamma=2.0),
        "balanced_softmax": lossops.nn.BalancedSoftmaxLoss(prior=counts.float()),
        "rww_cross_entropy": lossops.nn.RWWCrossEntropyLoss(
            fn_weight=costs, fp_weight=costs[:, None].repeat(1, CLASSES)
        ),
    }


def judge(model: nn.Module, data: Data) -> tuple[np.ndarray, LossReport]:
    """The recall of each digit in percent, and how its plain cross-entropy is distributed."""
    distribution = LossDistribution(lossops.nn.CrossEntropyLoss(), CLASSES)
    with torch.no_grad():
        logits = model(data.test_x)
        distribution.update(logits, data.test_y)
    hits = count_labels(data.test_y[logits.argmax(1) == data.test_y], CLASSES)
    recall = 100 * hits / count_labels(data.test_y, CLASSES)
    return recall.numpy(), distribution.compute()


DIGITS = [f"[yellow]{digit}" if digit in RARE else str(digit) for digit in range(CLASSES)]


def show_weights(counts: Tensor, example: Example) -> None:
    """Counts, and what the methods make of them."""
    table = make_table("training images of each digit, and class weights", ["", *DIGITS])
    table.add_row("count_labels", *(str(count) for count in counts.tolist()))
    for method in METHODS:
        weights = class_weights(counts, method, normalize="classes")
        table.add_row(method, *(f"{weight:.2f}" for weight in weights.tolist()))
    example.console.print(table)
    example.note("weights here: normalised to a mean of 1 over the classes.")


def show_recall(recalls: dict[str, list[np.ndarray]], example: Example) -> None:
    """Means over all digits and over the rare ones, and each digit's own."""
    title = "recall on the whole test set, %: mean of the runs"
    table = make_table(title, ["loss", "all", "rare", *DIGITS])
    for name, runs in recalls.items():
        recall = np.mean(runs, axis=0)
        rare = f"{recall[list(RARE)].mean():.1f}"
        table.add_row(name, spread(np.mean(runs, axis=1)), rare, *(f"{r:.0f}" for r in recall))
    example.console.print(table)


def show_losses(reports: dict[str, LossReport], example: Example) -> None:
    """The median and the 95 % quantile of the test losses by digit, of the first run."""
    title = "plain cross-entropy on the test set, by digit: median and 95 % (first run)"
    table = make_table(title, ["trained with", "", *DIGITS], left=2)
    for name in SHOWN:
        for label, q in (("median", 0.5), ("95 %", 0.95)):
            found = (digit.quantile(q) for digit in reports[name].classes)
            cells = (f"{loss:.2f}" if loss > 0.005 else f"{loss:.0e}" for loss in found)
            table.add_row(name if q == 0.5 else "", label, *cells)
    example.console.print(table)


def draw(recalls: dict[str, list[np.ndarray]], reports: dict[str, LossReport]) -> Figure:
    """Losses by digit under two training losses, and the recall that each loss reaches."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(12.5, 4.6), width_ratios=(1.7, 1))
    figure.suptitle(f"Ten digits, {RARE_TEXT} rare: who pays?", fontweight="bold")
    for k, (name, colour) in enumerate(zip(SHOWN, (COLOURS[1], COLOURS[0]), strict=True)):
        for digit, found in enumerate(reports[name].classes):
            place = digit + (k - 0.5) * 0.36
            low, first, middle, third, high = map(found.quantile, (0.05, 0.25, 0.5, 0.75, 0.95))
            left.vlines(place, low, high, color=colour, lw=1.4)
            left.vlines(place, first, third, color=colour, lw=7, alpha=0.75)
            left.plot(place, middle, "o", ms=4, color="white", mec=colour)
        left.plot([], [], color=colour, lw=7, alpha=0.75, label=f"trained with {name}")
    left.axhline(np.log(CLASSES), color=GREY, lw=1, ls="--", label="what guessing costs, ln 10")
    left.set(yscale="log", ylabel="cross-entropy of a test image", ylim=(1e-6, 300),
             title="losses by digit: middle half, 5 % to 95 %, median")  # fmt: skip
    left.set_xticks(range(CLASSES), [f"{d}\nn = {n}" for d, n in enumerate(COUNTS)])
    for digit, label in enumerate(left.get_xticklabels()):
        label.set_fontweight("bold" if digit in RARE else "normal")
    left.grid(axis="x", visible=False)
    left.legend(loc="upper left", ncols=3, fontsize=8, columnspacing=1.0)

    names = list(recalls)
    rare = np.array([np.mean(recalls[name], axis=0)[list(RARE)].mean() for name in names])
    rest = [digit for digit in range(CLASSES) if digit not in RARE]
    common = np.array([np.mean(recalls[name], axis=0)[rest].mean() for name in names])
    places = np.arange(len(names))[::-1]
    right.hlines(places, rare, common, color="#c8c8c8", lw=2)
    right.plot(rare, places, "o", ms=8, color=COLOURS[1], label="rare digits")
    right.plot(common, places, "o", ms=8, color=COLOURS[0], label="the others")
    right.set_yticks(places, names)
    right.set(xlim=(None, 101), xlabel="recall on the test set, %", title="recall by loss",
              ylim=(-0.6, len(names) + 0.2))  # fmt: skip
    right.grid(axis="y", visible=False)
    right.legend(loc="upper left", ncols=2)
    return figure


def main() -> None:
    example = Example("Imbalanced classification: count, weigh, train, compare, look.")
    counts = count_labels(imbalanced_digits(0).train_y, CLASSES)
    show_weights(counts, example)
    losses = candidates(counts)
    recalls: dict[str, list[np.ndarray]] = {name: [] for name in losses}
    reports: dict[str, LossReport] = {}
    for name, seed in example.runs(losses):
        data = imbalanced_digits(seed)
        torch.manual_seed(seed)
        model = make_model(data.train_x.shape[1], HIDDEN, CLASSES)
        recall, report = judge(fit(model, losses[name], data, EPOCHS, BATCH), data)
        recalls[name].append(recall)
        reports.setdefault(name, report)
    show_recall(recalls, example)
    show_losses(reports, example)
    example.save(draw(recalls, reports), "imbalanced.png")
    example.pictures.append(example.out / "imbalanced_losses.png")
    title = "Plain cross-entropy, trained without weights"
    reports["cross_entropy"].plot(example.pictures[-1], title)
    example.finish()


if __name__ == "__main__":
    main()
