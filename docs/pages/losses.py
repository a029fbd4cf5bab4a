"""The pages of the losses, from docs/losses.md, the docstrings, the benchmark and the operators."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import lossops
from benchmarks.figures import KIND
from benchmarks.measure import size_name

from . import curves

ROOT = Path(__file__).resolve().parents[2]
HEADING = re.compile(r"^## (?=[a-z0-9_]+$)", re.M)  # of an operator's section
NAMES = re.compile(r"`(\w+)`, `(\w+)`\.\s*")  # how it starts: the function and the module


@dataclass(frozen=True)
class Entry:
    """A loss, as docs/losses.md has it."""

    op: str
    function: str
    module: str
    text: str  # of its section, after the names

    @property
    def doc(self) -> str:
        """The docstring of the function."""
        return inspect.getdoc(getattr(lossops.functional, self.function)) or ""

    @property
    def summary(self) -> str:
        """Its first paragraph's first line."""
        return self.doc.splitlines()[0]

    @property
    def family(self) -> str:
        """What the Python module that it lives in says of its losses."""
        module = inspect.getmodule(getattr(lossops.functional, self.function))
        return (inspect.getdoc(module) or "").splitlines()[0].rstrip(".")


def entries() -> list[Entry]:
    """Every loss, in the order of docs/losses.md."""
    found = []
    for section in HEADING.split((ROOT / "docs/losses.md").read_text())[1:]:
        op, body = section.split("\n", 1)
        names = NAMES.match(body.lstrip())
        if names is None:
            raise ValueError(f"docs/losses.md: {op} must start with `function`, `Module`.")
        found.append(Entry(op, *names.groups(), text=body.lstrip()[names.end() :].strip()))
    return found


def benchmark() -> dict[str, Any]:
    """The last full run of the benchmark."""
    return json.loads((ROOT / "benchmarks/results/cpu.json").read_text())


def duration(seconds: float) -> str:
    """In the unit that suits it."""
    for unit, factor in (("us", 1e6), ("ms", 1e3), ("s", 1.0)):
        if seconds * factor < 1000 or unit == "s":
            return f"{seconds * factor:.3g} {unit}"
    raise AssertionError


def speed(entry: Entry, run: dict[str, Any]) -> Iterator[str]:
    """The loss's rows of the benchmark."""
    cells = [cell for cell in (*run["cells"], *run["classes"]) if cell["loss"] == entry.op]
    meta = run["meta"]
    usual = "torch.nn.functional" if hasattr(torch.nn.functional, entry.function) else "formula"
    yield (
        f"One step, forward and backward with the mean, on {meta['cpu']} ({meta['instructions']}) "
        f"with {meta['threads']} threads and torch {meta['torch']}. How many times as long the "
        f"others take: {usual}, eager; the same under `torch.compile`."
    )
    yield ""
    yield f"| input | dtype | lossops | {usual} | torch.compile |"
    yield "|---|---|--:|--:|--:|"
    for cell in cells:
        size = cell["size"]
        step = cell["kinds"][KIND]
        ratios = (f"{step['ratios'][peer]['median']:.2f}x" for peer in ("eager", "compile")
                  if peer in step["ratios"])  # fmt: skip
        yield "| {} | {} | {} | {} |".format(
            size_name(tuple(size) if isinstance(size, list) else size),
            cell["dtype"],
            duration(step["times"]["lossops"]["median"]),
            " | ".join(ratios),
        )


def page(entry: Entry, run: dict[str, Any]) -> str:
    """The Markdown of a loss's page."""
    formula, _, notes = entry.text.partition("\n\n")
    picture = f"Loss and gradient of {entry.function}, by {curves.describe(entry.op)}"
    return "\n".join(
        [
            f"# {entry.function}",
            "",
            f"{entry.summary} Operator `lossops::{entry.op}`, module "
            f"{{py:class}}`~lossops.nn.{entry.module}`.",
            "",
            formula,
            "",
            "[What the letters mean, and what holds for all losses](../losses.md): shapes, "
            "weights, ignored elements, dtypes.",
            "",
            f"![{picture}]({entry.op}.svg)",
            "",
            "## Parameters, paper, numerics",
            "",
            notes,
            "",
            "## Speed",
            "",
            *speed(entry, run),
            "",
            "## Function",
            "",
            "```{eval-rst}",
            f".. autofunction:: lossops.functional.{entry.function}",
            "```",
            "",
            "## Module",
            "",
            "```{eval-rst}",
            f".. autoclass:: lossops.nn.{entry.module}",
            "```",
            "",
        ]
    )


def overview(text: str) -> str:
    """docs/losses.md for the site: what holds for all, and a list in place of the sections."""
    families: dict[str, list[Entry]] = {}
    for entry in entries():
        families.setdefault(entry.family, []).append(entry)
    lines = []
    for family, members in families.items():
        lines += [f"## {family}", "", "| loss | | torch has it |", "|---|---|:-:|"]
        for entry in members:
            known = "✓" if hasattr(torch.nn.functional, entry.function) else ""
            lines.append(
                f"| [{entry.function}](losses/{entry.op}.md) | {entry.summary} | {known} |"
            )
        lines.append("")
    lines += ["```{toctree}", ":hidden:", ""]
    lines += [f"losses/{entry.op}" for entry in entries()]
    head, common = HEADING.split(text)[0].split("\n\n## ", 1)
    return "\n".join([head, "", *lines, "```", "", f"## {common}"])


def write(folder: Path) -> None:
    """Writes every page with its picture below the folder; what is there already stays as it is."""
    run = benchmark()
    (folder / "losses").mkdir(exist_ok=True)
    for entry in entries():
        for name, content in (
            (f"{entry.op}.md", page(entry, run)),
            (f"{entry.op}.svg", curves.draw(entry.op, entry.function)),
        ):
            file = folder / "losses" / name
            if not file.exists() or file.read_text() != content:
                file.write_text(content)
