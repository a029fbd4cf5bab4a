#define LOSSOPS_FILE margin
#include "cpu/isa/instantiate.h"
