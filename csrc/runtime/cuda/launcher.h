// What the launchers of all families share: tensors as kernels see them, sums that stay on the device.
#pragma once

#include <deque>
#include <optional>

#include "core/backend.h"
#include "core/reduction.h"
#include "runtime/cuda/rows.h"

namespace lossops::cuda {

/// A call on its way to the kernels. Nothing here waits for the device.
class Launcher {
 protected:
  Launcher(const Call& call, int64_t wrt);

  at::Tensor empty(at::IntArrayRef shape, at::ScalarType dtype) const;
  at::Tensor zeros(at::IntArrayRef shape, at::ScalarType dtype) const;
  at::Tensor scalar(at::ScalarType dtype) const { return empty({}, dtype); }

  /// The tensor on the input's device. A number of the host's is filled in: to copy it would wait.
  at::Tensor beside_input(const at::Tensor& t) const;

  /// Room for a sum by block.
  double* partial();

  /// Keeps a tensor until the kernels that read it are launched.
  const at::Tensor& keep(at::Tensor t) {
    kept_.push_back(std::move(t));
    return kept_.back();
  }

  static Output output(const at::Tensor& t) { return {t.data_ptr(), t.scalar_type()}; }

  /// The elements of a tensor, which is kept, or a number of the host's; counted with the last dimension of
  /// `order` fastest. What kernels cannot read is converted to `math`.
  Operand operand(at::Tensor t, at::IntArrayRef order, at::ScalarType math);

  /// A tensor, which is kept, as rows along a dimension.
  template <class P>
  Plane<P> plane(const at::Tensor& t, int64_t dim) {
    const Plane<void> p = plane(t, dim, std::is_const_v<P>);
    return {static_cast<P*>(p.data), p.rows, p.class_stride};
  }

  /// A number that kernels left in the sums of this many blocks.
  Number number_of(int64_t blocks);

  /// What the call divides by. measure(by) tells how much is kept, or the sum of the weights of that.
  template <class F>
  Number denominator(const F& measure) {
    const Divisor d = divisor(call_);
    Number n;
    if (d.by == Divisor::kNormalizer) n = normalizer();
    if (d.by == Divisor::kKept || d.by == Divisor::kWeight) n = measure(d.by);
    n.factor *= static_cast<double>(d.factor.expect_int());
    return n;
  }

  /// Finishes a reduced call from the sums of this many blocks: its loss, and what belongs to the
  /// denominator.
  void finish_reduced(Evaluation& out, int64_t blocks, const Number& denominator);

  /// What the kernels scale gradients by.
  Number gradient_denominator(const Number& denominator) const {
    return reduces_ && !unscaled_ ? denominator : Number();
  }

  const Call& call_;
  const int64_t wrt_;
  const bool reduces_;   ///< to a number
  const bool unscaled_;  ///< the denominator is given out beside the gradients

 private:
  /// The normalizer as a number.
  Number normalizer();
  Plane<void> plane(at::Tensor t, int64_t dim, bool may_copy);

  at::Tensor partial_;
  std::deque<at::Tensor> kept_;  ///< which stay where they are
};

/// See Backend::scale.
at::Tensor scale(const at::Tensor& gradient, const at::Tensor& upstream, const at::Tensor& denominator,
                 bool shared);

}  // namespace lossops::cuda
