"""What `python -m tools.generate` writes, and how it completes the docstring of a new loss."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import registry
from tools import generate, losses
from tools.docstring import Docstring

NEW = """\
A loss.

Formula{of}::

    l = 0

Args:
    input: Predictions.
    target: Targets.
    c: A parameter.

Reference:
    Nobody.
"""
NAMES = ["input", "target", "c", "reduction", "weight", "normalizer"]


def test_files_are_up_to_date() -> None:
    stale = list(generate.outdated())
    assert not stale, f"run python -m tools.generate --write: {stale}"


def test_every_operator_is_a_function() -> None:
    """Of one of the files in lossops/functional, with a module named after the expression."""
    names = {loss.op: loss.module for family in losses.read() for loss in family.losses}
    assert names == {line.op: f"{line.expression}Loss" for line in registry.lines()}


@pytest.mark.parametrize("of", ["", " of a row", " of a sequence of T frames"])
def test_docstring_is_completed(of: str) -> None:
    """What losses share may be left out; what is there already stays as it is."""
    doc = Docstring.parse(NEW.format(of=of)).completed(NAMES)
    assert list(doc.arguments) == NAMES
    assert doc.arguments["c"] == "A parameter."
    assert ("per class" in doc.arguments["weight"]) == ("row" in of)
    assert ("per sequence" in doc.arguments["weight"]) == ("sequence" in of)
    assert ("sum(l) / sum(w_t)." in doc.arguments["reduction"]) == ("row" in of)
    assert list(doc.sections) == ["Args", "Returns", "Raises", "Reference"]
    assert doc.completed(NAMES) == doc


def test_docstring_keeps_what_a_loss_says_itself() -> None:
    """The first sentence follows the common text, the rest is the loss's own."""
    own = NEW.format(of="").replace(
        "    c: A parameter.\n",
        "    c: A parameter.\n    weight: A factor per element of old. Not part of the mean.\n",
    )
    weight = Docstring.parse(own).completed(NAMES).arguments["weight"]
    assert weight == "A factor per element; broadcasts to ``input``. Not part of the mean."


def test_docstring_must_describe_parameters() -> None:
    with pytest.raises(ValueError, match="must describe 'd'"):
        Docstring.parse(NEW.format(of="")).completed([*NAMES, "d"])
    with pytest.raises(ValueError, match="no argument: {'c'}"):
        Docstring.parse(NEW.format(of="")).completed(["input", "target"])


def test_arguments_are_positional(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "FUNCTIONAL", tmp_path)
    (tmp_path / "new.py").write_text("def new_loss(input, target, *, c=1.0):\n    'A loss.'\n")
    with pytest.raises(ValueError, match="new.py: new_loss: no argument may be keyword-only: c"):
        losses.completed("new")


EXAMPLES = {  # of CONTRIBUTING.md: the files of the function and of the line, the parameters
    "cauchy": ("regression", "regression", "float c=1.0"),
    "brier": ("classification", "softmax", ""),
}
PROGRAM = """
import sys, torch
library = torch.library.Library("lossops", "FRAGMENT")
for schema in sys.argv[1:]:
    library.define(schema)
sys.argv = ["generate", "--write"]
from tools import generate
generate.main()
assert not generate.outdated()
"""


def test_new_losses_of_contributing(tmp_path: Path) -> None:
    """Their functions and lines as they stand there are all that the tool needs."""
    text = (losses.ROOT / "CONTRIBUTING.md").read_text()
    for folder in ("lossops", "csrc/losses", "csrc/api", "csrc/include", "docs", "tools"):
        shutil.copytree(losses.ROOT / folder, tmp_path / folder, symlinks=True,
                        ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.png"))  # fmt: skip
    (tmp_path / "lossops/lib/liblossops.so").symlink_to(losses.ROOT / "lossops/lib/liblossops.so")
    shutil.copy(losses.ROOT / "README.md", tmp_path)
    tail = "Tensor? weight=None, int? ignore_index=None, Tensor? normalizer=None, int reduction=1"
    schemas = []
    for op, (functions, lines, own) in EXAMPLES.items():
        (function,) = re.findall(rf"^```py\n(_{op} = .+?)^```", text, re.M | re.S)
        (line,) = re.findall(rf"^\w*LOSS\({op},.+", text, re.M)
        for path, new in ((f"lossops/functional/{functions}.py", f"\n\n{function}"),
                          (f"csrc/losses/{lines}.def", f"{line}\n")):  # fmt: skip
            (tmp_path / path).write_text((tmp_path / path).read_text() + new)
        arguments = ", ".join(["Tensor input, Tensor target", *filter(None, [own]), tail])
        schemas.append(f"{op}({arguments}, ScalarType? dtype=None) -> Tensor")
    done = subprocess.run([sys.executable, "-c", PROGRAM, *schemas], cwd=tmp_path,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    for path, words in {
        "lossops/functional/__init__.py": '"cauchy_loss"',
        "lossops/nn/regression.py": "class CauchyLoss(Loss)",
        "lossops/nn/classification.py": "class BrierLoss(LabelLoss)",
        "lossops/nn/__init__.py": '"BrierLoss"',
        "csrc/include/lossops/regression.h": "LOSSOPS_API at::Tensor cauchy(",
        "csrc/include/lossops/nn/classification.h": "TORCH_MODULE(BrierLoss)",
        "docs/losses.md": "## brier",
        "README.md": "(docs/losses.md#cauchy)",
    }.items():
        assert words in (tmp_path / path).read_text(), path
    (cauchy,) = re.findall(r"^def cauchy_loss.*", (tmp_path / "lossops/functional/regression.py")
                           .read_text(), re.M | re.S)  # fmt: skip
    assert "normalizer: A number or 0-d tensor" in cauchy and "Raises:" in cauchy
