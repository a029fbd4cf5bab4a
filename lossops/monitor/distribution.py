"""How the losses of samples are distributed: over all, by class, and which are the hardest."""

import copy
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from .._dtypes import widest_float
from .._labels import label_tensor
from .._op import integer
from .._ranks import device_for, gather_from_ranks, sum_over_ranks
from ..nn import FocalLoss, SoftmaxFocalLoss
from .meter import own
from .report import BINS, HardSample, LossReport, LossSpread, bin_of

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup

Losses = Callable[..., Tensor]


class LossDistribution:
    """Histograms, quantiles and hardest samples of a loss, from one pass over the data.

    The loss is computed without reduction and without the weights that rebalance classes
    (``weight``, ``pos_weight``, the ``alpha`` of focal losses): with them, a histogram would show
    the weights. Costs and priors, which are part of what a loss means, stay. Elements that
    ``ignore_index`` leaves out are left out here: a loss that has one, and costs 0
    somewhere, is asked again with NaN for its first operand; what still costs 0 it leaves out.

    Memory does not grow with the data: a loss falls into one of 4097 bins whose edges are 2.2 %
    apart, from 2^-32 to 2^32 on both sides of 0, which takes 33 KB per class. Means, standard
    deviations, minima and maxima are those of the losses, quantiles are to within a bin. A loss may
    have many elements per sample, such as pixels: classes count elements, samples their mean.

    Args:
        loss: A module with a ``reduction``, of lossops.nn or torch.nn, of which a copy is made; or
            a function that returns losses per sample, or element.
        num_classes: The number of classes to tell apart, None for none.
        hardest: How many of the samples with the largest losses to keep, >= 0.

    Raises:
        TypeError: ``loss`` is a module without a ``reduction``, or a number is no integer.
        ValueError: ``num_classes`` or ``hardest`` is out of range.

    Example:
        >>> import torch, lossops
        >>> from lossops.monitor import LossDistribution
        >>> loss = lossops.nn.CrossEntropyLoss(weight=torch.tensor([1.0, 9.0]))
        >>> distribution = LossDistribution(loss, num_classes=2, hardest=1)
        >>> scores = torch.tensor([[2.0, 0.0], [0.0, 0.0], [3.0, 0.0]])
        >>> distribution.update(scores, torch.tensor([0, 0, 1]))
        >>> report = distribution.compute()
        >>> print(report)
               count      mean    median      95 %       max
        all        3      1.29       0.7      3.04      3.05
        0          2      0.41     0.128     0.693     0.693
        1          1      3.05      3.05      3.05      3.05
        >>> report.hardest
        (HardSample(index=2, loss=3.04858..., label=1),)
    """

    def __init__(
        self, loss: nn.Module | Losses, num_classes: int | None = None, hardest: int = 16
    ) -> None:
        num_classes = integer("LossDistribution", "num_classes", num_classes, optional=True)
        hardest = integer("LossDistribution", "hardest", hardest)
        if num_classes is not None and num_classes < 1:
            raise ValueError(f"LossDistribution: num_classes must be >= 1, got {num_classes}")
        if hardest < 0:
            raise ValueError(f"LossDistribution: hardest must be >= 0, got {hardest}")
        self.loss = unweighted(loss) if isinstance(loss, nn.Module) else loss
        self.num_classes = num_classes
        self.keep = hardest
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._groups: list[_Groups] = []  # of samples; of elements by class
        self._hardest: _Ranking | None = None
        self._seen = 0

    @torch.no_grad()
    def update(
        self,
        *operands: Tensor,
        labels: Tensor | Sequence[int] | None = None,
        index: Tensor | Sequence[int] | None = None,
    ) -> None:
        """Take a batch in.

        Args:
            operands: What the loss is called with: the input, the target and so on. Samples go
                along the first dimension.
            labels: The class of each loss, or of each sample; None takes the first operand after
                the input that holds an integer for each loss.
            index: A number per sample to name it by, such as its place in the data set; None counts
                the samples of this rank, which means little where a sampler shuffles them, and
                names several samples alike where there are several ranks.

        Raises:
            ValueError: The loss does not come per sample, or labels or index do not fit it.
            TypeError: Labels or index are no integers.
            IndexError: A label is not below ``num_classes``.
        """
        losses = self.loss(*operands).detach()
        if losses.dim() == 0:
            raise ValueError("LossDistribution: loss must return a loss per sample, got a number")
        losses = losses.to(widest_float(losses.device))
        counted = self._counted(operands, losses)
        classes = self._classes(labels, operands, losses, counted)
        names = self._names(index, losses)
        if not self._groups:
            self._groups = self._no_groups(losses)

        number = counted.flatten(1).sum(1) if losses.dim() > 1 else counted.long()
        sums = losses.where(counted, 0).flatten(1).sum(1) if losses.dim() > 1 else losses
        samples, has_any = sums / number, number > 0
        self._groups[0].add(samples[has_any], torch.zeros_like(number)[has_any])
        if classes is not None:
            self._groups[1].add(losses[counted], classes[counted])
        label = (
            classes if classes is not None and classes.dim() == 1 else torch.full_like(names, -1)
        )
        new = _Ranking(samples[has_any], torch.stack([names, label])[:, has_any])
        earlier = [] if self._hardest is None else [self._hardest]
        self._hardest = _hardest([*earlier, new], self.keep)
        self._seen += samples.numel()

    def _counted(self, operands: tuple[Tensor, ...], losses: Tensor) -> Tensor:
        """Which losses are none of what ``ignore_index`` leaves out."""
        if getattr(self.loss, "ignore_index", None) is None:
            return torch.ones_like(losses, dtype=torch.bool)
        costly = losses != 0
        if costly.all():
            return costly
        input, *others = operands
        broken = self.loss(input.new_full((), math.nan).expand_as(input), *others)
        return costly | broken.isnan()

    def _classes(
        self,
        labels: Tensor | Sequence[int] | None,
        operands: tuple[Tensor, ...],
        losses: Tensor,
        counted: Tensor,
    ) -> Tensor | None:
        """The class of each loss, in the shape of the losses."""
        if self.num_classes is None:
            return None
        if labels is None:
            fit = (t for t in operands[1:] if not t.is_floating_point() and t.shape == losses.shape)
            labels = next(fit, None)
        if labels is None:
            raise ValueError(
                "LossDistribution: num_classes needs an integer per loss, and no operand holds "
                "them: pass labels="
            )
        labels = _integers("labels", labels, losses.device)
        if labels.shape == losses.shape[:1]:
            labels = labels.view(-1, *[1] * (losses.dim() - 1)).expand_as(losses)
        if labels.shape != losses.shape:
            raise ValueError(
                f"LossDistribution: labels must have the shape of the losses {tuple(losses.shape)},"
                f" or one per sample, got {tuple(labels.shape)}"
            )
        wrong = counted & ((labels < 0) | (labels >= self.num_classes))
        if wrong.any():
            raise IndexError(
                f"LossDistribution: labels must be in [0, {self.num_classes}), got "
                f"{labels[wrong][0].item()}"
            )
        return labels

    def _names(self, index: Tensor | Sequence[int] | None, losses: Tensor) -> Tensor:
        """A number for each sample."""
        if index is None:
            index = torch.arange(self._seen, self._seen + losses.size(0))
        names = _integers("index", index, losses.device)
        if names.shape != losses.shape[:1]:
            raise ValueError(
                f"LossDistribution: index must hold a number per sample, {losses.size(0)}, got "
                f"shape {tuple(names.shape)}"
            )
        return names

    def compute(self, group: "ProcessGroup | None" = None) -> LossReport:
        """What was seen since the last :meth:`reset`; over all ranks of torch.distributed.

        All ranks of the group have to call this; one that saw no data adds nothing.

        Args:
            group: The process group, None for the default one.

        Raises:
            RuntimeError: There was no :meth:`update` on any rank.
        """
        nothing = torch.empty(0, dtype=torch.float64)
        mine = self._hardest or _Ranking(nothing, nothing.new_empty(2, 0, dtype=torch.int64))
        device = device_for(mine.losses.device, group)
        updated = torch.tensor(int(self._hardest is not None), device=device)
        if not sum_over_ranks(updated, group):
            raise RuntimeError("LossDistribution.compute: there was no update yet")
        spreads = [s.spreads(device, group) for s in self._groups or self._no_groups(nothing)]
        missing = self.keep - mine.losses.numel()
        losses = nn.functional.pad(mine.losses, (0, missing)).to(device)
        names = nn.functional.pad(mine.names, (0, missing), value=-2).to(device)
        everyone = [
            _Ranking(a[b[1] > -2].cpu(), b[:, b[1] > -2].cpu())
            for a, b in zip(
                gather_from_ranks(losses, group), gather_from_ranks(names, group), strict=True
            )
        ]
        found = _hardest(everyone, self.keep)
        return LossReport(
            samples=spreads[0][0],
            classes=tuple(spreads[1]) if len(spreads) > 1 else (),
            hardest=tuple(
                HardSample(name, loss, None if label < 0 else label)
                for loss, (name, label) in zip(
                    found.losses.tolist(), found.names.T.tolist(), strict=True
                )
            ),
        )

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on: numbers, and tensors or None; the loss is no part of it."""
        ranking = self._hardest
        return {
            "num_classes": self.num_classes,
            "hardest": self.keep,
            "seen": self._seen,
            "groups": [group.state_dict() for group in self._groups],
            "losses": None if ranking is None else own(ranking.losses),
            "names": None if ranking is None else own(ranking.names),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from where another distribution of the same settings was.

        Args:
            state: What its :meth:`state_dict` gave.

        Raises:
            ValueError: ``num_classes`` or ``hardest`` differ.
        """
        for name, mine in (("num_classes", self.num_classes), ("hardest", self.keep)):
            if state[name] != mine:
                raise ValueError(
                    f"LossDistribution: {name} of the state is {state[name]}, of the distribution "
                    f"{mine}"
                )
        self._seen = state["seen"]
        self._groups = [_Groups.of_state(group) for group in state["groups"]]
        losses, names = own(state["losses"]), own(state["names"])
        self._hardest = None if losses is None or names is None else _Ranking(losses, names)

    def _no_groups(self, like: Tensor) -> "list[_Groups]":
        rows = [1] if self.num_classes is None else [1, self.num_classes]
        return [_Groups(n, like) for n in rows]


def _integers(name: str, values: object, device: torch.device) -> Tensor:
    if isinstance(values, range):
        values = list(values)
    t = label_tensor("LossDistribution", values, name, name)
    if t.is_floating_point() or t.is_complex():
        raise TypeError(f"LossDistribution: {name} must be integers, got {t.dtype}")
    return t.detach().to(device, torch.int64)


def unweighted(loss: nn.Module) -> nn.Module:
    """A copy of the loss without reduction, and without what rebalances classes."""
    if not hasattr(loss, "reduction"):
        raise TypeError(
            f"LossDistribution: loss must have a reduction, got {type(loss).__name__}; a function "
            "that returns losses per sample will do as well"
        )
    if isinstance(loss, torch.jit.ScriptModule):
        raise TypeError(
            "LossDistribution: loss must be a module as it was before torch.jit.script, got a "
            f"scripted {loss.original_name}: its reduction is compiled in"
        )
    plain: Any = copy.deepcopy(loss)
    plain.reduction = "none"
    for name in ("weight", "pos_weight"):
        if getattr(plain, name, None) is not None:
            setattr(plain, name, None)
    if isinstance(plain, (FocalLoss, SoftmaxFocalLoss)):
        plain.alpha = None
    plain.eval()
    return cast(nn.Module, plain)


class _Ranking(NamedTuple):
    """Losses of samples, and (2, n) numbers: index, and label, -1 for none or -2 for no sample."""

    losses: Tensor
    names: Tensor


def _hardest(rankings: list[_Ranking], k: int) -> _Ranking:
    """The k samples with the largest losses, in descending order."""
    device = rankings[-1].losses.device
    losses = torch.cat([ranking.losses.to(device) for ranking in rankings])
    names = torch.cat([ranking.names.to(device) for ranking in rankings], 1)
    order = torch.topk(losses, min(k, losses.numel())).indices
    return _Ranking(losses[order], names[:, order])


class _Moments(NamedTuple):
    """Of the losses of each group: how many, their mean, and their squared distances from it.

    Reference:
        T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm for
        computing sample variances", 1979.
    """

    n: Tensor
    mean: Tensor
    squares: Tensor

    @classmethod
    def of(cls, losses: Tensor, group: Tensor, like: Tensor) -> "_Moments":
        """Of losses, each with the group that it belongs to; like: zeros, one per group."""
        count = like.scatter_add(0, group, torch.ones_like(losses))
        mean = like.scatter_add(0, group, losses) / count.clamp_min(1)
        return cls(count, mean, like.scatter_add(0, group, (losses - mean[group]).square()))

    def merge(self, other: "_Moments") -> "_Moments":
        """Of the losses of both."""
        count = self.n + other.n
        share = other.n / count.clamp_min(1)
        step = other.mean - self.mean
        between = step * (step * (self.n * share))  # 0 for no losses, however large the step
        return _Moments(count, self.mean + step * share, self.squares + other.squares + between)


class _Groups:
    """Counts and moments of losses for each of several groups."""

    def __init__(self, groups: int, like: Tensor) -> None:
        with torch.inference_mode(False):  # usable outside, if first used within
            # Losses in each bin, then those that are NaN, and infinite.
            self.counts = torch.zeros(groups, BINS + 2, dtype=torch.int64, device=like.device)
            self.zero = like.new_zeros(groups)
        self.moments = _Moments(self.zero, self.zero, self.zero)
        self.low, self.high = self.zero + torch.inf, self.zero - torch.inf

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, counts=own(state["counts"]))

    def state_dict(self) -> dict[str, Tensor]:
        """Its tensors."""
        return {
            "counts": own(self.counts),
            "moments": torch.stack([*self.moments]),
            "range": torch.stack([self.low, self.high]),
        }

    @classmethod
    def of_state(cls, state: dict[str, Tensor]) -> "_Groups":
        """As it was when it gave the state."""
        groups = cls(state["counts"].size(0), state["range"])
        groups.counts = own(state["counts"])
        groups.moments = _Moments(*own(state["moments"]))
        groups.low, groups.high = own(state["range"])
        return groups

    def move_to(self, device: torch.device) -> None:
        """Be where the losses are: what was loaded may be elsewhere."""
        with torch.inference_mode(False):
            self.counts, self.zero = self.counts.to(device), self.zero.to(device)
        self.moments = _Moments(*(t.to(device) for t in self.moments))
        self.low, self.high = self.low.to(device), self.high.to(device)

    def add(self, losses: Tensor, group: Tensor) -> None:
        """Take losses in, each with the group that it belongs to."""
        if self.counts.device != losses.device:
            self.move_to(losses.device)
        finite = losses.isfinite()
        broken = torch.where(losses.isnan(), BINS, BINS + 1)
        place = torch.where(finite, bin_of(losses.where(finite, 0)), broken)
        place += group * self.counts.size(1)
        self.counts.view(-1).scatter_add_(0, place, torch.ones_like(place))
        losses, group = losses[finite], group[finite]
        self.moments = self.moments.merge(_Moments.of(losses, group, self.zero))
        self.low = self.low.scatter_reduce(0, group, losses, "amin")
        self.high = self.high.scatter_reduce(0, group, losses, "amax")

    def spreads(self, device: str, group: "ProcessGroup | None") -> list[LossSpread]:
        """A spread per group, over all ranks."""
        counts = sum_over_ranks(self.counts.to(device, copy=True), group).cpu()
        columns = torch.stack([*self.moments, self.low, self.high]).to(device)
        everyone = [part.cpu() for part in gather_from_ranks(columns, group)]
        moments, low, high = _Moments(*everyone[0][:3]), everyone[0][3], everyone[0][4]
        for part in everyone[1:]:
            moments = moments.merge(_Moments(*part[:3]))
            low, high = low.minimum(part[3]), high.maximum(part[4])
        variance = moments.squares / moments.n
        summary = torch.stack([moments.mean, variance, low, high], 1)
        return [
            LossSpread.of(row[:BINS], row[BINS:].tolist(), column)
            for row, column in zip(counts, summary.tolist(), strict=True)
        ]
