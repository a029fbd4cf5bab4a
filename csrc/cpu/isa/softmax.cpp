#define LOSSOPS_FILE softmax
#include "cpu/isa/instantiate.h"
