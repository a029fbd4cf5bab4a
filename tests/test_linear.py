"""Losses on a product: against the loss on the logits of F.linear, in float64."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as TF
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.library import opcheck
from torch.profiler import ProfilerActivity, profile

import lossops.functional as F
from tests.test_memory import peak_bytes

REDUCTIONS = {"none": 0, "mean": 1, "sum": 2}
N, D, C = 12, 5, 7


def rand(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# What an op takes beside the factors and the target.
OWN: dict[str, dict[str, Any]] = {
    "cross_entropy": {"label_smoothing": 0.1, "z_loss": 0.05, "softcap": 2.0},
    "softmax_focal": {"alpha": rand(C, seed=1), "gamma": 1.5},
    "poly1": {"label_smoothing": 0.2},
    "generalized_cross_entropy": {"q": 0.6},
    "rww_cross_entropy": {"fn_weight": rand(C, seed=2), "fp_weight": rand(C, C, seed=3)},
    "balanced_softmax": {"prior": rand(C, seed=4)},
    "arcface": {"margin": 0.3, "scale": 2.0},
    "cosface": {"margin": 0.2, "scale": 3.0},
    "multi_margin": {},
    "multilabel_margin": {},
    "symmetric_cross_entropy": {},
    "taylor_cross_entropy": {},
    "label_relaxation": {},
    "confidence_penalty": {},
    "normalized_cross_entropy": {},
}
DIVERGENCES: dict[str, dict[str, Any]] = {
    "distill_kl": {"temperature": 1.5},
    "jsd": {"beta": 0.3, "temperature": 0.8},
}
WITH_PROBABILITIES = ["cross_entropy", "softmax_focal", "poly1", "balanced_softmax"]


COSINES = ("arcface", "cosface")


def unit(x: Tensor) -> Tensor:
    return x / x.norm(dim=-1, keepdim=True)


def operator(name: str) -> Callable[..., Tensor]:
    return getattr(torch.ops.lossops, name).default


class Case:
    """Factors, a target and the other arguments of an op."""

    def __init__(self, op: str, shape: tuple[int, ...] = (N,), target: str = "labels", **more: Any):
        gen = torch.Generator().manual_seed(7)
        draw = lambda *s: torch.randn(*s, generator=gen, dtype=torch.float64)  # noqa: E731
        self.op, self.arguments = op, {**OWN[op], **more}
        self.x, self.w, self.b = draw(*shape, D), draw(C, D), draw(C)
        if op in COSINES:
            self.b = self.b / 64
        self.target = torch.randint(0, C, shape, generator=gen)
        if op == "multilabel_margin":
            self.target = torch.stack([torch.randperm(C, generator=gen) for _ in range(N)])
            self.target[:, 3:] = -1
        if target == "probabilities":
            self.target = draw(*shape, C).softmax(-1)

    def leaves(self) -> list[Tensor]:
        return [t.detach().clone().requires_grad_() for t in (self.x, self.w, self.b)]

    def ours(self, x: Tensor, w: Tensor, b: Tensor | None = None) -> Tensor:
        return operator(f"linear_{self.op}")(x, w, self.target, linear_bias=b, **self.arguments)

    def reference(self, x: Tensor, w: Tensor, b: Tensor | None = None) -> Tensor:
        ignored = self.arguments.get("ignore_index")
        target = self.target
        if not target.is_floating_point() and ignored is not None:
            x = torch.where((target == ignored).unsqueeze(-1), 0, x)
        if self.op in COSINES:
            x, w = (torch.where(t.abs().amax(-1, True) > 0, unit(t), 0) for t in (x, w))
        z = TF.linear(x, w, b)
        if target.dim() == z.dim():
            target = target.flatten(0, -2) if target.dim() > 1 else target
        elif z.dim() > 1:
            target = target.flatten()
        flat = z.flatten(0, -2) if z.dim() > 1 else z
        value = operator(self.op)(flat, target, **self.arguments)
        return value.view(z.shape[:-1]) if value.dim() else value


def gradients(f: Callable[..., Tensor], leaves: list[Tensor]) -> list[Tensor]:
    value = f(*leaves)
    upstream = rand(*value.shape, seed=9).to(value.dtype)
    return [value.detach(), *torch.autograd.grad(value, leaves, upstream)]


def check(case: Case) -> None:
    actual = gradients(case.ours, case.leaves())
    torch.testing.assert_close(actual, gradients(case.reference, case.leaves()))
    leaves = case.leaves()
    assert leaves[0].shape == actual[1].shape
    x, w, b = leaves
    for free in ([x], [w], [b], [x, w]):  # each alone computes no more
        taken = [t if any(t is f for f in free) else t.detach() for t in leaves]
        value = case.ours(*taken)
        upstream = rand(*value.shape, seed=9).to(value.dtype)
        for t, g in zip(free, torch.autograd.grad(value, free, upstream), strict=True):
            torch.testing.assert_close(g, actual[1 + [t is s for s in leaves].index(True)])
    torch.testing.assert_close(case.ours(*[t.detach() for t in leaves]), actual[0])


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("op", OWN)
def test_values_and_gradients(op: str, reduction: str) -> None:
    code = REDUCTIONS[reduction]
    check(Case(op, reduction=code))
    per = N if op == "multilabel_margin" else C
    check(Case(op, reduction=code, weight=rand(per, seed=5)))
    if op == "multilabel_margin":
        return
    case = Case(op, reduction=code, weight=rand(C, seed=5), ignore_index=2)
    assert (case.target == 2).any()
    check(case)
    check(Case(op, reduction=code, ignore_index=3))
    check(Case(op, shape=(3, 4), reduction=code, ignore_index=-100))
    check(Case(op, shape=(), reduction=code))


@pytest.mark.parametrize("op", WITH_PROBABILITIES)
def test_probabilities(op: str) -> None:
    for shape in ((N,), (3, 4), ()):
        for reduction in REDUCTIONS.values():
            case = Case(op, shape, "probabilities", reduction=reduction, weight=rand(C, seed=5))
            check(case)


def test_normalizer_and_class_weight_have_gradients() -> None:
    for reduction in (1, 2):
        n, weight = torch.tensor(3.0, dtype=torch.float64), rand(C, seed=5)
        extra = [n.requires_grad_(), weight.requires_grad_()]
        case = Case("cross_entropy", ignore_index=2, weight=weight, normalizer=n)
        case.arguments["reduction"] = reduction
        found = [torch.autograd.grad(f(*case.leaves()), extra) for f in (case.ours, case.reference)]
        torch.testing.assert_close(*found)


def large(op: str, rows: int, classes: int, features: int, dtype: torch.dtype) -> Case:
    case = Case("cross_entropy")
    case.op, case.arguments = op, {"ignore_index": 5}
    gen = torch.Generator().manual_seed(3)
    case.x = torch.randn(rows, features, generator=gen).to(dtype)
    case.w = torch.randn(classes, features, generator=gen).to(dtype) / features**0.5
    case.b = torch.randn(classes, generator=gen).to(dtype)
    case.target = torch.randint(0, classes, (rows,), generator=gen)
    return case


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_many_chunks(reduction: str) -> None:
    """48 MB of logits at a time are not all of these."""
    case = large("cross_entropy", 500, 20011, 16, torch.float64)
    case.target[::3] = 5
    case.arguments |= {"reduction": REDUCTIONS[reduction], "softcap": 4.0}
    check(case)
    case.arguments["label_smoothing"] = 0.1
    check(case)


@pytest.mark.parametrize("op", ["softmax_focal", "generalized_cross_entropy", "multi_margin"])
def test_long_rows_in_place(op: str) -> None:
    """A row's gradient takes the place of its logits, which no sweep may read afterwards."""
    check(large(op, 20, 1003, 16, torch.float64))
    if op == "softmax_focal":
        case = large(op, 20, 1003, 16, torch.float64)
        case.target, case.arguments = rand(20, 1003).softmax(-1), {}
        check(case)


@pytest.mark.parametrize("op", OWN)
def test_every_derivative(op: str) -> None:
    more = {} if op == "multilabel_margin" else {"ignore_index": 2, "weight": rand(C, seed=5)}
    for reduction in (0, 1):
        case = Case(op, reduction=reduction, **more)
        case.x, case.w = case.x.mul(0.7), case.w.mul(0.7)
        assert gradcheck(case.ours, case.leaves(), check_forward_ad=True, atol=1e-4)
        assert gradgradcheck(case.ours, case.leaves(), atol=1e-4)


def test_transforms() -> None:
    case = Case("cross_entropy", reduction=1, ignore_index=2)
    x, w, b = (t.detach() for t in case.leaves())
    found = torch.func.grad(case.ours, argnums=(0, 1, 2))(x, w, b)
    leaves = case.leaves()
    torch.testing.assert_close(found, torch.autograd.grad(case.ours(*leaves), leaves))
    batch = torch.stack([x, 2 * x, -x])
    mapped = torch.vmap(case.ours, in_dims=(0, None, None))(batch, w, b)
    torch.testing.assert_close(mapped, torch.stack([case.ours(t, w, b) for t in batch]))
    tangents = tuple(rand(*t.shape, seed=6) for t in (x, w, b))
    ours = torch.func.jvp(case.ours, (x, w, b), tangents)
    torch.testing.assert_close(ours, torch.func.jvp(case.reference, (x, w, b), tangents))


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_opcheck(reduction: str) -> None:
    case = Case("cross_entropy", shape=(3, 4))
    x, w, b = case.leaves()
    named = {"linear_bias": b, "ignore_index": 2, "reduction": REDUCTIONS[reduction]}
    opcheck(operator("linear_cross_entropy"), (x, w, case.target), named)
    if reduction == "mean":
        opcheck(operator("linear_cosface"), (x, w, case.target), named)
        opcheck(operator("linear_jsd"), (x, w, x.detach() / 2, w.detach()), {"beta": 0.2})


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_narrow_dtypes_compute_in_float(dtype: torch.dtype, reduction: str) -> None:
    """Of the numbers that are given, value and gradients are right to the digits of their dtype."""
    case = Case("cross_entropy", reduction=REDUCTIONS[reduction], ignore_index=2)
    case.x, case.w, case.b = (t.to(dtype) for t in (case.x, case.w, case.b))
    actual = gradients(case.ours, case.leaves())
    assert all(t.dtype == dtype for t in actual)
    case.x, case.w, case.b = (t.double() for t in (case.x, case.w, case.b))
    upstream_rounds = 2 if reduction == "none" else 1
    eps = torch.finfo(dtype).eps
    for a, e in zip(actual, gradients(case.reference, case.leaves()), strict=True):
        torch.testing.assert_close(
            a.double(), e, rtol=2 * eps * upstream_rounds, atol=2 * eps * e.abs().max().item()
        )
    case.arguments["dtype"] = torch.float32
    x, w, b = (t.to(dtype) for t in (case.x, case.w, case.b))
    precise = case.ours(x, w, b)
    assert precise.dtype == torch.float32
    expected = case.reference(case.x, case.w, case.b).double()
    torch.testing.assert_close(precise.double(), expected, rtol=1e-6, atol=1e-6)


LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "rows": Tensor.contiguous,
    "columns": lambda t: t.t().contiguous().t(),
    "gaps": lambda t: t.repeat_interleave(2, 1)[:, ::2],
    "narrowed": lambda t: torch.cat([t, t], 1)[:, : t.shape[1]],
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(301, 150, 1021), (1500, 33, 701)])
def test_large_products(dtype: torch.dtype, layout: str, shape: tuple[int, int, int]) -> None:
    """Some processors multiply these in tiles by another library, in bfloat16 as it is."""
    rows, features, classes = shape
    gen = torch.Generator().manual_seed(9)
    x = torch.randn(rows, features, generator=gen).to(dtype)
    w = LAYOUTS[layout](torch.randn(classes, features, generator=gen).to(dtype).div(8))
    target = torch.randint(classes, (rows,), generator=gen)
    leaves = [LAYOUTS[layout](x).requires_grad_(), w.requires_grad_()]
    exact = [t.detach().double().requires_grad_() for t in leaves]
    loss = F.linear_cross_entropy(*leaves, target, ignore_index=0)
    reference = TF.cross_entropy(TF.linear(*exact), target, ignore_index=0)
    digits = 1e-5 if dtype == torch.float32 else 1e-2
    torch.testing.assert_close(loss.double(), reference, rtol=digits, atol=0)
    found, wanted = torch.autograd.grad(loss, leaves), torch.autograd.grad(reference, exact)
    for ours, true in zip(found, wanted, strict=True):
        torch.testing.assert_close(
            ours.double(), true, rtol=0, atol=digits * true.abs().max().item()
        )


def test_mixed_dtypes_promote() -> None:
    case = Case("cross_entropy")
    x, w, b = case.x.bfloat16().requires_grad_(), case.w.float().requires_grad_(), None
    value = case.ours(x, w, b)
    assert value.dtype == torch.float32
    value.backward()
    assert x.grad is not None and x.grad.dtype == torch.bfloat16
    assert w.grad is not None and w.grad.dtype == torch.float32


def test_half_gradients_survive_loss_scaling() -> None:
    """A mean over many rows has gradients that float16 holds only once they are scaled."""
    case = large("cross_entropy", 4096, 30, 8, torch.float16)
    case.x = case.x / 64
    leaves = case.leaves()
    (case.ours(*leaves) * 2.0**14).backward()
    exact = [t.detach().double().requires_grad_() for t in leaves]
    (case.reference(*exact) * 2.0**14).backward()
    for t, e in zip(leaves, exact, strict=True):
        assert t.grad is not None and e.grad is not None
        torch.testing.assert_close(
            t.grad.double(), e.grad, rtol=4e-3, atol=1e-4 * e.grad.abs().max()
        )


# -- hard inputs ----------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_ignored_rows_may_hold_anything(reduction: str) -> None:
    case = Case("cross_entropy", reduction=REDUCTIONS[reduction], ignore_index=2)
    clean = gradients(case.ours, case.leaves())
    case.x[case.target == 2] = torch.tensor([float("nan"), float("inf"), -1e300, 1, 0]).double()
    torch.testing.assert_close(gradients(case.ours, case.leaves()), clean, rtol=0, atol=0)
    leaves = case.leaves()
    value = case.ours(*leaves).sum()
    first = torch.autograd.grad(value, leaves, create_graph=True)
    second = torch.autograd.grad(sum(g.square().sum() for g in first), leaves)
    assert all(g.isfinite().all() for g in (*first, *second))


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_all_rows_ignored(reduction: str) -> None:
    case = Case("cross_entropy", reduction=REDUCTIONS[reduction], ignore_index=2, z_loss=0.0)
    case.target.fill_(2)
    for weight in (None, rand(C, seed=5)):
        case.arguments["weight"] = weight
        value, *grads = gradients(case.ours, case.leaves())
        assert all((g == 0).all() for g in grads)
        assert value.isnan() if reduction == "mean" else (value == 0).all()


def test_no_rows_no_classes_no_features() -> None:
    for shape in ((0, 3, 4), (2, 3, 0)):
        rows, classes, features = shape
        x = torch.randn(rows, features, requires_grad=True)
        w = torch.randn(classes, features, requires_grad=True)
        t = torch.zeros(rows, dtype=torch.long)
        for reduction in REDUCTIONS:
            ours = F.linear_cross_entropy(x, w, t, reduction=reduction)
            torch.testing.assert_close(
                ours, TF.cross_entropy(TF.linear(x, w), t, reduction=reduction), equal_nan=True
            )
            assert all((g == 0).all() for g in torch.autograd.grad(ours.sum(), (x, w)))


def products(call: Callable[[], object], error: type[Exception]) -> int:
    """How many products of matrices ran before the error."""
    with profile(activities=[ProfilerActivity.CPU]) as recorded, pytest.raises(error):
        call()
    return sum(e.name in ("aten::mm", "aten::addmm") for e in recorded.events())


def test_label_out_of_range_raises_before_any_product() -> None:
    case = Case("cross_entropy", shape=(3, 4))
    case.target[2, 1] = C
    assert products(lambda: case.ours(*case.leaves()), IndexError) == 0
    with pytest.raises(IndexError, match=r"got 7 at position \(2, 1\)"):
        case.ours(*case.leaves())
    case.arguments["reduction"] = 0
    with pytest.raises(IndexError, match="linear_cross_entropy: target"):
        case.ours(*case.leaves())


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"w": (C, D + 1)}, RuntimeError, "linear_weight must have shape"),
        ({"w": (C,)}, RuntimeError, "linear_weight must have shape"),
        ({"b": (C + 1,)}, RuntimeError, "linear_bias must have shape"),
        ({"x": ()}, RuntimeError, "input must have at least one dimension"),
        ({"x": (N + 1, D)}, ValueError, "target must have the shape of input"),
        ({"x": (3, 5, D)}, RuntimeError, "target must have the shape of input"),
    ],
)
def test_shapes_that_do_not_fit(
    change: dict[str, tuple[int, ...]], error: type[Exception], match: str
) -> None:
    case = Case("cross_entropy")
    for name, shape in change.items():
        setattr(case, name, rand(*shape))
    with pytest.raises(error, match=f"linear_cross_entropy: {match}"):
        case.ours(*case.leaves())


# -- resources ------------------------------------------------------------------------------------


def test_memory_is_that_of_a_chunk() -> None:
    """Of 524 MB of logits, forward and backward hold a chunk and the gradients."""
    case = large("cross_entropy", 4096, 32000, 32, torch.float32)
    for reduction in REDUCTIONS.values():
        case.arguments = {"reduction": reduction}

        def step() -> list[Tensor]:
            leaves = case.leaves()
            return list(torch.autograd.grad(case.ours(*leaves).sum(), leaves))

        inputs = 4 * sum(t.numel() for t in (case.x, case.w, case.b))
        assert peak_bytes(step) < 64e6 + 2 * inputs, reduction  # and their copies


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_same_bits_for_every_number_of_threads(reduction: str) -> None:
    """The value and all that is summed over rows; the product over classes is torch's own."""
    case = large("cross_entropy", 700, 20011, 64, torch.float32)
    case.target[::5] = 5
    case.arguments["reduction"] = REDUCTIONS[reduction]
    threads, found = torch.get_num_threads(), []
    try:
        for n in (1, 2, 3, 2):
            torch.set_num_threads(n)
            found.append(gradients(case.ours, case.leaves()))
    finally:
        torch.set_num_threads(threads)
    for other in found[1:]:
        for i in (0, 2, 3):
            assert torch.equal(found[0][i], other[i])
    assert torch.equal(found[1][1], found[3][1])
