// The kernels of every element-wise loss, computed in float.
#include "families/elementwise/cuda_kernel.h"
#include "losses/all.h"

namespace lossops::cuda {

#define LOSS(op, Expression, ...) template struct ElementKernelsOf<losses::Expression, float>;
#include "losses/registry.def"

}  // namespace lossops::cuda
