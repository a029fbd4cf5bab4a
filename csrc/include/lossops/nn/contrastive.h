// Contrastive losses: every vector of a batch against all others, without their matrix.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/contrastive.h"
#include "lossops/nn/base.h"

namespace lossops::nn {

/// Options of `InfoNCELoss`.
struct InfoNCELossOptions {
  /// What similarities are divided by, > 0.
  TORCH_ARG(double, temperature) = 0.1;
  /// Whether similarities are cosines; otherwise they are inner products.
  TORCH_ARG(bool, normalize) = true;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is over the queries that are not left
  /// out.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// InfoNCE: finds the key of each query among all keys. See `lossops::info_nce`.
struct InfoNCELossImpl : torch::nn::Cloneable<InfoNCELossImpl> {
  explicit InfoNCELossImpl(InfoNCELossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::InfoNCELoss", "temperature", options.temperature(),
        "normalize", options.normalize(), "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& query, const at::Tensor& key,
      const std::optional<at::Tensor>& negatives = std::nullopt,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<at::Tensor>& labels = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::info_nce(
        query, key, negatives, options.temperature(), options.normalize(), options.reduction(), weight,
        labels, normalizer);
  }

  /// The settings of this module.
  InfoNCELossOptions options;
};
/// Shared ownership of a `InfoNCELossImpl`.
TORCH_MODULE(InfoNCELoss);

/// Options of `NTXentLoss`.
struct NTXentLossOptions {
  /// What cosines are divided by, > 0.
  TORCH_ARG(double, temperature) = 0.5;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// NT-Xent of SimCLR: finds the other view of each sample among all other views. See `lossops::nt_xent`.
struct NTXentLossImpl : torch::nn::Cloneable<NTXentLossImpl> {
  explicit NTXentLossImpl(NTXentLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::NTXentLoss", "temperature", options.temperature(),
        "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& z1, const at::Tensor& z2, const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::nt_xent(z1, z2, options.temperature(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  NTXentLossOptions options;
};
/// Shared ownership of a `NTXentLossImpl`.
TORCH_MODULE(NTXentLoss);

/// Options of `ClipLoss`.
struct ClipLossOptions {
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// CLIP: finds the text of each image among all texts, and the image of each text. See `lossops::clip`.
struct ClipLossImpl : torch::nn::Cloneable<ClipLossImpl> {
  explicit ClipLossImpl(ClipLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(stream, "lossops::nn::ClipLoss", "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& image_features, const at::Tensor& text_features, const TensorOrNumber& logit_scale,
      const std::optional<TensorOrNumber>& logit_bias = std::nullopt,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::clip(
        image_features, text_features, logit_scale, logit_bias, options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  ClipLossOptions options;
};
/// Shared ownership of a `ClipLossImpl`.
TORCH_MODULE(ClipLoss);

/// Options of `SigLipLoss`.
struct SigLipLossOptions {
  /// Whether no text belongs to any image, as texts of other ranks do not.
  TORCH_ARG(bool, negative_only) = false;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// SigLIP: tells of each image and each text whether they belong together. See `lossops::siglip`.
struct SigLipLossImpl : torch::nn::Cloneable<SigLipLossImpl> {
  explicit SigLipLossImpl(SigLipLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::SigLipLoss", "negative_only", options.negative_only(),
        "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& image_features, const at::Tensor& text_features, const TensorOrNumber& logit_scale,
      const std::optional<TensorOrNumber>& logit_bias = std::nullopt,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::siglip(
        image_features, text_features, logit_scale, logit_bias, options.negative_only(),
        options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  SigLipLossOptions options;
};
/// Shared ownership of a `SigLipLossImpl`.
TORCH_MODULE(SigLipLoss);

/// Options of `SupConLoss`.
struct SupConLossOptions {
  /// What cosines are divided by, > 0.
  TORCH_ARG(double, temperature) = 0.07;
  /// The loss is multiplied by temperature / base_temperature, > 0; std::nullopt leaves that out.
  TORCH_ARG(std::optional<double>, base_temperature) = std::nullopt;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is over the samples that have another
  /// of their label; others cost 0.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Supervised contrastive loss: finds all others of its class for each sample. See `lossops::supcon`.
struct SupConLossImpl : torch::nn::Cloneable<SupConLossImpl> {
  explicit SupConLossImpl(SupConLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::SupConLoss", "temperature", options.temperature(),
        "base_temperature", options.base_temperature(), "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& features, const at::Tensor& labels,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::supcon(
        features, labels, options.temperature(), options.base_temperature(), options.reduction(), weight,
        normalizer);
  }

  /// The settings of this module.
  SupConLossOptions options;
};
/// Shared ownership of a `SupConLossImpl`.
TORCH_MODULE(SupConLoss);

/// Options of `ProxyAnchorLoss`.
struct ProxyAnchorLossOptions {
  /// By how much cosines have to be on the right side.
  TORCH_ARG(double, margin) = 0.1;
  /// How much the hardest samples stand out, > 0.
  TORCH_ARG(double, alpha) = 32.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is that of the first part over the
  /// proxies whose class is there, and of the second over all.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Proxy-Anchor: pulls the samples of its class to each proxy, and pushes all others away. See
/// `lossops::proxy_anchor`.
struct ProxyAnchorLossImpl : torch::nn::Cloneable<ProxyAnchorLossImpl> {
  explicit ProxyAnchorLossImpl(ProxyAnchorLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::ProxyAnchorLoss", "margin", options.margin(), "alpha", options.alpha(),
        "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& embeddings, const at::Tensor& proxies, const at::Tensor& labels,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::proxy_anchor(
        embeddings, proxies, labels, options.margin(), options.alpha(), options.reduction(), weight,
        normalizer);
  }

  /// The settings of this module.
  ProxyAnchorLossOptions options;
};
/// Shared ownership of a `ProxyAnchorLossImpl`.
TORCH_MODULE(ProxyAnchorLoss);

}  // namespace lossops::nn
