"""Likelihoods of counts and densities, by each of their operands."""

import math
from typing import Any

import torch

from tests.hard.case import INF, LN2, NAN, E, Hard, averaged, one

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
