// The CUDA launcher of losses over a class axis: one kernel over the rows, and one over the sums of its
// blocks.
#include "families/class_axis/cuda.h"

#include <ATen/OpMathType.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/ops/_assert_async.h>
#include <c10/core/DeviceGuard.h>

#include "families/class_axis/call.h"
#include "runtime/cuda/launcher.h"

namespace lossops::class_axis {
namespace {

using namespace cuda;

/// A run of neighbouring rows shorter than this is not worth a thread each.
constexpr int64_t kShortRun = 8;

template <class S>
class RowPass : Launcher {
  using T = typename RowArgs<S>::T;
  static constexpr at::ScalarType kStorage = c10::CppTypeToScalarType<S>::value;
  static constexpr at::ScalarType kMath = c10::CppTypeToScalarType<T>::value;

 public:
  RowPass(const Call& call, const ClassAxisKernels& table, int64_t wrt)
      : Launcher(call, wrt), loss_(ClassAxisLoss::of(call)), table_(table), tensors_(call) {}

  Evaluation run() {
    const at::Tensor& input = call_.input();
    const int sides = loss_.members.sides;
    args_.classes = checked_classes();
    args_.rows = 1;
    c10::SmallVector<int64_t, 8> shape(input.sizes().begin(), input.sizes().end());
    shape.erase(shape.begin() + tensors_.dim);
    for (const int64_t size : shape) args_.rows *= size;
    const auto params = call_.settings.held_by<T>();
    std::copy(params.begin(), params.end(), args_.params);
    read_labels();
    read_weights(shape);
    const Number denominator = this->denominator([&](Divisor::By by) { return measure(by); });
    args_.denominator = gradient_denominator(denominator);

    Evaluation out;
    for (int i = 0; i < loss_.operands; ++i) {
      if (wrt_ >> i & 1) out.grads[i] = empty_in_order(call_.tensors[i], call_.tensors[i].scalar_type());
    }
    at::Tensor stored[2];  // the gradients of logits, as kernels store them
    for (int side = 0; side < sides; ++side) {
      args_.x[side] = plane<const S>(tensors_.x[side].to(kStorage));
      at::Tensor& grad = out.grads[side];
      if (!grad.defined()) continue;
      stored[side] = grad.scalar_type() == kStorage ? grad : empty_in_order(grad, kStorage);
      if (loss_.members.shift == Shift::kNone) stored[side].zero_();
      args_.grad[side] = plane<S>(stored[side]);
    }
    if (tensors_.probabilities) {
      args_.probability = plane<const void>(tensors_.target);
      args_.probability_dtype = tensors_.target.scalar_type();
      if (out.grads[loss_.target].defined()) args_.probability_grad = plane<void>(out.grads[loss_.target]);
    }
    const Offsets& rows = args_.x[0].rows;
    args_.side_by_side = args_.x[0].class_stride != 1 && rows.step() == 1 && rows.run() >= kShortRun;
    if (!reduces_) {
      out.loss = empty(shape, call_.result_dtype());
      args_.value = output(out.loss);
    }

    args_.partial = partial();
    int64_t blocks = 0;
    if (args_.rows > 0 && args_.classes > 0) {
      blocks = table_.template get<S>()(args_);
    } else if (!reduces_) {
      out.loss.zero_();
    }
    for (int side = 0; side < sides; ++side) {
      if (stored[side].defined() && !stored[side].is_same(out.grads[side]))
        out.grads[side].copy_(stored[side]);
    }
    if (reduces_) finish_reduced(out, blocks, denominator);
    return out;
  }

 private:
  int checked_classes() const {
    const int64_t classes = call_.input().size(tensors_.dim);
    TORCH_CHECK(classes <= std::numeric_limits<int>::max() / 2, loss_.name, ": ", call_.name(0), " has ",
                classes, " classes, more than its CUDA kernel can take");
    return static_cast<int>(classes);
  }

  /// A tensor of the input's shape as rows of classes.
  template <class P>
  Plane<P> plane(at::Tensor t) {
    Plane<P> plane;
    const auto map = [&] {
      for (int64_t d = 0; d < t.dim(); ++d) {
        if (d != tensors_.dim && !plane.rows.add(t.size(d), t.stride(d))) return false;
      }
      return true;
    };
    if (!map()) {
      TORCH_CHECK(std::is_const_v<P>, loss_.name, ": ", call_.name(0), " has too many dimensions of its own");
      plane.rows = Offsets();
      t = t.contiguous();
      map();
    }
    plane.class_stride = t.size(tensors_.dim) == 1 ? 1 : t.stride(tensors_.dim);
    plane.data = static_cast<P*>(const_cast<void*>(keep(t).const_data_ptr()));
    return plane;
  }

  /// Labels as int64, one behind the other.
  void read_labels() {
    if (!tensors_.target.defined() || tensors_.probabilities) return;
    const at::Tensor& labels = keep(beside_input(tensors_.target).to(at::kLong).contiguous());
    args_.label = labels.const_data_ptr<int64_t>();
    args_.ignores = call_.settings.ignore_index.has_value();
    args_.ignore_index = call_.settings.ignore_index.value_or(0);
    if (args_.classes == 0 && loss_.members.sides == 1) {  // no kernel runs that could tell
      const at::Tensor fine = args_.ignores ? labels.eq(args_.ignore_index) : labels.ne(labels);
      at::_assert_async(fine.all(), loss_.name + ": target is out of range");
    }
    if (tensors_.label_list) {
      args_.is_label = keep(zeros({labels.numel()}, at::kByte)).mutable_data_ptr<uint8_t>();
    }
  }

  /// Weights in the type that kernels compute in, or null.
  const T* weights(const at::Tensor& t) {
    return t.defined() ? keep(t.detach().to(kMath).contiguous()).const_data_ptr<T>() : nullptr;
  }

  void read_weights(at::IntArrayRef rows) {
    const at::Tensor& by_class = tensors_.class_weight;
    at::Tensor true_weight = by_class.defined() ? by_class.detach() : at::Tensor();
    if (tensors_.true_weight.defined()) {
      const at::Tensor w = beside_input(tensors_.true_weight.detach()).to(kMath).expand({args_.classes});
      true_weight = true_weight.defined() ? true_weight.to(kMath) * w : w;
    }
    args_.true_weight = weights(true_weight);
    args_.smoothing = tensors_.smoothing;
    if (true_weight.defined() && args_.smoothing > 0)
      args_.true_weight_sum = weights(true_weight.to(at::kDouble).sum());
    args_.label_weight = weights(by_class);
    args_.other_weight = weights(tensors_.other_weight);
    if (tensors_.row_weight.defined()) {
      args_.row_weight = weights(beside_input(tensors_.row_weight).expand(rows));
    }
    if (tensors_.prior.defined()) {
      const at::Tensor prior = tensors_.prior.detach().to(at::kDouble);
      at::_assert_async(prior.lt(0).any().logical_not(), loss_.name + ": prior must be >= 0");
      args_.log_prior = weights(prior.log());
    }
    args_.value_scale = loss_.traits.class_mean ? T(1) / static_cast<T>(args_.classes) : T(1);
  }

  int64_t measure(Divisor::By by) {
    WeighLabels weigh{};
    weigh.size = args_.rows;
    weigh.classes = args_.classes;
    weigh.label = args_.label;
    weigh.ignores = args_.ignores;
    weigh.ignore_index = args_.ignore_index;
    weigh.weight = by == Divisor::kWeight ? args_.label_weight : nullptr;
    weigh.in_double = kMath == at::kDouble;
    weigh.partial = partial();
    return weigh_labels(weigh);
  }

  const ClassAxisLoss& loss_;
  const ClassAxisKernels& table_;
  const ClassAxisArguments tensors_;
  RowArgs<S> args_{};
};

Evaluation evaluate(const Call& call, const void* kernels, int64_t wrt) {
  const c10::DeviceGuard device(call.input().device());
  const at::AutoDispatchBelowADInplaceOrView below;
  const auto& table = *static_cast<const ClassAxisKernels*>(kernels);
  switch (call.promoted_dtype()) {
    case at::kDouble:
      return RowPass<double>(call, table, wrt).run();
    case at::kHalf:
      return RowPass<c10::Half>(call, table, wrt).run();
    case at::kBFloat16:
      return RowPass<c10::BFloat16>(call, table, wrt).run();
    default:
      return RowPass<float>(call, table, wrt).run();
  }
}

}  // namespace

const Backend* cuda_backend() {
  static constexpr Backend backend{c10::DispatchKey::CUDA, evaluate, cuda::scale};
  return &backend;
}

}  // namespace lossops::class_axis
