// Losses of regions beside what else an image holds: other classes, other pixels.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/segmentation.h"
#include "lossops/nn/base.h"

namespace lossops::nn {

/// Options of `GeneralizedDiceLoss`.
struct GeneralizedDiceLossOptions {
  /// v, which has no gradient: `ClassWeighting::Square`, 1 / T^2; `ClassWeighting::Simple`, 1 / T;
  /// `ClassWeighting::Uniform`, 1. A class that the target lacks gets the largest of the others.
  TORCH_ARG(ClassWeighting, class_weighting) = ClassWeighting::Square;
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
  /// What counts where `target` lacks every class: `Absent::Smooth`, what the formula says; `Absent::Skip`,
  /// nothing, and it does not count in the mean.
  TORCH_ARG(Absent, absent) = Absent::Smooth;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / samples.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// A factor per class, shape (C); 1 where left out. It multiplies v.
  TORCH_ARG(std::optional<at::Tensor>, weight) = std::nullopt;
  /// Pixels with this label are in no sum, and get gradient 0; in a target shaped like `input`, elements.
  TORCH_ARG(std::optional<int64_t>, ignore_index) = std::nullopt;
};

/// Generalized Dice loss: one ratio of all classes, each weighted by its size in the target. See
/// `lossops::generalized_dice`.
struct GeneralizedDiceLossImpl : torch::nn::Cloneable<GeneralizedDiceLossImpl> {
  explicit GeneralizedDiceLossImpl(GeneralizedDiceLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::GeneralizedDiceLoss", "class_weighting", options.class_weighting(),
        "activation", options.activation(), "smooth", options.smooth(), "batch", options.batch(),
        "include_background", options.include_background(), "squared", options.squared(),
        "soft_label", options.soft_label(), "log", options.log(), "absent", options.absent(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::generalized_dice(
        input, target, options.class_weighting(), options.activation(), options.smooth(), options.batch(),
        options.include_background(), options.squared(), options.soft_label(), options.log(),
        options.absent(), options.reduction(), detail::given(weight), options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  GeneralizedDiceLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `GeneralizedDiceLossImpl`.
TORCH_MODULE(GeneralizedDiceLoss);

/// Options of `MCCLoss`.
struct MCCLossOptions {
  /// `Activation::Softmax` over the classes, `Activation::Sigmoid` of each, or `Activation::None` where
  /// `input` holds p.
  TORCH_ARG(Activation, activation) = Activation::Softmax;
  /// Has no effect: there is nothing to smooth.
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

/// Loss of Matthews' correlation: of a class against the rest, true negatives included. See `lossops::mcc`.
struct MCCLossImpl : torch::nn::Cloneable<MCCLossImpl> {
  explicit MCCLossImpl(MCCLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::MCCLoss", "activation", options.activation(), "smooth", options.smooth(),
        "batch", options.batch(), "include_background", options.include_background(),
        "squared", options.squared(), "soft_label", options.soft_label(), "log", options.log(),
        "absent", options.absent(), "reduction", options.reduction(), "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::mcc(
        input, target, options.activation(), options.smooth(), options.batch(),
        options.include_background(), options.squared(), options.soft_label(), options.log(),
        options.absent(), options.reduction(), detail::given(weight), options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  MCCLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `MCCLossImpl`.
TORCH_MODULE(MCCLoss);

/// Options of `DiceCELoss`.
struct DiceCELossOptions {
  /// What the regions count, >= 0.
  TORCH_ARG(double, dice_weight) = 1.0;
  /// What the pixels count, >= 0.
  TORCH_ARG(double, ce_weight) = 1.0;
  /// s in [0, 1] of the cross-entropy; t becomes t (1 - s) + s / C, with a sigmoid t (1 - s) + s / 2.
  TORCH_ARG(double, label_smoothing) = 0.0;
  /// What logits become probabilities by: `Activation::Softmax` over the classes or `Activation::Sigmoid`.
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
  /// `Reduction::Mean` or `Reduction::Sum`, of both parts. The mean over pixels is that of `cross_entropy`
  /// or, with a sigmoid, of `binary_cross_entropy_with_logits`; that over regions is sum(w d) / sum(w), w =
  /// weight.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// A factor per class, shape (C); 1 where left out. It is one of both parts.
  TORCH_ARG(std::optional<at::Tensor>, weight) = std::nullopt;
  /// Pixels with this label are in no sum, and get gradient 0; in a target shaped like `input`, elements.
  TORCH_ARG(std::optional<int64_t>, ignore_index) = std::nullopt;
};

/// Dice loss of the regions and cross-entropy of the pixels, in one pass over the logits. See
/// `lossops::dice_ce`.
struct DiceCELossImpl : torch::nn::Cloneable<DiceCELossImpl> {
  explicit DiceCELossImpl(DiceCELossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::DiceCELoss", "dice_weight", options.dice_weight(),
        "ce_weight", options.ce_weight(), "label_smoothing", options.label_smoothing(),
        "activation", options.activation(), "smooth", options.smooth(), "batch", options.batch(),
        "include_background", options.include_background(), "squared", options.squared(),
        "soft_label", options.soft_label(), "log", options.log(), "absent", options.absent(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::dice_ce(
        input, target, options.dice_weight(), options.ce_weight(), options.label_smoothing(),
        options.activation(), options.smooth(), options.batch(), options.include_background(),
        options.squared(), options.soft_label(), options.log(), options.absent(), options.reduction(),
        detail::given(weight), options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  DiceCELossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `DiceCELossImpl`.
TORCH_MODULE(DiceCELoss);

/// Options of `DiceFocalLoss`.
struct DiceFocalLossOptions {
  /// What the regions count, >= 0.
  TORCH_ARG(double, dice_weight) = 1.0;
  /// What the pixels count, >= 0.
  TORCH_ARG(double, focal_weight) = 1.0;
  /// Exponent of f, >= 0: how little pixels count that are right already; 0 is cross-entropy.
  TORCH_ARG(double, gamma) = 2.0;
  /// Factor of f in [0, 1]; with a sigmoid, alpha of positive and 1 - alpha of negative ones. std::nullopt
  /// leaves it out.
  TORCH_ARG(std::optional<double>, alpha) = std::nullopt;
  /// What logits become probabilities by: `Activation::Softmax` over the classes or `Activation::Sigmoid`.
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
  /// `Reduction::Mean` or `Reduction::Sum`, of both parts. The mean over pixels is sum(w_t f) / sum(w_t) for
  /// labels and a softmax, else one over pixels or, with a sigmoid, elements; that over regions is sum(w d) /
  /// sum(w), w = weight.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// A factor per class, shape (C); 1 where left out. It is one of both parts.
  TORCH_ARG(std::optional<at::Tensor>, weight) = std::nullopt;
  /// Pixels with this label are in no sum, and get gradient 0; in a target shaped like `input`, elements.
  TORCH_ARG(std::optional<int64_t>, ignore_index) = std::nullopt;
};

/// Dice loss of the regions and focal loss of the pixels, in one pass over the logits. See
/// `lossops::dice_focal`.
struct DiceFocalLossImpl : torch::nn::Cloneable<DiceFocalLossImpl> {
  explicit DiceFocalLossImpl(DiceFocalLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::DiceFocalLoss", "dice_weight", options.dice_weight(),
        "focal_weight", options.focal_weight(), "gamma", options.gamma(), "alpha", options.alpha(),
        "activation", options.activation(), "smooth", options.smooth(), "batch", options.batch(),
        "include_background", options.include_background(), "squared", options.squared(),
        "soft_label", options.soft_label(), "log", options.log(), "absent", options.absent(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::dice_focal(
        input, target, options.dice_weight(), options.focal_weight(), options.gamma(), options.alpha(),
        options.activation(), options.smooth(), options.batch(), options.include_background(),
        options.squared(), options.soft_label(), options.log(), options.absent(), options.reduction(),
        detail::given(weight), options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  DiceFocalLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `DiceFocalLossImpl`.
TORCH_MODULE(DiceFocalLoss);

}  // namespace lossops::nn
