#define LOSSOPS_FILE regression
#include "cpu/instantiate.h"
