// Losses of one class out of C: a label, or a probability per class.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/classification.h"
#include "lossops/nn/base.h"

namespace lossops::nn {

/// Options of `CrossEntropyLoss`.
struct CrossEntropyLossOptions {
  /// A factor per class, shape (C); 1 where left out.
  TORCH_ARG(std::optional<at::Tensor>, weight) = std::nullopt;
  /// Rows with this label are left out, and get gradient 0.
  TORCH_ARG(int64_t, ignore_index) = -100;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t) for labels,
  /// sum(l) / rows for probabilities.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// s in [0, 1]; y becomes y (1 - s) + s / C.
  TORCH_ARG(double, label_smoothing) = 0.0;
  /// Factor of the squared log-sum-exp, >= 0; keeps the logits from drifting.
  TORCH_ARG(double, z_loss) = 0.0;
  /// Bound of the logits, > 0; std::nullopt leaves them as they are.
  TORCH_ARG(std::optional<double>, softcap) = std::nullopt;
};

/// Cross-entropy of logits against labels or probabilities. See `lossops::cross_entropy`.
struct CrossEntropyLossImpl : torch::nn::Cloneable<CrossEntropyLossImpl> {
  explicit CrossEntropyLossImpl(CrossEntropyLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::CrossEntropyLoss", "ignore_index", options.ignore_index(),
        "reduction", options.reduction(), "label_smoothing", options.label_smoothing(),
        "z_loss", options.z_loss(), "softcap", options.softcap());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::cross_entropy(
        input, target, options.label_smoothing(), options.z_loss(), options.softcap(), options.reduction(),
        detail::given(weight), options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  CrossEntropyLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `CrossEntropyLossImpl`.
TORCH_MODULE(CrossEntropyLoss);

/// Options of `NLLLoss`.
struct NLLLossOptions {
  /// A factor per class, shape (C); 1 where left out.
  TORCH_ARG(std::optional<at::Tensor>, weight) = std::nullopt;
  /// Rows with this label are left out, and get gradient 0.
  TORCH_ARG(int64_t, ignore_index) = -100;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t).
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Negative log-likelihood of log-probabilities. See `lossops::nll`.
struct NLLLossImpl : torch::nn::Cloneable<NLLLossImpl> {
  explicit NLLLossImpl(NLLLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::NLLLoss", "ignore_index", options.ignore_index(),
        "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::nll(
        input, target, options.reduction(), detail::given(weight), options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  NLLLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `NLLLossImpl`.
TORCH_MODULE(NLLLoss);

/// Options of `SoftmaxFocalLoss`.
struct SoftmaxFocalLossOptions {
  /// A factor, or one per class, shape (C), usually >= 0; std::nullopt leaves it out. Unlike `weight` it does
  /// not enter the mean.
  TORCH_ARG(std::optional<TensorOrNumber>, alpha) = std::nullopt;
  /// How fast easy rows fade, >= 0; 0 is plain cross-entropy.
  TORCH_ARG(double, gamma) = 2.0;
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

/// Focal loss over classes: cross-entropy that fades out where the prediction is right. See
/// `lossops::softmax_focal`.
struct SoftmaxFocalLossImpl : torch::nn::Cloneable<SoftmaxFocalLossImpl> {
  explicit SoftmaxFocalLossImpl(SoftmaxFocalLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    alpha = register_buffer("alpha", detail::buffer(options.alpha()));
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::SoftmaxFocalLoss", "gamma", options.gamma(), "reduction", options.reduction(),
        "ignore_index", options.ignore_index(), "label_smoothing", options.label_smoothing());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::softmax_focal(
        input, target, detail::buffered(alpha, options.alpha()), options.gamma(), options.label_smoothing(),
        options.reduction(), detail::given(weight), options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  SoftmaxFocalLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor alpha;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `SoftmaxFocalLossImpl`.
TORCH_MODULE(SoftmaxFocalLoss);

/// Options of `Poly1Loss`.
struct Poly1LossOptions {
  /// What is added to the factor of 1 - p; 0 is plain cross-entropy.
  TORCH_ARG(double, epsilon) = 2.0;
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

/// Poly-1 loss: cross-entropy with the first term of its series in 1 - p reweighted. See `lossops::poly1`.
struct Poly1LossImpl : torch::nn::Cloneable<Poly1LossImpl> {
  explicit Poly1LossImpl(Poly1LossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::Poly1Loss", "epsilon", options.epsilon(), "reduction", options.reduction(),
        "ignore_index", options.ignore_index(), "label_smoothing", options.label_smoothing());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::poly1(
        input, target, options.epsilon(), options.label_smoothing(), options.reduction(),
        detail::given(weight), options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  Poly1LossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `Poly1LossImpl`.
TORCH_MODULE(Poly1Loss);

/// Options of `GeneralizedCrossEntropyLoss`.
struct GeneralizedCrossEntropyLossOptions {
  /// From cross-entropy, q -> 0, to the mean absolute error, q = 1; 0 < q <= 1.
  TORCH_ARG(double, q) = 0.7;
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

/// Generalized cross-entropy: bounded, so that wrong labels do less harm. See
/// `lossops::generalized_cross_entropy`.
struct GeneralizedCrossEntropyLossImpl : torch::nn::Cloneable<GeneralizedCrossEntropyLossImpl> {
  explicit GeneralizedCrossEntropyLossImpl(GeneralizedCrossEntropyLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::GeneralizedCrossEntropyLoss", "q", options.q(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index(),
        "label_smoothing", options.label_smoothing());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::generalized_cross_entropy(
        input, target, options.q(), options.label_smoothing(), options.reduction(), detail::given(weight),
        options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  GeneralizedCrossEntropyLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `GeneralizedCrossEntropyLossImpl`.
TORCH_MODULE(GeneralizedCrossEntropyLoss);

/// Options of `DistributionFocalLoss`.
struct DistributionFocalLossOptions {
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / rows.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Distribution focal loss: a number as a distribution over 0, 1, ..., n, the bins of detectors. See
/// `lossops::distribution_focal`.
struct DistributionFocalLossImpl : torch::nn::Cloneable<DistributionFocalLossImpl> {
  explicit DistributionFocalLossImpl(DistributionFocalLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(stream, "lossops::nn::DistributionFocalLoss", "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::distribution_focal(input, target, options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  DistributionFocalLossOptions options;
};
/// Shared ownership of a `DistributionFocalLossImpl`.
TORCH_MODULE(DistributionFocalLoss);

/// Options of `RWWCrossEntropyLoss`.
struct RWWCrossEntropyLossOptions {
  RWWCrossEntropyLossOptions(at::Tensor fn_weight, at::Tensor fp_weight)
      : fn_weight_(std::move(fn_weight)), fp_weight_(std::move(fp_weight)) {}
  /// Marginal cost of missing each class, shape (C), usually >= 0.
  TORCH_ARG(at::Tensor, fn_weight);
  /// Marginal cost of taking class t, the row, for class k, the column; shape (C, C), usually >= 0. Its
  /// diagonal is not read.
  TORCH_ARG(at::Tensor, fp_weight);
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t).
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// A factor per class, shape (C); 1 where left out.
  TORCH_ARG(std::optional<at::Tensor>, weight) = std::nullopt;
  /// Rows with this label are left out, and get gradient 0.
  TORCH_ARG(int64_t, ignore_index) = -100;
};

/// Real-world-weight cross-entropy: each mistake of one class for another weighs what it costs. See
/// `lossops::rww_cross_entropy`.
struct RWWCrossEntropyLossImpl : torch::nn::Cloneable<RWWCrossEntropyLossImpl> {
  explicit RWWCrossEntropyLossImpl(RWWCrossEntropyLossOptions options_)
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    fn_weight = register_buffer("fn_weight", detail::buffer(options.fn_weight()));
    fp_weight = register_buffer("fp_weight", detail::buffer(options.fp_weight()));
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::RWWCrossEntropyLoss", "reduction", options.reduction(),
        "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::rww_cross_entropy(
        input, target, fn_weight, fp_weight, options.reduction(), detail::given(weight),
        options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  RWWCrossEntropyLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor fn_weight;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor fp_weight;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `RWWCrossEntropyLossImpl`.
TORCH_MODULE(RWWCrossEntropyLoss);

/// Options of `BalancedSoftmaxLoss`.
struct BalancedSoftmaxLossOptions {
  explicit BalancedSoftmaxLossOptions(at::Tensor prior)
      : prior_(std::move(prior)) {}
  /// Counts of the classes in the training data, or their frequencies, shape (C), >= 0; a floating or integer
  /// dtype.
  TORCH_ARG(at::Tensor, prior);
  /// How much the prior counts, >= 0; 0 is plain cross-entropy.
  TORCH_ARG(double, tau) = 1.0;
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

/// Balanced softmax, or logit adjustment: cross-entropy that makes up for rare classes. See
/// `lossops::balanced_softmax`.
struct BalancedSoftmaxLossImpl : torch::nn::Cloneable<BalancedSoftmaxLossImpl> {
  explicit BalancedSoftmaxLossImpl(BalancedSoftmaxLossOptions options_)
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    prior = register_buffer("prior", detail::buffer(options.prior()));
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::BalancedSoftmaxLoss", "tau", options.tau(), "reduction", options.reduction(),
        "ignore_index", options.ignore_index(), "label_smoothing", options.label_smoothing());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::balanced_softmax(
        input, target, prior, options.tau(), options.label_smoothing(), options.reduction(),
        detail::given(weight), options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  BalancedSoftmaxLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor prior;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `BalancedSoftmaxLossImpl`.
TORCH_MODULE(BalancedSoftmaxLoss);

}  // namespace lossops::nn
