// Every expression of the library; the registry names them.
#pragma once

#include "binary.h"
#include "count.h"
#include "density.h"
#include "distillation.h"
#include "embedding.h"
#include "likelihood.h"
#include "margin.h"
#include "policy.h"
#include "preference.h"
#include "region.h"
#include "regression.h"
#include "relative.h"
#include "sequence.h"
#include "signal.h"
#include "softmax.h"
