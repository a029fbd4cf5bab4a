"""Tables of the benchmark's results: where lossops is faster, by how much, and where it is not."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.figures import BASELINES, KIND, elements, size_name
from benchmarks.report import FAMILIES

from .losses import ROOT

MARK = "<!-- The site has the figures of the benchmark here. -->\n"
CLASSES = (  # of sizes, by elements
    ("up to 8K elements", 0),
    ("to 1M", (1 << 13) + 1),
    ("more", (1 << 20) + 1),
)
Run = dict[str, Any]


def files() -> list[Path]:
    """The full runs on CPUs, one for each instruction set that was measured."""
    return sorted((ROOT / "benchmarks/results").glob("cpu-*.json"), reverse=True)


def runs() -> list[Run]:
    """What they measured."""
    return [json.loads(file.read_text()) for file in files()]


def ratios(run: Run, kind: str) -> Iterator[tuple[dict[str, Any], str, dict[str, float]]]:
    """What each baseline takes over what lossops takes."""
    for cell in run["cells"]:
        if kind not in cell["kinds"]:
            continue
        for baseline in BASELINES:
            if baseline in cell["kinds"][kind]["ratios"]:
                yield cell, baseline, cell["kinds"][kind]["ratios"][baseline]


def size_of(cell: dict[str, Any]) -> tuple[int, ...] | int:
    """The size of a cell, as figures have it."""
    return tuple(cell["size"]) if isinstance(cell["size"], list) else cell["size"]


def by_size(run: Run) -> Iterator[str]:
    """Geometric means, the least and the largest, by family and size, in float32."""
    found: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for cell, baseline, ratio in ratios(run, KIND):
        if cell["dtype"] != "float32" or cell["family"] not in FAMILIES:
            continue
        count = elements(size_of(cell))
        name = next(name for name, least in reversed(CLASSES) if count >= least)
        found[cell["family"], name][baseline].append(ratio["median"])
    yield "| losses | size | " + " | ".join(BASELINES.values()) + " |"
    yield "|---|---|" + "---|" * len(BASELINES)
    for (family, name), baselines in found.items():
        cells = (
            f"{math.exp(math.fsum(map(math.log, values)) / len(values)):.1f} "
            f"({min(values):.1f} to {max(values):.1f})" if values else ""
            for values in (baselines[baseline] for baseline in BASELINES)
        )  # fmt: skip
        yield f"| {FAMILIES[family]} | {name} | {' | '.join(cells)} |"


def slower(run: Run) -> Iterator[str]:
    """The calls that a baseline does faster."""
    yield "| call | shape | baseline | its time over ours, median and quartiles |"
    yield "|---|---|---|---|"
    for kind in ("forward", KIND):
        for cell, baseline, ratio in ratios(run, kind):
            if ratio["median"] < 1:
                spread = "{median:.2f} ({low:.2f} to {high:.2f})".format(**ratio)
                size = size_name(size_of(cell))
                call = f"{cell['loss']}, {cell['dtype']}, {kind}"
                yield f"| {call} | {size} | {BASELINES[baseline]} | {spread} |"


def figures() -> str:
    """Both tables of each run, with what it was measured on."""
    lines = [
        "How many times as long a baseline (torch.nn.functional, or the formula as users write it) "
        "takes for forward and backward with the mean, in float32: the geometric mean, and the "
        "range over the losses. Then the calls that a baseline does faster, in every dtype that "
        "was measured.",
        "",
    ]
    for run in runs():
        meta = run["meta"]
        lines += [
            f"### {meta['instructions']}",
            "",
            f"{meta['cpu']}, {meta['threads']} threads, torch {meta['torch']}, commit "
            f"`{meta['commit']}`.",
            "",
            *by_size(run),
            "",
            *slower(run),
            "",
        ]
    return "\n".join(lines)
