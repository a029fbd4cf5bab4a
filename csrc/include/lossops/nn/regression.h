// Losses on the difference between a prediction and a real-valued target.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/regression.h"
#include "lossops/nn/base.h"

namespace lossops::nn {

/// Options of `MSELoss`.
struct MSELossOptions {
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. With `weight`, the mean is sum(weight * l) /
  /// sum(weight).
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Mean squared error. See `lossops::mse`.
struct MSELossImpl : torch::nn::Cloneable<MSELossImpl> {
  explicit MSELossImpl(MSELossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(stream, "lossops::nn::MSELoss", "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::mse(input, target, options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  MSELossOptions options;
};
/// Shared ownership of a `MSELossImpl`.
TORCH_MODULE(MSELoss);

/// Options of `L1Loss`.
struct L1LossOptions {
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. With `weight`, the mean is sum(weight * l) /
  /// sum(weight).
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Mean absolute error. Its gradient at a difference of 0 is 0. See `lossops::l1`.
struct L1LossImpl : torch::nn::Cloneable<L1LossImpl> {
  explicit L1LossImpl(L1LossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(stream, "lossops::nn::L1Loss", "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::l1(input, target, options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  L1LossOptions options;
};
/// Shared ownership of a `L1LossImpl`.
TORCH_MODULE(L1Loss);

/// Options of `SmoothL1Loss`.
struct SmoothL1LossOptions {
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Where the parabola ends, >= 0; 0 gives the absolute error.
  TORCH_ARG(double, beta) = 1.0;
};

/// Smooth L1: the absolute error with a parabola in place of its kink; Huber over `beta`. See
/// `lossops::smooth_l1`.
struct SmoothL1LossImpl : torch::nn::Cloneable<SmoothL1LossImpl> {
  explicit SmoothL1LossImpl(SmoothL1LossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::SmoothL1Loss", "reduction", options.reduction(), "beta", options.beta());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::smooth_l1(input, target, options.beta(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  SmoothL1LossOptions options;
};
/// Shared ownership of a `SmoothL1LossImpl`.
TORCH_MODULE(SmoothL1Loss);

/// Options of `HuberLoss`.
struct HuberLossOptions {
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Where the squared error ends, > 0; inf gives d^2 / 2 everywhere.
  TORCH_ARG(double, delta) = 1.0;
};

/// Huber's loss: squared error up to `delta`, absolute error beyond. See `lossops::huber`.
struct HuberLossImpl : torch::nn::Cloneable<HuberLossImpl> {
  explicit HuberLossImpl(HuberLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::HuberLoss", "reduction", options.reduction(), "delta", options.delta());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::huber(input, target, options.delta(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  HuberLossOptions options;
};
/// Shared ownership of a `HuberLossImpl`.
TORCH_MODULE(HuberLoss);

/// Options of `LogCoshLoss`.
struct LogCoshLossOptions {
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Logarithm of the hyperbolic cosine: a squared error that turns into an absolute one. See
/// `lossops::log_cosh`.
struct LogCoshLossImpl : torch::nn::Cloneable<LogCoshLossImpl> {
  explicit LogCoshLossImpl(LogCoshLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(stream, "lossops::nn::LogCoshLoss", "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::log_cosh(input, target, options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  LogCoshLossOptions options;
};
/// Shared ownership of a `LogCoshLossImpl`.
TORCH_MODULE(LogCoshLoss);

/// Options of `CharbonnierLoss`.
struct CharbonnierLossOptions {
  /// Width of the smooth part, > 0.
  TORCH_ARG(double, eps) = 0.001;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Charbonnier's loss: an absolute error that is smooth at 0. See `lossops::charbonnier`.
struct CharbonnierLossImpl : torch::nn::Cloneable<CharbonnierLossImpl> {
  explicit CharbonnierLossImpl(CharbonnierLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::CharbonnierLoss", "eps", options.eps(), "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::charbonnier(input, target, options.eps(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  CharbonnierLossOptions options;
};
/// Shared ownership of a `CharbonnierLossImpl`.
TORCH_MODULE(CharbonnierLoss);

/// Options of `QuantileLoss`.
struct QuantileLossOptions {
  /// The level or levels, 0 < q < 1: a number, or a tensor of shape () or (Q,).
  TORCH_ARG(TensorOrNumber, q) = 0.5;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Quantile (pinball) loss: its minimiser is the `q`-quantile, or several of them at once. See
/// `lossops::quantile`.
struct QuantileLossImpl : torch::nn::Cloneable<QuantileLossImpl> {
  explicit QuantileLossImpl(QuantileLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    q = register_buffer("q", detail::buffer(options.q()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(stream, "lossops::nn::QuantileLoss", "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::quantile(
        input, target, detail::buffered(q, options.q()), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  QuantileLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor q;
};
/// Shared ownership of a `QuantileLossImpl`.
TORCH_MODULE(QuantileLoss);

/// Options of `ExpectileLoss`.
struct ExpectileLossOptions {
  /// The level, 0 < tau < 1; 0.5 gives half the squared error.
  TORCH_ARG(double, tau) = 0.5;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Expectile loss: squared error that weighs under- and over-prediction differently. See
/// `lossops::expectile`.
struct ExpectileLossImpl : torch::nn::Cloneable<ExpectileLossImpl> {
  explicit ExpectileLossImpl(ExpectileLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::ExpectileLoss", "tau", options.tau(), "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::expectile(input, target, options.tau(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  ExpectileLossOptions options;
};
/// Shared ownership of a `ExpectileLossImpl`.
TORCH_MODULE(ExpectileLoss);

/// Options of `RobustLoss`.
struct RobustLossOptions {
  /// The shape, any number, also inf and -inf; the smaller, the less an outlier counts.
  TORCH_ARG(double, alpha) = 1.0;
  /// The size of error at which the loss leaves its parabola, > 0.
  TORCH_ARG(double, scale) = 1.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Barron's general robust loss: from squared error to losses that ignore outliers. See `lossops::robust`.
struct RobustLossImpl : torch::nn::Cloneable<RobustLossImpl> {
  explicit RobustLossImpl(RobustLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::RobustLoss", "alpha", options.alpha(), "scale", options.scale(),
        "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::robust(
        input, target, options.alpha(), options.scale(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  RobustLossOptions options;
};
/// Shared ownership of a `RobustLossImpl`.
TORCH_MODULE(RobustLoss);

/// Options of `WingLoss`.
struct WingLossOptions {
  /// From this error on it is an absolute one, > 0.
  TORCH_ARG(double, width) = 5.0;
  /// How sharply small errors count, > 0.
  TORCH_ARG(double, curvature) = 0.5;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Wing loss: small errors of landmarks count more than in proportion. See `lossops::wing`.
struct WingLossImpl : torch::nn::Cloneable<WingLossImpl> {
  explicit WingLossImpl(WingLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::WingLoss", "width", options.width(), "curvature", options.curvature(),
        "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::wing(
        input, target, options.width(), options.curvature(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  WingLossOptions options;
};
/// Shared ownership of a `WingLossImpl`.
TORCH_MODULE(WingLoss);

/// Options of `AdaptiveWingLoss`.
struct AdaptiveWingLossOptions {
  /// A factor, > 0.
  TORCH_ARG(double, omega) = 14.0;
  /// From this error on it is a straight line, > 0.
  TORCH_ARG(double, theta) = 0.5;
  /// How sharply small errors of bright pixels count, > 0.
  TORCH_ARG(double, epsilon) = 1.0;
  /// The power of small errors where t = 0, > 1.
  TORCH_ARG(double, alpha) = 2.1;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Adaptive wing loss: of heat maps, whose bright pixels count more than in proportion. See
/// `lossops::adaptive_wing`.
struct AdaptiveWingLossImpl : torch::nn::Cloneable<AdaptiveWingLossImpl> {
  explicit AdaptiveWingLossImpl(AdaptiveWingLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::AdaptiveWingLoss", "omega", options.omega(), "theta", options.theta(),
        "epsilon", options.epsilon(), "alpha", options.alpha(), "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::adaptive_wing(
        input, target, options.omega(), options.theta(), options.epsilon(), options.alpha(),
        options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  AdaptiveWingLossOptions options;
};
/// Shared ownership of a `AdaptiveWingLossImpl`.
TORCH_MODULE(AdaptiveWingLoss);

}  // namespace lossops::nn
