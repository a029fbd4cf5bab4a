"""Losses over ranks in one graph of torch.compile are those of eager calls."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import lossops.functional as F
from lossops.distributed import class_sharded, contrast_across_ranks, regions_across_ranks
from tests.ranks import on_ranks
from tests.test_class_sharded import close

Call = Callable[[Tensor], Tensor]


def calls(rank: int) -> dict[str, tuple[Call, Tensor]]:
    """Functions of one tensor that this rank has, and that."""
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 8, 8, generator=generator, dtype=torch.float64).unbind()
    x = x[:6]
    labels, own = torch.tensor([0, 6, 3, -100, 1, 2]), slice(3 * rank, 3 * rank + 3)
    first = 4 * rank
    here = slice(first, first + 4)
    maps = torch.randn(3, 3, 5, generator=generator, dtype=torch.float64)
    regions = torch.randint(3, (3, 5), generator=generator)

    def sharded(function: Any, *rest: Tensor, **params: Any) -> Call:
        return lambda x: class_sharded(function, 2 * x, *rest, labels, first_class=first,
                                       num_classes=8, **params)  # fmt: skip

    def contrast(function: Any, *rest: Any) -> Call:
        return lambda x: contrast_across_ranks(function, 2 * x, *rest)

    def of_regions(function: Any, **params: Any) -> Call:
        return lambda x: regions_across_ranks(function, 2 * x, regions, batch=True, **params)

    return {
        "cross_entropy": (sharded(F.cross_entropy, label_smoothing=0.1, z_loss=0.1), x[:, here]),
        "softmax_focal": (sharded(F.softmax_focal_loss), x[:, here]),
        "confidence_penalty": (sharded(F.confidence_penalty_loss), x[:, here]),
        "linear_cross_entropy": (sharded(F.linear_cross_entropy, y[here]), x),
        "info_nce": (contrast(F.info_nce_loss, y[own]), x[own]),
        "clip": (contrast(F.clip_loss, y[own], 3.0), x[own]),
        "siglip": (contrast(F.siglip_loss, y[own], 3.0, -1.0), x[own]),
        "nt_xent": (contrast(F.nt_xent_loss, y[own]), x[own]),
        "supcon": (contrast(F.supcon_loss, torch.tensor([0, 1, 0])), x[own]),
        "dice": (of_regions(F.dice_loss), maps),
        "focal_tversky": (of_regions(F.focal_tversky_loss, weight=torch.arange(1.0, 4)), maps),
        "dice_ce": (of_regions(F.dice_ce_loss), maps),
    }


FEW = ("cross_entropy", "clip", "dice")


def run(rank: int, backend: str, names: tuple[str, ...] | None) -> None:
    for name, (function, given) in calls(rank).items():
        if names is not None and name not in names:
            continue
        leaves = [given.clone().requires_grad_() for _ in range(2)]
        expected = function(leaves[0])
        found = torch.compile(function, fullgraph=True, backend=backend)(leaves[1])
        close(found.detach(), expected.detach(), name)
        for loss in (expected, found):
            loss.backward()
        assert leaves[1].grad is not None
        close(leaves[1].grad, leaves[0].grad, name)


def test_one_graph(tmp_path: Path) -> None:
    """Forward and backward, without a break: classes, contrast and regions."""
    on_ranks(tmp_path, run, "aot_eager", FEW)


@pytest.mark.slow
def test_inductor(tmp_path: Path) -> None:
    on_ranks(tmp_path, run, "inductor", None)
