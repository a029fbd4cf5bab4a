"""What the examples share: data sets, the model, the console, the style of pictures."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
import torch
from rich.console import Console
from sklearn.datasets import load_diabetes, load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

CORRUPTED = 0.06  # part of the training targets whose decimal point has slipped
COUNTS = (85, 4, 85, 85, 85, 85, 85, 85, 4, 4)  # images of each digit that uneven_digits keeps
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
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor
    origin: float = 0.0  # 0 of y, and
    unit: float = 1.0  # 1 of y, in what people measure


def as_data(
    train_x: np.ndarray,
    train_y: np.ndarray,
    test_x: np.ndarray,
    test_y: np.ndarray,
    origin: float = 0.0,
    unit: float = 1.0,
    labels: bool = False,
) -> Data:
    """Arrays as tensors; float32, and int64 for labels."""
    x, u = (torch.from_numpy(array.astype(np.float32)) for array in (train_x, test_x))
    kind = np.int64 if labels else np.float32
    y, v = (torch.from_numpy(array.astype(kind)) for array in (train_y, test_y))
    return Data(x, y, u, v, origin, unit)


def uneven_digits(seed: int) -> Data:
    """Which digit is it? Training keeps 4 images of 1, 8 and 9 each, 85 of every other digit."""
    images, digits = load_digits(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(
        images / 16, digits, test_size=0.5, stratify=digits, random_state=seed
    )
    order = np.random.default_rng(seed).permutation(len(train_y))
    chosen = [order[train_y[order] == digit][:count] for digit, count in enumerate(COUNTS)]
    kept = np.sort(np.concatenate(chosen))
    return as_data(train_x[kept], train_y[kept], test_x, test_y, labels=True)


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
    scaled = ((y - middle) / spread for y in (train_y, test_y))
    return as_data(train_x, next(scaled), test_x, next(scaled), float(middle), float(spread))


def make_model(features: int, hidden: int, outputs: int) -> nn.Module:
    """One hidden layer."""
    return nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, outputs))


def fit(model: nn.Module, loss: nn.Module, x: Tensor, y: Tensor, epochs: int, batch: int) -> None:
    """Trains the model in batches that are shuffled anew in each epoch."""
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=1e-4)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(batch):
            optimizer.zero_grad()
            loss(model(x[rows]), y[rows]).backward()
            optimizer.step()


def make_console(width: int = 110) -> Console:
    """The terminal; where there is none, such as in a log, a fixed width."""
    console = Console()
    return console if console.is_terminal else Console(width=width)


def parse(description: str, repeats: int = 5) -> argparse.Namespace:
    """The command line: ``out``, which is made, and ``repeats``."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--out", type=Path, default=Path("demo_output"), help="folder for the pictures"
    )
    parser.add_argument(
        "--repeats", type=int, default=repeats, help=f"runs of each loss (default: {repeats})"
    )
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    return options


def show_pictures(console: Console, *paths: Path) -> None:
    """Says where the pictures are."""
    if len(paths) == 1:
        console.print(f"\npicture: {paths[0].resolve()}", highlight=False)
        return
    console.print("\npictures:")
    for path in paths:
        console.print(f"  {path.resolve()}", highlight=False)


def save(figure: Figure, path: Path) -> Path:
    """Writes a picture and forgets it."""
    figure.savefig(path)
    plt.close(figure)
    return path
