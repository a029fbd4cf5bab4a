"""The Sphinx extension that makes what nobody should write twice.

* A page per loss in docs/losses/, from its docstrings, its rows of the benchmark and curves of the
  operator itself; the site's losses.md keeps what holds for all of them, and lists the pages.
* Under the Python snippets of a document: what they print, and the pictures that they draw. The
  build runs them.
* The gallery in docs/gallery/, from runs of the examples, which are kept in docs/output/.
* The indexes of api.md and api_cpp.md, the figures of speed.md, and an inventory of torch's pages,
  to which links lead.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from . import gallery, losses, reference, snippets, speed

SECTION_LINK = re.compile(r"\(losses\.md#(\w+)\)")
GENERATED = {
    reference.PYTHON_MARK: reference.python_index,
    reference.CPP_MARK: reference.cpp_index,
    speed.MARK: speed.figures,
}


def write_pages(app: Any) -> None:  # noqa: ANN401
    """Writes the pages of the losses and of the examples, before Sphinx looks for documents."""
    losses.write(Path(app.srcdir))
    gallery.write(Path(app.srcdir))


def complete(app: Any, name: str, source: list[str]) -> None:  # noqa: ANN401
    """Adds to a document what is generated for it."""
    text = SECTION_LINK.sub(r"(losses/\1.md)", source[0])
    if name == "losses":
        text = losses.overview(text)
    elif "/" not in name:
        for mark, generated in GENERATED.items():
            if mark in text:
                text = text.replace(mark, generated())
        text = snippets.with_output(text, Path(app.srcdir) / "output" / name, f"output/{name}")
    source[0] = text


def setup(app: Any) -> dict[str, bool]:  # noqa: ANN401
    """Called by Sphinx."""
    app.connect("builder-inited", write_pages)
    app.connect("source-read", complete)
    return {"parallel_read_safe": True}
