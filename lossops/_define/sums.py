"""Losses of sums: what each element of a vector adds to a few sums, and the loss by them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .cpp import Stated, body, source
from .definition import check_limits, check_name, check_parameters
from .nodes import Node
from .parts import PartGraph, Said, influence, part
from .source import module_name
from .symbols import symbol

MAX_VECTORS = 4
MAX_SUMS = 8


@dataclass(frozen=True)
class SumsDefinition:
    """A loss of sums as it was asked for; equal ones are the same loss.

    Attributes:
        name: Of the function and the operator.
        tensors: The vectors, the prediction first.
        terms: What is added to each sum.
        finish: The loss by the sums.
        parameters: Names and defaults.
        limits: Parameter, relation, bound.
        roots: The last operation of each term, and of the finish.
        rewrites: What is computed in another form than the one written.
    """

    name: str
    tensors: tuple[str, ...]
    terms: tuple[tuple[str, str], ...]
    finish: str
    parameters: tuple[tuple[str, float], ...]
    limits: tuple[tuple[str, str, float], ...]
    roots: tuple[Node, ...] = field(compare=False, repr=False)
    rewrites: tuple[str, ...] = field(compare=False, repr=False)

    @property
    def namespace(self) -> str:
        """Of the operator and the module."""
        parts = ("name", "tensors", "terms", "finish", "parameters", "limits")
        text = json.dumps([getattr(self, part) for part in parts])
        return f"lossops_{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    @property
    def reduction(self) -> str:
        """The one by default."""
        return "mean"

    @property
    def expression(self) -> str:
        """All of it, as text."""
        terms = [f"{name} = sum({text})" for name, text in self.terms]
        return "\n".join([*terms, f"finish: {self.finish}"])

    def sources(self) -> dict[str, str]:
        """The files that it is made of."""
        return {".cpp": source(self), ".py": python_source(self)}

    def stated(self) -> Stated:
        """It in C++. A group is known of nothing beforehand."""
        count = range(len(self.tensors))
        types = ", ".join(f"class T{i}" for i in count)
        operands = ", ".join(f"const T{i}& t{i}" for i in count)
        *terms, last = self.roots
        places = ", ".join(["{}"] * len(terms))
        names = ", ".join(f'"{t}"' for t in self.tensors)
        members = f"""\
  static constexpr int kVectors = {len(self.tensors)};
  static constexpr bool kLabelled = false, kLargest = false;
  static constexpr lossops::Numbers<double, 1> kNeutral{{1}};
  LOSSOPS_INLINE bool measures() const {{ return false; }}
  template <{types}>
  LOSSOPS_INLINE auto measure({operands}) const {{
    return std::make_tuple(t0);
  }}
  template <class C>
  LOSSOPS_INLINE auto center(const lossops::Numbers<C, 1>& given, const C&) const {{
    return given;
  }}
  template <class C, {types}>
  LOSSOPS_INLINE auto terms(const lossops::Numbers<C, 1>&, {operands}) const {{
{body(terms, [f"t{i}" for i in count], f"std::make_tuple({places})")}
  }}
  template <class S, class C>
  LOSSOPS_INLINE S finish(const std::array<S, {len(terms)}>& sums, const lossops::Numbers<C, 1>&,
                          const C&) const {{
{body([last], [f"sums[{i}]" for i in range(len(terms))], "{}")}
  }}
"""
        return Stated(members, f".operands = {{{names}}}", self.tensors)


def checked(
    name: str,
    terms: Mapping[str, Said],
    finish: Said,
    tensors: Sequence[str],
    limits: object,
    parameters: Mapping[str, Any],
) -> SumsDefinition:
    """The definition, or an error that names what is wrong with it."""
    check_name("define_sums", "loss", name)
    if not isinstance(terms, Mapping) or not 1 <= len(terms) <= MAX_SUMS:
        raise ValueError(f"{name}: terms must be a dict of 1 to {MAX_SUMS} sums by their names")
    if isinstance(tensors, str) or not 1 < len(tensors) <= MAX_VECTORS:
        raise ValueError(f"{name}: tensors must be 2 to {MAX_VECTORS} names, got {tensors!r:.80}")
    for what, names in (("tensor", tensors), ("sum", terms)):
        for word in names:
            check_name(name, what, word)
    defaults = check_parameters(name, parameters)
    every = [name, *tensors, *terms, *parameters]
    for twice in every:
        if every.count(twice) > 1:
            raise ValueError(
                f"{name}: the loss, its tensors, sums and parameters must have different names, "
                f"got {twice!r} twice"
            )
    bounds = check_limits(name, limits, dict(defaults))

    def made(where: str, said: Said, words: Sequence[str]) -> Any:  # noqa: ANN401
        graph = PartGraph(words, list(parameters))
        return part(f"{name}: {where}", said, graph, lambda recorder: {
            word: symbol(recorder, graph.tensor(word)) for word in words})  # fmt: skip

    added = {term: made(term, said, tensors) for term, said in terms.items()}
    last = made("finish", finish, list(terms))
    expressions = [*added.values(), last]
    influence(name, list(parameters), expressions)
    unused = [t for t in tensors if not any(t in e.root.reads for e in added.values())]
    unused += [s for s in terms if s not in last.root.reads]
    if unused:
        raise ValueError(f"{name}: '{unused[0]}' has no influence on the loss")
    return SumsDefinition(
        name,
        tuple(tensors),
        tuple((term, e.text) for term, e in added.items()),
        last.text,
        defaults,
        bounds,
        tuple(e.root for e in expressions),
        tuple(dict.fromkeys(told for e in expressions for told in e.rewrites)),
    )


def python_source(definition: SumsDefinition) -> str:
    """A module with the function and the class, as the library has them."""
    name, class_name = definition.name, module_name(definition)
    first = definition.tensors[0]
    tensors = "".join(f"    {t}: Tensor,\n" for t in definition.tensors)
    numbers = "".join(f"    {p}: float = {d!r},\n" for p, d in definition.parameters)
    passed = [p for p, _ in definition.parameters]
    operands = ", ".join([*definition.tensors, *passed])
    settings = ", ".join([*definition.tensors, *(f"self.{p}" for p in passed)])
    fields = "".join(f"    {p}: float\n" for p in passed)
    stored = "".join(f"        self.{p} = _number({class_name!r}, {p!r}, {p})\n" for p in passed)
    described = "".join(
        f"        {p}: A number; default {d:g}.\n" for p, d in definition.parameters
    )
    formula = definition.expression.replace("\n", "\n        ")
    return f'''\
"""The loss {name}, made by lossops.define_sums."""

import torch
from torch import Tensor

from lossops._op import number as _number
from lossops.functional._common import Op, TensorOrNumber, reduction_code, scalar_tensor
from lossops.nn._base import VectorLoss

_op = Op(torch.ops.{definition.namespace}.{name})


def {name}(
{tensors}{numbers}    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """The loss {name}, made by lossops.define_sums.

    Formula of a vector along the last dimension::

        {formula}

    Args:
        {first}: The prediction; a floating dtype.
{"".join(f"        {t}: Of its shape, or broadcasting." + chr(10) for t in definition.tensors[1:])}\
{described}        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per vector.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or one loss per vector for ``"none"``.
    """
    code, n = reduction_code("{name}", reduction), scalar_tensor(normalizer, {first})
    return _op({operands}, weight, None, n, code)


class {class_name}(VectorLoss):
    """The loss {name}, made by lossops.define_sums: see the function of that name.

    Args:
{described}        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
    """

    __constants__ = {[*passed, "reduction"]!r}
{fields}
    def __init__(
        self,
{numbers.replace("    ", "        ")}        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction)
{stored}
    def forward(
        self,
{tensors.replace("    ", "        ")}        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return {name}({settings}, self.reduction, weight, normalizer)
'''
