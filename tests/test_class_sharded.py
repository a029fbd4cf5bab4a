"""Losses whose classes are spread over ranks are those of one process."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

import lossops.functional as F
from lossops.distributed import class_sharded
from lossops.distributed._classes import LOSSES
from tests.cases import Case, make_case
from tests.class_axis import ROWS
from tests.ranks import on_ranks

TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-13}
CUTS = {2: (5, 2), 4: (3, 0, 3, 1)}  # seven classes, some ranks with few or none
SHAPES = ((9, 7), (2, 7, 3))
DTYPES = (torch.float32, torch.float64)


def close(found: Tensor, expected: Tensor, what: object, beside: float = 0.0) -> None:
    """Equal to the digits that one process has, of the largest number or what it is made of."""
    assert found.dtype == expected.dtype, what
    assert found.shape == expected.shape, what
    finite = expected[expected.isfinite()]
    largest = finite.abs().max().item() if finite.numel() else 0.0
    torch.testing.assert_close(found, expected, rtol=0, equal_nan=True,
                               atol=TOLERANCE[expected.dtype] * max(largest, beside, 1e-3),
                               msg=lambda m: f"{what}: {m}")  # fmt: skip


def cut(ranks: int, rank: int, sizes: tuple[int, ...] | None = None) -> tuple[int, int]:
    """The first class of a rank, and how many it has."""
    sizes = CUTS[ranks] if sizes is None else sizes
    return sum(sizes[:rank]), sizes[rank]


def compare(function: Any, whole: dict[str, Any], own: dict[str, Tensor], rest: dict[str, Any],
            dims: dict[str, int], first: int, count: int, what: object,
            exact: bool = False) -> None:  # fmt: skip
    """Value and gradients by what is sharded along `dims`, and by what is `whole` on all ranks.

    `own` may hold parts of tensors per class, which have no gradient here. One process computes in
    the same dtype or, to be `exact`, in float64.
    """
    dtype = whole["input"].dtype

    def reference(value: Any) -> Any:
        is_float = isinstance(value, Tensor) and value.is_floating_point()
        return (
            value.detach().to(torch.float64 if exact else dtype, copy=True) if is_float else value
        )

    leaves = {n: reference(t) for n, t in whole.items()}
    for t in leaves.values():
        t.requires_grad_(t.is_floating_point())
    expected = function(**leaves, **{n: reference(v) for n, v in rest.items()})
    generator = torch.Generator().manual_seed(3)
    upstream = torch.rand(expected.shape, generator=generator, dtype=torch.float64) + 0.5
    upstream = upstream.to(dtype)
    expected.backward(upstream.to(expected.dtype))
    parts = {
        n: (t.narrow(dims[n], first, count) if n in dims else t).detach().clone()
        for n, t in whole.items()
    }
    for t in parts.values():
        t.requires_grad_(t.is_floating_point())
    found = class_sharded(function, **{**rest, **parts, **own}, first_class=first)
    close(found.detach(), expected.detach().to(dtype), what)
    found.backward(upstream)
    for name, t in parts.items():
        if not t.requires_grad or name in own:
            continue
        gradient = leaves[name].grad
        assert gradient is not None, (what, name)
        if name in dims:
            gradient = gradient.narrow(dims[name], first, count)
        got = torch.zeros_like(t) if t.grad is None else t.grad
        close(got, gradient.to(dtype), (what, name))


def table_cases(dtype: torch.dtype) -> Iterator[Case]:
    for loss in (row for row in ROWS if row.op in LOSSES):
        for params in loss.params:
            for k, shape in enumerate(SHAPES):
                for reduction in ("mean", "sum", "none"):
                    weighted, ignored = (k + len(reduction)) % 2 == 0, reduction != "sum"
                    if params.get("dim", -1) != -1 and shape[params["dim"]] != 7:
                        continue
                    if loss.family.fit(shape) != shape:
                        continue
                    yield make_case(loss, params, shape, dtype=dtype, reduction=reduction,
                                    weight="full" if weighted else None,
                                    ignore=ignored and loss.under(params).ignore,
                                    normalizer=reduction == "sum" and weighted)  # fmt: skip


def run_table(rank: int, ranks: int, dtype: torch.dtype) -> int:
    first, count = cut(ranks, rank)
    done = 0
    for case in table_cases(dtype):
        axis = case.loss.family.class_axis(case.tensors["input"].dim())
        if case.tensors["input"].size(axis) != 7:
            continue
        whole, own, dims = {}, {}, {}
        for name, t in case.tensors.items():
            if name in case.loss.operands and t.is_floating_point():
                whole[name], dims[name] = t, axis
            elif name in case.loss.tensor_params or name == "weight":
                whole[name] = t.detach()
                if t.dim() > 0 and t.size(-1) == 7 and done % 2:
                    own[name] = t.narrow(-1, first, count)
            else:
                whole[name] = t
        rest = {n: v for n, v in case.keywords().items() if n not in case.tensors}
        compare(getattr(F, case.loss.function), whole, own, rest, dims, first, count, case)
        done += 1
    return done


# -- losses of a layer ---

LAYERS: dict[str, dict[str, Any]] = {
    "linear_cross_entropy": {"label_smoothing": 0.1, "z_loss": 0.05, "softcap": 2.0},
    "linear_softmax_focal_loss": {"gamma": 1.5, "label_smoothing": 0.1},
    "linear_balanced_softmax_loss": {"prior": torch.arange(1.0, 8.0)},
    "linear_arcface_loss": {"margin": 0.3, "label_smoothing": 0.1},
    "linear_cosface_loss": {"margin": 0.2},
    "linear_distill_kl_loss": {"temperature": 1.5},
    "linear_jsd_loss": {"beta": 0.3, "temperature": 0.8},
}


def run_layers(rank: int, ranks: int, dtype: torch.dtype, chunk_bytes: int) -> None:
    from lossops.distributed import _rows

    _rows.CHUNK_BYTES = chunk_bytes
    first, count = cut(ranks, rank)
    generator = torch.Generator().manual_seed(1)
    for name, params in LAYERS.items():
        for rows in (9, 600):
            draw = lambda *s: torch.randn(*s, generator=generator, dtype=torch.float64).to(dtype)  # noqa: E731
            whole: dict[str, Any] = {"input": draw(rows, 4), "linear_weight": draw(7, 4)}
            if name.startswith(("linear_distill", "linear_jsd")):
                whole |= {"target": draw(rows, 3), "target_weight": draw(7, 3)}
            else:
                whole["target"] = torch.randint(7, (rows,), generator=generator)
                whole["target"][::4] = -100
                if "face" not in name:
                    whole["linear_bias"] = draw(7)
            dims = {n: 0 for n in whole if n.endswith(("_weight", "_bias"))}
            rest = {n: v.to(dtype) if isinstance(v, Tensor) else v for n, v in params.items()}
            compare(getattr(F, name), whole, {}, rest, dims, first, count, (name, rows),
                    exact=True)  # fmt: skip


# -- hard numbers ---


def run_hard(rank: int, ranks: int) -> None:
    """Far apart, masked, impossible, beyond what float16 or an exponential holds; ignored NaN."""
    first, count = cut(ranks, rank)
    x = torch.randn(8, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x[0] *= 1e4
    x[1, 3:] = -math.inf
    x[2, 5] = 300.0
    x[3, :] = 1e-9
    x[4, 0] = 90.0
    x[5, :] = math.nan
    x[6, 1:] = -math.inf
    x[7, 3] = -math.inf
    labels = torch.tensor([0, 2, 5, 6, 1, -100, 0, 3])
    average = 0.9 * x.softmax(1)
    for dtype in DTYPES:
        for function in (
            F.cross_entropy, F.softmax_focal_loss, F.poly1_loss, F.generalized_cross_entropy_loss,
            F.normalized_cross_entropy_loss, F.elr_loss,
        ):  # fmt: skip
            for k in range(len(x)):
                whole = {"input": x[k : k + 1].to(dtype), "target": labels[k : k + 1]}
                if function is F.elr_loss:
                    whole["average"] = average[k : k + 1].to(dtype)
                compare(function, whole, {}, {"reduction": "none"}, {"input": 1, "average": 1},
                        first, count, (function.__name__, k))  # fmt: skip
    tiny = torch.tensor([[0.0, -60.0, -60.0, -60.0, -60.0, -60.0, -60.0]])  # a loss of 5e-26
    whole = {"input": tiny, "target": torch.tensor([0])}
    part = tiny.narrow(1, first, count).clone().requires_grad_()
    loss = class_sharded(F.cross_entropy, part, whole["target"], first_class=first)
    expected = F.cross_entropy(**whole)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    loss.backward()
    assert part.grad is not None
    if first == 0:
        assert part.grad[0, 0].item() == pytest.approx(-expected.item(), rel=1e-6)


def run_losses(rank: int, ranks: int) -> int:
    run_hard(rank, ranks)
    for dtype in DTYPES:
        run_layers(rank, ranks, dtype, 1000)
    return sum(run_table(rank, ranks, dtype) for dtype in DTYPES)


@pytest.mark.parametrize("ranks", CUTS)
def test_losses(tmp_path: Path, ranks: int) -> None:
    """Values and all gradients, uneven shards, a rank without classes, ignored rows, weights."""
    assert min(on_ranks(tmp_path, run_losses, ranks, ranks=ranks)) > 300


# -- other ways ---


def run_halves(rank: int) -> None:
    first, count = cut(2, rank)
    x = torch.randn(5, 7, generator=torch.Generator().manual_seed(0)) * 4
    labels = torch.arange(5)
    for dtype in (torch.float16, torch.bfloat16):
        whole = x.to(dtype)
        part = whole.narrow(1, first, count).clone().requires_grad_()
        full = whole.clone().requires_grad_()
        loss, expected = class_sharded(F.cross_entropy, part, labels), F.cross_entropy(full, labels)
        torch.testing.assert_close(loss, expected)
        loss.backward()
        expected.backward()
        torch.testing.assert_close(part.grad, full.grad.narrow(1, first, count))


def run_second_order(rank: int) -> None:
    """A penalty on gradients, of which each rank has its own: their sum over ranks counts."""
    first, count = cut(2, rank)
    x = torch.randn(4, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 6, 3, 1])

    def twice(input: Tensor, loss: Tensor) -> Tensor:
        (g,) = torch.autograd.grad(loss, input, create_graph=True)
        return g.square().sum()

    full = x.clone().requires_grad_()
    twice(full, F.cross_entropy(full, labels, label_smoothing=0.1)).backward()
    part = x.narrow(1, first, count).clone().requires_grad_()
    twice(part, class_sharded(F.cross_entropy, part, labels, label_smoothing=0.1)).backward()
    close(part.grad, full.grad.narrow(1, first, count), "second order")


# -- what is sent ---


class Traffic(TorchDispatchMode):
    """Bytes that a rank sends in collectives, as rings send them."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0.0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # noqa: ARG002
        name, size = func.name(), dist.get_world_size()
        if name.startswith("_c10d_functional") and "wait" not in name:
            t = args[0]
            once = t.numel() * t.element_size() * (size - 1)
            self.sent += {
                "_c10d_functional::all_reduce": 2 * once / size,
                "_c10d_functional::all_gather_into_tensor": once,
                "_c10d_functional::reduce_scatter_tensor": once / size,
            }[name]
        else:
            assert not name.startswith("c10d::"), name
        return func(*args, **(kwargs or {}))


# Bytes a row and rank, forward and backward, over four ranks: 3/2 of what is added up, by a ring.
ON_THE_WIRE: dict[str, tuple[dict[str, Any], float]] = {
    "plain": ({}, 30),  # the largest in float32; a sum and the label's logit in float64
    "softcap": ({"softcap": 30.0}, 30),
    "z_loss": ({"z_loss": 1e-4}, 30),
    "smoothing": ({"label_smoothing": 0.1}, 54),  # two more sums
    "weight": ({"weight": True}, 36),  # the label's, where a rank knows those of its classes
    "all": ({"softcap": 30.0, "z_loss": 1e-4, "label_smoothing": 0.1, "weight": True}, 60),
}


def run_traffic(rank: int, ranks: int, rows: int, classes: int) -> dict[str, float]:
    first, count = cut(ranks, rank, (classes // ranks,) * ranks)
    logits = torch.randn(rows, count).requires_grad_()
    labels = torch.randint(classes, (rows,), generator=torch.Generator().manual_seed(0))
    sent = {}
    for name, (params, _) in ON_THE_WIRE.items():
        given = {**params, "weight": torch.ones(count)} if "weight" in params else params
        with Traffic() as traffic:
            class_sharded(F.cross_entropy, logits, labels, first_class=first, **given).backward()
        sent[name] = traffic.sent / rows
    assert logits.grad is not None
    return sent


@pytest.mark.parametrize("classes", [320, pytest.param(32000, marks=pytest.mark.slow)])
def test_bytes_on_the_wire(tmp_path: Path, classes: int) -> None:
    """Whatever the number of classes, beside what the ranks first tell each other of the call."""
    rows = 4096
    agreement = 3 * 128 / rows
    for sent in on_ranks(tmp_path, run_traffic, 4, rows, classes, ranks=4):
        assert sent == {name: size + agreement for name, (_, size) in ON_THE_WIRE.items()}
        assert max(sent.values()) <= 64


# -- mistakes ---


def run_mistakes(rank: int, ranks: int) -> list[str]:
    """Every rank raises for what one of them does wrong; the group can be used afterwards."""
    x, labels = torch.zeros(4, 3), torch.zeros(4, dtype=torch.long)
    odd = rank == ranks - 1
    calls = {
        "rows": lambda: class_sharded(F.cross_entropy, x[: 4 - odd], labels[: 4 - odd]),
        "classes": lambda: class_sharded(F.cross_entropy, x, labels, num_classes=7),
        "offset": lambda: class_sharded(F.cross_entropy, x, labels, first_class=1 if odd else None),
        "reduction": lambda: class_sharded(F.cross_entropy, x, labels,
                                           reduction="sum" if odd else "mean"),
        "label": lambda: class_sharded(F.cross_entropy, x, labels + 3 * ranks),
    }  # fmt: skip
    said = []
    for name, call in calls.items():
        with pytest.raises((ValueError, IndexError)) as caught:
            call()
        said.append(f"{name}: {caught.value}")
    class_sharded(F.cross_entropy, x, labels)
    return said


def test_mistakes(tmp_path: Path) -> None:
    said = on_ranks(tmp_path, run_mistakes, 4, ranks=4)
    assert said[0] == said[1] == said[2] == said[3]
    text = "\n".join(said[0])
    for part in ("rows must be the same on all ranks, got [4, 4, 4, 3]",
                 "num_classes must be that of all ranks' classes, 12, got 7",
                 "first_class must be 9 on rank 3",
                 "reduction must be the same on all ranks",
                 "target must be in [0, 11]"):  # fmt: skip
        assert part in text, text


def test_wrong_functions() -> None:
    with pytest.raises(
        TypeError, match="function must be a loss of lossops.functional over a class"
    ):
        class_sharded(F.mse_loss, torch.zeros(2), torch.zeros(2))
    with pytest.raises(TypeError, match="got cross_entropy"):
        class_sharded(torch.nn.functional.cross_entropy, torch.zeros(1, 2), torch.tensor([0]))
    with pytest.raises(ValueError, match="shift must be 0"):
        class_sharded(F.linear_cross_entropy, torch.zeros(2, 3), torch.zeros(4, 3),
                      torch.tensor([0, 1]), shift=1)  # fmt: skip


# -- compilers ---


def run_compiled(rank: int) -> None:
    first, count = cut(2, rank)
    x = torch.randn(6, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 6, 3, -100, 1, 2])

    def loss(part: Tensor, labels: Tensor) -> Tensor:
        return class_sharded(F.cross_entropy, 2 * part, labels, first_class=first, num_classes=7,
                             label_smoothing=0.1)  # fmt: skip

    full = x.clone().requires_grad_()
    F.cross_entropy(2 * full, labels, label_smoothing=0.1).backward()
    part = x.narrow(1, first, count).clone().requires_grad_()
    torch.compile(loss, fullgraph=True, backend="aot_eager")(part, labels).backward()
    close(part.grad, full.grad.narrow(1, first, count), "compiled")


def run_other_ways(rank: int) -> None:
    run_halves(rank)
    run_second_order(rank)
    run_compiled(rank)


def test_other_ways(tmp_path: Path) -> None:
    """Half precision as of one process; second derivatives; in one graph of torch.compile."""
    on_ranks(tmp_path, run_other_ways)
