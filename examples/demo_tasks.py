"""The tasks of the demo: eights among digits, ten imbalanced classes, corrupted regression."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np
import torch
from shared import (
    COUNTS,
    RARE,
    Data,
    few_digits,
    fit,
    imbalanced_digits,
    make_model,
    slipped_diabetes,
)
from sklearn.metrics import average_precision_score
from torch import Tensor, nn

import lossops
from benchmarks import formulas
from lossops.weights import class_weights

Criterion = Callable[[Tensor, Tensor], Tensor]

POSITIVES = 16  # eights that the training set keeps
MISS_COST = 20.0  # a missed eight costs this many false alarms
LEVELS = (0.1, 0.5, 0.9)


SEEN = torch.tensor(COUNTS, dtype=torch.float32)
BALANCED = class_weights(SEEN)  # N / (C n)
MISTAKEN = BALANCED.unsqueeze(1).repeat(1, len(COUNTS))  # taking digit t for any other costs w_t
NAMES = {"n": SEEN, "w": BALANCED, "F": MISTAKEN}  # in the code of contenders


@dataclass(frozen=True)
class Contender:
    """A loss in the race.

    Attributes:
        name: Short name, for tables and pictures.
        code: The module as a user would write it; what is trained with.
        formula: The usual code for the same loss, where torch.nn does not have the module.
        outputs: Outputs that the model needs.
    """

    name: str
    code: str
    formula: Criterion | None = None
    outputs: int = 1

    @cached_property
    def loss(self) -> nn.Module:
        return eval(self.code, vars(lossops.nn) | NAMES)

    @cached_property
    def usual(self) -> Criterion:
        """The usual code, timed beside it."""
        return self.formula or eval(self.code, vars(nn) | NAMES)


@dataclass
class History:
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
    return few_digits(seed, (sys.maxsize, POSITIVES), positive=8)


def judge_digits(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Ranking, decisions at probability one half, and what the mistakes cost."""
    said = logits > 0
    missed = float(((labels == 1) & ~said).sum())
    alarms = float(((labels == 0) & said).sum())
    return {
        "average precision": float(average_precision_score(labels, logits)),
        "recall": 1 - missed / float((labels == 1).sum()),
        "cost per 1000": 1000 * (MISS_COST * missed + alarms) / len(labels),
    }


def judge_imbalanced(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """The percentage of each digit's test images that is recognised, and means over digits."""
    right = logits.argmax(1) == labels
    recall = [100 * float(right[labels == digit].mean()) for digit in range(len(COUNTS))]
    common = [r for digit, r in enumerate(recall) if digit not in RARE]
    return {
        "macro recall %": sum(recall) / len(recall),
        "common digits %": sum(common) / len(common),
        "rare digits %": sum(recall[digit] for digit in RARE) / len(RARE),
    } | {recall_of(digit): r for digit, r in enumerate(recall)}


def recall_of(digit: int) -> str:
    return f"recall of {digit}"


def judge_diabetes(output: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Errors of the central prediction; of quantiles also how many targets the band holds."""
    bands = output.reshape(len(target), -1).T
    inside = float(((bands[0] <= target) & (target <= bands[-1])).mean())
    error = np.abs(bands[len(bands) // 2] - target)
    return {
        "median error": float(np.median(error)),
        "mean error": float(error.mean()),
        "in band": inside if len(bands) > 1 else float("nan"),
    }


DIGITS = Task(
    "rare digits",
    rare_digits,
    (
        Contender("bce", "BCEWithLogitsLoss()"),
        Contender("focal", "FocalLoss(alpha=0.75, gamma=2.0)", partial(formulas.focal, alpha=0.75)),
        Contender(
            "rww_bce",
            f"RWWBCELoss(fn_weight={MISS_COST:g})",
            partial(formulas.rww_bce, fn_weight=MISS_COST),
        ),
    ),
    judge_digits,
    epochs=100,
)
IMBALANCED = Task(
    "imbalanced digits",
    imbalanced_digits,
    tuple(
        Contender(name, code, formula, outputs=len(COUNTS))
        for name, code, formula in (
            ("cross_entropy", "CrossEntropyLoss()", None),
            ("weighted", "CrossEntropyLoss(weight=w)", None),
            (
                "softmax_focal",
                "SoftmaxFocalLoss(alpha=w, gamma=2.0)",
                partial(formulas.softmax_focal, alpha=BALANCED),
            ),
            (
                "balanced_softmax",
                "BalancedSoftmaxLoss(prior=n)",
                partial(formulas.balanced_softmax, prior=SEEN),
            ),
            (
                "rww_cross_entropy",
                "RWWCrossEntropyLoss(fn_weight=w, fp_weight=F)",
                partial(formulas.rww_cross_entropy, fn_weight=BALANCED, fp_weight=MISTAKEN),
            ),
        )
    ),
    judge_imbalanced,
    epochs=100,
    batch=64,
    labels=True,
)
DIABETES = Task(
    "corrupted diabetes",
    slipped_diabetes,
    (
        Contender("mse", "MSELoss()"),
        Contender("huber", "HuberLoss(delta=0.5)"),
        Contender(
            "quantile",
            f"QuantileLoss(q={list(LEVELS)})",
            lambda x, t: formulas.quantile(x, t.unsqueeze(-1), torch.tensor(LEVELS)),
            outputs=len(LEVELS),
        ),
    ),
    judge_diabetes,
    epochs=60,
    hidden=16,
)
TASKS = (DIGITS, IMBALANCED, DIABETES)


def train(task: Task, contender: Contender, seed: int) -> History:
    """Trains one model. Runs of one seed share their initial weights and their batches."""
    torch.manual_seed(seed)
    data = task.load(seed)
    model = make_model(data.train_x.shape[1], task.hidden, contender.outputs)
    history = History(truth=data.origin + data.unit * data.test_y.numpy())

    def after(mean_loss: float) -> None:
        with torch.no_grad():
            history.output = data.origin + data.unit * model(data.test_x).numpy()
        history.losses.append(mean_loss)
        history.metrics = task.judge(history.output, history.truth)
        history.scores.append(next(iter(history.metrics.values())))

    shuffle = torch.Generator().manual_seed(seed)
    fit(model, contender.loss, data, task.epochs, task.batch, after, shuffle)
    return history
