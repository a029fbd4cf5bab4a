"""Values: against the formulas in float64, within an error budget below it, and against torch."""

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor

import lossops
from tests.cases import Case, baseline_call, make_case
from tests.losses import BY_OP, LOSSES, Loss

WEIGHTS = (None, "full", "row")
FAST = torch.float32, torch.bfloat16, torch.float16
(CLAMP_SLOPE,) = torch.func.grad(lambda x: x.clamp_min(0).sum())(torch.zeros(1)).tolist()


def options(loss: Loss, params: dict[str, Any]) -> list[Case]:
    """Every combination of reduction, weight, mask and normalizer that the loss accepts."""
    cases = []
    flags = (False, True)
    for reduction, weight, ignore, normalizer in itertools.product(
        loss.reductions, WEIGHTS, flags if loss.ignore else (False,), flags
    ):
        if not (normalizer and reduction in ("none", "batchmean")):
            cases.append(
                make_case(loss, params, reduction=reduction, weight=weight, ignore=ignore,
                          normalizer=normalizer, seed=len(cases))
            )  # fmt: skip
    return cases


def assert_equal(case: Case, actual: Tensor, expected: Tensor, **tolerance: float) -> None:
    torch.testing.assert_close(
        actual, expected, **tolerance, equal_nan=True, msg=lambda text: f"{case}\n{text}"
    )


def test_float64(loss: Loss, params: dict[str, Any], device: str) -> None:
    for case in options(loss, params):
        case = case.to(device)
        assert_equal(case, case.ours(), case.expected(), rtol=1e-12, atol=1e-14)


def test_float64_gradients(loss: Loss, params: dict[str, Any], device: str) -> None:
    for case in options(loss, params):
        case = case.to(device)
        ours, theirs = case.gradients(), case.gradients(case.expected)
        for actual, expected in zip(ours, theirs, strict=True):
            assert_equal(case, actual, expected, rtol=1e-11, atol=1e-13)


def test_op_and_module_agree(loss: Loss, params: dict[str, Any]) -> None:
    """The op and the module are the function: bitwise, for every option."""
    for case in options(loss, params):
        expected = case.ours()
        assert torch.equal(case.op(), expected), case
        module = case.module()
        args, rest = case.module_args(module)
        assert torch.equal(module(*args, **rest), expected), case


def test_number_normalizer(loss: Loss) -> None:
    case = make_case(loss)
    assert_equal(case, case.ours(normalizer=7), case.but(reduction="sum").ours() / 7)


def test_whole_numbers_as_parameters(loss: Loss) -> None:
    """An int where a float is meant, as people write it: delta=2, margin=1, normalizer=3."""
    for params in loss.params:
        case = make_case(loss, params)
        whole = {k: int(v) for k, v in case.params.items() if isinstance(v, float) and v == v // 1
                 and abs(v) < 1e9}  # fmt: skip
        twin = case.but(params={**case.params, **whole})
        assert torch.equal(twin.ours(normalizer=3), case.ours(normalizer=3.0))


def test_default_dtype_and_device_are_not_used(loss: Loss) -> None:
    """What a call creates follows its operands, not torch's defaults."""
    case = make_case(loss, dtype=torch.float32)
    expected = case.ours(normalizer=3.0)
    torch.set_default_dtype(torch.float64)
    try:
        with torch.device("meta"):
            value = case.ours(normalizer=3.0)
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(value, expected)


def budget(case: Case, reference: Tensor, k: float) -> tuple[Tensor, Tensor]:
    """The float64 value of a low-precision case and how far from it a result may lie.

    That is the error of the reference computed in the same dtype, plus k eps of the value and of
    what an error of one eps in an operand does to it.
    """
    exact = case.to(torch.float64)
    names = exact.loss.differentiable
    leaves = exact.leaves(names)
    value = exact.over(names, exact.expected)(*leaves)
    scale = value.detach().abs()
    for leaf, slope in zip(leaves, torch.autograd.grad(value.sum(), leaves), strict=True):
        shift = (leaf * slope).detach().abs()
        if exact.loss.family.result_shape(shift.shape) == scale.shape != shift.shape:
            shift = shift.sum(exact.loss.family.reduced_dims(shift.dim()))
        scale = scale + (shift if shift.shape == scale.shape else shift.sum())
    eps, tiny = torch.finfo(reference.dtype).eps, torch.finfo(reference.dtype).tiny
    error = (reference.double() - value.detach()).abs().nan_to_num(0.0)
    return value.detach(), error + k * (eps * scale + tiny)


@pytest.mark.parametrize("dtype", FAST, ids=str)
@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_error_budget(
    loss: Loss, params: dict[str, Any], dtype: torch.dtype, reduction: str, device: str
) -> None:
    k = 4 if dtype == torch.float32 else 1
    case = make_case(
        loss, params, (37, 3), dtype=dtype, device=device, reduction=reduction, weight="full"
    )
    actual = case.ours()
    assert actual.dtype == dtype
    exact, allowed = budget(case, case.expected(), k)
    excess = ((actual.double() - exact).abs() - allowed).max()
    assert excess <= 0, f"{case}: {excess} beyond the budget"


@pytest.mark.parametrize("dtype", FAST, ids=str)
def test_gradient_error_budget(
    loss: Loss, params: dict[str, Any], dtype: torch.dtype, device: str
) -> None:
    """Gradients hold to the same budget: the same-dtype autograd, plus a few eps."""
    k = 8 if dtype == torch.float32 else 1
    case = make_case(loss, params, (37, 3), dtype=dtype, device=device, reduction="sum")
    exact = case.to(torch.float64)
    names = case.loss.differentiable
    ours, theirs = case.gradients(names=names), case.gradients(case.expected, names)
    truths = exact.gradients(exact.expected, names)
    for name, actual, truth, reference in zip(names, ours, truths, theirs, strict=True):
        error = (reference.double() - truth).abs().nan_to_num(0.0)
        # The operands' own rounding moves a gradient near 0 by eps of its typical size.
        allowed = error + k * torch.finfo(dtype).eps * (truth.abs() + truth.abs().mean())
        excess = ((actual.double() - truth).abs() - allowed).max()
        assert excess <= 0, f"{case}: {name} {excess} beyond the budget"


ROWS = [(loss, params) for loss in LOSSES for params in loss.params]
SHARED = [(loss, params) for loss, params in ROWS if baseline_call(make_case(loss, params))]


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
@pytest.mark.parametrize(("shared", "params"), SHARED, ids=str)
@pytest.mark.parametrize("on_kinks", [False, True], ids=["random", "kinks"])
def test_drop_in(shared: Loss, params: dict[str, Any], on_kinks: bool, device: str) -> None:
    """Changing the import changes nothing: value, gradient and second derivative."""
    flags = (False, True)
    for reduction, weight, ignore in itertools.product(shared.reductions, WEIGHTS[:2], flags):
        case = make_case(shared, params, device=device, reduction=reduction, weight=weight,
                         ignore=ignore and shared.ignore, on_kinks=on_kinks)  # fmt: skip
        theirs = baseline_call(case)
        if theirs is None:  # no weight, or no ignore_index, in torch
            continue
        exact = {"rtol": 1e-12, "atol": 1e-14}
        assert_equal(case, case.ours(), theirs(), **exact)
        names = [name for name in case.differentiable if name not in shared.torch_fixed]
        if "eps" in params and shared.op == "gaussian_nll":
            names.remove("var")  # torch hands a clamped variance a gradient; we do not
        # At a kink the first derivative is a convention worth keeping, the second is arbitrary.
        twice = not shared.torch_once
        order = len(names) if on_kinks else 2 * len(names)
        if on_kinks and CLAMP_SLOPE != 1 and shared.op in ("margin_ranking", "hinge_embedding"):
            order = 0  # ours is that of earlier versions of torch
        ours, theirs = (
            derivatives(case, proper(case, call), names, twice)[:order]
            for call in (case.ours, theirs)
        )
        for actual, expected in zip(ours, theirs, strict=True):
            if on_kinks:  # torch gives NaN for the target of kl_div at 0
                actual = torch.where(expected.isnan(), expected, actual)
            assert_equal(case, actual, expected, rtol=1e-10, atol=1e-12)
        low = case.to(torch.float32)
        assert_equal(low, low.ours(), baseline_call(low)(), rtol=2e-6, atol=2e-7)


def proper(case: Case, call: Any) -> Any:
    """The call with operands of which torch's gradient is right."""
    change = case.loss.family.as_torch_has_it
    return lambda **operands: call(**{name: change(name, t) for name, t in operands.items()})


def derivatives(case: Case, call: Any, names: list[str], twice: bool) -> list[Tensor]:
    """The gradients and, if wanted, the gradients of a random contraction of them."""
    leaves = case.leaves(names)
    loss = case.over(names, call)(*leaves)
    generator = torch.Generator().manual_seed(3)

    def contract(tensors: Any) -> Tensor:
        terms = [
            (t * torch.rand(t.shape, generator=generator, dtype=t.dtype).to(t.device)).sum()
            for t in tensors
        ]
        return torch.stack(terms).sum()

    first = torch.autograd.grad(contract([loss]), leaves, create_graph=twice)
    out = [g.detach() for g in first]
    total = contract(first)
    if not total.requires_grad:
        return out + [torch.zeros_like(leaf) for leaf in leaves if twice]
    return out + list(torch.autograd.grad(total, leaves, allow_unused=True, materialize_grads=True))


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
@pytest.mark.parametrize("shared", [loss for loss in LOSSES if loss.baseline], ids=str)
def test_drop_in_positional(shared: Loss) -> None:
    """The order of the arguments is torch's as well, without size_average and reduce."""
    case = make_case(shared, dtype=torch.float32)
    theirs = signature(shared.baseline)
    ours = signature(getattr(lossops.functional, shared.function))
    assert ours[: len(theirs)] == theirs
    assert torch.equal(
        getattr(lossops.functional, shared.function)(*(case.tensors[n] for n in shared.operands)),
        case.ours(),
    )


def signature(function: Any) -> list[tuple[str, Any]]:
    import inspect

    return [
        (p.name, p.default)
        for p in inspect.signature(function).parameters.values()
        if p.name not in ("size_average", "reduce") and p.kind is not p.KEYWORD_ONLY
    ]


def test_gaussian_variance_as_torch() -> None:
    """The homoscedastic forms of F.gaussian_nll_loss: a number, one per row, one per row kept."""
    case = make_case(BY_OP["gaussian_nll"], shape=(4, 3))
    for var in (0.7, case.tensors["var"][:, 0], case.tensors["var"][:, :1]):
        assert_equal(case, case.ours(var=var), case.loss.baseline(**case.keywords(var=var)))


@pytest.mark.parametrize("extra", [True, False], ids=["target (...)", "target (..., Q)"])
def test_quantile_levels(extra: bool) -> None:
    """Q levels against input (..., Q); the target may lack the last dimension."""
    q = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
    case = make_case(BY_OP["quantile"], {"q": (0.1, 0.5, 0.9)}, (5, 4, 3), reduction="none")
    target = case.tensors["target"][..., 0] if extra else case.tensors["target"]
    wide = target.unsqueeze(-1).expand(5, 4, 3) if extra else target
    expected = torch.stack(
        [case.loss.formula(case.tensors["input"][..., i], wide[..., i], q[i]) for i in range(3)],
        dim=-1,
    )
    for levels in (q, q.tolist(), tuple(q.tolist())):
        assert_equal(case, case.ours(target=target, q=levels), expected)
    leaves = [case.tensors["input"].clone().requires_grad_(), target.clone().requires_grad_()]
    case.ours(input=leaves[0], target=leaves[1], q=q).sum().backward()
    reference = torch.autograd.grad(
        torch.where(leaves[1].unsqueeze(-1) > leaves[0], q, q - 1).mul(
            leaves[1].unsqueeze(-1) - leaves[0]
        ).sum(),
        leaves,
    ) if extra else case.gradients(case.expected, ("input", "target"))  # fmt: skip
    for leaf, expected_gradient in zip(leaves, reference, strict=True):
        assert_equal(case, leaf.grad, expected_gradient)


def test_identities(device: str) -> None:
    """Relations that must hold between losses, whatever the references say."""
    f = lossops.functional
    x = torch.linspace(-40, 40, 161, dtype=torch.float64, device=device)
    t = (torch.arange(161, device=device) % 2).double()
    pairs = {
        "focal at gamma 0": (f.focal_loss(x, t, None, 0.0, "none"),
                             f.binary_cross_entropy_with_logits(x, t, reduction="none")),
        "rww at unit costs": (f.rww_bce_loss(x, t, reduction="none"),
                              f.binary_cross_entropy_with_logits(x, t, reduction="none")),
        "asymmetric at no focus": (f.asymmetric_loss(x, t, 0.0, 0.0, 0.0, "none"),
                                   f.binary_cross_entropy_with_logits(x, t, reduction="none")),
        "expectile at one half": (2 * f.expectile_loss(x, t, 0.5, "none"),
                                  f.mse_loss(x, t, "none")),
        "quantile at one half": (2 * f.quantile_loss(x, t, 0.5, "none"),
                                 f.l1_loss(x, t, "none")),
        "huber is delta times smooth_l1": (f.huber_loss(x, t, "none", 0.7),
                                           0.7 * f.smooth_l1_loss(x, t, "none", 0.7)),
        "robust at 2": (2 * f.robust_loss(x, t, 2.0, reduction="none"), f.mse_loss(x, t, "none")),
        "robust at 1": (f.robust_loss(x, t, 1.0, reduction="none"),
                        f.charbonnier_loss(x, t, 1.0, "none")),
        "soft_margin is bce": (f.soft_margin_loss(x, 2 * t - 1, reduction="none"),
                               f.binary_cross_entropy_with_logits(x, t, reduction="none")),
    }  # fmt: skip
    for name, (actual, expected) in pairs.items():
        torch.testing.assert_close(
            actual, expected, rtol=1e-13, atol=0, msg=lambda text, name=name: f"{name}\n{text}"
        )
