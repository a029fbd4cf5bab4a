#define LOSSOPS_FILE regression
#include "families/isa/instantiate.h"
