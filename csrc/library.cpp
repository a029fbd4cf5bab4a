// The library's operators: one line of losses/registry.def each.

// Here expressions are of tensors, beside whose operators a call costs nothing; inlined they are three times
// as large, and take three times as long to compile.
#define LOSSOPS_INLINE inline

#include <lossops/version.h>
#include <torch/library.h>

#include "families/contrast/call.h"
#include "families/describe.h"
#include "losses/all.h"
#include "losses/exceptions.h"

namespace lossops {
namespace {

void define(torch::Library& library, std::unique_ptr<Loss> loss) {
  loss->exceptions = losses::torch_exceptions(loss->name);
  define_loss(library, std::move(loss), LOSSOPS_VERSION);
}

/// The loss on a product, beside that on logits.
template <class E>
void define_linear(torch::Library& library, const char* op, const char* name, TraitsOf<E> traits) {
  auto loss = describe_on_product<E>("lossops", name, std::move(traits), losses::torch_exceptions(op));
  if (loss) define_loss(library, std::move(loss), LOSSOPS_VERSION);
}

}  // namespace

TORCH_LIBRARY(lossops, library) {
#define OPERATOR(op, Expression, ...) \
  define(library,                     \
         describe_native<losses::Expression>("lossops", #op, TraitsOf<losses::Expression>{__VA_ARGS__}));
#define LOSS(op, Expression, ...)       \
  OPERATOR(op, Expression, __VA_ARGS__) \
  define_linear<losses::Expression>(library, #op, "linear_" #op, TraitsOf<losses::Expression>{__VA_ARGS__});
#include "losses/registry.def"
  for (auto& loss : contrast::losses()) define(library, std::move(loss));
  lattice::define_alignment(
      library, describe_native<losses::CTC>("lossops", "ctc_align", {"log_probs", "input_lengths"}));
}

}  // namespace lossops
