// Vector registers one lane further, from two that lie side by side in memory. A vector that was just written
// is read back fast, one across two of them only when both have reached the cache.
#pragma once

#include "register.h"

namespace lossops {
inline namespace CPU_CAPABILITY {

#if defined(CPU_CAPABILITY_AVX512) || defined(CPU_CAPABILITY_AVX2) || defined(__aarch64__)

/// The lanes of a and b from the given one of a on: its second or its last.
template <int from, class T>
LOSSOPS_INLINE Simd<T> joined(Simd<T> a, Simd<T> b) {
#if defined(CPU_CAPABILITY_AVX512)
  if constexpr (std::is_same_v<T, float>) {
    const __m512i low = _mm512_castps_si512(a.v), high = _mm512_castps_si512(b.v);
    return Vectorized<T>(_mm512_castsi512_ps(_mm512_alignr_epi32(high, low, from)));
  } else {
    const __m512i low = _mm512_castpd_si512(a.v), high = _mm512_castpd_si512(b.v);
    return Vectorized<T>(_mm512_castsi512_pd(_mm512_alignr_epi64(high, low, from)));
  }
#elif defined(CPU_CAPABILITY_AVX2)
  if constexpr (std::is_same_v<T, float>) {
    const __m256i low = _mm256_castps_si256(a.v), high = _mm256_castps_si256(b.v);
    const __m256i middle = _mm256_permute2x128_si256(low, high, 0x21);
    const __m256i lanes =
        from == 1 ? _mm256_alignr_epi8(middle, low, 4) : _mm256_alignr_epi8(high, middle, 12);
    return Vectorized<T>(_mm256_castsi256_ps(lanes));
  } else {
    const __m256d middle = _mm256_permute2f128_pd(a.v, b.v, 0x21);
    return Vectorized<T>(from == 1 ? _mm256_shuffle_pd(a.v, middle, 0b0101)
                                   : _mm256_shuffle_pd(middle, b.v, 0b0101));
  }
#else
  T lanes[2 * Simd<T>::kLanes];
  Simd<T>::store(a, lanes);
  Simd<T>::store(b, lanes + Simd<T>::kLanes);
  return Simd<T>::load(lanes + from);
#endif
}

/// The last lane of a and, after it, those of b but for its last.
template <class T>
LOSSOPS_INLINE Simd<T> behind(Simd<T> a, Simd<T> b) {
  return joined<Simd<T>::kLanes - 1>(a, b);
}
/// The lanes of a but for its first and, after them, the first of b.
template <class T>
LOSSOPS_INLINE Simd<T> ahead(Simd<T> a, Simd<T> b) {
  return joined<1>(a, b);
}

#endif

/// Of registers of one value.
template <class T>
LOSSOPS_INLINE Scalar<T> behind(Scalar<T> a, Scalar<T>) {
  return a;
}
template <class T>
LOSSOPS_INLINE Scalar<T> ahead(Scalar<T>, Scalar<T> b) {
  return b;
}

}  // namespace CPU_CAPABILITY
}  // namespace lossops
