#include "runtime/cpu/reduction.h"

#include "runtime/cpu/memory.h"

namespace lossops::cpu {

void finish(const Call& call, int64_t wrt, double total, double denominator, Evaluation& out) {
  const double loss = total / denominator;
  out.loss = scalar_tensor(loss, call.result_dtype());
  const bool unscaled = needs_denominator(call, wrt);
  // Without an element that counts all gradients are 0, and stay that.
  if (unscaled) out.denominator = scalar_tensor(denominator == 0 ? 1 : denominator, at::kDouble);
  if (const int n = call.loss->operands + 1; wrt >> n & 1) {
    const double slope = -loss * (denominator / call.normalizer().item().toDouble());
    out.grads[n] = scalar_tensor(unscaled ? slope : slope / denominator, call.normalizer().scalar_type());
  }
}

}  // namespace lossops::cpu
