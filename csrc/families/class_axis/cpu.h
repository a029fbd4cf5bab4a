// The interface between the launcher of losses over the class axis and their kernels.
#pragma once

#include "../../runtime/cpu/kernels.h"

namespace lossops::cpu {

/// Rows of up to this many classes are vectorized across rows, one to a lane; longer ones within the row.
constexpr int64_t kFewClasses = 256;
/// So are rows that are neighbours in memory up to this many.
constexpr int64_t kManyClasses = 16384;

/// A run of rows with logits stored as S. Pointers that a call does not need are null.
template <class S>
struct RowRun {
  using T = typename MathOf<S>::type;
  int64_t rows;
  int64_t classes;
  bool across_rows;
  bool label_list;
  Plane<const S> x[2];
  Plane<S> grad[2];
  Plane<const S> probability;  ///< of the target; otherwise it is a label
  Plane<S> probability_grad;
  const int64_t* label;  ///< by row; a list of up to `classes` labels, ended by a negative one, if label_list
  const T* point;        ///< by row: a target between two classes
  bool ignores;
  int64_t ignore_index;  ///< a row with this label is zero in every output
  const T* true_weight;  ///< by class
  T true_weight_sum;
  const T* other_weight;  ///< by label and class
  const T* label_weight;  ///< by label: of a row's other classes
  const T* log_prior;     ///< by class
  const T* row_weight;    ///< by row
  double smoothing;
  T value_scale;  ///< multiplies the values
  T grad_scale;   ///< multiplies the gradients, above value_scale
  T* value;       ///< by row
  T* work;        ///< row_work(...) elements
};

/// Vectors of scratch memory for a group of rows, one element per class and lane.
constexpr int kRowTiles = 8;
/// Groups of neighbouring rows whose logits are fetched together, up to a number of classes.
constexpr int kAhead = 4;
constexpr int64_t kAheadClasses = 1024;

/// Elements of scratch memory that a run needs.
inline int64_t row_work(int64_t classes, bool across_rows) {
  constexpr int64_t kMostLanes = 16;
  if (!across_rows) return kRowTiles * ((classes + kMostLanes - 1) / kMostLanes * kMostLanes);
  return (kRowTiles + (classes <= kAheadClasses ? 2 * kAhead : 0)) * classes * kMostLanes;
}

/// Computes the run and returns the sum of its values.
template <class S>
using RowFn = double (*)(const double* params, const RowRun<S>& run);

template <class S>
struct ClassAxisKernelFor {
  RowFn<S> fn;
};
struct ClassAxisKernels : ClassAxisKernelFor<float>,
                          ClassAxisKernelFor<double>,
                          ClassAxisKernelFor<c10::BFloat16> {
  template <class S>
  RowFn<S> get() const {
    return ClassAxisKernelFor<S>::fn;
  }
};

}  // namespace lossops::cpu
