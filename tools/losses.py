"""The losses, read from lossops/functional, from the registry and from the operators' schemas.

The sources are read as text: what is generated from them may be out of date, and must not be
needed to bring it up to date. The library has to be built, since it knows the schemas.
"""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch

from .docstring import ASKED_MEAN, CLASS_MEAN, LENGTH_MEAN, WEIGHTED_MEAN, Docstring

ROOT = Path(__file__).resolve().parent.parent
FUNCTIONAL = ROOT / "lossops/functional"
FAMILIES = (  # the files of lossops/functional, in the order of the documentation
    "regression",
    "relative",
    "likelihood",
    "count",
    "density",
    "binary",
    "margin",
    "classification",
    "noise",
    "ordinal",
    "metric",
    "distillation",
    "sequence",
    "region",
    "segmentation",
    "box",
    "embedding",
    "signal",
    "preference",
)
LAYERS = ("linear",)  # of losses on the logits of a layer, which are no losses of their own
BESIDE = {  # files whose operators have no line in the registry, with the modules of those
    "contrastive": {
        "info_nce": "InfoNCELoss",
        "nt_xent": "NTXentLoss",
        "clip": "ClipLoss",
        "siglip": "SigLipLoss",
        "supcon": "SupConLoss",
        "proxy_anchor": "ProxyAnchorLoss",
    },
}


@dataclass(frozen=True)
class Argument:
    """An argument of a loss, as its function has it."""

    name: str
    annotation: str
    default: str | None  # as the source writes it
    text: str
    schema: str  # the operator's type

    @property
    def is_tensor(self) -> bool:
        """Whether it is, or may be, a tensor."""
        return any(word in self.annotation for word in ("Tensor", "Levels", "Lengths"))

    @property
    def is_word(self) -> bool:
        """Whether it is a string in Python, and an enumeration in C++."""
        return "str" in self.annotation

    @property
    def is_optional(self) -> bool:
        """Whether it may be None."""
        return "None" in self.annotation

    @property
    def may_be_number(self) -> bool:
        """Whether it may be a number where the operator wants a tensor."""
        return "TensorOrNumber" in self.annotation or self.annotation == "Levels"


SIZE = [  # of a layer, in the order in which torch.nn takes it
    Argument("in_features", "int", None, "D, the size of the features.", "int"),
    Argument("num_classes", "int", None, "C.", "int"),
    Argument("bias", "bool", "False", "Whether the layer has one.", "bool"),
]


@dataclass(frozen=True)
class Family:
    """The losses of one file."""

    name: str
    summary: str
    losses: tuple["Loss", ...]


@dataclass(frozen=True)
class Loss:
    """A loss: its names, and its arguments in the order of its function."""

    op: str
    function: str
    module: str
    arguments: tuple[Argument, ...]
    doc: Docstring

    @cached_property
    def schema(self) -> list[tuple[str, str]]:
        """Names and types of the operator's arguments."""
        found = getattr(torch.ops.lossops, self.op).default._schema.arguments
        return [(a.name, str(a.type)) for a in found]

    @cached_property
    def layer(self) -> list[Argument]:
        """The tensors of the layer that the module holds, if the loss is one of its logits."""
        return [a for a in self.arguments if a.name.startswith("linear_")]

    @property
    def is_operator(self) -> bool:
        """Whether the function is the operator, of which it takes no argument that is not there."""
        return all(a.schema for a in self.arguments)

    @cached_property
    def settings(self) -> list[Argument]:
        """What the module's constructor takes."""
        names = [a.name for a in self.arguments]
        target = names.index("target") if "target" in names else -1
        own = [a for i, a in enumerate(self.arguments) if self._is_setting(i, a, target)]
        return [*self.size[:2], *own, *self.size[2:]]

    @cached_property
    def size(self) -> list[Argument]:
        """Those of the settings that make the layer."""
        return SIZE[: len(self.layer) + 1] if self.layer else []

    def _is_setting(self, i: int, a: Argument, target: int) -> bool:
        """Numbers, what has a default, and what has a size per class; the rest comes per batch."""
        brought = ("normalizer", "labels", "target_bias", "negatives", "logit_bias", "kl", "shape")
        if a.name in brought or a.name.startswith("ref_") or a in self.layer or not a.schema:
            return False
        if a.name == "weight":  # before the reduction, as torch.nn has it, or one per class
            before = i < [b.name for b in self.arguments].index("reduction")
            return before or a.text.startswith("A factor per class")
        return not a.is_tensor or a.default is not None or (i > target and "shape (C" in a.text)

    @cached_property
    def called(self) -> list[Argument]:
        """What the module's forward takes, in the order of the schema."""
        kept = {a.name: a for a in self.arguments if a not in (*self.settings, *self.layer)}
        return [kept[name] for name, _ in self.schema if name in kept]

    @cached_property
    def base(self) -> str:
        """The class of lossops/nn/_base.py that knows what the mean of this loss divides by."""
        mean = self.doc.arguments["reduction"]
        for name, holds in (
            ("WeightedMeanLoss", WEIGHTED_MEAN in mean),
            ("LayerLoss", self.layer and CLASS_MEAN in mean),
            ("LabelLoss", CLASS_MEAN in mean),
            ("LengthLoss", LENGTH_MEAN in mean),
            ("ConditionalLoss", ASKED_MEAN in mean),
            ("SequenceLoss", self.doc.unit == "sequence"),
            ("RegionLoss", self.doc.unit == "region"),
            ("DivergenceLoss", self.layer or any(a.name == "dim" for a in self.arguments)),
            ("LevelsLoss", any(a.annotation == "Levels" for a in self.arguments)),
            ("OrdinalLoss", "levels" in self.doc.arguments.get("target", "")),
            ("SampleLoss", ".shape[:-1]" in self.doc.sections["Returns"]),
            ("VectorLoss", self.doc.unit in ("triplet", "signal", "box")),
            ("BatchLoss", self.doc.unit in ("sample", "proxy")),
        ):
            if holds:
                return name
        return "Loss"

    @cached_property
    def baseline(self) -> type[torch.nn.Module] | None:
        """The module of torch.nn that has this name."""
        return getattr(torch.nn, self.module, None)

    @property
    def only_by_name(self) -> bool:
        """Whether torch's module takes its settings as keywords alone."""
        if self.baseline is None:
            return False
        parameters = inspect.signature(self.baseline).parameters.values()
        return any(p.kind is p.KEYWORD_ONLY for p in parameters)


def completed(family: str) -> str:
    """The source of a family with its docstrings completed."""
    text = (FUNCTIONAL / f"{family}.py").read_text()
    lines = text.split("\n")
    for node in reversed(list(_functions(ast.parse(text)))):
        if node.args.kwonlyargs:
            names = ", ".join(a.arg for a in node.args.kwonlyargs)
            raise ValueError(f"{family}.py: {node.name}: no argument may be keyword-only: {names}")
        doc = Docstring.parse(ast.get_docstring(node) or "")
        doc, at = doc.completed(a.arg for a in node.args.args), node.body[0]
        lines[at.lineno - 1 : at.end_lineno] = f'    """{doc.render()}"""'.split("\n")
    return "\n".join(lines)


def read(names: tuple[str, ...] = FAMILIES) -> list[Family]:
    """The families of these files, from the completed sources."""
    files = {p.stem for p in FUNCTIONAL.glob("*.py") if not p.stem.startswith("_")}
    if files != {*FAMILIES, *LAYERS, *BESIDE}:
        raise ValueError(f"tools/losses.py: FAMILIES must name the files {sorted(files)}")
    if "lossops" not in sys.modules:  # which would have loaded it
        library = str(ROOT / "lossops/lib/liblossops.so")
        torch.ops.load_library(library)  # type: ignore[no-untyped-call]
    modules = {op: f"{expression}Loss" for op, expression in _registry()}
    modules |= {f"linear_{op}": f"Linear{module}" for op, module in modules.items()}
    for others in BESIDE.values():
        modules |= others
    return [_family(name, modules) for name in names]


def _registry() -> list[tuple[str, str]]:
    """The operators with their expressions, after which the modules are named."""
    text = "\n".join(path.read_text() for path in sorted((ROOT / "csrc/losses").glob("*.def")))
    return re.findall(r"^\w*LOSS\((\w+), (\w+)", text, re.M)


def _family(name: str, modules: dict[str, str]) -> Family:
    text = completed(name)
    tree = ast.parse(text)
    ops = {}
    for statement in tree.body:
        match statement:  # _op = Op(torch.ops.lossops.op)
            case ast.Assign([ast.Name(bound)], ast.Call(ast.Name("Op"), [ast.Attribute(attr=op)])):
                ops[bound] = op
    losses = tuple(_loss(node, text, ops, modules) for node in _functions(tree))
    return Family(name, (ast.get_docstring(tree) or "").split("\n")[0], losses)


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node


def _loss(node: ast.FunctionDef, text: str, ops: dict[str, str], modules: dict[str, str]) -> Loss:
    called = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    found = [op for name, op in ops.items() if name in called]
    if len(found) != 1 or found[0] not in modules:
        raise ValueError(f"{node.name} must call one operator, got {found}")
    doc = Docstring.parse(ast.get_docstring(node) or "")
    loss = Loss(found[0], node.name, modules[found[0]], (), doc)
    types = dict(loss.schema)
    given = node.args.args
    defaults = [None] * (len(given) - len(node.args.defaults)) + node.args.defaults
    arguments = tuple(
        Argument(
            name=a.arg,
            annotation=ast.unparse(a.annotation) if a.annotation else "",
            default=None if d is None else ast.get_source_segment(text, d),
            text=doc.arguments[a.arg],
            schema=types.get(a.arg, ""),
        )
        for a, d in zip(given, defaults, strict=True)
    )
    return Loss(loss.op, loss.function, loss.module, arguments, doc)
