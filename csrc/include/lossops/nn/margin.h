// Losses that ask for a margin: of targets -1 and 1, or of classes.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/margin.h"
#include "lossops/nn/base.h"

namespace lossops::nn {

/// Options of `HingeLoss`.
struct HingeLossOptions {
  /// The margin that costs nothing.
  TORCH_ARG(double, margin) = 1.0;
  /// 1, or 2 for the squared hinge.
  TORCH_ARG(int64_t, power) = 1;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Elements with this target are left out, and get gradient 0.
  TORCH_ARG(std::optional<int64_t>, ignore_index) = std::nullopt;
};

/// Hinge loss of a support-vector machine: 0 once the score is right by `margin`. See `lossops::hinge`.
struct HingeLossImpl : torch::nn::Cloneable<HingeLossImpl> {
  explicit HingeLossImpl(HingeLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::HingeLoss", "margin", options.margin(), "power", options.power(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::hinge(
        input, target, options.margin(), options.power(), options.reduction(), weight,
        options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  HingeLossOptions options;
};
/// Shared ownership of a `HingeLossImpl`.
TORCH_MODULE(HingeLoss);

/// Options of `HingeEmbeddingLoss`.
struct HingeEmbeddingLossOptions {
  /// The distance beyond which dissimilar pairs cost nothing.
  TORCH_ARG(double, margin) = 1.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Elements with this target are left out, and get gradient 0.
  TORCH_ARG(std::optional<int64_t>, ignore_index) = std::nullopt;
};

/// Hinge loss of distances: pulls similar pairs together and pushes the others `margin` apart. See
/// `lossops::hinge_embedding`.
struct HingeEmbeddingLossImpl : torch::nn::Cloneable<HingeEmbeddingLossImpl> {
  explicit HingeEmbeddingLossImpl(HingeEmbeddingLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::HingeEmbeddingLoss", "margin", options.margin(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::hinge_embedding(
        input, target, options.margin(), options.reduction(), weight, options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  HingeEmbeddingLossOptions options;
};
/// Shared ownership of a `HingeEmbeddingLossImpl`.
TORCH_MODULE(HingeEmbeddingLoss);

/// Options of `SoftMarginLoss`.
struct SoftMarginLossOptions {
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Elements with this target are left out, and get gradient 0.
  TORCH_ARG(std::optional<int64_t>, ignore_index) = std::nullopt;
};

/// Logistic loss of targets -1 and 1: the smooth hinge. See `lossops::soft_margin`.
struct SoftMarginLossImpl : torch::nn::Cloneable<SoftMarginLossImpl> {
  explicit SoftMarginLossImpl(SoftMarginLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::SoftMarginLoss", "reduction", options.reduction(),
        "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::soft_margin(
        input, target, options.reduction(), weight, options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  SoftMarginLossOptions options;
};
/// Shared ownership of a `SoftMarginLossImpl`.
TORCH_MODULE(SoftMarginLoss);

/// Options of `MarginRankingLoss`.
struct MarginRankingLossOptions {
  /// By how much.
  TORCH_ARG(double, margin) = 0.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Elements with this target are left out, and get gradient 0.
  TORCH_ARG(std::optional<int64_t>, ignore_index) = std::nullopt;
};

/// Ranking loss of pairs: asks that one score exceed the other by `margin`. See `lossops::margin_ranking`.
struct MarginRankingLossImpl : torch::nn::Cloneable<MarginRankingLossImpl> {
  explicit MarginRankingLossImpl(MarginRankingLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::MarginRankingLoss", "margin", options.margin(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input1, const at::Tensor& input2, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::margin_ranking(
        input1, input2, target, options.margin(), options.reduction(), weight, options.ignore_index(),
        normalizer);
  }

  /// The settings of this module.
  MarginRankingLossOptions options;
};
/// Shared ownership of a `MarginRankingLossImpl`.
TORCH_MODULE(MarginRankingLoss);

/// Options of `MultiMarginLoss`.
struct MultiMarginLossOptions {
  /// 1, or 2 for the squared hinge.
  TORCH_ARG(int64_t, p) = 1;
  /// The margin that costs nothing.
  TORCH_ARG(double, margin) = 1.0;
  /// A factor per class, shape (C); 1 where left out. Not part of the mean.
  TORCH_ARG(std::optional<at::Tensor>, weight) = std::nullopt;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / rows.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Rows with this label are left out, and get gradient 0.
  TORCH_ARG(std::optional<int64_t>, ignore_index) = std::nullopt;
};

/// Hinge loss over classes: the right score should exceed every other by `margin`. See
/// `lossops::multi_margin`.
struct MultiMarginLossImpl : torch::nn::Cloneable<MultiMarginLossImpl> {
  explicit MultiMarginLossImpl(MultiMarginLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::MultiMarginLoss", "p", options.p(), "margin", options.margin(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::multi_margin(
        input, target, options.p(), options.margin(), options.reduction(), detail::given(weight),
        options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  MultiMarginLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `MultiMarginLossImpl`.
TORCH_MODULE(MultiMarginLoss);

/// Options of `MultiLabelMarginLoss`.
struct MultiLabelMarginLossOptions {
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / rows.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Hinge loss of many labels: each right score should exceed each wrong one by 1. See
/// `lossops::multilabel_margin`.
struct MultiLabelMarginLossImpl : torch::nn::Cloneable<MultiLabelMarginLossImpl> {
  explicit MultiLabelMarginLossImpl(MultiLabelMarginLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(stream, "lossops::nn::MultiLabelMarginLoss", "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::multilabel_margin(input, target, options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  MultiLabelMarginLossOptions options;
};
/// Shared ownership of a `MultiLabelMarginLossImpl`.
TORCH_MODULE(MultiLabelMarginLoss);

}  // namespace lossops::nn
