// The penalty over all tensors in one pass, in blocks of a fixed size: the sum is the same for every number
// of threads.
#include "operators/penalty/cpu.h"

#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <vector>

#include "operators/penalty/penalty.h"
#include "runtime/cpu/memory.h"

namespace lossops {
namespace {

/// Blocks below which another thread does not pay.
constexpr int64_t kGrainBlocks = 8;

/// The tensors as one row of blocks, none of which spans two of them.
class Blocks {
 public:
  explicit Blocks(at::TensorList params) {
    first_.push_back(0);
    for (const at::Tensor& p : params) {
      // The order in memory will do, where there is one: gradients have the same.
      held_.push_back(p.is_contiguous() || p.is_non_overlapping_and_dense() ? p : p.contiguous());
      TORCH_CHECK(p.numel() == 0 || held_.back().const_data_ptr(),
                  "elastic_net_penalty: a parameter of shape ", p.sizes(), " has no storage");
      first_.push_back(first_.back() + (p.numel() + cpu::kBlockSize - 1) / cpu::kBlockSize);
    }
  }

  int64_t count() const { return first_.back(); }

  /// f(block, tensor, its index, the block's first element in it, the block's size), on all threads.
  template <class F>
  void for_each(const F& f) const {
    at::parallel_for(0, count(), kGrainBlocks, [&](int64_t begin, int64_t end) {
      size_t i = std::upper_bound(first_.begin(), first_.end(), begin) - first_.begin() - 1;
      for (int64_t block = begin; block < end; ++block) {
        while (block >= first_[i + 1]) ++i;
        const int64_t start = (block - first_[i]) * cpu::kBlockSize;
        f(block, held_[i], i, start, std::min(cpu::kBlockSize, held_[i].numel() - start));
      }
    });
  }

 private:
  std::vector<at::Tensor> held_;
  std::vector<int64_t> first_;  ///< block of each tensor, and their number
};

const char* element(const at::Tensor& t, int64_t i) {
  return static_cast<const char*>(t.const_data_ptr()) + i * t.itemsize();
}

/// The sums over a block and, if there is a tensor for it, the gradient a sign(x) + b x; a null factor leaves
/// its part out.
template <class T>
cpu::PenaltySums visit(const at::Tensor& t, int64_t start, int64_t size, const double* a, const double* b,
                       const at::Tensor& grad) {
  constexpr auto kDtype = c10::CppTypeToScalarType<T>::value;
  const bool direct = t.scalar_type() == kDtype;
  const auto& kernels = LOSSOPS_FOR_THIS_ISA(penalty_kernels<T>());
  const auto& conversions = LOSSOPS_FOR_THIS_ISA(conversions<T>());
  T buffer[cpu::kBlockSize];
  const auto* x = static_cast<const T*>(static_cast<const void*>(element(t, start)));
  if (!direct) {
    conversions.load(x, t.scalar_type(), 1, buffer, size);
    x = buffer;
  }
  const cpu::PenaltySums sums = kernels.sums(x, size);
  if (grad.defined()) {
    const T factors[] = {a ? static_cast<T>(*a) : T(0), b ? static_cast<T>(*b) : T(0)};
    void* const y = const_cast<char*>(element(grad, start));
    kernels.slope(x, a ? factors : nullptr, b ? factors + 1 : nullptr, direct ? static_cast<T*>(y) : buffer,
                  size);
    if (!direct) conversions.store(buffer, y, t.scalar_type(), 1, size);
  }
  return sums;
}

at::Tensor elastic_net_penalty(at::TensorList params, double l1, double l2) {
  const Penalty penalty = check_penalty(params, l1, l2);
  const double value = cpu::evaluate_penalty(params, penalty, 1, std::vector<at::Tensor>(params.size()));
  return cpu::scalar_tensor(value, penalty_dtype(params));
}

}  // namespace

double cpu::evaluate_penalty(at::TensorList params, const Penalty& penalty, double factor,
                             const std::vector<at::Tensor>& grads) {
  const double a = factor * penalty.l1, b = factor * 2 * penalty.l2;
  const double* const absolute = penalty.absolute() ? &a : nullptr;
  const double* const square = penalty.square() ? &b : nullptr;
  const Blocks blocks(params);
  std::vector<PenaltySums> parts(blocks.count());
  blocks.for_each([&](int64_t block, const at::Tensor& t, size_t i, int64_t start, int64_t size) {
    const bool wide = t.scalar_type() == at::kDouble;
    parts[block] = wide ? visit<double>(t, start, size, absolute, square, grads[i])
                        : visit<float>(t, start, size, absolute, square, grads[i]);
  });
  PenaltySums total;
  for (const PenaltySums& part : parts) {
    total.absolute += part.absolute;
    total.square += part.square;
  }
  return (absolute ? penalty.l1 * total.absolute : 0) + (square ? penalty.l2 * total.square : 0);
}

TORCH_LIBRARY_IMPL(lossops, CPU, library) { library.impl("elastic_net_penalty", elastic_net_penalty); }

}  // namespace lossops
