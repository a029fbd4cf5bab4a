// liblossops.so whose CPU kernels are the CUDA ones, emulated.
#include <lossops/version.h>
#include <torch/library.h>

#include "families/contrast/call.h"
#include "families/describe.h"
#include "families/lattice/call.h"
#include "families/linear/call.h"
#include "losses/all.h"
#include "losses/exceptions.h"
#include "operators/count/count.h"
#include "operators/penalty/penalty.h"
#include "runtime/cpu/memory.h"
#include "runtime/cuda/launcher.h"

namespace lossops {
namespace {

/// The CUDA launchers under the key of the CPU.
template <class E>
const Backend* emulated() {
  static const Backend backend = [] {
    Backend b = *cuda_kernels<E>().backend;
    b.key = c10::DispatchKey::CPU;
    b.scale = cpu::scale;
    return b;
  }();
  return &backend;
}

/// The loss of an operator, under this name.
template <class E>
std::unique_ptr<Loss> described(const char* name, const char* op, TraitsOf<E> traits) {
  auto loss = lossops::describe<E>("lossops", name, std::move(traits));
  loss->exceptions = losses::torch_exceptions(op);
  loss->kernels.push_back({emulated<E>(), cuda_kernels<E>().table});
  return loss;
}

/// With that on a product.
template <class E>
void define(torch::Library& library, const char* op, const char* linear_op, TraitsOf<E> traits) {
  define_loss(library, described<E>(op, op, traits), LOSSOPS_VERSION);
  if constexpr (linear::kIsOnLogits<E>) {
    auto loss = std::make_unique<linear::LinearLoss>(described<E>(linear_op, op, std::move(traits)));
    define_loss(library, std::move(loss), LOSSOPS_VERSION);
  }
}

}  // namespace

TORCH_LIBRARY(lossops, library) {
#define OPERATOR(op, Expression, ...)                                                                      \
  define_loss(library, described<losses::Expression>(#op, #op, TraitsOf<losses::Expression>{__VA_ARGS__}), \
              LOSSOPS_VERSION);
#define LOSS(op, Expression, ...) \
  define<losses::Expression>(library, #op, "linear_" #op, TraitsOf<losses::Expression>{__VA_ARGS__});
#include "losses/registry.def"
  for (auto& loss : contrast::losses()) define_loss(library, std::move(loss), LOSSOPS_VERSION);
  // The host computes it for every device, by kernels that are not in this library: it is only declared.
  auto alignment = lossops::describe<losses::CTC>("lossops", "ctc_align", {"log_probs", "input_lengths"});
  lattice::define_alignment(library, std::move(alignment));
}

namespace {

void scale(at::Tensor grad, const at::Tensor& upstream, const std::optional<at::Tensor>& denominator) {
  cuda::scale(grad, upstream, denominator.value_or(at::Tensor()), /*shared=*/false);
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
