// How the values of a call become its result: said once, for the decompositions and every backend.
#pragma once

#include "loss.h"

namespace lossops {

/// What a sum of values is divided by: `factor` times one, the normalizer, the number of values that are not
/// ignored, or the sum of their weights.
struct Divisor {
  enum By { kOne, kNormalizer, kKept, kWeight };
  By by = kOne;
  c10::SymInt factor = 1;
};

/// That of a call; one for reduction "none".
Divisor divisor(const Call& call);

/// The values of a decomposition, 0 where they are ignored, as the call reduces them. `kept` says which are
/// not ignored and is undefined if all are kept; `weight` is that of each, 0 where ignored, if the mean
/// divides by it.
at::Tensor reduce(const Call& call, const at::Tensor& values, const at::Tensor& kept,
                  const at::Tensor& weight);

}  // namespace lossops
