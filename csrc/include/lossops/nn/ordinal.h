// Losses of one class out of K that have an order, such as grades, stages and ages.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/ordinal.h"
#include "lossops/nn/base.h"

namespace lossops::nn {

/// Options of `CORALLoss`.
struct CORALLossOptions {
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / rows.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Rows with this label are left out, and get gradient 0.
  TORCH_ARG(int64_t, ignore_index) = -100;
};

/// CORAL: whether the label lies above each threshold, a cross-entropy of yes and no for each. See
/// `lossops::coral`.
struct CORALLossImpl : torch::nn::Cloneable<CORALLossImpl> {
  explicit CORALLossImpl(CORALLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::CORALLoss", "reduction", options.reduction(),
        "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::coral(input, target, options.reduction(), weight, options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  CORALLossOptions options;
};
/// Shared ownership of a `CORALLossImpl`.
TORCH_MODULE(CORALLoss);

/// Options of `CORNLoss`.
struct CORNLossOptions {
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(min(t + 1, K - 1)),
  /// by the thresholds that are asked.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Rows with this label are left out, and get gradient 0.
  TORCH_ARG(int64_t, ignore_index) = -100;
};

/// CORN: whether a label lies above a threshold, asked where it lies above all lower ones. See
/// `lossops::corn`.
struct CORNLossImpl : torch::nn::Cloneable<CORNLossImpl> {
  explicit CORNLossImpl(CORNLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::CORNLoss", "reduction", options.reduction(),
        "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::corn(input, target, options.reduction(), weight, options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  CORNLossOptions options;
};
/// Shared ownership of a `CORNLossImpl`.
TORCH_MODULE(CORNLoss);

}  // namespace lossops::nn
