"""Lines of digits, read without a mark where each one stands: `python examples/digits.py`.

Handwritten digits side by side with random gaps make a line, of which only the digits are known, in
their order. A small convolution and a recurrent layer look at the columns of its pixels. Three
losses train them: ctc_loss, which counts every way in which the digits may lie along the columns;
cross-entropy on digits that are spread evenly, which is wrong of most columns; and cross-entropy on
columns that somebody marked. At the end: a table of edit distances, and a picture of lines with the
alignment that ctc_align finds. Under a minute on two cores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from shared import COLOURS, Example, make_table, split_digits, spread
from torch import Tensor, nn

import lossops
import lossops.functional as F

HEIGHT, STEP, CLASSES = 10, 2, 11  # pixels, pixels per frame, ten digits behind the blank
LINES, TESTS, EPOCHS, BATCH = 1600, 200, 9, 32
FEATURES, HIDDEN = 64, 40
BLANK = 0


@dataclass(frozen=True)
class Lines:
    """Images (N, HEIGHT, W), padded; the digits + 1 of each, padded; the frame of each digit."""

    images: Tensor
    frames: Tensor
    labels: Tensor
    places: Tensor
    lengths: Tensor

    def batch(self, rows: Tensor) -> Lines:
        return Lines(*(t[rows] for t in vars(self).values()))


def line(images: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, list[int]]:
    """Images side by side, a bit up or down, with gaps; and where the middle of each is."""
    gaps = rng.integers(0, 6, len(images) + 1)
    image = np.zeros((HEIGHT, 8 * len(images) + gaps.sum() + STEP), np.float32)
    middles, left = [], 0
    for gap, digit in zip(gaps, images, strict=False):
        left += gap
        top = rng.integers(0, HEIGHT - 7)
        image[top : top + 8, left : left + 8] = digit
        middles.append((left + 4) // STEP)
        left += 8
    return image, middles


def lines(images: np.ndarray, digits: np.ndarray, count: int, rng: np.random.Generator) -> Lines:
    """So many lines of 2 to 5 of these digits."""
    drawn, labels, places = [], [], []
    for _ in range(count):
        chosen = rng.integers(0, len(digits), rng.integers(2, 6))
        image, middles = line(images[chosen], rng)
        drawn.append(torch.from_numpy(image.T))
        labels.append(torch.from_numpy(digits[chosen] + 1))
        places.append(torch.tensor(middles))
    padded = (nn.utils.rnn.pad_sequence(rows, batch_first=True) for rows in (drawn, labels, places))
    frames = torch.tensor([len(columns) // STEP for columns in drawn])
    columns, numbers, middles = padded
    width = int(frames.max()) * STEP
    return Lines(columns[:, :width].mT, frames, numbers, middles, torch.tensor([*map(len, labels)]))


def load(seed: int) -> tuple[Lines, Lines]:
    """Lines for training and, of digits written by others, for tests."""
    split = split_digits(seed)
    rng = np.random.default_rng(seed)
    return lines(split[0], split[2], LINES, rng), lines(split[1], split[3], TESTS, rng)


class Reader(nn.Module):
    """Logits of each frame, (T, N, CLASSES)."""

    def __init__(self) -> None:
        super().__init__()
        self.columns = nn.Conv1d(HEIGHT, FEATURES, 9, stride=STEP, padding=4)
        self.along = nn.RNN(FEATURES, HIDDEN, bidirectional=True)
        self.out = nn.Linear(2 * HIDDEN, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        features = torch.relu(self.columns(images)).permute(2, 0, 1)
        return self.out(self.along(features)[0])


Criterion = Callable[[Tensor, Lines], Tensor]


def ctc(logits: Tensor, given: Lines) -> Tensor:
    """Of the digits alone."""
    return F.ctc_loss(logits, given.labels, given.frames, given.lengths, from_logits=True)


def marked(places: Tensor, logits: Tensor, given: Lines) -> Tensor:
    """Cross-entropy of digits at these frames, blanks at all others, none beyond the line."""
    time = torch.arange(len(logits))
    targets = torch.where(time < given.frames[:, None], BLANK, -100)
    counts = torch.arange(given.labels.size(1)) < given.lengths[:, None]
    row, _ = counts.nonzero(as_tuple=True)
    targets[row, places[counts]] = given.labels[counts]
    return F.cross_entropy(logits.permute(1, 2, 0), targets)


def evenly(logits: Tensor, given: Lines) -> Tensor:
    """Digits as if they were spread evenly."""
    parts = (torch.arange(given.labels.size(1)) + 0.5) / given.lengths[:, None]
    places = (parts * given.frames[:, None]).long().clamp(max=len(logits) - 1)
    return marked(places, logits, given)


CRITERIA: dict[str, Criterion] = {
    "ctc_loss of the digits": ctc,
    "cross_entropy, digits spread evenly": evenly,
    "cross_entropy, columns marked": lambda logits, given: marked(given.places, logits, given),
}


def distance(a: list[int], b: list[int]) -> int:
    """The fewest digits to insert, delete or replace."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        corner, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (x != y))
    return row[-1]


@dataclass(frozen=True)
class Run:
    model: Reader
    test: Lines
    wrong: float  # digits of the edit distance, in percent of the digits
    right: float  # percent of the lines


def train(name: str, seed: int) -> Run:
    known, test = load(seed)
    torch.manual_seed(seed)
    model, criterion = Reader(), CRITERIA[name]
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(EPOCHS):
        for rows in torch.randperm(LINES).split(BATCH):
            given = known.batch(rows)
            optimizer.zero_grad()
            criterion(model(given.images), given).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
    with torch.no_grad():
        read, counts = lossops.ctc_decode(model(test.images), test.frames)
    pairs = zip(read, counts, test.labels, test.lengths, strict=True)
    errors = np.array([distance(a[:n].tolist(), b[:m].tolist()) for a, n, b, m in pairs])
    return Run(
        model, test, 100 * errors.sum() / int(test.lengths.sum()), 100 * (errors == 0).mean()
    )


def show(runs: dict[str, list[Run]], example: Example) -> None:
    """The table: how far what was read is from what was written."""
    headings = ("trained by", "edit distance per 100 digits", "lines without a mistake, %")
    table = make_table("lines of the test set: mean of the runs ± standard deviation", headings)
    for name, repeats in runs.items():
        table.add_row(name, spread(r.wrong for r in repeats), spread(r.right for r in repeats))
    example.console.print(table)
    example.note(
        "edit distance: digits to insert, delete or replace. All are read by ctc_decode: the best "
        "class of each frame, repeats merged, blanks dropped."
    )


def draw(run: Run, count: int = 4) -> Figure:
    """Lines, the frames that ctc_align gives each digit, and the probabilities that it saw."""
    test = run.test.batch(torch.arange(count))
    with torch.no_grad():
        logits = run.model(test.images)
    path, scores = lossops.ctc_align(
        logits, test.labels, test.frames, test.lengths, from_logits=True
    )
    figure, axes = plt.subplots(2 * count, 1, figsize=(11, 1.75 * count), sharex=True,
                                height_ratios=(1, 0.8) * count)  # fmt: skip
    figure.suptitle("Where ctc_loss found the digits", fontweight="bold")
    for n in range(count):
        written, seen = axes[2 * n], axes[2 * n + 1]
        frames = int(test.frames[n])
        written.imshow(test.images[n, :, : frames * STEP], cmap="Greys", vmax=1.6, aspect="auto",
                       extent=(0, frames, 0, HEIGHT))  # fmt: skip
        for start, end, label in stretches(path[n, :frames].tolist()):
            colour = COLOURS[label % len(COLOURS)]
            written.axvspan(start, end, color=colour, alpha=0.35, lw=0)
            written.text((start + end) / 2, HEIGHT + 0.6, str(label - 1), ha="center",
                         color=colour, fontweight="bold")  # fmt: skip
        probabilities = logits[:frames, n].softmax(-1)
        for label in sorted(set(test.labels[n, : test.lengths[n]].tolist())):
            seen.step(np.arange(frames), probabilities[:, label], where="post", lw=1.6,
                      color=COLOURS[label % len(COLOURS)])  # fmt: skip
        seen.fill_between(np.arange(frames), probabilities[:, BLANK], step="post", color="#e6e6e6",
                          label="blank")  # fmt: skip
        seen.set(ylim=(0, 1.05), yticks=(0, 1))
        written.set(yticks=())
        written.grid(visible=False)
    axes[1].set_ylabel("probability")
    axes[1].legend(loc="upper right")
    axes[-1].set_xlabel(f"frame, of {STEP} columns of pixels")
    return figure


def stretches(path: list[int]) -> list[tuple[int, int, int]]:
    """Where labels other than the blank begin and end."""
    starts = [t for t, c in enumerate(path) if c != BLANK and (t == 0 or path[t - 1] != c)]
    ends = [next((k for k in range(t, len(path)) if path[k] != path[t]), len(path)) for t in starts]
    return [(t, end, path[t]) for t, end in zip(starts, ends, strict=True)]


def main() -> None:
    example = Example("Lines of digits, read by a small recurrent network.", repeats=2, width=100)
    runs: dict[str, list[Run]] = {name: [] for name in CRITERIA}
    for name, seed in example.runs(CRITERIA):
        runs[name].append(train(name, seed))
    show(runs, example)
    example.save(draw(runs[next(iter(CRITERIA))][0]), "digits.png")
    example.finish()


if __name__ == "__main__":
    main()
