"""Losses of boxes beyond their rows: torchvision's formulas, what weights leave out, formats."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import lossops.functional as F
from tests.cases import make_case
from tests.losses import BY_OP
from tests.losses.box import BOX_LOSSES, corners

FUNCTIONS = {op: getattr(F, f"{op}_loss") for op in BOX_LOSSES}
OURS = pytest.mark.parametrize("op", BOX_LOSSES)


def boxes(count: int = 64, dtype: torch.dtype = torch.float64, **params: Any) -> list[Tensor]:
    case = make_case(BY_OP["iou"], params, (count,), dtype=dtype)
    return [case.tensors["input"], case.tensors["target"]]


def torchvision(x: Tensor, t: Tensor, op: str, eps: float) -> Tensor:
    """The formulas of torchvision.ops, written anew."""
    (x0, y0, x1, y1), (u0, v0, u1, v1) = x.unbind(-1), t.unbind(-1)
    width, height = torch.min(x1, u1) - torch.max(x0, u0), torch.min(y1, v1) - torch.max(y0, v0)
    both = torch.where((width > 0) & (height > 0), width * height, 0)
    union = (x1 - x0) * (y1 - y0) + (u1 - u0) * (v1 - v0) - both
    iou = both / (union + eps)
    w, h = torch.max(x1, u1) - torch.min(x0, u0), torch.max(y1, v1) - torch.min(y0, v0)
    if op == "giou":
        return 1 - iou + (w * h - union) / (w * h + eps)
    centers = ((x0 + x1 - u0 - u1) / 2) ** 2 + ((y0 + y1 - v0 - v1) / 2) ** 2
    distance = 1 - iou + centers / (w**2 + h**2 + eps)
    if op == "diou":
        return distance
    angle = torch.atan((u1 - u0) / (v1 - v0)) - torch.atan((x1 - x0) / (y1 - y0))
    v = 4 / math.pi**2 * angle**2
    with torch.no_grad():
        alpha = v / (1 - iou + v + eps)
    return distance + alpha * v


@pytest.mark.parametrize("op", ["giou", "diou", "ciou"])
def test_equals_torchvision(op: str) -> None:
    x, t = boxes()
    x.requires_grad_()
    t.requires_grad_()
    ours, theirs = FUNCTIONS[op](x, t, reduction="none"), torchvision(x, t, op, eps=1e-300)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-13)
    expected = torch.autograd.grad(theirs.sum(), (x, t))
    for actual, other in zip(torch.autograd.grad(ours.sum(), (x, t)), expected, strict=True):
        torch.testing.assert_close(actual, other, rtol=1e-11, atol=1e-12)


def test_small_boxes_are_not_lost_in_an_eps() -> None:
    """Which makes identical boxes of normalised coordinates look almost disjoint."""
    x = torch.tensor([0.5, 0.5, 0.5001, 0.5001])
    assert torchvision(x, x, "giou", eps=1e-7) > 0.9
    assert F.giou_loss(x, x) == 0


@OURS
@pytest.mark.parametrize("format", ["xywh", "cxcywh"])
def test_formats_tell_the_same_boxes(op: str, format: str) -> None:
    x, t = boxes(format=format)
    expected = FUNCTIONS[op](*(torch.stack(corners(b, format), -1) for b in (x, t)),
                             reduction="none")  # fmt: skip
    actual = FUNCTIONS[op](x, t, format=format, reduction="none")
    torch.testing.assert_close(actual, expected, rtol=1e-12, atol=1e-14)


@OURS
@pytest.mark.parametrize("scale", [1e-30, 1e-6, 1e6, 1e18])
def test_scale_does_not_matter(op: str, scale: float) -> None:
    x, t = boxes(dtype=torch.float32)
    loss = FUNCTIONS[op](x, t, reduction="none")
    scaled = FUNCTIONS[op](x * scale, t * scale, reduction="none")
    torch.testing.assert_close(scaled, loss, rtol=1e-5, atol=1e-6)


def test_focus_of_eiou(device: str) -> None:
    """Its factor is a constant in the gradient."""
    x, t = (b.to(device).requires_grad_() for b in boxes())
    with torch.no_grad():
        factor = (1 - F.iou_loss(x, t, reduction="none")).clamp(min=0).sqrt()
    ours = F.eiou_loss(x, t, gamma=0.5, reduction="none")
    theirs = factor * F.eiou_loss(x, t, reduction="none")
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-14)
    slopes, others = (torch.autograd.grad(loss.sum(), (x, t)) for loss in (ours, theirs))
    for actual, expected in zip(slopes, others, strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-11, atol=1e-13)


@OURS
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_weight_of_zero_leaves_a_box_out(op: str, reduction: str, device: str) -> None:
    """Even if it is NaN: loss and gradients are those of the others, the mean is over all."""
    x, t = (b.to(device) for b in boxes(40))
    weight = torch.rand(40, dtype=torch.float64, device=device)
    left = torch.arange(40, device=device) % 3 == 0
    weight[left] = 0
    x[left], t[left] = math.nan, math.inf

    def evaluated(call: Callable[..., Tensor]) -> tuple[Tensor, ...]:
        leaves = [b.clone().requires_grad_() for b in (x, t, weight)]
        loss = call(leaves[0], leaves[1], weight=leaves[2], reduction=reduction)
        return (loss, *torch.autograd.grad(loss.sum(), leaves, create_graph=True))

    def decomposed(x: Tensor, t: Tensor, **others: Any) -> Tensor:
        def call(x: Tensor, t: Tensor, w: Tensor) -> Tensor:
            return FUNCTIONS[op](x, t, weight=w, reduction=reduction)

        return torch.func.vjp(call, x, t, others["weight"])[0]

    loss, *gradients = evaluated(FUNCTIONS[op])
    some = FUNCTIONS[op](x[~left], t[~left], weight=weight[~left], reduction=reduction)
    expected = {"mean": some * 26 / 40, "sum": some, "none": some}[reduction]
    kept = loss[~left] if reduction == "none" else loss
    torch.testing.assert_close(kept.detach(), expected, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(decomposed(x, t, weight=weight), loss.detach())
    for gradient in gradients:
        assert (gradient[left] == 0).all()
        assert gradient.isfinite().all()


def memory_orders() -> dict[str, Callable[[Tensor], Tensor]]:
    return {
        "numbers first": lambda t: t.movedim(-1, 0).contiguous().movedim(0, -1),
        "every second box": lambda t: t.repeat_interleave(2, 0)[::2],
        "behind other numbers": lambda t: torch.cat((t, t), -1)[..., 4:],
        "one for all": lambda t: t[:1].expand_as(t),
        "transposed": lambda t: t.view(8, -1, 4).transpose(0, 1),
    }


@OURS
@pytest.mark.parametrize("order", memory_orders())
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_memory_orders(op: str, order: str, reduction: str, device: str) -> None:
    x, t = (memory_orders()[order](b.to(device)) for b in boxes(8 * 517, torch.float32))
    weight = torch.rand(x.shape[:-1], device=device).T.contiguous().T

    def evaluated(*operands: Tensor) -> tuple[Tensor, ...]:
        leaves = [o.detach().requires_grad_() for o in operands]
        loss = FUNCTIONS[op](*leaves[:2], weight=leaves[2], reduction=reduction)
        return (loss, *torch.autograd.grad(loss.sum(), leaves))

    plain = evaluated(*(o.contiguous() for o in (x, t, weight)))
    for actual, expected in zip(evaluated(x, t, weight), plain, strict=True):
        assert torch.equal(actual, expected)


@OURS
def test_corners_of_integers(op: str, device: str) -> None:
    x = torch.tensor([[0.0, 0.0, 4.0, 3.0]], device=device)
    t = torch.tensor([[1, 1, 5, 4]], device=device)
    torch.testing.assert_close(FUNCTIONS[op](x, t), FUNCTIONS[op](x, t.float()))


def test_refuses_what_boxes_have_not(device: str) -> None:
    x = torch.zeros(2, 4, device=device)
    with pytest.raises(RuntimeError, match="iou: takes no ignore_index"):
        torch.ops.lossops.iou(x, x, ignore_index=1)
    with pytest.raises(ValueError, match="reduction must be"):
        torch.ops.lossops.iou(x, x, reduction=3)
    with pytest.raises(ValueError, match="iou: mode must be .*'square', got 'cubic'"):
        F.iou_loss(x, x, mode="cubic")
    with pytest.raises(RuntimeError, match=r"input and target must have the same shape"):
        F.iou_loss(x, x[0])


@OURS
def test_refuses_other_formats(op: str) -> None:
    x = torch.zeros(2, 4)
    with pytest.raises(ValueError, match=f"{op}: format must be .*'cxcywh', got 'yxyx'"):
        FUNCTIONS[op](x, x, format="yxyx")
