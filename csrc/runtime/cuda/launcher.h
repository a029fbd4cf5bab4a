// What the launchers of both families share: tensors as kernels see them, sums that stay on the device.
#pragma once

#include <optional>
#include <vector>

#include "core/loss.h"
#include "runtime/cuda/kernels.h"

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

  /// A number that kernels left in the sums of this many blocks.
  Number number_of(int64_t blocks);

  /// The normalizer as a denominator.
  Number normalizer();

  /// Finishes a reduced call from the sums of this many blocks: its loss, and what belongs to the
  /// denominator. `per_normalizer` is the denominator over the normalizer.
  void finish_reduced(Evaluation& out, int64_t blocks, const Number& denominator, double per_normalizer);

  /// What the kernels scale gradients by.
  Number gradient_denominator(const Number& denominator) const {
    return reduces_ && !unscaled_ ? denominator : Number();
  }

  const Call& call_;
  const Loss& loss_;
  const int64_t wrt_;
  const bool reduces_;   ///< to a number
  const bool unscaled_;  ///< the denominator is given out beside the gradients

 private:
  at::Tensor partial_;
  std::vector<at::Tensor> kept_;
};

}  // namespace lossops::cuda
