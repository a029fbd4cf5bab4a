// Every expression of the library; the registry names them.
#pragma once

#include "losses/binary.h"
#include "losses/likelihood.h"
#include "losses/margin.h"
#include "losses/regression.h"
