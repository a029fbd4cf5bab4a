"""Losses for TensorBoard."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from torch import Tensor

from .meter import LossMeter, LossSummary, number
from .report import LossReport, LossSpread

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class TensorBoardWriter:
    """Writes summaries, terms and distributions of losses where TensorBoard reads them.

    Args:
        log_dir: The folder of the run; None for a new one under ``runs``.
        writer: A SummaryWriter that is open already, instead of ``log_dir``. It is left open.

    Raises:
        ImportError: tensorboard is not installed.
        ValueError: Both ``log_dir`` and ``writer`` are given.

    Example:
        >>> import tempfile, torch
        >>> from lossops.monitor import LossMeter, TensorBoardWriter
        >>> meter = LossMeter()
        >>> meter.update(torch.tensor(0.5))
        >>> with tempfile.TemporaryDirectory() as folder, TensorBoardWriter(folder) as board:
        ...     board.add_summary("train", meter, step=1)
        ...     board.add_terms("train", {"ce": torch.tensor(0.4), "focal": 0.1}, step=1)
    """

    def __init__(
        self, log_dir: str | os.PathLike[str] | None = None, writer: SummaryWriter | None = None
    ) -> None:
        if log_dir is not None and writer is not None:
            raise ValueError("TensorBoardWriter: log_dir and writer exclude each other")
        self._owned = writer is None
        if writer is None:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError:
                raise ImportError(
                    "TensorBoardWriter needs tensorboard: pip install tensorboard"
                ) from None
            writer = SummaryWriter(log_dir)
        self.writer = writer

    def add_summary(self, tag: str, summary: LossSummary | LossMeter, step: int) -> None:
        """Write mean, moving averages and the counts of broken losses.

        Args:
            tag: The heading, such as ``"train"``.
            summary: A summary, or a meter to compute it from (on all ranks, see
                :meth:`LossMeter.compute`).
            step: Where on the axis.
        """
        if isinstance(summary, LossMeter):
            summary = summary.compute()
        for name in ("mean", "ema", "window", "nan", "inf", "skipped"):
            self._scalar(f"{tag}/{name}", getattr(summary, name), step)

    def add_terms(self, tag: str, terms: Mapping[str, Tensor | float], step: int) -> None:
        """Write each term of a combined loss.

        Args:
            tag: The heading.
            terms: Numbers by name, as :class:`lossops.nn.CombinedLoss` returns them.
            step: Where on the axis.
        """
        for name, value in terms.items():
            self._scalar(f"{tag}/{name}", float(number("TensorBoardWriter", name, value)), step)

    def add_report(self, tag: str, report: LossReport, step: int) -> None:
        """Write the histogram of all samples and of each class, with mean and quantiles.

        Args:
            tag: The heading.
            report: What :meth:`LossDistribution.compute` found.
            step: Where on the axis.
        """
        spreads = {"all": report.samples, **{f"class {c}": s for c, s in enumerate(report.classes)}}
        for name, spread in spreads.items():
            if spread.count:
                self._histogram(f"{tag}/{name}", spread, step)
                self._scalar(f"{tag} mean/{name}", spread.mean, step)
                self._scalar(f"{tag} median/{name}", spread.quantile(0.5), step)
                self._scalar(f"{tag} 95 %/{name}", spread.quantile(0.95), step)

    def _scalar(self, tag: str, value: float, step: int) -> None:
        self.writer.add_scalar(tag, value, step)

    def _histogram(self, tag: str, spread: LossSpread, step: int) -> None:
        edges, counts = spread.histogram(60)
        self.writer.add_histogram_raw(
            tag,
            min=spread.min,
            max=spread.max,
            num=spread.count,
            sum=spread.mean * spread.count,
            sum_squares=(spread.std * spread.std + spread.mean * spread.mean) * spread.count,
            bucket_limits=edges[1:],
            bucket_counts=counts,
            global_step=step,
        )

    def close(self) -> None:
        """Write everything out, and close the writer unless it was given."""
        self.writer.flush()
        if self._owned:
            self.writer.close()

    def __enter__(self) -> TensorBoardWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
