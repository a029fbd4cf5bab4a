// The interface between the launcher of losses over the class axis and their kernels.
#pragma once

#include "../../math/class_axis.h"
#include "../../runtime/cuda/rows.h"

namespace lossops::cuda {

/// What some of the rows read and write, each from their first row on; logits and their gradients are stored
/// as S.
template <class S>
struct RowPlanes {
  Plane<const S> x[2];
  Plane<S> grad[2];
  Plane<const void> probability;  ///< of the target; otherwise it is a label
  c10::ScalarType probability_dtype;
  Plane<void> probability_grad;
  Output value;  ///< by row
};

/// Pointers that a call does not need are null.
template <class S>
struct RowArgs : RowPlanes<S> {
  using T = std::conditional_t<std::is_same_v<S, double>, double, float>;
  int64_t rows;
  int classes;
  int labels;  ///< how many there are
  double params[kMaxParams];
  bool adjacent_rows;    ///< rows that follow one another are neighbours in memory, classes are not
  const int64_t* label;  ///< by row; or lists of up to `classes` labels, ended by a negative one
  uint8_t* is_label;     ///< by row and class, zeros, where labels are lists
  const T* point;        ///< by row: a target between two classes
  bool ignores;
  int64_t ignore_index;      ///< a row with this label is zero in every output
  const T* true_weight;      ///< by class
  const T* true_weight_sum;  ///< null: the number of classes
  const T* other_weight;     ///< by label and class
  const T* label_weight;     ///< by label: of a row's other classes
  const T* log_prior;        ///< by class
  const T* row_weight;       ///< by row
  double smoothing;
  T value_scale;       ///< multiplies the values
  Number denominator;  ///< of gradients
  double* partial;     ///< the sum of each block
  // Set by the kernels' own launcher:
  int team;     ///< threads that work on a row together
  int kept;     ///< vectors of each logits' row that a thread keeps in shared memory
  bool vector;  ///< rows are read 16 bytes at a time where they can be
};

/// Classes of a row that begins at `place` before its first vector of 16 bytes, or all if there is none.
LOSSOPS_INLINE int classes_before_vectors(uintptr_t place, int classes, int bytes_each) {
  const int before = static_cast<int>((16 - place % 16) % 16) / bytes_each;
  return before < classes ? before : classes;
}

/// Launches; returns the number of blocks, each of which left its sum.
template <class S>
using RowFn = int64_t (*)(const RowArgs<S>& args);

struct ClassAxisKernels {
  RowFn<float> in_float;
  RowFn<double> in_double;
  RowFn<c10::Half> in_half;
  RowFn<c10::BFloat16> in_bfloat16;
  template <class S>
  RowFn<S> get() const {
    if constexpr (std::is_same_v<S, float>) return in_float;
    if constexpr (std::is_same_v<S, double>) return in_double;
    if constexpr (std::is_same_v<S, c10::Half>) return in_half;
    if constexpr (std::is_same_v<S, c10::BFloat16>) return in_bfloat16;
  }
};

/// Instantiated for every loss: the kernels of those that are of this family.
template <class E, class S>
struct RowKernelsOf {};
template <ClassAxisExpression E, class S>
struct RowKernelsOf<E, S> {
  static int64_t run(const RowArgs<S>& args);
};

template <class E>
const ClassAxisKernels& class_axis_kernels() {
  static constexpr ClassAxisKernels table{RowKernelsOf<E, float>::run, RowKernelsOf<E, double>::run,
                                          RowKernelsOf<E, c10::Half>::run,
                                          RowKernelsOf<E, c10::BFloat16>::run};
  return table;
}

}  // namespace lossops::cuda
