#define LOSSOPS_FILE regression
#include "cpu/isa/instantiate.h"
