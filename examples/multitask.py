"""Three tasks, one model: `python examples/multitask.py`.

From the left half of a handwritten digit a network with one narrow trunk tells three things: which
digit it is, how much ink the right half holds (in grey levels) and how far to the right that ink
lies (in pixels). The squared errors of the two differ by a factor of ten thousand, with
cross-entropy between them, so the plain sum of the losses trains the ink and little else. Here the
weights are set by hand, learned as uncertainties (Kendall et al.), balanced by gradient norms
(GradNorm) and by rates (dynamic weight averaging). At the end: a table and a picture. Under a
minute on two cores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from shared import COLOURS, GREY, Data, Example, make_table, spread
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

import lossops

EPOCHS, BATCH, HIDDEN = 60, 64, 10
TASKS = ("digit", "ink", "place")
LOSSES = {
    "digit": lossops.nn.CrossEntropyLoss(),
    "ink": lossops.nn.MSELoss(),
    "place": lossops.nn.MSELoss(),
}
KINDS = {"digit": "classification", "ink": "regression", "place": "regression"}
OUTPUTS = {"digit": 10, "ink": 1, "place": 1}
Targets = dict[str, Tensor]


@dataclass(frozen=True)
class Run:
    scores: dict[str, float]
    weights: list[dict[str, float]]  # by epoch, adding up to 1


def load(seed: int) -> Data:
    """The digits of scikit-learn, cut in two; targets less the mean of the training part."""
    images, digits = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8)
    left, right = images[:, :, :4].reshape(-1, 32) / 16, images[:, :, 4:].sum(1)
    ink = right.sum(1)
    place = (right * np.arange(4)).sum(1) / ink.clip(min=1)
    train, test = train_test_split(
        np.arange(len(digits)), test_size=0.4, stratify=digits, random_state=seed
    )
    columns = {"ink": ink - ink[train].mean(), "place": place - place[train].mean()}

    def part(rows: np.ndarray) -> tuple[Tensor, Targets]:
        y = {name: torch.from_numpy(column[rows]).float() for name, column in columns.items()}
        return torch.from_numpy(left[rows]).float(), y | {"digit": torch.from_numpy(digits[rows])}

    return Data(*part(train), *part(test))


class Network(nn.Module):
    """A trunk that the tasks share, and a head for each task."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.trunk = nn.Linear(features, HIDDEN)
        self.heads = nn.ModuleDict(
            {name: nn.Linear(HIDDEN, size) for name, size in OUTPUTS.items()}
        )

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        z = torch.relu(self.trunk(x))
        return {name: head(z).squeeze(-1) for name, head in self.heads.items()}


def fixed(weights: dict[str, float]) -> Callable[[Data], nn.Module]:
    """A criterion with these weights; tasks without one are left out."""
    terms = {name: (LOSSES[name], weight) for name, weight in weights.items()}
    return lambda data: lossops.nn.CombinedLoss(terms)


def by_hand(data: Data) -> nn.Module:
    """Each loss over what guessing costs: ln 10, and the variances."""
    variances = {name: data.train_y[name].var().item() for name in ("ink", "place")}
    return fixed({"digit": 1 / np.log(10)} | {name: 1 / v for name, v in variances.items()})(data)


CRITERIA: dict[str, Callable[[Data], nn.Module]] = {
    **{f"{name} alone": fixed({name: 1.0}) for name in TASKS},
    "sum": fixed(dict.fromkeys(TASKS, 1.0)),
    "weights by hand": by_hand,
    "uncertainty": lambda data: lossops.nn.UncertaintyWeightedLoss(
        {name: (LOSSES[name], KINDS[name]) for name in TASKS}
    ),
    "GradNorm": lambda data: lossops.nn.GradNorm(LOSSES),
    "dynamic average": lambda data: lossops.nn.DynamicWeightAverage(LOSSES),
}
RATES = {"uncertainty": 5e-2, "GradNorm": 1e-2}  # of what a criterion learns


def weights_of(criterion: nn.Module) -> dict[str, float]:
    """The weights of the last call, made to add up to 1."""
    if isinstance(criterion, lossops.nn.UncertaintyWeightedLoss):
        weights = {name: term.scale * torch.exp(-term.log_variance).item()
                   for name, term in criterion.terms.items()}  # fmt: skip
    else:
        weights = {name: term.weight.item() for name, term in criterion.terms.items()}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def score(outputs: dict[str, Tensor], targets: Targets) -> dict[str, float]:
    """Accuracy of the digit, explained variance of the numbers; in percent."""
    right = outputs["digit"].argmax(1) == targets["digit"]
    scores = {"digit": 100 * right.float().mean().item()}
    for name in ("ink", "place"):
        left = (outputs[name] - targets[name]).square().mean() / targets[name].var(correction=0)
        scores[name] = 100 * (1 - left).item()
    return scores


def train(name: str, seed: int) -> Run:
    """Trains one network, and the criterion with it."""
    data = load(seed)
    torch.manual_seed(seed)
    model, criterion = Network(data.train_x.shape[1]), CRITERIA[name](data)
    learned = list(criterion.parameters())
    groups = [
        {"params": model.parameters(), "weight_decay": 1e-2},
        {"params": learned, "lr": RATES.get(name, 0.0), "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-2)
    shared = {"shared": model.trunk.weight} if name == "GradNorm" else {}
    weights = []
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(data.train_x)).split(BATCH):
            outputs = model(data.train_x[rows])
            operands = {task: (outputs[task], data.train_y[task][rows])
                        for task in criterion.terms}  # fmt: skip
            total, _ = criterion(operands, **shared)
            used = weights_of(criterion)  # now, before the step, as GradNorm sets them right first
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
        if isinstance(criterion, lossops.nn.DynamicWeightAverage):
            criterion.step()
        weights.append(used)
    with torch.no_grad():
        return Run(score(model(data.test_x), data.test_y), weights)


def show(runs: dict[str, list[Run]], example: Example) -> None:
    """The table: how each task fares under each criterion."""
    headings = (
        "losses combined by",
        "digit, accuracy",
        "ink, R²",
        "place, R²",
        "weights at the end",
    )
    table = make_table("test set, %: mean of the runs ± standard deviation", headings)
    for name, repeats in runs.items():
        trained = repeats[0].weights[-1]
        cells = (spread(run.scores[task] for run in repeats) if task in trained else ""
                 for task in TASKS)  # fmt: skip
        weights = (f"{np.mean([run.weights[-1][task] for run in repeats]):.2g}" for task in trained)
        table.add_row(name, *cells, " : ".join(weights) if len(trained) > 1 else "")
    example.console.print(table)
    example.note(
        "R²: part of the variance that is explained. alone: a network for each task.\n"
        "weights: of digit, ink and place, as parts of their sum. The dynamic average minds how "
        "fast losses fall, not their units."
    )


def draw(runs: dict[str, list[Run]]) -> Figure:
    """The scores side by side, and how the learned weights settle."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(12.5, 4.4), width_ratios=(1.5, 1))
    figure.suptitle("Three tasks, one network", fontweight="bold")
    joint = [name for name in runs if not name.endswith("alone")]
    width = 0.8 / len(joint)
    for k, (name, colour) in enumerate(zip(joint, (GREY, *COLOURS), strict=False)):
        values = np.array([[run.scores[task] for task in TASKS] for run in runs[name]])
        places = np.arange(len(TASKS)) + (k - len(joint) / 2 + 0.5) * width
        left.bar(places, values.mean(0).clip(min=0), width * 0.92, color=colour, label=name)
        left.errorbar(places, values.mean(0), values.std(0), fmt="none", ecolor="#303030", lw=1)
    for place, task in enumerate(TASKS):
        alone = np.mean([run.scores[task] for run in runs[f"{task} alone"]])
        left.hlines(alone, place - 0.45, place + 0.45, color="#303030", ls="--", lw=1.3,
                    label="a network alone" if place == 0 else None)  # fmt: skip
    left.set_xticks(range(len(TASKS)), ["digit, accuracy", "ink, R²", "place, R²"])
    left.set(ylabel="test set, %", ylim=(0, 108), title="what each task gets")
    left.grid(axis="x", visible=False)
    left.legend(ncols=2, loc="upper left", fontsize=8.5)

    for task, colour in zip(TASKS, COLOURS, strict=False):
        for name, style in zip(RATES, ("-", "--"), strict=True):
            path_of = np.array([[epoch[task] for epoch in run.weights] for run in runs[name]])
            right.plot(range(1, EPOCHS + 1), path_of.mean(0), style, color=colour, lw=1.8,
                       label=f"{task}, {name}")  # fmt: skip
    right.set(yscale="log", ylim=(5e-6, 2), xlabel="epoch",
              title="learned weights, as parts of their sum")  # fmt: skip
    right.legend(fontsize=8, ncols=3, loc="lower center", columnspacing=1.0)
    return figure


def main() -> None:
    description = "Three tasks with one network, their losses weighed in five ways."
    example = Example(description, repeats=3, width=100)
    runs: dict[str, list[Run]] = {name: [] for name in CRITERIA}
    for name, seed in example.runs(CRITERIA):
        runs[name].append(train(name, seed))
    show(runs, example)
    example.save(draw(runs), "multitask.png")
    example.finish()


if __name__ == "__main__":
    main()
