"""What the suites of losses over a class axis share."""

from collections.abc import Callable

import torch
import torch.nn.functional as baseline
from torch import Tensor

from tests.cases import Case
from tests.families import of_family
from tests.families.class_axis import ClassAxis
from tests.losses import LOSSES, Loss

INF, NAN = float("inf"), float("nan")
REDUCTIONS = ("mean", "sum", "none")
ROWS = tuple(loss for loss in LOSSES if of_family(ClassAxis)(loss))
SOFTMAX = tuple(
    loss
    for loss in ROWS
    if loss.op not in ("nll", "multi_margin", "multilabel_margin", "coral", "corn")
)
DTYPES = (torch.float32, torch.bfloat16, torch.float16, torch.float64)
flags = (False, True)


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(shape, generator=generator, dtype=torch.float64, device="cpu")
    return drawn.to(torch.get_default_device(), dtype)


def labels(classes: int, *shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(classes, shape, generator=generator, device="cpu")
    return drawn.to(torch.get_default_device())


def same(ours: Callable[..., Tensor], theirs: Callable[..., Tensor], *leaves: Tensor,
         note: object = "", rtol: float = 1e-11, atol: float = 1e-13) -> None:  # fmt: skip
    """Value and gradients of both, for an uneven upstream gradient."""
    results = []
    for function in (ours, theirs):
        tracked = [leaf.detach().requires_grad_() for leaf in leaves]
        value = function(*tracked)
        upstream = torch.linspace(0.5, 1.5, value.numel(), dtype=value.dtype).view(value.shape)
        results.append([value.detach(), *torch.autograd.grad(value, tracked, upstream)])
    for actual, expected in zip(*results, strict=True):
        torch.testing.assert_close(actual, expected, rtol=rtol, atol=atol, equal_nan=True,
                                   msg=lambda text: f"{note}\n{text}")  # fmt: skip


def eps_of(dtype: torch.dtype) -> float:
    """Of a result computed in float32 (float64 for float64) and rounded once to the dtype."""
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    return 16 * torch.finfo(wide).eps + (0 if dtype == wide else 0.51 * torch.finfo(dtype).eps)


def near(actual: Tensor, expected: Tensor, note: object = "") -> None:
    """Within rounding of the result's dtype, relative to the number and to the largest."""
    eps = eps_of(actual.dtype)
    finite = expected.detach().masked_fill(~expected.isfinite(), 0).abs()
    scale = max(1.0, float(finite.max())) if finite.numel() else 1.0
    wide = 16 * torch.finfo(torch.float64 if actual.dtype == torch.float64 else torch.float32).eps
    torch.testing.assert_close(
        actual.double(), expected, rtol=eps, atol=wide * scale + torch.finfo(actual.dtype).tiny,
        equal_nan=True, msg=lambda text: f"{note}\n{text}",
    )  # fmt: skip


def check(case: Case, names: tuple[str, ...] | None = None) -> None:
    """Unreduced value and gradients against the float64 formula of the same operands."""
    case, exact = case.but(reduction="none"), case.to(torch.float64).but(reduction="none")
    near(case.ours(), exact.expected(), case)
    names = case.loss.differentiable if names is None else names
    got, want = case.gradients(names=names), exact.gradients(exact.expected, names)
    for name, actual, expected in zip(names, got, want, strict=True):
        assert actual.dtype == case.tensors[name].dtype
        near(actual, expected, f"{case}: {name}")


def padded(loss: Loss, name: str, t: Tensor, front: int, width: int) -> Tensor:
    """The same with `width` more classes, of which `front` come first."""
    if t.dim() == 0 or name == "normalizer" or (name == "weight" and loss.family.weights == "rows"):
        return t
    if not t.is_floating_point():
        return t + front
    fill = 1.0
    if name in loss.operands:
        fill = -INF if name == "input" or loss.family.axis == -1 else 0.0
    sides = (front, width - front)
    return baseline.pad(t, sides * 2 if name == "fp_weight" else sides, value=fill)
