// What a loss over the class axis makes of a call on a GPU before it computes rows, and how it computes them:
// all at once, or part by part where the logits never exist as a whole.
#pragma once

#include "families/class_axis/call.h"
#include "families/class_axis/cuda.h"
#include "runtime/cuda/launcher.h"

namespace lossops::cuda {

using class_axis::ClassAxisArguments, class_axis::ClassAxisLoss;

/// A call on its way to the kernels; its arguments must outlive it.
template <class S>
class RowPlan : protected Launcher {
 public:
  using T = typename RowArgs<S>::T;
  static constexpr at::ScalarType kStorage = c10::CppTypeToScalarType<S>::value;
  static constexpr at::ScalarType kMath = c10::CppTypeToScalarType<T>::value;

  /// Reads labels and weights of all `rows`.
  RowPlan(const Call& call, const ClassAxisArguments& args, const ClassAxisKernels& table, int64_t wrt,
          int64_t classes, int64_t rows);

  /// A tensor of the logits' shape as the plan takes it, kept until the kernels are launched.
  template <class P>
  Plane<P> plane(const at::Tensor& t) {
    return Launcher::plane<P>(t, args_.dim);
  }

  /// Launches the kernel over `rows` rows that the planes hold, of which the first is the `first` of the
  /// call; returns how many blocks left their sums in partial().
  int64_t run(const RowPlanes<S>& planes, int64_t first, int64_t rows);

  /// What the reduction divides the sum of all values by.
  const Number& denominator() const { return denominator_; }

 protected:
  const ClassAxisLoss& loss_;
  const ClassAxisArguments& args_;

 private:
  void read_labels();
  void read_weights(int64_t rows);
  Number measure(Divisor::By by);
  const T* weights(const at::Tensor& t);

  const ClassAxisKernels& table_;
  RowArgs<S> all_{};  ///< what is the same for every part
  Number denominator_;
};

}  // namespace lossops::cuda
