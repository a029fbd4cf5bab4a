"""Hard inputs: the last column of catalogue.md, section 3, and what must hold at the edges."""

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor

import lossops
from tests.cases import make_case
from tests.families import of_family
from tests.families.elementwise import Elementwise
from tests.families.regions import Regions
from tests.hard import HARD
from tests.hard.case import Hard
from tests.losses import BY_OP, Loss

NAN = float("nan")


Function = Callable[..., Tensor]
Operands = dict[str, Tensor]
Names = list[str]
Along = dict[str, int]  # by operand, along which dimension the samples lie
Taken = tuple[Tensor, Operands]  # the loss, and its derivatives by name


def taken_by_backward(f: Function, operands: Operands, names: Names, along: Along) -> Taken:
    loss = f(**operands)
    if names:
        loss.backward(torch.ones_like(loss))
    return loss.detach(), {name: operands[name].grad for name in names}


def taken_with_graph(f: Function, operands: Operands, names: Names, along: Along) -> Taken:
    """By backward through the decomposition."""
    loss = f(**operands)
    inputs = [operands[name] for name in names]
    slopes = torch.autograd.grad(loss.sum(), inputs, create_graph=True) if names else ()
    return loss.detach(), dict(zip(names, slopes, strict=True))


def taken_by_vjp(f: Function, operands: Operands, names: Names, along: Along) -> Taken:
    """By torch.func, where the decomposition computes the value too."""
    operands = {name: t.detach() for name, t in operands.items()}
    names = names or [next(iter(operands))]

    def of_names(*tensors: Tensor) -> Tensor:
        return f(**{**operands, **dict(zip(names, tensors, strict=True))})

    loss, pull = torch.func.vjp(of_names, *(operands[name] for name in names))
    return loss, dict(zip(names, pull(torch.ones_like(loss)), strict=True))


def taken_by_vmap(f: Function, operands: Operands, names: Names, along: Along) -> Taken:
    """Every sample as a batch of its own."""

    def of_one(rows: Operands) -> Taken:
        batch = {name: t.unsqueeze(along[name]) for name, t in rows.items()}
        loss, slopes = taken_by_vjp(f, batch, names, along)
        return loss.squeeze(0), {name: t.squeeze(along[name]) for name, t in slopes.items()}

    rows = {name: t.detach().movedim(along[name], 0) for name, t in operands.items()}
    loss, slopes = torch.func.vmap(of_one)(rows)
    return loss, {name: slope.movedim(0, along[name]) for name, slope in slopes.items()}


def taken_by_jvp(f: Function, operands: Operands, names: Names, along: Along) -> Taken:
    """Forward, the same number of every sample at a time."""
    operands = {name: t.detach() for name, t in operands.items()}
    loss = f(**operands)
    slopes = {}
    for name in names:
        t = operands[name]
        slopes[name] = torch.zeros_like(t)
        of_samples = slopes[name].movedim(along[name], 0)
        for place in product(*map(range, of_samples.shape[1:])):
            tangent = torch.zeros_like(t)
            everywhere = (slice(None), *place)
            tangent.movedim(along[name], 0)[everywhere] = 1
            with torch.autograd.forward_ad.dual_level():
                dual = torch.autograd.forward_ad.make_dual(t, tangent)
                loss, slope = torch.autograd.forward_ad.unpack_dual(f(**{**operands, name: dual}))
            of_samples[everywhere] = slope.view(len(slope), -1).sum(1) if slope.dim() else slope
    return loss, slopes


WAYS = {
    "backward": taken_by_backward,
    "create_graph": taken_with_graph,
    "vjp": taken_by_vjp,
    "jvp": taken_by_jvp,
    "vmap": taken_by_vmap,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("hard", HARD, ids=lambda hard: f"{hard.op}: {hard.name}")
@pytest.mark.parametrize("count", [1, 67], ids=["one", "many"])
def test_catalogue(hard: Hard, count: int, way: str, device: str) -> None:
    """Once alone and once in a row long enough for every lane of the kernels."""
    if hard.mean and (count > 1 or way in ("vmap", "jvp")):
        pytest.skip("a mean is one number")
    eps = torch.finfo(hard.dtype).eps
    row = BY_OP[hard.op].under(hard.params)
    along = {name: row.family.batch_dim(name) for name in hard.operands}
    params = {
        name: value.to(device) if isinstance(value, Tensor) else value
        for name, value in hard.params.items()
        if name != "probabilities"
    }

    def many(values: list[Any], dtype: torch.dtype, dim: int) -> Tensor:
        return torch.cat([torch.tensor(values, dtype=dtype, device=device)] * count, dim)

    operands = {
        name: many(
            values, torch.long if name in row.labels else hard.dtype, along[name]
        ).requires_grad_(name in hard.gradients)
        for name, values in hard.operands.items()
    }
    function = partial(
        getattr(lossops.functional, row.function),
        **params,
        reduction="mean" if hard.mean else "none",
    )
    averaged = not hard.mean and function(**operands).dim() == 0  # over the only dimension
    if averaged and way in ("vmap", "jvp"):
        pytest.skip("of a row there is one value")
    loss, gradients = WAYS[way](function, operands, list(hard.gradients), along)
    value = hard.value if hard.mean else hard.value * count
    if averaged:
        value = hard.value[0]
    expected = torch.tensor(value, dtype=torch.float64, device=device).to(hard.dtype)
    check(loss, expected, hard.ulps * eps)
    for name, values in hard.gradients.items():
        gradient = many(values, torch.float64, along[name])
        if averaged:
            gradient = gradient / count
        check(gradients[name], gradient.to(hard.dtype), 2 * hard.ulps * eps)


def check(actual: Tensor, expected: Tensor, rtol: float) -> None:
    torch.testing.assert_close(
        actual, expected, rtol=rtol, atol=torch.finfo(actual.dtype).tiny, equal_nan=True
    )


@pytest.mark.where(lambda loss: not of_family(Regions)(loss))  # of which one pixel has several
def test_nan_in_nan_out(loss: Loss, params: dict[str, Any], device: str) -> None:
    """A NaN in any operand reaches the value at its place, or of its row, and nowhere else."""
    case = make_case(loss, params, (5, 17), device=device, reduction="none")
    if "q" in case.tensors or "pos_weight" in case.tensors:
        case = make_case(loss, params, (5, 3), device=device, reduction="none")
    clean = case.ours()
    for name in filter(case.loss.family.takes_nan, case.loss.differentiable):
        t = case.tensors[name]
        place = torch.zeros(t.shape, dtype=torch.bool, device=device)
        place[2, 1] = True
        where = place
        dims = case.loss.family.reduced_dims(t.dim())
        if dims:  # all of a row, since nll reads one class only
            where = place.any(dims)
            place = place.any(dims, keepdim=True)
        poisoned = t.masked_fill(place, NAN)
        value = case.ours(**{name: poisoned})
        assert value[where].isnan().all(), name
        assert torch.equal(value[~where], clean[~where]), name
        assert case.but(reduction="mean").ours(**{name: poisoned}).isnan(), name


masked = pytest.mark.parametrize(
    "maskable", [loss for loss in BY_OP.values() if loss.ignore], ids=str
)


@masked
@pytest.mark.parametrize("poison", [NAN, float("inf"), -float("inf")])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_ignored_elements(maskable: Loss, poison: float, reduction: str, device: str) -> None:
    """Ignored elements leave the loss alone and get gradient 0, whatever the input holds there."""
    if maskable.op == "bce" and poison != poison:
        poison = 7.0  # no probability either
    for params in maskable.params:
        case = make_case(
            maskable, params, (7, 3), ignore=True, reduction=reduction, weight="full", device=device
        )
        names = [name for name in maskable.operands if name != maskable.label]
        if case.loss.label not in case.tensors:
            continue
        ignored = case.ignored
        filled = {
            name: case.tensors[name].masked_fill(case.along(ignored, case.tensors[name]), poison)
            for name in names
        }
        dirty = case.but(**filled)
        torch.testing.assert_close(dirty.ours(), case.expected())
        ours, theirs = dirty.gradients(), case.gradients(case.expected)
        for name, actual, expected in zip(dirty.differentiable, ours, theirs, strict=True):
            torch.testing.assert_close(actual, expected, msg=lambda m, n=name: f"{n}: {m}")
            if actual.dim() >= ignored.dim() and name in maskable.operands:
                where = case.along(ignored, actual).expand_as(actual)
                assert (actual[where] == 0).all(), name


@masked
@pytest.mark.parametrize("poison", [0.25, NAN])
def test_all_ignored(maskable: Loss, poison: float, device: str) -> None:
    """The mean of nothing is NaN, as torch has it, but the gradient is 0; a sum is 0."""
    case = make_case(maskable, dtype=torch.float32, device=device, ignore=True)
    names = maskable.differentiable
    operands = {name: torch.full_like(case.tensors[name], poison) for name in names}
    operands[maskable.label] = torch.full_like(case.tensors[maskable.label], -100)
    case = case.but(**operands, ignore_index=-100)
    assert case.ours().isnan()
    for gradient in case.gradients(names=names):
        assert (gradient == 0).all()
    total = case.but(reduction="sum", normalizer=torch.tensor(1.0, device=device))
    assert total.ours() == 0
    for gradient in total.gradients(names=names):
        assert (gradient == 0).all()


def test_mean_divides_by_valid() -> None:
    """Half the elements ignored: the mean is over the other half, not over all."""
    x, t = torch.zeros(8), torch.tensor([1.0, 0, 1, 0, 255, 255, 255, 255])
    f = lossops.functional
    loss = f.binary_cross_entropy_with_logits(x, t, ignore_index=255)
    torch.testing.assert_close(loss, torch.tensor(2.0).log())
    integer = f.binary_cross_entropy_with_logits(x, t.to(torch.uint8), ignore_index=255)
    assert torch.equal(integer, loss)


def test_empty_and_weightless(loss: Loss, device: str) -> None:
    """The mean of no elements is NaN as in torch; the sum is 0; gradients are empty or 0."""
    case = make_case(loss, shape=(0, 3), device=device)
    assert case.ours().isnan() and case.ours().shape == ()
    assert case.but(reduction="sum").ours() == 0
    if "none" in loss.reductions:
        assert case.but(reduction="none").ours().numel() == 0
    for name in loss.differentiable:
        (gradient,) = case.gradients(names=(name,))
        assert gradient.shape == case.tensors[name].shape
    full = make_case(loss, device=device, weight="full")
    weightless = full.but(weight=torch.zeros_like(full.tensors["weight"]))
    assert weightless.but(reduction="sum").ours() == 0
    assert weightless.ours().isnan() == loss.weighted_mean


def test_unmasked_label_is_told() -> None:
    """A forgotten ignore_index in bce is an error, not a silent number; on a GPU see test_gpu."""
    x = torch.full((4,), 0.5)
    with pytest.raises((RuntimeError, ValueError), match=r"bce.*\[0, 1\]"):
        lossops.functional.binary_cross_entropy(x, torch.full_like(x, 255.0))


def every_half(limit: float) -> Tensor:
    """All float16 numbers up to a limit, as float32: every magnitude from 6e-8 on."""
    bits = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16)
    x = bits.view(torch.float16).float()
    return x[x.abs() <= limit]


def sweep(loss: Loss) -> list[dict[str, Tensor]]:
    """Operands over the whole range of the loss, at exact targets."""
    # Of 0.1 x beyond 37 the formulas have no curvature, which the rounding of that product needs.
    x = every_half(300.0 if loss.op in ("dpo", "kto") else 600.0)
    if loss.op in ("bce", "kl_div", "orpo"):
        x = x[(x >= 0) & (x <= 1)] if loss.op == "bce" else x[x <= 0]
    if loss.op == "msle":
        x = x[x > -1]
    targets = {"bce": (0, 1), "hinge": (-1, 1), "hinge_embedding": (-1, 1), "soft_margin": (-1, 1),
               "margin_ranking": (-1, 1), "poisson_nll": (0, 3), "kl_div": (0.25, 1),
               "negative_binomial_nll": (0, 2), "zero_inflated_poisson_nll": (0, 3),
               "tweedie": (0, 3), "gamma_nll": (0.5, 3), "log_normal_nll": (0.5, 3),
               "msle": (0, 1), "mape": (1, -2), "smape": (1, -2),
               "adaptive_wing": (0, 1)}  # fmt: skip
    labels = targets.get(loss.op, (0, 1) if loss.ignore else (0,))
    first, *rest = (name for name in loss.operands if name != "target")
    fill = {"var": 0.5, "log_var": 0.3, "dispersion": 0.4, "gate": 0.3, "shape": 2.0, "scale": 0.75,
            "df": 3.0, "kappa": 5.0, "nu": 1.5, "alpha": 2.0, "beta": 0.75,
            "rejected_logps": -1.0}  # fmt: skip
    others = {name: torch.full_like(x, fill.get(name, 0.0)) for name in rest}
    if "target" not in loss.operands:
        return [{first: x, **others}]
    return [{first: x, **others, "target": torch.full_like(x, t)} for t in labels]


@pytest.mark.where(of_family(Elementwise))
def test_whole_range(loss: Loss, params: dict[str, Any], device: str) -> None:
    """float32 loss and slope at every float16 number: a few eps of the float64 value.

    The budget is 12 eps (a fourth power alone costs 4) of the result and of what one eps of the
    operand does to it, so that the tails and the neighbourhood of 0 keep their relative accuracy.
    """
    if "log_target" in params or params.get("log_input") is False:
        pytest.skip("another domain")
    eps, tiny = torch.finfo(torch.float32).eps, torch.finfo(torch.float32).tiny
    template = make_case(loss, params, reduction="none")
    for operands in sweep(loss):
        if isinstance(params.get("q"), tuple) or isinstance(params.get("pos_weight"), tuple):
            operands = {n: t[: len(t) // 3 * 3].view(-1, 3) for n, t in operands.items()}
        case = template.but(**operands).to(torch.float32).to(device)
        exact = case.to(torch.float64)
        name = loss.differentiable[0]
        x = exact.tensors[name].requires_grad_()
        value = exact.but(reduction="sum").over((name,), exact.loss_terms)(x)
        (slope,) = torch.autograd.grad(value.sum(), x, create_graph=True)
        (curve,) = (
            torch.autograd.grad(slope.sum(), x) if slope.requires_grad else (torch.zeros_like(x),)
        )
        total = case.but(reduction="sum")
        (gradient,) = total.gradients(names=(name,))
        pairs = [(gradient, slope.detach(), curve * x.detach())]
        if not loss.family.rowwise:
            pairs.append((case.ours(), value.detach(), (slope * x).detach()))
        else:
            pairs = [(gradient * case.tensors[name].size(-1), *pairs[0][1:])]
        for actual, truth, shift in pairs:
            allowed = 12 * eps * (truth.abs() + shift.abs()) + tiny
            fine = (actual.double() - truth).abs() <= allowed
            fine |= (actual == truth.float()) | truth.isnan() | shift.isnan()
            assert fine.all(), (
                f"{int((~fine).sum())} off, worst at {x[~fine][:3].tolist()}: "
                f"{actual[~fine][:3].tolist()} for {truth[~fine][:3].tolist()}"
            )


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0, 0.5, 3.0])
def test_focal_exact_everywhere(gamma: float, device: str) -> None:
    """float32 focal and its gradient to a few ulp of float64 over the whole range of logits."""
    x = torch.linspace(-30, 30, 1201, device=device)
    for label in (0.0, 1.0):
        t = torch.full_like(x, label)
        values = []
        for dtype in (torch.float32, torch.float64):
            leaf = x.to(dtype).requires_grad_()
            if dtype == torch.float64:
                loss = BY_OP["focal"].formula(leaf, t.to(dtype), gamma=gamma)
            else:
                loss = lossops.functional.focal_loss(leaf, t, gamma=gamma, reduction="none")
            values += [loss.detach(), torch.autograd.grad(loss.sum(), leaf)[0]]
        for actual, exact in ((values[0], values[2]), (values[1], values[3])):
            # Beyond gamma = 2 the power is an exponential of an argument up to 30 gamma.
            ulps = 16 if gamma in (0, 1, 2) else 16 + 15 * gamma
            rtol = ulps * torch.finfo(torch.float32).eps
            torch.testing.assert_close(actual.double(), exact, rtol=rtol, atol=1e-37)
