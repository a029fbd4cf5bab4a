"""Times every loss beside the code it replaces: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault(
    "TORCHINDUCTOR_COMPILE_THREADS", "1"
)  # no idle pool of compilers beside the clock
os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler, which measures memory, talks

import torch  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.progress import (  # noqa: E402
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from . import figures  # noqa: E402
from .measure import Company, measure, measure_bfloat16, measure_reading  # noqa: E402
from .peers import CASES, LABELS, NAMES, Case, check_peers  # noqa: E402
from .report import COMPANY, Run, chart, checks, metadata, show, size_name, spoilt  # noqa: E402

UNITS = {"K": 1 << 10, "M": 1 << 20}
Found = TypeVar("Found")
DTYPES = ("float32", "bfloat16", "float16", "float64")


def parse_size(text: str) -> int:
    """64, 4K or 16M; a multiple of the number of labels in a row."""
    unit = UNITS.get(text[-1:].upper(), 1)
    try:
        size = int(text[:-1] if unit > 1 else text) * unit
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; try 64, 4K or 16M") from None
    if size <= 0 or size % LABELS:
        raise argparse.ArgumentTypeError(f"a size must be a multiple of {LABELS}, got {text}")
    return size


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Times lossops, the eager peer and torch.compile of that peer, interleaved in "
        "one process: forward, backward, both, and peak memory.",
    )
    add = parser.add_argument
    add(
        "--losses",
        nargs="+",
        choices=NAMES,
        metavar="LOSS",
        default=NAMES,
        help="default: all of the family",
    )
    add(
        "--sizes",
        nargs="+",
        type=parse_size,
        metavar="N",
        default=figures.SIZES,
        help="default: 64 4K 64K 1M 16M",
    )
    add(
        "--dtype",
        choices=DTYPES,
        default="float32",
        help="of the operands in the comparison with peers",
    )
    add("--quick", action="store_true", help="few rounds, for a first look; figures are rough")
    add("--no-compile", action="store_true", help="leave torch.compile out")
    add("--no-bfloat16", action="store_true", help="leave out our bfloat16 against our float32")
    add("--no-bandwidth", action="store_true", help="leave out the comparison with torch.sum")
    add("--threads", type=int, default=2, help="threads of torch (default: 2)")
    add("--name", help="results go to benchmarks/results/NAME.json (default: cpu, or partial)")
    add(
        "--chart",
        type=Path,
        help="where the chart goes (default: docs/benchmark.png; partial runs: beside the JSON)",
    )
    add(
        "--show",
        type=Path,
        metavar="JSON",
        help="measure nothing: print the tables and draw the chart of an earlier run",
    )
    add(
        "--patience",
        type=float,
        metavar="SECONDS",
        default=0.0,
        help="for so long, measure again whatever other processes disturbed",
    )
    add("--strict", action="store_true", help="exit with 1 if a promise is broken")
    return parser.parse_args()


def rounds_for(size: int, quick: bool) -> int:
    """Rounds of a cell: many where a round is short. Multiples of 6, the orders of three sides."""
    many = 24 if size < 1 << 20 else 18 if size < 1 << 24 else 12
    return 6 if quick else many


def run_all(options: argparse.Namespace, console: Console) -> Run:
    """Measures everything asked for, with a progress bar that is only redrawn between cells."""
    cases: list[Case] = [case for case in CASES if case.name in options.losses]
    dtype = getattr(torch, options.dtype)
    run = Run(metadata(options.threads, "quick" if options.quick else "full"))
    progress = Progress(
        TextColumn("{task.description}", table_column=None),
        BarColumn(bar_width=40),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        auto_refresh=False,
    )
    parts = 1 + (not options.no_bfloat16)
    deadline = time.perf_counter() + options.patience
    seconds = taken = 0.0
    total = len(cases) * (len(options.sizes) * parts + (not options.no_bandwidth))
    with progress, contextlib.suppress(KeyboardInterrupt):  # then what there is gets shown
        task = progress.add_task("", total=total)

        def step(what: str, done: int = 1) -> None:
            progress.update(task, advance=done, description=f"{what:<34}", refresh=True)

        def undisturbed(measurement: Callable[[], Found]) -> Found:
            """Measures again what others disturbed, while patience lasts."""
            nonlocal seconds, taken
            while True:
                company = Company()
                found = measurement()
                lasted, cores = time.perf_counter() - company.began, company.cores() or 0.0
                if cores <= COMPANY or time.perf_counter() > deadline:
                    seconds, taken = seconds + lasted, taken + lasted * cores
                    run.meta["company"] = taken / seconds  # of what was kept
                    return found

        for index, case in enumerate(cases, 1):
            for size in options.sizes:
                rounds = rounds_for(size, options.quick)
                step(f"{case.name} {size_name(size)}", 0)
                cell = functools.partial(measure, case, size, dtype, rounds, not options.no_compile)
                run.cells.append(undisturbed(cell))
                step(f"{case.name} {size_name(size)} bfloat16")
                if not options.no_bfloat16:
                    bf16 = run.bfloat16.setdefault(case.name, {})
                    bf16[size] = undisturbed(
                        functools.partial(measure_bfloat16, case, size, rounds)
                    )
                    step(f"{case.name} {size_name(size)}")
            if not options.no_bandwidth:
                step(f"{case.name} beside torch.sum", 0)
                size = figures.BANDWIDTH_SIZE
                rounds = 2 * rounds_for(size, options.quick)
                run.reading[case.name] = undisturbed(
                    functools.partial(measure_reading, case, size, dtype, rounds)
                )
                step(case.name)
            if not console.is_terminal:  # a log has no bar
                print(f"{index} of {len(cases)}: {case.name}", flush=True)
    return run


def main() -> int:
    """Runs, prints, keeps."""
    options = parse()
    console = Console(width=None if sys.stdout.isatty() else 150)
    if options.show:
        run = Run.from_json(json.loads(options.show.read_text()))
        whole, name = False, options.show.stem
    else:
        warnings.filterwarnings("ignore")
        torch.set_num_threads(options.threads)
        check_peers()
        began = time.perf_counter()
        run = run_all(options, console)
        run.meta["seconds"] = round(time.perf_counter() - began)
        whole = (
            not (options.quick or options.no_compile)
            and options.dtype == "float32"
            and len(run.losses) == len(CASES)
            and tuple(run.sizes) == figures.SIZES
            and not spoilt(run)
        )
        name = options.name or ("cpu" if whole else "partial")

    if not run.cells:
        return 1
    show(run, console)
    results = ROOT / "benchmarks" / "results"
    if not options.show:
        results.mkdir(parents=True, exist_ok=True)
        path = results / f"{name}.json"
        path.write_text(json.dumps(run.to_json(), indent=1) + "\n")
        console.print(f"figures: {path}")
    picture = options.chart or (
        ROOT / "docs" / "benchmark.png" if whole else results / f"{name}.png"
    )
    chart(run, picture)
    console.print(f"chart:   {picture}")
    return 1 if options.strict and not all(check.kept for check in checks(run)) else 0


if __name__ == "__main__":
    sys.exit(main())
