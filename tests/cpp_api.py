"""Writes the C++ functions and modules of the losses, from their operators and Python functions.

Schemas give the arguments and their types, docstrings the words. `python -m tests.cpp_api --write`
replaces the files under csrc; without `--write` it says which are out of date.
"""

import inspect
import re
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import lossops
from tests.losses import LOSSES, Loss

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 110
NOTICE = """\
// Generated from the operators and the Python functions by `python -m tests.cpp_api --write`.
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
FAMILIES = {
    "regression": "Losses on the difference between a prediction and a real-valued target.",
    "likelihood": "Negative log-likelihoods, and the divergence between distributions.",
    "binary": "Losses of yes-or-no answers, one or many per sample.",
    "margin": "Losses that ask for a margin: of targets -1 and 1, or of classes.",
    "classification": "Losses of one class out of C.",
    "metric": "Margin softmax, on the cosines of embeddings and class centres.",
    "distillation": "Divergences between a student and its teacher, both given as logits.",
}
LAST = ("reduction", "weight", "labels", "ignore_index", "normalizer")  # in this order
TYPES = {"float": "double", "int": "int64_t", "bool": "bool"}
# How C++ makes a tensor of a number, by argument; see csrc/api/numbers.h.
BESIDE = {
    "normalizer": "number_beside",
    "alpha": "number_beside",
    "q": "level_beside",
    "var": "variance_beside",
}


@dataclass(frozen=True)
class Argument:
    """An argument of a C++ function."""

    name: str
    type: str  # as an option stores it
    default: str | None
    text: str

    @property
    def optional(self) -> bool:
        return self.type.startswith("std::optional")

    @property
    def number(self) -> bool:
        """Whether it may be a number where the operator wants a tensor."""
        return "TensorOrNumber" in self.type

    @property
    def tensor(self) -> bool:
        return self.number or "Tensor" in self.type

    @property
    def declared(self) -> str:
        type = f"const {self.type}&" if self.tensor else self.type
        return f"{type} {self.name}" + ("" if self.default is None else f" = {self.default}")

    @property
    def defined(self) -> str:
        return self.declared.split(" = ")[0]


@dataclass(frozen=True)
class Doc:
    """A Google-style docstring, in the words of C++."""

    head: str
    sections: dict[str, str]

    @staticmethod
    def of(thing: Any) -> "Doc":
        parts = re.split(
            r"^(Args|Shape|Returns|Raises|Reference|Example):\n",
            inspect.getdoc(thing) or "",
            flags=re.M,
        )
        sections = {
            name: textwrap.dedent(body) for name, body in zip(parts[1::2], parts[2::2], strict=True)
        }
        return Doc(
            in_cpp(parts[0]).strip(),
            {name: in_cpp(body).strip() for name, body in sections.items()},
        )

    def argument(self, name: str) -> str:
        found = re.search(rf"^{name}: (.*(?:\n +.*)*)", self.sections.get("Args", ""), re.M)
        return re.sub(r"\s+", " ", found[1]) if found else ""


def in_cpp(text: str) -> str:
    """Python's words for constants in those of C++."""
    for word in ("None", "Mean", "Sum", "BatchMean"):
        text = re.sub(rf'``"{word.lower()}"``|"{word.lower()}"', f"`Reduction::{word}`", text)
    text = re.sub(r"``(\w+)=`(Reduction::\w+)```", r"`\1 = \2`", text)
    text = re.sub(r"\b(\w+)=(True|False)\b", lambda m: f"{m[1]} = {m[2].lower()}", text)
    text = re.sub(r"\bNone (?=leaves)", "std::nullopt ", text)
    text = re.sub(r":func:`(?:lossops\.functional\.)?(\w+?)(_loss)?`", r"`\1`", text)
    text = text.replace("a list of Q numbers, ", "").replace(
        "a number, or a tensor of shape () or", "a number or a tensor of shape () or"
    )
    return text.replace("::\n", ":\n").replace("``", "`")


def default_in_cpp(value: Any, type: str) -> str | None:
    if value is inspect.Parameter.empty:
        return None
    if value is None:
        return "std::nullopt"
    if type.startswith("Reduction"):
        return f"Reduction::{value.capitalize()}"
    if "double" in type or "TensorOrNumber" in type:
        return repr(float(value))
    return str(value).lower()


def argument(loss: Loss, name: str, parameter: inspect.Parameter, doc: Doc) -> Argument:
    """The argument in C++; its type is the operator's, its default Python's."""
    schema = {a.name: a.type for a in getattr(torch.ops.lossops, loss.op).default._schema.arguments}
    text = doc.argument(name)
    if name == "reduction":
        return Argument(name, "Reduction", default_in_cpp(parameter.default, "Reduction"), text)
    kind = str(schema[name])
    bare = re.sub(r"^Optional\[(.*)\]$", r"\1", kind)
    hint = str(parameter.annotation)
    if bare == "Tensor":
        type = "TensorOrNumber" if "float" in hint else "at::Tensor"
    else:
        type = TYPES[bare]
    if "None" in hint:
        type = f"std::optional<{type}>"
    return Argument(name, type, default_in_cpp(parameter.default, type), text)


def function_arguments(loss: Loss) -> list[Argument]:
    """The loss's own arguments in the order of the operator, then those that losses share."""
    function = getattr(lossops.functional, loss.function)
    parameters = inspect.signature(function).parameters
    schema = [a.name for a in getattr(torch.ops.lossops, loss.op).default._schema.arguments]
    own = [name for name in schema if name in parameters and name not in LAST]
    names = own + [name for name in LAST if name in parameters]
    assert sorted(names) == sorted(parameters), f"{loss.op}: schema and {loss.function} disagree"
    doc = Doc.of(function)
    return [argument(loss, name, parameters[name], doc) for name in names]


def commented(text: str, indent: str = "") -> str:
    """The text as a `///` comment, paragraphs refilled, indented blocks as they are."""
    lines = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        if block.startswith("    "):
            lines += block.split("\n")
        else:
            lines += textwrap.wrap(re.sub(r"\s+", " ", block), WIDTH - len(indent) - 4)
        lines.append("")
    return "\n".join(f"{indent}/// {line}".rstrip() for line in lines[:-1]) + "\n"


def tagged(tag: str, text: str) -> str:
    wrapped = textwrap.wrap(f"{tag} {text}", WIDTH - 4, subsequent_indent="    ")
    return "\n".join(f"/// {line}" for line in wrapped) + "\n"


def call(head: str, arguments: list[str], indent: str, tail: str) -> str:
    """`head(arguments)tail`, wrapped behind the bracket."""
    one = f"{head}({', '.join(arguments)}){tail}"
    if len(indent) + len(one) <= WIDTH:
        return f"{indent}{one}\n"
    width = WIDTH - len(indent) - len(tail) - 5
    body = textwrap.wrap(", ".join(a.replace(" ", "\0") for a in arguments), width)
    lines = f"\n{indent}    ".join(body).replace("\0", " ")
    return f"{indent}{head}(\n{indent}    {lines}){tail}\n"


def declaration(loss: Loss) -> str:
    doc = Doc.of(getattr(lossops.functional, loss.function))
    arguments = function_arguments(loss)
    out = commented(doc.head) + "///\n"
    for a in arguments:
        out += tagged(f"@param {a.name}", a.text)
    out += tagged("@return", doc.sections["Returns"])
    out += "///\n" + tagged("Reference:", doc.sections["Reference"])
    return out + call(f"LOSSOPS_API at::Tensor {loss.op}", [a.declared for a in arguments], "", ";")


def definition(loss: Loss) -> str:
    """The function calls its operator through a typed handle of the dispatcher."""
    given = {a.name: a for a in function_arguments(loss)}
    first = next(iter(given))
    types, values = [], []
    for slot in getattr(torch.ops.lossops, loss.op).default._schema.arguments:
        kind = str(slot.type)
        bare = re.sub(r"^Optional\[(.*)\]$", r"\1", kind)
        type = (
            "at::Tensor"
            if bare == "Tensor"
            else "at::ScalarType"
            if slot.name == "dtype"
            else TYPES[bare]
        )
        type = f"std::optional<{type}>" if kind != bare else type
        types.append(f"const {type}&" if bare == "Tensor" else type)
        if slot.name not in given:
            values.append("std::nullopt")
        elif slot.name == "reduction":
            values.append("static_cast<int64_t>(reduction)")
        elif given[slot.name].number:
            values.append(f"{BESIDE[slot.name]}({slot.name}, {first})")
        else:
            values.append(slot.name)
    out = call(f"at::Tensor {loss.op}", [a.defined for a in given.values()], "", " {")
    out += call("using Op = at::Tensor", types, "  ", ";")
    out += f'  static const auto op = handle<Op>("lossops::{loss.op}");\n'
    return out + call("return op.call", values, "  ", ";") + "}\n"


def module_arguments(loss: Loss) -> tuple[list[Argument], list[Argument]]:
    """The options of a module, and what is left for its forward."""
    kind = getattr(lossops.nn, loss.module)
    doc = Doc.of(kind)
    parameters = inspect.signature(kind).parameters
    options = [argument(loss, name, p, doc) for name, p in parameters.items()]
    return options, [a for a in function_arguments(loss) if a.name not in parameters]


def module(loss: Loss) -> str:
    """Options and module, in the manner of torch::nn."""
    doc = Doc.of(getattr(lossops.nn, loss.module))
    words = Doc.of(getattr(lossops.functional, loss.function))
    options, called = module_arguments(loss)
    given = {a.name for a in options}
    buffers = [a for a in options if a.tensor]
    required = [a for a in options if a.default is None]

    name = loss.module
    out = f"/// Options of `{name}`.\nstruct {name}Options {{\n"
    if required:
        takes = ", ".join(f"{a.type} {a.name}" for a in required)
        sets = ", ".join(f"{a.name}_(std::move({a.name}))" for a in required)
        out += f"  {'explicit ' if len(required) == 1 else ''}{name}Options({takes})\n"
        out += f"      : {sets} {{}}\n"
    for a in options:
        out += commented(a.text or words.argument(a.name), "  ")
        out += f"  TORCH_ARG({a.type}, {a.name})" + (f" = {a.default};\n" if a.default else ";\n")
    out += "};\n\n"

    head = doc.head.split("\n\n")[0]
    out += commented(f"{head} See `lossops::{loss.op}`.\n\n{doc.sections['Shape']}")
    out += f"struct {name}Impl : torch::nn::Cloneable<{name}Impl> {{\n"
    default = "" if required else " = {}"
    out += f"  explicit {name}Impl({name}Options options_{default})\n"
    out += "      : options(std::move(options_)) {\n    reset();\n  }\n"
    if buffers:
        out += "  void reset() override {\n"
        for a in buffers:
            out += (
                f'    {a.name} = register_buffer("{a.name}", detail::buffer(options.{a.name}()));\n'
            )
        out += "  }\n"
    else:
        out += "  void reset() override {}\n"
    out += "  void pretty_print(std::ostream& stream) const override {\n"
    shown = [a for a in options if not a.tensor]
    pairs = [f'"{a.name}", options.{a.name}()' for a in shown]
    printed = ["stream", f'"lossops::nn::{name}"', *pairs]
    out += call("detail::print", printed, "    ", ";") + "  }\n"
    out += commented("Compute the loss.", "  ")
    out += call("at::Tensor forward", [a.declared for a in called], "  ", " {")
    values = []
    for a in function_arguments(loss):
        if a.name not in given:
            values.append(a.name)
        elif a in buffers or a.name in {b.name for b in buffers}:
            option = next(b for b in buffers if b.name == a.name)
            values.append(
                f"detail::buffered({a.name}, options.{a.name}())" if option.number
                else f"detail::given({a.name})" if option.optional else a.name
            )  # fmt: skip
        else:
            values.append(f"options.{a.name}()")
    out += call(f"return lossops::{loss.op}", values, "    ", ";") + "  }\n\n"
    out += "  /// The settings of this module.\n" + f"  {name}Options options;\n"
    for a in buffers:
        out += commented(
            "The tensor of that option, which moves and is saved with the module.", "  "
        )
        out += f"  at::Tensor {a.name};\n"
    out += "};\n"
    return out + f"/// Shared ownership of a `{name}Impl`.\nTORCH_MODULE({name});\n"


def generated() -> dict[str, str]:
    """The text of every generated file, by its path in the repository."""
    members: dict[str, list[Loss]] = {family: [] for family in FAMILIES}
    for loss in LOSSES:
        members[getattr(lossops.functional, loss.function).__module__.rsplit(".", 1)[-1]].append(
            loss
        )
    files = {}
    for family, text in FAMILIES.items():
        files[f"csrc/include/lossops/{family}.h"] = HEADER.format(
            text=text,
            notice=NOTICE,
            first='"lossops/export.h"',
            second='"lossops/types.h"',
            space="lossops",
            body="\n".join(map(declaration, members[family])),
        )
        files[f"csrc/include/lossops/nn/{family}.h"] = HEADER.format(
            text=text,
            notice=NOTICE,
            first=f'"lossops/{family}.h"',
            second='"lossops/nn/base.h"',
            space="lossops::nn",
            body="\n".join(map(module, members[family])),
        )
    body = "\n".join(map(definition, LOSSES))
    files["csrc/api/functions.cpp"] = SOURCE.format(notice=NOTICE, body=body)
    return files


def outdated() -> list[str]:
    """The generated files that are missing or differ."""
    return [path for path, text in generated().items()
            if not (ROOT / path).exists() or (ROOT / path).read_text() != text]  # fmt: skip


if __name__ == "__main__":
    if "--write" in sys.argv:
        for path, text in generated().items():
            (ROOT / path).parent.mkdir(exist_ok=True)
            (ROOT / path).write_text(text)
    else:
        print("\n".join(outdated()))
