# ruff: noqa: ANN401
"""Operators of torch that are recorded as what they are in others; arguments are torch's."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from .nodes import MistakeError
from .symbols import is_symbol

# -- functions ----------------------------------------------------------------------------------


def reciprocal(input: Any) -> Any:
    return 1 / input


def rsqrt(input: Any) -> Any:
    return 1 / torch.sqrt(input)


def log2(input: Any) -> Any:
    return torch.log(input) * (1 / math.log(2))


def log10(input: Any) -> Any:
    return torch.log(input) * (1 / math.log(10))


def exp2(input: Any) -> Any:
    return 2**input


def logit(input: Any, eps: object = None) -> Any:
    if eps is not None:
        raise MistakeError("there is no logit with eps; clamp(x, eps, 1 - eps) before it")
    return torch.log(input) - torch.log1p(-input)


def cosh(input: Any) -> Any:
    return (torch.exp(input) + torch.exp(-input)) * 0.5


def sinh(input: Any) -> Any:
    return (torch.expm1(input) - torch.expm1(-input)) * 0.5


def hypot(input: Any, other: Any) -> Any:
    return torch.sqrt(input**2 + other**2)


def logaddexp(input: Any, other: Any) -> Any:
    return torch.maximum(input, other) + F.softplus(-torch.abs(input - other))


def lerp(input: Any, end: Any, weight: Any) -> Any:
    return input + weight * (end - input)


def addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    return input + value * tensor1 * tensor2


def addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    return input + value * tensor1 / tensor2


# -- choices ------------------------------------------------------------------------------------


def isnan(input: Any) -> Any:
    return input != input


def isinf(input: Any) -> Any:
    return torch.abs(input) == math.inf


def isfinite(input: Any) -> Any:
    return torch.abs(input) < math.inf


def nan_to_num(input: Any, nan: Any = None, posinf: Any = None, neginf: Any = None) -> Any:
    if posinf is None or neginf is None:
        raise MistakeError("the largest number depends on the dtype; give nan_to_num posinf= and "
                           "neginf=")  # fmt: skip
    finite = torch.where(input == math.inf, posinf, torch.where(input == -math.inf, neginf, input))
    return torch.where(input != input, 0.0 if nan is None else nan, finite)


# -- activations --------------------------------------------------------------------------------


def silu(input: Any, inplace: bool = False) -> Any:
    return input * torch.sigmoid(input)


def gelu(input: Any, approximate: str = "none") -> Any:
    if approximate == "none":
        return 0.5 * input * (1 + torch.erf(input * math.sqrt(0.5)))
    if approximate != "tanh":
        raise MistakeError(f"approximate must be 'none' or 'tanh', got {approximate!r}")
    return 0.5 * input * (1 + torch.tanh(math.sqrt(2 / math.pi) * (input + 0.044715 * input**3)))


def softsign(input: Any) -> Any:
    return input / (torch.abs(input) + 1)


def leaky_relu(input: Any, negative_slope: Any = 0.01, inplace: bool = False) -> Any:
    return torch.where(input > 0, input, input * negative_slope)


def elu(input: Any, alpha: Any = 1.0, inplace: bool = False) -> Any:
    below = torch.expm1(torch.where(input > 0, 0.0, input))
    return torch.where(input > 0, input, below * alpha)


# -- losses -------------------------------------------------------------------------------------


def _reduced(loss: Any, reduction: object, weight: Any = None) -> Any:
    if weight is not None:
        loss = loss * weight
    if reduction == "batchmean":
        raise MistakeError("the batch is not known; give reduction='sum', and divide by the batch "
                           "after the call")  # fmt: skip
    if reduction not in ("none", "mean", "sum"):
        raise MistakeError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
    return loss if reduction == "none" else getattr(loss, str(reduction))()


def mse_loss(
    input: Any, target: Any, size_average: None = None, reduce: None = None,
    reduction: object = "mean", weight: Any = None,
) -> Any:  # fmt: skip
    return _reduced((input - target) ** 2, reduction, weight)


def l1_loss(
    input: Any, target: Any, size_average: None = None, reduce: None = None,
    reduction: object = "mean", weight: Any = None,
) -> Any:  # fmt: skip
    return _reduced(torch.abs(input - target), reduction, weight)


def huber_loss(
    input: Any, target: Any, reduction: object = "mean", delta: Any = 1.0, weight: Any = None
) -> Any:
    size = torch.abs(input - target)
    loss = torch.where(size <= delta, (input - target) ** 2 * 0.5, delta * (size - 0.5 * delta))
    return _reduced(loss, reduction, weight)


def smooth_l1_loss(
    input: Any, target: Any, size_average: None = None, reduce: None = None,
    reduction: object = "mean", beta: Any = 1.0,
) -> Any:  # fmt: skip
    return _reduced(huber_loss(input, target, "none", beta) / beta, reduction)


def soft_margin_loss(
    input: Any, target: Any, size_average: None = None, reduce: None = None,
    reduction: object = "mean",
) -> Any:  # fmt: skip
    return _reduced(F.softplus(-(input * target)), reduction)


def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, size_average: None = None, reduce: None = None,
    reduction: object = "mean", pos_weight: Any = None,
) -> Any:  # fmt: skip
    positive = target if pos_weight is None else pos_weight * target
    loss = positive * -F.logsigmoid(input) + (1 - target) * -F.logsigmoid(-input)
    return _reduced(loss, reduction, weight)


def binary_cross_entropy(
    input: Any, target: Any, weight: Any = None, size_average: None = None, reduce: None = None,
    reduction: object = "mean",
) -> Any:  # fmt: skip
    log_p, log_q = torch.log(input), torch.log1p(-input)
    if not (is_symbol(input) and input._node.op in ("p", "q")):  # whose logarithms have no bound
        log_p, log_q = torch.clamp(log_p, min=-100), torch.clamp(log_q, min=-100)
    return _reduced(target * -log_p + (1 - target) * -log_q, reduction, weight)


def kl_div(
    input: Any, target: Any, size_average: None = None, reduce: None = None,
    reduction: object = "mean", log_target: bool = False,
) -> Any:  # fmt: skip
    if log_target:
        return _reduced(torch.exp(target) * (target - input), reduction)
    return _reduced(torch.xlogy(target, target) - target * input, reduction)


def poisson_nll_loss(
    input: Any, target: Any, log_input: bool = True, full: bool = False, size_average: None = None,
    eps: Any = 1e-8, reduce: None = None, reduction: object = "mean",
) -> Any:  # fmt: skip
    if log_input:
        loss = torch.exp(input) - target * input
    else:
        loss = input - target * torch.log(input + eps)
    if full:  # Stirling's formula for ln t!
        t = torch.where(target <= 1, 1.0, target)
        stirling = t * torch.log(t) - t + 0.5 * torch.log(2 * math.pi * t)
        loss = loss + torch.where(target <= 1, 0.0, stirling)
    return _reduced(loss, reduction)


def gaussian_nll_loss(
    input: Any, target: Any, var: Any, full: bool = False, eps: Any = 1e-6,
    reduction: object = "mean",
) -> Any:  # fmt: skip
    if is_symbol(var):  # torch lets the gradient through its bound
        var = var + torch.detach(torch.clamp(var, min=eps) - var)
    else:
        var = max(var, eps)
    loss = 0.5 * (torch.log(var) + (input - target) ** 2 / var)
    return _reduced(loss + 0.5 * math.log(2 * math.pi) if full else loss, reduction)


WORDS: dict[str, Callable[..., Any]] = {
    name: word
    for name, word in globals().items()
    if inspect.isfunction(word) and word.__module__ == __name__ and not name.startswith("_")
}
