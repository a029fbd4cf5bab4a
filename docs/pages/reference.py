"""The reference: indexes of the Python modules, the C++ API, and torch's names to link to."""

from __future__ import annotations

import inspect
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from .losses import LOSSES, ROOT

PYTHON_MARK = "<!-- The site has the index of Python here. -->\n"
CPP_MARK = "<!-- The site has the index of C++ here. -->\n"
MODULES = ("functional", "nn", "weights", "monitor", "cpp_extension")  # and lossops itself
HEADERS = ROOT / "csrc/include/lossops"

FUNCTION = re.compile(r"((?:^///.*\n)+)LOSSOPS_API ((?:.|\n)+?\));$", re.M)
MODULE = re.compile(
    r"/// Options of `(?P<name>\w+)`\.\nstruct \w+ \{\n(?P<options>(?:.|\n)*?)^\};\n\n"
    r"(?P<text>(?:^///.*\n)+)struct \w+(?:.|\n)*?"
    r"^  at::Tensor (?P<forward>forward\((?:.|\n)*?\)) \{",
    re.M,
)
OPTION = re.compile(r"((?:^ +///.*\n)+) +TORCH_ARG\((.+), (\w+)\)(?: = (.+?))?;$", re.M)


def summary(thing: Any) -> str:  # noqa: ANN401
    """The first sentence or line of a docstring, in Markdown."""
    first = (inspect.getdoc(thing) or "").partition("\n\n")[0].replace("\n", " ")
    first = re.sub(r":\w+:`~?(?:\w+\.)*(\w+)`", r"`\1`", first)
    return first.replace("``", "`").replace("|", r"\|")


def entries(module: Any) -> dict[str, list[str]]:  # noqa: ANN401
    """A row for each public function and class, by the file that has it."""
    found: dict[str, list[str]] = {}
    for name in module.__all__:
        thing = getattr(module, name)
        if not callable(thing):
            continue
        role = "class" if inspect.isclass(thing) else "func"
        link = f"{{py:{role}}}`~{module.__name__}.{name}`"
        found.setdefault(thing.__module__, []).append(f"| {link} | {summary(thing)} |")
    return dict(sorted(found.items()))


def python_index() -> str:
    """A table of everything public, by module."""
    lines = []
    for name in ("lossops", *(f"lossops.{name}" for name in MODULES)):
        module = import_module(name)
        lines += [f"### {name}", ""]
        files = entries(module)
        if name in ("lossops.functional", "lossops.nn"):  # these have a file for each task
            for file, rows in files.items():
                lines += [f"{summary(import_module(file))}", "", *table(rows)]
        else:
            lines += table([row for rows in files.values() for row in rows])
    return "\n".join(lines)


def table(rows: list[str]) -> list[str]:
    """The rows with a head."""
    return ["| name | |", "|---|---|", *rows, ""]


def comment(text: str) -> str:
    """What a comment of slashes says."""
    return re.sub(r"^ *///[ ]?", "", text, flags=re.M).rstrip()


def in_rst(text: str) -> str:
    """A comment of a header in reStructuredText: formulas literal, arguments as fields."""
    text = re.sub(r"^(?!    ).*$", lambda line: line[0].replace("|", r"\|"), text, flags=re.M)
    text = re.sub(r"`([^`]+)`", r"``\1``", text)
    text = re.sub(r":\n\n(?=    )", "::\n\n", text)
    text = re.sub(r"^@param (\w+) ", r":param \1: ", text, flags=re.M)
    text = re.sub(r"^@return ", ":returns: ", text, flags=re.M)
    head, reference, rest = text.partition("\nReference: ")
    return f"{head}{reference}{' '.join(rest.split())}".replace("*", r"\*")


def directive(kind: str, signature: str, body: str) -> Iterator[str]:
    """One entry of the C++ domain."""
    yield f".. cpp:{kind}:: {' '.join(signature.split())}"
    yield ""
    yield from (f"   {line}".rstrip() for line in body.splitlines())
    yield ""


@dataclass(frozen=True)
class Header:
    """A public header: what it is about, and its entries in reStructuredText."""

    name: str
    summary: str
    functions: list[tuple[str, str]]  # signature and text
    modules: list[tuple[str, str, str]]  # name, arguments of forward, text


def read_header(name: str) -> Header:
    """What a header and that of its modules declare."""
    text = (HEADERS / f"{name}.h").read_text()
    functions = [(found[2], comment(found[1])) for found in FUNCTION.finditer(text)]
    modules = []
    for found in MODULE.finditer((HEADERS / "nn" / f"{name}.h").read_text()):
        options = "\n".join(
            f"@param {option[3]} ({option[2]}{f', {option[4]}' if option[4] else ''}) "
            + comment(option[1]).replace("\n", "\n    ")
            for option in OPTION.finditer(found["options"])
        )
        about = f"{comment(found['text'])}\n\n{options}" if options else comment(found["text"])
        modules.append((found["name"], found["forward"], about))
    return Header(name, text.partition("\n")[0].removeprefix("// "), functions, modules)


def cpp_index() -> str:
    """The functions and modules of C++, header by header."""
    names = re.findall(r'^#include "lossops/(\w+)\.h"$', (HEADERS / "lossops.h").read_text(), re.M)
    lines = []
    for header in map(read_header, names):
        lines += [f"## {header.name}.h", "", header.summary, "", "```{eval-rst}"]
        lines += [".. cpp:namespace:: lossops", ""]
        for signature, text in header.functions:
            lines += directive("function", signature, in_rst(text))
        lines += [".. cpp:namespace:: lossops::nn", ""]
        for name, forward, text in header.modules:
            lines += directive("class", name, in_rst(text))
            lines += (f"   {line}" for line in directive("function", f"at::Tensor {forward}", ""))
        lines += [".. cpp:namespace:: 0", "", "```", ""]
    return "\n".join(lines)


def torch_names() -> Iterator[tuple[str, str]]:
    """The losses that torch has too, with their kinds in the Python domain."""
    for loss in LOSSES:
        if hasattr(torch.nn.functional, loss.function):
            yield f"torch.nn.functional.{loss.function}", "function"
        if hasattr(torch.nn, loss.module):
            yield f"torch.nn.{loss.module}", "class"
    yield "torch.nn.Linear", "class"
    yield "torch.nn.Module", "class"


def write_torch_inventory(file: Path) -> None:
    """An inventory of torch's pages for intersphinx, so that the build needs no network."""
    head = f"# Sphinx inventory version 2\n# Project: PyTorch\n# Version: {torch.__version__}\n"
    head += "# The remainder of this file is compressed using zlib.\n"
    rows = [f"{name} py:{kind} 1 generated/{name}.html#$ -" for name, kind in torch_names()]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(head.encode() + zlib.compress("\n".join(rows).encode() + b"\n"))
