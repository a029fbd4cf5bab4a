// The library's operators: one line of losses/registry.def each.
#include <lossops/version.h>

#include "core/describe.h"
#include "losses/all.h"

namespace lossops {

TORCH_LIBRARY(lossops, library) {
#define LOSS(op, Expression, arguments, ...)                                                         \
  define_loss(library, describe<losses::Expression>("lossops", #op, arguments, Traits{__VA_ARGS__}), \
              LOSSOPS_VERSION);
#define CLASS_LOSS LOSS
#include "losses/registry.def"
}

}  // namespace lossops
