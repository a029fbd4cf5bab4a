"""The losses as modules.

A module that ``torch.nn`` has keeps its name, constructor and forward, without the deprecated
``size_average`` and ``reduce``. Forward also takes ``normalizer`` and, where the constructor does
not, ``weight``.
"""

from .binary import (
    AsymmetricLoss,
    BCELoss,
    BCEWithLogitsLoss,
    FocalLoss,
    MultiLabelSoftMarginLoss,
    RWWBCELoss,
)
from .likelihood import GaussianNLLLoss, KLDivLoss, PoissonNLLLoss
from .margin import HingeEmbeddingLoss, HingeLoss, MarginRankingLoss, SoftMarginLoss
from .regression import (
    CharbonnierLoss,
    ExpectileLoss,
    HuberLoss,
    L1Loss,
    LogCoshLoss,
    MSELoss,
    QuantileLoss,
    RobustLoss,
    SmoothL1Loss,
)

__all__ = [
    "AsymmetricLoss",
    "BCELoss",
    "BCEWithLogitsLoss",
    "CharbonnierLoss",
    "ExpectileLoss",
    "FocalLoss",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "HingeLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "LogCoshLoss",
    "MSELoss",
    "MarginRankingLoss",
    "MultiLabelSoftMarginLoss",
    "PoissonNLLLoss",
    "QuantileLoss",
    "RWWBCELoss",
    "RobustLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
]
