// Losses of yes-or-no targets, one or many per sample.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/binary.h"
#include "lossops/nn/base.h"

namespace lossops::nn {

/// Options of `BCELoss`.
struct BCELossOptions {
  /// A factor per element; broadcasts to `input`.
  TORCH_ARG(std::optional<at::Tensor>, weight) = std::nullopt;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Elements with this target are left out, and get gradient 0.
  TORCH_ARG(std::optional<int64_t>, ignore_index) = std::nullopt;
};

/// Binary cross-entropy of probabilities. See `lossops::bce`.
struct BCELossImpl : torch::nn::Cloneable<BCELossImpl> {
  explicit BCELossImpl(BCELossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::BCELoss", "reduction", options.reduction(),
        "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::bce(
        input, target, options.reduction(), detail::given(weight), options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  BCELossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `BCELossImpl`.
TORCH_MODULE(BCELoss);

/// Options of `BCEWithLogitsLoss`.
struct BCEWithLogitsLossOptions {
  /// A factor per element; broadcasts to `input`.
  TORCH_ARG(std::optional<at::Tensor>, weight) = std::nullopt;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// A factor of the positive part, often one per class; broadcasts to `input`.
  TORCH_ARG(std::optional<at::Tensor>, pos_weight) = std::nullopt;
  /// s in [0, 1]; t becomes t (1 - s) + s / 2.
  TORCH_ARG(double, label_smoothing) = 0.0;
  /// Elements with this target are left out, and get gradient 0.
  TORCH_ARG(std::optional<int64_t>, ignore_index) = std::nullopt;
};

/// Binary cross-entropy of logits. See `lossops::bce_with_logits`.
struct BCEWithLogitsLossImpl : torch::nn::Cloneable<BCEWithLogitsLossImpl> {
  explicit BCEWithLogitsLossImpl(BCEWithLogitsLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
    pos_weight = register_buffer("pos_weight", detail::buffer(options.pos_weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::BCEWithLogitsLoss", "reduction", options.reduction(),
        "label_smoothing", options.label_smoothing(), "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::bce_with_logits(
        input, target, detail::given(pos_weight), options.label_smoothing(), options.reduction(),
        detail::given(weight), options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  BCEWithLogitsLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor pos_weight;
};
/// Shared ownership of a `BCEWithLogitsLossImpl`.
TORCH_MODULE(BCEWithLogitsLoss);

/// Options of `FocalLoss`.
struct FocalLossOptions {
  /// Weight of the positives, in [0, 1], against 1 - alpha of the negatives; std::nullopt leaves alpha_t out.
  TORCH_ARG(std::optional<double>, alpha) = 0.25;
  /// How fast easy elements fade, >= 0; 0 is plain cross-entropy.
  TORCH_ARG(double, gamma) = 2.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Elements with this target are left out, and get gradient 0.
  TORCH_ARG(std::optional<int64_t>, ignore_index) = std::nullopt;
};

/// Sigmoid focal loss: binary cross-entropy that fades out where the prediction is right. See
/// `lossops::focal`.
struct FocalLossImpl : torch::nn::Cloneable<FocalLossImpl> {
  explicit FocalLossImpl(FocalLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::FocalLoss", "alpha", options.alpha(), "gamma", options.gamma(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::focal(
        input, target, options.alpha(), options.gamma(), options.reduction(), weight,
        options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  FocalLossOptions options;
};
/// Shared ownership of a `FocalLossImpl`.
TORCH_MODULE(FocalLoss);

/// Options of `QualityFocalLoss`.
struct QualityFocalLossOptions {
  /// How fast it fades out, >= 0.
  TORCH_ARG(double, beta) = 2.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Elements with this target are left out, and get gradient 0.
  TORCH_ARG(std::optional<int64_t>, ignore_index) = std::nullopt;
};

/// Quality focal loss: cross-entropy with a score, which fades out where that is met. See
/// `lossops::quality_focal`.
struct QualityFocalLossImpl : torch::nn::Cloneable<QualityFocalLossImpl> {
  explicit QualityFocalLossImpl(QualityFocalLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::QualityFocalLoss", "beta", options.beta(), "reduction", options.reduction(),
        "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::quality_focal(
        input, target, options.beta(), options.reduction(), weight, options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  QualityFocalLossOptions options;
};
/// Shared ownership of a `QualityFocalLossImpl`.
TORCH_MODULE(QualityFocalLoss);

/// Options of `VarifocalLoss`.
struct VarifocalLossOptions {
  /// What a negative counts, >= 0.
  TORCH_ARG(double, alpha) = 0.75;
  /// How fast negatives fade out, >= 0.
  TORCH_ARG(double, gamma) = 2.0;
  /// Whether a positive counts by its score, the first t of the formula.
  TORCH_ARG(bool, iou_weighted) = true;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Elements with this target are left out, and get gradient 0.
  TORCH_ARG(std::optional<int64_t>, ignore_index) = std::nullopt;
};

/// Varifocal loss: cross-entropy with the score of a positive, and a focal loss of negatives. See
/// `lossops::varifocal`.
struct VarifocalLossImpl : torch::nn::Cloneable<VarifocalLossImpl> {
  explicit VarifocalLossImpl(VarifocalLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::VarifocalLoss", "alpha", options.alpha(), "gamma", options.gamma(),
        "iou_weighted", options.iou_weighted(), "reduction", options.reduction(),
        "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::varifocal(
        input, target, options.alpha(), options.gamma(), options.iou_weighted(), options.reduction(),
        weight, options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  VarifocalLossOptions options;
};
/// Shared ownership of a `VarifocalLossImpl`.
TORCH_MODULE(VarifocalLoss);

/// Options of `GaussianFocalLoss`.
struct GaussianFocalLossOptions {
  /// How fast what is right fades out, >= 0.
  TORCH_ARG(double, alpha) = 2.0;
  /// How much less a neighbour of a peak counts, >= 0.
  TORCH_ARG(double, gamma) = 4.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Elements with this target are left out, and get gradient 0.
  TORCH_ARG(std::optional<int64_t>, ignore_index) = std::nullopt;
};

/// Gaussian focal loss: of a heat map with a peak of 1 at each object, and less around it. See
/// `lossops::gaussian_focal`.
struct GaussianFocalLossImpl : torch::nn::Cloneable<GaussianFocalLossImpl> {
  explicit GaussianFocalLossImpl(GaussianFocalLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::GaussianFocalLoss", "alpha", options.alpha(), "gamma", options.gamma(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::gaussian_focal(
        input, target, options.alpha(), options.gamma(), options.reduction(), weight,
        options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  GaussianFocalLossOptions options;
};
/// Shared ownership of a `GaussianFocalLossImpl`.
TORCH_MODULE(GaussianFocalLoss);

/// Options of `AsymmetricLoss`.
struct AsymmetricLossOptions {
  /// How fast easy positives fade, >= 0.
  TORCH_ARG(double, gamma_pos) = 1.0;
  /// How fast easy negatives fade, >= 0.
  TORCH_ARG(double, gamma_neg) = 4.0;
  /// Negatives whose probability is below this cost nothing; in [0, 1).
  TORCH_ARG(double, clip) = 0.05;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Elements with this target are left out, and get gradient 0.
  TORCH_ARG(std::optional<int64_t>, ignore_index) = std::nullopt;
};

/// Asymmetric loss (ASL) for many labels, few of them positive: easy negatives vanish. See
/// `lossops::asymmetric`.
struct AsymmetricLossImpl : torch::nn::Cloneable<AsymmetricLossImpl> {
  explicit AsymmetricLossImpl(AsymmetricLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::AsymmetricLoss", "gamma_pos", options.gamma_pos(),
        "gamma_neg", options.gamma_neg(), "clip", options.clip(), "reduction", options.reduction(),
        "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::asymmetric(
        input, target, options.gamma_pos(), options.gamma_neg(), options.clip(), options.reduction(),
        weight, options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  AsymmetricLossOptions options;
};
/// Shared ownership of a `AsymmetricLossImpl`.
TORCH_MODULE(AsymmetricLoss);

/// Options of `RWWBCELoss`.
struct RWWBCELossOptions {
  /// Marginal cost of a false negative over a true positive, >= 0.
  TORCH_ARG(double, fn_weight) = 1.0;
  /// Marginal cost of a false positive over a true negative, >= 0.
  TORCH_ARG(double, fp_weight) = 1.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Elements with this target are left out, and get gradient 0.
  TORCH_ARG(std::optional<int64_t>, ignore_index) = std::nullopt;
};

/// Real-world-weight binary cross-entropy: each kind of mistake weighs what it costs. See `lossops::rww_bce`.
struct RWWBCELossImpl : torch::nn::Cloneable<RWWBCELossImpl> {
  explicit RWWBCELossImpl(RWWBCELossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::RWWBCELoss", "fn_weight", options.fn_weight(),
        "fp_weight", options.fp_weight(), "reduction", options.reduction(),
        "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::rww_bce(
        input, target, options.fn_weight(), options.fp_weight(), options.reduction(), weight,
        options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  RWWBCELossOptions options;
};
/// Shared ownership of a `RWWBCELossImpl`.
TORCH_MODULE(RWWBCELoss);

/// Options of `MultiLabelSoftMarginLoss`.
struct MultiLabelSoftMarginLossOptions {
  /// A factor per element; broadcasts to `input`. Often one per label.
  TORCH_ARG(std::optional<at::Tensor>, weight) = std::nullopt;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The loss is one per sample.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Elements with this target are left out, and get gradient 0.
  TORCH_ARG(std::optional<int64_t>, ignore_index) = std::nullopt;
};

/// Binary cross-entropy of the logits of C labels, averaged over the labels of a sample. See
/// `lossops::multilabel_soft_margin`.
struct MultiLabelSoftMarginLossImpl : torch::nn::Cloneable<MultiLabelSoftMarginLossImpl> {
  explicit MultiLabelSoftMarginLossImpl(MultiLabelSoftMarginLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {
    weight = register_buffer("weight", detail::buffer(options.weight()));
  }
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::MultiLabelSoftMarginLoss", "reduction", options.reduction(),
        "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::multilabel_soft_margin(
        input, target, options.reduction(), detail::given(weight), options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  MultiLabelSoftMarginLossOptions options;
  /// The tensor of that option, which moves and is saved with the module.
  at::Tensor weight;
};
/// Shared ownership of a `MultiLabelSoftMarginLossImpl`.
TORCH_MODULE(MultiLabelSoftMarginLoss);

}  // namespace lossops::nn
