"""The hard inputs of the catalogue: what each must give, worked out by hand from the formulas."""

import math
from dataclasses import dataclass, field
from typing import Any

import torch

INF, NAN = math.inf, math.nan
LN2 = math.log(2)


@dataclass(frozen=True)
class Hard:
    """Operands, the unreduced loss that they must give and the gradients of its sum, by operand.

    An operand is a list over elements or rows; a row of a class-axis loss is a list over classes.
    The loss may be `ulps` eps of the dtype away; with `mean`, it is the mean instead.
    """

    name: str
    op: str
    operands: dict[str, list[Any]]
    value: list[float] | float
    gradients: dict[str, list[Any]] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    dtype: torch.dtype = torch.float32
    mean: bool = False
    ulps: float = 4


def one(name: str, op: str, x: float, t: float, value: float, slope: float | None = None,
        dtype: torch.dtype = torch.float32, **params: Any) -> Hard:  # fmt: skip
    """One element: loss and slope at (x, t)."""
    gradients = {} if slope is None else {"input": [slope]}
    return Hard(name, op, {"input": [x], "target": [t]}, [value], gradients, params, dtype)


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


def averaged(name: str, op: str, operands: dict[str, list[float]], value: float,
             gradients: dict[str, list[float]], **params: Any) -> Hard:  # fmt: skip
    """float16 operands whose unreduced loss overflows and whose mean does not."""
    return Hard(name, op, operands, value, gradients, params, torch.float16, mean=True)


def softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


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

E = math.exp
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

COUNTS = [
    one("overflow as torch", "poisson_nll", 100.0, 1.0, INF, INF),
    averaged("the mean is kept in float32", "poisson_nll",
             {"input": [12.0, 0.0, 0.0, 0.0], "target": [0.0] * 4}, (E(12) + 3) / 4,
             {}),  # the gradient is kept as d l / d x, which overflows, as torch's does
    one("rate 0", "poisson_nll", 0.0, 1.0, -math.log(1e-8), -1e8, log_input=False),
    one("rate below 0", "poisson_nll", -1.0, 1.0, NAN, log_input=False),
    one("count 0, rate 0", "poisson_nll", 0.0, 0.0, 0.0, 1.0, log_input=False),
    one("count 0, full", "poisson_nll", 0.0, 0.0, 1.0, 1.0, full=True),
    one("log rate -inf, count 0", "poisson_nll", -INF, 0.0, 0.0, 0.0),
    Hard("clamped variance has no gradient", "gaussian_nll",
         {"input": [1.0], "target": [0.0], "var": [0.0]}, [0.5 * (math.log(1e-6) + 1e6)],
         {"input": [1e6], "target": [-1e6], "var": [0.0]}),
    Hard("variance below eps in half precision", "gaussian_nll",
         {"input": [0.25], "target": [0.0], "var": [0.0]}, [0.5 * (math.log(1e-6) + 62500)],
         {"var": [0.0]}, dtype=torch.float16),
    Hard("NaN variance", "gaussian_nll",
         {"input": [1.0], "target": [0.0], "var": [NAN]}, [NAN]),
    one("0 ln 0 - 0 (-inf)", "kl_div", -INF, 0.0, 0.0, 0.0),
    one("0 ln 0", "kl_div", -1.0, 0.0, 0.0, 0.0),
    Hard("a subnormal target", "kl_div", {"input": [-1.0], "target": [2.0**-140]},
         [2.0**-140 * (1 - 140 * LN2)], {"target": [2 - 140 * LN2]}),
    one("log target -inf", "kl_div", -1.0, -INF, 0.0, 0.0, log_target=True),
    one("log target and input -inf", "kl_div", -INF, -INF, 0.0, 0.0, log_target=True),
]  # fmt: skip

ROOT_PI = math.sqrt(math.pi)


def scaled(name: str, op: str, operands: dict[str, float], value: float,
           params: dict[str, Any] | None = None, ulps: float = 4,
           **slopes: float) -> Hard:  # fmt: skip
    """One element: loss and slopes by the operands that are named."""
    return Hard(name, op, {k: [v] for k, v in operands.items()}, [value],
                {k: [v] for k, v in slopes.items()}, params or {}, ulps=ulps)  # fmt: skip


def binomial(name: str, x: float, t: float, a: float, value: float, ulps: float = 4,
             params: dict[str, Any] | None = None, **slopes: float) -> Hard:  # fmt: skip
    operands = {"input": x, "target": t, "dispersion": a}
    return scaled(name, "negative_binomial_nll", operands, value, params, ulps, **slopes)


def inflated(name: str, x: float, t: float, g: float, value: float, ulps: float = 4,
             **slopes: float) -> Hard:  # fmt: skip
    operands = {"input": x, "target": t, "gate": g}
    return scaled(name, "zero_inflated_poisson_nll", operands, value, {}, ulps, **slopes)


def spread(name: str, op: str, x: float, t: float, s: float, value: float, ulps: float = 4,
           **slopes: float) -> Hard:  # fmt: skip
    third = {"von_mises_nll": "kappa", "gamma_nll": "shape"}.get(op, "scale")
    return scaled(name, op, {"input": x, "target": t, third: s}, value, {}, ulps, **slopes)


def student(name: str, x: float, s: float, df: float, value: float, ulps: float = 4,
            slope: float | None = None, **slopes: float) -> Hard:  # fmt: skip
    """The slope that has no name is that by df."""
    operands = {"input": x, "target": 0.0, "scale": s, "df": df}
    slopes |= {} if slope is None else {"df": slope}
    return scaled(name, "student_t_nll", operands, value, {}, ulps, **slopes)


HALF_LN_2PI = 0.5 * math.log(2 * math.pi)
MEANS = {"log_input": False, "full": True}
POISSON_5_OF_3 = 3 - 5 * math.log(3) + math.lgamma(6)
LIKELIHOODS = [
    # The value of the catalogue; by the mean (mu - t) / (mu (1 + a mu)).
    binomial("of the catalogue", 3.0, 5.0, 0.5, 2.5949501123, 8, MEANS, input=-2 / 7.5),
    binomial("a dispersion beneath float's digits", 3.0, 5.0, 1e-8, POISSON_5_OF_3, 16, MEANS),
    # By a: (mu - t)^2 / 2 less t / 2, with the sign that more spread makes likelier.
    binomial("none is Poisson", 3.0, 5.0, 0.0, POISSON_5_OF_3, 16, MEANS,
             input=-2 / 3, dispersion=-(4 - 5) / 2),
    binomial("a mean beyond float", 100.0, 0.0, 0.5, 2 * (100 - LN2), input=2.0),
    binomial("a mean and a count beyond", 100.0, 1.0, 1.0, 100.0, input=1.0),
    binomial("a mean of 0", -INF, 0.0, 0.5, 0.0, input=0.0),
    # Where the ratios of the gamma functions multiply to more than float holds.
    binomial("a count beyond float's power", 1.0, 4e9, 1.0, -83185194052.8528, 16,
             input=-1075765684.74892, dispersion=-1075765663.37541),
    binomial("a dispersion beyond float's power", 1.0, 5.0, 4e9, 18.9315063734348, 16,
             dispersion=2.49999998633398e-10),
    binomial("both", 20.0, 1e6, 1e10, -12815481.5432967, 16),
    inflated("of the catalogue, none", LN2, 0.0, 0.3, 0.4588097824, 8),
    inflated("surely open", 1.0, 0.0, -100.0, E(1), input=E(1)),
    inflated("surely shut", 1.0, 0.0, 100.0, 0.0, input=0.0, gate=0.0),
    inflated("surely shut, and some", 0.0, 3.0, 100.0, 101.0, input=-2.0, gate=1.0),
    inflated("a rate beyond float", 100.0, 0.0, 0.0, LN2, input=0.0, gate=-0.5),
    inflated("both terms beyond float's digits", math.log(50.0), 0.0, -100.0, 50.0),
    Hard("nothing of nothing", "tweedie", {"input": [-INF], "target": [0.0]}, [0.0],
         {"input": [0.0]}),
    one("Poisson", "tweedie", -INF, 0.0, 0.0, 0.0, p=1.0),
    one("gamma", "tweedie", 0.0, 3.0, 3.0, -2.0, p=2.0),
    one("a mean of 1", "tweedie", 1.0, 2.0, 2.0 + 4.0, -1.0, log_input=False),
    spread("no duration", "gamma_nll", 1.0, 0.0, 2.0, 2.0, input=2.0),
    Hard("no duration, exponential", "gamma_nll",
         {"input": [1.0], "target": [0.0], "shape": [1.0]}, [1.0], {"input": [1.0]},
         {"full": True}),
    Hard("no duration, a small mean", "gamma_nll",
         {"input": [1e-20], "target": [0.0], "shape": [2.0]}, [-40 * math.log(10)],
         {"input": [2e20]}, {"log_input": False}),
    Hard("a duration of a small mean", "gamma_nll",
         {"input": [1e-30], "target": [1e-30], "shape": [2.0]}, [2 - 60 * math.log(10)],
         {"input": [0.0]}, {"log_input": False}),
    *(Hard("a large shape", "gamma_nll", {"input": [0.0], "target": [1.0], "shape": [shape]},
           [value],
           {"input": [0.0], "target": [1.0], "shape": [-0.5 / shape - 1 / (12 * shape**2)]},
           {"full": True})
      for shape, value in ((1e5, -4.83752336594711), (1e8, -8.29140183793818))),
    Hard("a large shape, off its mean", "gamma_nll",
         {"input": [0.5], "target": [2.0], "shape": [1000.0]}, [18.0724302729256],
         {"input": [-213.061319425267], "target": [107.030659712633],
          "shape": [0.0194140555319965]},
         {"full": True}, ulps=16),
    Hard("no duration, a large shape", "gamma_nll",
         {"input": [1.0], "target": [0.0], "shape": [100.0]}, [INF], {"input": [100.0]},
         {"full": True}),
    Hard("a median beyond float's square", "log_normal_nll",
         {"input": [1e30], "target": [1.0], "scale": [1e20]}, [5e19], {"input": [1e-10]}),
    spread("a density of 0", "log_normal_nll", 1.0, 0.0, 1.0, INF, input=INF),
    spread("at the median", "laplace_nll", 2.0, 2.0, 0.5, 0.0, input=0.0, scale=2.0),
    # By df, -R' less what is left of the tail: about (1 - 2 z^2 + ...) / 4 df^2, which is 0 at inf.
    student("Gauss's", 2.0, 1.0, INF, 2.0 + HALF_LN_2PI, input=2.0, scale=-3.0, slope=0.0),
    student("almost Gauss's", 2.0, 1.0, 1e20, 2.0 + HALF_LN_2PI, input=2.0, scale=-3.0),
    student("Cauchy's", 1.0, 1.0, 1.0, math.log(2 * math.pi), 8, input=1.0, scale=0.0),
    student("hardly any degree", 3.0, 1.0, 1e-10, 24.8176103871531, 16, input=1 / 3, slope=-1e10),
    student("far out", 1e30, 1.0, 1.0, math.log(math.pi) + 60 * math.log(10), 8, input=2e-30),
    spread("concentrated", "von_mises_nll", 0.0, 0.0, 100.0, 2 * HALF_LN_2PI - 3.2202673100574163,
           8, input=0.0),
    spread("very concentrated", "von_mises_nll", 0.0, 0.0, 1e8, HALF_LN_2PI - 4 * math.log(10), 8,
           kappa=-0.5e-8),
    spread("as concentrated as can be", "von_mises_nll", 0.5, 0.5, 1e38,
           HALF_LN_2PI - 19 * math.log(10), 8, input=0.0),
    spread("anywhere", "von_mises_nll", 3.0, 0.0, 0.0, math.log(2 * math.pi), input=0.0,
           kappa=-math.cos(3.0)),
    spread("of the catalogue", "crps_gaussian", 0.0, 0.0, 1.0, (math.sqrt(2) - 1) / ROOT_PI, 8,
           input=0.0, scale=(math.sqrt(2) - 1) / ROOT_PI),
    spread("no spread", "crps_gaussian", 1.0, 3.0, 0.0, 2.0, input=-1.0, scale=-1 / ROOT_PI),
    spread("neither spread nor error", "crps_gaussian", 3.0, 3.0, 0.0, 0.0, input=0.0),
    Hard("near the prior", "gaussian_kl", {"input": [0.0], "log_var": [1e-4]}, [2.5000833e-9],
         {"log_var": [0.5 * math.expm1(1e-4)]}, ulps=8),
    Hard("at the prior", "gaussian_kl", {"input": [0.0], "log_var": [0.0]}, [0.0],
         {"input": [0.0], "log_var": [0.0]}),
    Hard("any variance", "gaussian_kl", {"input": [0.0], "log_var": [INF]}, [INF],
         {"input": [0.0], "log_var": [INF]}),
    Hard("a constant factor", "beta_nll", {"input": [2.0], "target": [0.0], "var": [4.0]},
         [LN2 * 2 + 1], {"input": [1.0], "var": [0.0]}),
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

HARD = [*FOCAL, *DENSE, *BINARY, *TARGETS, *REGRESSION, *ROBUST, *RELATIVE, *COUNTS, *LIKELIHOODS,
        *MARGINS, *CLASSES, *SEQUENCES]  # fmt: skip
