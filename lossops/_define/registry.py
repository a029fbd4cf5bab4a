"""The losses that were made, each once in a process."""

import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from .definition import Defined


class DefinedLoss(Protocol):
    """What :func:`lossops.define` returns: a function like those in ``lossops.functional``.

    Attributes:
        Module: Its ``nn.Module`` class, like those in ``lossops.nn``.
        op: Its operator, in ``torch.ops``.
        library: The file that holds the operator, for ``torch.ops.load_library``, or ``dlopen`` in
            C++, where a saved program needs it without this definition.
        expression: What it was made of; of a function what it computes, in the words of
            :func:`lossops.define`.
        rewrites: What is computed in another form than the one written, equal in exact arithmetic
            and better in a computer's.
        linear: Of a loss over a class axis, the same of the logits of a linear layer, which it
            never holds: ``linear(features, linear_weight, target, ...)``.
        write_cpp: ``write_cpp(folder, namespace)`` writes the loss for a library in C++: a header,
            name.h, with its expression, a typed function and a module, and name.cpp, which defines
            its operator in that namespace. What the native form of a module writes has the
            module's numbers for defaults.
    """

    __name__: str
    Module: type[nn.Module]
    op: Callable[..., Tensor]
    library: str
    expression: str
    rewrites: tuple[str, ...]
    linear: Callable[..., Tensor] | None
    write_cpp: Callable[[str, str], tuple[Path, Path]]

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:  # noqa: ANN401
        """The loss."""


_lock = threading.Lock()  # held while an operator is registered, and never while one is compiled
os.register_at_fork(
    before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
)
_defined: "dict[Defined, DefinedLoss]" = {}


def made(definition: "Defined") -> DefinedLoss:
    """The loss of a definition."""
    from .build import compiled, load
    from .cpp import write
    from .source import module_name

    if definition not in _defined:
        folder = compiled(definition)
        with _lock:
            if definition not in _defined:
                module, library = load(definition, folder)
                loss = cast(DefinedLoss, getattr(module, definition.name))
                loss.Module = getattr(module, module_name(definition))
                loss.op = getattr(getattr(torch.ops, definition.namespace), definition.name)
                loss.library = str(library)
                loss.expression = definition.expression
                loss.rewrites = definition.rewrites
                loss.write_cpp = partial(write, definition)
                loss.linear = getattr(module, f"linear_{definition.name}", None)
                _defined[definition] = loss
    return _defined[definition]
