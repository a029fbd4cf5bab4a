"""A model on many ranks: `torchrun --nproc-per-node 2 examples/parallel.py --way fsdp`.

A small network learns to tell 200 noisy points apart, a fifth of whose labels are missing. It is
copied to every rank (`ddp`), its parameters are sharded (`fsdp`), or its layers are, and with them
the classes of the logits (`tensor`). The loss is in each case that of the whole batch, so all ways
and any number of ranks print the same numbers, as plain `python` does on one.
"""

import argparse
import os
import sys
from collections.abc import Iterator

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, Shard
from torch.distributed.tensor.parallel import (
    ColwiseParallel,
    RowwiseParallel,
    parallelize_module,
)
from torch.nn.parallel import DistributedDataParallel

import lossops

CLASSES, SIZE, BATCH = 200, 16, 128


def batches(steps: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Whole batches, the same on every rank."""
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(CLASSES, SIZE, generator=generator)
    for _ in range(steps):
        labels = torch.randint(CLASSES, (BATCH,), generator=generator)
        x = points[labels] + 0.3 * torch.randn(BATCH, SIZE, generator=generator)
        labels[torch.rand(BATCH, generator=generator) < 0.2] = -100
        yield x, labels


def network(way: str, mesh: DeviceMesh) -> nn.Module:
    """The network of every rank, spread over the ranks of the mesh."""
    torch.manual_seed(0)
    layers = nn.Sequential(
        nn.Linear(SIZE, 64), nn.ReLU(), nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, CLASSES)
    )
    if way == "ddp":
        return DistributedDataParallel(layers)
    if way == "fsdp":
        for layer in (layers[0], layers[2], layers[4]):
            fully_shard(layer, mesh=mesh)
        return fully_shard(layers, mesh=mesh)
    plan = {
        "0": ColwiseParallel(),
        "2": RowwiseParallel(),
        "4": ColwiseParallel(output_layouts=Shard(-1), use_local_output=False),
    }
    return parallelize_module(layers, mesh, plan)


def loss_of(way: str, model: nn.Module, criterion: lossops.nn.CrossEntropyLoss,
            x: Tensor, labels: Tensor) -> tuple[Tensor, float]:  # fmt: skip
    """What to call backward of, and the loss of the whole batch."""
    if way == "tensor":  # every rank has all rows, and some classes of each
        loss = criterion(model(x), labels)
        assert isinstance(loss, DTensor)
        return loss, loss.full_tensor().item()
    rank, ranks = dist.get_rank(), dist.get_world_size()
    x, labels = x.chunk(ranks)[rank], labels.chunk(ranks)[rank]
    normalizer = lossops.global_normalizer(criterion, labels)
    loss = criterion(model(x), labels, normalizer=normalizer)
    total = loss.detach().clone()
    dist.all_reduce(total)
    return loss, total.item() / ranks  # gradients are averaged too


def train(way: str, steps: int) -> None:
    """Trains on the ranks of the default group, and has the first one print."""
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    model = network(way, mesh)
    criterion = lossops.nn.CrossEntropyLoss(label_smoothing=0.1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, foreach=False)
    for step, (x, labels) in enumerate(batches(steps)):
        loss, value = loss_of(way, model, criterion, x, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if dist.get_rank() == 0 and (step % 50 == 49 or step == steps - 1):
            print(f"step {step + 1:4}  loss {value:.4f}", flush=True)


def main() -> None:
    """Joins the other ranks, or is the only one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--way", choices=("ddp", "fsdp", "tensor"), default="tensor")
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if "RANK" in os.environ:
        dist.init_process_group("gloo")
    else:
        dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    train(options.way, options.steps)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # torch keeps a mesh's gloo threads, which may hold a tensor when Python ends
