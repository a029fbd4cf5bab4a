// Outputs of the CPU kernels.
#pragma once

#include <ATen/core/Tensor.h>

namespace lossops::cpu {

/// An output shaped as `like`, in its memory order if that is dense; large ones on huge pages.
at::Tensor empty_dense(const at::Tensor& like, at::ScalarType dtype);

at::Tensor scalar_tensor(double value, at::ScalarType dtype);

}  // namespace lossops::cpu
