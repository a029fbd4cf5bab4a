"""Operators as Python calls them: arguments are made readable, or named if they cannot be."""

import reprlib
from typing import Any, NamedTuple, TypeVar, cast

import torch
from torch import Tensor
from torch._ops import OpOverloadPacket
from torch._subclasses import FakeTensor
from torch.overrides import is_tensor_like

from . import _C

Value = TypeVar("Value")
is_scripting = torch.jit.is_scripting  # type: ignore[attr-defined]  # which mypy does not see

GONE = (
    "; size_average and reduce, which old releases of torch took in such places, are gone: use "
    "reduction="
)

_SIZES = (int, torch.SymInt)
_NUMBERS = (*_SIZES, float, torch.SymFloat)

# By the type in the schema: how messages call what is allowed, and what that is.
_ALLOWED: dict[str, tuple[str, tuple[type, ...]]] = {
    "Tensor": ("a tensor", (Tensor,)),
    "float": ("a number", (*_NUMBERS, Tensor)),
    "int": ("an integer", (*_SIZES, Tensor)),
    "bool": ("True or False", (bool, torch.SymBool, Tensor)),
}

_NUMERIC = ("float", "int")

_NUMBERS_TOO = ("normalizer", "alpha", "var", "q")  # tensors that functions make of numbers


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
        choices += ["a number"] if self.kind == "Tensor" and self.name in _NUMBERS_TOO else []
        choices += ["None"] if self.optional else []
        return " or ".join(part for part in (", ".join(choices[:-1]), choices[-1]) if part)

    def plain(self, owner: str, value: object, hint: str = GONE) -> object:
        """A number as torch reads it; what it would misread is refused."""
        value = without_numpy(value)
        must = f"{owner}: {self.name} must be {self.allowed}"
        if isinstance(value, bool):
            raise TypeError(f"{must}, got {value}{hint}")
        if isinstance(value, Tensor) and value.requires_grad:
            raise TypeError(
                f"{must}, got a tensor that requires grad, for which there is no gradient here: "
                f"give {self.name}.detach() or .item() if it is meant as a constant"
            )
        whole = self.kind == "int" and isinstance(value, float) and value.is_integer()
        return int(cast(float, value)) if whole else value

    def check(self, owner: str, value: object) -> None:
        """Raise if it cannot be read."""
        if not self._takes(value):
            raise TypeError(
                f"{owner}: {self.name} must be {self.allowed}, got {_shown(value)}"
            ) from None

    def _takes(self, value: object) -> bool:
        if self.kind not in _ALLOWED or value is None:
            return self.optional or self.kind not in _ALLOWED
        if self.kind in _NUMERIC and isinstance(value, Tensor):
            return value.numel() == 1 and _has_value(value)
        return isinstance(value, _ALLOWED[self.kind][1])


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
        self._quick = _C.caller(packet.default._schema.name)

    def __call__(self, /, *args: object) -> Tensor:
        """The result, or an error that names the argument which is to blame."""
        result = self._quick(*args)
        return self._carefully(args) if result is NotImplemented else result

    def _carefully(self, args: tuple[object, ...]) -> Tensor:
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
            argument.check(self.__name__, value)


def number(owner: str, name: str, value: object) -> float:
    """A number as a float, which TorchScript needs, for what keeps it."""
    argument = _Argument(name, "float", False)
    value = argument.plain(owner, value)
    argument.check(owner, value)
    return float(cast(float, value))


def _shown(value: object) -> str:
    if value is None:
        return "None"
    if isinstance(value, Tensor):
        unknown = "" if _has_value(value) else ", whose value is not known, as under torch.compile"
        return f"a tensor of shape {tuple(value.shape)}{unknown}"
    return f"{type(value).__name__} {reprlib.repr(value)}"


def _has_value(t: Tensor) -> bool:
    return not (t.is_meta or isinstance(t, FakeTensor))


def is_tensor(value: object) -> bool:
    """Whether it is a tensor or stands for one, as the proxies of torch.fx do."""
    return isinstance(value, Tensor) or is_tensor_like(value)  # type: ignore[no-untyped-call]


def without_numpy(value: Value, device: torch.device | None = None) -> Value:
    """Numbers of NumPy as those of Python, its arrays as tensors, and all else as it is."""
    if isinstance(value, (int, Tensor)) or not hasattr(type(value), "__array__"):
        return value
    array = cast(Any, value)
    return cast(Value, array.item() if array.ndim == 0 else torch.tensor(array, device=device))


def in_name_of(function: str, op: str, error: Exception) -> Exception:
    """The error of an operator as one of the function that called it."""
    message = str(error)
    if not message.startswith(f"{op}: "):
        return error
    return type(error)(function + message.removeprefix(op))
