#define LOSSOPS_FILE binary
#include "cpu/isa/instantiate.h"
