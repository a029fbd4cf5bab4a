#define LOSSOPS_FILE margin
#include "families/isa/instantiate.h"
