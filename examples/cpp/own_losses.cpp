// Defines the losses of own_losses.h. CMakeLists.txt has the kernels compiled once per instruction set.
#include "own_losses.h"

#include <lossops/define.h>

LOSSOPS_DEFINE(own, cauchy, own::Cauchy)
LOSSOPS_DEFINE(own, shortfall, own::Shortfall)
