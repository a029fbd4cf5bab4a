"""Losses that are likelihoods or divergences; csrc/losses/likelihood.h."""

import math

import torch
from torch import Tensor

from tests.families import Draw
from tests.losses.table import Bad, row


def counts(draw: Draw) -> tuple[Tensor, ...]:
    low = -2.0 if draw.params.get("log_input", True) else 0.1
    return draw.uniform(low, 2.0), draw.variable(0.1, 5.0)


def density(draw: Draw) -> tuple[Tensor, ...]:
    return draw.uniform(-2, 2), draw.uniform(-2, 2), draw.variable(0.2, 2.0)


def distributions(draw: Draw) -> tuple[Tensor, ...]:
    target = draw.uniform(0.05, 0.9)
    if draw.params.get("log_target", False):
        target = target.log()
    elif draw.on_kinks:
        target = draw.choose(0, 0.5)
    return draw.uniform(-4, -0.1), target


@row(
    "poisson_nll_loss", "PoissonNLLLoss", counts, broadcasts=True,
    params=({}, {"full": True}, {"log_input": False}, {"log_input": False, "full": True},
            {"log_input": False, "eps": 0.1}),
    kinks=lambda p: (1.0,) if p.get("full") else (),
)  # fmt: skip
def poisson_nll(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
) -> Tensor:
    if log_input:
        loss = torch.exp(input) - target * input
    else:
        loss = input - target * torch.log(input + eps)
    if full:
        t = torch.where(target > 1, target, 2.0)
        stirling = t * torch.log(t) - t + 0.5 * torch.log(2 * math.pi * t)
        loss = loss + torch.where(target > 1, stirling, 0.0)
    return loss


@row(
    "gaussian_nll_loss", "GaussianNLLLoss", density, broadcasts=True,
    operands=("input", "target", "var"),
    params=({}, {"full": True}, {"eps": 0.75}),
    kinks=lambda p: (p["eps"],) if "eps" in p else (),
    bad=(Bad("gaussian_nll: eps must be > 0, got 0", {"eps": 0.0}),),
)  # fmt: skip
def gaussian_nll(
    input: Tensor, target: Tensor, var: Tensor, full: bool = False, eps: float = 1e-6
) -> Tensor:
    """A clamped variance gets no gradient (torch hands it one through the clamp)."""
    v = var.clamp(min=eps)
    loss = 0.5 * (torch.log(v) + (input - target) ** 2 / v)
    return loss + 0.5 * math.log(2 * math.pi) if full else loss


@row(
    "beta_nll_loss", "BetaNLLLoss", density, operands=("input", "target", "var"), jumps=("var",),
    params=({}, {"beta": 1.0, "full": True}, {"beta": 0.3, "eps": 0.75}),
    kinks=lambda p: (p["eps"],) if "eps" in p else (),
    bad=(Bad("beta_nll: beta must be .*got 1.5", {"beta": 1.5}),
         Bad("beta_nll: eps must be > 0, got 0", {"eps": 0.0}),
         Bad("beta_nll: var must be >= 0, got", operands={"var": torch.full((4, 3), -1.0)})),
)  # fmt: skip
def beta_nll(
    input: Tensor,
    target: Tensor,
    var: Tensor,
    beta: float = 0.5,
    full: bool = False,
    eps: float = 1e-6,
) -> Tensor:
    factor = var.clamp(min=eps).detach() ** beta
    return factor * gaussian_nll(input, target, var, full, eps)


@row(
    "kl_div", "KLDivLoss", distributions, broadcasts=True,
    params=({}, {"log_target": True}), reductions=("mean", "sum", "none", "batchmean"),
)  # fmt: skip
def kl_div(input: Tensor, target: Tensor, log_target: bool = False) -> Tensor:
    if log_target:
        return torch.exp(target) * (target - input)
    return torch.xlogy(target, target) - target * input


def posteriors(draw: Draw) -> tuple[Tensor, ...]:
    return draw.uniform(-2, 2), draw.uniform(-3, 3)


@row(
    "gaussian_kl_loss", "GaussianKLLoss", posteriors, operands=("input", "log_var"), label="log_var"
)
def gaussian_kl(input: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (input**2 + torch.expm1(log_var) - log_var)
