#define LOSSOPS_FILE distillation
#include "cpu/instantiate.h"
