"""What a loss is made into: operations on elements, each once, in a form that keeps its digits."""

import math
from collections.abc import Sequence

from .language import FUNCTIONS, MAX_NODES, MAX_PRODUCT, MIRRORED, NUMBER_ARGUMENTS
from .nodes import Kind, MistakeError, Node, ordered


class Graph:
    """Makes nodes. What is known is computed, and what is written unstably is replaced.

    A replacement has the same value and derivatives in exact arithmetic; ``rewrites`` tells of
    those that a loss is made with.
    """

    def __init__(self, tensors: Sequence[str], parameters: Sequence[str]) -> None:
        self.tensors, self.parameters = list(tensors), list(parameters)
        self.opposites: dict[str, str] = {}  # of tensors that are probabilities, 1 less them
        self.logarithms: dict[str, str] = {}  # of such, their logarithms
        self.nodes: dict[tuple[object, ...], Node] = {}
        self.notes: dict[Node, dict[str, None]] = {}

    # -- nodes ----------------------------------------------------------------------------------

    def node(self, op: str, *args: Node, kind: Kind | None = None, value: float = 0) -> Node:
        """The operation on these operands, as it stands."""
        key = (op, args, value, math.copysign(1, value))
        if key not in self.nodes:
            if len(self.nodes) >= MAX_NODES:
                raise MistakeError(f"the loss has more than {MAX_NODES} operations")
            if kind is None:
                per_element = any(arg.kind in (Kind.ELEMENT, Kind.MASK) for arg in args)
                kind = Kind.ELEMENT if per_element else Kind.NUMBER
            reads = frozenset[str]().union(*(arg.reads for arg in args))
            smooth = () if op in ("sign", "detach") or kind.is_condition else args
            slopes = frozenset[str]().union(*(arg.slopes for arg in smooth))
            if op == "tensor":
                reads = slopes = frozenset({self.tensors[int(value)]})
            if op == "parameter":
                reads = frozenset({self.parameters[int(value)]})
            self.nodes[key] = Node(op, args, kind, value, reads, slopes)
        return self.nodes[key]

    def tensor(self, name: str) -> Node:
        """An element of a tensor."""
        return self.node("tensor", kind=Kind.ELEMENT, value=self.tensors.index(name))

    def parameter(self, name: str) -> Node:
        """A parameter."""
        return self.node("parameter", kind=Kind.NUMBER, value=self.parameters.index(name))

    def constant(self, value: float) -> Node:
        """A known number."""
        return self.node("constant", kind=Kind.NUMBER, value=float(value))

    def condition(self, op: str, *args: Node) -> Node:
        """A connection of conditions: ``"and"``, ``"or"`` or ``"not"``."""
        if op == "not" and args[0].op == "not":
            return args[0].args[0]
        masks = any(arg.kind in (Kind.ELEMENT, Kind.MASK) for arg in args)
        return self.node(op, *args, kind=Kind.MASK if masks else Kind.FLAG)

    def compare(self, op: str, x: Node, y: Node) -> Node:
        """A comparison. Of an element and a number, the element comes first."""
        if x.kind is Kind.NUMBER and y.kind is Kind.ELEMENT:
            op, x, y = MIRRORED[op], y, x
        return self.condition(op, x, y)

    def instead(self, written: str, computed: str, node: Node) -> Node:
        """A node that stands for something written in another form."""
        self.notes.setdefault(node, {})[f"{written} is computed as {computed}"] = None
        return node

    def rewrites(self, root: Node) -> tuple[str, ...]:
        """What part of a loss is computed in another form than written, and in which."""
        told = (note for node in ordered(root) for note in self.notes.get(node, ()))
        return tuple(dict.fromkeys(told))

    def check(self, root: Node) -> None:
        """That a loss comes out, and that everything that was declared has a part in it."""
        if root.kind is Kind.NUMBER:
            raise MistakeError(f"the loss must depend on the tensors ({', '.join(self.tensors)})")
        for what, names in (("tensor", self.tensors), ("parameter", self.parameters)):
            for name in names:
                if name not in root.reads:
                    raise MistakeError(
                        f"{what} '{name}' has no influence on the loss; use it, or leave it out"
                    )
        first = self.tensors[0]
        if first not in root.slopes:
            raise MistakeError(
                f"'{first}' only decides conditions and signs: its gradient is always 0"
            )

    # -- arithmetic -----------------------------------------------------------------------------

    def arithmetic(self, op: str, x: Node, y: Node) -> Node:
        """An operator; what is known is computed."""
        if x.is_constant and y.is_constant:
            return self.known(op, x.value, y.value)
        if op == "**":
            return self.power(x, y)
        if op == "-":
            return self.difference(x, y)
        if op == "+" and (y if x.op == "exp" else x).equals(-1):
            return self.difference(x if y.is_constant else y, self.constant(1))
        if op == "/" and x.equals(1) and y.op == "+":
            one, other = sorted(y.args, key=lambda arg: not arg.equals(1))
            if one.equals(1) and other.op == "exp" and other.kind is Kind.ELEMENT:
                sigmoid = self.logistic("sigmoid", self.negative(other.args[0]))
                return self.instead("1 / (1 + exp(-x))", "sigmoid(x)", sigmoid)
        return self.node(op, x, y)

    def known(self, op: str, a: float, b: float) -> Node:
        """The result for two known numbers."""
        try:
            known = {"+": a + b, "-": a - b, "*": a * b}.get(op)
            if known is None:
                known = a / b if op == "/" else a**b
        except (OverflowError, ZeroDivisionError):
            known = math.nan
        finite = math.isfinite(a) and math.isfinite(b)
        if isinstance(known, complex) or known != known or (finite and math.isinf(known)):
            base = f"({a:g})" if op == "**" and a < 0 else f"{a:g}"
            raise MistakeError(f"{base} {op} {b:g} is not a number, or too large for one")
        return self.constant(known)

    def negative(self, x: Node) -> Node:
        """-x."""
        if x.is_constant:
            return self.constant(-x.value)
        return x.args[0] if x.op == "negative" else self.node("negative", x)

    def difference(self, x: Node, y: Node) -> Node:
        """X - y, where one of them is 1 perhaps without cancellation."""
        if y.equals(1) and x.op == "exp":
            return self.instead("exp(x) - 1", "expm1(x)", self.node("expm1", x.args[0]))
        rest = self.complement(y) if x.equals(1) else None
        return self.node("-", x, y) if rest is None else rest

    def complement(self, y: Node) -> Node | None:
        """1 - y in a form without cancellation, or None if there is none."""
        match y.op:
            case "tensor" if self.tensors[int(y.value)] in self.opposites:
                name = self.tensors[int(y.value)]
                opposite = self.opposites[name]
                return self.instead(f"1 - {name}", opposite, self.tensor(opposite))
            case "p" | "q" if y.kind is Kind.ELEMENT:
                other = self.node("q" if y.op == "p" else "p", y.args[0])
                return self.instead("1 - sigmoid(x)", "sigmoid(-x)", other)
            case "exp":
                other = self.negative(self.node("expm1", y.args[0]))
                return self.instead("1 - exp(x)", "-expm1(x)", other)
            case "-" if y.args[0].equals(1):
                return self.instead("1 - (1 - x)", "x", y.args[1])
            case "select":
                first, second = map(self.complement, y.args[1:])
                if first is not None and second is not None:
                    return self.node("select", y.args[0], first, second)
            case "+" if y.args[0].op == "*" and y.args[1].op == "*":
                return self.mixture_complement(y)
        return None

    def mixture_complement(self, y: Node) -> Node | None:
        """1 - (a w + b (1 - w)) = (1 - a) w + (1 - b) (1 - w), where that does not cancel."""
        first, second = y.args
        for a, w in (first.args, first.args[::-1]):
            for b, v in (second.args, second.args[::-1]):
                if not (_is_complement(w, v) or _is_complement(v, w)):
                    continue
                rest_a, rest_b = self.complement(a), self.complement(b)
                if rest_a is None or rest_b is None:
                    continue
                mixture = self.node("+", self.node("*", rest_a, w), self.node("*", rest_b, v))
                return self.instead(
                    "1 - (p * t + (1 - p) * (1 - t))", "(1 - p) * t + p * (1 - t)", mixture
                )
        return None

    def product(self, x: Node, times: int) -> Node:
        """The product of x, a whole number of times, 1 or more."""
        if times == 1:
            return x
        half = self.node("square", self.product(x, times // 2))
        return self.node("*", half, x) if times % 2 else half

    def power(self, x: Node, p: Node) -> Node:
        """The power x ** p."""
        if p.is_constant:
            whole = p.value == int(p.value if math.isfinite(p.value) else 0)
            if whole and abs(p.value) <= MAX_PRODUCT:
                if p.value == 0:
                    return self.constant(1)
                product = self.product(x, abs(int(p.value)))
                return product if p.value > 0 else self.node("/", self.constant(1), product)
            if abs(p.value) == 0.5 and not _is_logistic(x):
                root = self.function("sqrt", x)
                return root if p.value > 0 else self.node("/", self.constant(1), root)
        if x.op == "select" and all(map(_is_logistic, x.args[1:])):
            return self.node("select", x.args[0], *(self.power(arg, p) for arg in x.args[1:]))
        if _is_logistic(x):
            if p.kind is Kind.NUMBER:
                power = self.node(f"{x.op}_power", x.args[0], p)
            else:
                power = self.node("exp", self.node("*", p, self.logarithm(x)))
            return self.instead("sigmoid(x) ** p", "exp(p * logsigmoid(x))", power)
        if p.kind is not Kind.NUMBER:
            if x.is_constant and x.value > 0:
                return self.node("exp", self.node("*", p, self.constant(math.log(x.value))))
            return self.node("element_power", x, p)
        whole = not p.is_constant or p.value == math.floor(p.value)
        return self.node("real_power" if whole else "power", x, p)

    # -- functions ------------------------------------------------------------------------------

    def apply(self, name: str, *args: Node) -> Node:
        """A function of the language, as often as its arguments are written right."""
        form = f"{name}({', '.join(FUNCTIONS[name])})"
        for i, (arg, role) in enumerate(zip(args, FUNCTIONS[name], strict=True)):
            if role in NUMBER_ARGUMENTS and arg.kind is not Kind.NUMBER:
                raise MistakeError(f"{role} of {form} must be a number, not depend on a tensor", i)
        if name == "hypot" and args[1].is_constant and args[1].value <= 0:
            raise MistakeError(f"c of {form} must be > 0", 1)
        if name == "power":
            return self.arithmetic("**", *args)
        return self.function(name, *args)

    def function(self, name: str, *args: Node) -> Node:
        """The function of these operands, in a form that keeps its digits."""
        match name:
            case "detach" if args[0].kind is Kind.NUMBER:
                return args[0]
            case "sigmoid" | "logsigmoid" | "softplus":
                return self.logistic(name, args[0])
            case "log":
                return self.logarithm(args[0])
            case "log1p":
                return self.logarithm_of_more(args[0])
            case "exp" if args[0].op == "negative" and args[0].args[0].op in ("nlog_p", "nlog_q"):
                member = args[0].args[0]
                sigmoid = self.node(member.op.removeprefix("nlog_"), member.args[0])
                return self.instead("exp(logsigmoid(x))", "sigmoid(x)", sigmoid)
            case "sqrt":
                return self.root(args[0])
        return self.node(name, *args)

    def logistic(self, function: str, x: Node) -> Node:
        """Sigmoid and softplus: those of x and of -x come from one exp and one log1p."""
        if x.kind is Kind.NUMBER:
            return self.node(function, x)
        negated = x.op == "negative"
        shared = self.node("logistic", x.args[0] if negated else x)
        if function == "sigmoid":
            return self.node("q" if negated else "p", shared)
        # softplus(x) = -ln q, logsigmoid(x) = ln p
        if (function == "softplus") == negated:
            result = self.node("nlog_p", shared)
        else:
            result = self.node("nlog_q", shared)
        return result if function == "softplus" else self.negative(result)

    def logarithm(self, x: Node) -> Node:
        """The logarithm of x."""
        name = self.tensors[int(x.value)] if x.op == "tensor" else ""
        if name in self.logarithms:
            known = self.logarithms[name]
            return self.instead(f"log({name})", known, self.tensor(known))
        if _is_logistic(x):
            log = self.negative(self.node(f"nlog_{x.op}", x.args[0]))
            return self.instead("log(sigmoid(x))", "logsigmoid(x)", log)
        if x.op == "select" and all(map(_is_logistic, x.args[1:])):
            return self.node("select", x.args[0], *map(self.logarithm, x.args[1:]))
        of_cosh = _cosh_argument(x)
        if of_cosh is not None and of_cosh.kind is Kind.ELEMENT:
            return self.instead("log(cosh(x))", "log_cosh(x)", self.node("log_cosh", of_cosh))
        if x.op == "+" and any(arg.equals(1) for arg in x.args):
            other = x.args[1] if x.args[0].equals(1) else x.args[0]
            return self.instead("log(1 + x)", "log1p(x)", self.logarithm_of_more(other))
        if x.op == "-" and x.args[0].equals(1):
            rest = self.logarithm_of_more(self.negative(x.args[1]))
            return self.instead("log(1 - x)", "log1p(-x)", rest)
        return self.node("log", x)

    def logarithm_of_more(self, x: Node) -> Node:
        """ln(1 + x)."""
        if x.op == "exp" and x.kind is Kind.ELEMENT:
            softplus = self.logistic("softplus", x.args[0])
            return self.instead("log(1 + exp(x))", "softplus(x)", softplus)
        rest = self.complement(x.args[0]) if x.op == "negative" else None
        if rest is not None and rest.op in ("p", "q", "tensor"):
            return self.logarithm(rest)
        return self.node("log1p", x)

    def root(self, x: Node) -> Node:
        """The square root, without overflow where that of squares is meant."""
        if x.op == "+":
            for square, number in (x.args, x.args[::-1]):
                if square.kind is not Kind.ELEMENT or number.kind is not Kind.NUMBER:
                    continue
                side, other = _squared(square), self.positive_root(number)
                if side is not None and other is not None:
                    hypot = self.node("hypot", side, other)
                    return self.instead("sqrt(x ** 2 + c ** 2)", "hypot(x, c)", hypot)
        return self.node("sqrt", x)

    def positive_root(self, number: Node) -> Node | None:
        """A c > 0 whose square is a number, or next to it if that is 0; None for another one's."""
        if number.is_constant:
            return self.constant(math.sqrt(number.value)) if number.value > 0 else None
        side = _squared(number)
        if side is None:
            return None
        return self.node("maximum", self.node("abs", side), self.constant(SMALLEST))


SMALLEST = 2.0**-126  # of normal numbers in float32


def _is_logistic(x: Node) -> bool:
    """Whether this is a sigmoid of elements."""
    return x.op in ("p", "q")


def _is_complement(x: Node, y: Node) -> bool:
    """Whether x is 1 - y as it stands."""
    if x.op == "-" and x.args[0].equals(1):
        return x.args[1] is y
    return {x.op, y.op} == {"p", "q"} and x.args == y.args


def _squared(x: Node) -> Node | None:
    """What this is the square of."""
    if x.op == "square":
        return x.args[0]
    return x.args[0] if x.op == "*" and x.args[0] is x.args[1] else None


def _cosh_argument(x: Node) -> Node | None:
    """What this is the hyperbolic cosine of, written as (exp(x) + exp(-x)) / 2."""
    halved = (x.op == "/" and x.args[1].equals(2)) or (x.op == "*" and x.args[1].equals(0.5))
    pair = x.args[0] if halved else x.args[1] if x.op == "*" and x.args[0].equals(0.5) else None
    if pair is None or pair.op != "+" or any(arg.op != "exp" for arg in pair.args):
        return None
    a, b = (arg.args[0] for arg in pair.args)
    if b.op == "negative" and b.args[0] is a:
        return a
    return b if a.op == "negative" and a.args[0] is b else None
