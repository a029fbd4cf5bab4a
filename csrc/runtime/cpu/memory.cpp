#include "runtime/cpu/memory.h"

#include <ATen/EmptyTensor.h>
#include <ATen/ScalarOps.h>
#include <ATen/ops/mul.h>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "core/backend.h"
#include "runtime/cpu/isa.h"

namespace lossops::cpu {
namespace {

/// Asks for huge pages before first touch: page faults would cost more than the kernel that writes there.
at::Tensor with_huge_pages(at::Tensor t) {
#ifdef __linux__
  constexpr uintptr_t kHugePage = 2 << 20;
  if (t.nbytes() >= 2 * kHugePage) {
    const auto begin = reinterpret_cast<uintptr_t>(t.data_ptr());
    const uintptr_t first = (begin + kHugePage - 1) & ~(kHugePage - 1);
    const uintptr_t last = (begin + t.nbytes()) & ~(kHugePage - 1);
    if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
  }
#endif
  return t;
}

}  // namespace

at::Tensor empty_dense(const at::Tensor& like, at::ScalarType dtype) {
  if (!keeps_order(like)) {
    return with_huge_pages(at::detail::empty_cpu(like.sizes(), dtype));
  }
  return with_huge_pages(at::detail::empty_strided_cpu(like.sizes(), like.strides(), dtype));
}

at::Tensor scalar_tensor(double value, at::ScalarType dtype) {
  at::Tensor t = at::detail::empty_cpu({}, dtype);
  LOSSOPS_FOR_THIS_ISA(conversions<double>()).store(&value, t.data_ptr(), dtype, 1, 1);
  return t;
}

double value_of_scalar(const at::Tensor& t) {
  return t.scalar_type() == at::kFloat ? *t.const_data_ptr<float>() : t.item().toDouble();
}

at::Tensor scale(const at::Tensor& gradient, const at::Tensor& upstream, const at::Tensor& denominator,
                 bool shared) {
  double factor = value_of_scalar(upstream);
  if (denominator.defined()) factor /= value_of_scalar(denominator);
  if (shared) return at::mul(gradient, factor);
  // As a tensor: mul_ of a number rounds that to the gradient's dtype.
  return factor == 1 ? gradient : gradient.mul_(at::native::wrapped_scalar_tensor(factor));
}

void unsupported_dtype(c10::ScalarType dtype) {
  TORCH_CHECK_NOT_IMPLEMENTED(false, "lossops: unsupported dtype ", dtype);
}

}  // namespace lossops::cpu
