// Preferences: losses of pairs of answers, or of single ones, by the log-probabilities that a policy gives
// them, and a reference. What a policy gives more than the reference is its log-ratio, the reward over beta.
#pragma once

#include <lossops/choices.h>

#include "../math/parameters.h"
#include "../math/vocabulary.h"

namespace lossops::losses {

/// -(1 - e) ln sigma(h) - e ln sigma(-h): pairs are mistaken for their opposite with probability e.
template <class H>
LOSSOPS_INLINE H smoothed_nll(const H& h, double e) {
  const auto s = logistic(h);
  return e == 0 ? s.nlog_p() : (1 - e) * s.nlog_p() + e * s.nlog_q();
}

/// Rafailov et al. (NeurIPS 2023) and what was made of it. c and r are the log-ratios of the chosen and the
/// rejected answer, h = beta (c - r).
struct DPO {
  double beta = 0.1;
  int64_t loss_type = 0;  ///< a LossType
  double label_smoothing = 0;
  static constexpr std::array parameters{
      param("beta", &DPO::beta).above(0).below(kInfinity),
      param("loss_type", &DPO::loss_type).between(0, static_cast<int64_t>(LossType::SigmoidNorm)),
      param("label_smoothing", &DPO::label_smoothing).at_least(0).below(0.5)};
  static constexpr bool costly = true;
  const char* conflict() const {
    return type() == LossType::ExoPair && label_smoothing == 0 ? "exo_pair needs label_smoothing > 0, got 0"
                                                               : nullptr;
  }

  template <class C, class R, class P, class Q>
  LOSSOPS_INLINE auto operator()(const C& chosen, const R& rejected, const P& ref_chosen,
                                 const Q& ref_rejected) const {
    const auto c = chosen - ref_chosen;
    const auto r = rejected - ref_rejected;
    using H = std::remove_const_t<decltype(c - r)>;
    return of<H>(c, r);
  }

 private:
  LOSSOPS_INLINE LossType type() const { return static_cast<LossType>(loss_type); }

  template <class H>
  LOSSOPS_INLINE H of(const H& c, const H& r) const {
    const H h = beta * (c - r);
    switch (type()) {
      case LossType::Hinge:
        return hinge(1.0 - h);
      case LossType::Ipo:
        return square((c - r) - 0.5 / beta);
      case LossType::Robust:
        return robust(h);
      case LossType::ExoPair:
        return reverse_divergence(h);
      case LossType::NcaPair: {
        const auto of_chosen = logistic(H(beta * c));
        return of_chosen.nlog_p() + 0.5 * of_chosen.nlog_q() + 0.5 * softplus(H(beta * r));
      }
      case LossType::BcoPair:
        return logistic(H(beta * c)).nlog_p() + softplus(H(beta * r));
      case LossType::SppoHard:
        return square(c - 0.5 / beta) + square(r + 0.5 / beta);
      case LossType::ApoZero:
        return logistic(H(beta * c)).q() + logistic(H(beta * r)).p();
      case LossType::ApoDown:
        return logistic(H(beta * c)).p() + logistic(h).q();
      case LossType::Discopop:
        return modulated(h);
      default:
        return smoothed_nll(h, label_smoothing);
    }
  }

  /// Chowdhury et al. (ICML 2024): unbiased where labels are flipped with that probability.
  template <class H>
  LOSSOPS_INLINE H robust(const H& h) const {
    if (label_smoothing == 0) return smoothed_nll(h, 0);
    const auto s = logistic(h);
    return ((1 - label_smoothing) * s.nlog_p() - label_smoothing * s.nlog_q()) / (1 - 2 * label_smoothing);
  }

  /// Ji et al. (ICML 2024): KL(q || 1 - e) of the two answers, with q = sigma(h), whose derivative is
  /// q (1 - q) u with u = h - ln((1 - e) / e). Near its minimum it is ln(1 + w (e^t - 1)) - w t, with t = u
  /// and w = 1 - q or, where q is the smaller, t = -u and w = q.
  template <class H>
  LOSSOPS_INLINE H reverse_divergence(const H& h) const {
    const double log_e = std::log(label_smoothing), log_rest = std::log1p(-label_smoothing);
    const auto v = value_of(h);
    using C = std::remove_const_t<decltype(v)>;
    const auto s = logistic(v);
    const C p = s.p(), q = s.q(), u = v - (log_rest - log_e);
    const auto near = abs(u) < C(1);
    const auto rises = v > C(0);
    const C t = select(near, C(select(rises, u, -u)), C(0)), w = select(rises, q, p);
    const C far = scaled(p, C(-s.nlog_p() - log_rest)) + scaled(q, C(-s.nlog_q() - log_e));
    const C value = select(near, C(log1p(w * expm1(t)) - w * t), far);
    return custom_derivative(value, scaled(C(p * q), u), h);
  }

  /// Lu et al. (NeurIPS 2024): sp(-h) (1 - m) + e^-h m with m = sigma(h / tau). Below 0, e^-h m is
  /// e^(h / tau - h) (1 - m), which does not overflow. The derivative is that of sp(-h) + m (e^-h - sp(-h)),
  /// in which less cancels.
  template <class H>
  LOSSOPS_INLINE H modulated(const H& h) const {
    constexpr double kTau = 0.05;
    const auto v = value_of(h);
    using C = std::remove_const_t<decltype(v)>;
    const auto m = logistic(C(v / kTau)), s = logistic(v);
    const auto below = v < C(0);
    const C e = exp(select(below, (1 / kTau - 1) * v, -v)) * select(below, m.q(), m.p());
    const C slope = (1 / kTau) * m.q() * (e - scaled(m.p(), s.nlog_p())) - m.q() * s.q() - e;
    return custom_derivative(C(scaled(m.q(), s.nlog_p()) + e), slope, h);
  }
};

/// Meng et al. (NeurIPS 2024), of means over tokens: without a reference, and ahead by a margin.
struct SimPO {
  double beta = 2, gamma = 0.5;
  static constexpr std::array parameters{param("beta", &SimPO::beta).above(0).below(kInfinity),
                                         param("gamma", &SimPO::gamma)};
  template <class C, class R>
  LOSSOPS_INLINE auto operator()(const C& chosen, const R& rejected) const {
    return softplus(gamma - beta * (chosen - rejected));
  }
};

/// Xu et al. (ICML 2024): DPO with a uniform reference, and the likelihood of the chosen answer.
struct CPO {
  double beta = 0.1, alpha = 1, label_smoothing = 0;
  static constexpr std::array parameters{
      param("beta", &CPO::beta).above(0).below(kInfinity),
      param("alpha", &CPO::alpha).at_least(0).below(kInfinity),
      param("label_smoothing", &CPO::label_smoothing).at_least(0).below(0.5)};
  template <class C, class R>
  LOSSOPS_INLINE auto operator()(const C& chosen, const R& rejected) const {
    const auto preference = smoothed_nll(beta * (chosen - rejected), label_smoothing);
    using Y = std::remove_const_t<decltype(preference)>;
    return alpha == 0 ? preference : Y(preference - alpha * chosen);
  }
};

/// Hong et al. (EMNLP 2024), of means over tokens: softplus of the log-odds of the rejected answer less those
/// of the chosen one. With u = e^c (1 - e^r) and w = e^r (1 - e^c), over the larger of e^c and e^r, the
/// derivatives are -e^r / (u + w) by c and w / ((u + w) (1 - e^r)) by r: finite where a probability is 1 and
/// its log-odds are not. Where both are 1 the odds count as equal, without derivatives.
struct ORPO {
  double beta = 0.1;
  static constexpr std::array parameters{param("beta", &ORPO::beta).above(0).below(kInfinity)};
  template <class P, class Q>
  LOSSOPS_INLINE auto operator()(const P& chosen, const Q& rejected) const {
    const auto c = at_most_one(value_of(chosen)), r = at_most_one(value_of(rejected));
    using C = std::remove_const_t<decltype(c)>;
    const C rest_c = -expm1(c), rest_r = -expm1(r);
    const auto sure = (rest_c == C(0)) & (rest_r == C(0));
    const C odds =
        select(sure, C(0), (c - r) - (log(select(sure, C(1), rest_c)) - log(select(sure, C(1), rest_r))));
    const C top = select(c < r, r, c);
    const C e_r = exp(r - top), w = e_r * rest_c, u = exp(c - top) * rest_r;
    const auto ahead = w < u;
    const C ratio = select(ahead, w, u) / select(sure, C(1), select(ahead, u, w));  // of the odds, up to 1
    const C by_c = select(sure, C(0), e_r / select(sure, C(1), u + w));
    const C by_r = select(sure, C(0), by_c * (rest_c / select(sure, C(1), rest_r)));
    const C value = beta * (select(odds < C(0), -odds, C(0)) + log1p_unit(select(sure, C(1), ratio)));
    return custom_derivative(custom_derivative(value, C(-beta * by_c), chosen), C(beta * by_r), rejected);
  }

 private:
  /// Of log-probabilities; rounding may put a mean above 0.
  template <class C>
  LOSSOPS_INLINE static C at_most_one(const C& x) {
    return select(x > C(0), C(0), x);
  }
};

/// Ethayarajh et al. (ICML 2024): what an answer is worth beside a reference point, which is a constant.
struct KTO {
  double beta = 0.1, desirable_weight = 1, undesirable_weight = 1;
  static constexpr std::array parameters{
      param("beta", &KTO::beta).above(0).below(kInfinity),
      param("desirable_weight", &KTO::desirable_weight).at_least(0).below(kInfinity),
      param("undesirable_weight", &KTO::undesirable_weight).at_least(0).below(kInfinity)};
  template <class X, class R, class T, class K>
  LOSSOPS_INLINE auto operator()(const X& logps, const R& ref_logps, const T& target, const K& kl) const {
    const auto s = logistic(beta * ((logps - ref_logps) - at_least(detach(kl), 0)));
    return select(value_of(target) > 0, desirable_weight * s.q(), undesirable_weight * s.p());
  }
};

}  // namespace lossops::losses
