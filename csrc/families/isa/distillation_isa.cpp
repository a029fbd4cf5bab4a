#define LOSSOPS_FILE distillation
#include "families/isa/instantiate.h"
