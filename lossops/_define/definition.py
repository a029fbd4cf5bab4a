"""What a user says of a loss, checked."""

import hashlib
import json
import keyword
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import TYPE_CHECKING, Any, Protocol

import torch

from ..nn._base import Loss
from .expression import Parser
from .language import CONSTANTS, FUNCTIONS, RELATIONS
from .nodes import Expression, Node

if TYPE_CHECKING:
    from .cpp import Stated

MAX_TENSORS = 8  # kMaxOperands of csrc/math/parameters.h; of kMaxParams families have their share
MAX_PARAMETERS = 8
MAX_NAME = 64

# What every loss takes, and the names that the generated files use themselves.
COMMON = ("reduction", "weight", "ignore_index", "normalizer", "dtype", "wrt")
GENERATED = ("Loss", "Op", "Tensor", "TensorOrNumber", "float", "int", "name", "reduction_code",
             "scalar_tensor", "self", "str", "super", "torch")  # fmt: skip
RESERVED = (*COMMON, *GENERATED)


class Defined(Protocol):
    """What a definition of any kind has."""

    @property
    def name(self) -> str:
        """Of the function and the operator."""

    @property
    def namespace(self) -> str:
        """Of the operator and the module."""

    @property
    def expression(self) -> str:
        """What it says, as text."""

    @property
    def rewrites(self) -> tuple[str, ...]:
        """What is computed in another form than the one written."""

    @property
    def parameters(self) -> tuple[tuple[str, float], ...]:
        """Names and defaults."""

    @property
    def limits(self) -> tuple[tuple[str, str, float], ...]:
        """Parameter, relation, bound."""

    @property
    def reduction(self) -> str:
        """The one by default."""

    def sources(self) -> dict[str, str]:
        """The files that it is made of, by the ends of their names."""

    def stated(self) -> "Stated":
        """It in C++."""


@dataclass(frozen=True)
class Definition:
    """A loss as it was asked for; equal ones are the same loss.

    Attributes:
        name: Of the function and the operator.
        expression: In one way of writing.
        tensors: The names, the prediction first.
        parameters: Names and defaults.
        limits: Parameter, relation, bound.
        target: The tensor that ``ignore_index`` refers to.
        reduction: The one by default.
        root: The expression's last operation.
        rewrites: What is computed in another form than the one written.
    """

    name: str
    expression: str
    tensors: tuple[str, ...]
    parameters: tuple[tuple[str, float], ...]
    limits: tuple[tuple[str, str, float], ...]
    target: str
    reduction: str
    root: Node = field(compare=False, repr=False)
    rewrites: tuple[str, ...] = field(compare=False, repr=False)

    @property
    def namespace(self) -> str:
        """Of the operator and the module: another definition of this name has another one."""
        parts = ("name", "expression", "tensors", "parameters", "limits", "target", "reduction")
        text = json.dumps([getattr(self, part) for part in parts])
        return f"lossops_{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    def sources(self) -> dict[str, str]:
        """The files that it is made of."""
        from .cpp import source
        from .source import python_source

        return {".cpp": source(self), ".py": python_source(self)}

    def stated(self) -> "Stated":
        """It in C++."""
        from .cpp import Stated, body

        count = range(len(self.tensors))
        same = (self.tensors[0], self.target)
        operands = ", ".join(
            f'{{"{name}"}}' if name in same else f'{{"{name}", Shape::kBroadcast}}'
            for name in self.tensors
        )
        members = f"""\
  template <{", ".join(f"class T{i}" for i in count)}>
  LOSSOPS_INLINE auto operator()({", ".join(f"const T{i}& t{i}" for i in count)}) const {{
{body([self.root], [f"t{i}" for i in count], "{}")}
  }}
"""
        traits = f'.operands = {{{operands}}}, .target = "{self.target}"'
        return Stated(members, traits, self.tensors)


def _is_finite(value: Real) -> bool:
    """Whether a double can hold it."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def check_name(loss: str, what: str, name: object) -> str:
    """An identifier that can stand in every file that is generated."""
    if not isinstance(name, str):
        raise TypeError(f"{loss}: the name of a {what} must be a str, got {type(name).__name__}")
    letters, first = (
        ("[a-z]", "a lower-case letter") if what == "loss" else ("[A-Za-z]", "a letter")
    )
    if len(name) > MAX_NAME or re.fullmatch(rf"{letters}[A-Za-z0-9_]*", name) is None:
        raise ValueError(
            f"{loss}: the name of a {what} must be {first} and up to {MAX_NAME - 1} letters, "
            f"digits and _ after it, got {name[:80]!a}"
        )
    if keyword.iskeyword(name) or name in (*RESERVED, *FUNCTIONS, *CONSTANTS):
        raise ValueError(f"{loss}: {name!r} is taken, a {what} must have another name")
    return name


def _check_tensors(loss: str, tensors: object, target: str) -> tuple[str, ...]:
    if isinstance(tensors, str) or not isinstance(tensors, Sequence):
        raise TypeError(f"{loss}: tensors must be a sequence of names, got {tensors!r:.80}")
    names = tuple(check_name(loss, "tensor", name) for name in tensors)
    if not 2 <= len(names) <= MAX_TENSORS:
        raise ValueError(f"{loss}: tensors must be 2 to {MAX_TENSORS} names, got {len(names)}")
    if target not in names[1:]:
        raise ValueError(
            f"{loss}: tensors must name the prediction first, and one of the others '{target}', "
            f"which ignore_index refers to, got {', '.join(names)}"
        )
    return names


def check_parameters(loss: str, parameters: Mapping[str, object]) -> tuple[tuple[str, float], ...]:
    if len(parameters) > MAX_PARAMETERS:
        raise ValueError(
            f"{loss}: a loss has at most {MAX_PARAMETERS} parameters, got {len(parameters)}"
        )
    module = Loss("none")
    for name, default in parameters.items():
        check_name(loss, "parameter", name)
        if hasattr(module, name) or hasattr(torch.jit.ScriptModule, name):
            raise ValueError(
                f"{loss}: {name!r} is taken by modules, a parameter must have another name"
            )
        if not isinstance(default, Real):
            raise TypeError(
                f"{loss}: the default of {name} must be a number, got {type(default).__name__}"
            )
        if not _is_finite(default):
            raise ValueError(f"{loss}: the default of {name} must be finite, got {default!r:.80}")
    return tuple((name, float(default)) for name, default in parameters.items())  # type: ignore[arg-type]


def check_limits(
    loss: str, limits: object, parameters: Mapping[str, float]
) -> tuple[tuple[str, str, float], ...]:
    if isinstance(limits, str) or not isinstance(limits, Sequence):
        raise TypeError(
            f"{loss}: limits must be a sequence such as [('c', '>', 0)], got {limits!r:.80}"
        )
    checked = []
    for limit in limits:
        if isinstance(limit, str) or not isinstance(limit, Sequence) or len(limit) != 3:
            raise ValueError(
                f"{loss}: a limit must be (parameter, relation, number), got {limit!r:.80}"
            )
        name, relation, bound = limit
        if not isinstance(name, str) or name not in parameters:
            raise ValueError(
                f"{loss}: a limit must be on a parameter ({', '.join(parameters) or 'none here'}), "
                f"got {name!r:.80}"
            )
        if not isinstance(relation, str) or relation not in RELATIONS:
            raise ValueError(
                f"{loss}: the relation of a limit must be one of {', '.join(RELATIONS)}, "
                f"got {relation!r:.80}"
            )
        if not isinstance(bound, Real) or not (_is_finite(bound) or abs(bound) == math.inf):
            raise ValueError(f"{loss}: the bound of a limit must be a number, got {bound!r:.80}")
        if not RELATIONS[relation](parameters[name], bound):
            raise ValueError(
                f"{loss}: {name} must be {relation} {float(bound):g}, but its default is "
                f"{parameters[name]:g}"
            )
        checked.append((name, relation, float(bound)))
    return tuple(checked)


def check_points(loss: str, points: object, tensors: Sequence[str]) -> list[list[float]]:
    """The test points: a number for each tensor."""
    wanted = f"a number for each of {', '.join(tensors)}"
    if isinstance(points, str) or not isinstance(points, Sequence):
        raise TypeError(f"{loss}: test_points must be a sequence of tuples, each {wanted}")
    for point in points:
        fits = not isinstance(point, str) and isinstance(point, Sequence)
        fits = fits and all(isinstance(x, Real) and _is_finite(x) for x in point)
        if not fits or len(point) != len(tensors):
            raise ValueError(f"{loss}: a test point must be {wanted}, got {point!r:.80}")
    return [[float(x) for x in point] for point in points]


def arguments(tensors: Sequence[str], parameters: Sequence[tuple[str, float]]) -> str:
    """The operator's arguments that are its own, as torch writes them."""
    written = [*(f"Tensor {t}" for t in tensors), *(f"float {p}={d!r}" for p, d in parameters)]
    return ", ".join(written)


def checked(
    name: str,
    expression: str | Expression,
    tensors: object,
    limits: object,
    parameters: Mapping[str, Any],
    target: str = "target",
) -> Definition:
    """The definition, or an error that names what is wrong with it."""
    check_name("define", "loss", name)
    if not isinstance(expression, (str, Expression)):
        raise TypeError(
            f"{name}: the expression must be a str, a function or an nn.Module, got "
            f"{type(expression).__name__}"
        )
    names = _check_tensors(name, tensors, target)
    defaults = check_parameters(name, parameters)
    every = [name, *names, *parameters]
    for twice in every:
        if every.count(twice) > 1:
            raise ValueError(
                f"{name}: the loss, its tensors and its parameters must have different names, "
                f"got {twice!r} twice"
            )
    bounds = check_limits(name, limits, dict(defaults))
    try:
        torch._C.parse_schema(f"{name}({arguments(names, defaults)}) -> Tensor")
    except (RuntimeError, IndexError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"{name}: torch refuses a name or a default: {reason}") from None
    if isinstance(expression, str):
        expression = Parser(name, expression, names, list(parameters)).parse()
    return Definition(
        name, expression.text, names, defaults, bounds, target, expression.ending,
        expression.root, expression.rewrites,
    )  # fmt: skip
