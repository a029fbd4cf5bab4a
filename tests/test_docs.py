"""The site that `make docs` builds: its pages, its pictures, and that nothing is left out."""

import importlib.util
import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
import torch

import lossops
from tests.losses import LOSSES, Loss

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "docs"))

from pages import curves, losses, snippets  # noqa: E402

ENTRIES = {entry.op: entry for entry in losses.entries()}


def test_every_loss_has_a_page() -> None:
    """With the names of the table; a section without names would be an error."""
    names = {entry.op: (entry.function, entry.module) for entry in ENTRIES.values()}
    assert names == {loss.op: (loss.function, loss.module) for loss in LOSSES}
    assert set(curves.CURVES) == set(names)


def test_page(loss: Loss) -> None:
    """A page holds the formula, the reference, the speed and the docstrings."""
    entry = ENTRIES[loss.op]
    page = losses.page(entry, losses.benchmark())
    formula, notes = entry.text.split("\n\n", 1)
    assert formula in page and notes in page
    assert re.search(r"\b(1[789]|20)\d\d\b|arXiv", notes), "no reference"
    assert f"autofunction:: lossops.functional.{loss.function}" in page
    assert f"autoclass:: lossops.nn.{loss.module}" in page
    speeds = re.findall(
        r"^\| .+ \| float32 \| [\d.]+ (?:us|ms|s)( \| \d+\.\d\dx){2} \|$", page, re.M
    )
    assert speeds


def test_curves(loss: Loss) -> None:
    """Curves are finite, differ, and their gradients are the slopes of their values."""
    x, lines = curves.evaluate(loss.op, loss.function)
    values = torch.stack([value for _, value, _ in lines])
    assert values.isfinite().all()
    for line, value, slope in lines:
        rise = (value[2:] - value[:-2]) / (x[2:] - x[:-2])
        error = (rise - slope[1:-1]).abs() / (1 + slope.abs().max())
        assert error.quantile(0.95) < 1e-2, line.label
    assert len({tuple(value.tolist()) for value in values}) == len(lines)


def test_picture_is_reproducible() -> None:
    first, second = (curves.draw("huber", "huber_loss") for _ in range(2))
    assert zlib.crc32(first.encode()) == zlib.crc32(second.encode()) and "<svg" in first


def test_chooser_names_every_loss() -> None:
    """The chooser leads to every loss, and to nothing else."""
    text = (ROOT / "docs/choose.md").read_text()
    assert set(re.findall(r"losses\.md#(\w+)", text)) == set(ENTRIES)
    for shown, op in re.findall(r"\[(\w+)\]\(losses\.md#(\w+)\)", text):
        assert shown == ENTRIES[op].function


def test_snippets_are_shown_with_their_output(tmp_path: Path) -> None:
    text = (
        "a\n\n```python\nx = 2\nprint(x)\n```\n\nb\n\n```python\n"
        'import time\nopen("q.png", "wb").close()\ntime.sleep(0.1)\n'
        'open("p.png", "wb").close()\n```\n\n'
        '```python\nprint("end", x)\n```\n'
    )
    shown = snippets.with_output(text, tmp_path / "run", "run")
    assert "```text\n2\n```" in shown and "```text\nend 2\n```" in shown
    assert re.findall(r"\]\((.+)\)", shown) == ["run/q.png", "run/p.png"]
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        snippets.with_output("```python\n1 / 0\n```\n", tmp_path / "run", "run")


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("myst_parser") is None, reason="needs the extra docs")
def test_site_builds(tmp_path: Path) -> None:
    """Without a warning, from a copy; and it documents every public name."""
    from sphinx.util.inventory import InventoryFile

    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "docs", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with (tmp_path / "objects.inv").open("rb") as file:
        inventory = InventoryFile.load(file, "", lambda base, path: path)
    known = {name for kind, names in inventory.items() if kind.startswith("py:") for name in names}
    public = {
        *(f"lossops.functional.{name}" for name in lossops.functional.__all__),
        *(f"lossops.nn.{name}" for name in lossops.nn.__all__),
        *(f"lossops.monitor.{name}" for name in lossops.monitor.__all__),
        *(f"lossops.weights.{name}" for name in lossops.weights.__all__),
        *(
            f"lossops.{name}"
            for name in ("define", "DefinedLoss", "global_normalizer", "from_torch")
        ),
    }
    assert not public - known
