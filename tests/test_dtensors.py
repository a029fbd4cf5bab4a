"""Losses and penalties of DTensors: no gather where classes, rows or elements are sharded."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, Placement, Replicate, Shard, distribute_tensor

import lossops
import lossops.functional as F
from lossops.monitor import LossMeter
from tests.cases import Case, make_case
from tests.class_axis import ROWS
from tests.families import of_family
from tests.families.class_axis import ClassAxis
from tests.families.elementwise import Elementwise
from tests.losses import LOSSES as TABLE
from tests.ranks import on_ranks
from tests.test_class_sharded import Traffic, close

DTYPES = (torch.float32, torch.float64)


def check(case: Case, mesh: DeviceMesh, placements: dict[str, list[Placement]],
          kept: bool = True) -> None:  # fmt: skip
    """Value and gradients are those of plain tensors; if `kept`, with the operands' shardings."""
    names = case.differentiable
    leaves = dict(zip(names, case.leaves(names), strict=True))
    expected = case.ours(**leaves)
    generator = torch.Generator().manual_seed(3)
    upstream = torch.rand(expected.shape, generator=generator, dtype=torch.float64) + 0.5
    upstream = upstream.to(expected.dtype)
    expected.backward(upstream)
    sharded: dict[str, Any] = {
        n: distribute_tensor(t.detach().clone(), mesh, placements[n]) if n in placements else t
        for n, t in case.tensors.items()
    }
    for name in names:
        sharded[name] = sharded[name].detach().clone().requires_grad_()
    found = case.ours(**sharded)
    what = (case, placements)
    assert isinstance(found, DTensor), what
    close(found.full_tensor().detach(), expected.detach(), what)
    if case.reduction == "none":
        found.backward(distribute_tensor(upstream, mesh, [Replicate()] * mesh.ndim))
    else:
        found.backward(distribute_tensor(upstream, mesh, [Replicate()] * mesh.ndim))
    for name in names:
        gradient, reference = sharded[name].grad, leaves[name].grad
        if reference is None:
            continue
        if isinstance(gradient, DTensor):
            if kept and name in placements:
                shards = [p for p in placements[name] if p.is_shard()]
                assert [p for p in gradient.placements if p.is_shard()] == shards, (what, name)
            gradient = gradient.full_tensor()
        # That of a weight by which the mean divides is the difference of a row's cost and the mean.
        parts = expected.abs().max().item() / leaves[name].sum().item() if name == "weight" else 0.0
        close(gradient, reference, (what, name), parts)


def run_classes(rank: int, ranks: int, dtype: torch.dtype) -> int:  # noqa: ARG001
    """Sharded by classes, and by rows; few ordered classes are gathered."""
    mesh, done = init_device_mesh("cpu", (ranks,)), 0
    for loss in ROWS:
        for params in loss.params:
            for reduction in ("mean", "none"):
                for shape in ((5, 7), (2, 7, 3)):
                    if loss.family.fit(shape) != shape:
                        continue
                    case = make_case(loss, params, shape, dtype=dtype, reduction=reduction,
                                     weight="full" if reduction == "mean" else None,
                                     ignore=loss.under(params).ignore)  # fmt: skip
                    axis = case.loss.family.class_axis(len(shape))
                    for dim in (axis, 0):
                        done += 1
                        check(case, mesh, {
                            n: [Shard(dim)] for n in case.loss.operands
                            if case.tensors[n].is_floating_point()
                            and case.tensors[n].dim() == len(shape)
                        })  # fmt: skip
    return done


ELEMENTWISE = [loss for loss in TABLE if of_family(Elementwise)(loss)]


def run_elements(rank: int, ranks: int) -> None:  # noqa: ARG001
    """Every element-wise loss, its means over what counts and over weights."""
    line, square = init_device_mesh("cpu", (ranks,)), None
    if ranks == 4:
        square = init_device_mesh("cpu", (2, 2))
    for loss in ELEMENTWISE:
        for params in loss.params:
            for reduction in loss.reductions:
                for weight in (None, "full", "row"):
                    case = make_case(loss, params, (5, 3), reduction=reduction, weight=weight,
                                     ignore=loss.ignore and weight is None)  # fmt: skip
                    mesh = square or line
                    both: list[Placement] = [Shard(0), Shard(1)]
                    chosen = both if square else [Shard(0)]
                    check(case, mesh, {
                        n: chosen for n in case.loss.operands
                        if case.tensors[n].shape == (5, 3)
                    }, kept=loss.op != "multilabel_soft_margin")  # fmt: skip


def run_others(rank: int) -> None:  # noqa: ARG001
    """A loss that needs the whole batch has it gathered."""
    mesh = init_device_mesh("cpu", (2,))
    for loss in TABLE:
        if of_family(Elementwise)(loss) or of_family(ClassAxis)(loss) or loss.op in ("ctc", "rnnt"):
            continue
        for reduction in loss.mean_and_none:
            case = make_case(loss, shape=(4, 3, 5), reduction=reduction)
            check(case, mesh, {n: [Shard(0)] for n in case.loss.operands}, kept=False)
    x, y = torch.randn(6, 4, dtype=torch.float64), torch.randn(6, 4, dtype=torch.float64)
    sharded = [distribute_tensor(t, mesh, [Shard(0)]) for t in (x, y)]
    x, y = (t.full_tensor() for t in sharded)
    close(F.info_nce_loss(*sharded).full_tensor(), F.info_nce_loss(x, y), "info_nce")


def run_layer(rank: int, ranks: int) -> None:  # noqa: ARG001
    """A layer's classes, its features on every rank."""
    mesh = init_device_mesh("cpu", (ranks,))
    generator = torch.Generator().manual_seed(0)
    draw = lambda *s: torch.randn(*s, generator=generator, dtype=torch.float64)  # noqa: E731
    x, w, b, t = draw(2, 5, 3), draw(7, 3), draw(7), torch.randint(7, (2, 5), generator=generator)
    t[0, 0] = -100
    for reduction in ("mean", "none"):
        for name in ("linear_cross_entropy", "linear_softmax_focal_loss", "linear_arcface_loss"):
            function = getattr(F, name)
            rest = {} if "arcface" in name else {"linear_bias": b}
            plain = [v.clone().requires_grad_() for v in (x, w)]
            expected = function(*plain, t, **rest, reduction=reduction)
            expected.sum().backward()
            weight = distribute_tensor(w, mesh, [Shard(0)]).requires_grad_()
            features = distribute_tensor(x, mesh, [Replicate()]).requires_grad_()
            found = function(features, weight, t, **rest, reduction=reduction)
            close(found.full_tensor().detach(), expected.detach(), name)
            found.sum().backward()
            assert weight.grad.placements == (Shard(0),)
            close(weight.grad.full_tensor(), plain[1].grad, name)
            close(features.grad.full_tensor(), plain[0].grad, name)


def run_composed(rank: int, ranks: int) -> None:  # noqa: ARG001
    """Losses whose logits are changed by their label's class before the operator."""
    mesh = init_device_mesh("cpu", (ranks,))
    cosines = torch.linspace(-0.9, 0.9, 35, dtype=torch.float64).sin().view(5, 7)
    labels, by_class = torch.tensor([0, 6, 3, -100, 1]), torch.linspace(0.1, 0.4, 7)
    for loss in (
        lambda x, m: F.arcface_loss(x, labels, margin=m),
        lambda x, m: F.cosface_loss(x, labels, margin=m),
        lambda x, m: F.seesaw_loss(x, labels, counts=100 * m),
    ):
        plain = [t.clone().double().requires_grad_() for t in (cosines, by_class)]
        expected = loss(*plain)
        expected.backward()
        for dim in (0, 1):
            margin = by_class.clone().double().requires_grad_()
            sharded = distribute_tensor(cosines, mesh, [Shard(dim)]).requires_grad_()
            found = loss(sharded, margin)
            close(found.full_tensor().detach(), expected.detach(), dim)
            found.backward()
            close(sharded.grad.full_tensor(), plain[0].grad, dim)
            if plain[1].grad is not None:
                close(margin.grad, plain[1].grad, dim)


def run_no_gather(rank: int) -> float:  # noqa: ARG001
    mesh = init_device_mesh("cpu", (4,))
    logits = distribute_tensor(torch.randn(64, 400), mesh, [Shard(1)]).requires_grad_()
    labels = torch.randint(400, (64,), generator=torch.Generator().manual_seed(0))
    with Traffic() as traffic:
        F.cross_entropy(logits, labels).backward()
    return traffic.sent / 64


def run_inference(rank: int) -> None:  # noqa: ARG001
    """Without gradients, and where autograd is not there at all."""
    mesh = init_device_mesh("cpu", (2,))
    x, t = torch.arange(14.0).view(2, 7) / 5, torch.tensor([1, 4])
    for context in (torch.no_grad(), torch.inference_mode()):
        with context:
            found = F.cross_entropy(distribute_tensor(x, mesh, [Shard(1)]), t)
            close(found.full_tensor(), F.cross_entropy(x, t), context)
            both = distribute_tensor(x, mesh, [Shard(0)]), distribute_tensor(-x, mesh, [Shard(0)])
            close(F.huber_loss(*both).full_tensor(), F.huber_loss(x, -x), context)


def run_monitored(rank: int) -> None:  # noqa: ARG001
    """A loss that is a DTensor is watched as the number that it is."""
    logits = torch.arange(14.0).view(2, 7) / 5
    mesh = init_device_mesh("cpu", (2,))
    sharded = distribute_tensor(logits, mesh, [Shard(1)])
    meter, labels = LossMeter(), torch.tensor([1, 4])
    meter.update(F.cross_entropy(sharded, labels))
    assert meter.compute(mesh.get_group()).mean == pytest.approx(
        F.cross_entropy(logits, labels).item()
    )


def run_compiled(rank: int) -> None:  # noqa: ARG001
    mesh = init_device_mesh("cpu", (2,))
    x, t = torch.randn(4, 7, generator=torch.Generator().manual_seed(0)), torch.tensor([1, 4, 0, 6])
    plain = x.clone().requires_grad_()
    F.cross_entropy(plain, t, z_loss=0.1).backward()
    F.huber_loss(plain, plain.detach() + 0.3).backward()
    logits = distribute_tensor(x, mesh, [Shard(1)]).requires_grad_()

    @torch.compile(fullgraph=True, backend="aot_eager")
    def both(logits: Tensor, t: Tensor) -> Tensor:
        return F.cross_entropy(logits, t, z_loss=0.1) + F.huber_loss(logits, logits.detach() + 0.3)

    both(logits, t).backward()
    close(logits.grad.full_tensor(), plain.grad, "compiled")


def test_compiled(tmp_path: Path) -> None:
    on_ranks(tmp_path, run_compiled)


def run_defined(rank: int) -> None:  # noqa: ARG001
    mesh = init_device_mesh("cpu", (2,))
    loss = lossops.define("cauchy", "log1p(square((input - target) / c))", c=1.0)
    x, y = torch.arange(6.0), torch.ones(6)
    x.requires_grad_()
    loss(x, y, 2.0).backward()
    sharded = distribute_tensor(x.detach(), mesh, [Shard(0)]).requires_grad_()
    loss(sharded, distribute_tensor(y, mesh, [Shard(0)]), 2.0).backward()
    assert sharded.grad.placements == (Shard(0),)
    close(sharded.grad.full_tensor(), x.grad, "defined")


@pytest.mark.slow
def test_defined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Losses of the user's own, as our element-wise ones."""
    monkeypatch.setenv("LOSSOPS_CACHE", str(tmp_path / "cache"))
    on_ranks(tmp_path, run_defined)


def run_penalties(rank: int) -> None:  # noqa: ARG001
    """Of a model that is sharded layer by layer."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 3), nn.Linear(3, 1, bias=False))
    plain = [p.detach().clone().requires_grad_() for p in model.parameters()]
    for layer in model:
        fully_shard(layer)
    fully_shard(model)
    penalties = {
        lossops.l1_penalty: (0.3,), lossops.l2_penalty: (0.1,),
        lossops.elastic_net_penalty: (0.2, 0.4),
    }  # fmt: skip
    for penalty, strengths in penalties.items():
        expected, found = penalty(plain, *strengths), penalty(model, *strengths)
        close(found.detach(), expected.detach(), penalty)
        expected.backward()
        found.backward()
        with torch.no_grad():
            close(penalty(model, *strengths), expected.detach(), penalty)
    for p, q in zip(model.parameters(), plain, strict=True):
        assert p.grad.placements == p.placements
        close(p.grad.full_tensor(), q.grad, "penalty")


def run_all(rank: int, ranks: int) -> int:
    run_elements(rank, ranks)
    run_layer(rank, ranks)
    run_composed(rank, ranks)
    if ranks == 2:
        run_others(rank)
        run_inference(rank)
        run_monitored(rank)
        run_penalties(rank)
    else:
        assert 0 < run_no_gather(rank) <= 64
    return sum(run_classes(rank, ranks, dtype) for dtype in DTYPES)


@pytest.mark.parametrize("ranks", [2, 4])
def test_losses(tmp_path: Path, ranks: int) -> None:
    """Classes sharded, and rows and elements, of which a rank may have none; a layer; penalties."""
    assert min(on_ranks(tmp_path, run_all, ranks, ranks=ranks)) > 200
