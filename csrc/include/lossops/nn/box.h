// Losses of boxes: how far a predicted rectangle is from the true one.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/box.h"
#include "lossops/nn/base.h"

namespace lossops::nn {

/// Options of `IoULoss`.
struct IoULossOptions {
  /// `Format::Xyxy`, two corners; `Format::Xywh`, the corner of both smallest numbers, width and height; or
  /// `Format::Cxcywh`, the centre, width and height.
  TORCH_ARG(Format, format) = Format::Xyxy;
  /// `Mode::Linear`, `Mode::Log` or `Mode::Square`.
  TORCH_ARG(Mode, mode) = Mode::Linear;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// IoU loss: the part of two boxes that they do not share. See `lossops::iou`.
struct IoULossImpl : torch::nn::Cloneable<IoULossImpl> {
  explicit IoULossImpl(IoULossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::IoULoss", "format", options.format(), "mode", options.mode(),
        "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::iou(
        input, target, options.format(), options.mode(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  IoULossOptions options;
};
/// Shared ownership of a `IoULossImpl`.
TORCH_MODULE(IoULoss);

/// Options of `GIoULoss`.
struct GIoULossOptions {
  /// `Format::Xyxy`, two corners; `Format::Xywh`, the corner of both smallest numbers, width and height; or
  /// `Format::Cxcywh`, the centre, width and height.
  TORCH_ARG(Format, format) = Format::Xyxy;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Generalized IoU loss: IoU, and what the least box around both has beside them. See `lossops::giou`.
struct GIoULossImpl : torch::nn::Cloneable<GIoULossImpl> {
  explicit GIoULossImpl(GIoULossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::GIoULoss", "format", options.format(), "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::giou(input, target, options.format(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  GIoULossOptions options;
};
/// Shared ownership of a `GIoULossImpl`.
TORCH_MODULE(GIoULoss);

/// Options of `DIoULoss`.
struct DIoULossOptions {
  /// `Format::Xyxy`, two corners; `Format::Xywh`, the corner of both smallest numbers, width and height; or
  /// `Format::Cxcywh`, the centre, width and height.
  TORCH_ARG(Format, format) = Format::Xyxy;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Distance IoU loss: IoU, and how far the centres are apart. See `lossops::diou`.
struct DIoULossImpl : torch::nn::Cloneable<DIoULossImpl> {
  explicit DIoULossImpl(DIoULossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::DIoULoss", "format", options.format(), "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::diou(input, target, options.format(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  DIoULossOptions options;
};
/// Shared ownership of a `DIoULossImpl`.
TORCH_MODULE(DIoULoss);

/// Options of `CIoULoss`.
struct CIoULossOptions {
  /// `Format::Xyxy`, two corners; `Format::Xywh`, the corner of both smallest numbers, width and height; or
  /// `Format::Cxcywh`, the centre, width and height.
  TORCH_ARG(Format, format) = Format::Xyxy;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Complete IoU loss: IoU, how far the centres are apart, and how much the shapes differ. See
/// `lossops::ciou`.
struct CIoULossImpl : torch::nn::Cloneable<CIoULossImpl> {
  explicit CIoULossImpl(CIoULossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::CIoULoss", "format", options.format(), "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::ciou(input, target, options.format(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  CIoULossOptions options;
};
/// Shared ownership of a `CIoULossImpl`.
TORCH_MODULE(CIoULoss);

/// Options of `EIoULoss`.
struct EIoULossOptions {
  /// `Format::Xyxy`, two corners; `Format::Xywh`, the corner of both smallest numbers, width and height; or
  /// `Format::Cxcywh`, the centre, width and height.
  TORCH_ARG(Format, format) = Format::Xyxy;
  /// How much more good boxes count, >= 0; 0.5 makes Focal-EIoU.
  TORCH_ARG(double, gamma) = 0.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
};

/// Efficient IoU loss: IoU, and how far centres, widths and heights are apart. See `lossops::eiou`.
struct EIoULossImpl : torch::nn::Cloneable<EIoULossImpl> {
  explicit EIoULossImpl(EIoULossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::EIoULoss", "format", options.format(), "gamma", options.gamma(),
        "reduction", options.reduction());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& input, const at::Tensor& target,
      const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::eiou(
        input, target, options.format(), options.gamma(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  EIoULossOptions options;
};
/// Shared ownership of a `EIoULossImpl`.
TORCH_MODULE(EIoULoss);

}  // namespace lossops::nn
