// Contrastive losses: every vector of a batch against all others, without their matrix.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/export.h"
#include "lossops/types.h"

namespace lossops {

/// InfoNCE: finds the key of each query among all keys.
///
/// Formula of a sample i, with s_ij = cos(query_i, key_j) / temperature:
///
///     l = ln sum_j exp(s_ij) - s_i,label
///
/// @param query Vectors, shape (N, D); a floating dtype.
/// @param key Vectors, shape (M, D), with M >= N unless there are `labels`; the key of query i is key i. Also
///     the keys of other ranks, gathered.
/// @param negatives More keys, of no query, shape (K, D).
/// @param temperature What similarities are divided by, > 0.
/// @param normalize Whether similarities are cosines; otherwise they are inner products.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is over the queries
///     that are not left out.
/// @param weight A factor per sample; broadcasts to the shape of the loss for `Reduction::None`.
/// @param labels Which of all keys, `negatives` last, is that of a query, shape (N), an integer dtype; -1
///     leaves the query out.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or one loss per sample for `Reduction::None`, the shape of `query` without its last
///     dimension; the promoted dtype of the vectors.
///
/// Reference: A. van den Oord, Y. Li, O. Vinyals, "Representation learning with contrastive predictive
///     coding", 2018, arXiv:1807.03748.
LOSSOPS_API at::Tensor info_nce(
    const at::Tensor& query, const at::Tensor& key,
    const std::optional<at::Tensor>& negatives = std::nullopt, double temperature = 0.1,
    bool normalize = true, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<at::Tensor>& labels = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// NT-Xent of SimCLR: finds the other view of each sample among all other views.
///
/// Formula of a sample i of the 2N in z = (z1, z2), whose other view is j, with s_ik = cos(z_i, z_k) /
/// temperature:
///
///     l = ln sum_{k != i} exp(s_ik) - s_ij
///
/// @param z1 Embeddings of the one view of each sample, shape (N, D); a floating dtype.
/// @param z2 Those of the other, shape (N, D).
/// @param temperature What cosines are divided by, > 0.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per sample; broadcasts to the shape of the loss for `Reduction::None`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or for `Reduction::None` one loss per view, shape (2N); the promoted dtype of the
///     vectors.
///
/// Reference: T. Chen, S. Kornblith, M. Norouzi, G. Hinton, "A simple framework for contrastive learning of
///     visual representations", ICML 2020, arXiv:2002.05709.
LOSSOPS_API at::Tensor nt_xent(
    const at::Tensor& z1, const at::Tensor& z2, double temperature = 0.5,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// CLIP: finds the text of each image among all texts, and the image of each text.
///
/// Formula of a sample i, with s = logit_scale image_features text_features^T:
///
///     l = (ln sum_j exp(s_ij) + ln sum_j exp(s_ji)) / 2 - s_ii
///
/// @param image_features Vectors of images, usually of length 1, shape (N, D); a floating dtype.
/// @param text_features Vectors of their texts, shape (N, D).
/// @param logit_scale Factor of the scores, a number or 0-d tensor; that of a model, after exp.
/// @param logit_bias What is added to the scores, a number or 0-d tensor. The loss does not depend on it.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per sample; broadcasts to the shape of the loss for `Reduction::None`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or one loss per sample for `Reduction::None`, the shape of `image_features` without
///     its last dimension; the promoted dtype of the vectors.
///
/// Reference: A. Radford et al., "Learning transferable visual models from natural language supervision",
///     ICML 2021, arXiv:2103.00020.
LOSSOPS_API at::Tensor clip(
    const at::Tensor& image_features, const at::Tensor& text_features, const TensorOrNumber& logit_scale,
    const std::optional<TensorOrNumber>& logit_bias = std::nullopt, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// SigLIP: tells of each image and each text whether they belong together.
///
/// Formula of a sample i, with z = logit_scale image_features text_features^T + logit_bias, y_ii = 1 and
/// otherwise y_ij = -1:
///
///     l = sum_j ln(1 + exp(-y_ij z_ij))
///
/// @param image_features Vectors of images, usually of length 1, shape (N, D); a floating dtype.
/// @param text_features Vectors of their texts, shape (N, D); with `negative_only` (M, D).
/// @param logit_scale Factor of the scores, a number or 0-d tensor; that of a model, after exp.
/// @param logit_bias What is added to the scores, a number or 0-d tensor; None adds nothing.
/// @param negative_only Whether no text belongs to any image, as texts of other ranks do not.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per sample; broadcasts to the shape of the loss for `Reduction::None`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or one loss per sample for `Reduction::None`, the shape of `image_features` without
///     its last dimension; the promoted dtype of the vectors.
///
/// Reference: X. Zhai, B. Mustafa, A. Kolesnikov, L. Beyer, "Sigmoid loss for language image pre-training",
///     ICCV 2023, arXiv:2303.15343.
LOSSOPS_API at::Tensor siglip(
    const at::Tensor& image_features, const at::Tensor& text_features, const TensorOrNumber& logit_scale,
    const std::optional<TensorOrNumber>& logit_bias = std::nullopt, bool negative_only = false,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Supervised contrastive loss: finds all others of its class for each sample.
///
/// Formula of a sample i, with s_ij = cos(features_i, features_j) / temperature and P the others of its
/// label, over which the mean is:
///
///     l = ln sum_{j != i} exp(s_ij) - mean_P s_ip
///
/// @param features Embeddings, shape (N, D), or (N, V, D) with V views of each sample; a floating dtype.
/// @param labels A number per sample, shape (N), an integer dtype; samples with -1 are left out, and are
///     compared with none.
/// @param temperature What cosines are divided by, > 0.
/// @param base_temperature The loss is multiplied by temperature / base_temperature, > 0; std::nullopt leaves
///     that out.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is over the samples
///     that have another of their label; others cost 0.
/// @param weight A factor per sample; broadcasts to the shape of the loss for `Reduction::None`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or one loss per sample for `Reduction::None`, the shape of `features` without its
///     last dimension; the promoted dtype of the vectors.
///
/// Reference: P. Khosla et al., "Supervised contrastive learning", NeurIPS 2020, arXiv:2004.11362.
LOSSOPS_API at::Tensor supcon(
    const at::Tensor& features, const at::Tensor& labels, double temperature = 0.07,
    std::optional<double> base_temperature = std::nullopt, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Proxy-Anchor: pulls the samples of its class to each proxy, and pushes all others away.
///
/// Formula of a proxy, with s the cosines of it and the embeddings:
///
///     l = ln(1 + sum_{its class} exp(-alpha (s - margin)))
///         + ln(1 + sum_{others} exp(alpha (s + margin)))
///
/// @param embeddings Vectors, shape (N, D); a floating dtype.
/// @param proxies The proxy of each of K classes, (K, D); learned with the model.
/// @param labels The classes of the embeddings, shape (N), in [0, K), an integer dtype; embeddings with -1
///     are left out.
/// @param margin By how much cosines have to be on the right side.
/// @param alpha How much the hardest samples stand out, > 0.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is that of the first
///     part over the proxies whose class is there, and of the second over all.
/// @param weight A factor per proxy; broadcasts to the shape of the loss for `Reduction::None`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or for `Reduction::None` one loss per proxy, shape (K); the promoted dtype of the
///     vectors.
///
/// Reference: S. Kim, D. Kim, M. Cho, S. Kwak, "Proxy anchor loss for deep metric learning", CVPR 2020,
///     arXiv:2003.13911.
LOSSOPS_API at::Tensor proxy_anchor(
    const at::Tensor& embeddings, const at::Tensor& proxies, const at::Tensor& labels, double margin = 0.1,
    double alpha = 32.0, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

}  // namespace lossops
