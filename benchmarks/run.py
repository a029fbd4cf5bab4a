"""All that one run of the benchmark measured, and its way to JSON and back."""

from __future__ import annotations

import datetime
import json
import os
import platform
import re
import statistics
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

import lossops

from .figures import KIND
from .measure import Cell, Comparison, Timing
from .memory import Memory

COMPANY = 0.05  # cores that others may keep busy before a run is called spoilt


@dataclass
class Run:
    meta: dict[str, Any]
    cells: list[Cell] = field(default_factory=list)
    memory: dict[str, Memory] = field(default_factory=dict)  # of cross_entropy, side by side
    failed: list[str] = field(default_factory=list)  # what could not be measured, and why
    done: list[str] = field(default_factory=list)  # what has been measured

    @classmethod
    def read(cls, path: Path) -> Run:
        """From a file that `asdict` filled."""
        data = json.loads(path.read_text())
        memory = {side: Memory(**value) for side, value in data["memory"].items()}
        cells = [_cell(value) for value in data["cells"]]
        return cls(data["meta"], cells, memory, done=data.get("done", []))

    def resume(self, earlier: Run) -> None:
        """Takes over what an earlier run measured of the same, in the same way."""
        for key in ("torch", "cpu", "instructions", "threads", "rounds"):
            if earlier.meta[key] != self.meta[key]:
                raise ValueError(f"--resume: {key} was {earlier.meta[key]}, is {self.meta[key]}")
        commits = [*earlier.meta["commit"].split(", "), self.meta["commit"]]
        self.meta = earlier.meta | {"commit": ", ".join(dict.fromkeys(commits))}
        self.cells, self.memory, self.done = earlier.cells, earlier.memory, earlier.done

    def of(self, family: str) -> list[Cell]:
        return [cell for cell in self.cells if cell.family == family]

    @property
    def spoilt(self) -> bool:
        """Whether other processes kept the processor too busy for the figures to mean much."""
        return (self.meta.get("company") or 0.0) > COMPANY


def _cell(value: dict[str, Any]) -> Cell:
    def timings(sides: dict[str, dict[str, float]]) -> dict[str, Timing]:
        return {side: Timing(**timing) for side, timing in sides.items()}

    size, kinds = value["size"], value["kinds"].items()
    kinds = {kind: Comparison(timings(v["times"]), timings(v["ratios"])) for kind, v in kinds}
    return Cell(**value | {"size": size if isinstance(size, int) else tuple(size), "kinds": kinds})


def baselines(cells: Iterable[Cell]) -> list[str]:
    """The sides beside ours, in the order in which they came up."""
    return list(dict.fromkeys(p for c in cells for kind in c.kinds.values() for p in kind.ratios))


def mean_ratio(cells: Iterable[Cell], baseline: str, kind: str = KIND) -> float | None:
    """The geometric mean of the ratios against a baseline, where there are any."""
    found = [cell.kinds[kind].ratios[baseline].median for cell in cells
             if kind in cell.kinds and baseline in cell.kinds[kind].ratios]  # fmt: skip
    return statistics.geometric_mean(found) if found else None


def instruction_sets() -> tuple[str, str]:
    """Of torch's eager code and of lossops, which takes the best it has up to that one.

    Raises:
        ValueError: They differ, or the processor has no such instructions.
    """
    order = ("DEFAULT", "AVX2", "AVX512")
    torchs = torch.backends.cpu.get_cpu_capability()
    wanted = os.environ.get("ATEN_CPU_CAPABILITY", torchs).upper()
    supported = {"AVX2": torch.cpu._is_avx2_supported(), "AVX512": torch.cpu._is_avx512_supported()}
    if wanted not in (torchs, *order) or not supported.get(wanted, True):
        raise ValueError(f"{wanted.lower()} is no instruction set of this processor")
    built = lossops.build_info.isas
    place = order.index(torchs) if torchs in order else 0
    ours = max(
        (isa for isa in built if order.index(isa) <= place), default=built[0], key=order.index
    )
    if "ATEN_CPU_CAPABILITY" in os.environ and ours != torchs:
        raise ValueError(
            f"lossops was built for {', '.join(built)} without {torchs}: see LOSSOPS_ISAS"
        )
    return torchs, ours


def metadata(threads: int, rounds: str) -> dict[str, Any]:
    """Where, when and with what the run was made."""

    describe = ["git", "describe", "--always", "--dirty", "--exclude=*", "--abbrev=12"]
    commit = subprocess.run(describe, cwd=Path(__file__).parent, capture_output=True, text=True)
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    torchs, ours = instruction_sets()
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip() or "none",
        "lossops": lossops.__version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "cpu": cpu[1] if cpu else platform.machine(),
        "instructions": torchs,
        "lossops_instructions": ours,
        "cores": os.cpu_count(),
        "threads": threads,
        "rounds": rounds,
    }
