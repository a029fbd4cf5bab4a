"""Losses of all pairs, where the batch is spread over the ranks of a group."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from .. import functional as F
from .._dtypes import outside_autocast, promoted, result_dtype, widest_float
from ..functional._common import reduction_code, scalar_tensor
from ._agreement import Numbers, agree, arguments_of, in_words, on_meta
from ._collectives import Ranks
from ._rows import CHUNK_BYTES, directions, finite, wide

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup


def contrast_across_ranks(
    function: Callable[..., Tensor],
    *args: Any,  # noqa: ANN401
    averaged: bool = True,
    group: "ProcessGroup | None" = None,
    **keywords: Any,  # noqa: ANN401
) -> Tensor:
    """A loss of all pairs of the batch that the ranks of a group have together.

    A rank's own rows are compared with the columns of all, which are gathered; gradients by these
    are added up for the rank that has them. The result is this rank's share of the loss of the one
    large batch::

        mean of the large batch = mean over ranks of the share    (sum over ranks, if not averaged)

    and so are the gradients: by each rank's vectors, and by parameters behind them, to which
    DistributedDataParallel and FSDP add up what the ranks have.

    Args:
        function: ``info_nce_loss``, ``nt_xent_loss``, ``clip_loss``, ``siglip_loss`` or
            ``supcon_loss`` of :mod:`lossops.functional`.
        *args: Its arguments, of this rank's part of the batch. The labels of ``info_nce_loss`` are
            of this rank's keys, and behind them of its negatives; those of ``supcon_loss`` mean the
            same on every rank.
        averaged: Whether gradients are averaged over the ranks, as DistributedDataParallel and FSDP
            do by default; False where they are added up. It matters to ``"mean"`` without a
            normalizer alone.
        group: The process group, None for the default one.
        **keywords: More arguments of the function.

    Returns:
        This rank's share, a 0-d tensor; one loss per own sample for ``"none"``; and for ``"sum"``,
        or with a ``normalizer``, the sum over the own samples, divided by that.

    Raises:
        TypeError: ``function`` is none of these, or is given a DTensor.
        ValueError: What has to be the same on all ranks is not; on every rank. And whatever the
            function raises: on the other ranks it is then a RuntimeError.

    Notes:
        * The ranks may have any number of vectors, and first tell each other how many. Under
          torch.compile they do not, and have to have the same.
        * What is sent is vectors: once to gather them, once to bring their gradients back.

    Example:
        >>> import torch, lossops, lossops.functional as F
        >>> x, y = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[3.0, 0.0], [1.0, 1.0]])
        >>> lossops.distributed.contrast_across_ranks(F.info_nce_loss, x, y, temperature=0.5)
        tensor(0.3301)
        >>> F.info_nce_loss(x, y, temperature=0.5)  # of the one rank that there is
        tensor(0.3301)
    """
    values = _VALUES.get(getattr(function, "__name__", ""))
    if values is None or getattr(F, function.__name__, None) is not function:
        raise TypeError(
            "contrast_across_ranks: function must be one of lossops.functional's "
            f"{', '.join(_VALUES)}, got {getattr(function, '__name__', type(function).__name__)}"
        )
    ranks, given = Ranks.of(group), {}
    if torch.compiler.is_compiling():
        given = arguments_of(function, args, keywords)
        table = [_sizes(given)] * ranks.size
    else:

        def describe() -> tuple[str, Numbers]:
            given.update(arguments_of(function, args, keywords))
            function(**{n: on_meta(v) for n, v in given.items()})  # refuses what it can
            return in_words({**given, "averaged": averaged}), _sizes(given)

        table = agree(ranks, f"contrast_across_ranks({function.__name__})", describe)
    code = reduction_code(function.__name__, given.pop("reduction"))
    weight, normalizer = given.pop("weight"), given.pop("normalizer")
    first = next(iter(given.values()))
    normalizer = scalar_tensor(normalizer, first)
    with outside_autocast(first.device) as narrow:
        loss, keep = values(_Batch(ranks, table), **given)
    floats = [t for t in given.values() if _is_vectors(t) and t.is_floating_point()]
    dtype = result_dtype(promoted(floats), narrow)
    if weight is not None:
        loss = loss * wide(weight).expand(_shape(function, first)).reshape(-1)
    if keep is not None:
        loss = torch.where(keep, loss, 0.0)
    if code == 0:
        return loss.view(_shape(function, first)).to(dtype)
    total = loss.sum()
    if normalizer is not None:
        return (total / wide(normalizer)).to(dtype)
    if code == 1:
        count = torch.ones_like(loss) if keep is None else wide(keep)
        total = total / ranks.sum(count.detach().sum()) * (ranks.size if averaged else 1)
    return total.to(dtype)


def _is_vectors(value: object) -> bool:
    """Or labels of them."""
    return isinstance(value, Tensor) and value.dim() > 0


def _sizes(given: dict[str, Any]) -> Numbers:
    """How many vectors there are on a rank, and what else of their shapes is the same on all."""
    numbers = {}
    for name, t in given.items():
        if not _is_vectors(t) or name == "weight":
            continue
        numbers[f"own_{name}"] = t.size(0)
        if t.dim() > 1:
            numbers[f"features of {name}"] = t.size(-1)
        if t.dim() > 2:
            numbers[f"views of {name}"] = t.size(1)
    return numbers


def _shape(function: Callable[..., Tensor], first: Tensor) -> tuple[int, ...]:
    if function is F.nt_xent_loss:
        return (2 * len(first),)
    return first.shape[:-1]


class _Batch:
    """What the ranks have of each tensor of vectors."""

    def __init__(self, ranks: Ranks, table: list[Numbers]) -> None:
        self.ranks, self._table = ranks, table

    def counts(self, name: str) -> list[int]:
        """How many of them each rank has."""
        return [row[f"own_{name}"] for row in self._table]

    def first(self, name: str) -> int:
        """How many the ranks before this one have."""
        return sum(self.counts(name)[: self.ranks.rank])

    def gather(self, name: str, t: Tensor) -> Tensor:
        """Those of all ranks, one behind the other."""
        counts = self.counts(name)
        most = max(counts)
        if most == 0 or self.ranks.size == 1:
            return t
        padding = [0, 0] * (t.dim() - 1) + [0, most - len(t)]
        every = self.ranks.gather(torch.nn.functional.pad(t, padding))
        if min(counts) == most:
            return every
        parts = zip(torch.split(every, most), counts, strict=True)
        return torch.cat([part[:count] for part, count in parts])


Values = tuple[Tensor, Tensor | None]  # of each row, in float64, and which count


def _info_nce(batch: _Batch, query: Tensor, key: Tensor, negatives: Tensor | None,
              labels: Tensor | None, temperature: float, normalize: bool) -> Values:  # fmt: skip
    keys, first = batch.gather("key", key), batch.first("key")
    if labels is None:
        label = first + torch.arange(len(query), device=query.device)
    else:
        label = labels.long()
        beyond = label - len(key)
        offset = 0 if negatives is None else batch.first("negatives")
        of_negative = len(keys) + offset + beyond
        label = torch.where(beyond >= 0, of_negative, torch.where(label < 0, label, label + first))
    rest = None if negatives is None else batch.gather("negatives", negatives)
    values = _of_labels(query, keys, rest, label, temperature, normalize)
    return values, None if labels is None else labels != -1


def _of_labels(query: Tensor, keys: Tensor, negatives: Tensor | None, label: Tensor,
               temperature: float, normalize: bool) -> Tensor:  # fmt: skip
    double = widest_float(query.device)
    return cast(
        Tensor,
        torch.ops.lossops.info_nce(
            query, keys, negatives, label, temperature, normalize, None, None, None, 0, double
        ),
    )


def _nt_xent(batch: _Batch, z1: Tensor, z2: Tensor, temperature: float) -> Values:
    if z1.shape != z2.shape:
        raise ValueError(
            f"nt_xent: z2 must have as many vectors as z1, {len(z1)}, got {list(z2.shape)}"
        )
    sample = batch.first("z1") + torch.arange(len(z1), device=z1.device)
    every = torch.arange(sum(batch.counts("z1")), device=z1.device)
    views = torch.stack([z1, z2], 1)
    values, _ = _by_class(
        views, batch.gather("z1", views), sample, every, batch.first("z1"), temperature
    )
    return values.view(-1, 2).t().reshape(-1), None


def _clip(batch: _Batch, image_features: Tensor, text_features: Tensor,
          logit_scale: Any, logit_bias: Any) -> Values:  # noqa: ANN401, ARG001  # fmt: skip
    if len(image_features) != len(text_features):
        raise ValueError(
            f"clip: text_features must have as many vectors as image_features, "
            f"{len(image_features)}, got {list(text_features.shape)}"
        )
    label = batch.first("image_features") + torch.arange(
        len(image_features), device=image_features.device
    )
    sides = {"image_features": image_features, "text_features": text_features}
    total: Any = 0.0
    for own, other in (("image_features", "text_features"), ("text_features", "image_features")):
        query = sides[own].to(torch.promote_types(sides[own].dtype, torch.float32)) * logit_scale
        keys = batch.gather(other, sides[other])
        total = total + _of_labels(query, keys.to(query.dtype), None, label, 1.0, False) / 2
    return total, None


def _siglip(batch: _Batch, image_features: Tensor, text_features: Tensor, logit_scale: Any,  # noqa: ANN401
            logit_bias: Any, negative_only: bool) -> Values:  # noqa: ANN401  # fmt: skip
    texts, first = batch.gather("text_features", text_features), batch.first("text_features")
    if negative_only:
        return _of_each(image_features, texts, logit_scale, logit_bias, True), None
    others = torch.cat([texts[:first], texts[first + len(text_features) :]])
    values = _of_each(image_features, text_features, logit_scale, logit_bias, False)
    if len(others) > 0:
        values = values + _of_each(image_features, others, logit_scale, logit_bias, True)
    return values, None


def _of_each(images: Tensor, texts: Tensor, scale: Any, bias: Any, negative_only: bool) -> Tensor:  # noqa: ANN401
    scale, bias = scalar_tensor(scale, images), scalar_tensor(bias, images)
    double = widest_float(images.device)
    return cast(
        Tensor,
        torch.ops.lossops.siglip(
            images, texts, scale, bias, negative_only, None, None, None, 0, double
        ),
    )


def _supcon(batch: _Batch, features: Tensor, labels: Tensor, temperature: float,
            base_temperature: float | None) -> Values:  # fmt: skip
    every, classes = batch.gather("features", features), batch.gather("labels", labels)
    values, keep = _by_class(features, every, labels, classes, batch.first("features"), temperature)
    return values * (1.0 if base_temperature is None else temperature / base_temperature), keep


def _by_class(own: Tensor, every: Tensor, label: Tensor, labels: Tensor, first: int,
              temperature: float) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Each own vector against all others but itself, of which those of its class are the positives.

    Returns:
        The loss by row, and which rows have a positive.
    """
    views = own.size(1) if own.dim() > 2 else 1
    dtype = torch.promote_types(own.dtype, torch.float32)
    x, y = (directions(t.reshape(-1, t.size(-1)).to(dtype)) for t in (own, every))
    row_class, column_class = (t.repeat_interleave(views) for t in (label, labels))
    itself = first * views + torch.arange(len(x), device=x.device)
    double = widest_float(x.device)

    def part(chunk: slice, y: Tensor) -> tuple[Tensor, Tensor]:
        others = torch.arange(len(y), device=y.device) != itself[chunk].unsqueeze(1)
        others = others & (column_class != -1)
        positive = others & (row_class[chunk].unsqueeze(1) == column_class)
        s = torch.where(others, x[chunk] @ y.t() / temperature, -torch.inf)
        s = s - finite(s.detach().amax(1)).unsqueeze(1)
        count = positive.sum(1)
        attraction = torch.where(positive, s, 0.0).sum(1, dtype=double) / count.clamp(min=1)
        keep = (count > 0) & (row_class[chunk] != -1)
        sums = torch.where(keep, s.exp().sum(1, dtype=double), 1.0)
        return torch.where(keep, sums.log() - attraction, 0.0), keep

    step = max(CHUNK_BYTES // max(len(y) * y.element_size(), 1), 256)
    if torch.compiler.is_compiling() or len(x) <= step:
        return part(slice(0, len(x)), y)
    chunks: Sequence[slice] = [slice(k, k + step) for k in range(0, len(x), step)]
    parts = [checkpoint(part, c, y, use_reentrant=False, preserve_rng_state=False) for c in chunks]
    values, keep = zip(*parts, strict=True)
    return torch.cat(values), torch.cat(keep)


_VALUES: dict[str, Callable[..., Values]] = {
    "info_nce_loss": _info_nce,
    "nt_xent_loss": _nt_xent,
    "clip_loss": _clip,
    "siglip_loss": _siglip,
    "supcon_loss": _supcon,
}
