// Negative log-likelihoods and scores of densities: durations, heavy tails, angles, uncertainty.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/density.h"
#include "lossops/nn/base.h"

namespace lossops::nn {

/// Options of `GammaNLLLoss`.
struct GammaNLLLossOptions {
  /// Whether `input` holds logarithms.
  TORCH_ARG(bool, log_input) = true;
  /// Whether to add the terms without the mean.
  TORCH_ARG(bool, full) = false;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Negative log-likelihood of durations or sizes under a gamma distribution. See `lossops::gamma_nll`.
struct GammaNLLLossImpl : torch::nn::Cloneable<GammaNLLLossImpl> {
  explicit GammaNLLLossImpl(GammaNLLLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::GammaNLLLoss", "log_input", options.log_input(), "full", options.full(),
        "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& shape = 1.0,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::gamma_nll(
        input, target, shape, options.log_input(), options.full(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  GammaNLLLossOptions options;
};
/// Shared ownership of a `GammaNLLLossImpl`.
TORCH_MODULE(GammaNLLLoss);

/// Options of `LogNormalNLLLoss`.
struct LogNormalNLLLossOptions {
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Negative log-likelihood of positive numbers whose logarithm is Gaussian. See `lossops::log_normal_nll`.
struct LogNormalNLLLossImpl : torch::nn::Cloneable<LogNormalNLLLossImpl> {
  explicit LogNormalNLLLossImpl(LogNormalNLLLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(stream, "lossops::nn::LogNormalNLLLoss", "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& scale,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::log_normal_nll(input, target, scale, options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  LogNormalNLLLossOptions options;
};
/// Shared ownership of a `LogNormalNLLLossImpl`.
TORCH_MODULE(LogNormalNLLLoss);

/// Options of `LaplaceNLLLoss`.
struct LaplaceNLLLossOptions {
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Negative log-likelihood under a Laplace distribution: absolute errors with a learned size. See
/// `lossops::laplace_nll`.
struct LaplaceNLLLossImpl : torch::nn::Cloneable<LaplaceNLLLossImpl> {
  explicit LaplaceNLLLossImpl(LaplaceNLLLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(stream, "lossops::nn::LaplaceNLLLoss", "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& scale,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::laplace_nll(input, target, scale, options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  LaplaceNLLLossOptions options;
};
/// Shared ownership of a `LaplaceNLLLossImpl`.
TORCH_MODULE(LaplaceNLLLoss);

/// Options of `StudentTNLLLoss`.
struct StudentTNLLLossOptions {
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Negative log-likelihood under Student's t-distribution, whose tails forgive outliers. See
/// `lossops::student_t_nll`.
struct StudentTNLLLossImpl : torch::nn::Cloneable<StudentTNLLLossImpl> {
  explicit StudentTNLLLossImpl(StudentTNLLLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(stream, "lossops::nn::StudentTNLLLoss", "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& scale,
      const TensorOrNumber& df, const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::student_t_nll(input, target, scale, df, options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  StudentTNLLLossOptions options;
};
/// Shared ownership of a `StudentTNLLLossImpl`.
TORCH_MODULE(StudentTNLLLoss);

/// Options of `VonMisesNLLLoss`.
struct VonMisesNLLLossOptions {
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Negative log-likelihood of angles under a von Mises distribution. See `lossops::von_mises_nll`.
struct VonMisesNLLLossImpl : torch::nn::Cloneable<VonMisesNLLLossImpl> {
  explicit VonMisesNLLLossImpl(VonMisesNLLLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(stream, "lossops::nn::VonMisesNLLLoss", "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& kappa,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::von_mises_nll(input, target, kappa, options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  VonMisesNLLLossOptions options;
};
/// Shared ownership of a `VonMisesNLLLossImpl`.
TORCH_MODULE(VonMisesNLLLoss);

/// Options of `CRPSGaussianLoss`.
struct CRPSGaussianLossOptions {
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Continuous ranked probability score of a Gaussian: an absolute error for densities. See
/// `lossops::crps_gaussian`.
struct CRPSGaussianLossImpl : torch::nn::Cloneable<CRPSGaussianLossImpl> {
  explicit CRPSGaussianLossImpl(CRPSGaussianLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(stream, "lossops::nn::CRPSGaussianLoss", "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& scale,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::crps_gaussian(input, target, scale, options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  CRPSGaussianLossOptions options;
};
/// Shared ownership of a `CRPSGaussianLossImpl`.
TORCH_MODULE(CRPSGaussianLoss);

/// Options of `EvidentialRegressionLoss`.
struct EvidentialRegressionLossOptions {
  /// What errors cost by the evidence that was claimed, >= 0; lambda in the paper.
  TORCH_ARG(double, coeff) = 0.01;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Deep evidential regression: a value, its noise, and how little is known of both. See
/// `lossops::evidential_regression`.
struct EvidentialRegressionLossImpl : torch::nn::Cloneable<EvidentialRegressionLossImpl> {
  explicit EvidentialRegressionLossImpl(EvidentialRegressionLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::EvidentialRegressionLoss", "coeff", options.coeff(),
        "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target, const at::Tensor& nu, const at::Tensor& alpha,
      const at::Tensor& beta, const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::evidential_regression(
        input, target, nu, alpha, beta, options.coeff(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  EvidentialRegressionLossOptions options;
};
/// Shared ownership of a `EvidentialRegressionLossImpl`.
TORCH_MODULE(EvidentialRegressionLoss);

}  // namespace lossops::nn
