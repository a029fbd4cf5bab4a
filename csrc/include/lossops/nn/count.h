// Negative log-likelihoods of counts: numbers of events, and amounts that are often 0.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/count.h"
#include "lossops/nn/base.h"

namespace lossops::nn {

/// Options of `NegativeBinomialNLLLoss`.
struct NegativeBinomialNLLLossOptions {
  /// Whether `input` holds logarithms.
  TORCH_ARG(bool, log_input) = true;
  /// Whether to add the term that depends on the target alone.
  TORCH_ARG(bool, full) = false;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Negative log-likelihood of counts that vary more than Poisson's: negative binomial. See
/// `lossops::negative_binomial_nll`.
struct NegativeBinomialNLLLossImpl : torch::nn::Cloneable<NegativeBinomialNLLLossImpl> {
  explicit NegativeBinomialNLLLossImpl(NegativeBinomialNLLLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::NegativeBinomialNLLLoss", "log_input", options.log_input(),
        "full", options.full(), "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& dispersion,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::negative_binomial_nll(
        input, target, dispersion, options.log_input(), options.full(), options.reduction(), weight,
        normalizer);
  }

  /// The settings of this module.
  NegativeBinomialNLLLossOptions options;
};
/// Shared ownership of a `NegativeBinomialNLLLossImpl`.
TORCH_MODULE(NegativeBinomialNLLLoss);

/// Options of `ZeroInflatedPoissonNLLLoss`.
struct ZeroInflatedPoissonNLLLossOptions {
  /// Whether to add the term that depends on the target alone.
  TORCH_ARG(bool, full) = false;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Negative log-likelihood of counts that are 0 more often than Poisson's. See
/// `lossops::zero_inflated_poisson_nll`.
struct ZeroInflatedPoissonNLLLossImpl : torch::nn::Cloneable<ZeroInflatedPoissonNLLLossImpl> {
  explicit ZeroInflatedPoissonNLLLossImpl(ZeroInflatedPoissonNLLLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::ZeroInflatedPoissonNLLLoss", "full", options.full(),
        "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& gate,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::zero_inflated_poisson_nll(
        input, target, gate, options.full(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  ZeroInflatedPoissonNLLLossOptions options;
};
/// Shared ownership of a `ZeroInflatedPoissonNLLLossImpl`.
TORCH_MODULE(ZeroInflatedPoissonNLLLoss);

/// Options of `TweedieLoss`.
struct TweedieLossOptions {
  /// The power of the variance, in [1, 2]: sums of a number of amounts between the two.
  TORCH_ARG(double, p) = 1.5;
  /// Whether `input` holds logarithms.
  TORCH_ARG(bool, log_input) = true;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Negative log-likelihood of amounts, often 0, such as claims or rain: Tweedie. See `lossops::tweedie`.
struct TweedieLossImpl : torch::nn::Cloneable<TweedieLossImpl> {
  explicit TweedieLossImpl(TweedieLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::TweedieLoss", "p", options.p(), "log_input", options.log_input(),
        "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::tweedie(
        input, target, options.p(), options.log_input(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  TweedieLossOptions options;
};
/// Shared ownership of a `TweedieLossImpl`.
TORCH_MODULE(TweedieLoss);

}  // namespace lossops::nn
