// Losses of boxes: how far a predicted rectangle is from the true one.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/export.h"
#include "lossops/types.h"

namespace lossops {

/// IoU loss: the part of two boxes that they do not share.
///
/// Formula of a box, with the areas I of what it shares with the target and U of both together:
///
///     IoU = I / U
///     l = 1 - IoU                       mode `Mode::Linear`
///     l = -ln(IoU)                      mode `Mode::Log`
///     l = 1 - IoU^2                     mode `Mode::Square`
///
/// @param input Boxes along the last dimension, of size 4; a floating dtype.
/// @param target Boxes of the same shape; a floating or integer dtype.
/// @param format `Format::Xyxy`, two corners; `Format::Xywh`, the corner of both smallest numbers, width and
///     height; or `Format::Cxcywh`, the centre, width and height.
/// @param mode `Mode::Linear`, `Mode::Log` or `Mode::Square`.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per box; broadcasts to the shape of the loss for `Reduction::None`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or one loss per box for `Reduction::None`, the shape of `input` without its last
///     dimension; the promoted dtype of the operands.
///
/// Reference: J. Yu, Y. Jiang, Z. Wang, Z. Cao, T. Huang, "UnitBox: an advanced object detection network",
///     ACM Multimedia 2016, arXiv:1608.01471.
LOSSOPS_API at::Tensor iou(
    const at::Tensor& input, const at::Tensor& target, Format format = Format::Xyxy,
    Mode mode = Mode::Linear, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Generalized IoU loss: IoU, and what the least box around both has beside them.
///
/// Formula of a box, with the areas I of what it shares with the target, U of both together and C of the
/// least box that holds both:
///
///     l = 1 - I / U + (C - U) / C
///
/// @param input Boxes along the last dimension, of size 4; a floating dtype.
/// @param target Boxes of the same shape; a floating or integer dtype.
/// @param format `Format::Xyxy`, two corners; `Format::Xywh`, the corner of both smallest numbers, width and
///     height; or `Format::Cxcywh`, the centre, width and height.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per box; broadcasts to the shape of the loss for `Reduction::None`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or one loss per box for `Reduction::None`, the shape of `input` without its last
///     dimension; the promoted dtype of the operands.
///
/// Reference: H. Rezatofighi et al., "Generalized intersection over union: a metric and a loss for bounding
///     box regression", CVPR 2019, arXiv:1902.09630.
LOSSOPS_API at::Tensor giou(
    const at::Tensor& input, const at::Tensor& target, Format format = Format::Xyxy,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Distance IoU loss: IoU, and how far the centres are apart.
///
/// Formula of a box, with the areas I of what it shares with the target and U of both together, the distance
/// d of the centres and the diagonal c of the least box that holds both:
///
///     l = 1 - I / U + d^2 / c^2
///
/// @param input Boxes along the last dimension, of size 4; a floating dtype.
/// @param target Boxes of the same shape; a floating or integer dtype.
/// @param format `Format::Xyxy`, two corners; `Format::Xywh`, the corner of both smallest numbers, width and
///     height; or `Format::Cxcywh`, the centre, width and height.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per box; broadcasts to the shape of the loss for `Reduction::None`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or one loss per box for `Reduction::None`, the shape of `input` without its last
///     dimension; the promoted dtype of the operands.
///
/// Reference: Z. Zheng, P. Wang, W. Liu, J. Li, R. Ye, D. Ren, "Distance-IoU loss: faster and better learning
///     for bounding box regression", AAAI 2020, arXiv:1911.08287.
LOSSOPS_API at::Tensor diou(
    const at::Tensor& input, const at::Tensor& target, Format format = Format::Xyxy,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Complete IoU loss: IoU, how far the centres are apart, and how much the shapes differ.
///
/// Formula of a box, with I, U, d and c as in `diou` and widths and heights w, h of the box and w_t, h_t of
/// the target:
///
///     v = (4 / pi^2) (atan(w_t / h_t) - atan(w / h))^2
///     a = v / (1 - I / U + v)           a constant in the gradient
///     l = 1 - I / U + d^2 / c^2 + a v
///
/// @param input Boxes along the last dimension, of size 4; a floating dtype.
/// @param target Boxes of the same shape; a floating or integer dtype.
/// @param format `Format::Xyxy`, two corners; `Format::Xywh`, the corner of both smallest numbers, width and
///     height; or `Format::Cxcywh`, the centre, width and height.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per box; broadcasts to the shape of the loss for `Reduction::None`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or one loss per box for `Reduction::None`, the shape of `input` without its last
///     dimension; the promoted dtype of the operands.
///
/// Reference: Z. Zheng et al., "Enhancing geometric factors in model learning and inference for object
///     detection and instance segmentation", IEEE Transactions on Cybernetics 2021, arXiv:2005.03572.
LOSSOPS_API at::Tensor ciou(
    const at::Tensor& input, const at::Tensor& target, Format format = Format::Xyxy,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Efficient IoU loss: IoU, and how far centres, widths and heights are apart.
///
/// Formula of a box, with I, U, d and c as in `diou`, widths and heights w, h of the box and w_t, h_t of the
/// target, and those of the least box that holds both, c_w and c_h:
///
///     l = (I / U)^gamma (1 - I / U + d^2 / c^2 + (w - w_t)^2 / c_w^2 + (h - h_t)^2 / c_h^2)
///
/// The factor in front is a constant in the gradient.
///
/// @param input Boxes along the last dimension, of size 4; a floating dtype.
/// @param target Boxes of the same shape; a floating or integer dtype.
/// @param format `Format::Xyxy`, two corners; `Format::Xywh`, the corner of both smallest numbers, width and
///     height; or `Format::Cxcywh`, the centre, width and height.
/// @param gamma How much more good boxes count, >= 0; 0.5 makes Focal-EIoU.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per box; broadcasts to the shape of the loss for `Reduction::None`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or one loss per box for `Reduction::None`, the shape of `input` without its last
///     dimension; the promoted dtype of the operands.
///
/// Reference: Y.-F. Zhang et al., "Focal and efficient IOU loss for accurate bounding box regression",
///     Neurocomputing 506, 2022, arXiv:2101.08158.
LOSSOPS_API at::Tensor eiou(
    const at::Tensor& input, const at::Tensor& target, Format format = Format::Xyxy, double gamma = 0.0,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

}  // namespace lossops
