"""A graph in the language of lossops.define, to show what a function was made into."""

import ast
import math
from collections import Counter

from .graph import Graph
from .nodes import Node, ordered

LEAVES = ("constant", "tensor", "parameter")
INFIX = ("+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=", "and", "or")
MEMBERS = {"p": "sigmoid({})", "q": "sigmoid(-({}))", "nlog_p": "softplus(-({}))",
           "nlog_q": "softplus({})", "p_power": "sigmoid({}) ** ({})",
           "q_power": "sigmoid(-({})) ** ({})"}  # fmt: skip  # of a logistic


def written(graph: Graph, root: Node) -> str:
    """The loss as text: what occurs twice is assigned a name before the result."""
    order = ordered(root)
    uses = Counter(arg for node in order for arg in node.args)
    taken = {*graph.tensors, *graph.parameters}
    free = (name for i in range(len(order) + len(taken)) if (name := f"v{i}") not in taken)
    text: dict[Node, str] = {}
    lines = []
    for node in order:
        text[node] = said = _operation(graph, node, [text[arg] for arg in node.args])
        if uses[node] > 1 and node.op not in (*LEAVES, "negative", "logistic"):
            text[node] = next(free)
            lines.append(f"{text[node]} = {said}")
    return ast.unparse(ast.parse("\n".join([*lines, text[root]])))


def _operation(graph: Graph, node: Node, args: list[str]) -> str:
    """An operation, with more parentheses than it needs, which ``ast.unparse`` takes away."""
    match node.op:
        case "constant":
            return _number(node.value)
        case "tensor":
            return graph.tensors[int(node.value)]
        case "parameter":
            return graph.parameters[int(node.value)]
        case "negative" | "not":
            return f"({'-' if node.op == 'negative' else 'not '}({args[0]}))"
        case "power" | "real_power" | "element_power":
            return f"(({args[0]}) ** ({args[1]}))"
        case "logistic":
            return args[0]
        case op if op in INFIX:
            return f"(({args[0]}) {op} ({args[1]}))"
        case op if op in MEMBERS:
            return f"({MEMBERS[op].format(*args)})"
    return f"{node.op}({', '.join(args)})"


def _number(value: float) -> str:
    """A number as people write it."""
    if math.isinf(value):
        return "inf" if value > 0 else "(-inf)"
    whole = value.is_integer() and abs(value) < 1e15 and (value != 0 or math.copysign(1, value) > 0)
    text = str(int(value)) if whole else repr(value)
    return f"({text})" if text[0] == "-" else text
