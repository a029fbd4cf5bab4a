// Regression: distances between a prediction x and a target t.
#pragma once

#include "../math/parameters.h"
#include "../math/vocabulary.h"

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
    constexpr double kLn2 = 0.693147180559945309417;
    const auto difference = x - t;
    const auto d = value_of(difference);
    using D = std::remove_const_t<decltype(d)>;
    const D a = abs(d);
    const auto near = a < D(1);
    const D e = expm1(-2.0 * select(near, d, a));
    const D h = -e / (e + 2.0);  // with the sign of d near 0: the square is smooth there
    const D l = log1p(select(near, -(h * h), e + 1.0));
    const D value = select(near, -0.5 * l, (a - kLn2) + l);
    return custom_derivative(value, select((d < D(0)) & (a >= D(1)), -h, h), difference);
  }
};

/// sqrt(d^2 + eps^2) - eps (Charbonnier et al., 1994), free of cancellation near 0 and of overflow.
struct Charbonnier {
  double eps = 1e-3;
  static constexpr std::array parameters{param("eps", &Charbonnier::eps).positive()};
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    const auto d = x - t;
    using D = std::remove_const_t<decltype(d)>;
    const auto h = hypot(d, eps);
    const auto far = abs(value_of(d)) > eps;
    const D s = select(far, D(eps), d);
    return select(far, h - eps, s * (s / (h + eps)));
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

/// Barron's general robust loss (CVPR 2019), with its limits at alpha = 2, 0, -inf and inf. With u = (d/c)^2
/// and b = |alpha - 2|: (b/alpha) expm1(alpha/2 ln(1 + u/b)), and near alpha = 2, where b vanishes, the same
/// with the factor 1 + u/b taken out of the power. No square overflows: ln(1 + r^2) is 2 ln(1 + r) for huge
/// r.
struct Robust {
  double alpha = 1, scale = 1;
  static constexpr std::array parameters{param("alpha", &Robust::alpha).at_least(-kInfinity),
                                         param("scale", &Robust::scale).positive()};
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    const auto r = (x - t) / scale;
    using R = std::remove_const_t<decltype(r)>;
    const double b = alpha < 2 ? 2 - alpha : alpha - 2;
    if (b == 0) return R(0.5 * square(r));
    if (std::fabs(alpha) < kTiny) return log1p_square(R(r * 0.70710678118654752440));
    if (alpha < -kLimit) return R(-expm1(-0.5 * square(r)));
    if (alpha > kLimit) return R(expm1(0.5 * square(r)));
    const R l = log1p_square(R(r * (1 / std::sqrt(b))));
    const R far = (b / alpha) * expm1((0.5 * alpha) * l);
    if (b > 0.25) return far;
    const auto huge = abs(value_of(r)) > kHuge;
    const R u = square(select(huge, R(1), r));
    const R m = expm1((0.5 * (alpha - 2)) * l);
    return select(huge, far, (1 / alpha) * (u + (u + b) * m));
  }

 private:
  static constexpr double kHuge = 1e15;
  static constexpr double kTiny = 1e-17;  ///< an alpha indistinguishable from 0 even in double
  static constexpr double kLimit = 1e20;  ///< one indistinguishable from infinity
  template <class R>
  LOSSOPS_INLINE static R log1p_square(const R& r) {
    const R a = abs(r);
    const auto huge = value_of(a) > kHuge;
    const R l = log1p(select(huge, a, r * r));
    return select(huge, 2.0 * l, l);
  }
};

}  // namespace lossops::losses
