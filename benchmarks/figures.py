"""Where losses are measured, and the figures that this library has promised there."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

KIND = "forward+backward"  # the kind that the promised ratios are about
Shape = tuple[int, ...]
Size = int | Shape  # elements; or (N, C), (N, C, height, width)
SIZES: tuple[Size, ...] = (64, 4096, 65536, 1 << 20, 1 << 24)
FEW_SHAPES: tuple[Shape, ...] = ((4096, 10), (4096, 1000))
PROMISED_SHAPES: tuple[Shape, ...] = (
    (32, 10),
    (4096, 10),
    (262144, 10),
    (4096, 1000),
    (2048, 32000),
    (8, 21, 256, 256),
)
CLASS_SHAPES: tuple[Shape, ...] = (*PROMISED_SHAPES, (16384, 37), (65536, 2))  # of cross_entropy
CTC_SHAPES: tuple[Shape, ...] = (  # frames, sequences, classes, labels
    (500, 16, 64, 50),
    (400, 8, 1000, 80),
    (200, 32, 30, 30),
    (1500, 4, 5000, 200),
)
RNNT_SHAPES: tuple[Shape, ...] = ((4, 200, 50, 500),)  # sequences, frames, labels, classes
REGION_SHAPES: tuple[Shape, ...] = ((8, 4, 256, 256), (2, 21, 512, 512))
MASK_SHAPES: tuple[Shape, ...] = ((8, 1, 512, 512),)
VECTOR_SHAPES: tuple[Shape, ...] = ((4096, 768), (64, 128))
SIGNAL_SHAPES: tuple[Shape, ...] = ((16, 64000),)
BOX_SHAPES: tuple[Shape, ...] = ((100_000, 4),)
ORDINAL_SHAPES: tuple[Shape, ...] = ((4096, 10), (262144, 4))  # rows, thresholds
LINEAR_SHAPES: tuple[Shape, ...] = (
    (2048, 1024, 32000),
    (8192, 512, 50257),
)  # rows, features, classes
CLIP_SHAPE: Shape = (16384, 512)
BASELINES = {"eager": "eager", "compile": "torch.compile"}
OTHERS = BASELINES | {"products": "the products alone", "chunks": "torch's chunks"}


def elements(size: Size) -> int:
    return size if isinstance(size, int) else math.prod(size)


def size_name(size: Size) -> str:
    """64, 4K, 1M; 4096x1000."""
    if not isinstance(size, int):
        return "x".join(map(str, size))
    for unit, name in ((1 << 20, "M"), (1 << 10, "K")):
        if size >= unit and size % unit == 0:
            return f"{size // unit}{name}"
    return str(size)


@dataclass(frozen=True)
class Aim:
    """The least ratios of the baselines' times to ours (mean, 2 threads)."""

    loss: str
    size: Size
    eager: float
    compile: float | None = None
    dtype: str = "float32"
    kind: str = KIND


_CROSS_ENTROPY = tuple(
    zip(
        PROMISED_SHAPES, (1.2, 4.0, 6.0, 5.0, 5.0, 4.0), (2.5, 1.5, 1.3, 3.0, 5.0, 1.5), strict=True
    )
)
_FLOAT_ROUTE = 2.0  # so much more with bfloat16 logits against F.cross_entropy of `.float()`
_SEQUENCES = (
    *(Aim("ctc", *aim) for aim in zip(CTC_SHAPES, (12, 6, 10, 3), strict=True)),
    Aim("rnnt", *RNNT_SHAPES, 10),
)
_SUMS = (
    *(Aim(loss, shape, 5, 2) for loss in ("dice", "dice_ce") for shape in REGION_SHAPES),
    Aim("dice_sigmoid", *MASK_SHAPES, 4, 1.5),
    *(
        Aim(loss, *aim)
        for loss in ("cosine_embedding", "triplet_margin")
        for aim in zip(VECTOR_SHAPES, (4, 2), (1.5, 2), strict=True)
    ),
    *(Aim(loss, *BOX_SHAPES, 6, 1.5) for loss in ("iou", "giou", "diou", "ciou", "eiou")),
)
_LIKELIHOODS = tuple(
    Aim(loss, 1 << 20, 4, 1.3)
    for loss in (
        "gamma_nll",
        "negative_binomial_nll",
        "zero_inflated_poisson_nll",
        "tweedie",
        "student_t_nll",
        "laplace_nll",
        "log_normal_nll",
        "beta_nll",
        "gaussian_kl",
        "von_mises_nll",
        "crps_gaussian",
        "evidential_regression",
    )
)
AIMS = (
    *map(functools.partial(Aim, "focal"), SIZES, (4, 4, 4, 8, 12), (2.5, 2.5, 2.5, 2, 2)),
    *map(functools.partial(Aim, "huber"), SIZES, (1.6, 1.6, 1.6, 3, 3), (1.5,) * 5),
    *map(functools.partial(Aim, "bce_with_logits"), SIZES, (1.6, 1.6, 1.6, 4, 4), (1.5,) * 5),
    *(Aim("cross_entropy", *aim) for aim in _CROSS_ENTROPY),
    *(Aim("cross_entropy_all", *aim) for aim in _CROSS_ENTROPY),
    *(Aim("cross_entropy", n, e + _FLOAT_ROUTE, c, "bfloat16") for n, e, c in _CROSS_ENTROPY),
    Aim("softmax_focal", (4096, 1000), 6),
    Aim("rww_cross_entropy", (4096, 1000), 8),
    Aim("distill_kl", (4096, 1000), 4),
    Aim("jsd", (4096, 1000), 6),
    *_SEQUENCES,
    *_SUMS,
    *_LIKELIHOODS,
)
AVX2_AIMS = (
    Aim("cross_entropy", (4096, 10), 4, 3),
    Aim("cross_entropy", (262144, 10), 6, 3),
    Aim("cross_entropy", (16384, 37), 4, 3),
    Aim("cross_entropy", (65536, 2), 6, 4),
    Aim("cross_entropy", (4096, 1000), 5, 4),
    Aim("cross_entropy", (2048, 32000), 5, 4),
    Aim("cross_entropy", (8, 21, 256, 256), 4, 3),
    Aim("cross_entropy_all", (4096, 1000), 5, 3),
    Aim("softmax_focal", (4096, 1000), 5, 4),
    Aim("balanced_softmax", (64, 10), 1.2, 1.5),
    Aim("nll", (4096, 10), 1, 1, kind="forward"),
    Aim("huber", 1 << 20, 2.2, 2.2),
    Aim("huber", 1 << 24, 3, 1.8),
    *_SEQUENCES,
    *_SUMS,
)
FLOOR = 1.0  # no loss below it against either baseline at any size
GEOMETRIC_MEANS = {  # over a family and its sizes
    "element": {"eager": 4.0, "compile": 3.5},
    "class": {"eager": 5.0, "compile": 3.5},
}
PRODUCT_AIMS: dict[tuple[str, str], dict[str, float]] = {  # by loss and kind: others' time / ours
    ("linear_cross_entropy", "forward"): {"products": 1 / 1.1},
    ("linear_cross_entropy", KIND): {
        "products": 1 / 1.12, "eager": 1.15, "compile": 1.05, "chunks": 2.5
    },
    ("clip", KIND): {"eager": 1.5},
}  # fmt: skip
BANDWIDTH_SIZE = 1 << 24
BANDWIDTH_SHARE = 0.80  # forward mean, of the rate at which torch.sum reads the same bytes
SOFTMAX_SHAPE = CTC_SHAPES[0]
SOFTMAX = 2.5  # most that ctc of logits may take there, in units of their log_softmax
BFLOAT16 = 1.0  # least ratio of our float32 time to our bfloat16 time
MEMORY_SHAPE: Shape = (2048, 32000)
PRODUCT_MEMORY = 64e6  # most bytes that a loss on a product may add to inputs and gradients
MEMORY = 1.1  # most that forward and backward may add at its peak, in units of the logits


def aims(instructions: str) -> dict[tuple[str, Size, str, str], Aim]:
    """Those of an instruction set, by loss, size, dtype and kind."""
    chosen = AVX2_AIMS if instructions == "AVX2" else AIMS
    return {(aim.loss, aim.size, aim.dtype, aim.kind): aim for aim in chosen}


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
        return self.measured <= self.promised if self.most else self.measured >= self.promised
