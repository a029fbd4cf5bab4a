"""Losses of a PyTorch Lightning training run."""

import importlib
import os
import sys
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from torch import Tensor

from ._plot import Path, new_figure
from .curve import LossCurve
from .meter import LossMeter

if TYPE_CHECKING:
    from lightning.pytorch import LightningModule, Trainer

_PACKAGES = ("lightning.pytorch", "pytorch_lightning")


class LightningMonitor:
    """A callback for the Trainer of PyTorch Lightning: meters, a curve, a picture, a hint.

    It takes the losses that ``training_step`` and ``validation_step`` return, as a number or as
    ``"loss"`` in a dictionary, and waits for the device once per epoch. Whatever else a step
    returns, such as predictions, is let pass. Means are over batches and all ranks. Losses that are
    NaN or infinite give a warning at the end of the epoch.

    It goes into checkpoints, and goes on with the curve where training does; training that starts
    at an earlier epoch, such as another fit, forgets the curve from there. Several monitors in a
    Trainer need different settings.

    It works with ``lightning`` and ``pytorch_lightning``, whichever the program imports.

    Args:
        path: Where to draw the curve after each epoch, in a folder that is made when training
            starts; None for no picture.
        patience: After how many epochs without improvement the hint is to stop.
        min_delta: What counts as an improvement.
        stop: Whether to follow the hint and end the training.

    Attributes:
        curve: The :class:`LossCurve` by epoch, series ``train`` and ``validation``.
        train: The :class:`LossMeter` of this epoch.
        validation: The same of validation.

    Raises:
        ImportError: Lightning is not installed, or matplotlib where there is a ``path``.

    Example:
        >>> from lossops.monitor import LightningMonitor
        >>> monitor = LightningMonitor("curve.png", patience=5, stop=True)  # doctest: +SKIP
        >>> trainer = lightning.Trainer(callbacks=[monitor])  # doctest: +SKIP
        >>> trainer.fit(model, train_batches, validation_batches)  # doctest: +SKIP
        >>> print(monitor.curve.hint())  # doctest: +SKIP
    """

    def __new__(cls, *args: object, **kwargs: object) -> "LightningMonitor":
        """An instance that is a Callback too, of the Lightning that is in use."""
        name = {"__module__": cls.__module__, "__doc__": cls.__doc__}
        return object.__new__(type(cls.__name__, (cls, *_bases()), name))

    def __init__(
        self,
        path: Path | None = None,
        patience: int = 10,
        min_delta: float = 0.0,
        stop: bool = False,
    ) -> None:
        if path is not None:
            new_figure("LightningMonitor", 1, 1)  # now, not after an epoch
        self.path = path
        self.stop = stop
        self.curve = LossCurve(patience, min_delta)
        self.train = LossMeter()
        self.validation = LossMeter()

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self).__mro__[1],), self.__dict__

    @property
    def state_key(self) -> str:
        """The name in checkpoints, by the settings but for the folder of the picture."""
        name = None if self.path is None else os.path.basename(self.path)
        settings = (name, self.curve.patience, self.curve.min_delta, self.stop)
        return f"{type(self).__qualname__}{settings}"

    def on_train_start(self, trainer: "Trainer", module: object) -> None:
        """Forget what another training did from this epoch on, and make the folder."""
        self.curve.forget_from(trainer.current_epoch)
        if self.path is not None and trainer.is_global_zero:
            os.makedirs(os.path.dirname(os.path.abspath(self.path)), exist_ok=True)

    def on_train_epoch_start(self, *trainer_and_module: object) -> None:
        """Forget what came before; an epoch that goes on from a checkpoint does not start."""
        self.train.reset()
        self.validation.reset()

    def on_train_batch_end(
        self, trainer: "Trainer", module: "LightningModule", outputs: object, *batch: object
    ) -> None:
        """Take the loss of a step in, as it was before Lightning divided it for accumulation."""
        loss = _loss_of(outputs)
        if loss is not None:
            if module.automatic_optimization:
                loss = loss * trainer.accumulate_grad_batches
            self.train.update(loss)

    def on_validation_epoch_start(self, *trainer_and_module: object) -> None:
        """Forget an earlier validation."""
        self.validation.reset()

    def on_validation_batch_end(
        self, trainer: "Trainer", module: object, outputs: object, *batch: object, **more: object
    ) -> None:
        """Take the loss of a validation step in."""
        loss = _loss_of(outputs)
        if loss is not None and not trainer.sanity_checking:
            self.validation.update(loss)

    def on_train_epoch_end(self, trainer: "Trainer", module: object) -> None:
        """Add to the curve, which validation within the epoch has come before."""
        losses = {}
        for name, meter in (("train", self.train), ("validation", self.validation)):
            summary = meter.compute()
            meter.reset()
            if summary.steps:
                losses[name] = summary.mean
            if summary.nan or summary.inf:
                warnings.warn(
                    f"LightningMonitor: of {summary.steps} losses of {name} in epoch "
                    f"{trainer.current_epoch}, {summary.nan} were NaN and {summary.inf} infinite",
                    stacklevel=2,
                )
        self.curve.add(trainer.current_epoch, **losses)
        if self.path is not None and losses and trainer.is_global_zero:
            self.curve.plot(self.path)
        if self.stop and self.curve.should_stop:
            trainer.should_stop = True

    def state_dict(self) -> dict[str, Any]:
        """The curve, and the meters of an epoch that is under way."""
        return {
            "curve": self.curve.state_dict(),
            "train": self.train.state_dict(),
            "validation": self.validation.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.curve.load_state_dict(state["curve"])
        self.train.load_state_dict(state["train"])
        self.validation.load_state_dict(state["validation"])


def _loss_of(outputs: object) -> Tensor | float | None:
    """The loss that a step returned; None for anything else, such as one sample's prediction."""
    loss = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
    if isinstance(loss, Tensor) and loss.is_floating_point():
        is_number = loss.dim() == 0 if loss is outputs else loss.numel() == 1
        return loss if is_number else None
    return loss if isinstance(loss, float) else None


def _bases() -> tuple[type, ...]:
    """Callback of each Lightning that is imported already, or else of the first that there is.

    The two packages hold the same code twice, and a Trainer knows the Callback of its own.
    """
    for package in [name for name in _PACKAGES if name in sys.modules] or _PACKAGES:
        try:
            importlib.import_module(package)
        except ImportError:
            continue
        break
    else:
        raise ImportError(
            "LightningMonitor needs PyTorch Lightning: pip install lightning (or pytorch-lightning)"
        )
    return tuple(sys.modules[name].Callback for name in _PACKAGES if name in sys.modules)


def _again(cls: type[LightningMonitor]) -> LightningMonitor:
    return cls.__new__(cls)
