// Margin softmax: losses of embeddings, on the cosines of their angles with the class centres.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/export.h"
#include "lossops/types.h"

namespace lossops {

/// ArcFace: cross-entropy that asks for an angle to the right class smaller by `margin`.
///
/// Formula of a row, with x = input, w = weight, t = target and y, its one-hot:
///
///     z_t = scale cos(acos(x_t) + margin)     where acos(x_t) + margin <= pi
///     z_t = scale (x_t - margin sin(margin))  elsewhere
///     z_j = scale x_j                         for j != t
///     l = -sum_c w_c y_c ln softmax(z)_c
///
/// @param input Cosines of embedding and class centres, shape (C), (N, C) or (N, C, d1, ..., dK); a floating
///     dtype.
/// @param target Labels in [0, C), an integer dtype, shaped like `input` without the class axis.
/// @param margin The angle in radians, in [0, pi].
/// @param scale Factor of the cosines, > 0.
/// @param label_smoothing s in [0, 1]; y becomes y (1 - s) + s / C.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t).
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without the class axis for `Reduction::None`; the dtype of
///     `input`.
///
/// Reference: J. Deng, J. Guo, N. Xue, S. Zafeiriou, "ArcFace: additive angular margin loss for deep face
///     recognition", CVPR 2019, arXiv:1801.07698.
LOSSOPS_API at::Tensor arcface(
    const at::Tensor& input, const at::Tensor& target, double margin = 0.5, double scale = 64.0,
    double label_smoothing = 0.0, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt, int64_t ignore_index = -100,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// CosFace: cross-entropy that asks for a cosine to the right class larger by `margin`.
///
/// Formula of a row, with x = input, w = weight, t = target and y, its one-hot:
///
///     z_t = scale (x_t - margin)
///     z_j = scale x_j             for j != t
///     l = -sum_c w_c y_c ln softmax(z)_c
///
/// @param input Cosines of embedding and class centres, shape (C), (N, C) or (N, C, d1, ..., dK); a floating
///     dtype.
/// @param target Labels in [0, C), an integer dtype, shaped like `input` without the class axis.
/// @param margin By how much the cosine is reduced.
/// @param scale Factor of the cosines, > 0.
/// @param label_smoothing s in [0, 1]; y becomes y (1 - s) + s / C.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t).
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without the class axis for `Reduction::None`; the dtype of
///     `input`.
///
/// Reference: H. Wang et al., "CosFace: large margin cosine loss for deep face recognition", CVPR 2018,
///     arXiv:1801.09414; a margin per class: K. Cao, C. Wei, A. Gaidon, N. Arechiga, T. Ma, "Learning
///     imbalanced datasets with label-distribution-aware margin loss", NeurIPS 2019, arXiv:1906.07413.
LOSSOPS_API at::Tensor cosface(
    const at::Tensor& input, const at::Tensor& target, double margin = 0.35, double scale = 64.0,
    double label_smoothing = 0.0, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt, int64_t ignore_index = -100,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

}  // namespace lossops
