"""The running mean of a loss, without waiting for the device that computes it."""

import math
import operator
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import torch
from torch import Tensor

from .._dtypes import widest_float
from .._ranks import device_for, sum_over_ranks

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup


class LossSummary(NamedTuple):
    """What a :class:`LossMeter` has seen, over all ranks.

    Attributes:
        mean: The mean over all finite losses, weighted.
        ema: The exponential moving average of the finite losses.
        window: The mean over the finite ones of the last losses, weighted.
        steps: How many losses there were.
        nan: How many of them were NaN.
        inf: How many of them were infinite.
        skipped: How many were left out because their weight, a tensor, was negative or not finite.
    """

    mean: float
    ema: float
    window: float
    steps: int
    nan: int
    inf: int
    skipped: int


class LossMeter:
    """Mean, moving averages and counts of broken values of a loss over many steps.

    An update copies two numbers on the device of the loss and waits for nothing; :meth:`compute`
    waits once. Losses that are NaN or infinite, or have no valid weight, are counted and left out
    of the averages.

    Formula, over the finite losses l_i with weights w_i, n in all::

        mean = sum w_i l_i / sum w_i
        ema  = sum decay^(n - i) l_i / sum decay^(n - i)

    Over the ranks of torch.distributed both sums of each ratio go over the losses of all ranks;
    n - i counts the later losses of the same rank.

    Args:
        window: How many of the last losses the window holds, >= 1.
        decay: What a loss counts in the moving average one step later, in [0, 1).

    Raises:
        TypeError: ``window`` is no integer, or ``decay`` no number.
        ValueError: ``window`` or ``decay`` is out of range.

    Example:
        >>> import torch
        >>> from lossops.monitor import LossMeter
        >>> meter = LossMeter(window=2, decay=0.5)
        >>> for loss in (4.0, 1.0, float("nan"), 3.0):
        ...     meter.update(torch.tensor(loss))
        >>> summary = meter.compute()
        >>> round(summary.mean, 4), summary.window, summary.nan
        (2.6667, 3.0, 1)
    """

    # weighted losses, weights, NaNs, infinities, skipped, moving average: losses, weights
    _SUMS = 7

    def __init__(self, window: int = 100, decay: float = 0.98) -> None:
        window = integer("LossMeter", "window", window)
        decay = float(number("LossMeter", "decay", decay))
        if window < 1:
            raise ValueError(f"LossMeter: window must be >= 1, got {window}")
        if not 0 <= decay < 1:
            raise ValueError(f"LossMeter: decay must be in [0, 1), got {decay}")
        self.window = window
        self.decay = decay
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._steps = self._folded = 0  # losses seen; losses that are in the sums
        self._ring: Tensor | None = None  # (2, window): the last losses, and their weights
        self._sums: Tensor | None = None

    def update(self, loss: Tensor | float, weight: Tensor | float = 1.0) -> None:
        """Take a loss in.

        Args:
            loss: A number or a tensor that holds one, on any device. Its graph is let go.
            weight: What it counts in the mean, >= 0 and finite: for instance the size of the batch.

        Raises:
            TypeError: ``loss`` or ``weight`` is complex, or no number.
            ValueError: ``loss`` or ``weight`` holds more than one number, or ``weight``, where it
                is no tensor, is out of range.
        """
        loss, weight = number("LossMeter", "loss", loss), number("LossMeter", "weight", weight)
        if not isinstance(weight, Tensor) and not 0 <= weight < math.inf:
            raise ValueError(f"LossMeter: weight must be >= 0 and finite, got {weight}")
        ring = self._ring_for(loss)
        if self._steps - self._folded == self.window:
            self._fold()
        slot = self._steps % self.window
        for row, value in zip(ring, (loss, weight), strict=True):
            row[slot].fill_(value)  # to assign a number would wait for a GPU
        self._steps += 1

    def _ring_for(self, value: Tensor | float) -> Tensor:
        """The ring, on the device of the losses: a meter that was loaded follows them there."""
        device = value.device if isinstance(value, Tensor) else torch.device("cpu")
        if self._ring is None or self._sums is None:
            dtype = widest_float(device)
            with torch.inference_mode(False):  # usable outside, if first used within
                self._ring = torch.zeros(2, self.window, dtype=dtype, device=device)
                self._sums = torch.zeros(self._SUMS, dtype=dtype, device=device)
        elif device.type != "cpu" and device != self._ring.device:
            with torch.inference_mode(False):
                self._ring, self._sums = self._ring.to(device), self._sums.to(device)
        return self._ring

    @torch.no_grad()
    def _fold(self) -> None:
        """Add what came since the last time to the sums: a few operations for many steps."""
        new = self._steps - self._folded
        if self._ring is None or self._sums is None or new == 0:
            return
        ordered = self._ring.roll(-(self._folded % self.window), 1)[:, :new]
        losses, weights = ordered
        values, weights, counted, skipped = _valid(losses, weights)
        later = counted.flip(0).cumsum(0).flip(0) - counted  # finite losses after each
        fading = torch.pow(self.decay, later) * counted
        faded = torch.pow(self.decay, counted.sum())
        self._sums[5:] *= faded
        self._sums += torch.stack([
            values * weights, weights, losses.isnan(), losses.isinf(), skipped,
            values * fading, fading,
        ]).sum(1)  # fmt: skip
        self._folded = self._steps

    def compute(self, group: "ProcessGroup | None" = None) -> LossSummary:
        """What was seen since the last :meth:`reset`; over all ranks of torch.distributed.

        Waits for the device, once. All ranks of the group have to call it.

        Args:
            group: The process group, None for the default one.

        Returns:
            The averages, NaN where nothing finite was seen, and the counts.
        """
        self._fold()
        if self._ring is None or self._sums is None:
            seen = torch.zeros(self._SUMS + 3, dtype=torch.float64)
        else:
            values, weights, _, _ = _valid(*self._ring)
            last = [(values * weights).sum(), weights.sum()]
            steps = torch.full_like(last[0], self._steps)
            seen = torch.cat([self._sums, torch.stack([*last, steps])])
        device = None if self._ring is None else self._ring.device
        seen = sum_over_ranks(seen.to(device_for(device, group)), group)
        total, weight, nan, inf, skipped, ema, fading, recent, recent_weight, steps = seen.tolist()
        return LossSummary(
            mean=_ratio(total, weight),
            ema=_ratio(ema, fading),
            window=_ratio(recent, recent_weight),
            steps=round(steps),
            nan=round(nan),
            inf=round(inf),
            skipped=round(skipped),
        )

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on counting: numbers, and tensors or None."""
        self._fold()
        return {
            "window": self.window,
            "decay": self.decay,
            "steps": self._steps,
            "ring": None if self._ring is None else self._ring.clone(),
            "sums": None if self._sums is None else self._sums.clone(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from where another meter of the same settings was.

        Args:
            state: What its :meth:`state_dict` gave.

        Raises:
            ValueError: Window or decay differ.
        """
        for name in ("window", "decay"):
            if state[name] != getattr(self, name):
                raise ValueError(
                    f"LossMeter: {name} of the state is {state[name]}, of the meter "
                    f"{getattr(self, name)}"
                )
        self._steps = self._folded = state["steps"]
        self._ring, self._sums = own(state["ring"]), own(state["sums"])

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._ring, self._sums = own(self._ring), own(self._sums)


def number(caller: str, name: str, value: Tensor | float) -> Tensor | float:
    """A real number without a graph; a tensor stays on its device, and is none of many ranks."""
    if not isinstance(value, Tensor):
        if isinstance(value, str) or not hasattr(value, "__float__"):
            raise TypeError(f"{caller}: {name} must be a real number, got {value!r}")
        return float(value)
    if value.is_complex():
        raise TypeError(f"{caller}: {name} must be real, got {value.dtype}")
    if value.numel() != 1:
        shape = tuple(value.shape)
        raise ValueError(f"{caller}: {name} must hold one number, got shape {shape}")
    value = value.detach().reshape(())
    return value.full_tensor() if hasattr(value, "full_tensor") else value  # of a DTensor


def integer(caller: str, name: str, value: object) -> int:
    """A whole number, not one that happens to be a float."""
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{caller}: {name} must be an integer, got {value!r}") from None


@overload
def own(t: Tensor) -> Tensor: ...
@overload
def own(t: Tensor | None) -> Tensor | None: ...
def own(t: Tensor | None) -> Tensor | None:
    """A copy to write to, which may come from inference mode and be used outside, or within."""
    with torch.inference_mode(False):
        return None if t is None else t.clone()


def _valid(losses: Tensor, weights: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Losses and weights, both 0 where one is invalid; 1 where both are valid; what is skipped."""
    weighable = weights.isfinite() & (weights >= 0)
    valid = losses.isfinite() & weighable
    return losses.where(valid, 0), weights.where(valid, 0), valid.to(losses.dtype), ~weighable


def _ratio(total: float, weight: float) -> float:
    return total / weight if weight else float("nan")
