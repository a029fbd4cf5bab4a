// Special functions for every scalar type alike: those around the gamma function, the Bessel function I0, and
// differences of elementary functions that cancel near 0. Operands that they are not defined for give NaN or
// an infinity; derivatives of a Dual are exact in the same sense as values.
#pragma once

#include <cmath>

#include "vocabulary.h"

namespace lossops {

/// Powers of one x for constants p, which share its logarithm: x^p as `power` has it, and for x < 0 too if p
/// is whole. `by_logarithm` says whether any p is one that needs that.
template <class X>
class Powers {
  using C = std::remove_cvref_t<decltype(value_of(std::declval<X>()))>;

 public:
  LOSSOPS_INLINE Powers(const X& x, bool by_logarithm) : x_(x) {
    if (!by_logarithm) return;
    s_ = select(value_of(x) == C(0), C(1), value_of(x));
    log_ = log(abs(s_));
  }

  LOSSOPS_INLINE X operator()(double p) const {
    if (multiplies(p)) return small_power(x_, p);
    const auto zero = value_of(x_) == C(0);
    const double half = 0.5 * p, sign = p != std::floor(p) ? NAN : half == std::floor(half) ? 1 : -1;
    const C r = exp(p * log_) * select(value_of(x_) < C(0), C(sign), C(1));
    // As in `power`.
    const C slope = select(zero, C(0), p * (r / s_));
    return custom_derivative(select(zero, C(p < 0 ? kInfinity : 0), r), slope, x_);
  }

 private:
  X x_;
  C s_{}, log_{};
};

/// The powers of x for these p.
template <class X, class... P>
LOSSOPS_INLINE Powers<X> powers(const X& x, P... p) {
  return {x, !(multiplies(p) && ...)};
}

/// The power of one p.
template <class X>
LOSSOPS_INLINE X real_power(const X& x, double p) {
  return multiplies(p) ? small_power(x, p) : Powers<X>(x, true)(p);
}

/// x^y of two operands; for x < 0 NaN unless y is whole. The derivative by x at x = 0 is 0 unless y is 1;
/// that by y is x^y ln |x|, and 0 at x = 0.
template <class X, class Y>
LOSSOPS_INLINE auto element_power(const X& x, const Y& y) {
  const auto v = value_of(x), p = value_of(y);
  using C = std::remove_const_t<decltype(v)>;
  const auto zero = v == C(0);
  const C s = select(zero, C(1), v);
  const C l = log(abs(s));
  const C of_whole = select(floor(p) == p, C(-1), C(NAN));
  const C sign = select(v < C(0), select(floor(0.5 * p) == 0.5 * p, C(1), of_whole), C(1));
  const C r = exp(scaled(p, l)) * sign;
  const C at_zero = select(p == C(1), v, select(p > C(0), C(0), select(p == C(0), C(1), kInfinity + p * p)));
  const auto by_x = [&] { return C(select(p == C(1), C(1), select(zero, C(0), p * (r / s)))); };
  const auto by_y = [&] { return C(select(zero, C(0), scaled(l, r))); };
  return with_slope(with_slope(C(select(zero, at_zero, r)), x, by_x), y, by_y);
}

/// ln cosh x, without cancellation near 0 and without overflow; its derivative is tanh.
template <class X>
LOSSOPS_INLINE X log_cosh(const X& x) {
  constexpr double kLn2 = 0.693147180559945309417;
  const auto v = value_of(x);
  using C = std::remove_const_t<decltype(v)>;
  const C a = abs(v);
  const auto near = a < C(1);
  const C e = expm1(-2.0 * select(near, v, a));
  const C h = -e / (e + 2.0);  // with the sign of x near 0: the square is smooth there
  const C l = log1p(select(near, -(h * h), e + 1.0));
  const C value = select(near, -0.5 * l, (a - kLn2) + l);
  return custom_derivative(value, select((v < C(0)) & (a >= C(1)), -h, h), x);
}

/// Whether the digits of float are enough.
template <class C>
constexpr bool is_single() {
  if constexpr (requires { typename C::Value; }) {
    return std::is_same_v<typename C::Value, float>;
  } else {
    return false;
  }
}

/// 1 + r(n) x (1 + r(n + 1) x (1 + ... r(last) x)): a series by the ratios of its terms, as a lambda without
/// captures gives them. From the k-th ratio on, with all coefficients multiplied out.
template <int n, int last, int k = n, class Ratio, class C>
LOSSOPS_INLINE C series(const C& x, Ratio ratio) {
  constexpr double coefficient = [] {
    double product = 1;
    for (int i = n; i < k; ++i) product *= Ratio()(i);
    return product;
  }();
  if constexpr (k > last) {
    return C(coefficient);
  } else {
    return series<n, last, k + 1>(x, ratio) * x + coefficient;
  }
}

/// (ln(1 + y) - y) / y^2 for y > -1, which is -1/2 at 0. Near it, ln(1 + y) is 2 atanh s with s = y / (2 +
/// y).
template <class C>
LOSSOPS_INLINE C log1pmx_ratio(const C& y) {
  const auto near = (y > -0.5) & (y < 1.0);
  const C u = select(near, y, C(0)) + 2.0;
  const C s = 1.0 - 2.0 / u;
  const C q = s * s;
  C tail;  // atanh s = s + s^3 tail
  if constexpr (is_single<C>()) {
    tail = polynomial(q, 1 / 3., 1 / 5., 1 / 7., 1 / 9., 1 / 11., 1 / 13., 1 / 15.);
  } else {
    tail = polynomial(q, 1 / 3., 1 / 5., 1 / 7., 1 / 9., 1 / 11., 1 / 13., 1 / 15., 1 / 17., 1 / 19., 1 / 21.,
                      1 / 23., 1 / 25., 1 / 27., 1 / 29., 1 / 31., 1 / 33.);
  }
  const C z = select(near, C(1), y);
  return select(near, (2.0 * s * tail / u - 1.0) / u, (log1p(z) / z - 1.0) / z);
}

/// e^x - 1 - x; near 0 by its series.
template <class C>
LOSSOPS_INLINE C expm1mx(const C& x) {
  const auto near = abs(x) < 1.0;
  const C s = select(near, x, C(0));
  constexpr auto ratio = [](int n) { return 1. / n; };
  const C far = expm1(x) - select(x == C(kInfinity), C(0), x);
  return select(near, 0.5 * s * s * series<3, is_single<C>() ? 12 : 20>(s, ratio), far);
}
template <class C>
LOSSOPS_INLINE Dual<C> expm1mx(const Dual<C>& x) {
  return Dual<C>::chain(expm1mx(x.v), expm1(x.v), x);
}

// With B2, B4, ... the Bernoulli numbers, Stirling's series for large x is
//   ln Gamma(x) = (x - 1/2) ln x - x + ln(2 pi) / 2 + b (B2 / 2 + B4 / 12 b^2 + ...),  b = 1 / x.

/// Up to this b, what follows of the series is exact.
template <class C>
constexpr double kStirlingLimit = is_single<C>() ? 0.25 : 0.125;

/// The series' remainder over b: sum of B_2k / (2k (2k - 1)) b^(2k - 2), by u = b^2.
template <class C>
LOSSOPS_INLINE C stirling_remainder(const C& u) {
  if constexpr (is_single<C>()) {
    return polynomial(u, 1 / 12., -1 / 360., 1 / 1260., -1 / 1680., 1 / 1188.);
  } else {
    return polynomial(u, 1 / 12., -1 / 360., 1 / 1260., -1 / 1680., 1 / 1188., -691 / 360360., 1 / 156.,
                      -3617 / 122400., 43867 / 244188., -174611 / 125400.);
  }
}

/// The derivative of the remainder by b: sum of B_2k / 2k b^(2k - 2), by u = b^2.
template <class C>
LOSSOPS_INLINE C stirling_slope(const C& u) {
  if constexpr (is_single<C>()) {
    return polynomial(u, 1 / 12., -1 / 120., 1 / 252., -1 / 240., 1 / 132.);
  } else {
    return polynomial(u, 1 / 12., -1 / 120., 1 / 252., -1 / 240., 1 / 132., -691 / 32760., 1 / 12.,
                      -3617 / 8160., 43867 / 14364., -174611 / 6600.);
  }
}

/// The derivative of ln Gamma for x > 0. Small x are moved up, by psi(x) = psi(x + n) - sum of 1 / (x + i),
/// to where the series holds; the sum is a fraction of polynomials.
template <class C>
LOSSOPS_INLINE C digamma(const C& x) {
  constexpr int n = static_cast<int>(1 / kStirlingLimit<C>);
  const auto near = x < double(n);
  const C s = select(near, x, C(1));
  C top = 1, bottom = s;
  for (int i = 1; i < n; ++i) {
    top = top * (s + double(i)) + bottom;
    bottom = bottom * (s + double(i));
  }
  const C far = select(near, s + double(n), x);
  const C b = 1.0 / far;
  return log(far) - b * (0.5 + b * stirling_slope(b * b)) - select(near, top / bottom, C(0));
}

template <class C>
LOSSOPS_INLINE Dual<C> lgamma(const Dual<C>& x) {
  return Dual<C>::chain(lgamma(x.v), digamma(x.v), x);
}

/// ln Gamma(a + d) - ln Gamma(a) - d ln a with a = 1 / b, for b, d >= 0: about d (d - 1) b / 2 for small b,
/// and 0 at b = 0. It is Stirling's series less what cancels, of an a that is moved up to where that holds.
template <class B, class D>
LOSSOPS_INLINE auto lgamma_step(const B& b, const D& d) {
  const auto given = value_of(b);
  using C = std::remove_const_t<decltype(given)>;
  const C dv = value_of(d);
  constexpr int n = static_cast<int>(1 / kStirlingLimit<C>);
  // Gamma(x + 1) = x Gamma(x): the product of the ratios (1 + (i + d) u) / (1 + i u). Nothing moves where u
  // is 0.
  const C u = select(given <= kStirlingLimit<C>, C(0), given);
  // All but the first are taken over the second, so that their product is no larger than 1 and not tiny.
  const C second = dv * (u / (1.0 + u)), unit = 1.0 / (second + 1.0);
  C product = 1;
  for (int i = 2; i < n; ++i) product = product * ((1.0 + dv * (u / (1.0 + double(i) * u))) * unit);
  const C log_ratios = log1p(dv * u) + (double(n - 1) * log1p(second) + log(product));
  const C moved = log1p(double(n) * u), w = 1.0 / (1.0 + double(n) * u);
  const C s = given * w, y = s * dv, r = 1.0 / (y + 1.0);
  const C c = s * r;  // 1 / (a + d), a being the one moved
  const C l = log1p(y), g = log1pmx_ratio(y);
  // Of the last difference nothing is left at d = 0, even where it is rounded once.
  const C rest = s * (r * stirling_remainder(c * c) - stirling_remainder(s * s));
  const C step = dv * y * g + (dv - 0.5) * l + rest;
  const C value = step + (dv * moved - log_ratios);
  const auto sum_over_moves = [&](const auto& term) {
    C sum = 0;
    for (int i = 0; i < n; ++i) sum = sum + term(1.0 + double(i) * u, 1.0 + (double(i) + dv) * u);
    return sum;
  };
  const auto by_b = [&] {
    const C near = stirling_slope(c * c) * r * r - stirling_slope(s * s) - dv * (dv * g + 0.5 * r);
    const C sum = sum_over_moves([](const C& e, const C& f) { return 1.0 / (e * f); });
    return C(near * w * w + dv * (double(n) * w - sum));
  };
  const auto by_d = [&] {
    const C near = l - c * (0.5 + c * stirling_slope(c * c));
    return C(near + (moved - u * sum_over_moves([](const C&, const C& f) { return 1.0 / f; })));
  };
  return with_slope(with_slope(value, b, by_b), d, by_d);
}

/// Of the Bessel functions of k in [0, limit]: ln(e^-k I0) and I1 / I0, by their series, whose terms all have
/// one sign.
template <class C>
struct Bessel {
  static constexpr double kLimit = is_single<C>() ? 10 : 25;
  C log_i0e, ratio;
  LOSSOPS_INLINE explicit Bessel(const C& k) {
    constexpr int last = is_single<C>() ? 17 : 42;
    const C q = 0.25 * k * k;
    const C more = q * series<2, last>(q, [](int n) { return 1. / (n * n); });  // than 1
    const C i1 = series<1, last>(q, [](int n) { return 1. / (n * (n + 1)); });
    log_i0e = log1p(more) - k;
    ratio = 0.5 * k * (i1 / (more + 1.0));
  }
};

/// ln(e^-k I0(k)) for k >= 0, about -ln(2 pi k) / 2 for large k, with the derivative I1 / I0 - 1. There it is
/// the asymptotic series of both functions, of whose difference the first terms are gone.
template <class C>
LOSSOPS_INLINE Dual<C> log_i0e_and_slope(const C& k) {
  constexpr int last = is_single<C>() ? 11 : 20;
  const auto near = k < Bessel<C>::kLimit;
  const Bessel<C> bessel(select(near, k, C(1)));
  const C v = 1.0 / select(near, C(Bessel<C>::kLimit), k);
  const C s0 = series<2, last>(v, [](int n) { return (2 * n - 1) * (2 * n - 1) / (8. * n); });
  const C s1 = series<2, last>(v, [](int n) { return ((2 * n - 1) * (2 * n - 1) - 4) / (8. * n); });
  const C i0 = 0.125 * v * s0 + 1.0;
  return {select(near, bessel.log_i0e, 0.5 * log(i0 * i0 * v) - kHalfLn2Pi),
          select(near, bessel.ratio - 1.0, -0.125 * v * (s0 + 3.0 * s1) / i0)};
}
template <class C>
LOSSOPS_INLINE C log_i0e(const C& k) {
  return log_i0e_and_slope(k).v;
}
template <class C>
LOSSOPS_INLINE Dual<C> log_i0e(const Dual<C>& k) {
  const Dual<C> l = log_i0e_and_slope(k.v);
  return Dual<C>::chain(l.v, l.d, k);
}

}  // namespace lossops
