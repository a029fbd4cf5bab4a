"""Trains small models on real data with lossops: `python examples/demo.py --out demo_output`.

Rare digits: bce, focal and rww_bce against each other. Uneven digits: five losses over ten classes,
three of which are rare. Corrupted regression: mse against huber and quantile. At the end: a table
for each task with the step times beside the usual code, inputs on which the usual code fails, and
pictures of the curves. Under a minute on two cores.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from demo_plots import Runs, draw_all
from demo_tasks import (
    MISS_COST,
    TASKS,
    UNEVEN,
    Contender,
    Task,
    recall_of,
    train,
)
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from shared import COUNTS, RARE, RARE_TEXT, make_console, show_pictures
from torch import Tensor

import lossops.functional as F
from benchmarks import class_peers, peers
from benchmarks.measure import Comparison, compare, training_block

LARGE = 1 << 20
HEADINGS = {  # of the metrics that judges return
    "average precision": "average\nprecision",
    "recall": "recall\n",
    "cost per 1000": "cost per\n1000",
    "macro recall": "macro\nrecall %",
    "recall, common digits": "common\ndigits %",
    "recall, rare digits": "rare\ndigits %",
    "median abs. error": "median\nerror",
    "mean abs. error": "mean\nerror",
    "in band": "in the band\n0.1 to 0.9",
}
FOOTNOTES = {
    "rare digits": "recall: of the eights, at probability 1/2. "
    f"cost: a missed eight counts {MISS_COST:g}, a false alarm 1.",
    "uneven digits": f"recall: means over digits, on the whole test set; {RARE_TEXT} are rare. "
    "n: training images of each digit; w = N / (10 n); F[t, k] = w[t].",
    "corrupted diabetes": "errors: absolute, on the clean test set; targets run from 25 to 346.",
}

# Loss and gradient where the usual formula fails: what happens, the formula, ours, input, target.
# An input of several numbers is one row of logits, the target its label.
Hard = tuple[str, Callable[..., Tensor], Callable[..., Tensor], float | tuple[float, ...], float]
HARD: tuple[Hard, ...] = (
    (
        "focal, gamma 0.5: a logit of 100, rightly sure",
        lambda x, t: peers.focal(x, t, 0.25, 0.5),
        lambda x, t: F.focal_loss(x, t, 0.25, 0.5),
        100.0,
        1.0,
    ),
    (
        "rww_bce: a logit of -100, wrongly sure",
        lambda x, t: peers.rww_bce(x, t, 1.0),
        F.rww_bce_loss,
        -100.0,
        1.0,
    ),
    ("asymmetric: a logit of -100, wrongly sure", peers.asymmetric, F.asymmetric_loss, -100.0, 1.0),
    ("log_cosh: an error of 100", peers.log_cosh, F.log_cosh_loss, 100.0, 0.0),
    ("charbonnier: an error of 1e20", peers.charbonnier, F.charbonnier_loss, 1e20, 0.0),
    (
        "cross_entropy: logits (30, 0), class 0",
        torch.nn.functional.cross_entropy,
        F.cross_entropy,
        (30.0, 0.0),
        0,
    ),
    (
        "softmax_focal, gamma 0.5: logits (100, 0), class 0",
        lambda x, t: class_peers.softmax_focal(x, t, 0.5),
        lambda x, t: F.softmax_focal_loss(x, t, gamma=0.5),
        (100.0, 0.0),
        0,
    ),
    (
        "rww_cross_entropy: logits (0, 50), class 0",
        lambda x, t: class_peers.rww_cross_entropy(x, t, torch.ones(2), torch.ones(2, 2)),
        lambda x, t: F.rww_cross_entropy_loss(x, t, torch.ones(2), torch.ones(2, 2)),
        (0.0, 50.0),
        0,
    ),
    ("arcface: cosines (1, 0), class 0", class_peers.arcface, F.arcface_loss, (1.0, 0.0), 0),
)

SNIPPET = """\
import torch, lossops.nn as nn
logits, labels = torch.randn(8, requires_grad=True), (torch.rand(8) < 0.1).float()
nn.FocalLoss(alpha=0.75)(logits, labels).backward()
print(logits.grad)"""


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Trains small models on real data with lossops.")
    parser.add_argument(
        "--out", type=Path, default=Path("demo_output"), help="folder for pictures and figures"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of splits, weights and batches (default: 0)"
    )
    parser.add_argument("--repeats", type=int, default=5, help="runs of each loss (default: 5)")
    return parser.parse_args()


def train_all(seed: int, repeats: int, console: Console) -> dict[str, Runs]:
    """Trains every contender of every task, under a progress bar."""
    results: dict[str, Runs] = {}
    with Progress(
        TextColumn("{task.description:<32}"),
        BarColumn(bar_width=36),
        TaskProgressColumn(),
        TextColumn("loss {task.fields[loss]:<9}"),
        TimeElapsedColumn(),
        console=console,
    ) as progress:
        total = sum(task.epochs * len(task.contenders) * repeats for task in TASKS)
        bar = progress.add_task("", total=total, loss="")

        def report(what: str, loss: float) -> None:
            progress.update(bar, advance=1, description=what, loss=f"{loss:.4f}")

        for task in TASKS:
            runs: Runs = {contender.name: [] for contender in task.contenders}
            for repeat in range(repeats):
                data = task.load(seed + repeat)
                for contender in task.contenders:
                    runs[contender.name].append(train(task, contender, data, seed + repeat, report))
            results[task.name] = runs
    return results


def step_time(task: Task, contender: Contender, rows: int, rounds: int) -> Comparison:
    """Forward and backward of the loss alone: lossops and the usual code, taking turns."""
    rng = torch.Generator().manual_seed(rows)
    shape = (rows,) if contender.outputs == 1 else (rows, contender.outputs)
    output = torch.randn(shape, generator=rng).requires_grad_()
    target = (torch.rand(rows, generator=rng) < 0.1).float()
    if task.labels:
        target = torch.randint(contender.outputs, (rows,), generator=rng)
    torch.testing.assert_close(
        contender.loss(output, target), contender.usual(output, target), rtol=1e-4, atol=1e-6
    )
    sides = {
        "lossops": training_block(contender.loss, [output, target]),
        "usual": training_block(contender.usual, [output, target]),
    }
    return compare(sides, rounds)["forward+backward"]


def spread(values: list[float]) -> str:
    """Mean and standard deviation."""
    mean = statistics.fmean(values)
    if mean != mean:
        return ""
    digits = 0 if mean >= 100 else 1 if mean >= 10 else 3
    return f"{mean:.{digits}f} ±{statistics.pstdev(values):.{digits}f}"


def show_task(task: Task, runs: Runs, console: Console) -> dict[str, Any]:
    """Prints the table of one task; returns its figures."""
    table = Table(title=f"{task.name}: mean of the runs ± standard deviation", title_justify="left")
    table.add_column("loss\n", no_wrap=True, style="bold")
    table.add_column("final\nloss", justify="right", no_wrap=True)
    metrics = [name for name in next(iter(runs.values()))[0].metrics if name in HEADINGS]
    for metric in metrics:
        table.add_column(HEADINGS[metric], justify="right", no_wrap=True)
    table.add_column(f"step at {task.batch}\nlossops", justify="right", no_wrap=True)
    table.add_column("\nusual code", justify="right", no_wrap=True)
    table.add_column("\nfaster", justify="right", no_wrap=True)
    table.add_column("at 1M\nfaster", justify="right", no_wrap=True)
    figures: dict[str, Any] = {}
    for contender in task.contenders:
        histories = runs[contender.name]
        final = [history.losses[-1] for history in histories]
        found = {metric: [h.metrics[metric] for h in histories] for metric in histories[0].metrics}
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # as in training; a second thread would only wait
        small = step_time(task, contender, task.batch, rounds=24)
        torch.set_num_threads(threads)
        rows = LARGE // contender.outputs if task.labels else LARGE
        large = step_time(task, contender, rows, rounds=12)
        ours, usual = (small.times[side].median * 1e6 for side in ("lossops", "usual"))
        factors = [c.ratios["usual"].median for c in (small, large)]
        table.add_row(
            contender.name,
            f"{statistics.fmean(final):.4f}",
            *(spread(found[metric]) for metric in metrics),
            f"{ours:.1f} us",
            f"{usual:.1f} us",
            *(f"[{'green' if f >= 1 else 'red'}]{f:.1f}x" for f in factors),
        )
        figures[contender.name] = {
            "final_loss": final,
            "metrics": {k: [None if v != v else v for v in values] for k, values in found.items()},
            "times_us": {
                "lossops": ours,
                "usual": usual,
                "factor": factors[0],
                "factor_at_1M": factors[1],
            },
        }
    console.print(table)
    if task is UNEVEN:
        console.print(recall_table(runs))
    codes = (f"{c.name} = {c.code}" for c in task.contenders)
    usual_codes = (f"{c.name}: {c.usual_name}" for c in task.contenders)
    lines = (FOOTNOTES[task.name], "; ".join(codes), "usual code: " + ", ".join(usual_codes))
    console.print("\n".join(lines) + "\n", style="dim", highlight=False, markup=False)
    return figures


def recall_table(runs: Runs) -> Table:
    """Recall of every digit, the mean of the runs."""
    table = Table(
        title="recall of each digit, %; below it, how many images of it were trained on",
        title_justify="left",
    )
    table.add_column("loss\n", no_wrap=True, style="bold")
    for digit, count in enumerate(COUNTS):
        heading = f"[yellow]{digit}\n{count}" if digit in RARE else f"{digit}\n{count}"
        table.add_column(heading, justify="right", no_wrap=True)
    for name, histories in runs.items():
        values = (
            statistics.fmean(history.metrics[recall_of(digit)] for history in histories)
            for digit in range(len(COUNTS))
        )
        table.add_row(name, *(f"{value:.0f}" for value in values))
    return table


def show_hard(console: Console) -> None:
    """Prints loss and gradient of both sides on inputs that occur once training goes wrong."""
    table = Table(
        title="hard inputs, float32: loss and gradient (of rows: by the logit of the class)",
        title_justify="left",
    )
    table.add_column("input")
    table.add_column("the usual formula", justify="right")
    table.add_column("lossops", justify="right")

    def evaluate(loss: Callable[..., Tensor], x: float | tuple[float, ...], t: float) -> str:
        input = torch.tensor([x], requires_grad=True)
        value = loss(input, torch.tensor([t]))
        value.backward()  # type: ignore[no-untyped-call]
        assert input.grad is not None
        gradient = input.grad.flatten()[0].item()  # of rows: of the label's logit
        return f"{value.item() + 0.0:.4g}, {gradient + 0.0:.4g}"

    for what, formula, ours, x, t in HARD:
        table.add_row(what, f"[red]{evaluate(formula, x, t)}", evaluate(ours, x, t))
    console.print(table)


def main() -> None:
    """Trains, times, prints, draws."""
    options = parse()
    began = time.perf_counter()
    console = make_console()
    torch.use_deterministic_algorithms(True)
    options.out.mkdir(parents=True, exist_ok=True)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the models are tiny: a second thread would only wait
    results = train_all(options.seed, options.repeats, console)
    torch.set_num_threads(threads)
    figures = {task.name: show_task(task, results[task.name], console) for task in TASKS}
    console.print(
        "step: forward + backward of the loss alone, median; "
        f"at 1M elements of the input with {threads} threads.\n",
        style="dim",
        highlight=False,
    )
    show_hard(console)
    pictures = draw_all(results, options.out)
    (options.out / "results.json").write_text(
        json.dumps({"seed": options.seed, "repeats": options.repeats} | figures, indent=1) + "\n"
    )
    show_pictures(console, *pictures)
    console.print("\ntry it:", style="bold")
    console.print("  " + SNIPPET.replace("\n", "\n  "), highlight=False)
    console.print(f"\n{time.perf_counter() - began:.0f} s in all", style="dim")


if __name__ == "__main__":
    main()
