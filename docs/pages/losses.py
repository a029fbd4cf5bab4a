"""The pages of the losses, from their docstrings, the benchmark and the operators."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from benchmarks.figures import KIND, size_name
from tools.documents import BEGIN, in_markdown
from tools.losses import Loss, read

from . import curves

ROOT = Path(__file__).resolve().parents[2]
FAMILIES = read()
LOSSES = [loss for family in FAMILIES for loss in family.losses]


def benchmark() -> dict[str, Any]:
    """The last full run of the benchmark."""
    return json.loads((ROOT / "benchmarks/results/cpu-avx512.json").read_text())


def duration(seconds: float) -> str:
    """In the unit that suits it."""
    for unit, factor in (("us", 1e6), ("ms", 1e3), ("s", 1.0)):
        if seconds * factor < 1000 or unit == "s":
            return f"{seconds * factor:.3g} {unit}"
    raise AssertionError


def speed(loss: Loss, run: dict[str, Any]) -> Iterator[str]:
    """The loss's rows of the benchmark, where it has some."""
    cells = [cell for cell in run["cells"] if cell["loss"] == loss.op and cell["peak"]]
    if not cells:
        return
    meta = run["meta"]
    usual = "torch.nn.functional" if hasattr(torch.nn.functional, loss.function) else "formula"
    yield "## Speed"
    yield ""
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
        ratios = (f"{step['ratios'][baseline]['median']:.2f}x" for baseline in ("eager", "compile")
                  if baseline in step["ratios"])  # fmt: skip
        yield "| {} | {} | {} | {} |".format(
            size_name(tuple(size) if isinstance(size, list) else size),
            cell["dtype"],
            duration(step["times"]["lossops"]["median"]),
            " | ".join(ratios),
        )
    yield ""


def in_torch(loss: Loss) -> str:
    """Where torch has the loss, the sentence that leads there."""
    names = (("func", "torch.nn.functional", loss.function), ("class", "torch.nn", loss.module))
    found = [
        f"{{py:{role}}}`{module}.{name}`"
        for role, module, name in names
        if hasattr(import_module(module), name)
    ]
    return f" In torch: {', '.join(found)}." if found else ""


def page(loss: Loss, run: dict[str, Any]) -> str:
    """The Markdown of a loss's page."""
    _, _, formula = in_markdown(loss.doc.head).partition("\n\n")
    picture = f"Loss and gradient of {loss.function}, by {curves.describe(loss.op, loss.function)}"
    return "\n".join(
        [
            f"# {loss.function}",
            "",
            f"{in_markdown(loss.doc.summary)} Operator `lossops::{loss.op}`, module "
            f"{{py:class}}`~lossops.nn.{loss.module}`, in C++ "
            f"{{cpp:func}}`lossops::{loss.op}`.{in_torch(loss)}",
            "",
            formula,
            "",
            "[What the letters mean, and what holds for all losses](../losses.md): shapes, "
            "weights, ignored elements, dtypes.",
            "",
            f"![{picture}]({loss.op}.svg)",
            "",
            *speed(loss, run),
            "## Function",
            "",
            "```{eval-rst}",
            f".. autofunction:: lossops.functional.{loss.function}",
            "```",
            "",
            "## Module",
            "",
            "```{eval-rst}",
            f".. autoclass:: lossops.nn.{loss.module}",
            "```",
            "",
        ]
    )


def overview(text: str) -> str:
    """docs/losses.md for the site: what holds for all, and a list in place of the sections."""
    lines = []
    for family in FAMILIES:
        title = family.summary.rstrip(".")
        lines += [f"## {title}", "", "| loss | | torch has it |", "|---|---|:-:|"]
        for loss in family.losses:
            known = "✓" if hasattr(torch.nn.functional, loss.function) else ""
            link = f"[{loss.function}](losses/{loss.op}.md)"
            lines.append(f"| {link} | {in_markdown(loss.doc.summary)} | {known} |")
        lines.append("")
    lines += ["```{toctree}", ":hidden:", "", *(f"losses/{loss.op}" for loss in LOSSES)]
    head, common = text.split(BEGIN)[0].split("\n\n## ", 1)
    return "\n".join([head, "", *lines, "```", "", f"## {common}"])


def write(folder: Path) -> None:
    """Writes every page with its picture below the folder; what is there already stays as it is."""
    run = benchmark()
    (folder / "losses").mkdir(exist_ok=True)
    for loss in LOSSES:
        for name, content in (
            (f"{loss.op}.md", page(loss, run)),
            (f"{loss.op}.svg", curves.draw(loss.op, loss.function)),
        ):
            file = folder / "losses" / name
            if not file.exists() or file.read_text() != content:
                file.write_text(content)
