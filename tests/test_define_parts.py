"""lossops.define_class and lossops.define_sums."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

import lossops

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.* is deprecated")


@pytest.fixture(scope="module")
def costs() -> Any:
    """A Brier score whose other classes weigh w, of two members, as text."""
    return lossops.define_class(
        "own_brier", true_class="(1 - p) ** 2", other_class="w * p ** 2", w=1.0,
        limits=[("w", ">=", 0)],
    )  # fmt: skip


@pytest.fixture(scope="module")
def focal() -> Any:
    """The softmax focal loss, as a function."""
    return lossops.define_class(
        "own_focal_class",
        true_class=lambda p, gamma: -((1 - p.p) ** gamma) * torch.log(p.p),
        gamma=2.0,
    )


def rows(dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    return 2 * torch.randn(6, 4, 3, dtype=dtype), torch.randint(4, (6, 3))


def brier(x: Tensor, t: Tensor, w: float) -> Tensor:
    p, hot = x.softmax(1), F.one_hot(t, x.size(1)).movedim(-1, 1)
    return ((1 - p) ** 2 * hot + w * p**2 * (1 - hot)).sum(1)


def test_class_members(costs: Any) -> None:
    x, t = rows()
    x.requires_grad_()
    for w in (1.0, 0.25):
        value = costs(x, t, w, "none")
        torch.testing.assert_close(value, brier(x, t, w))
        (slope,), (expected,) = (
            torch.autograd.grad(f, x) for f in (value.sum(), brier(x, t, w).sum())
        )
        torch.testing.assert_close(slope, expected)
    assert gradcheck(lambda x: costs(x, t, 0.5), x) and gradgradcheck(lambda x: costs(x, t, 0.5), x)
    assert costs.rewrites == ("1 - p is computed as q",)
    assert costs.expression == "true_class: (1 - p) ** 2\nother_class: w * p ** 2"
    with pytest.raises(RuntimeError, match="own_brier: w must be >= 0, got -1"):
        costs(x, t, w=-1.0)


def test_class_arguments_of_the_library(costs: Any) -> None:
    """Class weights, ignored rows, a module, and the form on a product."""
    x, t = rows()
    weight = torch.rand(4, dtype=torch.float64)
    expected = brier(x, t, 1.0)
    torch.testing.assert_close(
        costs(x, t, weight=weight), (expected * weight[t]).sum() / weight[t].sum()
    )
    t[0] = 3
    kept = t != 3
    expected = brier(x, t, 1.0)[kept].mean()
    torch.testing.assert_close(costs(x, t, ignore_index=3), expected)
    module = costs.Module(ignore_index=3)
    assert repr(module) == "OwnBrierLoss(w=1.0, reduction='mean', ignore_index=3)"
    for other in (module, torch.jit.script(module), torch.compile(module, backend="aot_eager")):
        torch.testing.assert_close(other(x, t), expected)
    features, layer = torch.randn(6, 5, dtype=torch.float64), torch.randn(4, 5, dtype=torch.float64)
    leaves = [v.clone().requires_grad_() for v in (features, layer)]
    loss = costs.linear(leaves[0], leaves[1], t[:, 0], 0.5)
    slopes = torch.autograd.grad(loss, leaves)
    whole = costs(leaves[0] @ leaves[1].T, t[:, 0], 0.5)
    torch.testing.assert_close(loss, whole)
    torch.testing.assert_close(slopes, torch.autograd.grad(whole, leaves))
    each = torch.func.vmap(lambda x, t: costs(x, t, reduction="none"), in_dims=(2, 1), out_dims=1)
    torch.testing.assert_close(each(x, t), brier(x, t, 1.0))


def test_class_function(focal: Any) -> None:
    """The same loss as the library's, to the bit, with smoothing; its digits far out."""
    x, t = rows(torch.float32)
    for settings in ({}, {"label_smoothing": 0.1}, {"reduction": "none"}):
        ours = focal(x, t, gamma=1.5, **settings)
        theirs = lossops.functional.softmax_focal_loss(x, t, gamma=1.5, **settings)
        torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=0)
    sure = focal(torch.tensor([[20.0, 0.0]]), torch.tensor([0]), reduction="none")
    assert sure.item() == pytest.approx(8.7565e-27, rel=1e-4)
    soft = x.softmax(1)
    torch.testing.assert_close(focal(x, soft), lossops.functional.softmax_focal_loss(x, soft))


@pytest.fixture(scope="module")
def cosine() -> Any:
    return lossops.define_sums(
        "own_cosine",
        terms={
            "both": "input * target",
            "first": lambda input: input**2,
            "second": "square(target)",
        },
        finish=lambda both, first, second, c: c - both / torch.sqrt(first * second),
        c=1.0,
    )


def test_sums(cosine: Any) -> None:
    torch.manual_seed(0)
    x, t = (torch.randn(6, 37, dtype=torch.float64, requires_grad=True) for _ in range(2))
    expected = 1 - F.cosine_similarity(x, t, dim=-1)
    torch.testing.assert_close(cosine(x, t, reduction="none"), expected)
    assert gradcheck(cosine, (x, t)) and gradgradcheck(cosine, (x, t))
    slopes = [torch.autograd.grad(f.mean(), (x, t)) for f in (cosine(x, t), expected)]
    torch.testing.assert_close(*slopes)
    weight = torch.rand(6, dtype=torch.float64)
    torch.testing.assert_close(cosine(x, t, weight=weight), (expected * weight).mean())
    torch.testing.assert_close(cosine(x, t, c=0.0), expected.mean() - 1)
    module = cosine.Module(c=2.0, reduction="sum")
    assert repr(module) == "OwnCosineLoss(c=2.0, reduction='sum')"
    for other in (module, torch.jit.script(module), torch.compile(module, backend="aot_eager")):
        torch.testing.assert_close(other(x, t), (1 + expected).sum())
    torch.testing.assert_close(torch.func.vmap(cosine)(x, t), expected)
    large = torch.full((1, 3), 1e25)
    torch.testing.assert_close(cosine(large, -large), torch.tensor(2.0))


CLASS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "give what the true class costs"),
    "unknown name": ({"true_class": "p + x"}, "unknown name 'x'"),
    "a number": ({"true_class": "c"}, "the result must depend on p, q, log_p, log_q"),
    "no influence": ({"true_class": "p"}, "parameter 'c' has no influence on the loss"),
    "unknown argument": ({"true_class": lambda p, x: p.p * x}, "takes x, and may take p, c"),
    "a choice": ({"true_class": lambda p, c: p.p if p.p > c else p.q}, "a choice by the value"),
    "a reduction": ({"true_class": lambda p, c: (c * p.p).mean()}, "a reduction or a check"),
    "no text": ({"other_class": 3}, "own: other_class must be a str or a function, got int"),
    "a taken name": ({"true_class": "p * c", "q": 1.0}, "'q' is taken, a parameter must have"),
}


@pytest.mark.parametrize("what", CLASS)
def test_class_mistakes(what: str) -> None:
    given, message = CLASS[what]
    with pytest.raises((ValueError, TypeError), match=message):
        lossops.define_class("own", **given, c=1.0)


SUMS: dict[str, tuple[dict[str, Any], str]] = {
    "no sums": ({"terms": {}}, "terms must be a dict of 1 to 8 sums"),
    "too many": ({"terms": {f"s{i}": "input" for i in range(9)}}, "1 to 8 sums"),
    "one tensor": ({"tensors": ("input",)}, "tensors must be 2 to 4 names"),
    "unknown sum": ({"finish": "a * b"}, "own: finish: unknown name 'b'"),
    "tensor in the finish": ({"finish": "a * input"}, "own: finish: unknown name 'input'"),
    "unused": ({"terms": {"a": "input"}, "finish": "a * c"}, "'target' has no influence"),
    "unused sum": ({"terms": {"a": "input * target", "b": "input"}}, "'b' has no influence"),
    "twice": ({"terms": {"target": "input * target"}}, "got 'target' twice"),
    "number": ({"terms": {"a": 3}}, "own: a must be a str or a function, got int"),
}


@pytest.mark.parametrize("what", SUMS)
def test_sums_mistakes(what: str) -> None:
    given = {"terms": {"a": "input * target"}, "finish": "a * c", **SUMS[what][0]}
    with pytest.raises((ValueError, TypeError), match=SUMS[what][1]):
        lossops.define_sums("own", **given, c=1.0)
