"""Writes the C++ functions and modules: schemas give the types, docstrings the words."""

import ast
import re
import textwrap
from dataclasses import replace

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
CHOICES = {  # the enumerations of choices.h, by argument; a word is said by the first that has it
    "activation": ("None", "Sigmoid", "Softmax"),
    "absent": ("Smooth", "Skip"),
    "class_weighting": ("Square", "Simple", "Uniform"),
    "loss_type": (
        "Sigmoid",
        "Hinge",
        "Ipo",
        "Robust",
        "ExoPair",
        "NcaPair",
        "BcoPair",
        "SppoHard",
        "ApoZero",
        "ApoDown",
        "Discopop",
        "SigmoidNorm",
    ),
    "format": ("Xyxy", "Xywh", "Cxcywh"),
    "mode": ("Linear", "Log", "Square"),
}
TYPES = {"Tensor": "at::Tensor", "float": "double", "int": "int64_t", "bool": "bool"}


def generated(families: list[Family]) -> dict[str, str]:
    """The text of every file of C++, by its path in the repository."""
    files = {}
    for family in families:
        name, nn = family.name, f"nn/{family.name}"
        for file, space, beneath, written in (
            (name, "lossops", ('"lossops/export.h"', '"lossops/types.h"'), _declaration),
            (nn, "lossops::nn", (f'"lossops/{name}.h"', '"lossops/nn/base.h"'), _module),
        ):
            files[f"csrc/include/lossops/{file}.h"] = HEADER.format(
                text=family.summary,
                notice=NOTICE,
                first=beneath[0],
                second=beneath[1],
                space=space,
                body="\n".join(map(written, family.losses)),
            )
    body = "\n".join(_definition(loss) for family in families for loss in family.losses)
    files["csrc/api/functions.cpp"] = SOURCE.format(notice=NOTICE, body=body)
    return files


def _plain(a: Argument) -> Argument:
    """As it stands, or as a number where another operator than this takes it for a tensor."""
    if a.annotation == "TensorOrNumber" and a.schema == "float":
        return replace(a, annotation="float")
    return _without_none(a)


def _without_none(a: Argument) -> Argument:
    """As it stands, or with the number for which None is a word in Python."""
    means = re.search(r"; None is (-?\d+)", a.text)
    if not means:
        return a
    text = a.text.replace(means[0], "")
    return replace(a, annotation="int", default=means[1], text=text, schema="int")


def settings(loss: Loss) -> list[Argument]:
    """What the module's options are."""
    return [_plain(a) for a in loss.settings]


def parameters(loss: Loss) -> list[Argument]:
    """The loss's own arguments in the order of the operator, then those that losses share."""
    given = {a.name: _plain(a) for a in loss.arguments}
    last = [name for name in LAST if name in given and given[name].default is not None]
    own = [name for name, _ in loss.schema if name in given and name not in last]
    return [given[name] for name in (*own, *last)]


def in_cpp(text: str, loss: Loss) -> str:
    """Python's words for constants in those of C++."""
    choices = {"reduction": ("None", "Mean", "Sum", "BatchMean")} | CHOICES
    taken = {a.name for a in loss.arguments}
    for name, words in choices.items():
        for word in words if name in taken else ():
            spelt = re.sub(r"(?<=[a-z])(?=[A-Z])", "_?", word).lower()
            said = rf'``"{spelt}"``|"{spelt}"'
            text = re.sub(said, f"`{_enumeration(name)}::{word}`", text)
    text = re.sub(r"``(\w+)=`(\w+::\w+)```", r"`\1 = \2`", text)
    text = re.sub(r"\bNone (?=where)", "`Activation::None` ", text)
    text = re.sub(r"\b(\w+)=(True|False)\b", lambda m: f"{m[1]} = {m[2].lower()}", text)
    text = re.sub(r"\bNone (?=leaves)", "std::nullopt ", text)
    text = re.sub(r":func:`(?:lossops\.functional\.)?(\w+?)(_loss)?`", r"`\1`", text)
    text = re.sub(r"; in Python also [^.]*", "", text)
    return text.replace("::\n", ":\n").replace("``", "`")


def _enumeration(name: str) -> str:
    return "".join(map(str.capitalize, name.split("_")))


def _type(a: Argument) -> str:
    """As an option stores it: with the operator's type, but for words and what may be a number."""
    if a.is_word:
        return _enumeration(a.name)
    type = "TensorOrNumber" if a.may_be_number else TYPES[_bare(a.schema)]
    return f"std::optional<{type}>" if a.is_optional else type


def _bare(type: str) -> str:
    return re.sub(r"^Optional\[(.*)\]$", r"\1", type)


def default(a: Argument) -> str | None:
    """In C++; None where the argument is required."""
    if a.default is None:
        return None
    value = ast.literal_eval(a.default)
    if a.is_word:
        return f"{_type(a)}::{_enumeration(str(value))}"
    if value is None:
        return "std::nullopt"
    return repr(float(value)) if "double" in _type(a) or a.may_be_number else str(value).lower()


def _initial(a: Argument) -> str:
    return "" if a.default is None else f" = {default(a)}"


def _defined(a: Argument) -> str:
    return f"const {_type(a)}& {a.name}" if a.is_tensor else f"{_type(a)} {a.name}"


def _declared(a: Argument) -> str:
    return _defined(a) + _initial(a)


def _beside(a: Argument) -> str:
    """What of csrc/api/numbers.h makes a tensor of a number."""
    if a.name == "var":
        return "variance_beside"
    return "number_beside" if a.is_optional or a.name.startswith("logit_") else "operand_beside"


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
    out = _comment(in_cpp(loss.doc.head, loss)) + "///\n"
    for a in taken:
        out += _tagged(f"@param {a.name}", in_cpp(a.text, loss))
    out += _tagged("@return", in_cpp(loss.doc.sections["Returns"], loss))
    out += "///\n" + _tagged("Reference:", in_cpp(loss.doc.sections["Reference"], loss))
    return out + _call(f"LOSSOPS_API at::Tensor {loss.op}", [*map(_declared, taken)], "", ";")


def _definition(loss: Loss) -> str:
    """The function calls its operator through a typed handle of the dispatcher."""
    given = {a.name: a for a in parameters(loss)}
    first = next(iter(given))
    types, values = [], []
    for name, kind in loss.schema:
        bare = _bare(kind)
        type = "at::ScalarType" if name == "dtype" else TYPES[bare]
        type = f"std::optional<{type}>" if kind != bare else type
        types.append(f"const {type}&" if bare == "Tensor" else type)
        if name not in given:
            values.append("std::nullopt")
        elif given[name].is_word:
            values.append(f"static_cast<int64_t>({name})")
        elif given[name].may_be_number:
            values.append(f"{_beside(given[name])}({name}, {first})")
        else:
            values.append(name)
    out = _call(f"at::Tensor {loss.op}", [*map(_defined, given.values())], "", " {")
    out += _call("using Op = at::Tensor", types, "  ", ";")
    out += f'  static const auto op = handle<Op>("lossops::{loss.op}");\n'
    return out + _call("return op.call", values, "  ", ";") + "}\n"


def _options(loss: Loss, taken: list[Argument]) -> str:
    name = loss.module
    out = f"/// Options of `{name}`.\nstruct {name}Options {{\n"
    if required := [a for a in taken if a.default is None]:
        takes = ", ".join(f"{_type(a)} {a.name}" for a in required)
        sets = ", ".join(f"{a.name}_(std::move({a.name}))" for a in required)
        out += f"  {'explicit ' if len(required) == 1 else ''}{name}Options({takes})\n"
        out += f"      : {sets} {{}}\n"
    for a in taken:
        out += _comment(in_cpp(a.text, loss), "  ")
        out += f"  TORCH_ARG({_type(a)}, {a.name}){_initial(a)};\n"
    return out + "};\n\n"


def _module(loss: Loss) -> str:
    """Options and module, in the manner of torch::nn."""
    taken, name = settings(loss), loss.module
    buffers = [a.name for a in taken if a.is_tensor]
    out = _options(loss, taken) + _comment(
        f"{in_cpp(loss.doc.summary, loss)} See `lossops::{loss.op}`."
    )
    out += f"struct {name}Impl : torch::nn::Cloneable<{name}Impl> {{\n"
    default = "" if any(a.default is None for a in taken) else " = {}"
    out += f"  explicit {name}Impl({name}Options options_{default})\n"
    out += "      : options(std::move(options_)) {\n    reset();\n  }\n"
    sets = [f'    {b} = register_buffer("{b}", detail::buffer(options.{b}()));\n' for b in buffers]
    if loss.layer:
        size = "options.in_features(), options.num_classes()"
        bias = "options.bias()" if len(loss.layer) == 2 else "false"
        sets.append(f'    linear = register_module("linear", detail::layer({size}, {bias}));\n')
    out += "  void reset() override {" + ("\n" + "".join(sets) + "  " if sets else "") + "}\n"
    out += "  void pretty_print(std::ostream& stream) const override {\n"
    shown = [f'"{a.name}", options.{a.name}()' for a in taken if not a.is_tensor]
    out += _call("detail::print", ["stream", f'"lossops::nn::{name}"', *shown], "    ", ";")
    out += "  }\n" + _comment("Compute the loss.", "  ")
    called = [a for a in parameters(loss) if a not in (*taken, *loss.layer)]
    out += _call("at::Tensor forward", [*map(_declared, called)], "  ", " {")
    held = {a.name: f"detail::given(linear->{a.name[7:]})" for a in loss.layer if a.is_optional}
    held |= {a.name: f"linear->{a.name[7:]}" for a in loss.layer if not a.is_optional}
    values = [_kept(a) if a in taken else held.get(a.name, a.name) for a in parameters(loss)]
    out += _call(f"return lossops::{loss.op}", values, "    ", ";") + "  }\n\n"
    out += "  /// The settings of this module.\n" + f"  {name}Options options;\n"
    for b in buffers:
        out += "  /// The tensor of that option, which moves and is saved with the module.\n"
        out += f"  at::Tensor {b};\n"
    if loss.layer:
        out += "  /// The layer.\n  torch::nn::Linear linear{nullptr};\n"
    out += "};\n"
    return out + f"/// Shared ownership of a `{name}Impl`.\nTORCH_MODULE({name});\n"


def _kept(a: Argument) -> str:
    """How a module passes on what it was constructed with."""
    if not a.is_tensor:
        return f"options.{a.name}()"
    if a.may_be_number:
        return f"detail::buffered({a.name}, options.{a.name}())"
    return f"detail::given({a.name})" if a.is_optional else a.name
