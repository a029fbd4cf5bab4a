"""Losses of one's own from one expression: see :func:`lossops.define`."""

import os
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from .definition import Definition

__all__ = ["DefinedLoss", "define"]


class DefinedLoss(Protocol):
    """What :func:`lossops.define` returns: a function like those in ``lossops.functional``.

    Attributes:
        Module: Its ``nn.Module`` class, like those in ``lossops.nn``.
        op: Its operator, in ``torch.ops``.
        library: The file that holds the operator, for ``torch.ops.load_library``, or ``dlopen`` in
            C++, where a saved program needs it without this definition.
        expression: What it was made of.
    """

    __name__: str
    Module: type[nn.Module]
    op: Callable[..., Tensor]
    library: str
    expression: str

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:  # noqa: ANN401
        """The loss."""


_lock = threading.Lock()  # held while an operator is registered, and never while one is compiled
os.register_at_fork(
    before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
)
_defined: "dict[Definition, DefinedLoss]" = {}


def define(
    name: str,
    expression: str,
    *,
    tensors: Sequence[str] = ("input", "target"),
    limits: Sequence[tuple[str, str, float]] = (),
    test_points: Sequence[Sequence[float]] = (),
    **parameters: float,
) -> DefinedLoss:
    """Make a native loss from one expression: fused kernels, and derivatives of any order.

    The first time the expression is compiled, which takes a C++ compiler, ninja and about 15
    seconds; from then on it comes from a cache in milliseconds. What returns is used as the
    functions of ``lossops.functional`` are, under torch.compile, torch.func, TorchScript and
    autocast too.

    **The expression** says what one element costs. It is parsed, never executed. It has

    * the names of the tensors and parameters; numbers; the constants ``pi``, ``e`` and ``inf``;
    * ``+ - * /``, and ``x ** p`` with a number p: a product if p is written out and whole, from -16
      to 16, a square root for 0.5, otherwise ``power(x, p)``;
    * ``< <= > >= == !=`` joined by ``and``, ``or``, ``not``, or ``& | ~`` and parentheses. They
      choose: ``select(condition, x, y)``, also written ``x if condition else y``;
    * of x: ``abs``, ``exp``, ``expm1``, ``log``, ``log1p``, ``sqrt``, ``square``, ``tanh``,
      ``sign``; derivatives at kinks are torch's;
    * ``relu(x)`` and ``hinge(x)``, both max(x, 0), with derivative 1 and 0 at 0;
    * ``sigmoid(x)``, ``logsigmoid(x)``, ``softplus(x)`` = ln(1 + e^x), exact for every x, and all
      from one exponential where they share x or its opposite;
    * ``xlogx(x)`` = x ln x and ``xlogy(x, y)`` = x ln y, 0 at 0;
    * ``power(x, p)`` for a number p and x >= 0, with derivative 0 at x = 0; for x < 0 it is NaN
      unless p is 0, 1, 2, 3 or 4;
    * ``hypot(x, c)`` = sqrt(x^2 + c^2) for a number c > 0, without overflow;
    * ``maximum(x, y)``, ``minimum(x, y)``, ``clamp(x, low, high)``; NaN if an argument is.

    Conditions and ``sign`` have no derivative. ``select`` computes both branches; second and
    higher derivatives are NaN if the other branch is infinite there:
    ``select(x > 0, log(x), 0)`` is better written ``log(select(x > 0, x, 1))``. Test points find
    such places.

    Args:
        name: Of the function: a small letter, then letters, digits and ``_``.
        expression: The loss of one element.
        tensors: The names of the tensors, 2 to 8. The first is the prediction, and sets the shape.
            One is ``"target"``, which ``ignore_index`` refers to, and has the shape of the first;
            from the third on the others broadcast.
        limits: What the parameters must satisfy, as (parameter, relation, bound), with a relation
            ``">"``, ``">="``, ``"<"`` or ``"<="``.
        test_points: Points, a number for each tensor, at which the derivatives of first and second
            order are checked against differences with a step of 1e-6, for which a point should be
            of order 1. Points on a kink fail.
        **parameters: The parameters and their defaults, at most 8; they are numbers.

    Returns:
        A function ``name(*tensors, *parameters, reduction="mean", weight=None, ignore_index=None,
        normalizer=None)``. It has the attributes ``Module`` (its ``nn.Module``, constructed with
        parameters, ``reduction`` and ``ignore_index``), ``op`` (its operator), ``library`` (the
        file for ``torch.ops.load_library``, or ``dlopen`` in C++, where a saved program needs the
        operator without this definition, on a processor like this one) and ``expression``. The
        same definition again returns the same function.

    Raises:
        ValueError: The expression, a name, a limit or a test point is wrong; the message marks the
            place.
        TypeError: An argument is of the wrong type.
        RuntimeError: There is no compiler, or compiled losses cannot be kept in ``$LOSSOPS_CACHE``,
            by default ``~/.cache/lossops``.

    Example:
        >>> import torch, lossops
        >>> cauchy = lossops.define(
        ...     "cauchy", "log1p(square((input - target) / c))", c=1.0, limits=[("c", ">", 0)]
        ... )
        >>> cauchy(torch.tensor([1.0, 5.0]), torch.tensor([1.0, 2.0]), c=3.0, reduction="none")
        tensor([0.0000, 0.6931])
        >>> cauchy.Module(c=3.0)
        CauchyLoss(c=3.0, reduction='mean', ignore_index=None)
    """
    # Only here, so that importing lossops stays fast.
    from .build import compiled, load
    from .definition import check_points, checked
    from .points import check_derivatives
    from .source import module_name

    definition = checked(name, expression, tensors, limits, parameters)
    points = check_points(name, test_points, definition.tensors)
    if definition not in _defined:
        folder = compiled(definition)
        with _lock:
            if definition not in _defined:
                module, library = load(definition, folder)
                loss = cast(DefinedLoss, getattr(module, name))
                loss.Module = getattr(module, module_name(definition))
                loss.op = getattr(getattr(torch.ops, definition.namespace), name)
                loss.library = str(library)
                loss.expression = definition.expression
                _defined[definition] = loss
    loss = _defined[definition]
    if points:
        check_derivatives(loss, definition, points)
    return loss
