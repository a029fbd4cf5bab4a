"""What a recorded function sees instead of tensors and numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import torch

from .nodes import Kind, Node

if TYPE_CHECKING:
    from .record import Recorder

ARITHMETIC = ("add", "sub", "mul", "truediv", "pow", "and", "or", "matmul", "floordiv", "mod")
COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")
UNARY = ("neg", "pos", "abs", "invert")
LEAVES_TORCH = ("float", "int", "index", "len", "iter", "getitem", "setitem", "contains", "array",
                "round", "floor", "ceil", "trunc")  # fmt: skip  # what needs values or shapes
FACTS = ("shape", "dtype", "device", "layout")  # which two tensors of one loss have in common
DATA = ("T", "mT", "H", "data", "grad", "grad_fn", "is_cuda", "is_leaf", "itemsize", "nbytes",
        "ndim", "requires_grad", "real", "imag")  # fmt: skip  # attributes of tensors


class Symbol:
    """An element or a number; what is done to it is recorded."""

    _recorder: Recorder
    _node: Node
    _ending: str
    _copied: bool

    @classmethod
    def __torch_function__(
        cls,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        """Record an operator of torch."""
        given = [*args, *(kwargs or {}).values()]
        flat = [x for arg in given for x in (arg if isinstance(arg, (list, tuple)) else [arg])]
        recorder = next(x._recorder for x in flat if is_symbol(x))
        return recorder.call(func.__name__, args, kwargs or {})

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        if name in FACTS:
            return Fact(self._recorder, name)
        if name in DATA:
            return self._recorder.call(name, (self,), {})
        if name.startswith("__") or not hasattr(torch.Tensor, name):
            raise AttributeError(name)
        if name == "size":  # without a dimension, the shape
            return lambda *dim: self._recorder.call(name, (self, *dim), {}) if dim else self.shape
        if name == "where":  # of which the function has the condition first
            return lambda condition, other: self._recorder.call(name, (condition, self, other), {})
        return lambda *args, **kwargs: self._recorder.call(name, (self, *args), kwargs)

    def __setattr__(self, name: str, value: object) -> None:
        self._recorder.call("__setattr__", (self,), {})

    def __bool__(self) -> bool:
        return self._recorder.decide(self._node, self._ending)

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"<{self._node.kind.value}>"


class Element(Symbol, torch.Tensor):  # type: ignore[misc]  # of two ways to be shown
    """What differs by element, and conditions: a tensor to torch, of which nothing is ever read."""

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401
        if name.startswith("_"):
            return object.__getattribute__(self, name)
        return Symbol.__getattr__(self, name)


class Number(Symbol, float):
    """What is the same for all elements. As a float it is NaN, so that it shows if it is one."""


class Fact:
    """A shape, dtype or device, of which is known that all tensors have the same."""

    def __init__(self, recorder: Recorder, name: str) -> None:
        self.recorder, self.name = recorder, name

    def refuse(self, *_: object, **__: object) -> NoReturn:
        """Raise for any use but a comparison with another tensor's."""
        self.recorder.call(self.name, (), {})
        raise AssertionError

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Fact) and other.name == self.name:
            return True
        self.refuse()

    __hash__ = None  # type: ignore[assignment]
    __getitem__ = __iter__ = __len__ = __index__ = __add__ = __mul__ = refuse
    numel = type = index = refuse


def is_symbol(value: object) -> bool:
    """Whether this is a symbol, whatever class it says to be of."""
    return issubclass(type(value), Symbol)


def symbol(recorder: Recorder, node: Node, ending: str = "", copied: bool = False) -> Symbol:
    """What stands for a node, perhaps of a loss that is reduced, or for a copy of a tensor."""
    made: Symbol
    if node.kind is Kind.NUMBER and not ending:
        made = Number(math.nan)
    else:
        made = torch.Tensor._make_subclass(Element, torch.empty(1, device="meta"))
    vars(made).update(_recorder=recorder, _node=node, _ending=ending, _copied=copied)
    return made


def _operator(name: str) -> Callable[..., Any]:
    def record(self: Symbol, *others: object) -> Any:  # noqa: ANN401
        return self._recorder.call(name, (self, *others), {})

    return record


def _in_place(name: str) -> Callable[..., Any]:
    def record(self: Symbol, other: object) -> Any:  # noqa: ANN401
        if self._node.op == "tensor" and not self._copied:  # the caller would see it
            return self._recorder.call(f"{name}_", (self, other), {})
        made = self._recorder.call(name, (self, other), {})
        if isinstance(self, Element) and isinstance(made, Element):  # under every name that it has
            vars(self).update(_node=made._node, _ending=made._ending, _copied=True)
            return self
        return made

    return record


for _name in (*ARITHMETIC, *COMPARISONS, *UNARY, *LEAVES_TORCH):
    setattr(Symbol, f"__{_name}__", _operator(f"__{_name}__"))
for _name in ARITHMETIC:
    setattr(Symbol, f"__r{_name}__", _operator(f"__r{_name}__"))
    setattr(Symbol, f"__i{_name}__", _in_place(_name))
