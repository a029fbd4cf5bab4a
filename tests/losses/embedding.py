"""Losses of pairs and triplets of vectors; csrc/losses/embedding.h."""

import torch
from torch import Tensor

from tests.families.vectors import VECTORS, VectorDraw
from tests.losses.formulas import at_least
from tests.losses.table import Bad, row

PAIRS = {"family": VECTORS, "operands": ("input1", "input2", "target"), "fixed": ("target",),
         "torch_fixed": ("target",), "silent": ("weight", "target"),
         "broadcasts": True}  # fmt: skip


def pairs(draw: VectorDraw) -> tuple[Tensor, ...]:
    return draw.uniform(-2, 2), draw.uniform(-2, 2), draw.signs()


def triplets(draw: VectorDraw) -> tuple[Tensor, ...]:
    return draw.uniform(-2, 2), draw.uniform(-2, 2), draw.uniform(-2, 2)


@row(
    "cosine_embedding_loss", "CosineEmbeddingLoss", pairs, **PAIRS,
    params=({}, {"margin": -0.25}),
)  # fmt: skip
def cosine_embedding(input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0) -> Tensor:
    """Torch's, without what that adds to the norms."""
    input1, input2 = torch.broadcast_tensors(input1, input2)
    squares = (input1 * input1).sum(-1) * (input2 * input2).sum(-1)
    cosine = (input1 * input2).sum(-1) / squares.sqrt()
    apart = torch.where(target == -1, at_least(cosine - margin, 0), 0)
    return torch.where(target == 1, 1 - cosine, apart)


@row(
    "triplet_margin_loss", "TripletMarginLoss", triplets, family=VECTORS, broadcasts=True,
    operands=("anchor", "positive", "negative"), label="negative", silent=("weight",),
    params=({}, {"margin": 2.0, "swap": True}, {"p": 1.0, "eps": 1e-3}, {"p": 3.0, "margin": 4.0}),
    bad=(Bad("triplet_margin: margin must be > 0, got 0", {"margin": 0.0}, error=ValueError),
         Bad("triplet_margin: p must be >= 0, got -1", {"p": -1.0})),
)  # fmt: skip
def triplet_margin(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
) -> Tensor:
    """Balntas et al. 2016."""

    def distance(x: Tensor, y: Tensor) -> Tensor:
        return torch.linalg.vector_norm(x - y + eps, p, dim=-1)

    far = distance(anchor, negative)
    far = torch.minimum(far, distance(positive, negative)) if swap else far
    return at_least(distance(anchor, positive) - far + margin, 0)


@row(
    "contrastive_loss", "ContrastiveLoss", pairs, **PAIRS,
    params=({}, {"neg_margin": 3.0, "power": 2}, {"pos_margin": 0.5, "p": 1.0, "neg_margin": 9.0}),
    bad=(Bad("contrastive: power must be <= 2, got 3", {"power": 3}),
         Bad("contrastive: p must be >= 0, got -1", {"p": -1.0})),
)  # fmt: skip
def contrastive(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    pos_margin: float = 0.0,
    neg_margin: float = 1.0,
    p: float = 2.0,
    power: int = 1,
) -> Tensor:
    """Hadsell et al. 2006, for power 2."""
    d = torch.linalg.vector_norm(input1 - input2, p, dim=-1)
    gap = at_least(torch.where(target > 0, d - pos_margin, neg_margin - d), 0)
    return gap**power
