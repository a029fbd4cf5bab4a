// Losses of sequences whose labels are known and whose alignment is not.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/export.h"
#include "lossops/types.h"

namespace lossops {

/// Connectionist temporal classification: labels in order, at frames that nobody marked.
///
/// Formula of a sequence of T frames and U labels, over all paths pi of one class per frame that read as the
/// labels once repeats are merged and blanks dropped:
///
///     l = -ln sum_pi exp(sum_t log_probs[t, pi_t])
///
/// @param log_probs Log-probabilities per frame and class, shape (T, N, C), or (T, C) of one sequence; a
///     floating dtype.
/// @param targets Labels in [0, C) other than `blank`, an integer dtype, shape (N, S), of which the first U
///     count; or all labels behind one another, shape (sum of U).
/// @param input_lengths How many frames count, shape (N), or () of one sequence; an integer dtype, or a list
///     of integers.
/// @param target_lengths How many labels count, likewise.
/// @param blank The class that stands for no label.
/// @param zero_infinity Whether a sequence without any path costs 0 instead of inf.
/// @param from_logits Whether `log_probs` are logits, to take the log-softmax of in the same pass.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean over the sequences is
///     one of l / max(U, 1).
/// @param weight A factor per sequence; broadcasts to the shape of the loss for `Reduction::None`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or one loss per sequence for `Reduction::None`; the dtype of `log_probs`.
///
/// Reference: A. Graves, S. Fernandez, F. Gomez, J. Schmidhuber, "Connectionist temporal classification:
///     labelling unsegmented sequence data with recurrent neural networks", ICML 2006.
LOSSOPS_API at::Tensor ctc(
    const at::Tensor& log_probs, const at::Tensor& targets, const at::Tensor& input_lengths,
    const at::Tensor& target_lengths, int64_t blank = 0, bool zero_infinity = false,
    bool from_logits = false, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Recurrent neural network transducer: an alignment whose scores know the labels so far.
///
/// Formula of a sequence of T frames and U labels, with p = log_softmax(logits), b[t, u] = p[t, u, blank] and
/// e[t, u] = p[t, u, targets[u]]:
///
///     a[0, 0] = 0
///     a[t, u] = ln(exp(a[t - 1, u] + b[t - 1, u]) + exp(a[t, u - 1] + e[t, u - 1]))
///     l = -(a[T - 1, U] + b[T - 1, U])
///
/// @param logits What a joiner puts out for each frame and number of labels so far, shape (B, T, U + 1, D); a
///     floating dtype.
/// @param targets Labels in [0, D) other than `blank`, an integer dtype, shape (B, U).
/// @param logit_lengths How many frames count, shape (B); an integer dtype, or a list of integers.
/// @param target_lengths How many labels count, likewise.
/// @param blank The class that moves on to the next frame; below 0 it counts from D.
/// @param clamp The largest size of an element of the gradient by `logits`, before that of what follows the
///     loss multiplies it; none unless > 0.
/// @param fused_log_softmax Whether `logits` are logits; else p = `logits`, log-probabilities.
/// @param fastemit_lambda What the gradient of labels gets besides, >= 0: they come earlier. The loss is (1 +
///     fastemit_lambda) l, and the additional part takes no gradient by blanks.
/// @param monotonic Whether a label takes a frame, too: a[t, u - 1] + e[t, u - 1] is then a[t - 1, u - 1] +
///     e[t - 1, u - 1], and l = -a[T, U]. A sequence of U > T costs inf and gets gradient 0.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sequences.
/// @param weight A factor per sequence; broadcasts to the shape of the loss for `Reduction::None`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or one loss per sequence for `Reduction::None`; the dtype of `logits`.
///
/// Reference: A. Graves, "Sequence transduction with recurrent neural networks", arXiv:1211.3711; FastEmit:
///     J. Yu et al., arXiv:2010.11148.
LOSSOPS_API at::Tensor rnnt(
    const at::Tensor& logits, const at::Tensor& targets, const at::Tensor& logit_lengths,
    const at::Tensor& target_lengths, int64_t blank = -1, double clamp = -1.0,
    bool fused_log_softmax = true, double fastemit_lambda = 0.0, bool monotonic = false,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

}  // namespace lossops
