"""The language of lossops.define: from text to nodes. Text is parsed, never evaluated or pasted."""

import ast
import difflib
import math
import string
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NoReturn

from .language import (
    ARITHMETIC,
    COMPARISONS,
    CONSTANTS,
    CONSTRUCTS,
    FOREIGN_OPERATORS,
    FUNCTIONS,
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_PRODUCT,
    MIRRORED,
    NUMBER_ARGUMENTS,
    OTHER_NAMES,
)

TOO_DEEP = (
    f"the expression is nested more than {MAX_DEPTH} deep, as the terms of a long sum are: "
    "parentheses around parts of it help"
)
WINDOW = 100  # how much of a long expression a message shows


class Kind(Enum):
    """What a node stands for; the value is how messages call it."""

    NUMBER = "a number"  # the same for all elements: it depends on parameters only
    ELEMENT = "an element"
    FLAG = "a condition on numbers"
    MASK = "a condition on elements"

    @property
    def is_condition(self) -> bool:
        """Whether it chooses rather than counts."""
        return self in (Kind.FLAG, Kind.MASK)


@dataclass(frozen=True, eq=False)
class Node:
    """One operation. Equal ones are the same object, so a graph of nodes shares what it can.

    Attributes:
        op: ``"tensor"``, ``"parameter"``, ``"constant"``, an operator, or a function.
        args: The operands.
        kind: What it yields.
        value: Of a constant; of a tensor or parameter, its index.
        reads: The tensors and parameters that it depends on.
        slopes: The tensors that it has a derivative by.
    """

    op: str
    args: tuple["Node", ...]
    kind: Kind
    value: float
    reads: frozenset[str]
    slopes: frozenset[str]

    @property
    def is_constant(self) -> bool:
        """Whether the value is known."""
        return self.op == "constant"


@dataclass(frozen=True)
class Expression:
    """An expression that has passed every check.

    Attributes:
        text: It, in one way of writing.
        root: Its last operation.
    """

    text: str
    root: Node


def shown(text: str, start: int, end: int) -> str:
    """The text with carets under a place, cut to what surrounds it."""
    end = max(end, start + 1)
    left, right = max(0, start - WINDOW // 2), min(len(text), end + WINDOW // 2, start + WINDOW)
    before, after = "..." if left else "", "..." if right < len(text) else ""
    space, carets = " " * (len(before) + start - left), "^" * (min(end, right) - start)
    return f"    {before}{text[left:right]}{after}\n    {space}{carets}"


def suggestion(name: str, known: Sequence[str]) -> str:
    """What may have been meant."""
    near = OTHER_NAMES.get(name.lower())
    if near is None:
        near = next(iter(difflib.get_close_matches(name, known, 1)), None)
    return "" if near is None else f"; did you mean '{near}'?"


class Parser:
    """Turns the text of one expression into nodes."""

    def __init__(
        self, name: str, text: str, tensors: Sequence[str], parameters: Sequence[str]
    ) -> None:
        self.name, self.text = name, text
        self.tensors, self.parameters = list(tensors), list(parameters)
        self.nodes: dict[tuple[object, ...], Node] = {}

    # -- mistakes -------------------------------------------------------------------------------

    def fail(
        self, message: str, start: int | None = None, end: int = 0, allowed: str = ""
    ) -> NoReturn:
        """Raise, with the place marked if there is one."""
        place = f"    {self.text[:WINDOW]}" if start is None else shown(self.text, start, end)
        lines = (f"{self.name}: {message}", place, allowed)
        raise ValueError("\n".join(line for line in lines if line.strip()))

    def fail_at(self, place: ast.expr, message: str, allowed: str = "") -> NoReturn:
        """Raise, with the place of a piece of syntax marked."""
        self.fail(message, place.col_offset, place.end_col_offset or 0, allowed)

    def unknown(self, place: ast.expr, what: str, name: str) -> NoReturn:
        """Raise for a name without meaning."""
        known = [*self.tensors, *self.parameters, *CONSTANTS, *FUNCTIONS]
        self.fail_at(
            place,
            f"unknown {what} '{name}'{suggestion(name, known)}",
            f"Tensors: {', '.join(self.tensors)}; parameters: "
            f"{', '.join(self.parameters) or 'none'}; constants: {', '.join(CONSTANTS)}; "
            f"functions: {', '.join(FUNCTIONS)}.",
        )

    # -- nodes ----------------------------------------------------------------------------------

    def node(self, op: str, *args: Node, kind: Kind | None = None, value: float = 0) -> Node:
        """The operation on these operands."""
        key = (op, args, value, math.copysign(1, value))
        if key not in self.nodes:
            if kind is None:
                per_element = any(arg.kind in (Kind.ELEMENT, Kind.MASK) for arg in args)
                kind = Kind.ELEMENT if per_element else Kind.NUMBER
            reads = frozenset[str]().union(*(arg.reads for arg in args))
            smooth = () if op == "sign" or kind.is_condition else args
            slopes = frozenset[str]().union(*(arg.slopes for arg in smooth))
            if op == "tensor":
                reads = slopes = frozenset({self.tensors[int(value)]})
            if op == "parameter":
                reads = frozenset({self.parameters[int(value)]})
            self.nodes[key] = Node(op, args, kind, value, reads, slopes)
        return self.nodes[key]

    def constant(self, value: float) -> Node:
        """A known number."""
        return self.node("constant", kind=Kind.NUMBER, value=float(value))

    def condition(self, op: str, *args: Node) -> Node:
        """A comparison or a connection of such."""
        masks = any(arg.kind in (Kind.ELEMENT, Kind.MASK) for arg in args)
        return self.node(op, *args, kind=Kind.MASK if masks else Kind.FLAG)

    def negative(self, x: Node) -> Node:
        """-x."""
        if x.is_constant:
            return self.constant(-x.value)
        return x.args[0] if x.op == "negative" else self.node("negative", x)

    def product(self, x: Node, times: int) -> Node:
        """The product of x, a whole number of times, 1 or more."""
        if times == 1:
            return x
        half = self.node("square", self.product(x, times // 2))
        return self.node("*", half, x) if times % 2 else half

    def arithmetic(self, place: ast.expr, op: str, x: Node, y: Node) -> Node:
        """An operator; what is known is computed."""
        if not (x.is_constant and y.is_constant):
            return self.power(place, x, y) if op == "**" else self.node(op, x, y)
        try:
            a, b = x.value, y.value
            known = {"+": a + b, "-": a - b, "*": a * b}.get(op)
            if known is None:
                known = a / b if op == "/" else a**b
        except (OverflowError, ZeroDivisionError):
            known = math.nan
        finite = math.isfinite(a) and math.isfinite(b)
        if isinstance(known, complex) or known != known or (finite and math.isinf(known)):
            base = f"({a:g})" if op == "**" and a < 0 else f"{a:g}"
            self.fail_at(place, f"{base} {op} {b:g} is not a number, or too large for one")
        return self.constant(known)

    def power(self, place: ast.expr, x: Node, p: Node) -> Node:
        """The power x ** p for a number p."""
        if p.kind is not Kind.NUMBER:
            self.fail_at(
                place,
                "the exponent must be a number, and here depends on a tensor; "
                "a power of a positive x is exp(y * log(x))",
            )
        if not p.is_constant:
            return self.node("power", x, p)
        if p.value == int(p.value if math.isfinite(p.value) else 0) and abs(p.value) <= MAX_PRODUCT:
            if p.value == 0:
                return self.constant(1)
            whole = self.product(x, abs(int(p.value)))
            return whole if p.value > 0 else self.node("/", self.constant(1), whole)
        if abs(p.value) == 0.5:
            root = self.node("sqrt", x)
            return root if p.value > 0 else self.node("/", self.constant(1), root)
        return self.node("power", x, p)

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

    # -- syntax ---------------------------------------------------------------------------------

    def parse(self) -> Expression:
        """The whole expression, checked."""
        given = self.text
        self.text = "".join(c if " " <= c <= "~" else " " for c in given[:MAX_LENGTH])
        if len(given) > MAX_LENGTH:
            self.fail(f"the expression has {len(given)} characters, {MAX_LENGTH} are allowed")
        for i, letter in enumerate(given):
            if letter not in string.printable or letter in "\x0b\x0c\\#":
                self.fail(f"the character {letter!a} is not used in expressions", i, i + 1)
        self.text = text = " ".join(given.split())
        if not text:
            self.fail("the expression is empty")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # such as those of 1if x else y
                syntax = ast.parse(text, mode="eval").body
        except SyntaxError as error:
            start = min(max((error.offset or 1) - 1, 0), len(text))
            end = max((error.end_offset or 0) - 1, start)
            self.fail(f"this is not an expression: {error.msg}", start, end)
        except (MemoryError, RecursionError, ValueError):
            self.fail(TOO_DEEP)
        root = self.value(syntax, 0)
        self.check(root)
        return Expression(ast.unparse(syntax), root)

    def check(self, root: Node) -> None:
        """That a loss comes out, and that everything that was declared has a part in it."""
        if root.kind is Kind.NUMBER:
            self.fail(f"the loss must depend on the tensors ({', '.join(self.tensors)})")
        for what, names in (("tensor", self.tensors), ("parameter", self.parameters)):
            for name in names:
                if name not in root.reads:
                    self.fail(
                        f"{what} '{name}' has no influence on the loss; use it, or leave it out"
                    )
        first = self.tensors[0]
        if first not in root.slopes:
            self.fail(f"'{first}' only decides conditions and signs: its gradient is always 0")

    def value(self, place: ast.expr, depth: int) -> Node:
        """A number or element."""
        node = self.visit(place, depth)
        if node.kind.is_condition:
            self.fail_at(
                place,
                f"{node.kind.value} stands where a value belongs; "
                "select(condition, x, y) makes a value of it",
            )
        return node

    def choice(self, place: ast.expr, depth: int) -> Node:
        """A condition."""
        node = self.visit(place, depth)
        if not node.kind.is_condition:
            self.fail_at(
                place,
                f"{node.kind.value} stands where a condition belongs, such as x < 1; "
                "comparisons beside & and | need parentheses",
            )
        return node

    def visit(self, place: ast.expr, depth: int) -> Node:
        """Any piece of syntax."""
        if depth > MAX_DEPTH:
            self.fail_at(place, TOO_DEEP)
        depth += 1
        match place:
            case ast.Constant(value=value):
                return self.literal(place, value)
            case ast.Name(id=name):
                return self.named(place, name)
            case ast.UnaryOp(op=ast.USub(), operand=x):
                return self.negative(self.value(x, depth))
            case ast.UnaryOp(op=ast.UAdd(), operand=x):
                return self.value(x, depth)
            case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=x):
                return self.condition("not", self.choice(x, depth))
            case ast.BoolOp(op=op, values=values):
                return self.connect(isinstance(op, ast.And), values, depth)
            case ast.BinOp(left=x, op=ast.BitAnd() | ast.BitOr() as op, right=y):
                return self.connect(isinstance(op, ast.BitAnd), [x, y], depth)
            case ast.BinOp(left=x, op=ast.Pow(), right=y):
                return self.arithmetic(place, "**", self.value(x, depth), self.value(y, depth))
            case ast.BinOp(left=x, op=op, right=y) if type(op) in ARITHMETIC:
                symbol = ARITHMETIC[type(op)]
                return self.arithmetic(place, symbol, self.value(x, depth), self.value(y, depth))
            case ast.BinOp(op=op):
                self.foreign(place, FOREIGN_OPERATORS.get(type(op), "this operator"))
            case ast.Compare():
                return self.compare(place, depth)
            case ast.IfExp(test=test, body=x, orelse=y):
                return self.select(test, x, y, depth)
            case ast.Call():
                return self.call(place, depth)
        self.foreign(place, CONSTRUCTS.get(type(place), "this"))

    def foreign(self, place: ast.expr, what: str) -> NoReturn:
        """Raise for syntax that the language lacks."""
        self.fail_at(
            place,
            f"{what} is not part of the language",
            "It has numbers, names, + - * / **, comparisons, and, or, not, "
            "x if condition else y, and function(x).",
        )

    def literal(self, place: ast.expr, value: object) -> Node:
        """A number as written."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.fail_at(place, f"numbers must be real, such as 2 or 1e-3, got {value!r:.40}")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isinf(number):
            self.fail_at(place, "the number is too large; infinity is written inf")
        return self.constant(number)

    def named(self, place: ast.expr, name: str) -> Node:
        """A tensor, parameter or constant."""
        if name in self.tensors:
            return self.node("tensor", kind=Kind.ELEMENT, value=self.tensors.index(name))
        if name in self.parameters:
            return self.node("parameter", kind=Kind.NUMBER, value=self.parameters.index(name))
        if name in CONSTANTS:
            return self.constant(CONSTANTS[name])
        if name in FUNCTIONS:
            self.fail_at(place, f"{name} is a function, write {name}({', '.join(FUNCTIONS[name])})")
        self.unknown(place, "name", name)

    def connect(self, conjunction: bool, places: Sequence[ast.expr], depth: int) -> Node:
        """Conditions with and, or, & or |."""
        result, *rest = (self.choice(place, depth + i) for i, place in enumerate(places))
        for other in rest:
            result = self.condition("and" if conjunction else "or", result, other)
        return result

    def compare(self, place: ast.Compare, depth: int) -> Node:
        """A comparison, perhaps chained. Of an element and a number, the element comes first."""
        for op in place.ops:
            if type(op) not in COMPARISONS:
                self.foreign(place, FOREIGN_OPERATORS.get(type(op), "this comparison"))
        links = (place.left, *place.comparators)
        values = [self.value(x, depth + i) for i, x in enumerate(links)]
        result: Node | None = None
        for op, x, y in zip(place.ops, values, values[1:], strict=False):
            symbol = COMPARISONS[type(op)]
            if x.kind is Kind.NUMBER and y.kind is Kind.ELEMENT:
                symbol, x, y = MIRRORED[symbol], y, x
            link = self.condition(symbol, x, y)
            result = link if result is None else self.condition("and", result, link)
        assert result is not None
        return result

    def select(self, test: ast.expr, x: ast.expr, y: ast.expr, depth: int) -> Node:
        """X where the condition holds, else y."""
        args = (self.choice(test, depth), self.value(x, depth), self.value(y, depth))
        return self.node("select", *args)

    def call(self, place: ast.Call, depth: int) -> Node:
        """A function of the language."""
        if not isinstance(place.func, ast.Name):
            self.foreign(place.func, CONSTRUCTS.get(type(place.func), "this"))
        name = place.func.id
        if name not in FUNCTIONS:
            if name in (*self.tensors, *self.parameters, *CONSTANTS):
                self.fail_at(place, f"'{name}' is not a function; a product is written with *")
            self.unknown(place.func, "function", name)
        wanted = FUNCTIONS[name]
        form = f"{name}({', '.join(wanted)})"
        for keyword in place.keywords:
            self.fail_at(keyword.value, f"arguments are given by position: {form}")
        for argument in place.args:
            if isinstance(argument, ast.Starred):
                self.foreign(argument, CONSTRUCTS[ast.Starred])
        if len(place.args) != len(wanted):
            self.fail_at(place, f"the arguments must be {form}, got {len(place.args)} of them")
        if name == "select":
            return self.select(place.args[0], place.args[1], place.args[2], depth)
        args = [self.value(argument, depth) for argument in place.args]
        for argument, arg, role in zip(place.args, args, wanted, strict=True):
            if role in NUMBER_ARGUMENTS and arg.kind is not Kind.NUMBER:
                self.fail_at(argument, f"{role} of {form} must be a number, not depend on a tensor")
        if name == "hypot" and args[1].is_constant and args[1].value <= 0:
            self.fail_at(place.args[1], f"c of {form} must be > 0")
        if name == "power":
            return self.arithmetic(place, "**", args[0], args[1])
        if name in ("sigmoid", "logsigmoid", "softplus"):
            return self.logistic(name, args[0])
        return self.node(name, *args)
