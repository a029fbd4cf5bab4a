// The interface between the launchers of losses of vectors and their kernels.
#pragma once

#include "../../runtime/cpu/kernels.h"

namespace lossops::cpu {

constexpr int kMaxVectors = 3;

/// A run of groups, whose vectors lie one after the other. What a call does not need is null.
template <class S>
struct VectorRun {
  int64_t groups, length;
  const S* x[kMaxVectors];
  int64_t stride[kMaxVectors];  ///< from a vector to the next
  S* grad[kMaxVectors];
  int64_t grad_stride[kMaxVectors];
  const double* label;   ///< by group, as are those that follow
  const double* factor;  ///< multiplies the gradients, which are 0 where it is
  double* value;
};

template <class S>
using VectorFn = void (*)(const double* params, const VectorRun<S>& run);

/// The kernels of an expression of vectors for one instruction set.
template <class S>
struct VectorKernelFor {
  VectorFn<S> fn;
};
struct VectorKernels : VectorKernelFor<float>, VectorKernelFor<double> {
  template <class S>
  VectorFn<S> get() const {
    return VectorKernelFor<S>::fn;
  }
};

}  // namespace lossops::cpu
