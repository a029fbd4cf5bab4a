// Losses that ask for a margin: of targets -1 and 1, or of classes.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/export.h"
#include "lossops/types.h"

namespace lossops {

/// Hinge loss of a support-vector machine: 0 once the score is right by `margin`.
///
/// Formula:
///
///     l = max(0, margin - target input)^power
///
/// @param input Scores of any shape; a floating dtype.
/// @param target -1 or 1, of the same shape; a floating or integer dtype.
/// @param margin The margin that costs nothing.
/// @param power 1, or 2 for the squared hinge.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param ignore_index Elements with this target are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: C. Cortes, V. Vapnik, "Support-vector networks", Machine Learning 20, 1995; squared: Y. Tang,
///     "Deep learning using linear support vector machines", arXiv:1306.0239.
LOSSOPS_API at::Tensor hinge(
    const at::Tensor& input, const at::Tensor& target, double margin = 1.0, int64_t power = 1,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    std::optional<int64_t> ignore_index = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Hinge loss of distances: pulls similar pairs together and pushes the others `margin` apart.
///
/// Formula, with x = input, a distance:
///
///     l = x                    where target = 1
///     l = max(0, margin - x)   where target = -1
///
/// Any other target adds both parts, as in torch.
///
/// @param input Distances of any shape; a floating dtype.
/// @param target -1 or 1, a floating or integer dtype; broadcasts with `input`.
/// @param margin The distance beyond which dissimilar pairs cost nothing.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param ignore_index Elements with this target are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of the operands for `Reduction::None`; their promoted dtype.
///
/// Reference: R. Hadsell, S. Chopra, Y. LeCun, "Dimensionality reduction by learning an invariant mapping",
///     CVPR 2006.
LOSSOPS_API at::Tensor hinge_embedding(
    const at::Tensor& input, const at::Tensor& target, double margin = 1.0,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    std::optional<int64_t> ignore_index = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Logistic loss of targets -1 and 1: the smooth hinge.
///
/// Formula:
///
///     l = ln(1 + exp(-target input)) = softplus(-target input)
///
/// @param input Scores of any shape; a floating dtype.
/// @param target -1 or 1, a floating or integer dtype; broadcasts with `input`.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param ignore_index Elements with this target are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of the operands for `Reduction::None`; their promoted dtype.
///
/// Reference: J. Friedman, T. Hastie, R. Tibshirani, "Additive logistic regression: a statistical view of
///     boosting", Annals of Statistics 28 (2), 2000.
LOSSOPS_API at::Tensor soft_margin(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    std::optional<int64_t> ignore_index = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Ranking loss of pairs: asks that one score exceed the other by `margin`.
///
/// Formula:
///
///     l = max(0, margin - target (input1 - input2))
///
/// @param input1 Scores of any shape; a floating dtype.
/// @param input2 Scores to compare with; the number of dimensions of `input1`, sizes equal or 1.
/// @param target 1 where `input1` should rank higher, -1 where `input2` should; shaped like `input2`.
/// @param margin By how much.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input1`.
/// @param ignore_index Elements with this target are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of the operands for `Reduction::None`; their promoted dtype.
///
/// Reference: R. Herbrich, T. Graepel, K. Obermayer, "Large margin rank boundaries for ordinal regression",
///     Advances in Large Margin Classifiers, 2000.
LOSSOPS_API at::Tensor margin_ranking(
    const at::Tensor& input1, const at::Tensor& input2, const at::Tensor& target, double margin = 0.0,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    std::optional<int64_t> ignore_index = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Hinge loss over classes: the right score should exceed every other by `margin`.
///
/// Formula of a row, with x = input, w = weight and t = target, summed over the classes but t:
///
///     l = sum_j w_t max(0, margin - x_t + x_j)^p / C
///
/// @param input Scores, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
/// @param target Labels in [0, C), an integer dtype, shaped like `input` without the class axis.
/// @param p 1, or 2 for the squared hinge.
/// @param margin The margin that costs nothing.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / rows.
/// @param weight A factor per class, shape (C); 1 where left out. Not part of the mean.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without the class axis for `Reduction::None`; the dtype of
///     `input`.
///
/// Reference: K. Crammer, Y. Singer, "On the algorithmic implementation of multiclass kernel-based vector
///     machines", J. Machine Learning Research 2, 2001.
LOSSOPS_API at::Tensor multi_margin(
    const at::Tensor& input, const at::Tensor& target, int64_t p = 1, double margin = 1.0,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    std::optional<int64_t> ignore_index = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Hinge loss of many labels: each right score should exceed each wrong one by 1.
///
/// Formula of a row, with x = input, summed over the labels t and the classes j that are none:
///
///     l = sum_t sum_j max(0, 1 - x_t + x_j) / C
///
/// @param input Scores, shape (C) or (N, C); a floating dtype.
/// @param target The labels of each row, in [0, C), then -1 where there are fewer than C; an integer dtype,
///     shaped like `input`.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / rows.
/// @param weight A factor per row; broadcasts to the shape of the loss for `Reduction::None`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape `input.shape[:-1]` for `Reduction::None`; the dtype of `input`.
///
/// Reference: A. Elisseeff, J. Weston, "A kernel method for multi-labelled classification", NIPS 2001.
LOSSOPS_API at::Tensor multilabel_margin(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

}  // namespace lossops
