// Negative log-likelihoods of counts: numbers of events, and amounts that are often 0.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/export.h"
#include "lossops/types.h"

namespace lossops {

/// Negative log-likelihood of counts that vary more than Poisson's: negative binomial.
///
/// Formula, with mu = exp(input) or the input itself, a = dispersion, r = 1 / a and t = target:
///
///     l = ln Gamma(r) - ln Gamma(r + t) + r ln(1 + a mu) - t ln(a mu / (1 + a mu))
///
/// The variance is mu + a mu^2; a = 0 is Poisson's. full = true adds ln t!.
///
/// @param input Logarithms of means, or means >= 0, of any shape; a floating dtype.
/// @param target Counts of the same shape, a floating or integer dtype.
/// @param dispersion a >= 0: a number, or a tensor that broadcasts to `input`.
/// @param log_input Whether `input` holds logarithms.
/// @param full Whether to add the term that depends on the target alone.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: J. M. Hilbe, "Negative binomial regression", 2nd edition, Cambridge University Press, 2011.
LOSSOPS_API at::Tensor negative_binomial_nll(
    const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& dispersion,
    bool log_input = true, bool full = false, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Negative log-likelihood of counts that are 0 more often than Poisson's.
///
/// Formula, with mu = exp(input), pi = sigmoid(gate) and t = target:
///
///     l = -ln(pi + (1 - pi) e^-mu)              t = 0
///     l = -ln(1 - pi) + mu - t ln(mu)           t > 0
///
/// full = true adds ln t!.
///
/// @param input Logarithms of rates, of any shape; a floating dtype.
/// @param target Counts of the same shape, a floating or integer dtype.
/// @param gate The logit of pi, the probability that nothing can happen: a number, or a tensor that
///     broadcasts to `input`.
/// @param full Whether to add the term that depends on the target alone.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: D. Lambert, "Zero-inflated Poisson regression, with an application to defects in
///     manufacturing", Technometrics 34 (1), 1992.
LOSSOPS_API at::Tensor zero_inflated_poisson_nll(
    const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& gate, bool full = false,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Negative log-likelihood of amounts, often 0, such as claims or rain: Tweedie.
///
/// Formula, with mu = exp(input) or the input itself and t = target:
///
///     l = mu^(2 - p) / (2 - p) - t mu^(1 - p) / (1 - p)
///     l = mu - t ln mu        p = 1, Poisson
///     l = ln mu + t / mu      p = 2, gamma
///
/// The variance is proportional to mu^p. Terms without mu are left out.
///
/// @param input Logarithms of means, or means > 0, of any shape; a floating dtype.
/// @param target Amounts >= 0 of the same shape; a floating or integer dtype.
/// @param p The power of the variance, in [1, 2]: sums of a number of amounts between the two.
/// @param log_input Whether `input` holds logarithms.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `input`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: B. Jørgensen, "Exponential dispersion models", Journal of the Royal Statistical Society B 49
///     (2), 1987.
LOSSOPS_API at::Tensor tweedie(
    const at::Tensor& input, const at::Tensor& target, double p = 1.5, bool log_input = true,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

}  // namespace lossops
