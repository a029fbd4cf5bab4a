"""Records a Python function of torch operators as a graph."""

from __future__ import annotations

import linecache
import math
import os
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from . import refusals
from .expression import shown
from .graph import Graph
from .nodes import Kind, MistakeError, Node
from .symbols import Fact, Symbol, is_symbol, symbol
from .words import Words

FACTORIES = ("as_tensor", "full", "ones", "scalar_tensor", "tensor", "zeros")
MAX_PATHS = 16  # through a function's `if`s on parameters
OURS = tuple(str(Path(module.__file__ or "").parent) + os.sep for module in (
    torch, sys.modules[__package__.partition(".")[0]]))  # fmt: skip


class RefusedError(Exception):
    """Something that cannot be recorded, with the line of the function."""


def _quoted(code: types.CodeType, instruction: int, line: int) -> str:
    """A line of a function, with carets under what an instruction belongs to."""
    source = linecache.getline(code.co_filename, line).rstrip()
    text = source.lstrip()
    said = f"  line {line} of {os.path.basename(code.co_filename)}, in {code.co_name}"
    if not text:
        return said
    start, end = 0, len(text)
    if hasattr(code, "co_positions"):  # Python 3.11
        first, last, left, right = list(code.co_positions())[instruction // 2]
        if first == line and left is not None and right is not None:
            places = [len(source.encode()[:at].decode(errors="ignore")) for at in (left, right)]
            start, end = (max(at - (len(source) - len(text)), 0) for at in places)
            end = end if last == first else len(text)
    return f"{said}:\n{shown(text, start, end)}"


def _is_ours(code: types.CodeType) -> bool:
    return code.co_filename.startswith(OURS) or code.co_filename.startswith("<frozen")


def _place() -> str:
    """The line that is being recorded."""
    frame = sys._getframe(1)
    while frame is not None and _is_ours(frame.f_code):
        frame = frame.f_back  # type: ignore[assignment]
    return _quoted(frame.f_code, frame.f_lasti, frame.f_lineno)


def _place_of(error: BaseException) -> str:
    """The last line of the user's that an error came through, if it came through one."""
    found, trace = "", error.__traceback__
    while trace is not None:
        if not _is_ours(trace.tb_frame.f_code):
            found = _quoted(trace.tb_frame.f_code, trace.tb_lasti, trace.tb_lineno)
        trace = trace.tb_next
    return found


class Recorder:
    """Records calls of one function; each follows one way through its choices by parameters."""

    def __init__(self, name: str, graph: Graph | None = None) -> None:
        self.name = name
        self.graph = graph or Graph([], [])
        self.words = Words(self)
        self.wanted: list[tuple[Node, bool]] = []
        self.decided: dict[Node, bool] = {}
        self.full: set[str] = set()  # the tensors that have the shape of the loss

    # -- operators ------------------------------------------------------------------------------

    def refuse(self, reason: tuple[str, str], detail: str = "") -> NoReturn:
        """Raise, with the line that is being recorded."""
        what, cure = reason
        raise RefusedError(f"{what}{detail}\n{_place()}\n  {cure}")

    def call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        """Record one operator."""
        plain = name.strip("_")
        if any(is_symbol(arg) and arg._ending for arg in (*args, *kwargs.values())):
            result = None if kwargs else self.words.linear(name, args)
            return self.refuse(refusals.MIDDLE) if result is None else result
        if name.endswith("_") and not name.startswith("__"):
            self.refuse(refusals.IN_PLACE, f": {name}")
        word = self.words.word(name)
        reason = refusals.REASONS.get(plain, refusals.UNKNOWN)
        if word is None:
            self.refuse(reason, f": {plain}")
        try:
            made = word(*args, **kwargs)
        except MistakeError as mistake:
            self.refuse((f"this: {mistake}", refusals.ELEMENTWISE))
        except TypeError as error:  # arguments that the operator lacks here
            if plain not in refusals.REASONS:
                said = str(error).partition("() ")[2] or str(error)
                reason = ("an operator with such arguments", f"{plain} here {said}")
            self.refuse(reason, f": {plain}")
        if not isinstance(made, Node):
            return made
        if not torch.is_grad_enabled() and made.slopes:
            made = self.graph.function("detach", made)
        return symbol(self, made)

    def node(self, value: object) -> Node:
        """What an operand stands for."""
        if is_symbol(value):
            if value._ending:  # type: ignore[attr-defined]
                self.refuse(refusals.MIDDLE)
            if value._node.op == "numel":  # type: ignore[attr-defined]
                self.refuse(refusals.REASONS["numel"], ": numel")
            return value._node  # type: ignore[attr-defined, no-any-return]
        if isinstance(value, Tensor):
            if value.numel() != 1 or value.requires_grad:
                self.refuse(refusals.CLOSURE)
            value = value.item()
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            self.refuse((f"a {type(value).__name__} where a tensor or number belongs",
                         refusals.ELEMENTWISE))  # fmt: skip
        if math.isnan(number):
            self.refuse(refusals.LOST)
        return self.graph.constant(number)

    def value(self, given: object) -> Node:
        """An operand as a number; of a condition 1 or 0, as torch has it."""
        node = self.node(given)
        if not node.kind.is_condition:
            return node
        return self.graph.node("select", node, self.graph.constant(1), self.graph.constant(0))

    def choice(self, given: object) -> Node:
        """An operand as a condition."""
        node = self.node(given)
        return node if node.kind.is_condition else self.graph.compare(
            "!=", node, self.graph.constant(0))  # fmt: skip

    def ended(self, node: Node, ending: str) -> Symbol:
        """A loss with the reduction that it ends with."""
        return symbol(self, node, ending)

    def part(self, given: object) -> tuple[Node, str]:
        """An operand of what is reduced, and its own reduction."""
        if is_symbol(given):
            return given._node, given._ending  # type: ignore[attr-defined]
        return self.node(given), ""

    def is_full(self, node: Node) -> bool:
        """Whether this has the shape of the loss, so that its sum is over as many elements."""
        return not self.full.isdisjoint(node.reads)

    # -- ways through a function ----------------------------------------------------------------

    def decide(self, node: Node, ending: str) -> bool:
        """The answer to an `if`: each is tried where it depends on parameters only."""
        if ending or node.kind in (Kind.ELEMENT, Kind.MASK):
            self.refuse(refusals.CHOICE)
        flag = self.choice(symbol(self, node))
        if flag not in self.decided:
            index = len(self.decided)
            self.decided[flag] = self.wanted[index][1] if index < len(self.wanted) else True
        return self.decided[flag]

    def follow(self, function: Callable[[], object], wanted: list[tuple[Node, bool]]) -> object:
        """What the function returns on the way that these answers lead."""
        self.wanted, self.decided = wanted, {}
        return function()

    def record(self, function: Callable[[], object]) -> tuple[Node, str, list[tuple[Node, bool]]]:
        """What the function computes, how it ends, and the answers that it takes for errors."""
        paths = 0
        forbidden: list[tuple[Node, bool]] = []

        def explore(wanted: list[tuple[Node, bool]]) -> tuple[Node, str] | Exception:
            nonlocal paths
            paths += 1
            if paths > MAX_PATHS:
                raise RefusedError(f"more than {MAX_PATHS} ways through the function\n"
                                   "  choose by torch.where, or make several losses")  # fmt: skip
            result: tuple[Node, str] | Exception
            try:
                result = self.returned(self.follow(function, wanted))
            except Exception as error:
                checks = isinstance(error, (ValueError, AssertionError, RuntimeError))
                if not checks or not self.decided:
                    raise
                result = error
            answers = list(self.decided.items())
            for i in reversed(range(len(wanted), len(answers))):
                flag = answers[i][0]
                other = explore([*answers[:i], (flag, False)])
                result = self.joined(flag, result, other, forbidden)
            return result

        found = explore([])
        if isinstance(found, Exception):
            raise found
        return (*found, forbidden)

    def joined(
        self,
        flag: Node,
        this: tuple[Node, str] | Exception,
        other: tuple[Node, str] | Exception,
        forbidden: list[tuple[Node, bool]],
    ) -> tuple[Node, str] | Exception:
        """Two ways through the function, of which one may be refused by the function itself."""
        if isinstance(this, Exception) or isinstance(other, Exception):
            if isinstance(this, Exception) and isinstance(other, Exception):
                return this
            forbidden.append((flag, isinstance(this, Exception)))
            return other if isinstance(this, Exception) else this
        if this[1] != other[1]:
            raise RefusedError(
                "the reduction depends on a parameter\n  call it reduction, one of 'none', 'mean' "
                "and 'sum'"
            )
        if this[0] is other[0]:
            return this
        values = [self.value(symbol(self, node)) for node in (this[0], other[0])]
        return self.graph.node("select", flag, *values), this[1]

    def returned(self, result: object) -> tuple[Node, str]:
        """What a function gave back, checked."""
        if not is_symbol(result):
            raise RefusedError(
                f"the function returns {type(result).__name__}, not a tensor that was computed "
                "from its arguments\n  return the loss of each element, or its .mean() or .sum()"
            )
        node, ending = self.part(result)
        return self.value(symbol(self, node)), ending

    def told(self, error: Exception) -> ValueError:
        """An error of recording, as it is told."""
        if isinstance(error, RefusedError):
            return ValueError(f"{self.name}: cannot record {error}")
        place = _place_of(error)
        return ValueError(
            f"{self.name}: cannot record what raises {type(error).__name__}: {error}\n"
            + (f"{place}\n" if place else "")
            + "  only operators of torch, and Python that does not look into tensors, can be "
            "recorded"
        )


# -- what a function sees of its surroundings ---------------------------------------------------


class _Mathematics:
    """The module math, whose functions record what they are given of a loss."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        found = getattr(math, name)
        return _recording(found) if callable(found) else found


class _Torch:
    """The module torch, whose constants may have dtype, device and shape of a tensor here."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        found = getattr(torch, name)
        return _constant(found) if name in FACTORIES else found


def _constant(factory: Callable[..., Any]) -> Callable[..., Any]:
    def make(*args: Any, **options: Any) -> Any:  # noqa: ANN401
        if args and isinstance(args[0], Fact):  # a shape: one number stands for all
            args = ((), *args[1:])
        for arg in args:
            if is_symbol(arg) and arg._node.kind is Kind.NUMBER:
                return arg
        return factory(*args, **{k: v for k, v in options.items() if not isinstance(v, Fact)})

    return make


def _recording(function: Callable[..., Any]) -> Callable[..., Any]:
    def record(*args: Any) -> Any:  # noqa: ANN401
        for arg in args:
            if is_symbol(arg):
                return arg._recorder.call(function.__name__, args, {})
        return function(*args)

    return record


def _as_float(value: object = 0.0) -> Any:  # noqa: ANN401
    is_number = is_symbol(value) and value._node.kind is Kind.NUMBER  # type: ignore[attr-defined]
    return value if is_number else float(value)  # type: ignore[arg-type]


def surrounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with numbers of a loss recorded by the module math too."""
    if not isinstance(function, types.FunctionType):
        return function
    seen: dict[str, Any] = {"float": _as_float}
    for name, value in function.__globals__.items():
        if value is math:
            seen[name] = _Mathematics()
        elif value is torch:
            seen[name] = _Torch()
        elif isinstance(value, types.BuiltinFunctionType) and value.__module__ == "math":
            seen[name] = _recording(value)
    copy = types.FunctionType(
        function.__code__, {**function.__globals__, **seen}, function.__name__,
        function.__defaults__, function.__closure__,
    )  # fmt: skip
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


class Self:
    """A module as its forward sees it: numbers are parameters, tensors operands."""

    def __init__(
        self, module: nn.Module, read: Callable[[str, object], object], path: str = ""
    ) -> None:
        vars(self).update(_module=module, _read=read, _path=path)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        value = getattr(self._module, name)
        if isinstance(value, nn.Module):
            return Self(value, self._read, f"{self._path}{name}.")
        if isinstance(value, types.MethodType) and value.__self__ is self._module:
            return types.MethodType(surrounded(value.__func__), self)
        if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
            return value
        return self._read(f"{self._path}{name}", value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        return self.forward(*args, **kwargs)

    def __setattr__(self, name: str, value: object) -> None:
        raise RefusedError(f"a write to self.{name}\n{_place()}\n  return the loss, and keep "
                           "nothing of it")  # fmt: skip
