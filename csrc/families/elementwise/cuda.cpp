// The CUDA launcher of element-wise losses: one kernel over memory, and one over the sums of its blocks.
#include "families/elementwise/cuda.h"

#include <ATen/OpMathType.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/ops/mean.h>
#include <c10/core/DeviceGuard.h>

#include <cmath>
#include <limits>

#include "core/shapes.h"
#include "families/elementwise/call.h"
#include "runtime/cuda/launcher.h"

namespace lossops::cuda {
namespace {

using elementwise::ElementwiseLoss;

class ElementPass : Launcher {
 public:
  ElementPass(const Call& call, const Kernels& table, int64_t wrt)
      : Launcher(call, wrt),
        loss_(ElementwiseLoss::of(call)),
        table_(table),
        math_(at::toOpMathType(call.promoted_dtype())),
        elements_(elementwise::elements(call)) {}

  Evaluation run() {
    const Settings& s = call_.settings;
    const int w = loss_.operands;
    ElementArgs args{};
    args.size = elements_.numel();
    const auto params = s.held_in(math_);
    std::copy(params.begin(), params.end(), args.params);
    args.label = loss_.target;
    args.ignores = s.ignore_index.has_value();
    for (int i = 0; i < w; ++i) {
      const bool labels = args.ignores && i == args.label;
      args.in[i] = operand(labels ? this->labels(args.ignored) : call_.tensors[i], call_.input());
      if (!call_.tensors[i].defined()) args.in[i].number = loss_.traits.operands[i].otherwise;
    }
    args.weighted = call_.weight().defined();
    args.weight = operand(call_.weight(), elements_);
    args.strided = args.weight.layout == Layout::kStrided;
    for (int i = 0; i < w; ++i) args.strided = args.strided || args.in[i].layout == Layout::kStrided;

    const Number denominator = this->denominator([&](Divisor::By by) { return measure(by, args); });
    args.denominator = gradient_denominator(denominator);
    const bool corrects = reduces_ && divisor(call_).by == Divisor::kWeight;
    Evaluation out;
    for (int i = 0; i <= w; ++i) {
      if (!(wrt_ >> i & 1)) continue;
      const bool exact = corrects && i == w;  // not rounded before it is corrected
      out.grads[i] =
          empty_in_order(i == w ? elements_ : call_.input(), exact ? math_ : call_.tensors[i].scalar_type());
      (i == w ? args.weight_grad : args.grad[i]) = output(out.grads[i]);
    }
    if (!reduces_) {
      out.loss = empty_in_order(elements_, loss_.traits.row_mean ? math_ : call_.result_dtype());
      args.value = output(out.loss);
    }
    args.partial = partial();
    const int64_t blocks = (math_ == at::kDouble ? table_.in_double : table_.in_float).by[mode()](args);
    if (reduces_) {
      finish_reduced(out, blocks, denominator);
      if (corrects && out.grads[w].defined()) {
        correct_weight_grad(out.grads[w], blocks, denominator);
        out.grads[w] = out.grads[w].to(call_.weight().scalar_type());
      }
    } else if (loss_.traits.row_mean) {
      out.loss = out.loss.mean(-1).to(call_.result_dtype());
    }
    return out;
  }

 private:
  int mode() const {
    const int64_t operands = wrt_ & ((1 << loss_.operands) - 1);
    const bool weight = wrt_ >> loss_.operands & 1;
    const Wrt mode = operands > 1 ? Wrt::kAll : operands == 1 || weight ? Wrt::kFirst : Wrt::kNothing;
    return static_cast<int>(mode);
  }

  /// The target, and which label in it is ignored. Integers that the kernel's type cannot tell apart are
  /// compared here, and the ignored ones become a number that no integer is.
  at::Tensor labels(double& ignored) const {
    const at::Tensor& target = call_.tensors[loss_.target];
    const int64_t index = *call_.settings.ignore_index;
    ignored = static_cast<double>(index);
    const int digits =
        math_ == at::kDouble ? std::numeric_limits<double>::digits : std::numeric_limits<float>::digits;
    if (std::abs(ignored) < std::exp2(digits) || at::isFloatingType(target.scalar_type())) return target;
    ignored = std::numeric_limits<float>::max();
    return target.to(math_).masked_fill_(target.eq(index), ignored);
  }

  /// A tensor of the shape of `like`, in its order of memory.
  Operand operand(const at::Tensor& t, const at::Tensor& like) {
    return Launcher::operand(t, memory_order(like), math_);
  }

  Number measure(Divisor::By by, const ElementArgs& args) {
    Weigh weigh{};
    weigh.size = args.size;
    weigh.in_double = math_ == at::kDouble;
    weigh.weighted = by == Divisor::kWeight;
    weigh.weight = args.weight;
    weigh.ignores = args.ignores;
    weigh.ignored = args.ignored;
    if (args.ignores) weigh.label = args.in[args.label];
    weigh.partial = partial();
    return number_of(cuda::weigh(weigh));
  }

  /// What the mean over the weight does to its gradient: it also divides by it.
  void correct_weight_grad(at::Tensor& grad, int64_t blocks, const Number& denominator) {
    Finish mean{};
    mean.partial = partial();
    mean.count = blocks;
    mean.denominator = denominator;
    const at::Tensor loss = scalar(at::kDouble), slope = scalar(at::kDouble);
    mean.loss = output(loss);
    mean.normalizer_grad = output(slope);
    finish(mean);
    grad.add_(unscaled_ ? loss.neg() : slope);
    if (call_.settings.ignore_index) {
      grad.masked_fill_(call_.tensors[loss_.target].eq(*call_.settings.ignore_index), 0);
    }
  }

  const ElementwiseLoss& loss_;
  const Kernels& table_;
  const at::ScalarType math_;
  const at::Tensor elements_;
};

Evaluation evaluate(const Call& call, const void* kernels, int64_t wrt) {
  const c10::DeviceGuard device(call.input().device());
  const at::AutoDispatchBelowADInplaceOrView below;
  return ElementPass(call, *static_cast<const Kernels*>(kernels), wrt).run();
}

}  // namespace
}  // namespace lossops::cuda

namespace lossops {

const Backend* elementwise::cuda_backend() {
  static constexpr Backend backend{c10::DispatchKey::CUDA, cuda::evaluate, cuda::scale};
  return &backend;
}

}  // namespace lossops
