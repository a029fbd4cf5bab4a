// What the generated functions.cpp needs: handles of operators, and tensors of numbers.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/full.h>
#include <lossops/types.h>

#include <vector>

namespace lossops::api {

template <class Signature>
c10::TypedOperatorHandle<Signature> handle(const char* name) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<Signature>();
}

inline at::Tensor filled(const TensorOrNumber& x, at::IntArrayRef sizes, const at::TensorOptions& options) {
  return x.tensor() ? *x.tensor() : at::full(sizes, *x.number(), options);
}

/// A 0-d tensor on the device of `input`; float64, so that no count is rounded.
inline std::optional<at::Tensor> number_beside(const std::optional<TensorOrNumber>& x,
                                               const at::Tensor& input) {
  if (!x) return std::nullopt;
  return filled(*x, {}, at::device(input.device()).dtype(at::kDouble));
}

/// A 0-d tensor of the dtype of `input`.
inline at::Tensor operand_beside(const TensorOrNumber& x, const at::Tensor& input) {
  return filled(x, {}, input.options());
}

/// One variance for all elements.
inline at::Tensor variance_beside(const TensorOrNumber& var, const at::Tensor& input) {
  const std::vector<int64_t> ones(input.dim(), 1);
  return filled(var, ones, input.options());
}

}  // namespace lossops::api
