"""The benchmark on the CPU: how steps are timed and their memory is told."""

from __future__ import annotations

import ctypes
import gc
import itertools
import time
from collections.abc import Sequence
from contextlib import suppress

import torch

from .case import Case, Loss
from .figures import KIND, Size
from .measure import Block, Cell, Operands, compare, compiled

BLOCK = 3e-3


def operands(case: Case, size: Size, dtype: torch.dtype) -> list[Operands]:
    """One set: what the caches hold, they hold for all sides."""
    trim_heap()  # every cell starts with no memory left over from others
    return [case.operands(size, dtype)]


def sides(case: Case, size: Size, dtype: torch.dtype, compile: bool) -> dict[str, Loss]:
    found = {"lossops": case.ours(), "eager": case.eager(dtype)}
    return found | ({"compile": compiled(case.source(dtype))} if compile else {})


def training_block(loss: Loss, sets: Sequence[Operands]) -> Block:
    """Gradients are dropped between steps, as by zero_grad(set_to_none=True), outside the clock.

    So each step allocates them anew.
    """
    (operands,) = sets
    leaves = [operand for operand in operands if operand.requires_grad]

    def block(n: int) -> dict[str, float]:
        clock = time.perf_counter_ns
        total = backward = 0
        for _ in range(n):
            for leaf in leaves:
                leaf.grad = None
            start = clock()
            value = loss(*operands)
            middle = clock()
            value.backward()  # type: ignore[no-untyped-call]
            end = clock()
            total += end - start
            backward += end - middle
            del value
        return {"backward": backward * 1e-9, KIND: total * 1e-9}

    return block


def forward_block(loss: Loss, sets: Sequence[Operands]) -> Block:
    """The loss alone, under no_grad."""
    (operands,) = sets

    def block(n: int) -> dict[str, float]:
        clock = time.perf_counter_ns
        total = 0
        with torch.no_grad():
            for _ in range(n):
                start = clock()
                value = loss(*operands)
                total += clock() - start
                del value
        return {"forward": total * 1e-9}

    return block


def peak_bytes(loss: Loss, operands: Operands) -> int:
    """The peak of the running sum of all allocations and releases of tensor memory.

    The profiler sees them, by whomever. Resident memory cannot tell: freed blocks linger in malloc,
    and compiling leaves a higher peak than any loss.
    """
    leaves = [operand for operand in operands if operand.requires_grad]
    for leaf in leaves:
        leaf.grad = None  # before the profile, which would count the release
    activities = [torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(activities=activities, profile_memory=True) as profile:
        loss(*operands).backward()  # type: ignore[no-untyped-call]
    for leaf in leaves:
        leaf.grad = None
    events = profile.profiler.kineto_results.events()
    changes = [event for event in events if event.name() == "[memory]"]
    changes.sort(key=lambda event: event.start_ns())  # stable: equal times keep their order
    return max(itertools.accumulate(event.nbytes() for event in changes))


def trim_heap() -> None:
    """Returns to the system what malloc keeps of released memory, where malloc can."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def measure_bfloat16(case: Case, size: Size, rounds: int) -> Cell:
    """Our float32 time over our bfloat16 time, forward and backward."""
    sides = {
        str(dtype).removeprefix("torch."): (case.ours(), [case.operands(size, dtype)])
        for dtype in (torch.bfloat16, torch.float32)
    }
    kinds = compare(training_block, sides, rounds, BLOCK)
    return Cell("bfloat16", case.name, size, "bfloat16", {KIND: kinds[KIND]})


def measure_softmax(case: Case, size: Size, dtype: torch.dtype, rounds: int) -> Cell:
    """Forward and backward beside those of the log_softmax of the same logits, added up."""
    given = [case.operands(size, dtype)]
    sides = {"lossops": (case.ours(), given), "log_softmax": (_softmax, given)}
    kinds = compare(training_block, sides, rounds, BLOCK)
    name = str(dtype).removeprefix("torch.")
    return Cell("softmax", case.name, size, name, {KIND: kinds[KIND]})


def _softmax(logits: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
    return logits.log_softmax(-1).sum()


def measure_reading(case: Case, size: Size, dtype: torch.dtype, rounds: int) -> Cell:
    """How fast the forward mean reads its operands, beside torch.sum over the very same memory."""
    with torch.no_grad():
        together = torch.stack([operand.detach() for operand in case.operands(size, dtype)])
    sides = {"lossops": (case.ours(), [list(together)]), "torch.sum": (torch.sum, [[together]])}
    kinds = compare(forward_block, sides, rounds, BLOCK)
    name = str(dtype).removeprefix("torch.")
    return Cell("reading", case.name, size, name, kinds, least_bytes={"forward": together.nbytes})
