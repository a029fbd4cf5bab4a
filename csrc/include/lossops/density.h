// Negative log-likelihoods and scores of densities: durations, heavy tails, angles, uncertainty.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/export.h"
#include "lossops/types.h"

namespace lossops {

/// Negative log-likelihood of durations or sizes under a gamma distribution.
///
/// Formula, with mu = exp(input) or the input itself, k = shape and t = target:
///
///     l = k (ln mu + t / mu)
///
/// full = true adds ln Gamma(k) - k ln k - (k - 1) ln t, without which k must not be learned. mu is the mean,
/// the variance mu^2 / k; k = 1 is the exponential distribution.
///
/// @param input Logarithms of means, or means > 0, of any shape; a floating dtype.
/// @param target Durations >= 0 of the same shape; a floating or integer dtype.
/// @param shape k > 0: a number, or a tensor that broadcasts to `input`.
/// @param log_input Whether `input` holds logarithms.
/// @param full Whether to add the terms without the mean.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: P. McCullagh, J. A. Nelder, "Generalized linear models", 2nd edition, chapter 8, 1989.
LOSSOPS_API at::Tensor gamma_nll(
    const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& shape = 1.0,
    bool log_input = true, bool full = false, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Negative log-likelihood of positive numbers whose logarithm is Gaussian.
///
/// Formula, with s = scale, t = target and z = (ln t - input) / s:
///
///     l = z^2 / 2 + ln t + ln s + ln(2 pi) / 2
///
/// @param input Means of the logarithm, of any shape; a floating dtype.
/// @param target Numbers > 0 of the same shape; a floating or integer dtype.
/// @param scale Standard deviations of the logarithm, > 0: a number, or a tensor that broadcasts to `input`.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: N. L. Johnson, S. Kotz, N. Balakrishnan, "Continuous univariate distributions", volume 1, 2nd
///     edition, chapter 14, 1994.
LOSSOPS_API at::Tensor log_normal_nll(
    const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& scale,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Negative log-likelihood under a Laplace distribution: absolute errors with a learned size.
///
/// Formula, with d = input - target and s = scale:
///
///     l = |d| / s + ln(2 s)
///
/// @param input Medians of any shape; a floating dtype.
/// @param target Targets of the same shape; a floating or integer dtype.
/// @param scale Mean absolute errors, > 0: a number, or a tensor that broadcasts to `input`.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: P.-S. Laplace, "Mémoire sur la probabilité des causes par les événements", 1774.
LOSSOPS_API at::Tensor laplace_nll(
    const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& scale,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Negative log-likelihood under Student's t-distribution, whose tails forgive outliers.
///
/// Formula, with s = scale, f = df and z = (input - target) / s:
///
///     l = (f + 1) / 2 ln(1 + z^2 / f) + ln s
///         + ln Gamma(f / 2) - ln Gamma((f + 1) / 2) + ln(pi f) / 2
///
/// @param input Locations of any shape; a floating dtype.
/// @param target Targets of the same shape; a floating or integer dtype.
/// @param scale > 0: a number, or a tensor that broadcasts to `input`.
/// @param df Degrees of freedom, > 0, and inf for a Gaussian: a number, or a tensor that broadcasts to
///     `input`.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: K. L. Lange, R. J. A. Little, J. M. G. Taylor, "Robust statistical modeling using the t
///     distribution", Journal of the American Statistical Association 84 (408), 1989.
LOSSOPS_API at::Tensor student_t_nll(
    const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& scale,
    const TensorOrNumber& df, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Negative log-likelihood of angles under a von Mises distribution.
///
/// Formula, with d = input - target and k = kappa, I0 being a modified Bessel function:
///
///     l = ln(2 pi I0(k)) - k cos d
///
/// @param input Mean angles, in radians, of any shape; a floating dtype.
/// @param target Angles of the same shape; a floating or integer dtype.
/// @param kappa The concentration, >= 0, about 1 / variance where it is large: a number, or a tensor that
///     broadcasts to `input`.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: K. V. Mardia, P. E. Jupp, "Directional statistics", Wiley, 2000.
LOSSOPS_API at::Tensor von_mises_nll(
    const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& kappa,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Continuous ranked probability score of a Gaussian: an absolute error for densities.
///
/// Formula, with d = input - target, s = scale and z = d / s, phi being the standard density:
///
///     l = d erf(z / sqrt 2) + s (2 phi(z) - 1 / sqrt pi)
///
/// @param input Means of any shape; a floating dtype.
/// @param target Targets of the same shape; a floating or integer dtype.
/// @param scale Standard deviations, >= 0: a number, or a tensor that broadcasts to `input`.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: T. Gneiting, A. E. Raftery, A. H. Westveld, T. Goldman, "Calibrated probabilistic forecasting
///     using ensemble model output statistics and minimum CRPS estimation", Monthly Weather Review 133 (5),
///     2005.
LOSSOPS_API at::Tensor crps_gaussian(
    const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& scale,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Deep evidential regression: a value, its noise, and how little is known of both.
///
/// Formula, with d = input - target and O = 2 beta (1 + nu):
///
///     l = ln(pi / nu) / 2 - alpha ln O + (alpha + 1/2) ln(nu d^2 + O)
///         + ln Gamma(alpha) - ln Gamma(alpha + 1/2) + coeff |d| (2 nu + alpha)
///
/// @param input Predictions of any shape; a floating dtype.
/// @param target Targets of the same shape; a floating or integer dtype.
/// @param nu Evidence for the mean, > 0, shaped like `input`.
/// @param alpha Evidence for the variance, > 0, shaped like `input`; the paper has it > 1.
/// @param beta The scale of the variance, > 0, shaped like `input`.
/// @param coeff What errors cost by the evidence that was claimed, >= 0; lambda in the paper.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: A. Amini, W. Schwarting, A. Soleimany, D. Rus, "Deep evidential regression", NeurIPS 2020,
///     arXiv:1910.02600.
LOSSOPS_API at::Tensor evidential_regression(
    const at::Tensor& input, const at::Tensor& target, const at::Tensor& nu, const at::Tensor& alpha,
    const at::Tensor& beta, double coeff = 0.01, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

}  // namespace lossops
