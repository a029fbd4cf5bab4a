// Negative log-likelihoods of counts and densities, and the divergence between distributions.
#pragma once

#include "../math/parameters.h"
#include "../math/special.h"

namespace lossops::losses {

struct PoissonNLL {
  bool log_input = true, full = false;
  double eps = 1e-8;
  static constexpr std::array parameters{param("log_input", &PoissonNLL::log_input),
                                         param("full", &PoissonNLL::full), param("eps", &PoissonNLL::eps)};
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    const auto nll = log_input ? exp(x) - scaled(t, x) : x - scaled(t, log(x + eps));
    if (!full) return nll;
    // Stirling's approximation of ln t!, for t > 1.
    const T s = select(t > T(1), t, T(1));
    const T stirling = s * log(s) - s + (0.5 * log(s) + kHalfLn2Pi);
    return nll + select(t > T(1), stirling, T(0));
  }
};

/// Gaussian with variance max(var, eps); no gradient reaches a variance below eps.
struct GaussianNLL {
  bool full = false;
  double eps = 1e-6;
  static constexpr std::array parameters{param("full", &GaussianNLL::full),
                                         param("eps", &GaussianNLL::eps).positive()};
  static constexpr const char* domain = "var must be >= 0";
  template <class X, class T, class S>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t, const S& var) const {
    const S v = at_least(var, eps);
    const auto nll = 0.5 * (log(v) + square(x - t) / v);
    return choose(full, nll + kHalfLn2Pi, nll);
  }
  template <class C>
  LOSSOPS_INLINE auto invalid(const C&, const C&, const C& var) const {
    return var < 0;
  }
};

/// t (ln t - x) with x a log-probability, or e^t (t - x); 0 where the target's probability is 0.
struct KLDiv {
  bool log_target = false;
  static constexpr std::array parameters{param("log_target", &KLDiv::log_target)};
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    if (!log_target) return xlogx(t) - scaled(t, x);
    const auto d = t - x;
    using D = std::remove_const_t<decltype(d)>;
    return exp(t) * select(value_of(t) == -kInfinity, D(0), d);
  }
};

/// Seitzer et al. (2022): the Gaussian one times var^beta, which counts as a constant.
struct BetaNLL {
  double beta = 0.5;
  bool full = false;
  double eps = 1e-6;
  static constexpr std::array parameters{param("beta", &BetaNLL::beta).between(0, 1),
                                         param("full", &BetaNLL::full),
                                         param("eps", &BetaNLL::eps).positive()};
  static constexpr const char* domain = GaussianNLL::domain;
  template <class X, class T, class S>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t, const S& var) const {
    return detach(power(at_least(var, eps), beta)) * GaussianNLL{full, eps}(x, t, var);
  }
  template <class C>
  LOSSOPS_INLINE auto invalid(const C& x, const C& t, const C& var) const {
    return GaussianNLL().invalid(x, t, var);
  }
};

/// Of a Gaussian with mean x and a logarithm of the variance from the standard one, (x^2 + e^v - 1 - v) / 2.
struct GaussianKL {
  template <class X, class V>
  LOSSOPS_INLINE auto operator()(const X& x, const V& log_var) const {
    return 0.5 * (square(x) + expm1mx(log_var));
  }
};

}  // namespace lossops::losses
