"""Penalties on the parameters of a model: terms of the loss, apart from any optimizer."""

import math
import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn

from ._op import Op, in_name_of, number, tensors

_penalty = Op(torch.ops.lossops.elastic_net_penalty)

Parameters = nn.Module | Tensor | Iterable[Tensor]
Pattern = str | re.Pattern[str]


def l1_penalty(parameters: Parameters, strength: float) -> Tensor:
    """The sum of the absolute values of all parameters, which drives small ones to 0.

    Formula, with x over the elements of all tensors::

        strength * sum of |x|

    One pass over memory computes it and its gradient, ``strength * sign(x)``, 0 at 0 and at NaN.
    Backward hands the gradient over, scaled in place where it has to be; for parameters of dtype
    float16, and of bfloat16 under a scale, it is written in backward instead. Sums of blocks of a
    fixed size are added in double: results are bitwise equal for any number of threads. On other
    devices than the CPU multi-tensor operators of PyTorch compute both.

    Under ``torch.compile`` the strength is a constant. One that changes is better a factor of the
    result: ``strength * l1_penalty(parameters, 1.0)``.

    Args:
        parameters: A module, for all of its parameters; a tensor; or an iterable of tensors, such
            as :func:`select_parameters` gives. Any mix of floating dtypes, any strides; those that
            need no gradient count too.
        strength: The factor, >= 0.

    Returns:
        A 0-d tensor; float64 if a parameter is, and otherwise float32, whatever the others. Of
        DTensors too it is a plain tensor: the penalty of all parameters, the same on every rank.

    Raises:
        ValueError: ``strength`` is negative or not finite, or there are no parameters.
        TypeError: ``parameters`` holds something else than tensors, or ``strength`` is one.
        RuntimeError: Parameters are not dense, or on several devices.
        NotImplementedError: Parameters are not of a floating dtype.

    Reference:
        R. Tibshirani, "Regression Shrinkage and Selection via the Lasso", 1996.

    Example:
        >>> import torch, lossops
        >>> w = torch.tensor([3.0, 0.0, -4.0], requires_grad=True)
        >>> penalty = lossops.l1_penalty([w], 0.5)
        >>> penalty
        tensor(3.5000, grad_fn=<...>)
        >>> penalty.backward()
        >>> w.grad
        tensor([ 0.5000,  0.0000, -0.5000])
    """
    return _elastic_net("l1_penalty", parameters, strength=strength, l1=strength)


def l2_penalty(parameters: Parameters, strength: float) -> Tensor:
    """The sum of the squares of all parameters, which keeps them small.

    Formula, with x over the elements of all tensors::

        strength * sum of x^2

    The ``weight_decay`` of ``torch.optim.SGD`` has the gradient of ``strength = weight_decay / 2``;
    with Adam and its kin the two differ, since they rescale the gradient that holds the penalty.

    Args:
        parameters: As for :func:`l1_penalty`.
        strength: The factor, >= 0.

    Returns:
        A 0-d tensor; float64 if a parameter is, and otherwise float32.

    Raises:
        ValueError: ``strength`` is negative or not finite, or there are no parameters.
        TypeError: ``parameters`` holds something else than tensors, or ``strength`` is one.
        RuntimeError: Parameters are not dense, or on several devices.
        NotImplementedError: Parameters are not of a floating dtype.

    Reference:
        A. E. Hoerl, R. W. Kennard, "Ridge Regression: Biased Estimation for Nonorthogonal
        Problems", 1970.

    Example:
        >>> import torch, lossops
        >>> lossops.l2_penalty(torch.tensor([3.0, -4.0]), 0.5)
        tensor(12.5000)
    """
    return _elastic_net("l2_penalty", parameters, strength=strength, l2=strength)


def elastic_net_penalty(parameters: Parameters, l1: float, l2: float) -> Tensor:
    """Both penalties at once, in the same one pass.

    Formula, with x over the elements of all tensors::

        l1 * sum of |x| + l2 * sum of x^2

    Args:
        parameters: As for :func:`l1_penalty`.
        l1: The factor of the absolute values, >= 0.
        l2: The factor of the squares, >= 0.

    Returns:
        A 0-d tensor; float64 if a parameter is, and otherwise float32.

    Raises:
        ValueError: ``l1`` or ``l2`` is negative or not finite, or there are no parameters.
        TypeError: ``parameters`` holds something else than tensors, or ``l1`` or ``l2`` is one.
        RuntimeError: Parameters are not dense, or on several devices.
        NotImplementedError: Parameters are not of a floating dtype.

    Reference:
        H. Zou, T. Hastie, "Regularization and Variable Selection via the Elastic Net", 2005.

    Example:
        >>> import torch, lossops
        >>> lossops.elastic_net_penalty(torch.tensor([3.0, -4.0]), l1=1.0, l2=0.5)
        tensor(19.5000)
    """
    return _elastic_net("elastic_net_penalty", parameters, l1=l1, l2=l2)


def select_parameters(
    module: nn.Module,
    include: Pattern | Sequence[Pattern] = "*",
    exclude: Pattern | Sequence[Pattern] = (),
) -> list[nn.Parameter]:
    r"""The parameters of a module whose names match; choose once, before training.

    Args:
        module: The module; names are those of ``module.named_parameters()``. A parameter that
            several modules share has several.
        include: A pattern, or several of which one has to match: strings are shell patterns for the
            whole name (``"*.weight"``), compiled regular expressions are searched for in it.
        exclude: Patterns of which none may match.

    Returns:
        The parameters, each once, in the order of the module.

    Raises:
        ValueError: No parameter is left; the message lists the names.
        TypeError: ``module`` is no module, or a pattern is none.

    Example:
        >>> import re, torch, lossops
        >>> model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
        >>> weights = lossops.select_parameters(model, "*.weight", exclude=re.compile(r"^1\."))
        >>> [tuple(w.shape) for w in weights]
        [(3, 2)]
    """
    if not isinstance(module, nn.Module):
        raise TypeError(
            f"select_parameters: module must be an nn.Module, got {type(module).__name__}"
        )
    wanted, unwanted = _patterns("include", include), _patterns("exclude", exclude)
    names: dict[nn.Parameter, list[str]] = {}
    for name, p in module.named_parameters(remove_duplicate=False):
        names.setdefault(p, []).append(name)
    chosen = [
        p
        for p, given in names.items()
        if any(_matches(name, wanted) for name in given)
        and not any(_matches(name, unwanted) for name in given)
    ]
    if not chosen:
        raise ValueError(
            f"select_parameters: include={include!r} and exclude={exclude!r} leave none of the "
            f"parameters {[name for given in names.values() for name in given]}"
        )
    return chosen


def _patterns(argument: str, given: Pattern | Sequence[Pattern]) -> list[Pattern]:
    each = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    for p in each:
        if not isinstance(p, (str, re.Pattern)):
            raise TypeError(
                f"select_parameters: {argument} must be strings or compiled regular expressions, "
                f"got {p!r}"
            )
    return each


def _matches(name: str, patterns: list[Pattern]) -> bool:
    return any(
        fnmatchcase(name, p) if isinstance(p, str) else p.search(name) is not None for p in patterns
    )


def _elastic_net(
    function: str, parameters: Parameters, l1: float = 0.0, l2: float = 0.0, **named: float
) -> Tensor:
    for name, value in (named or {"l1": l1, "l2": l2}).items():
        if isinstance(value, Tensor):
            raise TypeError(f"{function}: {name} must be a number, got a tensor; scale the result")
        if not 0 <= number(function, name, value) < math.inf:
            raise ValueError(f"{function}: {name} must be >= 0 and finite, got {value}")
    if isinstance(parameters, nn.Module):
        parameters = list(parameters.parameters())
    params = tensors(function, "parameters", parameters)
    if not params:
        raise ValueError(f"{function}: parameters must hold at least one tensor, got none")
    try:
        return _penalty(params, l1, l2)
    except (RuntimeError, NotImplementedError) as error:
        raise in_name_of(function, "elastic_net_penalty", error) from None
