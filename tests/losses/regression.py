"""Losses of a difference; csrc/losses/regression.h."""

import math

import torch
from torch import Tensor

from tests.families import Draw
from tests.losses.table import Bad, row


def difference(draw: Draw) -> tuple[Tensor, ...]:
    """Regression: the kinks lie in input - target; multiples of 1/8 make the kinks exact."""
    target = (draw.uniform(-16, 16)).round() / 8
    return target + draw.variable(-3, 3), target


REGRESSION = {"make": difference}


@row("mse_loss", "MSELoss", **REGRESSION, weighted_mean=True)
def mse(input: Tensor, target: Tensor) -> Tensor:
    return (input - target) ** 2


@row("l1_loss", "L1Loss", **REGRESSION, weighted_mean=True, kinks=lambda p: (0.0,))
def l1(input: Tensor, target: Tensor) -> Tensor:
    return (input - target).abs()


@row(
    "smooth_l1_loss", "SmoothL1Loss", **REGRESSION,
    params=({}, {"beta": 0.5}, {"beta": 0.0}),
    kinks=lambda p: (0.0, -p.get("beta", 1.0), p.get("beta", 1.0)),
    bad=(Bad("smooth_l1: beta must be .*got -1", {"beta": -1.0}),
         Bad("smooth_l1: beta must be .*got nan", {"beta": math.nan})),
)  # fmt: skip
def smooth_l1(input: Tensor, target: Tensor, beta: float = 1.0) -> Tensor:
    d = (input - target).abs()
    return d if beta == 0 else torch.where(d < beta, 0.5 * d * d / beta, d - 0.5 * beta)


@row(
    "huber_loss", "HuberLoss", **REGRESSION,
    params=({}, {"delta": 0.5}, {"delta": 2.0}),
    kinks=lambda p: (0.0, -p.get("delta", 1.0), p.get("delta", 1.0)),
    bad=(Bad("huber: delta must be > 0, got 0", {"delta": 0.0}),
         Bad("huber: delta must be > 0, got -1", {"delta": -1.0}),
         Bad("huber: delta must be > 0, got nan", {"delta": math.nan})),
)  # fmt: skip
def huber(input: Tensor, target: Tensor, delta: float = 1.0) -> Tensor:
    d = (input - target).abs()
    if math.isinf(delta):
        return 0.5 * d * d
    return torch.where(d <= delta, 0.5 * d * d, delta * (d - 0.5 * delta))


@row("log_cosh_loss", "LogCoshLoss", **REGRESSION)
def log_cosh(input: Tensor, target: Tensor) -> Tensor:
    """ln cosh d = ln(1 + sinh^2 d) / 2, exact near 0; |d| + softplus(-2 |d|) - ln 2 far from it."""
    d = input - target
    near = 0.5 * torch.log1p(torch.sinh(d.clamp(-1, 1)) ** 2)
    far = d.abs() + torch.log1p(torch.exp(-2 * d.abs())) - math.log(2)
    return torch.where(d.abs() < 1, near, far)


@row(
    "charbonnier_loss", "CharbonnierLoss", **REGRESSION,
    params=({"eps": 0.5}, {}, {"eps": 1.0}),
    bad=(Bad("charbonnier: eps must be > 0, got 0", {"eps": 0.0}),
         Bad("charbonnier: eps must be > 0, got -1", {"eps": -1.0})),
)  # fmt: skip
def charbonnier(input: Tensor, target: Tensor, eps: float = 1e-3) -> Tensor:
    """sqrt(d^2 + eps^2) - eps, rationalised."""
    d = input - target
    return d * d / (torch.sqrt(d * d + eps * eps) + eps)


@row(
    "quantile_loss", "QuantileLoss", **REGRESSION, tensor_params=("q",),
    params=({"q": 0.5}, {"q": 0.9}, {"q": (0.1, 0.5, 0.75)}),
    kinks=lambda p: (0.0,),
    bad=(Bad("quantile: q must be", {"q": 0.0}),
         Bad("quantile: q must be", {"q": 1.5}),
         Bad("quantile: q", {"q": (0.2, 0.4)})),
)  # fmt: skip
def quantile(input: Tensor, target: Tensor, q: Tensor | float = 0.5) -> Tensor:
    e = target - input
    return torch.where(e < 0, (q - 1) * e, q * e)


@row(
    "expectile_loss", "ExpectileLoss", **REGRESSION,
    params=({}, {"tau": 0.1}, {"tau": 0.9}),
    kinks=lambda p: (0.0,),
    bad=(Bad("expectile: tau must be .*got 0", {"tau": 0.0}),
         Bad("expectile: tau must be .*got 1.5", {"tau": 1.5})),
)  # fmt: skip
def expectile(input: Tensor, target: Tensor, tau: float = 0.5) -> Tensor:
    e = target - input
    return torch.where(e < 0, (1 - tau) * e * e, tau * e * e)


@row(
    "robust_loss", "RobustLoss", **REGRESSION,
    params=({"alpha": 0.7, "scale": 0.5}, {}, {"alpha": 2.0}, {"alpha": 0.0},
            {"alpha": -2.0}, {"alpha": -math.inf}, {"alpha": math.inf},
            {"alpha": 3.5, "scale": 2.0}, {"alpha": 1e-9}, {"alpha": 2 - 1e-9},
            {"alpha": 2 + 1e-6}, {"alpha": 1e-30}),
    bad=(Bad("robust: scale must be > 0, got 0", {"scale": 0.0}),
         Bad("robust: scale must be > 0, got -2", {"scale": -2.0}),
         Bad("robust: alpha must", {"alpha": math.nan})),
)  # fmt: skip
def robust(input: Tensor, target: Tensor, alpha: float = 1.0, scale: float = 1.0) -> Tensor:
    """Barron, A General and Adaptive Robust Loss Function, 2019, equation 8 and its limits."""
    half = 0.5 * ((input - target) / scale) ** 2
    if alpha == 2:
        return half
    if alpha == 0:
        return torch.log1p(half)
    if alpha == -math.inf:
        # Each form where its derivative keeps its digits.
        near, far = -torch.expm1(-half.clamp(max=1)), 1 - torch.exp(-half)
        return torch.where(half < 1, near, far)
    if alpha == math.inf:
        return torch.expm1(half)
    b = abs(alpha - 2)
    return b / alpha * torch.expm1(alpha / 2 * torch.log1p(2 * half / b))


@row(
    "wing_loss", "WingLoss", **REGRESSION,
    params=({"width": 1.0}, {}, {"width": 2.0, "curvature": 1.5}),
    kinks=lambda p: (0.0, -p.get("width", 5.0), p.get("width", 5.0)),
    bad=(Bad("wing: width must be > 0, got 0", {"width": 0.0}),
         Bad("wing: curvature must be > 0, got -1", {"curvature": -1.0})),
)  # fmt: skip
def wing(input: Tensor, target: Tensor, width: float = 5.0, curvature: float = 0.5) -> Tensor:
    d = (input - target).abs()
    edge = width - width * math.log1p(width / curvature)
    return torch.where(d < width, width * torch.log1p(d / curvature), d - edge)


def heat_maps(draw: Draw) -> tuple[Tensor, ...]:
    target = draw.uniform(0, 8).round() / 8
    return target + draw.variable(-2, 2), target


@row(
    "adaptive_wing_loss", "AdaptiveWingLoss", heat_maps,
    params=({}, {"theta": 1.0, "epsilon": 0.5}, {"omega": 2.0, "alpha": 3.0}),
    kinks=lambda p: (-p.get("theta", 0.5), p.get("theta", 0.5)),
    bad=(Bad("adaptive_wing: alpha must be > 1, got 1", {"alpha": 1.0}),
         Bad("adaptive_wing: theta must be > 0, got 0", {"theta": 0.0})),
)  # fmt: skip
def adaptive_wing(
    input: Tensor,
    target: Tensor,
    omega: float = 14.0,
    theta: float = 0.5,
    epsilon: float = 1.0,
    alpha: float = 2.1,
) -> Tensor:
    """As the paper writes it, with its A and C."""
    d, e, edge = (input - target).abs(), alpha - target, torch.as_tensor(theta / epsilon)
    slope = omega / (1 + edge**e) * e * edge ** (e - 1) / epsilon
    offset = theta * slope - omega * torch.log1p(edge**e)
    near = omega * torch.log1p((d.clamp(max=theta) / epsilon) ** e)
    return torch.where(d < theta, near, slope * d - offset)
