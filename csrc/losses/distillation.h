// A student's distribution against a teacher's, both softmaxes of logits at a temperature T, times T^2 so
// that gradients keep their size; T^2 has to be finite in float. Every class has a cost. The expressions
// state their derivatives by both logarithms with `custom_derivative`: terms that cancel over a row are left
// out.
#pragma once

#include "../math/class_axis.h"

namespace lossops::losses {

/// p (ln p - ln q), and 0 where p is 0.
template <class P, class Q>
LOSSOPS_INLINE auto relative_entropy(const P& p, const Q& log_p, const Q& log_q) {
  return p * select(p == P(0), Q(0), log_p - log_q);
}

/// KL(teacher || student), Hinton et al. (2015).
struct DistillKL {
  double temperature = 1;
  static constexpr std::array parameters{param("temperature", &DistillKL::temperature).above(0).at_most(1e18),
                                         class_dim<DistillKL>()};
  LOSSOPS_INLINE bool maps() const { return temperature != 1; }
  template <class X>
  LOSSOPS_INLINE auto logit(const X& x) const {
    return x / temperature;
  }
  template <class S, class T>
  LOSSOPS_INLINE auto each_class(const S& student, const T& teacher) const {
    const double factor = temperature * temperature;
    const auto t = value_of(teacher.p()) * factor;
    const auto value = relative_entropy(t, value_of(teacher.log_p()), value_of(student.log_p()));
    return custom_derivative(custom_derivative(value, -t, student.log_p()), value, teacher.log_p());
  }
};

/// The generalised Jensen-Shannon divergence of Agarwal et al. (ICLR 2024): beta KL(P || M) +
/// (1 - beta) KL(Q || M) with M = beta P + (1 - beta) Q, the teacher P and the student Q; at the ends of beta
/// its limits KL(P || Q) (0) and KL(Q || P) (1).
struct JSD {
  double beta = 0.5, temperature = 1;
  static constexpr std::array parameters{param("beta", &JSD::beta).between(0, 1),
                                         param("temperature", &JSD::temperature).above(0).at_most(1e18),
                                         class_dim<JSD>()};
  LOSSOPS_INLINE bool maps() const { return temperature != 1; }
  template <class X>
  LOSSOPS_INLINE auto logit(const X& x) const {
    return x / temperature;
  }
  template <class S, class T>
  LOSSOPS_INLINE auto each_class(const S& student, const T& teacher) const {
    const double factor = temperature * temperature;
    const auto log_q = value_of(student.log_p()), log_p = value_of(teacher.log_p());
    const auto q = value_of(student.p()) * factor, p = value_of(teacher.p()) * factor;
    if (beta == 0) {
      const auto value = relative_entropy(p, log_p, log_q);
      return custom_derivative(custom_derivative(value, -p, student.log_p()), value, teacher.log_p());
    }
    if (beta == 1) {
      const auto value = relative_entropy(q, log_q, log_p);
      return custom_derivative(custom_derivative(value, value, student.log_p()), -q, teacher.log_p());
    }
    // ln(m / p) and ln(m / q) from the larger of the two: near 1 nothing cancels, and nothing overflows.
    using C = std::remove_const_t<decltype(log_p)>;
    const C d = select((p == C(0)) & (q == C(0)), C(0), log_q - log_p);
    const auto rises = d > C(0);
    const C l = log1p(select(rises, C(beta), C(1 - beta)) * expm1(select(rises, -d, d)));
    const C of_p = -(p * select(p == C(0), C(0), l + select(rises, d, C(0)))) * beta;
    const C of_q = -(q * select(q == C(0), C(0), l - select(rises, C(0), d))) * (1 - beta);
    return custom_derivative(custom_derivative(of_p + of_q, of_q, student.log_p()), of_p, teacher.log_p());
  }
};

}  // namespace lossops::losses
