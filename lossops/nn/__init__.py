"""The losses as modules.

A module that ``torch.nn`` has keeps its name, constructor and forward, without the deprecated
``size_average`` and ``reduce``. Forward also takes ``normalizer`` and, where the constructor does
not, ``weight``.
"""

from .balancing import DynamicWeightAverage, GradNorm, UncertaintyWeightedLoss
from .binary import (
    AsymmetricLoss,
    BCELoss,
    BCEWithLogitsLoss,
    FocalLoss,
    MultiLabelSoftMarginLoss,
    RWWBCELoss,
)
from .classification import (
    BalancedSoftmaxLoss,
    CrossEntropyLoss,
    GeneralizedCrossEntropyLoss,
    NLLLoss,
    Poly1Loss,
    RWWCrossEntropyLoss,
    SoftmaxFocalLoss,
)
from .combination import CombinedLoss
from .distillation import DistillKLLoss, JSDLoss
from .likelihood import GaussianNLLLoss, KLDivLoss, PoissonNLLLoss
from .margin import (
    HingeEmbeddingLoss,
    HingeLoss,
    MarginRankingLoss,
    MultiLabelMarginLoss,
    MultiMarginLoss,
    SoftMarginLoss,
)
from .metric import ArcFaceLoss, CosFaceLoss
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
from .sequence import CTCLoss, RNNTLoss

__all__ = [
    "ArcFaceLoss",
    "AsymmetricLoss",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BalancedSoftmaxLoss",
    "CTCLoss",
    "CharbonnierLoss",
    "CombinedLoss",
    "CosFaceLoss",
    "CrossEntropyLoss",
    "DistillKLLoss",
    "DynamicWeightAverage",
    "ExpectileLoss",
    "FocalLoss",
    "GaussianNLLLoss",
    "GeneralizedCrossEntropyLoss",
    "GradNorm",
    "HingeEmbeddingLoss",
    "HingeLoss",
    "HuberLoss",
    "JSDLoss",
    "KLDivLoss",
    "L1Loss",
    "LogCoshLoss",
    "MSELoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "NLLLoss",
    "PoissonNLLLoss",
    "Poly1Loss",
    "QuantileLoss",
    "RNNTLoss",
    "RWWBCELoss",
    "RWWCrossEntropyLoss",
    "RobustLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "SoftmaxFocalLoss",
    "UncertaintyWeightedLoss",
]
