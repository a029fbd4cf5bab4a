// Losses of the logits that a linear layer would make, without those logits.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/linear.h"
#include "lossops/nn/base.h"

namespace lossops::nn {

/// Options of `LinearCrossEntropyLoss`.
struct LinearCrossEntropyLossOptions {
  LinearCrossEntropyLossOptions(int64_t in_features, int64_t num_classes)
      : in_features_(std::move(in_features)), num_classes_(std::move(num_classes)) {}
  /// D, the size of the features.
  TORCH_ARG(int64_t, in_features);
  /// C.
  TORCH_ARG(int64_t, num_classes);
  /// A factor per class, shape (C); 1 where left out.
  TORCH_ARG(std::optional<at::Tensor>, weight) = std::nullopt;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t) for labels,
  /// sum(l) / rows for probabilities.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Rows with this label are left out, and get gradient 0. Not with probabilities.
  TORCH_ARG(int64_t, ignore_index) = -100;
  /// s in [0, 1]; y becomes y (1 - s) + s / C.
  TORCH_ARG(double, label_smoothing) = 0.0;
  /// Factor of the squared log-sum-exp, >= 0; keeps the logits from drifting.
  TORCH_ARG(double, z_loss) = 0.0;
  /// Bound of the logits, > 0; std::nullopt leaves them as they are.
  TORCH_ARG(std::optional<double>, softcap) = std::nullopt;
  /// Whether the layer has one.
  TORCH_ARG(bool, bias) = false;
};

/// Cross-entropy of the logits x W^T + b, of which only a chunk of rows is ever in memory. See
/// `lossops::linear_cross_entropy`.
struct LinearCrossEntropyLossImpl : torch::nn::Cloneable<LinearCrossEntropyLossImpl> {
  explicit LinearCrossEntropyLossImpl(LinearCrossEntropyLossOptions options_)
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
    linear = register_module("linear", detail::layer(options.in_features(), options.num_classes(), options.bias()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::LinearCrossEntropyLoss", "in_features", options.in_features(),
        "num_classes", options.num_classes(), "reduction", options.reduction(),
        "ignore_index", options.ignore_index(), "label_smoothing", options.label_smoothing(),
        "z_loss", options.z_loss(), "softcap", options.softcap(), "bias", options.bias());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::linear_cross_entropy(
        input, linear->weight, target, detail::given(linear->bias), options.label_smoothing(),
        options.z_loss(), options.softcap(), options.reduction(), detail::given(weight),
        options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  LinearCrossEntropyLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
  /// The layer.
  torch::nn::Linear linear{nullptr};
};
/// Shared ownership of a `LinearCrossEntropyLossImpl`.
TORCH_MODULE(LinearCrossEntropyLoss);

/// Options of `LinearSoftmaxFocalLoss`.
struct LinearSoftmaxFocalLossOptions {
  LinearSoftmaxFocalLossOptions(int64_t in_features, int64_t num_classes)
      : in_features_(std::move(in_features)), num_classes_(std::move(num_classes)) {}
  /// D, the size of the features.
  TORCH_ARG(int64_t, in_features);
  /// C.
  TORCH_ARG(int64_t, num_classes);
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
  /// Whether the layer has one.
  TORCH_ARG(bool, bias) = false;
};

/// Focal loss over the classes of a linear layer, whose logits are never there as a whole. See
/// `lossops::linear_softmax_focal`.
struct LinearSoftmaxFocalLossImpl : torch::nn::Cloneable<LinearSoftmaxFocalLossImpl> {
  explicit LinearSoftmaxFocalLossImpl(LinearSoftmaxFocalLossOptions options_)
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    alpha = register_buffer("alpha", detail::buffer(options.alpha()));
    weight = register_buffer("weight", detail::buffer(options.weight()));
    linear = register_module("linear", detail::layer(options.in_features(), options.num_classes(), options.bias()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::LinearSoftmaxFocalLoss", "in_features", options.in_features(),
        "num_classes", options.num_classes(), "gamma", options.gamma(), "reduction", options.reduction(),
        "ignore_index", options.ignore_index(), "label_smoothing", options.label_smoothing(),
        "bias", options.bias());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::linear_softmax_focal(
        input, linear->weight, target, detail::buffered(alpha, options.alpha()),
        detail::given(linear->bias), options.gamma(), options.label_smoothing(), options.reduction(),
        detail::given(weight), options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  LinearSoftmaxFocalLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor alpha;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
  /// The layer.
  torch::nn::Linear linear{nullptr};
};
/// Shared ownership of a `LinearSoftmaxFocalLossImpl`.
TORCH_MODULE(LinearSoftmaxFocalLoss);

/// Options of `LinearBalancedSoftmaxLoss`.
struct LinearBalancedSoftmaxLossOptions {
  LinearBalancedSoftmaxLossOptions(int64_t in_features, int64_t num_classes, at::Tensor prior)
      : in_features_(std::move(in_features)), num_classes_(std::move(num_classes)), prior_(std::move(prior)) {}
  /// D, the size of the features.
  TORCH_ARG(int64_t, in_features);
  /// C.
  TORCH_ARG(int64_t, num_classes);
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
  /// Whether the layer has one.
  TORCH_ARG(bool, bias) = false;
};

/// Balanced softmax over the classes of a linear layer, without its logits in memory. See
/// `lossops::linear_balanced_softmax`.
struct LinearBalancedSoftmaxLossImpl : torch::nn::Cloneable<LinearBalancedSoftmaxLossImpl> {
  explicit LinearBalancedSoftmaxLossImpl(LinearBalancedSoftmaxLossOptions options_)
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    prior = register_buffer("prior", detail::buffer(options.prior()));
    weight = register_buffer("weight", detail::buffer(options.weight()));
    linear = register_module("linear", detail::layer(options.in_features(), options.num_classes(), options.bias()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::LinearBalancedSoftmaxLoss", "in_features", options.in_features(),
        "num_classes", options.num_classes(), "tau", options.tau(), "reduction", options.reduction(),
        "ignore_index", options.ignore_index(), "label_smoothing", options.label_smoothing(),
        "bias", options.bias());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::linear_balanced_softmax(
        input, linear->weight, target, prior, detail::given(linear->bias), options.tau(),
        options.label_smoothing(), options.reduction(), detail::given(weight), options.ignore_index(),
        normalizer);
  }

  /// The settings of this module.
  LinearBalancedSoftmaxLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor prior;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
  /// The layer.
  torch::nn::Linear linear{nullptr};
};
/// Shared ownership of a `LinearBalancedSoftmaxLossImpl`.
TORCH_MODULE(LinearBalancedSoftmaxLoss);

/// Options of `LinearArcFaceLoss`.
struct LinearArcFaceLossOptions {
  LinearArcFaceLossOptions(int64_t in_features, int64_t num_classes)
      : in_features_(std::move(in_features)), num_classes_(std::move(num_classes)) {}
  /// D, the size of the features.
  TORCH_ARG(int64_t, in_features);
  /// C.
  TORCH_ARG(int64_t, num_classes);
  /// The angle in radians, in [0, pi].
  TORCH_ARG(double, margin) = 0.5;
  /// Factor of the cosines, > 0.
  TORCH_ARG(double, scale) = 64.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t).
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// A factor per class, shape (C); 1 where left out.
  TORCH_ARG(std::optional<at::Tensor>, weight) = std::nullopt;
  /// Rows with this label are left out, and get gradient 0.
  TORCH_ARG(int64_t, ignore_index) = -100;
  /// s in [0, 1]; y becomes y (1 - s) + s / C.
  TORCH_ARG(double, label_smoothing) = 0.0;
};

/// ArcFace of embeddings and class centres, whose cosines are never there as a whole. See
/// `lossops::linear_arcface`.
struct LinearArcFaceLossImpl : torch::nn::Cloneable<LinearArcFaceLossImpl> {
  explicit LinearArcFaceLossImpl(LinearArcFaceLossOptions options_)
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
    linear = register_module("linear", detail::layer(options.in_features(), options.num_classes(), false));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::LinearArcFaceLoss", "in_features", options.in_features(),
        "num_classes", options.num_classes(), "margin", options.margin(), "scale", options.scale(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index(),
        "label_smoothing", options.label_smoothing());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::linear_arcface(
        input, linear->weight, target, options.margin(), options.scale(), options.label_smoothing(),
        options.reduction(), detail::given(weight), options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  LinearArcFaceLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
  /// The layer.
  torch::nn::Linear linear{nullptr};
};
/// Shared ownership of a `LinearArcFaceLossImpl`.
TORCH_MODULE(LinearArcFaceLoss);

/// Options of `LinearCosFaceLoss`.
struct LinearCosFaceLossOptions {
  LinearCosFaceLossOptions(int64_t in_features, int64_t num_classes)
      : in_features_(std::move(in_features)), num_classes_(std::move(num_classes)) {}
  /// D, the size of the features.
  TORCH_ARG(int64_t, in_features);
  /// C.
  TORCH_ARG(int64_t, num_classes);
  /// By how much the cosine is reduced.
  TORCH_ARG(double, margin) = 0.35;
  /// Factor of the cosines, > 0.
  TORCH_ARG(double, scale) = 64.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t).
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// A factor per class, shape (C); 1 where left out.
  TORCH_ARG(std::optional<at::Tensor>, weight) = std::nullopt;
  /// Rows with this label are left out, and get gradient 0.
  TORCH_ARG(int64_t, ignore_index) = -100;
  /// s in [0, 1]; y becomes y (1 - s) + s / C.
  TORCH_ARG(double, label_smoothing) = 0.0;
};

/// CosFace of embeddings and class centres, whose cosines are never there as a whole. See
/// `lossops::linear_cosface`.
struct LinearCosFaceLossImpl : torch::nn::Cloneable<LinearCosFaceLossImpl> {
  explicit LinearCosFaceLossImpl(LinearCosFaceLossOptions options_)
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
    linear = register_module("linear", detail::layer(options.in_features(), options.num_classes(), false));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::LinearCosFaceLoss", "in_features", options.in_features(),
        "num_classes", options.num_classes(), "margin", options.margin(), "scale", options.scale(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index(),
        "label_smoothing", options.label_smoothing());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::linear_cosface(
        input, linear->weight, target, options.margin(), options.scale(), options.label_smoothing(),
        options.reduction(), detail::given(weight), options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  LinearCosFaceLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
  /// The layer.
  torch::nn::Linear linear{nullptr};
};
/// Shared ownership of a `LinearCosFaceLossImpl`.
TORCH_MODULE(LinearCosFaceLoss);

/// Options of `LinearDistillKLLoss`.
struct LinearDistillKLLossOptions {
  LinearDistillKLLossOptions(int64_t in_features, int64_t num_classes)
      : in_features_(std::move(in_features)), num_classes_(std::move(num_classes)) {}
  /// D, the size of the features.
  TORCH_ARG(int64_t, in_features);
  /// C.
  TORCH_ARG(int64_t, num_classes);
  /// T > 0; the higher, the more the small logits count. T^2 keeps the gradient's size.
  TORCH_ARG(double, temperature) = 1.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / rows.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Rows with this label are left out, and get gradient 0.
  TORCH_ARG(int64_t, ignore_index) = -100;
  /// Whether the layer has one.
  TORCH_ARG(bool, bias) = false;
};

/// Distillation between two linear layers, of which neither's logits are there as a whole. See
/// `lossops::linear_distill_kl`.
struct LinearDistillKLLossImpl : torch::nn::Cloneable<LinearDistillKLLossImpl> {
  explicit LinearDistillKLLossImpl(LinearDistillKLLossOptions options_)
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    linear = register_module("linear", detail::layer(options.in_features(), options.num_classes(), options.bias()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::LinearDistillKLLoss", "in_features", options.in_features(),
        "num_classes", options.num_classes(), "temperature", options.temperature(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index(), "bias", options.bias());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target, const at::Tensor& target_weight,
      const std::optional<at::Tensor>& target_bias = std::nullopt,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<at::Tensor>& labels = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::linear_distill_kl(
        input, linear->weight, target, target_weight, detail::given(linear->bias), target_bias,
        options.temperature(), options.reduction(), weight, labels, options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  LinearDistillKLLossOptions options;
  /// The layer.
  torch::nn::Linear linear{nullptr};
};
/// Shared ownership of a `LinearDistillKLLossImpl`.
TORCH_MODULE(LinearDistillKLLoss);

/// Options of `LinearJSDLoss`.
struct LinearJSDLossOptions {
  LinearJSDLossOptions(int64_t in_features, int64_t num_classes)
      : in_features_(std::move(in_features)), num_classes_(std::move(num_classes)) {}
  /// D, the size of the features.
  TORCH_ARG(int64_t, in_features);
  /// C.
  TORCH_ARG(int64_t, num_classes);
  /// From forward KL, 0, to reverse KL, 1; in [0, 1].
  TORCH_ARG(double, beta) = 0.5;
  /// T > 0.
  TORCH_ARG(double, temperature) = 1.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / rows.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Rows with this label are left out, and get gradient 0.
  TORCH_ARG(int64_t, ignore_index) = -100;
  /// Whether the layer has one.
  TORCH_ARG(bool, bias) = false;
};

/// Jensen-Shannon divergence between two linear layers, without the logits of either in memory. See
/// `lossops::linear_jsd`.
struct LinearJSDLossImpl : torch::nn::Cloneable<LinearJSDLossImpl> {
  explicit LinearJSDLossImpl(LinearJSDLossOptions options_)
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    linear = register_module("linear", detail::layer(options.in_features(), options.num_classes(), options.bias()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::LinearJSDLoss", "in_features", options.in_features(),
        "num_classes", options.num_classes(), "beta", options.beta(), "temperature", options.temperature(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index(), "bias", options.bias());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target, const at::Tensor& target_weight,
      const std::optional<at::Tensor>& target_bias = std::nullopt,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<at::Tensor>& labels = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::linear_jsd(
        input, linear->weight, target, target_weight, detail::given(linear->bias), target_bias,
        options.beta(), options.temperature(), options.reduction(), weight, labels, options.ignore_index(),
        normalizer);
  }

  /// The settings of this module.
  LinearJSDLossOptions options;
  /// The layer.
  torch::nn::Linear linear{nullptr};
};
/// Shared ownership of a `LinearJSDLossImpl`.
TORCH_MODULE(LinearJSDLoss);

}  // namespace lossops::nn
