// The SIMD carrier: one vector register of float or double, over at::vec.
//
// A file that includes this is compiled once per instruction set (see setup.py); the namespace keeps
// the copies apart. Float exp and log1p_unit are this project's own, everything else is Sleef's.
#pragma once

#include <ATen/cpu/vec/vec.h>

#include <limits>

#include "math/scalar.h"

namespace lossops {
inline namespace CPU_CAPABILITY {

template <class T>
using Vectorized = at::vec::Vectorized<T>;

/// Lanes that a comparison selected: all bits set, or none.
template <class T>
struct Mask {
  Vectorized<T> v;
  LOSSOPS_INLINE friend Mask operator&(Mask a, Mask b) { return {a.v & b.v}; }
  LOSSOPS_INLINE friend Mask operator|(Mask a, Mask b) { return {a.v | b.v}; }
};

template <class T>
struct Simd {
  using V = Vectorized<T>;
  V v;

  Simd() = default;
  LOSSOPS_INLINE Simd(V a) : v(a) {}
  template <class A>
    requires std::is_arithmetic_v<A>
  LOSSOPS_INLINE Simd(A a) : v(static_cast<T>(a)) {}

  LOSSOPS_INLINE friend Simd operator+(Simd a, Simd b) { return a.v + b.v; }
  LOSSOPS_INLINE friend Simd operator-(Simd a, Simd b) { return a.v - b.v; }
  LOSSOPS_INLINE friend Simd operator*(Simd a, Simd b) { return a.v * b.v; }
  LOSSOPS_INLINE friend Simd operator/(Simd a, Simd b) { return a.v / b.v; }
  LOSSOPS_INLINE friend Simd operator-(Simd a) { return a.v.neg(); }
  LOSSOPS_INLINE friend Mask<T> operator<(Simd a, Simd b) { return {a.v < b.v}; }
  LOSSOPS_INLINE friend Mask<T> operator<=(Simd a, Simd b) { return {a.v <= b.v}; }
  LOSSOPS_INLINE friend Mask<T> operator>(Simd a, Simd b) { return {a.v > b.v}; }
  LOSSOPS_INLINE friend Mask<T> operator>=(Simd a, Simd b) { return {a.v >= b.v}; }
  LOSSOPS_INLINE friend Mask<T> operator==(Simd a, Simd b) { return {a.v == b.v}; }
  LOSSOPS_INLINE friend Simd select(Mask<T> m, Simd a, Simd b) {
    return V::blendv(b.v, a.v, m.v);
  }

  LOSSOPS_INLINE friend Simd sqrt(Simd a) { return a.v.sqrt(); }
  LOSSOPS_INLINE friend Simd expm1(Simd a) { return a.v.expm1(); }
  LOSSOPS_INLINE friend Simd log(Simd a) { return a.v.log(); }
  LOSSOPS_INLINE friend Simd log1p(Simd a) { return a.v.log1p(); }
  LOSSOPS_INLINE friend Simd abs(Simd a) { return a.v.abs(); }

  /// Float: within 1.5 ulp over the whole range, exact limits, NaN kept; 2^n is applied in two steps so
  /// that results beyond and below the normal range round as they should.
  LOSSOPS_INLINE friend Simd exp(Simd a) {
    if constexpr (std::is_same_v<T, double>) {
      return a.v.exp();
    } else {
      const V x = at::vec::clamp(a.v, V(-104.0f), V(89.0f));
      const V n = (x * V(1.44269504088896341f)).round();
      V r = at::vec::fmadd(n, V(-0.693359375f), x);
      r = at::vec::fmadd(n, V(2.12194440e-4f), r);
      V p(1.394599058e-03f);
      p = at::vec::fmadd(p, r, V(8.368813786e-03f));
      p = at::vec::fmadd(p, r, V(4.166626418e-02f));
      p = at::vec::fmadd(p, r, V(1.666651963e-01f));
      p = at::vec::fmadd(p, r, V(5.000000080e-01f));
      p = at::vec::fmadd(p, r * r, r) + V(1.0f);
      return scale_by_power_of_two(p, n);
    }
  }

  /// Float: z - z^2 Q(z) with a minimax Q, within 1.5 ulp (tests/cpp proves it for every float in [0, 1]).
  LOSSOPS_INLINE friend Simd log1p_unit(Simd a) {
    if constexpr (std::is_same_v<T, double>) {
      return a.v.log1p();
    } else {
      const V z = a.v;
      const V z2 = z * z;
      const V z4 = z2 * z2;
      const V q01 = at::vec::fmadd(z, V(-3.333057453e-01f), V(4.999993510e-01f));
      const V q23 = at::vec::fmadd(z, V(-1.969856261e-01f), V(2.495921717e-01f));
      const V q45 = at::vec::fmadd(z, V(-1.069575342e-01f), V(1.536440353e-01f));
      const V q67 = at::vec::fmadd(z, V(-2.028525593e-02f), V(5.781486185e-02f));
      const V q03 = at::vec::fmadd(z2, q23, q01);
      const V q48 = at::vec::fmadd(z4, V(3.336565328e-03f), at::vec::fmadd(z2, q67, q45));
      return z - z2 * at::vec::fmadd(z4, q48, q03);
    }
  }

 private:
  LOSSOPS_INLINE static V scale_by_power_of_two(V p, V n) {
#if defined(CPU_CAPABILITY_AVX512)
    return V(_mm512_scalef_ps(p, n));
#else
    using I = Vectorized<int32_t>;
    const I whole = at::vec::convert_to_int_of_same_size(n);
    const I half = whole >> I(1);
    const auto power = [](I e) { return at::vec::cast<float>((e + I(127)) << I(23)); };
    return p * power(half) * power(whole - half);
#endif
  }
};

}  // namespace CPU_CAPABILITY
}  // namespace lossops
