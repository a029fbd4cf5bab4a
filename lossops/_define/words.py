"""The operators of torch that can be recorded, in the graph's operations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

from . import composed, refusals
from .nodes import Kind, MistakeError, Node
from .symbols import Symbol, symbol

if TYPE_CHECKING:
    from .record import Recorder

# Of one operand: by torch's name, the function of the language.
UNARY = {
    "abs": "abs", "absolute": "abs", "exp": "exp", "expm1": "expm1", "log": "log",
    "log1p": "log1p", "logsigmoid": "logsigmoid", "log_sigmoid": "logsigmoid", "relu": "hinge",
    "sigmoid": "sigmoid", "expit": "sigmoid", "sign": "sign", "sgn": "sign", "sqrt": "sqrt",
    "square": "square", "tanh": "tanh", "detach": "detach", "fabs": "abs", "erf": "erf",
    "sin": "sin", "cos": "cos",
}  # fmt: skip
COMPARISONS = {
    "lt": "<", "less": "<", "le": "<=", "less_equal": "<=", "gt": ">", "greater": ">", "ge": ">=",
    "greater_equal": ">=", "eq": "==", "ne": "!=", "not_equal": "!=",
}  # fmt: skip
OPERATORS = {"add": "+", "sub": "-", "subtract": "-", "mul": "*", "multiply": "*", "div": "/",
             "divide": "/", "true_divide": "/", "truediv": "/"}  # fmt: skip
OTHER_NAMES = {
    "absolute": "abs", "pow": "power", "float_power": "power", "negative": "neg", "clip": "clamp",
    "bitwise_and": "logical_and", "and": "logical_and", "bitwise_or": "logical_or",
    "or": "logical_or", "bitwise_not": "logical_not", "invert": "logical_not",
    "positive": "same", "pos": "same", "contiguous": "same", "double": "same",
    "type_as": "same", "float": "same", "detach_": "detach", "swish": "silu",
}  # fmt: skip
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


class Words:
    """Operators by their name in torch; arguments are the operator's own."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder, self.graph = recorder, recorder.graph
        self.value, self.choice = recorder.value, recorder.choice

    def word(self, name: str) -> Any:  # noqa: ANN401
        """What records the operator of this name, or None."""
        name = name.removeprefix("special_")
        name = name[2:-2] if name.startswith("__") and name.endswith("__") else name
        if name.startswith("r") and OTHER_NAMES.get(name[1:], name[1:]) in (*OPERATORS, "power",
                "logical_and", "logical_or"):  # fmt: skip
            return lambda x, y: self.word(name[1:])(y, x)
        if name in UNARY:
            return lambda input, inplace=False: self.graph.function(UNARY[name], self.value(input))
        if name in COMPARISONS:
            return lambda input, other: self.graph.compare(
                COMPARISONS[name], self.value(input), self.value(other)
            )
        if name in OPERATORS:
            return lambda input, other, **options: self.operator(name, input, other, **options)
        name = OTHER_NAMES.get(name, name)
        return getattr(self, f"on_{name}", composed.WORDS.get(name))

    # -- arithmetic -----------------------------------------------------------------------------

    def operator(
        self, name: str, x: object, y: object, *, alpha: object = 1, rounding_mode: object = None
    ) -> Node:
        """One of + - * /."""
        if rounding_mode is not None:
            raise MistakeError("there is no division that rounds")
        second = self.value(y)
        if alpha != 1 or type(alpha) not in (int, float):
            second = self.graph.arithmetic("*", self.value(alpha), second)
        return self.graph.arithmetic(OPERATORS[name], self.value(x), second)

    def on_power(self, input: object, exponent: object) -> Node:
        return self.graph.arithmetic("**", self.value(input), self.value(exponent))

    def on_neg(self, input: object) -> Node:
        return self.graph.negative(self.value(input))

    def on_same(self, input: object, *_: object, **__: object) -> Node:
        return self.value(input)

    def on_to(self, input: object, *to: object, **options: object) -> Node:
        for dtype in (*to, *options.values()):
            if isinstance(dtype, torch.dtype) and dtype not in FLOATS:
                if dtype is torch.bool:
                    return self.choice(input)
                raise MistakeError(f"there is no rounding to {dtype}")
        return self.value(input)

    on_type = on_to

    def on_clone(self, input: object, **_: object) -> Symbol:
        return symbol(self.recorder, self.value(input), copied=True)

    def on_int(self, input: object) -> Node:
        node = self.recorder.node(input)
        if not node.kind.is_condition:
            raise MistakeError("there is no rounding to whole numbers")
        return self.value(input)

    on_long = on_int

    def on_bool(self, input: object) -> Node:
        return self.choice(input)

    def on_xlogy(self, input: object, other: object) -> Node:
        return self.graph.function("xlogy", self.value(input), self.value(other))

    # -- choices --------------------------------------------------------------------------------

    def on_where(self, condition: object, input: object, other: object) -> Node:
        return self.select(self.choice(condition), self.value(input), self.value(other))

    def select(self, condition: Node, x: Node, y: Node) -> Node:
        """X where the condition holds, else y."""
        return self.graph.node("select", condition, x, y)

    def on_masked_fill(self, input: object, mask: object, value: object) -> Node:
        return self.select(self.choice(mask), self.value(value), self.value(input))

    def on_logical_and(self, input: object, other: object) -> Node:
        return self.graph.condition("and", self.choice(input), self.choice(other))

    def on_logical_or(self, input: object, other: object) -> Node:
        return self.graph.condition("or", self.choice(input), self.choice(other))

    def on_logical_not(self, input: object) -> Node:
        return self.graph.condition("not", self.choice(input))

    def on_maximum(self, input: object, other: object) -> Node:
        return self.graph.function("maximum", self.value(input), self.value(other))

    def on_minimum(self, input: object, other: object) -> Node:
        return self.graph.function("minimum", self.value(input), self.value(other))

    def on_max(self, input: object, other: object) -> Node:
        return self.on_maximum(input, other)

    def on_min(self, input: object, other: object) -> Node:
        return self.on_minimum(input, other)

    def on_clamp(self, input: object, min: object = None, max: object = None) -> Node:
        low = self.graph.constant(-math.inf) if min is None else self.value(min)
        high = self.graph.constant(math.inf) if max is None else self.value(max)
        if low.equals(0) and max is None:
            return self.graph.function("relu", self.value(input))
        return self.graph.function("clamp", self.value(input), low, high)

    def on_clamp_min(self, input: object, min: object) -> Node:
        return self.on_clamp(input, min)

    def on_clamp_max(self, input: object, max: object) -> Node:
        return self.on_clamp(input, None, max)

    def on_zeros_like(self, input: object, **_: object) -> Node:
        return self.on_full_like(input, 0)

    def on_ones_like(self, input: object, **_: object) -> Node:
        return self.on_full_like(input, 1)

    def on_full_like(self, input: object, fill_value: object, **_: object) -> Node:
        self.value(input)
        return self.value(fill_value)

    def on_softplus(self, input: object, beta: object = 1, threshold: object = 20) -> Node:
        x, scale = self.value(input), self.value(beta)
        if scale.equals(1):
            return self.graph.function("softplus", x)
        of = self.graph.function("softplus", self.graph.arithmetic("*", x, scale))
        return self.graph.arithmetic("/", of, scale)

    # -- the end --------------------------------------------------------------------------------

    def on_numel(self, input: object) -> Node:
        if not self.recorder.is_full(self.value(input)):
            self.recorder.refuse(refusals.REASONS["numel"], ": numel")
        return self.graph.node("numel")  # by which a sum may be divided

    on_nelement = on_numel

    def on_mean(self, input: object) -> Symbol:
        return self.recorder.ended(self.value(input), "mean")

    def on_sum(self, input: object) -> Symbol:
        return self.recorder.ended(self.value(input), "sum")

    def linear(self, name: str, args: tuple[Any, ...]) -> Symbol | None:
        """An operator on what is reduced already, if it can be one on elements; else None."""
        name = name.strip("_")
        if name in ("mean", "sum", "clone") or OTHER_NAMES.get(name) == "same":  # of one number
            return args[0] if len(args) == 1 else None
        swaps = name.startswith("r") and name[1:] in OPERATORS
        op = OPERATORS.get(name[1:] if swaps else name)
        parts = [self.recorder.part(arg) for arg in (args[::-1] if swaps else args)]
        endings = [ending for _, ending in parts]
        nodes = [node for node, _ in parts]
        if name in ("neg", "negative") and len(parts) == 1:
            return self.recorder.ended(self.graph.negative(nodes[0]), endings[0])
        if op is None or len(parts) != 2:
            return None
        if any(node.op == "numel" for node in nodes):
            is_mean = op == "/" and endings == ["sum", ""] and self.recorder.is_full(nodes[0])
            return self.recorder.ended(nodes[0], "mean") if is_mean else None
        numbers = [node.kind is Kind.NUMBER and not ending for node, ending in parts]
        scales = (op == "*" and any(numbers)) or (op == "/" and numbers[1])
        shifts = op in "+-" and any(numbers) and "mean" in endings
        joins = op in "+-" and endings[0] == endings[1] and all(map(self.recorder.is_full, nodes))
        if scales or shifts or joins:
            ending = endings[0] or endings[1]
            return self.recorder.ended(self.graph.arithmetic(op, *nodes), ending)
        return None
