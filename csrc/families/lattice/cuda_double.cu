// The kernels of every loss of sequences, of scores computed in double.
#include "families/lattice/cuda_kernel.h"
#include "losses/all.h"

namespace lossops::cuda {

#define LOSS(op, Expression, ...) template struct LatticeKernelsOf<losses::Expression, double>;
#include "losses/registry.def"

}  // namespace lossops::cuda
