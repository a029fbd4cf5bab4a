// liblossops.so whose CPU kernels are the CUDA ones, emulated.
#include <lossops/version.h>
#include <torch/library.h>

#include "core/describe.h"
#include "families/cpu.h"
#include "families/cuda.h"
#include "losses/all.h"
#include "operators/count/count.h"
#include "operators/penalty/penalty.h"

namespace lossops {
namespace cpu {

Evaluation evaluate_elementwise(const Call& call, int64_t wrt) {
  return cuda::evaluate_elementwise(call, wrt);
}
Evaluation evaluate_class_axis(const Call& call, int64_t wrt) { return cuda::evaluate_class_axis(call, wrt); }

// Of the real ones none is there.
#define LOSSOPS_NO_KERNELS(ISA, ...)             \
  namespace ISA {                                \
  template <class E>                             \
  const Kernels& kernels() {                     \
    static const Kernels none{};                 \
    return none;                                 \
  }                                              \
  template <class E>                             \
  const ClassAxisKernels& class_axis_kernels() { \
    static const ClassAxisKernels none{};        \
    return none;                                 \
  }                                              \
  }
LOSSOPS_EACH_ISA(LOSSOPS_NO_KERNELS)

}  // namespace cpu

TORCH_LIBRARY(lossops, library) {
#define LOSS(op, Expression, arguments, ...)                                                         \
  define_loss(library, describe<losses::Expression>("lossops", #op, arguments, Traits{__VA_ARGS__}), \
              LOSSOPS_VERSION);
#define CLASS_LOSS LOSS
#include "losses/registry.def"
}

namespace {

void scale(at::Tensor grad, const at::Tensor& upstream, const std::optional<at::Tensor>& denominator) {
  cuda::scale(grad, upstream, denominator.value_or(at::Tensor()));
}

}  // namespace

// What only devices other than the CPU run.
TORCH_LIBRARY(lossops_emulated, library) {
  library.def("scale(Tensor(a!) grad, Tensor upstream, Tensor? denominator) -> ()", scale);
  library.def("elastic_net_penalty(Tensor[] params, float l1, float l2) -> Tensor", penalty_by_lists);
  library.def("count_labels(Tensor labels, int? num_classes=None, int? ignore_index=None) -> Tensor?",
              count_by_aten);
}

}  // namespace lossops
