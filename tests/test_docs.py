"""The site that `make docs` builds: its pages, its pictures, and that nothing is left out."""

import ast
import importlib
import re
import subprocess
import sys
import zlib
from pathlib import Path
from types import ModuleType

import pytest
import torch

import lossops
from benchmarks.run import Run, mean_ratio
from tests.losses import LOSSES, Loss

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "docs"))

from pages import curves, gallery, losses, reference, snippets, speed  # noqa: E402

SOURCES = {source.op: source for source in losses.LOSSES}


def test_every_loss_has_a_page() -> None:
    """With the names of the table."""
    names = {source.op: (source.function, source.module) for source in losses.LOSSES}
    assert names == {loss.op: (loss.function, loss.module) for loss in LOSSES}
    assert set(curves.CURVES) <= set(names)


def test_page(loss: Loss) -> None:
    """A page holds the formula, what was measured and the docstrings, which have a reference."""
    source, run = SOURCES[loss.op], losses.benchmark()
    page = losses.page(source, run)
    formula = re.findall(r"^    .+", source.doc.head, re.M)
    assert formula and all(line in page for line in formula)
    assert re.search(r"\b(1[789]|20)\d\d\b|arXiv", source.doc.sections["Reference"])
    assert f"autofunction:: lossops.functional.{loss.function}" in page
    assert f"autoclass:: lossops.nn.{loss.module}" in page
    speeds = re.findall(
        r"^\| .+ \| float32 \| [\d.]+ (?:us|ms|s)( \| \d+\.\d\dx){1,2} \|$", page, re.M
    )
    measured = {cell["loss"] for cell in run["cells"] if cell["peak"]}
    assert len(measured) >= 35 and bool(speeds) == (loss.op in measured)


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


def test_chooser_names_losses() -> None:
    """The chooser leads to losses, by their functions' names."""
    text = (ROOT / "docs/choose.md").read_text()
    assert len(set(re.findall(r"losses\.md#(\w+)", text)) & set(SOURCES)) >= 35
    for shown, op in re.findall(r"\[(\w+)\]\(losses\.md#(\w+)\)", text):
        assert shown == SOURCES[op].function


def test_cpp_reference_is_whole() -> None:
    """Every function that the headers export, with its arguments, and every module."""
    for path in (ROOT / "csrc/include/lossops").glob("*.h"):
        exported = re.findall(r"^LOSSOPS_API at::Tensor (\w+)\(", path.read_text(), re.M)
        if exported:
            header = reference.read_header(path.stem)
            named = [re.search(r"(\w+)\(", signature)[1] for signature, _ in header.functions]
            assert named == exported
            modules = re.findall(
                r"TORCH_MODULE\((\w+)\)", (path.parent / "nn" / path.name).read_text()
            )
            assert [name for name, _, _ in header.modules] == modules
            assert all(":param" in reference.in_rst(text) for _, text in header.functions)


def test_links_to_torch_have_its_names() -> None:
    for name, kind in reference.torch_names():
        module, _, last = name.rpartition(".")
        thing = getattr(importlib.import_module(module), last)
        assert isinstance(thing, type) == (kind == "class"), name


def test_figures_of_speed() -> None:
    """A row for each size that was measured, and every ratio below 1."""
    text = speed.figures()
    for run in speed.runs():
        sizes = {row.split(" | ")[1] for row in list(speed.by_size(run))[2:]}
        assert sizes == {name for name, _ in speed.CLASSES}
        for kind in ("forward", speed.KIND):
            for _, _, ratio in speed.ratios(run, kind):
                assert ratio["median"] >= 1 or f"{ratio['median']:.2f} (" in text


def test_figures_of_the_readme() -> None:
    """The geometric means are those of the runs, as the charts have them."""
    readme = (ROOT / "README.md").read_text()
    for file in speed.files():
        run = Run.read(file)
        means = (
            ", ".join(f"{mean_ratio(run.of(family), side):.1f}" for side in ("eager", "compile"))
            for family in ("element", "class")
        )
        (row,) = re.findall(rf"^\| {run.meta['instructions']} .+", readme, re.M)
        assert row.endswith(f"| {' | '.join(means)} |")


def test_gallery_has_the_examples() -> None:
    """All that `make examples` runs; and their cells are their source, in order."""
    told = re.findall(r"examples/(\w+)\.py", (ROOT / "Makefile").read_text())
    shown = [name for names in gallery.TASKS.values() for name in names]
    assert sorted(shown) == sorted(set(told) - {"demo"})
    for name in shown:
        title, text, cells = gallery.split((ROOT / f"examples/{name}.py").read_text())
        assert title and text and cells[-1] == "main()"
        written = ast.parse((ROOT / f"examples/{name}.py").read_text()).body[1:-1]
        assert ast.dump(ast.parse("\n".join(cells[:-1]))) == ast.dump(ast.Module(written, []))


def test_gallery_runs_what_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = tmp_path / "examples"
    examples.mkdir()
    (examples / "shared.py").touch()
    monkeypatch.setattr(gallery, "EXAMPLES", examples)
    for number in (1, 2):
        (examples / "a.py").write_text(f'print({number})\nopen("p{number}.png", "wb").close()\n')
        for _ in range(2):  # the second time from the record
            printed, pictures = gallery.executed("a", tmp_path / "out")
            assert printed == str(number) and [p.name for p in pictures] == [f"p{number}.png"]
            (examples / "a.py").touch()
    (examples / "a.py").write_text("1 / 0\n")
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        gallery.executed("a", tmp_path / "out")


def test_links_resolve() -> None:
    """Those to files and headings of this repository, in every document."""
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.M | re.S)
        links = re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", text)
        for name, anchor in links:
            target = path.parent / name if name else path
            assert target.exists(), f"{path.name}: {name}"
            if anchor:
                headings = re.findall(r"^#+ (.+)$", target.read_text(), re.M)
                slugs = {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}
                assert anchor in slugs, f"{path.name}: {name}#{anchor}"


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
    warning = 'import warnings\nwarnings.warn_explicit("{0}", UserWarning, "{0}.py", 1, "{0}")\n'
    snippets.with_output(f"```python\n{warning.format('torch.jit')}```\n", tmp_path / "run", "run")
    for snippet, error in (
        ("1 / 0\n", "ZeroDivisionError"),
        (warning.format("lossops.monitor.curve"), "UserWarning: lossops.monitor.curve"),
        (warning.format("__main__"), "UserWarning: __main__"),
    ):
        with pytest.raises(RuntimeError, match=error):
            snippets.with_output(f"```python\n{snippet}```\n", tmp_path / "run", "run")


def test_readme_snippets(tmp_path: Path) -> None:
    """They run in order, as a reader would type them; building the site runs those of docs."""
    found = snippets.FENCE.findall((ROOT / "README.md").read_text())
    assert found
    snippets.run(found, tmp_path)


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 200


def test_snippets_are_where_the_site_runs_them() -> None:
    """In the documents but for losses.md, which it takes apart, and marked as it knows them."""
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        marks = set(re.findall(r"^ *`{3,}(py\w*|doctest|pycon)", path.read_text(), re.M))
        assert marks <= ({"python"} if path.name != "losses.md" else set()), path.name


def test_site_builds(tmp_path: Path) -> None:
    """Without a warning, every snippet run; and it documents every public function and class."""
    pytest.importorskip("myst_parser")
    from sphinx.util.inventory import InventoryFile

    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "docs", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with (tmp_path / "objects.inv").open("rb") as file:
        inventory = InventoryFile.load(file, "", lambda base, path: path)
    known = {name for kind, names in inventory.items() if kind.startswith("py:") for name in names}
    modules = [lossops, *(getattr(lossops, name) for name in lossops.__all__)]
    public = {
        f"{module.__name__}.{name}"
        for module in modules
        if isinstance(module, ModuleType)
        for name in module.__all__
        if callable(getattr(module, name))
    }
    assert len(public) > 2 * len(LOSSES) and not public - known
    cpp = {name for kind, names in inventory.items() if kind.startswith("cpp:") for name in names}
    assert {f"lossops::{loss.op}" for loss in LOSSES} <= cpp
    assert {f"lossops::nn::{loss.module}" for loss in LOSSES} <= cpp
    guide = re.sub(r"<[^>]+>", "", (tmp_path / "imbalance.html").read_text())
    plain, balanced = re.findall(r"^(?:plain|balanced):\n(.+(?:\n.+)+)", guide, re.M)
    for digit, before, after in zip(range(10), median(plain), median(balanced), strict=True):
        if digit in (1, 8, 9):  # what the guide says of its pictures
            assert 0.5 < before < 4 and 4 < before / after < 12
        else:
            assert before < 0.0015 and before < after


def median(table: str) -> list[float]:
    """Of each class, from a report as it prints."""
    return [float(line.split()[3]) for line in table.splitlines() if line[:1].isdigit()]
