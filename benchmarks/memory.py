"""Peak memory of one training step, each side in a process of its own.

Two instruments look at the same step. The allocator's: torch's profiler sees every allocation and
release of tensor memory, and the peak of their running sum is exact. The system's: the high-water
mark of resident memory, reset right before the step, which also counts what no tensor owns. Only a
fresh process makes the second one honest: elsewhere the step would fill what earlier ones left.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch

from . import cpu
from .baselines import BY_NAME
from .figures import MEMORY_SHAPE

SIDES = ("lossops", "eager", "compile")  # eager and torch.compile of F.cross_entropy


@dataclass(frozen=True)
class Memory:
    """Bytes that forward and backward add to the operands at their peak, the gradient included."""

    input_bytes: int  # of the logits
    allocated: int  # as torch's allocator counts
    resident: int | None  # as the system counts; None where /proc cannot tell

    @property
    def factor(self) -> float:
        """The larger of the two, in units of the logits."""
        return max(self.allocated, self.resident or 0) / self.input_bytes


def _status(key: str) -> int:
    """A field of /proc/self/status, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))


def resident_peak(step: Callable[[], object]) -> int | None:
    """How far resident memory rises above its present height while the step runs."""
    cpu.trim_heap()
    try:
        Path("/proc/self/clear_refs").write_text("5")  # the high-water mark falls to the present
        before = _status("VmRSS")
    except OSError:
        return None
    step()
    return _status("VmHWM") - before


def step_memory(side: str) -> Memory:
    case = BY_NAME["cross_entropy"]
    loss = cpu.sides(case, MEMORY_SHAPE, torch.float32, side == "compile")[side]
    operands = case.operands(MEMORY_SHAPE, torch.float32)
    block = cpu.training_block(loss, [operands])
    if side == "compile":
        block(1)  # compiles, for this very shape
    else:  # loads code and starts threads, but leaves nothing that the step could fill
        cpu.training_block(loss, [case.operands((64, 10), torch.float32)])(1)
    operands[0].grad = None
    resident = resident_peak(lambda: block(1))
    return Memory(operands[0].nbytes, cpu.peak_bytes(loss, operands), resident)


def measure_memory(side: str, threads: int) -> Memory:
    """Measures one side, in a fresh process."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, fresh, torch.set_num_threads, (threads,)) as process:
        return process.submit(step_memory, side).result()
