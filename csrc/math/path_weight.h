// The weight of a set of paths through a lattice: a product along each, summed over them. Weights of long
// paths lie far outside the range of T, and so do the ratios of those that meet; logarithms, which keep
// neither the digits of a large number nor their speed, are not needed: a weight is m 2^e with a whole e that
// is a floating point number of its own.
#pragma once

#include <limits>
#include <type_traits>

#include "scalar.h"

namespace lossops {

/// Over any scalar type V; all weights are >= 0.
template <class V>
struct PathWeight {
  using T = typename V::Value;
  V m, e;

  /// That of no path lies below every other one, also after many products.
  static constexpr T kZeroExponent = std::is_same_v<T, double> ? T(-1e290) : T(-1e30);
  /// Sums of exponents that stay below this are exact.
  static constexpr double kExact = std::is_same_v<T, double> ? 0x1p52 : 0x1p22;

  LOSSOPS_INLINE static PathWeight zero() { return {V(0), V(kZeroExponent)}; }
  LOSSOPS_INLINE static PathWeight one() { return {V(1), V(0)}; }
  /// e^(x - shift), as exact as x and shift are.
  LOSSOPS_INLINE static PathWeight exp(const V& x, const V& shift) {
    constexpr T kFar = std::is_same_v<T, double> ? T(1e280) : T(1e28);
    const V d = x - shift;
    const V back = d + shift;
    const V lost = (x - back) + (shift - (back - d));  // what rounding took from d
    PathWeight w;
    w.m = exp_mantissa(d, lost, w.e);
    const auto far = abs(d) >= V(kFar), none = d == V(-std::numeric_limits<T>::infinity());
    const auto below = d < V(0);
    w.m = select(far, select(none, V(0), select(below, V(1), d * V(0) + V(1))), w.m);  // NaN of infinity
    w.e = select(far, select(none, V(kZeroExponent), select(below, V(-kFar), V(kFar))), w.e);
    return w;
  }

  LOSSOPS_INLINE friend PathWeight operator*(const PathWeight& a, const PathWeight& b) {
    return {a.m * b.m, a.e + b.e};
  }
  LOSSOPS_INLINE friend PathWeight sum(const PathWeight& a, const PathWeight& b) {
    const V e = larger(a.e, b.e);
    return {times_exp2(a.m, a.e - e) + times_exp2(b.m, b.e - e), e};
  }
  LOSSOPS_INLINE friend PathWeight sum(const PathWeight& a, const PathWeight& b, const PathWeight& c) {
    const V e = larger(larger(a.e, b.e), c.e);
    return {times_exp2(a.m, a.e - e) + times_exp2(b.m, b.e - e) + times_exp2(c.m, c.e - e), e};
  }
  /// The same weight with a mantissa in [1, 2), unless that is 0. Whoever adds or multiplies a few times
  /// needs none.
  LOSSOPS_INLINE PathWeight normalized() const {
    PathWeight w = *this;
    normalize(w.m, w.e);
    return w;
  }
  /// As a number that is not far above 1; 0 where it is so small that its multiples would soon be subnormal.
  LOSSOPS_INLINE V value() const {
    const V small = select(e < V(-100), V(0), m), power = larger(e, V(-100));
    // Beyond kExact exponents are rounded.
    if constexpr (std::is_same_v<T, double>) return times_exp2(small, select(power > V(60), V(60), power));
    return times_exp2(small, power);
  }
};

}  // namespace lossops
