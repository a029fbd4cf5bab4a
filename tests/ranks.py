"""Processes that talk through gloo, for tests of what happens across ranks."""

import gc
import multiprocessing
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

RANKS = 2

# Processes fork from one that has imported what takes seconds, and has no threads yet.
multiprocessing.get_context("forkserver").set_forkserver_preload(["tests.cases", "pytest"])


def _work(rank: int, folder: str, ranks: int, seconds: float, together: bool,
          function: Callable[..., Any], args: tuple[Any, ...]) -> None:  # fmt: skip
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=f"file://{folder}/store", rank=rank, world_size=ranks,
        timeout=timedelta(seconds=seconds),
    )  # fmt: skip
    try:
        torch.save(function(rank, *args), f"{folder}/{rank}.pt")
        gc.collect()  # a DDP model, which holds the group, lies in a cycle
        if together:
            dist.barrier()
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


def on_ranks(folder: Path, function: Callable[..., Any], *args: Any, ranks: int = RANKS,
             seconds: float = 300, together: bool = True) -> list[Any]:  # fmt: skip
    """What ``function(rank, *args)`` returns on each rank; a failure on any rank is raised.

    A collective fails after some seconds of waiting. Ranks wait for each other at the end, unless
    the function leaves the group in a state in which they cannot.
    """
    rest = (str(folder), ranks, seconds, together, function, args)
    mp.start_processes(_work, rest, nprocs=ranks, start_method="forkserver")
    return [torch.load(folder / f"{rank}.pt", weights_only=False) for rank in range(ranks)]
