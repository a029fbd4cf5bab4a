"""What one rank does wrong is an error on every rank, at once or within the group's timeout."""

import functools
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Shard, distribute_tensor

import lossops
import lossops.functional as F
from lossops.distributed import class_sharded, contrast_across_ranks, regions_across_ranks
from tests.ranks import on_ranks

AT_ONCE = 10.0  # seconds, of a timeout of 300
Call = Callable[[Tensor, Tensor], Tensor]


def dtensor(x: Tensor, t: Tensor) -> Tensor:
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    return F.cross_entropy(DTensor.from_local(x, mesh, [Shard(1)], run_check=False), t)


CALLS: dict[str, Call] = {
    "class_sharded": lambda x, t: class_sharded(F.cross_entropy, x, t),
    "a layer": lambda x, t: class_sharded(F.linear_cross_entropy, x, torch.ones(2, x.size(1)), t),
    "contrast": lambda x, t: contrast_across_ranks(F.supcon_loss, x, t),
    "regions": lambda x, t: regions_across_ranks(F.dice_loss, x[..., None], t[:, None], batch=True),
    "DTensor": dtensor,
}


def said_by(call: Callable[[], Tensor]) -> str:
    """The error of a call that has to raise at once."""
    begin = time.monotonic()
    with pytest.raises((ValueError, RuntimeError, IndexError, TypeError)) as caught:
        call()
    assert time.monotonic() - begin < AT_ONCE
    return f"{type(caught.value).__name__}: {caught.value}"


def run_mistakes(rank: int) -> dict[str, list[str]]:
    """The last rank alone makes them; the group can be used afterwards."""
    odd = rank == dist.get_world_size() - 1
    x, t = torch.zeros(4, 3), torch.zeros(4, dtype=torch.long)
    said: dict[str, list[str]] = {}
    for name, call in CALLS.items():
        wrong = [  # features or classes, the batch against the labels, a dtype
            (x[:, : 3 - odd], t),
            (x, t[: 4 - odd]),
            (x.double() if odd else x, t),
        ]
        if name in ("class_sharded", "DTensor"):  # classes are many on some ranks, and rows are not
            wrong[0] = (x[: 4 - odd], t[: 4 - odd])
        said[name] = [said_by(functools.partial(call, *given)) for given in wrong]
        call(x, t)
    labels = t + 99 * odd
    said["label"] = [
        said_by(lambda: CALLS["class_sharded"](x, labels)),
        said_by(lambda: CALLS["DTensor"](x, labels)),
    ]
    said["weight"] = [
        said_by(lambda: class_sharded(F.cross_entropy, x, t, weight=torch.ones(3 + odd))),
        said_by(
            lambda: class_sharded(F.cross_entropy, x, t, weight=torch.ones(6) if odd else None)
        ),
    ]
    said["parameter"] = [
        said_by(lambda: class_sharded(F.softmax_focal_loss, x, t, gamma=-2.0 if odd else 2.0)),
        said_by(lambda: class_sharded(F.softmax_focal_loss, x, t, gamma=1.0 if odd else 2.0)),
        said_by(
            lambda: contrast_across_ranks(F.info_nce_loss, x, x, temperature=1.0 if odd else 2.0)
        ),
    ]
    sharded = DTensor.from_local(x, init_device_mesh("cpu", (dist.get_world_size(),)), [Shard(1)])
    said["a DTensor"] = [said_by(functools.partial(CALLS[name], sharded if odd else x, t))
                         for name in ("class_sharded", "contrast", "regions")]  # fmt: skip
    said["function"] = [
        said_by(lambda: (CALLS["contrast"] if odd else CALLS["class_sharded"])(x, t))
    ]
    class_sharded(F.cross_entropy, x, t)
    return said


@pytest.mark.parametrize("ranks", [2, 4])
def test_mistakes(tmp_path: Path, ranks: int) -> None:
    """Shapes, dtypes, labels and parameters that disagree, and what a rank's own call refuses."""
    every = on_ranks(tmp_path, run_mistakes, ranks=ranks)
    last = ranks - 1
    first = every[0]
    for rank in range(1, last):  # those that do no wrong
        assert every[rank] == {n: [m.replace("on rank 0 it is", f"on rank {rank} it is") for m in v]
                               for n, v in first.items()}  # fmt: skip
    for name in CALLS:
        for found, refused in zip(first[name], every[last][name], strict=True):
            assert re.search("must be the same on all ranks|refused on ranks", found), found
            assert f"refused on ranks [{last}]" not in refused
    for found in first["label"]:
        assert "checksum of target must be the same on all ranks" in found
    assert "weight must have one number for each of the" in first["weight"][0]
    assert "the call must be the same on all ranks" in first["weight"][1]
    assert f"refused on ranks [{last}]" in first["parameter"][0]
    assert "gamma must be >= 0, got -2" in every[last]["parameter"][0]
    for found, refused in zip(first["a DTensor"], every[last]["a DTensor"], strict=True):
        assert f"refused on ranks [{last}]" in found
        assert "must be this rank's part as a plain tensor, got a DTensor" in refused
    for found in first["parameter"][1:] + first["function"]:
        assert f"but for sizes, and is another on ranks [{last}] than on rank 0" in found


def run_refusals(rank: int) -> list[str]:
    """What operators refuse of DTensors: on every rank alike, and on the last one alone."""
    size = dist.get_world_size()
    mesh, odd = init_device_mesh("cpu", (size,)), rank == size - 1
    x, t = torch.zeros(6, 7), torch.zeros(6, dtype=torch.long)
    by_rows, by_classes = (distribute_tensor(x, mesh, [Shard(dim)]) for dim in range(2))
    calls: list[Callable[[], Tensor]] = [
        lambda: F.cross_entropy(by_rows, t[:5]),
        lambda: F.elr_loss(by_rows, t, x[:5]),
        lambda: F.elr_loss(by_classes, t, x[:, :5]),
        lambda: F.cross_entropy(by_classes, t, label_smoothing=2.0),
        lambda: F.cross_entropy(by_classes, t, weight=torch.ones(6)),
        lambda: lossops.softmax_entropy(by_classes, -1.0),
        lambda: F.cross_entropy(by_classes, t, label_smoothing=2.0 * odd),
        lambda: F.cross_entropy(by_classes, t[:, None] if odd else t),
        lambda: lossops.selective_log_softmax(by_classes, t[: 6 - odd]),
    ]
    said = [said_by(call) for call in calls]
    F.cross_entropy(by_classes, t)
    return said


def test_refusals(tmp_path: Path) -> None:
    """In the operator's words, and at once."""
    *others, last = on_ranks(tmp_path, run_refusals, ranks=4)
    alike, alone = slice(6), slice(6, None)
    for found in others:
        assert found[alike] == last[alike]
        assert found[alone] == [
            f"RuntimeError: {op}: refused on ranks [3], whose errors say why"
            for op in ("cross_entropy", "cross_entropy", "selective_log_softmax")
        ]
    for message, part in zip(last, (
        "cross_entropy: target must have the shape of input without its class axis",
        "elr: average must have shape (6, 7), got (5, 7)",
        "elr: average must have shape (6, 7), got (6, 5)",
        "cross_entropy: label_smoothing must be <= 1, got 2",
        "cross_entropy: weight must have shape (7,), got (6,)",
        "softmax_entropy: temperature must be > 0, got -1",
        "cross_entropy: label_smoothing must be <= 1, got 2",
        "cross_entropy: target must",
        "selective_log_softmax: index must have the shape of logits",
    ), strict=True):  # fmt: skip
        assert part in message


def wait_for(flags: list[Path]) -> None:
    """Until the other ranks have set theirs, without a collective."""
    begin = time.monotonic()
    while not all(flag.exists() for flag in flags):
        assert time.monotonic() - begin < 60
        time.sleep(0.05)


def run_leaving(rank: int, folder: str) -> float:
    """The last rank has left, once all were connected."""
    last = dist.get_world_size() - 1
    flags = [Path(folder) / f"connected.{k}" for k in range(last)]
    if rank == last:
        wait_for(flags)
        dist.destroy_process_group()
        return 0.0
    flags[rank].touch()
    x, t = torch.zeros(4, 3), torch.zeros(4, dtype=torch.long)
    begin = time.monotonic()
    with pytest.raises(RuntimeError, match=r"(?i)closed|connection|reset|broken"):
        class_sharded(F.cross_entropy, x, t)
    return time.monotonic() - begin


def test_rank_that_leaves(tmp_path: Path) -> None:
    """The others get an error at once."""
    waited = on_ranks(tmp_path, run_leaving, str(tmp_path), ranks=4, together=False)
    assert max(waited) < AT_ONCE


def run_late(rank: int, folder: str, name: str) -> float:
    """The last rank is there, and does not come."""
    last = dist.get_world_size() - 1
    flags = [Path(folder) / f"raised.{k}" for k in range(last)]
    begin = time.monotonic()
    if rank == last:
        wait_for(flags)
        return 0.0
    x, t = torch.zeros(4, 3), torch.zeros(4, dtype=torch.long)
    try:
        with pytest.raises(RuntimeError, match=r"(?i)timed out|closed|connection"):
            CALLS[name](x, t)
    finally:
        flags[rank].touch()
    return time.monotonic() - begin


@pytest.mark.parametrize("name", CALLS)
def test_rank_that_does_not_come(tmp_path: Path, name: str) -> None:
    """The others get an error when the group's timeout ends, of 3 seconds here."""
    waited = on_ranks(tmp_path, run_late, str(tmp_path), name, ranks=3, seconds=3, together=False)
    assert max(waited) < 3 + AT_ONCE
