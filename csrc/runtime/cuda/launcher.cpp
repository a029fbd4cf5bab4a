#include "runtime/cuda/launcher.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/DeviceGuard.h>

#include "core/shapes.h"
#include "families/cuda.h"

namespace lossops::cuda {

Launcher::Launcher(const Call& call, int64_t wrt)
    : call_(call),
      loss_(*call.loss),
      wrt_(wrt),
      reduces_(call.settings.reduction != Reduction::None),
      unscaled_(needs_denominator(call, wrt)) {}

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

void Launcher::finish_reduced(Evaluation& out, int64_t blocks, const Number& denominator,
                              double per_normalizer) {
  Finish end{};
  end.partial = partial();
  end.count = blocks;
  end.denominator = denominator;
  end.per_normalizer = per_normalizer;
  out.loss = scalar(call_.result_dtype());
  end.loss = output(out.loss);
  if (unscaled_) {
    out.denominator = scalar(at::kDouble);
    end.denominator_out = out.denominator.mutable_data_ptr<double>();
  }
  if (const int n = loss_.operands + 1; wrt_ >> n & 1) {
    out.grads[n] = scalar(call_.normalizer().scalar_type());
    end.normalizer_grad = output(out.grads[n]);
  }
  finish(end);
}

void scale(const at::Tensor& grad, const at::Tensor& upstream, const at::Tensor& denominator) {
  const c10::DeviceGuard device(grad.device());
  Scale args{};
  args.grad = {grad.mutable_data_ptr(), grad.scalar_type()};
  args.size = grad.numel();
  args.upstream = upstream.const_data_ptr();
  args.upstream_dtype = upstream.scalar_type();
  if (denominator.defined()) args.denominator = denominator.const_data_ptr<double>();
  scale(args);
}

}  // namespace lossops::cuda
