// Words of the vocabulary that few expressions need.
#pragma once

#include <cmath>

#include "vocabulary.h"

namespace lossops {

/// x^p for a constant p as `power` has it, and for x < 0 too if p is whole.
template <class X>
LOSSOPS_INLINE X real_power(const X& x, double p) {
  if (multiplies(p) || p != std::floor(p)) return power(x, p);
  using C = std::remove_const_t<decltype(value_of(x))>;
  const auto negative = value_of(x) < C(0);
  const X size = power(X(select(negative, -x, x)), p);
  return std::fmod(p, 2) == 0 ? size : X(select(negative, -size, size));
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

}  // namespace lossops
