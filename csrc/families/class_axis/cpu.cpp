// The CPU launcher of losses over the class axis: makes the outputs, and runs the plan of a call over all of
// its rows.
#include "families/class_axis/cpu.h"

#include <ATen/EmptyTensor.h>
#include <ATen/OpMathType.h>
#include <c10/util/SmallVector.h>

#include "families/class_axis/cpu_plan.h"
#include "runtime/cpu/memory.h"
#include "runtime/cpu/reduction.h"

namespace lossops::class_axis {
namespace {

/// Whether everything shaped like the logits is a bfloat16.
bool all_bfloat16(const ClassAxisArguments& args) {
  const auto fits = [](const at::Tensor& t) { return !t.defined() || t.scalar_type() == at::kBFloat16; };
  return fits(args.x[0]) && fits(args.x[1]) && fits(args.given) && (!args.probabilities || fits(args.target));
}

/// Room for the values of all rows.
at::Tensor empty_values(const Call& call, int64_t dim, at::ScalarType dtype) {
  c10::SmallVector<int64_t, 8> shape(call.input().sizes().begin(), call.input().sizes().end());
  shape.erase(shape.begin() + dim);
  return at::detail::empty_cpu(shape, dtype);
}

template <class S>
Evaluation evaluate_as(const Call& call, const ClassAxisArguments& args, const cpu::ClassAxisKernels& table,
                       int64_t wrt) {
  const cpu::RowMap logits(call.input(), args.dim);
  cpu::RowPlan<S> plan(call, args, table, logits, logits.rows(), wrt);
  const ClassAxisLoss& loss = ClassAxisLoss::of(call);
  Evaluation out;
  cpu::RowPlanes<S> planes;
  for (int i = 0; i < loss.operands; ++i) {
    if (!(wrt >> i & 1)) continue;
    if (loss.role(i) == Role::kOtherWeight) {
      out.class_costs = cpu::empty_dense(call.input(), plan.kMath);
      planes.probability_grad = plan.rows_of(out.class_costs);
    } else if (i == 0 && call.input_gradient.defined()) {
      out.grads[i] = call.input_gradient;
    } else {
      out.grads[i] = cpu::empty_dense(call.tensors[i], call.tensors[i].scalar_type());
    }
  }
  for (int side = 0; side < loss.members.sides; ++side) {
    planes.x[side] = plan.rows_of(args.x[side]);
    planes.grad[side] = plan.rows_of(out.grads[side]);
  }
  if (args.probabilities) {
    planes.probability = plan.rows_of(args.target);
    planes.probability_grad = plan.rows_of(out.grads[loss.target]);
  }
  if (args.given.defined()) planes.probability = plan.rows_of(args.given);
  if (!call.reduces()) {
    at::Tensor values = empty_values(call, args.dim, plan.kMath);
    if (logits.classes == 0) values.zero_();
    planes.value = values.data_ptr<typename cpu::RowPlan<S>::T>();
    plan.run(planes);
    out.loss = values.to(call.result_dtype());
  } else {
    const double total = plan.run(planes);
    const double factor = needs_denominator(call, wrt) ? plan.fit_half() : 1;
    if (factor != 1) plan.run(planes);
    cpu::finish(call, wrt, total, plan.denominator(), factor, out);
  }
  return out;
}

Evaluation evaluate(const Call& call, const void* kernels, int64_t wrt) {
  const auto& table = *static_cast<const cpu::ClassAxisKernels*>(kernels);
  const ClassAxisArguments args(call);
  if (at::toOpMathType(call.promoted_dtype()) == at::kDouble)
    return evaluate_as<double>(call, args, table, wrt);
  if (table.get<c10::BFloat16>() && all_bfloat16(args))
    return evaluate_as<c10::BFloat16>(call, args, table, wrt);
  return evaluate_as<float>(call, args, table, wrt);
}

}  // namespace

const Backend* cpu_backend() {
  static constexpr Backend backend{c10::DispatchKey::CPU, evaluate, cpu::scale,
                                   /*tells_class_costs=*/true};
  return &backend;
}

}  // namespace lossops::class_axis
