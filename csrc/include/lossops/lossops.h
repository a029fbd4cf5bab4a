// The losses as functions: lossops::huber(input, target, /*delta=*/0.5). The modules are in <lossops/nn.h>.
//
// Each function calls the operator of its name through torch's dispatcher, so that autograd, autocast and
// torch's transforms take part. Arguments come in one order everywhere: what the loss computes with, its
// parameters, then `reduction`, and last what losses share: `weight`, `ignore_index`, `normalizer`. Mistakes
// throw c10::Error or a class derived from it, with a message that names the argument.
#pragma once

#include "lossops/binary.h"
#include "lossops/box.h"
#include "lossops/classification.h"
#include "lossops/contrastive.h"
#include "lossops/count.h"
#include "lossops/density.h"
#include "lossops/distillation.h"
#include "lossops/embedding.h"
#include "lossops/likelihood.h"
#include "lossops/linear.h"
#include "lossops/margin.h"
#include "lossops/metric.h"
#include "lossops/noise.h"
#include "lossops/ordinal.h"
#include "lossops/preference.h"
#include "lossops/region.h"
#include "lossops/regression.h"
#include "lossops/relative.h"
#include "lossops/segmentation.h"
#include "lossops/sequence.h"
#include "lossops/signal.h"

namespace lossops::detail {

LOSSOPS_API int keep_alive() noexcept;

/// Uses a symbol of the library wherever this header is included, so that no linker takes it for unneeded.
[[gnu::used]] inline const int kept_alive = keep_alive();

}  // namespace lossops::detail
