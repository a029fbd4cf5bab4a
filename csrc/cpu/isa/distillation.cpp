#define LOSSOPS_FILE distillation
#include "cpu/isa/instantiate.h"
