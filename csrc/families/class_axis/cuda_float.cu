// The kernels of every loss over the class axis, of logits in float.
#include "families/class_axis/cuda_kernel.h"
#include "losses/all.h"

namespace lossops::cuda {

#define LOSS(op, Expression, ...) template struct RowKernelsOf<losses::Expression, float>;
#include "losses/registry.def"

}  // namespace lossops::cuda
