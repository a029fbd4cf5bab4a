// Lanes from and to another dtype: double of float, float of bfloat16, either of small integers.
#pragma once

#include <algorithm>

#include "mask.h"

namespace lossops {
inline namespace CPU_CAPABILITY {

/// The first `count` lanes alone; the others are 0.
LOSSOPS_INLINE Vectorized<double> widened(const float* p, int64_t count) {
#if defined(CPU_CAPABILITY_AVX512)
  return _mm512_cvtps_pd(_mm256_maskz_loadu_ps(static_cast<__mmask8>((1u << count) - 1), p));
#else
#if defined(CPU_CAPABILITY_AVX2)
  if (count == Vectorized<double>::size()) return _mm256_cvtps_pd(_mm_loadu_ps(p));
#endif
  double lanes[Vectorized<double>::size()] = {};
  std::copy_n(p, count, lanes);
  return Vectorized<double>::loadu(lanes);
#endif
}

LOSSOPS_INLINE void store_narrowed(Vectorized<double> v, float* p, int64_t count) {
#if defined(CPU_CAPABILITY_AVX512)
  _mm256_mask_storeu_ps(p, static_cast<__mmask8>((1u << count) - 1), _mm512_cvtpd_ps(v));
#else
#if defined(CPU_CAPABILITY_AVX2)
  if (count == Vectorized<double>::size()) return _mm_storeu_ps(p, _mm256_cvtpd_ps(v));
#endif
  double lanes[Vectorized<double>::size()];
  v.store(lanes);
  for (int64_t i = 0; i < count; ++i) p[i] = static_cast<float>(lanes[i]);
#endif
}

#if defined(CPU_CAPABILITY_AVX512)
LOSSOPS_INLINE Vectorized<float> widened(__m256i bits) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}
/// To bfloat16, rounded to nearest even.
LOSSOPS_INLINE __m256i narrowed(Vectorized<float> v) {
  // The conversion instruction is younger than the rest of AVX-512; it takes subnormal numbers for zero.
  if (__builtin_cpu_supports("avx512bf16")) {
    __m256i narrow;
    asm("vcvtneps2bf16 %1, %0" : "=x"(narrow) : "v"(static_cast<__m512>(v)));
    return narrow;
  }
  const __m512i bits = _mm512_castps_si512(v);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  const __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
  const __m512i result = _mm512_mask_mov_epi32(rounded, nan, _mm512_set1_epi32(0x7fc00000));
  return _mm512_cvtepi32_epi16(_mm512_srli_epi32(result, 16));
}
#elif defined(CPU_CAPABILITY_AVX2)
LOSSOPS_INLINE Vectorized<float> widened(__m128i bits) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}
/// To bfloat16, rounded to nearest even.
LOSSOPS_INLINE __m128i narrowed(Vectorized<float> v) {
  const __m256i bits = _mm256_castps_si256(v);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
  const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
  const __m256i result = _mm256_blendv_epi8(rounded, _mm256_set1_epi32(0x7fc00000), nan);
  const __m256i high = _mm256_srli_epi32(result, 16);
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(high, high), 0b1000);
  return _mm256_castsi256_si128(packed);
}
#endif

/// Of integers that have 24 bits.
template <class T>
LOSSOPS_INLINE Vectorized<T> of_integers(const int64_t* p) {
#if defined(CPU_CAPABILITY_AVX512)
  const __m512i low = _mm512_loadu_si512(p);
  if constexpr (std::is_same_v<T, double>) {
    return _mm512_cvtepi64_pd(low);
  } else {
    const __m256i high = _mm512_cvtepi64_epi32(_mm512_loadu_si512(p + 8));
    return _mm512_cvtepi32_ps(
        _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(low)), high, 1));
  }
#else
#if defined(CPU_CAPABILITY_AVX2)
  if constexpr (std::is_same_v<T, float>) {
    const float* const halves = reinterpret_cast<const float*>(p);
    // The lower halves of 0, 1, 4, 5 and 2, 3, 6, 7.
    const __m256 mixed = _mm256_shuffle_ps(_mm256_loadu_ps(halves), _mm256_loadu_ps(halves + 8), 0b10001000);
    return _mm256_cvtepi32_ps(_mm256_permute4x64_epi64(_mm256_castps_si256(mixed), 0b11011000));
  }
#endif
  T lanes[Vectorized<T>::size()];
  for (int64_t i = 0; i < Vectorized<T>::size(); ++i) lanes[i] = static_cast<T>(static_cast<int32_t>(p[i]));
  return Vectorized<T>::loadu(lanes);
#endif
}

/// In double.
template <class T>
LOSSOPS_INLINE double sum_of_lanes(Vectorized<T> v) {
#if defined(CPU_CAPABILITY_AVX512)
  __m512d wide;
  if constexpr (std::is_same_v<T, float>) {
    wide = _mm512_add_pd(_mm512_cvtps_pd(_mm512_castps512_ps256(v)),
                         _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1)));
  } else {
    wide = v;
  }
  return _mm512_reduce_add_pd(wide);
#elif defined(CPU_CAPABILITY_AVX2)
  __m256d wide;
  if constexpr (std::is_same_v<T, float>) {
    wide = _mm256_add_pd(_mm256_cvtps_pd(_mm256_castps256_ps128(v)),
                         _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)));
  } else {
    wide = v;
  }
  const __m128d half = _mm_add_pd(_mm256_castpd256_pd128(wide), _mm256_extractf128_pd(wide, 1));
  return _mm_cvtsd_f64(_mm_add_sd(half, _mm_unpackhi_pd(half, half)));
#else
  T lanes[Vectorized<T>::size()];
  v.store(lanes);
  double sum = 0;
  for (const T x : lanes) sum += x;
  return sum;
#endif
}

}  // namespace CPU_CAPABILITY
}  // namespace lossops
