#define LOSSOPS_FILE softmax
#include "families/isa/instantiate.h"
