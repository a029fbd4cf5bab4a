// The interface between the CUDA launcher of element-wise losses and their kernels.
#pragma once

#include "../../math/class_axis.h"
#include "../../math/lattice.h"
#include "../../math/sums.h"
#include "../../runtime/cuda/kernels.h"

namespace lossops::cuda {

struct ElementArgs {
  int64_t size;
  double params[kMaxParams];
  bool strided;  ///< some operand is
  Operand in[kMaxOperands];
  bool weighted, ignores;
  Operand weight;
  int label;       ///< the operand that labels are
  double ignored;  ///< elements whose label it is are zero in every output
  Output value;
  Output grad[kMaxOperands];
  Output weight_grad;  ///< the value before it is weighted
  Number denominator;  ///< of gradients
  double* partial;     ///< the sum of each block
};

/// What to differentiate by: nothing, the first operand, or all of them.
enum class Wrt { kNothing, kFirst, kAll };

/// Launches; returns the number of blocks, each of which left its sum.
using ElementFn = int64_t (*)(const ElementArgs& args);

/// The kernels of one loss in one type, by Wrt.
struct ElementKernels {
  ElementFn by[3];
};
/// Instantiated for every loss: the kernels of those that are of this family.
template <class E, class T>
struct ElementKernelsOf {
  static const ElementKernels& get();
};
template <class E, class T>
  requires(ClassAxisExpression<E> || LatticeExpression<E> || VectorExpression<E> || RegionExpression<E>)
struct ElementKernelsOf<E, T> {};

struct Kernels {
  const ElementKernels& in_float;
  const ElementKernels& in_double;
};

template <class E>
const Kernels& all_element_kernels() {
  static const Kernels table{ElementKernelsOf<E, float>::get(), ElementKernelsOf<E, double>::get()};
  return table;
}

}  // namespace lossops::cuda
