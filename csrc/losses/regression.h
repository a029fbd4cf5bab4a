// Regression: distances between a prediction x and a target t.
#pragma once

#include "../math/parameters.h"
#include "../math/special.h"

namespace lossops::losses {

struct MSE {
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    return square(x - t);
  }
};

struct L1 {
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    return abs(x - t);
  }
};

/// d clamped to [-c, c], the bounds counting as outside.
template <class D>
LOSSOPS_INLINE D clamped(const D& d, double c) {
  const D u = select(d >= c, D(c), d);
  return select(u <= -c, D(-c), u);
}

/// Huber (1964): d^2 / 2 up to delta and delta (|d| - delta / 2) beyond are both m (d - m / 2) with m = d
/// clamped to delta, which is also the derivative.
struct Huber {
  double delta = 1;
  static constexpr std::array parameters{param("delta", &Huber::delta).positive()};
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    const auto difference = x - t;
    const auto d = value_of(difference);
    const auto m = clamped(d, delta);
    return custom_derivative(m * (d - 0.5 * m), m, difference);
  }
};

/// Girshick (2015): Huber over beta; L1 at beta = 0 and where float cannot tell beta from it.
struct SmoothL1 {
  double beta = 1;
  static constexpr std::array parameters{param("beta", &SmoothL1::beta).at_least(0)};
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    const auto difference = x - t;
    using D = std::remove_const_t<decltype(difference)>;
    if (beta < 1e-30) return D(abs(difference));
    const auto d = value_of(difference);
    const auto m = clamped(d, beta);
    const auto slope = m / beta;
    return D(custom_derivative(slope * (d - 0.5 * m), slope, difference));
  }
};

/// ln cosh d, from one expm1 and one log1p: -ln(1 - h^2) / 2 with h = tanh d near 0, and
/// |d| - ln 2 + ln(1 + e^(-2|d|)) beyond 1. The derivative is tanh d.
struct LogCosh {
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    return log_cosh(x - t);
  }
};

/// sqrt(d^2 + eps^2) - eps, free of cancellation near 0 and of overflow.
template <class D>
LOSSOPS_INLINE D charbonnier(const D& d, double eps) {
  const D root = hypot(d, eps);
  const auto v = value_of(d), h = value_of(root);
  using C = std::remove_const_t<decltype(v)>;
  const auto far = abs(v) > eps;
  const C s = select(far, C(eps), v);
  return derived<D>(select(far, h - eps, s * (s / (h + eps))), derivative_of(root));
}

/// Charbonnier et al. (1994).
struct Charbonnier {
  double eps = 1e-3;
  static constexpr std::array parameters{param("eps", &Charbonnier::eps).positive()};
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    return charbonnier(x - t, eps);
  }
};

/// Pinball loss (Koenker & Bassett, 1978) of the error e = t - x at level q.
struct Quantile {
  static constexpr const char* domain = "q must be in (0, 1)";
  template <class X, class T, class Q>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t, const Q& q) const {
    const auto e = t - x;
    return select(value_of(e) < 0, q - 1.0, q) * e;
  }
  template <class C>
  LOSSOPS_INLINE auto invalid(const C&, const C&, const C& q) const {
    return (q <= 0) | (q >= 1);
  }
};

/// Asymmetric least squares (Newey & Powell, 1987) of the error e = t - x at level tau.
struct Expectile {
  double tau = 0.5;
  static constexpr std::array parameters{param("tau", &Expectile::tau).above(0).below(1)};
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    const auto e = t - x;
    return select(value_of(e) < 0, (1.0 - tau) * e, tau * e) * e;
  }
};

/// Barron's general robust loss (CVPR 2019), with its limits at alpha = 2, 0, -inf and inf. With the
/// difference r over the scale and b = |alpha - 2| it is (b/alpha) expm1(alpha/2 l) with l = ln(1 + r^2/b),
/// and near alpha = 2, where b vanishes, the same with the factor 1 + r^2/b taken out of the power; the
/// derivative is r e^((alpha/2 - 1) l). No square overflows: ln(1 + r^2) is 2 ln(1 + r) for huge r.
struct Robust {
  double alpha = 1, scale = 1;
  static constexpr std::array parameters{param("alpha", &Robust::alpha).at_least(-kInfinity),
                                         param("scale", &Robust::scale).positive()};
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    const auto r = (x - t) / scale;
    using R = std::remove_const_t<decltype(r)>;
    const auto v = value_of(r);
    using C = std::remove_const_t<decltype(v)>;
    const double b = alpha < 2 ? 2 - alpha : alpha - 2;
    if (b == 0) return R(0.5 * square(r));
    if (alpha == 1) return R(charbonnier(r, 1));
    if (std::fabs(alpha) < kTiny) return cauchy(r);
    if (alpha < -kLimit) {
      const C s = clamped(v, kHuge);
      const C e = -0.5 * square(s);
      return R(with_slope(C(-expm1(e)), r, [&] { return s * exp(e); }));
    }
    if (alpha > kLimit) return R(expm1(0.5 * square(r)));
    const auto infinite = abs(v) == kInfinity;
    const C s = select(infinite, C(1), v);
    const C l = log1p_square(s * (1 / std::sqrt(b)));
    const C far = (b / alpha) * expm1((0.5 * alpha) * C(select(infinite, C(kInfinity), l)));
    const C power = 0.5 * (alpha - 2) * l;
    const auto slope = [&] {  // of what is huge |s| (1 + s^2/b)^-1/2, which is sqrt(b), is taken out
      const auto huge = abs(s) > kHuge;
      const C edge(select(s < C(0), C(-std::sqrt(b)), C(std::sqrt(b))));
      const C e = exp(select(huge, 0.5 * (alpha - 1) * l, power));
      return C(select(infinite, limit_of_slope(v), select(huge, edge, s) * e));
    };
    if (b > 0.25) return R(with_slope(far, r, slope));
    const auto huge = abs(v) > kHuge;
    const C u = square(C(select(huge, C(1), v)));
    return R(with_slope(C(select(huge, far, (1 / alpha) * (u + (u + b) * expm1(power)))), r, slope));
  }

 private:
  static constexpr double kHuge = 1e15;
  static constexpr double kTiny = 1e-17;  ///< an alpha indistinguishable from 0 even in double
  static constexpr double kLimit = 1e20;  ///< one indistinguishable from infinity
  /// ln(1 + r^2 / 2). From 1 on, the derivative is one of 1 / r, whose square does not overflow.
  template <class R>
  LOSSOPS_INLINE static R cauchy(const R& r) {
    const auto v = value_of(r);
    using C = std::remove_const_t<decltype(v)>;
    return with_slope(log1p_square(C(v * 0.70710678118654752440)), r, [&] {
      const auto far = abs(v) > 1;
      const C z = select(far, C(1) / C(select(far, v, C(1))), v);
      const C z2 = square(z);
      return C(z / C(select(far, z2 + 0.5, 0.5 * z2 + 1.0)));
    });
  }
  /// At an infinite difference: |r|^(alpha - 1) with the sign of r.
  template <class C>
  LOSSOPS_INLINE C limit_of_slope(const C& r) const {
    if (alpha > 2) return r * abs(r);  // with an infinite derivative
    if (alpha < 1) return constant(r, 0);
    return select(r < C(0), C(-kInfinity), C(kInfinity));
  }
};

/// Feng et al. (CVPR 2018): a logarithm of the error up to `width`, from there on the error itself.
struct Wing {
  double width = 5, curvature = 0.5;
  static constexpr std::array parameters{param("width", &Wing::width).positive(),
                                         param("curvature", &Wing::curvature).positive()};
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    const auto d = abs(x - t);
    const double edge = width * (1 - std::log1p(width / curvature));
    return select(value_of(d) < width, width * log1p(d / curvature), d - edge);
  }
};

/// Wang et al. (ICCV 2019): omega ln(1 + (|d| / epsilon)^e) with e = alpha - t up to theta, and beyond the
/// line that goes on from there. With u the smaller of |d| and theta, over epsilon, p = u^e = u v and s = p /
/// (1 + p), that is omega (ln(1 + p) + (|d| / theta - 1) e s), of slope omega e v / (1 + p) / epsilon.
struct AdaptiveWing {
  double omega = 14, theta = 0.5, epsilon = 1, alpha = 2.1;
  static constexpr std::array parameters{
      param("omega", &AdaptiveWing::omega).positive(), param("theta", &AdaptiveWing::theta).positive(),
      param("epsilon", &AdaptiveWing::epsilon).positive(), param("alpha", &AdaptiveWing::alpha).above(1)};
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    const auto difference = abs(x - t);
    const auto exponent = alpha - t;
    const auto d = value_of(difference);
    using C = std::remove_const_t<decltype(d)>;
    const C e = value_of(exponent);
    const auto zero = d == C(0);
    const auto far = d > theta;
    const C u = select(far, C(theta), select(zero, C(theta), d)) / epsilon;
    const C l = log(u), v = exp((e - 1.0) * l);
    const C p = select(zero, C(0), u * v), q = 1.0 / (p + 1.0), s = p * q;
    const C line = omega * select(far, d / theta - 1.0, C(0));
    const auto by_difference = [&] { return (omega / epsilon) * e * v * q; };
    const auto by_exponent = [&] { return omega * s * l + line * s * (1.0 + e * l * q); };
    return with_slope(with_slope(C(omega * log1p(p) + line * e * s), difference, by_difference), exponent,
                      by_exponent);
  }
};

}  // namespace lossops::losses
