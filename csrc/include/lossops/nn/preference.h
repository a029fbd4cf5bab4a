// Preferences between answers of a language model, by their log-probabilities.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/preference.h"
#include "lossops/nn/base.h"

namespace lossops::nn {

/// Options of `DPOLoss`.
struct DPOLossOptions {
  /// How much the log-ratios c and r count, > 0.
  TORCH_ARG(double, beta) = 0.1;
  /// A word of the formula's table.
  TORCH_ARG(LossType, loss_type) = LossType::Sigmoid;
  /// e in [0, 0.5), how often the two answers are mistaken for one another; of sigmoid, robust, and exo_pair,
  /// where e > 0.
  TORCH_ARG(double, label_smoothing) = 0.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Direct preference optimisation: the chosen answer gains more on the reference. See `lossops::dpo`.
struct DPOLossImpl : torch::nn::Cloneable<DPOLossImpl> {
  explicit DPOLossImpl(DPOLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::DPOLoss", "beta", options.beta(), "loss_type", options.loss_type(),
        "label_smoothing", options.label_smoothing(), "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& chosen_logps, const at::Tensor& rejected_logps,
      const std::optional<at::Tensor>& ref_chosen_logps = std::nullopt,
      const std::optional<at::Tensor>& ref_rejected_logps = std::nullopt,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::dpo(
        chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, options.beta(),
        options.loss_type(), options.label_smoothing(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  DPOLossOptions options;
};
/// Shared ownership of a `DPOLossImpl`.
TORCH_MODULE(DPOLoss);

/// Options of `SimPOLoss`.
struct SimPOLossOptions {
  /// How much log-probabilities count, > 0.
  TORCH_ARG(double, beta) = 2.0;
  /// The margin by which beta c has to lead.
  TORCH_ARG(double, gamma) = 0.5;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// SimPO: the chosen answer is likelier per token by a margin, without a reference. See `lossops::simpo`.
struct SimPOLossImpl : torch::nn::Cloneable<SimPOLossImpl> {
  explicit SimPOLossImpl(SimPOLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::SimPOLoss", "beta", options.beta(), "gamma", options.gamma(),
        "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& chosen_logps, const at::Tensor& rejected_logps,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::simpo(
        chosen_logps, rejected_logps, options.beta(), options.gamma(), options.reduction(), weight,
        normalizer);
  }

  /// The settings of this module.
  SimPOLossOptions options;
};
/// Shared ownership of a `SimPOLossImpl`.
TORCH_MODULE(SimPOLoss);

/// Options of `CPOLoss`.
struct CPOLossOptions {
  /// How much log-probabilities count, > 0.
  TORCH_ARG(double, beta) = 0.1;
  /// How much the likelihood of the chosen answer counts, >= 0.
  TORCH_ARG(double, alpha) = 1.0;
  /// e in [0, 0.5), how often the two answers are mistaken for one another.
  TORCH_ARG(double, label_smoothing) = 0.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Contrastive preference optimisation: DPO without a reference, and likelihood. See `lossops::cpo`.
struct CPOLossImpl : torch::nn::Cloneable<CPOLossImpl> {
  explicit CPOLossImpl(CPOLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::CPOLoss", "beta", options.beta(), "alpha", options.alpha(),
        "label_smoothing", options.label_smoothing(), "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& chosen_logps, const at::Tensor& rejected_logps,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::cpo(
        chosen_logps, rejected_logps, options.beta(), options.alpha(), options.label_smoothing(),
        options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  CPOLossOptions options;
};
/// Shared ownership of a `CPOLossImpl`.
TORCH_MODULE(CPOLoss);

/// Options of `ORPOLoss`.
struct ORPOLossOptions {
  /// Factor of the loss, > 0.
  TORCH_ARG(double, beta) = 0.1;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Odds-ratio preference optimisation: the term beside the likelihood of the chosen answer. See
/// `lossops::orpo`.
struct ORPOLossImpl : torch::nn::Cloneable<ORPOLossImpl> {
  explicit ORPOLossImpl(ORPOLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(stream, "lossops::nn::ORPOLoss", "beta", options.beta(), "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& chosen_logps, const at::Tensor& rejected_logps,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::orpo(
        chosen_logps, rejected_logps, options.beta(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  ORPOLossOptions options;
};
/// Shared ownership of a `ORPOLossImpl`.
TORCH_MODULE(ORPOLoss);

/// Options of `KTOLoss`.
struct KTOLossOptions {
  /// How much the log-ratio d counts, > 0.
  TORCH_ARG(double, beta) = 0.1;
  /// Factor of the desirable answers, >= 0.
  TORCH_ARG(double, desirable_weight) = 1.0;
  /// Factor of the undesirable ones, >= 0.
  TORCH_ARG(double, undesirable_weight) = 1.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Elements with this target are left out, and get gradient 0.
  TORCH_ARG(std::optional<int64_t>, ignore_index) = std::nullopt;
};

/// Kahneman-Tversky optimisation: single answers that are desirable or not. See `lossops::kto`.
struct KTOLossImpl : torch::nn::Cloneable<KTOLossImpl> {
  explicit KTOLossImpl(KTOLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::KTOLoss", "beta", options.beta(),
        "desirable_weight", options.desirable_weight(), "undesirable_weight", options.undesirable_weight(),
        "reduction", options.reduction(), "ignore_index", options.ignore_index());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& logps, const at::Tensor& ref_logps, const at::Tensor& target,
      const std::optional<TensorOrNumber>& kl = std::nullopt,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::kto(
        logps, ref_logps, target, kl, options.beta(), options.desirable_weight(),
        options.undesirable_weight(), options.reduction(), weight, options.ignore_index(), normalizer);
  }

  /// The settings of this module.
  KTOLossOptions options;
};
/// Shared ownership of a `KTOLossImpl`.
TORCH_MODULE(KTOLoss);

}  // namespace lossops::nn
