"""Watching losses: running means, curves, distributions, TensorBoard and Lightning.

``LightningMonitor`` needs lightning or pytorch_lightning, plots need matplotlib, and
``TensorBoardWriter`` needs tensorboard; each of those is imported when it is first used.
"""

from .curve import LossCurve, Point
from .distribution import LossDistribution
from .lightning import LightningMonitor
from .meter import LossMeter, LossSummary
from .report import HardSample, LossReport, LossSpread
from .tensorboard import TensorBoardWriter

__all__ = [
    "HardSample",
    "LightningMonitor",
    "LossCurve",
    "LossDistribution",
    "LossMeter",
    "LossReport",
    "LossSpread",
    "LossSummary",
    "Point",
    "TensorBoardWriter",
]
