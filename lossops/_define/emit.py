"""Operations as statements of C++."""

import math
from collections.abc import Sequence

from .nodes import Kind, Node

CONNECTIVES = {"and": ("&", "&&"), "or": ("|", "||")}  # of masks, and of flags
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
MEMBERS = ("p", "q", "nlog_p", "nlog_q")  # of a logistic
POWERS = ("power", "real_power")
OF_A_NUMBER_TOO = (*POWERS, "hypot", "p_power", "q_power")  # their second operand
OF_A_NUMBER = {  # which shares nothing
    "sigmoid": "logistic({}).p()",
    "softplus": "logistic({}).nlog_q()",
    "logsigmoid": "(-logistic({}).nlog_p())",
}


def literal(value: float) -> str:
    """The double in C++, to the last bit; NaN is that of a parameter without a default."""
    if math.isnan(value):
        return "lossops::kNone"
    if math.isinf(value):
        return "lossops::kInfinity" if value > 0 else "-lossops::kInfinity"
    return repr(value)


class Emitter:
    """Writes the statements of an expression, each node once."""

    def __init__(self, nodes: Sequence[Node], like: str = "t0") -> None:
        self.like = like  # of whose kind numbers become, where a scalar type is needed
        self.lines: list[str] = []
        self.names: dict[Node, str] = {}
        self.exponents: dict[Node, list[Node]] = {}  # of each base that has several
        self.powers: dict[Node, str] = {}  # what they share
        raised = [node for node in nodes if node.op in POWERS and node.kind is Kind.ELEMENT]
        for node in raised:
            self.exponents.setdefault(node.args[0], []).append(node.args[1])
        for node in nodes:
            self.name(node)

    def name(self, node: Node) -> str:
        """What stands for the node: a literal, an argument, or a variable, stated if it is new."""
        if node.op == "constant":
            return literal(node.value)
        if node.op in ("tensor", "parameter"):
            return f"{node.op[0]}{int(node.value)}"
        if node not in self.names:
            right = self.statement(node)
            self.names[node] = f"v{len(self.names)}"
            kind = {Kind.NUMBER: "double", Kind.FLAG: "bool"}.get(node.kind, "auto")
            self.lines.append(f"const {kind} {self.names[node]} = {right};")
        return self.names[node]

    def element(self, node: Node) -> str:
        """The same, a number as a value beside the tensors."""
        name = self.name(node)
        return name if node.kind is Kind.ELEMENT else f"constant(value_of({self.like}), {name})"

    def mask(self, node: Node) -> str:
        """A condition on elements, even if it depends on parameters only."""
        name = self.name(node)
        return (
            name if node.kind is Kind.MASK else f"(constant(value_of({self.like}), {name}) > 0.5)"
        )

    def statement(self, node: Node) -> str:
        """The operation in C++."""
        op, args = node.op, node.args
        if op in CONNECTIVES:
            of_masks, of_flags = CONNECTIVES[op]
            if node.kind is Kind.MASK:
                return f" {of_masks} ".join(map(self.mask, args))
            return f" {of_flags} ".join(map(self.name, args))
        if op == "select":
            return self.select(node)
        if op in COMPARISONS:
            left, right = (
                f"value_of({self.name(arg)})" if arg.kind is Kind.ELEMENT else self.name(arg)
                for arg in args
            )
            return f"!({left} == {right})" if op == "!=" else f"{left} {op} {right}"
        if op in MEMBERS:
            return f"{self.name(args[0])}.{op}()"
        names = [self.name(arg) for arg in args]
        if op in ("not", "negative"):
            return f"{'!' if op == 'not' else '-'}{names[0]}"
        if op in ("+", "-", "*", "/"):
            return f"{names[0]} {op} {names[1]}"
        return self.function(node)

    def select(self, node: Node) -> str:
        condition, x, y = node.args
        if condition.kind is Kind.MASK:
            # One tensor is enough to tell what the numbers are numbers of.
            first = self.element(x) if y.kind is Kind.NUMBER else self.name(x)
            return f"select({self.name(condition)}, {first}, {self.name(y)})"
        of = self.name if node.kind is Kind.NUMBER else self.element
        return f"{self.name(condition)} ? {of(x)} : {of(y)}"

    def function(self, node: Node) -> str:
        op, args = node.op, node.args
        if node.kind is Kind.NUMBER:
            numbers = [f"Scalar<double>({self.name(arg)})" for arg in args]
            if op in POWERS:
                return f"std::pow({self.name(args[0])}, {self.name(args[1])})"
            if op == "hypot":
                numbers[1] = self.name(args[1])
            call = OF_A_NUMBER.get(op, f"{op}({', '.join(['{}'] * len(args))})")
            return f"{call.format(*numbers)}.v"
        if op in POWERS and len(self.exponents[args[0]]) > 1:
            return f"{self.powers_of(args[0])}({self.name(args[1])})"
        if op in OF_A_NUMBER_TOO:
            return f"{op}({self.name(args[0])}, {self.name(args[1])})"
        if op == "detach":
            return f"detached(value_of({self.name(args[0])}))"
        return f"{op}({', '.join(map(self.element, args))})"

    def powers_of(self, base: Node) -> str:
        """What the powers of a base come from."""
        if base not in self.powers:
            exponents = ", ".join(map(self.name, self.exponents[base]))
            self.powers[base] = f"w{len(self.powers)}"
            self.lines.append(
                f"const auto {self.powers[base]} = powers({self.name(base)}, {exponents});"
            )
        return self.powers[base]
