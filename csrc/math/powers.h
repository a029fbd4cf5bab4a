// Several powers of one operand.
#pragma once

#include <cmath>

#include "vocabulary.h"

namespace lossops {

/// Powers of one x for constants p, which share its logarithm: x^p as `power` has it, and for x < 0 too if p
/// is whole. `by_logarithm` says whether any p is one that needs that.
template <class X>
class Powers {
  using C = std::remove_cvref_t<decltype(value_of(std::declval<X>()))>;

 public:
  LOSSOPS_INLINE Powers(const X& x, bool by_logarithm)
      : x_(x), zero_(value_of(x) == C(0)), negative_(value_of(x) < C(0)) {
    s_ = select(zero_, C(1), value_of(x));
    if (by_logarithm) log_ = log(abs(s_));
  }

  LOSSOPS_INLINE X operator()(double p) const {
    if (multiplies(p)) return small_power(x_, p);
    const double half = 0.5 * p, sign = p != std::floor(p) ? NAN : half == std::floor(half) ? 1 : -1;
    const C r = exp(p * log_) * select(negative_, C(sign), C(1));
    // As in `power`.
    const C slope = select(zero_, C(0), p * (r / s_));
    return custom_derivative(select(zero_, C(p < 0 ? kInfinity : 0), r), slope, x_);
  }

 private:
  X x_;
  decltype(C() < C()) zero_, negative_;
  C s_, log_{};
};

/// The powers of x for these p.
template <class X, class... P>
LOSSOPS_INLINE Powers<X> powers(const X& x, P... p) {
  return {x, !(multiplies(p) && ...)};
}

}  // namespace lossops
