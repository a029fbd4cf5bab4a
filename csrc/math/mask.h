// The lanes that a comparison of vector registers selected, and choosing by them. AVX-512 keeps a mask in a
// register of its own kind; at::vec would move it into a vector and back at every use.
#pragma once

#include <ATen/cpu/vec/vec.h>

#include "scalar.h"

namespace lossops {
inline namespace CPU_CAPABILITY {

template <class T>
using Vectorized = at::vec::Vectorized<T>;

#if defined(CPU_CAPABILITY_AVX512)

template <class T>
struct Mask {
  uint32_t bits;
  LOSSOPS_INLINE friend Mask operator&(Mask a, Mask b) { return {a.bits & b.bits}; }
  LOSSOPS_INLINE friend Mask operator|(Mask a, Mask b) { return {a.bits | b.bits}; }
  LOSSOPS_INLINE friend Mask operator!(Mask a) { return {~a.bits}; }

  /// Predicate is one of the _CMP_ constants.
  template <int predicate>
  LOSSOPS_INLINE static Mask compare(Vectorized<T> a, Vectorized<T> b) {
    if constexpr (std::is_same_v<T, float>) {
      return {_mm512_cmp_ps_mask(a, b, predicate)};
    } else {
      return {_mm512_cmp_pd_mask(a, b, predicate)};
    }
  }
  LOSSOPS_INLINE static Mask less(Vectorized<T> a, Vectorized<T> b) { return compare<_CMP_LT_OQ>(a, b); }
  LOSSOPS_INLINE static Mask less_equal(Vectorized<T> a, Vectorized<T> b) {
    return compare<_CMP_LE_OQ>(a, b);
  }
  LOSSOPS_INLINE static Mask equal(Vectorized<T> a, Vectorized<T> b) { return compare<_CMP_EQ_OQ>(a, b); }
  LOSSOPS_INLINE static Mask signs(Vectorized<T> a) {
    if constexpr (std::is_same_v<T, float>) {
      return {_mm512_movepi32_mask(_mm512_castps_si512(a))};
    } else {
      return {_mm512_movepi64_mask(_mm512_castpd_si512(a))};
    }
  }

  LOSSOPS_INLINE Vectorized<T> choose(Vectorized<T> a, Vectorized<T> b) const {
    if constexpr (std::is_same_v<T, float>) {
      return _mm512_mask_blend_ps(static_cast<__mmask16>(bits), b, a);
    } else {
      return _mm512_mask_blend_pd(static_cast<__mmask8>(bits), b, a);
    }
  }
};

#elif defined(CPU_CAPABILITY_AVX2)

/// As vectors of the compiler's own. It takes a choice by an intrinsic for one by the sign, and would compare
/// the outcome of a comparison once more.
template <class T>
struct Mask {
  typedef T Lanes __attribute__((vector_size(32)));
  typedef std::conditional_t<std::is_same_v<T, float>, int32_t, int64_t> Bits
      __attribute__((vector_size(32)));
  Bits bits;
  LOSSOPS_INLINE friend Mask operator&(Mask a, Mask b) { return {a.bits & b.bits}; }
  LOSSOPS_INLINE friend Mask operator|(Mask a, Mask b) { return {a.bits | b.bits}; }
  LOSSOPS_INLINE friend Mask operator!(Mask a) { return {~a.bits}; }

  LOSSOPS_INLINE static Mask less(Vectorized<T> a, Vectorized<T> b) { return {(Bits)(lanes(a) < lanes(b))}; }
  LOSSOPS_INLINE static Mask less_equal(Vectorized<T> a, Vectorized<T> b) {
    return {(Bits)(lanes(a) <= lanes(b))};
  }
  LOSSOPS_INLINE static Mask equal(Vectorized<T> a, Vectorized<T> b) {
    return {(Bits)(lanes(a) == lanes(b))};
  }
  LOSSOPS_INLINE static Mask signs(Vectorized<T> a) { return {(Bits)lanes(a) < 0}; }

  LOSSOPS_INLINE Vectorized<T> choose(Vectorized<T> a, Vectorized<T> b) const {
    return (decltype(native(a)))(bits ? lanes(a) : lanes(b));
  }

 private:
  LOSSOPS_INLINE static auto native(Vectorized<T> a) {
    if constexpr (std::is_same_v<T, float>) {
      return static_cast<__m256>(a);
    } else {
      return static_cast<__m256d>(a);
    }
  }
  LOSSOPS_INLINE static Lanes lanes(Vectorized<T> a) { return (Lanes)native(a); }
};

#else

template <class T>
struct Mask {
  Vectorized<T> bits;
  LOSSOPS_INLINE friend Mask operator&(Mask a, Mask b) { return {a.bits & b.bits}; }
  LOSSOPS_INLINE friend Mask operator|(Mask a, Mask b) { return {a.bits | b.bits}; }
  LOSSOPS_INLINE friend Mask operator!(Mask a) { return {~a.bits}; }

  LOSSOPS_INLINE static Mask less(Vectorized<T> a, Vectorized<T> b) { return {a < b}; }
  LOSSOPS_INLINE static Mask less_equal(Vectorized<T> a, Vectorized<T> b) { return {a <= b}; }
  LOSSOPS_INLINE static Mask equal(Vectorized<T> a, Vectorized<T> b) { return {a == b}; }
  LOSSOPS_INLINE static Mask signs(Vectorized<T> a) {
    return less((a & Vectorized<T>(T(-0.0))) | Vectorized<T>(T(1)), Vectorized<T>(T(0)));
  }

  LOSSOPS_INLINE Vectorized<T> choose(Vectorized<T> a, Vectorized<T> b) const {
    return Vectorized<T>::blendv(b, a, bits);
  }
};

#endif

}  // namespace CPU_CAPABILITY
}  // namespace lossops
