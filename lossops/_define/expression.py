"""The language of lossops.define: from text to a graph. Text is parsed, never evaluated."""

import ast
import difflib
import math
import re
import string
import warnings
from collections.abc import Callable, Sequence
from typing import NoReturn

from .graph import Graph
from .language import (
    ALIASES,
    ARITHMETIC,
    COMPARISONS,
    CONSTANTS,
    CONSTRUCTS,
    ENDINGS,
    FOREIGN_OPERATORS,
    FUNCTIONS,
    MAX_DEPTH,
    MAX_LENGTH,
    MODULES,
    STATEMENTS,
)
from .nodes import Expression, MistakeError, Node

TOO_DEEP = (
    f"the expression is nested more than {MAX_DEPTH} deep, as the terms of a long sum are: "
    "parentheses around parts of it help"
)
WINDOW = 100  # how much of a long expression a message shows
COMMENT = re.compile("#[^\n]*")
STATED = re.compile(r"(?:^|[\n;])[ \t]*(?:return\b|[A-Za-z_]\w*[ \t]*=(?!=))")


def shown(text: str, start: int, end: int) -> str:
    """The text with carets under a place, cut to what surrounds it."""
    end = max(end, start + 1)
    left, right = max(0, start - WINDOW // 2), min(len(text), end + WINDOW // 2, start + WINDOW)
    before, after = "..." if left else "", "..." if right < len(text) else ""
    space, carets = " " * (len(before) + start - left), "^" * (min(end, right) - start)
    return f"    {before}{text[left:right]}{after}\n    {space}{carets}"


def suggestion(name: str, known: Sequence[str]) -> str:
    """What may have been meant."""
    near = difflib.get_close_matches(name, known, 1) or [k for k in known if k == name.lower()]
    return f"; did you mean '{near[0]}'?" if near else ""


class Parser:
    """Turns the text of one loss into a graph."""

    def __init__(
        self,
        name: str,
        text: str,
        tensors: Sequence[str],
        parameters: Sequence[str],
        graph: Graph | None = None,
    ) -> None:
        self.name, self.text = name, text
        self.lines = [text]
        self.graph = graph or Graph(tensors, parameters)
        self.tensors, self.parameters = self.graph.tensors, self.graph.parameters
        self.assigned: dict[str, Node] = {}

    # -- mistakes -------------------------------------------------------------------------------

    def fail(
        self,
        message: str,
        start: int | None = None,
        end: int = 0,
        allowed: str = "",
        line: int = 0,
    ) -> NoReturn:
        """Raise, with the place marked if there is one."""
        text = self.lines[line]
        place = f"    {text[:WINDOW]}" if start is None else shown(text, start, end)
        lines = (f"{self.name}: {message}", place, allowed)
        raise ValueError("\n".join(line for line in lines if line.strip()))

    def fail_at(self, place: ast.expr | ast.stmt, message: str, allowed: str = "") -> NoReturn:
        """Raise, with the place of a piece of syntax marked."""
        line, end = place.lineno - 1, place.end_col_offset or 0
        if place.end_lineno != place.lineno:
            end = len(self.lines[line])
        self.fail(message, place.col_offset, end, allowed, line)

    def unknown(self, place: ast.expr, what: str, name: str) -> NoReturn:
        """Raise for a name without meaning."""
        known = [*self.tensors, *self.parameters, *self.assigned, *CONSTANTS, *FUNCTIONS]
        self.fail_at(
            place,
            f"unknown {what} '{name}'{suggestion(name, known)}",
            f"Tensors: {', '.join(self.tensors)}; parameters: "
            f"{', '.join(self.parameters) or 'none'}; constants: {', '.join(CONSTANTS)}; "
            f"functions: {', '.join(FUNCTIONS)}.",
        )

    def made(
        self, place: ast.expr, make: Callable[[], Node], operands: Sequence[ast.expr] = ()
    ) -> Node:
        """A node of the graph, whose mistakes are told of a place or of an operand there."""
        try:
            return make()
        except MistakeError as mistake:
            blamed = place if mistake.argument is None else operands[mistake.argument]
            self.fail_at(blamed, str(mistake))

    # -- statements -----------------------------------------------------------------------------

    def parse(self) -> Expression:
        """The whole loss, checked."""
        given = COMMENT.sub("", self.text)
        self.lines = ["".join(c if " " <= c <= "~" else " " for c in given[:MAX_LENGTH])]
        if len(given) > MAX_LENGTH:
            self.fail(f"the expression has {len(given)} characters, {MAX_LENGTH} are allowed")
        for i, letter in enumerate(given):
            if letter not in string.printable or letter in "\x0b\x0c\\":
                self.fail(f"the character {letter!a} is not used in expressions", i, i + 1)
        if STATED.search(given) is None:  # one expression, over as many lines as it likes
            self.lines = [" ".join(given.split())]
        else:
            lines = [line.strip() for line in given.expandtabs().splitlines()]
            self.lines = [line for line in lines if line]
        if not self.lines[0]:
            self.fail("the expression is empty")
        *assignments, last = self.syntax()
        for statement in assignments:
            self.assign(statement)
        result, ending = self.result(last)
        root = self.value(result, 0)
        try:
            self.graph.check(root)
        except MistakeError as mistake:
            self.fail(str(mistake))
        text = "\n".join(ast.unparse(part) for part in (*assignments, result))
        return Expression(text, root, ending or "mean", self.graph.rewrites(root))

    def syntax(self) -> list[ast.stmt]:
        """The statements."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # such as those of 1if x else y
                if len(self.lines) == 1 and STATED.search(self.lines[0]) is None:
                    body = ast.parse(self.lines[0], mode="eval").body
                    return [ast.copy_location(ast.Expr(body), body)]
                return ast.parse("\n".join(self.lines)).body
        except SyntaxError as error:
            line = min(max((error.lineno or 1) - 1, 0), len(self.lines) - 1)
            start = min(max((error.offset or 1) - 1, 0), len(self.lines[line]))
            end = max((error.end_offset or 0) - 1, start)
            self.fail(f"this is not an expression: {error.msg}", start, end, line=line)
        except (MemoryError, RecursionError, ValueError):
            self.fail(TOO_DEEP)

    def assign(self, statement: ast.stmt) -> None:
        """One of the assignments before the result."""
        match statement:
            case ast.Assign(targets=[ast.Name(id=name) as target], value=value):
                pass
            case ast.Expr():
                self.fail_at(
                    statement,
                    "the result stands at the end, on one line or in parentheses, and here "
                    "something follows it",
                )
            case _:
                self.fail_at(statement, f"{STATEMENTS.get(type(statement), 'this')} is not part of "
                             "the language", "It has assignments, name = value, and at the end the "
                             "result.")  # fmt: skip
        if name in (*self.tensors, *self.parameters, *FUNCTIONS, *ALIASES):
            self.fail_at(target, f"'{name}' has a meaning already; give the value another name")
        self.assigned[name] = self.visit(value, 0)

    def result(self, statement: ast.stmt) -> tuple[ast.expr, str]:
        """What the last statement says, and the reduction that it ends with."""
        match statement:
            case ast.Expr(value=value) | ast.Return(value=ast.expr() as value):
                pass
            case ast.Assign():
                self.fail_at(statement, "the result is missing: the last line must be a value")
            case _:
                self.assign(statement)
                raise AssertionError
        if isinstance(value, ast.Call) and not value.keywords:
            name, operands = self.called(value)
            if name in ENDINGS and len(operands) == 1:
                return operands[0], name
        return value, ""

    @staticmethod
    def called(call: ast.Call) -> tuple[str, list[ast.expr]]:
        """The name of a function, and its arguments; of a method the object is one."""
        match call.func:
            case ast.Name(id=name):
                return name, call.args
            case ast.Attribute(value=ast.Name(id=module), attr=name) if module in MODULES:
                return name, call.args
            case ast.Attribute(value=receiver, attr=name):
                place = 1 if ALIASES.get(name, name) == "select" else 0
                return name, [*call.args[:place], receiver, *call.args[place:]]
        return "", call.args

    # -- expressions ----------------------------------------------------------------------------

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
                return self.graph.negative(self.value(x, depth))
            case ast.UnaryOp(op=ast.UAdd(), operand=x):
                return self.value(x, depth)
            case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=x):
                return self.graph.condition("not", self.choice(x, depth))
            case ast.BoolOp(op=op, values=values):
                return self.connect(isinstance(op, ast.And), values, depth)
            case ast.BinOp(left=x, op=ast.BitAnd() | ast.BitOr() as op, right=y):
                return self.connect(isinstance(op, ast.BitAnd), [x, y], depth)
            case ast.BinOp(left=x, op=ast.Pow(), right=y):
                return self.arithmetic(place, "**", x, y, depth)
            case ast.BinOp(left=x, op=op, right=y) if type(op) in ARITHMETIC:
                return self.arithmetic(place, ARITHMETIC[type(op)], x, y, depth)
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
            "x if condition else y, function(x) and x.function().",
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
        return self.graph.constant(number)

    def arithmetic(
        self, place: ast.expr, op: str, left: ast.expr, right: ast.expr, depth: int
    ) -> Node:
        """An operator."""
        x, y = self.value(left, depth), self.value(right, depth)
        return self.made(place, lambda: self.graph.arithmetic(op, x, y), (place, place))

    def named(self, place: ast.expr, name: str) -> Node:
        """A tensor, parameter, assigned name or constant."""
        if name in self.tensors:
            return self.graph.tensor(name)
        if name in self.parameters:
            return self.graph.parameter(name)
        if name in self.assigned:
            return self.assigned[name]
        if name in CONSTANTS:
            return self.graph.constant(CONSTANTS[name])
        if name in FUNCTIONS:
            self.fail_at(place, f"{name} is a function, write {name}({', '.join(FUNCTIONS[name])})")
        self.unknown(place, "name", name)

    def connect(self, conjunction: bool, places: Sequence[ast.expr], depth: int) -> Node:
        """Conditions with and, or, & or |."""
        result, *rest = (self.choice(place, depth + i) for i, place in enumerate(places))
        for other in rest:
            result = self.graph.condition("and" if conjunction else "or", result, other)
        return result

    def compare(self, place: ast.Compare, depth: int) -> Node:
        """A comparison, perhaps chained."""
        for op in place.ops:
            if type(op) not in COMPARISONS:
                self.foreign(place, FOREIGN_OPERATORS.get(type(op), "this comparison"))
        links = (place.left, *place.comparators)
        values = [self.value(x, depth + i) for i, x in enumerate(links)]
        result: Node | None = None
        for op, x, y in zip(place.ops, values, values[1:], strict=False):
            link = self.graph.compare(COMPARISONS[type(op)], x, y)
            result = link if result is None else self.graph.condition("and", result, link)
        assert result is not None
        return result

    def select(self, test: ast.expr, x: ast.expr, y: ast.expr, depth: int) -> Node:
        """X where the condition holds, else y."""
        args = (self.choice(test, depth), self.value(x, depth), self.value(y, depth))
        return self.graph.node("select", *args)

    def call(self, place: ast.Call, depth: int) -> Node:
        """A function of the language, or a method: then what it is one of is the first argument."""
        name, arguments = self.called(place)
        if name in (*self.tensors, *self.parameters, *self.assigned, *CONSTANTS):
            self.fail_at(place, f"'{name}' is not a function; a product is written with *")
        if isinstance(place.func, ast.Attribute) and len(arguments) > len(place.args):
            if not self.is_function(name):
                self.foreign(place.func, CONSTRUCTS[ast.Attribute])
            if isinstance(place.func.value, ast.Name):
                self.named(place.func.value, place.func.value.id)
        elif not name:
            self.foreign(place.func, CONSTRUCTS.get(type(place.func), "this"))
        if name in ENDINGS:
            self.fail_at(place, f"{name} is not the end: the loss is one of each element, and only "
                         "all of it may be reduced")  # fmt: skip
        if not self.is_function(name):
            self.unknown(place.func, "function", name)
        name = ALIASES.get(name, name)
        wanted = FUNCTIONS[name]
        form = f"{name}({', '.join(wanted)})"
        for keyword in place.keywords:
            self.fail_at(keyword.value, f"arguments are given by position: {form}")
        for argument in arguments:
            if isinstance(argument, ast.Starred):
                self.foreign(argument, CONSTRUCTS[ast.Starred])
        if len(arguments) != len(wanted):
            self.fail_at(place, f"the arguments must be {form}, got {len(arguments)} of them")
        if name == "select":
            return self.select(arguments[0], arguments[1], arguments[2], depth)
        args = [self.value(argument, depth) for argument in arguments]
        return self.made(place, lambda: self.graph.apply(name, *args), arguments)

    @staticmethod
    def is_function(name: str) -> bool:
        """Whether the language has a function of this name."""
        return name in FUNCTIONS or name in ALIASES or name in ENDINGS
