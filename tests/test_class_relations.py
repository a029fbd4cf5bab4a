"""What the losses over a class axis are to each other, and what their means divide by."""

import itertools
from typing import Any

import pytest
import torch
import torch.nn.functional as baseline

import lossops.functional as F
from tests.cases import make_case
from tests.class_axis import (
    DTYPES,
    INF,
    ROWS,
    labels,
    near,
    normal,
)
from tests.families import of_family
from tests.families.class_axis import ClassAxis, per_class
from tests.losses import BY_OP, Loss

pytestmark = [
    pytest.mark.where(of_family(ClassAxis)),
    pytest.mark.usefixtures("on_device"),
]


def test_identities() -> None:
    x, y, t = 3 * normal(9, 7), 3 * normal(9, 7, seed=1), labels(7, 9)
    weight, ones = per_class(7), torch.ones(7, dtype=torch.float64)
    p, cosine = x.softmax(1), torch.tanh(x)
    at_label = p.gather(1, t[:, None]).squeeze(1)
    hot = baseline.one_hot(t, 7).double()
    none: dict[str, Any] = {"reduction": "none"}
    ce = F.cross_entropy(x, t, **none)
    pairs = {
        "nll of log_softmax": (F.nll_loss(x.log_softmax(1), t, weight, **none),
                               F.cross_entropy(x, t, weight, **none)),
        "focal at gamma 0": (F.softmax_focal_loss(x, t, gamma=0.0, **none), ce),
        "alpha is a weight": (F.softmax_focal_loss(x, t, weight, **none),
                              F.softmax_focal_loss(x, t, weight=weight, **none)),
        "alpha as a number": (F.softmax_focal_loss(x, t, 0.25, **none),
                              0.25 * F.softmax_focal_loss(x, t, **none)),
        "focal": (F.softmax_focal_loss(x, t, **none), (1 - at_label) ** 2 * ce),
        "poly1 at epsilon 0": (F.poly1_loss(x, t, epsilon=0.0, **none), ce),
        "poly1": (F.poly1_loss(x, t, **none), ce + 2 * (1 - at_label)),
        "gce at q 1": (F.generalized_cross_entropy_loss(x, t, q=1.0, **none), 1 - at_label),
        "gce near q 0": (F.generalized_cross_entropy_loss(x, t, q=1e-12, **none), ce),
        "rww of fn alone": (F.rww_cross_entropy_loss(x, t, ones, torch.zeros(7, 7), **none), ce),
        "rww's diagonal is not read": (
            F.rww_cross_entropy_loss(x, t, ones, torch.diag(INF * ones).nan_to_num(0.0, posinf=INF),
                                     **none), ce),
        "balanced at equal priors": (F.balanced_softmax_loss(x, t, 5 * ones, **none), ce),
        "balanced at tau 0": (F.balanced_softmax_loss(x, t, weight, 0.0, **none), ce),
        "balanced": (F.balanced_softmax_loss(x, t, weight, 0.5, **none),
                     F.cross_entropy(x + 0.5 * weight.log(), t, **none)),
        "arcface at margin 0": (F.arcface_loss(cosine, t, 0.0, 4.0, **none),
                                F.cross_entropy(4 * cosine, t, **none)),
        "cosface at margin 0": (F.cosface_loss(cosine, t, 0.0, 4.0, **none),
                                F.cross_entropy(4 * cosine, t, **none)),
        "cosface": (F.cosface_loss(cosine, t, 0.3, 4.0, **none),
                    F.cross_entropy(4 * (cosine - 0.3 * hot), t, **none)),
        "labels as probabilities": (F.cross_entropy(x, hot, weight, **none),
                                    F.cross_entropy(x, t, weight, **none)),
        "smoothed labels": (F.cross_entropy(x, t, weight, label_smoothing=0.3, **none),
                            F.cross_entropy(x, 0.7 * hot + 0.3 / 7, weight, **none)),
        "smoothed focal": (F.softmax_focal_loss(x, t, label_smoothing=0.3, **none),
                           F.softmax_focal_loss(x, 0.7 * hot + 0.3 / 7, **none)),
        "z-loss": (F.cross_entropy(x, t, z_loss=0.1, **none), ce + 0.1 * x.logsumexp(1) ** 2),
        "soft cap": (F.cross_entropy(x, t, softcap=2.0, **none),
                     F.cross_entropy(2 * torch.tanh(x / 2), t, **none)),
        "distill_kl is kl_div": (F.distill_kl_loss(x, y, **none),
                                 F.kl_div(x.log_softmax(1), y.softmax(1), "none").sum(1)),
        "distill_kl and cross-entropy": (
            F.distill_kl_loss(x, y, **none),
            F.cross_entropy(x, y.softmax(1), **none) - F.cross_entropy(y, y.softmax(1), **none)),
        "jsd at beta 0": (F.jsd_loss(x, y, 0.0, **none), F.distill_kl_loss(x, y, **none)),
        "jsd at beta 1": (F.jsd_loss(x, y, 1.0, **none), F.distill_kl_loss(y, x, **none)),
        "jsd is symmetric": (F.jsd_loss(x, y, 0.3, **none), F.jsd_loss(y, x, 0.7, **none)),
        "temperature": (F.jsd_loss(x, y, 0.3, 4.0, **none),
                        16 * F.jsd_loss(x / 4, y / 4, 0.3, **none)),
        "of equals": (F.distill_kl_loss(x, x, **none), torch.zeros(9, dtype=torch.float64)),
        "dim": (F.distill_kl_loss(x.t(), y.t(), dim=0, **none), F.distill_kl_loss(x, y, **none)),
    }  # fmt: skip
    for name, (actual, expected) in pairs.items():
        torch.testing.assert_close(actual, expected, rtol=1e-10, atol=1e-13,
                                   msg=lambda text, name=name: f"{name}\n{text}")  # fmt: skip


def test_means() -> None:
    """What the mean divides by: the weights of the labels that count, or the rows that count."""
    x, y, t = normal(6, 4), normal(6, 4, seed=1), torch.tensor([0, 1, -100, 3, 2, -100])
    weight, counts = per_class(4), t != -100
    share = weight[t[counts]].sum()
    rows = torch.linspace(0.5, 1.5, 6, dtype=torch.float64)
    fn, fp = per_class(4), per_class(4, pairs=True)
    for function, divisor in (
        (lambda **k: F.cross_entropy(x, t, weight, **k), share),
        (lambda **k: F.cross_entropy(x, t, weight, label_smoothing=0.2, **k), share),
        (lambda **k: F.cross_entropy(x, t, **k), 4),
        (lambda **k: F.cross_entropy(x, y.softmax(1), weight, **k), 6),
        (lambda **k: F.nll_loss(x, t, weight, **k), share),
        (lambda **k: F.softmax_focal_loss(x, t, weight, **k), 4),
        (lambda **k: F.softmax_focal_loss(x, t, weight=weight, **k), share),
        (lambda **k: F.poly1_loss(x, t, weight=weight, **k), share),
        (lambda **k: F.generalized_cross_entropy_loss(x, t, weight=weight, **k), share),
        (lambda **k: F.rww_cross_entropy_loss(x, t, fn, fp, weight=weight, **k), share),
        (lambda **k: F.balanced_softmax_loss(x, t, fn, weight=weight, **k), share),
        (lambda **k: F.arcface_loss(x.tanh(), t, weight=weight, **k), share),
        (lambda **k: F.cosface_loss(x.tanh(), t, weight=weight, **k), share),
        (lambda **k: F.multi_margin_loss(x, t, weight=weight, ignore_index=-100, **k), 4),
        (lambda **k: F.distill_kl_loss(x, y, weight=rows, labels=t, **k), 4),
        (lambda **k: F.jsd_loss(x, y, weight=rows, labels=t, **k), 4),
        (lambda **k: F.multilabel_margin_loss(x, labels(4, 6, 4), weight=rows, **k), 6),
    ):
        total = function(reduction="none").sum()
        torch.testing.assert_close(function(), total / divisor)
        torch.testing.assert_close(function(reduction="sum"), total)
        torch.testing.assert_close(function(normalizer=7.0), total / 7)
        torch.testing.assert_close(function(reduction="sum", normalizer=7), total / 7)


@pytest.mark.parametrize("op", ["multi_margin", "multilabel_margin"])
@pytest.mark.host
def test_second_derivatives_that_torch_lacks(op: str) -> None:
    """Those of a piecewise linear loss are 0; those of the squared one are counted."""
    case = make_case(BY_OP[op], shape=(4, 3), reduction="sum")
    x = case.tensors["input"]
    assert (torch.func.hessian(case.over(("input",)))(x) == 0).all()
    (leaf,) = case.leaves(("input",))
    (slope,) = torch.autograd.grad(case.ours(input=leaf), leaf, create_graph=True)
    if slope.requires_grad:
        assert (torch.autograd.grad(slope.sum(), leaf)[0] == 0).all()
    if op == "multi_margin":
        squared = case.but(params={"p": 2})
        hessian = torch.func.hessian(squared.over(("input",)))(x)
        expected = torch.func.hessian(squared.over(("input",), squared.expected))(x)
        assert (expected != 0).any()
        torch.testing.assert_close(hessian, expected)
    theirs = getattr(baseline, case.loss.function)
    (leaf,) = case.leaves(("input",))
    with pytest.raises(RuntimeError):
        (slope,) = torch.autograd.grad(
            theirs(leaf, case.tensors["target"]), leaf, create_graph=True
        )
        torch.autograd.grad(slope.sum(), leaf)


def test_half_precision_mean_keeps_small_gradients(loss: Loss) -> None:
    """float16, mean over many rows, scaled as a GradScaler does: nothing is lost to underflow."""
    for shape in ((2**14, 4), (2**9, 100), (16, 10, 2**8)):
        if len(shape) > loss.family.dims:
            continue
        case = make_case(loss, shape=shape, dtype=torch.float16)
        (leaf,) = case.leaves(("input",))
        scale = 2.0**15
        (case.ours(input=leaf) * scale).backward()
        exact = case.to(torch.float64)
        (expected,) = exact.gradients(exact.expected, ("input",))
        error = (leaf.grad.double() - expected * scale).abs()
        eps = torch.finfo(torch.float16).eps
        # Twice rounded, once as the gradient of a row (whose last place is 6e-8); from a sum over
        # the row in float32.
        largest = expected.abs().amax(case.loss.family.class_axis(len(shape)), True) * scale
        place = 2.0**-25 * (1 + scale / case.but(reduction="none").ours().numel())
        assert (error <= 1.01 * (eps * expected.abs() * scale + place) + 2e-6 * largest).all()


def test_wide_tensors_per_class_do_not_promote() -> None:
    """weight, alpha, prior, fn_weight and fp_weight may be of any floating dtype."""
    for loss in ROWS:
        for params, dtype in itertools.product(loss.params, (torch.float32, torch.bfloat16)):
            case = make_case(loss, params, (9, 5), dtype=dtype, weight="full", reduction="none")
            names = [name for name in case.tensors if name not in (*loss.operands, *loss.labels)]
            for other in DTYPES:
                mixed = case.but(**{name: case.tensors[name].to(other) for name in names})
                value = mixed.ours()
                assert value.dtype == dtype
                near(value, mixed.to(torch.float64).expected(), mixed)
                for name, gradient in zip(names, mixed.gradients(names=names), strict=True):
                    assert gradient.dtype == other and gradient.isfinite().all(), name


@pytest.mark.host
def test_autocast_of_logits() -> None:
    """What comes out of a linear layer under autocast: bfloat16 logits, a float32 loss."""
    layer, x, t = torch.nn.Linear(8, 10), normal(6, 8, dtype=torch.float32), labels(10, 6)
    with torch.autocast("cpu", torch.bfloat16):
        logits = layer(x)
        assert logits.dtype == torch.bfloat16
        loss = F.cross_entropy(logits, t, label_smoothing=0.1)
    assert loss.dtype == torch.float32
    loss.backward()
    wide = logits.detach().float().requires_grad_()
    expected = baseline.cross_entropy(wide, t, label_smoothing=0.1)
    torch.testing.assert_close(loss, expected)
    expected.backward()
    torch.testing.assert_close(layer.bias.grad, wide.grad.sum(0), rtol=1e-2, atol=1e-3)
