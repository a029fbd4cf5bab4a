// What computes a loss and its gradients in one fused pass.
#pragma once

#include "loss.h"

namespace lossops {

/// A loss and its gradients by tensor, as Call has them. The gradients already hold the factor that the
/// reduction puts on them, unless one is in half precision, where that factor would underflow: then
/// `denominator` says what to divide by.
struct Evaluation {
  at::Tensor loss;
  Tensors grads;
  at::Tensor denominator;
  /// What each class costs where it is not the label's, before weights: see Backend::tells_class_costs.
  at::Tensor class_costs;
};

/// One kind of device, for the losses of one family. Nothing waits for the device.
struct Backend {
  c10::DispatchKey key;
  /// The loss and the gradients of the tensors with a bit in `wrt` (the first one's is the lowest), by the
  /// kernels of the loss. The call is aligned.
  Evaluation (*evaluate)(const Call& call, const void* kernels, int64_t wrt);
  /// gradient * upstream / denominator, in place unless the gradient is shared. The upstream gradient is 0-d,
  /// the denominator too or undefined, and all are plain tensors of this device. Null: ATen multiplies.
  at::Tensor (*scale)(const at::Tensor& gradient, const at::Tensor& upstream, const at::Tensor& denominator,
                      bool shared);
  /// Whether `evaluate` gives the class costs if the bit of the tensor that weighs them is set.
  bool tells_class_costs = false;
  /// The gradient of an unreduced loss by the first tensor, with the upstream one in hand; of families that
  /// keep none.
  at::Tensor (*gradient)(const Call& call, const void* kernels, const at::Tensor& upstream) = nullptr;
};

inline Evaluation evaluate(const Kernels& kernels, const Call& call, int64_t wrt) {
  return kernels.backend->evaluate(call, kernels.table, wrt);
}

/// Whether t is what it looks like: nothing traces, batches or wraps it.
bool is_plain(const at::Tensor& t);

/// Whether the gradients of this evaluation, one for each bit of `wrt`, come with a denominator.
bool needs_denominator(const Call& call, int64_t wrt);

/// Whether an output shaped as `like` takes its memory order; otherwise it is contiguous.
bool keeps_order(const at::Tensor& like);

/// The dimensions of such an output from the slowest to the fastest in memory.
c10::SmallVector<int64_t, 8> memory_order(const at::Tensor& like);

/// Such an output, with whatever its memory holds.
at::Tensor empty_in_order(const at::Tensor& like, at::ScalarType dtype);

}  // namespace lossops
