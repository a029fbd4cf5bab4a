"""The benchmark on a GPU: `python -m benchmarks --device cuda`, or make bench DEVICE=cuda.

Times are of events on the device. Every side goes round several sets of operands, together larger
than the cache, so that each step reads memory. Beside seconds and ratios stands the share of the
bandwidth that a large copy reaches: least bytes over time, where least is every operand read once
and every gradient written once. The sides take turns, as on the CPU.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import itertools
import json
import re
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor

from .class_peers import CLASS_CASES, ClassCase
from .figures import Shape
from .measure import TOLERANCE, Timing, compiled, disagreement, make_operands, size_name
from .peers import CASES, Case, Loss
from .run import metadata

ELEMENT_SIZES = (1 << 16, 1 << 20, 1 << 24, 1 << 28)
CLASS_SHAPES: dict[str, tuple[Shape, ...]] = {
    "cross_entropy": (
        (4096, 10), (262144, 10), (8192, 1000), (8192, 32000), (8192, 128256), (8, 21, 512, 512),
    ),
}  # fmt: skip
FEW_SHAPES: tuple[Shape, ...] = ((4096, 10), (8192, 1000))
COPY_BYTES = 1 << 30
MOST_BYTES = 12 << 30  # of all sets of operands together
BLOCK_MS = 20.0

Step = Callable[[int], object]


def events_ms(step: Step, steps: int) -> float:
    """Milliseconds a step, by the device's clock."""
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    for i in range(steps):
        step(i)
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / steps


def steps_for(step: Step) -> int:
    """Steps that make a block, after warming up."""
    for i in range(3):
        step(i)
    return max(1, round(BLOCK_MS / max(events_ms(step, 3), 1e-3)))


def copy_bandwidth() -> float:
    """Bytes a second that a device-to-device copy reads and writes."""
    source = torch.rand(COPY_BYTES // 4, device="cuda")
    to = torch.empty_like(source)
    best = min(events_ms(lambda _: to.copy_(source), 20) for _ in range(5))
    return 2 * source.nbytes / (best * 1e-3)


def operand_sets(case: Case, size: int | Shape, dtype: torch.dtype) -> list[list[Tensor]]:
    """Sets of operands that no cache holds together, unless one alone is that large."""
    cache = torch.cuda.get_device_properties(0).L2_cache_size
    drawn = make_operands(case, size, dtype, "cuda")
    each = sum(t.nbytes for t in drawn)
    count = max(1, min(4 * cache // each + 1, MOST_BYTES // (3 * each)))
    return [
        [t.detach().clone().requires_grad_(t.requires_grad) for t in drawn] for _ in range(count)
    ]


def forward_step(loss: Loss, sets: list[list[Tensor]]) -> Step:
    """Of operands that need no gradient: some peers take it in the forward otherwise."""
    plain = [[t.detach() for t in operands] for operands in sets]

    def step(i: int) -> None:
        with torch.no_grad():
            loss(*plain[i % len(plain)])

    return step


def training_step(loss: Loss, sets: list[list[Tensor]]) -> Step:
    def step(i: int) -> None:
        operands = sets[i % len(sets)]
        leaves = [t for t in operands if t.requires_grad]
        torch.autograd.grad(loss(*operands), leaves)

    return step


def compare(steps: dict[str, Step], rounds: int) -> dict[str, Timing]:
    """Seconds a step of every side, in interleaved blocks."""
    counts = {name: steps_for(step) for name, step in steps.items()}
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for _, order in zip(range(rounds), itertools.cycle(itertools.permutations(steps))):
        for name in order:
            taken[name].append(1e-3 * events_ms(steps[name], counts[name]))
    return {name: Timing.of(values) for name, values in taken.items()}


def peak_bytes(step: Step) -> int:
    """The most bytes that a step adds to the operands."""
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    step(0)
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before


def sides(case: Case, compile: bool) -> dict[str, Loss]:
    """Ours, and what it is compared with."""
    found: dict[str, Loss] = {"lossops": case.ours(), "eager": case.eager}
    if compile:
        found["compile"] = compiled(case)
        found["compile-max"] = compiled(case, "max-autotune-no-cudagraphs")
    if case.name == "cross_entropy" and importlib.util.find_spec("liger_kernel"):
        from liger_kernel.transformers.functional import liger_cross_entropy

        found["liger"] = liger_cross_entropy
    return found


def measure(
    case: Case, size: int | Shape, dtype: torch.dtype, compile: bool, rounds: int, bandwidth: float
) -> dict[str, Any]:
    """One cell, as it stands in the JSON."""
    torch._dynamo.reset()
    sets = operand_sets(case, size, dtype)
    losses = sides(case, compile and case.is_compiled(size))
    if isinstance(size, tuple) and len(size) > 2:
        losses.pop("liger", None)  # takes (N, C) only
    given = dict.fromkeys(losses, sets)
    if "liger" in losses:  # overwrites its logits with their gradient
        given["liger"] = operand_sets(case, size, dtype)
    difference = disagreement(losses["lossops"], case.eager, sets[0])
    if not difference <= TOLERANCE[dtype]:
        raise RuntimeError(f"{case.name}, {size_name(size)}, {dtype}: differ by {difference:.1e}")
    read = sum(t.nbytes for t in sets[0])
    written = sum(t.nbytes for t in sets[0] if t.requires_grad)
    cell: dict[str, Any] = {
        "loss": case.name,
        "size": size,
        "dtype": str(dtype).removeprefix("torch."),
        "sets": len(sets),
        "kinds": {},
    }
    for kind, make, least in (
        ("forward", forward_step, read),
        ("forward+backward", training_step, read + written),
    ):
        times = compare({name: make(loss, given[name]) for name, loss in losses.items()}, rounds)
        ours = times["lossops"].median
        cell["kinds"][kind] = {
            "times": {name: dataclasses.asdict(t) for name, t in times.items()},
            "ratios": {name: t.median / ours for name, t in times.items() if name != "lossops"},
            "least_bytes": least,
            "share_of_copy": least / ours / bandwidth,
        }
    cell["peak"] = {
        name: peak_bytes(training_step(loss, given[name])) for name, loss in losses.items()
    }
    return cell


def cells(options: argparse.Namespace) -> list[tuple[Case, int | Shape, torch.dtype]]:
    """What the command line asks for."""
    dtypes = [getattr(torch, options.dtype)]
    if dtypes == [torch.float32] and not options.no_bfloat16:
        dtypes.append(torch.bfloat16)
    chosen: list[tuple[Case, int | Shape, torch.dtype]] = []
    for dtype in dtypes:
        for case in (*CASES, *CLASS_CASES):
            family = "class" if isinstance(case, ClassCase) else "element"
            if case.name not in options.losses or options.family not in (None, family):
                continue
            if isinstance(case, ClassCase):
                sizes: tuple[int | Shape, ...] = CLASS_SHAPES.get(case.name, FEW_SHAPES)
                chosen += [(case.for_dtype(dtype), s, dtype) for s in options.shapes or sizes]
            else:
                chosen += [(case, s, dtype) for s in options.sizes or ELEMENT_SIZES]
    return chosen


def measure_all(
    options: argparse.Namespace, bandwidth: float, console: Console
) -> tuple[list[dict[str, Any]], list[str]]:
    """The cells, and why any are missing: one that fails does not take the others with it."""
    rounds = 6 if options.quick else 24
    found, failed = [], []
    for case, size, dtype in track(cells(options), console=console):
        try:
            found.append(measure(case, size, dtype, not options.no_compile, rounds, bandwidth))
        except Exception as error:
            failed.append(f"{case.name}, {size_name(size)}, {dtype}: {error!r}")
            console.print(failed[-1], markup=False)
    return found, failed


def show(found: list[dict[str, Any]], console: Console) -> None:
    """A row a cell: times, ratios, share of the copy's bandwidth."""
    table = Table("loss", "size", "dtype", "kind", "ms", "of copy", "others' time over ours")
    for cell in found:
        for kind, v in cell["kinds"].items():
            table.add_row(
                cell["loss"], size_name(cell["size"]), cell["dtype"], kind,
                f"{1e3 * v['times']['lossops']['median']:.4g}", f"{v['share_of_copy']:.0%}",
                ", ".join(f"{name} {ratio:.3g}" for name, ratio in v["ratios"].items()),
            )  # fmt: skip
    console.print(table)
    for kind in ("forward", "forward+backward"):
        for peer in sorted({name for cell in found for name in cell["kinds"][kind]["ratios"]}):
            ratios = [c["kinds"][kind]["ratios"].get(peer) for c in found]
            mean = statistics.geometric_mean([r for r in ratios if r])
            console.print(f"{kind}, {peer}: geometric mean {mean:.3g}")


def main(options: argparse.Namespace, results: Path, console: Console) -> int:
    """Runs, prints, keeps."""
    if not torch.cuda.is_available():
        console.print("benchmarks: --device cuda needs a GPU that torch can use, and there is none")
        return 1
    gpu = torch.cuda.get_device_name()
    bandwidth = copy_bandwidth()
    console.print(f"{gpu}: copies at {bandwidth / 1e12:.2f} TB/s")
    found, failed = measure_all(options, bandwidth, console)
    show(found, console)
    meta = metadata(options.threads, "quick" if options.quick else "full")
    meta |= {"gpu": gpu, "copy_bytes_per_second": bandwidth, "cuda": torch.version.cuda}
    name = options.name or re.sub(r"\W+", "-", gpu.lower())
    results.mkdir(parents=True, exist_ok=True)
    path = results / f"{name}.json"
    path.write_text(json.dumps({"meta": meta, "cells": found, "failed": failed}, indent=1) + "\n")
    console.print(f"figures: {path}")
    return int(bool(failed))
