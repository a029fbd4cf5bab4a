"""A call of a loss over a class axis of which this rank holds a part, brought to rows.

Rows are the first dimension of everything here, and a rank's classes the second one.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from .._dtypes import widest_float
from .._op import in_name_of
from ._collectives import Ranks

CHUNK_BYTES = 48 << 20  # of logits of a layer that are in memory at a time

Given = Mapping[str, Any]  # the arguments of an operator by name
Local = Callable[..., tuple[Tensor, ...]]  # of logits and tensors by row, tensors by row


@dataclass(frozen=True)
class Part:
    """Which of all classes this rank holds, and the ranks that hold the others.

    Attributes:
        first: The first of them.
        count: How many they are.
        total: How many all ranks have.
        ranks: The ranks.
        shards: The arguments with a number per class that hold those of this rank alone.
    """

    first: int
    count: int
    total: int
    ranks: Ranks
    shards: frozenset[str] = frozenset()


def wide(t: Tensor) -> Tensor:
    """In the dtype to add up in."""
    return t.to(widest_float(t.device))


def finite(largest: Tensor) -> Tensor:
    """A largest logit to subtract: 0 where there is none."""
    return torch.where(largest == -math.inf, 0.0, largest)


def log_or_none(sum: Tensor) -> Tensor:
    """Ln of a sum of exponentials; ln 0 has no derivative."""
    some = sum != 0
    return torch.where(some, torch.where(some, sum, 1.0).log(), -math.inf)


def log_sum_exp(z: Tensor) -> Tensor:
    """That of each row, exact in float64, of classes that there may be none of."""
    if z.size(1) == 0:
        return wide(z).sum(1) - math.inf
    largest = finite(z.detach().amax(1))
    sums = (z - largest.unsqueeze(1)).exp().sum(1, dtype=widest_float(z.device))
    return wide(largest) + log_or_none(sums)


def class_axis(given: Given) -> int:
    """Along which dimension a call's logits have their classes."""
    if "linear_weight" in given:
        return -1
    return int(given.get("dim", 1 if given["input"].dim() > 1 else 0))


class Side:
    """One side's logits: as they are given, or those of a layer."""

    def __init__(self, logits: Tensor | None, layer: tuple[Tensor, Tensor, Tensor | None] | None,
                 cosines: bool) -> None:  # fmt: skip
        self._logits, self._layer, self._cosines = logits, layer, cosines

    def logits(self) -> Tensor:
        """All of them."""
        return self._of(None) if self._logits is None else self._logits

    def by_chunks(self, local: Local, *by_row: Tensor) -> tuple[Tensor, ...]:
        """What ``local`` makes of the logits, those of a layer a chunk of rows at a time."""
        if self._layer is None:
            return local(self.logits(), *by_row)
        features, weight, _ = self._layer
        rows, width = features.size(0), max(len(weight) * weight.element_size(), 1)
        step = max(CHUNK_BYTES // width, 256)
        if torch.compiler.is_compiling() or rows <= step:
            return local(self.logits(), *by_row)

        def part(chunk: slice) -> tuple[Tensor, ...]:
            return local(self._of(chunk), *(t[chunk] for t in by_row))

        chunks = (slice(k, k + step) for k in range(0, rows, step))
        parts = [
            checkpoint(part, chunk, use_reentrant=False, preserve_rng_state=False)
            for chunk in chunks
        ]
        return tuple(torch.cat(tensors) for tensors in zip(*parts, strict=True))

    def _of(self, chunk: slice | None) -> Tensor:
        assert self._layer is not None
        x, weight, bias = self._layer
        x = x if chunk is None else x[chunk]
        if self._cosines:
            x, weight = directions(x), directions(weight)
        return torch.nn.functional.linear(x, weight, bias)


def directions(v: Tensor) -> Tensor:
    """Vectors of length 1, and of length 0 where they are that, by the steps of the library."""
    largest = v.detach().abs().amax(-1, keepdim=True)
    none = largest == 0
    scaled = torch.where(none, 0.0, v / torch.where(none, 1.0, largest))
    return scaled / torch.where(none, 1.0, scaled.square().sum(-1, keepdim=True)).sqrt()


class Rows:
    """The tensors of a call by row: logits, labels or probabilities, weights.

    Attributes:
        part: Which classes are here.
        dtype: In which logits are computed.
        sides: The logits of the loss; two where it compares rows.
        shape: What rows there are.
        label: The label of each row, 0 where that is ignored; None if there is none.
        place: Where the label is among the classes of this rank, or -1.
        given: The target's probabilities of these classes, if it has any.
        lists: The labels of each row, if it has several.
        keep: Which rows are not ignored; None if all count.
    """

    def __init__(self, owner: str, given: Given, part: Part, dtype: torch.dtype, sides: int,
                 lists: bool, cosines: bool, names: Mapping[str, str]) -> None:  # fmt: skip
        self.owner, self.args, self.part, self._names = owner, given, part, names
        self._compares, self._has_lists = sides == 2, lists
        input = given["input"]
        linear = "linear_weight" in given
        self._axis = class_axis(given)
        self.dtype = torch.promote_types(dtype, torch.float32)
        prefixes = ("linear", "target")[:sides]
        inputs = ("input", "target")[:sides]
        rows = list(input.shape)
        rows.pop(self._axis)
        self.shape = torch.Size(rows)
        self.label: Tensor | None = None
        self.place: Tensor | None = None
        self.given: Tensor | None = None
        self.lists: Tensor | None = None
        self.keep: Tensor | None = None
        target = given.get("labels") if sides == 2 else given["target"]
        if target is not None:
            self._read(target)
        self.sides = [
            self._side(given, name, prefix, linear, cosines)
            for name, prefix in zip(inputs, prefixes, strict=True)
        ]

    def _side(self, given: Given, name: str, prefix: str, linear: bool, cosines: bool) -> Side:
        x = given[name]
        if not linear:
            logits = self.rows_of(x, self.part.count, name).to(self.dtype)
            return Side(self.kept(logits), None, cosines)
        weight, bias = given[f"{prefix}_weight"], given.get(f"{prefix}_bias")
        if weight.size(0) != self.part.count:
            raise RuntimeError(
                f"{self.owner}: {prefix}_weight must have the {self.part.count} classes of "
                f"this rank, got shape {list(weight.shape)}"
            )
        features = self.kept(x.reshape(-1, x.size(-1)).to(self.dtype))
        features = self.part.ranks.share(features)
        bias = None if bias is None else bias.to(self.dtype)
        return Side(None, (features, weight.to(self.dtype), bias), cosines)

    def kept(self, rows: Tensor) -> Tensor:
        """With zeros for what is ignored, which may hold anything."""
        return rows if self.keep is None else torch.where(self.keep.unsqueeze(1), rows, 0.0)

    def rows_of(self, t: Tensor, classes: int, name: str) -> Tensor:
        """What has so many classes along the axis, as rows."""
        if t.dim() == 0 or t.size(self._axis) != classes:
            raise RuntimeError(
                f"{self.owner}: {self._names.get(name, name)} must have the {classes} classes of "
                f"this rank along its class axis, got shape {list(t.shape)}"
            )
        rows = t.movedim(self._axis, -1)
        return rows.reshape(math.prod(rows.shape[:-1]), classes)

    def _read(self, target: Tensor) -> None:
        part = self.part
        rows = math.prod(self.shape)
        if target.is_floating_point():
            self.given = self.rows_of(target, part.count, "target").to(self.dtype)
            self._check_rows(self.given.size(0), rows, target)
            return
        if self._has_lists:
            self.lists = self.rows_of(target, part.total, "target").long()
            self._check_rows(self.lists.size(0), rows, target)
            return
        self._check_rows(target.numel(), rows, target)
        labels = target.reshape(-1).long()
        ignore_index = self.args.get("ignore_index")
        if not self._compares:
            self._check_labels(labels, ignore_index)
        if ignore_index is not None:
            self.keep = labels != ignore_index
            labels = torch.where(self.keep, labels, 0)
        place = labels - part.first
        self.label = labels
        self.place = torch.where((place >= 0) & (place < part.count), place, -1)

    def _check_rows(self, got: int, rows: int, target: Tensor) -> None:
        if got != rows:
            raise ValueError(
                f"{self.owner}: {self._names['target']} must have a label for each row of the "
                f"{self._names['input']}, "
                f"{list(self.shape)}, got shape {list(target.shape)}"
            )

    def _check_labels(self, labels: Tensor, ignore_index: int | None) -> None:
        """As every loss does; nll reads no row, so none has to be there."""
        if labels.numel() == 0:
            return
        none = torch.zeros((), device=labels.device).expand(len(labels), self.part.total)
        try:
            torch.ops.lossops.nll(none, labels, None, ignore_index, None, 2)
        except (IndexError, RuntimeError) as error:
            said = str(error).replace("target", self._names["target"])
            raise in_name_of(self.owner, "nll", type(error)(said)) from None

    # -- tensors per class ---

    def of_classes(self, name: str) -> Tensor | None:
        """Of a number per class, those of this rank."""
        t: Tensor | None = self.args.get(name)
        if t is None:
            return None
        count, shard = self.part.count, name in self.part.shards
        if not shard:
            t = self.part.ranks.share(t)
        if t.dim() == 0:
            return t.to(self.dtype).expand(count)
        if t.size(-1) != (count if shard else self.part.total):
            raise RuntimeError(
                f"{self.owner}: {name} must have one number for each of the {self.part.total} "
                f"classes, or of the {count} of this rank, got shape {list(t.shape)}"
            )
        if not shard:
            t = t.narrow(-1, self.part.first, count)
        return t.to(self.dtype)

    def of_label(self, name: str) -> Tensor | None:
        """Of a number per class, that of each row's label, on every rank."""
        t: Tensor | None = self.args.get(name)
        if t is None or self.label is None:
            return None
        if t.dim() == 0:
            return wide(t).expand(self.label.shape)
        if name not in self.part.shards:
            return wide(t)[self.label]
        here = self.of_classes(name)
        assert here is not None and self.place is not None
        found = at_place(wide(here).expand(len(self.label), -1), self.place)
        return wide(self.part.ranks.sum(found.to(here.dtype)))  # of which one alone is not 0

    # -- the end ---

    def reduced(self, values: Tensor, weight: Tensor | None = None) -> Tensor:
        """The loss of the rows' values, as the call reduces them.

        The values are weighted; ``weight`` is that of each, if the mean divides by it.
        """
        dtype = self.args["dtype"]
        keep = torch.ones_like(values, dtype=torch.bool) if self.keep is None else self.keep
        values = torch.where(keep, values, 0.0)
        reduction, normalizer = self.args["reduction"], self.args.get("normalizer")
        if reduction == 0:
            return values.view(self.shape).to(dtype)
        total = values.sum()
        if normalizer is not None:
            return (total / wide(normalizer)).to(dtype)
        if reduction == 2:
            return total.to(dtype)
        count = (wide(keep) if weight is None else torch.where(keep, weight, 0.0)).sum()
        none = (count == 0) & (total == 0)
        mean = total / torch.where(none, 1.0, count)
        return torch.where(none, math.nan, mean).to(dtype)


def at_place(by_class: Tensor, place: Tensor, other: float = 0.0) -> Tensor:
    """By row the entry of this class, and another number where that is -1."""
    if by_class.size(1) == 0:
        return by_class.sum(1) + other
    found = by_class.gather(1, place.clamp(min=0).unsqueeze(1)).squeeze(1)
    return torch.where(place >= 0, found, other)


def without_place(by_class: Tensor, place: Tensor, value: float) -> Tensor:
    """With a number in the place of this class of each row, unless that is -1."""
    if by_class.size(1) == 0:
        return by_class
    index = place.clamp(min=0).unsqueeze(1)
    kept = by_class.gather(1, index)
    return by_class.scatter(1, index, torch.where(place.unsqueeze(1) >= 0, value, kept))


def columns(parts: Sequence[Tensor]) -> Tensor:
    """Side by side, in the dtype of the first."""
    return torch.cat([t.to(parts[0].dtype) for t in parts], 1)
