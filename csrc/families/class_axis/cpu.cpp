// The CPU launcher of losses over the class axis: makes the outputs, and runs the plan of a call over all of
// its rows.
#include "families/cpu.h"

#include <ATen/EmptyTensor.h>
#include <ATen/OpMathType.h>
#include <c10/util/SmallVector.h>

#include "families/class_axis/cpu_plan.h"
#include "runtime/cpu/memory.h"

namespace lossops {
namespace {

using cpu::RowPlan, cpu::RowPlanes;

/// Whether everything shaped like the logits is a bfloat16.
bool all_bfloat16(const ClassAxisArguments& args) {
  const auto fits = [](const at::Tensor& t) { return !t.defined() || t.scalar_type() == at::kBFloat16; };
  return fits(args.x[0]) && fits(args.x[1]) && (!args.probabilities || fits(args.target));
}

/// Room for the values of all rows.
at::Tensor empty_values(const Call& call, int64_t dim, at::ScalarType dtype) {
  c10::SmallVector<int64_t, 8> shape(call.input().sizes().begin(), call.input().sizes().end());
  shape.erase(shape.begin() + dim);
  return at::detail::empty_cpu(shape, dtype);
}

/// What follows from the sum of the values.
template <class S>
void finish_reduced(const Call& call, int64_t wrt, const RowPlan<S>& plan, double total, Evaluation& out) {
  const double denominator = plan.denominator();
  out.loss = cpu::scalar_tensor(total / denominator, call.result_dtype());
  // Without a row that counts all gradients are 0, and stay that.
  if (plan.unscaled()) out.denominator = cpu::scalar_tensor(denominator == 0 ? 1 : denominator, at::kDouble);
  if (const int n = call.loss->operands + 1; wrt >> n & 1) {
    const double of_loss = -total / denominator;
    out.grads[n] = cpu::scalar_tensor(plan.unscaled() ? of_loss : of_loss / denominator,
                                      call.normalizer().scalar_type());
  }
}

template <class S>
Evaluation evaluate(const Call& call, const ClassAxisArguments& args, int64_t wrt) {
  const cpu::RowMap logits(call.input(), args.dim);
  const RowPlan<S> plan(call, args, logits, logits.rows(), wrt);
  Evaluation out;
  for (int i = 0; i < call.loss->operands; ++i) {
    if (wrt >> i & 1) out.grads[i] = cpu::empty_dense(call.tensors[i], call.tensors[i].scalar_type());
  }
  RowPlanes<S> planes;
  for (int side = 0; side < call.loss->members->sides; ++side) {
    planes.x[side] = plan.rows_of(args.x[side]);
    planes.grad[side] = plan.rows_of(out.grads[side]);
  }
  if (args.probabilities) {
    planes.probability = plan.rows_of(args.target);
    planes.probability_grad = plan.rows_of(out.grads[call.loss->target]);
  }
  if (call.settings.reduction == Reduction::None) {
    at::Tensor values = empty_values(call, args.dim, plan.kMath);
    if (logits.classes == 0) values.zero_();
    planes.value = values.data_ptr<typename RowPlan<S>::T>();
    plan.run(planes);
    out.loss = values.to(call.result_dtype());
  } else {
    finish_reduced(call, wrt, plan, plan.run(planes), out);
  }
  return out;
}

}  // namespace

Evaluation cpu::evaluate_class_axis(const Call& call, int64_t wrt) {
  const ClassAxisArguments args(call);
  if (at::toOpMathType(call.promoted_dtype()) == at::kDouble) return evaluate<double>(call, args, wrt);
  if (all_bfloat16(args)) return evaluate<c10::BFloat16>(call, args, wrt);
  return evaluate<float>(call, args, wrt);
}

}  // namespace lossops
