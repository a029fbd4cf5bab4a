"""Operators as Python calls them: arguments are made readable, or named if they cannot be."""

import reprlib
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar, cast

import torch
from torch import Tensor
from torch._ops import OpOverloadPacket
from torch._subclasses import FakeTensor
from torch.overrides import is_tensor_like

from . import _C
from ._dtensors import serve_dtensors

Value = TypeVar("Value")
is_scripting = torch.jit.is_scripting  # type: ignore[attr-defined]  # which mypy does not see

GONE = (
    "; size_average and reduce, which old releases of torch took in such places, are gone: use "
    "reduction="
)
_UNKNOWN = (
    ", whose value is not known, as under torch.compile(fullgraph=True), where this argument takes "
    "only numbers of Python"
)

_SIZES = (int, torch.SymInt)
_NUMBERS = (*_SIZES, float, torch.SymFloat)
_FLAGS = (bool, torch.SymBool)

# By the type in the schema: how messages call what is allowed, and what that is beside tensors.
_ALLOWED: dict[str, tuple[str, tuple[type, ...]]] = {
    "Tensor": ("a tensor", ()),
    "float": ("a number", _NUMBERS),
    "int": ("an integer", _SIZES),
    "bool": ("True or False", _FLAGS),
}

_NUMERIC = ("float", "int", "bool")

_NUMBERS_TOO = (
    "normalizer",
    "alpha",
    "var",
    "q",
    "logit_scale",
    "logit_bias",
    "kl",
    "dispersion",
    "gate",
    "shape",
    "scale",
    "df",
    "kappa",
)  # tensors that functions make of numbers

# What, beside ignore_index, stands where size_average or reduce stood and is read before reduction.
_FLAGS_ONCE = ("poisson_nll: eps", "PoissonNLLLoss: eps", "SmoothL1Loss: beta",
               "CrossEntropyLoss: label_smoothing")  # fmt: skip


class _Argument(NamedTuple):
    name: str
    kind: str
    optional: bool

    @classmethod
    def of(cls, name: str, kind: str) -> "_Argument":
        """Of a name and a type as schemas write it."""
        optional = kind.startswith("Optional[")
        return cls(name, kind[9:-1] if optional else kind, optional)

    @property
    def allowed(self) -> str:
        """What it may be, in words."""
        choices = [_ALLOWED[self.kind][0]]
        if self.kind == "Tensor":
            choices += ["a number"] if self.name in _NUMBERS_TOO else []
            choices += ["a list of integers"] if self.name.endswith("_lengths") else []
        choices += ["None"] if self.optional else []
        return " or ".join(part for part in (", ".join(choices[:-1]), choices[-1]) if part)

    def plain(self, owner: str, value: object, hint: str = GONE) -> object:
        """The value as torch reads it; what torch cannot read, or would misread, is refused."""
        if self.kind in _NUMERIC:
            value = without_numpy(value)
            if isinstance(value, Tensor) and value.requires_grad:
                raise TypeError(
                    f"{owner}: {self.name} must be {self.allowed}, got a tensor that requires grad,"
                    f" for which there is no gradient here: give {self.name}.detach() or .item() if"
                    " it is meant as a constant"
                ) from None
        if self.kind == "int":
            value = _without_point(value)
        if not self._takes(value):
            raise self._refusal(owner, value, hint) from None
        return value

    def check_place(self, owner: str, value: object, first: str, beside: object) -> None:
        """Refuse a tensor that is neither on the CPU nor where the first argument is."""
        if not (self.kind == "Tensor" and isinstance(value, Tensor) and isinstance(beside, Tensor)):
            return
        if value.device != beside.device and value.device.type != "cpu":
            raise RuntimeError(
                f"{owner}: {self.name} must be on the device of {first}, {beside.device}, got "
                f"{value.device}"
            ) from None

    def _refusal(self, owner: str, value: object, hint: str) -> Exception:
        if self.kind == "Tensor" and isinstance(value, Tensor):
            kinds = {"a nested one": value.is_nested, "a quantized one": value.is_quantized}
            layout = "layout " + str(value.layout).removeprefix("torch.")
            got = next((kind for kind, holds in kinds.items() if holds), layout)
            return RuntimeError(f"{owner}: {self.name} must be a dense tensor, got {got}")
        must, got = f"{owner}: {self.name} must be {self.allowed}", f"got {_shown(value)}"
        if isinstance(value, bool):
            once = self.name == "ignore_index" or f"{owner}: {self.name}" in _FLAGS_ONCE
            return TypeError(f"{must}, {got}{hint if once else ''}")
        if isinstance(value, int) and (self.kind == "int" or "number" in self.allowed):
            held = "int64" if self.kind == "int" else "float64"
            return ValueError(f"{must}, in the range of {held}, {got}")
        return TypeError(f"{must}, {got}")

    def _takes(self, value: object) -> bool:
        if value is None or self.kind not in _ALLOWED:
            return self.optional or self.kind not in _ALLOWED
        if is_tensor(value):
            return self._takes_tensor(value)
        if not isinstance(value, _ALLOWED[self.kind][1]) or not _has_value(value):
            return False
        if isinstance(value, bool):
            return self.kind == "bool"
        if isinstance(value, int):
            return -(2**63) <= value < 2**63 if self.kind == "int" else _is_held(value)
        return True

    def _takes_tensor(self, t: object) -> bool:
        """Whether it can be read as what is wanted; what stands for a tensor is left to torch."""
        if not isinstance(t, Tensor):
            return True
        if self.kind == "Tensor":
            return not (t.is_nested or t.is_quantized) and t.layout == torch.strided
        single = t.numel() == 1 and _has_value(t) and not t.is_complex()
        return single and (t.dtype == torch.bool) == (self.kind == "bool")


def _unread(*args: object) -> object:  # noqa: ARG001
    return NotImplemented


class Op(OpOverloadPacket[..., Tensor]):
    """An operator, called with all of its arguments in the order of the schema.

    Numbers may come from NumPy, and integers as whole floats. What torch would misread is refused:
    a bool for a number, and a tensor for one that would get no gradient.

    Bound once at import: to look it up in torch.ops at every call takes longer than all else that a
    function does. To TorchScript and torch.compile it is the packet that it was made of.
    """

    def __init__(self, packet: OpOverloadPacket[..., Tensor]) -> None:
        schema = packet.default._schema  # the packet now has its overload, which both share
        vars(self).update(vars(packet))
        given = [a for a in schema.arguments if a.name not in ("reduction", "dtype")]
        self._arguments = [_Argument.of(a.name, str(a.type)) for a in given]
        self._hint = GONE if len(given) < len(schema.arguments) else ""  # it has a reduction
        self._numbers = [i for i, a in enumerate(self._arguments) if a.kind in _NUMERIC]
        single = len(schema.returns) == 1  # all that the quick way can return
        self._quick: Callable[..., Any] = _C.caller(schema.name) if single else _unread

    def __call__(self, /, *args: object, **keywords: object) -> Tensor:
        """The result, or an error that names the argument which is to blame."""
        if keywords:
            return super().__call__(*args, **keywords)
        result = self._quick(*args)
        return self._carefully(args) if result is NotImplemented else result

    def _carefully(self, args: tuple[object, ...]) -> Tensor:
        serve_dtensors()
        plain = list(args)
        for i in (i for i in self._numbers if i < len(args)):
            plain[i] = self._arguments[i].plain(self.__name__, args[i], self._hint)
        try:
            return self._op(*plain)
        except (RuntimeError, TypeError):
            self._check_types(plain)
            raise

    def _check_types(self, args: list[object]) -> None:
        for argument, value in zip(self._arguments, args, strict=False):
            argument.plain(self.__name__, value, self._hint)
            argument.check_place(self.__name__, value, self._arguments[0].name, args[0])


def number(owner: str, name: str, value: object) -> float:
    """A number as a float, which TorchScript needs, for what keeps it."""
    return float(cast(float, _Argument(name, "float", False).plain(owner, value)))


def integer(owner: str, name: str, value: Value, optional: bool = False) -> Value:
    """A whole number as an int, or None where it is optional."""
    plain = _Argument(name, "int", optional).plain(owner, value)
    return cast(Value, None if plain is None else int(cast(int, plain)))


def check_tensors(owner: str, **given: object) -> None:
    """Refuse what is no dense tensor, or is neither on the CPU nor where the first one is.

    All but the first may be None.
    """
    first = next(iter(given))
    for name, value in given.items():
        argument = _Argument(name, "Tensor", name != first)
        argument.plain(owner, value)
        argument.check_place(owner, value, first, given[first])


def lengths_of(owner: str, name: str, given: list[int] | tuple[int, ...]) -> Tensor:
    """A tensor of a list of lengths, on the CPU."""
    try:
        made = torch.tensor(given, device="cpu")
    except (RuntimeError, TypeError, ValueError):
        allowed = _Argument(name, "Tensor", False).allowed
        whole = all(isinstance(length, int) for length in given)
        kind, held = (RuntimeError, ", in the range of int64") if whole else (TypeError, "")
        raise kind(f"{owner}: {name} must be {allowed}{held}, got {_shown(given)}") from None
    return made if len(given) > 0 else made.long()


def tensors(owner: str, name: str, given: object) -> list[Tensor]:
    """A tensor, or those of an iterable, in a list."""
    several = not isinstance(given, Tensor) and isinstance(given, Iterable)
    found = list(cast(Iterable[Any], given)) if several else [given]
    for t in found:
        if not isinstance(t, Tensor):
            raise TypeError(f"{owner}: {name} must be tensors, got {type(t).__name__}")
    return cast(list[Tensor], found)


def _is_held(value: int) -> bool:
    """Whether a float can hold it; to compare it would be a guard where sizes are symbols."""
    try:
        float(value)
    except OverflowError:
        return False
    return True


def _without_point(value: object) -> object:
    """A whole number in a float, or in a tensor of floats, as an int."""
    if isinstance(value, Tensor) and value.is_floating_point():
        value = value.item() if value.numel() == 1 and _has_value(value) else value
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _shown(value: object) -> str:
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, int) and value.bit_length() > 128:
        return f"an int of {value.bit_length()} bits"
    # Dynamo takes a TypeError that speaks of an argument for a reason to break the graph.
    unknown = "" if _has_value(value) else _UNKNOWN
    if isinstance(value, Tensor):
        held = f" that holds {value.item()}" if value.numel() == 1 and not unknown else unknown
        return f"a tensor of shape {tuple(value.shape)}{held}"
    return f"{type(value).__name__} {reprlib.repr(value)}{unknown}"


def _has_value(value: object) -> bool:
    if isinstance(value, torch.SymFloat):  # an operator may well take a size that is not known
        return bool(value.node.has_hint())
    return not (isinstance(value, Tensor) and (value.is_meta or isinstance(value, FakeTensor)))


def is_tensor(value: object) -> bool:
    """Whether it is a tensor or stands for one, as the proxies of torch.fx do."""
    return isinstance(value, Tensor) or is_tensor_like(value)  # type: ignore[no-untyped-call]


def beside(value: int | float | Value, input: object, rounded: bool = False) -> float | Value:
    """A number as a float, for a function to make a tensor of it beside ``input``.

    All else is as the operator has to read it or to name it; None where it will refuse ``input``. A
    number that only the graph will know is a tensor, ``rounded`` to the dtype of ``input`` or not.
    """
    if not is_tensor(input) or (isinstance(input, Tensor) and input.is_quantized):
        return cast(Value, None)
    if type(value) is float:
        return value
    tensor = cast(Tensor, input)
    value = without_numpy(value, tensor.device, tensor.dtype if rounded else None)
    if isinstance(value, int) and not isinstance(value, bool) and _is_held(value):
        return float(value)
    if isinstance(value, (torch.SymInt, torch.SymFloat)):  # the sizes that torch.export traces
        dtype = tensor.dtype if rounded else torch.float64
        return cast(Value, torch.ones((), dtype=dtype, device=tensor.device) * cast(Any, value))
    return cast(Value, value)


def without_numpy(
    value: Value, device: torch.device | None = None, dtype: torch.dtype | None = None
) -> Value:
    """Numbers of NumPy as those of Python, its arrays of them as tensors, and all else as it is.

    Under torch.compile, which does not know their values, numbers are tensors of the dtype.
    """
    compiling = torch.compiler.is_dynamo_compiling()
    if isinstance(value, (int, Tensor)) or not (
        type(value).__module__ == "numpy" if compiling else hasattr(type(value), "__array__")
    ):
        return value
    array = cast(Any, value)
    if array.ndim > 0:
        dtype = None
    if compiling:
        return cast(Value, torch.as_tensor(array, dtype=dtype, device=device))
    try:
        return cast(Value, torch.tensor(array, device=device) if array.ndim > 0 else array.item())
    except (TypeError, ValueError):
        return value  # of strings, objects, or the byte order of another machine


def in_name_of(function: str, op: str, error: Exception) -> Exception:
    """The error of an operator as one of the function that called it."""
    message = str(error)
    if not message.startswith(f"{op}: "):
        return error
    return type(error)(function + message.removeprefix(op))
