#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/mean.h>

#include "core/loss.h"

namespace lossops {
namespace {

at::Tensor empty_in_order(const at::Tensor& like, at::ScalarType dtype) {
  const auto options = like.options().dtype(dtype).requires_grad(false);
  if (!keeps_order(like)) return at::empty_symint(like.sym_sizes(), options);
  return at::empty_strided_symint(like.sym_sizes(), like.sym_strides(), options);
}

}  // namespace

Evaluation evaluate_meta(const Call& call, int64_t wrt) {
  Evaluation out;
  const auto dtype = call.result_dtype();
  if (call.settings.reduction == Reduction::kNone) {
    out.loss = empty_in_order(call.input(), dtype);
    if (call.loss->traits.row_mean) out.loss = at::mean(out.loss, -1);
  } else {
    out.loss = at::empty({}, call.input().options().dtype(dtype).requires_grad(false));
  }
  for (int i = 0; i <= call.loss->operands; ++i) {
    if (wrt >> i & 1) out.grads[i] = empty_in_order(call.input(), call.tensors[i].scalar_type());
  }
  if (wrt >> (call.loss->operands + 1) & 1)
    out.grads[call.loss->operands + 1] = at::empty_like(call.normalizer());
  if (needs_denominator(call, wrt)) {
    out.denominator = at::empty({}, call.input().options().dtype(at::kDouble).requires_grad(false));
  }
  return out;
}

}  // namespace lossops
