"""Google-style docstrings of losses: taken apart, and completed with what all of them say."""

import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

WIDTH = 100
_SECTION = re.compile(r"^(Args|Returns|Raises|Notes|Reference|Example):\n", re.M)
_ORDER = ("Args", "Returns", "Raises", "Notes", "Reference", "Example")
_RANGE = "A parameter is out of range, or shapes, dtypes or devices do not fit."
_REDUCTION = '``"none"``, ``"mean"`` or ``"sum"``.'
_NORMALIZER = 'A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.'

# The arguments that losses share, by what there is one loss of. A description that is left out
# becomes this one. One that begins like it has its first sentence kept equal to it; what the loss
# says beyond that is its own.
_SHARED = {
    "element": {
        "reduction": _REDUCTION,
        "weight": "A factor per element; broadcasts to ``{first}``.",
        "label_smoothing": "s in [0, 1]; t becomes t (1 - s) + s / 2.",
        "ignore_index": "Elements with this target are left out, and get gradient 0.",
        "normalizer": _NORMALIZER,
    },
    "row": {
        "reduction": _REDUCTION,
        "weight": "A factor per class, shape (C); 1 where left out.",
        "labels": "One per row, an integer dtype; only tells which rows to leave out.",
        "label_smoothing": "s in [0, 1]; y becomes y (1 - s) + s / C.",
        "ignore_index": "Rows with this label are left out, and get gradient 0.",
        "dim": "The class axis.",
        "normalizer": _NORMALIZER,
    },
    "sequence": {
        "reduction": _REDUCTION,
        "weight": 'A factor per sequence; broadcasts to the shape of the loss for ``"none"``.',
        "normalizer": _NORMALIZER,
    },
    "region": {
        "input": "Logits or, without ``activation``, probabilities, shape (N, C, d1, ..., dK); a "
        "floating dtype.",
        "target": "Labels in [0, C), an integer dtype, shape (N, d1, ..., dK), also with a class "
        "axis of 1 (of one class, 0 and 1); or t in [0, 1], one-hot or not, shaped like "
        "``{first}``.",
        "activation": '``"softmax"`` over the classes, ``"sigmoid"`` of each, or None where '
        "``{first}`` holds p.",
        "smooth": "s >= 0, which keeps small regions from mattering too much.",
        "batch": "Whether a class has one region in the batch instead of one in each sample.",
        "include_background": "Whether class 0 counts.",
        "squared": "Whether P and T are sums of p^2 and t^2.",
        "soft_label": "Whether I is sum min(p, t), whose l is 0 at p = t for any t in [0, 1].",
        "log": "Whether l becomes -ln(1 - l).",
        "absent": 'What a class costs that ``target`` lacks: ``"smooth"``, what the formula says; '
        '``"skip"``, nothing, and it does not count in the mean.',
        "reduction": _REDUCTION,
        "weight": "A factor per class, shape (C); 1 where left out.",
        "ignore_index": "Pixels with this label are in no sum, and get gradient 0; in a target "
        "shaped like ``{first}``, elements.",
        "normalizer": _NORMALIZER,
    },
}
_SHARED["box"] = {
    "input": "Boxes along the last dimension, of size 4; a floating dtype.",
    "target": "Boxes of the same shape; a floating or integer dtype.",
    "format": '``"xyxy"``, two corners; ``"xywh"``, the corner of both smallest numbers, width and '
    'height; or ``"cxcywh"``, the centre, width and height.',
    "reduction": _REDUCTION,
    "weight": 'A factor per box; broadcasts to the shape of the loss for ``"none"``.',
    "normalizer": _NORMALIZER,
}
_VECTORS = ("pair", "triplet", "signal", "sample", "proxy")
for _unit in _VECTORS:
    _weight = f'A factor per {_unit}; broadcasts to the shape of the loss for ``"none"``.'
    _SHARED[_unit] = {"reduction": _REDUCTION, "weight": _weight, "normalizer": _NORMALIZER}
_ROW_WEIGHT = 'A factor per row; broadcasts to the shape of the loss for ``"none"``.'
WEIGHTED_MEAN = "With ``weight``, the mean is sum(weight * l) / sum(weight)."  # of elements
CLASS_MEAN = "The mean is sum(l) / sum(w_t)"  # of rows, with a weight per class
REGION_MEAN = "The mean is sum(w l) / sum(w), w = weight."
LENGTH_MEAN = "of l / max(U, 1)"  # of sequences, each by its number of labels
ASKED_MEAN = "The mean is sum(l) / sum(min(t + 1, K - 1))"  # of rows, by thresholds
_SECTIONS = {  # where the docstring has none
    "element": {
        "Returns": "A 0-d tensor, or the shape of ``{first}`` for ``\"none\"``; the promoted dtype "
        "of the operands.",
        "Raises": "ValueError: ``reduction`` is unknown or rules out ``normalizer``.\n"
        f"RuntimeError: {_RANGE}",
    },
    "row": {
        "Returns": "A 0-d tensor, or the shape of ``{first}`` without the class axis for "
        '``"none"``; the dtype of ``{first}``.',
        "Raises": "ValueError: ``reduction`` is unknown or rules out ``normalizer``, or the batch "
        f"sizes differ.\nIndexError: A label is out of range.\nRuntimeError: {_RANGE}",
    },
    "sequence": {
        "Returns": "A 0-d tensor, or one loss per sequence for ``\"none\"``; the dtype of "
        "``{first}``.",
        "Raises": "ValueError: ``reduction`` is unknown or rules out ``normalizer``.\n"
        "IndexError: A label that counts is out of range, or the blank.\n"
        "RuntimeError: A length or a parameter is out of range, or shapes, dtypes or devices do "
        "not fit.",
    },
    "region": {
        "Returns": "A 0-d tensor, or for ``\"none\"`` one loss per sample and class, shape (N, C); "
        "with ``batch`` (C), and without the background one less. The dtype of ``{first}``.",
        "Raises": "ValueError: A word is unknown; ``reduction`` rules out ``normalizer``; or one "
        "class has a softmax, or is the background that does not count.\n"
        f"IndexError: A label is out of range.\nRuntimeError: {_RANGE}",
    },
}  # fmt: skip
_SECTIONS["box"] = {
    "Returns": 'A 0-d tensor, or one loss per box for ``"none"``, the shape of ``{first}`` without '
    "its last dimension; the promoted dtype of the operands.",
    "Raises": "ValueError: A word is unknown, or ``reduction`` rules out ``normalizer``.\n"
    f"RuntimeError: {_RANGE}",
}
for _unit in _VECTORS:
    _SECTIONS[_unit] = {
        "Returns": f'A 0-d tensor, or one loss per {_unit} for ``"none"``, the shape of '
        "``{first}`` without its last dimension; the promoted dtype of the vectors.",
        "Raises": _SECTIONS["element"]["Raises"],
    }
for _unit in ("sample", "proxy"):  # compared with all others
    _SECTIONS[_unit]["Raises"] = (
        "ValueError: ``reduction`` is unknown or rules out ``normalizer``, or the numbers of "
        f"vectors do not fit.\nIndexError: A label is out of range.\nRuntimeError: {_RANGE}"
    )


def wrapped(text: str, width: int, hanging: str = "") -> str:
    """The text in lines of this width, all but the first one indented."""
    return "\n".join(textwrap.wrap(text, width, subsequent_indent=hanging, break_on_hyphens=False))


@dataclass(frozen=True)
class Docstring:
    """The text before the sections, and the sections without their indentation."""

    head: str
    sections: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> "Docstring":
        """Of a docstring as `inspect.cleandoc` leaves it."""
        head, *rest = _SECTION.split(text)
        bodies = (textwrap.dedent(body).strip() for body in rest[1::2])
        return cls(head.strip(), dict(zip(rest[::2], bodies, strict=True)))

    @property
    def summary(self) -> str:
        """The first paragraph, in one line."""
        return " ".join(self.head.split("\n\n")[0].split())

    @property
    def unit(self) -> str:
        """What there is one loss of: an element, or what the formula says that it is of."""
        found = re.search(rf"Formula of (?:a|the) ({'|'.join(_SHARED)})s?\b", self.head)
        return found[1] if found else "element"

    @property
    def arguments(self) -> dict[str, str]:
        """The descriptions, each in one line."""
        found = re.findall(r"^(\w+):(.*(?:\n +.*)*)", self.sections.get("Args", ""), re.M)
        return {name: " ".join(text.split()) for name, text in found}

    @property
    def notes(self) -> list[str]:
        """The points of the notes, each in one line."""
        found = re.findall(r"^\* (.*(?:\n +.*)*)", self.sections.get("Notes", ""), re.M)
        return [" ".join(text.split()) for text in found]

    def shared(self, first: str) -> dict[str, str]:
        """What losses like this one say of the arguments that they share; `first` is its first."""
        return {name: text.format(first=first) for name, text in _SHARED[self.unit].items()}

    def completed(self, names: Iterable[str]) -> "Docstring":
        """With a description for each of these arguments, in this order, and every section."""
        names = list(names)
        given = self.arguments
        if unknown := given.keys() - set(names):
            raise ValueError(f"{self.summary} Args describes what is no argument: {unknown}")
        lines = []
        for name in names:
            text = self._described(name, given.get(name, ""), names)
            lines.append(wrapped(f"{name}: {text}", WIDTH - 8, "    "))
        sections = {**self.sections, "Args": "\n".join(lines)}
        if "Notes" in sections:
            sections["Notes"] = "\n".join(
                wrapped(f"* {note}", WIDTH - 8, "  ") for note in self.notes
            )
        for name, text in _SECTIONS[self.unit].items():
            hanging = "    " if name == "Raises" else ""
            filled = (wrapped(line.format(first=names[0]), WIDTH - 8, hanging)
                      for line in text.split("\n"))  # fmt: skip
            sections.setdefault(name, "\n".join(filled))
        return Docstring(self.head, {name: sections[name] for name in _ORDER if name in sections})

    def _described(self, name: str, text: str, names: list[str]) -> str:
        standard = self.shared(names[0]).get(name)
        if standard is None:
            if not text:
                raise ValueError(f"{self.summary} Args must describe {name!r}")
            return text
        per_row = "dim" in names or text.startswith(_ROW_WEIGHT[:16])
        if name == "weight" and self.unit == "row" and per_row:
            standard = _ROW_WEIGHT
        if not text:
            return f"{standard} {self._mean(names)}".strip() if name == "reduction" else standard
        start = " ".join(standard.split()[:4]).rstrip(".;,")
        own = text.partition(". ")[2]
        return f"{standard} {own}".strip() if text.startswith(start) else text

    def _mean(self, names: list[str]) -> str:
        """What the mean divides by, where the weight is one per class and nothing else is said."""
        if self.unit == "region":
            return REGION_MEAN
        if self.unit != "row" or "dim" in names or "weight" not in names:
            return ""
        if "probabilities" in self.arguments.get("target", ""):
            return f"{CLASS_MEAN} for labels, sum(l) / rows for probabilities."
        return f"{CLASS_MEAN}."

    def render(self, indent: str = "    ") -> str:
        """As it stands in the source, between its quotes."""
        parts = [self.head]
        for name, body in self.sections.items():
            parts.append(f"{name}:\n" + textwrap.indent(body, "    "))
        return textwrap.indent("\n\n".join(parts), indent).lstrip() + "\n" + indent
