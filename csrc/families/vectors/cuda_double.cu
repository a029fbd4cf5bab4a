// The kernels of every loss of vectors, which add up in double whatever elements are stored as.
#include "families/vectors/cuda_kernel.h"
#include "losses/all.h"

namespace lossops::cuda {

#define LOSS(op, Expression, ...) template struct VectorKernelsOf<losses::Expression>;
#include "losses/registry.def"

}  // namespace lossops::cuda
