"""The losses as modules.

A module that ``torch.nn`` has keeps its name, constructor and forward, without the deprecated
``size_average`` and ``reduce``. Forward also takes ``normalizer`` and, where the constructor does
not, ``weight``.
"""

from .adaptive import AdaptiveLogSoftmaxWithLoss
from .balancing import DynamicWeightAverage, GradNorm, UncertaintyWeightedLoss
from .binary import (
    AsymmetricLoss,
    BCELoss,
    BCEWithLogitsLoss,
    FocalLoss,
    GaussianFocalLoss,
    MultiLabelSoftMarginLoss,
    QualityFocalLoss,
    RWWBCELoss,
    VarifocalLoss,
)
from .box import CIoULoss, DIoULoss, EIoULoss, GIoULoss, IoULoss
from .classification import (
    BalancedSoftmaxLoss,
    CrossEntropyLoss,
    DistributionFocalLoss,
    GeneralizedCrossEntropyLoss,
    NLLLoss,
    Poly1Loss,
    RWWCrossEntropyLoss,
    SoftmaxFocalLoss,
)
from .combination import CombinedLoss
from .contrastive import ClipLoss, InfoNCELoss, NTXentLoss, ProxyAnchorLoss, SigLipLoss, SupConLoss
from .count import NegativeBinomialNLLLoss, TweedieLoss, ZeroInflatedPoissonNLLLoss
from .density import (
    CRPSGaussianLoss,
    EvidentialRegressionLoss,
    GammaNLLLoss,
    LaplaceNLLLoss,
    LogNormalNLLLoss,
    StudentTNLLLoss,
    VonMisesNLLLoss,
)
from .distance import TripletMarginWithDistanceLoss
from .distillation import DistillKLLoss, JSDLoss
from .embedding import ContrastiveLoss, CosineEmbeddingLoss, TripletMarginLoss
from .likelihood import BetaNLLLoss, GaussianKLLoss, GaussianNLLLoss, KLDivLoss, PoissonNLLLoss
from .linear import (
    LinearArcFaceLoss,
    LinearBalancedSoftmaxLoss,
    LinearCosFaceLoss,
    LinearDistillKLLoss,
    LinearJSDLoss,
    LinearSoftmaxFocalLoss,
)
from .margin import (
    HingeEmbeddingLoss,
    HingeLoss,
    MarginRankingLoss,
    MultiLabelMarginLoss,
    MultiMarginLoss,
    SoftMarginLoss,
)
from .metric import ArcFaceLoss, CosFaceLoss
from .noise import (
    ConfidencePenaltyLoss,
    ELRLoss,
    LabelRelaxationLoss,
    NormalizedCrossEntropyLoss,
    SymmetricCrossEntropyLoss,
    TaylorCrossEntropyLoss,
)
from .ordinal import CORALLoss, CORNLoss
from .policy import PolicyGradientLoss
from .preference import CPOLoss, DPOLoss, KTOLoss, ORPOLoss, SimPOLoss
from .region import DiceLoss, FocalTverskyLoss, JaccardLoss, TverskyLoss
from .regression import (
    AdaptiveWingLoss,
    CharbonnierLoss,
    ExpectileLoss,
    HuberLoss,
    L1Loss,
    LogCoshLoss,
    MSELoss,
    QuantileLoss,
    RobustLoss,
    SmoothL1Loss,
    WingLoss,
)
from .relative import MAPELoss, MSLELoss, SMAPELoss
from .seesaw import SeesawLoss
from .segmentation import DiceCELoss, DiceFocalLoss, GeneralizedDiceLoss, MCCLoss
from .sequence import CTCLoss, RNNTLoss
from .signal import SISDRLoss, SNRLoss
from .vocabulary import LinearCrossEntropyLoss

__all__ = [
    "AdaptiveLogSoftmaxWithLoss",
    "AdaptiveWingLoss",
    "ArcFaceLoss",
    "AsymmetricLoss",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BalancedSoftmaxLoss",
    "BetaNLLLoss",
    "CIoULoss",
    "CORALLoss",
    "CORNLoss",
    "CPOLoss",
    "CRPSGaussianLoss",
    "CTCLoss",
    "CharbonnierLoss",
    "ClipLoss",
    "CombinedLoss",
    "ConfidencePenaltyLoss",
    "ContrastiveLoss",
    "CosFaceLoss",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "DIoULoss",
    "DPOLoss",
    "DiceCELoss",
    "DiceFocalLoss",
    "DiceLoss",
    "DistillKLLoss",
    "DistributionFocalLoss",
    "DynamicWeightAverage",
    "EIoULoss",
    "ELRLoss",
    "EvidentialRegressionLoss",
    "ExpectileLoss",
    "FocalLoss",
    "FocalTverskyLoss",
    "GIoULoss",
    "GammaNLLLoss",
    "GaussianFocalLoss",
    "GaussianKLLoss",
    "GaussianNLLLoss",
    "GeneralizedCrossEntropyLoss",
    "GeneralizedDiceLoss",
    "GradNorm",
    "HingeEmbeddingLoss",
    "HingeLoss",
    "HuberLoss",
    "InfoNCELoss",
    "IoULoss",
    "JSDLoss",
    "JaccardLoss",
    "KLDivLoss",
    "KTOLoss",
    "L1Loss",
    "LabelRelaxationLoss",
    "LaplaceNLLLoss",
    "LinearArcFaceLoss",
    "LinearBalancedSoftmaxLoss",
    "LinearCosFaceLoss",
    "LinearCrossEntropyLoss",
    "LinearDistillKLLoss",
    "LinearJSDLoss",
    "LinearSoftmaxFocalLoss",
    "LogCoshLoss",
    "LogNormalNLLLoss",
    "MAPELoss",
    "MCCLoss",
    "MSELoss",
    "MSLELoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "NLLLoss",
    "NTXentLoss",
    "NegativeBinomialNLLLoss",
    "NormalizedCrossEntropyLoss",
    "ORPOLoss",
    "PoissonNLLLoss",
    "PolicyGradientLoss",
    "Poly1Loss",
    "ProxyAnchorLoss",
    "QualityFocalLoss",
    "QuantileLoss",
    "RNNTLoss",
    "RWWBCELoss",
    "RWWCrossEntropyLoss",
    "RobustLoss",
    "SISDRLoss",
    "SMAPELoss",
    "SNRLoss",
    "SeesawLoss",
    "SigLipLoss",
    "SimPOLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "SoftmaxFocalLoss",
    "StudentTNLLLoss",
    "SupConLoss",
    "SymmetricCrossEntropyLoss",
    "TaylorCrossEntropyLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
    "TverskyLoss",
    "TweedieLoss",
    "UncertaintyWeightedLoss",
    "VarifocalLoss",
    "VonMisesNLLLoss",
    "WingLoss",
    "ZeroInflatedPoissonNLLLoss",
]
