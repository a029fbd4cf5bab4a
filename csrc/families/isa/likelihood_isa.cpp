#define LOSSOPS_FILE likelihood
#include "families/isa/instantiate.h"
