"""Of sequences against labels that are not aligned with them."""

import math
from typing import Any

import torch

from tests.hard.case import INF, LN2, NAN, Hard


def frames(name: str, scores: list[list[float]], labels: list[int], value: float,
           slopes: list[list[float]] | None = None, dtype: torch.dtype = torch.float32,
           counted: int | None = None, spelled: int | None = None,
           **params: Any) -> Hard:  # fmt: skip
    """One sequence, by frames and classes; fewer of the frames and labels may count."""
    operands = {
        "log_probs": [[frame] for frame in scores],
        "targets": [labels],
        "input_lengths": [len(scores) if counted is None else counted],
        "target_lengths": [len(labels) if spelled is None else spelled],
    }
    gradients = {} if slopes is None else {"log_probs": [[frame] for frame in slopes]}
    return Hard(name, "ctc", operands, [value], gradients, params, dtype)


def joined(name: str, scores: list[list[list[float]]], labels: list[int], value: float,
           slopes: list[list[list[float]]] | None = None, dtype: torch.dtype = torch.float32,
           counted: int | None = None, spelled: int | None = None,
           **params: Any) -> Hard:  # fmt: skip
    """One sequence, by frames, labels so far and classes."""
    operands = {
        "logits": [scores],
        "targets": [labels],
        "logit_lengths": [len(scores) if counted is None else counted],
        "target_lengths": [len(labels) if spelled is None else spelled],
    }
    gradients = {} if slopes is None else {"logits": [slopes]}
    return Hard(name, "rnnt", operands, [value], gradients, params, dtype)


LOGITS = {"from_logits": True}
LN3 = math.log(3)
# The softmax of three logits alike, less the class that is taken.
AT_0, AT_1, AT_2 = ([1 / 3 - (k == c) for c in range(3)] for k in range(3))

SEQUENCES = [
    frames("a derivative, no row of 0", [[-1, -2, -3]], [1], 2, [[0, -1, 0]]),
    frames("scores that sum to anything", [[0, 0, 0]] * 2, [1], -LN3, [[-1 / 3, -2 / 3, 0]] * 2),
    frames("a pause between alike", [[0, 0, 0]] * 3, [1, 1], 0,
           [[0, -1, 0], [-1, 0, 0], [0, -1, 0]]),
    frames("alike without a pause", [[0, 0, 0]] * 2, [1, 1], INF, [[0, 0, 0]] * 2),
    frames("more labels than frames", [[0, 0, 0]], [1, 2], INF, [[0, 0, 0]]),
    frames("more labels than frames", [[0, 0, 0]], [1, 2], INF, [[0, 0, 0]], **LOGITS),
    frames("more labels than frames, zero_infinity", [[0, 0, 0]], [1, 2], 0, [[0, 0, 0]],
           zero_infinity=True),
    frames("no labels", [[-1, 0, 0], [-2, 0, 0]], [1], 3, [[-1, 0, 0]] * 2, spelled=0),
    frames("neither labels nor frames", [[NAN, 0, 0]], [1], 0, [[0, 0, 0]], counted=0, spelled=0),
    frames("labels without frames", [[NAN, 0, 0]], [1], INF, [[0, 0, 0]], counted=0),
    frames("a frame beyond", [[-1, -2, -3], [NAN, INF, 0]], [1], 2, [[0, -1, 0], [0, 0, 0]],
           counted=1),
    frames("a frame beyond", [[0, 0, 0], [NAN, INF, 0]], [1], LN3, [AT_1, [0, 0, 0]],
           counted=1, **LOGITS),
    frames("labels beyond", [[-1, -2, -3]], [1, 99, -99], 2, [[0, -1, 0]], spelled=1),
    frames("-inf off the label", [[-1, -2, -INF]], [1], 2, [[0, -1, 0]]),
    frames("-inf off the label", [[0, 0, -INF]], [1], LN2, [[0.5, -0.5, 0]], **LOGITS),
    frames("-inf at the label", [[-1, -INF, -3]], [1], INF, [[0, 0, 0]]),
    frames("-inf at the blank", [[-INF, -1, -3]] * 2, [1], 2, [[0, -1, 0]] * 2),
    frames("hard", [[0, -1e4, 0]], [1], 1e4, [[0, -1, 0]]),
    frames("hard", [[1e4, 0, -1e4]], [1], 1e4, [[1, -1, 0]], **LOGITS),
    frames("half precision", [[6e4, 0, -6e4]], [1], 6e4, [[1, -1, 0]], torch.float16, **LOGITS),
    frames("inf", [[INF, 0, 0]], [1], NAN, [[NAN, NAN, NAN]], **LOGITS),
    frames("blank last", [[-1, -2, -3]] * 2, [0, 1], 3, [[-1, 0, 0], [0, -1, 0]], blank=2),
    joined("one label", [[[0, 0, 0]] * 2], [0], 2 * LN3, [[AT_0, AT_2]]),
    joined("log-probabilities", [[[-1, -2, -3]] * 2], [0], 4, [[[-1, 0, 0], [0, 0, -1]]],
           fused_log_softmax=False),
    joined("no labels", [[[0, 0, 0]]] * 2, [], 2 * LN3, [[AT_2]] * 2),
    joined("cells beyond", [[[0, 0, 0]] * 2 + [[NAN] * 3], [[INF] * 3] * 3], [0, 99], 2 * LN3,
           [[AT_0, AT_2, [0] * 3], [[0] * 3] * 3], counted=1, spelled=1),
    joined("-inf off the labels", [[[0, -INF, 0]] * 2], [0], 2 * LN2,
           [[[-0.5, 0, 0.5], [0.5, 0, -0.5]]]),
    joined("hard", [[[0, 1e4, 0]] * 2], [0], 2e4, [[[-1, 1, 0], [0, 1, -1]]]),
    joined("half precision", [[[0, 6e4, 0], [0, 0, 6e4]]], [0], 6e4, [[[-1, 1, 0], [0, 0, 0]]],
           torch.float16),
    joined("monotonic", [[[0, 0, 0]] * 2], [0], LN3, [[AT_0, [0, 0, 0]]], monotonic=True),
    joined("monotonic, more labels than frames", [[[0, 0, 0]] * 3], [0, 1], INF, [[[0, 0, 0]] * 3],
           monotonic=True),
    joined("early labels", [[[0, 0, 0]] * 2], [0], 3 * LN3, [[[1.5 * g for g in AT_0], AT_2]],
           fastemit_lambda=0.5),
]  # fmt: skip
