// Policy gradients: losses of a policy's tokens by their advantages, off the policy that drew them.
#pragma once

#include "../math/parameters.h"
#include "../math/vocabulary.h"

namespace lossops::losses {

/// What a token of advantage a and ratio r = e^log_ratio costs, plus beta times an estimate of its divergence
/// from a reference. Tokens whose mask is 0 cost nothing, whatever they hold. Clipped (Schulman et al.,
/// 2017), with `delta` to bound the ratio where a < 0; CISPO (MiniMax, 2025), which weighs log-probabilities
/// by constant ratios; or SAPO (Qwen, 2025), with a smooth gate instead of bounds.
struct PolicyGradient {
  enum : int64_t { kClipped, kCISPO, kSAPO };
  int64_t objective = kClipped;
  double epsilon_low = 0.2, epsilon_high = 0.2, delta = kNone, beta = 0;
  double tau_positive = 1, tau_negative = 1.05;
  static constexpr std::array parameters{
      param("objective", &PolicyGradient::objective).between(kClipped, kSAPO),
      param("epsilon_low", &PolicyGradient::epsilon_low).between(0, 1),
      param("epsilon_high", &PolicyGradient::epsilon_high).at_least(0),
      param("delta", &PolicyGradient::delta).positive().optional(),
      param("beta", &PolicyGradient::beta).at_least(0).below(kInfinity),
      param("tau_positive", &PolicyGradient::tau_positive).above(0).below(kInfinity),
      param("tau_negative", &PolicyGradient::tau_negative).above(0).below(kInfinity)};

  template <class P, class L, class A, class M, class R>
  LOSSOPS_INLINE auto operator()(const P& logps, const L& log_ratio, const A& advantages, const M& mask,
                                 const R& ref_logps) const {
    const auto masked = value_of(mask) == 0;
    const P p = select(masked, P(0), logps);
    const L l = select(masked, L(0), log_ratio);
    const A a = select(masked, A(0), advantages);
    using Y = std::remove_const_t<decltype(logps + log_ratio + advantages + ref_logps)>;
    const Y cost = objective == kClipped ? Y(-clipped(l, a))
                   : objective == kCISPO ? Y(-weighted(p, l, a))
                                         : Y(-gated(l, a));
    if (beta == 0) return cost;
    const R reference = select(masked, R(0), ref_logps);
    return Y(cost + beta * divergence(reference - p));
  }

 private:
  /// min(min(r, delta) a, clip(r, 1 - epsilon_low, 1 + epsilon_high) a). At a bound r has its derivative, as
  /// torch's clamp.
  template <class L, class A>
  LOSSOPS_INLINE auto clipped(const L& log_ratio, const A& a) const {
    const L r = exp(log_ratio);
    const auto v = value_of(r);
    using C = std::remove_const_t<decltype(v)>;
    const double high = 1 + epsilon_high, cap = delta < kInfinity ? delta : kInfinity;
    const auto negative = value_of(a) < 0;
    const C upper = select(negative, C(cap > high ? cap : high), C(cap < high ? cap : high));
    const C lower = select(negative, C(1 - epsilon_low), C(0));
    return scaled(a, select(v > upper, L(upper), select(v < lower, L(lower), r)));
  }

  /// min(r, epsilon_high) a logps, with a constant ratio; 0 where that is 0 and logps -inf.
  template <class P, class L, class A>
  LOSSOPS_INLINE auto weighted(const P& logps, const L& log_ratio, const A& a) const {
    const auto r = detach(exp(log_ratio));
    using C = std::remove_const_t<decltype(r)>;
    return scaled(a * C(select(r > C(epsilon_high), C(epsilon_high), r)), logps);
  }

  /// 4 / tau sigma(tau (r - 1)) a.
  template <class L, class A>
  LOSSOPS_INLINE auto gated(const L& log_ratio, const A& a) const {
    const auto r = exp(value_of(log_ratio));
    using C = std::remove_const_t<decltype(r)>;
    const auto positive = value_of(a) > 0;
    const C tau = select(positive, C(tau_positive), C(tau_negative));
    const auto s = logistic(C(tau * (r - 1.0)));
    const C gate = select(positive, C(4 / tau_positive), C(4 / tau_negative)) * s.p();
    return a * custom_derivative(gate, C(4.0 * scaled(C(s.p() * s.q()), r)), log_ratio);
  }

  /// e^u - u - 1 (Schulman, 2020), an unbiased estimate of the divergence where u is the log-ratio of what is
  /// diverged from. Below 1 by the series u^2 / 2 (1 + u / 3 (1 + u / 4 (...))), in which nothing cancels.
  template <class U>
  LOSSOPS_INLINE static U divergence(const U& u) {
    const auto v = value_of(u);
    using C = std::remove_const_t<decltype(v)>;
    const C e = expm1(v);
    const auto near = abs(v) < C(1);
    const C x = select(near, v, C(0));
    C series(1.0);
    for (int n = 18; n >= 3; --n) series = series * x * (1.0 / n) + 1.0;
    const C far = e - select(e == kInfinity, C(0), v);
    return custom_derivative(C(select(near, 0.5 * x * x * series, far)), e, u);
  }
};

}  // namespace lossops::losses
