"""Likelihoods where their parts are large and the whole is not, against sums that lose nothing."""

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as torch_F
from torch import Tensor
from torch.distributions import NegativeBinomial

import lossops.functional as F

pytestmark = pytest.mark.usefixtures("on_device")
Function = Callable[..., Tensor]
DISPERSIONS = (0.0, 1e-30, 1e-12, 1e-8, 1e-5, 1e-3, 0.02, 0.12, 0.13, 0.24, 0.26, 1.0, 8.0, 1e3)


def ways(f: Function, *leaves: Tensor) -> list[tuple[Tensor, ...]]:
    """Value and slopes by the kernels, and by the decomposition."""
    leaves = tuple(t.detach().clone().requires_grad_() for t in leaves)
    value = f(*leaves)
    of = [
        torch.autograd.grad(f(*leaves).sum(), leaves, create_graph=graph) for graph in (False, True)
    ]
    traced, pull = torch.func.vjp(f, *(t.detach() for t in leaves))
    return [(value.detach(), *of[0]), (traced, *(t.detach() for t in of[1])),
            (traced, *pull(torch.ones_like(traced)))]  # fmt: skip


def check(
    f: Function, leaves: tuple[Tensor, ...], expected: Function, ulps: float, size: float = 1.0
) -> None:
    """To so many eps, of float32 and of float64; of `size`, that of the parts, if that is more."""
    wide = tuple(t.double().requires_grad_() for t in leaves)
    value = expected(*wide)
    truth = (value.detach(), *torch.autograd.grad(value.sum(), wide))
    for dtype in (torch.float32, torch.float64):
        rtol = ulps * torch.finfo(dtype).eps
        for way in ways(f, *(t.to(dtype) for t in leaves)):
            for actual, exact in zip(way, truth, strict=True):
                torch.testing.assert_close(actual.double(), exact, rtol=rtol, atol=rtol * size)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("count", [0, 1, 5, 40])
def test_negative_binomial_at_every_dispersion(count: int, full: bool) -> None:
    """For whole counts the gamma functions are a product, of factors 1 + i a."""
    log_mean = torch.tensor([[-3.0], [0.25], [1.0], [3.0]])
    a = torch.tensor(DISPERSIONS).expand(4, -1).contiguous()
    x = log_mean.expand_as(a).contiguous()

    def ours(x: Tensor, a: Tensor) -> Tensor:
        t = torch.full_like(x, count)
        return F.negative_binomial_nll_loss(x, t, a, full=full, reduction="none")

    def exact(x: Tensor, a: Tensor) -> Tensor:
        y = a * x.exp()
        near = y < 0.1
        small, large = torch.where(near, y, 0.0), torch.where(near, 1.0, y)
        series = sum((-small) ** k / (k + 1) for k in range(20))
        rate = torch.where(near, series, torch.log1p(large) / large)
        loss = x.exp() * rate + count * (torch.log1p(y) - x)
        for i in range(count):
            loss = loss - torch.log1p(i * a)
        return loss + math.lgamma(count + 1) * full

    check(ours, (x, a), exact, 20, (1 + count) ** 2)


def test_where_the_distribution_of_torch_is_wrong() -> None:
    mean, count, a = torch.tensor(3.0), torch.tensor(5.0), torch.tensor(1e-8)
    right = 3 - 5 * math.log(3) + math.lgamma(6)
    ours = F.negative_binomial_nll_loss(mean, count, a, log_input=False, full=True)
    assert ours.item() == pytest.approx(right, rel=1e-6)
    theirs = -NegativeBinomial(1 / a, logits=(a * mean).log()).log_prob(count)
    assert abs(theirs.item() - right) > 1


def test_gamma_of_every_shape() -> None:
    """ln Gamma from 0 to where Stirling's series takes over, and where its own pieces meet."""
    joints = torch.tensor([0.5, 1.0, 1.25, 2.0, 3.0, 4.0, 8.0])
    beside = torch.cat([joints, joints.nextafter(torch.zeros(7)), joints.nextafter(8 + joints)])
    k = torch.cat([torch.logspace(-30, 1, 500), torch.linspace(0.01, 9, 5000), beside])
    zero, one = torch.zeros_like(k), torch.ones_like(k)
    ours = F.gamma_nll_loss(zero, one, k, full=True, reduction="none").double()
    wide = k.double()
    parts = torch.stack([wide, torch.lgamma(wide), -wide * wide.log()])
    error = (ours - parts.sum(0)).abs() / parts.abs().amax(0)
    assert error.max() < 6 * torch.finfo(torch.float32).eps


@pytest.mark.parametrize("df", [0.3, 1.0, 7.9, 8.1, 15.9, 16.1, 1e3])
def test_student_of_many_degrees(df: float) -> None:
    """Around where the gamma functions take another form, and far from it."""
    x = torch.tensor([0.0, 1e-3, 0.5, 3.0, 100.0, 1e6])
    s, f = torch.full_like(x, 1.5), torch.full_like(x, df)

    def ours(x: Tensor, s: Tensor, f: Tensor) -> Tensor:
        return F.student_t_nll_loss(x, torch.zeros_like(x), s, f, reduction="none")

    def exact(x: Tensor, s: Tensor, f: Tensor) -> Tensor:
        gammas = torch.lgamma(f / 2) - torch.lgamma((f + 1) / 2) + 0.5 * torch.log(math.pi * f)
        return (f + 1) / 2 * torch.log1p((x / s) ** 2 / f) + torch.log(s) + gammas

    wide = tuple(t.double() for t in (x, s, f))
    value = exact(*wide)
    for way in ways(ours, x, s, f):
        torch.testing.assert_close(way[0].double(), value, rtol=2e-6, atol=1e-6)
    for way in ways(ours, *wide):
        torch.testing.assert_close(way[0], value, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("dtype", "df"), [(torch.float64, 1e10), (torch.float32, 1e12), (torch.float32, 1e38)]
)
def test_student_becomes_gaussian(dtype: torch.dtype, df: float) -> None:
    """As df grows, what is left of value and slope is one over df."""
    z = torch.tensor([0.0, 0.5, 2.0, 10.0], dtype=torch.float64)
    gauss, gap = 0.5 * z**2 + 0.5 * math.log(2 * math.pi), 0.25 * (1 + 2 * z**2 - z**4)

    def ours(x: Tensor, f: Tensor) -> Tensor:
        return F.student_t_nll_loss(x, torch.zeros_like(x), 1.0, f, reduction="none")

    for value, _, slope in ways(ours, z.to(dtype), torch.full_like(z, df, dtype=dtype)):
        torch.testing.assert_close(value.double(), gauss + gap / df, rtol=1e-6, atol=0)
        if df < 1e15:  # beyond, the slope is beneath float's range
            torch.testing.assert_close(slope.double(), -gap / df**2, rtol=1e-5, atol=0)


@pytest.mark.parametrize("kappa", [0.0, 0.1, 9.9, 10.1, 24.9, 25.1, 300.0, 1e5])
def test_concentrations(kappa: float) -> None:
    """Near the mean, where a large kappa lives, against I0 by its integral."""
    d = torch.tensor([0.0, 1e-3, 0.1, 3.0])
    k = torch.full_like(d, kappa)

    def ours(x: Tensor, k: Tensor) -> Tensor:
        return F.von_mises_nll_loss(x, torch.zeros_like(x), k, reduction="none")

    def exact(x: Tensor, k: Tensor) -> Tensor:
        """The trapezoidal rule, which converges as fast as any for a period; narrow for large k."""
        width = min(math.pi, 12 / math.sqrt(max(kappa, 1e-9)))
        angles = torch.linspace(-width, width, 4001, dtype=torch.float64)
        weights = torch.full_like(angles, 2 * width / 4000)
        weights[0] = weights[-1] = width / 4000
        terms = torch.exp(-2 * k[:, None] * torch.sin(angles / 2) ** 2) * weights
        return torch.log(terms.sum(1)) + 2 * k * torch.sin(x / 2) ** 2

    check(ours, (d, k), exact, 60)


def test_gate_of_every_size() -> None:
    gate = torch.tensor([-200.0, -30.0, -1.0, 0.0, 2.0, 30.0, 200.0]).repeat(5, 1)
    x = torch.tensor([[-20.0], [-2.0], [0.0], [2.0], [5.0]]).expand_as(gate).contiguous()

    def ours(x: Tensor, g: Tensor) -> Tensor:
        return F.zero_inflated_poisson_nll_loss(x, torch.zeros_like(x), g, reduction="none")

    def exact(x: Tensor, g: Tensor) -> Tensor:
        rate = x.exp()
        near = (rate < 0.1) | (g > 0)
        taken = torch.sigmoid(-g) * torch.expm1(-torch.where(near, rate, 0.0))
        far = torch.logaddexp(torch_F.logsigmoid(g), -torch_F.softplus(g) - rate)
        return torch.where(near, -torch.log1p(taken), -far)

    check(ours, (x, gate), exact, 400)
