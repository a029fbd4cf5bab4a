#define LOSSOPS_FILE likelihood
#include "cpu/isa/instantiate.h"
