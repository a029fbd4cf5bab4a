// Classification where some labels are wrong, or none is quite certain; see softmax.h.
#pragma once

#include "../math/class_axis.h"

namespace lossops::losses {

/// Wang et al. (ICCV 2019): cross-entropy, and that of the label given the prediction, with -4 for ln 0: 4 (1
/// - p).
struct SymmetricCrossEntropy {
  double alpha = 0.1, beta = 1;
  static constexpr std::array parameters{param("alpha", &SymmetricCrossEntropy::alpha).positive(),
                                         param("beta", &SymmetricCrossEntropy::beta).at_least(0)};
  template <class P>
  LOSSOPS_INLINE auto true_class(const P& p) const {
    return (4 * beta) * p.q() - alpha * p.log_p();
  }
};

/// Ma et al. (ICML 2020): the label's cross-entropy over the sum of those that all labels would have. Where
/// another class is impossible that sum is infinite and the loss 0; it is 1 where the label alone is, and 0
/// where there is one class.
struct NormalizedCrossEntropy : NegativeLogLikelihood {
  template <class P>
  LOSSOPS_INLINE auto other_class(const P& p) const {
    return -p.log_p();
  }
  /// The derivatives are those of own / (own + others) in terms that do not cancel.
  template <class X>
  LOSSOPS_INLINE X finish(const X& own, const X& others) const {
    const auto a = value_of(own), b = value_of(others);
    using C = std::remove_const_t<decltype(a)>;
    const C sum = a + b;
    const auto has_none = (sum == C(0)) | (sum == C(kInfinity));
    const C inverse = select(has_none, C(0), 1.0 / select(has_none, C(1), sum));
    const C share = select((a == C(kInfinity)) & (b < C(kInfinity)), C(1), scaled(inverse, a));
    const C rest = scaled(inverse, b);
    return derived<X>(share, C((rest * derivative_of(own) - share * derivative_of(others)) * inverse));
  }
};

/// Liu et al. (NeurIPS 2020): cross-entropy, and the logarithm of what a prediction lacks of its running
/// average q. As p sums to 1 that is the sum of p (1 - q), in which nothing cancels.
struct ELR : NegativeLogLikelihood {
  double strength = 3;
  static constexpr std::array parameters{param("strength", &ELR::strength).at_least(0)};
  template <class P, class Q>
  LOSSOPS_INLINE auto given_class(const P& p, const Q& q) const {
    return (1.0 - q) * p.p();
  }
  /// At 0, where the loss is -infinite, the logarithm has no derivative, and near it none that is a number.
  template <class X>
  LOSSOPS_INLINE X finish(const X& own, const X& lacking) const {
    const auto v = value_of(lacking);
    using C = std::remove_const_t<decltype(v)>;
    const auto none = v == C(0);
    if (strength == 0) return own;
    const C some = select(none, C(1), v), over = 1.0 / some;
    const C inverse = select(none | (over == C(kInfinity)), C(0), over);
    return derived<X>(C(value_of(own) + strength * select(none, C(-kInfinity), log(some))),
                      C(derivative_of(own) + strength * inverse * derivative_of(lacking)));
  }
};

/// Feng et al. (IJCAI 2020): the first terms of the series of -ln p in 1 - p, a bounded loss.
struct TaylorCrossEntropy {
  int64_t terms = 2;
  static constexpr std::array parameters{param("terms", &TaylorCrossEntropy::terms).between(1, 64),
                                         label_smoothing<TaylorCrossEntropy>()};
  template <class P>
  LOSSOPS_INLINE auto true_class(const P& p) const {
    const auto q = p.q();
    std::remove_const_t<decltype(q)> sum = q * (1.0 / static_cast<double>(terms));
    for (int64_t k = terms - 1; k > 0; --k) sum = q * (sum + 1.0 / static_cast<double>(k));
    return sum;
  }
};

/// Lienen & Huellermeier (AAAI 2021): the divergence from the nearest distribution that gives the label at
/// least 1 - alpha, which spreads the rest as the prediction does; so that p alone counts.
struct LabelRelaxation {
  double alpha = 0.1;
  static constexpr std::array parameters{param("alpha", &LabelRelaxation::alpha).above(0).below(1)};
  template <class P>
  LOSSOPS_INLINE auto true_class(const P& p) const {
    const auto q = p.q();
    using X = std::remove_const_t<decltype(q)>;
    // By what q has too much, as both logarithms cancel near the kink; far from it ln p has the digits.
    const X excess = relu(q - alpha);
    const auto far = value_of(p.p()) < 0.5 * (1 - alpha);
    const X near = -log1p(select(far, X(0), X(excess / (alpha - 1))));
    const X lacking = select(far, X(std::log1p(-alpha) - p.log_p()), near);
    return (1 - alpha) * lacking - alpha * log1p(excess / alpha);
  }
};

/// Pereyra et al. (2017): cross-entropy less beta times the entropy of the prediction.
struct ConfidencePenalty {
  double beta = 0.1;
  static constexpr std::array parameters{param("beta", &ConfidencePenalty::beta).at_least(0)};
  template <class P>
  LOSSOPS_INLINE auto true_class(const P& p) const {
    return other_class(p) - p.log_p();
  }
  template <class P>
  LOSSOPS_INLINE auto other_class(const P& p) const {
    return beta * scaled(p.p(), p.log_p());
  }
};

}  // namespace lossops::losses
