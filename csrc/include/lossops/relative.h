// Errors relative to the size of what is predicted.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/export.h"
#include "lossops/types.h"

namespace lossops {

/// Squared logarithmic error: of numbers from 0 on, by how many times they differ.
///
/// Formula, with x = input and t = target:
///
///     l = (ln(1 + x) - ln(1 + t))^2
///
/// @param input Predictions > -1 of any shape; a floating dtype.
/// @param target Targets > -1 of the same shape; a floating or integer dtype.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: C. Tofallis, "A better measure of relative prediction accuracy for model selection and model
///     estimation", Journal of the Operational Research Society 66 (8), 2015.
LOSSOPS_API at::Tensor msle(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Absolute error as a share of the target.
///
/// Formula, with x = input and t = target:
///
///     l = |x - t| / max(|t|, eps)
///
/// @param input Predictions of any shape; a floating dtype.
/// @param target Targets of the same shape; a floating or integer dtype.
/// @param eps The least size of a target, > 0.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: R. J. Hyndman, A. B. Koehler, "Another look at measures of forecast accuracy", International
///     Journal of Forecasting 22 (4), 2006.
LOSSOPS_API at::Tensor mape(
    const at::Tensor& input, const at::Tensor& target, double eps = 1.17e-06,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Absolute error as a share of the mean size of both numbers, from 0 to 2.
///
/// Formula, with x = input and t = target; 0 where both are 0:
///
///     l = 2 |x - t| / (|x| + |t|)
///
/// @param input Predictions of any shape; a floating dtype.
/// @param target Targets of the same shape; a floating or integer dtype.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: S. Makridakis, "Accuracy measures: theoretical and practical concerns", International Journal
///     of Forecasting 9 (4), 1993.
LOSSOPS_API at::Tensor smape(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

}  // namespace lossops
