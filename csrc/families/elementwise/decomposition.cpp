// Losses element by element in ATen operators.
#include <ATen/OpMathType.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/ne.h>
#include <ATen/ops/where.h>

#include "core/reduction.h"
#include "core/shapes.h"
#include "families/elementwise/call.h"

namespace lossops::elementwise {

at::Tensor decompose(const Call& call) {
  const ElementwiseLoss& loss = ElementwiseLoss::of(call);
  const Settings& s = call.settings;
  const at::ScalarType dtype = at::toOpMathType(call.promoted_dtype());
  const auto tensor = [&](int i) {
    const at::Tensor t = beside_input(call, call.tensors[i]);
    return same(t.sym_sizes(), call.input().sym_sizes()) ? t : t.expand_symint(call.input().sym_sizes());
  };

  // What is ignored must not reach a gradient even if it is infinite: its operands are replaced by zeros.
  at::Tensor valid;
  if (s.ignore_index) valid = at::ne(tensor(loss.target), *s.ignore_index);
  std::array<Aten, kMaxOperands> operands;
  for (int i = 0; i < loss.operands; ++i) {
    if (!call.tensors[i].defined()) {
      operands[i] = Aten(1);
      continue;
    }
    const at::Tensor t = tensor(i).to(dtype);
    operands[i] = valid.defined() ? at::where(valid, t, 0.0) : t;
  }
  at::Tensor value = loss.decomposition(operands.data(), s.params.data()).tensor();
  at::Tensor weight = call.weight().defined() ? tensor(loss.operands).to(dtype) : at::Tensor();
  if (valid.defined()) {
    value = at::where(valid, value, 0.0);
    if (weight.defined()) weight = at::where(valid, weight, 0.0);
  }
  if (weight.defined()) value = value * weight;

  if (!call.reduces() && loss.traits.row_mean) value = value.mean(-1);
  return reduce(call, value, valid, weight).to(call.result_dtype());
}

}  // namespace lossops::elementwise
