"""Losses over a class axis that is sharded over the ranks of a group.

Of its own classes a rank adds up a few numbers per row. Those are all that is sent, in float64 and
relative to the largest logit of the row, so that they have the digits of one process. What is then
known of a row is known to every rank, and the loss is the operator's own, of a row of few classes:

* one label: of two classes, the label's and all others as one (:func:`_of_label`, and with the
  entropy of the others :func:`_penalized`);
* a term of every class: of the rank's classes and those of the other ranks as one
  (:func:`_of_classes`, :func:`_divergence`), or, where a term compares with the label alone, the
  label's beside the rank's (:func:`_margins`).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import torch
from torch import Tensor

from .. import _C
from .._dtypes import outside_autocast, promoted, result_dtype, widest_float
from ._rows import (
    Given,
    Part,
    Rows,
    at_place,
    columns,
    finite,
    log_or_none,
    log_sum_exp,
    wide,
    without_place,
)

Scores = Callable[[Rows, Tensor], Tensor]


def _inputs(rows: Rows, x: Tensor) -> Tensor:  # noqa: ARG001
    return x


def _capped(rows: Rows, x: Tensor) -> Tensor:
    cap = rows.args.get("softcap")
    return x if cap is None else cast(Tensor, cap * torch.tanh(x / cap))


def _scaled(rows: Rows, x: Tensor) -> Tensor:
    return cast(Tensor, x * rows.args["scale"])


def _tempered(rows: Rows, x: Tensor) -> Tensor:
    return cast(Tensor, x / rows.args["temperature"])


def _balanced(rows: Rows, x: Tensor) -> Tensor:
    prior, tau = rows.of_classes("prior"), rows.args["tau"]
    return x if prior is None or tau == 0 else x + tau * log_or_none(prior)


@dataclass(frozen=True)
class _Loss:
    """How a loss is computed.

    Attributes:
        run: What computes it.
        op: The operator of a row of few classes, whose inputs are scores unless ``maps``.
        scores: Its logits from the inputs.
        nll: Whether a class costs -ln p, of which a sum over classes is one of logits.
        maps: Whether the operator makes the scores itself, which are ``scale`` times the inputs.
        sides: How many rows of logits a row of the loss reads.
        mean_over_weight: Whether the mean over labels divides by their weights.
        lists: Whether a row has a list of labels.
        cosines: Whether logits are cosines, those of a layer between its vectors.
        by_class: The arguments with a number per class, but for ``weight``.
        true_weights: Those of them that are factors of what the true class costs.
        by_entry: The arguments with a number per row and class, beside the logits.
        names: What the operator calls ``input`` and ``target``.
    """

    run: "Callable[[_Loss, Rows], Tensor]"
    op: str
    scores: Scores
    nll: bool
    maps: bool
    sides: int
    mean_over_weight: bool
    lists: bool
    cosines: bool
    by_class: tuple[str, ...]
    true_weights: tuple[str, ...]
    by_entry: tuple[str, ...]
    names: Mapping[str, str]

    @property
    def weighs_rows(self) -> bool:
        """Whether weights are by row, where there is no one label to look them up by."""
        return self.sides == 2 or self.lists

    def of(self, rows: Rows, input: Tensor, target: Tensor, **other: Any) -> Tensor:  # noqa: ANN401
        """The loss of each of these rows, with the parameters of the call."""
        op = getattr(torch.ops.lossops, self.op)
        numbers = {n: rows.args[n] for n in _NUMBERS[self.op] if n in rows.args}
        wanted = {"dtype": widest_float(input.device), "reduction": 0, "ignore_index": None}
        return cast(Tensor, op(input, target, **{**numbers, **wanted, **other}))


def evaluate(op: str, given: Given, part: Part) -> Tensor:
    """The loss of an operator with these arguments, of which tensors by class are this rank's."""
    loss = LOSSES[op.removeprefix("linear_")]
    factors = ["input", "linear_weight", "linear_bias"]
    if loss.sides == 2:
        factors += ["target", "target_weight", "target_bias"]
    given = dict(given)
    floats = {name: t for name in factors if isinstance(t := given.get(name), Tensor)}
    with outside_autocast(given["input"].device) as narrow:
        if narrow is not None and "linear_weight" in given and not loss.cosines:
            floats = {name: t.to(narrow) for name, t in floats.items()}
            given |= floats
        dtype = promoted(floats.values())
        given["dtype"] = given.get("dtype") or result_dtype(dtype, narrow)
        rows = Rows(op, given, part, dtype, loss.sides, loss.lists, loss.cosines, loss.names)
        return loss.run(loss, rows)


def _weighted(loss: _Loss, rows: Rows, values: Tensor) -> Tensor:
    """The loss of values by row, each to be weighted as its label is."""
    weight = rows.of_label("weight")
    values = values if weight is None else values * weight
    return rows.reduced(values, weight if loss.mean_over_weight else None)


# -- one label, or a sum of logits ---


def _softmax(loss: _Loss, rows: Rows) -> Tensor:
    smoothing = rows.args.get("label_smoothing", 0.0)
    if loss.nll:
        return _of_label(loss, rows) if rows.given is None else _of_logits(loss, rows)
    if rows.given is None and smoothing == 0:
        return _of_label(loss, rows)
    return _of_classes(loss, rows)


def _of_label(loss: _Loss, rows: Rows) -> Tensor:
    """The label's class against all others as one."""
    assert rows.place is not None
    total, smoothing = rows.part.total, rows.args.get("label_smoothing", 0.0)
    spread = smoothing > 0 and total > 1
    label, others, *distances = _pair(loss, rows, "weight" if spread else None)
    weight = rows.of_label("weight")
    scale = rows.args["scale"] if loss.maps else 1.0
    pair, first = torch.stack([label, others / scale], 1), torch.zeros_like(rows.place)
    values = loss.of(rows, pair, first)
    costs = values
    for factor in (weight, *map(rows.of_label, loss.true_weights)):
        costs = costs if factor is None else costs * factor
    if spread:
        # What the others cost, which have no margin: a smoothed label costs the mean of both.
        of_others = 2 * loss.of(rows, pair, first, label_smoothing=1.0) - values
        each = distances[0] + distances[1] * of_others + costs
        costs = (1 - smoothing) * costs + smoothing / total * each
    if rows.args.get("z_loss", 0.0) > 0:
        costs = costs + rows.args["z_loss"] * torch.logaddexp(label, others) ** 2
    return rows.reduced(costs, weight if loss.mean_over_weight else None)


def _penalized(loss: _Loss, rows: Rows) -> Tensor:
    """Less beta times the entropy: that of the pair, and that of the others among each other.

    Or the entropy itself.
    """
    assert rows.place is not None
    label, others, costs, sums = _pair(loss, rows, "exponential")
    pair = torch.stack([label, others], 1)
    some = sums != 0
    entropy = torch.where(some, costs / torch.where(some, sums, 1.0), 0.0)
    values = loss.of(rows, pair, torch.zeros_like(rows.place))
    factor = -rows.args["beta"] if "beta" in rows.args else 1.0
    values = values + factor * pair.softmax(1)[:, 1] * entropy
    return _weighted(loss, rows, values)


def _normalized(loss: _Loss, rows: Rows) -> Tensor:
    """The label's cost over that of all classes, of which each costs more than the others' sum."""
    assert rows.place is not None
    label, others, costs, count = _pair(loss, rows, "one")
    pair, first = torch.stack([label, others], 1), torch.zeros_like(rows.place)
    own, beyond = loss.of(rows, pair, first), loss.of(rows, pair, first + 1)
    rest = costs + _product(count, beyond)
    more = own > rest
    none = (own + rest == 0) | (own + rest == math.inf)
    # Of the lesser of the two, whose derivatives do not cancel.
    less = torch.where(none, 0.0, torch.where(more, rest, own)) / torch.where(none, 1.0, own + rest)
    values = torch.where(more, 1 - less, less)
    return _weighted(loss, rows, values)


def _regularized(loss: _Loss, rows: Rows) -> Tensor:
    """With the logarithm of what all classes' probabilities lack of the averages of each."""
    assert rows.place is not None
    part, strength = rows.part, rows.args["strength"]
    label, others = _pair(loss, rows)
    values = loss.of(rows, torch.stack([label, others], 1), torch.zeros_like(rows.place))
    if strength > 0:
        average = rows.kept(wide(rows.rows_of(rows.args["average"], part.count, "average")))
        log_sum = part.ranks.share(torch.logaddexp(label, others)).unsqueeze(1)
        p = (wide(rows.sides[0].logits()) - log_sum).exp()
        values = values + strength * log_or_none(part.ranks.sum(_product(p, 1 - average).sum(1)))
    return _weighted(loss, rows, values)


By = Literal["one", "weight", "exponential"]


def _pair(loss: _Loss, rows: Rows, by: By | None = None) -> list[Tensor]:
    """By row the label's score, or input, and the log-sum-exp of the other classes' scores.

    If ``by`` something of each class, also the sum of how far they lie below their log-sum-exp
    times that, and the sum of it.
    """
    assert rows.place is not None
    part, weights = rows.part, rows.of_classes("weight") if by == "weight" else None
    largest, sums, label, *distances = rows.sides[0].by_chunks(
        lambda x, place: _sums(loss, rows, x, place, weights, by), rows.place
    )
    most = finite(part.ranks.largest(largest))
    below = wide(finite(largest)) - wide(most)
    parts = [sums * below.exp(), label]
    if by is not None:
        parts += [distances[0] - distances[1] * below, distances[1]]
    if by == "exponential":
        parts[2:] = [t * below.exp() for t in parts[2:]]
    sums, label, *distances = part.ranks.sum(torch.stack(parts)).unbind()
    log_sum = log_or_none(sums)
    if by is not None:
        distances[0] = distances[0] + distances[1] * finite(log_sum)
    return [label, log_sum + wide(most), *distances]


def _sums(loss: _Loss, rows: Rows, x: Tensor, place: Tensor, weights: Tensor | None,
          by: By | None) -> tuple[Tensor, ...]:  # fmt: skip
    """What a rank knows of a row.

    The largest score but the label's, the sum of the exponentials relative to that, and what the
    operator takes of the label; if ``by`` something, also the sum of it times the distance from the
    largest, and that of it.
    """
    z, double = loss.scores(rows, x), widest_float(x.device)
    others = without_place(z, place, -math.inf)
    largest = _largest(others)
    distance = finite(largest).unsqueeze(1) - others
    shares = (-distance).exp()
    known = (
        largest,
        shares.sum(1, dtype=double),
        wide(at_place(x if loss.maps else z, place)),
    )
    if by is None:
        return known
    if by != "exponential":
        shares = torch.ones_like(z) if weights is None else weights.expand_as(z)
        shares = without_place(shares, place, 0.0)
    costs = _product(shares, distance)
    return *known, costs.sum(1, dtype=double), shares.sum(1, dtype=double)


def _largest(z: Tensor) -> Tensor:
    z = z.detach()
    return z.amax(1) if z.size(1) > 0 else z.sum(1) - math.inf


def _product(share: Tensor, cost: Tensor) -> Tensor:
    """What costs without bound adds nothing where it has no share."""
    drops = (share == 0) & (cost.abs() == math.inf)
    return torch.where(drops, 0.0, share * torch.where(drops, 0.0, cost))


def _of_logits(loss: _Loss, rows: Rows) -> Tensor:
    """Of probabilities, where a class costs -ln p: all are told by weighted sums of logits."""
    assert rows.given is not None
    part, s = rows.part, rows.args.get("label_smoothing", 0.0)
    weights = rows.of_classes("weight")

    def local(x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        z, double = loss.scores(rows, x), widest_float(x.device)
        target = (1 - s) * y + s / part.total
        target = target if weights is None else target * weights
        largest = _largest(z)
        distance = finite(largest).unsqueeze(1) - z
        sums = (-distance).exp(), _product(target, distance), target
        return (largest, *(t.sum(1, dtype=double) for t in sums))

    largest, sums, costs, shares = rows.sides[0].by_chunks(local, rows.given)
    most = finite(part.ranks.largest(largest))
    below = wide(finite(largest)) - wide(most)
    sums, costs, shares = part.ranks.sum(
        torch.stack([sums * below.exp(), costs - shares * below, shares])
    ).unbind()
    log_sum = log_or_none(sums)
    values = costs + shares * log_sum
    if rows.args.get("z_loss", 0.0) > 0:
        values = values + rows.args["z_loss"] * (log_sum + wide(most)) ** 2
    return rows.reduced(values)


def _nll(loss: _Loss, rows: Rows) -> Tensor:
    assert rows.place is not None
    (label,) = rows.sides[0].by_chunks(lambda x, place: (wide(at_place(x, place)),), rows.place)
    return _weighted(loss, rows, -rows.part.ranks.sum(label))


# -- a term of every class ---


def _others(rows: Rows, own: Tensor) -> tuple[Tensor, Tensor]:
    """From this rank's log-sum-exp by row those of all ranks, (rows, ranks), and of the others."""
    ranks = rows.part.ranks
    every = ranks.gather(own).view(ranks.size, -1).t()
    return every, log_sum_exp(torch.cat([every[:, : ranks.rank], every[:, ranks.rank + 1 :]], 1))


def _of_classes(loss: _Loss, rows: Rows) -> Tensor:
    """The classes of this rank beside those of the others as one, which costs nothing here."""
    part, s = rows.part, rows.args["label_smoothing"]
    z = loss.scores(rows, rows.sides[0].logits())
    own = log_sum_exp(z)
    _, others = _others(rows, own)
    top = part.ranks.largest(own).unsqueeze(1)
    target = rows.given if rows.given is not None else _one_hot(rows, z)
    target = torch.nn.functional.pad((1 - s) * target + s / part.total, (0, 1))
    weight = _each(rows, "weight", *loss.true_weights)
    if weight is not None:
        weight = torch.nn.functional.pad(weight, (0, 1), value=1.0)
    row = columns([z - top.to(z.dtype), others.unsqueeze(1) - top])
    values = part.ranks.sum(loss.of(rows, row, target, weight=weight))
    return rows.reduced(values, rows.of_label("weight"))


def _one_hot(rows: Rows, z: Tensor) -> Tensor:
    assert rows.place is not None
    return without_place(torch.zeros_like(z), rows.place, 1.0)


def _each(rows: Rows, *names: str) -> Tensor | None:
    """The product of numbers per class, of those that are given."""
    product: Tensor | None = None
    for t in map(rows.of_classes, names):
        product = t if product is None else product if t is None else product * t
    return product


def _divergence(loss: _Loss, rows: Rows) -> Tensor:
    """How the ranks' shares of two rows differ, and beyond that their classes within each rank."""
    part = rows.part
    temperature = rows.args["temperature"]
    within: list[Tensor] = []
    pairs: list[Tensor] = []
    shares: list[Tensor] = []
    for side in rows.sides:
        z = side.logits()
        own = log_sum_exp(z / temperature)
        every, others = _others(rows, own)
        top = part.ranks.largest(own).unsqueeze(1)
        relative = [temperature * (t - top) for t in (others.unsqueeze(1), own.unsqueeze(1), every)]
        within.append(columns([z - (temperature * top).to(z.dtype), relative[0]]))
        pairs.append(torch.cat([relative[1], relative[0]], 1))
        shares.append(relative[2])
    apart = [loss.of(rows, *both, dim=-1) for both in (within, pairs, shares)]
    values = part.ranks.sum(apart[0] - apart[1] + apart[2] / part.ranks.size)
    weight = _row_weight(rows)
    return rows.reduced(values if weight is None else values * weight)


def _row_weight(rows: Rows) -> Tensor | None:
    weight = rows.args.get("weight")
    return None if weight is None else wide(weight).expand(rows.shape).reshape(-1)


def _margins(loss: _Loss, rows: Rows) -> Tensor:
    """The classes of this rank against the labels', which stand beside them."""
    part, ranks = rows.part, rows.part.ranks
    z = torch.nn.functional.pad(rows.sides[0].logits(), (0, 1))
    labels = rows.lists if rows.lists is not None else cast(Tensor, rows.label).unsqueeze(1)
    listed = (labels >= 0).cumprod(1).bool()
    place = labels - part.first
    place = torch.where(listed & (place >= 0) & (place < part.count), place, part.count)
    known = ranks.share(ranks.sum(wide(z.gather(1, place)))).to(z.dtype)
    others = z.scatter(1, place, -math.inf)[:, : part.count]
    row = columns([others, known.masked_fill(~listed, -math.inf)])
    last = torch.arange(labels.size(1), device=z.device) + part.count
    last = torch.where(listed, last, -1)
    if rows.lists is None:
        values, weight = loss.of(rows, row, last.squeeze(1)), rows.of_label("weight")
    else:
        last = torch.nn.functional.pad(last, (0, part.count), value=-1)
        values, weight = loss.of(rows, row, last), _row_weight(rows)
    values = ranks.sum(values * (row.size(1) / part.total))
    return rows.reduced(values if weight is None else values * weight)


def _rww(loss: _Loss, rows: Rows) -> Tensor:
    """The label against all others, and each other class of this rank against all but itself."""
    assert rows.place is not None
    part, ranks, z = rows.part, rows.part.ranks, rows.sides[0].logits()
    own = log_sum_exp(z)
    _, others = _others(rows, own)
    top = finite(ranks.largest(own)).unsqueeze(1)
    # Without the largest class here: the sum of the rest. Without another one: a difference, which
    # takes less than half of it away.
    first = z.detach().argmax(1) if part.count > 0 else rows.place
    rest = torch.logaddexp(log_sum_exp(without_place(z, first, -math.inf)), others).unsqueeze(1)
    distance = (z - top.to(z.dtype)).exp()
    every = (torch.logaddexp(own, others).unsqueeze(1) - top).exp()
    is_first = torch.arange(part.count, device=z.device) == first.unsqueeze(1)
    remaining = log_or_none(torch.where(is_first, 1.0, every - distance)) + top
    odds = z - torch.where(is_first, rest, remaining)
    costs = torch.nn.functional.softplus(odds, threshold=40.0)
    weights = without_place(_wrong_weights(rows), rows.place, 0.0)
    other_classes = ranks.sum(_product(wide(weights), costs).sum(1))

    label, of_others = _pair(loss, rows)
    pair = torch.stack([label, of_others], 1)
    true_class = loss.of(rows, pair, torch.zeros_like(rows.place))
    factor = rows.of_label("fn_weight")
    true_class = true_class if factor is None else true_class * factor
    return _weighted(loss, rows, true_class + other_classes)


def _wrong_weights(rows: Rows) -> Tensor:
    """What each class of this rank costs by the label of the row."""
    weights = rows.of_classes("fp_weight")
    assert weights is not None and rows.label is not None
    if weights.size(0) != rows.part.total:
        raise RuntimeError(
            f"{rows.owner}: fp_weight must have a row for each of the {rows.part.total} labels, "
            f"got shape {list(weights.shape)}"
        )
    return weights[rows.label]


# -- which loss is computed how ---

# The logits of an expression that maps its inputs, by the argument that says how.
_SCORES = {"softcap": _capped, "scale": _scaled, "temperature": _tempered, "prior": _balanced}
# What a class costs that is not the label, and what is made of the sum, have no one form.
_BY_HAND = {
    "rww_cross_entropy": _rww,
    "confidence_penalty": _penalized,
    "softmax_entropy": _penalized,
    "normalized_cross_entropy": _normalized,
    "elr": _regularized,
}
_OTHERS_BY_CLASS = {"fp_weight", "prior"}


def _plan(op: str, known: dict[str, Any]) -> _Loss | None:
    """How a loss is computed by what its expression is made of; None where that is not known."""
    names = [a.name for a in getattr(torch.ops.lossops, op).default._schema.arguments]
    two = known["sides"] == 2  # whose operator maps both, by the temperature
    maps = known["maps"] and not two
    scores = [_SCORES[name] for name in names if maps and name in _SCORES]
    if known["indivisible"] or not _OTHERS_BY_CLASS.issuperset(known["others_by_class"]):
        return None
    run: Callable[[_Loss, Rows], Tensor] | None
    if two:
        run = _divergence
    elif not known["reads_row"]:
        run = _nll
    elif not known["softmax"]:
        run = _margins
    else:
        run = _BY_HAND.get(op) if known["others"] or known["finishes"] else _softmax
    if run is None or (maps and len(scores) != 1):
        return None
    of_scores = known["nll"] and known["reads_row"] and not known["maps_label"]
    return _Loss(
        run=run,
        op="cross_entropy" if of_scores else op,
        scores=scores[0] if scores else _inputs,
        nll=known["nll"] and not known["others"],
        maps=known["maps_label"],
        sides=known["sides"],
        mean_over_weight=known["mean_over_weight"] and not two and not known["lists"],
        lists=known["lists"],
        cosines=known["cosines"],
        by_class=(*known["true_weights"], *known["others_by_class"]),
        true_weights=(*known["true_weights"],),
        by_entry=(*known["by_entry"],),
        names={"input": names[0], "target": names[1]},
    )


# Losses over a class axis that are not among them have their classes gathered.
LOSSES = {
    op: loss
    for op, known in _C.class_axis_losses().items()
    if (loss := _plan(op, known)) is not None
}


def by_role(op: str, given: Given) -> dict[str, Any]:
    """The arguments of any operator, where logits are ``input`` and labels ``target``."""
    loss = LOSSES.get(op.removeprefix("linear_"))
    roles = {} if loss is None else {name: role for role, name in loss.names.items()}
    return {roles.get(name, name): value for name, value in given.items()}


def _numbers(loss: _Loss) -> list[str]:
    """The parameters of an operator but those that have been seen to before it is called."""
    arguments = getattr(torch.ops.lossops, loss.op).default._schema.arguments
    numbers = [a.name for a in arguments if "Tensor" not in str(a.type)]
    done = ["label_smoothing", "z_loss", "softcap", "tau", "ignore_index", "reduction", "dtype"]
    if loss.sides == 1:
        done.append("temperature")
    return [name for name in numbers if name not in done]


_NUMBERS = {loss.op: _numbers(loss) for loss in LOSSES.values()}  # torch.compile reads no schema
