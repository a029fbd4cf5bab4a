"""A loss in C++: its expression, and the files that hold it.

Nothing of what a user wrote is copied but names, which have been checked, and in comments the
expression as ``ast.unparse`` writes it. C++ is made of nodes only.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .emit import Emitter, literal
from .nodes import Node, ordered
from .source import module_name

if TYPE_CHECKING:
    from .definition import Defined

KEYWORDS = frozenset(
    "alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t "
    "char32_t class co_await co_return co_yield compl concept const const_cast consteval constexpr "
    "constinit continue decltype default delete do double dynamic_cast else enum explicit export "
    "extern false float for friend goto if inline int long mutable namespace new noexcept not "
    "not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires "
    "return short signed sizeof static static_assert static_cast struct switch template this "
    "thread_local throw true try typedef typeid typename union unsigned using virtual void "
    "volatile wchar_t while xor xor_eq".split()
)


@dataclass(frozen=True)
class Stated:
    """A loss as an expression of the library.

    Attributes:
        members: Of the struct; in them its parameters are ``p0``, ``p1``, ...
        traits: What ``LOSSOPS_DEFINE`` is told besides.
        call: What the function takes before its parameters.
        smooths: Whether the table of parameters ends with ``label_smoothing``.
    """

    members: str
    traits: str
    call: tuple[str, ...]
    smooths: bool = False


def body(roots: Sequence[Node], words: Sequence[str], result: str) -> str:
    """The statements of a member: `words` give its tensors, `result` has a place for each root."""
    order = list(dict.fromkeys(node for root in roots for node in ordered(root)))
    read = sorted({int(node.value) for node in order if node.op == "tensor"})
    emitter = Emitter(order, f"t{read[0]}")
    lines = ["using namespace lossops;"]
    lines += [f"const auto t{i} = {words[i]};" for i in read if words[i] != f"t{i}"]
    lines += [*emitter.lines, f"return {result.format(*map(emitter.name, roots))};"]
    return "\n".join(f"    {line}" for line in lines)


def _bounds(definition: Defined, parameter: str) -> str:
    """The tightest limits of a parameter on either side."""
    limits = [(r, bound) for name, r, bound in definition.limits if name == parameter]
    low = max(((b, r == ">") for r, b in limits if r[0] == ">"), default=None)
    high = min(((b, r != "<") for r, b in limits if r[0] == "<"), default=None)
    text = f".{'above' if low[1] else 'at_least'}({literal(low[0])})" if low else ""
    return text + (f".{'at_most' if high[1] else 'below'}({literal(high[0])})" if high else "")


def _struct(definition: Defined, stated: Stated, name: str) -> str:
    """The expression: its parameters by their names, the table of them, and the members."""
    taken = {*re.findall(r"[A-Za-z_]\w*", stated.members), *KEYWORDS, name, "parameters"}
    fields: list[str] = []
    lines, rows = [], []
    for parameter, default in definition.parameters:
        field = parameter
        while field in taken:
            field += "_"
        taken.add(field)
        fields.append(field)
        lines.append(f"  double {field} = {literal(default)};\n")
        may_be = _bounds(definition, parameter) + (".optional()" if math.isnan(default) else "")
        rows.append(f'lossops::param("{parameter}", &{name}::{field}){may_be}')
    if stated.smooths:
        rows.append(f"lossops::label_smoothing<{name}>()")
    if rows:
        table = ",\n                                         ".join(rows)
        lines.append(f"  static constexpr std::array parameters{{{table}}};\n")
    members = re.sub(r"\bp(\d+)\b", lambda found: fields[int(found[1])], stated.members)
    return f"struct {name} {{\n{''.join(lines)}{members}}};"


def source(definition: Defined) -> str:
    """The file that defines the operator."""
    stated, space = definition.stated(), definition.namespace
    return f"""\
// Made by lossops: {definition.name}
#include <lossops/define.h>

namespace {space} {{
{_struct(definition, stated, "Expression")}
}}  // namespace {space}

LOSSOPS_DEFINE({space}, {definition.name}, {space}::Expression,
               {stated.traits})
"""


def write(definition: Defined, folder: str | os.PathLike[str], namespace: str) -> tuple[Path, Path]:
    """Write a header that declares the loss by its types, and a source file that defines it.

    Raises:
        ValueError: The loss or the namespace has a name that C++ does not allow.
    """
    name, stated = definition.name, definition.stated()
    if not isinstance(namespace, str) or re.fullmatch(r"[A-Za-z]\w*", namespace, re.A) is None:
        raise ValueError(f"{name}: the namespace must be a name, such as 'own', got {namespace!r}")
    for what in (name, namespace):
        if what in KEYWORDS:
            raise ValueError(f"{name}: {what!r} is a word of C++; choose another name")
    module = module_name(definition)
    struct = module.removesuffix("Loss")
    expression = definition.expression.replace("\n", "\n//   ")
    ending = "" if definition.reduction == "mean" else (
        f"// It was written with the reduction {definition.reduction!r}, which here is an option.\n"
    )  # fmt: skip
    header, file = (Path(folder) / f"{name}{end}" for end in (".h", ".cpp"))
    header.parent.mkdir(parents=True, exist_ok=True)
    header.write_text(f"""\
// {namespace}::{name}({", ".join(stated.call)}, parameters, options), made by lossops from
//   {expression}
{ending}#pragma once

#include <lossops/own.h>

namespace {namespace} {{
{_struct(definition, stated, struct)}
}}  // namespace {namespace}

LOSSOPS_DECLARE({namespace}, {name}, {namespace}::{struct}, {module})
""")
    file.write_text(f"""\
// Defines {namespace}::{name}.
#include "{name}.h"

#include <lossops/define.h>

LOSSOPS_DEFINE({namespace}, {name}, {namespace}::{struct},
               {stated.traits})
""")
    return header, file
