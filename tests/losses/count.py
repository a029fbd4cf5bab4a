"""Likelihoods of counts; csrc/losses/count.h."""

import torch
from torch import Tensor

from tests.families import Draw
from tests.losses.formulas import log_rising, softplus
from tests.losses.table import Bad, row


def overdispersed(draw: Draw) -> tuple[Tensor, ...]:
    """Dispersions that the reference, a difference of gamma functions, does not lose digits by."""
    low = -2.0 if draw.params.get("log_input", True) else 0.1
    return draw.uniform(low, 2.0), draw.uniform(0.1, 6.0), draw.uniform(0.15, 0.8)


def gated(draw: Draw) -> tuple[Tensor, ...]:
    counts = draw.choose(0.0, 0.0, 1.0, 2.0, 5.0)
    return draw.uniform(-2, 2), counts, draw.uniform(-2, 2)


def amounts(draw: Draw) -> tuple[Tensor, ...]:
    low = -2.0 if draw.params.get("log_input", True) else 0.1
    return draw.uniform(low, 2.0), draw.uniform(0, 5) * draw.choose(0, 1)


@row(
    "negative_binomial_nll_loss", "NegativeBinomialNLLLoss", overdispersed,
    operands=("input", "target", "dispersion"),
    params=({}, {"full": True}, {"log_input": False}, {"log_input": False, "full": True}),
    bad=(Bad("negative_binomial_nll: dispersion must be >= 0, got",
             operands={"dispersion": torch.tensor(-1.0)}),),
)  # fmt: skip
def negative_binomial_nll(
    input: Tensor,
    target: Tensor,
    dispersion: Tensor,
    log_input: bool = True,
    full: bool = False,
) -> Tensor:
    mean, r = torch.exp(input) if log_input else input, 1 / dispersion
    y = dispersion * mean
    loss = r * torch.log1p(y) + target * (torch.log1p(y) - torch.log(y))
    loss = loss - log_rising(r, target)
    return loss + torch.lgamma(target + 1) if full else loss


@row(
    "zero_inflated_poisson_nll_loss", "ZeroInflatedPoissonNLLLoss", gated,
    operands=("input", "target", "gate"), params=({}, {"full": True}), jumps=("target",),
)  # fmt: skip
def zero_inflated_poisson_nll(
    input: Tensor, target: Tensor, gate: Tensor, full: bool = False
) -> Tensor:
    rate = torch.exp(input)
    # Each where its derivative keeps its digits.
    near = -torch.log1p(torch.sigmoid(-gate) * torch.expm1(-rate))
    none = torch.where(rate < 1, near, softplus(gate) - torch.logaddexp(gate, -rate))
    some = softplus(gate) + rate - target * input
    if full:
        some = some + torch.lgamma(target + 1)
    return torch.where(target == 0, none, some)


@row(
    "tweedie_loss", "TweedieLoss", amounts,
    params=({}, {"p": 1.2, "log_input": False}, {"p": 1.0}, {"p": 2.0},
            {"p": 1.0, "log_input": False}, {"p": 2.0, "log_input": False}),
    bad=(Bad("tweedie: p must be .*got 0.5", {"p": 0.5}),
         Bad("tweedie: p must be .*got 3", {"p": 3.0})),
)  # fmt: skip
def tweedie(input: Tensor, target: Tensor, p: float = 1.5, log_input: bool = True) -> Tensor:
    log_mean = input if log_input else torch.log(input)
    if p == 1:
        return torch.exp(log_mean) - target * log_mean
    if p == 2:
        return log_mean + target * torch.exp(-log_mean)
    costs = torch.exp((2 - p) * log_mean) / (2 - p)
    return costs - target * torch.exp((1 - p) * log_mean) / (1 - p)
