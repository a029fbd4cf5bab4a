"""Losses that are 0 beyond a margin, per element and over a class axis; csrc/losses/margin.h."""

import torch
from torch import Tensor

from tests.families import Draw
from tests.families.class_axis import LABELS, ClassAxis, ClassDraw, of
from tests.losses.formulas import at, at_least, one_hot, softplus
from tests.losses.table import Bad, row


def signs(draw: Draw) -> tuple[Tensor, ...]:
    target = draw.choose(-1, 1)
    return target * draw.variable(-3, 3), target


def distances(draw: Draw) -> tuple[Tensor, ...]:
    return draw.variable(-1, 3), draw.choose(-1, 1)


def ranks(draw: Draw) -> tuple[Tensor, ...]:
    target, second = draw.choose(-1, 1), draw.uniform(-16, 16).round() / 8
    return second + target * draw.variable(-3, 3), second, target


def scores(draw: Draw) -> Tensor:
    """Differences of two are multiples of 0.3, 0.1 away from the margins; or right on those."""
    return draw.uniform(-8, 8).round() / 4 if draw.on_kinks else draw.uniform(-10, 10).round() * 0.3


def class_scores(draw: ClassDraw) -> tuple[Tensor, ...]:
    return scores(draw), draw.labels()


def label_lists(draw: ClassDraw) -> tuple[Tensor, ...]:
    """Up to C - 1 different labels per row (1 of 1), ended by -1, with anything behind it."""
    order = torch.rand(draw.shape, generator=draw.generator).argsort(-1)
    count = 1 + torch.randint(max(draw.shape[-1] - 1, 1), (*draw.rows, 1), generator=draw.generator)
    return scores(draw), torch.where(torch.arange(draw.shape[-1]) == count, -1, order)


@row(
    "hinge_loss", "HingeLoss", signs, ignore=True,
    params=({}, {"margin": 0.5}, {"power": 2}, {"power": 2, "margin": 2.0}),
    kinks=lambda p: (p.get("margin", 1.0),),
    bad=(Bad("hinge: power must be .*got 3", {"power": 3}),
         Bad("hinge: power must be .*got 0", {"power": 0})),
)  # fmt: skip
def hinge(input: Tensor, target: Tensor, margin: float = 1.0, power: int = 1) -> Tensor:
    return at_least(margin - target * input, 0) ** power


@row(
    "hinge_embedding_loss", "HingeEmbeddingLoss", distances,
    ignore=True, broadcasts=True, fixed=("target",), torch_fixed=("target",),
    params=({}, {"margin": 2.0}), kinks=lambda p: (p.get("margin", 1.0),),
)  # fmt: skip
def hinge_embedding(input: Tensor, target: Tensor, margin: float = 1.0) -> Tensor:
    """A target other than -1 and 1 gets both terms, as in torch."""
    similar = torch.where(target == -1, 0.0, input)
    return similar + torch.where(target == 1, 0.0, at_least(margin - input, 0))


@row(
    "soft_margin_loss", "SoftMarginLoss", signs, ignore=True,
    broadcasts=True, torch_fixed=("target",),
)  # fmt: skip
def soft_margin(input: Tensor, target: Tensor) -> Tensor:
    return softplus(-target * input)


@row(
    "margin_ranking_loss", "MarginRankingLoss", ranks, ignore=True,
    broadcasts=True, operands=("input1", "input2", "target"),
    params=({}, {"margin": 0.5}), kinks=lambda p: (p.get("margin", 0.0),),
)  # fmt: skip
def margin_ranking(input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0) -> Tensor:
    return at_least(margin - target * (input1 - input2), 0)


@row(
    "multi_margin_loss", "MultiMarginLoss", class_scores, **LABELS,
    torch_once=True,
    params=({}, {"p": 2}, {"margin": 0.5}, {"p": 2, "margin": 2.0}),
    bad=(Bad("multi_margin: p must be .*got 3", {"p": 3}),
         Bad("multi_margin: p must be .*got 0", {"p": 0})),
)  # fmt: skip
def multi_margin(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    p: int = 1,
    margin: float = 1.0,
) -> Tensor:
    """Crammer and Singer 2001."""
    excess = torch.relu(margin - at(input, target).unsqueeze(-1) + input) ** p
    rows = (excess * (1 - one_hot(target, input))).sum(-1) / input.size(-1)
    return rows if weight is None else of(weight, target) * rows


@row(
    "multilabel_margin_loss", "MultiLabelMarginLoss", label_lists,
    family=ClassAxis(weights="rows", dims=2), labels=("target",), silent=("weight",),
    torch_once=True,
)  # fmt: skip
def multilabel_margin(input: Tensor, target: Tensor) -> Tensor:
    """The labels of a row stand before the first negative one."""
    named = (target >= 0).long().cumprod(-1)
    picked = named.unsqueeze(-1) * one_hot(target, input)  # (..., place in the list, class)
    others = 1 - picked.amax(-2)
    x = (picked * input.unsqueeze(-2)).sum(-1, keepdim=True)
    excess = torch.relu(1 - x + input.unsqueeze(-2)) * others.unsqueeze(-2)
    return (excess.sum(-1) * named).sum(-1) / input.size(-1)
