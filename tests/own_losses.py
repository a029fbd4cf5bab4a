"""Losses as people write them; lossops.native takes them as they stand."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def mse(pred, target):
    return ((pred - target) ** 2).mean()


class WeightedLoss(nn.Module):
    """A squared error, tilted."""

    def __init__(self, a=0.5, b=0.25):
        super().__init__()
        self.a = a
        self.b = b

    def forward(self, x, t):
        return torch.mean((x - t) ** 2 + self.a * x + self.b * t)


class FocalLoss(nn.Module):
    def __init__(self, alpha: float = 0.25, gamma: float = 2.0, reduction: str = "mean") -> None:
        super().__init__()
        self.alpha, self.gamma, self.reduction = alpha, gamma, reduction

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        p = torch.sigmoid(logits)
        ce = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
        p_t = p * targets + (1 - p) * (1 - targets)
        loss = ce * (1 - p_t) ** self.gamma
        if self.alpha >= 0:
            alpha_t = self.alpha * targets + (1 - self.alpha) * (1 - targets)
            loss = alpha_t * loss
        if self.reduction == "mean":
            return loss.mean()
        elif self.reduction == "sum":
            return loss.sum()
        return loss


def peak_loss(forecast: Tensor, truth: Tensor, level: float = 0.5, miss: float = 5.0) -> Tensor:
    """Squared error, and more for what a forecast lacks of a peak."""
    error = forecast - truth
    lack = torch.relu(-error)
    return (error**2 + torch.where(truth > level, miss * lack**2, torch.zeros_like(lack))).mean()


def log_cosh(y_pred, y_true):
    return torch.log(torch.cosh(y_pred - y_true)).mean()


def tweedie(y_true, y_pred, p=1.5):
    if not 1 < p < 2:
        raise ValueError("p must be between 1 and 2")
    a = y_true * torch.pow(y_pred, 1 - p) / (1 - p)
    b = torch.pow(y_pred, 2 - p) / (2 - p)
    return torch.mean(-a + b)


def smooth_quantile(pred: Tensor, target: Tensor, q: float = 0.9, beta: float = 0.1) -> Tensor:
    error = target - pred
    loss = q * error
    loss += beta * F.softplus(-error / beta)
    return loss.mean()


def smape(pred: Tensor, target: Tensor, *, eps: float = 1e-3) -> Tensor:
    denominator = (pred.abs() + target.abs()).clamp(min=eps)
    return 200 * ((pred - target).abs() / denominator).mean()


def asymmetric_focal(
    logits: Tensor, labels: Tensor, gamma_pos: float = 1.0, gamma_neg: float = 4.0
) -> Tensor:
    p = logits.sigmoid()
    positive = labels * (1 - p) ** gamma_pos * torch.log(p)
    negative = (1 - labels) * p**gamma_neg * torch.log(1 - p)
    return -(positive + negative).sum()


def heteroscedastic(mean: Tensor, log_var: Tensor, target: Tensor) -> Tensor:
    return 0.5 * (log_var + (target - mean) ** 2 * torch.exp(-log_var)).mean()


def heteroscedastic_each(mean: Tensor, log_var: Tensor, target: Tensor) -> Tensor:
    return 0.5 * (log_var + (target - mean) ** 2 * torch.exp(-log_var))


class Own(NamedTuple):
    """A loss with operands for it.

    Attributes:
        make: Makes the function or module.
        draw: Draws so many elements of each operand.
        predicted: Which operands a model predicts, and training differentiates by.
    """

    make: Callable[[], Callable[..., Tensor]]
    draw: Callable[[int], tuple[Tensor, ...]]
    predicted: tuple[int, ...] = (0,)

    def operands(self, *shape: int, dtype: torch.dtype = torch.float32) -> list[Tensor]:
        torch.manual_seed(0)
        return [x.reshape(shape).to(dtype) for x in self.draw(torch.Size(shape).numel())]


def real(n: int) -> tuple[Tensor, ...]:
    return torch.randn(n), torch.randn(n)


def three(n: int) -> tuple[Tensor, ...]:
    return (*real(n), torch.randn(n))


def labelled(n: int) -> tuple[Tensor, ...]:
    return 3 * torch.randn(n), (torch.rand(n) < 0.3).float()


OWN: dict[str, Own] = {
    "mse": Own(lambda: mse, real),
    "weighted_loss": Own(WeightedLoss, real),
    "focal_loss": Own(FocalLoss, labelled),
    "peak_loss": Own(lambda: peak_loss, real),
    "log_cosh": Own(lambda: log_cosh, real),
    "tweedie": Own(lambda: tweedie, lambda n: (torch.rand(n) * 3, torch.rand(n) + 0.5), (1,)),
    "smooth_quantile": Own(lambda: smooth_quantile, real),
    "smape": Own(lambda: smape, real),
    "asymmetric_focal": Own(lambda: asymmetric_focal, labelled),
    "heteroscedastic": Own(lambda: heteroscedastic, three, (0, 1)),
    "heteroscedastic_each": Own(lambda: heteroscedastic_each, three, (0, 1)),
}


def call(loss: Any, *operands: Tensor) -> Tensor:
    """The loss as a number."""
    result: Tensor = loss(*operands)
    return result.sum()
