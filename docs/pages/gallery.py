"""The gallery: every example as an executed notebook, and a page of thumbnails by task.

An example runs anew only when its source, or what it shares with others, has changed.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .snippets import ROOT

EXAMPLES = ROOT / "examples"
PROGRESS = re.compile(r"^\w+ ━.*\n", re.M)  # the bar of rich, as a log has it
TASKS = {  # what is shown, in order
    "Imbalanced classes": ("imbalanced",),
    "Regression and forecasts": ("regression", "anomaly"),
    "Several tasks at once": ("multitask",),
    "Images": ("segmentation",),
    "Sequences and language": ("digits", "language"),
}


@dataclass(frozen=True)
class Notebook:
    """An example: its title, its text, its cells, and what it printed and drew."""

    name: str
    title: str
    text: str
    cells: list[str]
    printed: str
    pictures: list[Path]

    def as_json(self) -> str:
        """In the format of Jupyter."""
        outputs: list[dict[str, Any]] = [
            {"output_type": "stream", "name": "stdout", "text": self.printed}
        ]
        for picture in self.pictures:
            data = {"image/png": base64.b64encode(picture.read_bytes()).decode()}
            outputs.append({"output_type": "display_data", "data": data, "metadata": {}})
        cells = [
            {"cell_type": "markdown", "metadata": {}, "source": f"# {self.title}\n\n{self.text}"}
        ]
        for k, cell in enumerate(self.cells, 1):
            shown = outputs if k == len(self.cells) else []
            cells.append(
                {"cell_type": "code", "metadata": {}, "source": cell, "execution_count": k,
                 "outputs": shown}
            )  # fmt: skip
        for k, cell in enumerate(cells):
            cell["id"] = f"{self.name}-{k}"
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = {
            "nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells,
        }  # fmt: skip
        return json.dumps(notebook, indent=1)

    def page(self) -> str:
        """The same for the site; what it puts out comes before the code."""
        pictures = "\n\n".join(
            f"![{self.title}](../output/gallery/{self.name}/{p.name})" for p in self.pictures
        )
        code = "\n\n".join(f"```py\n{cell}\n```" for cell in self.cells)
        file = f"{self.name}.ipynb <../output/gallery/{self.name}/{self.name}.ipynb>"
        return (
            f"# {self.title}\n\n{self.text}\n\n"
            f"One run of each, by `python examples/{self.name}.py --repeats 1`; without that "
            f"option it repeats. As a notebook for the folder `examples`: {{download}}`{file}`.\n\n"
            f"```text\n{self.printed}\n```\n\n{pictures}\n\n## The code\n\n{code}\n"
        )


def split(source: str) -> tuple[str, str, list[str]]:
    """Title, text and cells: what stands before the first definition, then one for each."""
    module = ast.parse(source)
    head, *body = (ast.get_docstring(module) or "").split("\n\n")
    title = head.partition(": `")[0].rstrip(".")
    lines, cells, begin = source.splitlines(), [], module.body[0].end_lineno or 0
    definitions = [
        node for node in module.body if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.If))
    ]
    for node in definitions:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) - 1
        cells.append("\n".join(lines[begin:first]).strip())  # constants and imports between
        if not isinstance(node, ast.If):
            cells.append("\n".join(lines[first : node.end_lineno]))
        begin = node.end_lineno or 0
    return title, "\n\n".join(body), [*filter(None, cells), "main()"]


def executed(name: str, folder: Path) -> tuple[str, list[Path]]:
    """What the example prints, and its pictures; from the last run if nothing has changed."""
    sources = [EXAMPLES / f"{name}.py", EXAMPLES / "shared.py"]
    stamp = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    record = folder / "run.json"
    if record.exists() and (known := json.loads(record.read_text()))["stamp"] == stamp:
        return known["printed"], [folder / picture for picture in known["pictures"]]
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / f"{name}.py"), "--repeats", "1", "--out", "."],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "110"},
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{name}.py failed:\n{done.stderr}")
    printed = PROGRESS.sub("", done.stdout).partition("\npictures:")[0].strip("\n")
    pictures = sorted(path.name for path in folder.glob("*.png"))
    record.write_text(json.dumps({"stamp": stamp, "printed": printed, "pictures": pictures}))
    return printed, [folder / picture for picture in pictures]


def notebooks(folder: Path) -> Iterator[tuple[str, list[Notebook]]]:
    """The examples of each task, executed below the folder."""
    for task, names in TASKS.items():
        found = []
        for name in names:
            title, text, cells = split((EXAMPLES / f"{name}.py").read_text())
            found.append(Notebook(name, title, text, cells, *executed(name, folder / name)))
        yield task, found


def write(folder: Path) -> None:
    """Writes the pages below the folder of the documents; what is there already stays."""
    output = folder / "output/gallery"
    lines = [
        "# Gallery",
        "",
        "The examples, each on real data, with what one run of it prints and draws. "
        "`make examples` runs them all.",
        "",
    ]
    pages = {}
    for task, members in notebooks(output):
        lines += [f"## {task}", "", "::::{container} gallery", ""]
        for notebook in members:
            file = output / notebook.name / f"{notebook.name}.ipynb"
            file.write_text(notebook.as_json())
            pages[notebook.name] = notebook.page()
            lines += [
                f":::{{figure}} ../{notebook.pictures[0].relative_to(folder)}",
                f":target: {notebook.name}.html",
                f":alt: {notebook.title}",
                "",
                f"[{notebook.title}]({notebook.name}.md)",
                ":::",
                "",
            ]
        lines += ["::::", ""]
    pages["index"] = "\n".join([*lines, "```{toctree}", ":hidden:", "", *pages, "```", ""])
    (folder / "gallery").mkdir(exist_ok=True)
    for name, content in pages.items():
        page = folder / "gallery" / f"{name}.md"
        if not page.exists() or page.read_text() != content:
            page.write_text(content)
