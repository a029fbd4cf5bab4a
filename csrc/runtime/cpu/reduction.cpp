#include "runtime/cpu/reduction.h"

#include <c10/util/Half.h>

#include <cmath>
#include <limits>

#include "runtime/cpu/memory.h"

namespace lossops::cpu {

double Reach::factor() const {
  const double limit = std::numeric_limits<c10::Half>::max();
  return most_ <= limit ? 1 : std::exp2(std::floor(std::log2(limit / most_)));
}

void finish(const Call& call, int64_t wrt, double total, double denominator, double factor, Evaluation& out) {
  const double loss = total / denominator;
  out.loss = scalar_tensor(loss, call.result_dtype());
  const bool unscaled = needs_denominator(call, wrt);
  // Without an element that counts all gradients are 0, and stay that.
  if (unscaled) out.denominator = scalar_tensor(factor * (denominator == 0 ? 1 : denominator), at::kDouble);
  if (const int n = call.loss->operands + 1; wrt >> n & 1) {
    const double slope = -loss * static_cast<double>(divisor(call).factor.expect_int());
    out.grads[n] =
        scalar_tensor(unscaled ? slope * factor : slope / denominator, call.normalizer().scalar_type());
  }
}

}  // namespace lossops::cpu
