// Errors relative to the size of what is predicted.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/relative.h"
#include "lossops/nn/base.h"

namespace lossops::nn {

/// Options of `MSLELoss`.
struct MSLELossOptions {
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Squared logarithmic error: of numbers from 0 on, by how many times they differ. See `lossops::msle`.
struct MSLELossImpl : torch::nn::Cloneable<MSLELossImpl> {
  explicit MSLELossImpl(MSLELossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(stream, "lossops::nn::MSLELoss", "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::msle(input, target, options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  MSLELossOptions options;
};
/// Shared ownership of a `MSLELossImpl`.
TORCH_MODULE(MSLELoss);

/// Options of `MAPELoss`.
struct MAPELossOptions {
  /// The least size of a target, > 0.
  TORCH_ARG(double, eps) = 1.17e-06;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Absolute error as a share of the target. See `lossops::mape`.
struct MAPELossImpl : torch::nn::Cloneable<MAPELossImpl> {
  explicit MAPELossImpl(MAPELossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(stream, "lossops::nn::MAPELoss", "eps", options.eps(), "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::mape(input, target, options.eps(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  MAPELossOptions options;
};
/// Shared ownership of a `MAPELossImpl`.
TORCH_MODULE(MAPELoss);

/// Options of `SMAPELoss`.
struct SMAPELossOptions {
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Absolute error as a share of the mean size of both numbers, from 0 to 2. See `lossops::smape`.
struct SMAPELossImpl : torch::nn::Cloneable<SMAPELossImpl> {
  explicit SMAPELossImpl(SMAPELossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(stream, "lossops::nn::SMAPELoss", "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::smape(input, target, options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  SMAPELossOptions options;
};
/// Shared ownership of a `SMAPELossImpl`.
TORCH_MODULE(SMAPELoss);

}  // namespace lossops::nn
