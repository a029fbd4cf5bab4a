"""Writes the C++ functions and modules: schemas give the types, docstrings the words."""

import ast
import re
import textwrap
from dataclasses import dataclass

from .losses import Argument, Family, Loss

WIDTH = 110
NOTICE = """\
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
"""
HEADER = """\
// {text}
{notice}#pragma once

#include {first}
#include {second}

namespace {space} {{

{body}
}}  // namespace {space}
"""
SOURCE = """\
// The functions of lossops.h: a call of an operator each.
{notice}#include "api/numbers.h"
#include "lossops/lossops.h"

namespace lossops {{

using namespace api;

{body}
}}  // namespace lossops
"""
LAST = ("reduction", "weight", "labels", "ignore_index", "normalizer")  # in this order
TYPES = {"float": "double", "int": "int64_t", "bool": "bool"}


def generated(families: list[Family]) -> dict[str, str]:
    """The text of every file of C++, by its path in the repository."""
    files = {}
    for family in families:
        files[f"csrc/include/lossops/{family.name}.h"] = HEADER.format(
            text=family.summary,
            notice=NOTICE,
            first='"lossops/export.h"',
            second='"lossops/types.h"',
            space="lossops",
            body="\n".join(map(_declaration, family.losses)),
        )
        files[f"csrc/include/lossops/nn/{family.name}.h"] = HEADER.format(
            text=family.summary,
            notice=NOTICE,
            first=f'"lossops/{family.name}.h"',
            second='"lossops/nn/base.h"',
            space="lossops::nn",
            body="\n".join(map(_module, family.losses)),
        )
    body = "\n".join(_definition(loss) for family in families for loss in family.losses)
    files["csrc/api/functions.cpp"] = SOURCE.format(notice=NOTICE, body=body)
    return files


@dataclass(frozen=True)
class Parameter:
    """An argument in C++."""

    name: str
    type: str  # as an option stores it
    default: str | None
    text: str
    beside: str  # what of csrc/api/numbers.h makes a tensor of a number

    @classmethod
    def of(cls, a: Argument) -> "Parameter":
        """With the operator's type, and the function's default."""
        if a.schema is None:
            type = "Reduction"
        elif a.is_tensor:
            type = "TensorOrNumber" if a.may_be_number else "at::Tensor"
        else:
            type = TYPES[_bare(a.schema)]
        if a.is_optional:
            type = f"std::optional<{type}>"
        beside = (
            "level_beside" if a.annotation == "Levels"
            else "number_beside" if a.is_optional else "variance_beside"
        )  # fmt: skip
        return cls(a.name, type, _default(a, type), in_cpp(a.text), beside)

    @property
    def is_optional(self) -> bool:
        """Whether it may be left empty."""
        return self.type.startswith("std::optional")

    @property
    def may_be_number(self) -> bool:
        """Whether it may be a number where the operator wants a tensor."""
        return "TensorOrNumber" in self.type

    @property
    def is_tensor(self) -> bool:
        """Whether it is, or may be, a tensor."""
        return "Tensor" in self.type

    @property
    def defined(self) -> str:
        """As a definition has it."""
        return f"const {self.type}& {self.name}" if self.is_tensor else f"{self.type} {self.name}"

    @property
    def declared(self) -> str:
        """As a declaration has it."""
        return self.defined + ("" if self.default is None else f" = {self.default}")


def parameters(loss: Loss) -> list[Parameter]:
    """The loss's own arguments in the order of the operator, then those that losses share."""
    given = {a.name: Parameter.of(a) for a in loss.arguments}
    own = [name for name, _ in loss.schema if name in given and name not in LAST]
    return [given[name] for name in (*own, *LAST) if name in given]


def options(loss: Loss) -> list[Parameter]:
    """The options of its module."""
    return [Parameter.of(a) for a in loss.settings]


def called(loss: Loss) -> list[Parameter]:
    """What its module's forward takes."""
    given = {a.name for a in loss.settings}
    return [p for p in parameters(loss) if p.name not in given]


def in_cpp(text: str) -> str:
    """Python's words for constants in those of C++."""
    for word in ("None", "Mean", "Sum", "BatchMean"):
        text = re.sub(rf'``"{word.lower()}"``|"{word.lower()}"', f"`Reduction::{word}`", text)
    text = re.sub(r"``(\w+)=`(Reduction::\w+)```", r"`\1 = \2`", text)
    text = re.sub(r"\b(\w+)=(True|False)\b", lambda m: f"{m[1]} = {m[2].lower()}", text)
    text = re.sub(r"\bNone (?=leaves)", "std::nullopt ", text)
    text = re.sub(r":func:`(?:lossops\.functional\.)?(\w+?)(_loss)?`", r"`\1`", text)
    text = re.sub(r"; in Python also [^.]*", "", text)
    return text.replace("::\n", ":\n").replace("``", "`")


def _bare(type: str) -> str:
    return re.sub(r"^Optional\[(.*)\]$", r"\1", type)


def _default(a: Argument, type: str) -> str | None:
    if a.default is None:
        return None
    value = ast.literal_eval(a.default)
    if value is None:
        return "std::nullopt"
    if type == "Reduction":
        return f"Reduction::{value.capitalize()}"
    if "double" in type or "TensorOrNumber" in type:
        return repr(float(value))
    return str(value).lower()


def _comment(text: str, indent: str = "") -> str:
    """The text as a `///` comment, paragraphs refilled, indented blocks as they are."""
    lines: list[str] = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        if block.startswith("    "):
            lines += block.split("\n")
        else:
            lines += textwrap.wrap(re.sub(r"\s+", " ", block), WIDTH - len(indent) - 4)
        lines.append("")
    return "\n".join(f"{indent}/// {line}".rstrip() for line in lines[:-1]) + "\n"


def _tagged(tag: str, text: str) -> str:
    lines = textwrap.wrap(f"{tag} {text}", WIDTH - 4, subsequent_indent="    ")
    return "\n".join(f"/// {line}" for line in lines) + "\n"


def _call(head: str, arguments: list[str], indent: str, tail: str) -> str:
    """`head(arguments)tail`, wrapped behind the bracket."""
    one = f"{head}({', '.join(arguments)}){tail}"
    if len(indent) + len(one) <= WIDTH:
        return f"{indent}{one}\n"
    width = WIDTH - len(indent) - len(tail) - 5
    body = textwrap.wrap(", ".join(a.replace(" ", "\0") for a in arguments), width)
    lines = f"\n{indent}    ".join(body).replace("\0", " ")
    return f"{indent}{head}(\n{indent}    {lines}){tail}\n"


def _declaration(loss: Loss) -> str:
    taken = parameters(loss)
    out = _comment(in_cpp(loss.doc.head)) + "///\n"
    for p in taken:
        out += _tagged(f"@param {p.name}", p.text)
    out += _tagged("@return", in_cpp(loss.doc.sections["Returns"]))
    out += "///\n" + _tagged("Reference:", in_cpp(loss.doc.sections["Reference"]))
    return out + _call(f"LOSSOPS_API at::Tensor {loss.op}", [p.declared for p in taken], "", ";")


def _definition(loss: Loss) -> str:
    """The function calls its operator through a typed handle of the dispatcher."""
    given = {p.name: p for p in parameters(loss)}
    first = next(iter(given))
    types, values = [], []
    for name, kind in loss.schema:
        bare = _bare(kind)
        type = {"Tensor": "at::Tensor"}.get(bare) or (
            "at::ScalarType" if name == "dtype" else TYPES[bare]
        )
        type = f"std::optional<{type}>" if kind != bare else type
        types.append(f"const {type}&" if bare == "Tensor" else type)
        if name not in given:
            values.append("std::nullopt")
        elif name == "reduction":
            values.append("static_cast<int64_t>(reduction)")
        elif given[name].may_be_number:
            values.append(f"{given[name].beside}({name}, {first})")
        else:
            values.append(name)
    out = _call(f"at::Tensor {loss.op}", [p.defined for p in given.values()], "", " {")
    out += _call("using Op = at::Tensor", types, "  ", ";")
    out += f'  static const auto op = handle<Op>("lossops::{loss.op}");\n'
    return out + _call("return op.call", values, "  ", ";") + "}\n"


def _options(name: str, taken: list[Parameter]) -> str:
    out = f"/// Options of `{name}`.\nstruct {name}Options {{\n"
    if required := [p for p in taken if p.default is None]:
        takes = ", ".join(f"{p.type} {p.name}" for p in required)
        sets = ", ".join(f"{p.name}_(std::move({p.name}))" for p in required)
        out += f"  {'explicit ' if len(required) == 1 else ''}{name}Options({takes})\n"
        out += f"      : {sets} {{}}\n"
    for p in taken:
        default = f" = {p.default}" if p.default else ""
        out += _comment(p.text, "  ") + f"  TORCH_ARG({p.type}, {p.name}){default};\n"
    return out + "};\n\n"


def _module(loss: Loss) -> str:
    """Options and module, in the manner of torch::nn."""
    taken, name = options(loss), loss.module
    buffers = {p.name: p for p in taken if p.is_tensor}
    out = _options(name, taken) + _comment(f"{in_cpp(loss.doc.summary)} See `lossops::{loss.op}`.")
    out += f"struct {name}Impl : torch::nn::Cloneable<{name}Impl> {{\n"
    default = "" if any(p.default is None for p in taken) else " = {}"
    out += f"  explicit {name}Impl({name}Options options_{default})\n"
    out += "      : options(std::move(options_)) {\n    reset();\n  }\n"
    sets = [f'    {b} = register_buffer("{b}", detail::buffer(options.{b}()));\n' for b in buffers]
    out += "  void reset() override {" + ("\n" + "".join(sets) + "  " if sets else "") + "}\n"
    out += "  void pretty_print(std::ostream& stream) const override {\n"
    shown = [f'"{p.name}", options.{p.name}()' for p in taken if not p.is_tensor]
    out += _call("detail::print", ["stream", f'"lossops::nn::{name}"', *shown], "    ", ";")
    out += "  }\n" + _comment("Compute the loss.", "  ")
    out += _call("at::Tensor forward", [p.declared for p in called(loss)], "  ", " {")
    values = [_kept(p, buffers) if p in taken else p.name for p in parameters(loss)]
    out += _call(f"return lossops::{loss.op}", values, "    ", ";") + "  }\n\n"
    out += "  /// The settings of this module.\n" + f"  {name}Options options;\n"
    for b in buffers:
        out += "  /// The tensor of that option, which moves and is saved with the module.\n"
        out += f"  at::Tensor {b};\n"
    out += "};\n"
    return out + f"/// Shared ownership of a `{name}Impl`.\nTORCH_MODULE({name});\n"


def _kept(p: Parameter, buffers: dict[str, Parameter]) -> str:
    """How a module passes on what it was constructed with."""
    if p.name not in buffers:
        return f"options.{p.name}()"
    if p.may_be_number:
        return f"detail::buffered({p.name}, options.{p.name}())"
    return f"detail::given({p.name})" if p.is_optional else p.name
