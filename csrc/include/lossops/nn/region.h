// Losses of regions: how well a class covers its place in an image.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/region.h"
#include "lossops/nn/base.h"

namespace lossops::nn {

/// Options of `DiceLoss`.
struct DiceLossOptions {
  /// `Activation::Softmax` over the classes, `Activation::Sigmoid` of each, or `Activation::None` where
  /// `input` holds p.
  TORCH_ARG(Activation, activation) = Activation::Softmax;
  /// s >= 0, which keeps small regions from mattering too much.
  TORCH_ARG(double, smooth) = 1e-05;
  /// Whether a class has one region in the batch instead of one in each sample.
  TORCH_ARG(bool, batch) = false;
  /// Whether class 0 counts.
  TORCH_ARG(bool, include_background) = true;
  /// Whether P and T are sums of p^2 and t^2.
  TORCH_ARG(bool, squared) = false;
  /// Whether I is sum min(p, t), whose l is 0 at p = t for any t in [0, 1].
  TORCH_ARG(bool, soft_label) = false;
  /// Whether l becomes -ln(1 - l).
  TORCH_ARG(bool, log) = false;
  /// What a class costs that `target` lacks: `Absent::Smooth`, what the formula says; `Absent::Skip`,
  /// nothing, and it does not count in the mean.
  TORCH_ARG(Absent, absent) = Absent::Smooth;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(w l) / sum(w), w = weight.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// A factor per class, shape (C); 1 where left out.
  TORCH_ARG(std::optional<at::Tensor>, weight) = std::nullopt;
  /// Pixels with this label are in no sum, and get gradient 0; in a target shaped like `input`, elements.
  TORCH_ARG(std::optional<int64_t>, ignore_index) = std::nullopt;
};

/// Dice loss: what share of a class's pixels, predicted and true, do not overlap. See `lossops::dice`.
struct DiceLossImpl : torch::nn::Cloneable<DiceLossImpl> {
  explicit DiceLossImpl(DiceLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::DiceLoss", "activation", options.activation(), "smooth", options.smooth(),
        "batch", options.batch(), "include_background", options.include_background(),
        "squared", options.squared(), "soft_label", options.soft_label(), "log", options.log(),
        "absent", options.absent(), "reduction", options.reduction(), "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::dice(
        input, target, options.activation(), options.smooth(), options.batch(),
        options.include_background(), options.squared(), options.soft_label(), options.log(),
        options.absent(), options.reduction(), detail::given(weight), options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  DiceLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `DiceLossImpl`.
TORCH_MODULE(DiceLoss);

/// Options of `JaccardLoss`.
struct JaccardLossOptions {
  /// `Activation::Softmax` over the classes, `Activation::Sigmoid` of each, or `Activation::None` where
  /// `input` holds p.
  TORCH_ARG(Activation, activation) = Activation::Softmax;
  /// s >= 0, which keeps small regions from mattering too much.
  TORCH_ARG(double, smooth) = 1e-05;
  /// Whether a class has one region in the batch instead of one in each sample.
  TORCH_ARG(bool, batch) = false;
  /// Whether class 0 counts.
  TORCH_ARG(bool, include_background) = true;
  /// Whether P and T are sums of p^2 and t^2.
  TORCH_ARG(bool, squared) = false;
  /// Whether I is sum min(p, t), whose l is 0 at p = t for any t in [0, 1].
  TORCH_ARG(bool, soft_label) = false;
  /// Whether l becomes -ln(1 - l).
  TORCH_ARG(bool, log) = false;
  /// What a class costs that `target` lacks: `Absent::Smooth`, what the formula says; `Absent::Skip`,
  /// nothing, and it does not count in the mean.
  TORCH_ARG(Absent, absent) = Absent::Smooth;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(w l) / sum(w), w = weight.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// A factor per class, shape (C); 1 where left out.
  TORCH_ARG(std::optional<at::Tensor>, weight) = std::nullopt;
  /// Pixels with this label are in no sum, and get gradient 0; in a target shaped like `input`, elements.
  TORCH_ARG(std::optional<int64_t>, ignore_index) = std::nullopt;
};

/// Jaccard loss, or soft IoU: intersection over union of a class's pixels, predicted and true. See
/// `lossops::jaccard`.
struct JaccardLossImpl : torch::nn::Cloneable<JaccardLossImpl> {
  explicit JaccardLossImpl(JaccardLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::JaccardLoss", "activation", options.activation(), "smooth", options.smooth(),
        "batch", options.batch(), "include_background", options.include_background(),
        "squared", options.squared(), "soft_label", options.soft_label(), "log", options.log(),
        "absent", options.absent(), "reduction", options.reduction(), "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::jaccard(
        input, target, options.activation(), options.smooth(), options.batch(),
        options.include_background(), options.squared(), options.soft_label(), options.log(),
        options.absent(), options.reduction(), detail::given(weight), options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  JaccardLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `JaccardLossImpl`.
TORCH_MODULE(JaccardLoss);

/// Options of `TverskyLoss`.
struct TverskyLossOptions {
  /// What false positives count, >= 0; alpha in the paper.
  TORCH_ARG(double, fp_weight) = 0.5;
  /// What false negatives count, >= 0; beta in the paper.
  TORCH_ARG(double, fn_weight) = 0.5;
  /// `Activation::Softmax` over the classes, `Activation::Sigmoid` of each, or `Activation::None` where
  /// `input` holds p.
  TORCH_ARG(Activation, activation) = Activation::Softmax;
  /// s >= 0, which keeps small regions from mattering too much.
  TORCH_ARG(double, smooth) = 1e-05;
  /// Whether a class has one region in the batch instead of one in each sample.
  TORCH_ARG(bool, batch) = false;
  /// Whether class 0 counts.
  TORCH_ARG(bool, include_background) = true;
  /// Whether P and T are sums of p^2 and t^2.
  TORCH_ARG(bool, squared) = false;
  /// Whether I is sum min(p, t), whose l is 0 at p = t for any t in [0, 1].
  TORCH_ARG(bool, soft_label) = false;
  /// Whether l becomes -ln(1 - l).
  TORCH_ARG(bool, log) = false;
  /// What a class costs that `target` lacks: `Absent::Smooth`, what the formula says; `Absent::Skip`,
  /// nothing, and it does not count in the mean.
  TORCH_ARG(Absent, absent) = Absent::Smooth;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(w l) / sum(w), w = weight.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// A factor per class, shape (C); 1 where left out.
  TORCH_ARG(std::optional<at::Tensor>, weight) = std::nullopt;
  /// Pixels with this label are in no sum, and get gradient 0; in a target shaped like `input`, elements.
  TORCH_ARG(std::optional<int64_t>, ignore_index) = std::nullopt;
};

/// Tversky loss: a Dice loss that tells false positives from false negatives. See `lossops::tversky`.
struct TverskyLossImpl : torch::nn::Cloneable<TverskyLossImpl> {
  explicit TverskyLossImpl(TverskyLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::TverskyLoss", "fp_weight", options.fp_weight(),
        "fn_weight", options.fn_weight(), "activation", options.activation(), "smooth", options.smooth(),
        "batch", options.batch(), "include_background", options.include_background(),
        "squared", options.squared(), "soft_label", options.soft_label(), "log", options.log(),
        "absent", options.absent(), "reduction", options.reduction(), "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::tversky(
        input, target, options.fp_weight(), options.fn_weight(), options.activation(), options.smooth(),
        options.batch(), options.include_background(), options.squared(), options.soft_label(),
        options.log(), options.absent(), options.reduction(), detail::given(weight), options.ignore_index(),
        normalizer);
  }

  /// The settings of this module.
  TverskyLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `TverskyLossImpl`.
TORCH_MODULE(TverskyLoss);

/// Options of `FocalTverskyLoss`.
struct FocalTverskyLossOptions {
  /// What false positives count, >= 0.
  TORCH_ARG(double, fp_weight) = 0.3;
  /// What false negatives count, >= 0.
  TORCH_ARG(double, fn_weight) = 0.7;
  /// The exponent, > 0; the paper writes 1 / gamma. Below 1, regions that are nearly right matter more.
  TORCH_ARG(double, gamma) = 0.75;
  /// `Activation::Softmax` over the classes, `Activation::Sigmoid` of each, or `Activation::None` where
  /// `input` holds p.
  TORCH_ARG(Activation, activation) = Activation::Softmax;
  /// s >= 0, which keeps small regions from mattering too much.
  TORCH_ARG(double, smooth) = 1e-05;
  /// Whether a class has one region in the batch instead of one in each sample.
  TORCH_ARG(bool, batch) = false;
  /// Whether class 0 counts.
  TORCH_ARG(bool, include_background) = true;
  /// Whether P and T are sums of p^2 and t^2.
  TORCH_ARG(bool, squared) = false;
  /// Whether I is sum min(p, t), whose l is 0 at p = t for any t in [0, 1].
  TORCH_ARG(bool, soft_label) = false;
  /// Whether l becomes -ln(1 - l).
  TORCH_ARG(bool, log) = false;
  /// What a class costs that `target` lacks: `Absent::Smooth`, what the formula says; `Absent::Skip`,
  /// nothing, and it does not count in the mean.
  TORCH_ARG(Absent, absent) = Absent::Smooth;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(w l) / sum(w), w = weight.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// A factor per class, shape (C); 1 where left out.
  TORCH_ARG(std::optional<at::Tensor>, weight) = std::nullopt;
  /// Pixels with this label are in no sum, and get gradient 0; in a target shaped like `input`, elements.
  TORCH_ARG(std::optional<int64_t>, ignore_index) = std::nullopt;
};

/// Focal Tversky loss: a power of each region's Tversky loss, which moves weight between them. See
/// `lossops::focal_tversky`.
struct FocalTverskyLossImpl : torch::nn::Cloneable<FocalTverskyLossImpl> {
  explicit FocalTverskyLossImpl(FocalTverskyLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::FocalTverskyLoss", "fp_weight", options.fp_weight(),
        "fn_weight", options.fn_weight(), "gamma", options.gamma(), "activation", options.activation(),
        "smooth", options.smooth(), "batch", options.batch(),
        "include_background", options.include_background(), "squared", options.squared(),
        "soft_label", options.soft_label(), "log", options.log(), "absent", options.absent(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::focal_tversky(
        input, target, options.fp_weight(), options.fn_weight(), options.gamma(), options.activation(),
        options.smooth(), options.batch(), options.include_background(), options.squared(),
        options.soft_label(), options.log(), options.absent(), options.reduction(), detail::given(weight),
        options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  FocalTverskyLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `FocalTverskyLossImpl`.
TORCH_MODULE(FocalTverskyLoss);

}  // namespace lossops::nn
