"""Trains small models on real data with lossops: `python examples/demo.py --out demo_output`.

Rare digits: bce, focal and rww_bce against each other. Imbalanced digits: five losses over ten
classes, three of which are rare. Corrupted regression: mse against huber and quantile. At the end:
a table for each task with the step times beside the usual code, inputs on which the usual code
fails, and pictures of the curves. Under a minute on two cores.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from demo_plots import Runs, draw_all
from demo_tasks import IMBALANCED, MISS_COST, TASKS, Contender, Task, recall_of, train
from rich.table import Table
from shared import COUNTS, RARE, RARE_TEXT, Example, make_table, spread
from torch import Tensor

import lossops.functional as F
from benchmarks import cpu, formulas
from benchmarks.measure import Comparison, compare

LARGE = 1 << 20
FOOTNOTES = {
    "rare digits": "recall: of the eights, at probability 1/2. "
    f"cost: a missed eight counts {MISS_COST:g}, a false alarm 1.",
    "imbalanced digits": f"recall: means over digits, on the whole test set; {RARE_TEXT} are rare. "
    "n: training images of each digit; w = N / (10 n); F[t, k] = w[t].",
    "corrupted diabetes": "errors: absolute, on the clean test set; targets run from 25 to 346. "
    "in band: between the quantiles 0.1 and 0.9.",
}


def tweedie_over_zero(input: Tensor, target: Tensor, p: float) -> Tensor:
    """The formula between 1 and 2, in tensors, which divide by 0 without an error."""
    a, b = torch.tensor(1 - p), torch.tensor(2 - p)
    return (torch.exp(input * b) / b - target * torch.exp(input * a) / a).mean()


# Where the usual formula fails: what happens, the formula, ours, their parameters, input, target.
# An input of several numbers is one row of logits, the target its label; or both are boxes.
COSTS = {"fn_weight": torch.ones(2), "fp_weight": torch.ones(2, 2)}
HARD = (
    ("focal, gamma 0.5: a logit of 100, rightly sure",
     formulas.focal, F.focal_loss, {"alpha": 0.25, "gamma": 0.5}, 100.0, 1.0),
    ("rww_bce: a logit of -100, wrongly sure",
     formulas.rww_bce, F.rww_bce_loss, {"fn_weight": 1.0}, -100.0, 1.0),
    ("asymmetric: a logit of -100, wrongly sure",
     formulas.asymmetric, F.asymmetric_loss, {}, -100.0, 1.0),
    ("log_cosh: an error of 100", formulas.log_cosh, F.log_cosh_loss, {}, 100.0, 0.0),
    ("charbonnier: an error of 1e20", formulas.charbonnier, F.charbonnier_loss, {}, 1e20, 0.0),
    ("negative_binomial_nll, dispersion 1e-8: a mean of 3, a count of 5",
     formulas.negative_binomial_nll, F.negative_binomial_nll_loss,
     {"dispersion": torch.tensor(1e-8)}, math.log(3), 5.0),
    ("zero_inflated_poisson_nll, gate -200: a rate of 148, a count of 0",
     formulas.zero_inflated_poisson_nll, F.zero_inflated_poisson_nll_loss,
     {"gate": torch.tensor(-200.0)}, 5.0, 0.0),
    ("tweedie, p = 1: a mean of 1, a target of 3", tweedie_over_zero, F.tweedie_loss,
     {"p": 1.0}, 0.0, 3.0),
    ("von_mises_nll, kappa 1e8: an angle 1e-4 off", formulas.von_mises_nll, F.von_mises_nll_loss,
     {"kappa": torch.tensor(1e8)}, 1e-4, 0.0),
    ("adaptive_wing, just below theta: copies divide by omega, not epsilon",
     partial(formulas.adaptive_wing, epsilon=14.0, theta=1e3), F.adaptive_wing_loss, {},
     1.2999, 0.8),
    ("smape: 0, and it was 0", formulas.smape, F.smape_loss, {}, 0.0, 0.0),
    ("giou: equal boxes of side 1e-4", formulas.giou, F.giou_loss, {},
     (0.5, 0.5, 0.5001, 0.5001), (0.5, 0.5, 0.5001, 0.5001)),
    ("ciou: a box without height", formulas.ciou, F.ciou_loss, {},
     (0.0, 0.5, 1.0, 0.5), (0.0, 0.0, 1.0, 1.0)),
    ("coral: a threshold at -inf, which class 0 is below", formulas.coral, F.coral_loss, {},
     (-math.inf, -math.inf), 0),
    ("cross_entropy: logits (30, 0), class 0",
     torch.nn.functional.cross_entropy, F.cross_entropy, {}, (30.0, 0.0), 0),
    ("softmax_focal, gamma 0.5: logits (100, 0), class 0",
     formulas.softmax_focal, F.softmax_focal_loss, {"gamma": 0.5}, (100.0, 0.0), 0),
    ("rww_cross_entropy: logits (0, 50), class 0",
     formulas.rww_cross_entropy, F.rww_cross_entropy_loss, COSTS, (0.0, 50.0), 0),
    ("arcface: cosines (1, 0), class 0", formulas.arcface, F.arcface_loss, {}, (1.0, 0.0), 0),
)  # fmt: skip

SNIPPET = """\
import torch, lossops.nn as nn
logits, labels = torch.randn(8, requires_grad=True), (torch.rand(8) < 0.1).float()
nn.FocalLoss(alpha=0.75)(logits, labels).backward()
print(logits.grad)"""


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
    sets = [[output, target]]
    sides = {"lossops": (contender.loss, sets), "usual": (contender.usual, sets)}
    return compare(cpu.training_block, sides, rounds, cpu.BLOCK)["forward+backward"]


def metric(values: list[float]) -> str:
    """Mean and standard deviation, to three digits or so; nothing of NaN."""
    mean = statistics.fmean(values)
    return "" if mean != mean else spread(values, 0 if mean >= 100 else 1 if mean >= 10 else 3)


def show_task(task: Task, runs: Runs, threads: int, example: Example) -> dict[str, Any]:
    """Prints the table of one task; returns its figures."""
    every = next(iter(runs.values()))[0].metrics
    metrics = [name for name in every if not name.startswith("recall of")]
    headings = ["loss\n", "final\nloss", *(name.replace(" ", "\n", 1) for name in metrics)]
    headings += [f"step at {task.batch}\nlossops", "\nusual code", "\nfaster", "at 1M\nfaster"]
    table = make_table(f"{task.name}: mean of the runs ± standard deviation", headings)
    figures: dict[str, Any] = {}
    for contender in task.contenders:
        histories = runs[contender.name]
        final = [history.losses[-1] for history in histories]
        found = {name: [h.metrics[name] for h in histories] for name in histories[0].metrics}
        small = step_time(task, contender, task.batch, rounds=24)
        torch.set_num_threads(threads)
        rows = LARGE // contender.outputs if task.labels else LARGE
        large = step_time(task, contender, rows, rounds=12)
        torch.set_num_threads(1)
        ours, usual = (small.times[side].median * 1e6 for side in ("lossops", "usual"))
        factors = [c.ratios["usual"].median for c in (small, large)]
        table.add_row(
            f"[bold]{contender.name}",
            f"{statistics.fmean(final):.4f}",
            *(metric(found[name]) for name in metrics),
            f"{ours:.1f} us",
            f"{usual:.1f} us",
            *(f"[{'green' if f >= 1 else 'red'}]{f:.1f}x" for f in factors),
        )
        times = {"lossops": ours, "usual": usual, "factor": factors[0], "factor_at_1M": factors[1]}
        kept = {k: [None if v != v else v for v in values] for k, values in found.items()}
        figures[contender.name] = {"final_loss": final, "metrics": kept, "times_us": times}
    example.console.print(table)
    if task is IMBALANCED:
        example.console.print(recall_table(runs))
    codes = (f"{c.name} = {c.code}" for c in task.contenders)
    usual_codes = (f"{c.name}: {'formula' if c.formula else 'torch.nn'}" for c in task.contenders)
    lines = (FOOTNOTES[task.name], "; ".join(codes), "usual code: " + ", ".join(usual_codes))
    example.note("\n".join(lines) + "\n")
    return figures


def recall_table(runs: Runs) -> Table:
    title = "recall of each digit, %; below it, how many images of it were trained on"
    headings = (f"{'[yellow]' if digit in RARE else ''}{digit}\n{count}"
                for digit, count in enumerate(COUNTS))  # fmt: skip
    table = make_table(title, ["loss\n", *headings])
    for name, histories in runs.items():
        values = (
            statistics.fmean(history.metrics[recall_of(digit)] for history in histories)
            for digit in range(len(COUNTS))
        )
        table.add_row(f"[bold]{name}", *(f"{value:.0f}" for value in values))
    return table


def hard_table() -> Table:
    """Loss and gradient of both sides on inputs that occur once training goes wrong."""

    def evaluate(loss: Callable[..., Tensor], params: dict[str, Any], x: object, t: object) -> str:
        input = torch.tensor([x], requires_grad=True)
        value = loss(input, torch.tensor([t]), **params)
        (gradient,) = torch.autograd.grad(value, input)
        slope = gradient.flatten()[0].item()  # of rows by the label's logit, of boxes by the left
        return f"{value.item() + 0.0:.4g}, {slope + 0.0:.4g}"

    title = (
        "hard inputs, float32: loss and gradient "
        "(of rows: by the logit of the class, of boxes: by the left side)"
    )
    table = make_table(title, ("input", "the usual formula", "lossops"))
    for what, formula, ours, *given in HARD:
        table.add_row(what, f"[red]{evaluate(formula, *given)}", evaluate(ours, *given))
    return table


def main() -> None:
    threads = torch.get_num_threads()
    example = Example("Trains small models on real data with lossops.")
    torch.use_deterministic_algorithms(True)
    contenders = [(task, contender) for task in TASKS for contender in task.contenders]
    results: dict[str, Runs] = {task.name: {} for task in TASKS}
    for (task, contender), seed in example.runs(contenders):
        results[task.name].setdefault(contender.name, []).append(train(task, contender, seed))
    figures = {task.name: show_task(task, results[task.name], threads, example) for task in TASKS}
    example.note(
        "step: forward + backward of the loss alone, median; "
        f"at 1M elements of the input with {threads} threads.\n"
    )
    example.console.print(hard_table())
    draw_all(results, example)
    kept = json.dumps({"repeats": example.repeats} | figures, indent=1)
    (example.out / "results.json").write_text(kept + "\n")
    example.console.print("\ntry it:", style="bold")
    example.console.print("  " + SNIPPET.replace("\n", "\n  "), highlight=False)
    example.finish()


if __name__ == "__main__":
    main()
