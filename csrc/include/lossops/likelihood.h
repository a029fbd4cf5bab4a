// Negative log-likelihoods of counts and densities, and the divergence between distributions.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/export.h"
#include "lossops/types.h"

namespace lossops {

/// Negative log-likelihood of counts under a Poisson distribution.
///
/// Formula, with x = input, the logarithm of the rate or the rate itself, and t = target:
///
///     l = exp(x) - t x          log_input = true
///     l = x - t ln(x + eps)     log_input = false
///
/// full = true adds Stirling's approximation of ln t!, where t > 1: t ln t - t + ln(2 pi t) / 2.
///
/// @param input Logarithms of rates, or rates >= 0, of any shape; a floating dtype.
/// @param target Counts, a floating or integer dtype; broadcasts with `input`.
/// @param log_input Whether `input` holds logarithms.
/// @param full Whether to add the term that depends on the target alone.
/// @param eps Keeps the logarithm of a rate of 0 finite; unused with `log_input`.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of the operands for `Reduction::None`; their promoted dtype.
///
/// Reference: P. McCullagh, J. A. Nelder, "Generalized linear models", 2nd edition, chapter 6, 1989.
LOSSOPS_API at::Tensor poisson_nll(
    const at::Tensor& input, const at::Tensor& target, bool log_input = true, bool full = false,
    double eps = 1e-08, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Negative log-likelihood of values under Gaussians whose mean and variance are predicted.
///
/// Formula, with v = max(var, eps):
///
///     l = (ln v + (input - target)^2 / v) / 2
///
/// full = true adds ln(2 pi) / 2. Gradients flow to input, target and var, save to a variance below `eps`.
///
/// @param input Means of any shape; a floating dtype.
/// @param target Values, a floating or integer dtype; broadcasts with `input`.
/// @param var Variances: a number >= 0, a tensor like `target`, or one of the shape `input.shape[:-1]`.
/// @param full Whether to add the constant term.
/// @param eps The least variance, > 0.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of the operands for `Reduction::None`; their promoted dtype.
///
/// Reference: D. A. Nix, A. S. Weigend, "Estimating the mean and variance of the target probability
///     distribution", ICNN 1994.
LOSSOPS_API at::Tensor gaussian_nll(
    const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& var, bool full = false,
    double eps = 1e-06, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Gaussian negative log-likelihood that does not give up on what is hard to fit.
///
/// Formula, with v = max(var, eps), and v^beta counting as a constant:
///
///     l = v^beta (ln v + (input - target)^2 / v) / 2
///
/// full = true adds v^beta ln(2 pi) / 2. beta = 0 is `gaussian_nll`, whose gradient by the mean all but
/// vanishes where the variance is large; beta = 1 has that of the squared error.
///
/// @param input Means of any shape; a floating dtype.
/// @param target Values of the same shape; a floating or integer dtype.
/// @param var Variances: a number >= 0, a tensor like `input`, or one of the shape `input.shape[:-1]`.
/// @param beta In [0, 1].
/// @param full Whether to add the constant term.
/// @param eps The least variance, > 0.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: M. Seitzer, A. Tavakoli, D. Antic, G. Martius, "On the pitfalls of heteroscedastic uncertainty
///     estimation with probabilistic neural networks", ICLR 2022, arXiv:2203.09168.
LOSSOPS_API at::Tensor beta_nll(
    const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& var, double beta = 0.5,
    bool full = false, double eps = 1e-06, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Kullback-Leibler divergence of predicted log-probabilities from a target distribution.
///
/// Formula, with x = input and t = target:
///
///     l = t (ln t - x)        log_target = false; 0 where t = 0
///     l = exp(t) (t - x)      log_target = true; 0 where t = -inf
///
/// The divergence itself is the sum over the classes: `Reduction::BatchMean` averages that over the batch,
/// whereas `Reduction::Mean` divides by the number of classes too. (torch warns of it; lossops stays silent.)
///
/// @param input Log-probabilities of any shape; a floating dtype.
/// @param target Probabilities, or their logarithms; broadcasts with `input`.
/// @param log_target Whether `target` holds logarithms.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. Also `Reduction::BatchMean`,
///     the sum divided by `input.size(0)`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of the operands for `Reduction::None`; their promoted dtype.
///
/// Reference: S. Kullback, R. A. Leibler, "On information and sufficiency", Annals of Mathematical Statistics
///     22 (1), 1951.
LOSSOPS_API at::Tensor kl_div(
    const at::Tensor& input, const at::Tensor& target, bool log_target = false,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Kullback-Leibler divergence of Gaussians from the standard one, as in autoencoders.
///
/// Formula, with m = input and v = log_var:
///
///     l = (m^2 + exp(v) - 1 - v) / 2
///
/// @param input Means of any shape; a floating dtype.
/// @param log_var Logarithms of variances, of the same shape.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: D. P. Kingma, M. Welling, "Auto-encoding variational Bayes", ICLR 2014, arXiv:1312.6114.
LOSSOPS_API at::Tensor gaussian_kl(
    const at::Tensor& input, const at::Tensor& log_var, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

}  // namespace lossops
