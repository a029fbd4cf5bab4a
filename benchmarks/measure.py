"""How the benchmark measures.

All sides of a comparison run in one process and take turns: a round times one short block of each
side, so that a slow second of the machine falls on all of them. The rounds go through all orders of
the sides, so that none always inherits the caches of the same other one. A side's time is the
median over the rounds; a ratio is the median of the ratios within the rounds. Everything is
compiled and warm before the first round.

What a block is, and how its seconds and its memory are told, is the device's: see cpu.py, gpu.py.
"""

from __future__ import annotations

import gc
import itertools
import math
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType, ModuleType

import torch
from torch import Tensor

from .case import Case, Loss
from .figures import KIND, Size

# Runs n steps of a side and returns the seconds that each kind took.
Block = Callable[[int], dict[str, float]]
Operands = Sequence[Tensor]


@dataclass(frozen=True)
class Timing:
    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Timing:
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)


@dataclass(frozen=True)
class Comparison:
    """Seconds a step of every side, and the ratios of the others' times to the first side's."""

    times: dict[str, Timing]
    ratios: dict[str, Timing]


@dataclass(frozen=True)
class Cell:
    """Everything measured for one loss at one size and dtype.

    Attributes:
        family: "element", "class", "sequence", "sum", "product" or "training"; "bfloat16",
            "reading" and "softmax" compare lossops with its own float32, torch.sum and log_softmax.
        loss: Name of the case.
        size: Elements, or the shape of the logits.
        dtype: Of the operands.
        kinds: By "forward", "backward" and "forward+backward".
        input_bytes: Of one operand.
        peak: The most bytes that forward and backward add to the operands, by side.
        least_bytes: Of every operand read once and every gradient written once, by kind.
    """

    family: str
    loss: str
    size: Size
    dtype: str
    kinds: dict[str, Comparison]
    input_bytes: int = 0
    peak: dict[str, int] = field(default_factory=dict)
    least_bytes: dict[str, int] = field(default_factory=dict)


# cpu.py or gpu.py: BLOCK, the seconds that a block of many short steps lasts, `operands` (sets of
# them, to be taken in turn), `sides`, `forward_block`, `training_block` and `peak_bytes`.
Device = ModuleType


def compare(
    make: Callable[[Loss, Sequence[Operands]], Block],
    sides: Mapping[str, tuple[Loss, Sequence[Operands]]],
    rounds: int,
    lasting: float,
) -> dict[str, Comparison]:
    """Times the sides in interleaved blocks; one comparison for each kind that they report."""
    names = list(sides)
    blocks = {name: make(*side) for name, side in sides.items()}
    steps: dict[str, int] = {}
    for name, block in blocks.items():  # warm up, and find how many steps make a block
        block(1)
        began = time.perf_counter()
        count = 0
        while time.perf_counter() - began < 5 * lasting or count < 1:
            block(1)
            count += 1
        steps[name] = max(1, round(lasting * count / (time.perf_counter() - began)))

    taken: list[dict[str, dict[str, float]]] = []
    gc.collect()
    gc.disable()
    try:
        for _, order in zip(range(rounds), itertools.cycle(itertools.permutations(names))):
            taken.append({name: blocks[name](steps[name]) for name in order})
    finally:
        gc.enable()

    def compared(kind: str) -> Comparison:
        seconds = {name: [turn[name][kind] / steps[name] for turn in taken] for name in names}
        ours = seconds[names[0]]
        ratios = {name: [theirs / our for theirs, our in zip(seconds[name], ours, strict=True)]
                  for name in names[1:]}  # fmt: skip
        return Comparison(
            {name: Timing.of(values) for name, values in seconds.items()},
            {name: Timing.of(values) for name, values in ratios.items()},
        )

    return {kind: compared(kind) for kind in taken[0][names[0]]}


def compiled(baseline: Loss, mode: str | None = None) -> Loss:
    """torch.compile of the baseline, as a function of its own, for eager code's instruction set.

    torch.compile keeps its results on the code object. A copy of it gives every shape and mode a
    compiled function that knows of no other, whose guards are therefore as short as can be.
    """
    if torch.backends.cpu.get_cpu_capability() == "AVX2":
        import torch._inductor.config as config

        config.cpp.simdlen = 256
        config.cpp.march = "x86-64-v3"  # else g++ takes what it finds of AVX-512

    def frame(*operands: Tensor) -> Tensor:
        return baseline(*operands)

    code = frame.__code__.replace()
    own = FunctionType(code, globals(), "frame", closure=frame.__closure__)
    function: Loss = torch.compile(own, dynamic=False, fullgraph=True, mode=mode)
    return function


def disagreement(ours: Loss, theirs: Loss, operands: Operands, exact: bool = False) -> float:
    """The largest relative difference of value and gradients, each in the mean over its elements.

    In the mean, since the two may choose different subgradients where an element hits a kink. NaN
    if any difference is. ``exact``: theirs in float64, where it loses more digits than ours.
    """
    reference = operands
    if exact:
        reference = [x.detach().double().requires_grad_() if x.requires_grad else x
                     for x in operands]  # fmt: skip
    found = []
    for loss, given in ((ours, operands), (theirs, reference)):
        value, leaves = loss(*given), [x for x in given if x.requires_grad]
        found.append((value.detach(), *torch.autograd.grad(value, leaves)))
    differences = []
    for x, y in zip(*found, strict=True):
        difference = (x.double() - y.double()).abs().mean().item()
        differences.append(difference / (y.double().abs().mean().item() or 1.0))
    return max(differences, key=lambda d: (math.isnan(d), d))


TOLERANCE = {torch.float64: 1e-6, torch.float32: 2e-4, torch.bfloat16: 5e-2, torch.float16: 1e-2}


def measure(
    device: Device, case: Case, size: Size, dtype: torch.dtype, rounds: int, compile: bool
) -> Cell:
    """Times lossops, the eager baseline and, if asked and of use, torch.compile of it."""
    torch._dynamo.reset()
    compile = compile and case.is_compiled(size)
    # A function each, since torch.compile guards on whether gradients are wanted.
    forward, training = (device.sides(case, size, dtype, compile) for _ in range(2))
    sets = device.operands(case, size, dtype)
    exact = case.family == "sequence"
    difference = disagreement(training["lossops"], training["eager"], sets[0], exact)
    if not difference <= TOLERANCE[dtype]:
        raise RuntimeError(f"lossops and {case.baseline_name} differ by {difference:.1e}")

    kinds: dict[str, Comparison] = {}
    for make, losses in ((device.forward_block, forward), (device.training_block, training)):
        given = {side: (loss, sets) for side, loss in losses.items()}
        kinds |= compare(make, given, rounds, device.BLOCK)
    read = sum(operand.nbytes for operand in sets[0])
    written = sum(operand.nbytes for operand in sets[0] if operand.requires_grad)
    return Cell(
        family=case.family,
        loss=case.name,
        size=size,
        dtype=str(dtype).removeprefix("torch."),
        kinds=kinds,
        input_bytes=sets[0][0].nbytes,
        peak={side: device.peak_bytes(loss, sets[0]) for side, loss in training.items()},
        least_bytes={"forward": read, KIND: read + written},
    )


class Company:
    """How much of the processor others took since this was made.

    A pool of threads that waits for one descheduled member loses whole time slices: beside a busy
    process, figures of threaded code are worth nothing, and the medians do not show it.
    """

    def __init__(self) -> None:
        self.began, self.start = time.perf_counter(), self._taken()

    @staticmethod
    def _taken() -> float:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
        user, nice, system, _idle, _wait, irq, soft, stolen = map(int, fields)
        busy = (user + nice + system + irq + soft + stolen) / os.sysconf("SC_CLK_TCK")
        return busy - sum(os.times()[:4])  # ours, and that of our children

    def cores(self) -> float:
        """Cores that others kept busy, on average."""
        return max(0.0, self._taken() - self.start) / (time.perf_counter() - self.began)
