// Compiled once per instruction set: the kernels of every loss of the registry.
#include "cpu/block.h"
#include "losses/all.h"

namespace lossops::cpu::CPU_CAPABILITY {

#define LOSS(op, Expression, ...) template const Kernels& kernels<losses::Expression>();
#include "losses/registry.def"

}  // namespace lossops::cpu::CPU_CAPABILITY
