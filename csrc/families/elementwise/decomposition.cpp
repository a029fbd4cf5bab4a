// Losses element by element in ATen operators.
#include <ATen/OpMathType.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/ne.h>
#include <ATen/ops/where.h>

#include "core/reduction.h"
#include "core/shapes.h"
#include "core/transforms.h"
#include "families/elementwise/call.h"

namespace lossops::elementwise {
namespace {

/// The values of the loss, with its own derivatives.
at::Tensor values(const ElementwiseLoss& loss, const Aten* operands, const double* params) {
  Dual<Aten> y;
  at::Tensor slopes[kMaxOperands];
  bool differentiates = false;
  const int count = loss.operands * loss.components;
  for (int i = 0; i < count; ++i) {
    const at::Tensor& x = operands[i].tensor();
    if (!x.defined() || !may_be_differentiated(x)) continue;
    differentiates = true;
    y = loss.decomposition.loss(operands, i, params);
    slopes[i] = y.d.tensor_like(x);
  }
  const at::Tensor& first = operands[0].tensor();
  if (!differentiates) return loss.decomposition.loss(operands, -1, params).v.tensor_like(first);
  at::Tensor value = y.v.tensor_like(first).detach();
  for (int i = 0; i < count; ++i) {
    if (slopes[i].defined()) value = with_derivative(value, slopes[i], operands[i].tensor());
  }
  return value;
}

/// `valid` says which elements are not ignored; undefined if none is.
void check_domain(const Call& call, const Aten* operands, const at::Tensor& valid) {
  const ElementwiseLoss& loss = ElementwiseLoss::of(call);
  if (!loss.decomposition.invalid || !may_be_searched(call.input())) return;
  at::Tensor invalid = loss.decomposition.invalid(operands, call.settings.params.data()).tensor();
  if (valid.defined()) invalid = invalid & valid;
  std::string given;
  for (int i = 0; i < loss.operands; ++i) {
    if (operands[i].is_number()) continue;
    const auto found = first_where(invalid, operands[i].tensor());
    if (!found) return;
    given += c10::str(i ? ", " : "", loss.argument(i), " ", found->value);
  }
  loss.raise("domain", loss.domain, ", got ", given);
}

}  // namespace

at::Tensor decompose(const Call& call) {
  const ElementwiseLoss& loss = ElementwiseLoss::of(call);
  const Settings& s = call.settings;
  const at::ScalarType dtype = at::toOpMathType(call.promoted_dtype());
  const at::Tensor each = elements(call);
  const auto tensor = [&](int i) {
    const at::Tensor t = beside_input(call, call.tensors[i]);
    const at::Tensor& like = i < loss.operands ? call.input() : each;
    return same(t.sym_sizes(), like.sym_sizes()) ? t : t.expand_symint(like.sym_sizes());
  };

  // What is ignored must not reach a gradient even if it is infinite: its operands are replaced by zeros.
  at::Tensor valid, weight = call.weight().defined() ? tensor(loss.operands).to(dtype) : at::Tensor();
  if (s.ignore_index) valid = at::ne(tensor(loss.target), *s.ignore_index);
  if (loss.components > 1 && weight.defined()) valid = weight != 0;  // as in kernels
  std::array<Aten, kMaxOperands> operands;
  for (int i = 0; i < loss.operands; ++i) {
    if (!call.tensors[i].defined()) {
      operands[i] = Aten(loss.traits.operands[i].otherwise);
      continue;
    }
    const at::Tensor t = tensor(i).to(dtype);
    for (int c = 0; c < loss.components; ++c) {
      const at::Tensor x = loss.components > 1 ? t.select(-1, c) : t;
      operands[loss.components * i + c] = valid.defined() ? at::where(valid, x, 0.0) : x;
    }
  }
  check_domain(call, operands.data(), valid);
  at::Tensor value = values(loss, operands.data(), s.held_in(dtype).data());
  if (valid.defined()) {
    value = at::where(valid, value, 0.0);
    if (weight.defined()) weight = at::where(valid, weight, 0.0);
  }
  if (weight.defined()) value = value * weight;

  if (!call.reduces() && loss.traits.row_mean) value = value.mean(-1);
  return reduce(call, value, valid, weight).to(call.result_dtype());
}

}  // namespace lossops::elementwise
