"""Python functions and modules with a user's own signature, in front of a recorded operator."""

from __future__ import annotations

import hashlib
import inspect
import linecache
import sys
import types
from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn

from .._op import Op
from ..functional._common import reduction_code
from .signature import Argument, Recording

ANNOTATIONS = {"tensor": "Tensor", "number": "float", "reduction": "str"}


def _compiled(source: str, name: str, op: Callable[..., Tensor]) -> Any:  # noqa: ANN401
    """The function of some source, which TorchScript and inspect can read.

    It is of a module of its own, in which torch.compile looks for what it uses.
    """
    digest = hashlib.sha256(f"{op}{source}".encode()).hexdigest()[:16]
    module = types.ModuleType(f"lossops_native_{digest}")
    file = f"<{module.__name__} {name}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    fast = Op(cast(Any, op))
    vars(module).update(_op=fast, torch=torch, Tensor=Tensor, reduction_code=reduction_code)
    sys.modules[module.__name__] = module
    exec(compile(source, file, "exec"), vars(module))
    return getattr(module, name)


def _annotation(a: Argument) -> str:
    if a.kind == "setting":
        return "Tensor | None" if a.value is None else type(a.value).__name__
    return ANNOTATIONS[a.kind]


def _checks(recording: Recording, name: str) -> str:
    """Statements that refuse another setting than the one that was recorded."""
    lines = []
    for a in recording.arguments:
        if a.kind == "setting":
            message = f"{name}: {a.name} must be {a.value!r}, as it was recorded"
            lines.append(f"    if {a.name} {'is not' if a.value is None else '!='} {a.value!r}:\n")
            lines.append(f"        raise ValueError({message!r})\n")
    return "".join(lines)


def _call(recording: Recording, name: str) -> str:
    """The call of the operator."""
    given = {a.operand: a.name for a in recording.arguments}
    for a in recording.attributes:
        given[a.operand] = f"self.{a.name}" if a.kind == "tensor" else f"float(self.{a.name})"
    operands = [given[operand] for operand in (*recording.tensors, *recording.parameters)]
    reductions = [a for a in recording.arguments if a.kind == "reduction"]
    reductions += [Argument(f"self.{a.name}", a.kind, a.value) for a in recording.attributes
                   if a.kind == "reduction"]  # fmt: skip
    ending = recording.expression.ending
    code = str(("none", "mean", "sum").index(ending))
    if reductions:
        code = f"reduction_code({name!r}, {reductions[0].name})"
    return f"    return _op({', '.join([*operands, 'None', 'None', 'None', code])})\n"


def _header(recording: Recording, name: str, signature: inspect.Signature, first: str) -> str:
    """The line that begins the function: its own signature, with types for TorchScript."""
    kinds = {a.name: a for a in recording.arguments}
    given = list(signature.parameters.values())
    by_name = [p for p in given if p.kind is p.KEYWORD_ONLY]
    # TorchScript has no keyword-only arguments with defaults, so those may stand in a place too.
    stars = by_name[:1] if any(p.default is p.empty for p in by_name) else []
    slashes = [p for p in given if p.kind is p.POSITIONAL_ONLY][-1:]
    written = [first] if first else []
    for p in given:
        default = "" if p.default is p.empty else f" = {kinds[p.name].value!r}"
        written += ["*"] if p in stars else []
        written.append(f"{p.name}: {_annotation(kinds[p.name])}{default}")
        written += ["/"] if p in slashes else []
    return f"def {name}({', '.join(written)}) -> Tensor:\n"


def _like(made: Any, function: Callable[..., Any]) -> Any:  # noqa: ANN401
    """The function with the name, documentation and signature of another one."""
    made.__signature__ = inspect.signature(function)
    for attribute in ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__"):
        if hasattr(function, attribute):
            setattr(made, attribute, getattr(function, attribute))
    return made


def function_of(
    recording: Recording, function: Callable[..., Any], name: str, op: Callable[..., Tensor]
) -> Any:  # noqa: ANN401
    """A function that is called as the user's is, and computes by the operator."""
    signature = inspect.signature(function)
    source = _header(recording, name, signature, "") + _checks(recording, name)
    source += _call(recording, name)
    return _like(_compiled(source, name, op), function)


def module_of(
    recording: Recording, module: nn.Module, name: str, op: Callable[..., Tensor]
) -> nn.Module:
    """A module with the attributes and state of the user's, and its class's constructor."""
    kept = type(module)
    source = _header(recording, "forward", inspect.signature(module.forward), "self")
    source += _checks(recording, name) + _call(recording, name)
    forward = _like(_compiled(source, "forward", op), kept.forward)
    settings = {a.name: a.value for a in recording.attributes if a.kind == "setting"}

    def set_attribute(self: nn.Module, attribute: str, value: Any) -> None:  # noqa: ANN401
        if attribute in settings and not _is_same(value, settings[attribute]):
            raise ValueError(
                f"{name}: {attribute} must be {settings[attribute]!r}, as it was recorded, got "
                f"{value!r:.80}; for another one call lossops.native with a module that has it"
            )
        kept.__setattr__(self, attribute, value)

    def reduce(self: nn.Module, protocol: Any) -> Any:  # noqa: ANN401
        found: object = sys.modules.get(kept.__module__)
        for part in kept.__qualname__.split("."):
            found = getattr(found, part, None)
        if found is type(self):  # decorated: where it is unpickled, it is again
            return kept.__reduce_ex__(self, protocol)
        return _again, (_plain(self, kept), name)

    members = {
        "forward": forward, "__setattr__": set_attribute, "__reduce_ex__": reduce,
        "__module__": kept.__module__, "__qualname__": kept.__qualname__, "__doc__": kept.__doc__,
    }  # fmt: skip
    native_class = type(kept.__name__, (kept,), members)
    return _plain(module, native_class)


def _plain(module: nn.Module, of: type[nn.Module]) -> nn.Module:
    """The module as one of another class, with the same attributes."""
    made = of.__new__(of)
    vars(made).update(
        {name: dict(value) if isinstance(value, dict) else value for name, value in
         vars(module).items()}
    )  # fmt: skip
    return made


def _is_same(value: object, recorded: object) -> bool:
    try:
        return bool(value == recorded)
    except Exception:  # such as arrays
        return value is recorded


def _again(module: nn.Module, name: str) -> Any:  # noqa: ANN401
    from . import native

    return native(module, name=name)
