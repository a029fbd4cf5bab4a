// Margin softmax: losses of embeddings, on the cosines of their angles with the class centres.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/metric.h"
#include "lossops/nn/base.h"

namespace lossops::nn {

/// Options of `ArcFaceLoss`.
struct ArcFaceLossOptions {
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

/// ArcFace: cross-entropy that asks for an angle to the right class smaller by `margin`. See
/// `lossops::arcface`.
struct ArcFaceLossImpl : torch::nn::Cloneable<ArcFaceLossImpl> {
  explicit ArcFaceLossImpl(ArcFaceLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::ArcFaceLoss", "margin", options.margin(), "scale", options.scale(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index(),
        "label_smoothing", options.label_smoothing());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::arcface(
        input, target, options.margin(), options.scale(), options.label_smoothing(), options.reduction(),
        detail::given(weight), options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  ArcFaceLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `ArcFaceLossImpl`.
TORCH_MODULE(ArcFaceLoss);

/// Options of `CosFaceLoss`.
struct CosFaceLossOptions {
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

/// CosFace: cross-entropy that asks for a cosine to the right class larger by `margin`. See
/// `lossops::cosface`.
struct CosFaceLossImpl : torch::nn::Cloneable<CosFaceLossImpl> {
  explicit CosFaceLossImpl(CosFaceLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::CosFaceLoss", "margin", options.margin(), "scale", options.scale(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index(),
        "label_smoothing", options.label_smoothing());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::cosface(
        input, target, options.margin(), options.scale(), options.label_smoothing(), options.reduction(),
        detail::given(weight), options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  CosFaceLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `CosFaceLossImpl`.
TORCH_MODULE(CosFaceLoss);

}  // namespace lossops::nn
