// The lanes that a comparison of vector registers selected, and choosing by them. AVX-512 keeps a mask in a
// register of its own kind; at::vec would move it into a vector and back at every use.
#pragma once

#include <ATen/cpu/vec/vec.h>

#include <algorithm>

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
  LOSSOPS_INLINE friend bool any(Mask a) { return a.bits & ((1u << Vectorized<T>::size()) - 1); }

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
  /// Whether a number is 0; for -0 either answer may come.
  LOSSOPS_INLINE static Mask zero(Vectorized<T> a) { return equal(a, Vectorized<T>(T(0))); }
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
  /// 0 in the lanes selected.
  LOSSOPS_INLINE Vectorized<T> drop(Vectorized<T> a) const { return choose(Vectorized<T>(T(0)), a); }
};

/// How often masks select, lane by lane.
template <class T>
class Tally {
 public:
  LOSSOPS_INLINE void add(Mask<T> m) {
    if constexpr (std::is_same_v<T, float>) {
      n_ = _mm512_mask_add_epi32(n_, static_cast<__mmask16>(m.bits), n_, _mm512_set1_epi32(1));
    } else {
      n_ = _mm512_mask_add_epi64(n_, static_cast<__mmask8>(m.bits), n_, _mm512_set1_epi64(1));
    }
  }
  LOSSOPS_INLINE Vectorized<T> value() const {
    if constexpr (std::is_same_v<T, float>) {
      return _mm512_cvtepi32_ps(n_);
    } else {
      return _mm512_cvtepi64_pd(n_);
    }
  }

 private:
  __m512i n_ = _mm512_setzero_si512();
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
  LOSSOPS_INLINE friend bool any(Mask a) { return _mm256_movemask_epi8((__m256i)a.bits) != 0; }

  LOSSOPS_INLINE static Mask less(Vectorized<T> a, Vectorized<T> b) { return {(Bits)(lanes(a) < lanes(b))}; }
  LOSSOPS_INLINE static Mask less_equal(Vectorized<T> a, Vectorized<T> b) {
    return {(Bits)(lanes(a) <= lanes(b))};
  }
  LOSSOPS_INLINE static Mask equal(Vectorized<T> a, Vectorized<T> b) {
    return {(Bits)(lanes(a) == lanes(b))};
  }
  LOSSOPS_INLINE static Mask signs(Vectorized<T> a) { return {(Bits)lanes(a) < 0}; }
  /// By integers, which have ports of their own: beside multiplications twice as fast as comparing numbers.
  LOSSOPS_INLINE static Mask zero(Vectorized<T> a) { return {(Bits)lanes(a) == 0}; }

  LOSSOPS_INLINE Vectorized<T> choose(Vectorized<T> a, Vectorized<T> b) const {
    return (decltype(native(a)))(bits ? lanes(a) : lanes(b));
  }
  LOSSOPS_INLINE Vectorized<T> drop(Vectorized<T> a) const {
    return (decltype(native(a)))((Bits)lanes(a) & ~bits);
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

template <class T>
class Tally {
 public:
  LOSSOPS_INLINE void add(Mask<T> m) { n_ -= m.bits; }
  LOSSOPS_INLINE Vectorized<T> value() const {
    const auto lanes = __builtin_convertvector(n_, typename Mask<T>::Lanes);
    return Vectorized<T>::loadu(&lanes);
  }

 private:
  typename Mask<T>::Bits n_ = {};
};

#else

template <class T>
struct Mask {
  Vectorized<T> bits;
  LOSSOPS_INLINE friend Mask operator&(Mask a, Mask b) { return {a.bits & b.bits}; }
  LOSSOPS_INLINE friend Mask operator|(Mask a, Mask b) { return {a.bits | b.bits}; }
  LOSSOPS_INLINE friend Mask operator!(Mask a) { return {~a.bits}; }
  LOSSOPS_INLINE friend bool any(Mask a) {
    T lanes[Vectorized<T>::size()];
    a.choose(Vectorized<T>(T(1)), Vectorized<T>(T(0))).store(lanes);
    return std::count(lanes, lanes + Vectorized<T>::size(), T(0)) < Vectorized<T>::size();
  }

  LOSSOPS_INLINE static Mask less(Vectorized<T> a, Vectorized<T> b) { return {a < b}; }
  LOSSOPS_INLINE static Mask less_equal(Vectorized<T> a, Vectorized<T> b) { return {a <= b}; }
  LOSSOPS_INLINE static Mask equal(Vectorized<T> a, Vectorized<T> b) { return {a == b}; }
  LOSSOPS_INLINE static Mask zero(Vectorized<T> a) { return equal(a, Vectorized<T>(T(0))); }
  LOSSOPS_INLINE static Mask signs(Vectorized<T> a) {
    return less((a & Vectorized<T>(T(-0.0))) | Vectorized<T>(T(1)), Vectorized<T>(T(0)));
  }

  LOSSOPS_INLINE Vectorized<T> choose(Vectorized<T> a, Vectorized<T> b) const {
    return Vectorized<T>::blendv(b, a, bits);
  }
  LOSSOPS_INLINE Vectorized<T> drop(Vectorized<T> a) const { return choose(Vectorized<T>(T(0)), a); }
};

template <class T>
class Tally {
 public:
  LOSSOPS_INLINE void add(Mask<T> m) { n_ = n_ + m.choose(Vectorized<T>(T(1)), Vectorized<T>(T(0))); }
  LOSSOPS_INLINE Vectorized<T> value() const { return n_; }

 private:
  Vectorized<T> n_{T(0)};
};

#endif

}  // namespace CPU_CAPABILITY
}  // namespace lossops
