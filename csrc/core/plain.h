// Tensors that a node of autograd may look at.
#pragma once

#include <ATen/core/Tensor.h>

namespace lossops {

/// Whether t may be looked at and its kernels called without the dispatcher: a CPU tensor that nothing
/// traces, batches or wraps.
bool is_plain(const at::Tensor& t);

/// The value of a plain 0-d tensor; for the usual dtype without a call of the dispatcher.
double value_of_scalar(const at::Tensor& t);

}  // namespace lossops
