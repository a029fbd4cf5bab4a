"""Losses of pairs of answers, and of single ones; csrc/losses/preference.h."""

import torch
from torch import Tensor

from tests.families import Draw
from tests.losses.formulas import sigmoid, softplus
from tests.losses.table import Bad, row

PAIRS = {"operands": ("chosen_logps", "rejected_logps"), "label": "rejected_logps"}


def pairs(draw: Draw) -> tuple[Tensor, ...]:
    return draw.uniform(-3, -0.1), draw.uniform(-3, -0.1)


def pairs_with_reference(draw: Draw) -> tuple[Tensor, ...]:
    return (*pairs(draw), *pairs(draw))


def answers(draw: Draw) -> tuple[Tensor, ...]:
    kl = draw.variable(-1.0, 1.0)  # below 0 it counts as 0
    return draw.uniform(-3, -0.1), draw.uniform(-3, -0.1), draw.choose(0, 1), kl


def limits(op: str, *names: str) -> tuple[Bad, ...]:
    return tuple(Bad(f"{op}: {name} must be > 0, got 0", {name: 0.0}) for name in names)


@row(
    "dpo_loss", "DPOLoss", pairs_with_reference, label="rejected_logps",
    operands=("chosen_logps", "rejected_logps", "ref_chosen_logps", "ref_rejected_logps"),
    params=(
        {}, {"beta": 1.0, "label_smoothing": 0.2}, {"loss_type": "hinge", "beta": 0.7},
        {"loss_type": "ipo"}, {"loss_type": "robust"},
        {"loss_type": "robust", "beta": 1.0, "label_smoothing": 0.3},
        {"loss_type": "exo_pair", "beta": 1.0, "label_smoothing": 0.1},
        {"loss_type": "nca_pair"}, {"loss_type": "bco_pair"}, {"loss_type": "sppo_hard"},
        {"loss_type": "apo_zero"}, {"loss_type": "apo_down", "beta": 2.0},
        {"loss_type": "discopop"}, {"loss_type": "sigmoid_norm", "label_smoothing": 0.1},
    ),
    bad=(*limits("dpo", "beta"),
         Bad("dpo: label_smoothing must be < 0.5, got 0.5", {"label_smoothing": 0.5}),
         Bad("dpo: label_smoothing must be >= 0, got -0.1", {"label_smoothing": -0.1}),
         Bad("dpo: exo_pair needs label_smoothing > 0, got 0", {"loss_type": "exo_pair"})),
)  # fmt: skip
def dpo(
    chosen_logps: Tensor,
    rejected_logps: Tensor,
    ref_chosen_logps: Tensor,
    ref_rejected_logps: Tensor,
    beta: float = 0.1,
    loss_type: str = "sigmoid",
    label_smoothing: float = 0.0,
) -> Tensor:
    c, r, e = chosen_logps - ref_chosen_logps, rejected_logps - ref_rejected_logps, label_smoothing
    h, half = beta * (c - r), 1 / (2 * beta)
    p, q, m = sigmoid(h), sigmoid(-h), sigmoid(h / 0.05)
    smoothed = (1 - e) * softplus(-h) + e * softplus(h)
    formulas = {
        "sigmoid": lambda: smoothed,
        "hinge": lambda: torch.relu(1 - h),
        "ipo": lambda: (c - r - half) ** 2,
        "robust": lambda: ((1 - e) * softplus(-h) - e * softplus(h)) / (1 - 2 * e),
        "exo_pair": lambda: p * (p / (1 - e)).log() + q * (q / e).log(),
        "nca_pair": lambda: softplus(-beta * c) + (softplus(beta * c) + softplus(beta * r)) / 2,
        "bco_pair": lambda: softplus(-beta * c) + softplus(beta * r),
        "sppo_hard": lambda: (c - half) ** 2 + (r + half) ** 2,
        "apo_zero": lambda: sigmoid(-beta * c) + sigmoid(beta * r),
        "apo_down": lambda: sigmoid(beta * c) + sigmoid(-h),
        "discopop": lambda: softplus(-h) * sigmoid(-h / 0.05) + torch.exp(-h) * m,
        "sigmoid_norm": lambda: smoothed,
    }
    return formulas[loss_type]()


@row(
    "simpo_loss", "SimPOLoss", pairs, **PAIRS, params=({}, {"beta": 0.5, "gamma": -1.0}),
    bad=limits("simpo", "beta"),
)  # fmt: skip
def simpo(
    chosen_logps: Tensor, rejected_logps: Tensor, beta: float = 2.0, gamma: float = 0.5
) -> Tensor:
    return softplus(gamma - beta * (chosen_logps - rejected_logps))


@row(
    "cpo_loss", "CPOLoss", pairs, **PAIRS,
    params=({}, {"alpha": 0.0, "label_smoothing": 0.1}, {"beta": 1.0, "alpha": 0.3}),
    bad=(*limits("cpo", "beta"), Bad("cpo: alpha must be >= 0, got -1", {"alpha": -1.0}),
         Bad("cpo: label_smoothing must be < 0.5, got 0.5", {"label_smoothing": 0.5})),
)  # fmt: skip
def cpo(
    chosen_logps: Tensor,
    rejected_logps: Tensor,
    beta: float = 0.1,
    alpha: float = 1.0,
    label_smoothing: float = 0.0,
) -> Tensor:
    h, e = beta * (chosen_logps - rejected_logps), label_smoothing
    return (1 - e) * softplus(-h) + e * softplus(h) - alpha * chosen_logps


@row(
    "orpo_loss", "ORPOLoss", pairs, **PAIRS, params=({}, {"beta": 1.0}),
    bad=limits("orpo", "beta"),
)  # fmt: skip
def orpo(chosen_logps: Tensor, rejected_logps: Tensor, beta: float = 0.1) -> Tensor:
    def log_odds(logps: Tensor) -> Tensor:
        return logps - torch.log(-torch.expm1(logps))

    return beta * softplus(log_odds(rejected_logps) - log_odds(chosen_logps))


@row(
    "kto_loss", "KTOLoss", answers, operands=("logps", "ref_logps", "target", "kl"),
    fixed=("target", "kl"), ignore=True,
    params=({}, {"beta": 1.0, "desirable_weight": 1.3, "undesirable_weight": 0.4}),
    kinks=lambda params: (0.0,),
    bad=(*limits("kto", "beta"),
         Bad("kto: desirable_weight must be >= 0, got -1", {"desirable_weight": -1.0}),
         Bad("kto: undesirable_weight must be >= 0, got -1", {"undesirable_weight": -1.0})),
)  # fmt: skip
def kto(
    logps: Tensor,
    ref_logps: Tensor,
    target: Tensor,
    kl: Tensor,
    beta: float = 0.1,
    desirable_weight: float = 1.0,
    undesirable_weight: float = 1.0,
) -> Tensor:
    """The reference point is a constant."""
    margin = beta * (logps - ref_logps - kl.detach().clamp(min=0))
    desirable = desirable_weight * sigmoid(-margin)
    return torch.where(target > 0, desirable, undesirable_weight * sigmoid(margin))
