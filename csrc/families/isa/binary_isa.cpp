#define LOSSOPS_FILE binary
#include "families/isa/instantiate.h"
