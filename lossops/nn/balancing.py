"""Losses added up with weights that training finds, for models with several tasks."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from .._op import number, tensors
from .._ranks import sum_over_ranks, world_size
from ._terms import Combination, Operands, Term, check_pairs, detached, named
from .combination import WeightedTerm

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup

SCALES = {"regression": 0.5, "classification": 1.0}

__all__ = ["UncertaintyWeightedLoss", "GradNorm", "DynamicWeightAverage"]


class UncertainTerm(Term):
    """A task and the logarithm of the variance that is learned for it."""

    __constants__ = [*Term.__constants__, "scale"]
    scale: float

    def __init__(self, name: str, loss: nn.Module, kind: str) -> None:
        super().__init__(name, loss)
        if not isinstance(kind, str) or kind not in SCALES:
            raise ValueError(
                f"UncertaintyWeightedLoss: the kind of {name!r} must be 'regression' or "
                f"'classification', got {kind!r}"
            )
        self.scale = SCALES[kind]
        self.log_variance = nn.Parameter(torch.zeros((), dtype=torch.float32))

    def extra_repr(self) -> str:
        """The kind of task."""
        return next(repr(kind) for kind, scale in SCALES.items() if scale == self.scale)


class UncertaintyWeightedLoss(Combination):
    """Tasks weighed by how uncertain the model is of each, which it learns.

    Formula, with s_i the logarithm of a variance, learned and 0 at first::

        total = sum of l_i exp(-s_i) / 2 + s_i / 2    over regression tasks (l is the squared error)
              + sum of l_i exp(-s_i)     + s_i / 2    over classification tasks

    The parameters, ``terms.<name>.log_variance``, have to be given to the optimizer, best without
    weight decay. A loss of exactly 0, as of a task that a batch lacks, leaves its s alone, which
    would otherwise fall for ever. The losses should not fall below 0, for the same reason. Under
    DistributedDataParallel make it a part of the wrapped model, or wrap it too: each rank would
    otherwise learn variances of its own.

    Under gradient accumulation over k micro-batches each call adds s_i / 2 anew: divide the
    normalizers and the totals by k, and the sum is that of the large batch, if no micro-batch lacks
    a task.

    Args:
        losses: By name, a loss with its kind, ``"regression"`` or ``"classification"``. A loss is
            any module whose forward takes up to three tensors and returns one.

    Shape:
        As the losses have it. All results have one shape, most often ().

    Raises:
        TypeError: A loss is not a module.
        ValueError: There is no loss, or a kind is unknown.

    Reference:
        A. Kendall, Y. Gal, R. Cipolla, "Multi-task learning using uncertainty to weigh losses for
        scene geometry and semantics", CVPR 2018, arXiv:1705.07115.

    Example:
        >>> import torch, lossops
        >>> ce, mse = lossops.nn.CrossEntropyLoss(), lossops.nn.MSELoss()
        >>> criterion = lossops.nn.UncertaintyWeightedLoss(
        ...     {"label": (ce, "classification"), "depth": (mse, "regression")}
        ... )
        >>> optimizer = torch.optim.SGD(criterion.parameters(), lr=0.1)
        >>> scores, labels = torch.zeros(4, 2), torch.tensor([0, 1, 1, 0])
        >>> total, terms = criterion(
        ...     {"label": (scores, labels), "depth": (torch.zeros(3), torch.ones(3))}
        ... )
        >>> total.detach(), terms
        (tensor(1.1931), {'label': tensor(0.6931), 'depth': tensor(1.)})
    """

    def __init__(self, losses: Mapping[str, tuple[nn.Module, str]]) -> None:
        check_pairs("UncertaintyWeightedLoss", losses, "kind")
        super().__init__({name: UncertainTerm(name, *pair) for name, pair in losses.items()})

    def forward(
        self,
        operands: Operands,
        target: Tensor | None = None,
        normalizer: dict[str, Tensor] | None = None,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Compute the total and its terms, as :meth:`CombinedLoss.forward` does."""
        values = self.values(operands, target, normalizer)
        weighted: list[Tensor] = []
        for name, term in self.terms.items():
            value, s = values[name], term.log_variance
            regular = torch.where(value.detach() == 0, 0.0, 0.5 * s)
            weighted.append(term.scale * torch.exp(-s) * value + regular)
        return self.total_of(weighted), detached(values)


class GradNormTerm(Term):
    """A task with the weight that is learned for it, and the loss that it started from."""

    initial: Tensor

    def __init__(self, name: str, loss: nn.Module) -> None:
        super().__init__(name, loss)
        self.weight = nn.Parameter(torch.ones((), dtype=torch.float32))
        self.register_buffer("initial", torch.tensor(math.nan, dtype=torch.float32))


class GradNorm(Combination):
    """Tasks weighed so that all train at similar rates, by the norms of their gradients.

    Formula, with W the shared parameters, T tasks, and what is in [] taken as a constant::

        G_i   = |d(w_i l_i) / dW|             the pull of a task
        r_i   = (l_i / l_i at first) / mean of these over the tasks
        total = sum of [w_i] l_i
        w_i follows the gradient of sum |G_i - [mean(G) r_i^alpha]|, and is scaled to sum to T

    The weights, ``terms.<name>.weight``, have to be given to the optimizer, best as a group with a
    learning rate of its own and without weight decay: the backward pass of the total gives them
    their gradient, once each task has had a loss above 0, which is its first. Nothing is updated in
    eval mode or without gradients. Under torch.distributed
    all ranks use the means of norms and losses, and so keep the same weights; they have to call
    this alike.

    It costs a backward pass per task as far as W, so W is best the last layer that tasks share. It
    runs in eager mode. A model under torch.compile needs
    ``torch._functorch.config.donated_buffer = False``, since its graph is walked more than once.
    Under gradient accumulation it compares the gradients, and the losses, of one micro-batch at a
    time, which is not what it would do with the large batch; divide as for
    :class:`UncertaintyWeightedLoss`, so that they have its scale.

    Args:
        losses: The loss of each task by name, > 0 and reduced to a number.
        alpha: How strongly slow tasks are pulled along, >= 0; more for tasks that differ more.

    Raises:
        TypeError: A loss is not a module.
        ValueError: There is no loss, or ``alpha`` is out of range.

    Reference:
        Z. Chen, V. Badrinarayanan, C.-Y. Lee, A. Rabinovich, "GradNorm: gradient normalization for
        adaptive loss balancing in deep multitask networks", ICML 2018, arXiv:1711.02257.

    Example:
        >>> import torch, lossops
        >>> trunk, heads = torch.nn.Linear(4, 8), torch.nn.ModuleList([torch.nn.Linear(8, 1)] * 2)
        >>> criterion = lossops.nn.GradNorm({"a": lossops.nn.MSELoss(), "b": lossops.nn.L1Loss()})
        >>> optimizer = torch.optim.Adam(
        ...     [{"params": trunk.parameters()}, {"params": criterion.parameters(), "lr": 0.025}]
        ... )
        >>> shared = trunk(torch.randn(16, 4))
        >>> outputs = {name: (h(shared), torch.randn(16, 1)) for name, h in zip("ab", heads)}
        >>> total, terms = criterion(outputs, shared=trunk.weight)
        >>> total.backward()
        >>> optimizer.step()
    """

    def __init__(self, losses: Mapping[str, nn.Module], alpha: float = 1.5) -> None:
        alpha = number("GradNorm", "alpha", alpha)
        if not 0 <= alpha < math.inf:
            raise ValueError(f"GradNorm: alpha must be >= 0 and finite, got {alpha}")
        given = named("GradNorm", losses).items()
        super().__init__({name: GradNormTerm(name, loss) for name, loss in given})
        self.alpha = alpha

    def forward(
        self,
        operands: Operands,
        target: Tensor | None = None,
        normalizer: dict[str, Tensor] | None = None,
        *,
        shared: Tensor | Sequence[Tensor],
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Compute the total and its terms, as :meth:`CombinedLoss.forward` does.

        Args:
            operands: The input that all losses share, or the operands of each loss by its name.
            target: The target that all losses share, with a shared input.
            normalizer: By name, what takes the place of the divisor of a mean.
            shared: The parameter, or parameters, whose gradients are compared; or the activations
                that all tasks start from.

        Returns:
            The total, and the terms by name: detached, before their weights.

        Raises:
            ValueError: A loss is not reduced to a number, none depends on ``shared``, or that
                requires no gradient.
            TypeError: ``shared`` holds something else than tensors.
        """
        values = self.values(operands, target, normalizer)
        for name, value in values.items():
            if value.dim() != 0:
                raise ValueError(
                    f"GradNorm: the loss of '{name}' must be a number, got shape "
                    f"{tuple(value.shape)}"
                )
        losses = list(values.values())
        constants = self._rescaled()
        total = self.total_of([w * v for w, v in zip(constants, losses, strict=True)])
        if not (self.training and torch.is_grad_enabled()):
            return total, detached(values)
        with torch.no_grad():
            for term, constant in zip(self.terms.values(), constants, strict=True):
                term.weight.copy_(constant)
        weights = torch.stack([term.weight for term in self.terms.values()])
        slope = self._slope(constants, losses, shared)
        return total + ((weights - constants) * slope).sum(), detached(values)

    @torch.no_grad()
    def _rescaled(self) -> Tensor:
        """The weights, above 0 and with the sum T: an optimizer step breaks both."""
        weights = torch.stack([term.weight for term in self.terms.values()]).clamp(min=1e-3)
        return weights * (len(weights) / weights.sum())

    def _slope(
        self, weights: Tensor, losses: list[Tensor], shared: Tensor | Sequence[Tensor]
    ) -> Tensor:
        """The derivative by each weight. G_i is linear in w_i, so no second order is needed."""
        wrt = tensors("GradNorm", "shared", shared)
        if not wrt or not all(t.requires_grad for t in wrt):
            raise ValueError(
                "GradNorm: shared must hold tensors that require grad, got "
                f"{[t.requires_grad for t in wrt]} for requires_grad"
            )
        norms: list[Tensor | None] = []
        for loss in losses:
            if not loss.requires_grad:  # a constant, as of a task that the batch lacks
                norms.append(None)
                continue
            found = torch.autograd.grad(loss, wrt, retain_graph=True, allow_unused=True)
            parts = [torch.linalg.vector_norm(g.float()) for g in found if g is not None]
            norms.append(torch.linalg.vector_norm(torch.stack(parts)) if parts else None)
        if all(norm is None for norm in norms):
            raise ValueError("GradNorm: no loss depends on shared")
        zero = weights.new_zeros(())
        pulls = torch.stack([zero if norm is None else norm for norm in norms])
        seen = torch.stack([pulls, torch.stack(losses).detach().to(pulls.dtype)])
        norm, value = (sum_over_ranks(seen) / world_size()).unbind()
        initial = torch.stack([term.initial for term in self.terms.values()])
        first = initial.isnan() & (value > 0) & value.isfinite()
        initial = torch.where(first, value, initial)
        for term, start in zip(self.terms.values(), initial, strict=True):
            term.initial.copy_(start)
        rate = value / initial
        pull = weights * norm
        aim = pull.mean() * (rate / rate.mean()) ** self.alpha
        slope = torch.sign(pull - aim) * norm
        return torch.where(slope.isfinite(), slope, 0.0)

    def extra_repr(self) -> str:
        """The settings, as the constructor names them."""
        return f"alpha={self.alpha}"


class AveragedTerm(WeightedTerm):
    """A task with its weight, the sum of its losses in this epoch, and their mean in the last."""

    total: Tensor
    count: Tensor
    last: Tensor

    def __init__(self, name: str, loss: nn.Module) -> None:
        super().__init__(name, loss)
        for statistic, start in (("total", 0.0), ("count", 0.0), ("last", math.nan)):
            self.register_buffer(statistic, torch.tensor(start, dtype=torch.float32))


class DynamicWeightAverage(Combination):
    """Tasks weighed by how slowly their losses fell from one epoch to the next.

    Formula, with L_i(e) the mean loss of a task in epoch e, K tasks, and e the epoch to come::

        r_i = L_i(e - 1) / L_i(e - 2), 1 in the first two epochs
        w_i = K exp(r_i / temperature) / sum over tasks of exp(r_j / temperature)
        total = sum of w_i l_i

    Calls in training mode are averaged; :meth:`step` ends an epoch. Weights and averages are
    buffers, so that training resumes from a state dict. Losses that are not finite are left out.

    Args:
        losses: The loss of each task by name, > 0 and reduced to a number.
        temperature: > 0; the larger, the more even the weights.

    Raises:
        TypeError: A loss is not a module.
        ValueError: There is no loss, or ``temperature`` is out of range.

    Reference:
        S. Liu, E. Johns, A. J. Davison, "End-to-end multi-task learning with attention", CVPR 2019,
        arXiv:1803.10704.

    Example:
        >>> import torch, lossops
        >>> criterion = lossops.nn.DynamicWeightAverage(
        ...     {"a": lossops.nn.MSELoss(), "b": lossops.nn.L1Loss()}
        ... )
        >>> for epoch in range(3):
        ...     total, terms = criterion(torch.full((2,), 3.0 - epoch), torch.zeros(2))
        ...     criterion.step()
        >>> [round(term.weight.item(), 3) for term in criterion.terms.values()]
        [0.938, 1.062]
    """

    def __init__(self, losses: Mapping[str, nn.Module], temperature: float = 2.0) -> None:
        temperature = number("DynamicWeightAverage", "temperature", temperature)
        if not 0 < temperature < math.inf:
            raise ValueError(
                f"DynamicWeightAverage: temperature must be > 0 and finite, got {temperature}"
            )
        given = named("DynamicWeightAverage", losses).items()
        super().__init__({name: AveragedTerm(name, loss) for name, loss in given})
        self.temperature = temperature

    def forward(
        self,
        operands: Operands,
        target: Tensor | None = None,
        normalizer: dict[str, Tensor] | None = None,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Compute the total and its terms, as :meth:`CombinedLoss.forward` does."""
        values = self.values(operands, target, normalizer)
        weighted: list[Tensor] = []
        for name, term in self.terms.items():
            value = values[name]
            if value.dim() != 0:
                raise ValueError(
                    f"DynamicWeightAverage: the loss of '{name}' must be a number, got shape "
                    f"{value.shape}"
                )
            if self.training:
                seen = value.detach().to(term.total.dtype)
                finite = torch.isfinite(seen)
                term.total.add_(torch.where(finite, seen, 0.0))
                term.count.add_(finite)
            weighted.append(term.weight.clone() * value)  # step() may come before backward
        return self.total_of(weighted), detached(values)

    @torch.jit.unused
    def step(self, group: "ProcessGroup | None" = None) -> None:
        """End an epoch: set the weights for the next one, over all ranks of torch.distributed.

        Args:
            group: The process group, None for the default one.

        Raises:
            RuntimeError: No rank saw a finite loss of some task since the last step.
        """
        terms = list(self.terms.values())
        sums = torch.stack([torch.stack([term.total, term.count]) for term in terms])
        total, count = sum_over_ranks(sums, group).unbind(1)
        unseen = [name for name, n in zip(self.terms, count.tolist(), strict=True) if n == 0]
        if unseen:
            raise RuntimeError(
                f"DynamicWeightAverage.step: no finite loss of {', '.join(unseen)} since the last "
                "step, in training mode"
            )
        mean = total / count
        ratio = mean / torch.stack([term.last for term in terms])
        ratio = torch.where(ratio.isfinite(), ratio, 1.0)
        weights = len(terms) * torch.softmax(ratio / self.temperature, 0)
        for term, weight, value in zip(terms, weights, mean, strict=True):
            term.weight.copy_(weight)
            term.last.copy_(value)
            term.total.zero_()
            term.count.zero_()

    def extra_repr(self) -> str:
        """The settings, as the constructor names them."""
        return f"temperature={self.temperature}"
