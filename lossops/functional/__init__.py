"""The losses as functions.

A loss that ``torch.nn.functional`` has keeps its name, argument order, defaults and meaning,
without the deprecated ``size_average`` and ``reduce``; what lossops adds to it comes after the
arguments of torch. Every function works under ``torch.compile``, ``torch.export``, ``torch.func``
and TorchScript, on float64, float32, bfloat16 and float16.
"""

from ._distance import triplet_margin_with_distance_loss
from ._policy import policy_gradient_loss
from ._seesaw import seesaw_loss
from .binary import (
    asymmetric_loss,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    focal_loss,
    gaussian_focal_loss,
    multilabel_soft_margin_loss,
    quality_focal_loss,
    rww_bce_loss,
    varifocal_loss,
)
from .box import ciou_loss, diou_loss, eiou_loss, giou_loss, iou_loss
from .classification import (
    balanced_softmax_loss,
    cross_entropy,
    distribution_focal_loss,
    generalized_cross_entropy_loss,
    nll_loss,
    poly1_loss,
    rww_cross_entropy_loss,
    softmax_focal_loss,
)
from .contrastive import (
    clip_loss,
    info_nce_loss,
    nt_xent_loss,
    proxy_anchor_loss,
    siglip_loss,
    supcon_loss,
)
from .count import negative_binomial_nll_loss, tweedie_loss, zero_inflated_poisson_nll_loss
from .density import (
    crps_gaussian_loss,
    evidential_regression_loss,
    gamma_nll_loss,
    laplace_nll_loss,
    log_normal_nll_loss,
    student_t_nll_loss,
    von_mises_nll_loss,
)
from .distillation import distill_kl_loss, jsd_loss
from .embedding import contrastive_loss, cosine_embedding_loss, triplet_margin_loss
from .likelihood import beta_nll_loss, gaussian_kl_loss, gaussian_nll_loss, kl_div, poisson_nll_loss
from .linear import (
    linear_arcface_loss,
    linear_balanced_softmax_loss,
    linear_cosface_loss,
    linear_cross_entropy,
    linear_distill_kl_loss,
    linear_jsd_loss,
    linear_softmax_focal_loss,
)
from .margin import (
    hinge_embedding_loss,
    hinge_loss,
    margin_ranking_loss,
    multi_margin_loss,
    multilabel_margin_loss,
    soft_margin_loss,
)
from .metric import arcface_loss, cosface_loss
from .noise import (
    confidence_penalty_loss,
    elr_loss,
    label_relaxation_loss,
    normalized_cross_entropy_loss,
    symmetric_cross_entropy_loss,
    taylor_cross_entropy_loss,
)
from .ordinal import coral_loss, corn_loss
from .preference import cpo_loss, dpo_loss, kto_loss, orpo_loss, simpo_loss
from .region import dice_loss, focal_tversky_loss, jaccard_loss, tversky_loss
from .regression import (
    adaptive_wing_loss,
    charbonnier_loss,
    expectile_loss,
    huber_loss,
    l1_loss,
    log_cosh_loss,
    mse_loss,
    quantile_loss,
    robust_loss,
    smooth_l1_loss,
    wing_loss,
)
from .relative import mape_loss, msle_loss, smape_loss
from .segmentation import dice_ce_loss, dice_focal_loss, generalized_dice_loss, mcc_loss
from .sequence import ctc_loss, rnnt_loss
from .signal import si_sdr_loss, snr_loss

__all__ = [
    "adaptive_wing_loss",
    "arcface_loss",
    "asymmetric_loss",
    "balanced_softmax_loss",
    "beta_nll_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "charbonnier_loss",
    "ciou_loss",
    "clip_loss",
    "confidence_penalty_loss",
    "contrastive_loss",
    "coral_loss",
    "corn_loss",
    "cosface_loss",
    "cosine_embedding_loss",
    "cpo_loss",
    "cross_entropy",
    "crps_gaussian_loss",
    "ctc_loss",
    "dice_ce_loss",
    "dice_focal_loss",
    "dice_loss",
    "diou_loss",
    "distill_kl_loss",
    "distribution_focal_loss",
    "dpo_loss",
    "eiou_loss",
    "elr_loss",
    "evidential_regression_loss",
    "expectile_loss",
    "focal_loss",
    "focal_tversky_loss",
    "gamma_nll_loss",
    "gaussian_focal_loss",
    "gaussian_kl_loss",
    "gaussian_nll_loss",
    "generalized_cross_entropy_loss",
    "generalized_dice_loss",
    "giou_loss",
    "hinge_embedding_loss",
    "hinge_loss",
    "huber_loss",
    "info_nce_loss",
    "iou_loss",
    "jaccard_loss",
    "jsd_loss",
    "kl_div",
    "kto_loss",
    "l1_loss",
    "label_relaxation_loss",
    "laplace_nll_loss",
    "linear_arcface_loss",
    "linear_balanced_softmax_loss",
    "linear_cosface_loss",
    "linear_cross_entropy",
    "linear_distill_kl_loss",
    "linear_jsd_loss",
    "linear_softmax_focal_loss",
    "log_cosh_loss",
    "log_normal_nll_loss",
    "mape_loss",
    "margin_ranking_loss",
    "mcc_loss",
    "mse_loss",
    "msle_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "negative_binomial_nll_loss",
    "nll_loss",
    "normalized_cross_entropy_loss",
    "nt_xent_loss",
    "orpo_loss",
    "poisson_nll_loss",
    "policy_gradient_loss",
    "poly1_loss",
    "proxy_anchor_loss",
    "quality_focal_loss",
    "quantile_loss",
    "rnnt_loss",
    "robust_loss",
    "rww_bce_loss",
    "rww_cross_entropy_loss",
    "seesaw_loss",
    "si_sdr_loss",
    "siglip_loss",
    "simpo_loss",
    "smape_loss",
    "smooth_l1_loss",
    "snr_loss",
    "soft_margin_loss",
    "softmax_focal_loss",
    "student_t_nll_loss",
    "supcon_loss",
    "symmetric_cross_entropy_loss",
    "taylor_cross_entropy_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
    "tversky_loss",
    "tweedie_loss",
    "varifocal_loss",
    "von_mises_nll_loss",
    "wing_loss",
    "zero_inflated_poisson_nll_loss",
]
