// Losses of one class out of K that have an order, such as grades, stages and ages.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/export.h"
#include "lossops/types.h"

namespace lossops {

/// CORAL: whether the label lies above each threshold, a cross-entropy of yes and no for each.
///
/// Formula of a row, with x = input, w = weight and y_k = 1 where the label lies above threshold k, t > k for
/// t = target, and 0 elsewhere:
///
///     l = w sum_k (y_k softplus(-x_k) + (1 - y_k) softplus(x_k))
///
/// @param input Logits of K - 1 thresholds, shape (K - 1), (N, K - 1) or (N, K - 1, d1, ..., dM); a floating
///     dtype.
/// @param target Labels in [0, K), an integer dtype, shaped like `input` without the class axis; or levels y
///     in [0, 1], a floating dtype, shaped like `input`.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / rows.
/// @param weight A factor per row; broadcasts to the shape of the loss for `Reduction::None`.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without the class axis for `Reduction::None`; the dtype of
///     `input`.
///
/// Reference: W. Cao, V. Mirjalili, S. Raschka, "Rank consistent ordinal regression for neural networks with
///     application to age estimation", Pattern Recognition Letters 140, 2020, arXiv:1901.07884.
LOSSOPS_API at::Tensor coral(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt, int64_t ignore_index = -100,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// CORN: whether a label lies above a threshold, asked where it lies above all lower ones.
///
/// Formula of a row, with x = input, w = weight and t = target:
///
///     l = w (sum_(k < t) softplus(-x_k) + softplus(x_t))
///
/// without the last term for the last label, above which there is no threshold.
///
/// @param input Logits of K - 1 thresholds, shape (K - 1), (N, K - 1) or (N, K - 1, d1, ..., dM); a floating
///     dtype.
/// @param target Labels in [0, K), an integer dtype, shaped like `input` without the class axis.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(min(t
///     + 1, K - 1)), by the thresholds that are asked.
/// @param weight A factor per row; broadcasts to the shape of the loss for `Reduction::None`.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without the class axis for `Reduction::None`; the dtype of
///     `input`.
///
/// Reference: X. Shi, W. Cao, S. Raschka, "Deep neural networks for rank-consistent ordinal regression based
///     on conditional probabilities", Pattern Analysis and Applications 26, 2023, arXiv:2111.08851.
LOSSOPS_API at::Tensor corn(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt, int64_t ignore_index = -100,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

}  // namespace lossops
