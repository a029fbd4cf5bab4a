"""Writes the modules of lossops/nn, and both `__init__.py` from their docstrings on."""

import ast
import doctest
import inspect
import textwrap
from collections.abc import Iterable
from pathlib import Path

from .docstring import WIDTH, wrapped
from .losses import BESIDE, FAMILIES, FUNCTIONAL, LAYERS, ROOT, Argument, Family, Loss

NN = ROOT / "lossops/nn"
PLACE = [
    Argument("device", "torch.device | str | int | None", "None", "Of the layer.", ""),
    Argument("dtype", "torch.dtype | None", "None", "Of the layer.", ""),
]
NOTICE = "# Generated from ../functional/{name}.py by `python -m tools.generate --write`.\n"


def generated(families: list[Family]) -> dict[str, str]:
    """The text of every Python file that is written anew, by its path in the repository."""
    files = {f"lossops/nn/{family.name}.py": _file(family) for family in families}
    functions = {f.name: [loss.function for loss in f.losses] for f in families}
    functions |= _handwritten(FUNCTIONAL)
    modules = {f.name: [loss.module for loss in _written(f)] for f in families} | _handwritten(NN)
    files["lossops/functional/__init__.py"] = _init(FUNCTIONAL / "__init__.py", functions)
    files["lossops/nn/__init__.py"] = _init(NN / "__init__.py", modules)
    return files


def _written(family: Family) -> list[Loss]:
    """All but those whose function does more than to call its operator."""
    return [loss for loss in family.losses if loss.is_operator]


def _handwritten(folder: Path) -> dict[str, list[str]]:
    """What other files of the folder export."""
    found = {}
    for path in folder.glob("*.py"):
        written = path.stem not in ("__init__", *FAMILIES, *LAYERS, *BESIDE)
        for node in ast.parse(path.read_text()).body * written:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                found[path.stem] = ast.literal_eval(node.value)
    return found


def _init(path: Path, members: dict[str, list[str]]) -> str:
    """The docstring as it stands, and imports and names after it."""
    text = path.read_text()
    doc = ast.parse(text).body[0]
    lines = text.split("\n")[: doc.end_lineno]
    names = sorted(name for family in members.values() for name in family)
    imports = "".join(_import(family, sorted(members[family])) for family in sorted(members))
    listed = "".join(f'    "{name}",\n' for name in names)
    return "\n".join(lines) + f"\n\n{imports}\n__all__ = [\n{listed}]\n"


def _import(module: str, names: list[str]) -> str:
    if len(one := f"from .{module} import {', '.join(names)}") <= WIDTH:
        return one + "\n"
    listed = "".join(f"    {name},\n" for name in names)
    return f"from .{module} import (\n{listed})\n"


def _call(head: str, arguments: list[str], tail: str, indent: str, brackets: str = "()") -> str:
    """`head(arguments)tail` as ruff breaks it."""
    one, inner = ", ".join(arguments), indent + "    "
    start, end = f"{indent}{head}{brackets[0]}", f"{brackets[1]}{tail}\n"
    if len(start + one + end) - 1 <= WIDTH:
        return start + one + end
    if len(inner + one) <= WIDTH and brackets == "()":
        return f"{start}\n{inner}{one}\n{indent}{end}"
    lines = "".join(f"{inner}{a},\n" for a in arguments)
    return f"{start}\n{lines}{indent}{end}"


def _file(family: Family) -> str:
    losses = _written(family)
    kept = "".join(line for loss in losses for line in _registered(loss))
    helpers = [name for name in ("number", "without_numpy") if f"{name}(" in kept]
    annotations = " ".join(a.annotation for loss in losses for a in loss.arguments)
    types = [word for word in ("Lengths", "Levels", "TensorOrNumber") if word in annotations]
    bases = sorted({loss.base for loss in losses}) + ["levels"] * ("levels(" in kept)
    torch = "import torch\n" if "torch." in kept else ""
    return (
        f'"""{family.summary}"""\n\n'
        + NOTICE.format(name=family.name)
        + f"{torch}from torch import Tensor\n\nfrom .. import functional as F\n"
        + (f"from .._op import {', '.join(helpers)}\n" if helpers else "")
        + f"from ..functional._common import {', '.join(types)}\n"
        + f"from ._base import {', '.join(bases)}\n"
        + "".join(f"\n\n{_module(loss)}" for loss in losses)
    )


def _module(loss: Loss) -> str:
    out = f"class {loss.module}({loss.base}):\n" + _documentation(loss) + "\n"
    own = [a for a in loss.settings if a.name != "reduction" and a not in loss.size]
    constants = [a.name for a in loss.settings if not a.is_tensor and a not in loss.size]
    if constants != ["reduction"]:
        out += _call("__constants__ = ", [f'"{name}"' for name in constants], "", "    ", "[]")
    for a in own:  # what TorchScript and type checkers cannot tell from the constructor
        if a.is_tensor:
            out += f"    {a.name}: {'Tensor' if a.annotation == 'Levels' else a.annotation}\n"
    if own:
        star = ["*"] if loss.only_by_name else []
        takes = ["self", *star, *map(_declared, _constructed(loss))]
        out += "\n" + _call("def __init__", takes, " -> None:", "    ")
        out += "        super().__init__(reduction)\n"
        out += "".join(_registered(loss)) + "\n"
    return out + _forward(loss) + _shown(own)


def _constructed(loss: Loss) -> list[Argument]:
    """What the constructor takes."""
    return [*loss.settings, *(PLACE if loss.layer else [])]


def _declared(a: Argument) -> str:
    return f"{a.name}: {a.annotation}" + (f" = {a.default}" if a.default is not None else "")


def _registered(loss: Loss) -> list[str]:
    """How the constructor keeps each setting: a number as one, a tensor as a buffer."""
    lines = []
    for a in loss.settings:
        name, indent = a.name, "        "
        buffer = [f'"{name}"', name]
        owned = [f'"{loss.module}"', *buffer]
        if name == "reduction" or a in loss.size:
            continue
        if a.annotation == "Levels":
            buffer = [f'"{name}"', f'levels("{loss.module}", {name})', "persistent=False"]
            lines.append(_call("self.register_buffer", buffer, "", indent))
        elif a.may_be_number:
            lines += [
                f"{indent}{name} = without_numpy({name})\n",
                f"{indent}if isinstance({name}, (int, float)):\n",
                _call(f"    self.{name} = number", owned, "", indent) + f"{indent}else:\n",
                _call("self.register_buffer", buffer, "", indent + "    "),
            ]
        elif a.is_tensor:
            lines.append(_call("self.register_buffer", buffer, "", indent))
        elif "float" in a.annotation and a.is_optional:
            lines += [
                f"{indent}if {name} is not None:\n",
                _call(f"    {name} = number", owned, "", indent),
                f"{indent}self.{name} = {name}\n",
            ]
        else:
            lines.append(
                _call(f"self.{name} = number", owned, "", indent)
                if "float" in a.annotation
                else f"{indent}self.{name} = {name}\n"
            )
    if loss.layer:
        bias = "bias" if len(loss.layer) == 2 else "bias=False"
        made = ["in_features", "num_classes", bias, "device=device", "dtype=dtype"]
        lines.append(_call("self.linear = torch.nn.Linear", made, "", "        "))
    return lines


def _forward(loss: Loss) -> str:
    """Calls the function; the operands are named as torch.nn names them."""
    names = {a.name: a.name for a in loss.called}
    if loss.baseline is not None:
        theirs = list(inspect.signature(loss.baseline.forward).parameters)[1:]
        names |= dict(zip(names, theirs, strict=False))
    takes = ["self"]
    for a in loss.called:
        takes.append(_declared(a).replace(a.name, names[a.name], 1))
    for a in loss.layer:
        names[a.name] = f"self.{a.name.replace('_', '.')}"
    values = [names.get(a.name, f"self.{a.name}") for a in loss.arguments]
    return (
        _call("def forward", takes, " -> Tensor:", "    ")
        + '        """Compute the loss."""\n'
        + _call(f"return F.{loss.function}", values, "", "        ")
    )


def _shown(own: list[Argument]) -> str:
    """The representation, where a setting that is no constant may be a number."""
    shown = ", ".join(f"{a.name}={{self.{a.name}}}" for a in own if a.may_be_number)
    if not shown:
        return ""
    return (
        "\n    def extra_repr(self) -> str:\n"
        '        """The settings, as the constructor names them."""\n'
        f'        return f"{shown}, {{super().extra_repr()}}"\n'
    )


def _documentation(loss: Loss) -> str:
    shape = [f"* {a.name}: {a.text}" for a in loss.called if a.default is None]
    shape.append(f"* output: {' '.join(loss.doc.sections['Returns'].split())}")
    parts = [
        loss.doc.summary,
        f"See :func:`lossops.functional.{loss.function}`.",
        "Args:\n"
        + _indented(wrapped(f"{a.name}: {a.text}", WIDTH - 8, "    ") for a in _constructed(loss)),
        "Shape:\n" + _indented(wrapped(line, WIDTH - 8, "  ") for line in shape),
        "Example:\n" + _indented(_example(loss)),
    ]
    text = textwrap.indent("\n\n".join(parts), "    ")
    return f'    """{text.lstrip()}\n    """\n'


def _indented(lines: Iterable[str]) -> str:
    return textwrap.indent("\n".join(lines), "    ")


def _example(loss: Loss) -> list[str]:
    """The function's first example, called through the module."""
    examples = doctest.DocTestParser().get_examples(loss.doc.sections["Example"])
    lines = [">>> import torch, lossops"]
    for example in examples[1:]:
        source = example.source.strip()
        given = _arguments_of(source, loss)
        if not given:
            lines.append(f">>> {source}")
            continue
        settings = [f"{a.name}={given[a.name]}" for a in loss.settings if a.name in given]
        operands = [
            given[a.name] if a.default is None else f"{a.name}={given[a.name]}"
            for a in loss.called
            if a.name in given
        ]
        result = f"loss({', '.join(operands)})"
        if loss.layer:
            weight = given[loss.layer[0].name]
            settings = [f"{weight}.size(1)", f"{weight}.size(0)", *settings]
        lines.append(f">>> loss = lossops.nn.{loss.module}({', '.join(settings)})")
        if loss.layer:
            lines.append(f">>> loss.linear.weight.data = {weight}")
            result += ".detach()"
        lines.append(f">>> {result}")
        return lines + example.want.rstrip().split("\n")
    raise ValueError(f"{loss.function}: the example must call F.{loss.function}")


def _arguments_of(source: str, loss: Loss) -> dict[str, str]:
    """What a line of an example gives the function, by name; nothing if it does not call it."""
    line = ast.parse(source).body[0]
    call = line.value if isinstance(line, ast.Expr) else None
    if not isinstance(call, ast.Call) or ast.unparse(call.func) != f"F.{loss.function}":
        return {}
    given = {a.name: node for a, node in zip(loss.arguments, call.args, strict=False)}
    given |= {k.arg: k.value for k in call.keywords if k.arg}
    return {name: ast.get_source_segment(source, node) or "" for name, node in given.items()}
