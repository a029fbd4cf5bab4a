"""torch.func: every transform and the nestings of them, against the formulas."""

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.func import grad, hessian, jacfwd, jacrev, jvp, vjp, vmap

import lossops
from tests.cases import Case, make_case
from tests.losses import BY_OP, Loss

ROWS = (4, 3)
Function = Callable[..., Tensor]

TRANSFORMS: dict[str, Callable[[Function], Function]] = {
    "grad": grad,
    "grad of grad": lambda f: grad(lambda *a: grad(f)(*a).sin().sum()),
    "hessian": hessian,
    "jacrev": jacrev,
    "jacfwd": jacfwd,
    "jvp": lambda f: lambda x, *r: jvp(lambda x: f(x, *r), (x,), (x.cos(),)),
    "jvp of jvp": lambda f: (
        lambda x, *r: jvp(lambda x: jvp(lambda x: f(x, *r), (x,), (x.cos(),))[1], (x,), (x.sin(),))
    ),
    "vjp": lambda f: lambda x, *r: vjp(lambda x: f(x, *r), x)[1](torch.ones_like(f(x, *r))),
    "jacfwd of jacrev": lambda f: jacfwd(jacrev(f)),
    "jacrev of jacfwd": lambda f: jacrev(jacfwd(f)),
    "vmap": vmap,
    "vmap of grad": lambda f: vmap(grad(f)),
    "vmap of hessian": lambda f: vmap(hessian(f)),
    "vmap of jvp": lambda f: vmap(lambda x, *r: jvp(lambda x: f(x, *r), (x,), (x.cos(),))),
    "vmap of vmap": lambda f: lambda *a: vmap(vmap(f))(*(t.unsqueeze(0) for t in a)),
    "jacrev of vmap": lambda f: jacrev(vmap(f)),
    "jacfwd of vmap": lambda f: jacfwd(vmap(f)),
}


@pytest.fixture(autouse=True)
def _no_fallback() -> Iterator[None]:
    """vmap's slow fallback warns; here the warning is an error."""
    torch._C._debug_only_display_vmap_fallback_warnings(True)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*performance drop.*")
        yield
    torch._C._debug_only_display_vmap_fallback_warnings(False)


def row_function(
    case: Case, call: Function, alone: bool, others: tuple[str, ...] = ("q", "pos_weight")
) -> tuple[Function, tuple[Tensor, ...]]:
    """The case as a function of its operands, the first differentiable one leading.

    Where the function is one of a sample `alone`, the operands have their samples along the first
    dimension.
    """
    names = [*case.loss.operands, *(n for n in case.tensors if n in others)]
    first = case.loss.differentiable[0]
    names.sort(key=lambda name: name != first)
    function, operands = case.over(names, call), [case.tensors[name] for name in names]
    if not alone:
        return function, tuple(operands)
    family = case.loss.family

    def of_one(*rows: Tensor) -> Tensor:
        return function(*[family.of_one(name, t) for name, t in zip(names, rows, strict=True)])

    along = (family.batch_dim(name) for name in names)
    return of_one, tuple(
        t.movedim(dim, 0) if dim else t for t, dim in zip(operands, along, strict=True)
    )


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_transform(loss: Loss, transform: str, device: str) -> None:
    case = make_case(loss, shape=ROWS, device=device)
    if loss.op == "quantile":
        case = case.but(q=case.tensors["q"].expand(ROWS[0]))
        if transform == "vmap of vmap" or "vmap" not in transform:
            case = case.but(q=torch.tensor(0.3, dtype=torch.float64, device=device))
    actual, expected = (
        TRANSFORMS[transform](function)(*operands)
        if "q" not in case.tensors or case.tensors["q"].dim()
        else TRANSFORMS[transform](lambda *a, f=function, q=operands[-1]: f(*a, q))(*operands[:-1])
        for function, operands in (
            row_function(case, call, "vmap" in transform) for call in (case.ours, case.expected)
        )
    )
    torch.testing.assert_close(actual, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_vmap_in_dims(loss: Loss, params: dict[str, Any], reduction: str, device: str) -> None:
    """Batched along any dimension, any subset of the operands, weights included."""
    case = make_case(loss, params, ROWS, device=device, reduction=reduction, weight="full",
                     normalizer=reduction != "none")  # fmt: skip
    batch = 5
    for which in case.tensors:
        if which == "q":
            continue
        t = case.tensors[which]
        others = t.is_floating_point()
        wide = torch.stack(
            [t * (1 - 0.01 * i) if others else t.roll(i, 0) for i in range(batch)], dim=-1
        )
        actual = vmap(lambda t: case.ours(**{which: t}), in_dims=-1)(wide)  # noqa: B023
        expected = torch.stack([case.expected(**{which: wide[..., i]}) for i in range(batch)])
        torch.testing.assert_close(actual, expected, rtol=1e-11, atol=1e-13, msg=which)


def test_vmap_masked(device: str) -> None:
    """ignore_index under vmap: each sample divides by its own count of valid elements."""
    for loss in BY_OP.values():
        if not loss.ignore:
            continue
        case = make_case(loss, shape=(18, 4), ignore=True, device=device)
        names = tuple(name for name, t in case.tensors.items() if len(t) == 18)
        case = case.but(**{name: case.tensors[name].unflatten(0, (6, 3)) for name in names})
        operands = tuple(case.tensors[name] for name in names)
        first = names.index(loss.differentiable[0])
        actual = vmap(grad(case.over(names), first))(*operands)
        rows = [
            case.but(**dict(zip(names, row, strict=True))) for row in zip(*operands, strict=True)
        ]
        expected = torch.stack([r.gradients(r.expected, names[first : first + 1])[0] for r in rows])
        torch.testing.assert_close(actual, expected, rtol=1e-11, atol=1e-13)


def test_per_sample_gradients() -> None:
    """The standard recipe: vmap(grad) over a functional module gives each sample's gradient."""
    model = torch.nn.Linear(3, 2).double()
    parameters = {name: p.detach() for name, p in model.named_parameters()}
    x, t = torch.randn(7, 3, dtype=torch.float64), torch.rand(7, 2, dtype=torch.float64)

    def sample(parameters: dict[str, Tensor], x: Tensor, t: Tensor) -> Tensor:
        out = torch.func.functional_call(model, parameters, (x.unsqueeze(0),))
        return lossops.functional.focal_loss(out, t.unsqueeze(0))

    batched = vmap(grad(sample), in_dims=(None, 0, 0))(parameters, x, t)
    for i in range(len(x)):
        alone = grad(sample)(parameters, x[i], t[i])
        for name in parameters:
            torch.testing.assert_close(batched[name][i], alone[name])


def test_forward_mode_duals(loss: Loss, params: dict[str, Any], device: str) -> None:
    """torch.autograd.forward_ad without torch.func, also under no_grad and over a leaf."""
    case = make_case(loss, params, ROWS, device=device, weight="full")
    names = case.loss.differentiable
    operands = [case.tensors[name] for name in names]
    tangents = [torch.randn_like(t) for t in operands]
    for leaf in (False, True):
        with torch.autograd.forward_ad.dual_level():
            duals = [
                torch.autograd.forward_ad.make_dual(t.clone().requires_grad_(leaf), v)
                for t, v in zip(operands, tangents, strict=True)
            ]
            value, tangent = torch.autograd.forward_ad.unpack_dual(case.over(names)(*duals))
        _, expected = jvp(case.over(names, case.expected), tuple(operands), tuple(tangents))
        torch.testing.assert_close(tangent.detach(), expected, rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(value.detach(), case.expected(), rtol=1e-11, atol=1e-13)
