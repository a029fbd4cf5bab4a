"""The table: one row per loss. Every suite runs over every row.

To add a loss, add its formula to `reference.py` and its `Loss(...)` row to `LOSSES` below.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from tests import reference as ref

Params = dict[str, Any]
Maker = Callable[["Draw"], tuple[Tensor, ...]]

SHAPE = (4, 3)
VECTOR, MATRIX = "(C)", "(C, C)"  # a parameter that is a tensor of numbers per class, or per pair


@dataclass
class Draw:
    """What a maker needs: where to draw from, the shape, the parameters and the kinks."""

    generator: torch.Generator
    shape: tuple[int, ...]
    params: Params
    kinks: tuple[float, ...]
    on_kinks: bool = False
    axis: int | None = None

    @property
    def rows(self) -> tuple[int, ...]:
        """The shape without the class axis."""
        return self.shape[: self.axis] + self.shape[self.axis :][1:]

    def labels(self) -> Tensor:
        return torch.randint(self.shape[self.axis] or 1, self.rows, generator=self.generator)

    def uniform(self, low: float, high: float) -> Tensor:
        u = torch.rand(self.shape, generator=self.generator, dtype=torch.float64)
        return low + (high - low) * u

    def choose(self, *values: float) -> Tensor:
        index = torch.randint(len(values), self.shape, generator=self.generator)
        return torch.tensor(values, dtype=torch.float64)[index]

    def variable(self, low: float, high: float, gap: float = 0.05) -> Tensor:
        """The quantity that has the kinks: kept `gap` away from each, or put right on them."""
        if self.on_kinks and self.kinks:
            return self.choose(*self.kinks)
        x = self.uniform(low, high)
        for kink in self.kinks:
            side = torch.where(x < kink, -gap, gap)
            x = torch.where((x - kink).abs() < gap, kink + side, x)
        return x


def difference(draw: Draw) -> tuple[Tensor, ...]:
    """Regression: the kinks lie in input - target; multiples of 1/8 make the kinks exact."""
    target = (draw.uniform(-16, 16)).round() / 8
    return target + draw.variable(-3, 3), target


def probabilities(draw: Draw) -> tuple[Tensor, ...]:
    if draw.on_kinks:
        return draw.choose(0, 1, 0.5), draw.choose(0, 1)
    return draw.uniform(0.03, 0.97), draw.uniform(0.02, 0.98)


def logits(draw: Draw) -> tuple[Tensor, ...]:
    if draw.on_kinks and not draw.kinks:
        return draw.choose(0, 0.5, -20, 20), draw.choose(0, 1, 0.5)
    return draw.variable(-6, 6), draw.uniform(0.02, 0.98)


def counts(draw: Draw) -> tuple[Tensor, ...]:
    low = -2.0 if draw.params.get("log_input", True) else 0.1
    return draw.uniform(low, 2.0), draw.variable(0.1, 5.0)


def density(draw: Draw) -> tuple[Tensor, ...]:
    return draw.uniform(-2, 2), draw.uniform(-2, 2), draw.variable(0.2, 2.0)


def signs(draw: Draw) -> tuple[Tensor, ...]:
    target = draw.choose(-1, 1)
    return target * draw.variable(-3, 3), target


def distances(draw: Draw) -> tuple[Tensor, ...]:
    return draw.variable(-1, 3), draw.choose(-1, 1)


def ranks(draw: Draw) -> tuple[Tensor, ...]:
    target, second = draw.choose(-1, 1), draw.uniform(-16, 16).round() / 8
    return second + target * draw.variable(-3, 3), second, target


def distributions(draw: Draw) -> tuple[Tensor, ...]:
    target = draw.uniform(0.05, 0.9)
    if draw.params.get("log_target", False):
        target = target.log()
    elif draw.on_kinks:
        target = draw.choose(0, 0.5)
    return draw.uniform(-4, -0.1), target


# -- over a class axis ------------------------------------------------------------------------


def class_logits(draw: Draw) -> tuple[Tensor, ...]:
    """Logits with labels, or with probabilities where the parameters say so."""
    input = draw.uniform(-4, 4)
    if draw.params.get("probabilities", False):
        return input, draw.uniform(-2, 2).softmax(draw.axis)
    return input, draw.labels()


def log_probabilities(draw: Draw) -> tuple[Tensor, ...]:
    return draw.uniform(-4, -0.1), draw.labels()


def scores(draw: Draw) -> Tensor:
    """Differences of two are multiples of 0.3, 0.1 away from the margins; or right on those."""
    return draw.uniform(-8, 8).round() / 4 if draw.on_kinks else draw.uniform(-10, 10).round() * 0.3


def class_scores(draw: Draw) -> tuple[Tensor, ...]:
    return scores(draw), draw.labels()


def label_lists(draw: Draw) -> tuple[Tensor, ...]:
    """Up to C - 1 different labels per row (1 of 1), ended by -1, with anything behind it."""
    order = torch.rand(draw.shape, generator=draw.generator).argsort(-1)
    count = 1 + torch.randint(max(draw.shape[-1] - 1, 1), (*draw.rows, 1), generator=draw.generator)
    return scores(draw), torch.where(torch.arange(draw.shape[-1]) == count, -1, order)


def cosines(draw: Draw) -> tuple[Tensor, ...]:
    return draw.variable(-0.95, 0.95), draw.labels()


def student_and_teacher(draw: Draw) -> tuple[Tensor, ...]:
    return draw.uniform(-3, 3), draw.uniform(-3, 3)


@dataclass(frozen=True)
class Bad:
    """A call that must fail: parameters or replaced operands, what it raises and says."""

    pattern: str
    params: Params = field(default_factory=dict)
    operands: dict[str, Any] = field(default_factory=dict)
    error: type[Exception] | tuple[type[Exception], ...] = (RuntimeError, ValueError)


@dataclass(frozen=True)
class Loss:
    """One loss: its names, its formula, how to draw its operands, what it accepts."""

    op: str  # torch.ops.lossops.<op>
    function: str  # lossops.functional.<function>
    module: str  # lossops.nn.<module>
    make: Maker
    params: tuple[Params, ...] = ({},)
    operands: tuple[str, ...] = ("input", "target")
    fixed: tuple[str, ...] = ()  # operands that have no gradient
    torch_fixed: tuple[str, ...] = ()  # operands that have no gradient in torch
    ignore: bool = False
    broadcasts: bool = False  # size-1 dimensions of the operands expand
    weighted_mean: bool = False  # mean divides by the sum of the weights of what counts
    rowwise: bool = False  # 'none' averages the last dimension
    reductions: tuple[str, ...] = ("mean", "sum", "none")
    kinks: Callable[[Params], tuple[float, ...]] = lambda params: ()
    tensor_params: tuple[str, ...] = ()  # tensors, written as float or tuple in `params`
    axis: int | None = None  # the class axis; None where the loss goes element by element
    weights: Literal["elements", "classes", "rows"] = "elements"  # what has a weight of its own
    labels: tuple[str, ...] = ()  # tensors of class labels: integers in any case
    label: str = "target"  # the tensor that ignore_index refers to
    silent: tuple[str, ...] = ()  # tensors without a say in the dtype of the result
    dims: int = 8  # how many dimensions the input may have
    torch_once: bool = False  # torch cannot differentiate it twice
    bad: tuple[Bad, ...] = ()

    def __repr__(self) -> str:
        return self.op

    @property
    def formula(self) -> Callable[..., Tensor]:
        return getattr(ref, self.op)

    @property
    def peer(self) -> Callable[..., Tensor] | None:
        return getattr(F, self.function, None)

    @property
    def differentiable(self) -> tuple[str, ...]:
        return tuple(name for name in self.operands if name not in (*self.fixed, *self.labels))

    def under(self, params: Params) -> "Loss":
        """The row as these parameters change it: probabilities for labels, another class axis."""
        if params.get("probabilities", False):
            return replace(self, labels=(), weighted_mean=False)
        return self if self.axis is None else replace(self, axis=params.get("dim", self.axis))

    def fit(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape, folded to as many dimensions as the input may have."""
        return shape if len(shape) <= self.dims else (math.prod(shape[:-1]), shape[-1])

    def class_axis(self, dims: int) -> int | None:
        """Which of so many dimensions is the class axis."""
        return None if self.axis is None else 0 if dims == 1 else self.axis % dims

    def row_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the unreduced loss."""
        axis = len(shape) - 1 if self.rowwise else self.class_axis(len(shape))
        return shape if axis is None else shape[:axis] + shape[axis + 1 :]

    def takes(self, shape: tuple[int, ...]) -> bool:
        """Whether an input may have this shape: the class axis must exist and hold a class."""
        if self.rowwise or self.axis is not None:
            axis = self.class_axis(len(shape)) if shape else None
            return shape != () and (axis is None or shape[axis] > 0)
        return True


REGRESSION = {"make": difference}
BINARY = {"make": logits, "ignore": True}
LABELS = {"axis": 1, "weights": "classes", "silent": ("weight", "target"), "labels": ("target",),
          "torch_fixed": ("weight",), "ignore": True}  # fmt: skip
CLASSES = {"make": class_logits, "weighted_mean": True, **LABELS}
DISTILLATION = {"make": student_and_teacher, "axis": -1, "weights": "rows", "silent": ("weight",),
                "labels": ("labels",), "label": "labels", "ignore": True}  # fmt: skip
SOFT = {"probabilities": True}  # targets are probabilities; no parameter of the loss itself
INF = math.inf


def smoothing(op: str) -> tuple[Bad, ...]:
    return (Bad(f"{op}: label_smoothing must be .*got -0.1", {"label_smoothing": -0.1}),
            Bad(f"{op}: label_smoothing must be .*got 1.5", {"label_smoothing": 1.5}))  # fmt: skip


def far_angle(params: Params) -> tuple[float, ...]:
    """The cosine of the angle that the margin turns to pi."""
    return (-math.cos(params.get("margin", 0.5)),)


LOSSES = (
    Loss(
        "mse", "mse_loss", "MSELoss", **REGRESSION, weighted_mean=True
    ),
    Loss(
        "l1", "l1_loss", "L1Loss", **REGRESSION, weighted_mean=True,
        kinks=lambda p: (0.0,),
    ),
    Loss(
        "smooth_l1", "smooth_l1_loss", "SmoothL1Loss", **REGRESSION,
        params=({}, {"beta": 0.5}, {"beta": 0.0}),
        kinks=lambda p: (0.0, -p.get("beta", 1.0), p.get("beta", 1.0)),
        bad=(Bad("smooth_l1: beta must be .*got -1", {"beta": -1.0}),
             Bad("smooth_l1: beta must be .*got nan", {"beta": math.nan})),
    ),
    Loss(
        "huber", "huber_loss", "HuberLoss", **REGRESSION,
        params=({}, {"delta": 0.5}, {"delta": 2.0}),
        kinks=lambda p: (0.0, -p.get("delta", 1.0), p.get("delta", 1.0)),
        bad=(Bad("huber: delta must be > 0, got 0", {"delta": 0.0}),
             Bad("huber: delta must be > 0, got -1", {"delta": -1.0}),
             Bad("huber: delta must be > 0, got nan", {"delta": math.nan})),
    ),
    Loss("log_cosh", "log_cosh_loss", "LogCoshLoss", **REGRESSION),
    Loss(
        "charbonnier", "charbonnier_loss", "CharbonnierLoss", **REGRESSION,
        params=({"eps": 0.5}, {}, {"eps": 1.0}),
        bad=(Bad("charbonnier: eps must be > 0, got 0", {"eps": 0.0}),
             Bad("charbonnier: eps must be > 0, got -1", {"eps": -1.0})),
    ),
    Loss(
        "quantile", "quantile_loss", "QuantileLoss", **REGRESSION, tensor_params=("q",),
        params=({"q": 0.5}, {"q": 0.9}, {"q": (0.1, 0.5, 0.75)}),
        kinks=lambda p: (0.0,),
        bad=(Bad("quantile: q must be", {"q": 0.0}),
             Bad("quantile: q must be", {"q": 1.5}),
             Bad("quantile: q", {"q": (0.2, 0.4)}))
    ),
    Loss(
        "expectile", "expectile_loss", "ExpectileLoss", **REGRESSION,
        params=({}, {"tau": 0.1}, {"tau": 0.9}),
        kinks=lambda p: (0.0,),
        bad=(Bad("expectile: tau must be .*got 0", {"tau": 0.0}),
             Bad("expectile: tau must be .*got 1.5", {"tau": 1.5})),
    ),
    Loss(
        "robust", "robust_loss", "RobustLoss", **REGRESSION,
        params=({"alpha": 0.7, "scale": 0.5}, {}, {"alpha": 2.0}, {"alpha": 0.0},
                {"alpha": -2.0}, {"alpha": -INF}, {"alpha": INF}, {"alpha": 3.5, "scale": 2.0},
                {"alpha": 1e-9}, {"alpha": 2 - 1e-9}, {"alpha": 2 + 1e-6}, {"alpha": 1e-30}),
        bad=(Bad("robust: scale must be > 0, got 0", {"scale": 0.0}),
             Bad("robust: scale must be > 0, got -2", {"scale": -2.0}),
             Bad("robust: alpha must", {"alpha": math.nan})),
    ),
    Loss(
        "poisson_nll", "poisson_nll_loss", "PoissonNLLLoss", counts, broadcasts=True,
        params=({}, {"full": True}, {"log_input": False}, {"log_input": False, "full": True},
                {"log_input": False, "eps": 0.1}),
        kinks=lambda p: (1.0,) if p.get("full") else (),
    ),
    Loss(
        "gaussian_nll", "gaussian_nll_loss", "GaussianNLLLoss", density, broadcasts=True,
        operands=("input", "target", "var"),
        params=({}, {"full": True}, {"eps": 0.75}),
        kinks=lambda p: (p["eps"],) if "eps" in p else (),
        bad=(Bad("gaussian_nll: eps must be > 0, got 0", {"eps": 0.0}),),
    ),
    Loss(
        "bce", "binary_cross_entropy", "BCELoss", probabilities, ignore=True,
        torch_fixed=("weight",),
        bad=(Bad("bce: .*target.*0.*1", operands={"target": torch.full(SHAPE, 1.5)}),
             Bad("bce: .*target.*0.*1", operands={"target": torch.full(SHAPE, -0.1)}),
             Bad("bce: .*input.*0.*1", operands={"input": torch.full(SHAPE, 1.5)}),
             Bad("bce: .*input.*0.*1", operands={"input": torch.full(SHAPE, -0.5)})),
    ),
    Loss(
        "bce_with_logits", "binary_cross_entropy_with_logits", "BCEWithLogitsLoss", **BINARY,
        torch_fixed=("weight", "pos_weight"), tensor_params=("pos_weight",),
        params=({}, {"pos_weight": (0.5, 2.0, 3.0)}, {"label_smoothing": 0.1},
                {"pos_weight": 2.5, "label_smoothing": 0.2}),
        bad=(Bad("bce_with_logits: label_smoothing must be .*got -0.1", {"label_smoothing": -0.1}),
             Bad("bce_with_logits: label_smoothing must be .*got 1.5", {"label_smoothing": 1.5}),
             Bad("bce_with_logits: pos_weight", {"pos_weight": (1.0, 2.0)})),
    ),
    Loss(
        "focal", "focal_loss", "FocalLoss", **BINARY,
        params=({}, {"alpha": None, "gamma": 1.0}, {"gamma": 0.5}, {"gamma": 0.0},
                {"alpha": 0.7, "gamma": 3.3}, {"alpha": None, "gamma": 1.5}),
        bad=(Bad("focal: gamma must be >= 0, got -1", {"gamma": -1.0}),
             Bad("focal: gamma must be >= 0, got nan", {"gamma": math.nan}),
             Bad("focal: alpha must be .*got -0.5", {"alpha": -0.5}),
             Bad("focal: alpha must be .*got 1.5", {"alpha": 1.5})),
    ),
    Loss(
        "asymmetric", "asymmetric_loss", "AsymmetricLoss", **BINARY,
        params=({}, {"gamma_pos": 0.0, "gamma_neg": 2.0, "clip": 0.0},
                {"gamma_pos": 0.5, "gamma_neg": 1.0, "clip": 0.2},
                {"gamma_pos": 2.0, "gamma_neg": 0.0}),
        kinks=lambda p: tuple(math.log(c / (1 - c)) for c in [p.get("clip", 0.05)] if c > 0),
        bad=(Bad("asymmetric: gamma_pos must be >= 0, got -1", {"gamma_pos": -1.0}),
             Bad("asymmetric: gamma_neg must be >= 0, got -1", {"gamma_neg": -1.0}),
             Bad("asymmetric: clip must be .*got -0.1", {"clip": -0.1}),
             Bad("asymmetric: clip must be .*got 1.1", {"clip": 1.1})),
    ),
    Loss(
        "rww_bce", "rww_bce_loss", "RWWBCELoss", **BINARY,
        params=({}, {"fn_weight": 5.0, "fp_weight": 0.5}),
        bad=(Bad("rww_bce: fn_weight must be >= 0, got -1", {"fn_weight": -1.0}),
             Bad("rww_bce: fp_weight must be >= 0, got -1", {"fp_weight": -1.0})),
    ),
    Loss(
        "multilabel_soft_margin", "multilabel_soft_margin_loss", "MultiLabelSoftMarginLoss",
        logits, ignore=True, broadcasts=True, rowwise=True,
    ),
    Loss(
        "hinge", "hinge_loss", "HingeLoss", signs, ignore=True,
        params=({}, {"margin": 0.5}, {"power": 2}, {"power": 2, "margin": 2.0}),
        kinks=lambda p: (p.get("margin", 1.0),),
        bad=(Bad("hinge: power must be .*got 3", {"power": 3}),
             Bad("hinge: power must be .*got 0", {"power": 0})),
    ),
    Loss(
        "hinge_embedding", "hinge_embedding_loss", "HingeEmbeddingLoss", distances,
        ignore=True, broadcasts=True, fixed=("target",), torch_fixed=("target",),
        params=({}, {"margin": 2.0}), kinks=lambda p: (p.get("margin", 1.0),),
    ),
    Loss(
        "soft_margin", "soft_margin_loss", "SoftMarginLoss", signs, ignore=True,
        broadcasts=True, torch_fixed=("target",),
    ),
    Loss(
        "margin_ranking", "margin_ranking_loss", "MarginRankingLoss", ranks, ignore=True,
        broadcasts=True, operands=("input1", "input2", "target"),
        params=({}, {"margin": 0.5}), kinks=lambda p: (p.get("margin", 0.0),),
    ),
    Loss(
        "kl_div", "kl_div", "KLDivLoss", distributions, broadcasts=True,
        params=({}, {"log_target": True}), reductions=("mean", "sum", "none", "batchmean"),
    ),
    Loss(
        "cross_entropy", "cross_entropy", "CrossEntropyLoss", **CLASSES,
        params=({}, {"label_smoothing": 0.1}, {"z_loss": 0.1, "softcap": 3.0}, SOFT,
                {**SOFT, "label_smoothing": 0.2, "z_loss": 0.1}),
        bad=(*smoothing("cross_entropy"),
             Bad("cross_entropy: softcap must be > 0, got 0", {"softcap": 0.0}),
             Bad("cross_entropy: softcap must be > 0, got -2", {"softcap": -2.0})),
    ),
    Loss(
        "nll", "nll_loss", "NLLLoss", log_probabilities, weighted_mean=True, **LABELS,
    ),
    Loss(
        "softmax_focal", "softmax_focal_loss", "SoftmaxFocalLoss", **CLASSES,
        tensor_params=("alpha",),
        params=({}, {"alpha": VECTOR, "gamma": 0.5}, {"alpha": 0.25, "gamma": 0.0},
                {"gamma": 1.0, "label_smoothing": 0.1}, {"gamma": 3.3},
                {**SOFT, "alpha": VECTOR, "label_smoothing": 0.2}, {**SOFT, "gamma": 1.5}),
        bad=(*smoothing("softmax_focal"),
             Bad("softmax_focal: gamma must be >= 0, got -1", {"gamma": -1.0}),
             Bad("softmax_focal: gamma must be >= 0, got nan", {"gamma": math.nan}),
             Bad(r"softmax_focal: alpha must .*\(2,\)", {"alpha": (1.0, 2.0)})),
    ),
    Loss(
        "poly1", "poly1_loss", "Poly1Loss", **CLASSES,
        params=({}, {"epsilon": -0.5, "label_smoothing": 0.1}, SOFT),
        bad=smoothing("poly1"),
    ),
    Loss(
        "generalized_cross_entropy", "generalized_cross_entropy_loss",
        "GeneralizedCrossEntropyLoss", **CLASSES,
        params=({}, {"q": 1.0}, {"q": 0.2, "label_smoothing": 0.1}, SOFT),
        bad=(*smoothing("generalized_cross_entropy"),
             Bad("generalized_cross_entropy: q must be > 0, got 0", {"q": 0.0}),
             Bad("generalized_cross_entropy: q must be <= 1, got 1.5", {"q": 1.5})),
    ),
    Loss(
        "rww_cross_entropy", "rww_cross_entropy_loss", "RWWCrossEntropyLoss", **CLASSES,
        tensor_params=("fn_weight", "fp_weight"),
        params=({"fn_weight": VECTOR, "fp_weight": MATRIX},),
        bad=(Bad(r"rww_cross_entropy: fn_weight must .*\(3,\).*\(2,\)", {"fn_weight": (1.0, 2.0)}),
             Bad(r"rww_cross_entropy: fp_weight must .*\(3, 3\).*\(3,\)",
                 {"fp_weight": (1.0, 2.0, 3.0)})),
    ),
    Loss(
        "balanced_softmax", "balanced_softmax_loss", "BalancedSoftmaxLoss", **CLASSES,
        tensor_params=("prior",),
        params=({"prior": VECTOR}, {"prior": VECTOR, "tau": 0.5, "label_smoothing": 0.1},
                {**SOFT, "prior": VECTOR}),
        bad=(*smoothing("balanced_softmax"),
             Bad("balanced_softmax: tau must be >= 0, got -1", {"tau": -1.0}),
             Bad(r"balanced_softmax: prior must .*\(3,\).*\(2,\)", {"prior": (1.0, 2.0)}),
             Bad("balanced_softmax: prior must be >= 0, got -1", {"prior": (1.0, -1.0, 2.0)})),
    ),
    Loss(
        "multi_margin", "multi_margin_loss", "MultiMarginLoss", class_scores, **LABELS,
        torch_once=True,
        params=({}, {"p": 2}, {"margin": 0.5}, {"p": 2, "margin": 2.0}),
        bad=(Bad("multi_margin: p must be .*got 3", {"p": 3}),
             Bad("multi_margin: p must be .*got 0", {"p": 0})),
    ),
    Loss(
        "multilabel_margin", "multilabel_margin_loss", "MultiLabelMarginLoss", label_lists,
        axis=1, dims=2, weights="rows", labels=("target",), silent=("weight",), torch_once=True,
    ),
    Loss(
        "distill_kl", "distill_kl_loss", "DistillKLLoss", **DISTILLATION,
        params=({}, {"temperature": 2.0, "dim": 0}),
        bad=(Bad("distill_kl: temperature must be > 0, got 0", {"temperature": 0.0}),
             Bad("distill_kl: temperature must be > 0, got -1", {"temperature": -1.0})),
    ),
    Loss(
        "jsd", "jsd_loss", "JSDLoss", **DISTILLATION,
        params=({}, {"beta": 0.0}, {"beta": 1.0}, {"beta": 0.3, "temperature": 2.0, "dim": 0}),
        bad=(Bad("jsd: temperature must be > 0, got 0", {"temperature": 0.0}),
             Bad("jsd: beta must be >= 0, got -0.1", {"beta": -0.1}),
             Bad("jsd: beta must be <= 1, got 1.1", {"beta": 1.1})),
    ),
    Loss(
        "arcface", "arcface_loss", "ArcFaceLoss", cosines, weighted_mean=True, **LABELS,
        params=({}, {"margin": 0.9, "scale": 4.0},
                {"margin": 0.2, "scale": 2.0, "label_smoothing": 0.1}),
        kinks=far_angle,
        bad=(*smoothing("arcface"),
             Bad("arcface: margin must be >= 0, got -0.1", {"margin": -0.1}),
             Bad("arcface: margin must be <= 3.14.*got 3.5", {"margin": 3.5}),
             Bad("arcface: scale must be > 0, got 0", {"scale": 0.0})),
    ),
    Loss(
        "cosface", "cosface_loss", "CosFaceLoss", cosines, weighted_mean=True, **LABELS,
        params=({}, {"margin": 0.1, "scale": 2.0, "label_smoothing": 0.1}),
        bad=(*smoothing("cosface"),
             Bad("cosface: scale must be > 0, got 0", {"scale": 0.0})),
    ),
)  # fmt: skip

BY_OP = {loss.op: loss for loss in LOSSES}
