// The formulas of every loss of regions, which are evaluated in double.
#include "families/regions/cuda_finish.h"
#include "losses/all.h"

namespace lossops::cuda {

#define LOSS(op, Expression, ...) template struct RegionKernelsOf<losses::Expression>;
#include "losses/registry.def"

}  // namespace lossops::cuda
