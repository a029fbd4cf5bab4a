"""Contrast and regions of a batch that ranks share are those of the one large batch."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import lossops.functional as F
from lossops.distributed import contrast_across_ranks, regions_across_ranks
from tests.ranks import on_ranks
from tests.test_class_sharded import DTYPES, close, cut

SIZES = {2: (5, 2), 4: (3, 0, 4, 1)}


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def compare(function: Any, across: Callable[..., Tensor], vectors: dict[str, Tensor],
            rest: dict[str, Any], first: int, count: int, factor: float) -> None:  # fmt: skip
    """Shares add up to `factor` times the large batch's loss, and gradients with them."""
    leaves = {n: t.clone().requires_grad_(t.is_floating_point()) for n, t in vectors.items()}
    numbers = {n: t.clone().requires_grad_() for n, t in rest.items() if isinstance(t, Tensor)}
    expected = function(**leaves, **{**rest, **numbers})
    own = {n: t.narrow(0, first, count).clone() for n, t in vectors.items()}
    for t in own.values():
        t.requires_grad_(t.is_floating_point())
    mine = {n: t.detach().clone().requires_grad_() for n, t in numbers.items()}
    found = across(function, **own, **{**rest, **mine})
    total = found.detach().clone()
    what = (function.__name__, rest)
    if rest.get("reduction") == "none":
        pieces = expected.view(-1, len(next(iter(vectors.values()))), *expected.shape[1:])
        close(found.detach(), pieces.narrow(1, first, count).reshape(found.shape).detach(), what)
        expected.sum().backward()
        found.sum().backward()
    else:
        torch.distributed.all_reduce(total)
        close(total, factor * expected.detach(), what)
        (factor * expected).backward()
        found.backward()
    for name, t in own.items():
        if t.requires_grad:
            close(t.grad, leaves[name].grad.narrow(0, first, count), (*what, name))
    for name, t in mine.items():
        torch.distributed.all_reduce(t.grad)
        close(t.grad, numbers[name].grad, (*what, name))


def run_contrast(rank: int, ranks: int, dtype: torch.dtype) -> None:
    sizes = SIZES[ranks]
    first, count = cut(ranks, rank, sizes)
    n = sum(sizes)
    x, y, z = (draw(n, 6, seed=s).to(dtype) for s in range(3))
    classes = torch.tensor([0, 1, 0, -1, 2, 1, 1, 3])[:n]
    scale, bias = torch.tensor(3.0, dtype=dtype), torch.tensor(-1.0, dtype=dtype)
    calls: list[tuple[Any, dict[str, Tensor], dict[str, Any]]] = [
        (F.info_nce_loss, {"query": x, "key": y}, {"temperature": 0.2}),
        (F.info_nce_loss, {"query": x, "key": y}, {"normalize": False, "temperature": 2.0}),
        (F.info_nce_loss, {"query": x, "key": y, "negatives": z}, {}),
        (F.nt_xent_loss, {"z1": x, "z2": y}, {}),
        (F.clip_loss, {"image_features": x, "text_features": y}, {"logit_scale": scale}),
        (F.siglip_loss, {"image_features": x, "text_features": y},
         {"logit_scale": scale, "logit_bias": bias}),
        (F.supcon_loss, {"features": x, "labels": classes}, {"temperature": 0.3}),
        (F.supcon_loss, {"features": torch.stack([x, y], 1), "labels": classes},
         {"temperature": 0.3, "base_temperature": 0.1}),
    ]  # fmt: skip
    for function, vectors, rest in calls:
        for reduction in ("mean", "sum", "none"):
            for averaged in (True, False):
                factor = ranks if reduction == "mean" and averaged else 1.0

                def across(f: Any, averaged: bool = averaged, **given: Any) -> Tensor:
                    return contrast_across_ranks(f, averaged=averaged, **given)

                compare(function, across, vectors, {**rest, "reduction": reduction}, first, count,
                        factor)  # fmt: skip
    weights = draw(n).to(dtype).abs()
    for function, vectors, rest in (calls[0], calls[4]):
        given = {n: t.narrow(0, first, count) for n, t in vectors.items()}
        share = contrast_across_ranks(function, **given, **rest, averaged=False,
                                      weight=weights.narrow(0, first, count))  # fmt: skip
        torch.distributed.all_reduce(share)
        close(share, function(**vectors, **rest, weight=weights), function.__name__)


def run_labels(rank: int) -> None:
    """Labels are of a rank's own keys, and behind them of its negatives."""
    x, y, z = (draw(4, 6, seed=s) for s in range(3))
    own = slice(2 * rank, 2 * rank + 2)
    labels = [torch.tensor([1, 2]), torch.tensor([3, -1])]  # a key, a negative; a negative, none
    share = contrast_across_ranks(F.info_nce_loss, x[own], y[own], z[own], labels[rank],
                                  averaged=False)  # fmt: skip
    torch.distributed.all_reduce(share)
    close(share, F.info_nce_loss(x, y, z, torch.tensor([1, 4, 7, -1])), "labels")


def run_chunks(rank: int) -> None:
    """Scores of 256 rows at a time are the same."""
    from lossops.distributed import contrast

    x, classes = draw(600, 4), torch.arange(600) % 7
    own = slice(300 * rank, 300 * rank + 300)
    values = []
    for size in (1 << 20, 1):
        contrast.CHUNK_BYTES = size
        leaf = x[own].clone().requires_grad_()
        contrast_across_ranks(F.supcon_loss, leaf, classes[own]).backward()
        values.append(leaf.grad)
    close(values[1], values[0], "chunks")


REGIONS: list[tuple[Any, dict[str, Any]]] = [
    (F.dice_loss, {}),
    (F.dice_loss, {"squared": True, "include_background": False, "smooth": 1.0}),
    (F.jaccard_loss, {"soft_label": True}),
    (F.tversky_loss, {"fp_weight": 0.3, "log": True}),
    (F.focal_tversky_loss, {"absent": "skip"}),
    (F.generalized_dice_loss, {}),
    (F.mcc_loss, {}),
    (F.dice_ce_loss, {"label_smoothing": 0.1}),
    (F.dice_focal_loss, {"activation": "sigmoid"}),
]


def run_regions(rank: int, ranks: int, dtype: torch.dtype) -> None:
    sizes = SIZES[ranks]
    first, count = cut(ranks, rank, sizes)
    n = sum(sizes)
    x = draw(n, 3, 4, 5).to(dtype)
    labels = torch.randint(3, (n, 4, 5), generator=torch.Generator().manual_seed(0))
    labels[:, 0, :3] = 9
    weight = torch.tensor([0.5, 1.0, 2.0], dtype=dtype)
    for function, params in REGIONS:
        for common in ({}, {"ignore_index": 9, "weight": weight}):
            target = labels.clamp(max=2) if not common else labels
            rest = {**params, **common, "batch": True}
            leaf = x.clone().requires_grad_()
            expected = function(leaf, target, **rest)
            expected.backward()
            for averaged in (True, False):
                own = x.narrow(0, first, count).clone().requires_grad_()
                found = regions_across_ranks(function, own, target.narrow(0, first, count),
                                             averaged=averaged, **rest)  # fmt: skip
                close(found.detach(), expected.detach(), function.__name__)
                found.backward()
                gradient = leaf.grad.narrow(0, first, count) * (ranks if averaged else 1)
                close(own.grad, gradient, function.__name__)


def run_all(rank: int, ranks: int) -> None:
    for dtype in DTYPES:
        run_contrast(rank, ranks, dtype)
        run_regions(rank, ranks, dtype)
    if ranks == 2:
        run_labels(rank)
        run_chunks(rank)


@pytest.mark.parametrize("ranks", SIZES)
def test_losses(tmp_path: Path, ranks: int) -> None:
    """Batches of any size, one of them empty, samples without a class or positive."""
    on_ranks(tmp_path, run_all, ranks, ranks=ranks)


def test_regions_of_samples() -> None:
    with pytest.raises(ValueError, match="batch must be True, got False"):
        regions_across_ranks(F.dice_loss, torch.zeros(1, 2, 3), torch.zeros(1, 3, dtype=torch.long))
    with pytest.raises(TypeError, match="function must be a loss of regions"):
        regions_across_ranks(F.mse_loss, torch.zeros(1, 2, 3), torch.zeros(1, 2, 3), batch=True)


def run_mistakes(rank: int) -> str:
    x = torch.zeros(2, 3 + rank)
    with pytest.raises(ValueError) as caught:
        contrast_across_ranks(F.info_nce_loss, x, x)
    with pytest.raises(ValueError, match="classes must be the same on all ranks"):
        regions_across_ranks(F.dice_loss, torch.zeros(1, 2 + rank, 3),
                             torch.zeros(1, 3, dtype=torch.long), batch=True)  # fmt: skip
    return str(caught.value)


def test_mistakes(tmp_path: Path) -> None:
    """Every rank raises for shapes that disagree."""
    for said in on_ranks(tmp_path, run_mistakes):
        assert "features of query must be the same on all ranks, got [3, 4]" in said


def test_wrong_function() -> None:
    with pytest.raises(TypeError, match="function must be one of lossops.functional's info_nce"):
        contrast_across_ranks(F.mse_loss, torch.zeros(2), torch.zeros(2))
