"""Losses over a class axis: what the true class costs and each other one, by its probability."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .cpp import Stated, body, source
from .definition import check_limits, check_name, check_parameters
from .nodes import Expression, Node
from .parts import PartGraph, Said, influence, part
from .record import Recorder
from .source import module_name
from .symbols import symbol

WORDS = ("p", "q", "log_p", "log_q")  # of a probability, exact in both tails


@dataclass(frozen=True)
class ClassDefinition:
    """A loss over a class axis as it was asked for; equal ones are the same loss.

    Attributes:
        name: Of the function and the operator.
        members: What is stated, and how.
        parameters: Names and defaults.
        limits: Parameter, relation, bound.
        roots: The last operation of each member.
        rewrites: What is computed in another form than the one written.
    """

    name: str
    members: tuple[tuple[str, str], ...]
    parameters: tuple[tuple[str, float], ...]
    limits: tuple[tuple[str, str, float], ...]
    roots: tuple[Node, ...] = field(compare=False, repr=False)
    rewrites: tuple[str, ...] = field(compare=False, repr=False)

    @property
    def namespace(self) -> str:
        """Of the operator and the module."""
        text = json.dumps([self.name, self.members, self.parameters, self.limits])
        return f"lossops_{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    @property
    def expression(self) -> str:
        """All members, as text."""
        return "\n".join(f"{name}: {text}" for name, text in self.members)

    @property
    def reduction(self) -> str:
        """The one by default."""
        return "mean"

    @property
    def smooths(self) -> bool:
        """Whether labels may be smoothed, or probabilities: if it is clear what the others are."""
        return self.members[-1][0] == "true_class"

    def sources(self) -> dict[str, str]:
        """The files that it is made of."""
        return {".cpp": source(self), ".py": python_source(self)}

    def stated(self) -> Stated:
        """It in C++."""
        words = [f"of.{word}()" for word in WORDS]
        members = "".join(
            f"  template <class C>\n  LOSSOPS_INLINE auto {name}(const C& of) const {{\n"
            f"{body([root], words, '{}')}\n  }}\n"
            for (name, _), root in zip(self.members, self.roots, strict=True)
        )
        role = "kTarget" if self.smooths else "kLabels"
        traits = f'.operands = {{{{"input", Role::kLogits}}, {{"target", Role::{role}}}}}'
        return Stated(members, traits, ("input", "target"), self.smooths)


class _Probability:
    """What a function sees of a class's probability."""

    def __init__(self, recorder: Recorder) -> None:
        self.p, self.q, self.log_p, self.log_q = (
            symbol(recorder, recorder.graph.tensor(word)) for word in WORDS
        )


def _member(name: str, said: Said, parameters: list[str]) -> Expression:
    graph = PartGraph(WORDS, parameters)
    graph.opposites = {"p": "q", "q": "p"}
    graph.logarithms = {"p": "log_p", "q": "log_q"}
    return part(name, said, graph, lambda recorder: {"p": _Probability(recorder)})


def checked(
    name: str,
    members: Mapping[str, Said | None],
    limits: object,
    parameters: Mapping[str, Any],
) -> ClassDefinition:
    """The definition, or an error that names what is wrong with it."""
    check_name("define_class", "loss", name)
    defaults = check_parameters(name, parameters)
    for taken in {*WORDS, "input", "target", "label_smoothing", "linear_weight", "linear_bias"}:
        if taken in parameters or taken == name:
            raise ValueError(f"{name}: {taken!r} is taken, a parameter must have another name")
    if "name" in parameters or name in parameters:
        raise ValueError(f"{name}: the loss and its parameters must have different names")
    bounds = check_limits(name, limits, dict(defaults))
    made = {
        member: _member(f"{name}: {member}", said, list(parameters))
        for member, said in members.items()
        if said is not None
    }
    if not made:
        raise ValueError(f"{name}: give what the true class costs, true_class, or other_class")
    influence(name, list(parameters), list(made.values()))
    rewrites = dict.fromkeys(told for e in made.values() for told in e.rewrites)
    return ClassDefinition(
        name,
        tuple((member, e.text) for member, e in made.items()),
        defaults,
        bounds,
        tuple(e.root for e in made.values()),
        tuple(rewrites),
    )


# -- Python -------------------------------------------------------------------------------------

ARGUMENTS = {
    "reduction": '``"none"``, ``"mean"`` or ``"sum"``. The mean of labels is sum(l) / sum(w_t).',
    "weight": "A factor per class, shape (C).",
    "ignore_index": "Rows with this label are left out, and get gradient 0.",
    "label_smoothing": "s in [0, 1]; y becomes y (1 - s) + s / C.",
    "normalizer": 'A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.',
}


def _described(definition: ClassDefinition, names: list[str], indent: str) -> str:
    limits = {
        p: "".join(f", {r} {b:g}" for on, r, b in definition.limits if on == p)
        for p, _ in definition.parameters
    }
    lines = [f"{p}: A number{limits[p]}; default {d:g}." for p, d in definition.parameters]
    lines += [f"{name}: {ARGUMENTS[name]}" for name in names]
    return "".join(f"{indent}{line}\n" for line in lines)


def python_source(definition: ClassDefinition) -> str:
    """A module with the functions and the class, as the library has them."""
    name, space, class_name = definition.name, definition.namespace, module_name(definition)
    numbers = "".join(f"    {p}: float = {d!r},\n" for p, d in definition.parameters)
    smoothing = "    label_smoothing: float = 0.0,\n" if definition.smooths else ""
    passed = [p for p, _ in definition.parameters]
    kept = [*passed, *(["label_smoothing"] if definition.smooths else [])]
    operands = ", ".join([*kept, "weight", "ignore_index", "n", "code"])
    names = [n for n in ARGUMENTS if n != "label_smoothing" or definition.smooths]
    common = f"""\
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int = -100,
{smoothing}"""
    formula = definition.expression.replace("\n", "\n        ")
    target = "Labels, shaped like ``input`` without the class axis"
    target += "; or probabilities of its shape." if definition.smooths else "."
    arguments = numbers + common
    settings = ", ".join([*(f"self.{p}" for p in passed), "self.reduction", "self.weight",
                          "self.ignore_index",
                          *(["self.label_smoothing"] if definition.smooths else [])])  # fmt: skip
    fields = "".join(f"    {p}: float\n" for p in kept)
    stored = "".join(f"        self.{p} = _number({class_name!r}, {p!r}, {p})\n" for p in kept)
    indented = arguments.replace("    ", "        ")
    constants = [*passed, "reduction", "ignore_index", *kept[len(passed) :]]
    return f'''\
"""The loss {name}, made by lossops.define_class."""

import torch
from torch import Tensor

from lossops._op import number as _number
from lossops.functional._common import Op, TensorOrNumber, reduction_code, scalar_tensor
from lossops.nn._base import LabelLoss

_op = Op(torch.ops.{space}.{name})
_linear = Op(torch.ops.{space}.linear_{name})


def {name}(
    input: Tensor,
    target: Tensor,
{arguments}    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """The loss {name}, made by lossops.define_class.

    What a class costs, by its probability p = softmax(input), with q = 1 - p::

        {formula}

    Args:
        input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        target: {target}
{_described(definition, names, "        ")}
    Returns:
        A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``.
    """
    code, n = reduction_code("{name}", reduction), scalar_tensor(normalizer, input)
    return _op(input, target, {operands})


def linear_{name}(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
{arguments}    normalizer: TensorOrNumber | None = None,
    linear_bias: Tensor | None = None,
) -> Tensor:
    """The loss {name} of the logits ``input`` W^T + ``linear_bias``, which are never held.

    Args:
        input: Features, shape (D) or (..., D); a floating dtype.
        linear_weight: W, shape (C, D).
        target: As for {name}.
{_described(definition, names, "        ")}\
        linear_bias: Shape (C).

    Returns:
        A 0-d tensor, or the shape of ``input`` without its last dimension for ``"none"``.
    """
    code, n = reduction_code("linear_{name}", reduction), scalar_tensor(normalizer, input)
    return _linear(input, linear_weight, target, linear_bias, {operands})


class {class_name}(LabelLoss):
    """The loss {name}, made by lossops.define_class: see the function of that name.

    Args:
{_described(definition, names[:-1], "        ")}\
    """

    __constants__ = {constants!r}
{fields}    weight: Tensor | None

    def __init__(
        self,
{indented}    ) -> None:
        super().__init__(reduction)
{stored}        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return {name}(input, target, {settings}, normalizer)
'''
