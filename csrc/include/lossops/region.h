// Losses of regions: how well a class covers its place in an image.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/export.h"
#include "lossops/types.h"

namespace lossops {

/// Dice loss: what share of a class's pixels, predicted and true, do not overlap.
///
/// Formula of a region, with the probabilities p and the target t of its pixels, P = sum p, T = sum t, I =
/// sum p t and s = smooth:
///
///     l = 1 - (2 I + s) / (P + T + s)
///
/// @param input Logits or, without `activation`, probabilities, shape (N, C, d1, ..., dK); a floating dtype.
/// @param target Labels in [0, C), an integer dtype, shape (N, d1, ..., dK), also with a class axis of 1 (of
///     one class, 0 and 1); or t in [0, 1], one-hot or not, shaped like `input`.
/// @param activation `Activation::Softmax` over the classes, `Activation::Sigmoid` of each, or
///     `Activation::None` where `input` holds p.
/// @param smooth s >= 0, which keeps small regions from mattering too much.
/// @param batch Whether a class has one region in the batch instead of one in each sample.
/// @param include_background Whether class 0 counts.
/// @param squared Whether P and T are sums of p^2 and t^2.
/// @param soft_label Whether I is sum min(p, t), whose l is 0 at p = t for any t in [0, 1].
/// @param log Whether l becomes -ln(1 - l).
/// @param absent What a class costs that `target` lacks: `Absent::Smooth`, what the formula says;
///     `Absent::Skip`, nothing, and it does not count in the mean.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(w l) / sum(w),
///     w = weight.
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Pixels with this label are in no sum, and get gradient 0; in a target shaped like
///     `input`, elements.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or for `Reduction::None` one loss per sample and class, shape (N, C); with `batch`
///     (C), and without the background one less. The dtype of `input`.
///
/// Reference: F. Milletari, N. Navab, S.-A. Ahmadi, "V-Net: fully convolutional neural networks for
///     volumetric medical image segmentation", 3DV 2016, arXiv:1606.04797; `soft_label`: Z. Wang et al.,
///     arXiv:2303.16296.
LOSSOPS_API at::Tensor dice(
    const at::Tensor& input, const at::Tensor& target, Activation activation = Activation::Softmax,
    double smooth = 1e-05, bool batch = false, bool include_background = true, bool squared = false,
    bool soft_label = false, bool log = false, Absent absent = Absent::Smooth,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    std::optional<int64_t> ignore_index = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Jaccard loss, or soft IoU: intersection over union of a class's pixels, predicted and true.
///
/// Formula of a region, with the probabilities p and the target t of its pixels, P = sum p, T = sum t, I =
/// sum p t and s = smooth:
///
///     l = 1 - (I + s) / (P + T - I + s)
///
/// @param input Logits or, without `activation`, probabilities, shape (N, C, d1, ..., dK); a floating dtype.
/// @param target Labels in [0, C), an integer dtype, shape (N, d1, ..., dK), also with a class axis of 1 (of
///     one class, 0 and 1); or t in [0, 1], one-hot or not, shaped like `input`.
/// @param activation `Activation::Softmax` over the classes, `Activation::Sigmoid` of each, or
///     `Activation::None` where `input` holds p.
/// @param smooth s >= 0, which keeps small regions from mattering too much.
/// @param batch Whether a class has one region in the batch instead of one in each sample.
/// @param include_background Whether class 0 counts.
/// @param squared Whether P and T are sums of p^2 and t^2.
/// @param soft_label Whether I is sum min(p, t), whose l is 0 at p = t for any t in [0, 1].
/// @param log Whether l becomes -ln(1 - l).
/// @param absent What a class costs that `target` lacks: `Absent::Smooth`, what the formula says;
///     `Absent::Skip`, nothing, and it does not count in the mean.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(w l) / sum(w),
///     w = weight.
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Pixels with this label are in no sum, and get gradient 0; in a target shaped like
///     `input`, elements.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or for `Reduction::None` one loss per sample and class, shape (N, C); with `batch`
///     (C), and without the background one less. The dtype of `input`.
///
/// Reference: M. A. Rahman, Y. Wang, "Optimizing intersection-over-union in deep neural networks for image
///     segmentation", ISVC 2016.
LOSSOPS_API at::Tensor jaccard(
    const at::Tensor& input, const at::Tensor& target, Activation activation = Activation::Softmax,
    double smooth = 1e-05, bool batch = false, bool include_background = true, bool squared = false,
    bool soft_label = false, bool log = false, Absent absent = Absent::Smooth,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    std::optional<int64_t> ignore_index = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Tversky loss: a Dice loss that tells false positives from false negatives.
///
/// Formula of a region, with the probabilities p and the target t of its pixels, P = sum p, T = sum t, I =
/// sum p t and s = smooth:
///
///     l = 1 - (I + s) / (I + fp_weight (P - I) + fn_weight (T - I) + s)
///
/// @param input Logits or, without `activation`, probabilities, shape (N, C, d1, ..., dK); a floating dtype.
/// @param target Labels in [0, C), an integer dtype, shape (N, d1, ..., dK), also with a class axis of 1 (of
///     one class, 0 and 1); or t in [0, 1], one-hot or not, shaped like `input`.
/// @param fp_weight What false positives count, >= 0; alpha in the paper.
/// @param fn_weight What false negatives count, >= 0; beta in the paper.
/// @param activation `Activation::Softmax` over the classes, `Activation::Sigmoid` of each, or
///     `Activation::None` where `input` holds p.
/// @param smooth s >= 0, which keeps small regions from mattering too much.
/// @param batch Whether a class has one region in the batch instead of one in each sample.
/// @param include_background Whether class 0 counts.
/// @param squared Whether P and T are sums of p^2 and t^2.
/// @param soft_label Whether I is sum min(p, t), whose l is 0 at p = t for any t in [0, 1].
/// @param log Whether l becomes -ln(1 - l).
/// @param absent What a class costs that `target` lacks: `Absent::Smooth`, what the formula says;
///     `Absent::Skip`, nothing, and it does not count in the mean.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(w l) / sum(w),
///     w = weight.
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Pixels with this label are in no sum, and get gradient 0; in a target shaped like
///     `input`, elements.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or for `Reduction::None` one loss per sample and class, shape (N, C); with `batch`
///     (C), and without the background one less. The dtype of `input`.
///
/// Reference: S. S. M. Salehi, D. Erdogmus, A. Gholipour, "Tversky loss function for image segmentation using
///     3D fully convolutional deep networks", MLMI 2017, arXiv:1706.05721.
LOSSOPS_API at::Tensor tversky(
    const at::Tensor& input, const at::Tensor& target, double fp_weight = 0.5, double fn_weight = 0.5,
    Activation activation = Activation::Softmax, double smooth = 1e-05, bool batch = false,
    bool include_background = true, bool squared = false, bool soft_label = false, bool log = false,
    Absent absent = Absent::Smooth, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    std::optional<int64_t> ignore_index = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Focal Tversky loss: a power of each region's Tversky loss, which moves weight between them.
///
/// Formula of a region, with the probabilities p and the target t of its pixels, P = sum p, T = sum t, I =
/// sum p t and s = smooth:
///
///     l = (1 - (I + s) / (I + fp_weight (P - I) + fn_weight (T - I) + s))^gamma
///
/// @param input Logits or, without `activation`, probabilities, shape (N, C, d1, ..., dK); a floating dtype.
/// @param target Labels in [0, C), an integer dtype, shape (N, d1, ..., dK), also with a class axis of 1 (of
///     one class, 0 and 1); or t in [0, 1], one-hot or not, shaped like `input`.
/// @param fp_weight What false positives count, >= 0.
/// @param fn_weight What false negatives count, >= 0.
/// @param gamma The exponent, > 0; the paper writes 1 / gamma. Below 1, regions that are nearly right matter
///     more.
/// @param activation `Activation::Softmax` over the classes, `Activation::Sigmoid` of each, or
///     `Activation::None` where `input` holds p.
/// @param smooth s >= 0, which keeps small regions from mattering too much.
/// @param batch Whether a class has one region in the batch instead of one in each sample.
/// @param include_background Whether class 0 counts.
/// @param squared Whether P and T are sums of p^2 and t^2.
/// @param soft_label Whether I is sum min(p, t), whose l is 0 at p = t for any t in [0, 1].
/// @param log Whether l becomes -ln(1 - l).
/// @param absent What a class costs that `target` lacks: `Absent::Smooth`, what the formula says;
///     `Absent::Skip`, nothing, and it does not count in the mean.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(w l) / sum(w),
///     w = weight.
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Pixels with this label are in no sum, and get gradient 0; in a target shaped like
///     `input`, elements.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or for `Reduction::None` one loss per sample and class, shape (N, C); with `batch`
///     (C), and without the background one less. The dtype of `input`.
///
/// Reference: N. Abraham, N. M. Khan, "A novel focal Tversky loss function with improved attention U-Net for
///     lesion segmentation", ISBI 2019, arXiv:1810.07842.
LOSSOPS_API at::Tensor focal_tversky(
    const at::Tensor& input, const at::Tensor& target, double fp_weight = 0.3, double fn_weight = 0.7,
    double gamma = 0.75, Activation activation = Activation::Softmax, double smooth = 1e-05,
    bool batch = false, bool include_background = true, bool squared = false, bool soft_label = false,
    bool log = false, Absent absent = Absent::Smooth, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    std::optional<int64_t> ignore_index = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

}  // namespace lossops
