"""All that one run of the benchmark measured, and its way to JSON and back."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from . import figures
from .class_peers import CLASS_CASES
from .figures import Shape
from .measure import Cell, Comparison, Reading, Timing
from .memory import Memory
from .peers import CASES, geometric_mean

COMPANY = 0.05  # cores that others may keep busy before a run is called spoilt
PEERS = {"eager": "eager", "compile": "torch.compile"}


@dataclass
class Run:
    """All that one run measured."""

    meta: dict[str, Any]
    cells: list[Cell] = field(default_factory=list)  # of the element-wise losses
    classes: list[Cell] = field(default_factory=list)  # of the class-axis losses
    memory: dict[str, Memory] = field(default_factory=dict)  # of cross_entropy, side by side
    bfloat16: dict[str, dict[int, Comparison]] = field(default_factory=dict)
    reading: dict[str, Reading] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Run:
        """From what `report.to_json` made."""

        def comparison(value: dict[str, Any]) -> Comparison:
            return Comparison(
                *(
                    {side: Timing(**t) for side, t in value[key].items()}
                    for key in ("times", "ratios")
                )
            )

        def cell(value: dict[str, Any]) -> Cell:
            size = value["size"] if isinstance(value["size"], int) else tuple(value["size"])
            kinds = {kind: comparison(v) for kind, v in value["kinds"].items()}
            return Cell(**(value | {"size": size, "kinds": kinds}))

        return cls(
            meta=data["meta"],
            cells=[cell(value) for value in data["cells"]],
            classes=[cell(value) for value in data.get("classes", ())],
            memory={side: Memory(**value) for side, value in data.get("memory", {}).items()},
            bfloat16={
                loss: {int(size): comparison(v) for size, v in sizes.items()}
                for loss, sizes in data["bfloat16"].items()
            },
            reading={
                loss: Reading(v["bytes"], comparison(v["times"]))
                for loss, v in data["reading"].items()
            },
        )

    @property
    def losses(self) -> list[str]:
        """The element-wise losses measured, in the order of the table of cases."""
        present = {cell.loss for cell in self.cells}
        return [case.name for case in CASES if case.name in present]

    @property
    def class_losses(self) -> list[str]:
        """The class-axis losses measured, in the order of their table of cases."""
        present = {cell.loss for cell in self.classes}
        return [case.name for case in CLASS_CASES if case.name in present]

    @property
    def sizes(self) -> list[int]:
        """The sizes at which element-wise losses were measured."""
        return sorted({cell.size for cell in self.cells if isinstance(cell.size, int)})

    @property
    def peers(self) -> list[str]:
        """The peers measured."""
        every = (*self.cells, *self.classes)
        return [peer for peer in PEERS if any(peer in cell.peak for cell in every)]

    def cell(self, loss: str, size: int | Shape, dtype: str | None = None) -> Cell | None:
        """The cell of one loss, size and, if it matters, dtype."""
        for cell in (*self.cells, *self.classes):
            if (cell.loss, cell.size) == (loss, size) and dtype in (None, cell.dtype):
                return cell
        return None

    def ratio(
        self,
        loss: str,
        size: int | Shape,
        peer: str,
        kind: str = figures.KIND,
        dtype: str | None = None,
    ) -> Timing | None:
        """Peer's time over ours."""
        cell = self.cell(loss, size, dtype)
        return cell.kinds[kind].ratios.get(peer) if cell else None

    def mean_ratio(
        self, peer: str, losses: Iterable[str], sizes: Iterable[int], kind: str = figures.KIND
    ) -> float:
        """Geometric mean of the ratios over these losses and sizes."""
        sizes = list(sizes)
        found = [self.ratio(loss, size, peer, kind) for loss in losses for size in sizes]
        return geometric_mean([ratio.median for ratio in found if ratio])


def metadata(threads: int, rounds: str) -> dict[str, Any]:
    """Where, when and with what the run was made."""
    import lossops

    def git(*arguments: str) -> str:
        root = Path(__file__).parent
        done = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, text=True, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    commit = git("rev-parse", "--short=12", "HEAD") or "none"
    if git("status", "--porcelain", "--untracked-files=no"):
        commit += " (modified)"
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0].split(":", 1)[1].strip() if names else cpu
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": commit,
        "lossops": str(getattr(lossops, "__version__", "unknown")),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "cpu": cpu,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
        "threads": threads,
        "rounds": rounds,
    }


def spoilt(run: Run) -> bool:
    """Whether other processes kept the processor too busy for the figures to mean much."""
    return (run.meta.get("company") or 0.0) > COMPANY
