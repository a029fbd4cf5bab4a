// The interface between the CUDA launcher of losses of vectors and their kernel.
#pragma once

#include "../../math/sums.h"
#include "../../runtime/cuda/kernels.h"

namespace lossops::cuda {

struct VectorArgs {
  static constexpr int kMaxVectors = 3;
  int64_t groups, length;
  double params[kMaxParams];
  bool wide;               ///< elements are doubles, whose sums may be beyond the range of numbers
  Operand x[kMaxVectors];  ///< by group and element
  Operand label, weight;   ///< by group
  Output grad[kMaxVectors];
  Output value, weight_grad;  ///< by group
  Number denominator;         ///< of gradients
  double* partial;            ///< the sum of each block
  // Set by the kernel's own launcher:
  int team;     ///< threads that work on a group together
  bool packed;  ///< groups are read by several elements at a time
};

/// Launches; returns the number of blocks, each of which left its sum.
using VectorFn = int64_t (*)(const VectorArgs& args);

/// Instantiated for every loss: the kernel of those that are of this family.
template <class E>
struct VectorKernelsOf {};
template <VectorExpression E>
struct VectorKernelsOf<E> {
  static int64_t run(const VectorArgs& args);
};

struct VectorKernels {
  VectorFn run;
};

template <class E>
const VectorKernels& vector_kernels() {
  static constexpr VectorKernels table{VectorKernelsOf<E>::run};
  return table;
}

}  // namespace lossops::cuda
