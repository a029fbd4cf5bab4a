// The kernels of every element-wise loss, computed in double.
#include "families/elementwise/cuda_kernel.h"
#include "losses/all.h"

namespace lossops::cuda {

#define LOSS(op, Expression, ...) template struct ElementKernelsOf<losses::Expression, double>;
#include "losses/registry.def"

}  // namespace lossops::cuda
