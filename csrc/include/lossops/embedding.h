// Losses of embeddings: pairs and triplets of vectors that belong near each other or apart.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/export.h"
#include "lossops/types.h"

namespace lossops {

/// Cosine embedding loss: turns vectors of a pair towards each other, or away.
///
/// Formula of a pair, with x = input1 and y = input2:
///
///     cos = x y / (|x| |y|)
///     l = 1 - cos                where target = 1
///     l = max(0, cos - margin)   where target = -1
///
/// Any other target costs 0, as in torch.
///
/// @param input1 Vectors along the last dimension, shape (N, D) or (D), or with more dimensions before; a
///     floating dtype.
/// @param input2 Likewise; sizes are equal or 1.
/// @param target -1 or 1 per pair, shape (N) or (); a floating or integer dtype.
/// @param margin The cosine below which dissimilar pairs cost nothing.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per pair; broadcasts to the shape of the loss for `Reduction::None`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or one loss per pair for `Reduction::None`, the shape of `input1` without its last
///     dimension; the promoted dtype of the vectors.
///
/// Reference: J. Bromley, I. Guyon, Y. LeCun, E. Sackinger, R. Shah, "Signature verification using a
///     "Siamese" time delay neural network", NeurIPS 1993.
LOSSOPS_API at::Tensor cosine_embedding(
    const at::Tensor& input1, const at::Tensor& input2, const at::Tensor& target, double margin = 0.0,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Triplet loss: an anchor lies nearer to a positive than to a negative, by a margin.
///
/// Formula of a triplet, with the p-norm:
///
///     d(x, y) = |x - y + eps|
///     l = max(0, d(anchor, positive) - d(anchor, negative) + margin)
///
/// With `swap` the negative's distance is the smaller one of those to the anchor and from the positive.
///
/// @param anchor Vectors along the last dimension, shape (N, D) or (D), or with more dimensions before; a
///     floating dtype.
/// @param positive Likewise; sizes are equal or 1.
/// @param negative Likewise.
/// @param margin How much farther the negative has to be, > 0.
/// @param p The norm, >= 0; inf is the largest difference.
/// @param eps What is added to each difference.
/// @param swap Whether the negative may be compared with the positive instead.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per triplet; broadcasts to the shape of the loss for `Reduction::None`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or one loss per triplet for `Reduction::None`, the shape of `anchor` without its
///     last dimension; the promoted dtype of the vectors.
///
/// Reference: V. Balntas, E. Riba, D. Ponsa, K. Mikolajczyk, "Learning local feature descriptors with
///     triplets and shallow convolutional neural networks", BMVC 2016.
LOSSOPS_API at::Tensor triplet_margin(
    const at::Tensor& anchor, const at::Tensor& positive, const at::Tensor& negative, double margin = 1.0,
    double p = 2.0, double eps = 1e-06, bool swap = false, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Contrastive loss: similar vectors within one distance, dissimilar ones beyond another.
///
/// Formula of a pair, with the p-norm:
///
///     d = |input1 - input2|
///     l = max(0, d - pos_margin)^power   where target > 0
///     l = max(0, neg_margin - d)^power   elsewhere
///
/// @param input1 Vectors along the last dimension, shape (N, D) or (D), or with more dimensions before; a
///     floating dtype.
/// @param input2 Likewise; sizes are equal or 1.
/// @param target Whether a pair is similar, shape (N) or (): 1, or else 0 or -1; a floating, integer or bool
///     dtype.
/// @param pos_margin The distance within which similar pairs cost nothing.
/// @param neg_margin The distance beyond which dissimilar pairs cost nothing.
/// @param p The norm, >= 0; inf is the largest difference.
/// @param power 1, or 2 as in the paper.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per pair; broadcasts to the shape of the loss for `Reduction::None`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or one loss per pair for `Reduction::None`, the shape of `input1` without its last
///     dimension; the promoted dtype of the vectors.
///
/// Reference: R. Hadsell, S. Chopra, Y. LeCun, "Dimensionality reduction by learning an invariant mapping",
///     CVPR 2006.
LOSSOPS_API at::Tensor contrastive(
    const at::Tensor& input1, const at::Tensor& input2, const at::Tensor& target, double pos_margin = 0.0,
    double neg_margin = 1.0, double p = 2.0, int64_t power = 1, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

}  // namespace lossops
