// Losses of one class out of C where some labels are wrong, or none is quite certain.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/noise.h"
#include "lossops/nn/base.h"

namespace lossops::nn {

/// Options of `SymmetricCrossEntropyLoss`.
struct SymmetricCrossEntropyLossOptions {
  /// The factor of cross-entropy, which learns fast, > 0.
  TORCH_ARG(double, alpha) = 0.1;
  /// That of the reverse, which a wrong label can raise no further than to 4, >= 0.
  TORCH_ARG(double, beta) = 1.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t).
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// A factor per class, shape (C); 1 where left out.
  TORCH_ARG(std::optional<at::Tensor>, weight) = std::nullopt;
  /// Rows with this label are left out, and get gradient 0.
  TORCH_ARG(int64_t, ignore_index) = -100;
};

/// Symmetric cross-entropy: that of the prediction, and that of the label given the prediction. See
/// `lossops::symmetric_cross_entropy`.
struct SymmetricCrossEntropyLossImpl : torch::nn::Cloneable<SymmetricCrossEntropyLossImpl> {
  explicit SymmetricCrossEntropyLossImpl(SymmetricCrossEntropyLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::SymmetricCrossEntropyLoss", "alpha", options.alpha(), "beta", options.beta(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::symmetric_cross_entropy(
        input, target, options.alpha(), options.beta(), options.reduction(), detail::given(weight),
        options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  SymmetricCrossEntropyLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `SymmetricCrossEntropyLossImpl`.
TORCH_MODULE(SymmetricCrossEntropyLoss);

/// Options of `TaylorCrossEntropyLoss`.
struct TaylorCrossEntropyLossOptions {
  /// How many, from 1 to 64: 1 is the absolute error, many are cross-entropy.
  TORCH_ARG(int64_t, terms) = 2;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t) for labels,
  /// sum(l) / rows for probabilities.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// A factor per class, shape (C); 1 where left out.
  TORCH_ARG(std::optional<at::Tensor>, weight) = std::nullopt;
  /// Rows with this label are left out, and get gradient 0.
  TORCH_ARG(int64_t, ignore_index) = -100;
  /// s in [0, 1]; y becomes y (1 - s) + s / C.
  TORCH_ARG(double, label_smoothing) = 0.0;
};

/// Taylor cross-entropy: the first terms of the series of -ln p, a bounded loss. See
/// `lossops::taylor_cross_entropy`.
struct TaylorCrossEntropyLossImpl : torch::nn::Cloneable<TaylorCrossEntropyLossImpl> {
  explicit TaylorCrossEntropyLossImpl(TaylorCrossEntropyLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::TaylorCrossEntropyLoss", "terms", options.terms(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index(),
        "label_smoothing", options.label_smoothing());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::taylor_cross_entropy(
        input, target, options.terms(), options.label_smoothing(), options.reduction(),
        detail::given(weight), options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  TaylorCrossEntropyLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `TaylorCrossEntropyLossImpl`.
TORCH_MODULE(TaylorCrossEntropyLoss);

/// Options of `LabelRelaxationLoss`.
struct LabelRelaxationLossOptions {
  /// What the other classes may have together, between 0 and 1.
  TORCH_ARG(double, alpha) = 0.1;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t).
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// A factor per class, shape (C); 1 where left out.
  TORCH_ARG(std::optional<at::Tensor>, weight) = std::nullopt;
  /// Rows with this label are left out, and get gradient 0.
  TORCH_ARG(int64_t, ignore_index) = -100;
};

/// Label relaxation: a label may be any distribution that gives it at least 1 - alpha. See
/// `lossops::label_relaxation`.
struct LabelRelaxationLossImpl : torch::nn::Cloneable<LabelRelaxationLossImpl> {
  explicit LabelRelaxationLossImpl(LabelRelaxationLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::LabelRelaxationLoss", "alpha", options.alpha(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::label_relaxation(
        input, target, options.alpha(), options.reduction(), detail::given(weight), options.ignore_index(),
        normalizer);
  }

  /// The settings of this module.
  LabelRelaxationLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `LabelRelaxationLossImpl`.
TORCH_MODULE(LabelRelaxationLoss);

/// Options of `NormalizedCrossEntropyLoss`.
struct NormalizedCrossEntropyLossOptions {
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t).
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// A factor per class, shape (C); 1 where left out.
  TORCH_ARG(std::optional<at::Tensor>, weight) = std::nullopt;
  /// Rows with this label are left out, and get gradient 0.
  TORCH_ARG(int64_t, ignore_index) = -100;
};

/// Normalized cross-entropy: what the label costs over the sum of what all labels would cost. See
/// `lossops::normalized_cross_entropy`.
struct NormalizedCrossEntropyLossImpl : torch::nn::Cloneable<NormalizedCrossEntropyLossImpl> {
  explicit NormalizedCrossEntropyLossImpl(NormalizedCrossEntropyLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::NormalizedCrossEntropyLoss", "reduction", options.reduction(),
        "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::normalized_cross_entropy(
        input, target, options.reduction(), detail::given(weight), options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  NormalizedCrossEntropyLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `NormalizedCrossEntropyLossImpl`.
TORCH_MODULE(NormalizedCrossEntropyLoss);

/// Options of `ELRLoss`.
struct ELRLossOptions {
  /// The factor of the regularization, >= 0.
  TORCH_ARG(double, strength) = 3.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t).
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// A factor per class, shape (C); 1 where left out.
  TORCH_ARG(std::optional<at::Tensor>, weight) = std::nullopt;
  /// Rows with this label are left out, and get gradient 0.
  TORCH_ARG(int64_t, ignore_index) = -100;
};

/// Early-learning regularization: holds predictions to what they were before labels misled them. See
/// `lossops::elr`.
struct ELRLossImpl : torch::nn::Cloneable<ELRLossImpl> {
  explicit ELRLossImpl(ELRLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::ELRLoss", "strength", options.strength(), "reduction", options.reduction(),
        "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target, const at::Tensor& average,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::elr(
        input, target, average, options.strength(), options.reduction(), detail::given(weight),
        options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  ELRLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `ELRLossImpl`.
TORCH_MODULE(ELRLoss);

/// Options of `ConfidencePenaltyLoss`.
struct ConfidencePenaltyLossOptions {
  /// What the entropy counts, >= 0.
  TORCH_ARG(double, beta) = 0.1;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t).
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// A factor per class, shape (C); 1 where left out.
  TORCH_ARG(std::optional<at::Tensor>, weight) = std::nullopt;
  /// Rows with this label are left out, and get gradient 0.
  TORCH_ARG(int64_t, ignore_index) = -100;
};

/// Cross-entropy with a confidence penalty: certain predictions cost more. See `lossops::confidence_penalty`.
struct ConfidencePenaltyLossImpl : torch::nn::Cloneable<ConfidencePenaltyLossImpl> {
  explicit ConfidencePenaltyLossImpl(ConfidencePenaltyLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::ConfidencePenaltyLoss", "beta", options.beta(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::confidence_penalty(
        input, target, options.beta(), options.reduction(), detail::given(weight), options.ignore_index(),
        normalizer);
  }

  /// The settings of this module.
  ConfidencePenaltyLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `ConfidencePenaltyLossImpl`.
TORCH_MODULE(ConfidencePenaltyLoss);

}  // namespace lossops::nn
