// Dual numbers: a value and its derivative by one operand, over any scalar type C. Evaluating an expression
// with that operand dual and the others plain gives the loss and a partial derivative at once, sharing every
// transcendental; what does not depend on the operand has no derivative that could meet an infinity.
#pragma once

#include "scalar.h"

namespace lossops {

template <class C>
struct Dual {
  C v;
  C d;

  Dual() = default;
  template <ConstantOf<C> A>
  LOSSOPS_INLINE Dual(A a) : Dual(C(a)) {}
  LOSSOPS_INLINE Dual(C value) : v(value), d(C(0)) {}
  LOSSOPS_INLINE Dual(C value, C derivative) : v(value), d(derivative) {}

  /// f(a) from its value and its derivative.
  LOSSOPS_INLINE static Dual chain(C value, C slope, const Dual& a) { return {value, slope * a.d}; }

  LOSSOPS_INLINE friend Dual operator+(const Dual& a, const Dual& b) { return {a.v + b.v, a.d + b.d}; }
  LOSSOPS_INLINE friend Dual operator-(const Dual& a, const Dual& b) { return {a.v - b.v, a.d - b.d}; }
  LOSSOPS_INLINE friend Dual operator*(const Dual& a, const Dual& b) {
    return {a.v * b.v, a.d * b.v + a.v * b.d};
  }
  LOSSOPS_INLINE friend Dual operator/(const Dual& a, const Dual& b) {
    const C q = a.v / b.v;
    return {q, (a.d - q * b.d) / b.v};
  }
  LOSSOPS_INLINE friend Dual operator-(const Dual& a) { return chain(-a.v, C(-1), a); }

  template <ConstantOf<Dual> A>
  LOSSOPS_INLINE friend Dual operator+(const Dual& a, A c) {
    return {a.v + c, a.d};
  }
  template <ConstantOf<Dual> A>
  LOSSOPS_INLINE friend Dual operator+(A c, const Dual& a) {
    return a + c;
  }
  template <ConstantOf<Dual> A>
  LOSSOPS_INLINE friend Dual operator-(const Dual& a, A c) {
    return {a.v - c, a.d};
  }
  template <ConstantOf<Dual> A>
  LOSSOPS_INLINE friend Dual operator-(A c, const Dual& a) {
    return chain(c - a.v, C(-1), a);
  }
  template <ConstantOf<Dual> A>
  LOSSOPS_INLINE friend Dual operator*(const Dual& a, A c) {
    return chain(a.v * c, c, a);
  }
  template <ConstantOf<Dual> A>
  LOSSOPS_INLINE friend Dual operator*(A c, const Dual& a) {
    return a * c;
  }
  template <ConstantOf<Dual> A>
  LOSSOPS_INLINE friend Dual operator/(const Dual& a, A c) {
    return chain(a.v / c, C(1) / c, a);
  }
  template <ConstantOf<Dual> A>
  LOSSOPS_INLINE friend Dual operator/(A c, const Dual& a) {
    const C q = c / a.v;
    return chain(q, -(q / a.v), a);
  }

  LOSSOPS_INLINE friend auto operator<(const Dual& a, const Dual& b) { return a.v < b.v; }
  LOSSOPS_INLINE friend auto operator<=(const Dual& a, const Dual& b) { return a.v <= b.v; }
  LOSSOPS_INLINE friend auto operator>(const Dual& a, const Dual& b) { return a.v > b.v; }
  LOSSOPS_INLINE friend auto operator>=(const Dual& a, const Dual& b) { return a.v >= b.v; }
  LOSSOPS_INLINE friend auto operator==(const Dual& a, const Dual& b) { return a.v == b.v; }

  template <class M>
  LOSSOPS_INLINE friend Dual select(M m, const Dual& a, const Dual& b) {
    return {select(m, a.v, b.v), select(m, a.d, b.d)};
  }

  LOSSOPS_INLINE friend Dual sqrt(const Dual& a) {
    const C s = sqrt(a.v);
    return chain(s, C(0.5) / s, a);
  }
  LOSSOPS_INLINE friend Dual exp(const Dual& a) {
    const C e = exp(a.v);
    return chain(e, e, a);
  }
  LOSSOPS_INLINE friend Dual expm1(const Dual& a) {
    return chain(expm1(a.v), exp(a.v), a);  // not expm1 + 1, which cancels far below 0
  }
  LOSSOPS_INLINE friend Dual log(const Dual& a) { return chain(log(a.v), C(1) / a.v, a); }
  LOSSOPS_INLINE friend Dual log1p(const Dual& a) { return chain(log1p(a.v), C(1) / (C(1) + a.v), a); }
  LOSSOPS_INLINE friend Dual sin(const Dual& a) { return chain(sin(a.v), cos(a.v), a); }
  LOSSOPS_INLINE friend Dual cos(const Dual& a) { return chain(cos(a.v), -sin(a.v), a); }
  LOSSOPS_INLINE friend Dual erf(const Dual& a) {
    constexpr double kTwoOverRootPi = 1.12837916709551257390;
    return chain(erf(a.v), kTwoOverRootPi * exp(-(a.v * a.v)), a);
  }
  /// The derivative at 0 is 0, as torch's.
  LOSSOPS_INLINE friend Dual abs(const Dual& a) {
    return chain(abs(a.v), select(a.v > C(0), C(1), select(a.v < C(0), C(-1), a.v * C(0))), a);
  }
};

/// An operand, as the variable to differentiate by if it is that.
template <bool is_variable, class C>
LOSSOPS_INLINE auto variable(const C& x) {
  if constexpr (is_variable) {
    return Dual<C>(x, C(1));
  } else {
    return x;
  }
}

}  // namespace lossops
