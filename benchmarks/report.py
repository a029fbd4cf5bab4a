"""What the benchmark shows: tables, and the promises held against the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from . import figures
from .class_peers import CLASS_CASES
from .figures import Check, Promise
from .measure import Cell, size_name
from .peers import CASES, geometric_mean
from .run import PEERS, Run, spoilt


def checks(run: Run) -> list[Check]:
    """Every promise that this run can speak to, held against it."""
    return [*element_checks(run), *class_checks(run), *memory_checks(run)]


def to_json(run: Run) -> dict[str, Any]:
    """Plain data, the promises included."""
    return asdict(run) | {"checks": [asdict(check) | {"kept": check.kept} for check in checks(run)]}


def promise_checks(run: Run, promises: Sequence[Promise]) -> list[Check]:
    """The promised ratios."""
    found: list[Check] = []
    for promise in promises:
        name = promise.loss if promise.dtype == "float32" else f"{promise.loss} {promise.dtype}"
        for size, least in zip(promise.sizes, promise.least, strict=True):
            ratio = run.ratio(promise.loss, size, promise.peer, dtype=promise.dtype)
            if ratio:
                what = f"{name} against {PEERS[promise.peer]}, {size_name(size)}"
                found.append(Check(what, least, ratio.median))
    return found


def floor_checks(cells: Sequence[Cell], peers: Sequence[str], family: str) -> list[Check]:
    """The least ratio against each peer."""
    found: list[Check] = []
    for peer in peers:
        ratios = [
            (cell.kinds[figures.KIND].ratios[peer].median, cell)
            for cell in cells
            if peer in cell.peak
        ]
        if not ratios:
            continue
        least, cell = min(ratios, key=lambda pair: pair[0])
        below = sum(ratio < figures.FLOOR for ratio, _ in ratios)
        dtype = "" if cell.dtype == "float32" else f", {cell.dtype}"
        note = f"{cell.loss}, {size_name(cell.size)}{dtype}; {below} of {len(ratios)} below"
        what = f"{family}: least ratio against {PEERS[peer]}"
        found.append(Check(what, figures.FLOOR, least, note))
    return found


def element_checks(run: Run) -> list[Check]:
    """Of the element-wise losses."""
    found: list[Check] = []
    if run.cells and all(cell.dtype == "float32" for cell in run.cells):
        found += promise_checks(run, figures.PROMISES)
        found += floor_checks(run.cells, run.peers, "element-wise")
        for peer in run.peers:
            mean = run.mean_ratio(peer, run.losses, run.sizes)
            note = "" if len(run.losses) == len(CASES) else "of the losses chosen"
            least = figures.GEOMETRIC_MEAN[peer]
            what = f"element-wise: geometric mean against {PEERS[peer]}"
            found.append(Check(what, least, mean, note))
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


def class_checks(run: Run) -> list[Check]:
    """Of the class-axis losses."""
    if not run.classes:
        return []
    return [
        *promise_checks(run, figures.CLASS_PROMISES),
        *floor_checks(run.classes, run.peers, "class axis"),
    ]


def memory_checks(run: Run) -> list[Check]:
    """Of the peak memory of cross_entropy."""
    if "lossops" not in run.memory:
        return []
    what = f"cross_entropy: peak memory / logits, {size_name(figures.MEMORY_SHAPE)}"
    others = [
        f"{PEERS[side]} {run.memory[side].factor:.2f}" for side in run.peers if side in run.memory
    ]
    ours = run.memory["lossops"].factor
    return [Check(what, figures.MEMORY, ours, ", ".join(others), most=True)]


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
            table.add_row(loss, *peak_texts(cell, run.peers))
    return table


def peak_texts(cell: Cell, peers: Sequence[str]) -> list[Text]:
    """Peak memory of all sides beside one operand's; red where a peer needs less than we."""
    ours = cell.peak["lossops"]
    return [
        Text(
            f"{cell.peak[side] / cell.input_bytes:.2f}",
            style="bold red" if cell.peak[side] < 0.99 * ours else "",
        )
        if side in cell.peak
        else Text("")
        for side in ("lossops", *peers)
    ]


def class_table(run: Run) -> Table:
    """Times, ratios, aims and memory of the class-axis losses, a row for each shape and dtype."""
    table = Table(
        title="class axis: time of the peer / time of lossops (and the aim); peak memory of a "
        "training step / logits",
        title_justify="left",
    )
    names = [PEERS[peer].removeprefix("torch.") for peer in run.peers]
    for heading in ("loss", "shape", "dtype"):
        table.add_column(heading, no_wrap=True)
    table.add_column("lossops\nfwd+bwd", justify="right", no_wrap=True)
    for kind in ("forward", "fwd+bwd"):
        for name in names:
            table.add_column(f"{kind}\n{name}", justify="right", no_wrap=True)
    for name in ("lossops", *names):
        table.add_column(f"peak\n{name}", justify="right", no_wrap=True)
    for case in CLASS_CASES:
        cells = [cell for cell in run.classes if cell.loss == case.name]
        labels: list[str | Text] = [case.name, Text(f"  {case.peer_name}", "dim")]
        for row, cell in enumerate(cells):
            time = cell.kinds[figures.KIND].times["lossops"]
            ratios = [
                class_ratio(cell, peer, kind)
                for kind in ("forward", figures.KIND)
                for peer in run.peers
            ]
            table.add_row(
                labels[row] if row < len(labels) else "",
                size_name(cell.size),
                {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}.get(cell.dtype, "fp64"),
                f"{seconds_text(time.median)} ±{(time.high - time.low) / 2 / time.median:.0%}",
                *ratios,
                *peak_texts(cell, run.peers),
            )
        if cells:
            table.add_section()
    means = [
        geometric_mean(
            [cell.kinds[kind].ratios[peer].median for cell in run.classes if peer in cell.peak]
        )
        for kind in ("forward", figures.KIND)
        for peer in run.peers
    ]
    table.add_row("all", "geometric mean", "", "", *map(ratio_text, means), style="bold")
    return table


def class_ratio(cell: Cell, peer: str, kind: str) -> Text:
    """A ratio with its aim in brackets, where there is one."""
    if peer not in cell.peak:
        return Text("left out", "dim")
    promised = kind == figures.KIND
    least = figures.least_of(cell.loss, peer, cell.size, cell.dtype) if promised else None
    text = ratio_text(cell.kinds[kind].ratios[peer].median, least)
    return text.append(f" ({least:g})", "dim") if least else text


def side_table(run: Run) -> Table:
    """Peak memory of cross_entropy, each side in a process of its own, by both instruments."""
    table = Table(
        title=f"cross_entropy at {size_name(figures.MEMORY_SHAPE)}: what a training step adds to "
        "the logits at its peak, in units of the logits",
        title_justify="left",
    )
    for heading in ("side", "tensors", "resident memory"):
        table.add_column(heading, justify="left" if heading == "side" else "right")
    for side, found in run.memory.items():
        resident = "" if found.resident is None else f"{found.resident / found.input_bytes:.3f}"
        table.add_row(PEERS.get(side, side), f"{found.allocated / found.input_bytes:.3f}", resident)
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
    table.add_column("aim", justify="right")
    table.add_column("measured", justify="right")
    table.add_column("")
    table.add_column("", style="dim")
    for check in found:
        verdict = Text("kept", style="green") if check.kept else Text("broken", style="bold red")
        aim = f"{'≤' if check.most else '≥'} {check.promised:g}"
        table.add_row(check.what, aim, f"{check.measured:.2f}", verdict, check.note)
    return table


def show(run: Run, console: Console) -> None:
    """Prints every table."""
    if run.cells:
        for kind in ("forward", "backward", figures.KIND):
            console.print(ratio_table(run, kind))
            if kind == "backward":
                console.print(
                    "lossops computes its gradients in the forward pass of training, so its "
                    "backward has little left to do: judge by forward+backward. forward is under "
                    "no_grad.\n",
                    style="dim",
                )
        console.print(time_table(run), memory_table(run))
    if run.reading:
        console.print(reading_table(run))
    if run.bfloat16:
        console.print(bfloat16_table(run))
    if run.classes:
        console.print(class_table(run))
        console.print(
            "Below each loss its eager peer. cross_entropy_all: weight, label_smoothing and "
            "ignore_index together. bf16 and fp16 logits reach the peers through .float(). Left "
            "out: torch.compile of F.multilabel_margin_loss builds tensors of N x C x C.\n",
            style="dim",
        )
    if run.memory:
        console.print(side_table(run))
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
