"""Mistakes that were made once: each case failed before it was mended."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._dynamo.testing import CompileCounterWithBackend
from torch._subclasses import FakeTensorMode
from torch.autograd import forward_ad
from torch.utils._python_dispatch import TorchDispatchMode

import lossops.functional as F
from tests.cases import make_case
from tests.losses import Loss

pytestmark = pytest.mark.usefixtures("on_device")
SMOOTH_AT_ZERO = {
    "mse_loss": 2.0, "huber_loss": 1.0, "smooth_l1_loss": 1.0, "log_cosh_loss": 1.0,
    "charbonnier_loss": 1e3, "robust_loss": 1.0,
}  # fmt: skip


@pytest.mark.parametrize("name", SMOOTH_AT_ZERO)
def test_curvature_where_input_equals_target(name: str) -> None:
    x = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    loss = getattr(F, name)(x, torch.zeros_like(x), reduction="sum")
    (slope,) = torch.autograd.grad(loss, x, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.sum(), x)
    torch.testing.assert_close(curvature, torch.full_like(x, SMOOTH_AT_ZERO[name]))


@pytest.mark.parametrize("name", ["huber_loss", "smooth_l1_loss", "charbonnier_loss", "l1_loss"])
def test_slope_where_the_difference_overflows(name: str) -> None:
    x = torch.tensor([3e38, -3e38], requires_grad=True)
    getattr(F, name)(x, -x.detach(), reduction="sum").backward()
    torch.testing.assert_close(x.grad, torch.tensor([1.0, -1.0]))


@pytest.mark.parametrize("p", [1.0, 1.5, 2.0])
def test_slope_at_a_tiny_mean(p: float) -> None:
    """It was taken by way of the square of the mean, which is 0. Powers cost 69 eps here."""
    mean = torch.tensor([1e-30, 1e-30], requires_grad=True)
    target = torch.tensor([1e-30, 2e-30])
    F.tweedie_loss(mean, target, p=p, log_input=False, reduction="sum").backward()
    torch.testing.assert_close(
        mean.grad, torch.tensor([0.0, -(1e-30 ** (1 - p))]), rtol=1e-5, atol=0
    )


def test_higher_derivatives_by_a_parameter_too_small_for_float32() -> None:
    """It counts as the smallest normal number, as in kernels; as 0 it gave NaN where d = 0."""
    x = torch.tensor([0.0, 1e-3, 1.0], requires_grad=True)
    loss = F.charbonnier_loss(x, torch.zeros(3), eps=1e-50, reduction="sum")
    (slope,) = torch.autograd.grad(loss, x, create_graph=True)
    assert slope.tolist() == [0.0, 1.0, 1.0]
    (curvature,) = torch.autograd.grad(slope.sum(), x)
    assert torch.isfinite(curvature).all() and curvature[0] > 1e37


def test_slope_by_a_tiny_scale() -> None:
    """It is -df / s far out, and was taken by way of d / s^2, which overflows."""
    s = torch.tensor([1e-20], requires_grad=True)
    F.student_t_nll_loss(torch.tensor([3.0]), torch.zeros(1), s, 3.0).backward()
    torch.testing.assert_close(s.grad, torch.tensor([-3e20]))


def test_gradient_of_one_tensor_does_not_depend_on_others(loss: Loss) -> None:
    """Where some derivatives are infinite, the finite ones stay what they are alone."""
    case = make_case(loss, dtype=torch.float32, weight="full")
    extreme = [0.0, 1.0, -1.0, 100.0, -100.0, torch.inf, -torch.inf]
    unit = loss.op == "bce"
    values = torch.tensor([v for v in extreme if not unit or 0 <= v <= 1])
    first = loss.operands[0]
    data = case.tensors[first].clone().flatten()
    data[: len(values)] = values
    case = case.but(**{first: data.view_as(case.tensors[first])})
    (alone,) = case.gradients(names=[first])
    among, *_ = case.gradients(names=case.differentiable)
    # The scale of a difference is that of the largest.
    atol = 1e-6 * float(alone.nan_to_num(0).abs().max()) if loss.family.differences else 0.0
    torch.testing.assert_close(among, alone, rtol=1e-5, atol=atol, equal_nan=True)


def negative(t: Tensor) -> Tensor:
    view = torch.complex(torch.zeros_like(t), -t).conj().imag
    assert view.is_neg()
    return view


@pytest.mark.host
def test_negative_bit() -> None:
    x, t = torch.randn(5, requires_grad=True), torch.randn(5)
    expected = F.mse_loss(x, t)
    actual = F.mse_loss(x, negative(t))
    torch.testing.assert_close(actual, expected)
    upstream = torch.tensor(-2.0)
    (want,) = torch.autograd.grad(expected, x, upstream, retain_graph=True)
    (got,) = torch.autograd.grad(actual, x, negative(upstream))
    torch.testing.assert_close(got, want)


@pytest.mark.host
def test_zero_tensor() -> None:
    x = torch.full((3,), 2.0, requires_grad=True)
    assert F.mse_loss(x, torch._efficientzerotensor((3,))).item() == 4.0


def test_bytes_of_a_bool_tensor() -> None:
    target = torch.tensor([0, 255], dtype=torch.uint8).view(torch.bool)
    assert F.mse_loss(torch.zeros(2), target).item() == 0.5


@pytest.mark.host
def test_autocast_reaches_into_vmap() -> None:
    x = torch.randn(3, 4, dtype=torch.bfloat16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.vmap(F.huber_loss)(x, x).dtype == torch.float32


@pytest.mark.host
def test_batchmean_divides_by_the_batch_of_the_input() -> None:
    x, t = torch.randn(1, 4), torch.rand(3, 4)
    with pytest.raises(
        RuntimeError,
        match="kl_div: input and target must broadcast to one another without expanding the first "
        r"dimension of input, its batch, got \(1, 4\) and \(3, 4\)",
    ):
        F.kl_div(x, t, reduction="batchmean")
    with pytest.raises(
        RuntimeError, match=r"without expanding the last dimension of input, that of its mean, got "
        r"\(3, 1\) and \(3, 4\)",
    ):  # fmt: skip
        F.multilabel_soft_margin_loss(x.new_ones(3, 1), t)


def test_parameters_that_float32_cannot_hold(loss: Loss) -> None:
    """Positive parameters that underflow act as the smallest positive float, and give no NaN."""
    from_defaults = make_case(loss, dtype=torch.float32)
    schema = getattr(torch.ops.lossops, loss.op).default._schema
    numbers = {a.name for a in schema.arguments if str(a.type) in ("float", "Optional[float]")}
    for name in numbers & {"beta", "delta", "eps", "scale", "q", "temperature", "softcap"}:
        tiny = from_defaults.but(params={**from_defaults.params, name: 1e-50})
        same = {n: torch.zeros_like(t) for n, t in tiny.tensors.items()}
        assert not tiny.but(**same).ours().isnan()


def test_target_gradient_of_focal_with_fractional_gamma() -> None:
    x = torch.tensor([0.5], dtype=torch.float64)
    for at in (1.0, 0.4):
        t = torch.tensor([at], dtype=torch.float64, requires_grad=True)
        (slope,) = torch.autograd.grad(F.focal_loss(x, t, gamma=1.5), t)
        # To the second order from this side only: beyond 1 there is no target.
        here, near, far = (F.focal_loss(x, t.detach() - h, gamma=1.5) for h in (0, 1e-5, 2e-5))
        difference = (3 * here - 4 * near + far).view(1) / 2e-5
        torch.testing.assert_close(slope, difference, rtol=1e-7, atol=0)


def test_asymmetric_with_a_tiny_clip() -> None:
    loss = F.asymmetric_loss(torch.tensor([20.0]), torch.zeros(1), clip=1e-9)
    p = torch.tensor(20.0, dtype=torch.float64).sigmoid() - 1e-9
    torch.testing.assert_close(loss.double(), -(p**4) * torch.log1p(-p), rtol=1e-6, atol=0)


@pytest.mark.host
def test_sizes_that_depend_on_data() -> None:
    def masked(x: Tensor, mask: Tensor) -> Tensor:
        rows = x[mask]
        weight = torch.ones(1)
        return F.huber_loss(rows.t(), torch.zeros_like(rows).t(), weight=weight)

    x, mask = torch.randn(6, 3), torch.tensor([True, False, True, True, False, True])
    with torch._dynamo.config.patch(capture_dynamic_output_shape_ops=True):
        compiled = torch.compile(masked, fullgraph=True, backend="aot_eager")
        torch.testing.assert_close(compiled(x, mask), masked(x, mask))


@pytest.mark.host
def test_another_normalizer_does_not_compile_anew() -> None:
    x, t = torch.randn(8, requires_grad=True), torch.randn(8)
    torch._dynamo.reset()
    counter = CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(
        lambda n: F.huber_loss(x, t, normalizer=n), backend=counter, fullgraph=True
    )
    for number in (1.5, 2.5, 3.5, 4.5):
        torch.testing.assert_close(compiled(number), F.huber_loss(x, t, normalizer=number))
    assert counter.frame_count <= 2


@pytest.mark.parametrize("shape", [(3, 0), (0,), (2, 0, 50), (3000, 0)], ids=str)
@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss", "arcface_loss", "cosface_loss"])
def test_no_classes(name: str, shape: tuple[int, ...]) -> None:
    """Labels of no class at all can only be ignored ones; they once were read as class 0."""
    x = torch.zeros(shape, requires_grad=True)
    t = torch.full(shape[:1] + shape[2:] if len(shape) > 1 else (), -100)
    value = getattr(F, name)(x, t, reduction="sum")
    assert value == 0
    value.backward()
    assert x.grad is not None and x.grad.shape == x.shape


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss", "arcface_loss", "poly1_loss"])
def test_half_with_every_row_ignored(name: str) -> None:
    """The kept gradient is 0 and the denominator 0: 0 / 0 must not reach the weights."""
    x = torch.zeros(2, 3, dtype=torch.float16, requires_grad=True)
    getattr(F, name)(x, torch.full((2,), -100)).backward()
    assert x.grad is not None and x.grad.eq(0).all()


def test_half_with_every_element_ignored() -> None:
    x = torch.zeros(3, dtype=torch.float16, requires_grad=True)
    F.binary_cross_entropy_with_logits(x, torch.full((3,), 255), ignore_index=255).backward()
    assert x.grad is not None and x.grad.eq(0).all()


def test_labels_beyond_the_whole_numbers_of_float() -> None:
    classes = 2**24 + 6
    x = torch.zeros(1, classes)
    x[0, 2**24 : 2**24 + 2] = 10.0
    loss = F.multi_margin_loss(x, torch.tensor([2**24]), reduction="sum")
    torch.testing.assert_close(loss * classes, torch.tensor(1.0))


def test_logits_whose_square_overflows() -> None:
    """Without a z_loss the square of the log-sum-exp is nobody's business."""
    x = torch.tensor([[1e20, 0.0]])
    assert F.cross_entropy(x, torch.tensor([0])) == 0
    x = torch.tensor([[-2.57, 3e38, 0.28]], requires_grad=True)
    F.cross_entropy(x, torch.tensor([1])).backward()
    assert x.grad is not None and x.grad.eq(0).all()


@pytest.mark.host
def test_only_gradients_of_the_fused_pass() -> None:
    x, t, alpha = torch.zeros(2, 3), torch.tensor([0, 1]), torch.ones(3)
    with pytest.raises(ValueError, match="wrt must be"):
        torch.ops.lossops._softmax_focal_value_and_grad(x, t, alpha, wrt=4)


@pytest.mark.host
def test_no_batchmean_over_classes() -> None:
    with pytest.raises(ValueError, match="reduction must be"):
        torch.ops.lossops.cross_entropy(torch.zeros(2, 3), torch.tensor([0, 1]), reduction=3)


@pytest.mark.host
def test_checks_hold_for_the_decomposition() -> None:
    """Forward mode takes the decomposition; strided labels are checked there too."""
    t = torch.tensor([0, 9, 1, 9, 7, 9])[::2]
    prior = torch.tensor([1.0, -1.0, 2.0, 1.0])
    with forward_ad.dual_level():
        x = forward_ad.make_dual(torch.zeros(3, 4), torch.ones(3, 4))
        with pytest.raises(IndexError, match=r"must be in \[0, 3\].*got 7 at position \(2,?\)"):
            F.cross_entropy(x, t)
        with pytest.raises(RuntimeError, match="prior must be >= 0, got -1"):
            F.balanced_softmax_loss(x, t.clamp(max=3), prior)


def test_learned_class_weights_leave_the_value_to_the_kernel() -> None:
    """Only their own gradient comes from the decomposition, in backward."""
    x, t = torch.randn(64, 10, requires_grad=True), torch.randint(10, (64,))
    w = torch.rand(10, requires_grad=True)
    loss = F.cross_entropy(x, t, weight=w)
    assert torch.equal(loss, F.cross_entropy(x.detach(), t, weight=w.detach()))
    alone = F.cross_entropy(x, t, weight=w.detach())
    assert torch.equal(
        torch.autograd.grad(loss, x, retain_graph=True)[0], torch.autograd.grad(alone, x)[0]
    )
    by_class = w.double()[t]
    expected = (by_class * torch.nn.functional.cross_entropy(x.double(), t, reduction="none")).sum()
    (grad,) = torch.autograd.grad(expected / by_class.sum(), w)
    torch.testing.assert_close(torch.autograd.grad(loss, w)[0], grad)


def test_jsd_decomposition_at_large_gaps() -> None:
    for gap in range(0, 120, 4):
        x = torch.tensor([[float(gap), 0.0]], requires_grad=True)
        y = torch.zeros(1, 2, requires_grad=True)
        grads = torch.autograd.grad(F.jsd_loss(x, y), (x, y), create_graph=True)
        twice = torch.autograd.grad(sum(g.sum() * g.sum() + (g * g).sum() for g in grads), (x, y))
        assert all(g.isfinite().all() for g in (*grads, *twice)), gap


def test_wide_rows_vectorized_across_keep_their_digits() -> None:
    """Sums over many classes add sections, in every memory layout."""
    for classes in (5000, 20000):
        x = torch.zeros(1, classes, 16)
        x[:, 0] = 30.0
        exact = math.log1p((classes - 1) * math.exp(-30.0))
        loss = F.cross_entropy(x, torch.zeros(1, 16, dtype=torch.long))
        assert abs(loss.item() - exact) < 4e-6 * exact


@pytest.mark.parametrize("name", ["distill_kl_loss", "jsd_loss"])
@pytest.mark.parametrize("dim", [2**63 - 1, -(2**63), 2**40])
@pytest.mark.host
def test_dim_at_the_ends_of_its_type(name: str, dim: int) -> None:
    """Integers travel as double, and 2^63 - 1 became 2^63, whose conversion back is undefined."""
    x = torch.zeros(2, 3)
    with pytest.raises(IndexError, match=f"got {dim}"):
        getattr(F, name)(x, x, dim=dim)


@pytest.mark.parametrize("dtype", [torch.uint16, torch.uint32, torch.uint64])
def test_prior_of_unsigned_counts(dtype: torch.dtype) -> None:
    """Torch has no minimum of these dtypes, which the check of the prior asked for."""
    x = torch.zeros(2, 3, requires_grad=True)
    t = torch.tensor([0, 2])
    counts = torch.tensor([5, 2, 1])
    loss = F.balanced_softmax_loss(x, t, prior=counts.to(dtype))
    torch.testing.assert_close(loss, F.balanced_softmax_loss(x, t, prior=counts.float()))
    loss.backward()


# Arguments that may be a number of the CPU beside tensors of another device.
NUMBERS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "weight": lambda x, t, n: F.mse_loss(x, x.detach().flip(0), weight=n),
    "weight, unreduced": lambda x, t, n: F.l1_loss(
        x, x.detach().flip(0), weight=n, reduction="none"
    ),
    "pos_weight": lambda x, t, n: F.binary_cross_entropy_with_logits(x, x.detach().exp(), n),
    "q": lambda x, t, n: F.quantile_loss(x, x.detach().flip(0), n),
    "alpha": lambda x, t, n: F.softmax_focal_loss(x, t, n),
    "weight of rows": lambda x, t, n: F.distill_kl_loss(x, x.detach().exp(), weight=n),
    "normalizer": lambda x, t, n: F.mse_loss(x, x.detach().flip(0), normalizer=n),
    "label": lambda x, t, n: F.cross_entropy(x[0], (n > 0).long()),
}


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("tracked", ["neither", "input", "number"])
@pytest.mark.host
def test_number_of_the_cpu_beside_another_device(name: str, tracked: str) -> None:
    """It was expanded where it lay, and the decomposition mixed devices. Shapes alone show it."""
    number = torch.tensor(0.5, requires_grad=tracked == "number")
    x = torch.zeros(4, 3, device="meta", requires_grad=tracked == "input")
    value = NUMBERS[name](x, torch.zeros(4, dtype=torch.long, device="meta"), number)
    assert value.device == x.device
    assert value.requires_grad == (tracked == "input" or (number.requires_grad and name != "label"))
    if tracked == "input":
        value.sum().backward()
        assert x.grad is not None and (x.grad.device, x.grad.shape) == (x.device, x.shape)


class Copies(TorchDispatchMode):
    """Counts the copies from the host."""

    count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func is torch.ops.aten._to_copy.default and args[0].device.type == "cpu"
        return func(*args, **(kwargs or {}))


@pytest.mark.host
def test_levels_are_filled_in_on_a_gpu() -> None:
    """A copy of the list from the host would wait, and cannot be captured in a graph."""
    with FakeTensorMode(), Copies() as copies:
        x = torch.zeros(4, 3, device="cuda")
        assert F.quantile_loss(x, x, [0.1, 0.5, 0.9], reduction="none").shape == x.shape
    assert copies.count == 0


def test_inputs_may_change_after_forward() -> None:
    """Backward needs what it kept, not the inputs: as torch's own losses."""
    x, t = torch.randn(4, 5, requires_grad=True), torch.randn(4, 5)
    expected = torch.autograd.grad(F.huber_loss(x, t), x)[0]
    loss = F.huber_loss(x, t)
    t.add_(1)
    assert torch.equal(torch.autograd.grad(loss, x)[0], expected)


def test_meta_tensors_keep_the_fused_node() -> None:
    x = torch.empty(4, 5, device="meta", requires_grad=True)
    for reduction in ("mean", "none"):
        loss = F.huber_loss(x, torch.empty(4, 5, device="meta"), reduction=reduction)
        assert "LossBackward" in loss.grad_fn.name()
        (grad,) = torch.autograd.grad(loss.sum(), x)
        assert grad.shape == x.shape and grad.is_meta


def test_margins_of_a_number() -> None:
    """As torch, where it is a row of one class."""
    x = torch.tensor(0.3, requires_grad=True)
    assert F.multi_margin_loss(x, torch.tensor(0)).item() == 0
    loss = F.multilabel_margin_loss(x, torch.tensor(0))
    loss.backward()
    assert loss.shape == ()
    assert x.grad.shape == ()


def test_gaussian_broadcasts_as_torch() -> None:
    x, t, v = torch.randn(5), torch.randn(4, 5), torch.rand(5) + 0.1
    for a, b in ((x, t), (t, x)):
        ours = F.gaussian_nll_loss(a, b, v if a is x else v.expand(4, 5))
        theirs = torch.nn.functional.gaussian_nll_loss(a, b, v if a is x else v.expand(4, 5))
        torch.testing.assert_close(ours, theirs)


@pytest.mark.host
def test_masked_rows_of_two_tensors() -> None:
    """Sizes that depend on data are compared when the program runs."""

    @torch.compile(backend="aot_eager", fullgraph=True)
    def masked(x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(x[y != -100], y[y != -100])

    x, y = torch.randn(6, 3), torch.tensor([0, 1, -100, 2, -100, 1])
    with torch._dynamo.config.patch(capture_dynamic_output_shape_ops=True):
        torch.testing.assert_close(masked(x, y), F.cross_entropy(x, y))


@pytest.mark.host
def test_symbolic_tracing_keeps_arguments() -> None:
    """The proxies of torch.fx are no tensors, and look as if they had every attribute."""

    def loss(x: Tensor, t: Tensor, n: Tensor) -> Tensor:
        huber = F.huber_loss(x, t, reduction="sum", normalizer=n)
        return huber + F.quantile_loss(x, t, q=n / 9) + F.gaussian_nll_loss(x, t, n.expand(4))

    x, t, n = torch.randn(4), torch.randn(4), torch.tensor(3.0)
    torch.testing.assert_close(torch.fx.symbolic_trace(loss)(x, t, n), loss(x, t, n))


@pytest.mark.parametrize(("value", "slope"), [(float("inf"), 0.0), (0.0, -float("inf"))])
def test_gradient_by_an_extreme_normalizer(value: float, slope: float) -> None:
    n = torch.tensor(value, requires_grad=True)
    F.mse_loss(torch.ones(2), torch.zeros(2), normalizer=n).backward()
    assert n.grad.item() == slope


def test_decompositions_without_classes() -> None:
    labels = torch.zeros(0, dtype=torch.long)
    for function in (F.cross_entropy, F.nll_loss, F.arcface_loss):
        grad = torch.func.grad(lambda x, f=function: f(x, labels))(torch.zeros(0, 0))
        assert grad.shape == (0, 0)
    x, t = torch.zeros(2, 0), torch.zeros(2, 0)
    assert torch.vmap(lambda x, t: F.cross_entropy(x, t, reduction="none"))(x, t).eq(0).all()


@pytest.mark.host
def test_labels_beyond_int64_are_out_of_range() -> None:
    """They wrapped, and 2^64 - 1 ended the list."""
    labels = torch.tensor([2**64 - 1, 0], dtype=torch.uint64)
    with pytest.raises(RuntimeError, match="multilabel_margin: target must be in"):
        F.multilabel_margin_loss(torch.zeros(2), labels)


@pytest.mark.host
def test_wrong_dim_is_named() -> None:
    for dim in (2**63 - 1, 2, -3):
        with pytest.raises(IndexError, match=rf"jsd: dim must be in \[-2, 1\], got {dim}"):
            F.jsd_loss(torch.zeros(2, 3), torch.zeros(2, 3), dim=dim)


@pytest.mark.parametrize("logit", [85.0, 95.0, 102.0, 120.0])
def test_prediction_that_is_its_average(logit: float) -> None:
    """What elr's logarithm is of becomes subnormal, and its inverse was infinite."""
    x = torch.tensor([[logit, 0.0]], requires_grad=True)
    value = F.elr_loss(x, torch.tensor([0]), torch.tensor([[1.0, 0.0]]))
    value.backward()
    assert value == -math.inf or value < -200
    assert x.grad is not None and x.grad.isfinite().all() and (x.grad.abs() <= 3).all()
