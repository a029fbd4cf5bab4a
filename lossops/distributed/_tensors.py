"""Losses and penalties of DTensors: on each rank's part, and what they share is added up.

An operator brings its tensors to placements that it can work on: rows, or elements, may be sharded
over any dimensions of the mesh, the classes over one. A loss that needs the whole batch has it
gathered. What is no DTensor is the same on all ranks, as DTensor's replicated tensors are.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import is_fake
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.tensor import DTensor, Partial, Placement, Replicate, Shard

from .. import nn
from .._dtypes import equals, widest_float
from ..nn._base import (
    DivergenceLoss,
    LabelLoss,
    LevelsLoss,
    Loss,
    SampleLoss,
    VectorLoss,
    WeightedMeanLoss,
)
from ._agreement import Numbers, agree, checksum, in_words, on_meta
from ._classes import LOSSES, by_role, evaluate
from ._collectives import Ranks
from ._rows import Part, class_axis

CLASSES = "classes"  # along which a tensor may be sharded, beside the dimensions of the loss
Dim = int | str | None
NONE, MEAN, SUM, BATCH_MEAN = range(4)

_MODULES = {
    name.removesuffix("Loss").lower(): module
    for name in nn.__all__
    if isinstance(module := getattr(nn, name), type) and issubclass(module, Loss)
}


def call(name: str, args: tuple[Any, ...]) -> Tensor:
    """What the operator gives of arguments among which are DTensors."""
    if name == "lossops::elastic_net_penalty":
        return _penalty(*args)
    space, op = name.split("::")
    schema = getattr(getattr(torch.ops, space), op).default._schema
    given = {a.name: value for a, value in zip(schema.arguments, args, strict=True)}
    return _Call(space, op, by_role(op, given) if space == "lossops" else given).run()


@dataclass
class _Layout:
    """How the dimensions of a call's tensors belong together.

    Attributes:
        dims: By tensor, for each dimension which of the loss it is, CLASSES, or None.
        shape: The loss's own dimensions, those of reduction "none" at first.
        module: What is known of the mean.
        classes: How many classes may be spread over ranks; 0: they have to be together.
        refusal: Why the operator refuses the call.
    """

    dims: dict[str, tuple[Dim, ...]] = field(default_factory=dict)
    shape: tuple[int, ...] = ()
    module: type[Loss] = Loss
    classes: int = 0
    refusal: Exception | None = None


class _Call:
    def __init__(self, space: str, op: str, given: dict[str, Any]) -> None:
        self._op = getattr(getattr(torch.ops, space), op)
        self._name, self._given = op, given
        tensors = {name: t for name, t in given.items() if isinstance(t, Tensor)}
        self._mesh = _mesh(op, tensors)
        self._layout = _layout(space, op, given, tensors)
        self._keys = [self._key(tensors, i) for i in range(self._mesh.ndim)]
        for i, key in enumerate(self._keys):  # one dimension of the mesh has the classes
            if key == CLASSES and CLASSES in self._keys[:i]:
                self._keys[i] = None

    def _key(self, tensors: Mapping[str, Tensor], i: int) -> Dim:
        """What a dimension of the mesh shards: what it does of the first tensor, if it may."""
        for name, t in tensors.items():
            placement = t.placements[i] if isinstance(t, DTensor) else Replicate()
            if not isinstance(placement, Shard) or name not in self._layout.dims:
                continue
            key = self._layout.dims[name][placement.dim % t.dim()]
            if key is not None and (key != CLASSES or self._layout.classes > 0):
                return key
        return None

    def run(self) -> Tensor:
        """The loss, replicated or, without a reduction, sharded as its rows are."""
        if self._layout.refusal is not None:
            self._refuse(self._layout.refusal)
        given = {n: self._local(n, v) if isinstance(v, Tensor) else v
                 for n, v in self._given.items()}  # fmt: skip
        rows = [self._ranks(i) for i, key in enumerate(self._keys) if isinstance(key, int)]
        if rows and given["reduction"] != NONE:
            self._divide(given, rows)
        value = self._evaluate(given)
        if given["reduction"] != NONE:
            for ranks in rows:
                value = ranks.sum(value)
            return _wrapped(value, self._mesh, [Replicate()] * self._mesh.ndim)
        shape = self._layout.shape if rows else tuple(value.shape)
        placements: list[Placement] = [
            Shard(k) if isinstance(k, int) else Replicate() for k in self._keys
        ]
        return _wrapped(value, self._mesh, placements, shape)

    def _evaluate(self, given: dict[str, Any]) -> Tensor:
        if CLASSES not in self._keys:
            return cast(Tensor, self._op(*given.values()))
        i = self._keys.index(CLASSES)
        name = "linear_weight" if "linear_weight" in given else "input"
        total, ranks = self._layout.classes, self._ranks(i)
        dim = self._layout.dims[name].index(CLASSES)
        size, first = Shard.local_shard_size_and_offset(
            total, self._mesh.size(i), self._mesh.get_local_rank(i)
        )

        names = LOSSES[self._name.removeprefix("linear_")].names

        def check() -> None:
            if (count := given[name].size(dim)) != size:
                raise ValueError(
                    f"{self._name}: {names.get(name, name)} must be sharded as torch.chunk does, "
                    f"{size} classes on this rank, got {count}; see "
                    "lossops.distributed.class_sharded for other shards"
                )

        def describe() -> tuple[str, Numbers]:
            check()
            target, rows = given["target"], list(given["input"].shape)
            rows.pop(class_axis(given))
            numbers = {"classes": total, "rows": math.prod(rows)}
            if not target.is_floating_point():
                numbers[f"checksum of {names['target']}"] = checksum(target)
            return in_words(given), numbers

        if self._asks():
            agree(ranks, self._name, describe)
        else:
            check()
        if ranks.size == 1:
            return cast(Tensor, self._op(*given.values()))
        return evaluate(self._name, given, Part(min(int(first), total), size, total, ranks))

    def _asks(self) -> bool:
        """Whether ranks that share classes tell each other of the call.

        As gloo ends a process whose tensors disagree; to ask a GPU would be to wait for it.
        """
        traced = torch.compiler.is_compiling() or is_fake(self._given["input"])
        return CLASSES in self._keys and self._mesh.device_type == "cpu" and not traced

    def _refuse(self, refusal: Exception) -> None:
        def describe() -> tuple[str, Numbers]:
            raise refusal

        if self._asks():
            agree(self._ranks(self._keys.index(CLASSES)), self._name, describe)
        raise refusal

    def _ranks(self, i: int) -> Ranks:
        return Ranks.of(self._mesh.get_group(i))

    def _local(self, name: str, t: Tensor) -> Tensor:
        """This rank's part of a tensor, as the call shards it."""
        dims = self._layout.dims.get(name, ())
        placements: list[Placement] = []
        gradient: list[Placement] = []
        for key in self._keys:
            shards = key is not None and key in dims
            placements.append(Shard(dims.index(key)) if shards else Replicate())
            partial = isinstance(key, int) and not shards
            gradient.append(Partial() if partial else placements[-1])
        if not isinstance(t, DTensor):
            replicated: list[Placement] = [Replicate()] * self._mesh.ndim
            if placements == replicated and gradient == replicated:
                return t
            t = DTensor.from_local(t, self._mesh, replicated, run_check=False)
        moved = t.redistribute(self._mesh, placements)
        return moved.to_local(grad_placements=gradient)

    def _divide(self, given: dict[str, Any], rows: list[Ranks]) -> None:
        """Makes the reduction one of sums, divided by a number for all ranks."""
        if given["reduction"] == SUM or given["normalizer"] is not None:
            given["reduction"] = MEAN if given["normalizer"] is not None else SUM
            return
        count = self._count(given, rows)
        if given["reduction"] == BATCH_MEAN:
            count = self._layout.shape[0] if self._layout.shape else 1
        if not isinstance(count, Tensor):
            device = torch.device(self._mesh.device_type)
            count = torch.full((), count, dtype=widest_float(device), device=device)
        given["reduction"], given["normalizer"] = MEAN, count

    def _count(self, given: Mapping[str, Any], rows: list[Ranks]) -> Tensor | float:
        """What the mean divides by: elements or rows that count, or their weights."""
        layout, weight = self._layout, given["weight"]
        target, ignore_index = given.get("labels", given.get("target")), given["ignore_index"]
        here: Tensor | None = None
        labels = target is not None and not target.is_floating_point()
        if issubclass(layout.module, WeightedMeanLoss) and weight is not None:
            here = weight.expand(self._elements(given)).sum(dtype=widest_float(weight.device))
        elif issubclass(layout.module, LabelLoss) and labels and weight is not None:
            here = _weight_of(target, weight, ignore_index)
        elif ignore_index is not None and (labels or not issubclass(layout.module, LabelLoss)):
            kept = equals(target, ignore_index).logical_not()
            shape = kept.shape if labels else self._elements(given)
            here = kept.expand(shape).sum(dtype=widest_float(kept.device))
        if here is None:
            return math.prod(layout.shape)
        if issubclass(layout.module, SampleLoss):
            here = here / self._elements(given)[-1]
        for ranks in rows:
            here = ranks.share(ranks.sum(here))
        return here

    def _elements(self, given: Mapping[str, Any]) -> torch.Size:
        """The shape of what this rank has of the elements."""
        names = [name for name in self._layout.dims if name != "weight"]
        return _broadcast(given[name] for name in names)


def _broadcast(tensors: Iterable[Tensor]) -> torch.Size:
    shapes = (t.shape for t in tensors)
    return torch.Size(torch.broadcast_shapes(*shapes))  # type: ignore[no-untyped-call]


def _weight_of(labels: Tensor, weight: Tensor, ignore_index: int | None) -> Tensor:
    """The sum of the labels' weights, a function of these even where there are no labels."""
    rows = labels.reshape(-1)
    if rows.numel() == 0:
        return weight[:0].sum(dtype=widest_float(weight.device))
    none = torch.zeros((), dtype=widest_float(weight.device), device=weight.device)
    logs = (none - 1).expand(rows.numel(), weight.numel())
    found = torch.ops.lossops.nll(logs, rows, weight, ignore_index, None, SUM)
    return cast(Tensor, found)


def _mesh(op: str, tensors: Mapping[str, Tensor]) -> DeviceMesh:
    meshes = {t.device_mesh for t in tensors.values() if isinstance(t, DTensor)}
    if len(meshes) > 1:
        raise ValueError(f"{op}: all DTensors must be on one mesh, got {len(meshes)}")
    return meshes.pop()


# -- how dimensions belong together ---


def _layout(space: str, op: str, given: dict[str, Any], tensors: dict[str, Tensor]) -> _Layout:
    """That of a call; with no dimensions that may be sharded if the loss needs the whole batch."""
    if space == "lossops" and op.removeprefix("linear_") in LOSSES:
        return _of_classes(op, given, tensors)
    module = _MODULES.get(op.replace("_", "")) if space == "lossops" else None
    if space.startswith("lossops_"):
        module = Loss  # of lossops.define
    if module is None:
        return _Layout()
    if issubclass(module, VectorLoss):
        return _of_vectors(module, tensors)
    by_element = issubclass(module, (WeightedMeanLoss, SampleLoss, LevelsLoss))
    if by_element or module.denominator is Loss.denominator:
        return _of_elements(module, space, op, given, tensors)
    return _Layout()


def _of_elements(
    module: type[Loss], space: str, op: str, given: dict[str, Any], tensors: dict[str, Tensor]
) -> _Layout:
    operands = {n: t for n, t in tensors.items() if n != "normalizer"}
    input = given[next(iter(operands))]
    # A variance by row, or a target that has no levels, lacks the last dimension.
    rows = {n for n, t in operands.items() if n == "var" or (op == "quantile" and n == "target")
            if t.dim() == input.dim() - 1 and t.shape == input.shape[:-1]}  # fmt: skip
    try:
        shape = _broadcast(t for n, t in operands.items() if n not in rows)
        found = _unreduced(space, op, given).shape
    except (RuntimeError, ValueError, IndexError):
        return _Layout()  # which the operator says in its words
    averaged = issubclass(module, SampleLoss)
    if found != (shape[:-1] if averaged else shape):
        return _Layout()
    dims: dict[str, tuple[Dim, ...]] = {}
    for name, t in operands.items():
        first = 0 if name in rows else len(shape) - t.dim()
        if name == "weight" and averaged and t.dim() < len(shape):
            first = len(shape) - 1 - t.dim()
        dims[name] = tuple(
            i + first if size == shape[i + first] and not (averaged and i + first == len(shape) - 1)
            else None
            for i, size in enumerate(t.shape)
        )  # fmt: skip
    return _Layout(dims, shape[:-1] if averaged else tuple(shape), module)


def _unreduced(space: str, op: str, given: dict[str, Any]) -> Tensor:
    """What the operator gives for such tensors, without data."""
    meta = {name: on_meta(value) for name, value in given.items()}
    meta |= {"reduction": NONE, "normalizer": None}
    return cast(Tensor, getattr(getattr(torch.ops, space), op)(*meta.values()))


def _of_vectors(module: type[Loss], tensors: dict[str, Tensor]) -> _Layout:
    """Of vectors along the last dimension; the others may be sharded where all have them."""
    operands = {n: t for n, t in tensors.items() if n != "normalizer"}
    shape = next(iter(operands.values())).shape[:-1]
    if any(t.shape[: len(shape)] != shape for t in operands.values()):
        return _Layout()
    dims: dict[str, tuple[Dim, ...]] = {
        n: (*range(len(shape)), *[None] * (t.dim() - len(shape))) for n, t in operands.items()
    }
    return _Layout(dims, tuple(shape), module)


_OF_LAYERS = ("linear_weight", "linear_bias", "target_weight", "target_bias")


def _of_classes(op: str, given: dict[str, Any], tensors: dict[str, Tensor]) -> _Layout:
    """Rows of logits, or of features beside a layer's classes."""
    linear, base = "linear_weight" in given, op.removeprefix("linear_")
    input, loss = given["input"], LOSSES[base]
    two = loss.sides == 2
    axis = given.get("dim", 1 if input.dim() > 1 and not two else -1) % max(input.dim(), 1)
    axis = input.dim() - 1 if linear else axis
    shape = tuple(size for i, size in enumerate(input.shape) if i != axis)
    rows: tuple[Dim, ...] = tuple(range(len(shape)))
    whole = (*rows[:axis], None if linear else CLASSES, *rows[axis:])
    dims: dict[str, tuple[Dim, ...]] = {}
    for name, t in tensors.items():
        if name == "input" or name in loss.by_entry or (name == "target" and two):
            dims[name] = whole
        elif name in ("target", "labels"):
            soft = t.is_floating_point()
            at = CLASSES if soft else None
            dims[name] = (*rows[:axis], at, *rows[axis:]) if soft or loss.lists else rows
        elif name in _OF_LAYERS:
            dims[name] = (CLASSES, None)[: t.dim()]
        elif name == "weight" and loss.weighs_rows and t.shape == shape:
            dims[name] = rows
    classes = given["linear_weight"].size(0) if linear else input.size(axis)
    module = DivergenceLoss if two else LabelLoss if loss.mean_over_weight else Loss
    try:
        refusal = None
        _unreduced("lossops", op, given)
    except (RuntimeError, ValueError, IndexError) as error:
        refusal = error
        dims = {n: d for n, d in dims.items() if len(d) == tensors[n].dim()}
    return _Layout(dims, shape, module, classes, refusal)


# -- penalties ---


class _Plain(torch.autograd.Function):
    """A plain tensor, the same on all ranks, whose gradient may come as a DTensor."""

    @staticmethod
    def forward(ctx: Any, t: Tensor) -> Tensor:  # noqa: ANN401, ARG004
        return t.view_as(t)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:  # noqa: ANN401, ARG004
        return grads[0].full_tensor() if isinstance(grads[0], DTensor) else grads[0]


def _penalty(params: list[Tensor], l1: float, l2: float) -> Tensor:
    """Of the parts that each rank has, added up over the ranks that have different ones.

    A plain tensor, to be added to the loss of this rank's samples: a DTensor would make one of the
    sum, and of the gradient that a model's own plain tensors get.
    """
    groups: dict[tuple[DeviceMesh | None, tuple[int, ...]], list[Tensor]] = {}
    for p in params:
        if not isinstance(p, DTensor):
            groups.setdefault((None, ()), []).append(p)
            continue
        whole = [Replicate() if x.is_partial() else x for x in p.placements]
        sharded = tuple(i for i, x in enumerate(whole) if not x.is_replicate())
        local = p.redistribute(p.device_mesh, whole).to_local()
        groups.setdefault((p.device_mesh, sharded), []).append(local)
    total: Tensor | None = None
    for (mesh, sharded), parts in groups.items():
        part = torch.ops.lossops.elastic_net_penalty(parts, l1, l2)
        for dim in sharded:
            part = Ranks.of(cast(DeviceMesh, mesh).get_group(dim)).sum(part)
        total = part if total is None else total + part
    return cast(Tensor, _Plain.apply(total))  # type: ignore[no-untyped-call]


def _wrapped(
    t: Tensor, mesh: DeviceMesh, placements: list[Placement], shape: tuple[int, ...] | None = None
) -> DTensor:
    if shape is None:
        return DTensor.from_local(t, mesh, placements, run_check=False)
    stride = torch.empty(shape, device="meta").stride()
    return DTensor.from_local(
        t, mesh, placements, run_check=False, shape=torch.Size(shape), stride=stride
    )


# -- calls that autograd does not see ---


def _handle(op: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> Tensor:  # noqa: ANN401
    """As DTensor calls what handles an operator itself, under inference mode."""
    rest = op._schema.arguments[len(args) :]
    return call(op.name(), (*args, *(keywords.get(a.name, a.default_value) for a in rest)))


def _losses() -> Iterator[Any]:
    for name in torch._C._dispatch_get_all_op_names():
        space, _, op = name.partition("::")
        if space == "lossops" and not op.startswith("_") and "." not in op:
            yield getattr(torch.ops.lossops, op).default


def serve(op: Any) -> None:  # noqa: ANN401
    """Have DTensor call this for the operator."""
    DTensor._op_dispatcher._custom_op_handlers[op] = _handle  # type: ignore[assignment]


for _op in _losses():
    serve(_op)
