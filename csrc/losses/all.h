// Every expression of the library; the registry names them.
#pragma once

#include "losses/binary.h"
#include "losses/distillation.h"
#include "losses/likelihood.h"
#include "losses/margin.h"
#include "losses/regression.h"
#include "losses/softmax.h"
