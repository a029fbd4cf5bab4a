// Transposing small matrices in vector registers.
#pragma once

#include <ATen/cpu/vec/vec.h>

#include <algorithm>

#include "scalar.h"

namespace lossops {
inline namespace CPU_CAPABILITY {

#if defined(CPU_CAPABILITY_AVX512)

constexpr int64_t kTransposeBlock = 16;

/// Up to 16 by 16.
LOSSOPS_INLINE void transpose_block(const float* from, int64_t from_stride, float* to, int64_t to_stride,
                                    int64_t rows, int64_t columns) {
  const __mmask16 in = static_cast<__mmask16>((1u << columns) - 1);
  const __mmask16 out = static_cast<__mmask16>((1u << rows) - 1);
  __m512 a[16], b[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) {
    a[i] = i < rows ? _mm512_maskz_loadu_ps(in, from + i * from_stride) : _mm512_setzero_ps();
  }
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    b[i] = _mm512_unpacklo_ps(a[i], a[i + 1]);
    b[i + 1] = _mm512_unpackhi_ps(a[i], a[i + 1]);
  }
  const auto low = [](__m512 x, __m512 y) __attribute__((always_inline)) {
    return _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(x), _mm512_castps_pd(y)));
  };
  const auto high = [](__m512 x, __m512 y) __attribute__((always_inline)) {
    return _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(x), _mm512_castps_pd(y)));
  };
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    a[i] = low(b[i], b[i + 2]);
    a[i + 1] = high(b[i], b[i + 2]);
    a[i + 2] = low(b[i + 1], b[i + 3]);
    a[i + 3] = high(b[i + 1], b[i + 3]);
  }
  // a[4 g + k] holds column k of each of four quarters for rows 4 g to 4 g + 3.
#pragma GCC unroll 4
  for (int k = 0; k < 4; ++k) {
    b[k] = _mm512_shuffle_f32x4(a[k], a[4 + k], 0x88);
    b[4 + k] = _mm512_shuffle_f32x4(a[k], a[4 + k], 0xdd);
    b[8 + k] = _mm512_shuffle_f32x4(a[8 + k], a[12 + k], 0x88);
    b[12 + k] = _mm512_shuffle_f32x4(a[8 + k], a[12 + k], 0xdd);
  }
  const auto store = [&](int column, __m512 x) __attribute__((always_inline)) {
    if (column < columns) _mm512_mask_storeu_ps(to + column * to_stride, out, x);
  };
#pragma GCC unroll 4
  for (int k = 0; k < 4; ++k) {
    store(k, _mm512_shuffle_f32x4(b[k], b[8 + k], 0x88));
    store(4 + k, _mm512_shuffle_f32x4(b[4 + k], b[12 + k], 0x88));
    store(8 + k, _mm512_shuffle_f32x4(b[k], b[8 + k], 0xdd));
    store(12 + k, _mm512_shuffle_f32x4(b[4 + k], b[12 + k], 0xdd));
  }
}

#elif defined(CPU_CAPABILITY_AVX2)

constexpr int64_t kTransposeBlock = 8;

/// Masked stores are slow on some processors.
LOSSOPS_INLINE void store_first(__m256 x, float* to, int64_t count) {
  if (count >= 8) return _mm256_storeu_ps(to, x);
  __m128 part = _mm256_castps256_ps128(x);
  if (count & 4) {
    _mm_storeu_ps(to, part);
    part = _mm256_extractf128_ps(x, 1);
    to += 4;
  }
  if (count & 2) {
    _mm_storel_pi(reinterpret_cast<__m64*>(to), part);
    part = _mm_movehl_ps(part, part);
    to += 2;
  }
  if (count & 1) _mm_store_ss(to, part);
}

/// Up to 8 by 8.
LOSSOPS_INLINE void transpose_block(const float* from, int64_t from_stride, float* to, int64_t to_stride,
                                    int64_t rows, int64_t columns) {
  const __m256i in = _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(columns)),
                                        _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  __m256 a[8], b[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    a[i] = i < rows ? _mm256_maskload_ps(from + i * from_stride, in) : _mm256_setzero_ps();
  }
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    b[i] = _mm256_unpacklo_ps(a[i], a[i + 1]);
    b[i + 1] = _mm256_unpackhi_ps(a[i], a[i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 8; i += 4) {
    a[i] = _mm256_shuffle_ps(b[i], b[i + 2], 0x44);
    a[i + 1] = _mm256_shuffle_ps(b[i], b[i + 2], 0xee);
    a[i + 2] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0x44);
    a[i + 3] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0xee);
  }
  // a[4 g + k] holds column k of both halves for rows 4 g to 4 g + 3.
#pragma GCC unroll 4
  for (int k = 0; k < 4; ++k) {
    if (k < columns) store_first(_mm256_permute2f128_ps(a[k], a[4 + k], 0x20), to + k * to_stride, rows);
    if (4 + k < columns)
      store_first(_mm256_permute2f128_ps(a[k], a[4 + k], 0x31), to + (4 + k) * to_stride, rows);
  }
}

#endif

/// By blocks: one function for all that transpose, as it is large.
template <class T>
[[gnu::noinline]] void transpose_blocks(const T* from, int64_t from_stride, T* to, int64_t to_stride,
                                        int64_t rows, int64_t columns) {
#if defined(CPU_CAPABILITY_AVX512) || defined(CPU_CAPABILITY_AVX2)
  if constexpr (std::is_same_v<T, float>) {
    constexpr int64_t n = kTransposeBlock;
    for (int64_t i = 0; i < rows; i += n) {
      for (int64_t j = 0; j < columns; j += n) {
        transpose_block(from + i * from_stride + j, from_stride, to + j * to_stride + i, to_stride,
                        std::min<int64_t>(rows - i, n), std::min<int64_t>(columns - j, n));
      }
    }
    return;
  }
#endif
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) to[j * to_stride + i] = from[i * from_stride + j];
  }
}

/// to[j][i] = from[i][j].
template <class T>
LOSSOPS_INLINE void transpose(const T* from, int64_t from_stride, T* to, int64_t to_stride, int64_t rows,
                              int64_t columns) {
#if defined(CPU_CAPABILITY_AVX512) || defined(CPU_CAPABILITY_AVX2)
  if constexpr (std::is_same_v<T, float>) {
    using V = at::vec::Vectorized<float>;
    constexpr int64_t n = kTransposeBlock;
    if (rows == n && columns == 2 && from_stride == 2) {
      const auto [x, y] = at::vec::deinterleave2(V::loadu(from), V::loadu(from + n));
      x.store(to);
      y.store(to + to_stride);
      return;
    }
    if (rows == 2 && columns == n && to_stride == 2) {
      const auto [x, y] = at::vec::interleave2(V::loadu(from), V::loadu(from + from_stride));
      x.store(to);
      y.store(to + n);
      return;
    }
  }
#endif
  transpose_blocks(from, from_stride, to, to_stride, rows, columns);
}

}  // namespace CPU_CAPABILITY
}  // namespace lossops
