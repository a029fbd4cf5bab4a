// What launchers, compiled once, and kernels, compiled once per instruction set, share.
#pragma once

#include <c10/core/ScalarType.h>
#include <c10/util/BFloat16.h>

#include <cstdint>

namespace lossops::cpu {

/// Elements that a kernel is given at a time: what the reproducible reduction and the conversion buffers
/// work in.
constexpr int64_t kBlockSize = 4096;

/// Every array that has step 0 holds this many copies of its one value.
constexpr int64_t kSplatSize = 64;

/// What elements stored as S are computed in.
template <class S>
struct MathOf {
  using type = S;
};
template <>
struct MathOf<c10::BFloat16> {
  using type = float;
};

/// Where the elements of a run of rows lie: (row, class) at data[row * row_stride + class * class_stride],
/// one of the strides being 1. No data: not there.
template <class S>
struct Plane {
  S* data = nullptr;
  int64_t row_stride = 0;
  int64_t class_stride = 0;
};

/// Raises; defined outside the objects of the instruction sets, which must not share code through the linker.
[[noreturn]] void unsupported_dtype(c10::ScalarType dtype);

/// Conversions between memory of any dtype and T.
template <class T>
struct Conversions {
  /// dst[i] = src[i * stride]; stride counts elements.
  void (*load)(const void* src, c10::ScalarType dtype, int64_t stride, T* dst, int64_t size);
  /// dst[i * stride] = src[i].
  void (*store)(const T* src, void* dst, c10::ScalarType dtype, int64_t stride, int64_t size);
};

}  // namespace lossops::cpu
