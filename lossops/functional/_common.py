"""What every function shares. All of it compiles under TorchScript."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .._op import GONE, beside, is_scripting, lengths_of, without_numpy
from .._op import Op as Op

# TorchScript does not turn an int into a float, so it needs to see both.
TensorOrNumber = int | float | Tensor

if TYPE_CHECKING:
    Levels = float | list[float] | tuple[float, ...] | Tensor
    Lengths = Tensor | list[int] | tuple[int, ...]
else:  # TorchScript knows no tuple of any length
    Levels = float | list[float] | Tensor
    Lengths = Tensor | list[int]


def _shown(word: str, once_a_flag: bool = False) -> str:
    if not is_scripting():
        if not isinstance(word, str):
            gone = GONE if once_a_flag and isinstance(word, bool) else ""
            return repr(word) + gone
    return f"'{word}'"


def reduction_code(op: str, reduction: str, batchmean: bool = False) -> int:
    """The number that the operators take for a reduction; few know ``"batchmean"``."""
    if reduction == "mean":
        return 1
    if reduction == "sum":
        return 2
    if reduction == "none":
        return 0
    if reduction == "batchmean" and batchmean:
        return 3
    allowed = "'mean', 'sum' or 'batchmean'" if batchmean else "'mean' or 'sum'"
    raise ValueError(f"{op}: reduction must be 'none', {allowed}, got {_shown(reduction, True)}")


def choice_code(op: str, name: str, given: str, choices: list[str], other: str = "") -> int:
    """The number that the operators take for one of these words, or for a value beside them."""
    for code, choice in enumerate(choices):
        if given == choice:
            return code
    allowed = [f"'{choice}'" for choice in choices]
    if len(other) > 0:
        allowed.append(other)
    listed = ", ".join(allowed[:-1])
    raise ValueError(f"{op}: {name} must be {listed} or {allowed[-1]}, got {_shown(given)}")


def activation_code(op: str, activation: str | None) -> int:
    """What makes logits probabilities; None where they are that already."""
    if activation is None:
        return 0
    return 1 + choice_code(op, "activation", activation, ["sigmoid", "softmax"], "None")


def absent_code(op: str, absent: str) -> int:
    """What becomes of a class that a target lacks."""
    return choice_code(op, "absent", absent, ["smooth", "skip"])


def format_code(op: str, format: str) -> int:
    """How four numbers tell a box."""
    return choice_code(op, "format", format, ["xyxy", "xywh", "cxcywh"])


def scalar_tensor(value: TensorOrNumber | None, input: Tensor) -> Tensor | None:
    """A number becomes a 0-d tensor beside ``input``; float64, so that no count is rounded.

    The product, unlike a fill value, stays symbolic under torch.compile: another number does not
    compile anew.
    """
    if value is None:
        return None
    if not is_scripting():
        value = beside(value, input)
        if not isinstance(value, float):
            return value
    if isinstance(value, (int, float)):
        return torch.ones((), dtype=torch.float64, device=input.device) * float(value)
    return value


def plain_number(value: int | float) -> float:
    """The number as TorchScript's operators want it; what is none is left for them to name."""
    return float(value) if is_scripting() else value


def operand(value: TensorOrNumber, input: Tensor) -> Tensor:
    """A number becomes a 0-d tensor of the dtype of ``input``."""
    if not is_scripting():
        given = beside(value, input, rounded=True)
        if not isinstance(given, float):
            return given
        value = given
    if isinstance(value, (int, float)):
        return torch.full((), float(value), dtype=input.dtype, device=input.device)
    return value


def lengths_tensor(op: str, name: str, lengths: Lengths) -> Tensor:
    """A list of lengths becomes a tensor on the CPU, where they are cheapest to look at."""
    if not is_scripting():
        lengths = without_numpy(lengths)
        if not isinstance(lengths, (list, tuple)):
            return lengths  # which the operator names if it is no tensor
        return lengths_of(op, name, lengths)
    if isinstance(lengths, Tensor):
        return lengths
    made = torch.tensor(lengths, device="cpu")
    return made if len(lengths) > 0 else made.long()
