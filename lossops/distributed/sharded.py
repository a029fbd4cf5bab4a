"""Losses of logits whose classes are spread over the ranks of a group."""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from .. import functional, log_probabilities
from .._op import check_tensors
from ..functional._common import reduction_code, scalar_tensor
from ._agreement import Numbers, agree, arguments_of, checksum, in_words, on_meta
from ._classes import LOSSES, by_role, evaluate
from ._collectives import Ranks
from ._rows import Part, class_axis

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup


def class_sharded(
    function: Callable[..., Tensor],
    *args: Any,  # noqa: ANN401
    first_class: int | None = None,
    num_classes: int | None = None,
    group: "ProcessGroup | None" = None,
    **keywords: Any,  # noqa: ANN401
) -> Tensor:
    """A loss over a class axis, of which each rank of a group holds a part.

    It is ``function`` of all classes, on every rank. Of each row a few numbers are sent: the
    largest logit, a sum of exponentials and the label's logit, 20 bytes for float32; a loss with a
    term of every class also sends one number per rank, in the other direction too. The gradient of
    a rank's logits is computed from these where the logits are.

    The loss is the same number on all ranks, of which each calls backward. With a layer, ``input``
    is the same on all ranks and gets its whole gradient on each of them; ``linear_weight`` and
    ``linear_bias`` hold this rank's classes.

    Args:
        function: A loss of :mod:`lossops.functional` over a class axis, of logits or of a layer;
            ``selective_log_softmax`` or ``softmax_entropy``.
        *args: Its arguments: logits, or the weights of a layer, of this rank's classes; labels
            among all classes, the same on every rank; probabilities, of this rank's classes.
            Tensors with a number per class, such as ``weight``, hold one for each of this rank's
            classes or of all.
        first_class: The first of this rank's classes; None: they follow those of the rank before.
        num_classes: How many classes there are; None: those of all ranks.
        group: The process group, None for the default one.
        **keywords: More arguments of the function.

    Returns:
        What the function returns, with the values of all classes: a 0-d tensor, or one loss per
        row for ``"none"``.

    Raises:
        TypeError: ``function`` is no loss over a class axis, or is given a DTensor.
        ValueError: What has to be the same on all ranks is not, or their classes are not all of
            them; on every rank. And whatever the function raises: on the other ranks it is then a
            RuntimeError.

    Notes:
        * In eager mode the ranks first tell each other 128 bytes about the call, and wait for the
          answer. Under torch.compile they do not, and ``first_class`` and ``num_classes`` have to
          be given.
        * A rank may have no class. All have to make the call, and those that need no gradient are
          no exception in backward.
        * Losses of a layer make its logits a chunk at a time, twice, where a row has one label;
          otherwise, and under torch.compile, this rank's logits are in memory.

    Example:
        >>> import torch, lossops, lossops.functional as F
        >>> logits, labels = torch.tensor([[2.0, 0.0, 1.0]]), torch.tensor([1])
        >>> lossops.distributed.class_sharded(F.cross_entropy, logits, labels)  # one rank
        tensor(2.4076)
        >>> F.cross_entropy(logits, labels)
        tensor(2.4076)
    """
    op, ranks = _operator(function), Ranks.of(group)
    if torch.compiler.is_compiling():
        given = _arguments(function, op, args, keywords)
        return evaluate(op, given, _as_told(op, given, ranks, first_class, num_classes))
    given = {}

    def describe() -> tuple[str, Numbers]:
        given.update(_arguments(function, op, args, keywords))
        _check(op, given)
        return _described(op, given, first_class, num_classes)

    owner = f"class_sharded({op})"
    part = _part(owner, agree(ranks, owner, describe), ranks, _by_class(op, given))
    if ranks.size == 1:
        return function(*args, **keywords)
    return evaluate(op, given, part)


def _operator(function: Callable[..., Tensor]) -> str:
    """The name of the operator that a function calls."""
    name = getattr(function, "__name__", "")
    op = name.removesuffix("_loss")
    known = {getattr(module, name, None) for module in (functional, log_probabilities)}
    if function not in known or op.removeprefix("linear_") not in LOSSES:
        losses = ", ".join(sorted(LOSSES))
        raise TypeError(
            "class_sharded: function must be a loss of lossops.functional over a class axis or of "
            f"lossops.log_probabilities, {losses}, or linear_ of one, "
            f"got {name or type(function).__name__}"
        )
    return op


def _arguments(
    function: Callable[..., Tensor], op: str, args: tuple[Any, ...], keywords: dict[str, Any]
) -> dict[str, Any]:
    """The arguments of a function as its operator has them."""
    given, names = by_role(op, arguments_of(function, args, keywords)), _names(op)
    check_tensors(op, **{own: given[name] for name, own in names.items() if name in given})
    if function is log_probabilities.selective_log_softmax:
        given["input"] = log_probabilities.by_index(given["input"], given["target"])
    elif function is log_probabilities.softmax_entropy:
        given["target"] = log_probabilities.any_class(given["input"])
    if "reduction" not in given:
        given |= {"reduction": "none", "dim": -1}
    if shift := given.pop("shift", 0):
        raise ValueError(f"class_sharded: shift must be 0, got {shift}; give the shifted target")
    given.pop("options", None)
    given["reduction"] = reduction_code(op, given["reduction"])
    given["normalizer"] = scalar_tensor(given.get("normalizer"), given["input"])
    loss, alpha = LOSSES[op.removeprefix("linear_")], given.get("alpha")
    if "alpha" in loss.by_class and alpha is not None and not isinstance(alpha, Tensor):
        given["alpha"] = torch.as_tensor(alpha, device=given["input"].device)
    if op == "linear_cross_entropy" and given["ignore_index"] is None:
        given["ignore_index"] = -100
    return given


def _names(op: str) -> Mapping[str, str]:
    return LOSSES[op.removeprefix("linear_")].names


def _classes_here(op: str, given: dict[str, Any]) -> int:
    if "linear_weight" in given:
        return int(given["linear_weight"].size(0))
    input = given["input"]
    if input.dim() == 0:
        raise RuntimeError(f"{op}: {_names(op)['input']} must have a class axis, got shape []")
    return int(input.size(class_axis(given)))


def _by_class(op: str, given: dict[str, Any]) -> dict[str, Tensor]:
    """The arguments with a number per class, which may be of this rank's classes or of all."""
    loss = LOSSES[op.removeprefix("linear_")]
    names = (*loss.by_class, *([] if loss.weighs_rows else ["weight"]))
    return {n: t for n in names if isinstance(t := given.get(n), Tensor) and t.dim() > 0}


def _check(op: str, given: dict[str, Any]) -> None:
    """Has the operator refuse what it can without seeing data, as if there were no other rank."""
    operator, count = getattr(torch.ops.lossops, op), _classes_here(op, given)
    names = {n: n for n in (a.name for a in operator.default._schema.arguments)}
    names = by_role(op, names)
    alone = {own: on_meta(given[n]) for n, own in names.items() if n in given}
    for name, t in _by_class(op, given).items():
        alone[name] = alone[name].new_empty((count,) * t.dim())
    target = given["target"]
    if LOSSES[op.removeprefix("linear_")].lists and target.dim() == given["input"].dim():
        here = list(target.shape)
        here[class_axis(given)] = count
        alone["target"] = alone["target"].new_empty(here)
    operator(**alone)


def _described(
    op: str, given: dict[str, Any], first: int | None, total: int | None
) -> tuple[str, Numbers]:
    sizes, layer = list(given["input"].shape), "linear_weight" in given
    features = sizes.pop(-1 if layer else class_axis(given))
    numbers = {
        "own_count": _classes_here(op, given),
        "own_first": -1 if first is None else first,
        "rows": math.prod(sizes),
        "num_classes": -1 if total is None else total,
        "reduction": given["reduction"],
    }
    if layer:
        numbers["features"] = features
    if "target_weight" in given:
        numbers["features of target"] = given["target"].size(-1)
    for name in ("target", "labels"):
        t = given.get(name)
        if t is not None and not t.is_floating_point():
            numbers[f"checksum of {_names(op).get(name, name)}"] = checksum(t)
    for name, t in _by_class(op, given).items():
        numbers[f"own_{name}"] = t.size(-1)
        if t.dim() > 1:
            numbers[f"rows of {name}"] = t.size(0)
    return in_words({n: v for n, v in given.items() if n != "reduction"}), numbers


def _part(owner: str, table: list[Numbers], ranks: Ranks, by_class: dict[str, Tensor]) -> Part:
    """This rank's classes, which follow those of the ranks before."""
    counts, begin, first = [row["own_count"] for row in table], 0, 0
    for rank, row in enumerate(table):
        if row["own_first"] not in (-1, begin):
            raise ValueError(
                f"{owner}: first_class must be {begin} on rank {rank}, behind the classes of the "
                f"ranks before, got {row['own_first']}"
            )
        if rank == ranks.rank:
            first = begin
        begin += counts[rank]
    if (total := table[0]["num_classes"]) not in (-1, begin):
        raise ValueError(
            f"{owner}: num_classes must be that of all ranks' classes, {begin}, got {total}"
        )
    shards = set()
    for name in by_class:
        sizes = [row[f"own_{name}"] for row in table]
        if sizes == [begin] * ranks.size:
            continue
        if sizes != counts:
            raise RuntimeError(
                f"{owner}: {name} must have one number for each of the {begin} classes, or of those"
                f" of its rank, {counts}, got {sizes}"
            )
        shards.add(name)
    return Part(first, counts[ranks.rank], begin, ranks, frozenset(shards))


def _as_told(
    op: str, given: dict[str, Any], ranks: Ranks, first: int | None, total: int | None
) -> Part:
    """This rank's classes where no rank asks another."""
    if first is None or total is None:
        raise ValueError(
            "class_sharded: first_class and num_classes must be given under torch.compile"
        )
    by_class = _by_class(op, given)
    shards = frozenset(n for n, t in by_class.items() if t.size(-1) != total)
    return Part(first, _classes_here(op, given), total, ranks, shards)
