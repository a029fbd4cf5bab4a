// The interface between the launcher of element-wise losses and their kernels.
#pragma once

#include "../../math/parameters.h"
#include "../../runtime/cpu/kernels.h"

namespace lossops::cpu {

/// A kernel takes a multiple of this many elements: twice the lanes of the widest register.
constexpr int64_t kStep = 32;

/// A run of elements, stored as S; those of operands and their gradients are as many numbers as the loss
/// says. Arrays that a call does not need are null.
template <class S>
struct Block {
  using T = typename MathOf<S>::type;
  int64_t size;  ///< a multiple of kStep
  const S* in[kMaxOperands];
  int64_t step[kMaxOperands];  ///< 1, or 0 for a value that is the same everywhere
  const S* weight;
  int64_t weight_step;
  const S* label;  ///< elements whose label is ignore_index are zero in every output
  int64_t label_step;
  T ignore_index;
  S* value;
  S* grad[kMaxOperands];
  T scale[kMaxOperands];  ///< multiplies the gradients
  S* weight_grad;         ///< the value before it is weighted, times weight_scale
  T weight_scale;
  bool invalid;  ///< out: an operand lies outside the loss's domain
};

/// Computes the block and returns the sum of its (weighted) values.
template <class S>
using BlockFn = double (*)(const double* params, Block<S>& block);

/// What to differentiate by: nothing, the first operand, or all of them.
enum class Wrt { kNothing, kFirst, kAll };

/// The kernels of one loss for one instruction set, by Wrt; null where it has none of this type.
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

}  // namespace lossops::cpu
