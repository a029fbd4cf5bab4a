// The host's part of a reduction.
#pragma once

#include <c10/util/bit_cast.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <type_traits>

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

/// The largest gradient that a pass wrote as float16, from all threads.
class Reach {
 public:
  template <class S>
  void add(const S* gradients, int64_t size) {
    const double largest = largest_of(gradients, size);
    double known = most_;
    while (largest > known && !most_.compare_exchange_weak(known, largest)) {
    }
  }
  /// The power of two by which float16 holds it.
  double factor() const;

 private:
  /// Of those that are finite. Magnitudes are ordered as their bits are.
  template <class S>
  static double largest_of(const S* gradients, int64_t size) {
    using Bits =
        std::conditional_t<sizeof(S) == 8, int64_t, std::conditional_t<sizeof(S) == 4, int32_t, int16_t>>;
    const auto infinity = c10::bit_cast<Bits>(std::numeric_limits<S>::infinity());
    Bits most = 0;
    for (int64_t i = 0; i < size; ++i) {
      const auto bits =
          static_cast<Bits>(c10::bit_cast<Bits>(gradients[i]) & std::numeric_limits<Bits>::max());
      most = std::max(most, bits < infinity ? bits : Bits(0));
    }
    return static_cast<double>(c10::bit_cast<S>(most));
  }

  std::atomic<double> most_{0};
};

/// The loss of a call that reduces to a number, and what belongs to the denominator, from the sum of the
/// values. Gradients that come with a denominator were multiplied by `factor`.
void finish(const Call& call, int64_t wrt, double total, double denominator, double factor, Evaluation& out);

}  // namespace lossops::cpu
