#define LOSSOPS_FILE binary
#include "cpu/instantiate.h"
