"""What each loss is compared with: the function of torch, or the formula as users write it.

A case names our function, its eager peer and a maker of inputs. Where torch.nn.functional has the
loss, that function is the peer. Elsewhere the peer is the formula in the plain form found in
training scripts and papers: the code that a user would delete on switching. The same peer goes to
torch.compile. `check_peers` holds every peer against the reference of the tests.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

Loss = Callable[..., Tensor]
Maker = Callable[[int, torch.dtype, torch.Generator], tuple[Tensor, ...]]

LABELS = 64  # labels per row, for the losses that are defined over rows


# ---- formulas, as users write them ---------------------------------------------------------------


def log_cosh(input: Tensor, target: Tensor) -> Tensor:
    return torch.log(torch.cosh(input - target)).mean()


def charbonnier(input: Tensor, target: Tensor, eps: float = 1e-3) -> Tensor:
    return (torch.sqrt((input - target) ** 2 + eps**2) - eps).mean()


def quantile(input: Tensor, target: Tensor, q: float | Tensor = 0.9) -> Tensor:
    error = target - input
    return torch.max(q * error, (q - 1) * error).mean()


def expectile(input: Tensor, target: Tensor, tau: float = 0.9) -> Tensor:
    error = target - input
    return (torch.where(error < 0, 1 - tau, tau) * error**2).mean()


def robust(input: Tensor, target: Tensor, alpha: float = 1.0, scale: float = 1.0) -> Tensor:
    b = abs(alpha - 2)
    return (b / alpha * ((((input - target) / scale) ** 2 / b + 1) ** (alpha / 2) - 1)).mean()


def gaussian_nll(input: Tensor, target: Tensor, var: Tensor, eps: float = 1e-6) -> Tensor:
    """F.gaussian_nll_loss without its check of the values of var, which breaks the graph."""
    var = var.clone()
    with torch.no_grad():
        var.clamp_(min=eps)
    return (0.5 * (torch.log(var) + (input - target) ** 2 / var)).mean()


def focal(input: Tensor, target: Tensor, alpha: float = 0.25, gamma: float = 2.0) -> Tensor:
    """The sigmoid focal loss in the steps in which torchvision computes it."""
    p = torch.sigmoid(input)
    ce = F.binary_cross_entropy_with_logits(input, target, reduction="none")
    p_t = p * target + (1 - p) * (1 - target)
    alpha_t = alpha * target + (1 - alpha) * (1 - target)
    return (alpha_t * (ce * (1 - p_t) ** gamma)).mean()


def asymmetric(
    input: Tensor,
    target: Tensor,
    gamma_pos: float = 1.0,
    gamma_neg: float = 4.0,
    clip: float = 0.05,
) -> Tensor:
    p = torch.sigmoid(input)
    not_p = (1 - p + clip).clamp(max=1)
    ce = target * torch.log(p.clamp(min=1e-8)) + (1 - target) * torch.log(not_p.clamp(min=1e-8))
    p_t = p * target + not_p * (1 - target)
    gamma = gamma_pos * target + gamma_neg * (1 - target)
    return -(ce * (1 - p_t) ** gamma).mean()


def rww_bce(
    input: Tensor, target: Tensor, fn_weight: float = 2.0, fp_weight: float = 1.0
) -> Tensor:
    p = torch.sigmoid(input).clamp(1e-7, 1 - 1e-7)
    return -(fn_weight * target * torch.log(p) + fp_weight * (1 - target) * torch.log(1 - p)).mean()


def hinge(input: Tensor, target: Tensor, margin: float = 1.0) -> Tensor:
    return torch.clamp(margin - target * input, min=0).mean()


# ---- one frame around each function of torch, for torch.compile ----------------------------------


def mse(input: Tensor, target: Tensor) -> Tensor:
    return F.mse_loss(input, target)


def l1(input: Tensor, target: Tensor) -> Tensor:
    return F.l1_loss(input, target)


def smooth_l1(input: Tensor, target: Tensor) -> Tensor:
    return F.smooth_l1_loss(input, target)


def huber(input: Tensor, target: Tensor) -> Tensor:
    return F.huber_loss(input, target)


def poisson_nll(input: Tensor, target: Tensor) -> Tensor:
    return F.poisson_nll_loss(input, target)


def bce(input: Tensor, target: Tensor) -> Tensor:
    return F.binary_cross_entropy(input, target)


def bce_with_logits(input: Tensor, target: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(input, target)


def multilabel_soft_margin(input: Tensor, target: Tensor) -> Tensor:
    return F.multilabel_soft_margin_loss(input, target)


def hinge_embedding(input: Tensor, target: Tensor) -> Tensor:
    return F.hinge_embedding_loss(input, target)


def soft_margin(input: Tensor, target: Tensor) -> Tensor:
    return F.soft_margin_loss(input, target)


def margin_ranking(input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
    return F.margin_ranking_loss(input1, input2, target)


def kl_div(input: Tensor, target: Tensor) -> Tensor:
    return F.kl_div(input, target, reduction="batchmean")


# ---- inputs --------------------------------------------------------------------------------------


def _normal(n: int, dtype: torch.dtype, rng: torch.Generator) -> Tensor:
    return torch.randn(n, generator=rng).to(dtype)


def _labels(n: int, dtype: torch.dtype, rng: torch.Generator, low: float = 0.0) -> Tensor:
    """A quarter of the elements are 1, the rest `low`."""
    return torch.where(torch.rand(n, generator=rng) < 0.25, 1.0, low).to(dtype)


def regression(n: int, dtype: torch.dtype, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Normal input and target, so that errors fall on both sides of every kink."""
    return _normal(n, dtype, rng), _normal(n, dtype, rng)


def counts(n: int, dtype: torch.dtype, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Log rates and counts."""
    rate = torch.randn(n, generator=rng)
    return rate.to(dtype), torch.poisson(rate.exp(), generator=rng).to(dtype)


def density(n: int, dtype: torch.dtype, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Means, targets and variances."""
    return (*regression(n, dtype, rng), torch.rand(n, generator=rng).add_(0.1).to(dtype))


def probabilities(n: int, dtype: torch.dtype, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Probabilities and 0/1 labels."""
    return torch.randn(n, generator=rng).sigmoid_().to(dtype), _labels(n, dtype, rng)


def logits(n: int, dtype: torch.dtype, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Logits of a model that is not yet sure, and 0/1 labels."""
    return torch.randn(n, generator=rng).mul_(3).to(dtype), _labels(n, dtype, rng)


def rows_of_logits(n: int, dtype: torch.dtype, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Logits and 0/1 labels in rows of `LABELS`."""
    input, target = logits(n, dtype, rng)
    return input.view(-1, LABELS), target.view(-1, LABELS)


def margins(n: int, dtype: torch.dtype, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Scores and labels of -1 and 1."""
    return _normal(n, dtype, rng), _labels(n, dtype, rng, low=-1.0)


def pairs(n: int, dtype: torch.dtype, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Two scores and which of them should be larger."""
    return _normal(n, dtype, rng), *margins(n, dtype, rng)


def distributions(n: int, dtype: torch.dtype, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Log-probabilities and probabilities in rows of `LABELS`."""
    input, target = (torch.randn(n, generator=rng).view(-1, LABELS) for _ in range(2))
    return input.log_softmax(1).to(dtype), target.softmax(1).to(dtype)


# ---- the table -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One loss of the benchmark.

    Attributes:
        name: Name of the op.
        group: Group of the family, for the geometric means.
        function: Name in lossops.functional.
        eager: The peer.
        source: The peer as one plain Python frame: what torch.compile gets.
        inputs: Makes the operands for n elements.
        params: Keywords for our function, where its defaults are not what the peer computes.
        wrt: Operands that require a gradient.
        peer: How tables call the eager peer, if not by its own name.
    """

    name: str
    group: str
    function: str
    eager: Loss
    source: Callable[..., Tensor]
    inputs: Callable[..., tuple[Tensor, ...]]  # of the size, the dtype and the generator
    params: Mapping[str, float | str] = field(default_factory=dict)
    wrt: tuple[int, ...] = (0,)
    peer: str = ""

    @property
    def peer_name(self) -> str:
        """How tables call the eager peer."""
        function = self.eager.func if isinstance(self.eager, functools.partial) else self.eager
        named = f"F.{function.__name__}" if function.__module__ == F.__name__ else "formula"
        return self.peer or named

    def is_compiled(self, size: int | tuple[int, ...]) -> bool:
        """Whether torch.compile of the peer is of use at this size."""
        return True

    def ours(self) -> Loss:
        """Our function, bound to the case's parameters."""
        import lossops.functional

        function: Loss = getattr(lossops.functional, self.function)
        return functools.partial(function, **self.params) if self.params else function


def _torch(
    name: str,
    group: str,
    source: Loss,
    inputs: Maker,
    function: str = "",
    eager: Loss | None = None,
    params: Mapping[str, str] | None = None,
    wrt: tuple[int, ...] = (0,),
) -> Case:
    """A case whose peer is the function of the same name in torch.nn.functional."""
    function = function or f"{name}_loss"
    eager = eager or getattr(F, function)
    return Case(name, group, function, eager, source, inputs, params or {}, wrt)


def _formula(name: str, group: str, source: Loss, inputs: Maker, **params: float) -> Case:
    """A case whose peer is a formula above; `params` are its defaults, for ours."""
    return Case(name, group, f"{name}_loss", source, source, inputs, params)


CASES: tuple[Case, ...] = (
    _torch("mse", "regression", mse, regression),
    _torch("l1", "regression", l1, regression),
    _torch("smooth_l1", "regression", smooth_l1, regression),
    _torch("huber", "regression", huber, regression),
    _formula("log_cosh", "regression", log_cosh, regression),
    _formula("charbonnier", "regression", charbonnier, regression),
    _formula("quantile", "regression", quantile, regression, q=0.9),
    _formula("expectile", "regression", expectile, regression, tau=0.9),
    _formula("robust", "regression", robust, regression),
    _torch("poisson_nll", "counts", poisson_nll, counts),
    _torch("gaussian_nll", "counts", gaussian_nll, density, wrt=(0, 2)),
    _torch("bce", "binary", bce, probabilities, "binary_cross_entropy"),
    _torch(
        "bce_with_logits", "binary", bce_with_logits, logits, "binary_cross_entropy_with_logits"
    ),
    _formula("focal", "binary", focal, logits),
    _formula("asymmetric", "binary", asymmetric, logits),
    _formula("rww_bce", "binary", rww_bce, logits, fn_weight=2.0),
    _torch("multilabel_soft_margin", "binary", multilabel_soft_margin, rows_of_logits),
    _formula("hinge", "margin", hinge, margins),
    _torch("hinge_embedding", "margin", hinge_embedding, margins),
    _torch("soft_margin", "margin", soft_margin, margins),
    _torch("margin_ranking", "margin", margin_ranking, pairs, wrt=(0, 1)),
    # With "mean" F.kl_div warns on every call; "batchmean", which it recommends, spares it that.
    _torch(
        "kl_div",
        "divergence",
        kl_div,
        distributions,
        "kl_div",
        eager=functools.partial(F.kl_div, reduction="batchmean"),
        params={"reduction": "batchmean"},
    ),
)

NAMES = tuple(case.name for case in CASES)


def check_peers() -> None:
    """Holds every peer against the reference of the tests, in float64.

    The tests state each loss once more, in its stable form (tests/losses). A peer that
    computed anything else would make a comparison of speed worthless.
    """
    from tests.losses import BY_OP

    rng = torch.Generator().manual_seed(0)
    for case in CASES:
        operands = case.inputs(16 * LABELS, torch.float64, rng)
        params = {key: value for key, value in case.params.items() if key != "reduction"}
        expected = BY_OP[case.name].formula(*operands, **params)
        expected = expected.sum() / len(expected) if "reduction" in case.params else expected.mean()
        for peer in (case.eager, case.source):
            found = peer(*operands)
            if not torch.allclose(found, expected, rtol=1e-6, atol=1e-9):
                raise RuntimeError(f"{case.name}: the peer gives {found}, the reference {expected}")


def geometric_mean(values: list[float]) -> float:
    """The geometric mean; NaN of nothing."""
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan
