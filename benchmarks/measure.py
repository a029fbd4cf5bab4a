"""How the benchmark measures.

All sides of a comparison run in one process and take turns: a round times one short block of each
side, so that a slow second of the machine falls on all of them. The rounds go through all orders of
the sides, so that none always inherits the caches of the same other one. A side's time is the
median over the rounds; a ratio is the median of the ratios within the rounds. Everything is
compiled and warm before the first round.
"""

from __future__ import annotations

import ctypes
import gc
import itertools
import json
import math
import os
import statistics
import tempfile
import time
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from .figures import Shape
from .peers import Case, Loss

KINDS = ("forward", "backward", "forward+backward")
BLOCK = 3e-3  # seconds that a block of many short steps lasts


def elements(size: int | Shape) -> int:
    """Elements of an operand of this size."""
    return size if isinstance(size, int) else math.prod(size)


def size_name(size: int | Shape) -> str:
    """64, 4K, 1M; 4096x1000."""
    if not isinstance(size, int):
        return "x".join(map(str, size))
    for unit, name in ((1 << 20, "M"), (1 << 10, "K")):
        if size >= unit and size % unit == 0:
            return f"{size // unit}{name}"
    return str(size)


@dataclass(frozen=True)
class Timing:
    """Median and quartiles."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Timing:
        """Of the values of all rounds."""
        if len(values) < 2:
            return cls(values[0], values[0], values[0])
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)


@dataclass(frozen=True)
class Comparison:
    """Seconds a step of every side, and the ratios of the others' times to the first side's."""

    times: dict[str, Timing]
    ratios: dict[str, Timing]


# Runs n steps of a side and returns the seconds that each kind took.
Block = Callable[[int], dict[str, float]]


@contextmanager
def quiet() -> Iterator[None]:
    """No garbage collection inside."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def training_block(loss: Loss, operands: Sequence[Tensor]) -> Block:
    """Steps as in training: the loss of leaves, then backward into fresh gradients.

    The gradients are dropped between steps, outside the clock, so each step allocates them anew, as
    after zero_grad(set_to_none=True).
    """
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
        return {"backward": backward * 1e-9, "forward+backward": total * 1e-9}

    return block


def forward_block(loss: Loss, operands: Sequence[Tensor]) -> Block:
    """Steps as in evaluation: the loss alone, under no_grad."""

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


def compare(sides: Mapping[str, Block], rounds: int) -> dict[str, Comparison]:
    """Times the sides in interleaved blocks; one comparison for each kind that they report."""
    names = list(sides)
    steps: dict[str, int] = {}
    for name, block in sides.items():  # warm up, and find how many steps make a block
        block(1)
        began = time.perf_counter()
        count = 0
        while time.perf_counter() - began < 5 * BLOCK or count < 1:
            block(1)
            count += 1
        steps[name] = max(1, round(BLOCK * count / (time.perf_counter() - began)))

    taken: list[dict[str, dict[str, float]]] = []
    with quiet():
        for _, order in zip(range(rounds), itertools.cycle(itertools.permutations(names))):
            taken.append({name: sides[name](steps[name]) for name in order})

    found: dict[str, Comparison] = {}
    for kind in taken[0][names[0]]:
        seconds = {name: [turn[name][kind] / steps[name] for turn in taken] for name in names}
        ours = seconds[names[0]]
        found[kind] = Comparison(
            times={name: Timing.of(values) for name, values in seconds.items()},
            ratios={
                name: Timing.of(
                    [theirs / our for theirs, our in zip(seconds[name], ours, strict=True)]
                )
                for name in names[1:]
            },
        )
    return found


def trim_heap() -> None:
    """Returns to the system what malloc keeps of released memory, where malloc can."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def peak_bytes(loss: Loss, operands: Sequence[Tensor]) -> int:
    """The most bytes that one forward and backward adds to the operands, its gradients included.

    Resident memory cannot tell: freed blocks linger in malloc, and compiling leaves a higher peak
    than any loss. The profiler sees every allocation and release of tensor memory, by whomever; the
    peak of their running sum is exact.
    """
    leaves = [operand for operand in operands if operand.requires_grad]
    for leaf in leaves:
        leaf.grad = None  # before the profile, which would count the release
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True
    ) as profile:
        loss(*operands).backward()  # type: ignore[no-untyped-call]
    for leaf in leaves:
        leaf.grad = None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        profile.export_chrome_trace(str(path))
        events = json.loads(path.read_text())["traceEvents"]
    changes = [event for event in events if event.get("name") == "[memory]"]
    changes.sort(key=lambda event: float(event["ts"]))  # stable: equal times keep their order
    held = peak = 0
    for change in changes:
        held += int(change["args"]["Bytes"])
        peak = max(peak, held)
    return peak


def compiled(case: Case, mode: str | None = None) -> Loss:
    """torch.compile of the peer, as a function of its own.

    torch.compile keeps its results on the code object. A copy of it gives every shape and mode a
    compiled function that knows of no other, whose guards are therefore as short as can be.
    """
    source = case.source
    assert isinstance(source, types.FunctionType)
    copy = types.FunctionType(
        source.__code__.replace(),
        source.__globals__,
        source.__name__,
        source.__defaults__,
        source.__closure__,
    )
    function: Loss = torch.compile(copy, dynamic=False, fullgraph=True, mode=mode)
    return function


def make_operands(
    case: Case, size: int | Shape, dtype: torch.dtype, device: str = "cpu"
) -> list[Tensor]:
    """The operands of a case, drawn on the device, with the leaves that require a gradient."""
    rng = torch.Generator(device).manual_seed(elements(size))
    with torch.device(device):
        operands = list(case.inputs(size, dtype, rng))
    for index in case.wrt:
        operands[index].requires_grad_()
    return operands


def disagreement(ours: Loss, theirs: Loss, operands: Sequence[Tensor]) -> float:
    """The largest relative difference of value and gradients, each in the mean over its elements.

    In the mean, since the two may choose different subgradients where an element hits a kink. NaN
    if any difference is.
    """
    leaves = [operand for operand in operands if operand.requires_grad]
    a, b = ours(*operands), theirs(*operands)
    differences = []
    pairs = zip(
        (a.detach(), *torch.autograd.grad(a, leaves)),
        (b.detach(), *torch.autograd.grad(b, leaves)),
        strict=True,
    )
    for x, y in pairs:
        difference = (x.double() - y.double()).abs().mean().item()
        differences.append(difference / (y.double().abs().mean().item() or 1.0))
    return max(differences, key=lambda d: (math.isnan(d), d))


class Company:
    """How much of the processor others took since this was made; None where /proc cannot tell.

    A pool of threads that waits for one descheduled member loses whole time slices: beside a busy
    process, figures of threaded code are worth nothing, and the medians do not show it.
    """

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.start = self._taken()

    @staticmethod
    def _taken() -> float | None:
        try:
            fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
        except OSError:
            return None
        user, nice, system, _idle, _wait, irq, soft, stolen = map(int, fields)
        own = os.times()
        busy = (user + nice + system + irq + soft + stolen) / os.sysconf("SC_CLK_TCK")
        return busy - own.user - own.system - own.children_user - own.children_system

    def cores(self) -> float | None:
        """Cores that others kept busy, on average."""
        end = self._taken()
        if self.start is None or end is None:
            return None
        return max(0.0, end - self.start) / (time.perf_counter() - self.began)


TOLERANCE = {torch.float64: 1e-6, torch.float32: 2e-4, torch.bfloat16: 5e-2, torch.float16: 1e-2}


@dataclass(frozen=True)
class Cell:
    """Everything measured for one loss at one size and dtype."""

    loss: str
    size: int | Shape
    dtype: str
    kinds: dict[str, Comparison]
    input_bytes: int  # of one operand
    peak: dict[str, int]
    compile_seconds: float


def measure(case: Case, size: int | Shape, dtype: torch.dtype, rounds: int, compile: bool) -> Cell:
    """Times lossops, the eager peer and, if asked, torch.compile of the peer."""
    operands = make_operands(case, size, dtype)
    ours = case.ours()
    difference = disagreement(ours, case.eager, operands)
    if not difference <= TOLERANCE[dtype]:
        raise RuntimeError(
            f"{case.name}, {size_name(size)}, {dtype}: "
            f"lossops and {case.peer_name} differ by {difference:.1e}"
        )

    training: dict[str, Loss] = {"lossops": ours, "eager": case.eager}
    forward = dict(training)
    seconds = 0.0
    if compile:
        torch._dynamo.reset()
        training["compile"], forward["compile"] = compiled(case), compiled(case)
        began = time.perf_counter()
        training_block(training["compile"], operands)(2)
        forward_block(forward["compile"], operands)(2)
        seconds = time.perf_counter() - began

    kinds = compare({side: forward_block(loss, operands) for side, loss in forward.items()}, rounds)
    kinds |= compare(
        {side: training_block(loss, operands) for side, loss in training.items()}, rounds
    )
    peak = {side: peak_bytes(loss, operands) for side, loss in training.items()}
    return Cell(
        loss=case.name,
        size=size,
        dtype=str(dtype).removeprefix("torch."),
        kinds=kinds,
        input_bytes=operands[0].nbytes,
        peak=peak,
        compile_seconds=seconds,
    )


def measure_bfloat16(case: Case, size: int, rounds: int) -> Comparison:
    """Our float32 time over our bfloat16 time, forward and backward."""
    ours = case.ours()
    sides = {
        "bfloat16": training_block(ours, make_operands(case, size, torch.bfloat16)),
        "float32": training_block(ours, make_operands(case, size, torch.float32)),
    }
    return compare(sides, rounds)["forward+backward"]


@dataclass(frozen=True)
class Reading:
    """Our forward mean beside torch.sum over the same bytes."""

    bytes: int
    times: Comparison

    @property
    def share(self) -> Timing:
        """Our rate as a share of torch.sum's."""
        return self.times.ratios["torch.sum"]

    @property
    def rate(self) -> float:
        """torch.sum's rate, in bytes a second."""
        return self.bytes / self.times.times["torch.sum"].median


def measure_reading(case: Case, size: int, dtype: torch.dtype, rounds: int) -> Reading:
    """How fast the forward mean reads its operands, beside torch.sum over the very same memory."""
    with torch.no_grad():
        together = torch.stack([operand.detach() for operand in make_operands(case, size, dtype)])
    operands = list(together)
    sides = {
        "lossops": forward_block(case.ours(), operands),
        "torch.sum": forward_block(torch.sum, [together]),
    }
    return Reading(together.nbytes, compare(sides, rounds)["forward"])
