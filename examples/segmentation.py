"""Digits on rough ground, found pixel by pixel: `python examples/segmentation.py`.

Each pixel belongs to the ground, which is most of an image, or to one of ten handwritten digits, of
which the 9 is rare in training. A small U-Net learns to say which, with four losses: cross_entropy,
which asks all pixels alike and so mostly the ground; dice_loss, which asks all classes alike; both
together, from one softmax; focal_tversky_loss, which minds pixels that are missed more than those
that are taken for a class. At the end: a table of the IoU of each class, and a picture of images,
the truth and what each network says. Under a minute on two cores.
"""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from shared import Example, make_table, split_digits
from torch import Tensor, nn

import lossops.nn as losses

SIZE, SIDE = 28, 8  # pixels of the side of an image, and of the digit in each of its quarters
CLASSES, GROUND, RARE = 11, 0, 10  # digit d is class d + 1
RARELY = 0.2  # how much rarer 9 is than other digits
IMAGES, TESTS, EPOCHS, BATCH = 500, 300, 8, 16
WIDTHS = (12, 24, 48)

CRITERIA = {
    "cross_entropy": losses.CrossEntropyLoss(),
    "dice": losses.DiceLoss(batch=True),
    "dice_ce": losses.DiceCELoss(batch=True),
    "focal_tversky": losses.FocalTverskyLoss(batch=True),
}


@dataclass(frozen=True)
class Scenes:
    """Images (N, 1, SIZE, SIZE) and the class of each pixel (N, SIZE, SIZE)."""

    images: Tensor
    labels: Tensor


def texture(rng: np.random.Generator) -> np.ndarray:
    """Noise of three scales."""
    ground = np.zeros((SIZE, SIZE))
    for cell in (2, 7, 14):
        grains = rng.random((SIZE // cell, SIZE // cell))
        ground += np.kron(grains, np.ones((cell, cell)))
    return ground / ground.max()


def scene(
    images: np.ndarray, digits: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A digit in each quarter."""
    image, labels = 0.5 * texture(rng), np.zeros((SIZE, SIZE), np.int64)
    room = SIZE // 2
    for place, (ink, digit) in enumerate(zip(images, digits, strict=True)):
        top, left = room * np.array(divmod(place, 2)) + rng.integers(0, room - SIDE + 1, 2)
        at = np.s_[top : top + SIDE, left : left + SIDE]
        image[at] = np.maximum(image[at], ink * rng.uniform(0.5, 0.9))
        labels[at][ink > 0.4] = digit + 1
    return image, labels


def scenes(images: np.ndarray, digits: np.ndarray, count: int, rng: np.random.Generator,
           rarely: float) -> Scenes:  # fmt: skip
    """So many images."""
    chances = np.where(digits == RARE - 1, rarely, 1.0)
    chances /= chances.sum()
    drawn = [rng.choice(len(digits), 4, p=chances) for _ in range(count)]
    pairs = [scene(images[chosen], digits[chosen], rng) for chosen in drawn]
    pixels, labels = (np.stack(arrays) for arrays in zip(*pairs, strict=True))
    return Scenes(torch.from_numpy(pixels).float().unsqueeze(1), torch.from_numpy(labels))


def load(seed: int) -> tuple[Scenes, Scenes]:
    """Scenes for training and for tests, where others wrote the digits and 9 is as frequent."""
    split = split_digits(seed)
    rng = np.random.default_rng(seed)
    return (
        scenes(split[0], split[2], IMAGES, rng, RARELY),
        scenes(split[1], split[3], TESTS, rng, 1.0),
    )


def block(inputs: int, outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [
            nn.Conv2d(channels, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """Logits of each pixel, (N, CLASSES, SIZE, SIZE)."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third = WIDTHS
        self.down = nn.ModuleList([block(1, first), block(first, second), block(second, third)])
        self.up = nn.ModuleList([block(third + second, second), block(second + first, first)])
        self.out = nn.Conv2d(first, CLASSES, 1)

    def forward(self, x: Tensor) -> Tensor:
        seen = []
        for level, layers in enumerate(self.down):
            x = layers(nn.functional.max_pool2d(x, 2) if level else x)
            seen.append(x)
        for layers, beside in zip(self.up, (seen[1], seen[0]), strict=True):
            x = layers(torch.cat([nn.functional.interpolate(x, scale_factor=2), beside], 1))
        return self.out(x)


def overlap(said: Tensor, truth: Tensor) -> np.ndarray:
    """IoU of each class over all images, in percent."""
    found, there = (nn.functional.one_hot(t, CLASSES).bool().flatten(0, 2) for t in (said, truth))
    return (100 * (found & there).sum(0) / (found | there).sum(0)).numpy()


@dataclass(frozen=True)
class Run:
    test: Scenes
    said: Tensor  # the class of each pixel
    iou: np.ndarray  # of each class


def train(name: str, seed: int) -> Run:
    known, test = load(seed)
    torch.manual_seed(seed)
    model, criterion = UNet().to(memory_format=torch.channels_last), CRITERIA[name]
    optimizer = torch.optim.Adam(model.parameters())
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-2, EPOCHS * -(-IMAGES // BATCH))
    for _ in range(EPOCHS):
        for rows in torch.randperm(IMAGES).split(BATCH):
            optimizer.zero_grad()
            criterion(model(known.images[rows]), known.labels[rows]).backward()
            optimizer.step()
            rate.step()
    model.eval()
    with torch.no_grad():
        said = model(test.images).argmax(1)
    return Run(test, said, overlap(said, test.labels))


def show(runs: dict[str, list[Run]], example: Example) -> None:
    """The table: the IoU of each class, a column for each loss."""
    table = make_table("IoU in percent on the test set: mean of the runs", ("class", *runs))
    iou = np.array([np.mean([run.iou for run in repeats], 0) for repeats in runs.values()])
    names = ("ground", *range(CLASSES - 2), f"{RARE - 1} (rare)")
    for name, row in zip(names, iou.T, strict=True):
        table.add_row(str(name), *(f"{x:.1f}" for x in row))
    table.add_section()
    table.add_row("mean", *(f"{x:.1f}" for x in iou.mean(1)))
    example.console.print(table)
    example.note(
        "IoU: pixels that a class has in truth and as said, over those that it has in either. "
        f"Of {RARE - 1} training has {1 / RARELY:.0f} times fewer than of others, the test set not."
    )


def draw(runs: dict[str, Run], count: int = 4) -> Figure:
    """A row for each image: itself, the truth, what each network says."""
    test = next(iter(runs.values())).test
    has_rare = (test.labels == RARE).flatten(1).any(1)
    rows = has_rare.nonzero().flatten()[:count]
    colours = ListedColormap(["#f2f2f2", *plt.get_cmap("tab10").colors])
    titles = ("image", "truth", *runs)
    figure, axes = plt.subplots(count, len(titles), figsize=(11, 1.9 * count))
    figure.suptitle(
        f"Which digit is at each pixel? {RARE - 1} is rare in training", fontweight="bold"
    )
    for n, panels in zip(rows, axes, strict=True):
        panels[0].imshow(test.images[n, 0], cmap="Greys", vmin=0, vmax=1)
        for panel, labels in zip(
            panels[1:], (test.labels, *(r.said for r in runs.values())), strict=True
        ):
            panel.imshow(labels[n], cmap=colours, vmin=0, vmax=CLASSES - 1, interpolation="nearest")
    for title, panel in zip(titles, axes[0], strict=True):
        panel.set_title(title)
    for panel in axes.flat:
        panel.set(xticks=(), yticks=())
        panel.grid(visible=False)
    handles = [plt.Rectangle((0, 0), 1, 1, color=colours(c)) for c in range(1, CLASSES)]
    figure.legend(handles, range(10), loc="outside lower center", ncols=10, title="digit")
    return figure


def main() -> None:
    example = Example("Digits on rough ground, segmented by a small U-Net.", repeats=1, width=100)
    runs: dict[str, list[Run]] = {name: [] for name in CRITERIA}
    for name, seed in example.runs(CRITERIA):
        runs[name].append(train(name, seed))
    show(runs, example)
    example.save(draw({name: repeats[0] for name, repeats in runs.items()}), "segmentation.png")
    example.finish()


if __name__ == "__main__":
    main()
