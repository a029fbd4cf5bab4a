"""What the benchmark leans on, without a clock and without a GPU."""

import argparse
import io
import json
import math
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from rich.console import Console
from torch import Tensor

from benchmarks import figures, floor, gpu, products
from benchmarks.__main__ import cells, make_parser, run_all
from benchmarks.baselines import BY_NAME
from benchmarks.measure import Cell, Comparison, Timing, disagreement
from benchmarks.report import checks, show
from benchmarks.run import Run

ROOT = Path(__file__).resolve().parent.parent
RESULTS = sorted((ROOT / "benchmarks/results").glob("[!p]*.json"))
AIMS = (*figures.AIMS, *figures.AVX2_AIMS)


def square(x: Tensor) -> Tensor:
    return (x * x).sum()


def without_value(x: Tensor) -> Tensor:
    return square(x) * math.nan


def without_gradient(x: Tensor) -> Tensor:
    """At 0 the root has no derivative: 0 times infinity."""
    return square(x) + 0 * x.sqrt().sum()


def test_a_difference_that_is_nan_does_not_pass() -> None:
    """Of the value, or of a gradient alone; the largest of the others was kept."""
    x = torch.tensor([1.0, 0.0], requires_grad=True)
    assert disagreement(square, square, [x]) == 0
    for other in (without_value, without_gradient):
        assert math.isnan(disagreement(square, other, [x]))
        assert math.isnan(disagreement(other, square, [x]))


def options(*line: str) -> argparse.Namespace:
    return make_parser().parse_args(line)


def test_every_cell_of_a_gpu_has_a_baseline() -> None:
    """Logits of bfloat16 with weights of float32, as users have them: torch takes float32 ones."""
    line = "--device cuda --dtype bfloat16 --family class --shapes 32x10".split()
    chosen = list(cells(options(*line)))
    assert {case.name for case, _, _ in chosen} == {n for n in BY_NAME if BY_NAME[n].takes((4, 10))}
    for case, size, dtype in chosen:
        operands = case.operands(size, dtype)
        for baseline in (case.eager(dtype), case.source(dtype)):
            assert baseline(*operands).isfinite(), case.name


def test_compiled_where_that_is_of_use() -> None:
    assert BY_NAME["multilabel_margin"].is_compiled((4096, 10))
    assert not BY_NAME["multilabel_margin"].is_compiled((8192, 1000))
    assert BY_NAME["cross_entropy"].is_compiled((8192, 128256))


@pytest.mark.parametrize("aim", AIMS, ids=lambda aim: f"{aim.loss}-{aim.size}-{aim.dtype}")
def test_every_aim_is_measured(aim: figures.Aim) -> None:
    """At its size, and in its dtype, by a run of all."""
    chosen = {(case.name, size, str(dtype)) for case, size, dtype in cells(options())}
    assert (aim.loss, aim.size, f"torch.{aim.dtype}") in chosen


def test_aims_follow_the_instruction_set() -> None:
    """Each is held against the kind that it is about."""
    ratios = {"forward": 0.9, figures.KIND: 2.0}
    kinds = {kind: Comparison({}, {"eager": Timing(r, r, r)}) for kind, r in ratios.items()}
    cell = Cell("class", "nll", (4096, 10), "float32", kinds)
    what = "nll against eager, 4096x10"
    for instructions, expected in (("AVX2", [0.9]), ("AVX512", [])):
        found = checks(Run({"instructions": instructions}, [cell]))
        assert [check.measured for check in found if check.what == what] == expected
        mean = next(check for check in found if "geometric mean against eager" in check.what)
        assert math.isclose(mean.measured, 2.0) and mean.promised == 5.0


def test_products_are_held_against_their_aims(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "CLIP_SHAPE", (64, 16))
    run = Run({"instructions": "AVX2"})
    run.cells += [products.measure_linear((32, 16, 500), 8), products.measure_clip(8)]
    promised = [check.promised for check in checks(run)]
    aims = [aim for aims in figures.PRODUCT_AIMS.values() for aim in aims.values()]
    assert sorted(promised) == sorted([*aims, *2 * [figures.PRODUCT_MEMORY / 1e6]])


def test_forward_steps_need_no_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A baseline that sees a leaf may take its gradient on the way, under no_grad too."""
    monkeypatch.setattr(gpu, "seconds", lambda step, n: [step(i) for i in range(n)])
    seen = []
    block = gpu.forward_block(
        lambda x: seen.append(x.requires_grad) or x, [[torch.ones(2, requires_grad=True)]]
    )
    block(1)
    assert seen == [False]


def test_a_cell_that_fails_takes_no_other_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(_: Any, case: Any, *__: Any) -> Any:
        if case.name == "nll":
            raise RuntimeError("out of memory")
        return SimpleNamespace(loss=case.name)

    monkeypatch.setattr("benchmarks.__main__.measure", measure)
    run = Run({})
    line = "--device cuda --no-bfloat16 --shapes 32x10 --losses cross_entropy nll jsd"
    run_all(options(*line.split()), run, Console(quiet=True))
    assert [cell.loss for cell in run.cells] == ["cross_entropy", "jsd"]
    assert len(run.failed) == 1 and "nll" in run.failed[0] and "out of memory" in run.failed[0]


def test_a_run_is_resumed_where_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    found = lambda _, case, *__: SimpleNamespace(loss=case.name)  # noqa: E731
    monkeypatch.setattr("benchmarks.__main__.measure", found)
    meta = {key: "a" for key in ("commit", "torch", "cpu", "instructions", "threads", "rounds")}
    line = "--device cuda --no-bfloat16 --shapes 32x10 --losses".split()
    earlier, run = Run(dict(meta)), Run(meta | {"commit": "b"})
    run_all(options(*line, "nll"), earlier, Console(quiet=True))
    run.resume(earlier)
    run_all(options(*line, "cross_entropy", "nll", "jsd"), run, Console(quiet=True))
    assert [cell.loss for cell in run.cells] == ["nll", "cross_entropy", "jsd"]
    assert run.meta["commit"] == "a, b"
    with pytest.raises(ValueError, match="cpu was a, is b"):
        Run(meta | {"cpu": "b"}).resume(earlier)


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_results_are_read_and_shown(path: Path) -> None:
    """What is kept is what was measured, and every loss of it is printed."""
    run, kept = Run.read(path), json.loads(path.read_text())
    assert json.loads(json.dumps(asdict(run))) == {key: kept[key] for key in asdict(run)}
    console = Console(width=160, file=io.StringIO())
    show(run, console)
    text = console.file.getvalue()
    assert run.cells and "…" not in text
    assert all(cell.loss in text for cell in run.cells)


def test_an_unknown_instruction_set_is_named() -> None:
    """In one sentence, after torch's own warning."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--losses", "huber"],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "ATEN_CPU_CAPABILITY": "mmx"},
    )  # fmt: skip
    assert done.returncode == 1
    said = [line for line in done.stderr.splitlines() if "DispatchStub" not in line]
    assert said == ["benchmarks: mmx is no instruction set of this processor"]


def test_a_run_on_a_gpu_is_shown() -> None:
    """Beside a copy, with whatever compilers there were; promises are of the CPU."""
    times = {side: Timing(1e-3, 1e-3, 1e-3) for side in ("lossops", "eager", "liger")}
    ratios = {side: Timing(2.0, 2.0, 2.0) for side in ("eager", "liger")}
    kinds = {kind: Comparison(times, ratios) for kind in ("forward", figures.KIND)}
    cell = Cell(
        "class", "cross_entropy", (32, 10), "float32", kinds, least_bytes={"forward": 10**9}
    )
    meta = Run.read(RESULTS[0]).meta | {"gpu": "H100", "copy_bytes_per_second": 2e12}
    run, console = Run(meta, [cell]), Console(width=160, file=io.StringIO())
    show(run, console)
    text = console.file.getvalue()
    assert "50% of a copy" in text and "liger 2.00" in text and "H100" in text
    assert not checks(run)


@pytest.mark.slow  # compiles an operator that does nothing
def test_floor(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The table of a small call runs from the empty module to torch's own loss."""
    monkeypatch.setattr(floor, "ROUNDS", 2)
    monkeypatch.setattr(floor, "CALLS", 2)
    floor.main()
    lines = [line for line in capsys.readouterr().out.splitlines() if "ward" in line]
    assert len(lines) == 14
    assert all(float(line.split("│")[2]) > 0 for line in lines)
