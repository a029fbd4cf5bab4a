// Negative log-likelihoods and scores of predicted densities: durations, heavy tails, angles, uncertainty.
#pragma once

#include "../math/parameters.h"
#include "../math/special.h"

namespace lossops::losses {

/// Gamma with a mean e^x, or x, and a shape k: k (x + t e^-x), and with what depends on k and t where it is
/// full. That is k (z - 1 - ln z) + ln t - ln(k / 2 pi) / 2 and what remains of Stirling's series for large
/// k, with z the target over the mean: nothing in it grows as k does.
struct GammaNLL {
  bool log_input = true, full = false;
  static constexpr std::array parameters{param("log_input", &GammaNLL::log_input),
                                         param("full", &GammaNLL::full)};
  static constexpr const char* domain = "shape must be > 0";
  static constexpr bool costly = true;
  template <class X, class T, class K>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t, const K& k) const {
    const X log_mean = log_input ? x : log(x);
    const auto cost = log_input ? x + scaled(t, exp(-x)) : log_mean + quotient_of(t, x);
    if (!full) return k * cost;
    using R = std::remove_const_t<decltype(k * cost)>;
    const auto large = value_of(k) > kLarge;
    const K low = select(large, K(1), k);
    const R exact = low * cost + (lgamma(low) - low * log(low)) - xlogy(low - 1.0, t);
    return select(large, R(by_stirling(large, t, log_mean, k)), exact);
  }
  template <class C>
  LOSSOPS_INLINE auto invalid(const C&, const C&, const C& shape) const {
    return shape <= 0;
  }

 private:
  static constexpr double kLarge = 8;

  /// t / x, and 0 where both are.
  template <class T, class X>
  LOSSOPS_INLINE static auto quotient_of(const T& t, const X& x) {
    return t / select((value_of(t) == 0) & (value_of(x) == 0), X(1), x);
  }

  /// The whole for large k; elsewhere any finite number.
  template <class M, class T, class X, class K>
  LOSSOPS_INLINE static auto by_stirling(const M& large, const T& target, const X& log_mean, const K& shape) {
    const T t = select(large, target, T(1));
    const K k = select(large, shape, K(kLarge));
    const auto log_t = log(t);
    const auto v = value_of(k);
    using C = std::remove_const_t<decltype(v)>;
    const C b = 1.0 / v;
    const auto rest =
        with_slope(C(b * stirling_remainder(b * b)), k, [&] { return -(b * b) * stirling_slope(b * b); });
    const auto cost = expm1mx(log_t - select(large, log_mean, X(0)));
    return k * cost + select(value_of(t) == 0, T(0), log_t) + (rest - 0.5 * log(k)) + kHalfLn2Pi;
  }
};

/// Those with a location and a scale.
struct OfScale {
  static constexpr const char* domain = "scale must be > 0";
  template <class C, class... Rest>
  LOSSOPS_INLINE auto invalid(const C&, const C&, const C& scale, const Rest&...) const {
    return scale <= 0;
  }
};

/// With z = (ln t - x) / s it is z^2 / 2 + ln t + ln s; t = 0 costs inf.
struct LogNormalNLL : OfScale {
  template <class X, class T, class S>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t, const S& s) const {
    const auto log_t = log(t);
    const auto z = (log_t - x) / s;
    return 0.5 * (z * z) + select(value_of(t) == 0, T(0), log_t) + log(s) + kHalfLn2Pi;
  }
};

struct LaplaceNLL : OfScale {
  template <class X, class T, class S>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t, const S& s) const {
    return abs(x - t) / s + log(2.0 * s);
  }
};

/// Of a difference d: ln s + (1 + k) / 2 ln(1 + k z^2) / k with z = d / s and k = 1 / df, and what normalizes
/// it, which is Gauss's but for lgamma_step(2 k, 1/2). All of it is Gauss's at df = inf.
template <class D, class S, class F>
LOSSOPS_INLINE auto student_t_nll(const D& d, const S& s, const F& df) {
  const auto v = value_of(d) / value_of(s);
  using C = std::remove_const_t<decltype(v)>;
  const C f = value_of(df), k = 1.0 / f;
  const C r = scaled(sqrt(k), v), w = r * r;
  const auto small = w < 1.0;
  const C l = log1p_square(r);
  const C rate = select(w == 0.0, C(1), l / select(w == 0.0, C(1), w));
  const C tail = 0.5 * select(small, (k + 1.0) * (v * v) * rate, (f + 1.0) * l);
  const C near = select(small, w, C(0)), far = select(small, C(1), w);
  const C share = select(small, near / (near + 1.0), 1.0 / (1.0 / far + 1.0));  // w / (1 + w)
  const auto by_d = [&] {
    const C slope = select(small, v / (near + 1.0), select(small, C(1), f) / select(small, C(1), v) * share);
    return C((k + 1.0) * slope / value_of(s));
  };
  // Not by way of dz / ds, which overflows where this does not.
  const auto by_scale = [&] {
    return C(-((k + 1.0) * select(small, v * (v / (near + 1.0)), select(small, C(1), f) * share)) /
             value_of(s));
  };
  const auto by_df = [&] {
    const C gap = select(small, near * (near * log1pmx_ratio(near) + share), l - share);
    return C(0.5 * (gap - k * share));
  };
  const auto moved = with_slope(with_slope(with_slope(tail, d, by_d), s, by_scale), df, by_df);
  return moved + log(s) - lgamma_step(2.0 / df, C(0.5)) + kHalfLn2Pi;
}

struct StudentTNLL : OfScale {
  static constexpr const char* domain = "scale and df must be > 0";
  static constexpr bool costly = true;
  template <class X, class T, class S, class F>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t, const S& s, const F& df) const {
    return student_t_nll(x - t, s, df);
  }
  template <class C>
  LOSSOPS_INLINE auto invalid(const C&, const C&, const C& scale, const C& df) const {
    return (scale <= 0) | (df <= 0);
  }
};

/// ln(2 pi I0(k)) - k cos(x - t), as ln(2 pi e^-k I0(k)) + 2 k sin((x - t) / 2)^2: a large k cancels nothing.
struct VonMisesNLL {
  static constexpr const char* domain = "kappa must be >= 0";
  static constexpr bool costly = true;
  template <class X, class T, class K>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t, const K& k) const {
    return k * (2.0 * square(sin(0.5 * (x - t)))) + log_i0e(k) + 2 * kHalfLn2Pi;
  }
  template <class C>
  LOSSOPS_INLINE auto invalid(const C&, const C&, const C& kappa) const {
    return kappa < 0;
  }
};

/// Gneiting et al. (2005): of a Gaussian, d erf(z / sqrt 2) + s (2 phi(z) - 1 / sqrt pi) with z = d / s; |d|
/// at s = 0.
struct CRPSGaussian {
  static constexpr const char* domain = "scale must be >= 0";
  template <class X, class T, class S>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t, const S& scale) const {
    constexpr double kRootHalf = 0.70710678118654752440, kRootPi = 1.77245385090551602730;
    const auto difference = x - t;
    const auto d = value_of(difference);
    using C = std::remove_const_t<decltype(d)>;
    const C s = value_of(scale);
    const auto same = d == 0.0;
    const C z = select(same, d, d / select(same, C(1), s));
    const C by_d = erf(z * kRootHalf);
    const C by_scale = (exp(-0.5 * (z * z)) * (2 * kRootHalf) - 1.0) / kRootPi;
    return with_slope(with_slope(C(d * by_d + s * by_scale), difference, [&] { return by_d; }), scale,
                      [&] { return by_scale; });
  }
  template <class C>
  LOSSOPS_INLINE auto invalid(const C&, const C&, const C& scale) const {
    return scale < 0;
  }
};

/// Amini et al. (2020): a Gaussian under a normal-inverse-gamma prior is a Student-t with df = 2 alpha and
/// scale^2 = beta (1 + nu) / (alpha nu); errors cost more the more evidence was claimed.
struct EvidentialRegression {
  double coeff = 0.01;
  static constexpr std::array parameters{param("coeff", &EvidentialRegression::coeff).at_least(0)};
  static constexpr const char* domain = "nu, alpha and beta must be > 0";
  static constexpr bool costly = true;
  template <class X, class T, class N, class A, class B>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t, const N& nu, const A& alpha, const B& beta) const {
    const auto d = x - t;
    const auto scale = sqrt(beta / alpha * (1.0 / nu + 1.0));
    return student_t_nll(d, scale, 2.0 * alpha) + coeff * abs(d) * (2.0 * nu + alpha);
  }
  template <class C>
  LOSSOPS_INLINE auto invalid(const C&, const C&, const C& nu, const C& alpha, const C& beta) const {
    return (nu <= 0) | (alpha <= 0) | (beta <= 0);
  }
};

}  // namespace lossops::losses
