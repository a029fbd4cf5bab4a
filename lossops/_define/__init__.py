"""Losses of one's own from text or a function: :func:`lossops.define`, :func:`lossops.native`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

from torch import nn

from .registry import DefinedLoss, made

if TYPE_CHECKING:
    from .definition import Definition
    from .signature import Recording

__all__ = ["DefinedLoss", "define", "define_class", "define_sums", "native"]

Written = TypeVar("Written", bound=Callable[..., Any])


def define(
    name: str,
    expression: str | Callable[..., Any],
    *,
    tensors: Sequence[str] | None = None,
    limits: Sequence[tuple[str, str, float]] = (),
    test_points: Sequence[Sequence[float]] = (),
    **parameters: float,
) -> DefinedLoss:
    """Make a native loss from text or a function: fused kernels, and derivatives of any order.

    The first time the expression is compiled, which takes a C++ compiler, ninja and about 15
    seconds; from then on it comes from a cache in milliseconds. What returns is used as the
    functions of ``lossops.functional`` are, under torch.compile, torch.func, TorchScript and
    autocast too.

    **The expression** says what one element costs. It is parsed, never executed. Lines of the form
    ``name = value`` may stand before the result, which is the last one, and which ``.mean()`` or
    ``.sum()`` may end: then that is the reduction by default. ``#`` begins a comment. It has

    * the names of the tensors and parameters; numbers; the constants ``pi``, ``e`` and ``inf``;
    * ``+ - * /``, and ``x ** y``: a product if y is written out and whole, from -16 to 16, a square
      root for 0.5, otherwise ``power(x, y)``;
    * ``< <= > >= == !=`` joined by ``and``, ``or``, ``not``, or ``& | ~`` and parentheses. They
      choose: ``select(condition, x, y)``, also written ``where(condition, x, y)`` and
      ``x if condition else y``;
    * of x: ``abs``, ``exp``, ``expm1``, ``log``, ``log1p``, ``log_cosh``, ``sqrt``, ``square``,
      ``tanh``, ``erf``, ``sin``, ``cos``, ``sign``; derivatives at kinks are torch's;
      ``detach(x)`` has none;
    * ``relu(x)`` and ``hinge(x)``, both max(x, 0), with derivative 1 and 0 at 0;
    * ``sigmoid(x)``, ``logsigmoid(x)``, ``softplus(x)`` = ln(1 + e^x), exact for every x, and all
      from one exponential where they share x or its opposite;
    * ``xlogx(x)`` = x ln x and ``xlogy(x, y)`` = x ln y, 0 at 0;
    * ``power(x, y)``, also ``pow``, with derivative 0 at x = 0 unless y is 1; for x < 0 it is NaN
      unless y is whole;
    * ``hypot(x, c)`` = sqrt(x^2 + c^2) for a number c > 0, without overflow;
    * ``maximum(x, y)``, ``minimum(x, y)``, also ``max`` and ``min``, ``clamp(x, low, high)``; NaN
      if an argument is.

    Functions may be written as methods, ``(input - target).abs()``, and with the name of their
    module, ``torch.exp(x)``. What is unstable as written is computed in another form, as
    :func:`lossops.native` says; a function or ``nn.Module`` in place of the text is recorded as
    there.

    Conditions and ``sign`` have no derivative. ``select`` computes both branches; second and
    higher derivatives are NaN if the other branch is infinite there:
    ``select(x > 0, log(x), 0)`` is better written ``log(select(x > 0, x, 1))``. Test points find
    such places.

    Args:
        name: Of the function: a small letter, then letters, digits and ``_``.
        expression: The loss of one element, or a function of it.
        tensors: The names of the tensors, 2 to 8; ``("input", "target")`` by default, and those of
            a function. The first is the prediction, and sets the shape. One is ``"target"``, which
            ``ignore_index`` refers to, and has the shape of the first; the others broadcast.
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
    from .definition import check_points, checked
    from .points import check_derivatives

    if callable(expression):
        return _of_function(name, expression, tensors, limits, test_points, parameters, True)[0]
    given = ("input", "target") if tensors is None else tensors
    definition = checked(name, expression, given, limits, parameters)
    points = check_points(name, test_points, definition.tensors)
    loss = made(definition)
    if points:
        check_derivatives(loss, definition, points)
    return loss


def define_class(
    name: str,
    *,
    true_class: str | Callable[..., Any] | None = None,
    other_class: str | Callable[..., Any] | None = None,
    limits: Sequence[tuple[str, str, float]] = (),
    **parameters: float,
) -> DefinedLoss:
    """Make a native loss over a class axis, from what a class costs by its probability.

    Softmax, labels, class weights, smoothing, ignored rows and gradients are the library's, and so
    are the digits of both tails: ``q`` is 1 - p and ``log_q`` its logarithm where p rounds to 1
    too. The loss on the product of features and a layer's weight, ``linear``, comes with it.

    Args:
        name: Of the function: a small letter, then letters, digits and ``_``.
        true_class: What the true class costs, in ``p``, ``q``, ``log_p`` and ``log_q``, the
            parameters, and the words of :func:`lossops.define`. Or a function, in torch operators,
            of ``p``, a probability that has those as attributes, and of parameters by their names.
            Over all classes, weighted, if labels are smoothed or probabilities.
        other_class: What each other class costs; then targets are labels.
        limits: What the parameters must satisfy, as for :func:`lossops.define`.
        **parameters: The parameters and their defaults, at most 8; they are numbers.

    Returns:
        A function ``name(input, target, *parameters, reduction="mean", weight=None,
        ignore_index=-100, label_smoothing=0.0, normalizer=None)`` with the attributes of
        :class:`lossops.DefinedLoss`; without ``label_smoothing`` if there is ``other_class``.

    Raises:
        ValueError: A member, a name or a limit is wrong; the message marks the place.
        TypeError: An argument is of the wrong type.
        RuntimeError: There is no compiler, or compiled losses cannot be kept.

    Example:
        >>> import torch, lossops
        >>> brier = lossops.define_class("brier", true_class="q ** 2", other_class="p ** 2")
        >>> brier(torch.zeros(1, 2), torch.tensor([0]))
        tensor(0.5000)
        >>> focal = lossops.define_class(
        ...     "focal", true_class=lambda p, gamma: -(p.q**gamma) * p.log_p, gamma=2.0
        ... )
        >>> focal(torch.tensor([[20.0, 0.0]]), torch.tensor([0]), reduction="none")
        tensor([8.7565e-27])
    """
    from .classes import checked

    members = {"true_class": true_class, "other_class": other_class}
    return made(checked(name, members, limits, parameters))


def define_sums(
    name: str,
    *,
    terms: Mapping[str, str | Callable[..., Any]],
    finish: str | Callable[..., Any],
    tensors: Sequence[str] = ("input", "target"),
    limits: Sequence[tuple[str, str, float]] = (),
    **parameters: float,
) -> DefinedLoss:
    """Make a native loss of sums along the last dimension, such as a cosine or a ratio.

    Sums are added up in double, whatever the elements are stored as.

    Args:
        name: Of the function: a small letter, then letters, digits and ``_``.
        terms: By the name of each sum, 1 to 8, what an element adds to it: in the tensors, the
            parameters and the words of :func:`lossops.define`, or a function of such, by their
            names, in torch operators.
        finish: The loss of a vector, likewise in the sums and the parameters.
        tensors: The names of the tensors, 2 to 4, the prediction first; they broadcast to one
            another.
        limits: What the parameters must satisfy, as for :func:`lossops.define`.
        **parameters: The parameters and their defaults, at most 8; they are numbers.

    Returns:
        A function ``name(*tensors, *parameters, reduction="mean", weight=None, normalizer=None)``
        with the attributes of :class:`lossops.DefinedLoss`.

    Raises:
        ValueError: A term, a name or a limit is wrong; the message marks the place.
        TypeError: An argument is of the wrong type.
        RuntimeError: There is no compiler, or compiled losses cannot be kept.

    Example:
        >>> import torch, lossops
        >>> relative = lossops.define_sums(
        ...     "relative",
        ...     terms={"wrong": "(input - target) ** 2", "all": lambda target: target**2},
        ...     finish="sqrt(wrong / (all + eps))",
        ...     eps=1e-6,
        ... )
        >>> relative(torch.tensor([[3.0, 5.0]]), torch.tensor([[3.0, 4.0]]))
        tensor(0.2000)
    """
    from .sums import checked

    return made(checked(name, terms, finish, tensors, limits, parameters))


def _of_function(
    name: str,
    function: Callable[..., Any],
    tensors: Sequence[str] | None,
    limits: Sequence[tuple[str, str, float]],
    test_points: Sequence[Sequence[float]],
    parameters: dict[str, float],
    keeps: bool = False,
) -> tuple[DefinedLoss, "Recording", "Definition"]:
    """The loss that a function computes, checked against it, and what it was made of."""
    from .agreement import check_agreement
    from .definition import check_points, checked
    from .signature import record

    recording = record(name, function, tensors, parameters, keeps)
    every = [*recording.limits, *limits]
    definition = checked(
        name, recording.expression, recording.tensors, every, recording.parameters, recording.target
    )
    loss = made(definition)
    points = check_points(name, test_points, recording.given_tensors)
    check_agreement(loss, function, recording, points)
    return loss, recording, definition


@overload
def native(
    function: Written,
    *,
    name: str | None = None,
    tensors: Sequence[str] | None = None,
    limits: Sequence[tuple[str, str, float]] = (),
    test_points: Sequence[Sequence[float]] = (),
) -> Written: ...
@overload
def native(
    *,
    name: str | None = None,
    tensors: Sequence[str] | None = None,
    limits: Sequence[tuple[str, str, float]] = (),
    test_points: Sequence[Sequence[float]] = (),
) -> Callable[[Written], Written]: ...
def native(
    function: Any = None,
    *,
    name: str | None = None,
    tensors: Sequence[str] | None = None,
    limits: Sequence[tuple[str, str, float]] = (),
    test_points: Sequence[Sequence[float]] = (),
) -> Any:
    """Make a loss that is written in torch operators native: one fused kernel, all derivatives.

    The function is called once with stand-ins for its tensors and numbers, which record what it
    does. What was recorded is compiled (the first time, in about 15 seconds; then it comes from a
    cache) and checked against the function, value, first and second derivatives, at test points.
    What returns is called as the function is, and computes the same: under torch.compile,
    torch.func, TorchScript and export too.

    **A function** takes tensors, the prediction among the first two, and numbers, which become
    parameters. It says what one element costs, in

    * ``+ - * / **``, comparisons, ``& | ~``, and these functions and methods of torch: ``abs``,
      ``exp``, ``exp2``, ``expm1``, ``log``, ``log2``, ``log10``, ``log1p``, ``sqrt``, ``rsqrt``,
      ``square``, ``pow``, ``reciprocal``, ``neg``, ``sign``, ``tanh``, ``cosh``, ``sinh``, ``erf``,
      ``sin``, ``cos``, ``sigmoid``, ``logit``, ``hypot``, ``xlogy``, ``logaddexp``, ``lerp``,
      ``addcmul``, ``addcdiv``, ``where``, ``masked_fill``, ``maximum``, ``minimum``, ``clamp``,
      ``isnan``, ``isinf``, ``isfinite``, ``nan_to_num`` with all three numbers, ``zeros_like``,
      ``ones_like``, ``full_like``, ``detach``, ``float``, ``to``;
    * of torch.nn.functional: ``relu``, ``softplus``, ``logsigmoid``, ``silu``, ``gelu``, ``elu``,
      ``leaky_relu``, ``softsign``, ``mse_loss``, ``l1_loss``, ``smooth_l1_loss``, ``huber_loss``,
      ``binary_cross_entropy``, ``binary_cross_entropy_with_logits``, ``soft_margin_loss``,
      ``kl_div``, ``poisson_nll_loss``, ``gaussian_nll_loss``;
    * ``math``, for numbers; Python's ``if`` on numbers, of which both ways are recorded; ``raise``
      and ``assert`` on a number, which become its limits;

    and ends with ``.mean()``, ``.sum()``, ``.sum() / x.numel()`` or neither, or by an argument
    ``reduction``. Tensors have the shape of the prediction; from the third on they broadcast to it,
    so a variance per row has a last dimension of 1.

    **A module** is recorded by its ``forward``. Its numbers are parameters, read at each call; its
    tensors, learned ones too, are operands. A new module comes back, with the same attributes and
    state, of a class with the same constructor. ``native`` of a class is the class of
    ``native(Class())``.

    What is unstable as written is computed in a form that keeps its digits: log(sigmoid(x)) as
    logsigmoid(x), log(1 + y) as log1p(y), exp(y) - 1 as expm1(y), sqrt(x^2 + c^2) as hypot(x, c),
    1 - sigmoid(x) as sigmoid(-x), and more; ``rewrites`` lists what a loss is made with.

    Args:
        function: The function, ``nn.Module`` or class of such. Without it, a decorator that has
            the options.
        name: Of the operator; by default the function's or class's own.
        tensors: Which arguments are tensors. By default annotations and defaults tell: what is
            annotated as a float or int, or has one for its default, is a number.
        limits: What parameters must satisfy, as for :func:`lossops.define`.
        test_points: Points, a number for each tensor in the order of the arguments, at which the
            loss is checked; by default drawn.

    Returns:
        A function with the name, signature, documentation and annotations of the one given, or a
        module. It has the attributes of :class:`lossops.DefinedLoss`, and ``loss``: the loss with
        the arguments of ``lossops.functional``, ``reduction``, ``weight``, ``ignore_index`` and
        ``normalizer``.

    Raises:
        ValueError: The function cannot be recorded, or disagrees with what was recorded; the
            message quotes the line, and says what to write instead.
        RuntimeError: There is no compiler, and the loss is not in the cache.

    Example:
        >>> import torch, lossops
        >>> @lossops.native
        ... def cauchy(input, target, c=1.0):
        ...     return torch.log(1 + ((input - target) / c) ** 2).mean()
        >>> cauchy(torch.tensor([1.0, 5.0]), torch.tensor([1.0, 2.0]), c=3.0)
        tensor(0.3466)
        >>> cauchy.rewrites
        ('log(1 + x) is computed as log1p(x)',)
    """
    if function is None:
        return lambda f: native(
            f, name=name, tensors=tensors, limits=limits, test_points=test_points
        )
    from .cpp import write
    from .facade import function_of, module_of
    from .signature import operator_name

    if isinstance(function, type) and issubclass(function, nn.Module):
        try:
            module = function()
        except TypeError as error:
            raise TypeError(
                f"native: {function.__name__} has no module without arguments, of which a class is "
                f"made ({error}); give lossops.native a module of it"
            ) from None
        return type(
            native(module, name=name, tensors=tensors, limits=limits, test_points=test_points)
        )
    if not callable(function):
        raise TypeError(
            f"native: a function or an nn.Module is made native, got {type(function).__name__}"
        )
    if name is None:
        name = operator_name(_name_of(function))
    loss, recording, definition = _of_function(name, function, tensors, limits, test_points, {})
    if isinstance(function, nn.Module):
        result: Any = module_of(recording, function, name, loss.op)
        into: Any = type(result)
    else:
        result = into = function_of(recording, function, name, loss.op)
    for attribute in ("Module", "op", "library", "expression", "rewrites"):
        if not hasattr(into, attribute):
            setattr(into, attribute, getattr(loss, attribute))
    stated = replace(definition, parameters=tuple(recording.numbers.items()))
    for attribute, value in (("loss", loss), ("write_cpp", partial(write, stated))):
        setattr(into, attribute, staticmethod(value) if isinstance(into, type) else value)
    return result


def _name_of(function: Callable[..., Any]) -> str:
    """What a function or module is called."""
    if isinstance(function, nn.Module):
        return type(function).__name__
    name = getattr(function, "__name__", "<lambda>")
    if name == "<lambda>":
        raise ValueError("native: the function has no name; give name=")
    return str(name)
