#define LOSSOPS_FILE likelihood
#include "cpu/instantiate.h"
