"""What the examples share: data sets, the model, the command line, the style of pictures."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from sklearn.datasets import load_diabetes, load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

# An installed lossops comes first; the benchmarks live in the repository only.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks.tables import make_table  # noqa: E402, F401

CORRUPTED = 0.06  # part of the training targets whose decimal point has slipped
COUNTS = (85, 4, 85, 85, 85, 85, 85, 85, 4, 4)  # images of each digit that imbalanced_digits keeps
RARE = tuple(digit for digit, count in enumerate(COUNTS) if count < max(COUNTS))
RARE_TEXT = f"{', '.join(map(str, RARE[:-1]))} and {RARE[-1]}"

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")
GREY = "#606060"

plt.rcParams.update(
    {
        "figure.dpi": 130,
        "font.family": "DejaVu Sans",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#e6e6e6",
        "axes.axisbelow": True,
        "axes.titlesize": 11,
        "legend.frameon": False,
        "figure.constrained_layout.use": True,
    }
)


@dataclass(frozen=True)
class Data:
    """One split of a data set; the test part is always clean and complete."""

    train_x: Tensor
    train_y: Any  # a tensor, or one for each task
    test_x: Tensor
    test_y: Any
    origin: float = 0.0  # 0 of y, and
    unit: float = 1.0  # 1 of y, in what people measure


def as_data(*arrays: np.ndarray, origin: float = 0.0, unit: float = 1.0) -> Data:
    """Arrays in the order of the fields as tensors, integers as they are and the rest float32."""
    tensors = (torch.from_numpy(array) for array in arrays)
    return Data(*(t.float() if t.is_floating_point() else t for t in tensors), origin, unit)


def few_digits(seed: int, counts: Sequence[int], positive: int | None = None) -> Data:
    """Half of the digits for training, so many images of each, and the whole other half for tests.

    With `positive` the question is whether it is that digit, as a float, else which digit it is.
    """
    images, digits = load_digits(return_X_y=True)
    labels = digits if positive is None else (digits == positive).astype(np.float32)
    train_x, test_x, train_y, test_y = train_test_split(
        images / 16, labels, test_size=0.5, stratify=labels, random_state=seed
    )
    order = np.random.default_rng(seed).permutation(len(train_y))
    chosen = [order[train_y[order] == label][:count] for label, count in enumerate(counts)]
    kept = np.sort(np.concatenate(chosen))
    return as_data(train_x[kept], train_y[kept], test_x, test_y)


def split_digits(seed: int) -> list[np.ndarray]:
    """Images (N, 8, 8) for training, others for tests, and which digits those and these show."""
    images, digits = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8) / 16
    return train_test_split(images, digits, test_size=0.4, stratify=digits, random_state=seed)


def imbalanced_digits(seed: int) -> Data:
    """Which digit is it? Training keeps 4 images of 1, 8 and 9 each, 85 of every other digit."""
    return few_digits(seed, COUNTS)


def slipped_diabetes(seed: int, part: float = CORRUPTED) -> Data:
    """Disease progression; in a part of the training targets the decimal point slipped by one.

    Targets are scaled by the median and quartiles of the corrupted ones: a user has no others.
    """
    features, progression = load_diabetes(return_X_y=True, scaled=True)
    train_x, test_x, train_y, test_y = train_test_split(
        features * len(features) ** 0.5, progression, test_size=0.3, random_state=seed
    )
    bad = np.random.default_rng(seed).permutation(len(train_y))[: round(part * len(train_y))]
    train_y = train_y.copy()
    train_y[bad] *= 10
    low, middle, high = np.quantile(train_y, (0.25, 0.5, 0.75))
    spread = (high - low) / 1.349
    train_y, test_y = ((y - middle) / spread for y in (train_y, test_y))
    return as_data(train_x, train_y, test_x, test_y, origin=float(middle), unit=float(spread))


def make_model(features: int, hidden: int, outputs: int) -> nn.Sequential:
    """One hidden layer. A single output has the shape (N), as its targets: none broadcast."""
    model = nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, outputs))
    return model.append(nn.Flatten(0)) if outputs == 1 else model


def fit(
    model: nn.Module,
    loss: nn.Module,
    data: Data,
    epochs: int,
    batch: int,
    after: Callable[[float], None] = lambda mean_loss: None,
    shuffle: torch.Generator | None = None,
) -> nn.Module:
    """Trains the model in batches that are shuffled anew in each epoch; `after` hears of each."""
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=1e-4)
    x, y = data.train_x, data.train_y
    for _ in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(x), generator=shuffle).split(batch):
            optimizer.zero_grad()
            value = loss(model(x[rows]), y[rows])
            value.backward()
            optimizer.step()
            total += value.item() * len(rows)
        after(total / len(x))
    return model


def spread(values: Iterable[float], digits: int = 1) -> str:
    values = np.array(list(values))
    mean = f"{values.mean():.{digits}f}"
    return f"{mean} ±{values.std():.{digits}f}" if len(values) > 1 else mean


class Example:
    """One run of an example: its options, the terminal, the pictures it leaves.

    Attributes:
        out: The folder for pictures.
        repeats: Runs of each loss.
        console: The terminal; where there is none, such as in a log, of a fixed width.
    """

    def __init__(self, description: str, repeats: int = 5, width: int = 110) -> None:
        parser = argparse.ArgumentParser(description=description)
        add = parser.add_argument
        add("--out", type=Path, default=Path("demo_output"), help="folder for the pictures")
        told = f"runs of each loss (default: {repeats})"
        add("--repeats", type=int, default=repeats, help=told)
        options = parser.parse_args([] if "ipykernel" in sys.modules else None)  # a notebook's own
        self.began = time.perf_counter()
        self.out, self.repeats = options.out, options.repeats
        self.out.mkdir(parents=True, exist_ok=True)
        terminal = Console()
        self.console = terminal if terminal.is_terminal else Console(width=width)
        self.pictures: list[Path] = []
        torch.set_num_threads(1)  # the models are tiny: a second thread would only wait

    def runs(self, *choices: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
        """Each choice with each seed, under a progress bar; the seed is the last."""
        todo = [(*chosen, seed) for seed in range(self.repeats) for chosen in product(*choices)]
        return track(todo, "training", console=self.console)

    def note(self, text: str) -> None:
        """Says what a table cannot."""
        self.console.print(text, style="dim", highlight=False, markup=False)

    def save(self, figure: Figure, name: str) -> None:
        """Writes a picture and forgets it."""
        self.pictures.append(self.out / name)
        figure.savefig(self.pictures[-1])
        plt.close(figure)

    def finish(self) -> None:
        """Says where the pictures are, and how long it took."""
        self.console.print("\npictures:")
        for path in self.pictures:
            self.console.print(f"  {path.resolve()}", highlight=False)
        self.note(f"{time.perf_counter() - self.began:.0f} s in all")
