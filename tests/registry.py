"""The lines of the registry, read as text."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Line(NamedTuple):
    """LOSS or CLASS_LOSS, the operator, the expression."""

    kind: str
    op: str
    expression: str


def lines(kind: str | None = None) -> list[Line]:
    """Those of this kind, or all."""
    text = "\n".join(p.read_text() for p in sorted((ROOT / "csrc/losses").glob("*.def")))
    found = [Line(*m) for m in re.findall(r"^((?:CLASS_)?LOSS)\((\w+), (\w+),", text, re.M)]
    return [line for line in found if kind in (None, line.kind)]
