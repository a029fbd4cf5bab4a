"""Numbers per class that change a row's logits by its label, before a loss without them.

The margins compile under TorchScript.
"""

import math

import torch
from torch import Tensor

from .._dtensors import replicated
from .._op import is_scripting


def lowered(input: Tensor, target: Tensor, margin: Tensor) -> Tensor:
    """Cosines of which each row's own is less by the margin of its class."""
    if not _fit("cosface", "margin", input, target, margin):
        return input
    place, own, m = _own(input, target, margin)
    return _replaced(input, place, own - m)


def widened(input: Tensor, target: Tensor, margin: Tensor) -> Tensor:
    """Cosines of which each row's own is that of an angle wider by the margin of its class.

    Beyond pi it goes on falling in a straight line. The sine's slope, infinite at a cosine of +-1,
    is taken for 0 there.
    """
    if not _fit("arcface", "margin", input, target, margin):
        return input
    place, own, m = _own(input, target, margin)
    sine2 = 1 - own * own
    none = sine2 < 1e-14
    sine = torch.where(none, 0.0, torch.where(none, 1.0, sine2).sqrt())
    turned = own * m.cos() - sine * m.sin()
    beyond = own - m * m.sin()
    return _replaced(input, place, torch.where(own < -m.cos(), beyond, turned))


def compensated(input: Tensor, target: Tensor, counts: Tensor, p: float, q: float,
                eps: float) -> Tensor:  # fmt: skip
    """Logits of which the wrong ones are lowered by rarity and raised by how wrong they are."""
    if not _fit("seesaw", "counts", input, target, counts):
        return input
    target, counts = replicated(target, input), replicated(counts, input)
    dim, wide = _class_dim(input), _wide(input)
    place, _ = _place(input, target)
    logs = wide.detach().log_softmax(dim)
    own = logs.gather(dim, place).clamp(min=math.log(eps))
    often = counts.detach().to(device=input.device, dtype=wide.dtype).clamp(min=1).log()
    by_class = often.view([-1 if d == dim else 1 for d in range(input.dim())])
    rarer = (by_class - often[place]).clamp(max=0) if often.dim() > 0 else 0 * place
    worse = (logs - own).clamp(min=0)
    return wide + (p * rarer + q * worse).scatter(dim, place, 0.0)


def wider_than(input: Tensor, cosines: Tensor) -> torch.dtype | None:
    """The dtype that a loss of these cosines would have had of the input, where it is another."""
    if cosines.dtype == input.dtype:
        return None
    if not is_scripting():
        if torch.is_autocast_enabled(input.device.type):
            return None
    return input.dtype


def _class_dim(input: Tensor) -> int:
    return 0 if input.dim() == 1 else 1


def _fit(op: str, name: str, input: Tensor, target: Tensor, by_class: Tensor) -> bool:
    """Whether input and target are what the operator takes, which says what else is wrong."""
    if not is_scripting():
        if not isinstance(input, Tensor) or not isinstance(target, Tensor):
            return False
    if input.dim() == 0 or not input.is_floating_point() or target.is_floating_point():
        return False
    if target.is_complex() or target.dtype == torch.bool:
        return False
    rows = list(input.shape)
    classes = rows.pop(_class_dim(input))
    if list(target.shape) != rows and not (len(rows) == 0 and list(target.shape) == [1]):
        return False
    if name == "margin" and not by_class.is_floating_point():
        raise TypeError(
            f"{op}: {name} must be a number, or have a floating dtype, got {by_class.dtype}"
        )
    if by_class.dim() > 0 and list(by_class.shape) != [classes]:
        raise RuntimeError(
            f"{op}: {name} must be a number, or have shape [{classes}], got {list(by_class.shape)}"
        )
    return classes > 0


def _wide(input: Tensor) -> Tensor:
    return input if input.dtype == torch.float64 else input.float()


def _place(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Where each row's own class is, and whether there is one; of none, the first."""
    dim = _class_dim(input)
    label = target.long().reshape(input.select(dim, 0).shape).unsqueeze(dim)
    counts = (label >= 0) & (label < input.size(dim))
    return torch.where(counts, label, 0), counts


def _own(input: Tensor, target: Tensor, margin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The place, the cosine and the margin of each row's own class; of none, some and 0."""
    if not is_scripting():
        target, margin = replicated(target, input), replicated(margin, input)
    place, counts = _place(input, target)
    wide = _wide(input)
    own = torch.where(counts, wide.gather(_class_dim(input), place), 0.0)  # the rest may be NaN
    m = margin.to(device=input.device, dtype=wide.dtype)
    if m.dim() > 0:
        m = m.index_select(0, place.reshape(-1)).reshape(place.shape)
    return place, own, m


def _replaced(input: Tensor, place: Tensor, own: Tensor) -> Tensor:
    return input.to(own.dtype).scatter(_class_dim(input), place, own)
