"""Times every loss beside the code it replaces: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import functools
import json
import os
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")  # no compilers waiting beside the clock
os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler, which measures memory, talks
if os.environ.get("ATEN_CPU_CAPABILITY") == "avx2":
    os.environ.setdefault("MKL_ENABLE_INSTRUCTIONS", "AVX2")  # which some of torch's operators call

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

from . import cpu, figures, gpu, products, training
from .baselines import BY_NAME, CASES, check_baselines
from .case import LABELS, Case
from .charts import draw_chart
from .figures import Size, elements, size_name
from .measure import Cell, Company, measure
from .memory import SIDES, measure_memory
from .report import FAMILIES, checks, heading, show
from .run import COMPANY, Run, metadata

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20}
CHOICES = ("losses", "family", "sizes", "dtype", "quick", "no_compile", "no_bfloat16",
           "no_memory")  # fmt: skip
ALONE = {"product": products.MEASUREMENTS, "training": training.MEASUREMENTS}  # no case of CASES
Job = tuple[str, Callable[[], Any], Callable[[Any], None]]  # what it is, how to measure and keep it


def parse_size(text: str) -> Size:
    """64, 4K or 16M elements; or 4096x1000, 8x21x256x256: rows, classes, further dimensions."""
    shape = re.fullmatch(r"[1-9]\d*x([2-9]|[1-9]\d+)(x[1-9]\d*)*", text.lower())
    number = re.fullmatch(r"([1-9]\d*)([km]?)", text.lower())
    if shape:
        return tuple(map(int, text.lower().split("x")))
    size = int(number[1]) * UNITS[number[2]] if number else 0
    if size == 0 or size % LABELS:
        known = f"try 64, 4K or another multiple of {LABELS}, or a shape, as 4096x1000"
        raise argparse.ArgumentTypeError(f"{text!r} is no size; {known}")
    return size


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Times lossops, the eager baseline and torch.compile of it, interleaved in "
        "one process: forward, backward, both, and peak memory. ATEN_CPU_CAPABILITY=avx2 measures "
        "all of them with AVX2 where there is more. Partial runs are kept as partial*.json.",
    )
    add = parser.add_argument
    names = (*BY_NAME, *(name for family in ALONE.values() for name in family))
    add("--losses", nargs="+", choices=names, metavar="LOSS", default=names, help="default: all")
    add("--device", choices=("cpu", "cuda"), default="cpu", help="default: cpu")
    add("--family", choices=(*FAMILIES, *ALONE),
        help="only losses of elements, classes, sequences, sums, products; or around")  # fmt: skip
    add("--sizes", "--shapes", nargs="+", type=parse_size, metavar="N", action="extend",
        help="64, 4K: of element-wise losses (default: 64 to 16M; on a GPU 64K to 256M); 4096x10, "
        "8x21x256x256: over a class axis (default: each its own; see baselines.py)")  # fmt: skip
    add("--dtype", choices=("float32", "bfloat16", "float16", "float64"), default="float32",
        help="of the operands in the comparison with baselines")  # fmt: skip
    add("--quick", action="store_true", help="few rounds, for a first look; figures are rough")
    add("--no-compile", action="store_true", help="leave torch.compile out")
    add("--no-bfloat16", action="store_true", help="leave out everything in bfloat16")
    add("--no-memory", action="store_true", help="leave out peak memory in fresh processes")
    add("--threads", type=int, default=2, help="threads of torch (default: 2)")
    add("--name", help="results go to benchmarks/results/NAME.json (default: by instruction set)")
    add("--show", type=Path, metavar="JSON",
        help="measure nothing: print the tables and draw the charts of an earlier run")  # fmt: skip
    add("--resume", type=Path, metavar="JSON",
        help="measure only what that run has not, which may be of another commit")  # fmt: skip
    add("--patience", type=float, metavar="SECONDS", default=0.0,
        help="for so long, measure again whatever other processes disturbed")  # fmt: skip
    add("--strict", action="store_true", help="exit with 1 if a promise is broken")
    return parser


def cells(options: argparse.Namespace) -> Iterator[tuple[Case, Size, torch.dtype]]:
    """The cases, sizes and dtypes that the command line asks for."""
    on_gpu, dtype = options.device == "cuda", getattr(torch, options.dtype)
    low = dtype == torch.float32 and not options.no_bfloat16
    for case in CASES:
        if case.name not in options.losses or options.family not in (None, case.family):
            continue
        flat = case.family == "element"
        given = [size for size in options.sizes or () if isinstance(size, int) == flat]
        sizes = given or (gpu.sizes(case) if on_gpu else case.sizes)
        for kind in (dtype, torch.bfloat16)[: 1 + low]:
            for size in sizes:
                if case.takes(size) and (kind == dtype or on_gpu or size in case.bfloat16):
                    yield case, size, kind


def plan(options: argparse.Namespace, run: Run) -> list[Job]:
    device = gpu if options.device == "cuda" else cpu
    compile = not options.no_compile
    jobs: list[Job] = []

    def rounds(size: Size = 1) -> int:
        """Many where a round is short. Multiples of 6, the orders of three sides."""
        long = device is cpu and elements(size) >= 1 << 23
        return 6 if options.quick else 12 if long else 24

    def add(what: str, function: Callable[..., Cell], *arguments: object) -> None:
        jobs.append((what, functools.partial(function, *arguments), run.cells.append))

    for case, size, dtype in cells(options):
        what = f"{case.name} {size_name(size)} {str(dtype).removeprefix('torch.')}"
        add(what, measure, device, case, size, dtype, rounds(size), compile)
        if device is cpu and case.family == "element":
            if not options.no_bfloat16:
                add(f"{what} beside bfloat16", cpu.measure_bfloat16, case, size, rounds(size))
            if size == figures.BANDWIDTH_SIZE:
                add(f"{what} beside sum", cpu.measure_reading, case, size, dtype, 2 * rounds(size))
        if device is cpu and (case.name, size) == ("ctc", figures.SOFTMAX_SHAPE):
            add(f"{what} beside log_softmax", cpu.measure_softmax, case, size, dtype, rounds())
    for family, measurements in ALONE.items() if device is cpu else ():
        for name in measurements if options.family in (None, family) else ():
            if name in options.losses:
                add(name, measurements[name], rounds())
    asked = "cross_entropy" in options.losses and options.family in (None, "class")
    if device is cpu and asked and not options.no_memory:
        for side in SIDES if compile else SIDES[:2]:
            measurement = functools.partial(measure_memory, side, options.threads)
            keep = functools.partial(run.memory.__setitem__, side)
            jobs.append((f"peak memory of {side}", measurement, keep))
    return [job for job in jobs if job[0] not in run.done]


def run_all(options: argparse.Namespace, run: Run, console: Console) -> None:
    """Measures everything asked for, with a progress bar that is only redrawn between cells."""
    jobs = plan(options, run)
    deadline = time.perf_counter() + options.patience
    seconds = run.meta.get("seconds", 0.0)
    taken = seconds * run.meta.get("company", 0.0)

    def undisturbed(measurement: Callable[[], Any]) -> Any:  # noqa: ANN401
        """Measures again what others disturbed, while patience lasts."""
        nonlocal seconds, taken
        while True:
            company = Company()
            found = measurement()
            lasted, cores = time.perf_counter() - company.began, company.cores()
            if cores <= COMPANY or time.perf_counter() > deadline:
                seconds, taken = seconds + lasted, taken + lasted * cores
                run.meta["company"] = taken / seconds  # of what was kept
                return found

    columns = ("{task.description:<44}", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, auto_refresh=False) as progress:
        bar = progress.add_task("", total=len(jobs))
        for what, measurement, keep in jobs:
            progress.update(bar, description=what, refresh=True)
            try:
                keep(undisturbed(measurement))
                run.done.append(what)
            except Exception as error:  # takes no other cell with it
                run.failed.append(f"{what}: {error!r}")
            progress.update(bar, advance=1, refresh=True)
            if not console.is_terminal:  # a log has no bar
                print(what, flush=True)


def start(options: argparse.Namespace, console: Console) -> Run:
    """Checks what is compared, and says on what."""
    warnings.filterwarnings("ignore")
    torch.set_num_threads(options.threads)
    if options.device == "cuda" and not torch.cuda.is_available():
        raise ValueError("--device cuda needs a GPU that torch can use, and there is none")
    run = Run(metadata(options.threads, "quick" if options.quick else "full"))
    if options.resume:
        run.resume(Run.read(options.resume))
    if options.device == "cuda":
        run.meta |= {"gpu": torch.cuda.get_device_name(), "cuda": torch.version.cuda}
        run.meta["copy_bytes_per_second"] = gpu.copy_bandwidth()
    check_baselines()
    console.print(heading(run.meta), highlight=False)
    return run


def main() -> int:
    parser = make_parser()
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 160)
    if options.show:
        run = Run.read(options.show)
        name, folder = options.show.stem, RESULTS
    else:
        try:
            run = start(options, console)
        except ValueError as error:
            parser.exit(1, f"benchmarks: {error}\n")
        began = time.perf_counter()
        whole = all(getattr(options, choice) == parser.get_default(choice) for choice in CHOICES)
        try:
            run_all(options, run, console)
        except KeyboardInterrupt:  # then what there is gets shown
            whole = False
        run.meta["seconds"] = run.meta.get("seconds", 0) + round(time.perf_counter() - began)
        whole = whole and not (run.failed or run.spoilt)
        machine = run.meta.get("gpu") or f"cpu {run.meta['instructions']}"
        usual = re.sub(r"\W+", "-", machine.lower())
        name = options.name or (usual if whole else f"partial-{usual}")
        folder = ROOT / "docs" if whole else RESULTS
        if run.cells:
            path = RESULTS / f"{name}.json"
            data = asdict(run) | {"checks": [asdict(c) | {"kept": c.kept} for c in checks(run)]}
            path.write_text(json.dumps(data, indent=1) + "\n")
            console.print(f"figures: {path}")

    show(run, console)
    for family in FAMILIES:
        if run.of(family):
            picture = folder / f"{name}-{family}.png"
            draw_chart(run, family, picture)
            console.print(f"chart: {picture}")
    kept = all(check.kept for check in checks(run))
    return int(bool(run.failed) or not run.cells or (options.strict and not kept))


if __name__ == "__main__":
    sys.exit(main())
