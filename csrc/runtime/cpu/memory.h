// Outputs of the CPU kernels.
#pragma once

#include <ATen/core/Tensor.h>

namespace lossops::cpu {

/// An output shaped as `like`, in its memory order if that is dense; large ones on huge pages.
at::Tensor empty_dense(const at::Tensor& like, at::ScalarType dtype);

at::Tensor scalar_tensor(double value, at::ScalarType dtype);

/// The value of a 0-d tensor; for the usual dtype without a call of the dispatcher.
double value_of_scalar(const at::Tensor& t);

/// See Backend::scale.
at::Tensor scale(const at::Tensor& gradient, const at::Tensor& upstream, const at::Tensor& denominator,
                 bool shared);

}  // namespace lossops::cpu
