"""Losses of boxes; csrc/losses/box.h."""

import math

import torch
from torch import Tensor

from tests.families.boxes import BOXES, BoxDraw
from tests.losses.table import Bad, row


def pairs(draw: BoxDraw) -> tuple[Tensor, ...]:
    return draw.boxes(), draw.boxes()


BOX_LOSSES = ("iou", "giou", "diou", "ciou", "eiou")


FORMATS = ({}, {"format": "xywh"}, {"format": "cxcywh"})


class Pair:
    """A box and its target by corners, and what follows from them."""

    def __init__(self, x: Tensor, t: Tensor, format: str) -> None:
        (x0, y0, x1, y1), (u0, v0, u1, v1) = corners(x, format), corners(t, format)
        self.w, self.h, self.wt, self.ht = x1 - x0, y1 - y0, u1 - u0, v1 - v0
        shared_x = torch.minimum(x1, u1) - torch.maximum(x0, u0)
        shared_y = torch.minimum(y1, v1) - torch.maximum(y0, v0)
        both = shared_x.relu() * shared_y.relu()
        self.union = self.w * self.h + self.wt * self.ht - both
        self.iou = both / self.union
        self.cw = torch.maximum(x1, u1) - torch.minimum(x0, u0)
        self.ch = torch.maximum(y1, v1) - torch.minimum(y0, v0)
        apart_x, apart_y = (x0 + x1 - u0 - u1) / 2, (y0 + y1 - v0 - v1) / 2
        self.centers = (apart_x**2 + apart_y**2) / (self.cw**2 + self.ch**2)


def corners(box: Tensor, format: str) -> tuple[Tensor, ...]:
    a, b, c, d = box.unbind(-1)
    if format == "xyxy":
        return a, b, c, d
    if format == "xywh":
        return a, b, a + c, b + d
    return a - c / 2, b - d / 2, a + c / 2, b + d / 2


@row(
    "iou_loss", "IoULoss", pairs, family=BOXES,
    params=(*FORMATS, {"mode": "log"}, {"mode": "square", "format": "cxcywh"}),
)  # fmt: skip
def iou(input: Tensor, target: Tensor, format: str = "xyxy", mode: str = "linear") -> Tensor:
    """Yu et al. 2016."""
    iou = Pair(input, target, format).iou
    return {"linear": 1 - iou, "log": -iou.log(), "square": 1 - iou**2}[mode]


@row("giou_loss", "GIoULoss", pairs, family=BOXES, params=FORMATS)
def giou(input: Tensor, target: Tensor, format: str = "xyxy") -> Tensor:
    pair = Pair(input, target, format)
    return 2 - pair.iou - pair.union / (pair.cw * pair.ch)


@row("diou_loss", "DIoULoss", pairs, family=BOXES, params=FORMATS)
def diou(input: Tensor, target: Tensor, format: str = "xyxy") -> Tensor:
    pair = Pair(input, target, format)
    return 1 - pair.iou + pair.centers


@row("ciou_loss", "CIoULoss", pairs, family=BOXES, params=FORMATS, detaches=True)
def ciou(input: Tensor, target: Tensor, format: str = "xyxy") -> Tensor:
    """The factor of the shapes has no derivative."""
    pair = Pair(input, target, format)
    angle = (pair.wt / pair.ht).atan() - (pair.w / pair.h).atan()
    v = 4 / math.pi**2 * angle**2
    alpha = (v / (1 - pair.iou + v)).detach()
    return 1 - pair.iou + pair.centers + alpha * v


@row(
    "eiou_loss", "EIoULoss", pairs, family=BOXES, params=FORMATS,
    bad=(Bad("eiou: gamma must be >= 0, got -1", {"gamma": -1.0}),),
)  # fmt: skip
def eiou(input: Tensor, target: Tensor, format: str = "xyxy", gamma: float = 0.0) -> Tensor:
    """The factor in front has no derivative."""
    pair = Pair(input, target, format)
    sides = ((pair.w - pair.wt) / pair.cw) ** 2 + ((pair.h - pair.ht) / pair.ch) ** 2
    return pair.iou.detach() ** gamma * (1 - pair.iou + pair.centers + sides)
