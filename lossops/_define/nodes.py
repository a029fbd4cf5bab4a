"""The operations that a loss is made into, and what is known of each."""

from dataclasses import dataclass
from enum import Enum


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

    def equals(self, value: float) -> bool:
        """Whether it is this known number."""
        return self.is_constant and self.value == value


@dataclass(frozen=True)
class Expression:
    """A loss that has passed every check.

    Attributes:
        text: It, in one way of writing.
        root: Its last operation.
        ending: The reduction that it is written with: ``"mean"``, ``"sum"`` or ``"none"``.
        rewrites: What is computed in another form than the one written, and in which.
    """

    text: str
    root: Node
    ending: str = "mean"
    rewrites: tuple[str, ...] = ()


class MistakeError(Exception):
    """An operation that there is not; ``argument`` is the index of an operand to blame, or None."""

    def __init__(self, message: str, argument: int | None = None) -> None:
        super().__init__(message)
        self.argument = argument


def ordered(root: Node) -> list[Node]:
    """All operations of a graph, each behind its operands."""
    order: dict[Node, None] = {}
    stack = [(root, False)]
    while stack:
        node, is_ready = stack.pop()
        if is_ready:
            order[node] = None
        elif node not in order:
            stack += [(node, True), *((arg, False) for arg in reversed(node.args))]
    return list(order)
