// Losses of one class out of C where some labels are wrong, or none is quite certain.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/export.h"
#include "lossops/types.h"

namespace lossops {

/// Symmetric cross-entropy: that of the prediction, and that of the label given the prediction.
///
/// Formula of a row, with p = softmax(input), w = weight and t = target:
///
///     l = w_t (-alpha ln p_t + 4 beta (1 - p_t))
///
/// @param input Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
/// @param target Labels in [0, C), an integer dtype, shaped like `input` without the class axis.
/// @param alpha The factor of cross-entropy, which learns fast, > 0.
/// @param beta That of the reverse, which a wrong label can raise no further than to 4, >= 0.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t).
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without the class axis for `Reduction::None`; the dtype of
///     `input`.
///
/// Reference: Y. Wang, X. Ma, Z. Chen, Y. Luo, J. Yi, J. Bailey, "Symmetric cross entropy for robust learning
///     with noisy labels", ICCV 2019, arXiv:1908.06112.
LOSSOPS_API at::Tensor symmetric_cross_entropy(
    const at::Tensor& input, const at::Tensor& target, double alpha = 0.1, double beta = 1.0,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    int64_t ignore_index = -100, const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Taylor cross-entropy: the first terms of the series of -ln p, a bounded loss.
///
/// Formula of a row, with p = softmax(input), w = weight and y = target, where a label t is one-hot:
///
///     l = sum_c w_c y_c sum_(k=1)^terms (1 - p_c)^k / k
///
/// @param input Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
/// @param target Labels in [0, C), an integer dtype, shaped like `input` without the class axis; or
///     probabilities, a floating dtype, shaped like `input`.
/// @param terms How many, from 1 to 64: 1 is the absolute error, many are cross-entropy.
/// @param label_smoothing s in [0, 1]; y becomes y (1 - s) + s / C.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t)
///     for labels, sum(l) / rows for probabilities.
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without the class axis for `Reduction::None`; the dtype of
///     `input`.
///
/// Reference: L. Feng, S. Shu, Z. Lin, F. Lv, L. Li, B. An, "Can cross entropy loss be robust to label
///     noise?", IJCAI 2020.
LOSSOPS_API at::Tensor taylor_cross_entropy(
    const at::Tensor& input, const at::Tensor& target, int64_t terms = 2, double label_smoothing = 0.0,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    int64_t ignore_index = -100, const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Label relaxation: a label may be any distribution that gives it at least 1 - alpha.
///
/// Formula of a row, with p = softmax(input), w = weight, t = target and a = alpha:
///
///     l = 0                                                                 where p_t >= 1 - a
///     l = w_t ((1 - a) ln((1 - a) / p_t) + a ln(a / (1 - p_t)))             elsewhere
///
/// @param input Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
/// @param target Labels in [0, C), an integer dtype, shaped like `input` without the class axis.
/// @param alpha What the other classes may have together, between 0 and 1.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t).
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without the class axis for `Reduction::None`; the dtype of
///     `input`.
///
/// Reference: J. Lienen, E. Huellermeier, "From label smoothing to label relaxation", AAAI 2021.
LOSSOPS_API at::Tensor label_relaxation(
    const at::Tensor& input, const at::Tensor& target, double alpha = 0.1,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    int64_t ignore_index = -100, const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Normalized cross-entropy: what the label costs over the sum of what all labels would cost.
///
/// Formula of a row, with p = softmax(input), w = weight and t = target:
///
///     l = w_t ln p_t / sum_c ln p_c
///
/// @param input Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
/// @param target Labels in [0, C), an integer dtype, shaped like `input` without the class axis.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t).
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without the class axis for `Reduction::None`; the dtype of
///     `input`.
///
/// Reference: X. Ma, H. Huang, Y. Wang, S. Romano, S. Erfani, J. Bailey, "Normalized loss functions for deep
///     learning with noisy labels", ICML 2020, arXiv:2006.13554.
LOSSOPS_API at::Tensor normalized_cross_entropy(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt, int64_t ignore_index = -100,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Early-learning regularization: holds predictions to what they were before labels misled them.
///
/// Formula of a row, with p = softmax(input), w = weight, t = target and q = average:
///
///     l = w_t (-ln p_t + strength ln(1 - sum_c p_c q_c))
///
/// @param input Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
/// @param target Labels in [0, C), an integer dtype, shaped like `input` without the class axis.
/// @param average Running averages of the predicted probabilities of the same samples, shaped like `input`; a
///     floating dtype.
/// @param strength The factor of the regularization, >= 0.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t).
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without the class axis for `Reduction::None`; the dtype of
///     `input`.
///
/// Reference: S. Liu, J. Niles-Weed, N. Razavian, C. Fernandez-Granda, "Early-learning regularization
///     prevents memorization of noisy labels", NeurIPS 2020, arXiv:2007.00151.
LOSSOPS_API at::Tensor elr(
    const at::Tensor& input, const at::Tensor& target, const at::Tensor& average, double strength = 3.0,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    int64_t ignore_index = -100, const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Cross-entropy with a confidence penalty: certain predictions cost more.
///
/// Formula of a row, with p = softmax(input), w = weight and t = target:
///
///     l = w_t (-ln p_t + beta sum_c p_c ln p_c)
///
/// @param input Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
/// @param target Labels in [0, C), an integer dtype, shaped like `input` without the class axis.
/// @param beta What the entropy counts, >= 0.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t).
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without the class axis for `Reduction::None`; the dtype of
///     `input`.
///
/// Reference: G. Pereyra, G. Tucker, J. Chorowski, L. Kaiser, G. Hinton, "Regularizing neural networks by
///     penalizing confident output distributions", 2017, arXiv:1701.06548.
LOSSOPS_API at::Tensor confidence_penalty(
    const at::Tensor& input, const at::Tensor& target, double beta = 0.1,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    int64_t ignore_index = -100, const std::optional<TensorOrNumber>& normalizer = std::nullopt);

}  // namespace lossops
