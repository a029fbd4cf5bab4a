"""The tasks of the demo: eights among digits, ten uneven classes, corrupted regression."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from shared import COUNTS, RARE, Data, as_data, make_model, slipped_diabetes, uneven_digits
from sklearn.datasets import load_digits
from sklearn.metrics import average_precision_score
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

# An installed lossops comes first; the formulas of the benchmarks live in the repository only.
sys.path.append(str(Path(__file__).resolve().parent.parent))

import lossops  # noqa: E402
from benchmarks import class_peers, peers  # noqa: E402
from lossops.weights import class_weights  # noqa: E402

Criterion = Callable[[Tensor, Tensor], Tensor]
Report = Callable[[str, float], None]  # what is being trained, and its loss

POSITIVES = 16  # eights that the training set keeps
MISS_COST = 20.0  # a missed eight costs this many false alarms
LEVELS = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Contender:
    """A loss in the race.

    Attributes:
        name: Short name, for tables and pictures.
        code: The module as a user would write it.
        loss: The module.
        usual: The usual code for the same loss, timed beside it.
        usual_name: What that code is.
        outputs: Outputs that the model needs.
    """

    name: str
    code: str
    loss: nn.Module
    usual: Criterion
    usual_name: str
    outputs: int = 1


@dataclass
class History:
    """What one training run leaves behind."""

    losses: list[float] = field(default_factory=list)  # mean training loss of each epoch
    scores: list[float] = field(default_factory=list)  # main test metric after each epoch
    metrics: dict[str, float] = field(default_factory=dict)  # test metrics at the end
    output: np.ndarray = field(default_factory=lambda: np.empty(0))  # on the test set
    truth: np.ndarray = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True)
class Task:
    """Data, contenders, and how they are judged. The first metric is the main one."""

    name: str
    load: Callable[[int], Data]
    contenders: tuple[Contender, ...]
    judge: Callable[[np.ndarray, np.ndarray], dict[str, float]]
    epochs: int
    batch: int = 256
    hidden: int = 32
    labels: bool = False  # targets are labels; the outputs of the model are a class axis


def rare_digits(seed: int) -> Data:
    """Is it an eight? Training keeps 16 eights among 811 other digits; the test set is whole."""
    images, digits = load_digits(return_X_y=True)
    labels = (digits == 8).astype(np.float32)
    train_x, test_x, train_y, test_y = train_test_split(
        images / 16, labels, test_size=0.5, stratify=labels, random_state=seed
    )
    order = np.random.default_rng(seed).permutation(len(train_y))
    eights = order[train_y[order] == 1][:POSITIVES]
    kept = np.sort(np.concatenate([eights, order[train_y[order] == 0]]))
    return as_data(train_x[kept], train_y[kept], test_x, test_y)


def judge_digits(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Ranking, decisions at probability one half, and what the mistakes cost."""
    logits = logits[:, 0]
    said = logits > 0
    missed = float(((labels == 1) & ~said).sum())
    alarms = float(((labels == 0) & said).sum())
    return {
        "average precision": float(average_precision_score(labels, logits)),
        "recall": 1 - missed / float((labels == 1).sum()),
        "cost per 1000": 1000 * (MISS_COST * missed + alarms) / len(labels),
    }


def judge_uneven(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """The percentage of each digit's test images that is recognised, and means over digits."""
    right = logits.argmax(1) == labels
    recall = [100 * float(right[labels == digit].mean()) for digit in range(len(COUNTS))]
    common = [r for digit, r in enumerate(recall) if digit not in RARE]
    return {
        "macro recall": sum(recall) / len(recall),
        "recall, common digits": sum(common) / len(common),
        "recall, rare digits": sum(recall[digit] for digit in RARE) / len(RARE),
    } | {recall_of(digit): r for digit, r in enumerate(recall)}


def recall_of(digit: int) -> str:
    """The metric's name."""
    return f"recall of {digit}"


def judge_diabetes(output: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Errors of the central prediction; of quantiles also how many targets the band holds."""
    central = output[:, output.shape[1] // 2]
    error = np.abs(central - target)
    inside = float("nan")
    if output.shape[1] > 1:
        inside = float(((output[:, 0] <= target) & (target <= output[:, -1])).mean())
    return {
        "median abs. error": float(np.median(error)),
        "mean abs. error": float(error.mean()),
        "in band": inside,
    }


LEVELS_TENSOR = torch.tensor(LEVELS)


def usual_quantile(input: Tensor, target: Tensor) -> Tensor:
    """Several quantiles, as users write them."""
    return peers.quantile(input, target.unsqueeze(-1), LEVELS_TENSOR)


DIGITS = Task(
    "rare digits",
    rare_digits,
    (
        Contender(
            "bce",
            "BCEWithLogitsLoss()",
            lossops.nn.BCEWithLogitsLoss(),
            nn.BCEWithLogitsLoss(),
            "torch.nn",
        ),
        Contender(
            "focal",
            "FocalLoss(alpha=0.75, gamma=2.0)",
            lossops.nn.FocalLoss(alpha=0.75, gamma=2.0),
            lambda input, target: peers.focal(input, target, 0.75, 2.0),
            "formula",
        ),
        Contender(
            "rww_bce",
            f"RWWBCELoss(fn_weight={MISS_COST:g})",
            lossops.nn.RWWBCELoss(fn_weight=MISS_COST),
            lambda input, target: peers.rww_bce(input, target, MISS_COST),
            "formula",
        ),
    ),
    judge_digits,
    epochs=100,
)

SEEN = torch.tensor(COUNTS, dtype=torch.float32)  # n
BALANCED = class_weights(SEEN)  # w = N / (C n)
MISTAKEN = BALANCED.unsqueeze(1).repeat(1, len(COUNTS))  # taking digit t for any other costs w_t

UNEVEN = Task(
    "uneven digits",
    uneven_digits,
    (
        Contender(
            "cross_entropy",
            "CrossEntropyLoss()",
            lossops.nn.CrossEntropyLoss(),
            nn.CrossEntropyLoss(),
            "torch.nn",
            outputs=len(COUNTS),
        ),
        Contender(
            "weighted",
            "CrossEntropyLoss(weight=w)",
            lossops.nn.CrossEntropyLoss(weight=BALANCED),
            nn.CrossEntropyLoss(weight=BALANCED),
            "torch.nn",
            outputs=len(COUNTS),
        ),
        Contender(
            "softmax_focal",
            "SoftmaxFocalLoss(alpha=w, gamma=2.0)",
            lossops.nn.SoftmaxFocalLoss(alpha=BALANCED, gamma=2.0),
            lambda input, target: class_peers.softmax_focal(input, target, 2.0, BALANCED),
            "formula",
            outputs=len(COUNTS),
        ),
        Contender(
            "balanced_softmax",
            "BalancedSoftmaxLoss(prior=n)",
            lossops.nn.BalancedSoftmaxLoss(prior=SEEN),
            lambda input, target: class_peers.balanced_softmax(input, target, SEEN),
            "formula",
            outputs=len(COUNTS),
        ),
        Contender(
            "rww_cross_entropy",
            "RWWCrossEntropyLoss(fn_weight=w, fp_weight=F)",
            lossops.nn.RWWCrossEntropyLoss(fn_weight=BALANCED, fp_weight=MISTAKEN),
            lambda input, target: class_peers.rww_cross_entropy(input, target, BALANCED, MISTAKEN),
            "formula",
            outputs=len(COUNTS),
        ),
    ),
    judge_uneven,
    epochs=100,
    batch=64,
    labels=True,
)

DIABETES = Task(
    "corrupted diabetes",
    slipped_diabetes,
    (
        Contender("mse", "MSELoss()", lossops.nn.MSELoss(), nn.MSELoss(), "torch.nn"),
        Contender(
            "huber",
            "HuberLoss(delta=0.5)",
            lossops.nn.HuberLoss(delta=0.5),
            nn.HuberLoss(delta=0.5),
            "torch.nn",
        ),
        Contender(
            "quantile",
            f"QuantileLoss(q={list(LEVELS)})",
            lossops.nn.QuantileLoss(q=LEVELS),
            usual_quantile,
            "formula",
            outputs=len(LEVELS),
        ),
    ),
    judge_diabetes,
    epochs=60,
    hidden=16,
)

TASKS = (DIGITS, UNEVEN, DIABETES)


def train(task: Task, contender: Contender, data: Data, seed: int, report: Report) -> History:
    """Trains one model. Runs of one seed share their initial weights and their batches."""
    torch.manual_seed(seed)
    model = make_model(data.train_x.shape[1], task.hidden, contender.outputs)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=1e-4)
    shuffle = torch.Generator().manual_seed(seed)
    history = History(truth=data.origin + data.unit * data.test_y.numpy())
    for _ in range(task.epochs):
        total = 0.0
        order = torch.randperm(len(data.train_x), generator=shuffle)
        for rows in torch.split(order, task.batch):
            output = model(data.train_x[rows])
            if contender.outputs == 1:
                output = output.squeeze(-1)  # (N,) as the targets: lossops never broadcasts them
            loss = contender.loss(output, data.train_y[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        with torch.no_grad():
            output = model(data.test_x).numpy()
        history.output = data.origin + data.unit * output
        history.losses.append(total / len(data.train_x))
        history.metrics = task.judge(history.output, history.truth)
        history.scores.append(next(iter(history.metrics.values())))
        report(f"{task.name}: {contender.name}", history.losses[-1])
    return history
