"""Identities on many ranks: `torchrun --nproc-per-node 2 examples/identities.py`.

An encoder learns to tell 1,000 identities apart, each known by noisy views of one point. Their
centres, the weights of ArcFace, are spread over the ranks: no rank has all of them, nor the cosines
of all. Every rank sees the same batch and takes the same step of the encoder. It prints the loss
and how often the nearest centre is the right one, which it finds without gathering them either.
Plain `python` runs it on one rank, to the same numbers.
"""

import argparse
import os

import torch
import torch.distributed as dist
from torch import Tensor, nn

import lossops.functional as F
from lossops.distributed import class_sharded

IDENTITIES, SIZE, FEATURES, BATCH = 1000, 32, 32, 256


class Views:
    """Noisy views of one point for each identity."""

    def __init__(self) -> None:
        self._generator = torch.Generator().manual_seed(0)
        self._points = torch.randn(IDENTITIES, SIZE, generator=self._generator)

    def batch(self) -> tuple[Tensor, Tensor]:
        """The same on every rank."""
        labels = torch.randint(IDENTITIES, (BATCH,), generator=self._generator)
        noise = torch.randn(BATCH, SIZE, generator=self._generator)
        return self._points[labels] + 0.3 * noise, labels


def own_classes(rank: int, ranks: int) -> tuple[int, int]:
    """The first identity of a rank, and how many it has."""
    first, end = (IDENTITIES * k // ranks for k in (rank, rank + 1))
    return first, end - first


@torch.no_grad()
def found(vectors: Tensor, labels: Tensor, centres: Tensor, first: int) -> float:
    """How often no centre is nearer than the right one: two numbers per row are compared."""
    cosines = nn.functional.normalize(vectors) @ nn.functional.normalize(centres).t()
    place = labels - first
    here = (place >= 0) & (place < len(centres))
    own = cosines.gather(1, place.clamp(0, len(centres) - 1)[:, None]).squeeze(1)
    both = torch.stack([torch.where(here, own, -torch.inf), cosines.amax(1)])
    dist.all_reduce(both, dist.ReduceOp.MAX)
    return (both[0] >= both[1]).double().mean().item()


def train(steps: int) -> None:
    """Trains on the ranks of the default group, and has the first one print."""
    rank = dist.get_rank()
    first, count = own_classes(rank, dist.get_world_size())
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Linear(SIZE, 64), nn.Tanh(), nn.Linear(64, FEATURES))
    centres = nn.Parameter(torch.randn(IDENTITIES, FEATURES)[first : first + count].clone())
    optimizer = torch.optim.Adam([*encoder.parameters(), centres], lr=0.01)
    views = Views()
    for step in range(steps):
        x, labels = views.batch()
        vectors = encoder(x)
        loss = class_sharded(F.linear_arcface_loss, vectors, centres, labels, margin=0.1, scale=16,
                             first_class=first, num_classes=IDENTITIES)  # fmt: skip
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 99 or step == steps - 1:
            share = found(vectors, labels, centres, first)
            if rank == 0:
                print(f"step {step + 1:4}  loss {loss.item():7.4f}  found {share:.1%}", flush=True)


def main() -> None:
    """Joins the other ranks, or is the only one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=300)
    steps = parser.parse_args().steps
    torch.set_num_threads(1)
    if "RANK" in os.environ:
        dist.init_process_group("gloo")
    else:
        dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    train(steps)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
