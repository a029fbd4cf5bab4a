"""Regions in plain formulas, which the operators over them are tested against."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

import lossops  # noqa: F401  # which defines the operators
from tests.families.regions import one_hot
from tests.losses.region import dice, jaccard, mcc

NONE, MEAN, SUM = 0, 1, 2
PLAIN, SIGMOID, SOFTMAX = 0, 1, 2
ops = torch.ops.lossops
TOLERANCES = {
    torch.float64: 1e-9,
    torch.float32: 3e-5,
    torch.bfloat16: 5e-2,
    torch.float16: 1e-2,
}


class Case(NamedTuple):
    """An operator with its parameters and settings, and the formula of a class."""

    op: str
    loss: Callable[..., Tensor]  # of the sums of p, t, both and 1
    given: dict[str, Any] = {}  # noqa: RUF012
    parameters: dict[str, Any] = {}  # noqa: RUF012

    def __call__(self, x: Tensor, t: Tensor, **more: Any) -> Tensor:
        loss: Tensor = getattr(ops, self.op)(x, t, **self.parameters, **self.given, **more)
        return loss


def tversky(a: float, b: float, gamma: float = 1) -> Callable[..., Tensor]:
    def loss(p: Tensor, t: Tensor, both: Tensor, n: Tensor, s: float) -> Tensor:
        return (1 - (both + s) / (both + a * (p - both) + b * (t - both) + s)) ** gamma

    return loss


CASES = [
    Case("dice", dice),
    Case("dice", dice, {"batch": True}),
    Case("dice", dice, {"squared": True, "smooth": 0.5}),
    Case("dice", dice, {"soft_label": True, "include_background": False}),
    Case("dice", dice, {"log": True, "absent": 1}),
    Case("jaccard", jaccard, {"smooth": 1.0}),
    Case("tversky", tversky(0.3, 0.8), {}, {"fp_weight": 0.3, "fn_weight": 0.8}),
    Case("focal_tversky", tversky(0.3, 0.7, 0.75)),
    Case("mcc", mcc),
    Case("generalized_dice", dice),
    Case("generalized_dice", dice, {"batch": True, "include_background": False}),
    Case("generalized_dice", dice, {}, {"class_weighting": 1}),
]
NAMES = [f"{c.op}-{'-'.join(c.given)}" for c in CASES]
SHAPES = [(2, 3, 7, 5), (3, 4, 70), (2, 21, 9, 31), (2, 70, 5, 7), (3, 1, 150)]


def absent(x: Tensor, t: Tensor, ignore_index: int | None) -> Tensor:
    if ignore_index is None:
        return torch.zeros_like(x, dtype=torch.bool)
    ignored = t == ignore_index
    return ignored if t.dim() == x.dim() else ignored.unsqueeze(1).expand_as(x)


def probabilities(x: Tensor, activation: int) -> Tensor:
    if activation == PLAIN:
        return x
    return x.sigmoid() if activation == SIGMOID else x.softmax(1)


def reference(
    case: Case, x: Tensor, target: Tensor, *, activation: int, reduction: int,
    weight: Tensor | None = None, ignore_index: int | None = None,
) -> Tensor:  # fmt: skip
    given = {"smooth": 1e-5, "include_background": True, "absent": 0, **case.given}
    gone = absent(x, target, ignore_index)
    p = probabilities(x, activation).masked_fill(gone, 0)
    t = one_hot(x, target).masked_fill(gone, 0)
    dims = [0] * bool(given.get("batch")) + list(range(2, x.dim()))
    first = 0 if given["include_background"] else 1
    power = 2 if given.get("squared") else 1
    shared = torch.minimum(p, t) if given.get("soft_label") else p * t
    terms = (p**power, t**power, shared, (~gone).to(x))
    sums = [(term.sum(dims) if dims else term)[..., first:] for term in terms]
    kept = torch.ones_like(sums[1], dtype=torch.bool)
    if given["absent"]:
        kept = kept & (sums[1] != 0)
    if ignore_index is not None:
        kept = kept & (sums[3] > 0)
    w = weight[first:] if weight is not None else torch.ones(()).to(x)
    if case.op == "generalized_dice":
        inverse = 1 / sums[1] ** (2 - case.parameters.get("class_weighting", 0))
        inverse = torch.where(inverse.isinf(), 0, inverse)
        inverse = torch.where(inverse == 0, inverse.amax(-1, True), inverse) * w
        sums, kept = [(inverse * s).sum(-1) for s in sums], kept.any(-1)
        w = torch.ones(()).to(x)
    loss = case.loss(*sums, given["smooth"])
    if given.get("log"):
        loss = -(1 - loss).log()
    loss = torch.where(kept, loss, 0) * w
    if reduction == NONE:
        return loss
    return loss.sum() / (kept * w).sum() if reduction == MEAN else loss.sum()


def draw(
    shape: tuple[int, ...], activation: int, kind: str, dtype: torch.dtype, seed: int = 0
) -> tuple[Tensor, Tensor]:
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(shape, dtype=torch.float64, generator=g)
    if activation == PLAIN:
        x = x.sigmoid()
    if kind == "labels":
        return x.to(dtype), torch.randint(0, max(shape[1], 2), (shape[0], *shape[2:]), generator=g)
    t = torch.rand(shape, dtype=torch.float64, generator=g)
    return x.to(dtype), t.to(dtype) if kind == "soft" else (t < 0.3).to(torch.uint8)


def with_gradient(f: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    x = x.detach().clone(memory_format=torch.preserve_format).requires_grad_()
    value = f(x)
    upstream = torch.linspace(1, 2, value.numel()).to(value).reshape(value.shape)
    return value.detach(), torch.autograd.grad(value, x, upstream)[0]


def near(got: Tensor, want: Tensor, dtype: torch.dtype) -> bool:
    error = (got.double() - want).abs().max().item()
    return bool(error <= TOLERANCES[dtype] * (want.abs().max().item() + 1e-6))
