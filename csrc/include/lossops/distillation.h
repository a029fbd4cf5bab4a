// Divergences between the distributions of a student and its teacher, both given as logits.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/export.h"
#include "lossops/types.h"

namespace lossops {

/// Distillation: Kullback-Leibler divergence of the student's softmax from the teacher's.
///
/// Formula of a row, with T = temperature, P = softmax(target / T) and Q = softmax(input / T):
///
///     l = T^2 sum_c P_c (ln P_c - ln Q_c)
///
/// Gradients flow to both sides; detach the teacher where it is not trained.
///
/// @param input Logits of the student, any shape with a class axis; a floating dtype.
/// @param target Logits of the teacher, of the same shape; a floating dtype.
/// @param temperature T > 0; the higher, the more the small logits count. T^2 keeps the gradient's size.
/// @param dim The class axis.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / rows.
/// @param weight A factor per row; broadcasts to the shape of the loss for `Reduction::None`.
/// @param labels One per row, an integer dtype; only tells which rows to leave out.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without `dim` for `Reduction::None`; the promoted dtype of
///     the logits.
///
/// Reference: G. Hinton, O. Vinyals, J. Dean, "Distilling the knowledge in a neural network", 2015,
///     arXiv:1503.02531.
LOSSOPS_API at::Tensor distill_kl(
    const at::Tensor& input, const at::Tensor& target, double temperature = 1.0, int64_t dim = -1,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<at::Tensor>& labels = std::nullopt, int64_t ignore_index = -100,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Generalized Jensen-Shannon divergence between student and teacher.
///
/// Formula of a row, with T = temperature, P = softmax(target / T), Q = softmax(input / T) and M = beta P +
/// (1 - beta) Q:
///
///     l = T^2 (beta KL(P || M) + (1 - beta) KL(Q || M))
///     l = T^2 KL(P || Q)      beta = 0
///     l = T^2 KL(Q || P)      beta = 1
///
/// with KL(A || B) = sum_c A_c (ln A_c - ln B_c). Gradients flow to both sides.
///
/// @param input Logits of the student, any shape with a class axis; a floating dtype.
/// @param target Logits of the teacher, of the same shape; a floating dtype.
/// @param beta From forward KL, 0, to reverse KL, 1; in [0, 1].
/// @param temperature T > 0.
/// @param dim The class axis.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / rows.
/// @param weight A factor per row; broadcasts to the shape of the loss for `Reduction::None`.
/// @param labels One per row, an integer dtype; only tells which rows to leave out.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without `dim` for `Reduction::None`; the promoted dtype of
///     the logits.
///
/// Reference: R. Agarwal et al., "On-policy distillation of language models: learning from self-generated
///     mistakes", ICLR 2024, arXiv:2306.13649.
LOSSOPS_API at::Tensor jsd(
    const at::Tensor& input, const at::Tensor& target, double beta = 0.5, double temperature = 1.0,
    int64_t dim = -1, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<at::Tensor>& labels = std::nullopt, int64_t ignore_index = -100,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

}  // namespace lossops
