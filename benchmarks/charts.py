"""The pictures: ratios of forward+backward, a row for each loss and a panel for each peer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import figures
from .measure import elements, size_name
from .peers import geometric_mean
from .run import Run


@dataclass(frozen=True)
class Dot:
    """One ratio of one row."""

    value: float
    shade: int  # its colour: the place of its size
    hollow: bool = False


@dataclass(frozen=True)
class Row:
    """A loss, and its ratios by peer."""

    label: str
    dots: dict[str, list[Dot]]


def element_chart(run: Run, path: Path) -> None:
    """The element-wise losses, coloured by the number of elements."""
    rows = [
        Row(
            loss,
            {
                peer: [
                    Dot(ratio.median, shade)
                    for shade, size in enumerate(run.sizes)
                    if (ratio := run.ratio(loss, size, peer))
                ]
                for peer in run.peers
            },
        )
        for loss in run.losses
    ]
    names = [f"{size_name(size)} elements" for size in run.sizes]
    title = f"lossops: forward + backward on CPU, {run.cells[0].dtype}, mean"
    _draw(run, rows, names, title, "", path)


def class_chart(run: Run, path: Path) -> None:
    """The class-axis losses, coloured by shape; bfloat16 is hollow."""
    shapes = sorted({cell.size for cell in run.classes}, key=elements)
    dtypes = list(dict.fromkeys(cell.dtype for cell in run.classes))
    rows = []
    for loss in run.class_losses:
        cells = [cell for cell in run.classes if cell.loss == loss]
        apart = loss == "cross_entropy"  # too many dots for one row
        for group in dtypes if apart else [""]:
            chosen = [cell for cell in cells if cell.dtype == group or not group]
            dots = {
                peer: [
                    Dot(
                        cell.kinds[figures.KIND].ratios[peer].median,
                        shapes.index(cell.size),
                        cell.dtype != dtypes[0],
                    )
                    for cell in chosen
                    if peer in cell.peak
                ]
                for peer in run.peers
            }
            label = loss if group in ("", dtypes[0]) else f"{loss}, {group}"
            if loss == "cross_entropy_all":
                label = "cross_entropy with weight,\nsmoothing, ignore_index"
            if chosen:
                rows.append(Row(label, dots))
    note = f"hollow: {', '.join(dtypes[1:])}" if len(dtypes) > 1 else ""
    if run.memory:
        factors = ", ".join(
            f"{ {'eager': 'torch', 'compile': 'torch.compile'}.get(side, side) } {m.factor:.2f}"
            for side, m in run.memory.items()
        )
        at = size_name(figures.MEMORY_SHAPE)
        note += f"{'; ' if note else ''}peak memory of cross_entropy at {at} / logits: {factors}"
    title = f"lossops, class axis: forward + backward on CPU, {dtypes[0]}, mean"
    _draw(run, rows, [size_name(shape) for shape in shapes], title, note, path)


def _draw(
    run: Run, rows: Sequence[Row], sizes: Sequence[str], title: str, note: str, path: Path
) -> None:
    """A panel for each peer, on a common log axis."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    every = [dot.value for row in rows for dots in row.dots.values() for dot in dots]
    low, high = min(0.8, min(every) * 0.85), max(2.0, max(every) * 1.2)
    ticks = [t for t in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500) if low <= t <= high]
    shades = plt.get_cmap("viridis_r")
    colours = [shades(0.12 + 0.85 * i / max(1, len(sizes) - 1)) for i in range(len(sizes))]
    plt.rcParams.update({"font.family": "DejaVu Sans", "font.size": 10})
    figure, axes = plt.subplots(
        1,
        len(run.peers),
        figsize=(5.4 * len(run.peers) + 1.2, 0.31 * (len(rows) + 1) + 1.9 + 0.2 * bool(note)),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, peer in zip(axes[0], run.peers, strict=True):
        axis.axvspan(low, 1, color="#c0392b", alpha=0.07, lw=0, zorder=0)
        axis.axvline(1, color="#c0392b", lw=1.4, zorder=1)
        for place, row in enumerate(rows):
            dots = row.dots[peer]
            values = [dot.value for dot in dots]
            if values:
                ends = [min(values), max(values)]
                axis.plot(ends, [place, place], color="#d0d0d0", lw=2.2, zorder=2)
            for dot in dots:
                colour = colours[dot.shade]
                style = {"mfc": colour, "mec": "white", "mew": 0.7}
                if dot.hollow:
                    style = {"mfc": "white", "mec": colour, "mew": 1.8}
                axis.plot(dot.value, place, "o", ms=6.5, zorder=3, **style)
        overall = geometric_mean([dot.value for row in rows for dot in row.dots[peer]])
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
    axes[0][0].set_yticks(range(len(rows)), [row.label for row in rows])
    axes[0][0].set_ylim(len(rows) - 0.4, -0.6)
    marks = [
        Line2D([], [], marker="o", ls="", ms=7, color=colour, mec="white", label=size)
        for size, colour in zip(sizes, colours, strict=True)
    ]
    meta = run.meta
    caption = (
        f"{meta['cpu']} ({meta['instructions']}), {meta['threads']} threads, torch "
        f"{meta['torch']}, {meta['date'][:10]}; right of the red line lossops is faster"
    )
    legend = figure.legend(
        handles=marks,
        title=f"{caption}\n{note}" if note else caption,
        title_fontsize=8.5,
        ncols=len(sizes),
        loc="outside lower center",
        frameon=False,
        handletextpad=0.1,
        columnspacing=1.6,
    )
    legend.get_title().set_color("#606060")
    legend.get_title().set_multialignment("center")
    figure.suptitle(title, fontsize=13, fontweight="bold")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130, bbox_inches="tight")
    plt.close(figure)
