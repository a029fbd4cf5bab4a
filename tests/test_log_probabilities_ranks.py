"""Log-probabilities and entropies of logits whose classes are spread over ranks."""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Replicate, Shard, distribute_tensor

from lossops import selective_log_softmax, softmax_entropy
from lossops.distributed import class_sharded
from tests.ranks import on_ranks
from tests.test_class_sharded import CUTS, DTYPES, Traffic, close, cut

ONE = torch.tensor([[0, 6, -100], [3, 2, 1]])
SEVERAL = torch.stack([ONE, torch.tensor([[6, 0, 5], [-100, 2, 4]])], -1)
CALLS: dict[str, Callable[[Tensor], Tensor]] = {
    "a class": partial(selective_log_softmax, index=ONE, temperature=0.7, ignore_index=-100),
    "classes": partial(selective_log_softmax, index=SEVERAL, ignore_index=-100),
    "entropy": softmax_entropy,
    "cool entropy": partial(softmax_entropy, temperature=0.7),
}


def draw(*shape: int) -> Tensor:
    return 3 * torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def logits_of(dtype: torch.dtype) -> Tensor:
    """Far apart, masked, and with one class that is nearly certain."""
    x = draw(2, 3, 7)
    x[0, 0] *= 1e3
    x[0, 1, 2] = -math.inf
    x[1, 1, 2] = 40.0
    return x.to(dtype)


def with_gradient(call: Callable[[Tensor], Tensor], logits: Tensor) -> tuple[Tensor, Tensor]:
    leaf = logits.detach().clone().requires_grad_()
    value = call(leaf)
    upstream = torch.linspace(0.5, 1.5, value.numel(), dtype=value.dtype).view(value.shape)
    value.backward(upstream)
    assert leaf.grad is not None
    return value.detach(), leaf.grad


def run_parts(rank: int, ranks: int) -> None:
    first, count = cut(ranks, rank)
    for dtype in DTYPES:
        x = logits_of(dtype)
        for name, call in CALLS.items():
            function, given = (
                (call.func, call.keywords) if isinstance(call, partial) else (call, {})
            )
            expected, gradient = with_gradient(call, x)
            found, own = with_gradient(
                lambda part: class_sharded(function, part, **given),  # noqa: B023
                x.narrow(-1, first, count),
            )
            close(found, expected, name)
            close(own, gradient.narrow(-1, first, count), name)
    x, index = draw(7), torch.tensor(3)  # a row without a batch
    found = class_sharded(selective_log_softmax, x.narrow(0, first, count), index)
    close(found, selective_log_softmax(x, index), "row")


def run_dtensors(rank: int, ranks: int) -> None:  # noqa: ARG001
    mesh = init_device_mesh("cpu", (ranks,))
    for dtype in DTYPES:
        x = logits_of(dtype)
        for name, call in CALLS.items():
            expected, gradient = with_gradient(call, x)
            upstream = torch.linspace(0.5, 1.5, expected.numel(), dtype=dtype).view(expected.shape)
            for dim in range(3):
                leaf = distribute_tensor(x, mesh, [Shard(dim)]).requires_grad_()
                found = call(leaf)
                close(found.full_tensor().detach(), expected, (name, dim))
                found.backward(distribute_tensor(upstream, mesh, [Replicate()]))
                assert leaf.grad.placements == (Shard(dim),)
                close(leaf.grad.full_tensor(), gradient, (name, dim))


def run_traffic(rank: int, ranks: int) -> list[float]:  # noqa: ARG001
    """Bytes a row, forward and backward, of logits that would be 1200 a row."""
    mesh, sent = init_device_mesh("cpu", (ranks,)), []
    index = torch.arange(400) % 300
    for call in (partial(selective_log_softmax, index=index), softmax_entropy):
        logits = distribute_tensor(draw(400, 300).float(), mesh, [Shard(1)]).requires_grad_()
        with Traffic() as traffic:
            call(logits).sum().backward()
        sent.append(traffic.sent / 400)
    return sent


def run_mistakes(rank: int, ranks: int) -> list[str]:
    x, said = draw(2, 3, 4), []
    first = torch.zeros(2, 3, dtype=torch.long)
    wrong = first.clone()
    wrong[0, 0] = 4 * ranks
    for index in (wrong, first + rank, first[:, 0]):
        with pytest.raises((ValueError, IndexError, RuntimeError)) as caught:
            class_sharded(selective_log_softmax, x, index)
        said.append(str(caught.value))
    with pytest.raises(RuntimeError, match="softmax_entropy: temperature must be > 0, got -1"):
        class_sharded(softmax_entropy, x, -1.0)
    with pytest.raises(TypeError, match="softmax_entropy: logits must be a tensor, got int 3"):
        class_sharded(softmax_entropy, 3)
    return said


def run_all(rank: int, ranks: int) -> tuple[list[float], list[str]]:
    run_parts(rank, ranks)
    run_dtensors(rank, ranks)
    return run_traffic(rank, ranks), run_mistakes(rank, ranks)


@pytest.mark.parametrize("ranks", CUTS)
def test_shards(tmp_path: Path, ranks: int) -> None:
    """Values and gradients of one process, of plain shards and of DTensors, and no gather."""
    for sent, said in on_ranks(tmp_path, run_all, ranks, ranks=ranks):
        assert 0 < max(sent) <= 64
        for message, part in zip(said, (
            f"selective_log_softmax: index must be in [0, {4 * ranks - 1}], got {4 * ranks}",
            "checksum of index must be the same on all ranks",
            "index must have the shape of logits without its class axis",
        ), strict=True):  # fmt: skip
            assert part in message
