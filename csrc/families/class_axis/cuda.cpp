// The CUDA launcher of losses over the class axis: one kernel over the rows, and one over the sums of its
// blocks.
#include "families/class_axis/cuda.h"

#include <ATen/core/LegacyTypeDispatch.h>
#include <c10/core/DeviceGuard.h>

#include "families/class_axis/cuda_plan.h"

namespace lossops::class_axis {
namespace {

using namespace cuda;

/// A call whose logits are there as a whole.
template <class S>
class RowPass : RowPlan<S> {
  using Plan = RowPlan<S>;
  using Plan::call_, Plan::kStorage, Plan::loss_, Plan::reduces_, Plan::args_, Plan::wrt_;

 public:
  RowPass(const Call& call, const ClassAxisArguments& args, const ClassAxisKernels& table, int64_t wrt,
          at::IntArrayRef shape)
      : Plan(call, args, table, wrt, call.input().size(args.dim), c10::multiply_integers(shape)),
        shape_(shape) {}

  Evaluation run() {
    Evaluation out;
    for (int i = 0; i < loss_.operands; ++i) {
      if (!(wrt_ >> i & 1)) continue;
      // Against each label of a list all classes are read, of which some have their gradient by then.
      const bool in_place = i == 0 && call_.input_gradient.defined() && !args_.label_list;
      out.grads[i] =
          in_place ? call_.input_gradient : empty_in_order(call_.tensors[i], call_.tensors[i].scalar_type());
    }
    if (!reduces_) out.loss = Plan::empty(shape_, call_.result_dtype());
    at::Tensor stored[2];  // the gradients of logits, as kernels store them
    const int64_t blocks = Plan::run(planes(out, stored), 0, c10::multiply_integers(shape_));
    for (int side = 0; side < loss_.members.sides; ++side) {
      if (stored[side].defined() && !stored[side].is_same(out.grads[side]))
        out.grads[side].copy_(stored[side]);
    }
    if (reduces_) {
      Plan::finish_reduced(out, blocks, Plan::denominator());
    } else if (blocks == 0) {
      out.loss.zero_();
    }
    return out;
  }

 private:
  RowPlanes<S> planes(const Evaluation& out, at::Tensor (&stored)[2]) {
    RowPlanes<S> planes{};
    for (int side = 0; side < loss_.members.sides; ++side) {
      planes.x[side] = Plan::template plane<const S>(args_.x[side].to(kStorage));
      const at::Tensor& grad = out.grads[side];
      if (!grad.defined()) continue;
      stored[side] = grad.scalar_type() == kStorage ? grad : empty_in_order(grad, kStorage);
      if (!loss_.members.reads_row) stored[side].zero_();
      planes.grad[side] = Plan::template plane<S>(stored[side]);
    }
    if (args_.probabilities) {
      const at::Tensor& grad = out.grads[loss_.target];
      planes.probability = Plan::template plane<const void>(args_.target);
      planes.probability_dtype = args_.target.scalar_type();
      if (grad.defined()) planes.probability_grad = Plan::template plane<void>(grad);
    }
    if (args_.given.defined()) {
      planes.probability = Plan::template plane<const void>(args_.given);
      planes.probability_dtype = args_.given.scalar_type();
    }
    if (!reduces_) planes.value = Plan::output(out.loss);
    return planes;
  }

  const at::IntArrayRef shape_;  ///< of the rows
};

template <class S>
Evaluation evaluate_as(const Call& call, const ClassAxisKernels& table, int64_t wrt) {
  const ClassAxisArguments args(call);
  c10::SmallVector<int64_t, 8> shape(call.input().sizes().begin(), call.input().sizes().end());
  shape.erase(shape.begin() + args.dim);
  return RowPass<S>(call, args, table, wrt, shape).run();
}

Evaluation evaluate(const Call& call, const void* kernels, int64_t wrt) {
  const c10::DeviceGuard device(call.input().device());
  const at::AutoDispatchBelowADInplaceOrView below;
  const auto& table = *static_cast<const ClassAxisKernels*>(kernels);
  switch (call.promoted_dtype()) {
    case at::kDouble:
      return evaluate_as<double>(call, table, wrt);
    case at::kHalf:
      return evaluate_as<c10::Half>(call, table, wrt);
    case at::kBFloat16:
      return evaluate_as<c10::BFloat16>(call, table, wrt);
    default:
      return evaluate_as<float>(call, table, wrt);
  }
}

}  // namespace

const Backend* cuda_backend() {
  static constexpr Backend backend{c10::DispatchKey::CUDA, evaluate, cuda::scale};
  return &backend;
}

}  // namespace lossops::class_axis
