"""Pictures of the losses: value and gradient along one line of inputs, by the operators."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import matplotlib
import torch
from torch import Tensor

import lossops.functional as F
from lossops.monitor._plot import new_figure, plain

Operands = Callable[[Tensor, float], tuple[Tensor, ...]]
COLOURS = ("#1f5fa8", "#d4691e", "#2a8a57", "#a6437f")
CLASSES = 10
POINTS = 601


@dataclass(frozen=True)
class Axis:
    """The line of inputs: what runs along it, and the operands for it and a target."""

    label: str
    low: float
    high: float
    operands: Operands


@dataclass(frozen=True)
class Line:
    """One curve: what it is called, the target, the parameters."""

    label: str
    target: float = 0.0
    params: dict[str, Any] = field(default_factory=dict)


def row(x: Tensor, label: float) -> tuple[Tensor, ...]:
    """Rows of ten logits, 0 but for the first, and their labels."""
    rest = x.new_zeros(len(x), CLASSES - 1)
    return torch.cat([x[:, None], rest], 1), torch.full((len(x),), int(label))


def thresholds(x: Tensor, label: float) -> tuple[Tensor, ...]:
    """Rows of four logits, 0 but for the first, and their labels, of five classes in an order."""
    return torch.cat([x[:, None], x.new_zeros(len(x), 3)], 1), torch.full((len(x),), int(label))


def bins(x: Tensor, point: float) -> tuple[Tensor, ...]:
    """The same logits, and a point between the first two."""
    return row(x, 0)[0], torch.full_like(x, point)


def remembered(x: Tensor, own: float) -> tuple[Tensor, ...]:
    """The same, and averages of which the true class has ``own``."""
    input, labels = row(x, 0)
    average = torch.full_like(input, (1 - own) / (CLASSES - 1) if own else 0.0)
    average[:, 0] = own
    return input, labels, average


def label_list(x: Tensor, _: float) -> tuple[Tensor, ...]:
    """The same, with lists that hold the first class alone."""
    input, labels = row(x, 0)
    end = torch.full((len(x), CLASSES - 1), -1)
    return input, torch.cat([labels[:, None], end], 1)


def gaps(x: Tensor, gap: float) -> tuple[Tensor, ...]:
    """Two logits of the student that are x apart, two of the teacher that are ``gap`` apart."""
    student = torch.stack([x, torch.zeros_like(x)], 1)
    return student, torch.tensor([gap, 0.0], dtype=x.dtype).expand_as(student)


def likelihoods(x: Tensor, variance: float) -> tuple[Tensor, ...]:
    """A mean that is x off, with a variance."""
    return x, torch.zeros_like(x), torch.full_like(x, variance)


def centred(x: Tensor, t: float) -> tuple[Tensor, ...]:
    """Inputs that are x off the same target everywhere."""
    return x + t, torch.full_like(x, t)


def evidence(x: Tensor, alpha: float) -> tuple[Tensor, ...]:
    """A value that is x off, with so much evidence for its variance."""
    one = torch.ones_like(x)
    return x, 0 * one, one, alpha * one, one


def targets(x: Tensor, t: float) -> tuple[Tensor, ...]:
    """The same target everywhere."""
    return x, torch.full_like(x, t)


def frames(x: Tensor, count: float) -> tuple[Tensor, ...]:
    """So many frames of ten logits, 0 but for that of the label in one of them."""
    logits = x.new_zeros(int(count), len(x), CLASSES)
    logits[int(count) // 2, :, 1] = x
    return logits, *labels(x, count)


def joined(x: Tensor, count: float) -> tuple[Tensor, ...]:
    """The same for each number of labels so far."""
    first, *rest = frames(x, count)
    return torch.stack([first, torch.zeros_like(first)], 2).transpose(0, 1), *rest


def labels(x: Tensor, count: float) -> tuple[Tensor, Tensor, Tensor]:
    """One label per sequence, and the lengths."""
    one = torch.ones(len(x), dtype=torch.long)
    return one[:, None], one * int(count), one


def masks(x: Tensor, count: float) -> tuple[Tensor, ...]:
    """Eight pixels, so many of them of the one class, whose logits are x where it is, else -x."""
    there = torch.arange(8) < int(count)
    return torch.where(there, x[:, None], -x[:, None])[:, None], there.expand(len(x), 8)


def moved(x: Tensor, height: float) -> tuple[Tensor, ...]:
    """A box of width 1 and this height, moved by x from a square."""
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    return torch.stack([x, zero, x + 1, height * one], 1), torch.stack([zero, zero, one, one], 1)


def turned(x: Tensor, t: float) -> tuple[Tensor, ...]:
    """A vector turned by x from the other one."""
    one = torch.ones_like(x)
    return torch.stack([x.cos(), x.sin()], 1), torch.stack([one, 0 * one], 1), t * one


def apart(x: Tensor, t: float) -> tuple[Tensor, ...]:
    """Vectors that are x apart."""
    return x[:, None], torch.zeros_like(x)[:, None], torch.full_like(x, t)


def triplets(x: Tensor, near: float) -> tuple[Tensor, ...]:
    """A negative at a distance of x."""
    return torch.zeros_like(x)[:, None], torch.full_like(x, near)[:, None], x[:, None]


def noisy(x: Tensor, volume: float) -> tuple[Tensor, ...]:
    """A signal of 1 with noise of x, as loud as that."""
    one = torch.ones_like(x)
    return volume * torch.stack([one, x], 1), torch.stack([one, 0 * one], 1)


def ahead(x: Tensor, _: float) -> tuple[Tensor, ...]:
    """Log-probabilities of a chosen answer that is x ahead of the rejected one."""
    return x - 4, torch.full_like(x, -4.0)


def mean_ahead(x: Tensor, rejected: float) -> tuple[Tensor, ...]:
    """Means over tokens, of which the chosen answer's is x."""
    return x, torch.full_like(x, rejected)


def answers(x: Tensor, desirable: float) -> tuple[Tensor, ...]:
    """Answers whose log-probability is x more than the reference's."""
    return x, torch.zeros_like(x), torch.full_like(x, desirable)


DIFFERENCE = Axis("input - target", -3, 3, targets)
LOGIT = Axis("logit", -6, 6, targets)
ROW = Axis(f"logit of the true class, the other {CLASSES - 1} being 0", -6, 8, row)
THRESHOLD = Axis("logit of the first threshold, the other 3 being 0", -6, 6, thresholds)
COSINE = Axis(f"cosine to the true class, the other {CLASSES - 1} being 0", -0.999, 0.999, row)
SCORE = Axis("target times score", -3, 3, lambda x, _: targets(x, 1.0))
FOUND = "logit of the label at the middle frame, all others being 0"
MASK = Axis("logit where the class is, and minus it elsewhere", -6, 6, masks)
NOISE = Axis("noise, the signal being 1", 0.05, 2, noisy)
GAP = Axis("how far the student's two logits are apart", -4, 8, gaps)
AHEAD = Axis("how far the chosen answer's log-ratio is ahead", -6, 6, ahead)

YES, NO = Line("target 1", 1.0), Line("target 0", 0.0)


def by(name: str, *values: float | None, target: float = 0.0) -> tuple[Line, ...]:
    """A curve for each value of a parameter."""
    return tuple(Line(f"{name} = {value}", target, {name: value}) for value in values)


def fixed(*values: float) -> tuple[Line, ...]:
    """A curve for each target."""
    return tuple(Line(f"target {t:g}", t) for t in values)


def prior(own: float) -> Tensor:
    """The priors of ten classes, the first being ``own`` and the others alike."""
    return torch.tensor([own, *[(1 - own) / (CLASSES - 1)] * (CLASSES - 1)])


def costs(missed: float, mistaken: float) -> dict[str, Tensor]:
    """Costs of missing the true class and of taking another for it."""
    return {
        "fn_weight": torch.full((CLASSES,), missed),
        "fp_weight": torch.full((CLASSES, CLASSES), mistaken),
    }


def pixels(*params: dict[str, Any]) -> tuple[Line, ...]:
    """A curve for each of these, and for few pixels and many."""
    return tuple(
        Line(", ".join([f"{count} of 8 pixels", *(f"{n} = {v}" for n, v in given.items())]), count,
             {"activation": "sigmoid", **given})
        for given in params for count in (1, 4)
    )  # fmt: skip


Curves = tuple[Axis, tuple[Line, ...]]
USUAL: dict[str, Curves] = {  # of a family's losses
    "regression": (DIFFERENCE, (Line("the defaults"),)),
    "relative": (Axis("input", -0.99, 6, targets), fixed(1.0, 2.0, 4.0)),
    "count": (Axis("input, the logarithm of the mean", -3, 3, targets), fixed(0.0, 1.0, 5.0)),
    "density": (DIFFERENCE, by("scale", 0.5, 1.0, 2.0)),
    "likelihood": (Axis("input", -3, 3, targets), (YES, NO)),
    "binary": (LOGIT, (YES, NO)),
    "margin": (SCORE, (Line("the defaults"),)),
    "classification": (ROW, (Line("the defaults"),)),
    "noise": (ROW, (Line("the defaults"),)),
    "ordinal": (THRESHOLD, tuple(Line(f"label {t}", t) for t in (0, 1, 4))),
    "metric": (COSINE, (Line("the defaults"),)),
    "distillation": (GAP, (Line("teacher's 2 apart", 2.0),)),
    "sequence": (
        Axis(FOUND, -6, 8, joined),
        tuple(Line(f"{count} frame{'s' * (count > 1)}", count) for count in (1, 3, 9)),
    ),
    "region": (MASK, pixels({})),
    "segmentation": (MASK, pixels({})),
    "box": (
        Axis("how far the box is moved, by its width", -2.5, 2.5, moved),
        tuple(Line(f"height {h} of the target's", h) for h in (1.0, 0.5)),
    ),
    "embedding": (
        Axis("angle between the two", 0.01, 3.13, turned),
        (Line("similar, target 1", 1.0), Line("different, target -1", -1.0)),
    ),
    "signal": (NOISE, tuple(Line(f"volume {v}", v) for v in (1.0, 0.5))),
    "preference": (AHEAD, by("beta", 0.5, 1.0, 2.0)),
}
WITHOUT_NONE = ("dice_ce", "dice_focal")  # losses that are a number for each call
CURVES: dict[str, Curves] = {  # of those that show more along another line, or with parameters
    "smooth_l1": (DIFFERENCE, by("beta", 0.5, 1.0, 2.0)),
    "huber": (DIFFERENCE, by("delta", 0.5, 1.0, 2.0)),
    "charbonnier": (DIFFERENCE, by("eps", 0.001, 0.5, 1.0)),
    "quantile": (DIFFERENCE, by("q", 0.1, 0.5, 0.9)),
    "expectile": (DIFFERENCE, by("tau", 0.1, 0.5, 0.9)),
    "robust": (DIFFERENCE, by("alpha", 2.0, 1.0, 0.0, -2.0)),
    "wing": (DIFFERENCE, by("width", 0.5, 1.0, 2.0)),
    "adaptive_wing": (Axis("input - target", -1, 1, centred), fixed(0.0, 0.5, 1.0)),
    "negative_binomial_nll": (
        Axis("input, the logarithm of the mean", -3, 5, targets),
        by("dispersion", 0.0, 0.5, 2.0, target=5.0),
    ),
    "zero_inflated_poisson_nll": (
        Axis("input, the logarithm of the rate", -3, 2, targets),
        (*by("gate", -5.0, 0.0, 2.0), Line("target 2, gate = 0", 2.0, {"gate": 0.0})),
    ),
    "tweedie": (
        Axis("input, the logarithm of the mean", -2, 2, targets),
        by("p", 1.0, 1.5, 2.0, target=1.0),
    ),
    "gamma_nll": (
        Axis("input, the logarithm of the mean", -2, 3, targets),
        by("shape", 0.5, 1.0, 4.0, target=1.0),
    ),
    "log_normal_nll": (
        Axis("input, the mean of the logarithm", -3, 3, targets),
        by("scale", 0.5, 1.0, 2.0, target=1.0),
    ),
    "student_t_nll": (
        Axis("input - target", -6, 6, targets),
        tuple(
            Line(f"df = {df:g}", 0.0, {"scale": 1.0, "df": df}) for df in (1.0, 4.0, float("inf"))
        ),
    ),
    "von_mises_nll": (
        Axis("input - target, in radians", -6.3, 6.3, targets),
        by("kappa", 0.5, 2.0, 8.0),
    ),
    "evidential_regression": (
        Axis("input - target", -3, 3, evidence),
        tuple(
            Line(f"alpha = {alpha:g}, coeff = {coeff}", alpha, {"coeff": coeff})
            for alpha, coeff in ((1.5, 0.01), (6.0, 0.01), (6.0, 0.2))
        ),
    ),
    "beta_nll": (
        Axis("input - target, var = 4", -3, 3, lambda x, _: likelihoods(x, 4.0)),
        by("beta", 0.0, 0.5, 1.0),
    ),
    "gaussian_kl": (
        Axis("log_var", -3, 3, lambda x, mean: (torch.full_like(x, mean), x)),
        tuple(Line(f"input {m:g}", m) for m in (0.0, 1.0, 2.0)),
    ),
    "poisson_nll": (
        Axis("input, the logarithm of the rate", -2, 2.5, targets),
        tuple(Line(f"target {t}", float(t)) for t in (0, 1, 5)),
    ),
    "gaussian_nll": (
        Axis("input - target", -3, 3, likelihoods),
        tuple(Line(f"var = {v}", v) for v in (0.25, 1.0, 4.0)),
    ),
    "bce": (Axis("probability", 0.002, 0.998, targets), (YES, NO)),
    "bce_with_logits": (
        LOGIT,
        (YES, NO, Line("target 1, pos_weight = 3", 1.0, {"pos_weight": torch.tensor(3.0)})),
    ),
    "focal": (
        LOGIT,
        tuple(
            Line(f"target 1, alpha = None, gamma = {g}", 1.0, {"alpha": None, "gamma": float(g)})
            for g in (0, 1, 2, 5)
        ),
    ),
    "quality_focal": (LOGIT, (NO, Line("target 0.5", 0.5), YES)),
    "varifocal": (LOGIT, (NO, Line("target 0.5", 0.5), YES)),
    "gaussian_focal": (LOGIT, (NO, Line("target 0.5", 0.5), YES)),
    "asymmetric": (LOGIT, (YES, NO, Line("target 0, clip = 0.2", 0.0, {"clip": 0.2}))),
    "rww_bce": (LOGIT, (YES, NO, Line("target 1, fn_weight = 3", 1.0, {"fn_weight": 3.0}))),
    "multilabel_soft_margin": (
        Axis("logit of the only label", -6, 6, lambda x, t: targets(x[:, None], t)),
        (YES, NO),
    ),
    "hinge": (SCORE, by("power", 1, 2)),
    "hinge_embedding": (
        Axis("distance", 0, 2.5, targets),
        (Line("similar, target 1", 1.0), Line("different, target -1", -1.0)),
    ),
    "margin_ranking": (
        Axis(
            "target times (input1 - input2)",
            -3,
            3,
            lambda x, _: (x, torch.zeros_like(x), torch.ones_like(x)),
        ),
        by("margin", 0.0, 1.0),
    ),
    "kl_div": (
        Axis("log-probability", -4, 0, targets),
        tuple(Line(f"target {t}", t) for t in (0.1, 0.5, 0.9)),
    ),
    "cross_entropy": (
        ROW,
        (
            Line("plain"),
            Line("label_smoothing = 0.1", 0, {"label_smoothing": 0.1}),
            Line("z_loss = 0.05", 0, {"z_loss": 0.05}),
        ),
    ),
    "nll": (Axis("log-probability of the true class", -4, 0, row), (Line("nll"),)),
    "softmax_focal": (ROW, by("gamma", 0.0, 1.0, 2.0, 5.0)),
    "poly1": (ROW, by("epsilon", -1.0, 0.0, 2.0)),
    "taylor_cross_entropy": (ROW, by("terms", 1, 2, 6)),
    "label_relaxation": (ROW, by("alpha", 0.01, 0.1, 0.4)),
    "elr": (
        replace(ROW, operands=remembered),
        tuple(Line(f"average {q} of the true class", q) for q in (0.0, 0.5, 0.9)),
    ),
    "confidence_penalty": (ROW, by("beta", 0.0, 0.1, 0.5)),
    "coral": (THRESHOLD, (Line("label 0", 0), Line("any other label", 1))),
    "distribution_focal": (replace(ROW, operands=bins), fixed(0.0, 0.25, 0.5)),
    "generalized_cross_entropy": (ROW, by("q", 0.01, 0.3, 0.7, 1.0)),
    "rww_cross_entropy": (
        ROW,
        (
            Line("fn_weight 1, fp_weight 0", 0, costs(1, 0)),
            Line("fn_weight 3, fp_weight 0", 0, costs(3, 0)),
            Line("fn_weight 1, fp_weight 1", 0, costs(1, 1)),
        ),
    ),
    "balanced_softmax": (
        ROW,
        tuple(
            Line(f"the true class has prior {p}", 0, {"prior": prior(p)}) for p in (0.01, 0.1, 0.9)
        ),
    ),
    "arcface": (COSINE, by("margin", 0.0, 0.2, 0.5)),
    "cosface": (COSINE, by("margin", 0.0, 0.2, 0.35)),
    "multi_margin": (ROW, by("p", 1, 2)),
    "multilabel_margin": (
        Axis(f"logit of the only label, the other {CLASSES - 1} being 0", -3, 3, label_list),
        (Line("multilabel_margin"),),
    ),
    "tversky": (MASK, pixels({"fn_weight": 0.5}, {"fn_weight": 0.9})),
    "focal_tversky": (MASK, pixels({"gamma": 0.75}, {"gamma": 2.0})),
    "contrastive": (
        Axis("distance", 0.01, 2.5, apart),
        (
            Line("similar, target 1", 1.0),
            Line("different, target 0", 0.0),
            Line("different, power = 2", 0.0, {"power": 2}),
        ),
    ),
    "triplet_margin": (
        Axis("distance of the negative", 0.01, 4, triplets),
        tuple(Line(f"that of the positive is {d}", d) for d in (0.5, 1.0, 2.0)),
    ),
    "distill_kl": (
        GAP,
        tuple(
            Line(f"teacher's 2 apart, temperature = {t}", 2.0, {"temperature": t})
            for t in (1.0, 2.0, 4.0)
        ),
    ),
    "ctc": (
        Axis(FOUND, -6, 8, frames),
        tuple(
            Line(f"{count} frame{'s' * (count > 1)}", count, {"from_logits": True})
            for count in (1, 3, 9)
        ),
    ),
    "dpo": (
        AHEAD,
        tuple(
            Line(f"beta = 0.5, {kind}", 0, {"beta": 0.5, "loss_type": kind})
            for kind in ("sigmoid", "hinge", "ipo", "apo_zero")
        ),
    ),
    "orpo": (
        Axis("log-probability per token of the chosen answer", -4, -0.01, mean_ahead),
        tuple(Line(f"rejected: {r}", r, {"beta": 1.0}) for r in (-0.5, -1.0, -2.0)),
    ),
    "kto": (
        Axis("log-ratio", -6, 6, answers),
        (
            Line("desirable", 1.0, {"beta": 1.0}),
            Line("not desirable", 0.0, {"beta": 1.0}),
            Line("desirable, kl = 2", 1.0, {"beta": 1.0, "kl": 2.0}),
        ),
    ),
    "jsd": (
        GAP,
        tuple(Line(f"teacher's 2 apart, beta = {b}", 2.0, {"beta": b}) for b in (0.1, 0.5, 0.9)),
    ),
}


def curves(op: str, function: str) -> Curves:
    """What is drawn of a loss."""
    family = getattr(F, function).__module__.rpartition(".")[2]
    return CURVES.get(op, USUAL[family])


def describe(op: str, function: str) -> str:
    """What runs along the picture."""
    return curves(op, function)[0].label


def evaluate(op: str, function: str) -> tuple[Tensor, list[tuple[Line, Tensor, Tensor]]]:
    """The inputs, and for each curve the loss and its gradient there."""
    axis, lines = curves(op, function)
    x = torch.linspace(axis.low, axis.high, POINTS, dtype=torch.float64)
    found = []
    for line in lines:
        leaf = x.clone().requires_grad_()
        params = {
            name: value.double() if isinstance(value, Tensor) else value
            for name, value in line.params.items()
        }
        given = axis.operands(leaf, line.target)
        if op in WITHOUT_NONE:
            points = zip(*(t.split(1) for t in given), strict=True)
            loss = torch.stack([getattr(F, function)(*point, **params) for point in points])
        else:
            loss = getattr(F, function)(*given, reduction="none", **params)
            loss = loss.reshape(POINTS, -1).sum(1)
        (slope,) = torch.autograd.grad(loss.sum(), leaf)
        found.append((line, loss.detach(), slope))
    return x, found


def draw(op: str, function: str) -> str:
    """The picture, as SVG; the same one every time."""
    x, found = evaluate(op, function)
    figure = new_figure("pages.curves", 8.4, 3.3)
    value, gradient = figure.subplots(1, 2)
    for axes, title in ((value, "loss"), (gradient, "gradient")):
        plain(axes).set(title=title, xlabel=textwrap.fill(describe(op, function), 44))
    for colour, (line, loss, slope) in zip(COLOURS, found, strict=False):
        value.plot(x, loss, color=colour, lw=1.8, label=line.label)
        gradient.plot(x, slope, color=colour, lw=1.8)
    if len(found) > 1:
        value.legend(frameon=False, fontsize=8.5)
    file = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": op}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()
