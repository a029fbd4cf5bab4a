// What launchers, which the host's compiler builds, and kernels, which nvcc does, share.
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>

#include "offsets.h"

namespace lossops::cuda {

/// Blocks of a launch at most. Their number follows from sizes alone, so sums come out the same from run to
/// run; between devices those of long rows may differ, which row_grid shares out by the shared memory.
constexpr int64_t kMaxBlocks = 8192;

/// How the elements of an operand lie in memory.
enum class Layout : uint8_t {
  kNumber,   ///< not at all: one number for all of them
  kOne,      ///< one for all of them
  kPacked,   ///< one behind the other, and aligned for 16-byte reads
  kStrided,  ///< as `offsets` says
};

/// What a tensor's elements are read from.
struct Operand {
  const void* data = nullptr;
  double number = 1;
  c10::ScalarType dtype = c10::ScalarType::Float;
  Layout layout = Layout::kNumber;
  Offsets offsets;
};

/// Whether kernels read this dtype; others are converted before.
inline bool is_readable(c10::ScalarType dtype) {
  using enum c10::ScalarType;
  return dtype == Float || dtype == Double || dtype == Half || dtype == BFloat16 || dtype == Bool ||
         dtype == Int || dtype == Long;
}

/// Where a dense output goes: aligned memory of a floating point dtype, or nowhere.
struct Output {
  void* data = nullptr;
  c10::ScalarType dtype = c10::ScalarType::Float;
};

/// A number that is known when the kernel runs: a factor, and a value on the device where there is one.
struct Number {
  double factor = 1;
  const double* value = nullptr;
  LOSSOPS_INLINE double get() const { return value ? factor * *value : factor; }
};

// -- what every launcher needs (common.cu) ---------------------------------------------------------------

/// Of sums by block: their sum, and what follows from it.
struct Finish {
  const double* partial;
  int64_t count;
  Number denominator;
  Output loss;                        ///< the sum over the denominator
  double* denominator_out = nullptr;  ///< the denominator, or 1 for 0: then no element counts
  Output normalizer_grad;             ///< over the denominator unless that is given out
  double per_normalizer = 1;          ///< the denominator over the normalizer
};
void finish(const Finish& args);

/// Leaves by block how many labels are not ignored, or their weights' sum; returns the number of blocks.
struct Weigh {
  int64_t size;
  bool in_double;  ///< what labels are compared in
  bool weighted, ignores;
  Operand weight, label;
  double ignored;  ///< the label that counts for nothing
  double* partial;
};
int64_t weigh(const Weigh& args);

/// The same for labels over a class axis, with weights by class or null; of float or double.
struct WeighLabels {
  int64_t size, classes;
  const int64_t* label;
  bool ignores;
  int64_t ignore_index;
  const void* weight;
  bool in_double;
  double* partial;
};
int64_t weigh_labels(const WeighLabels& args);

/// Multiplies dense memory in place by upstream / denominator, which are on the device; leaves it alone if
/// that is 1.
struct Scale {
  Output grad;
  int64_t size;
  const void* upstream;
  c10::ScalarType upstream_dtype;
  const double* denominator;
};
void scale(const Scale& args);

}  // namespace lossops::cuda
