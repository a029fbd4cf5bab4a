// Lanes of double from and to memory of float.
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

}  // namespace CPU_CAPABILITY
}  // namespace lossops
