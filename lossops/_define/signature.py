"""Which arguments of a function are tensors, numbers and settings; and the recording of it."""

from __future__ import annotations

import inspect
import math
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from . import refusals
from .language import CONSTANTS, FUNCTIONS, RELATIONS
from .nodes import Expression, MistakeError, Node
from .record import Recorder, RefusedError, Self, surrounded
from .symbols import symbol
from .written import written

REDUCTIONS = ("mean", "sum", "none")
TARGETS = ("target", "targets", "t", "y", "y_true", "true", "truth", "label", "labels",
           "ground_truth", "gt", "actual")  # fmt: skip
NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
REQUIRED = 1.0  # what the operator has for a number without a default


@dataclass(frozen=True)
class Argument:
    """An argument of a function, or an attribute of a module.

    Attributes:
        name: As the function has it.
        kind: ``"tensor"``, ``"number"``, ``"reduction"``, or ``"setting"`` for what is the same in
            every call.
        value: The default, or ``inspect.Parameter.empty``.
        operand: Its name in the operator; "" if that does without.
    """

    name: str
    kind: str
    value: Any
    operand: str = ""


@dataclass(frozen=True)
class Recording:
    """A function as an operator computes it.

    Attributes:
        expression: The loss.
        tensors: The operator's, the prediction first.
        target: The one that ``ignore_index`` refers to.
        parameters: Their defaults.
        limits: What the function refuses, as limits on parameters.
        arguments: Of the function, in its order.
        attributes: Of the module, by their path.
    """

    expression: Expression
    tensors: tuple[str, ...]
    target: str
    parameters: dict[str, float]
    limits: list[tuple[str, str, float]]
    arguments: list[Argument]
    attributes: list[Argument]

    @property
    def numbers(self) -> dict[str, float]:
        """The parameters as the function or module has them; NaN without a default."""
        every = (*self.arguments, *self.attributes)
        given = {a.operand: a.value for a in every if isinstance(a.value, (int, float))}
        return {operand: float(given.get(operand, math.nan)) for operand in self.parameters}

    @property
    def given_tensors(self) -> list[str]:
        """The tensors among the arguments, in their order."""
        return [a.name for a in self.arguments if a.kind == "tensor"]


def operator_name(name: str) -> str:
    """The name of a function or class as an operator has it."""
    from .definition import RESERVED

    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.lstrip("_")).lower()
    return f"{snake}_loss" if snake in (*RESERVED, *FUNCTIONS, *CONSTANTS) else snake


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except Exception:  # such as names that exist for type checkers only
        return dict(getattr(function, "__annotations__", {}))


def _kind(name: str, hint: object, default: object) -> str:
    """What an argument is, from its annotation and its default."""
    is_union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    choices = typing.get_args(hint) if is_union else (hint,)
    missing = default is inspect.Parameter.empty
    if name == "reduction" and default in REDUCTIONS:
        return "reduction"
    if isinstance(default, (int, float)) and not isinstance(default, bool):
        return "number"
    if not missing:
        return "setting"
    said = hint if isinstance(hint, str) else ""
    if any(c in (float, int) for c in choices) or said in ("float", "int"):
        return "number"
    if any(c in (bool, str) for c in choices) or said in ("bool", "str"):
        raise ValueError(f"{name} has no default, and is neither a tensor nor a number")
    return "tensor"


def arguments_of(function: Callable[..., Any], tensors: Sequence[str] | None) -> list[Argument]:
    """The arguments of a function; ``tensors`` names those that are tensors, where it is given."""
    hints, found = _hints(function), []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise ValueError(f"*{name} stands for any number of arguments; name each")
        default = parameter.default
        kind = _kind(name, hints.get(name), default)
        if tensors is not None:
            kind = "tensor" if name in tensors else "number" if kind == "tensor" else kind
        found.append(Argument(name, kind, default))
    unknown = [t for t in tensors or () if t not in [a.name for a in found]]
    if unknown:
        raise ValueError(f"tensors names {', '.join(unknown)}, which the function does not take")
    return found


@dataclass
class _Names:
    """Names in the operator, which has words of its own."""

    taken: set[str] = field(default_factory=set)

    def free(self, wanted: str) -> str:
        """A name like the one that is wanted."""
        name = re.sub(r"\W", "_", wanted).lstrip("_") or "x"
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name


class _Take:
    """One function or module, and what stands for its arguments in the recorder."""

    def __init__(
        self, name: str, function: Callable[..., Any], arguments: list[Argument], dropped: set[str]
    ) -> None:
        from .definition import RESERVED

        self.recorder = Recorder(name)
        self.names = _Names({*RESERVED, *FUNCTIONS, *CONSTANTS, name})
        self.function, self.dropped, self.reduction = function, dropped, "mean"
        self.arguments: list[Argument] = []
        self.attributes: dict[str, Argument] = {}
        self.seen: dict[str, object] = {}
        tensors = [a for a in arguments if a.kind == "tensor"]
        target = _target([a.name for a in tensors])
        swaps = len(tensors) > 1 and tensors[0].name == target
        order = [*reversed(tensors[:2]), *tensors[2:]] if swaps else tensors
        operands = {a.name: self.operand(a.name, a.kind) for a in order}
        for a in arguments:
            operand = operands.get(a.name) or self.operand(a.name, a.kind)
            self.arguments.append(Argument(a.name, a.kind, a.value, operand))
            self.seen[a.name] = self.stand_in(operand, a.kind, a.value)
        self.target = operands.get(target, "")
        graph = self.recorder.graph
        self.recorder.full.update(graph.tensors[:1], [self.target] if self.target else [])

    def operand(self, name: str, kind: str) -> str:
        """The name in the operator; settings and what is dropped have none."""
        if kind not in ("tensor", "number") or name in self.dropped:
            return ""
        graph = self.recorder.graph
        operand = self.names.free(name)
        (graph.tensors if kind == "tensor" else graph.parameters).append(operand)
        return operand

    def stand_in(self, operand: str, kind: str, value: object) -> object:
        """What the function sees."""
        graph = self.recorder.graph
        if kind == "tensor":
            return symbol(self.recorder, graph.tensor(operand))
        if kind == "number":
            known = isinstance(value, (int, float))
            node = graph.parameter(operand) if operand else graph.constant(value if known else 1)  # type: ignore[arg-type]
            return symbol(self.recorder, node)
        return value

    def read(self, path: str, value: object) -> object:
        """An attribute of the module."""
        if path == "training":
            self.recorder.refuse(refusals.TRAINING)
        if path == "reduction":
            self.attributes[path] = Argument(path, "reduction", value)
            return self.reduction
        if path not in self.attributes:
            kind = "setting"
            if isinstance(value, Tensor):
                kind = "tensor"
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                kind = "number"
            operand = self.operand(path, kind)
            self.attributes[path] = Argument(path, kind, value, operand)
        a = self.attributes[path]
        return self.stand_in(a.operand, a.kind, a.value)

    def run(self) -> object:
        """Call the function once."""
        given = {
            a.name: self.reduction if a.kind == "reduction" else self.seen[a.name]
            for a in self.arguments
        }
        signature = inspect.signature(self.function)
        bound = signature.bind_partial()
        bound.arguments.update(given)
        if isinstance(self.function, types.MethodType):
            seen = Self(self.function.__self__, self.read)  # type: ignore[arg-type]
            return surrounded(self.function.__func__)(seen, *bound.args, **bound.kwargs)
        return surrounded(self.function)(*bound.args, **bound.kwargs)

    @property
    def has_reduction(self) -> bool:
        """Whether the reduction is an argument or attribute."""
        every = (*self.arguments, *self.attributes.values())
        return any(a.kind == "reduction" for a in every)


def _target(names: Sequence[str]) -> str:
    """The tensor that holds the truth."""
    known = [name for name in names if name in TARGETS]
    return known[0] if known else names[1] if len(names) > 1 else ""


def record(
    name: str,
    function: Callable[..., Any],
    tensors: Sequence[str] | None = None,
    defaults: Mapping[str, float] | None = None,
    keeps: bool = False,
) -> Recording:
    """Record a function, or the forward of a module.

    Args:
        name: Of the operator.
        function: What is recorded.
        tensors: Which arguments are tensors, if that is to be said.
        defaults: Of arguments, instead of the function's.
        keeps: Whether the numbers that a module has are the operator's defaults.

    Raises:
        ValueError: It cannot be recorded; the line is quoted.
    """
    if isinstance(function, nn.Module):
        function = function.forward
    if isinstance(function, (torch.jit.ScriptFunction, torch._C.ScriptMethod)):
        raise ValueError(
            f"{name}: cannot record what is TorchScript already; give the Python function, without "
            "@torch.jit.script; what returns can be scripted"
        )
    try:
        arguments = arguments_of(function, tensors)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: cannot record the function: {error}") from None
    changed = dict(defaults or {})
    arguments = [
        Argument(a.name, a.kind, changed.pop(a.name, a.value)) if a.kind == "number" else a
        for a in arguments
    ]
    if changed:
        raise ValueError(f"{name}: the function takes no number {', '.join(changed)}")
    take, root, ending, forbidden = _recorded(name, function, arguments, set())
    numbers = [a for a in (*take.arguments, *take.attributes.values()) if a.kind == "number"]
    unused = {a.name for a in numbers if a.operand not in root.reads}
    if unused:  # the operator does without them
        take, root, ending, forbidden = _recorded(name, function, arguments, unused)
    return _finished(take, root, ending, forbidden, keeps)


def _recorded(
    name: str, function: Callable[..., Any], arguments: list[Argument], dropped: set[str]
) -> tuple[_Take, Node, str, list[tuple[Node, bool]]]:
    take = _Take(name, function, arguments, dropped)
    recorder = take.recorder
    try:
        if not recorder.graph.tensors:
            raise RefusedError("a function without tensors\n  its first argument is the prediction")
        root, ending, forbidden = recorder.record(take.run)
        for reduction in REDUCTIONS if take.has_reduction else ():
            take.reduction = reduction
            other, end, _ = recorder.record(take.run)
            if end != reduction.replace("none", ""):
                raise RefusedError(f"reduction={reduction!r}, which ends with {end or 'nothing'}\n"
                                   "  end with .mean(), .sum() or nothing, as it says")  # fmt: skip
            if other is not root:
                raise RefusedError("a loss of one element that depends on the reduction\n"
                                   "  reduce the same loss in three ways")  # fmt: skip
    except Exception as error:
        raise recorder.told(error) from error
    return take, root, ending, forbidden


def _default(a: Argument, keeps: bool, limits: list[tuple[str, str, float]]) -> float:
    """What the operator has for a number by default.

    Of an attribute, which is always given, it is the same in all modules where it may be: they are
    one loss then, and compiled once.
    """
    own = [(relation, bound) for name, relation, bound in limits if name == a.operand]
    known = isinstance(a.value, (int, float))
    if known and (keeps or not all(RELATIONS[r](REQUIRED, bound) for r, bound in own)):
        return float(a.value)
    return REQUIRED


def _finished(
    take: _Take, root: Node, ending: str, forbidden: list[tuple[Node, bool]], keeps: bool
) -> Recording:
    graph = take.recorder.graph
    every = (*take.arguments, *take.attributes.values())
    try:
        graph.check(root)
        limits = [_limit(graph.parameters, flag, answer) for flag, answer in forbidden]
    except (MistakeError, RefusedError) as error:
        raise ValueError(f"{take.recorder.name}: cannot record the function: {error}") from None
    by_argument = [a.value for a in every if a.kind == "reduction"]
    ending = by_argument[0] if by_argument else ending or "none"
    text = written(graph, root)
    return Recording(
        Expression(text, root, ending, graph.rewrites(root)),
        tuple(graph.tensors),
        take.target or graph.tensors[-1],
        {
            a.operand: _default(a, a in take.arguments or keeps, limits)
            for a in every
            if a.operand and a.kind == "number"
        },
        list(dict.fromkeys(limits)),
        take.arguments,
        list(take.attributes.values()),
    )


def _limit(parameters: Sequence[str], flag: Node, answer: bool) -> tuple[str, str, float]:
    """A limit on a parameter, from an answer for which the function raises."""
    if flag.op in NEGATED:
        x, y = flag.args
        op = NEGATED[flag.op] if answer else flag.op
        if x.op == "parameter" and y.is_constant:
            return parameters[int(x.value)], op, y.value
        if y.op == "parameter" and x.is_constant:
            turned = op.translate(str.maketrans("<>", "><"))
            return parameters[int(y.value)], turned, x.value
    raise RefusedError(
        "a check of parameters that is no limit on one of them, such as c > 0; leave it out, or "
        "make it before the call"
    )
