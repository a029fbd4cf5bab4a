"""Losses as people write them, as they stand and native: `python -m benchmarks.own`.

Forward and backward of the losses of tests/own_losses.py, by what a model predicts: eager, compiled
by torch.compile, and made native by lossops.native. They agree to float32's digits, or the run
ends. The last one is returned element by element, and its mean taken outside: so the others write
no values, and torch.compile none either.
"""

from __future__ import annotations

import sys

import torch
from rich.console import Console
from torch import Tensor

import lossops
from tests.own_losses import OWN, Own

from . import cpu
from .figures import KIND
from .measure import Company, Comparison, compare, compiled, disagreement
from .tables import make_table

SIZES = (1 << 16, 1 << 20)
ROUNDS = 30
TOLERANCE = 1e-4


def mean(loss: Tensor) -> Tensor:
    """A number, of a loss that is not one yet."""
    return loss.mean() if loss.dim() else loss


def measure(own: Own, size: int) -> Comparison:
    """One loss at one size."""
    torch._dynamo.reset()
    function = own.make()

    def eager(*operands: Tensor) -> Tensor:
        return mean(function(*operands))

    def native(*operands: Tensor) -> Tensor:
        return mean(made(*operands))

    made = lossops.native(function)
    operands = [x.requires_grad_(i in own.predicted) for i, x in enumerate(own.operands(size))]
    difference = disagreement(native, eager, operands)
    if not difference <= TOLERANCE:
        raise RuntimeError(f"native and eager differ by {difference:.1e}")
    sides = {"native": native, "eager": eager, "compile": compiled(eager)}
    given = {name: (loss, [operands]) for name, loss in sides.items()}
    return compare(cpu.training_block, given, ROUNDS, cpu.BLOCK)[KIND]


def main() -> None:
    """Time all of them, or those that are named."""
    company = Company()
    headings = ("elements", "native, us", "of eager", "of torch.compile")
    table = make_table("Losses as people write them", ["loss", *headings])
    for name in sys.argv[1:] or OWN:
        for size in SIZES:
            found = measure(OWN[name], size)
            ratios = [f"{found.ratios[side].median:.1f}" for side in ("eager", "compile")]
            table.add_row(name, f"{size}", f"{1e6 * found.times['native'].median:.1f}", *ratios)
    console = Console(width=100)
    console.print(table)
    console.print(
        f"of: how many times their time is native's. Others kept {company.cores():.1f} cores busy. "
        f"{torch.get_num_threads()} threads, torch {torch.__version__}."
    )


if __name__ == "__main__":
    main()
