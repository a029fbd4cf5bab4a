// The CPU kernels' launchers, one for each family of losses.
#pragma once

#include "../core/loss.h"

namespace lossops::cpu {

Evaluation evaluate_elementwise(const Call& call, int64_t wrt);
Evaluation evaluate_class_axis(const Call& call, int64_t wrt);

}  // namespace lossops::cpu
