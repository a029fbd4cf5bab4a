// The interface between the launcher, compiled once, and the kernels, compiled once per instruction set.
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>

namespace lossops::cpu {

constexpr int kBlockOperands = 4;

/// Elements that a kernel is given at a time: what the reproducible reduction and the conversion buffers
/// work in.
constexpr int64_t kBlockSize = 4096;

/// Every array that has step 0 holds this many copies of its one value.
constexpr int64_t kSplatSize = 64;

/// A run of elements in T. Arrays that a call does not need are null.
template <class T>
struct Block {
  int64_t size;
  const T* in[kBlockOperands];
  int64_t step[kBlockOperands];  ///< 1, or 0 for a value that is the same everywhere
  const T* weight;
  int64_t weight_step;
  const T* label;  ///< elements whose label is ignore_index are zero in every output
  int64_t label_step;
  T ignore_index;
  T* value;
  T* grad[kBlockOperands];
  T scale[kBlockOperands];  ///< multiplies the gradients
  T* weight_grad;           ///< the value before it is weighted, times weight_scale
  T weight_scale;
  bool invalid;  ///< out: an operand lies outside the loss's domain
};

/// Computes the block and returns the sum of its (weighted) values.
template <class T>
using BlockFn = double (*)(const double* params, Block<T>& block);

/// What to differentiate by: nothing, the first operand, or all of them.
enum class Wrt { kNothing, kFirst, kAll };

/// The kernels of one loss for one instruction set, by Wrt.
struct Kernels {
  BlockFn<float> in_float[3];
  BlockFn<double> in_double[3];
};

/// Raises; defined outside the objects of the instruction sets, which must not share code through the linker.
[[noreturn]] void unsupported_dtype(c10::ScalarType dtype);

/// Conversions between memory of any dtype and T.
template <class T>
struct Conversions {
  /// dst[i] = src[i * stride]; stride counts elements.
  void (*load)(const void* src, c10::ScalarType dtype, int64_t stride, T* dst, int64_t size);
  void (*store)(const T* src, void* dst, c10::ScalarType dtype, int64_t size);
};

}  // namespace lossops::cpu
