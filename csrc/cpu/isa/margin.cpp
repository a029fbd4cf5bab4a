#define LOSSOPS_FILE margin
#include "cpu/instantiate.h"
