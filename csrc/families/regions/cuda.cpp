// The CUDA launcher of losses of regions: one sweep adds up what each class has in each block, a kernel
// evaluates the formula, and a second sweep writes the gradient. Nothing waits for the device.
#include "families/regions/cuda.h"

#include <ATen/core/LegacyTypeDispatch.h>
#include <c10/core/DeviceGuard.h>

#include "core/reduction.h"
#include "core/shapes.h"
#include "families/regions/call.h"
#include "runtime/cuda/launcher.h"

namespace lossops::cuda {
namespace {

using regions::RegionLoss;

template <class S>
class RegionPass : Launcher {
  using T = typename RegionArgs<S>::T;
  static constexpr at::ScalarType kMath = c10::CppTypeToScalarType<T>::value;

 public:
  RegionPass(const Call& call, const RegionKernels& table, int64_t wrt)
      : Launcher(call, wrt), loss_(RegionLoss::of(call)), table_(table), count_(scalar(at::kDouble)) {
    read_pixels();
    read_groups();
  }

  Evaluation run() {
    Evaluation out;
    if (!reduces_) {
      out.loss = regions::kFamily.empty_values(call_);
      finish_.value = output(out.loss);
    }
    finish_.denominator =
        denominator([&](Divisor::By) { return Number{1, count_.const_data_ptr<double>()}; });
    if (wrt_ & 1) {
      out.grads[0] = gradient();
    } else {
      table_.finish(finish_);
    }
    if (!reduces_) return out;
    finish_reduced(out, 1, finish_.denominator);
    if (out.denominator.defined() && factor_.defined()) out.denominator.mul_(factor_);
    return out;
  }

  /// By the input, of an unreduced loss.
  at::Tensor gradient(const at::Tensor& upstream) {
    finish_.upstream = keep(upstream.to(at::kDouble).contiguous()).template const_data_ptr<double>();
    return gradient();
  }

 private:
  double* numbers(int64_t count) {
    return keep(empty({count}, at::kDouble)).template mutable_data_ptr<double>();
  }

  /// What both sweeps read.
  void read_pixels() {
    const at::Tensor& x = call_.input();
    const at::Tensor& target = regions::target_of(call_);
    args_.samples = x.size(0);
    args_.classes = x.size(1);
    args_.pixels = x.numel() / std::max<int64_t>(args_.samples * args_.classes, 1);
    args_.x = plane<const S>(x, 1);
    if (regions::has_labels(call_)) {
      args_.label = keep(target.to(at::kLong).contiguous()).template const_data_ptr<int64_t>();
    } else {
      const bool readable = is_readable(target.scalar_type());
      args_.target_dtype = readable ? target.scalar_type() : kMath;
      args_.target = plane<const void>(readable ? target : target.to(kMath), 1);
    }
    args_.ignores = call_.settings.ignore_index.has_value();
    args_.ignore_index = call_.settings.ignore_index.value_or(0);
    args_.s = loss_.settings(call_.settings);
    const at::Tensor& weight = call_.weight();
    if (!weight.defined()) return;
    const auto as = [&](at::ScalarType dtype) { return keep(weight.detach().to(dtype).contiguous()); };
    args_.class_weight = as(kMath).template const_data_ptr<T>();
    finish_.weight = as(at::kDouble).template const_data_ptr<double>();
  }

  /// Adds up, and leaves all that the formula needs.
  void read_groups() {
    constexpr int64_t kStep = 32 * kPixelsEach<T>, kSteps = 8;
    const int64_t most = std::max<int64_t>(kRegionBlocks / std::max<int64_t>(args_.samples, 1), 1);
    args_.parts = std::clamp<int64_t>((args_.pixels + kStep * kSteps - 1) / (kStep * kSteps), 1, most);
    const int64_t blocks = args_.samples * args_.parts;
    args_.sums = numbers(blocks * args_.classes * kRegionSums);
    args_.costs = numbers(blocks);
    add_regions(args_);

    finish_.samples = args_.s.batch ? 1 : args_.samples;
    finish_.classes = args_.classes;
    RegionSums gather{finish_.samples, args_.s.batch ? blocks : args_.parts, args_.classes * kRegionSums};
    gather.by_block = args_.sums;
    gather.sums = numbers(gather.groups * gather.width);
    gather_regions(gather);

    std::copy(call_.settings.params.begin(), call_.settings.params.end(), finish_.params);
    finish_.s = args_.s;
    finish_.ignores = args_.ignores;
    finish_.sums = gather.sums;
    finish_.costs = args_.costs;
    finish_.blocks = blocks;
    finish_.reduces = reduces_;
    finish_.unscaled = unscaled_;
    const bool softmax = args_.s.activation == Activation::Softmax;
    finish_.two_means = loss_.members.pixel && regions::has_two_means(call_);
    finish_.weighs_pixels = softmax && args_.label;
    if (softmax && !args_.label) finish_.pixel_count = static_cast<double>(args_.samples * args_.pixels);
    finish_.slopes =
        keep(zeros({2 * finish_.samples * finish_.classes}, at::kDouble)).template mutable_data_ptr<double>();
    finish_.count = count_.mutable_data_ptr<double>();
    finish_.total = partial();
  }

  /// Evaluates the formula, and sweeps once more.
  at::Tensor gradient() {
    const int64_t slopes = 2 * finish_.samples * finish_.classes;
    const at::Tensor& scaled = keep(empty({slopes + 1}, kMath));
    factor_ = scalar(at::kDouble);
    finish_.scaled = output(scaled);
    finish_.factor = factor_.mutable_data_ptr<double>();
    table_.finish(finish_);
    args_.slopes = scaled.const_data_ptr<T>();
    args_.pixel_scale = args_.slopes + slopes;
    at::Tensor gradient = empty_in_order(call_.input(), call_.input().scalar_type());
    args_.grad = plane<S>(gradient, 1);
    differentiate_regions(args_);
    return gradient;
  }

  const RegionLoss& loss_;
  const RegionKernels& table_;
  RegionArgs<S> args_{};
  RegionFinish finish_{};
  const at::Tensor count_;  ///< of what the mean divides by
  at::Tensor factor_;
};

template <class F>
auto dispatch(const Call& call, const void* kernels, int64_t wrt, const F& f) {
  const c10::DeviceGuard device(call.input().device());
  const at::AutoDispatchBelowADInplaceOrView below;
  const auto& table = *static_cast<const RegionKernels*>(kernels);
  switch (call.input().scalar_type()) {
    case at::kDouble:
      return f(RegionPass<double>(call, table, wrt));
    case at::kHalf:
      return f(RegionPass<c10::Half>(call, table, wrt));
    case at::kBFloat16:
      return f(RegionPass<c10::BFloat16>(call, table, wrt));
    default:
      return f(RegionPass<float>(call, table, wrt));
  }
}

Evaluation evaluate(const Call& call, const void* kernels, int64_t wrt) {
  return dispatch(call, kernels, wrt, [](auto&& pass) { return pass.run(); });
}

at::Tensor gradient(const Call& call, const void* kernels, const at::Tensor& upstream) {
  return dispatch(call, kernels, 1, [&](auto&& pass) { return pass.gradient(upstream); });
}

}  // namespace
}  // namespace lossops::cuda

namespace lossops {

const Backend* regions::cuda_backend() {
  static constexpr Backend backend{c10::DispatchKey::CUDA, cuda::evaluate, cuda::scale, false,
                                   cuda::gradient};
  return &backend;
}

}  // namespace lossops
