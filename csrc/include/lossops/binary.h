// Losses of yes-or-no targets, one or many per sample.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/export.h"
#include "lossops/types.h"

namespace lossops {

/// Binary cross-entropy of probabilities.
///
/// Where logits are at hand, prefer `binary_cross_entropy_with_logits`.
///
/// Formula, with p = input and t = target:
///
///     l = -t max(ln p, -100) - (1 - t) max(ln(1 - p), -100)
///
/// @param input Probabilities in [0, 1], any shape; a floating dtype.
/// @param target Targets in [0, 1], of the same shape; a floating, integer or bool dtype.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param ignore_index Elements with this target are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: D. R. Cox, "The regression analysis of binary sequences", J. Royal Statistical Society B 20
///     (2), 1958.
LOSSOPS_API at::Tensor bce(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    std::optional<int64_t> ignore_index = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Binary cross-entropy of logits.
///
/// Formula, with x = input, t = target and w = pos_weight:
///
///     l = w t softplus(-x) + (1 - t) softplus(x)
///
/// @param input Logits of any shape; a floating dtype.
/// @param target Targets of the same shape, usually in [0, 1]; a floating, integer or bool dtype.
/// @param pos_weight A factor of the positive part, often one per class; broadcasts to `input`.
/// @param label_smoothing s in [0, 1]; t becomes t (1 - s) + s / 2.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param ignore_index Elements with this target are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: D. R. Cox, "The regression analysis of binary sequences", J. Royal Statistical Society B 20
///     (2), 1958; label smoothing: C. Szegedy et al., "Rethinking the Inception architecture", CVPR 2016,
///     arXiv:1512.00567.
LOSSOPS_API at::Tensor bce_with_logits(
    const at::Tensor& input, const at::Tensor& target,
    const std::optional<at::Tensor>& pos_weight = std::nullopt, double label_smoothing = 0.0,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    std::optional<int64_t> ignore_index = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Sigmoid focal loss: binary cross-entropy that fades out where the prediction is right.
///
/// Formula, with p = sigmoid(input) and t = target:
///
///     p_t = p t + (1 - p) (1 - t)
///     alpha_t = alpha t + (1 - alpha) (1 - t)
///     l = alpha_t (1 - p_t)^gamma (t softplus(-input) + (1 - t) softplus(input))
///
/// The paper divides the sum by the number of positives: `normalizer=target.sum()`.
///
/// @param input Logits of any shape; a floating dtype.
/// @param target Targets in [0, 1], of the same shape; a floating, integer or bool dtype.
/// @param alpha Weight of the positives, in [0, 1], against 1 - alpha of the negatives; std::nullopt leaves
///     alpha_t out.
/// @param gamma How fast easy elements fade, >= 0; 0 is plain cross-entropy.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param ignore_index Elements with this target are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollár, "Focal loss for dense object detection",
///     ICCV 2017, arXiv:1708.02002; a gamma per class: B. Li et al., "Equalized focal loss for dense long-
///     tailed object detection", CVPR 2022, arXiv:2201.02593.
LOSSOPS_API at::Tensor focal(
    const at::Tensor& input, const at::Tensor& target, std::optional<double> alpha = 0.25,
    double gamma = 2.0, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    std::optional<int64_t> ignore_index = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Quality focal loss: cross-entropy with a score, which fades out where that is met.
///
/// Formula, with p = sigmoid(input) and t = target:
///
///     l = abs(t - p)^beta (-t ln p - (1 - t) ln(1 - p))
///
/// @param input Logits of any shape; a floating dtype.
/// @param target Scores in [0, 1], of a detector the IoU of the box at its class and 0 elsewhere; a floating,
///     integer or bool dtype.
/// @param beta How fast it fades out, >= 0.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param ignore_index Elements with this target are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: X. Li et al., "Generalized focal loss: learning qualified and distributed bounding boxes for
///     dense object detection", NeurIPS 2020, arXiv:2006.04388.
LOSSOPS_API at::Tensor quality_focal(
    const at::Tensor& input, const at::Tensor& target, double beta = 2.0,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    std::optional<int64_t> ignore_index = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Varifocal loss: cross-entropy with the score of a positive, and a focal loss of negatives.
///
/// Formula, with p = sigmoid(input) and t = target:
///
///     l = t (-t ln p - (1 - t) ln(1 - p))       where t > 0
///     l = -alpha p^gamma ln(1 - p)              where t = 0
///
/// @param input Logits of any shape; a floating dtype.
/// @param target Scores in [0, 1], of a detector the IoU of the box at its class and 0 elsewhere; a floating,
///     integer or bool dtype.
/// @param alpha What a negative counts, >= 0.
/// @param gamma How fast negatives fade out, >= 0.
/// @param iou_weighted Whether a positive counts by its score, the first t of the formula.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param ignore_index Elements with this target are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: H. Zhang, Y. Wang, F. Dayoub, N. Suenderhauf, "VarifocalNet: an IoU-aware dense object
///     detector", CVPR 2021, arXiv:2008.13367.
LOSSOPS_API at::Tensor varifocal(
    const at::Tensor& input, const at::Tensor& target, double alpha = 0.75, double gamma = 2.0,
    bool iou_weighted = true, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    std::optional<int64_t> ignore_index = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Gaussian focal loss: of a heat map with a peak of 1 at each object, and less around it.
///
/// Formula, with p = sigmoid(input) and t = target:
///
///     l = -(1 - p)^alpha ln p                   where t = 1
///     l = -(1 - t)^gamma p^alpha ln(1 - p)      where t < 1
///
/// @param input Logits of any shape; a floating dtype.
/// @param target The heat map, in [0, 1], of the same shape; a floating, integer or bool dtype.
/// @param alpha How fast what is right fades out, >= 0.
/// @param gamma How much less a neighbour of a peak counts, >= 0.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param ignore_index Elements with this target are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: H. Law, J. Deng, "CornerNet: detecting objects as paired keypoints", ECCV 2018,
///     arXiv:1808.01244.
LOSSOPS_API at::Tensor gaussian_focal(
    const at::Tensor& input, const at::Tensor& target, double alpha = 2.0, double gamma = 4.0,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    std::optional<int64_t> ignore_index = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Asymmetric loss (ASL) for many labels, few of them positive: easy negatives vanish.
///
/// Formula, with p = sigmoid(input), t = target and p_m = max(p - clip, 0):
///
///     l = t (1 - p)^gamma_pos softplus(-input) - (1 - t) p_m^gamma_neg ln(1 - p_m)
///
/// The authors' code sums over everything: `reduction = Reduction::Sum`.
///
/// @param input Logits of any shape; a floating dtype.
/// @param target Targets in [0, 1], of the same shape; a floating, integer or bool dtype.
/// @param gamma_pos How fast easy positives fade, >= 0.
/// @param gamma_neg How fast easy negatives fade, >= 0.
/// @param clip Negatives whose probability is below this cost nothing; in [0, 1).
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param ignore_index Elements with this target are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: T. Ridnik et al., "Asymmetric loss for multi-label classification", ICCV 2021,
///     arXiv:2009.14119.
LOSSOPS_API at::Tensor asymmetric(
    const at::Tensor& input, const at::Tensor& target, double gamma_pos = 1.0, double gamma_neg = 4.0,
    double clip = 0.05, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    std::optional<int64_t> ignore_index = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Real-world-weight binary cross-entropy: each kind of mistake weighs what it costs.
///
/// Formula, with x = input, the logit, and t = target:
///
///     l = fn_weight t softplus(-x) + fp_weight (1 - t) softplus(x)
///
/// @param input Logits of any shape; a floating dtype.
/// @param target Targets in [0, 1], of the same shape; a floating, integer or bool dtype.
/// @param fn_weight Marginal cost of a false negative over a true positive, >= 0.
/// @param fp_weight Marginal cost of a false positive over a true negative, >= 0.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param ignore_index Elements with this target are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: Y. Ho, S. Wookey, "The real-world-weight cross-entropy loss function: modeling the costs of
///     mislabeling", IEEE Access 8, 2020, arXiv:2001.00570.
LOSSOPS_API at::Tensor rww_bce(
    const at::Tensor& input, const at::Tensor& target, double fn_weight = 1.0, double fp_weight = 1.0,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    std::optional<int64_t> ignore_index = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Binary cross-entropy of the logits of C labels, averaged over the labels of a sample.
///
/// Formula, with x = input and t = target, summed over the C entries of the last dimension:
///
///     l = sum_c (t_c softplus(-x_c) + (1 - t_c) softplus(x_c)) / C
///
/// @param input Logits of the shape (..., C); a floating dtype.
/// @param target Targets in [0, 1]; broadcasts with `input`; any real dtype.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The loss is one per sample.
/// @param weight A factor per element; broadcasts to `input`. Often one per label.
/// @param ignore_index Elements with this target are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape `input.shape[:-1]` for `Reduction::None`; the promoted dtype of the
///     operands.
///
/// Reference: D. R. Cox, "The regression analysis of binary sequences", J. Royal Statistical Society B 20
///     (2), 1958.
LOSSOPS_API at::Tensor multilabel_soft_margin(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    std::optional<int64_t> ignore_index = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

}  // namespace lossops
