// Losses of embeddings: pairs and triplets of vectors that belong near each other or apart.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/embedding.h"
#include "lossops/nn/base.h"

namespace lossops::nn {

/// Options of `CosineEmbeddingLoss`.
struct CosineEmbeddingLossOptions {
  /// The cosine below which dissimilar pairs cost nothing.
  TORCH_ARG(double, margin) = 0.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Cosine embedding loss: turns vectors of a pair towards each other, or away. See
/// `lossops::cosine_embedding`.
struct CosineEmbeddingLossImpl : torch::nn::Cloneable<CosineEmbeddingLossImpl> {
  explicit CosineEmbeddingLossImpl(CosineEmbeddingLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::CosineEmbeddingLoss", "margin", options.margin(),
        "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input1, const at::Tensor& input2, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::cosine_embedding(
        input1, input2, target, options.margin(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  CosineEmbeddingLossOptions options;
};
/// Shared ownership of a `CosineEmbeddingLossImpl`.
TORCH_MODULE(CosineEmbeddingLoss);

/// Options of `TripletMarginLoss`.
struct TripletMarginLossOptions {
  /// How much farther the negative has to be, > 0.
  TORCH_ARG(double, margin) = 1.0;
  /// The norm, >= 0; inf is the largest difference.
  TORCH_ARG(double, p) = 2.0;
  /// What is added to each difference.
  TORCH_ARG(double, eps) = 1e-06;
  /// Whether the negative may be compared with the positive instead.
  TORCH_ARG(bool, swap) = false;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Triplet loss: an anchor lies nearer to a positive than to a negative, by a margin. See
/// `lossops::triplet_margin`.
struct TripletMarginLossImpl : torch::nn::Cloneable<TripletMarginLossImpl> {
  explicit TripletMarginLossImpl(TripletMarginLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::TripletMarginLoss", "margin", options.margin(), "p", options.p(),
        "eps", options.eps(), "swap", options.swap(), "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& anchor, const at::Tensor& positive, const at::Tensor& negative,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::triplet_margin(
        anchor, positive, negative, options.margin(), options.p(), options.eps(), options.swap(),
        options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  TripletMarginLossOptions options;
};
/// Shared ownership of a `TripletMarginLossImpl`.
TORCH_MODULE(TripletMarginLoss);

/// Options of `ContrastiveLoss`.
struct ContrastiveLossOptions {
  /// The distance within which similar pairs cost nothing.
  TORCH_ARG(double, pos_margin) = 0.0;
  /// The distance beyond which dissimilar pairs cost nothing.
  TORCH_ARG(double, neg_margin) = 1.0;
  /// The norm, >= 0; inf is the largest difference.
  TORCH_ARG(double, p) = 2.0;
  /// 1, or 2 as in the paper.
  TORCH_ARG(int64_t, power) = 1;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Contrastive loss: similar vectors within one distance, dissimilar ones beyond another. See
/// `lossops::contrastive`.
struct ContrastiveLossImpl : torch::nn::Cloneable<ContrastiveLossImpl> {
  explicit ContrastiveLossImpl(ContrastiveLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::ContrastiveLoss", "pos_margin", options.pos_margin(),
        "neg_margin", options.neg_margin(), "p", options.p(), "power", options.power(),
        "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input1, const at::Tensor& input2, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::contrastive(
        input1, input2, target, options.pos_margin(), options.neg_margin(), options.p(), options.power(),
        options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  ContrastiveLossOptions options;
};
/// Shared ownership of a `ContrastiveLossImpl`.
TORCH_MODULE(ContrastiveLoss);

}  // namespace lossops::nn
