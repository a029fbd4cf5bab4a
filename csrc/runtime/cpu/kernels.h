// The interface between the launcher, compiled once, and the kernels, compiled once per instruction set.
#pragma once

#include <c10/core/ScalarType.h>
#include <c10/util/BFloat16.h>

#include <cstdint>

namespace lossops::cpu {

constexpr int kBlockOperands = 4;

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

/// A run of elements, stored as S. Arrays that a call does not need are null.
template <class S>
struct Block {
  using T = typename MathOf<S>::type;
  int64_t size;
  const S* in[kBlockOperands];
  int64_t step[kBlockOperands];  ///< 1, or 0 for a value that is the same everywhere
  const S* weight;
  int64_t weight_step;
  const S* label;  ///< elements whose label is ignore_index are zero in every output
  int64_t label_step;
  T ignore_index;
  S* value;
  S* grad[kBlockOperands];
  T scale[kBlockOperands];  ///< multiplies the gradients
  S* weight_grad;           ///< the value before it is weighted, times weight_scale
  T weight_scale;
  bool invalid;  ///< out: an operand lies outside the loss's domain
};

/// Computes the block and returns the sum of its (weighted) values.
template <class S>
using BlockFn = double (*)(const double* params, Block<S>& block);

/// What to differentiate by: nothing, the first operand, or all of them.
enum class Wrt { kNothing, kFirst, kAll };

/// The kernels of one loss for one instruction set, by Wrt.
template <class S>
struct KernelsFor {
  BlockFn<S> by[3];
};
struct Kernels : KernelsFor<float>, KernelsFor<double>, KernelsFor<c10::BFloat16> {
  template <class S>
  BlockFn<S> get(Wrt wrt) const {
    return KernelsFor<S>::by[static_cast<int>(wrt)];
  }
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
