"""What the tables of the benchmark and of the examples have in common."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text


def make_table(title: str, headings: Iterable[str | Text], left: int = 1) -> Table:
    """A table whose first columns are text and whose others are numbers; no cell is wrapped."""
    table = Table(title=title, title_justify="left")
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if place < left else "right", no_wrap=True)
    return table
