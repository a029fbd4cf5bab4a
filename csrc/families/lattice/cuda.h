// The interface between the CUDA launcher of losses of sequences and their kernels.
#pragma once

#include "../../math/lattice.h"
#include "../../math/path_weight.h"
#include "../../runtime/cuda/kernels.h"
#include "options.h"

namespace lossops::cuda {

/// A tensor of scores, or their gradient, by sequence, frame, position and class.
struct Scores {
  void* data = nullptr;
  c10::ScalarType dtype = c10::ScalarType::Float;
  int64_t stride[4] = {};
  LOSSOPS_INLINE int64_t row(int64_t n, int64_t t, int64_t u) const {
    return n * stride[0] + t * stride[1] + u * stride[2];
  }
};

/// Paths are summed in double, whose exponents are exact however long they are.
using LatticeWeight = PathWeight<Scalar<double>>;

/// Memory of the device; sequence n has its share of it from where `first` says on.
struct LatticeArgs {
  int64_t batch, frames, classes;
  int64_t positions;  ///< that have a row of classes of their own
  int64_t most;       ///< labels that a target may have
  int64_t rows;       ///< of a lattice, at most
  Scores x, grad;
  const int64_t *lengths, *counts, *first, *target;
  lattice::Options o;
  const double* factor;     ///< of the gradient, by sequence
  Number denominator;       ///< of the gradient
  double *largest, *share;  ///< by row of classes: p = exp(x - largest) * share
  LatticeWeight *blank, *label, *states, *rest;
  double* per_use;  ///< by row of the lattice: what uses are multiplied by
  int64_t* same;    ///< by position: twice the next one with its label, or -2; and 1 more for the first
  double* loss;     ///< by sequence
};

/// The kernels of a topology, of scores computed in T.
struct LatticeFunctions {
  void (*read)(const LatticeArgs& args);   ///< scores to weights
  void (*walk)(const LatticeArgs& args);   ///< weights to losses and, for a gradient, uses in their place
  void (*write)(const LatticeArgs& args);  ///< uses to the gradient
};

/// Instantiated for every loss: the kernels of those that are of this family.
template <class E, class T>
struct LatticeKernelsOf {};
template <LatticeExpression E, class T>
struct LatticeKernelsOf<E, T> {
  static const LatticeFunctions& get();
};

struct LatticeKernels {
  const LatticeFunctions& in_float;
  const LatticeFunctions& in_double;
};

template <class E>
const LatticeKernels& lattice_kernels() {
  static const LatticeKernels table{LatticeKernelsOf<E, float>::get(), LatticeKernelsOf<E, double>::get()};
  return table;
}

}  // namespace lossops::cuda
