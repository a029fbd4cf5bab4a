"""Losses that are stated in parts: each a formula of its own, as text or as a function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .expression import Parser
from .graph import Graph
from .nodes import Expression, Kind, MistakeError, Node
from .record import Recorder, RefusedError, surrounded
from .symbols import symbol
from .written import written

Said = str | Callable[..., Any]


class PartGraph(Graph):
    """A graph that need not use all that it is given."""

    def check(self, root: Node) -> None:
        """That something comes out that has a derivative."""
        if root.kind is not Kind.ELEMENT or not root.slopes:
            raise MistakeError(f"the result must depend on {', '.join(self.tensors)}")


def part(
    where: str, said: Said, graph: PartGraph, seen: Callable[[Recorder], Mapping[str, object]]
) -> Expression:
    """A part from text in the words of a graph, or from a function of what it sees by name."""
    if isinstance(said, str):
        return Parser(where, said, graph.tensors, graph.parameters, graph).parse()
    if not callable(said):
        raise TypeError(f"{where} must be a str or a function, got {type(said).__name__}")
    recorder = Recorder(where, graph)
    words = {**seen(recorder), **{name: symbol(recorder, graph.parameter(name))
                                  for name in graph.parameters}}  # fmt: skip
    unknown = [name for name in inspect.signature(said).parameters if name not in words]
    if unknown:
        raise ValueError(
            f"{where}: the function takes {', '.join(unknown)}, and may take {', '.join(words)}"
        )
    given = [words[name] for name in inspect.signature(said).parameters]
    try:
        root, ending, forbidden = recorder.record(lambda: surrounded(said)(*given))
        if ending or forbidden:
            raise RefusedError("a reduction or a check of parameters\n  the loss is reduced by its "
                               "argument reduction, and limits= checks")  # fmt: skip
        graph.check(root)
    except MistakeError as mistake:
        raise ValueError(f"{where}: {mistake}") from None
    except Exception as error:
        raise recorder.told(error) from error
    return Expression(written(graph, root), root, rewrites=graph.rewrites(root))


def influence(name: str, parameters: Sequence[str], parts: Sequence[Expression]) -> None:
    """Raise for a parameter that no part reads."""
    for parameter in parameters:
        if not any(parameter in e.root.reads for e in parts):
            raise ValueError(
                f"{name}: parameter '{parameter}' has no influence on the loss; use it, or leave "
                "it out"
            )
