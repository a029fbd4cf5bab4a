// Losses on the difference between a prediction and a real-valued target.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/export.h"
#include "lossops/types.h"

namespace lossops {

/// Mean squared error.
///
/// Formula:
///
///     l = (input - target)^2
///
/// @param input Predictions of any shape; a floating dtype.
/// @param target Targets of the same shape; a floating, integer or bool dtype.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. With `weight`, the mean is
///     sum(weight * l) / sum(weight).
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: A.-M. Legendre, "Nouvelles méthodes pour la détermination des orbites des comètes", 1805.
LOSSOPS_API at::Tensor mse(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Mean absolute error. Its gradient at a difference of 0 is 0.
///
/// Formula:
///
///     l = |input - target|
///
/// @param input Predictions of any shape; a floating dtype.
/// @param target Targets of the same shape; a floating, integer or bool dtype.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. With `weight`, the mean is
///     sum(weight * l) / sum(weight).
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: P.-S. Laplace, "Théorie analytique des probabilités", second supplement, 1818.
LOSSOPS_API at::Tensor l1(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Smooth L1: the absolute error with a parabola in place of its kink; Huber over `beta`.
///
/// Formula, with d = input - target:
///
///     l = d^2 / (2 beta)   where |d| < beta
///     l = |d| - beta / 2   elsewhere
///
/// @param input Predictions of any shape; a floating dtype.
/// @param target Targets of the same shape; a floating, integer or bool dtype.
/// @param beta Where the parabola ends, >= 0; 0 gives the absolute error.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: R. Girshick, "Fast R-CNN", ICCV 2015, arXiv:1504.08083.
LOSSOPS_API at::Tensor smooth_l1(
    const at::Tensor& input, const at::Tensor& target, double beta = 1.0,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Huber's loss: squared error up to `delta`, absolute error beyond.
///
/// Formula, with d = input - target:
///
///     l = d^2 / 2                   where |d| <= delta
///     l = delta (|d| - delta / 2)   elsewhere
///
/// @param input Predictions of any shape; a floating dtype.
/// @param target Targets of the same shape; a floating, integer or bool dtype.
/// @param delta Where the squared error ends, > 0; inf gives d^2 / 2 everywhere.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: P. J. Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics 35
///     (1), 1964.
LOSSOPS_API at::Tensor huber(
    const at::Tensor& input, const at::Tensor& target, double delta = 1.0,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Logarithm of the hyperbolic cosine: a squared error that turns into an absolute one.
///
/// Formula, with d = input - target:
///
///     l = ln cosh d = |d| + softplus(-2 |d|) - ln 2
///
/// @param input Predictions of any shape; a floating dtype.
/// @param target Targets of the same shape; a floating, integer or bool dtype.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: R. A. Saleh, A. K. M. E. Saleh, "Statistical properties of the log-cosh loss function used in
///     machine learning", arXiv:2208.04564.
LOSSOPS_API at::Tensor log_cosh(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Charbonnier's loss: an absolute error that is smooth at 0.
///
/// Formula, with d = input - target:
///
///     l = sqrt(d^2 + eps^2) - eps
///
/// @param input Predictions of any shape; a floating dtype.
/// @param target Targets of the same shape; a floating, integer or bool dtype.
/// @param eps Width of the smooth part, > 0.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: P. Charbonnier, L. Blanc-Féraud, G. Aubert, M. Barlaud, "Two deterministic half-quadratic
///     regularization algorithms for computed imaging", ICIP 1994.
LOSSOPS_API at::Tensor charbonnier(
    const at::Tensor& input, const at::Tensor& target, double eps = 0.001,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Quantile (pinball) loss: its minimiser is the `q`-quantile, or several of them at once.
///
/// Formula, with e = target - input:
///
///     l = max(q e, (q - 1) e)
///
/// @param input Predictions; any shape for one quantile, (..., Q) for Q of them. A floating dtype.
/// @param target Targets of the shape of `input`, or (...) to share each over the Q predictions of its
///     quantiles; a floating, integer or bool dtype.
/// @param q The level or levels, 0 < q < 1: a number, or a tensor of shape () or (Q,).
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: R. Koenker, G. Bassett, "Regression quantiles", Econometrica 46 (1), 1978.
LOSSOPS_API at::Tensor quantile(
    const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& q = 0.5,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Expectile loss: squared error that weighs under- and over-prediction differently.
///
/// Formula, with e = target - input:
///
///     l = tau e^2         where e >= 0
///     l = (1 - tau) e^2   elsewhere
///
/// @param input Predictions of any shape; a floating dtype.
/// @param target Targets of the same shape; a floating, integer or bool dtype.
/// @param tau The level, 0 < tau < 1; 0.5 gives half the squared error.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: W. K. Newey, J. L. Powell, "Asymmetric least squares estimation and testing", Econometrica 55
///     (4), 1987.
LOSSOPS_API at::Tensor expectile(
    const at::Tensor& input, const at::Tensor& target, double tau = 0.5,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Barron's general robust loss: from squared error to losses that ignore outliers.
///
/// Formula, with z = ((input - target) / scale)^2 and b = abs(alpha - 2):
///
///     l = (b / alpha) ((z / b + 1)^(alpha / 2) - 1)
///
/// and its limits: z / 2 at alpha = 2 (squared error), ln(z / 2 + 1) at 0 (Cauchy), 1 - exp(-z / 2) at -inf
/// (Welsch), exp(z / 2) - 1 at inf. alpha = 1 is sqrt(z + 1) - 1 (Charbonnier, pseudo-Huber), alpha = -2 is
/// Geman-McClure.
///
/// @param input Predictions of any shape; a floating dtype.
/// @param target Targets of the same shape; a floating, integer or bool dtype.
/// @param alpha The shape, any number, also inf and -inf; the smaller, the less an outlier counts.
/// @param scale The size of error at which the loss leaves its parabola, > 0.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: J. T. Barron, "A general and adaptive robust loss function", CVPR 2019, arXiv:1701.03077.
LOSSOPS_API at::Tensor robust(
    const at::Tensor& input, const at::Tensor& target, double alpha = 1.0, double scale = 1.0,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Wing loss: small errors of landmarks count more than in proportion.
///
/// Formula, with d = input - target, w = width and c = curvature:
///
///     l = w ln(1 + |d| / c)                   |d| < w
///     l = |d| - w + w ln(1 + w / c)           otherwise
///
/// @param input Predictions of any shape; a floating dtype.
/// @param target Targets of the same shape; a floating, integer or bool dtype.
/// @param width From this error on it is an absolute one, > 0.
/// @param curvature How sharply small errors count, > 0.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: Z.-H. Feng, J. Kittler, M. Awais, P. Huber, X.-J. Wu, "Wing loss for robust facial landmark
///     localisation with convolutional neural networks", CVPR 2018, arXiv:1711.06753.
LOSSOPS_API at::Tensor wing(
    const at::Tensor& input, const at::Tensor& target, double width = 5.0, double curvature = 0.5,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Adaptive wing loss: of heat maps, whose bright pixels count more than in proportion.
///
/// Formula, with d = input - target and t = target:
///
///     p = (|d| / epsilon)^(alpha - t), which is q where |d| = theta
///     l = omega ln(1 + p)                                                     |d| < theta
///     l = omega (ln(1 + q) + (|d| / theta - 1) (alpha - t) q / (1 + q))       otherwise
///
/// @param input Heat maps of any shape; a floating dtype.
/// @param target Heat maps in [0, 1], of the same shape; a floating, integer or bool dtype.
/// @param omega A factor, > 0.
/// @param theta From this error on it is a straight line, > 0.
/// @param epsilon How sharply small errors of bright pixels count, > 0.
/// @param alpha The power of small errors where t = 0, > 1.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: X. Wang, L. Bo, L. Fuxin, "Adaptive wing loss for robust face alignment via heatmap
///     regression", ICCV 2019, arXiv:1904.07399.
LOSSOPS_API at::Tensor adaptive_wing(
    const at::Tensor& input, const at::Tensor& target, double omega = 14.0, double theta = 0.5,
    double epsilon = 1.0, double alpha = 2.1, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

}  // namespace lossops
