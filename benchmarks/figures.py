"""The figures that this library has promised, in one place; the run is held against them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

KIND = "forward+backward"  # the kind that the promised ratios are about
SIZES = (64, 4096, 65536, 1 << 20, 1 << 24)


@dataclass(frozen=True)
class Promise:
    """A least ratio of the peer's time to ours, size by size (fp32, mean, 2 threads)."""

    loss: str
    peer: str
    least: tuple[float, ...]  # one for each of SIZES


PROMISES = (
    Promise("focal", "eager", (4, 4, 4, 8, 12)),
    Promise("focal", "compile", (2.5, 2.5, 2.5, 2, 2)),
    Promise("huber", "eager", (1.6, 1.6, 1.6, 3, 3)),
    Promise("huber", "compile", (1.5,) * 5),
    Promise("bce_with_logits", "eager", (1.6, 1.6, 1.6, 4, 4)),
    Promise("bce_with_logits", "compile", (1.5,) * 5),
)
FLOOR = 1.0  # no loss below it against either peer at any size
GEOMETRIC_MEAN = {"eager": 4.0, "compile": 2.0}  # over the family and the sizes
BANDWIDTH_SIZE = 1 << 24
BANDWIDTH_SHARE = 0.80  # forward mean, of the rate at which torch.sum reads the same bytes
BFLOAT16 = 1.0  # least ratio of our float32 time to our bfloat16 time


@dataclass(frozen=True)
class Check:
    """One promise held against what was measured."""

    what: str
    promised: float
    measured: float
    note: str = ""

    @property
    def kept(self) -> bool:
        """Whether the measured figure reaches the promised one."""
        return self.measured >= self.promised


def least_of(
    loss: str, peer: str, size: int, promises: Sequence[Promise] = PROMISES
) -> float | None:
    """The ratio promised for this loss, peer and size, where there is one."""
    for promise in promises:
        if (promise.loss, promise.peer) == (loss, peer) and size in SIZES:
            return promise.least[SIZES.index(size)]
    return None
