#include "runtime/cuda/launcher.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/DeviceGuard.h>

#include <numeric>

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

/// None if there are too many dimensions.
static std::optional<Offsets> offsets_of(const at::Tensor& t, at::IntArrayRef order) {
  Offsets offsets;
  for (const int64_t d : order) {
    if (!offsets.add(t.size(d), t.stride(d))) return std::nullopt;
  }
  return offsets;
}

Operand Launcher::operand(at::Tensor t, at::IntArrayRef order, at::ScalarType math) {
  Operand operand;
  if (!t.defined()) return operand;
  if (!is_beside_input(call_, t)) {
    operand.number = t.item().toDouble();
    return operand;
  }
  if (!is_readable(t.scalar_type())) t = t.to(math);
  std::optional<Offsets> offsets = offsets_of(t, order);
  if (!offsets) {
    t = t.permute(order).contiguous();
    offsets.emplace().add(t.numel(), 1);
  }
  operand.data = keep(t).const_data_ptr();
  operand.dtype = t.scalar_type();
  operand.offsets = *offsets;
  const bool aligned = reinterpret_cast<uintptr_t>(operand.data) % 16 == 0;
  operand.layout = offsets->single()             ? Layout::kOne
                   : offsets->dense() && aligned ? Layout::kPacked
                                                 : Layout::kStrided;
  return operand;
}

Plane<void> Launcher::plane(at::Tensor t, int64_t dim, bool may_copy) {
  Plane<void> plane;
  c10::SmallVector<int64_t, 8> rows(t.dim());
  std::iota(rows.begin(), rows.end(), 0);
  rows.erase(rows.begin() + dim);
  std::optional<Offsets> offsets = offsets_of(t, rows);
  if (!offsets) {
    TORCH_CHECK(may_copy, call_.loss->name, ": ", call_.name(0), " has too many dimensions of its own");
    t = t.contiguous();
    offsets = offsets_of(t, rows);
  }
  plane.rows = *offsets;
  plane.class_stride = t.size(dim) == 1 ? 1 : t.stride(dim);
  plane.data = const_cast<void*>(keep(t).const_data_ptr());
  return plane;
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
