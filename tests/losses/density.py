"""Likelihoods and scores of densities; csrc/losses/density.h."""

import math

import torch
from torch import Tensor
from torch.distributions import Laplace, LogNormal, Normal, StudentT

from tests.families import SHAPE, Draw
from tests.losses.likelihood import density
from tests.losses.table import Bad, row

SCALED = {"operands": ("input", "target", "scale")}


def not_positive(op: str, name: str, value: float = 0.0) -> Bad:
    return Bad(f"{op}: .*{name}.* must be >", operands={name: torch.full(SHAPE, value)})


def durations(draw: Draw) -> tuple[Tensor, ...]:
    low = -2.0 if draw.params.get("log_input", True) else 0.1
    return draw.uniform(low, 2.0), draw.uniform(0.1, 5.0), draw.uniform(0.3, 4.0)


def sizes(draw: Draw) -> tuple[Tensor, ...]:
    return draw.uniform(-2, 2), draw.uniform(0.1, 5.0), draw.uniform(0.2, 2.0)


def errors(draw: Draw) -> tuple[Tensor, ...]:
    """Those of density, with a difference that has the kink; multiples of 1/8 make it exact."""
    target = (draw.uniform(-16, 16)).round() / 8
    return target + draw.variable(-3, 3), target, draw.uniform(0.2, 2.0)


def heavy_tails(draw: Draw) -> tuple[Tensor, ...]:
    """Degrees of freedom on both sides of where the gamma functions take another form."""
    return *density(draw), draw.uniform(0.5, 30.0)


def angles(draw: Draw) -> tuple[Tensor, ...]:
    """Concentrations on both sides of where the Bessel functions take another form."""
    kappa = draw.uniform(0.1, 8.0) * draw.choose(1, 1, 6)
    return draw.uniform(-4, 4), draw.uniform(-4, 4), kappa


def evidence(draw: Draw) -> tuple[Tensor, ...]:
    input, target, nu = errors(draw)
    return input, target, nu, draw.uniform(1.1, 12.0), draw.uniform(0.2, 2.0)


@row(
    "gamma_nll_loss", "GammaNLLLoss", durations, operands=("input", "target", "shape"),
    params=({}, {"full": True}, {"log_input": False}, {"log_input": False, "full": True}),
    bad=(not_positive("gamma_nll", "shape"),),
)  # fmt: skip
def gamma_nll(
    input: Tensor,
    target: Tensor,
    shape: Tensor,
    log_input: bool = True,
    full: bool = False,
) -> Tensor:
    log_mean = input if log_input else torch.log(input)
    loss = shape * (log_mean + target * torch.exp(-log_mean))
    if full:
        loss = loss + torch.lgamma(shape) - shape * torch.log(shape)
        loss = loss - (shape - 1) * torch.log(target)
    return loss


@row(
    "log_normal_nll_loss", "LogNormalNLLLoss", sizes, **SCALED,
    bad=(not_positive("log_normal_nll", "scale"),),
)  # fmt: skip
def log_normal_nll(input: Tensor, target: Tensor, scale: Tensor) -> Tensor:
    return -LogNormal(input, scale, validate_args=False).log_prob(target)


@row(
    "laplace_nll_loss", "LaplaceNLLLoss", errors, **SCALED, kinks=lambda p: (0.0,),
    bad=(not_positive("laplace_nll", "scale"),),
)  # fmt: skip
def laplace_nll(input: Tensor, target: Tensor, scale: Tensor) -> Tensor:
    return -Laplace(input, scale, validate_args=False).log_prob(target)


@row(
    "student_t_nll_loss", "StudentTNLLLoss", heavy_tails,
    operands=("input", "target", "scale", "df"),
    bad=(not_positive("student_t_nll", "scale"), not_positive("student_t_nll", "df", -1.0)),
)  # fmt: skip
def student_t_nll(input: Tensor, target: Tensor, scale: Tensor, df: Tensor) -> Tensor:
    return -StudentT(df, input, scale, validate_args=False).log_prob(target)


@row(
    "von_mises_nll_loss", "VonMisesNLLLoss", angles, operands=("input", "target", "kappa"),
    bad=(not_positive("von_mises_nll", "kappa", -1.0),),
)  # fmt: skip
def von_mises_nll(input: Tensor, target: Tensor, kappa: Tensor) -> Tensor:
    """ln I0(k) - k cos d, as that of e^-k I0 and a square: the terms of the first form cancel."""
    bessel = torch.log(torch.special.i0e(kappa))
    return math.log(2 * math.pi) + bessel + 2 * kappa * torch.sin((input - target) / 2) ** 2


@row(
    "crps_gaussian_loss", "CRPSGaussianLoss", density, **SCALED,
    bad=(not_positive("crps_gaussian", "scale", -1.0),),
)  # fmt: skip
def crps_gaussian(input: Tensor, target: Tensor, scale: Tensor) -> Tensor:
    d = input - target
    z = d / scale
    phi = torch.exp(Normal(0.0, 1.0, validate_args=False).log_prob(z))
    return d * torch.erf(z / math.sqrt(2)) + scale * (2 * phi - 1 / math.sqrt(math.pi))


@row(
    "evidential_regression_loss", "EvidentialRegressionLoss", evidence,
    operands=("input", "target", "nu", "alpha", "beta"), params=({}, {"coeff": 0.5}),
    kinks=lambda p: (0.0,),
    bad=(not_positive("evidential_regression", "nu"), not_positive("evidential_regression", "beta"),
         Bad("evidential_regression: coeff must be >= 0, got -1", {"coeff": -1.0})),
)  # fmt: skip
def evidential_regression(
    input: Tensor, target: Tensor, nu: Tensor, alpha: Tensor, beta: Tensor, coeff: float = 0.01
) -> Tensor:
    d, omega = input - target, 2 * beta * (1 + nu)
    nll = 0.5 * torch.log(math.pi / nu) + 0.5 * torch.log(omega)
    nll = nll + (alpha + 0.5) * torch.log1p(nu * d * d / omega)
    nll = nll + torch.lgamma(alpha) - torch.lgamma(alpha + 0.5)
    return nll + coeff * d.abs() * (2 * nu + alpha)
