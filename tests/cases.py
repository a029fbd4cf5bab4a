"""A case is a row of the table with operands drawn for it, callable in every way that counts."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

import lossops
from tests.losses import SHAPE, Loss

REDUCTION_CODE = {"none": 0, "mean": 1, "sum": 2, "batchmean": 3}
# Words, by what the operators take for them.
WORDS: dict[str, tuple[str | None, ...]] = {
    "activation": (None, "sigmoid", "softmax"),
    "absent": ("smooth", "skip"),
    "class_weighting": ("square", "simple", "uniform"),
    "loss_type": (
        "sigmoid",
        "hinge",
        "ipo",
        "robust",
        "exo_pair",
        "nca_pair",
        "bco_pair",
        "sppo_hard",
        "apo_zero",
        "apo_down",
        "discopop",
        "sigmoid_norm",
    ),  # fmt: skip
    "format": ("xyxy", "xywh", "cxcywh"),
    "mode": ("linear", "log", "square"),
}
IGNORED = -100
COMMON = ("weight", "normalizer")


@dataclass(frozen=True)
class Case:
    """One call of one loss. `tensors` holds the operands, tensor parameters, weight, normalizer."""

    loss: Loss
    tensors: dict[str, Tensor]
    params: dict[str, Any]
    reduction: str = "mean"
    ignore_index: int | None = None

    def __str__(self) -> str:
        shapes = {name: tuple(t.shape) for name, t in self.tensors.items()}
        return f"{self.loss.op}({self.params}, {shapes}, {self.reduction}, {self.ignore_index})"

    # -- the ways to call it ------------------------------------------------------------------

    def keywords(self, **override: Any) -> dict[str, Any]:
        common: dict[str, Any] = {"reduction": self.reduction}
        if self.ignore_index is not None:
            common["ignore_index"] = self.ignore_index
        return {**self.tensors, **self.params, **common, **override}

    def ours(self, **override: Any) -> Tensor:
        """lossops.functional, by keyword."""
        return getattr(lossops.functional, self.loss.function)(**self.keywords(**override))

    def op(self, **override: Any) -> Tensor:
        """torch.ops.lossops, by keyword."""
        keywords = coded(self.keywords(**override))
        return getattr(torch.ops.lossops, self.loss.op)(**keywords)

    def op_args(self) -> tuple[Any, ...]:
        """The positional arguments of the op, in the order of its schema."""
        keywords = coded(self.keywords())
        schema = getattr(torch.ops.lossops, self.loss.op).default._schema
        return tuple(
            keywords[a.name] if a.name in keywords else a.default_value for a in schema.arguments
        )

    def module(self, **override: Any) -> torch.nn.Module:
        """The module, constructed with everything that its constructor takes."""
        kind = getattr(lossops.nn, self.loss.module)
        accepted = inspect.signature(kind).parameters
        keywords = self.keywords(**override)
        return kind(**{k: v for k, v in keywords.items() if k in accepted})

    def module_args(self, module: torch.nn.Module) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What is left for forward: the operands by position, the rest by keyword."""
        accepted = inspect.signature(type(module)).parameters
        rest = {
            name: t
            for name, t in self.tensors.items()
            if name not in accepted and name not in self.loss.operands
        }
        return tuple(self.tensors[name] for name in self.loss.operands), rest

    def scripted(self, **override: Any) -> Tensor:
        """The scripted module."""
        case = replace(self, tensors={**self.tensors, **override})
        module = case.module()
        args, rest = case.module_args(module)
        return torch.jit.script(module)(*args, **rest)

    def expected(self, dtype: torch.dtype | None = None, **override: Any) -> Tensor:
        """The reference, in `dtype` when given."""
        tensors = {k: v for k, v in {**self.tensors, **override}.items() if v is not None}
        if dtype is not None:
            tensors = {n: t if n in self.loss.labels else t.to(dtype) for n, t in tensors.items()}
        common = {name: tensors.pop(name, None) for name in COMMON}
        keep = None
        if self.ignore_index is not None and self.loss.label in tensors:
            keep, tensors = self._without_ignored(tensors)
        return self.loss.family.expected(self, tensors, keep, **common)

    def _without_ignored(
        self, tensors: dict[str, Tensor]
    ) -> tuple[Tensor | None, dict[str, Tensor]]:
        """What counts, and operands without anything improper where it does not."""
        label = self.loss.label
        if not self.loss.ignore:
            return None, tensors
        keep = tensors[label] != self.ignore_index
        valid = {label: 0 if label in self.loss.labels else 1.0}
        return keep, {
            name: torch.where(self.along(keep, t), t, valid.get(name, 0.5))
            if name in (label, *self.loss.operands)
            else t
            for name, t in tensors.items()
        }

    def along(self, labels: Tensor, t: Tensor) -> Tensor:
        """What there is one of for each label, for each number of `t`."""
        return self.loss.family.spread(labels, t)

    def loss_terms(self, **override: Any) -> Tensor:
        """The reference before weights and reduction."""
        names = [n for n in self.tensors if n not in COMMON]
        return self.loss.formula(**{n: {**self.tensors, **override}[n] for n in names},
                                 **self.params)  # fmt: skip

    # -- variations ---------------------------------------------------------------------------

    def to(self, *args: Any) -> "Case":
        """Tensor.to for every tensor; labels keep their dtype."""
        elsewhere = [arg for arg in args if not isinstance(arg, torch.dtype)]

        def move(name: str, t: Tensor) -> Tensor:
            if name not in self.loss.labels:
                return t.to(*args)
            return t.to(*elsewhere) if elsewhere else t

        return self.map(move)

    def map(self, change: Callable[[str, Tensor], Tensor]) -> "Case":
        return replace(self, tensors={name: change(name, t) for name, t in self.tensors.items()})

    def but(self, **changes: Any) -> "Case":
        """A copy with fields of the case, or tensors by name, replaced."""
        fields = {k: changes.pop(k) for k in ("reduction", "params", "ignore_index", "loss")
                  if k in changes}  # fmt: skip
        return replace(self, tensors={**self.tensors, **changes}, **fields)

    @property
    def differentiable(self) -> tuple[str, ...]:
        """Every tensor of this case that has a gradient."""
        others = (*self.loss.operands, *self.loss.labels)
        return (*self.loss.differentiable, *(n for n in self.tensors if n not in others))

    @property
    def smooth(self) -> tuple[str, ...]:
        """Those of them whose gradient finite differences show."""
        return tuple(name for name in self.differentiable if name not in self.loss.jumps)

    @property
    def ignored(self) -> Tensor:
        """Where the label is the ignored one: for each row, or element."""
        return self.tensors[self.loss.label] == self.ignore_index

    def leaves(self, names: Sequence[str] | None = None) -> tuple[Tensor, ...]:
        """Fresh leaves that require a gradient, for `names` or all that are differentiable."""
        names = self.differentiable if names is None else names
        return tuple(self.tensors[name].detach().clone().requires_grad_() for name in names)

    def over(
        self, names: Sequence[str], call: Callable[..., Tensor] | None = None
    ) -> Callable[..., Tensor]:
        """The case as a function of the named tensors, by position."""
        function = self.ours if call is None else call
        return lambda *tensors: function(**dict(zip(names, tensors, strict=True)))

    def gradients(
        self,
        call: Callable[..., Tensor] | None = None,
        names: Sequence[str] | None = None,
        upstream: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        """First-order gradients of the case, or of another way to call it."""
        names = self.differentiable if names is None else names
        leaves = self.leaves(names)
        loss = self.over(names, call)(*leaves)
        return torch.autograd.grad(loss, leaves, torch.ones_like(loss) if upstream is None
                                   else upstream)  # fmt: skip


def coded(keywords: dict[str, Any]) -> dict[str, Any]:
    """Arguments of a function as its operator takes them."""
    codes = {name: WORDS[name].index(v) for name, v in keywords.items() if name in WORDS}
    return {**keywords, **codes, "reduction": REDUCTION_CODE[keywords["reduction"]]}


def make_case(
    loss: Loss,
    params: dict[str, Any] | None = None,
    shape: tuple[int, ...] = SHAPE,
    *,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str | None = None,
    reduction: str = "mean",
    weight: str | None = None,
    ignore: bool = False,
    normalizer: bool = False,
    on_kinks: bool = False,
    seed: int = 0,
) -> Case:
    """Draw a case. `weight` is None, "full" or "row"; the draw depends on neither dtype nor device.

    Without a device it lies on the default one.
    """
    with torch.device("cpu"):
        case = draw_case(loss, params, shape, reduction, weight, ignore, normalizer, on_kinks, seed)
    return case.to(torch.get_default_device() if device is None else device, dtype)


def draw_case(
    loss: Loss,
    params: dict[str, Any] | None,
    shape: tuple[int, ...],
    reduction: str,
    weight: str | None,
    ignore: bool,
    normalizer: bool,
    on_kinks: bool,
    seed: int,
) -> Case:
    params = dict(loss.params[0] if params is None else params)
    loss = loss.under(params)
    family = loss.family
    shape = family.fit(shape)
    generator = torch.Generator().manual_seed(seed)
    draw = family.draw(generator, shape, params, loss.kinks(params), on_kinks)
    tensors = dict(zip(loss.operands, loss.make(draw), strict=True))
    params.pop("probabilities", None)
    for name in loss.tensor_params:
        if name in params:
            tensors[name] = draw.parameter(params.pop(name))
    if ignore and loss.ignore:
        dropped = torch.rand(family.label_shape(shape), generator=generator) < 0.3
        dropped.view(-1)[:1] = True  # at least one,
        if dropped.dim():
            dropped[..., -1:] = False  # but never a whole row
        else:
            dropped.zero_()
        label = tensors[loss.label] if loss.label in tensors else draw.labels()
        tensors[loss.label] = torch.where(dropped, IGNORED, label)
    if weight is not None:
        size = family.weight_shape(shape)
        size = size if weight == "full" else size[-1:]
        tensors["weight"] = 0.5 + torch.rand(size, generator=generator, dtype=torch.float64)
    if normalizer:
        tensors["normalizer"] = torch.tensor(2.5, dtype=torch.float64)
    return Case(loss, tensors, params, reduction, IGNORED if ignore else None)


def baseline_call(case: Case) -> Callable[..., Tensor] | None:
    """torch.nn.functional on this case, or None where it lacks an argument in use."""
    baseline = case.loss.baseline
    if baseline is None:
        return None
    accepted = inspect.signature(baseline).parameters
    if case.ignore_index is not None and "ignore_index" not in accepted:
        return None
    if any(name not in accepted for name in (*case.tensors, *case.params)):
        return None
    return lambda **override: baseline(**case.keywords(**override))
