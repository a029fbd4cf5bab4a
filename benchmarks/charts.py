"""The pictures: ratios of forward+backward, a row for each loss and a panel for each baseline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from . import figures
from .figures import BASELINES, KIND, elements, size_name
from .measure import Cell
from .run import Run, baselines, mean_ratio

RED = "#c0392b"
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)


def rows_of(cells: list[Cell]) -> dict[str, list[Cell]]:
    """The cells by the label of their row; cross_entropy has too many for one."""
    rows: dict[str, list[Cell]] = {}
    for cell in cells:
        apart = cell.loss == "cross_entropy" and cell.dtype != cells[0].dtype
        label = f"{cell.loss}, {cell.dtype}" if apart else cell.loss
        if cell.loss == "cross_entropy_all":
            label = "cross_entropy with weight,\nsmoothing, ignore_index"
        rows.setdefault(label, []).append(cell)
    return rows


def draw_chart(run: Run, family: str, path: Path) -> None:
    """The losses of a family, coloured by size; what is not in the first dtype is hollow."""
    cells = run.of(family)
    rows, sides, first = rows_of(cells), baselines(cells), cells[0].dtype
    sizes = sorted({cell.size for cell in cells}, key=elements)
    shades = matplotlib.colormaps["viridis_r"]
    colours = {size: shades(0.12 + 0.85 * i / max(1, len(sizes) - 1))
               for i, size in enumerate(sizes)}  # fmt: skip
    shape = (5.4 * len(sides) + 1.2, 0.31 * (len(rows) + 1) + 2.2)
    figure = Figure(figsize=shape, layout="constrained")
    axes = figure.subplots(1, len(sides), sharex=True, sharey=True, squeeze=False)[0]
    for axis, baseline in zip(axes, sides, strict=True):
        axis.set_xscale("log")
        for place, members in enumerate(rows.values()):
            found = [(cell, cell.kinds[KIND].ratios[baseline].median) for cell in members
                     if baseline in cell.kinds[KIND].ratios]  # fmt: skip
            values = [value for _, value in found]
            axis.plot(values, [place] * len(values), color="#d0d0d0", lw=2.2, zorder=2)
            for cell, value in found:
                colour = colours[cell.size]
                style: dict[str, Any] = {"mfc": colour, "mec": "white", "mew": 0.7}
                if cell.dtype != first:
                    style = {"mfc": "white", "mec": colour, "mew": 1.8}
                axis.plot(value, place, "o", ms=6.5, zorder=3, **style)
        known = {"eager": "the eager baseline", "compile": "torch.compile of the baseline"}
        mean = mean_ratio(cells, baseline)
        title = f"against {known.get(baseline, baseline)}\ngeometric mean {mean:.1f}x"
        axis.set_title(title, fontsize=11)
        axis.set_xlabel("time of the baseline / time of lossops")
        axis.grid(axis="x", color="#e8e8e8", lw=0.8)
        axis.set_axisbelow(True)
        axis.spines[["top", "right", "left"]].set_visible(False)
        axis.tick_params(axis="y", length=0)
    low, high = axes[0].get_xlim()
    low, high = min(0.8, low), max(2.0, high)
    for axis in axes:
        axis.axvspan(low, 1, color=RED, alpha=0.07, lw=0, zorder=0)
        axis.axvline(1, color=RED, lw=1.4, zorder=1)
    ticks = [tick for tick in TICKS if low <= tick <= high]
    axes[0].set_xticks(ticks, [f"{tick:g}x" for tick in ticks])
    axes[0].set_xticks([], minor=True)
    axes[0].set_xlim(low, high)
    axes[0].set_yticks(range(len(rows)), rows)
    axes[0].set_ylim(len(rows) - 0.4, -0.6)
    unit = " elements" if family == "element" else ""
    marks = [Line2D([], [], marker="o", ls="", ms=7, color=colours[size], mec="white",
                    label=size_name(size) + unit) for size in sizes]  # fmt: skip
    legend = figure.legend(
        handles=marks, title=caption(run, cells), title_fontsize=8.5, frameon=False,
        ncols=min(len(sizes), 6), loc="outside lower center", handletextpad=0.1,
    )  # fmt: skip
    legend.get_title().set(color="#606060", multialignment="center")
    kind = {"class": "class axis: ", "sequence": "sequences: ", "sum": "regions, vectors: "}.get(
        family, ""
    )
    device = run.meta.get("gpu", "CPU")
    title = f"lossops, {kind}forward + backward on {device}, {first}, mean"
    figure.suptitle(title, fontsize=13, fontweight="bold")
    figure.savefig(path, dpi=130, bbox_inches="tight")


def caption(run: Run, cells: list[Cell]) -> str:
    """The machine, and what else is to be known."""
    meta, dtypes = run.meta, list(dict.fromkeys(cell.dtype for cell in cells))
    notes = [f"hollow: {', '.join(dtypes[1:])}"] if len(dtypes) > 1 else []
    if run.memory and cells[0].family == "class":
        names = BASELINES | {"eager": "torch"}
        factors = (f"{names.get(side, side)} {memory.factor:.2f}"
                   for side, memory in run.memory.items())  # fmt: skip
        at = size_name(figures.MEMORY_SHAPE)
        notes.append(f"peak memory of cross_entropy at {at} / logits: {', '.join(factors)}")
    machine = (
        f"{meta['cpu']} ({meta['instructions']}), {meta['threads']} threads, torch "
        f"{meta['torch']}, {meta['date'][:10]}; right of the red line lossops is faster"
    )
    return "\n".join([machine, "; ".join(notes)] if notes else [machine])
