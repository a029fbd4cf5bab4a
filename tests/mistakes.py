"""Wrong calls that every loss must refuse; those of one family stand in its file."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from tests.cases import Case
    from tests.losses import Loss


@dataclass(frozen=True)
class Mistake:
    """A change of operands (4, 3) and what the message must say."""

    change: "Callable[[Case], Case]"
    pattern: str
    without_data: bool = True  # it can be seen on meta tensors
    as_torch: bool = True  # torch raises for the same reason


def replace_first(case: "Case", change: Callable[[Tensor], Tensor]) -> "Case":
    name = case.loss.operands[0]
    return case.but(**{name: change(case.tensors[name])})


def replace_second(case: "Case", change: Callable[[Tensor], Tensor]) -> "Case":
    name = case.loss.operands[1]
    return case.but(**{name: change(case.tensors[name])})


def replace_label(case: "Case", row: int, label: int) -> "Case":
    def change(t: Tensor) -> Tensor:
        t = t.clone()
        t[row] = label
        return t

    return replace_second(case, change)


def shown(*shapes: tuple[int, ...]) -> str:
    """A pattern for these shapes, in this order or the other."""
    a, b = (re.escape(str(shape)) for shape in shapes)
    return f"{a}.*{b}|{b}.*{a}"


def weight_shape(case: "Case") -> tuple[int, ...]:
    """The largest that a weight of the case may have."""
    return case.loss.family.weight_shape(tuple(case.tensors[case.loss.operands[0]].shape))


COMMON: dict[str, Mistake] = {
    "weight does not broadcast": Mistake(
        lambda case: case.but(weight=torch.ones(5)), r"weight .*WEIGHT.*\(5,\)"),
    "weight larger than the input": Mistake(
        lambda case: case.but(weight=torch.ones(2, 4, 3)), r"weight .*WEIGHT.*\(2, 4, 3\)"),
    "integer input": Mistake(
        lambda case: replace_first(case, lambda t: t.round().long()), "must .*floating.*got"),
    "complex input": Mistake(
        lambda case: replace_first(case, lambda t: t.to(torch.complex64)), "must be real.*got"),
    "complex target": Mistake(
        lambda case: replace_second(case, lambda t: t.to(torch.complex64)), "must be real.*got"),
    "sparse input": Mistake(
        lambda case: replace_first(case, Tensor.to_sparse), "must be .*dense.*got", False),
    "sparse target": Mistake(
        lambda case: replace_second(case, Tensor.to_sparse), "must be .*dense.*got", False),
    "csr weight": Mistake(
        lambda case: case.but(weight=torch.ones(4, 3).to_sparse_csr()),
        "weight must be .*dense.*got", False),
    "target elsewhere": Mistake(
        lambda case: replace_second(case, lambda t: t.to("meta")),
        "must be on the device.*got meta", False),
    "weight elsewhere": Mistake(
        lambda case: case.but(weight=torch.ones(weight_shape(case), device="meta")),
        "weight must be on the device.*got meta", False),
    "normalizer not a number": Mistake(
        lambda case: case.but(normalizer=torch.ones(2)), r"normalizer must be .*0-d.*\(2,\)"),
    "complex weight": Mistake(
        lambda case: case.but(weight=torch.ones(4, 3, dtype=torch.complex64)),
        "weight must be real"),
    "normalizer without reduction": Mistake(
        lambda case: case.but(normalizer=torch.ones(()), reduction="none"),
        "normalizer needs .*reduction|normalizer.*reduction"),
}  # fmt: skip


def mistakes_of(loss: "Loss") -> dict[str, Mistake]:
    return COMMON | loss.family.mistakes(loss)


def mistaken(case: "Case", name: str) -> "tuple[Case, str]":
    """The case with the mistake, and what the message must say."""
    mistake = mistakes_of(case.loss)[name]
    return mistake.change(case), mistake.pattern.replace(
        "WEIGHT", re.escape(str(weight_shape(case)))
    )
