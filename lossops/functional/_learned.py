"""Barron's robust loss where its parameters are tensors: decomposed, and differentiable by them."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.autograd import forward_ad

from .._op import in_name_of, number
from ._common import Op

_robust = Op(torch.ops.lossops.robust)
_passed_on = Op(torch.ops.lossops.hinge_embedding)  # of a target 1, it is the input
_with_derivative: Callable[[Tensor, Tensor, Tensor], Tensor] = torch.ops.lossops._with_derivative

HUGE = 1e15  # beyond, 1 is nothing beside a square
INFINITE = 1e20  # beyond, so is alpha


def is_learned(value: object) -> bool:
    """Whether a parameter is a tensor that may be differentiated by, or has several numbers."""
    if not isinstance(value, Tensor):
        return False
    if value.requires_grad or value.numel() != 1 or torch.compiler.is_compiling():
        return True
    wrapped = torch._C._functorch.is_functorch_wrapped_tensor(value)
    tangent = forward_ad.unpack_dual(value).tangent  # type: ignore[no-untyped-call]
    return wrapped or tangent is not None


def robust(
    input: Tensor,
    target: Tensor,
    alpha: Tensor | float,
    scale: Tensor | float,
    weight: Tensor | None,
    normalizer: Tensor | None,
    reduction: int,
) -> Tensor:
    """The loss of `robust`; alpha and scale broadcast to the input."""
    operands = isinstance(input, Tensor) and isinstance(target, Tensor)
    if (
        not operands
        or not input.is_floating_point()
        or target.is_complex()
        or (input.shape != target.shape)
    ):  # the operator says what is wrong
        return _robust(input, target, 1.0, 1.0, weight, None, normalizer, reduction)
    dtype = (input + target).dtype
    if isinstance(weight, Tensor) and weight.dim() > 0:
        dtype = torch.promote_types(dtype, weight.dtype)
    math_dtype = torch.float64 if dtype == torch.float64 else torch.float32
    x, t = input.to(math_dtype), target.to(math_dtype)
    a, c = (_beside(x, name, p) for name, p in (("alpha", alpha), ("scale", scale)))
    one = torch.ones((), dtype=math_dtype, device=x.device)
    result = None if torch.is_autocast_enabled(x.device.type) else dtype
    values = _values(x - t, a, c)
    try:
        return _passed_on(values, one, 1.0, weight, None, normalizer, reduction, result)
    except (RuntimeError, TypeError, ValueError) as error:
        raise in_name_of("robust", "hinge_embedding", error) from None


def _beside(x: Tensor, name: str, value: Tensor | float) -> Tensor:
    """A parameter for each element."""
    if not isinstance(value, Tensor):
        value = number("robust", name, value)
        limit = ">= -inf" if name == "alpha" else "> 0"
        if not (value >= -math.inf if name == "alpha" else value > 0):
            raise RuntimeError(f"robust: {name} must be {limit}, got {value}")
    elif not value.is_floating_point() or value.is_meta != x.is_meta:
        raise TypeError(
            f"robust: {name} must be a number, or a floating point tensor with values where input "
            f"has them, got {value.dtype} on {value.device}"
        )
    p = torch.as_tensor(value, dtype=x.dtype, device=x.device)
    try:
        return p.expand_as(x)
    except RuntimeError:
        raise RuntimeError(
            f"robust: {name} must broadcast to the shape of input, got input {tuple(x.shape)} and "
            f"{name} {tuple(p.shape)}"
        ) from None


def _values(d: Tensor, a: Tensor, c: Tensor) -> Tensor:
    """The loss of each difference, with its own derivatives."""
    infinite = (d / c).abs() == math.inf
    s = torch.where(infinite, 1.0, d) / c
    value, by_r, by_a = _finite(s, a)
    # Where it is infinite: |r|^alpha and its derivatives, or the bound 1 - 2 / alpha.
    falls = a < 0
    f = torch.where(falls, a, -1.0).clamp_min(-HUGE)
    by_d = torch.where(a > 1, math.inf, torch.where(a < 1, 0.0, 1 / c)) * d.sign()
    by_c = torch.where(falls, 0.0, torch.where(a > 0, -math.inf, -2 / c))
    value = torch.where(infinite, torch.where(falls, 1 - 2 / f, math.inf), value).detach()
    value = _with_derivative(value, torch.where(infinite, 0.0, by_r), s)
    value = _with_derivative(value, torch.where(infinite, by_d, 0.0), d)
    value = _with_derivative(value, torch.where(infinite, by_c, 0.0), c)
    end = torch.where(falls, 2 / (f * f), math.inf)
    return _with_derivative(value, torch.where(infinite, end, by_a), a)


def _finite(r: Tensor, a: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The loss with its derivatives by r and alpha."""
    extreme, side = a.abs() > INFINITE, a.sign()
    a = torch.where(extreme, 1.0, a)
    beyond = r.abs() > 0.1 * math.sqrt(torch.finfo(r.dtype).max)
    u = torch.where(beyond, 1.0, r).square()
    sign = torch.where(a < 2, -1.0, 1.0)  # the derivative of b
    b = ((a - 2) * sign).clamp_min(torch.finfo(r.dtype).eps ** 2)
    near = (b < 0.25) & ~beyond
    q = r / b.sqrt()
    huge = q.abs() > HUGE
    # ln(1 + r^2 / b), also where q overflows.
    far = 2 * torch.where(huge, r.abs(), 1.0).log() - b.log()
    log = torch.where(huge, far, torch.log1p(torch.where(huge, 0.0, q).square()))
    k = a / 2 - 1
    e = (k * log).exp()
    # The slope is r (1 + q^2)^k, without digits lost near alpha = 1.
    steep = q.abs() > 1
    z = torch.where(steep, torch.where(steep, q, 1.0).reciprocal(), q)
    direction = torch.where(steep, q.sign(), z) / (1 + z * z).sqrt()
    by_r = torch.where(near, r * e, b.sqrt() * direction * ((a - 1) / 2 * log).exp())

    # Where b vanishes: the factor 1 + u / b is taken out of the power.
    m = torch.expm1(k * log)
    a1 = torch.where(near, a, 2.0)
    v1 = (u + (u + b) * m) / a1
    by_a1 = (sign * m - v1 + e * ((u + b) * log - u) / 2) / a1
    # Where alpha may vanish: expm1(y) / alpha is expm1(y) / y times log / 2.
    y = torch.where(near, 0.0, a) * log / 2
    quotient, slope = _quotient(y)
    v2 = b * log / 2 * quotient
    by_a2 = sign / 2 * (log * quotient + torch.expm1(-log) * y.exp()) + b * log * log / 4 * slope

    value, by_a = torch.where(near, v1, v2), torch.where(near, by_a1, by_a2)
    h = torch.where(extreme, side * torch.where(beyond, math.inf, u) / 2, 0.0)
    value = torch.where(extreme, side * torch.expm1(h), value)
    by_a = torch.where(value == math.inf, math.inf, by_a)
    return value, torch.where(extreme, r * h.exp(), by_r), torch.where(extreme, 0.0, by_a)


def _quotient(y: Tensor) -> tuple[Tensor, Tensor]:
    """expm1(y) / y and its derivative."""
    small = y.abs() < 1
    s, large = torch.where(small, y, 0.0), torch.where(small, 1.0, y)
    eps = torch.finfo(y.dtype).eps
    terms = [1.0]  # 1 / (n + 1)!
    while terms[-1] > eps / 8:
        terms.append(terms[-1] / (len(terms) + 1))
    q, dq = torch.zeros_like(y), torch.zeros_like(y)
    for n in reversed(range(len(terms))):
        q = terms[n] + s * q
        dq = (n + 1) * terms[n] / (n + 2) + s * dq
    quotient = torch.expm1(large) / large
    slope = (large.exp() - quotient) / large
    return torch.where(small, q, quotient), torch.where(small, dq, slope)
