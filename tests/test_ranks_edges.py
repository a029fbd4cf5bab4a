"""Losses over ranks where there is little, or something odd: no rows, NaN, halves, autocast."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Partial, Replicate, Shard, distribute_tensor
from torch.distributed.tensor.experimental import implicit_replication

import lossops.functional as F
from lossops import _C
from lossops.distributed import _rows, class_sharded, contrast_across_ranks
from lossops.distributed._classes import LOSSES
from tests.class_axis import ROWS
from tests.ranks import on_ranks
from tests.test_class_sharded import close

LABELS = torch.tensor([0, 6, 3, -100, 1, 2])


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def halves(t: Tensor, dim: int) -> Tensor:
    """This rank's half."""
    return t.chunk(2, dim)[dist.get_rank()].detach().clone()


ORDERED = {"coral", "corn", "distribution_focal"}  # few thresholds, or bins with a point between


def test_every_loss_is_shared() -> None:
    """No loss over a class axis has its classes gathered, but for those of classes in an order."""
    tokens = {"selective_log_softmax", "softmax_entropy"}
    assert set(LOSSES) == {loss.op for loss in ROWS} - ORDERED | tokens
    known = _C.class_axis_losses()
    assert {op for op in known if known[op]["indivisible"]} == ORDERED


# -- derivatives ---


def of_gradients(loss: Tensor, *by: Tensor) -> Tensor:
    grads = torch.autograd.grad(loss, by, create_graph=True)
    return torch.stack([g.square().sum() for g in grads]).sum()


def run_second_order(rank: int) -> None:  # noqa: ARG001
    """A penalty on gradients: of each rank's own parts, and of what all ranks have."""
    x, w, labels = draw(6, 5), draw(8, 5, seed=1), LABELS
    one = [t.clone().requires_grad_() for t in (x, w)]
    of_gradients(F.linear_cross_entropy(*one, labels, label_smoothing=0.1), *one).backward()
    two = [x.clone().requires_grad_(), halves(w, 0).requires_grad_()]
    loss = class_sharded(F.linear_cross_entropy, *two, labels, label_smoothing=0.1)
    of_gradients(loss, *two).backward()
    close(two[0].grad, one[0].grad, "features")
    close(two[1].grad, halves(one[1].grad, 0), "weight")
    z = draw(6, 8)
    for function in (F.softmax_focal_loss, F.confidence_penalty_loss, F.label_relaxation_loss,
                     F.taylor_cross_entropy_loss, F.symmetric_cross_entropy_loss,
                     F.normalized_cross_entropy_loss):  # fmt: skip
        whole, part = z.clone().requires_grad_(), halves(z, 1).requires_grad_()
        of_gradients(function(whole, labels), whole).backward()
        of_gradients(class_sharded(function, part, labels), part).backward()
        close(part.grad, halves(whole.grad, 1), function.__name__)
    classes = torch.tensor([0, 1, 0, 1, 1, 2])
    for function, rest in ((F.clip_loss, (draw(6, 8, seed=2), 3.0)), (F.supcon_loss, (classes,))):
        whole, part = z.clone().requires_grad_(), halves(z, 0).requires_grad_()
        of_gradients(function(whole, *rest), whole).backward()
        own = [halves(t, 0) if isinstance(t, Tensor) else t for t in rest]
        share = contrast_across_ranks(function, part, *own, averaged=False)
        of_gradients(share, part).backward()
        close(part.grad, halves(whole.grad, 0), function.__name__, 1.0)


def run_partly_trained(rank: int) -> None:
    """The classes of one rank are frozen, with the features or without them."""
    x, w = draw(6, 5), draw(8, 5, seed=1)
    for trains_features in (True, False):
        one = x.clone().requires_grad_(trains_features), w.clone().requires_grad_()
        F.linear_cross_entropy(*one, LABELS).backward()
        features = x.clone().requires_grad_(trains_features)
        weight = halves(w, 0).requires_grad_(rank == 0)
        loss = class_sharded(F.linear_cross_entropy, features, weight, LABELS)
        if loss.requires_grad:
            loss.backward()
        if trains_features:
            close(features.grad, one[0].grad, "features")
        if rank == 0:
            close(weight.grad, halves(one[1].grad, 0), "weight")


def run_without_gradients(rank: int) -> None:  # noqa: ARG001
    _rows.CHUNK_BYTES = 100
    x, w, labels = draw(600, 5), draw(8, 5, seed=1), torch.arange(600) % 8
    expected = F.linear_cross_entropy(x, w, labels)
    for context in (torch.no_grad(), torch.inference_mode()):
        with context:
            found = class_sharded(F.linear_cross_entropy, x, halves(w, 0), labels)
        close(found, expected, context)


# -- little data ---


def run_little(rank: int) -> None:  # noqa: ARG001
    """No row, only ignored ones, a single row without a batch."""
    x = draw(6, 8)
    for rows, labels in ((x[:0], LABELS[:0]), (x, torch.full((6,), -100)), (x[0], LABELS[1])):
        for reduction in ("mean", "sum", "none"):
            whole, part = rows.clone().requires_grad_(), halves(rows, -1).requires_grad_()
            expected = F.cross_entropy(whole, labels, reduction=reduction)
            found = class_sharded(F.cross_entropy, part, labels, reduction=reduction)
            close(found.detach(), expected.detach(), (rows.shape, reduction))
            expected.sum().backward()
            found.sum().backward()
            close(part.grad, halves(whole.grad, -1), (rows.shape, reduction))
    with pytest.raises(IndexError, match="target must be in"):
        class_sharded(F.cross_entropy, x[:, :0], LABELS)


def run_ignored_nan(rank: int) -> None:  # noqa: ARG001
    """What is ignored may hold anything."""
    mesh = init_device_mesh("cpu", (2,))
    z, x, w = draw(6, 8), draw(6, 5), draw(8, 5, seed=1)
    z[3], x[3] = math.nan, math.inf
    whole, part = z.clone().requires_grad_(), halves(z, 1).requires_grad_()
    F.cross_entropy(whole, LABELS).backward()
    class_sharded(F.cross_entropy, part, LABELS).backward()
    close(part.grad, halves(whole.grad, 1), "logits")
    sharded = distribute_tensor(z, mesh, [Shard(1)]).requires_grad_()
    F.cross_entropy(sharded, LABELS).backward()
    close(sharded.grad.full_tensor(), whole.grad, "DTensor")
    one = [t.clone().requires_grad_() for t in (x, w)]
    F.linear_cross_entropy(*one, LABELS, label_smoothing=0.1).backward()
    two = [x.clone().requires_grad_(), halves(w, 0).requires_grad_()]
    class_sharded(F.linear_cross_entropy, *two, LABELS, label_smoothing=0.1).backward()
    close(two[0].grad, one[0].grad, "features")
    close(two[1].grad, halves(one[1].grad, 0), "weight")


def run_groups(rank: int) -> None:
    """Two groups of two ranks, and groups of one."""
    z = draw(6, 8)
    groups = [dist.new_group([0, 1]), dist.new_group([2, 3])]
    own, other = groups[rank // 2], groups[1 - rank // 2]
    part = z.chunk(2, 1)[rank % 2]
    expected = F.cross_entropy(z, LABELS)
    close(class_sharded(F.cross_entropy, part, LABELS, group=own), expected, "two")
    with pytest.raises(ValueError, match=f"group must have this rank, {rank}, in it"):
        class_sharded(F.cross_entropy, part, LABELS, group=other)
    alone = [dist.new_group([k]) for k in range(4)][rank]
    close(class_sharded(F.cross_entropy, z, LABELS, group=alone), expected, "one")
    with pytest.raises(ValueError, match="num_classes must be that of all ranks' classes, 8"):
        class_sharded(F.cross_entropy, z, LABELS, group=alone, num_classes=9)


def run_square(rank: int) -> None:  # noqa: ARG001
    """Rows sharded over one dimension of the mesh and classes over the other, both unevenly."""
    mesh = init_device_mesh("cpu", (2, 2))
    z, labels = draw(5, 7), torch.tensor([0, 6, 3, -100, 1])
    weight = torch.arange(1.0, 8.0, dtype=torch.float64)
    for function in (F.cross_entropy, F.softmax_focal_loss, F.confidence_penalty_loss,
                     F.normalized_cross_entropy_loss):  # fmt: skip
        for reduction in ("mean", "none"):
            for placements in ([Shard(0), Shard(1)], [Shard(1), Shard(0)], [Shard(1), Shard(1)]):
                whole = z.clone().requires_grad_()
                expected = function(whole, labels, weight=weight, reduction=reduction)
                expected.sum().backward()
                sharded = distribute_tensor(z, mesh, placements).requires_grad_()
                found = function(sharded, labels, weight=weight, reduction=reduction)
                what = (function.__name__, reduction, placements)
                close(found.full_tensor().detach(), expected.detach(), what)
                with implicit_replication():
                    found.sum().backward()
                close(sharded.grad.full_tensor(), whole.grad, what)


def run_placements(rank: int) -> None:  # noqa: ARG001
    """Logits that are still to be added up, or are everywhere; labels that are sharded."""
    mesh = init_device_mesh("cpu", (2,))
    z = draw(6, 8)
    expected = F.cross_entropy(z, LABELS)
    everywhere = distribute_tensor(z, mesh, [Replicate()])
    labels = distribute_tensor(LABELS, mesh, [Shard(0)])
    for logits, target in (
        (everywhere, LABELS),
        (DTensor.from_local(z / 2, mesh, [Partial()]), LABELS),
        (distribute_tensor(z, mesh, [Shard(0)]), labels),
        (distribute_tensor(z, mesh, [Shard(1)]), labels),
    ):
        close(F.cross_entropy(logits, target).full_tensor(), expected, logits.placements)


# -- dtypes ---


def run_autocast(rank: int) -> None:  # noqa: ARG001
    """As one process: a layer in bfloat16, sums in float32, whose result is that of narrow ones."""
    z, x, w = draw(6, 8).float(), draw(6, 5).float(), draw(8, 5, seed=1).float()
    classes = torch.tensor([0, 1, 0, 1, 1, 2])
    narrow = z.bfloat16()

    def clip(z: Tensor) -> Tensor:
        return contrast_across_ranks(F.clip_loss, halves(z, 0), halves(z, 0), 3.0, reduction="none")

    def supcon(z: Tensor) -> Tensor:
        return contrast_across_ranks(F.supcon_loss, halves(z, 0), halves(classes, 0),
                                     reduction="none")  # fmt: skip

    pairs: list[tuple[Callable[[], Tensor], Callable[[], Tensor]]] = [
        (lambda: class_sharded(F.linear_cross_entropy, x, halves(w, 0), LABELS),
         lambda: F.linear_cross_entropy(x, w, LABELS)),
        (lambda: class_sharded(F.linear_arcface_loss, x, halves(w, 0), LABELS),
         lambda: F.linear_arcface_loss(x, w, LABELS)),
        (lambda: class_sharded(F.cross_entropy, halves(narrow, 1), LABELS),
         lambda: F.cross_entropy(narrow, LABELS)),
        (lambda: clip(narrow),
         lambda: halves(F.clip_loss(narrow, narrow, 3.0, reduction="none"), 0)),
        (lambda: supcon(z), lambda: halves(F.supcon_loss(z, classes, reduction="none"), 0)),
    ]  # fmt: skip
    with torch.autocast("cpu", torch.bfloat16):
        for k, (ours, plain) in enumerate(pairs):
            close(ours().detach(), plain().detach(), k)


def run_halves(rank: int) -> None:  # noqa: ARG001
    """Vectors of half precision, or of two dtypes: a share is rounded as the loss is."""
    z, y = draw(6, 8), draw(6, 8, seed=1)
    pairs: list[tuple[torch.dtype, torch.dtype]] = [
        (torch.bfloat16, torch.bfloat16), (torch.float16, torch.float16),
        (torch.bfloat16, torch.float32),
    ]  # fmt: skip
    calls: list[tuple[Any, tuple[Any, ...]]] = [
        (F.clip_loss, (3.0,)), (F.info_nce_loss, ()), (F.nt_xent_loss, ()), (F.siglip_loss, (3.0,)),
    ]  # fmt: skip
    for first, second in pairs:
        for function, rest in calls:
            x = z.to(first).requires_grad_()
            expected = function(x, y.to(second), *rest, reduction="sum")
            expected.backward()
            own = halves(z, 0).to(first).requires_grad_()
            share = contrast_across_ranks(function, own, halves(y, 0).to(second), *rest,
                                          reduction="sum")  # fmt: skip
            share.backward()
            assert share.dtype == expected.dtype
            total = share.detach().double()
            dist.all_reduce(total)
            step = torch.finfo(expected.dtype).eps
            assert total.item() == pytest.approx(expected.item(), rel=2 * step)
            assert x.grad is not None
            rounding = 2 * torch.finfo(first).eps * x.grad.abs().max().item()
            torch.testing.assert_close(own.grad, halves(x.grad, 0), rtol=0, atol=rounding)


def run_two(rank: int) -> None:
    for part in (run_second_order, run_partly_trained, run_little, run_ignored_nan, run_placements,
                 run_autocast, run_halves, run_without_gradients):  # fmt: skip
        part(rank)


def test_two_ranks(tmp_path: Path) -> None:
    on_ranks(tmp_path, run_two)


def run_four(rank: int) -> None:
    run_groups(rank)
    run_square(rank)


def test_four_ranks(tmp_path: Path) -> None:
    on_ranks(tmp_path, run_four, ranks=4)
