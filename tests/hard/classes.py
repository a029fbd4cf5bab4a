"""Over a class axis."""

import math
from typing import Any

import torch

from tests.hard.case import INF, LN2, NAN, E, Hard, averaged, sigmoid, softplus


def row(name: str, op: str, x: list[float], t: int | list[float], value: float,
        slope: list[float] | None = None, dtype: torch.dtype = torch.float32,
        **params: Any) -> Hard:  # fmt: skip
    """One row over the classes, with a label, probabilities or a teacher: loss and slope at x."""
    gradients = {} if slope is None else {"input": [slope]}
    return Hard(name, op, {"input": [x], "target": [t]}, [value], gradients, params, dtype)


def point(name: str, x: list[float], y: float, value: float, slope: list[float] | None = None,
          by_y: float | None = None) -> Hard:  # fmt: skip
    """One row whose target lies between two classes."""
    gradients = {} if slope is None else {"input": [slope]}
    gradients |= {} if by_y is None else {"target": [by_y]}
    return Hard(name, "distribution_focal", {"input": [x], "target": [y]}, [value], gradients)


SOFT = {"probabilities": True}
HALF = torch.float16
TINY = math.log1p(E(-30))  # -ln p of a class that leads by 30: 9.4e-14
UNIT = {"fn_weight": torch.ones(2), "fp_weight": torch.ones(2, 2)}

CLASSES = [
    row("-inf off the label", "cross_entropy", [-INF, 0, 0], 1, LN2, [0, -0.5, 0.5]),
    row("all masked but the label", "cross_entropy", [-INF, 3, -INF], 1, 0, [0, 0, 0]),
    row("-inf at the label", "cross_entropy", [-INF, 0, 0], 0, INF, [-1, 0.5, 0.5]),
    row("hard", "cross_entropy", [1e4, 0], 1, 1e4, [1, -1]),
    row("6e4 in half precision", "cross_entropy", [6e4, 6e4, -6e4], 0, LN2, [-0.5, 0.5, 0], HALF),
    row("overflow of the value is not one of the gradient", "cross_entropy", [6e4, -6e4], 1, INF,
        [1, -1], HALF),
    averaged("the mean is kept in float32", "cross_entropy",
             {"input": [[6e4, -6e4], [0, -6e4], [0, -6e4], [0, -6e4]], "target": [1, 0, 0, 0]},
             3e4, {"input": [[0.25, -0.25], [0, 0], [0, 0], [0, 0]]}),
    row("tiny", "cross_entropy", [30, 0], 0, TINY, [-sigmoid(-30), sigmoid(-30)]),
    row("tiny, the label last", "cross_entropy", [-30, -30, 0], 2, math.log1p(2 * E(-30)),
        [E(-30), E(-30), -2 * E(-30)]),
    row("tiny, probabilities", "cross_entropy", [30, 0], [1.0, 0.0], TINY,
        [-sigmoid(-30), sigmoid(-30)], **SOFT),
    row("0 against -inf", "cross_entropy", [-INF, 0], [0.0, 1.0], 0, [0, 0], **SOFT),
    row("0 against -inf, mixed", "cross_entropy", [0, 0, -INF], [0.5, 0.5, 0.0], LN2, [0, 0, 0],
        **SOFT),
    Hard("0 against -inf, by the target", "cross_entropy",
         {"input": [[-INF, 0, 0]], "target": [[0, 0.5, 0.5]]}, [LN2],
         {"input": [[0, 0, 0]], "target": [[0, LN2, LN2]]}, SOFT),
    Hard("0 against -inf, by the target", "softmax_focal",
         {"input": [[-INF, 0, 0]], "target": [[0, 0.5, 0.5]]}, [LN2 / 4],
         {"target": [[0, LN2 / 4, LN2 / 4]]}, SOFT),
    row("inf, as torch", "cross_entropy", [INF, 0, 0], 1, NAN, [NAN, NAN, NAN]),
    row("inf at the label, as torch", "cross_entropy", [INF, 0, 0], 0, NAN, [NAN, NAN, NAN]),
    row("inf, smoothed", "cross_entropy", [INF, 0], 1, NAN, [NAN, NAN], label_smoothing=0.1),
    row("inf, probabilities", "cross_entropy", [INF, 0], [0.5, 0.5], NAN, [NAN, NAN], **SOFT),
    row("inf", "softmax_focal", [INF, 0], 1, NAN, [NAN, NAN]),
    row("inf", "poly1", [INF, 0], 1, NAN, [NAN, NAN]),
    row("inf", "generalized_cross_entropy", [INF, 0], 1, NAN, [NAN, NAN]),
    row("inf", "rww_cross_entropy", [INF, 0], 1, NAN, [NAN, NAN], **UNIT),
    row("inf", "cosface", [INF, 0], 1, NAN, [NAN, NAN]),
    row("z-loss", "cross_entropy", [0, 0], 1, LN2 + LN2**2, [0.5 + LN2, -0.5 + LN2], z_loss=1.0),
    row("beyond the cap", "cross_entropy", [1e4, 0], 1, 30 + TINY, [0, -sigmoid(30)], softcap=30.0),
    row("infinite, capped", "cross_entropy", [INF, 0], 1, 30 + TINY, [0, -sigmoid(30)],
        softcap=30.0),
    row("-inf, capped", "cross_entropy", [-INF, 0], 0, 30 + TINY, [0, sigmoid(30)], softcap=30.0),
    row("-inf off the label", "nll", [-INF, -1], 1, 1, [0, -1]),
    row("-inf at the label", "nll", [-INF, -1], 0, INF, [-1, 0]),
    # (1 - p)^gamma (-ln p), slope +-(1 - p)^gamma (gamma p (-ln p) + 1 - p)
    row("p = 1, gamma below 1", "softmax_focal", [200, 0], 0, 0, [0, 0], gamma=0.5),
    row("p = 1, gamma below 1, infinite", "softmax_focal", [0, -INF], 0, 0, [0, 0], gamma=0.5),
    row("p = 1, gamma 1, infinite", "softmax_focal", [0, -INF], 0, 0, [0, 0], gamma=1.0),
    row("p = 1, infinite", "softmax_focal", [0, -INF], 0, 0, [0, 0]),
    row("p = 0", "softmax_focal", [1e4, 0], 1, 1e4, [1, -1]),
    row("p = 0, gamma below 1", "softmax_focal", [1e4, 0], 1, 1e4, [1, -1], gamma=0.5),
    row("gamma 0", "softmax_focal", [0, 0], 0, LN2, [-0.5, 0.5], gamma=0.0),
    row("gamma 0, p = 1", "softmax_focal", [0, -INF], 0, 0, [0, 0], gamma=0.0),
    row("easy tail 17", "softmax_focal", [17, 0], 0, sigmoid(-17) ** 2 * softplus(-17), [
        -sigmoid(-17) ** 2 * (2 * sigmoid(17) * softplus(-17) + sigmoid(-17)),
        sigmoid(-17) ** 2 * (2 * sigmoid(17) * softplus(-17) + sigmoid(-17))]),
    row("easy tail 25, gamma below 1", "softmax_focal", [0, 25], 1,
        sigmoid(-25) ** 0.5 * softplus(-25), gamma=0.5),
    row("0 against -inf", "softmax_focal", [-INF, 0], [0.0, 1.0], 0, [0, 0], **SOFT),
    row("tiny", "poly1", [30, 0], 0, TINY + 2 * sigmoid(-30), [
        -sigmoid(-30) * (1 + 2 * sigmoid(30)), sigmoid(-30) * (1 + 2 * sigmoid(30))]),
    row("p = 0", "poly1", [1e4, 0], 1, 1e4 + 2, [1, -1]),
    row("-inf off the label", "poly1", [-INF, 0], 1, 0, [0, 0]),
    row("tiny", "generalized_cross_entropy", [30, 0], 0, TINY, [-sigmoid(-30), sigmoid(-30)]),
    row("p = 0", "generalized_cross_entropy", [1e4, 0], 1, 1 / 0.7, [0, 0]),
    row("p = 0, infinite", "generalized_cross_entropy", [0, -INF], 1, 1 / 0.7, [0, 0]),
    row("p = 1, infinite", "generalized_cross_entropy", [0, -INF], 0, 0, [0, 0]),
    row("q = 1", "generalized_cross_entropy", [30, 0], 0, sigmoid(-30),
        [-sigmoid(-30), sigmoid(-30)], q=1.0),
    row("tiny", "rww_cross_entropy", [30, 0], 0, 2 * TINY, [-2 * sigmoid(-30), 2 * sigmoid(-30)],
        **UNIT),
    row("p_k = 1", "rww_cross_entropy", [1e4, 0], 1, 2e4, [2, -2], **UNIT),
    row("p_k near 1", "rww_cross_entropy", [30, 0], 1, 2 * softplus(30),
        [2 * sigmoid(30), -2 * sigmoid(30)], **UNIT),
    row("p_k = 0, infinite", "rww_cross_entropy", [0, -INF], 0, 0, [0, 0], **UNIT),
    row("-inf off the label", "normalized_cross_entropy", [-INF, 0, 0], 1, 0, [0, 0, 0]),
    row("all masked but the label", "normalized_cross_entropy", [-INF, 3, -INF], 1, 0, [0, 0, 0]),
    row("-inf at the label", "normalized_cross_entropy", [-INF, 0, 0], 0, 1, [0, 0, 0]),
    row("-inf at the label and another", "normalized_cross_entropy", [-INF, -INF, 0], 0, 0,
        [0, 0, 0]),
    row("one class", "normalized_cross_entropy", [5], 0, 0, [0]),
    # own / (own + others), slope of 2 classes -+(q others + p own) / (own + others)^2
    row("tiny", "normalized_cross_entropy", [30, 0], 0, TINY / (30 + 2 * TINY), [
        -(30 * sigmoid(-30) + TINY) / 30**2, (30 * sigmoid(-30) + TINY) / 30**2]),
    row("p near 0", "normalized_cross_entropy", [30, 0], 1, 1 - TINY / (30 + 2 * TINY), [
        (30 * sigmoid(-30) + TINY) / 30**2, -(30 * sigmoid(-30) + TINY) / 30**2]),
    row("hard", "normalized_cross_entropy", [1e4, 0], 1, 1, [0, 0]),
    row("inf", "normalized_cross_entropy", [INF, 0], 1, NAN, [NAN, NAN]),
    Hard("p near 1, and so is q", "elr", {"input": [[30, 0]], "target": [0],
         "average": [[1 - 2**-24, 2**-24]]},
         [TINY + 3 * math.log(2**-24 * sigmoid(30) + (1 - 2**-24) * sigmoid(-30))]),
    Hard("p is q", "elr", {"input": [[0, -INF]], "target": [0], "average": [[1, 0]]}, [-INF],
         {"input": [[0, 0]]}),
    Hard("inf", "elr", {"input": [[INF, 0]], "target": [0], "average": [[0, 0]]}, [NAN],
         {"input": [[NAN, NAN]]}),
    row("priors", "balanced_softmax", [0, 0], 0, -math.log(0.75), [-0.25, 0.25],
        prior=torch.tensor([3.0, 1.0])),
    row("prior 0 off the label", "balanced_softmax", [0, 0], 1, 0, [0, 0],
        prior=torch.tensor([0.0, 1.0])),
    row("prior 0, tau 0", "balanced_softmax", [0, 0], 1, LN2, [0.5, -0.5], tau=0.0,
        prior=torch.tensor([0.0, 1.0])),
    point("between", [0, 0, 0], 0.25, math.log(3), [-5 / 12, 1 / 12, 1 / 3], 0),
    point("the first", [0, 1, 0], 0.0, math.log(2 + math.e), None, -1),
    point("the last", [0, 0, LN2], 2.0, LN2, [0.25, 0.25, -0.5], -LN2),
    point("one class", [5], 0.0, 0, [0], 0),
    point("tiny", [30, 0], 0.0, TINY, [-sigmoid(-30), sigmoid(-30)], 30),
    point("hard", [1e4, 0], 1.0, 1e4, [1, -1], 1e4),
    point("-inf beside it", [0, -INF, 0], 2.0, LN2, [0.5, 0, -0.5]),
    point("-inf, no part", [0, -INF], 0.0, 0, [0, 0]),
    point("inf", [INF, 0, 0], 1.5, NAN, [NAN, NAN, NAN]),
    row("hard", "multi_margin", [0, 1e4], 0, 10001 / 2, [-0.5, 0.5]),
    row("hard, squared", "multi_margin", [0, 1e4], 0, 10001**2 / 2, [-10001, 10001], p=2),
    row("-inf off the label", "multi_margin", [0, -INF], 0, 0, [0, 0]),
    row("infinite, easy", "multi_margin", [INF, 0], 0, 0, [0, 0]),
    row("at the kink", "multi_margin", [1, 0], 0, 0, [0, 0]),
    row("-inf off the labels", "multilabel_margin", [0, -INF], [0, -1], 0, [0, 0]),
    row("no labels", "multilabel_margin", [3, 5], [-1, 0], 0, [0, 0]),
    row("all labels", "multilabel_margin", [3, 5], [1, 0], 0, [0, 0]),
    row("a label twice counts twice", "multilabel_margin", [0, 0], [1, 1], 1, [1, -1]),
    row("at the kink", "multilabel_margin", [1, 0], [0, -1], 0, [0, 0]),
    row("0 beyond doubt", "coral", [-INF, -INF], 0, 0, [0, 0]),
    row("passed beyond doubt", "coral", [INF, -INF], 1, 0, [0, 0]),
    row("hard", "coral", [1e4, 1e4], 0, 2e4, [1, 1]),
    row("tiny", "coral", [30, -30], 1, 2 * TINY, [-sigmoid(-30), sigmoid(-30)]),
    row("levels in between", "coral", [0, 2], [0.5, 0.25], LN2 + 0.25 * softplus(-2)
        + 0.75 * softplus(2), [0, sigmoid(2) - 0.25], **SOFT),
    row("0 beyond doubt", "corn", [-INF, NAN], 0, 0, [0, 0]),
    row("the last one, beyond doubt", "corn", [INF, INF], 2, 0, [0, 0]),
    row("not asked", "corn", [0, INF], 0, LN2, [0.5, 0]),
    row("tiny", "corn", [30, -30], 1, 2 * TINY, [-sigmoid(-30), sigmoid(-30)]),
    Hard("a teacher that is certain", "distill_kl", {"input": [[0, 0]], "target": [[0, -INF]]},
         [LN2], {"input": [[-0.5, 0.5]], "target": [[0, 0]]}),
    Hard("masked on both sides", "distill_kl",
         {"input": [[0, -INF, 0]], "target": [[0, -INF, 0]]}, [0],
         {"input": [[0, 0, 0]], "target": [[0, 0, 0]]}),
    row("impossible for the student", "distill_kl", [0, -INF], [0.0, 0.0], INF),
    Hard("inf", "distill_kl", {"input": [[INF, 0]], "target": [[0, 0]]}, [NAN],
         {"input": [[NAN, NAN]], "target": [[NAN, NAN]]}),
    Hard("inf, teacher", "jsd", {"input": [[0, 0]], "target": [[INF, 0]]}, [NAN],
         {"input": [[NAN, NAN]], "target": [[NAN, NAN]]}),
    row("hard", "distill_kl", [1e4, 0], [-100.0, 100.0], 1e4, [1, -1]),
    row("hot", "distill_kl", [8, 0], [0.0, 8.0], 16 * 2 * (2 * sigmoid(2) - 1), temperature=4.0),
    Hard("disjoint", "jsd", {"input": [[0, -INF]], "target": [[-INF, 0]]}, [LN2],
         {"input": [[0, 0]], "target": [[0, 0]]}),
    Hard("the same", "jsd", {"input": [[1, -INF, 2]], "target": [[1, -INF, 2]]}, [0],
         {"input": [[0, 0, 0]], "target": [[0, 0, 0]]}),
    row("forward, disjoint", "jsd", [0, -INF], [-INF, 0.0], INF, beta=0.0),
    row("reverse, a student that is certain", "jsd", [0, -INF], [0.0, 0.0], LN2, beta=1.0),
    row("angle 0", "arcface", [1, 0], 0, softplus(-math.cos(0.5)), scale=1.0),
    row("angle pi", "arcface", [-1, 0], 0, softplus(1 + 0.5 * math.sin(0.5)), scale=1.0),
    # an exponential of 41.6: its argument's rounding alone is 21 eps of the result
    Hard("right and certain", "cosface", {"input": [[1, 0]], "target": [0]}, [softplus(-64 * 0.65)],
         {"input": [[-64 * sigmoid(-64 * 0.65), 64 * sigmoid(-64 * 0.65)]]}, ulps=21),
    row("wrong and certain", "cosface", [-1, 1], 0, 64 * 2.35, [-64, 64]),
]  # fmt: skip
