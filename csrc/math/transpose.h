// Transposing small matrices in vector registers.
#pragma once

#include <ATen/cpu/vec/vec.h>

#include <algorithm>

#include "scalar.h"

namespace lossops {
inline namespace CPU_CAPABILITY {

#if defined(CPU_CAPABILITY_AVX512) || defined(CPU_CAPABILITY_AVX2)

/// A vector as fours of numbers: four of them, with AVX2 two.
struct Fours {
#if defined(CPU_CAPABILITY_AVX512)
  using V = __m512;
  LOSSOPS_INLINE static V load(const float* p) { return _mm512_loadu_ps(p); }
  LOSSOPS_INLINE static void store(float* p, V v) { _mm512_storeu_ps(p, v); }
  LOSSOPS_INLINE static V low(V a, V b) { return _mm512_unpacklo_ps(a, b); }
  LOSSOPS_INLINE static V high(V a, V b) { return _mm512_unpackhi_ps(a, b); }
  template <int which>
  LOSSOPS_INLINE static V halves(V a, V b) {
    return _mm512_shuffle_ps(a, b, which);
  }
  /// four(q) for each q.
  template <class F>
  LOSSOPS_INLINE static V of(const F& four) {
    const V half = _mm512_insertf32x4(_mm512_castps128_ps512(four(0)), four(1), 1);
    return _mm512_insertf32x4(_mm512_insertf32x4(half, four(2), 2), four(3), 3);
  }
  template <class F>
  LOSSOPS_INLINE static void each(V v, const F& f) {
    f(0, _mm512_castps512_ps128(v));
    f(1, _mm512_extractf32x4_ps(v, 1));
    f(2, _mm512_extractf32x4_ps(v, 2));
    f(3, _mm512_extractf32x4_ps(v, 3));
  }
#else
  using V = __m256;
  LOSSOPS_INLINE static V load(const float* p) { return _mm256_loadu_ps(p); }
  LOSSOPS_INLINE static void store(float* p, V v) { _mm256_storeu_ps(p, v); }
  LOSSOPS_INLINE static V low(V a, V b) { return _mm256_unpacklo_ps(a, b); }
  LOSSOPS_INLINE static V high(V a, V b) { return _mm256_unpackhi_ps(a, b); }
  template <int which>
  LOSSOPS_INLINE static V halves(V a, V b) {
    return _mm256_shuffle_ps(a, b, which);
  }
  template <class F>
  LOSSOPS_INLINE static V of(const F& four) {
    return _mm256_insertf128_ps(_mm256_castps128_ps256(four(0)), four(1), 1);
  }
  template <class F>
  LOSSOPS_INLINE static void each(V v, const F& f) {
    f(0, _mm256_castps256_ps128(v));
    f(1, _mm256_extractf128_ps(v, 1));
  }
#endif
  static constexpr int64_t kLanes = sizeof(V) / sizeof(float);

  /// Transposes the 4 by 4 that vectors have in each of their fours.
  LOSSOPS_INLINE static void transpose(V (&v)[4]) {
    const V a = low(v[0], v[1]), b = low(v[2], v[3]), c = high(v[0], v[1]), d = high(v[2], v[3]);
    // Of each four, 0x44: both first halves; 0xee: both second ones.
    v[0] = halves<0x44>(a, b), v[1] = halves<0xee>(a, b);
    v[2] = halves<0x44>(c, d), v[3] = halves<0xee>(c, d);
  }
};

/// f(0), f(step), ... over a range of at least `step`, the last so that it ends with the range: what it has
/// in common with the one before is done twice, but nothing in part.
template <int64_t step, class F>
LOSSOPS_INLINE void overlapping(int64_t size, const F& f) {
  for (int64_t i = 0; i < size; i += step) f(std::min(i, size - step));
}

/// At least a vector of rows and four columns.
LOSSOPS_INLINE void transpose_tall(const float* from, int64_t from_stride, float* to, int64_t to_stride,
                                   int64_t rows, int64_t columns) {
  overlapping<Fours::kLanes>(rows, [&](int64_t i) __attribute__((always_inline)) {
    overlapping<4>(columns, [&](int64_t j) __attribute__((always_inline)) {
      Fours::V v[4];
#pragma GCC unroll 4
      for (int k = 0; k < 4; ++k) {
        v[k] = Fours::of([&](int q) __attribute__((always_inline)) {
          return _mm_loadu_ps(from + (i + 4 * q + k) * from_stride + j);
        });
      }
      Fours::transpose(v);
#pragma GCC unroll 4
      for (int k = 0; k < 4; ++k) Fours::store(to + (j + k) * to_stride + i, v[k]);
    });
  });
}

/// At least four rows and a vector of columns.
LOSSOPS_INLINE void transpose_wide(const float* from, int64_t from_stride, float* to, int64_t to_stride,
                                   int64_t rows, int64_t columns) {
  overlapping<Fours::kLanes>(columns, [&](int64_t j) __attribute__((always_inline)) {
    overlapping<4>(rows, [&](int64_t i) __attribute__((always_inline)) {
      Fours::V v[4];
#pragma GCC unroll 4
      for (int k = 0; k < 4; ++k) v[k] = Fours::load(from + (i + k) * from_stride + j);
      Fours::transpose(v);
#pragma GCC unroll 4
      for (int k = 0; k < 4; ++k) {
        Fours::each(v[k], [&](int q, __m128 four) __attribute__((always_inline)) {
          _mm_storeu_ps(to + (j + 4 * q + k) * to_stride + i, four);
        });
      }
    });
  });
}

#endif

/// One function for all that transpose, as it is large.
template <class T>
[[gnu::noinline]] void transpose_blocks(const T* from, int64_t from_stride, T* to, int64_t to_stride,
                                        int64_t rows, int64_t columns) {
#if defined(CPU_CAPABILITY_AVX512) || defined(CPU_CAPABILITY_AVX2)
  if constexpr (std::is_same_v<T, float>) {
    constexpr int64_t n = Fours::kLanes;
    if (rows >= n && columns >= 4) return transpose_tall(from, from_stride, to, to_stride, rows, columns);
    if (rows >= 4 && columns >= n) return transpose_wide(from, from_stride, to, to_stride, rows, columns);
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
    constexpr int64_t n = Fours::kLanes;
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
