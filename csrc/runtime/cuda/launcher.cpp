#include "runtime/cuda/launcher.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/DeviceGuard.h>

#include "core/shapes.h"

namespace lossops::cuda {

Launcher::Launcher(const Call& call, int64_t wrt)
    : call_(call), wrt_(wrt), reduces_(call.reduces()), unscaled_(needs_denominator(call, wrt)) {}

at::Tensor Launcher::empty(at::IntArrayRef shape, at::ScalarType dtype) const {
  return at::empty(shape, at::TensorOptions(call_.input().device()).dtype(dtype));
}

at::Tensor Launcher::zeros(at::IntArrayRef shape, at::ScalarType dtype) const {
  return at::zeros(shape, at::TensorOptions(call_.input().device()).dtype(dtype));
}

at::Tensor Launcher::beside_input(const at::Tensor& t) const {
  return is_beside_input(call_, t) ? t : scalar(t.scalar_type()).fill_(t.item());
}

double* Launcher::partial() {
  if (!partial_.defined()) partial_ = empty({kMaxBlocks}, at::kDouble);
  return partial_.mutable_data_ptr<double>();
}

Number Launcher::number_of(int64_t blocks) {
  Finish sum{};
  sum.partial = partial();
  sum.count = blocks;
  sum.denominator = Number();
  const at::Tensor& result = keep(scalar(at::kDouble));
  sum.loss = output(result);
  finish(sum);
  return {1, result.const_data_ptr<double>()};
}

Number Launcher::normalizer() {
  const at::Tensor& n = call_.normalizer();
  if (!is_beside_input(call_, n)) return {n.item().toDouble(), nullptr};
  return {1, keep(n.detach().to(at::kDouble)).const_data_ptr<double>()};
}

void Launcher::finish_reduced(Evaluation& out, int64_t blocks, const Number& denominator) {
  Finish end{};
  end.partial = partial();
  end.count = blocks;
  end.denominator = denominator;
  out.loss = scalar(call_.result_dtype());
  end.loss = output(out.loss);
  if (unscaled_) {
    out.denominator = scalar(at::kDouble);
    end.denominator_out = out.denominator.mutable_data_ptr<double>();
  }
  if (const int n = call_.loss->operands + 1; wrt_ >> n & 1) {
    end.per_normalizer = static_cast<double>(divisor(call_).factor.expect_int());
    out.grads[n] = scalar(call_.normalizer().scalar_type());
    end.normalizer_grad = output(out.grads[n]);
  }
  finish(end);
}

at::Tensor scale(const at::Tensor& gradient, const at::Tensor& upstream, const at::Tensor& denominator,
                 bool shared) {
  if (shared) {
    const at::Tensor factor = denominator.defined() ? upstream / denominator : upstream;
    return (gradient * factor).to(gradient.scalar_type());
  }
  const c10::DeviceGuard device(gradient.device());
  Scale args{};
  args.grad = {gradient.mutable_data_ptr(), gradient.scalar_type()};
  args.size = gradient.numel();
  args.upstream = upstream.const_data_ptr();
  args.upstream_dtype = upstream.scalar_type();
  if (denominator.defined()) args.denominator = denominator.const_data_ptr<double>();
  scale(args);
  return gradient;
}

}  // namespace lossops::cuda
