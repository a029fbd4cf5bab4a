"""Policy gradients: against the formulas, in float64."""

import math
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.export import Dim, export
from torch.func import grad, jvp, vmap
from torch.library import opcheck

import lossops
import lossops.functional as F

pytestmark = [pytest.mark.usefixtures("on_device"),
              pytest.mark.filterwarnings("ignore:.*torch.jit.* is")]  # fmt: skip
TYPES = ("grpo", "bnpo", "dr_grpo", "dapo", "luspo", "cispo", "sapo")
SMOOTH = tuple(kind for kind in TYPES if kind != "cispo")  # whose gradient is the derivative
N, T = 4, 6
INF, NAN = math.inf, math.nan


def draw(*shape: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    with torch.device("cpu"):
        drawn = torch.randn(shape, generator=generator, dtype=torch.float64)
    return drawn.to(torch.get_default_device())


def operands(per_token: bool = False) -> dict[str, Tensor]:
    """Ratios on both sides of every bound, advantages of both signs."""
    old = -draw(N, T, seed=1).abs()
    return {
        "logps": old + 0.5 * draw(N, T, seed=2),
        "old_logps": old,
        "advantages": draw(N, T, seed=3) if per_token else draw(N, seed=3),
        "ref_logps": old + 0.3 * draw(N, T, seed=4),
    }


def some_tokens() -> Tensor:
    """Of each sequence another number, of the last none."""
    return torch.arange(T) < torch.tensor([T, 3, 1, 0])[:, None]


def reference(
    logps: Tensor,
    old_logps: Tensor,
    advantages: Tensor,
    mask: Tensor | None = None,
    ref_logps: Tensor | None = None,
    epsilon_low: float = 0.2,
    epsilon_high: float = 0.2,
    beta: float = 0.0,
    delta: float | None = None,
    loss_type: str = "dapo",
    level: str = "token",
    max_completion_length: int | None = None,
    reduction: str = "mean",
    weight: Tensor | float = 1.0,
) -> Tensor:
    keep = torch.ones_like(logps, dtype=torch.bool) if mask is None else mask != 0
    lengths = keep.sum(-1, keepdim=True).clamp(min=1)
    log_ratio = logps - old_logps
    if level == "sequence":
        log_ratio = torch.where(keep, log_ratio, 0).sum(-1, keepdim=True) / lengths
    r, a = log_ratio.exp(), advantages
    a = a.unsqueeze(-1) if a.dim() < logps.dim() else a
    if loss_type == "cispo":
        each = -r.detach().clamp(max=epsilon_high) * a * logps
    elif loss_type == "sapo":
        tau = torch.where(a > 0, torch.ones_like(a), 1.05)
        each = -4 / tau * torch.sigmoid(tau * (r - 1)) * a
    else:
        bounded = r if delta is None else r.clamp(max=delta)
        each = -torch.minimum(bounded * a, r.clamp(1 - epsilon_low, 1 + epsilon_high) * a)
    if beta:
        u = ref_logps - logps
        each = each + beta * (u.exp() - u - 1)
    each = torch.where(keep, each * weight, 0)
    if reduction == "none":
        return each
    if loss_type in ("grpo", "sapo"):
        each = each / lengths
    if reduction == "sum":
        return each.sum()
    longest = T if max_completion_length is None else max_completion_length
    tokens = keep.sum().clamp(min=1)
    divisor = {"grpo": N, "sapo": N, "luspo": N, "dr_grpo": N * longest}.get(loss_type, tokens)
    return each.sum() / divisor


SETTINGS: list[dict[str, Any]] = [
    {"loss_type": kind, "level": level} for kind, level in product(TYPES, ("token", "sequence"))
] + [
    {"beta": 0.04}, {"delta": 1.3}, {"delta": 1.1, "epsilon_low": 0.1, "epsilon_high": 0.3},
    {"loss_type": "cispo", "epsilon_high": 1.5, "beta": 0.1},
    {"loss_type": "dr_grpo", "max_completion_length": 20},
    {"loss_type": "grpo", "level": "sequence", "beta": 0.5, "epsilon_high": 0.05},
    {"loss_type": "sapo", "beta": 0.04, "level": "sequence"},
]  # fmt: skip


def named(settings: dict[str, Any]) -> str:
    return "-".join(f"{value}" for value in settings.values())


every_setting = pytest.mark.parametrize("settings", SETTINGS, ids=named)


def gradients(
    function: Callable[..., Tensor], given: dict[str, Tensor], **rest: Any
) -> list[Tensor]:
    leaves = {name: t.clone().requires_grad_() for name, t in given.items()}
    loss = function(**leaves, **rest).sum()
    found = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)
    return [
        loss.detach(),
        *(
            torch.zeros_like(t) if g is None else g
            for g, t in zip(found, given.values(), strict=True)
        ),
    ]


@every_setting
@pytest.mark.parametrize("per_token", [False, True], ids=["sequences", "tokens"])
def test_formula(settings: dict[str, Any], per_token: bool, device: str) -> None:
    """Values and gradients by all operands, for every reduction, with a mask and without."""
    given = operands(per_token)
    weight = 0.5 + draw(N, 1, seed=5).abs()
    for mask, reduction in product((None, some_tokens()), ("mean", "sum", "none")):
        rest = {**settings, "mask": mask, "reduction": reduction}
        for more in ({}, {"weight": weight}):
            ours = gradients(F.policy_gradient_loss, given, **rest, **more)
            for got, expected in zip(
                ours, gradients(reference, given, **rest, **more), strict=True
            ):
                torch.testing.assert_close(got, expected.expand_as(got), rtol=1e-12, atol=1e-14)


@every_setting
def test_what_is_masked_is_never_seen(settings: dict[str, Any], device: str) -> None:
    """NaN where no token counts reaches neither value nor gradient, which is 0 there."""
    mask = some_tokens()
    given = operands(per_token=True)
    dirty = {name: t.masked_fill(~mask, NAN) for name, t in given.items()}
    for kind in (mask, mask.long(), mask.double()):
        rest = {**settings, "mask": kind}
        clean = gradients(F.policy_gradient_loss, given, **rest)
        for got, expected in zip(
            gradients(F.policy_gradient_loss, dirty, **rest), clean, strict=True
        ):
            torch.testing.assert_close(got, expected, rtol=1e-14, atol=0)
            assert got.dim() == 0 or (got[~mask] == 0).all()


def test_no_tokens_cost_nothing(device: str) -> None:
    for kind in TYPES:
        given = gradients(
            F.policy_gradient_loss, operands(), mask=torch.zeros(N, T), loss_type=kind
        )
        assert all((t == 0).all() for t in given)


@pytest.mark.parametrize("loss_type", SMOOTH)
@pytest.mark.parametrize("level", ["token", "sequence"])
def test_derivatives(loss_type: str, level: str, device: str) -> None:
    """First and second, backward and forward, by finite differences."""
    given = operands()

    def loss(*tensors: Tensor) -> Tensor:
        return F.policy_gradient_loss(
            *tensors[:3], some_tokens(), tensors[3], beta=0.3, loss_type=loss_type, level=level
        )

    leaves = [t.clone().requires_grad_() for t in given.values()]
    assert gradcheck(loss, leaves, check_forward_ad=True)
    assert gradgradcheck(loss, leaves)


def test_second_order_of_constant_ratios(device: str) -> None:
    """The gradient of cispo's gradient is that of the formula: none but the divergence's."""
    given = operands()
    found = []
    for function in (F.policy_gradient_loss, reference):
        leaf = given["logps"].clone().requires_grad_()
        loss = function(**{**given, "logps": leaf}, loss_type="cispo", beta=0.2)
        (first,) = torch.autograd.grad(loss, leaf, create_graph=True)
        found.append(torch.autograd.grad((first**2).sum(), leaf)[0])
    torch.testing.assert_close(*found)


@every_setting
def test_transforms(settings: dict[str, Any], device: str) -> None:
    """Forward derivatives, and batches of batches."""
    given = operands()
    names = list(given)

    def ours(*tensors: Tensor) -> Tensor:
        named = dict(zip(names, tensors, strict=True))
        return F.policy_gradient_loss(**named, mask=some_tokens(), **settings)

    def theirs(*tensors: Tensor) -> Tensor:
        return reference(**dict(zip(names, tensors, strict=True)), mask=some_tokens(), **settings)

    primals = tuple(given.values())
    tangents = tuple(draw(*t.shape, seed=9) for t in primals)
    for got, expected in zip(
        jvp(ours, primals, tangents), jvp(theirs, primals, tangents), strict=True
    ):
        torch.testing.assert_close(got, expected)
    several = tuple(torch.stack([t, t.flip(0), 0.5 * t]) for t in primals)
    expected = torch.stack([ours(*(t[i] for t in several)) for i in range(3)])
    torch.testing.assert_close(vmap(ours)(*several), expected)
    slopes = torch.stack([grad(ours)(*(t[i] for t in several)) for i in range(3)])
    torch.testing.assert_close(vmap(grad(ours))(*several), slopes)


class Loss(torch.nn.Module):
    def forward(self, logps: Tensor, old: Tensor, advantages: Tensor, mask: Tensor) -> Tensor:
        first = F.policy_gradient_loss(logps, old, advantages, mask, loss_type="grpo")
        second = F.policy_gradient_loss(
            logps, None, advantages, mask, old, beta=0.1, level="sequence"
        )
        return first + second


def of_loss() -> tuple[Tensor, ...]:
    given = operands()
    return given["logps"], given["old_logps"], given["advantages"], some_tokens()


def test_compiles(device: str) -> None:
    def slope(logps: Tensor, *rest: Tensor) -> Tensor:
        return torch.autograd.grad(Loss()(logps, *rest), logps)[0]

    args = of_loss()
    args[0].requires_grad_()
    compiled = torch.compile(Loss(), fullgraph=True, backend="aot_eager", dynamic=True)
    loss = compiled(*args)
    torch.testing.assert_close(loss, Loss()(*args))
    torch.testing.assert_close(torch.autograd.grad(loss, args[0])[0], slope(*args))


def test_exports(device: str) -> None:
    """For any number of sequences and tokens."""
    sizes = {0: Dim("N"), 1: Dim("T")}
    shapes = {"logps": sizes, "old": sizes, "advantages": {0: sizes[0]}, "mask": sizes}
    program = export(Loss(), of_loss(), dynamic_shapes=shapes).module()
    for rows, columns in ((4, 6), (3, 5)):
        logps, old, advantages, mask = of_loss()
        args = (logps[:rows, :columns], old[:rows, :columns], advantages[:rows],
                mask[:rows, :columns])  # fmt: skip
        torch.testing.assert_close(program(*args), Loss()(*args))


@every_setting
def test_module_and_script(settings: dict[str, Any], device: str) -> None:
    given = operands()
    given["mask"] = some_tokens()
    module = lossops.nn.PolicyGradientLoss(**settings)
    expected = F.policy_gradient_loss(**given, **settings)
    assert all(f"{name}={value!r}" in repr(module) for name, value in settings.items())
    assert torch.equal(module(**given), expected)
    names = ("logps", "old_logps", "advantages", "mask", "ref_logps")
    scripted = torch.jit.script(module)
    torch.testing.assert_close(scripted(*(given[name] for name in names)), expected)


@every_setting
def test_parts_of_a_batch(settings: dict[str, Any], device: str) -> None:
    """Sums over the denominators of all parts are the mean over the batch."""
    given, mask = operands(), some_tokens()
    module = lossops.nn.PolicyGradientLoss(**settings)
    n = lossops.global_normalizer(module, mask.split(2))
    parts = [{name: t[i : i + 2] for name, t in given.items()} for i in (0, 2)]
    total = sum(
        module(**part, mask=of, normalizer=n) for part, of in zip(parts, mask.split(2), strict=True)
    )
    torch.testing.assert_close(total, module(**given, mask=mask))


def test_on_policy(device: str) -> None:
    """Without older log-probabilities the ratio is 1, and the gradient -A."""
    given = operands()
    leaf = given["logps"].requires_grad_()
    loss = F.policy_gradient_loss(leaf, None, given["advantages"], reduction="sum")
    torch.testing.assert_close(loss, -given["advantages"].sum() * T)
    (slope,) = torch.autograd.grad(loss, leaf)
    assert torch.equal(slope, -given["advantages"][:, None].expand(N, T))


def test_divergence_keeps_its_digits(device: str) -> None:
    """u^2 / 2 for small u, where the formula gives 0; inf where e^u overflows."""
    exact = {1e-4: 5.000166670833417e-9, -1e-4: 4.999833337500083e-9, 1e-12: 5e-25, 0.0: 0.0,
             0.9: math.e**0.9 - 1.9, -0.99: math.exp(-0.99) - 0.01, 1.0: math.e - 2,
             -30.0: 29 + math.exp(-30), 100.0: INF, INF: INF, -INF: INF}  # fmt: skip
    u = torch.tensor(list(exact), dtype=torch.float32)
    logps = torch.zeros_like(u).requires_grad_()
    loss = F.policy_gradient_loss(
        logps, None, torch.zeros_like(u), None, u, beta=1.0, reduction="none"
    )
    want = torch.tensor(list(exact.values()), dtype=torch.float64).float()
    torch.testing.assert_close(loss.detach(), want, rtol=4e-7, atol=0)
    (slope,) = torch.autograd.grad(loss.sum(), logps)
    torch.testing.assert_close(slope, -torch.expm1(u), rtol=4e-7, atol=0)


def test_ratios_without_bound(device: str) -> None:
    """e^200 overflows float32: what is bounded costs its bound, and has no gradient."""
    logps = torch.tensor([200.0, 200.0, 200.0], requires_grad=True)
    old, a = torch.zeros(3), torch.tensor([1.0, 0.0, -1.0])
    for settings, values, slopes in (
        ({"delta": 5.0}, [-1.2, 0.0, 5.0], [0.0, 0.0, 0.0]),
        ({}, [-1.2, 0.0, INF], [0.0, 0.0, INF]),
        ({"loss_type": "sapo"}, [-4.0, 0.0, 4 / 1.05], [0.0, 0.0, 0.0]),
        ({"loss_type": "cispo"}, [-40.0, 0.0, 40.0], [-0.2, 0.0, 0.2]),
    ):
        loss = F.policy_gradient_loss(logps, old, a, reduction="none", **settings)
        torch.testing.assert_close(loss.detach(), torch.tensor(values))
        (slope,) = torch.autograd.grad(loss.sum(), logps)
        torch.testing.assert_close(slope, torch.tensor(slopes))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)
def test_dtypes(dtype: torch.dtype, device: str) -> None:
    """Narrow log-probabilities are widened first; gradients have their dtype."""
    given = {name: t.to(dtype) for name, t in operands().items()}
    for kind in TYPES:
        ours = gradients(F.policy_gradient_loss, given, mask=some_tokens(), loss_type=kind)
        wide = {name: t.double() for name, t in given.items()}
        theirs = gradients(reference, wide, mask=some_tokens(), loss_type=kind)
        assert ours[0].dtype == torch.float32 and ours[1].dtype == ours[2].dtype == dtype
        for got, expected in zip(ours, theirs, strict=True):
            tolerance = 8 * torch.finfo(got.dtype).eps
            torch.testing.assert_close(got.double(), expected.expand_as(got), rtol=tolerance,
                                       atol=tolerance)  # fmt: skip


def test_operator(device: str) -> None:
    given = operands()
    args = [given["logps"].requires_grad_(), given["logps"] - given["old_logps"],
            given["advantages"], some_tokens(), given["ref_logps"]]  # fmt: skip
    for objective, reduction in product(range(3), (0, 1)):
        opcheck(
            torch.ops.lossops.policy_gradient.default,
            (*args, objective, 0.2, 0.2, 1.5, 0.1),
            {"reduction": reduction},
        )


def test_impossible_tokens_of_constant_ratios(device: str) -> None:
    """A ratio of 0 leaves nothing of a log-probability of -inf."""
    logps = torch.tensor([[-INF, -1.0]], requires_grad=True)
    old, advantages = torch.tensor([[-1.0, -1.0]]), torch.tensor([2.0], requires_grad=True)
    loss = F.policy_gradient_loss(logps, old, advantages, loss_type="cispo", reduction="none")
    slopes = torch.autograd.grad(loss.sum(), (logps, advantages))
    limits = (torch.tensor([[0.0, 0.4]]), torch.tensor([[0.0, -0.4]]), torch.tensor([0.2]))
    torch.testing.assert_close((loss.detach(), *slopes), limits)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"loss_type": "ppo"}, ValueError, "loss_type must be 'grpo', .* or 'sapo', got 'ppo'"),
        ({"level": "word"}, ValueError, "level must be 'token' or 'sequence', got 'word'"),
        ({"reduction": "max"}, ValueError, "reduction must be .*, got 'max'"),
        ({"beta": 0.1}, ValueError, "beta > 0 needs ref_logps, got 0.1 without"),
        ({"beta": -0.1, "ref_logps": torch.zeros(N, T)}, RuntimeError, "beta must be >= 0, got -0"),
        ({"epsilon_low": 1.5}, RuntimeError, "epsilon_low must be <= 1, got 1.5"),
        ({"epsilon_high": -1.0}, RuntimeError, "epsilon_high must be >= 0, got -1"),
        ({"delta": 0.0}, RuntimeError, "delta must be > 0, got 0"),
        ({"tau_positive": 0.0}, RuntimeError, "tau_positive must be > 0, got 0"),
        ({"tau_negative": 0.0}, RuntimeError, "tau_negative must be > 0, got 0"),
        ({"old_logps": torch.zeros(N, 1)}, RuntimeError, "logps and old_logps must have the same"),
        ({"mask": torch.ones(N)}, RuntimeError, "logps and mask must have the same shape, got"),
        ({"advantages": torch.zeros(T)}, RuntimeError, "logps and advantages must have the same"),
        ({"logps": [0.0]}, TypeError, "logps must be a tensor, got list"),
        ({"max_completion_length": 0}, ValueError, "max_completion_length must be > 0, got 0"),
        ({"max_completion_length": 2.5}, TypeError,
         "max_completion_length must be an integer or None, got float 2.5"),
        ({"normalizer": 2.0, "reduction": "none"}, ValueError, "normalizer needs reduction"),
    ],
)  # fmt: skip
def test_errors(change: dict[str, Any], error: type[Exception], message: str) -> None:
    given: dict[str, Any] = {**operands(), "ref_logps": None}
    with pytest.raises(error, match=f"^policy_gradient: {message}"):
        F.policy_gradient_loss(**{**given, **change})
