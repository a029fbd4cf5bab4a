// Losses of signals: what is wanted of one beside all else, in decibels.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/signal.h"
#include "lossops/nn/base.h"

namespace lossops::nn {

/// Options of `SISDRLoss`.
struct SISDRLossOptions {
  /// Whether each signal's mean is taken from it first.
  TORCH_ARG(bool, zero_mean) = false;
  /// What is added to both energies, >= 0; bounds l.
  TORCH_ARG(double, eps) = 0.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Negative scale-invariant signal-to-distortion ratio: the shape of a signal, however loud. See
/// `lossops::si_sdr`.
struct SISDRLossImpl : torch::nn::Cloneable<SISDRLossImpl> {
  explicit SISDRLossImpl(SISDRLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::SISDRLoss", "zero_mean", options.zero_mean(), "eps", options.eps(),
        "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::si_sdr(
        input, target, options.zero_mean(), options.eps(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  SISDRLossOptions options;
};
/// Shared ownership of a `SISDRLossImpl`.
TORCH_MODULE(SISDRLoss);

/// Options of `SNRLoss`.
struct SNRLossOptions {
  /// Whether each signal's mean is taken from it first.
  TORCH_ARG(bool, zero_mean) = false;
  /// What is added to both energies, >= 0; bounds l.
  TORCH_ARG(double, eps) = 0.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Negative signal-to-noise ratio: the signal as it stands, loudness included. See `lossops::snr`.
struct SNRLossImpl : torch::nn::Cloneable<SNRLossImpl> {
  explicit SNRLossImpl(SNRLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::SNRLoss", "zero_mean", options.zero_mean(), "eps", options.eps(),
        "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::snr(
        input, target, options.zero_mean(), options.eps(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  SNRLossOptions options;
};
/// Shared ownership of a `SNRLossImpl`.
TORCH_MODULE(SNRLoss);

}  // namespace lossops::nn
