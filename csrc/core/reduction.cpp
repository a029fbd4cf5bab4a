#include "core/reduction.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/where.h>

#include <limits>

namespace lossops {

Divisor divisor(const Call& call) {
  const Settings& s = call.settings;
  if (s.reduction == Reduction::None) return {};
  if (s.reduction == Reduction::Mean && !call.normalizer().defined()) return call.loss->family.mean(call);
  Divisor d{call.normalizer().defined() ? Divisor::kNormalizer : Divisor::kOne,
            call.loss->family.values_per_sample(call)};
  const auto sizes = call.input().sym_sizes();
  if (s.reduction == Reduction::BatchMean && !sizes.empty()) d.factor = d.factor * sizes.front();
  return d;
}

/// 0 / 0, the mean of nothing, is NaN without a derivative.
static at::Tensor quotient(const at::Tensor& sum, const at::Tensor& count) {
  const at::Tensor nothing = (sum == 0) & (count == 0);
  return at::where(nothing, std::numeric_limits<double>::quiet_NaN(), sum / at::where(nothing, 1.0, count));
}

at::Tensor reduce(const Call& call, const at::Tensor& values, const at::Tensor& kept,
                  const at::Tensor& weight) {
  if (!call.reduces()) return values;
  const Divisor d = divisor(call);
  if (d.by == Divisor::kWeight) return quotient(values.sum(), weight.sum());
  if (d.by == Divisor::kKept) return quotient(values.sum(), kept.sum());
  if (call.settings.reduction == Reduction::Mean && d.by == Divisor::kOne) return values.mean();
  at::Tensor sum = values.sum();
  if (!(d.factor.maybe_as_int() == 1)) sum = sum / at::Scalar(d.factor);
  return d.by == Divisor::kNormalizer ? sum / call.normalizer() : sum;
}

}  // namespace lossops
