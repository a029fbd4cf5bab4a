"""The operators of torch that can be recorded, in the graph's operations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

from .nodes import Kind, MistakeError, Node
from .symbols import Symbol, symbol

if TYPE_CHECKING:
    from .record import Recorder

# Of one operand: by torch's name, the function of the language.
UNARY = {
    "abs": "abs", "absolute": "abs", "exp": "exp", "expm1": "expm1", "log": "log",
    "log1p": "log1p", "logsigmoid": "logsigmoid", "log_sigmoid": "logsigmoid", "relu": "hinge",
    "sigmoid": "sigmoid", "expit": "sigmoid", "sign": "sign", "sgn": "sign", "sqrt": "sqrt",
    "square": "square", "tanh": "tanh", "detach": "detach", "fabs": "abs",
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
        return getattr(self, f"on_{OTHER_NAMES.get(name, name)}", None)

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

    def on_reciprocal(self, input: object) -> Node:
        return self.graph.arithmetic("/", self.graph.constant(1), self.value(input))

    def on_rsqrt(self, input: object) -> Node:
        root = self.graph.function("sqrt", self.value(input))
        return self.graph.arithmetic("/", self.graph.constant(1), root)

    def on_log2(self, input: object) -> Node:
        return self.scaled_log(input, math.log(2))

    def on_log10(self, input: object) -> Node:
        return self.scaled_log(input, math.log(10))

    def scaled_log(self, input: object, scale: float) -> Node:
        """The logarithm to another base."""
        log = self.graph.function("log", self.value(input))
        return self.graph.arithmetic("*", log, self.graph.constant(1 / scale))

    def on_exp2(self, input: object) -> Node:
        x = self.graph.arithmetic("*", self.value(input), self.graph.constant(math.log(2)))
        return self.graph.function("exp", x)

    def on_logit(self, input: object, eps: object = None) -> Node:
        if eps is not None:
            raise MistakeError("there is no logit with eps; clamp(x, eps, 1 - eps) before it")
        x = self.value(input)
        rest = self.graph.function("log1p", self.graph.negative(x))
        return self.graph.arithmetic("-", self.graph.function("log", x), rest)

    def on_cosh(self, input: object) -> Node:
        x = self.value(input)
        both = (self.graph.function("exp", y) for y in (x, self.graph.negative(x)))
        return self.graph.arithmetic(
            "*", self.graph.arithmetic("+", *both), self.graph.constant(0.5)
        )

    def on_sinh(self, input: object) -> Node:
        x = self.value(input)
        both = (self.graph.function("expm1", y) for y in (x, self.graph.negative(x)))
        return self.graph.arithmetic(
            "*", self.graph.arithmetic("-", *both), self.graph.constant(0.5)
        )

    def on_hypot(self, input: object, other: object) -> Node:
        squares = (self.graph.product(self.value(x), 2) for x in (input, other))
        return self.graph.function("sqrt", self.graph.node("+", *squares))

    def on_xlogy(self, input: object, other: object) -> Node:
        return self.graph.function("xlogy", self.value(input), self.value(other))

    def on_logaddexp(self, input: object, other: object) -> Node:
        x, y = self.value(input), self.value(other)
        apart = self.graph.function("abs", self.graph.arithmetic("-", x, y))
        more = self.graph.function("softplus", self.graph.negative(apart))
        return self.graph.arithmetic("+", self.graph.function("maximum", x, y), more)

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

    def on_isnan(self, input: object) -> Node:
        x = self.value(input)
        return self.graph.compare("!=", x, x)

    def on_isinf(self, input: object) -> Node:
        size = self.graph.function("abs", self.value(input))
        return self.graph.compare("==", size, self.graph.constant(math.inf))

    def on_isfinite(self, input: object) -> Node:
        size = self.graph.function("abs", self.value(input))
        return self.graph.compare("<", size, self.graph.constant(math.inf))

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

    # -- activations ----------------------------------------------------------------------------

    def on_softplus(self, input: object, beta: object = 1, threshold: object = 20) -> Node:
        x, scale = self.value(input), self.value(beta)
        if scale.equals(1):
            return self.graph.function("softplus", x)
        of = self.graph.function("softplus", self.graph.arithmetic("*", x, scale))
        return self.graph.arithmetic("/", of, scale)

    def on_silu(self, input: object, inplace: bool = False) -> Node:
        x = self.value(input)
        return self.graph.arithmetic("*", x, self.graph.function("sigmoid", x))

    def on_softsign(self, input: object) -> Node:
        x = self.value(input)
        size = self.graph.function("abs", x)
        return self.graph.arithmetic(
            "/", x, self.graph.arithmetic("+", size, self.graph.constant(1))
        )

    def on_leaky_relu(
        self, input: object, negative_slope: object = 0.01, inplace: bool = False
    ) -> Node:
        x = self.value(input)
        below = self.graph.arithmetic("*", x, self.value(negative_slope))
        return self.select(self.graph.compare(">", x, self.graph.constant(0)), x, below)

    def on_elu(self, input: object, alpha: object = 1.0, inplace: bool = False) -> Node:
        x, zero = self.value(input), self.graph.constant(0)
        above = self.graph.compare(">", x, zero)
        below = self.graph.function("expm1", self.select(above, zero, x))
        return self.select(above, x, self.graph.arithmetic("*", below, self.value(alpha)))

    # -- losses ---------------------------------------------------------------------------------

    def reduced(self, loss: Node, weight: object, reduction: object) -> Symbol:
        """The end of a loss of torch."""
        if weight is not None:
            loss = self.graph.arithmetic("*", loss, self.value(weight))
        if reduction not in ("none", "mean", "sum"):
            raise MistakeError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
        return self.recorder.ended(loss, "" if reduction == "none" else str(reduction))

    def distance(self, input: object, target: object) -> Node:
        """The difference."""
        return self.graph.arithmetic("-", self.value(input), self.value(target))

    def on_mse_loss(
        self, input: object, target: object, size_average: None = None, reduce: None = None,
        reduction: object = "mean", weight: object = None,
    ) -> Symbol:  # fmt: skip
        square = self.graph.product(self.distance(input, target), 2)
        return self.reduced(square, weight, reduction)

    def on_l1_loss(
        self, input: object, target: object, size_average: None = None, reduce: None = None,
        reduction: object = "mean", weight: object = None,
    ) -> Symbol:  # fmt: skip
        size = self.graph.function("abs", self.distance(input, target))
        return self.reduced(size, weight, reduction)

    def huber(self, distance: Node, delta: Node) -> Node:
        """The square up to delta, halved, and the line beyond."""
        g, half = self.graph, self.graph.constant(0.5)
        size = g.function("abs", distance)
        square = g.arithmetic("*", g.product(distance, 2), half)
        line = g.arithmetic("*", delta, g.arithmetic("-", size, g.arithmetic("*", half, delta)))
        return self.select(g.compare("<=", size, delta), square, line)

    def on_huber_loss(
        self, input: object, target: object, reduction: object = "mean", delta: object = 1.0,
        weight: object = None,
    ) -> Symbol:  # fmt: skip
        loss = self.huber(self.distance(input, target), self.value(delta))
        return self.reduced(loss, weight, reduction)

    def on_smooth_l1_loss(
        self, input: object, target: object, size_average: None = None, reduce: None = None,
        reduction: object = "mean", beta: object = 1.0,
    ) -> Symbol:  # fmt: skip
        delta = self.value(beta)
        loss = self.huber(self.distance(input, target), delta)
        return self.reduced(self.graph.arithmetic("/", loss, delta), None, reduction)

    def on_soft_margin_loss(
        self, input: object, target: object, size_average: None = None, reduce: None = None,
        reduction: object = "mean",
    ) -> Symbol:  # fmt: skip
        margin = self.graph.arithmetic("*", self.value(input), self.value(target))
        loss = self.graph.function("softplus", self.graph.negative(margin))
        return self.reduced(loss, None, reduction)

    def cross_entropy(self, target: object, log_p: Node, log_q: Node, positive: object) -> Node:
        """-w t ln p - (1 - t) ln q."""
        t = self.value(target)
        rest = self.graph.arithmetic("-", self.graph.constant(1), t)
        if positive is not None:
            t = self.graph.arithmetic("*", self.value(positive), t)
        terms = (self.graph.arithmetic("*", w, self.graph.negative(log))
                 for w, log in ((t, log_p), (rest, log_q)))  # fmt: skip
        return self.graph.arithmetic("+", *terms)

    def on_binary_cross_entropy_with_logits(
        self, input: object, target: object, weight: object = None, size_average: None = None,
        reduce: None = None, reduction: object = "mean", pos_weight: object = None,
    ) -> Symbol:  # fmt: skip
        x = self.value(input)
        log_p, log_q = (self.graph.function("logsigmoid", y) for y in (x, self.graph.negative(x)))
        loss = self.cross_entropy(target, log_p, log_q, pos_weight)
        return self.reduced(loss, weight, reduction)

    def on_binary_cross_entropy(
        self, input: object, target: object, weight: object = None, size_average: None = None,
        reduce: None = None, reduction: object = "mean",
    ) -> Symbol:  # fmt: skip
        p = self.value(input)
        log_p = self.graph.function("log", p)
        log_q = self.graph.function("log1p", self.graph.negative(p))
        if p.op not in ("p", "q"):  # whose logarithms have no bound
            least, most = self.graph.constant(-100), self.graph.constant(math.inf)
            log_p, log_q = (self.graph.function("clamp", x, least, most) for x in (log_p, log_q))
        return self.reduced(self.cross_entropy(target, log_p, log_q, None), weight, reduction)

    # -- the end --------------------------------------------------------------------------------

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
        numbers = [node.kind is Kind.NUMBER and not ending for node, ending in parts]
        scales = (op == "*" and any(numbers)) or (op == "/" and numbers[1])
        shifts = op in "+-" and any(numbers) and "mean" in endings
        joins = op in "+-" and endings[0] == endings[1] and all(map(self.recorder.is_full, nodes))
        if scales or shifts or joins:
            ending = endings[0] or endings[1]
            return self.recorder.ended(self.graph.arithmetic(op, *nodes), ending)
        return None
