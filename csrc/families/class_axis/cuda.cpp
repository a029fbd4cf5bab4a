// The CUDA launcher of losses over the class axis: one kernel over the rows, and one over the sums of its
// blocks.
#include "families/cuda.h"

#include <ATen/core/LegacyTypeDispatch.h>
#include <c10/core/DeviceGuard.h>

#include "families/class_axis/cuda_plan.h"

namespace lossops::cuda {
namespace {

/// A call whose logits are there as a whole.
template <class S>
class RowPass : RowPlan<S> {
  using Plan = RowPlan<S>;
  using Plan::call_, Plan::kStorage, Plan::loss_, Plan::reduces_, Plan::args_, Plan::wrt_;

 public:
  RowPass(const Call& call, const ClassAxisArguments& args, int64_t wrt, at::IntArrayRef shape)
      : Plan(call, args, wrt, call.input().size(args.dim), c10::multiply_integers(shape)), shape_(shape) {}

  Evaluation run() {
    Evaluation out;
    for (int i = 0; i < loss_.operands; ++i) {
      if (wrt_ >> i & 1) out.grads[i] = empty_in_order(call_.tensors[i], call_.tensors[i].scalar_type());
    }
    if (!reduces_) out.loss = Plan::empty(shape_, call_.result_dtype());
    at::Tensor stored[2];  // the gradients of logits, as kernels store them
    const int64_t blocks = Plan::run(planes(out, stored), 0, c10::multiply_integers(shape_));
    for (int side = 0; side < loss_.members->sides; ++side) {
      if (stored[side].defined() && !stored[side].is_same(out.grads[side]))
        out.grads[side].copy_(stored[side]);
    }
    if (reduces_) {
      Plan::finish_reduced(out, blocks, Plan::denominator(), 1);
    } else if (blocks == 0) {
      out.loss.zero_();
    }
    return out;
  }

 private:
  RowPlanes<S> planes(const Evaluation& out, at::Tensor (&stored)[2]) {
    RowPlanes<S> planes{};
    for (int side = 0; side < loss_.members->sides; ++side) {
      planes.x[side] = Plan::template plane<const S>(args_.x[side].to(kStorage));
      const at::Tensor& grad = out.grads[side];
      if (!grad.defined()) continue;
      stored[side] = grad.scalar_type() == kStorage ? grad : empty_in_order(grad, kStorage);
      if (loss_.members->shift == Shift::kNone) stored[side].zero_();
      planes.grad[side] = Plan::template plane<S>(stored[side]);
    }
    if (args_.probabilities) {
      const at::Tensor& grad = out.grads[loss_.target];
      planes.probability = Plan::template plane<const void>(args_.target);
      planes.probability_dtype = args_.target.scalar_type();
      if (grad.defined()) planes.probability_grad = Plan::template plane<void>(grad);
    }
    if (!reduces_) planes.value = Plan::output(out.loss);
    return planes;
  }

  const at::IntArrayRef shape_;  ///< of the rows
};

template <class S>
Evaluation evaluate(const Call& call, int64_t wrt) {
  const ClassAxisArguments args(call);
  c10::SmallVector<int64_t, 8> shape(call.input().sizes().begin(), call.input().sizes().end());
  shape.erase(shape.begin() + args.dim);
  return RowPass<S>(call, args, wrt, shape).run();
}

}  // namespace

Evaluation evaluate_class_axis(const Call& call, int64_t wrt) {
  const c10::DeviceGuard device(call.input().device());
  const at::AutoDispatchBelowADInplaceOrView below;
  switch (call.promoted_dtype()) {
    case at::kDouble:
      return evaluate<double>(call, wrt);
    case at::kHalf:
      return evaluate<c10::Half>(call, wrt);
    case at::kBFloat16:
      return evaluate<c10::BFloat16>(call, wrt);
    default:
      return evaluate<float>(call, wrt);
  }
}

}  // namespace lossops::cuda
