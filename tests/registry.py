"""The lines of the registry, read as text."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Line(NamedTuple):
    """The operator and its expression."""

    op: str
    expression: str

    @property
    def family(self) -> str:
        """The folder of csrc/families that the expression is for, as its members say."""
        headers = "\n".join(p.read_text() for p in sorted((ROOT / "csrc/losses").glob("*.h")))
        body = headers.split(f"struct {self.expression} ", 1)[1].split("\n};", 1)[0]
        signs = {"kStates": "lattice", "kVectors": "vectors", "Overlap<": "regions",
                 "operator()(": "elementwise", "BoxLoss<": "elementwise"}  # fmt: skip
        return next((family for sign, family in signs.items() if sign in body), "class_axis")


def lines() -> list[Line]:
    """Those of all files."""
    text = "\n".join(p.read_text() for p in sorted((ROOT / "csrc/losses").glob("*.def")))
    return [Line(*m) for m in re.findall(r"^LOSS\((\w+), (\w+)[,)]", text, re.M)]
