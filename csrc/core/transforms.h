// Operators that both modes of autograd and every transform of torch.func know (vmap:
// lossops/_transforms.py). They make a decomposition as exact and as strict as the kernels.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace lossops {

/// `value`, to whose derivative `slope` times that of `operand` is added, to every order as far as slope can
/// be differentiated. The three have one shape.
at::Tensor with_derivative(const at::Tensor& value, const at::Tensor& slope, const at::Tensor& operand);

/// f of a sum, as of one dimension more: torch 2.13 compiles no reverse over forward mode of a sum that is
/// multiplied or divided at once.
template <class F>
at::Tensor of_sum(const at::Tensor& sum, const F& f) {
  return f(sum.unsqueeze(0)).squeeze(0);
}

/// Whether derivatives by t may be asked for.
bool may_be_differentiated(const at::Tensor& t);

/// Whether first_where may find anything among such values. Others need no mask.
inline bool may_be_searched(const at::Tensor& values) {
  return values.device().is_cpu() && !values.key_set().has(c10::DispatchKey::Python);
}

struct Found {
  double value;   ///< rounded to a double
  int64_t index;  ///< as memory would be counted; of whole batches under vmap
};

/// The first of the values where the mask holds, which has their shape; none if it holds nowhere, or where
/// nothing can be looked at: on other devices than the CPU, and where something traces.
std::optional<Found> first_where(const at::Tensor& mask, const at::Tensor& values);

}  // namespace lossops
