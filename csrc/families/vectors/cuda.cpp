// The CUDA launcher of losses of vectors: one kernel over the groups, and one over the sums of its blocks.
#include "families/vectors/cuda.h"

#include <ATen/core/LegacyTypeDispatch.h>
#include <c10/core/DeviceGuard.h>

#include <numeric>

#include "core/reduction.h"
#include "families/vectors/call.h"
#include "runtime/cuda/launcher.h"

namespace lossops::cuda {
namespace {

using vectors::VectorLoss;

class VectorPass : Launcher {
 public:
  VectorPass(const Call& call, const VectorKernels& table, int64_t wrt)
      : Launcher(call, wrt), loss_(VectorLoss::of(call)), table_(table), order_(call.input().dim()) {
    std::iota(order_.begin(), order_.end(), 0);
  }

  Evaluation run() {
    const int vectors = loss_.members.vectors, w = loss_.operands;
    VectorArgs args{};
    args.length = call_.input().size(-1);
    args.groups = vectors::kFamily.mean(call_).factor.expect_int();
    std::copy(call_.settings.params.begin(), call_.settings.params.end(), args.params);
    args.wide = call_.promoted_dtype() == at::kDouble;
    for (int i = 0; i < vectors; ++i) args.x[i] = operand(call_.tensors[i], order_, at::kDouble);
    const auto by_group = at::IntArrayRef(order_).slice(0, order_.size() - 1);
    if (loss_.members.labelled) args.label = operand(call_.tensors[vectors], by_group, at::kDouble);
    args.weight = operand(call_.weight(), by_group, at::kDouble);
    const Number denominator = this->denominator([](Divisor::By) { return Number(); });
    args.denominator = gradient_denominator(denominator);

    Evaluation out;
    Tensors written;
    for (int i = 0; i < vectors; ++i) args.grad[i] = gradient(i, out, written);
    args.weight_grad = gradient(w, out, written);
    if (!reduces_) {
      out.loss = vectors::kFamily.empty_values(call_);
      args.value = output(out.loss);
    }
    args.partial = partial();
    const int64_t blocks = table_.run(args);
    for (int i = 0; i <= w; ++i) {
      if (written[i].defined() && !written[i].is_same(out.grads[i])) out.grads[i].copy_(written[i]);
    }
    if (reduces_) finish_reduced(out, blocks, denominator);
    return out;
  }

 private:
  /// Where the kernel writes the gradient by a tensor: the one given out, if that is contiguous.
  Output gradient(int i, Evaluation& out, Tensors& written) const {
    if (!(wrt_ >> i & 1)) return {};
    const at::Tensor& t = call_.tensors[i];
    out.grads[i] = empty_in_order(t, t.scalar_type());
    written[i] = out.grads[i].is_contiguous() ? out.grads[i] : empty(t.sizes(), t.scalar_type());
    return output(written[i]);
  }

  const VectorLoss& loss_;
  const VectorKernels& table_;
  c10::SmallVector<int64_t, 8> order_;  ///< of dimensions
};

Evaluation evaluate(const Call& call, const void* kernels, int64_t wrt) {
  const c10::DeviceGuard device(call.input().device());
  const at::AutoDispatchBelowADInplaceOrView below;
  return VectorPass(call, *static_cast<const VectorKernels*>(kernels), wrt).run();
}

}  // namespace
}  // namespace lossops::cuda

namespace lossops {

const Backend* vectors::cuda_backend() {
  static constexpr Backend backend{c10::DispatchKey::CUDA, cuda::evaluate, cuda::scale};
  return &backend;
}

}  // namespace lossops
