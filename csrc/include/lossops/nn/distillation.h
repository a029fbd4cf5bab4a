// Divergences between the distributions of a student and its teacher, both given as logits.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/distillation.h"
#include "lossops/nn/base.h"

namespace lossops::nn {

/// Options of `DistillKLLoss`.
struct DistillKLLossOptions {
  /// T > 0; the higher, the more the small logits count. T^2 keeps the gradient's size.
  TORCH_ARG(double, temperature) = 1.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / rows.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Rows with this label are left out, and get gradient 0.
  TORCH_ARG(int64_t, ignore_index) = -100;
  /// The class axis.
  TORCH_ARG(int64_t, dim) = -1;
};

/// Distillation: Kullback-Leibler divergence of the student's softmax from the teacher's. See
/// `lossops::distill_kl`.
struct DistillKLLossImpl : torch::nn::Cloneable<DistillKLLossImpl> {
  explicit DistillKLLossImpl(DistillKLLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::DistillKLLoss", "temperature", options.temperature(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index(), "dim", options.dim());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<at::Tensor>& labels = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::distill_kl(
        input, target, options.temperature(), options.dim(), options.reduction(), weight, labels,
        options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  DistillKLLossOptions options;
};
/// Shared ownership of a `DistillKLLossImpl`.
TORCH_MODULE(DistillKLLoss);

/// Options of `JSDLoss`.
struct JSDLossOptions {
  /// From forward KL, 0, to reverse KL, 1; in [0, 1].
  TORCH_ARG(double, beta) = 0.5;
  /// T > 0.
  TORCH_ARG(double, temperature) = 1.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / rows.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Rows with this label are left out, and get gradient 0.
  TORCH_ARG(int64_t, ignore_index) = -100;
  /// The class axis.
  TORCH_ARG(int64_t, dim) = -1;
};

/// Generalized Jensen-Shannon divergence between student and teacher. See `lossops::jsd`.
struct JSDLossImpl : torch::nn::Cloneable<JSDLossImpl> {
  explicit JSDLossImpl(JSDLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::JSDLoss", "beta", options.beta(), "temperature", options.temperature(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index(), "dim", options.dim());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<at::Tensor>& labels = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::jsd(
        input, target, options.beta(), options.temperature(), options.dim(), options.reduction(), weight,
        labels, options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  JSDLossOptions options;
};
/// Shared ownership of a `JSDLossImpl`.
TORCH_MODULE(JSDLoss);

}  // namespace lossops::nn
