// Signals: how loud what is wanted of one is beside the rest, in decibels, negated.
#pragma once

#include "../math/sums.h"

namespace lossops::losses {

/// -10 log10((signal + eps) / (noise + eps)). Where eps is 0 and one of them too it is infinite, and 0
/// without a target or with both; there is no derivative there.
template <class S, class C>
LOSSOPS_INLINE S negated_decibels(const S& signal, const S& noise, const C& target, double eps) {
  const S loss = (10 / 2.302585092994045684) * (log_or_none(noise + eps) - log_or_none(signal + eps));
  if (eps > 0) return loss;
  const S limit =
      select(value_of(noise) == 0, S(-kInfinity), select(value_of(signal) == 0, S(kInfinity), loss));
  return select((target == 0) | ((value_of(noise) == 0) & (value_of(signal) == 0)), S(0), limit);
}

/// Le Roux et al. (ICASSP 2019): the target is scaled by a = <x, t> / |t|^2 to what is nearest to the input.
/// The residual is summed by itself, and does not move with a, nor do sums of centered signals with the
/// means.
struct SISDR {
  bool zero_mean = false;
  double eps = 0;
  static constexpr std::array parameters{param("zero_mean", &SISDR::zero_mean),
                                         param("eps", &SISDR::eps).at_least(0)};
  static constexpr int kVectors = 2;
  static constexpr bool kLabelled = false, kLargest = false;
  static constexpr Numbers<double, 3> kNeutral{0, 0, 0};
  LOSSOPS_INLINE bool measures() const { return true; }
  template <class X, class Y>
  LOSSOPS_INLINE auto measure(const X& x, const Y& t) const {
    return std::make_tuple(x, t, x * t, t * t);
  }
  /// The means, and a.
  template <class C>
  LOSSOPS_INLINE Numbers<C, 3> center(const Numbers<C, 4>& m, const C& n) const {
    if (!zero_mean) return {m[0] * 0.0, m[1] * 0.0, share(m[2], m[3])};
    const C x = m[0] / n, t = m[1] / n;
    return {x, t, share(C(m[2] - n * x * t), C(m[3] - n * t * t))};
  }
  template <class C, class X, class Y>
  LOSSOPS_INLINE auto terms(const Numbers<C, 3>& c, const X& x, const Y& t) const {
    const X u = x - c[0];
    const Y v = t - c[1];
    return std::make_tuple(u * v, v * v, square(u - v * c[2]));
  }
  template <class S, class C>
  LOSSOPS_INLINE S finish(const Numbers<S, 3>& s, const Numbers<C, 3>&, const C&) const {
    return negated_decibels(share(S(s[0] * s[0]), s[1]), s[2], value_of(s[1]), eps);
  }
};

/// The same with the target as it stands.
struct SNR {
  bool zero_mean = false;
  double eps = 0;
  static constexpr std::array parameters{param("zero_mean", &SNR::zero_mean),
                                         param("eps", &SNR::eps).at_least(0)};
  static constexpr int kVectors = 2;
  static constexpr bool kLabelled = false, kLargest = false;
  static constexpr Numbers<double, 2> kNeutral{0, 0};
  LOSSOPS_INLINE bool measures() const { return zero_mean; }
  template <class X, class Y>
  LOSSOPS_INLINE auto measure(const X& x, const Y& t) const {
    return std::make_tuple(x - t, t);
  }
  template <class C>
  LOSSOPS_INLINE Numbers<C, 2> center(const Numbers<C, 2>& m, const C& n) const {
    return {m[0] / n, m[1] / n};
  }
  template <class C, class X, class Y>
  LOSSOPS_INLINE auto terms(const Numbers<C, 2>& c, const X& x, const Y& t) const {
    return std::make_tuple(square(t - c[1]), square(x - t - c[0]));
  }
  template <class S, class C>
  LOSSOPS_INLINE S finish(const Numbers<S, 2>& s, const Numbers<C, 2>&, const C&) const {
    return negated_decibels(s[0], s[1], value_of(s[0]), eps);
  }
};

}  // namespace lossops::losses
