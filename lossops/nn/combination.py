"""Losses added up with weights that are given."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from .._op import is_scripting, number
from ._terms import Combination, Operands, Term, check_pairs, detached, named

__all__ = ["CombinedLoss"]


def _is_finite(weight: float) -> bool:
    """Whether it is, in float32."""
    return abs(weight) <= 3.4028234663852886e38


class WeightedTerm(Term):
    """A loss and the factor that it has in the total."""

    weight: Tensor

    def __init__(self, name: str, loss: nn.Module, weight: float = 1.0) -> None:
        super().__init__(name, loss)
        weight = number(repr(name), "the weight of a loss", weight)
        if not _is_finite(weight):
            raise ValueError(
                f"{name!r}: the weight of a loss must be finite in float32, got {weight}"
            )
        self.register_buffer("weight", torch.tensor(weight, dtype=torch.float32))

    def extra_repr(self) -> str:
        """The weight."""
        return f"weight={self.weight}"


class CombinedLoss(Combination):
    """A weighted sum of losses that also returns its terms.

    Formula::

        total = sum over terms of weight_i l_i

    The weights are buffers, ``terms.<name>.weight``: they move and are saved with the module, and a
    change by :meth:`set_weight` compiles nothing anew. They are float32, also where the module is
    cast to half precision.

    Args:
        losses: By name, a loss with its weight, or a loss alone for weight 1. A loss is any module
            whose forward takes up to three tensors and returns one.

    Shape:
        As the losses have it. All results have one shape, most often ().

    Raises:
        TypeError: A loss is not a module, or a weight no number.
        ValueError: There is no loss, or a weight is not finite in float32.

    Example:
        >>> import torch, lossops
        >>> ce, focal = lossops.nn.CrossEntropyLoss(), lossops.nn.SoftmaxFocalLoss()
        >>> criterion = lossops.nn.CombinedLoss({"ce": (ce, 1.0), "focal": (focal, 0.5)})
        >>> total, terms = criterion(torch.zeros(4, 2), torch.tensor([0, 1, 1, 0]))
        >>> total, terms
        (tensor(0.7798), {'ce': tensor(0.6931), 'focal': tensor(0.1733)})
        >>> criterion.set_weight("focal", 0.0)

        Terms with operands of their own, in the order of each loss:

        >>> nll = lossops.nn.GaussianNLLLoss()
        >>> criterion = lossops.nn.CombinedLoss({"label": ce, "depth": nll})
        >>> scores, labels = torch.zeros(1, 2), torch.tensor([0])
        >>> mean, depth, var = torch.zeros(3), torch.ones(3), torch.ones(3)
        >>> total, terms = criterion({"label": (scores, labels), "depth": (mean, depth, var)})
    """

    def __init__(self, losses: Mapping[str, nn.Module | tuple[nn.Module, float]]) -> None:
        given = named("CombinedLoss", losses).items()
        pairs = {name: v if isinstance(v, tuple) else (v, 1.0) for name, v in given}
        check_pairs("CombinedLoss", pairs, "weight")
        super().__init__({name: WeightedTerm(name, *pair) for name, pair in pairs.items()})

    def forward(
        self,
        operands: Operands,
        target: Tensor | None = None,
        normalizer: dict[str, Tensor] | None = None,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Compute the total and its terms.

        Args:
            operands: The input that all losses share, or the operands of each loss by its name.
            target: The target that all losses share, with a shared input. A loss of one operand is
                given the input alone.
            normalizer: By name, what takes the place of the divisor of a mean.

        Returns:
            The total, and the terms by name: detached, before their weights.
        """
        values = self.values(operands, target, normalizer)
        weighted: list[Tensor] = []
        for name, term in self.terms.items():
            weighted.append(term.weight.clone() * values[name])  # it may change before backward
        return self.total_of(weighted), detached(values)

    @torch.jit.export
    def set_weight(self, name: str, weight: float) -> None:
        """Give a term another weight from the next call on, for instance once per epoch.

        Args:
            name: The term.
            weight: Any number that is finite in float32.

        Raises:
            KeyError: There is no such term.
            TypeError: ``weight`` is no number.
            ValueError: ``weight`` is not finite in float32.
        """
        if not is_scripting():
            weight = number("CombinedLoss", f"the weight of '{name}'", weight)
        if not _is_finite(weight):
            raise ValueError(
                f"CombinedLoss: the weight of '{name}' must be finite in float32, got {weight}"
            )
        known = False
        for key, term in self.terms.items():
            if key == name:
                term.weight.fill_(weight)
                known = True
        if not known:
            raise KeyError(f"CombinedLoss: no term '{name}'")
