// The CUDA kernels' launchers: null in a build without CUDA.
#pragma once

#include "core/loss.h"

namespace lossops::cuda {

#ifdef LOSSOPS_CUDA

constexpr bool kBuilt = true;

Evaluation evaluate_elementwise(const Call& call, int64_t wrt);
Evaluation evaluate_class_axis(const Call& call, int64_t wrt);

/// grad *= upstream / denominator in place, without looking at either on the host; a denominator may be
/// undefined. `grad` is a dense tensor that nobody else holds, the others are 0-d on its device.
void scale(const at::Tensor& grad, const at::Tensor& upstream, const at::Tensor& denominator);

#else

constexpr bool kBuilt = false;

constexpr Evaluation (*evaluate_elementwise)(const Call&, int64_t) = nullptr;
constexpr Evaluation (*evaluate_class_axis)(const Call&, int64_t) = nullptr;
constexpr void (*scale)(const at::Tensor&, const at::Tensor&, const at::Tensor&) = nullptr;

#endif

}  // namespace lossops::cuda
