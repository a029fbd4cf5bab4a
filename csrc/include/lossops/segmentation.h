// Losses of regions beside what else an image holds: other classes, other pixels.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/export.h"
#include "lossops/types.h"

namespace lossops {

/// Generalized Dice loss: one ratio of all classes, each weighted by its size in the target.
///
/// Formula of the regions of a sample, or of the batch with `batch`, where that of class c has the
/// probabilities p and the target t of its pixels, P = sum p, T = sum t and I = sum p t, and s = smooth:
///
///     l = 1 - (2 sum_c v_c I_c + s) / (sum_c v_c (P_c + T_c) + s)
///     v = 1 / T^2
///
/// @param input Logits or, without `activation`, probabilities, shape (N, C, d1, ..., dK); a floating dtype.
/// @param target Labels in [0, C), an integer dtype, shape (N, d1, ..., dK), also with a class axis of 1 (of
///     one class, 0 and 1); or t in [0, 1], one-hot or not, shaped like `input`.
/// @param class_weighting v, which has no gradient: `ClassWeighting::Square`, 1 / T^2;
///     `ClassWeighting::Simple`, 1 / T; `ClassWeighting::Uniform`, 1. A class that the target lacks gets the
///     largest of the others.
/// @param activation `Activation::Softmax` over the classes, `Activation::Sigmoid` of each, or
///     `Activation::None` where `input` holds p.
/// @param smooth s >= 0, which keeps small regions from mattering too much.
/// @param batch Whether a class has one region in the batch instead of one in each sample.
/// @param include_background Whether class 0 counts.
/// @param squared Whether P and T are sums of p^2 and t^2.
/// @param soft_label Whether I is sum min(p, t), whose l is 0 at p = t for any t in [0, 1].
/// @param log Whether l becomes -ln(1 - l).
/// @param absent What counts where `target` lacks every class: `Absent::Smooth`, what the formula says;
///     `Absent::Skip`, nothing, and it does not count in the mean.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / samples.
/// @param weight A factor per class, shape (C); 1 where left out. It multiplies v.
/// @param ignore_index Pixels with this label are in no sum, and get gradient 0; in a target shaped like
///     `input`, elements.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or for `Reduction::None` one loss per sample and class, shape (N, C); with `batch`
///     (C), and without the background one less. The dtype of `input`.
///
/// Reference: C. H. Sudre et al., "Generalised Dice overlap as a deep learning loss function for highly
///     unbalanced segmentations", DLMIA 2017, arXiv:1707.03237.
LOSSOPS_API at::Tensor generalized_dice(
    const at::Tensor& input, const at::Tensor& target,
    ClassWeighting class_weighting = ClassWeighting::Square, Activation activation = Activation::Softmax,
    double smooth = 1e-05, bool batch = false, bool include_background = true, bool squared = false,
    bool soft_label = false, bool log = false, Absent absent = Absent::Smooth,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    std::optional<int64_t> ignore_index = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Loss of Matthews' correlation: of a class against the rest, true negatives included.
///
/// Formula of a region, with the probabilities p and the target t of its n pixels, TP = sum p t, FP = sum p
/// (1 - t), FN = sum (1 - p) t and TN = sum (1 - p) (1 - t):
///
///     l = 1 - (TP TN - FP FN) / sqrt((TP + FP) (TP + FN) (TN + FP) (TN + FN))
///
/// @param input Logits or, without `activation`, probabilities, shape (N, C, d1, ..., dK); a floating dtype.
/// @param target Labels in [0, C), an integer dtype, shape (N, d1, ..., dK), also with a class axis of 1 (of
///     one class, 0 and 1); or t in [0, 1], one-hot or not, shaped like `input`.
/// @param activation `Activation::Softmax` over the classes, `Activation::Sigmoid` of each, or
///     `Activation::None` where `input` holds p.
/// @param smooth Has no effect: there is nothing to smooth.
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
/// Reference: K. Abhishek, G. Hamarneh, "Matthews correlation coefficient loss for deep convolutional
///     networks: application to skin lesion segmentation", ISBI 2021, arXiv:2010.13454.
LOSSOPS_API at::Tensor mcc(
    const at::Tensor& input, const at::Tensor& target, Activation activation = Activation::Softmax,
    double smooth = 1e-05, bool batch = false, bool include_background = true, bool squared = false,
    bool soft_label = false, bool log = false, Absent absent = Absent::Smooth,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    std::optional<int64_t> ignore_index = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Dice loss of the regions and cross-entropy of the pixels, in one pass over the logits.
///
/// Formula of the regions of a batch, with d as in `dice` and the cross-entropy c of a pixel; with a sigmoid,
/// of a pixel and class:
///
///     l = dice_weight mean(d) + ce_weight mean(c)
///
/// @param input Logits, shape (N, C, d1, ..., dK); a floating dtype.
/// @param target Labels in [0, C), an integer dtype, shape (N, d1, ..., dK), also with a class axis of 1 (of
///     one class, 0 and 1); or t in [0, 1], one-hot or not, shaped like `input`.
/// @param dice_weight What the regions count, >= 0.
/// @param ce_weight What the pixels count, >= 0.
/// @param label_smoothing s in [0, 1] of the cross-entropy; t becomes t (1 - s) + s / C, with a sigmoid t (1
///     - s) + s / 2.
/// @param activation What logits become probabilities by: `Activation::Softmax` over the classes or
///     `Activation::Sigmoid`.
/// @param smooth s >= 0, which keeps small regions from mattering too much.
/// @param batch Whether a class has one region in the batch instead of one in each sample.
/// @param include_background Whether class 0 counts.
/// @param squared Whether P and T are sums of p^2 and t^2.
/// @param soft_label Whether I is sum min(p, t), whose l is 0 at p = t for any t in [0, 1].
/// @param log Whether l becomes -ln(1 - l).
/// @param absent What a class costs that `target` lacks: `Absent::Smooth`, what the formula says;
///     `Absent::Skip`, nothing, and it does not count in the mean.
/// @param reduction `Reduction::Mean` or `Reduction::Sum`, of both parts. The mean over pixels is that of
///     `cross_entropy` or, with a sigmoid, of `binary_cross_entropy_with_logits`; that over regions is sum(w
///     d) / sum(w), w = weight.
/// @param weight A factor per class, shape (C); 1 where left out. It is one of both parts.
/// @param ignore_index Pixels with this label are in no sum, and get gradient 0; in a target shaped like
///     `input`, elements.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor; the dtype of `input`.
///
/// Reference: F. Isensee et al., "nnU-Net: a self-configuring method for deep learning-based biomedical image
///     segmentation", Nature Methods 18, 2021, arXiv:1809.10486.
LOSSOPS_API at::Tensor dice_ce(
    const at::Tensor& input, const at::Tensor& target, double dice_weight = 1.0, double ce_weight = 1.0,
    double label_smoothing = 0.0, Activation activation = Activation::Softmax, double smooth = 1e-05,
    bool batch = false, bool include_background = true, bool squared = false, bool soft_label = false,
    bool log = false, Absent absent = Absent::Smooth, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    std::optional<int64_t> ignore_index = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Dice loss of the regions and focal loss of the pixels, in one pass over the logits.
///
/// Formula of the regions of a batch, with d as in `dice` and the focal loss f of a pixel; with a sigmoid, of
/// a pixel and class:
///
///     l = dice_weight mean(d) + focal_weight mean(f)
///
/// @param input Logits, shape (N, C, d1, ..., dK); a floating dtype.
/// @param target Labels in [0, C), an integer dtype, shape (N, d1, ..., dK), also with a class axis of 1 (of
///     one class, 0 and 1); or t in [0, 1], one-hot or not, shaped like `input`.
/// @param dice_weight What the regions count, >= 0.
/// @param focal_weight What the pixels count, >= 0.
/// @param gamma Exponent of f, >= 0: how little pixels count that are right already; 0 is cross-entropy.
/// @param alpha Factor of f in [0, 1]; with a sigmoid, alpha of positive and 1 - alpha of negative ones.
///     std::nullopt leaves it out.
/// @param activation What logits become probabilities by: `Activation::Softmax` over the classes or
///     `Activation::Sigmoid`.
/// @param smooth s >= 0, which keeps small regions from mattering too much.
/// @param batch Whether a class has one region in the batch instead of one in each sample.
/// @param include_background Whether class 0 counts.
/// @param squared Whether P and T are sums of p^2 and t^2.
/// @param soft_label Whether I is sum min(p, t), whose l is 0 at p = t for any t in [0, 1].
/// @param log Whether l becomes -ln(1 - l).
/// @param absent What a class costs that `target` lacks: `Absent::Smooth`, what the formula says;
///     `Absent::Skip`, nothing, and it does not count in the mean.
/// @param reduction `Reduction::Mean` or `Reduction::Sum`, of both parts. The mean over pixels is sum(w_t f)
///     / sum(w_t) for labels and a softmax, else one over pixels or, with a sigmoid, elements; that over
///     regions is sum(w d) / sum(w), w = weight.
/// @param weight A factor per class, shape (C); 1 where left out. It is one of both parts.
/// @param ignore_index Pixels with this label are in no sum, and get gradient 0; in a target shaped like
///     `input`, elements.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor; the dtype of `input`.
///
/// Reference: W. Zhu et al., "AnatomyNet: deep learning for fast and fully automated whole-volume
///     segmentation of head and neck anatomy", Medical Physics 46 (2), 2019, arXiv:1808.05238; focal: T.-Y.
///     Lin et al., ICCV 2017, arXiv:1708.02002.
LOSSOPS_API at::Tensor dice_focal(
    const at::Tensor& input, const at::Tensor& target, double dice_weight = 1.0, double focal_weight = 1.0,
    double gamma = 2.0, std::optional<double> alpha = std::nullopt,
    Activation activation = Activation::Softmax, double smooth = 1e-05, bool batch = false,
    bool include_background = true, bool squared = false, bool soft_label = false, bool log = false,
    Absent absent = Absent::Smooth, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    std::optional<int64_t> ignore_index = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

}  // namespace lossops
