// Negative log-likelihoods of counts: numbers of events, and amounts that are often 0.
#pragma once

#include "../math/parameters.h"
#include "../math/special.h"

namespace lossops::losses {

/// Counts whose variance is mu + a mu^2 with a dispersion a >= 0; 0 is Poisson's. With y = a mu it is
/// ln(1 + y) / a + t (ln(1 + y) - ln mu) less lgamma_step(a, t), in which nothing grows as a vanishes.
struct NegativeBinomialNLL {
  bool log_input = true, full = false;
  static constexpr std::array parameters{param("log_input", &NegativeBinomialNLL::log_input),
                                         param("full", &NegativeBinomialNLL::full)};
  static constexpr const char* domain = "dispersion must be >= 0";
  static constexpr bool costly = true;
  template <class X, class T, class A>
  LOSSOPS_INLINE auto operator()(const X& input, const T& target, const A& dispersion) const {
    const auto x = value_of(input);
    using C = std::remove_const_t<decltype(x)>;
    const C t = value_of(target), a = value_of(dispersion);
    const C mean = log_input ? exp(x) : x;
    const C log_mean = log_input ? x : log(x);
    const C y = scaled(a, mean);
    const auto beyond = y == kInfinity;  // where ln(1 + y) is ln a + ln mu
    const auto small = y < 1.0;
    const C log_a = log(select(beyond, a, C(1))), l = log1p(y);
    const C odds = select(beyond, log_a, l - log_mean);
    const C rate = l / select(y == 0.0, C(1), y);
    const C base = select(small, mean * select(y == 0.0, C(1), rate),
                          select(beyond, log_a + log_mean, l) / select(small, C(1), a));
    const C base_and_odds = base + scaled(t, odds);
    const C q = 1.0 / (y + 1.0);
    const C share = select(beyond, 1.0 / select(beyond, a, C(1)), mean * q);
    const auto by_input = [&] {
      if (!log_input) return C((1.0 - scaled(t, C(1.0 / mean))) * q);
      return C(select(beyond, share, (mean - t) * q));
    };
    const auto by_dispersion = [&] {
      const C near = -(mean * (mean * (log1pmx_ratio(select(small, y, C(0))) + q)));
      return C(select(small, near, (share - base) / select(small, C(1), a)) + t * share);
    };
    const auto rest = lgamma_step(dispersion, target);
    const auto nll =
        with_slope(with_slope(with_slope(base_and_odds, input, by_input), target, [&] { return odds; }),
                   dispersion, by_dispersion);
    return with_factorial(nll - rest, target, full);
  }
  template <class C>
  LOSSOPS_INLINE auto invalid(const C&, const C&, const C& dispersion) const {
    return dispersion < 0;
  }
  /// ln t! more, where the density is to be whole.
  template <class R, class T>
  LOSSOPS_INLINE static R with_factorial(const R& nll, const T& t, bool full) {
    return full ? R(nll + lgamma(t + 1.0)) : nll;
  }
};

/// Lambert (1992): with probability sigmoid(gate) the count is 0, else it is Poisson's with a rate of
/// e^input. A zero costs -ln(1 - (1 - sigmoid(gate)) (1 - e^-rate)), in this form unless it rounds to -ln 0.
struct ZeroInflatedPoissonNLL {
  bool full = false;
  static constexpr std::array parameters{param("full", &ZeroInflatedPoissonNLL::full)};
  template <class X, class T, class G>
  LOSSOPS_INLINE auto operator()(const X& input, const T& target, const G& gate) const {
    const auto x = value_of(input);
    using C = std::remove_const_t<decltype(x)>;
    const C t = value_of(target), g = value_of(gate);
    const auto zero = t == 0.0;
    const C rate = exp(x), sum = g + rate;
    const auto own = logistic(g), both = logistic(sum);
    const C missing = expm1(-rate), taken = own.q() * missing;
    const auto likely = taken > -0.5;
    const C none = select(likely, -log1p(select(likely, taken, C(0))),
                          own.nlog_q() + select(sum < 0.0, rate - both.nlog_q(), -g - both.nlog_p()));
    const C some = own.nlog_q() + (rate - scaled(t, x));
    const auto by_input = [&] { return C(select(zero, scaled(both.q(), rate), rate - t)); };
    const auto by_gate = [&] { return C(select(zero, both.p() * taken, own.p())); };
    const auto by_target = [&] { return C(select(zero, C(0), -x)); };
    const auto nll =
        with_slope(with_slope(with_slope(C(select(zero, none, some)), input, by_input), target, by_target),
                   gate, by_gate);
    using R = std::remove_const_t<decltype(nll)>;
    // Of a zero it is 0, and so is the derivative by it.
    return full ? R(nll + lgamma(select(zero, T(1), target + 1.0))) : nll;
  }
};

/// Tweedie (1984) with variance mu^p, less what depends on t alone: -t mu^(1-p) / (1-p) + mu^(2-p) / (2-p) of
/// a mean mu = e^m, with Poisson's t m at p = 1 and gamma's m at p = 2.
struct Tweedie {
  double p = 1.5;
  bool log_input = true;
  static constexpr std::array parameters{param("p", &Tweedie::p).between(1, 2),
                                         param("log_input", &Tweedie::log_input)};
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& input, const T& target) const {
    const auto x = value_of(input);
    using C = std::remove_const_t<decltype(x)>;
    const C t = value_of(target);
    const C m = log_input ? x : log(x);
    const auto mean_to = [&](double e) {
      return e == 0 ? C(constant(x, 1)) : e == 1 && !log_input ? x : C(exp(e * m));
    };
    const C costs = p == 2 ? m : C(mean_to(2 - p) / (2 - p));
    const C gains = p == 1 ? m : C(mean_to(1 - p) / (1 - p));
    const auto by_input = [&] {
      if (log_input) return C(mean_to(2 - p) - scaled(t, mean_to(1 - p)));
      return C(mean_to(1 - p) * (1.0 - t / select((x == 0.0) & (t == 0.0), C(1), x)));
    };
    const auto by_target = [&] { return -gains; };
    return with_slope(with_slope(C(costs - scaled(t, gains)), input, by_input), target, by_target);
  }
};

}  // namespace lossops::losses
