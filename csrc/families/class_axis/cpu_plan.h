// What a loss over the class axis makes of a call on the CPU before it computes rows, and how it computes
// them: all at once, or part by part where the logits never exist as a whole.
#pragma once

#include "families/class_axis/call.h"
#include "families/class_axis/cpu.h"
#include "runtime/cpu/planes.h"
#include "runtime/cpu/reduction.h"

namespace lossops::cpu {

using class_axis::ClassAxisArguments, class_axis::ClassAxisLoss;

/// What some of the rows read and write, each from their first row on. Gradients that are not wanted are not
/// there.
template <class S>
struct RowPlanes {
  Rows<S> x[2], grad[2];
  Rows<S> probability;                        ///< of the target
  Rows<S> probability_grad;                   ///< by that, or by the weights of other classes row by row
  typename MathOf<S>::type* value = nullptr;  ///< by row
};

/// A call, whose arguments must outlive it.
template <class S>
class RowPlan {
 public:
  using T = typename MathOf<S>::type;
  static constexpr at::ScalarType kMath = c10::CppTypeToScalarType<T>::value;

  /// Reads labels and weights, and raises for those that are out of range. The logits of all `rows` lie like
  /// those of `logits`, a part of them or all.
  RowPlan(const Call& call, const ClassAxisArguments& args, const ClassAxisKernels& table,
          const RowMap& logits, int64_t rows, int64_t wrt);

  /// A tensor of the logits' shape as the plan takes it, which may be undefined.
  Rows<S> rows_of(const at::Tensor& t) const {
    return t.defined() ? Rows<S>(t, args_.dim, run_.across_rows) : Rows<S>();
  }

  /// Computes the rows that the planes hold, of which the first is the `first` of the call, and returns the
  /// sum of their values. Bitwise the same for every number of threads.
  double run(const RowPlanes<S>& planes, int64_t first = 0) const;

  /// What the reduction divides the sum of all values by.
  double denominator() const { return denominator_; }

  /// What gradients that come with a denominator have to be multiplied by for float16 to hold those of all
  /// runs so far; from now on they are.
  double fit_half() {
    const double factor = reach_.factor();
    run_.grad_scale *= static_cast<T>(factor);
    return factor;
  }

 private:
  template <class>
  friend class RowExecutor;

  void choose_layout(const RowMap& logits, int64_t wrt);
  void read_labels();
  void read_points();
  void read_weights();
  double measure(Divisor::By by) const;
  at::Tensor as_math(const at::Tensor& t) const { return t.detach().to(kMath).contiguous(); }
  static const T* data(const at::Tensor& t) { return t.defined() ? t.const_data_ptr<T>() : nullptr; }

  const Call& call_;
  const ClassAxisLoss& loss_;
  const ClassAxisArguments& args_;
  const ClassAxisKernels& table_;
  const int64_t rows_;
  const bool reads_row_;  ///< else the label's logit alone
  int64_t cost_;          ///< of a row, in elements
  int64_t block_;         ///< rows at a time
  int64_t kept_rows_;     ///< that are not ignored
  double denominator_;
  RowRun<S> run_{};             ///< what is the same for every block
  const bool has_denominator_;  ///< that comes with the gradients
  mutable Reach reach_;
  at::Tensor labels_, points_, class_weight_, true_weight_, other_weight_, log_prior_, row_weight_;
};

}  // namespace lossops::cpu
