"""Element by element."""

import math

import torch

from tests.hard.case import INF, LN2, NAN, E, Hard, averaged, one, sigmoid, softplus

FOCAL = [
    one("easy side, gamma below 1", "focal", 100.0, 1.0, 0.0, 0.0, gamma=0.5),
    one("easy side, gamma below 1, negative", "focal", -100.0, 0.0, 0.0, 0.0, gamma=0.5),
    one("easy side, gamma below 1, infinite", "focal", INF, 1.0, 0.0, 0.0, gamma=0.5),
    one("easy side, gamma 2, infinite", "focal", -INF, 0.0, 0.0, 0.0),
    one("gamma 0 at 0", "focal", 0.0, 1.0, 0.25 * LN2, -0.125, gamma=0.0),
    one("gamma 0, easy", "focal", 100.0, 1.0, 0.0, 0.0, gamma=0.0, alpha=None),
    # b p^2 softplus(x), slope b p^2 (2 (1-p) softplus(x) + p)
    one("hard side 17", "focal", 17.0, 0.0, 0.75 * sigmoid(17) ** 2 * softplus(17),
        0.75 * sigmoid(17) ** 2 * (2 * sigmoid(-17) * softplus(17) + sigmoid(17))),
    one("hard side 1e4, negative", "focal", 1e4, 0.0, 7500.0, 0.75),
    one("hard side 1e4, positive", "focal", -1e4, 1.0, 2500.0, -0.25),
    one("hard side, infinite", "focal", INF, 0.0, INF, 0.75),
    one("hard side, gamma 1", "focal", -1e4, 1.0, 2500.0, -0.25, gamma=1.0),
    one("hard side, gamma 3.3", "focal", -1e4, 1.0, 1e4, -1.0, gamma=3.3, alpha=None),
    # a (1-p)^2 softplus(-x), slope -a (1-p)^2 (2 p softplus(-x) + 1 - p)
    one("easy tail 17", "focal", 17.0, 1.0,
        0.25 * sigmoid(-17) ** 2 * softplus(-17),
        -0.25 * sigmoid(-17) ** 2 * (2 * sigmoid(17) * softplus(-17) + sigmoid(-17))),
    one("easy tail 25", "focal", -25.0, 0.0, 0.75 * sigmoid(-25) ** 2 * softplus(-25)),
    one("easy tail 25, gamma 0.5", "focal", -25.0, 0.0,
        0.75 * sigmoid(-25) ** 0.5 * softplus(-25), gamma=0.5),
]  # fmt: skip

BINARY = [
    one("live gradient on the worst error", "asymmetric", -100.0, 1.0, 100.0, -1.0),
    one("live gradient on the worst negative", "asymmetric", 100.0, 0.0, 100.0, 1.0, clip=0.0),
    one("clipped negative", "asymmetric", 100.0, 0.0, -(0.95**4) * math.log(0.05), 0.0),
    one("below the clip", "asymmetric", -100.0, 0.0, 0.0, 0.0),
    one("right and certain", "asymmetric", 100.0, 1.0, 0.0, 0.0),
    one("half precision", "asymmetric", -100.0, 1.0, 100.0, -1.0, torch.float16),
    one("half precision, easy", "asymmetric", 100.0, 1.0, 0.0, 0.0, torch.float16),
    one("half precision, negative", "asymmetric", 100.0, 0.0, 100.0, 1.0, torch.float16, clip=0.0),
    one("gamma_neg below 1 under the clip", "asymmetric", -20.0, 0.0, 0.0, 0.0, gamma_neg=0.5),
    one("p = 0, t = 1", "bce", 0.0, 1.0, 100.0, -1e12),
    one("p = 1, t = 0", "bce", 1.0, 0.0, 100.0, 1e12),
    one("p = 0, t = 0", "bce", 0.0, 0.0, 0.0, 0.0),
    one("p = 1, t = 1", "bce", 1.0, 1.0, 0.0, 0.0),
]
for op, negatives in (("bce_with_logits", 1.0), ("rww_bce", 3.0), ("multilabel_soft_margin", 1.0)):
    costs = {"fp_weight": 3.0} if op == "rww_bce" else {}
    BINARY += [
        one("-1e4, positive", op, -1e4, 1.0, 1e4, -1.0, **costs),
        one("1e4, negative", op, 1e4, 0.0, 1e4 * negatives, negatives, **costs),
        one("1e4, positive", op, 1e4, 1.0, 0.0, 0.0, **costs),
        one("-inf, negative", op, -INF, 0.0, 0.0, 0.0, **costs),
        one("inf, positive", op, INF, 1.0, 0.0, 0.0, **costs),
        one("-inf, positive", op, -INF, 1.0, INF, -1.0, **costs),
        one("inf, negative", op, INF, 0.0, INF, negatives, **costs),
        one("easy tail", op, 50.0, 1.0, math.exp(-50), -math.exp(-50), **costs),
        one("half precision", op, -6e4, 1.0, 6e4, -1.0, torch.float16, **costs),
    ]

REGRESSION = [
    one("delta inf is half the square", "huber", 3.0, 1.0, 2.0, 2.0, delta=INF),
    one("huge", "huber", 1e30, 0.0, 1e30, 1.0),
    one("tiny delta", "huber", 3.0, 1.0, 2e-20, 1e-20, delta=1e-20),
    averaged("the mean is kept in float32", "huber",
             {"input": [1000.0, 0.0, 0.0, 0.0], "target": [0.0] * 4}, 23750.0,
             {"input": [25.0, 0.0, 0.0, 0.0]}, delta=100.0),
    one("beta 0 is L1", "smooth_l1", -2.0, 1.0, 3.0, -1.0, beta=0.0),
    one("beta 0, at 0", "smooth_l1", 1.0, 1.0, 0.0, 0.0, beta=0.0),
    one("beta 1e-20 is L1", "smooth_l1", -2.0, 1.0, 3.0, -1.0, beta=1e-20),
    one("beta 1e-20, at 0", "smooth_l1", 1.0, 1.0, 0.0, 0.0, beta=1e-20),
    one("at 0", "l1", 1.0, 1.0, 0.0, 0.0),
    one("at 0", "quantile", 1.0, 1.0, 0.0, q=torch.tensor(0.3)),
    averaged("the mean is kept in float32", "mse",
             {"input": [300.0, 0.0, 0.0, 0.0], "target": [0.0] * 4}, 22500.0,
             {"input": [150.0, 0.0, 0.0, 0.0]}),
    one("overflow of the value is not one of the gradient", "mse", 300.0, 0.0, INF, 600.0,
        torch.float16),
    one("small", "log_cosh", 1e-4, 0.0, 5e-9 * (1 - 1e-8 / 6), 1e-4),
    one("large", "log_cosh", -100.0, 0.0, 100.0 - LN2, -1.0),
    one("huge", "log_cosh", 1e30, 0.0, 1e30, 1.0),
    one("pseudo-Huber, small", "charbonnier", 1e-4, 0.0, 5e-9, 1e-4, eps=1.0),
    one("pseudo-Huber, huge", "charbonnier", 1e20, 0.0, 1e20, 1.0, eps=1.0),
    one("at 0", "charbonnier", 0.0, 0.0, 0.0, 0.0),
    one("huge, small eps", "charbonnier", -1e20, 0.0, 1e20, -1.0),
]  # fmt: skip

ROBUST = [
    one("inf", "robust", 1.0, 0.0, math.expm1(0.5), E(0.5), alpha=INF),
    one("-inf (Welsch)", "robust", 1.0, 0.0, -math.expm1(-0.5), E(-0.5), alpha=-INF),
    one("Welsch, small", "robust", 1e-4, 0.0, 5e-9, 1e-4, alpha=-INF),
    one("Welsch, huge", "robust", 1e20, 0.0, 1.0, 0.0, alpha=-INF),
    one("0 (Cauchy)", "robust", 2.0, 0.0, math.log(3), 2 / 3, alpha=0.0),
    one("near 0", "robust", 2.0, 0.0, math.log(3), 2 / 3, alpha=1e-9),
    one("near 0 from below", "robust", 2.0, 0.0, math.log(3), 2 / 3, alpha=-1e-9),
    one("0, huge", "robust", 1e20, 0.0, math.log(0.5) + 40 * math.log(10), 2e-20, alpha=0.0),
    one("2", "robust", 3.0, 0.0, 4.5, 3.0, alpha=2.0),
    one("near 2", "robust", 3.0, 0.0, 4.5, 3.0, alpha=2 - 1e-12),
    one("near 2, at 0", "robust", 0.0, 0.0, 0.0, 0.0, alpha=2 - 1e-12),
    one("-2, small", "robust", 1e-4, 0.0, 5e-9, 1e-4, alpha=-2.0),
    one("-2 (Geman-McClure), huge", "robust", 1e20, 0.0, 2.0, 0.0, alpha=-2.0),
    one("1, huge", "robust", 1e20, 0.0, 1e20, 1.0, alpha=1.0),
    one("1, small", "robust", 1e-4, 0.0, 5e-9, 1e-4, alpha=1.0),
    one("at 0", "robust", 1.0, 1.0, 0.0, 0.0, alpha=0.5),
    one("-inf, infinite", "robust", INF, 0.0, 1.0, 0.0, alpha=-INF),
    one("-2, infinite", "robust", -INF, 0.0, 2.0, 0.0, alpha=-2.0),
    one("0, infinite", "robust", INF, 0.0, INF, 0.0, alpha=0.0),
    one("0.5, infinite", "robust", -INF, 0.0, INF, 0.0, alpha=0.5),
    one("1, infinite", "robust", -INF, 0.0, INF, -0.5, alpha=1.0, scale=2.0),
    one("1.5, infinite", "robust", -INF, 0.0, INF, -INF, alpha=1.5),
    one("near 2, infinite", "robust", INF, 0.0, INF, INF, alpha=1.9),
    one("3, infinite", "robust", INF, 0.0, INF, INF, alpha=3.0),
]

# By the target, where the input is infinite and the loss is constant.
TARGETS = [
    Hard("certain, by the target", "focal", {"input": [-INF, INF], "target": [0, 1]}, [0, 0],
         {"input": [0, 0], "target": [0, 0]}),
    Hard("certain, by the target, gamma below 1", "focal", {"input": [-INF, INF], "target": [0, 1]},
         [0, 0], {"input": [0, 0], "target": [0, 0]}, {"gamma": 0.5}),
    Hard("no false negatives, by the target", "rww_bce", {"input": [-INF, -INF], "target": [0, 1]},
         [0, 0], {"input": [0, 0], "target": [0, 0]}, {"fn_weight": 0.0}),
    Hard("no false positives, by the target", "rww_bce", {"input": [INF, INF], "target": [0, 1]},
         [0, 0], {"input": [0, 0], "target": [0, 0]}, {"fp_weight": 0.0}),
    Hard("by a weight that multiplies 0", "bce_with_logits",
         {"input": [-INF], "target": [0], "pos_weight": [2]}, [0], {"pos_weight": [0]}),
    Hard("infinite, by the target", "soft_margin", {"input": [INF, -INF], "target": [1, -1]},
         [0, 0], {"input": [0, 0], "target": [0, 0]}),
    Hard("infinite and hard, by the target", "soft_margin",
         {"input": [-INF, INF], "target": [1, -1]}, [INF, INF], {"target": [INF, -INF]}),
    Hard("infinite, by the target", "hinge", {"input": [INF, -INF], "target": [1, -1]}, [0, 0],
         {"input": [0, 0], "target": [0, 0]}),
    Hard("infinite, by the target, squared", "hinge", {"input": [INF, -INF], "target": [1, -1]},
         [0, 0], {"input": [0, 0], "target": [0, 0]}, {"power": 2}),
    Hard("infinite, by the target", "margin_ranking",
         {"input1": [INF, 0], "input2": [0, INF], "target": [1, -1]}, [0, 0],
         {"input1": [0, 0], "input2": [0, 0], "target": [0, 0]}),
]  # fmt: skip

RELATIVE = [
    one("near-equal", "msle", 1.0 + 2**-20, 1.0, 2**-42.0, 2**-20 / 2),
    one("far below", "msle", 0.0, 1e8, math.log1p(1e8) ** 2, -2 * math.log1p(1e8)),
    one("far above", "msle", 1e30, 0.5, math.log(1e30 / 1.5) ** 2, 2e-30 * math.log(1e30 / 1.5)),
    one("-1", "msle", -1.0, 1.0, INF, -INF),
    one("below -1", "msle", -2.0, -2.0, NAN),
    one("a target of 0", "mape", 1.0, 0.0, 100.0, 100.0, eps=0.01),
    one("both 0", "smape", 0.0, 0.0, 0.0, 0.0),
    one("a target of 0", "smape", 3.0, 0.0, 2.0, 0.0),
    one("of different signs", "smape", -3.0, 7.0, 2.0, 0.0),
    one("beneath normal numbers", "smape", 2.0**-140, 3 * 2.0**-140, 1.0, -INF),
    one("the least number", "smape", 2.0**-149, 0.0, 2.0, 0.0),
    one("a sum beyond float", "smape", 3 * 2.0**126, 2.0**127, 0.4, 0.16 * 2.0**-125),
    one("a difference beyond float", "smape", 3e38, -2e38, 2.0, 0.0),
    one("far above", "smape", 1e4, 1.0, 2 * 9999 / 10001, 4 / 10001**2),
    one("at 0", "wing", 1.0, 1.0, 0.0, 0.0),
    one("beyond", "wing", 9.0, 0.0, 4 + 5 * math.log(11), 1.0),
    Hard(
        "both sides of theta",
        "adaptive_wing",
        {"input": [1.2999997, 1.3000003], "target": [0.8] * 2},
        [4.77173965] * 2,
        ulps=16,
    ),
    one("at 0", "adaptive_wing", 1.0, 1.0, 0.0, 0.0),
]

MARGINS = [
    one("naive exp overflows", "soft_margin", -100.0, 1.0, 100.0, -1.0),
    one("other side", "soft_margin", 100.0, -1.0, 100.0, 1.0),
    one("easy", "soft_margin", 50.0, 1.0, E(-50), -E(-50)),
    one("infinite, easy", "soft_margin", INF, 1.0, 0.0, 0.0),
    one("infinite, hard", "soft_margin", -INF, 1.0, INF, -1.0),
    one("infinite, easy", "hinge", INF, 1.0, 0.0, 0.0),
    one("infinite, easy, squared", "hinge", INF, 1.0, 0.0, 0.0, power=2),
    one("hard", "hinge", -1e4, 1.0, 10001.0, -1.0),
    one("hard, squared", "hinge", -1e4, 1.0, 10001.0**2, -20002.0, power=2),
    one("similar", "hinge_embedding", INF, -1.0, 0.0, 0.0),
]

DENSE = [  # of detectors
    one("the score is met, beta below 1", "quality_focal", 0.0, 0.5, 0.0, 0.0, beta=0.5),
    one("easy, infinite", "quality_focal", INF, 1.0, 0.0, 0.0),
    one("hard, infinite", "quality_focal", INF, 0.0, INF, 1.0),
    one("hard side 1e4", "quality_focal", 1e4, 0.0, 1e4, 1.0),
    one(
        "easy tail 25, beta 1", "quality_focal", -25.0, 0.0, sigmoid(-25) * softplus(-25), beta=1.0
    ),
    one("easy, infinite", "varifocal", INF, 1.0, 0.0, 0.0),
    one("easy negative, infinite", "varifocal", -INF, 0.0, 0.0, 0.0),
    one("hard side 1e4", "varifocal", 1e4, 0.0, 7500.0, 0.75),
    one("half a score", "varifocal", 1e4, 0.5, 2500.0, 0.25),
    one("half a score, whole weight", "varifocal", 1e4, 0.5, 5000.0, 0.5, iou_weighted=False),
    one("a peak", "gaussian_focal", 1e4, 1.0, 0.0, 0.0),
    one("a missed peak", "gaussian_focal", -1e4, 1.0, 1e4, -1.0),
    one("beside a peak", "gaussian_focal", 1e4, 0.5, 625.0, 0.0625),
    one("far from any", "gaussian_focal", -INF, 0.0, 0.0, 0.0),
]
