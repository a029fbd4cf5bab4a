// The kernels of the losses in LOSSOPS_FILE, for the instruction set that this is compiled for. Each file of
// expressions is a unit of its own, so that they are compiled in parallel and none for another's sake.
#include "families/cpu_kernels.h"

// clang-format off
#define LOSSOPS_QUOTED(path) #path
#define LOSSOPS_LOSSES(file, suffix) LOSSOPS_QUOTED(losses/file.suffix)
#define LOSSOPS_EXPAND(file, suffix) LOSSOPS_LOSSES(file, suffix)
#include LOSSOPS_EXPAND(LOSSOPS_FILE, h)
// clang-format on

namespace lossops::cpu::CPU_CAPABILITY {

#define LOSS(op, Expression, ...) template const void* kernels<losses::Expression>();
#define OPERATOR LOSS
#include LOSSOPS_EXPAND(LOSSOPS_FILE, def)

}  // namespace lossops::cpu::CPU_CAPABILITY
