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
from dataclasses import dataclass
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

from . import figures, gpu  # noqa: E402
from .charts import class_chart, element_chart  # noqa: E402
from .class_peers import CLASS_CASES, CLASS_NAMES, ClassCase, check_class_peers  # noqa: E402
from .figures import Shape  # noqa: E402
from .measure import (  # noqa: E402
    Company,
    elements,
    measure,
    measure_bfloat16,
    measure_reading,
    size_name,
    trim_heap,
)
from .memory import SIDES, measure_memory  # noqa: E402
from .peers import CASES, LABELS, NAMES, Case, check_peers  # noqa: E402
from .report import checks, show, to_json  # noqa: E402
from .run import COMPANY, Run, metadata, spoilt  # noqa: E402

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


def parse_shape(text: str) -> Shape:
    """4096x1000 or 8x21x256x256: rows, classes, and further dimensions."""
    try:
        shape = tuple(int(part) for part in text.lower().split("x"))
    except ValueError:
        shape = ()
    if len(shape) < 2 or min(shape) < 1 or shape[1] < 3:
        raise argparse.ArgumentTypeError(f"{text!r} is no shape; try 4096x1000 or 8x21x256x256")
    return shape


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
        choices=(*NAMES, *CLASS_NAMES),
        metavar="LOSS",
        default=(*NAMES, *CLASS_NAMES),
        help="default: all of both families",
    )
    add("--device", choices=("cpu", "cuda"), default="cpu", help="default: cpu")
    add(
        "--family",
        choices=("element", "class"),
        help="only the element-wise or only the class-axis losses",
    )
    add(
        "--sizes",
        nargs="+",
        type=parse_size,
        metavar="N",
        help="of the element-wise losses (default: 64 4K 64K 1M 16M; on a GPU 64K to 256M)",
    )
    add(
        "--shapes",
        nargs="+",
        type=parse_shape,
        metavar="NxC",
        help="of the class-axis losses (default: each loss its own; see figures.py)",
    )
    add(
        "--dtype",
        choices=DTYPES,
        default="float32",
        help="of the operands in the comparison with peers",
    )
    add("--quick", action="store_true", help="few rounds, for a first look; figures are rough")
    add("--no-compile", action="store_true", help="leave torch.compile out")
    add("--no-bfloat16", action="store_true", help="leave out everything in bfloat16")
    add("--no-bandwidth", action="store_true", help="leave out the comparison with torch.sum")
    add("--no-memory", action="store_true", help="leave out peak memory in fresh processes")
    add("--threads", type=int, default=2, help="threads of torch (default: 2)")
    add("--name", help="results go to benchmarks/results/NAME.json (default: cpu, or partial)")
    add(
        "--chart",
        type=Path,
        help="where the element-wise chart goes (default: docs/benchmark.png; partial runs: beside "
        "the JSON); the class-axis chart goes beside it, as NAME-classes.png",
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
    options = parser.parse_args()
    if options.device == "cpu":
        options.sizes = options.sizes or figures.SIZES
    return options


def rounds_for(size: int, quick: bool) -> int:
    """Rounds of a cell: many where a round is short. Multiples of 6, the orders of three sides."""
    many = 24 if size < 1 << 20 else 18 if size < 1 << 24 else 12
    return 6 if quick else many


def class_rounds_for(size: int, quick: bool) -> int:
    """Rounds of a class-axis cell. At (4096, 1000) malloc returns memory after some steps only."""
    many = 24 if size < 1 << 23 else 12
    return 6 if quick else many


@dataclass(frozen=True)
class Plan:
    """What a run measures."""

    cases: list[Case]
    classes: list[tuple[ClassCase, Shape, torch.dtype]]
    memory: tuple[str, ...]  # the sides
    steps: int  # of the progress bar

    @classmethod
    def of(cls, options: argparse.Namespace) -> Plan:
        """What the command line asks for."""
        cases = [case for case in CASES if case.name in options.losses]
        chosen = [case for case in CLASS_CASES if case.name in options.losses]
        if options.family:
            cases, chosen = (cases, []) if options.family == "element" else ([], chosen)
        classes = []
        dtype = getattr(torch, options.dtype)
        for case in chosen:
            for shape in options.shapes or case.shapes:
                if len(shape) == 2 or case.planes:
                    classes.append((case, shape, dtype))
            if dtype == torch.float32 and not options.no_bfloat16:
                for shape in case.bfloat16:
                    if shape in (options.shapes or case.bfloat16):
                        classes.append((case, shape, torch.bfloat16))
        memory: tuple[str, ...] = ()
        if any(case.name == "cross_entropy" for case in chosen) and not options.no_memory:
            memory = SIDES[:2] if options.no_compile else SIDES
        parts = 1 + (not options.no_bfloat16)
        each = len(options.sizes) * parts + (not options.no_bandwidth)
        return cls(cases, classes, memory, len(cases) * each + len(classes) + len(memory))


def run_all(options: argparse.Namespace, console: Console) -> Run:
    """Measures everything asked for, with a progress bar that is only redrawn between cells."""
    plan = Plan.of(options)
    dtype = getattr(torch, options.dtype)
    compile = not options.no_compile
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
    deadline = time.perf_counter() + options.patience
    seconds = taken = 0.0
    with progress, contextlib.suppress(KeyboardInterrupt):  # then what there is gets shown
        task = progress.add_task("", total=plan.steps)

        def step(what: str, done: int = 1) -> None:
            progress.update(task, advance=done, description=f"{what:<44}", refresh=True)

        def log(what: str) -> None:
            if not console.is_terminal:  # a log has no bar
                print(what, flush=True)

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

        for index, case in enumerate(plan.cases, 1):
            for size in options.sizes:
                rounds = rounds_for(size, options.quick)
                step(f"{case.name} {size_name(size)}", 0)
                run.cells.append(
                    undisturbed(functools.partial(measure, case, size, dtype, rounds, compile))
                )
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
            log(f"{index} of {len(plan.cases)}: {case.name}")

        for index, (case, shape, kind) in enumerate(plan.classes, 1):
            what = f"{case.name} {size_name(shape)}" + " bfloat16" * (kind == torch.bfloat16)
            step(what, 0)
            rounds = class_rounds_for(elements(shape), options.quick)
            trim_heap()  # every cell starts with no memory left over from others
            useful = compile and case.is_compiled(shape)
            cell = functools.partial(
                measure, case.for_dtype(kind), shape, kind, rounds, compile=useful
            )
            run.classes.append(undisturbed(cell))
            step(what)
            log(f"{index} of {len(plan.classes)}: {what}")

        for side in plan.memory:
            step(f"peak memory of {side}", 0)
            run.memory[side] = measure_memory(side, options.threads)
            step(f"peak memory of {side}")
    return run


def main() -> int:
    """Runs, prints, keeps."""
    options = parse()
    console = Console(width=None if sys.stdout.isatty() else 150)
    results = ROOT / "benchmarks" / "results"
    if options.device == "cuda":
        return gpu.main(options, results, console)
    if options.show:
        run = Run.from_json(json.loads(options.show.read_text()))
        whole, name = False, options.show.stem
    else:
        warnings.filterwarnings("ignore")
        torch.set_num_threads(options.threads)
        check_peers()
        check_class_peers()
        began = time.perf_counter()
        run = run_all(options, console)
        run.meta["seconds"] = round(time.perf_counter() - began)
        whole = (
            not (options.quick or options.no_compile or options.no_bfloat16 or options.shapes)
            and options.dtype == "float32"
            and len(run.losses) == len(CASES)
            and tuple(run.sizes) == figures.SIZES
            and len(run.class_losses) == len(CLASS_CASES)
            and len(run.memory) == len(SIDES)
            and not spoilt(run)
        )
        name = options.name or ("cpu" if whole else "partial")

    if not (run.cells or run.classes):
        return 1
    show(run, console)
    if not options.show:
        results.mkdir(parents=True, exist_ok=True)
        path = results / f"{name}.json"
        path.write_text(json.dumps(to_json(run), indent=1) + "\n")
        console.print(f"figures: {path}")
    picture = options.chart or (
        ROOT / "docs" / "benchmark.png" if whole else results / f"{name}.png"
    )
    if run.cells:
        element_chart(run, picture)
        console.print(f"chart:   {picture}")
    if run.classes:
        picture = picture.with_stem(f"{picture.stem}-classes")
        class_chart(run, picture)
        console.print(f"chart:   {picture}")
    return 1 if options.strict and not all(check.kept for check in checks(run)) else 0


if __name__ == "__main__":
    sys.exit(main())
