"""What the benchmark shows: tables, and the promises held against the run."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable, Iterator

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from . import figures
from .baselines import BY_NAME
from .figures import BASELINES, KIND, Check, size_name
from .measure import Cell, Timing
from .run import Run, baselines, mean_ratio
from .tables import make_table

FAMILIES = {
    "element": "element-wise",
    "class": "class axis",
    "sequence": "sequences",
    "sum": "regions, boxes and vectors",
}
KINDS = {"forward": "forward", "backward": "backward", KIND: "fwd+bwd"}
SHORT = {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16", "float64": "fp64"}
NOTE = (
    "Below each loss its eager baseline. lossops computes its gradients in the forward pass of "
    "training, so its backward has little left to do: judge by fwd+bwd. forward is under no_grad. "
    "cross_entropy_all: weight, label_smoothing and ignore_index together. Over a class axis bf16 "
    "and fp16 logits reach the baselines through .float(). peak: memory of a training step / the "
    "input. Empty: torch.compile of F.multilabel_margin_loss builds tensors of N x C x C, leaves "
    "F.ctc_loss as it is, and would unroll a loop over frames. ctc: frames x sequences x classes x "
    "labels, beside log_softmax and F.ctc_loss; rnnt: sequences x frames x labels x classes.\n"
)


# ---- promises ------------------------------------------------------------------------------------


def checks(run: Run) -> list[Check]:
    """Every promise that this run can speak to, held against it; there are none of GPUs."""
    if "gpu" in run.meta:
        return []
    found = [*aim_checks(run), *family_checks(run), *product_checks(run)]
    size = size_name(figures.BANDWIDTH_SIZE)
    what = f"least share of torch.sum's rate, forward, {size}"
    shares = [
        (cell.kinds["forward"].ratios["torch.sum"].median, cell) for cell in run.of("reading")
    ]
    found += least_check(what, figures.BANDWIDTH_SHARE, shares)
    what = "least ratio of float32 time to bfloat16 time (upper quartile)"
    ratios = [(cell.kinds[KIND].ratios["float32"].high, cell) for cell in run.of("bfloat16")]
    found += least_check(what, figures.BFLOAT16, ratios)
    for cell in run.of("softmax"):
        what = f"{cell.loss} of logits: time / that of log_softmax, {size_name(cell.size)}"
        ratio = 1 / cell.kinds[KIND].ratios["log_softmax"].median
        found.append(Check(what, figures.SOFTMAX, ratio, most=True))
    if "lossops" in run.memory:
        what = f"cross_entropy: peak memory / logits, {size_name(figures.MEMORY_SHAPE)}"
        others = ((name, run.memory.get(side)) for side, name in BASELINES.items())
        note = ", ".join(f"{name} {memory.factor:.2f}" for name, memory in others if memory)
        found.append(Check(what, figures.MEMORY, run.memory["lossops"].factor, note, most=True))
    return found


def aim_checks(run: Run) -> Iterator[Check]:
    aims = figures.aims(run.meta["instructions"])
    for cell in run.cells:
        for kind in KINDS if cell.family in FAMILIES else ():
            aim = aims.get((cell.loss, cell.size, cell.dtype, kind))
            for baseline, name in BASELINES.items() if aim else ():
                least, ratio = getattr(aim, baseline), cell.kinds[kind].ratios.get(baseline)
                if least and ratio:
                    what = f"{cell.loss} against {name}, {described(cell)}"
                    yield Check(what, least, ratio.median, "" if kind == KIND else kind)


def family_checks(run: Run) -> Iterator[Check]:
    """The geometric mean and the least ratio against each baseline."""
    for family, title in FAMILIES.items():
        cells = run.of(family)
        if family == "element" and any(cell.dtype != "float32" for cell in cells):
            continue  # promised of float32
        whole = {case.name for case in BY_NAME.values() if case.family == family}
        note = "" if {cell.loss for cell in cells} == whole else "of the losses chosen"
        for baseline, name in BASELINES.items():
            mean = mean_ratio(cells, baseline)
            promised = figures.GEOMETRIC_MEANS.get(family, {}).get(baseline)
            if mean and promised:
                what = f"{title}: geometric mean against {name}"
                yield Check(what, promised, mean, note)
            ratios = [(cell.kinds[KIND].ratios[baseline].median, cell) for cell in cells
                      if baseline in cell.kinds[KIND].ratios]  # fmt: skip
            yield from least_check(f"{title}: least ratio against {name}", figures.FLOOR, ratios)


def product_checks(run: Run) -> Iterator[Check]:
    """Losses of a layer and of all pairs beside the others, and what memory they add."""
    for cell in run.of("product"):
        if cell.dtype != "float32":
            continue
        for kind, found in cell.kinds.items():
            for side, least in figures.PRODUCT_AIMS.get((cell.loss, kind), {}).items():
                what = f"{cell.loss} against {figures.OTHERS[side]}, {described(cell)}"
                note = "" if kind == KIND else kind
                yield Check(what, least, found.ratios[side].median, note)
        what = f"{cell.loss}: MB beside inputs and gradients, {described(cell)}"
        note = ", ".join(f"{figures.OTHERS[side]} {peak / 1e6:.0f}"
                         for side, peak in cell.peak.items() if side != "lossops")  # fmt: skip
        peak = cell.peak["lossops"] / 1e6
        yield Check(what, figures.PRODUCT_MEMORY / 1e6, peak, note, most=True)


def least_check(what: str, promised: float, values: list[tuple[float, Cell]]) -> list[Check]:
    """The least of these values, and how many fall short."""
    if not values:
        return []
    least, cell = min(values, key=lambda pair: pair[0])
    below = sum(value < promised for value, _ in values)
    note = f"{cell.loss}, {described(cell)}; {below} of {len(values)} below"
    return [Check(what, promised, least, note)]


def described(cell: Cell) -> str:
    """Size, and the dtype where it is not float32."""
    return size_name(cell.size) + ("" if cell.dtype == "float32" else f", {cell.dtype}")


# ---- texts ---------------------------------------------------------------------------------------


def seconds_text(seconds: float) -> str:
    """Three digits and a unit."""
    for unit, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= unit:
            value = seconds / unit
            return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f} {name}"
    return f"{seconds * 1e9:.0f} ns"


def time_text(time: Timing) -> str:
    """The median, and half the interquartile range."""
    return f"{seconds_text(time.median)} ±{(time.high - time.low) / 2 / time.median:.0%}"


def ratio_text(ratio: float | None, least: float | None = None) -> Text:
    """A ratio and its aim, if there is one; red below 1, yellow below the aim."""
    if ratio is None:
        return Text("")
    style = "bold red" if ratio < 1 else "yellow" if least and ratio < least else ""
    text = Text(f"{ratio:.2f}" if ratio < 10 else f"{ratio:.1f}", style=style)
    return text.append(f" ({least:g})", "dim") if least else text


# ---- tables --------------------------------------------------------------------------------------


def cell_table(run: Run, family: str) -> Table:
    """Times, ratios, aims and memory, a row for each size and dtype."""
    cells = run.of(family)
    sides = baselines(cells)
    headings = ["loss", "size", "dtype", "lossops\nforward", "\nfwd+bwd"]
    headings += [f"{KINDS[kind]}\n{name}" for kind in KINDS for name in sides]
    headings += [f"peak\n{name}" for name in ("lossops", *sides)]
    title = (
        f"{FAMILIES[family]}: time of the baseline / time of lossops (and the aim), and peak memory"
    )
    table = make_table(title, headings, left=3)
    table.box, table.padding = box.SIMPLE_HEAD, (0, 0)  # it is wide
    aims = figures.aims(run.meta["instructions"])
    for loss in dict.fromkeys(cell.loss for cell in cells):
        table.add_section()
        labels = [Text(loss), Text(f"  {BY_NAME[loss].baseline_name}"[:24], "dim")]
        for row, cell in enumerate(cell for cell in cells if cell.loss == loss):
            ratios = []
            for kind, baseline in itertools.product(KINDS, sides):
                aim = aims.get((loss, cell.size, cell.dtype, kind))
                ratio = cell.kinds[kind].ratios.get(baseline)
                ratios.append(ratio_text(ratio and ratio.median, aim and getattr(aim, baseline)))
            table.add_row(
                labels[row] if row < len(labels) else "", size_name(cell.size), SHORT[cell.dtype],
                *(time_text(cell.kinds[kind].times["lossops"]) for kind in ("forward", KIND)),
                *ratios, *(peak_text(cell, side) for side in ("lossops", *sides)),
            )  # fmt: skip
    return table


def peak_text(cell: Cell, side: str) -> Text:
    """Peak memory beside one operand's; red where a baseline needs less than we."""
    if side not in cell.peak:
        return Text("")
    less = cell.peak[side] < 0.99 * cell.peak["lossops"]
    return Text(f"{cell.peak[side] / cell.input_bytes:.2f}", style="bold red" if less else "")


def mean_table(cells: list[Cell]) -> Table:
    """Geometric means by group and kind: at each size of the element-wise losses, and at all."""
    sizes = sorted({cell.size for cell in cells if isinstance(cell.size, int)})
    sides = baselines(cells)
    headings = [
        f"{baseline}\n{size}" for baseline in sides for size in (*map(size_name, sizes), "all")
    ]
    table = make_table("geometric means of the ratios", ["group", "kind", *headings], left=2)

    def add(name: str, members: list[Cell]) -> None:
        columns = [*([cell for cell in members if cell.size == n] for n in sizes), members]
        for kind in KINDS if members else ():
            means = (mean_ratio(column, baseline, kind) for baseline in sides for column in columns)
            table.add_row(name if kind == "forward" else "", KINDS[kind], *map(ratio_text, means))
        table.add_section()

    for group in dict.fromkeys(BY_NAME[cell.loss].group for cell in cells):
        add(group, [cell for cell in cells if BY_NAME[cell.loss].group == group])
    for family, title in FAMILIES.items():
        add(f"all {title}", [cell for cell in cells if cell.family == family])
    return table


def side_table(run: Run) -> Table:
    """Peak memory of cross_entropy, each side in a process of its own, by both instruments."""
    title = f"cross_entropy at {size_name(figures.MEMORY_SHAPE)}: peak of a training step / logits"
    table = make_table(title, ("side", "tensors", "resident memory"))
    for side, found in run.memory.items():
        resident = "" if found.resident is None else f"{found.resident / found.input_bytes:.3f}"
        table.add_row(
            BASELINES.get(side, side), f"{found.allocated / found.input_bytes:.3f}", resident
        )
    return table


def bfloat16_table(run: Run) -> Table:
    cells = run.of("bfloat16")
    sizes = sorted({cell.size for cell in cells}, key=figures.elements)
    title = "lossops, fwd+bwd: float32 time / bfloat16 time"
    table = make_table(title, ("loss", *map(size_name, sizes)))
    for loss in dict.fromkeys(cell.loss for cell in cells):
        found = {cell.size: cell.kinds[KIND].ratios["float32"].median
                 for cell in cells if cell.loss == loss}  # fmt: skip
        table.add_row(loss, *(ratio_text(found.get(size)) for size in sizes))
    return table


def comparison_table(title: str, cells: Iterable[Cell], bandwidth: float | None = None) -> Table:
    """A row for each kind: our time, what the others take, and our rate of reading and writing."""
    headings = ["loss", "size", "dtype", "kind", "lossops", "others' time over ours", "GB/s", ""]
    table = make_table(title, headings, left=4)
    for cell in cells:
        for kind, found in cell.kinds.items():
            time = next(iter(found.times.values()))
            rate = cell.least_bytes.get(kind, 0) / time.median
            others = (f"{side} {t.median:.2f} ({t.low:.2f} to {t.high:.2f})"
                      for side, t in found.ratios.items())  # fmt: skip
            table.add_row(
                cell.loss, size_name(cell.size), cell.dtype, kind, time_text(time),
                "\n".join(others), f"{rate / 1e9:.1f}" if rate else "",
                f"{rate / bandwidth:.0%} of a copy" if rate and bandwidth else "",
            )  # fmt: skip
    return table


def check_table(found: Iterable[Check]) -> Table:
    table = make_table("promised and measured", ("what", "aim", "measured", "", ""))
    table.columns[-1].no_wrap = False
    for check in found:
        verdict = Text("kept", style="green") if check.kept else Text("broken", style="bold red")
        aim = f"{'≤' if check.most else '≥'} {check.promised:g}"
        table.add_row(check.what, aim, f"{check.measured:.2f}", verdict, Text(check.note, "dim"))
    return table


def heading(meta: dict[str, object]) -> str:
    """Where, and with which instruction sets."""
    ours = meta.get("lossops_instructions", meta["instructions"])
    machine = (
        meta.get("gpu") or f"{meta['cpu']}: torch with {meta['instructions']}, lossops with {ours}"
    )
    return f"{machine}; {meta['threads']} threads, {meta['cores']} cores; torch {meta['torch']}"


def show(run: Run, console: Console) -> None:
    meta, bandwidth = run.meta, run.meta.get("copy_bytes_per_second")
    cells = [cell for family in FAMILIES for cell in run.of(family)]
    if cells and bandwidth:
        title = f"beside a copy, at {bandwidth / 1e12:.2f} TB/s"
        console.print(comparison_table(title, cells, bandwidth), mean_table(cells))
    elif cells:
        tables = (cell_table(run, family) for family in FAMILIES if run.of(family))
        console.print(*tables, Text(NOTE, "dim"), mean_table(cells))
    if reading := run.of("reading"):
        rate = statistics.geometric_mean(
            cell.least_bytes["forward"] / cell.kinds["forward"].times["torch.sum"].median
            for cell in reading
        )
        title = f"forward mean beside torch.sum, which reads {rate / 1e9:.1f} GB/s here"
        console.print(comparison_table(title, reading))
    if run.of("bfloat16"):
        console.print(bfloat16_table(run))
    if run.of("training"):
        console.print(comparison_table("around a loss in training", run.of("training")))
    if run.of("product"):
        console.print(comparison_table("on a product of matrices", run.of("product")))
    if run.memory:
        console.print(side_table(run))
    found = checks(run)
    if found:
        console.print(check_table(found))
    console.print(
        f"{heading(meta)}; lossops {meta['lossops']}, commit {meta['commit']}; {meta['date']}"
    )
    for failure in run.failed:
        console.print(f"not measured: {failure}", style="bold red", markup=False)
    if run.spoilt:
        console.print(
            f"other processes kept {meta['company']:.2f} cores busy meanwhile: "
            "the figures above say little; run it again on a quiet machine",
            style="bold red",
        )
    if found:
        kept = sum(check.kept for check in found)
        style = "bold green" if kept == len(found) else "bold red"
        console.print(f"{kept} of {len(found)} promises kept", style=style)
