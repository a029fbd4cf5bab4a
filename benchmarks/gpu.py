"""The benchmark on a GPU: `python -m benchmarks --device cuda`, or make bench DEVICE=cuda.

Times are of events on the device. Every side goes round several sets of operands, together larger
than the cache, so that each step reads memory. Beside seconds and ratios stands the share of the
bandwidth that a large copy reaches: least bytes over time.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .case import Case, Loss
from .figures import KIND, Size
from .measure import Block, Operands, compiled

BLOCK = 20e-3
COPY_BYTES = 1 << 30
MOST_BYTES = 12 << 30  # of all sets of operands together


def sizes(case: Case) -> tuple[Size, ...]:
    if case.family in ("sequence", "sum"):
        return case.sizes
    if case.family == "element":
        return (1 << 16, 1 << 20, 1 << 24, 1 << 28)
    if case.name == "cross_entropy":
        wide = ((8192, 1000), (8192, 32000), (8192, 128256))
        return ((4096, 10), (262144, 10), *wide, (8, 21, 512, 512))
    return ((4096, 10), (8192, 1000))


def seconds(step: Callable[[int], object], steps: int) -> float:
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    for i in range(steps):
        step(i)
    end.record()
    end.synchronize()
    return 1e-3 * start.elapsed_time(end)


def copy_bandwidth() -> float:
    """Bytes a second that a device-to-device copy reads and writes."""
    source = torch.rand(COPY_BYTES // 4, device="cuda")
    to = torch.empty_like(source)
    best = min(seconds(lambda _: to.copy_(source), 20) for _ in range(5))
    return 20 * 2 * source.nbytes / best


def operands(case: Case, size: Size, dtype: torch.dtype) -> list[Operands]:
    """Sets of operands that no cache holds together, unless one alone is that large."""
    cache = torch.cuda.get_device_properties(0).L2_cache_size
    drawn = case.operands(size, dtype, "cuda")
    each = sum(t.nbytes for t in drawn)
    count = max(1, min(4 * cache // each + 1, MOST_BYTES // (3 * each)))
    return [
        [t.detach().clone().requires_grad_(t.requires_grad) for t in drawn] for _ in range(count)
    ]


def sides(case: Case, size: Size, dtype: torch.dtype, compile: bool) -> dict[str, Loss]:
    found: dict[str, Loss] = {"lossops": case.ours(), "eager": case.eager(dtype)}
    if compile:
        found["compile"] = compiled(case.source(dtype))
        found["compile-max"] = compiled(case.source(dtype), "max-autotune-no-cudagraphs")
    flat = isinstance(size, int) or len(size) == 2  # all that Liger's takes
    if case.name == "cross_entropy" and flat and importlib.util.find_spec("liger_kernel"):
        from liger_kernel.transformers.functional import liger_cross_entropy

        found["liger"] = liger_cross_entropy
    return found


def own(loss: Loss, operands: Operands, grad: bool) -> list[Tensor]:
    """The operands; copies for Liger, which overwrites its logits with their gradient."""
    copied = loss.__module__.startswith("liger")
    return [(t.detach().clone() if copied else t.detach()).requires_grad_(grad and t.requires_grad)
            for t in operands]  # fmt: skip


def forward_block(loss: Loss, sets: Sequence[Operands]) -> Block:
    """Of operands that need no gradient: some baselines take it in the forward otherwise."""
    given = [own(loss, operands, grad=False) for operands in sets]

    def step(i: int) -> None:
        with torch.no_grad():
            loss(*given[i % len(given)])

    return lambda n: {"forward": seconds(step, n)}


def training_block(loss: Loss, sets: Sequence[Operands]) -> Block:
    """The gradients are handed over, not gathered in the leaves."""
    given = [own(loss, operands, grad=True) for operands in sets]
    leaves = [[t for t in operands if t.requires_grad] for operands in given]

    def step(i: int) -> None:
        torch.autograd.grad(loss(*given[i % len(given)]), leaves[i % len(given)])

    return lambda n: {KIND: seconds(step, n)}


def peak_bytes(loss: Loss, operands: Operands) -> int:
    """As torch's allocator counts."""
    block = training_block(loss, [operands])
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    block(1)
    return torch.cuda.max_memory_allocated() - before
