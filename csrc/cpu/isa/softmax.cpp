#define LOSSOPS_FILE softmax
#include "cpu/instantiate.h"
