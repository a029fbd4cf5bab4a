// Losses of signals: what is wanted of one beside all else, in decibels.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/export.h"
#include "lossops/types.h"

namespace lossops {

/// Negative scale-invariant signal-to-distortion ratio: the shape of a signal, however loud.
///
/// Formula of a signal, with x = input and t = target:
///
///     a = <x, t> / |t|^2
///     l = -10 log10((|a t|^2 + eps) / (|a t - x|^2 + eps))
///
/// @param input Signals along the last dimension; a floating dtype.
/// @param target Likewise; sizes are equal or 1.
/// @param zero_mean Whether each signal's mean is taken from it first.
/// @param eps What is added to both energies, >= 0; bounds l.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per signal; broadcasts to the shape of the loss for `Reduction::None`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or one loss per signal for `Reduction::None`, the shape of `input` without its last
///     dimension; the promoted dtype of the vectors.
///
/// Reference: J. Le Roux, S. Wisdom, H. Erdogan, J. R. Hershey, "SDR - half-baked or well done?", ICASSP
///     2019, arXiv:1811.02508.
LOSSOPS_API at::Tensor si_sdr(
    const at::Tensor& input, const at::Tensor& target, bool zero_mean = false, double eps = 0.0,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Negative signal-to-noise ratio: the signal as it stands, loudness included.
///
/// Formula of a signal, with x = input and t = target:
///
///     l = -10 log10((|t|^2 + eps) / (|t - x|^2 + eps))
///
/// @param input Signals along the last dimension; a floating dtype.
/// @param target Likewise; sizes are equal or 1.
/// @param zero_mean Whether each signal's mean is taken from it first.
/// @param eps What is added to both energies, >= 0; bounds l.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per signal; broadcasts to the shape of the loss for `Reduction::None`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or one loss per signal for `Reduction::None`, the shape of `input` without its last
///     dimension; the promoted dtype of the vectors.
///
/// Reference: Y. Luo, N. Mesgarani, "TasNet: time-domain audio separation network for real-time, single-
///     channel speech separation", ICASSP 2018, arXiv:1711.00541.
LOSSOPS_API at::Tensor snr(
    const at::Tensor& input, const at::Tensor& target, bool zero_mean = false, double eps = 0.0,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

}  // namespace lossops
