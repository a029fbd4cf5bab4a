// The CUDA launcher of losses of sequences: a kernel over the rows of classes, one over the lattices, and one
// over the rows again. Lengths are read by the kernels alone: nothing waits for the device.
#include "families/lattice/cuda.h"

#include <ATen/OpMathType.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/where.h>
#include <c10/core/DeviceGuard.h>

#include "core/shapes.h"
#include "families/lattice/call.h"
#include "runtime/cuda/launcher.h"

namespace lossops::cuda {
namespace {

using lattice::LatticeLoss;
using lattice::Sizes;
using lattice::Topology;

class LatticePass : Launcher {
 public:
  LatticePass(const Call& call, const LatticeKernels& table, int64_t wrt)
      : Launcher(call, wrt),
        topology_(LatticeLoss::of(call).topology),
        kernels_(at::toOpMathType(call.promoted_dtype()) == at::kDouble ? table.in_double : table.in_float),
        sizes_(call),
        counts_(integers(lattice::kTargetLengths)) {
    const at::Tensor weight = call.weight().defined() ? beside_input(call.weight().detach()) : at::Tensor();
    share_ = at::ones({counts_.size(0)}, counts_.options().dtype(at::kDouble));
    const bool divides = topology_.mean_by_label && call.settings.reduction == Reduction::Mean;
    if (divides && !call.normalizer().defined()) share_ = share_ / counts_.clamp(1);
    weight_ = weight.defined() ? weight.to(at::kDouble).reshape(-1).expand({counts_.size(0)}) : at::Tensor();
  }

  Evaluation run() {
    Evaluation out;
    LatticeArgs args = arguments();
    const at::Tensor factor = weight_.defined() ? (share_ * weight_).contiguous() : share_;
    args.factor = factor.const_data_ptr<double>();
    const Number denominator = this->denominator([](Divisor::By) { return Number(); });
    args.denominator = gradient_denominator(denominator);
    if (wrt_ & 1) {
      out.grads[0] = empty_in_order(call_.input(), call_.input().scalar_type());
      args.grad = scores(out.grads[0]);
    }
    kernels_.read(args);
    kernels_.walk(args);
    if (wrt_ & 1) kernels_.write(args);
    finish(out, keep(losses_), factor, denominator);
    return out;
  }

 private:
  at::Tensor integers(int i) {
    return keep(call_.tensors[i].to(call_.input().device(), at::kLong).contiguous());
  }

  Scores scores(const at::Tensor& t) const {
    Scores s{const_cast<void*>(t.const_data_ptr()), t.scalar_type(), {}};
    const auto stride = [&](int64_t d) { return t.stride(d); };
    const int64_t last = t.dim() - 1;
    if (!topology_.shares_rows) {
      for (int64_t d = 0; d < 4; ++d) s.stride[d] = stride(d);
    } else {
      s.stride[0] = sizes_.batched ? stride(1) : 0;
      s.stride[1] = stride(0);
      s.stride[3] = stride(last);
    }
    return s;
  }

  /// Memory of the device for so many elements of type T, zero at first.
  template <class T>
  T* memory(int64_t count) {
    const at::Tensor& t =
        keep(zeros({count * static_cast<int64_t>(sizeof(T) / sizeof(double))}, at::kDouble));
    return static_cast<T*>(t.mutable_data_ptr());
  }

  LatticeArgs arguments() {
    LatticeArgs a{};
    a.batch = counts_.size(0);
    a.frames = sizes_.frames.expect_int();
    a.classes = sizes_.classes.expect_int();
    a.positions = topology_.shares_rows ? 1 : call_.input().size(2);
    a.most = sizes_.labels.expect_int();
    a.o = lattice::options(call_);
    a.rows = topology_.shares_rows ? a.frames : a.o.row(a.frames, a.most);
    a.x = scores(call_.input());
    const at::Tensor lengths = integers(lattice::kLengths), target = integers(lattice::kTargets);
    a.lengths = lengths.const_data_ptr<int64_t>();
    a.target = target.const_data_ptr<int64_t>();
    a.counts = counts_.const_data_ptr<int64_t>();
    const at::Tensor& first = keep(sizes_.concatenated ? counts_.cumsum(0) - counts_
                                                       : at::arange(a.batch, counts_.options()) * a.most);
    a.first = first.const_data_ptr<int64_t>();
    const int64_t positions = target.numel() + a.batch;  // of all lattices
    const int64_t of_classes = a.batch * a.frames * a.positions;
    a.largest = memory<double>(of_classes);
    a.share = memory<double>(of_classes);
    a.label = memory<LatticeWeight>(a.rows * positions);
    a.blank = memory<LatticeWeight>(topology_.shares_rows ? a.batch * a.rows : a.rows * positions);
    a.states = memory<LatticeWeight>(topology_.states * (a.rows + 1) * positions);
    a.rest = memory<LatticeWeight>(2 * topology_.states * positions);
    a.per_use = memory<double>(a.batch * a.rows);
    a.same = keep(zeros({positions}, at::kLong)).mutable_data_ptr<int64_t>();
    losses_ = zeros({a.batch}, at::kDouble);
    a.loss = losses_.mutable_data_ptr<double>();
    return a;
  }

  void finish(Evaluation& out, const at::Tensor& losses, const at::Tensor& factor,
              const Number& denominator) {
    at::Tensor values = losses * share_;
    const int w = call_.loss->operands;
    if (wrt_ >> w & 1) {
      const Number d = gradient_denominator(denominator);
      at::Tensor slope = at::where((weight_ == 0) & values.isfinite().logical_not(), 0.0, values) / d.factor;
      if (d.value) slope = slope / at::from_blob(const_cast<double*>(d.value), {}, values.options());
      out.grads[w] = slope.reshape(call_.weight().sizes()).to(call_.weight().scalar_type());
    }
    if (weight_.defined()) values = at::where(weight_ == 0, 0.0, losses * factor);
    if (!reduces_) {
      out.loss = values.reshape(lattice::kFamily.empty_values(call_).sizes()).to(call_.result_dtype());
      return;
    }
    at::from_blob(partial(), {}, values.options()).copy_(values.sum());
    finish_reduced(out, 1, denominator);
  }

  const Topology& topology_;
  const LatticeFunctions& kernels_;
  const Sizes sizes_;
  const at::Tensor counts_;
  at::Tensor share_, weight_;  ///< what multiplies the loss of each sequence
  at::Tensor losses_;
};

Evaluation evaluate(const Call& call, const void* kernels, int64_t wrt) {
  const c10::DeviceGuard device(call.input().device());
  const at::AutoDispatchBelowADInplaceOrView below;
  return LatticePass(call, *static_cast<const LatticeKernels*>(kernels), wrt).run();
}

}  // namespace
}  // namespace lossops::cuda

namespace lossops {

const Backend* lattice::cuda_backend() {
  static constexpr Backend backend{c10::DispatchKey::CUDA, cuda::evaluate, cuda::scale};
  return &backend;
}

}  // namespace lossops
