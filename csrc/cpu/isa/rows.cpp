// Compiled once per instruction set: the kernels of the losses over the class axis.
#include "cpu/row_loop.h"
#include "losses/all.h"

namespace lossops::cpu::CPU_CAPABILITY {

#define CLASS_LOSS(op, Expression, ...) template const RowKernels& row_kernels<losses::Expression>();
#include "losses/registry.def"

}  // namespace lossops::cpu::CPU_CAPABILITY
