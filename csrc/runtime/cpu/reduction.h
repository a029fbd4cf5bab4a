// The host's part of a reduction.
#pragma once

#include "core/backend.h"
#include "core/reduction.h"

namespace lossops::cpu {

/// What a call divides by. measure(by) counts what is kept, or sums the weights of that.
template <class F>
double denominator(const Call& call, const F& measure) {
  const Divisor d = divisor(call);
  const auto factor = static_cast<double>(d.factor.expect_int());
  if (d.by == Divisor::kOne) return factor;
  return factor * (d.by == Divisor::kNormalizer ? call.normalizer().item().toDouble() : measure(d.by));
}

/// The loss of a call that reduces to a number, and what belongs to the denominator, from the sum of the
/// values.
void finish(const Call& call, int64_t wrt, double total, double denominator, Evaluation& out);

}  // namespace lossops::cpu
