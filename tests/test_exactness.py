"""Digits that were lost once, and comparisons that rounded, in kernels and decompositions."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

import lossops.functional as F

pytestmark = pytest.mark.usefixtures("on_device")


def test_gradient_of_a_low_precision_weight_is_rounded_once(device: str) -> None:
    """The value less the mean cancels; each is 1/32 or so from the other."""
    x = torch.tensor([1.0, 1.0625], dtype=torch.bfloat16, device=device)
    w = torch.ones(2, dtype=torch.bfloat16, device=device, requires_grad=True)
    F.mse_loss(x, torch.zeros_like(x), weight=w).backward()
    torch.testing.assert_close(
        w.grad.cpu().float(), torch.tensor([-0.0322, 0.0322]), rtol=2e-3, atol=0
    )


def test_row_means_are_of_exact_values(device: str) -> None:
    x = torch.tensor([[40000.0, -40000.0]], dtype=torch.float16, device=device)
    w = torch.tensor([2.0, 1.0], dtype=torch.float16, device=device)
    loss = F.multilabel_soft_margin_loss(x, torch.zeros_like(x), weight=w, reduction="none")
    assert loss.dtype == torch.float16
    assert loss.item() == 40000


@pytest.mark.host  # a GPU's kernels tell integers apart up to 2^24 beside float32
@pytest.mark.parametrize("way", ["kernel", "decomposition"])
def test_ignore_index_is_compared_as_the_target_has_it(way: str) -> None:
    def loss(x: Tensor, t: Tensor, index: int) -> Tensor:
        call = partial(F.hinge_loss, target=t, ignore_index=index, reduction="none")
        return torch.func.vjp(call, x)[0] if way == "decomposition" else call(x)

    kept, ignored = [1.0], [0.0]
    zero = torch.zeros(1)
    assert loss(zero, torch.tensor([255], dtype=torch.uint8), -1).tolist() == kept
    assert loss(zero, torch.tensor([-999.0], dtype=torch.bfloat16), -999).tolist() == ignored
    large = torch.tensor([2**24 + 1, 2**24])
    assert loss(torch.zeros(2), large, 2**24 + 1).tolist() == ignored + kept


@pytest.mark.host
def test_labels_beyond_int64_are_not_ignored() -> None:
    labels = torch.tensor([2**64 - 100], dtype=torch.uint64)
    with pytest.raises(IndexError, match="target must be in"):
        F.cross_entropy(torch.zeros(1, 3), labels)


@pytest.mark.host
@pytest.mark.parametrize(
    "wrap", [lambda f: f, torch.func.grad, torch.func.vmap], ids=["", "grad", "vmap"]
)
def test_values_are_checked_under_every_transform(wrap: Callable[..., Any]) -> None:
    bad = torch.tensor([-1.0])

    def of(f: Callable[..., Tensor], *args: Any) -> Callable[[Tensor], Tensor]:
        return lambda x: f(x, *args, reduction="sum")

    x = torch.full((1, 4), 0.5) if wrap is torch.func.vmap else torch.full((4,), 0.5)
    t = torch.full((4,), 0.5)
    with pytest.raises(ValueError, match=r"var.*>= 0"):
        wrap(of(F.gaussian_nll_loss, t, bad.expand(4)))(x)
    with pytest.raises(RuntimeError, match=r"q must be in \(0, 1\), got .*2"):
        wrap(of(F.quantile_loss, t, torch.tensor([2.0])))(x)
    with pytest.raises(RuntimeError, match=r"multilabel_margin: target must be in .*got -5"):
        wrap(of(F.multilabel_margin_loss, torch.tensor([1, 0, -5, 3])))(x)


@pytest.mark.host
@pytest.mark.parametrize("function", [F.focal_loss, F.asymmetric_loss, F.rww_bce_loss])
def test_targets_that_are_no_probabilities_are_refused(function: Callable[..., Tensor]) -> None:
    x, t = torch.zeros(2), torch.tensor([0.0, 255.0])
    with pytest.raises(RuntimeError, match=r"target must be in \[0, 1\], got .*255"):
        function(x, t)
    assert function(x, t, ignore_index=255).isfinite()


def test_decompositions_are_as_exact_as_kernels() -> None:
    f = partial(F.rww_cross_entropy_loss, reduction="sum")
    t = torch.tensor([0])
    costs = {"fn_weight": torch.ones(3), "fp_weight": torch.ones(3, 3)}
    two = {"fn_weight": torch.ones(2), "fp_weight": torch.ones(2, 2)}
    x = torch.tensor([[0.0, 100.0]])
    torch.testing.assert_close(
        torch.func.grad(lambda x: f(x, t, **two))(x), torch.tensor([[-2.0, 2.0]])
    )
    x = torch.tensor([[0.0, 110.0]])
    assert torch.vmap(lambda x: f(x, t[0], **two))(x).item() == 220
    x = torch.tensor([[0.0, 110.0, -0.4]])
    costs["fn_weight"].requires_grad_()
    loss = f(x, t, **costs)
    loss.backward()
    assert abs(loss.item() - 219.487) < 1e-3
    assert costs["fn_weight"].grad.tolist() == [110, 0, 0]
    second = torch.func.hessian(lambda x: f(x, t, **two))(torch.tensor([[0.0, 100.0]]))
    assert second.isfinite().all()


@pytest.mark.parametrize(
    ("row", "gradient"),
    [
        ([22.8, 22.8, -6.46], [-1.0, 1.0, 0.0]),
        ([22.8, 22.8, 22.8], [-1.0, 0.5, 0.5]),
        ([0.0, 1e10], [-2.0, 2.0]),
        ([0.0, 1e30, -5.0], [-1.99331, 2.0, -0.00669]),
    ],
)
@pytest.mark.parametrize("way", ["kernel", "decomposition"])
def test_costs_of_ties_and_of_far_logits(row: list[float], gradient: list[float], way: str) -> None:
    """Two largest were each taken for the only one; far below 1e9, the others for the largest."""
    x, n = torch.tensor([row], requires_grad=True), len(row)
    loss = F.rww_cross_entropy_loss(x, torch.tensor([0]), torch.ones(n), torch.ones(n, n))
    (grad,) = torch.autograd.grad(loss, x, create_graph=way == "decomposition")
    gap = max(row) - row[0]
    torch.testing.assert_close(grad, torch.tensor([gradient]), rtol=1e-5, atol=1e-5)
    if gap:
        assert loss.item() == pytest.approx(2 * gap, rel=1e-6)


@pytest.mark.parametrize(
    "function",
    [F.cross_entropy, F.poly1_loss, F.softmax_focal_loss, F.generalized_cross_entropy_loss],
)
def test_gradient_of_a_certain_class_is_not_lost(function: Callable[..., Tensor]) -> None:
    x, t = torch.tensor([[30.0, 0.0]]), torch.tensor([0])
    kernel = x.clone().requires_grad_()
    function(kernel, t).backward()
    torch.testing.assert_close(
        torch.func.grad(lambda x: function(x, t))(x), kernel.grad, rtol=1e-5, atol=0
    )
    assert function is F.softmax_focal_loss or kernel.grad.abs().min() > 1e-14


def test_extreme_temperatures() -> None:
    x, t = torch.randn(2, 3), torch.tensor([0, 1])
    torch.testing.assert_close(F.cross_entropy(x, t, softcap=1e30), F.cross_entropy(x, t))
    with pytest.raises(RuntimeError, match=r"softcap must be <= 1e\+?30"):
        F.cross_entropy(x, t, softcap=1e39)
    with pytest.raises(RuntimeError, match=r"temperature must be <= 1e\+?18"):
        F.distill_kl_loss(x, x, temperature=1e20)


def test_ignore_index_that_half_cannot_hold() -> None:
    p = torch.full((2, 3), 1 / 3).half()
    with pytest.raises(ValueError, match="ignore_index must be a number that target can hold"):
        F.cross_entropy(torch.randn(2, 3).half(), p, ignore_index=100000)


@pytest.mark.parametrize("gamma", [0.5, 1.5, 2.5, 3.5])
def test_fractional_gamma_where_the_rest_vanishes(gamma: float) -> None:
    def loss(x: Tensor) -> Tensor:
        return F.softmax_focal_loss(x, torch.tensor(0), gamma=gamma)

    for gap in (45.0, 88.0, 95.0, 103.0):
        x = torch.tensor([gap, 0.0, -1.0])
        kernel = x.clone().requires_grad_()
        loss(kernel).backward()
        torch.testing.assert_close(torch.func.grad(loss)(x), kernel.grad, rtol=1e-5, atol=1e-37)
    if gamma > 2:
        assert (
            torch.func.jacrev(torch.func.jacrev(loss))(torch.tensor([45.0, 0.0, -1.0]))
            .isfinite()
            .all()
        )


def test_forward_mode_of_nothing() -> None:
    """The mean of no rows is NaN; its derivative is 0 in both modes."""
    x, ignored = torch.randn(4, 3), torch.full((4,), -100)
    for jacobian in (torch.func.jacfwd, torch.func.jacrev):
        assert jacobian(lambda x: F.cross_entropy(x, ignored))(x).eq(0).all()
    assert F.cross_entropy(x, ignored).isnan()


def test_curvature_of_certain_rows() -> None:
    def loss(x: Tensor) -> Tensor:
        return F.rww_cross_entropy_loss(x, torch.tensor(0), torch.ones(3), torch.ones(3, 3))

    for x in ([45.0, 0.0, -1.0], [0.0, -float("inf"), -float("inf")]):
        assert torch.func.jacrev(torch.func.jacrev(loss))(torch.tensor(x)).isfinite().all()


def test_ignored_labels_beside_low_precision_teachers(device: str) -> None:
    """The index was rounded as the teacher's logits are: -999 to -1000."""
    x = torch.randn(2, 3, generator=torch.Generator().manual_seed(0)).to(device, torch.bfloat16)
    labels = torch.tensor([-999, 0], device=device)
    value = F.distill_kl_loss(x, x.flip(1), labels=labels, ignore_index=-999, reduction="none")
    assert value[0] == 0 and value[1] > 0
