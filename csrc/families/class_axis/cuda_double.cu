// The kernels of every loss over the class axis, of logits in double.
#include "families/class_axis/cuda_kernel.h"
#include "losses/all.h"

namespace lossops::cuda {

#define CLASS_LOSS(op, Expression, ...) template int64_t run_rows<losses::Expression>(const RowArgs<double>&);
#include "losses/registry.def"

}  // namespace lossops::cuda
