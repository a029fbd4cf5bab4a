"""What the benchmark shows: tables, the promises held against the run, a chart, and JSON."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from rich.text import Text

from . import figures
from .figures import Check
from .measure import Cell, Comparison, Reading, Timing
from .peers import CASES, geometric_mean

COMPANY = 0.05  # cores that others may keep busy before a run is called spoilt
PEERS = {"eager": "eager", "compile": "torch.compile"}


@dataclass
class Run:
    """All that one run measured."""

    meta: dict[str, Any]
    cells: list[Cell] = field(default_factory=list)
    bfloat16: dict[str, dict[int, Comparison]] = field(default_factory=dict)
    reading: dict[str, Reading] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain data, the promises included."""
        return asdict(self) | {
            "checks": [asdict(check) | {"kept": check.kept} for check in checks(self)]
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Run:
        """The inverse of `to_json`."""

        def comparison(value: dict[str, Any]) -> Comparison:
            return Comparison(
                *(
                    {side: Timing(**t) for side, t in value[key].items()}
                    for key in ("times", "ratios")
                )
            )

        return cls(
            meta=data["meta"],
            cells=[
                Cell(**(cell | {"kinds": {k: comparison(v) for k, v in cell["kinds"].items()}}))
                for cell in data["cells"]
            ],
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
        """The losses measured, in the order of the table of cases."""
        present = {cell.loss for cell in self.cells}
        return [case.name for case in CASES if case.name in present]

    @property
    def sizes(self) -> list[int]:
        """The sizes measured."""
        return sorted({cell.size for cell in self.cells})

    @property
    def peers(self) -> list[str]:
        """The peers measured."""
        return [peer for peer in PEERS if any(peer in c.peak for c in self.cells)]

    def cell(self, loss: str, size: int) -> Cell | None:
        """The cell of one loss and size."""
        return next((c for c in self.cells if (c.loss, c.size) == (loss, size)), None)

    def ratio(self, loss: str, size: int, peer: str, kind: str = figures.KIND) -> Timing | None:
        """Peer's time over ours."""
        cell = self.cell(loss, size)
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


def checks(run: Run) -> list[Check]:
    """Every promise that this run can speak to, held against it."""
    found: list[Check] = []
    single = all(cell.dtype == "float32" for cell in run.cells)
    if single:
        for promise in figures.PROMISES:
            for size, least in zip(figures.SIZES, promise.least, strict=True):
                ratio = run.ratio(promise.loss, size, promise.peer)
                if ratio:
                    what = f"{promise.loss} against {PEERS[promise.peer]}, {size_name(size)}"
                    found.append(Check(what, least, ratio.median))
        for peer in run.peers:
            ratios = {
                (cell.loss, cell.size): cell.kinds[figures.KIND].ratios[peer].median
                for cell in run.cells
            }
            loss, size = min(ratios, key=lambda key: ratios[key])
            below = sum(ratio < figures.FLOOR for ratio in ratios.values())
            note = f"{loss}, {size_name(size)}; {below} of {len(ratios)} below"
            found.append(
                Check(f"least ratio against {PEERS[peer]}", figures.FLOOR, ratios[loss, size], note)
            )
        for peer in run.peers:
            mean = run.mean_ratio(peer, run.losses, run.sizes)
            note = "" if len(run.losses) == len(CASES) else "of the losses chosen"
            least = figures.GEOMETRIC_MEAN[peer]
            found.append(Check(f"geometric mean against {PEERS[peer]}", least, mean, note))
    if run.reading:
        loss = min(run.reading, key=lambda name: run.reading[name].share.median)
        below = sum(r.share.median < figures.BANDWIDTH_SHARE for r in run.reading.values())
        found.append(
            Check(
                f"least share of torch.sum's rate, forward, {size_name(figures.BANDWIDTH_SIZE)}",
                figures.BANDWIDTH_SHARE,
                run.reading[loss].share.median,
                f"{loss}; {below} of {len(run.reading)} below",
            )
        )
    if run.bfloat16:
        upper = {
            (k, n): c.ratios["float32"].high
            for k, sizes in run.bfloat16.items()
            for n, c in sizes.items()
        }
        loss, size = min(upper, key=lambda key: upper[key])
        below = sum(value < figures.BFLOAT16 for value in upper.values())
        found.append(
            Check(
                "least ratio of float32 time to bfloat16 time (upper quartile)",
                figures.BFLOAT16,
                upper[loss, size],
                f"{loss}, {size_name(size)}; {below} of {len(upper)} below",
            )
        )
    return found


def size_name(size: int) -> str:
    """64, 4K, 1M."""
    for unit, name in ((1 << 20, "M"), (1 << 10, "K")):
        if size >= unit and size % unit == 0:
            return f"{size // unit}{name}"
    return str(size)


def seconds_text(seconds: float) -> str:
    """Three digits and a unit."""
    for unit, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= unit:
            value = seconds / unit
            return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f} {name}"
    return f"{seconds * 1e9:.0f} ns"


def ratio_text(ratio: float, least: float | None = None) -> Text:
    """A ratio; red below 1, yellow below what was promised."""
    style = "bold red" if ratio < 1 else "yellow" if least is not None and ratio < least else ""
    return Text(f"{ratio:.2f}" if ratio < 10 else f"{ratio:.1f}", style=style)


def ratio_table(run: Run, kind: str) -> Table:
    """Ratios of one kind: losses down, peers and sizes across, geometric means under each group."""
    promised = kind == figures.KIND
    table = Table(title=f"{kind}: time of the peer / time of lossops", title_justify="left")
    table.add_column("loss", no_wrap=True)
    table.add_column("eager peer", no_wrap=True, style="dim", overflow="ellipsis", max_width=22)
    for peer in run.peers:
        for size in run.sizes:
            table.add_column(
                f"{PEERS[peer].removeprefix('torch.')}\n{size_name(size)}",
                justify="right",
                no_wrap=True,
            )
    groups = dict.fromkeys(case.group for case in CASES)
    for group in groups:
        cases = [case for case in CASES if case.group == group and case.name in run.losses]
        for case in cases:
            row: list[str | Text] = [case.name, case.peer_name]
            for peer in run.peers:
                for size in run.sizes:
                    ratio = run.ratio(case.name, size, peer, kind)
                    least = figures.least_of(case.name, peer, size) if promised else None
                    row.append(ratio_text(ratio.median, least) if ratio else "")
            table.add_row(*row)
        if len(cases) > 1:
            means = [
                run.mean_ratio(p, [c.name for c in cases], [n], kind)
                for p in run.peers
                for n in run.sizes
            ]
            table.add_row(
                f"{group}", "geometric mean", *map(ratio_text, means), style="italic cyan"
            )
        if cases:
            table.add_section()
    means = [run.mean_ratio(peer, run.losses, [n], kind) for peer in run.peers for n in run.sizes]
    table.add_row("all", "geometric mean", *map(ratio_text, means), style="bold")
    return table


def time_table(run: Run) -> Table:
    """Our own times, with their spread."""
    table = Table(
        title="lossops: median time of a step, and half its interquartile range",
        title_justify="left",
    )
    table.add_column("loss", no_wrap=True)
    table.add_column("", no_wrap=True)
    for size in run.sizes:
        table.add_column(size_name(size), justify="right", no_wrap=True)
    for loss in run.losses:
        for kind in ("forward", figures.KIND):
            row = [loss if kind == "forward" else "", kind]
            for size in run.sizes:
                cell = run.cell(loss, size)
                if cell is None:
                    row.append("")
                    continue
                time = cell.kinds[kind].times["lossops"]
                spread = (time.high - time.low) / 2 / time.median
                row.append(f"{seconds_text(time.median)} ±{spread:.0%}")
            table.add_row(*row)
    return table


def memory_table(run: Run) -> Table:
    """Peak memory at the largest size."""
    size = run.sizes[-1]
    table = Table(
        title=f"peak memory of forward+backward at {size_name(size)} beside one operand's",
        title_justify="left",
    )
    table.add_column("loss", no_wrap=True)
    for side in ("lossops", *run.peers):
        table.add_column(PEERS.get(side, side), justify="right")
    for loss in run.losses:
        cell = run.cell(loss, size)
        if cell:
            ours = cell.peak["lossops"]
            row: list[str | Text] = [loss]
            for side in ("lossops", *run.peers):
                style = "bold red" if cell.peak[side] < 0.99 * ours else ""
                row.append(Text(f"{cell.peak[side] / cell.input_bytes:.2f}", style=style))
            table.add_row(*row)
    return table


def reading_table(run: Run) -> Table:
    """The forward mean beside torch.sum on the same memory."""
    rate = geometric_mean([reading.rate for reading in run.reading.values()])
    table = Table(
        title=f"forward mean at {size_name(figures.BANDWIDTH_SIZE)} beside torch.sum, "
        f"which reads {rate / 1e9:.1f} GB/s here",
        title_justify="left",
    )
    for heading in ("loss", "bytes read", "time", "GB/s", "share of torch.sum's rate"):
        table.add_column(heading, justify="left" if heading == "loss" else "right")
    for loss, reading in run.reading.items():
        time = reading.times.times["lossops"].median
        share = reading.share
        table.add_row(
            loss,
            f"{reading.bytes >> 20} MiB",
            seconds_text(time),
            f"{reading.bytes / time / 1e9:.1f}",
            Text(
                f"{share.median:.0%}  ({share.low:.0%} to {share.high:.0%})",
                style="" if share.median >= figures.BANDWIDTH_SHARE else "bold red",
            ),
        )
    return table


def bfloat16_table(run: Run) -> Table:
    """Our bfloat16 beside our float32."""
    sizes = sorted({size for row in run.bfloat16.values() for size in row})
    table = Table(
        title="forward+backward of lossops: float32 time / bfloat16 time", title_justify="left"
    )
    table.add_column("loss", no_wrap=True)
    for size in sizes:
        table.add_column(size_name(size), justify="right")
    for loss, row in run.bfloat16.items():
        table.add_row(
            loss, *(ratio_text(row[n].ratios["float32"].median) if n in row else "" for n in sizes)
        )
    return table


def check_table(found: Sequence[Check]) -> Table:
    """The promises, kept and broken."""
    table = Table(title="promised and measured", title_justify="left")
    table.add_column("what")
    table.add_column("at least", justify="right")
    table.add_column("measured", justify="right")
    table.add_column("")
    table.add_column("", style="dim")
    for check in found:
        verdict = Text("kept", style="green") if check.kept else Text("broken", style="bold red")
        table.add_row(
            check.what, f"{check.promised:g}", f"{check.measured:.2f}", verdict, check.note
        )
    return table


def show(run: Run, console: Console) -> None:
    """Prints every table."""
    for kind in ("forward", "backward", figures.KIND):
        console.print(ratio_table(run, kind))
        if kind == "backward":
            console.print(
                "lossops computes its gradients in the forward pass of training, so its backward "
                "has little left to do: judge by forward+backward. forward is under no_grad.\n",
                style="dim",
            )
    console.print(time_table(run), memory_table(run))
    if run.reading:
        console.print(reading_table(run))
    if run.bfloat16:
        console.print(bfloat16_table(run))
    found = checks(run)
    if found:
        console.print(check_table(found))
    meta = run.meta
    console.print(
        f"{meta['cpu']}, {meta['instructions']}, {meta['threads']} threads, {meta['cores']} cores; "
        f"torch {meta['torch']}; lossops {meta['lossops']}, commit {meta['commit']}; {meta['date']}"
    )
    if spoilt(run):
        console.print(
            f"other processes kept {meta['company']:.2f} cores busy meanwhile: "
            "the figures above say little; run it again on a quiet machine",
            style="bold red",
        )
    broken = [check for check in found if not check.kept]
    if found:
        text = f"{len(found) - len(broken)} of {len(found)} promises kept"
        console.print(text, style="bold red" if broken else "bold green")


def chart(run: Run, path: Path) -> None:
    """Ratios of forward+backward for every loss and size: a panel for each peer, a log axis."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    losses, sizes, peers = run.losses, run.sizes, run.peers
    every = [r.median for c in run.cells for r in c.kinds[figures.KIND].ratios.values()]
    low, high = min(0.8, min(every) * 0.85), max(2.0, max(every) * 1.2)
    ticks = [t for t in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200) if low <= t <= high]
    shades = plt.get_cmap("viridis_r")
    colours = [shades(0.12 + 0.85 * i / max(1, len(sizes) - 1)) for i in range(len(sizes))]
    plt.rcParams.update({"font.family": "DejaVu Sans", "font.size": 10})
    figure, axes = plt.subplots(
        1,
        len(peers),
        figsize=(5.4 * len(peers) + 1.2, 0.31 * (len(losses) + 1) + 1.9),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    rows = range(len(losses))
    for axis, peer in zip(axes[0], peers, strict=True):
        axis.axvspan(low, 1, color="#c0392b", alpha=0.07, lw=0, zorder=0)
        axis.axvline(1, color="#c0392b", lw=1.4, zorder=1)
        for row, loss in enumerate(losses):
            found = [run.ratio(loss, size, peer) for size in sizes]
            present = [(r.median, i) for i, r in enumerate(found) if r]
            values = [value for value, _ in present]
            axis.plot([min(values), max(values)], [row, row], color="#d0d0d0", lw=2.2, zorder=2)
            for value, index in present:
                axis.plot(
                    value, row, "o", ms=6.5, color=colours[index], mec="white", mew=0.7, zorder=3
                )
        overall = run.mean_ratio(peer, losses, sizes)
        axis.set_title(
            f"against {'the eager peer' if peer == 'eager' else 'torch.compile of the peer'}\n"
            f"geometric mean {overall:.1f}x",
            fontsize=11,
        )
        axis.set_xscale("log")
        axis.set_xlim(low, high)
        axis.xaxis.set_major_locator(FixedLocator(ticks))
        axis.xaxis.set_minor_locator(NullLocator())
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}x"))
        axis.grid(axis="x", color="#e8e8e8", lw=0.8, zorder=0)
        axis.set_axisbelow(True)
        axis.set_xlabel("time of the peer / time of lossops")
        for side in ("top", "right", "left"):
            axis.spines[side].set_visible(False)
        axis.tick_params(axis="y", length=0)
    axes[0][0].set_yticks(list(rows), losses)
    axes[0][0].set_ylim(len(losses) - 0.4, -0.6)
    marks = [
        Line2D(
            [],
            [],
            marker="o",
            ls="",
            ms=7,
            color=colour,
            mec="white",
            label=f"{size_name(size)} elements",
        )
        for size, colour in zip(sizes, colours, strict=True)
    ]
    meta = run.meta
    legend = figure.legend(
        handles=marks,
        title=f"{meta['cpu']} ({meta['instructions']}), {meta['threads']} threads, "
        f"torch {meta['torch']}, {meta['date'][:10]}; right of the red line lossops is faster",
        title_fontsize=8.5,
        ncols=len(sizes),
        loc="outside lower center",
        frameon=False,
        handletextpad=0.1,
        columnspacing=1.6,
    )
    legend.get_title().set_color("#606060")
    figure.suptitle(
        f"lossops: forward + backward on CPU, {run.cells[0].dtype}, mean",
        fontsize=13,
        fontweight="bold",
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130, bbox_inches="tight")
    plt.close(figure)
