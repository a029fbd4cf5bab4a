#include <ATen/OpMathType.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/ne.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/where.h>

#include "core/loss.h"

namespace lossops {

at::Tensor evaluate_formula(const Call& call) {
  const Loss& loss = *call.loss;
  const Settings& s = call.settings;
  const at::ScalarType dtype = at::toOpMathType(call.promoted_dtype());

  // What is ignored must not reach a gradient even if it is infinite: its operands are replaced by zeros.
  at::Tensor valid;
  if (s.ignore_index) valid = at::ne(call.tensors[loss.target], *s.ignore_index);
  std::array<Formula, kMaxOperands> operands;
  for (int i = 0; i < loss.operands; ++i) {
    if (!call.tensors[i].defined()) {
      operands[i] = Formula(1);
      continue;
    }
    at::Tensor t = call.tensors[i].to(dtype);
    operands[i] = valid.defined() ? at::where(valid, t, 0.0) : t;
  }
  at::Tensor value = loss.formula(operands.data(), s.params.data()).tensor();
  at::Tensor weight = call.weight().defined() ? call.weight().to(dtype) : at::Tensor();
  if (valid.defined()) {
    value = at::where(valid, value, 0.0);
    if (weight.defined()) weight = at::where(valid, weight, 0.0);
  }
  if (weight.defined()) value = value * weight;

  if (s.reduction == Reduction::kNone) {
    if (loss.traits.row_mean) value = value.mean(-1);
  } else if (s.reduction == Reduction::kMean && !call.normalizer().defined()) {
    if (loss.traits.mean_over_weight && weight.defined()) {
      value = value.sum() / weight.sum();
    } else {
      value = valid.defined() ? value.sum() / valid.sum() : value.mean();
    }
  } else {
    const auto sizes = call.input().sym_sizes();
    value = value.sum();
    if (s.reduction == Reduction::kBatchMean && !sizes.empty()) value = value / at::Scalar(sizes.front());
    if (loss.traits.row_mean) value = value / at::Scalar(sizes.back());
    if (call.normalizer().defined()) value = value / call.normalizer();
  }
  return value.to(call.result_dtype());
}

}  // namespace lossops
