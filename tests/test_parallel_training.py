"""Small models trained on many ranks follow the run of one process."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import Shard
from torch.distributed.tensor.parallel import (
    ColwiseParallel,
    RowwiseParallel,
    parallelize_module,
)
from torch.nn.parallel import DistributedDataParallel

import lossops
import lossops.functional as F
from lossops.distributed import contrast_across_ranks
from tests.ranks import on_ranks

STEPS, CLASSES = 50, 11


class Model(nn.Module):
    """A layer, and one of logits."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.out, self.logits = nn.Linear(6, 8), nn.Linear(8, 6), nn.Linear(6, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.logits(self.out(torch.tanh(self.hidden(x))))


def batches() -> list[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(0)
    out = []
    for _ in range(STEPS):
        x = torch.randn(8, 6, generator=generator, dtype=torch.float64)
        t = torch.randint(CLASSES, (8,), generator=generator)
        t[torch.rand(8, generator=generator) < 0.2] = -100
        out.append((x, t))
    return out


def model() -> Model:
    torch.manual_seed(0)
    return Model().double()


def loss_of(logits: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(logits, labels, label_smoothing=0.1, z_loss=1e-3)


def one_process(penalty: float = 0.0) -> list[float]:
    net = model()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    losses = []
    for x, t in batches():
        optimizer.zero_grad()
        loss = loss_of(net(x), t)
        if penalty:
            loss = loss + lossops.l2_penalty(net, penalty)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def run_tensor_parallel(rank: int, ranks: int, compiled: bool) -> list[float]:  # noqa: ARG001
    mesh = init_device_mesh("cpu", (ranks,))
    net = parallelize_module(model(), mesh, {
        "hidden": ColwiseParallel(), "out": RowwiseParallel(),
        "logits": ColwiseParallel(output_layouts=Shard(-1), use_local_output=False),
    })  # fmt: skip
    forward = torch.compile(net, backend="aot_eager") if compiled else net
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02, foreach=False)
    losses = []
    for x, t in batches():
        optimizer.zero_grad()
        loss = loss_of(forward(x), t)
        loss.backward()
        optimizer.step()
        losses.append(loss.full_tensor().item())
    return losses


@pytest.mark.parametrize("ranks", [2, 4])
def test_tensor_parallel(tmp_path: Path, ranks: int) -> None:
    """The loss on logits whose classes are sharded, unevenly."""
    expected = one_process()
    for losses in on_ranks(tmp_path, run_tensor_parallel, ranks, False, ranks=ranks):
        assert losses == pytest.approx(expected, rel=1e-9)


@pytest.mark.slow
def test_tensor_parallel_compiled(tmp_path: Path) -> None:
    expected = one_process()
    for losses in on_ranks(tmp_path, run_tensor_parallel, 2, True):
        assert losses == pytest.approx(expected, rel=1e-9)


def run_data_parallel(rank: int, ranks: int, kind: str) -> list[float]:
    net: Any = model()
    if kind == "fsdp":
        for layer in (net.hidden, net.out, net.logits):
            fully_shard(layer)
        fully_shard(net)
    else:
        net = DistributedDataParallel(net)
    module = lossops.nn.CrossEntropyLoss(label_smoothing=0.1)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02, foreach=False)
    losses = []
    for x, t in batches():
        optimizer.zero_grad()
        x, t = x.chunk(ranks)[rank], t.chunk(ranks)[rank]
        normalizer = lossops.global_normalizer(module, t)
        loss = F.cross_entropy(net(x), t, label_smoothing=0.1, z_loss=1e-3, normalizer=normalizer)
        total = loss.detach().clone()
        torch.distributed.all_reduce(total)
        if kind == "fsdp":
            penalty = lossops.l2_penalty(net, 0.01)
            loss = loss + penalty
            total = total / ranks + penalty.detach()
        else:
            total = total / ranks
        loss.backward()
        optimizer.step()
        losses.append(total.item())
    return losses


@pytest.mark.parametrize("kind", ["ddp", "fsdp"])
def test_data_parallel(tmp_path: Path, kind: str) -> None:
    """Means over all ranks, and under FSDP2 a penalty on the shards."""
    expected = one_process(0.01 if kind == "fsdp" else 0.0)
    for losses in on_ranks(tmp_path, run_data_parallel, 2, kind):
        assert losses == pytest.approx(expected, rel=1e-9)


def towers() -> nn.Module:
    torch.manual_seed(0)
    return nn.Linear(6, 4).double()


def run_contrast(rank: int) -> list[float]:
    net = DistributedDataParallel(towers())
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    losses = []
    for x, _ in batches():
        own = x.chunk(2)[rank]
        optimizer.zero_grad()
        loss = contrast_across_ranks(F.info_nce_loss, net(own), own[:, :4].contiguous())
        loss.backward()
        optimizer.step()
        total = loss.detach().clone()
        torch.distributed.all_reduce(total)
        losses.append(total.item() / 2)
    return losses


def test_contrast_under_ddp(tmp_path: Path) -> None:
    net, expected = towers(), []
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for x, _ in batches():
        optimizer.zero_grad()
        loss = F.info_nce_loss(net(x), x[:, :4].contiguous())
        loss.backward()
        optimizer.step()
        expected.append(loss.item())
    for losses in on_ranks(tmp_path, run_contrast):
        assert losses == pytest.approx(expected, rel=1e-9)


ROOT = Path(__file__).resolve().parent.parent


def torchrun(program: Path, ranks: int, folder: Path, *args: str) -> str:
    """What a program prints on so many ranks."""
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node",
         str(ranks), str(program), *args],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_guide(tmp_path: Path) -> None:
    """Every snippet, as one program on two ranks; building the site runs it on one."""
    found = re.findall(
        r"^```python\n(.*?)^```$", (ROOT / "docs/distributed.md").read_text(), re.M | re.S
    )
    assert len(found) >= 6
    program = tmp_path / "program.py"
    program.write_text("\n".join([*found, "os._exit(0)"]))
    torchrun(program, 2, tmp_path)


def test_example(tmp_path: Path) -> None:
    """On two ranks as on one."""
    program = ROOT / "examples/identities.py"
    one, two = (torchrun(program, ranks, tmp_path, "--steps", "200") for ranks in (1, 2))
    numbers = [
        [float(x) for x in re.findall(r"(?:loss|found) +([\d.]+)", text)] for text in (one, two)
    ]
    assert len(numbers[0]) == 4
    assert numbers[1] == pytest.approx(numbers[0], rel=2e-2)
    assert numbers[0][2] < 0.8 * numbers[0][0]


@pytest.fixture(scope="module")
def on_one_rank(tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    return losses_of(tmp_path_factory.mktemp("one"), 1, "tensor")


def losses_of(folder: Path, ranks: int, way: str) -> list[float]:
    text = torchrun(ROOT / "examples/parallel.py", ranks, folder, "--way", way, "--steps", "100")
    return [float(x) for x in re.findall(r"loss +([\d.]+)", text)]


@pytest.mark.parametrize("way", ["ddp", "fsdp", "tensor"])
def test_ways(tmp_path: Path, way: str, on_one_rank: list[float]) -> None:
    """The same numbers, whatever is sharded."""
    assert len(on_one_rank) == 2
    assert on_one_rank[1] < 0.7 * on_one_rank[0]
    assert losses_of(tmp_path, 2, way) == pytest.approx(on_one_rank, rel=1e-3)
