"""The terms that a combined loss adds up, and how their losses are called."""

import inspect
import keyword
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    Operands = Tensor | Mapping[str, Sequence[Tensor]]
else:
    Operands = Tensor | dict[str, list[Tensor]]  # what TorchScript can express of it


class Term(nn.Module):
    """One loss with its operands in a list; subclasses add what weighs it.

    What a term holds beside its loss, weights and averages, stays in float32 at least: in half
    precision averages would stop growing and weights overflow.
    """

    __constants__ = ["name", "required", "unary", "ternary", "divides"]
    name: str
    required: int
    unary: bool
    ternary: bool
    divides: bool

    def __init__(self, name: str, loss: nn.Module) -> None:
        super().__init__()
        if not isinstance(loss, nn.Module):
            hint = "; its .Module() is one" if hasattr(loss, "Module") else ""
            given = f"got {type(loss).__name__}{hint}"
            raise TypeError(f"{name!r}: a loss must be an nn.Module, {given}")
        if isinstance(loss, Combination):
            raise TypeError(f"{name!r}: a loss must return a tensor, {loss.kind} returns its terms")
        self.name = name
        self.loss = loss

    def __setattr__(self, name: str, value: Tensor | nn.Module) -> None:
        """Look at the signature of the loss whenever it is replaced."""
        super().__setattr__(name, value)
        if name == "loss" and isinstance(value, nn.Module):
            self.required, self.divides = _signature(value)
            self.unary, self.ternary = self.required == 1, self.required == 3

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Term":
        def widened(t: Tensor) -> Tensor:
            moved = fn(t)
            dtype = torch.promote_types(moved.dtype, torch.float32)
            return moved if moved.dtype == dtype else t.to(moved.device, dtype)

        if recurse:
            for child in self.children():
                child._apply(fn)  # type: ignore[no-untyped-call]
        super()._apply(widened, recurse=False)  # type: ignore[no-untyped-call]
        return self

    def forward(self, operands: list[Tensor], normalizer: Tensor | None) -> Tensor:
        """Call the loss. Compiled by TorchScript, it takes exactly the required operands."""
        if normalizer is not None and not self.divides:
            raise ValueError(f"normalizer of '{self.name}' is given, but its loss takes none")
        if not torch.jit.is_scripting():  # type: ignore[attr-defined]
            if isinstance(operands, Tensor):  # unpacked, it would be taken for its rows
                raise TypeError(
                    f"operands of '{self.name}' must be a sequence of tensors, got a tensor"
                )
            if normalizer is None:
                value: Tensor = self.loss(*operands)
            else:
                value = self.loss(*operands, normalizer=normalizer)
        elif len(operands) != self.required:
            raise ValueError(
                f"operands of '{self.name}' must be {self.required}, got {len(operands)}"
            )
        elif self.unary:
            value = self.loss(operands[0])
        elif self.ternary:
            if self.divides:
                value = self.loss(operands[0], operands[1], operands[2], normalizer=normalizer)
            else:
                value = self.loss(operands[0], operands[1], operands[2])
        else:
            if self.divides:
                value = self.loss(operands[0], operands[1], normalizer=normalizer)
            else:
                value = self.loss(operands[0], operands[1])
        return value


class Combination(nn.Module):
    """Losses by name, called together; subclasses say what the total is."""

    kind: str
    if TYPE_CHECKING:
        terms: Any  # an nn.ModuleDict, of the Term that a subclass has

    def __init__(self, terms: Mapping[str, Term]) -> None:
        super().__init__()
        self.kind = type(self).__name__
        if not terms:
            raise ValueError(f"{self.kind}: losses must name at least one loss, got none")
        empty = nn.ModuleDict()
        for name in terms:
            if not _is_identifier(name) or hasattr(empty, name):
                raise ValueError(
                    f"{self.kind}: {name!r} cannot be the name of a loss: it must be an identifier,"
                    " no Python keyword, and no attribute of nn.ModuleDict"
                )
        self.terms = nn.ModuleDict(terms)

    def values(
        self, operands: Operands, target: Tensor | None, normalizer: dict[str, Tensor] | None
    ) -> dict[str, Tensor]:
        """The value of each term."""
        if not torch.jit.is_scripting():  # type: ignore[attr-defined]
            self._check_kinds(operands, normalizer)
        # Sorted out before the loop: TorchScript loads no union that is told apart in one.
        shared: list[Tensor] = []
        own: dict[str, list[Tensor]] = {}
        if isinstance(operands, Tensor):
            shared.append(operands)
            if target is not None:
                shared.append(target)
        else:
            own = operands  # type: ignore[assignment]
            if target is not None:
                raise ValueError(
                    f"{self.kind}: target is given beside operands by name, which hold the targets"
                )
            self._check_names("operands", list(own.keys()))
        divisors: dict[str, Tensor] = {}
        if normalizer is not None:
            divisors = normalizer
            self._check_names("normalizer", list(divisors.keys()))
        values: dict[str, Tensor] = {}
        for name, term in self.terms.items():
            given = own[name] if name in own else shared[:1] if term.unary else shared
            if name not in own and len(shared) == 0:
                raise ValueError(f"{self.kind}: operands of '{name}' are missing")
            values[name] = term(given, divisors[name] if name in divisors else None)
        return values

    def _check_kinds(self, operands: object, normalizer: object) -> None:
        if not isinstance(operands, (Tensor, Mapping)):
            raise TypeError(
                f"{self.kind}: operands must be a tensor, with a target, or a dictionary by name, "
                f"got {type(operands).__name__}"
            )
        if not (normalizer is None or isinstance(normalizer, Mapping)):
            raise TypeError(
                f"{self.kind}: normalizer must be a dictionary by name, got "
                f"{type(normalizer).__name__}"
            )

    def total_of(self, weighted: list[Tensor]) -> Tensor:
        """The sum, of numbers or of unreduced losses of one shape."""
        total = weighted[0]
        for value in weighted[1:]:
            if value.shape != total.shape:
                raise ValueError(
                    f"{self.kind}: all terms must have one shape, got {total.shape} and "
                    f"{value.shape}"
                )
            total = total + value
        return total

    def _check_names(self, argument: str, names: list[str]) -> None:
        for name in names:
            known = False
            for term in self.terms.keys():
                known = known or term == name
            if not known:
                raise ValueError(f"{self.kind}: {argument} names '{name}', which is no term")


Given = TypeVar("Given")


def named(kind: str, losses: Mapping[str, Given]) -> Mapping[str, Given]:
    """The losses, if they are losses by name."""
    if not isinstance(losses, Mapping):
        raise TypeError(f"{kind}: losses must be a dictionary by name, got {type(losses).__name__}")
    return losses


def check_pairs(kind: str, pairs: Mapping[str, object], second: str) -> None:
    """Raise unless each value is a loss and what goes with it."""
    for name, pair in named(kind, pairs).items():
        if not (isinstance(pair, tuple) and len(pair) == 2):
            raise TypeError(f"{kind}: {name!r} must be (loss, {second}), got {pair!r}")


def detached(values: dict[str, Tensor]) -> dict[str, Tensor]:
    """The values without their graph."""
    return {name: value.detach() for name, value in values.items()}


def _is_identifier(name: object) -> bool:
    return isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name)


def _signature(loss: nn.Module) -> tuple[int, bool]:
    """How many operands forward is called with, and whether it takes a normalizer.

    The operands are those that it requires, and a target that it does not.
    """
    schema = getattr(loss.forward, "schema", None)
    if schema is not None:  # TorchScript
        given = [(a.name, not a.has_default_value()) for a in schema.arguments[1:]]
    else:
        parameters = inspect.signature(loss.forward).parameters.values()
        if any(p.kind is p.VAR_POSITIONAL for p in parameters):
            return 2, True  # a wrapper, such as a compiled module, that passes on what it gets
        given = [(p.name, p.default is p.empty) for p in parameters if p.kind is not p.KEYWORD_ONLY]
    names = [name for name, _ in given]
    required = sum(needed for _, needed in given)
    optional_target = required == 1 and "target" in names[1:2]
    return required + optional_target, "normalizer" in names
