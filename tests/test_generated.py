"""What `python -m tools.generate` writes, and how it completes the docstring of a new loss."""

import pytest

from tests import registry
from tools import generate, losses
from tools.docstring import Docstring

NEW = """\
A loss.

Formula{of_rows}::

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


@pytest.mark.parametrize("of_rows", ["", " of a row"])
def test_docstring_is_completed(of_rows: str) -> None:
    """What losses share may be left out; what is there already stays as it is."""
    doc = Docstring.parse(NEW.format(of_rows=of_rows)).completed(NAMES)
    assert list(doc.arguments) == NAMES
    assert doc.arguments["c"] == "A parameter."
    assert ("per class" in doc.arguments["weight"]) == bool(of_rows)
    assert ("sum(l) / sum(w_t)." in doc.arguments["reduction"]) == bool(of_rows)
    assert list(doc.sections) == ["Args", "Returns", "Raises", "Reference"]
    assert doc.completed(NAMES) == doc


def test_docstring_keeps_what_a_loss_says_itself() -> None:
    """The first sentence follows the common text, the rest is the loss's own."""
    own = NEW.format(of_rows="").replace(
        "    c: A parameter.\n",
        "    c: A parameter.\n    weight: A factor per element of old. Not part of the mean.\n",
    )
    weight = Docstring.parse(own).completed(NAMES).arguments["weight"]
    assert weight == "A factor per element; broadcasts to ``input``. Not part of the mean."


def test_docstring_must_describe_parameters() -> None:
    with pytest.raises(ValueError, match="must describe 'd'"):
        Docstring.parse(NEW.format(of_rows="")).completed([*NAMES, "d"])
    with pytest.raises(ValueError, match="no argument: {'c'}"):
        Docstring.parse(NEW.format(of_rows="")).completed(["input", "target"])
