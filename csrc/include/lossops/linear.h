// Losses of the logits that a linear layer would make, without those logits.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/export.h"
#include "lossops/types.h"

namespace lossops {

/// Cross-entropy of the logits x W^T + b, of which only a chunk of rows is ever in memory.
///
/// Formula of a row, with x = input, W = linear_weight and b = linear_bias:
///
///     l = cross_entropy(x W^T + b, target)
///
/// @param input Features, shape (D) or (..., D); a floating dtype.
/// @param linear_weight The layer's weight, shape (C, D)..., dK, D), with (N, D) input, for K-dimensional
///     logits (N, C, d1, ..., dK), which are then in memory.
/// @param target Labels in [0, C), an integer dtype, shaped like `input` without its last dimension, and with
///     (d1, ..., dK) at the end if there are any; or probabilities, a floating dtype, shaped like the logits.
/// @param linear_bias The layer's bias, shaped like `linear_weight` without its last dimension.
/// @param label_smoothing s in [0, 1]; y becomes y (1 - s) + s / C.
/// @param z_loss Factor of the squared log-sum-exp, >= 0; keeps the logits from drifting.
/// @param softcap Bound of the logits, > 0; std::nullopt leaves them as they are.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t)
///     for labels, sum(l) / rows for probabilities.
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Rows with this label are left out, and get gradient 0. Not with probabilities.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `target` for labels and `Reduction::None`, less what `shift` leaves
///     out; the dtype of `input`.
///
/// Reference: E. Wijmans et al., "Cut your losses in large-vocabulary language models", ICLR 2025,
///     arXiv:2411.09009.
LOSSOPS_API at::Tensor linear_cross_entropy(
    const at::Tensor& input, const at::Tensor& linear_weight, const at::Tensor& target,
    const std::optional<at::Tensor>& linear_bias = std::nullopt, double label_smoothing = 0.0,
    double z_loss = 0.0, std::optional<double> softcap = std::nullopt,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    int64_t ignore_index = -100, const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Focal loss over the classes of a linear layer, whose logits are never there as a whole.
///
/// Formula of a row, with x = input, W = linear_weight and b = linear_bias:
///
///     l = softmax_focal_loss(x W^T + b, target)
///
/// @param input Features, shape (D) or (..., D); a floating dtype.
/// @param linear_weight The layer's weight, shape (C, D).
/// @param target Labels in [0, C), an integer dtype, shaped like `input` without its last dimension; or
///     probabilities, a floating dtype, shaped like the logits.
/// @param alpha A factor, or one per class, shape (C), usually >= 0; std::nullopt leaves it out. Unlike
///     `weight` it does not enter the mean.
/// @param linear_bias The layer's bias, shape (C).
/// @param gamma How fast easy rows fade, >= 0; 0 is plain cross-entropy.
/// @param label_smoothing s in [0, 1]; y becomes y (1 - s) + s / C.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t)
///     for labels, sum(l) / rows for probabilities.
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without its last dimension for `Reduction::None`; the dtype
///     of `input`.
///
/// Reference: T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollár, "Focal loss for dense object detection",
///     ICCV 2017, arXiv:1708.02002.
LOSSOPS_API at::Tensor linear_softmax_focal(
    const at::Tensor& input, const at::Tensor& linear_weight, const at::Tensor& target,
    const std::optional<TensorOrNumber>& alpha = std::nullopt,
    const std::optional<at::Tensor>& linear_bias = std::nullopt, double gamma = 2.0,
    double label_smoothing = 0.0, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt, int64_t ignore_index = -100,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Balanced softmax over the classes of a linear layer, without its logits in memory.
///
/// Formula of a row, with x = input, W = linear_weight and b = linear_bias:
///
///     l = balanced_softmax_loss(x W^T + b, target, prior)
///
/// @param input Features, shape (D) or (..., D); a floating dtype.
/// @param linear_weight The layer's weight, shape (C, D).
/// @param target Labels in [0, C), an integer dtype, shaped like `input` without its last dimension; or
///     probabilities, a floating dtype, shaped like the logits.
/// @param prior Counts of the classes in the training data, or their frequencies, shape (C), >= 0; a floating
///     or integer dtype.
/// @param linear_bias The layer's bias, shape (C).
/// @param tau How much the prior counts, >= 0; 0 is plain cross-entropy.
/// @param label_smoothing s in [0, 1]; y becomes y (1 - s) + s / C.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t)
///     for labels, sum(l) / rows for probabilities.
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without its last dimension for `Reduction::None`; the dtype
///     of `input`.
///
/// Reference: J. Ren et al., "Balanced meta-softmax for long-tailed visual recognition", NeurIPS 2020,
///     arXiv:2007.10740.
LOSSOPS_API at::Tensor linear_balanced_softmax(
    const at::Tensor& input, const at::Tensor& linear_weight, const at::Tensor& target,
    const at::Tensor& prior, const std::optional<at::Tensor>& linear_bias = std::nullopt, double tau = 1.0,
    double label_smoothing = 0.0, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt, int64_t ignore_index = -100,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// ArcFace of embeddings and class centres, whose cosines are never there as a whole.
///
/// Formula of a row, with x = input and W = linear_weight:
///
///     l = arcface_loss(cosines of x and the rows of W, target)
///
/// @param input Embeddings, of any length, shape (D) or (..., D); a floating dtype.
/// @param linear_weight The centres of the classes, of any length, shape (C, D).
/// @param target Labels in [0, C), an integer dtype, shaped like `input` without its last dimension.
/// @param margin The angle in radians, in [0, pi].
/// @param scale Factor of the cosines, > 0.
/// @param label_smoothing s in [0, 1]; y becomes y (1 - s) + s / C.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t).
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without its last dimension for `Reduction::None`; the dtype
///     of `input`.
///
/// Reference: J. Deng, J. Guo, N. Xue, S. Zafeiriou, "ArcFace: additive angular margin loss for deep face
///     recognition", CVPR 2019, arXiv:1801.07698.
LOSSOPS_API at::Tensor linear_arcface(
    const at::Tensor& input, const at::Tensor& linear_weight, const at::Tensor& target, double margin = 0.5,
    double scale = 64.0, double label_smoothing = 0.0, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt, int64_t ignore_index = -100,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// CosFace of embeddings and class centres, whose cosines are never there as a whole.
///
/// Formula of a row, with x = input and W = linear_weight:
///
///     l = cosface_loss(cosines of x and the rows of W, target)
///
/// @param input Embeddings, of any length, shape (D) or (..., D); a floating dtype.
/// @param linear_weight The centres of the classes, of any length, shape (C, D).
/// @param target Labels in [0, C), an integer dtype, shaped like `input` without its last dimension.
/// @param margin By how much the cosine is reduced.
/// @param scale Factor of the cosines, > 0.
/// @param label_smoothing s in [0, 1]; y becomes y (1 - s) + s / C.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t).
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without its last dimension for `Reduction::None`; the dtype
///     of `input`.
///
/// Reference: H. Wang et al., "CosFace: large margin cosine loss for deep face recognition", CVPR 2018,
///     arXiv:1801.09414.
LOSSOPS_API at::Tensor linear_cosface(
    const at::Tensor& input, const at::Tensor& linear_weight, const at::Tensor& target,
    double margin = 0.35, double scale = 64.0, double label_smoothing = 0.0,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    int64_t ignore_index = -100, const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Distillation between two linear layers, of which neither's logits are there as a whole.
///
/// Formula of a row, with x and y = input and target, W and V = linear_weight and target_weight and b and c
/// their biases:
///
///     l = distill_kl_loss(x W^T + b, y V^T + c)
///
/// @param input Features of the student, shape (D) or (..., D); a floating dtype.
/// @param linear_weight The weight of the student's layer, shape (C, D).
/// @param target Features of the teacher, of the same shape, but for the size of the last dimension.
/// @param target_weight The weight of the teacher's layer, (C, E) for features (..., E).
/// @param linear_bias The bias of the student's layer, one number for each of the classes.
/// @param target_bias The bias of the teacher's layer, likewise.
/// @param temperature T > 0; the higher, the more the small logits count. T^2 keeps the gradient's size.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / rows.
/// @param weight A factor per row; broadcasts to the shape of the loss for `Reduction::None`.
/// @param labels One per row, an integer dtype; only tells which rows to leave out.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without its last dimension for `Reduction::None`; the
///     promoted dtype of features and weights.
///
/// Reference: G. Hinton, O. Vinyals, J. Dean, "Distilling the knowledge in a neural network", 2015,
///     arXiv:1503.02531.
LOSSOPS_API at::Tensor linear_distill_kl(
    const at::Tensor& input, const at::Tensor& linear_weight, const at::Tensor& target,
    const at::Tensor& target_weight, const std::optional<at::Tensor>& linear_bias = std::nullopt,
    const std::optional<at::Tensor>& target_bias = std::nullopt, double temperature = 1.0,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<at::Tensor>& labels = std::nullopt, int64_t ignore_index = -100,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Jensen-Shannon divergence between two linear layers, without the logits of either in memory.
///
/// Formula of a row, with x and y = input and target, W and V = linear_weight and target_weight and b and c
/// their biases:
///
///     l = jsd_loss(x W^T + b, y V^T + c)
///
/// @param input Features of the student, shape (D) or (..., D); a floating dtype.
/// @param linear_weight The weight of the student's layer, shape (C, D).
/// @param target Features of the teacher, of the same shape, but for the size of the last dimension.
/// @param target_weight The weight of the teacher's layer, (C, E) for features (..., E).
/// @param linear_bias The bias of the student's layer, one number for each of the classes.
/// @param target_bias The bias of the teacher's layer, likewise.
/// @param beta From forward KL, 0, to reverse KL, 1; in [0, 1].
/// @param temperature T > 0.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / rows.
/// @param weight A factor per row; broadcasts to the shape of the loss for `Reduction::None`.
/// @param labels One per row, an integer dtype; only tells which rows to leave out.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without its last dimension for `Reduction::None`; the
///     promoted dtype of features and weights.
///
/// Reference: R. Agarwal et al., "On-policy distillation of language models: learning from self-generated
///     mistakes", ICLR 2024, arXiv:2306.13649.
LOSSOPS_API at::Tensor linear_jsd(
    const at::Tensor& input, const at::Tensor& linear_weight, const at::Tensor& target,
    const at::Tensor& target_weight, const std::optional<at::Tensor>& linear_bias = std::nullopt,
    const std::optional<at::Tensor>& target_bias = std::nullopt, double beta = 0.5,
    double temperature = 1.0, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<at::Tensor>& labels = std::nullopt, int64_t ignore_index = -100,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

}  // namespace lossops
