"""Of vectors, regions and boxes."""

import math
from typing import Any

import torch

from tests.hard.case import INF, NAN, Hard
from tests.losses.box import BOX_LOSSES

Vector = list[float]


def pair(name: str, op: str, x: Vector, y: Vector, t: float, value: float,
         slopes: tuple[Vector, Vector] | None = None, dtype: torch.dtype = torch.float32,
         **params: Any) -> Hard:  # fmt: skip
    """One pair of vectors: the loss, and the slopes of both."""
    gradients = {} if slopes is None else {"input1": [slopes[0]], "input2": [slopes[1]]}
    operands = {"input1": [x], "input2": [y], "target": [t]}
    return Hard(name, op, operands, [value], gradients, params, dtype)


def triplet(name: str, vectors: list[Vector], value: float, slopes: list[Vector],
            **params: Any) -> Hard:  # fmt: skip
    """Of anchor, positive and negative, without eps."""
    names = ("anchor", "positive", "negative")
    operands, gradients = ({n: [v] for n, v in zip(names, of, strict=True)}
                           for of in (vectors, slopes))  # fmt: skip
    return Hard(name, "triplet_margin", operands, [value], gradients, {"eps": 0.0, **params})


def signal(name: str, op: str, x: Vector, t: Vector, value: float, slope: Vector | None = None,
           **params: Any) -> Hard:  # fmt: skip
    gradients = {} if slope is None else {"input": [slope]}
    return Hard(name, op, {"input": [x], "target": [t]}, [value], gradients, params)


def image(name: str, op: str, x: list[Vector], t: list[int], value: Any, slopes: list[Vector],
          dtype: torch.dtype = torch.float32, **params: Any) -> Hard:  # fmt: skip
    """One image by classes and pixels, and the label of each pixel."""
    operands: dict[str, list[Any]] = {"input": [x], "target": [t]}
    return Hard(name, op, operands, [value], {"input": [slopes]}, params, dtype)


def box(name: str, op: str, x: Vector, t: Vector, value: float, slope: Vector | None = None,
        dtype: torch.dtype = torch.float32, **params: Any) -> Hard:  # fmt: skip
    gradients = {} if slope is None else {"input": [slope]}
    return Hard(name, op, {"input": [x], "target": [t]}, [value], gradients, params, dtype)


NOTHING: Vector = [0, 0]
ROOT = math.sqrt(0.5)

VECTORS = [
    pair("a vector of zeros", "cosine_embedding", NOTHING, [1, 2], 1, 1, (NOTHING, NOTHING)),
    pair("zeros apart", "cosine_embedding", NOTHING, [1, 2], -1, 0, (NOTHING, NOTHING)),
    pair("the same", "cosine_embedding", [3, 4], [3, 4], 1, 0),
    pair("no similarity", "cosine_embedding", [3, 4], [4, 3], 0, 0, (NOTHING, NOTHING)),
    pair("tiny", "cosine_embedding", [1e-20, 0], [1e-20, 1e-20], -1, ROOT),
    pair("huge", "cosine_embedding", [1e20, 0], [1e20, 1e20], -1, ROOT),
    pair("half precision", "cosine_embedding", [300, 0], [300, 300], -1, ROOT,
         dtype=torch.float16),
    pair("NaN", "cosine_embedding", [NAN, 0], [1, 0], 1, NAN),
    triplet("at the kink", [NOTHING, [3, 4], [6, 0]], 0, [[0.4, -0.8], [0.6, 0.8], [-1, 0]]),
    triplet("all the same", [[1, 2]] * 3, 1, [NOTHING] * 3),
    triplet("far", [[1e20, 0], NOTHING, [2e20, 0]], 1, [[2, 0], [-1, 0], [-1, 0]]),
    triplet("the largest, of two alike", [NOTHING, [3, 4], [1, 1]], 4,
            [[0.5, -0.5], [0, 1], [-0.5, -0.5]], p=INF),
    triplet("swapped, as far either way", [[0.0], [2.0], [1.0]], 2, [[-0.5], [0.5], [0.0]],
            swap=True),
    pair("the same", "contrastive", [1, 2], [1, 2], 1, 0, (NOTHING, NOTHING)),
    pair("the same, apart", "contrastive", [1, 2], [1, 2], 0, 1, (NOTHING, NOTHING)),
    pair("at the kink", "contrastive", [3, 4], NOTHING, 1, 0, ([0.6, 0.8], [-0.6, -0.8]),
         pos_margin=5.0),
    pair("far, apart", "contrastive", [1e20, 0], NOTHING, -1, 0, (NOTHING, NOTHING)),
    *(signal("a silent target", op, [1, 2], NOTHING, 0, NOTHING) for op in ("si_sdr", "snr")),
    *(signal("no noise", op, [1, 2], [1, 2], -INF, NOTHING) for op in ("si_sdr", "snr")),
    signal("no noise, louder", "si_sdr", [2, 4], [1, 2], -INF, NOTHING),
    signal("silence", "si_sdr", NOTHING, [1, 2], 0, NOTHING),
    signal("silence", "snr", NOTHING, [1, 2], 0),
    signal("no noise, bounded", "snr", [1, 2], [1, 2], -10 * math.log10(6), NOTHING, eps=1.0),
]  # fmt: skip

SURE = [[1e4, -1e4], [-1e4, 1e4]]  # of class 0 in the first pixel, of class 1 in the second
NONE = [NOTHING, NOTHING]
RAW: dict[str, Any] = {"activation": None}

REGIONS = [
    *(image("right and certain", op, SURE, [0, 1], [0, 0], NONE)
      for op in ("dice", "jaccard", "tversky", "focal_tversky", "mcc")),
    image("right and certain", "generalized_dice", SURE, [0, 1], 0, NONE),
    image("half precision", "dice", [[6e4, -6e4], [-6e4, 6e4]], [0, 1], [0, 0], NONE,
          torch.float16),
    image("wrong and certain", "dice", SURE, [1, 0], [2 / (2 + 1e-5)] * 2, NONE),
    image("wrong and certain", "mcc", SURE, [1, 0], [2, 2], NONE),
    image("all of one class", "mcc", SURE, [0, 0], [1, 1], NONE),
    image("nothing there, nothing found", "dice", [[1.0, 1.0], [0.0, 0.0]], [0, 0], [0, 0],
          [[-1 / 4, -1 / 4], [0, 0]], smooth=0.0, **RAW),
    image("a class that is not there", "dice", [[1e4, 1e4], [-1e4, -1e4]], [0, 0], [0, 0], NONE,
          absent="skip"),
    image("all ignored", "dice", [[NAN, INF], [0, -INF]], [-1, -1], [0, 0], NONE,
          ignore_index=-1),
    image("all ignored", "generalized_dice", [[NAN, INF], [0, -INF]], [-1, -1], 0, NONE,
          ignore_index=-1),
    image("half of one class", "jaccard", [[0.5, 0.5]], [1, 0], [2 / 3], [[-2 / 3, 2 / 9]],
          smooth=0.0, **RAW),
    image("a perfect match, gamma below 1", "focal_tversky", [[1.0, 0.0]], [1, 0], [0],
          [NOTHING], **RAW),
]  # fmt: skip

STILL: Vector = [0, 0, 0, 0]
SAME: dict[str, tuple[Vector, str]] = {
    "tiny": ([0.5, 0.5, 0.5001, 0.5001], "xyxy"),
    "tiny and far away": ([1000.5, 1000.5, 1e-4, 1e-4], "cxcywh"),
    "of almost no size": ([1e-30, 1e-30, 1e-30, 2e-30], "xywh"),
    "huge": ([-1e18, -1e18, 1e18, 1e18], "xyxy"),
    "flat": ([1, 2, 3, 2], "xyxy"),
    "points": ([7, 9, 7, 9], "xyxy"),
    "points at 0": (STILL, "cxcywh"),
}
BOXES = [
    *(
        box(f"the same, {name}", op, x, x, 0, STILL, format=format)
        for name, (x, format) in SAME.items()
        for op in BOX_LOSSES
    ),
    *(
        box(
            "the same, in half precision",
            op,
            [0, 0, 300, 300],
            [0, 0, 300, 300],
            0,
            STILL,
            torch.float16,
        )
        for op in BOX_LOSSES
    ),
    *(box("NaN", op, [NAN, 0, 1, 1], [0, 0, 1, 1], NAN) for op in BOX_LOSSES),
    box(
        "apart",
        "giou",
        [10, 10, 12, 12],
        [1, 1, 3, 3],
        2 - 8 / 121,
        [2 / 121, 2 / 121, -14 / 1331, -14 / 1331],
    ),
    box("touching", "giou", [3, 1, 5, 3], [1, 1, 3, 3], 1, [0.25, 0, 0, 0]),
    box("with swapped corners", "giou", [2, 2, 0, 0], [0, 0, 2, 2], 1, STILL),
    box("two points", "giou", STILL, [1, 1, 1, 1], 2),
    box("two points", "diou", STILL, [1, 1, 1, 1], 2),
    box("apart", "iou", [10, 10, 12, 12], [1, 1, 3, 3], 1, STILL),
    box("apart", "iou", [10, 10, 12, 12], [1, 1, 3, 3], INF, STILL, mode="log"),
    box("two points", "iou", STILL, [1, 1, 1, 1], INF, STILL, mode="log"),
    box("almost the same", "iou", [0, 0, 1, 1], [0, 0, 1, 1 + 2**-23], 2**-23 / (1 + 2**-23)),
    box(
        "almost nothing in common",
        "iou",
        [0, 0, 1, 1],
        [0, 0, 1e15, 1e15],
        30 * math.log(10),
        mode="log",
    ),
    box("areas beyond float32", "iou", [0, 0, 1e30, 1e30], [0, 0, 1e30, 5e29], 0.5),
    box(
        "areas beyond float16", "giou", [0, 0, 300, 300], [0, 0, 300, 150], 0.5, dtype=torch.float16
    ),
    box(
        "flat",
        "ciou",
        [0, 0, 2, 0],
        [0, 0, 2, 2],
        1.175,
        [1 / 32, 0.2 / math.pi - 3 / 32, -1 / 32, -1 / 8 - 0.2 / math.pi],
    ),
    box("both flat", "eiou", [0, 1, 2, 1], [0, 1, 4, 1], 1 + 1 / 16 + 1 / 4),
    box(
        "of a focus that leaves it out", "eiou", [10, 10, 12, 12], [1, 1, 3, 3], 0, STILL, gamma=0.5
    ),
]
