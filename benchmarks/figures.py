"""The figures that this library has promised, in one place; the run is held against them."""

from __future__ import annotations

from dataclasses import dataclass

KIND = "forward+backward"  # the kind that the promised ratios are about
Shape = tuple[int, ...]
SIZES = (64, 4096, 65536, 1 << 20, 1 << 24)
CLASS_SHAPES: tuple[Shape, ...] = (  # of cross_entropy: (N, C) and (N, C, height, width)
    (32, 10),
    (4096, 10),
    (262144, 10),
    (4096, 1000),
    (2048, 32000),
    (8, 21, 256, 256),
)
FEW_SHAPES: tuple[Shape, ...] = ((4096, 10), (4096, 1000))  # of the other class-axis losses


@dataclass(frozen=True)
class Promise:
    """A least ratio of the peer's time to ours, size by size (mean, 2 threads)."""

    loss: str
    peer: str
    least: tuple[float, ...]  # one for each of sizes
    sizes: tuple[int | Shape, ...] = SIZES
    dtype: str = "float32"


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

# The class-axis family.
CROSS_ENTROPY = {
    "eager": (1.2, 4.0, 6.0, 5.0, 5.0, 4.0),
    "compile": (2.5, 1.5, 1.3, 3.0, 5.0, 1.5),
}
FLOAT_ROUTE = 2.0  # so much more with bfloat16 logits against F.cross_entropy of `.float()`
FORMULAS = {"softmax_focal": 6.0, "rww_cross_entropy": 8.0, "distill_kl": 4.0, "jsd": 6.0}
CLASS_PROMISES = (
    *(
        Promise(loss, peer, least, CLASS_SHAPES)
        for loss in ("cross_entropy", "cross_entropy_all")
        for peer, least in CROSS_ENTROPY.items()
    ),
    Promise(
        "cross_entropy",
        "eager",
        tuple(least + FLOAT_ROUTE for least in CROSS_ENTROPY["eager"]),
        CLASS_SHAPES,
        "bfloat16",
    ),
    Promise("cross_entropy", "compile", CROSS_ENTROPY["compile"], CLASS_SHAPES, "bfloat16"),
    *(Promise(loss, "eager", (least,), ((4096, 1000),)) for loss, least in FORMULAS.items()),
)
MEMORY_SHAPE: Shape = (2048, 32000)
MEMORY = 1.1  # most that forward and backward may add at its peak, in units of the logits


@dataclass(frozen=True)
class Check:
    """One promise held against what was measured."""

    what: str
    promised: float
    measured: float
    note: str = ""
    most: bool = False  # the promise is an upper bound

    @property
    def kept(self) -> bool:
        """Whether the measured figure keeps to the promised one."""
        return self.measured <= self.promised if self.most else self.measured >= self.promised


def least_of(loss: str, peer: str, size: int | Shape, dtype: str = "float32") -> float | None:
    """The ratio promised for this loss, peer, size and dtype, where there is one."""
    for promise in (*PROMISES, *CLASS_PROMISES):
        if (promise.loss, promise.peer, promise.dtype) == (loss, peer, dtype):
            if size in promise.sizes:
                return promise.least[promise.sizes.index(size)]
    return None
