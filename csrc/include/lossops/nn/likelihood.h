// Negative log-likelihoods of counts and densities, and the divergence between distributions.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/likelihood.h"
#include "lossops/nn/base.h"

namespace lossops::nn {

/// Options of `PoissonNLLLoss`.
struct PoissonNLLLossOptions {
  /// Whether `input` holds logarithms.
  TORCH_ARG(bool, log_input) = true;
  /// Whether to add the term that depends on the target alone.
  TORCH_ARG(bool, full) = false;
  /// Keeps the logarithm of a rate of 0 finite; unused with `log_input`.
  TORCH_ARG(double, eps) = 1e-08;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Negative log-likelihood of counts under a Poisson distribution. See `lossops::poisson_nll`.
struct PoissonNLLLossImpl : torch::nn::Cloneable<PoissonNLLLossImpl> {
  explicit PoissonNLLLossImpl(PoissonNLLLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::PoissonNLLLoss", "log_input", options.log_input(), "full", options.full(),
        "eps", options.eps(), "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::poisson_nll(
        input, target, options.log_input(), options.full(), options.eps(), options.reduction(), weight,
        normalizer);
  }

  /// The settings of this module.
  PoissonNLLLossOptions options;
};
/// Shared ownership of a `PoissonNLLLossImpl`.
TORCH_MODULE(PoissonNLLLoss);

/// Options of `GaussianNLLLoss`.
struct GaussianNLLLossOptions {
  /// Whether to add the constant term.
  TORCH_ARG(bool, full) = false;
  /// The least variance, > 0.
  TORCH_ARG(double, eps) = 1e-06;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Negative log-likelihood of values under Gaussians whose mean and variance are predicted. See
/// `lossops::gaussian_nll`.
struct GaussianNLLLossImpl : torch::nn::Cloneable<GaussianNLLLossImpl> {
  explicit GaussianNLLLossImpl(GaussianNLLLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::GaussianNLLLoss", "full", options.full(), "eps", options.eps(),
        "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& var,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::gaussian_nll(
        input, target, var, options.full(), options.eps(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  GaussianNLLLossOptions options;
};
/// Shared ownership of a `GaussianNLLLossImpl`.
TORCH_MODULE(GaussianNLLLoss);

/// Options of `BetaNLLLoss`.
struct BetaNLLLossOptions {
  /// In [0, 1].
  TORCH_ARG(double, beta) = 0.5;
  /// Whether to add the constant term.
  TORCH_ARG(bool, full) = false;
  /// The least variance, > 0.
  TORCH_ARG(double, eps) = 1e-06;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Gaussian negative log-likelihood that does not give up on what is hard to fit. See `lossops::beta_nll`.
struct BetaNLLLossImpl : torch::nn::Cloneable<BetaNLLLossImpl> {
  explicit BetaNLLLossImpl(BetaNLLLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::BetaNLLLoss", "beta", options.beta(), "full", options.full(),
        "eps", options.eps(), "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& var,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::beta_nll(
        input, target, var, options.beta(), options.full(), options.eps(), options.reduction(), weight,
        normalizer);
  }

  /// The settings of this module.
  BetaNLLLossOptions options;
};
/// Shared ownership of a `BetaNLLLossImpl`.
TORCH_MODULE(BetaNLLLoss);

/// Options of `KLDivLoss`.
struct KLDivLossOptions {
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. Also `Reduction::BatchMean`, the sum divided
  /// by `input.size(0)`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Whether `target` holds logarithms.
  TORCH_ARG(bool, log_target) = false;
};

/// Kullback-Leibler divergence of predicted log-probabilities from a target distribution. See
/// `lossops::kl_div`.
struct KLDivLossImpl : torch::nn::Cloneable<KLDivLossImpl> {
  explicit KLDivLossImpl(KLDivLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::KLDivLoss", "reduction", options.reduction(),
        "log_target", options.log_target());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::kl_div(input, target, options.log_target(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  KLDivLossOptions options;
};
/// Shared ownership of a `KLDivLossImpl`.
TORCH_MODULE(KLDivLoss);

/// Options of `GaussianKLLoss`.
struct GaussianKLLossOptions {
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Kullback-Leibler divergence of Gaussians from the standard one, as in autoencoders. See
/// `lossops::gaussian_kl`.
struct GaussianKLLossImpl : torch::nn::Cloneable<GaussianKLLossImpl> {
  explicit GaussianKLLossImpl(GaussianKLLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(stream, "lossops::nn::GaussianKLLoss", "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& log_var,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::gaussian_kl(input, log_var, options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  GaussianKLLossOptions options;
};
/// Shared ownership of a `GaussianKLLossImpl`.
TORCH_MODULE(GaussianKLLoss);

}  // namespace lossops::nn
