// Binary and multi-label classification: a target t in [0, 1] for each logit x (or probability p).
// Written in logits, -ln p = softplus(-x) and -ln(1 - p) = softplus(x), so that both tails are exact.
#pragma once

#include "../math/parameters.h"
#include "../math/vocabulary.h"

namespace lossops::losses {

template <class C>
LOSSOPS_INLINE auto outside_unit(const C& t) {
  return (t < 0) | (t > 1);
}

struct BCE {
  static constexpr const char* domain = "input and target must be in [0, 1]";
  template <class P, class T>
  LOSSOPS_INLINE auto operator()(const P& p, const T& t) const {
    return bernoulli_nll(p, t);
  }
  template <class C>
  LOSSOPS_INLINE auto invalid(const C& p, const C& t) const {
    return outside_unit(p) | outside_unit(t);
  }
};

struct BCEWithLogits {
  double label_smoothing = 0;
  static constexpr std::array parameters{
      param("label_smoothing", &BCEWithLogits::label_smoothing).between(0, 1)};
  template <class X, class T, class W>
  LOSSOPS_INLINE auto operator()(const X& x, const T& target, const W& pos_weight) const {
    const auto t = (1 - label_smoothing) * target + 0.5 * label_smoothing;
    return logistic(x).nll(pos_weight * t, 1.0 - t);
  }
};

struct MultiLabelSoftMargin {
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    return logistic(x).nll(t, 1.0 - t);
  }
};

/// focus * nll. By the target both have infinite derivatives where the logit is infinite; on the easy side
/// the loss stays 0.
template <class F, class N, class T>
LOSSOPS_INLINE auto focused(const F& focus, const N& nll, const T& t) {
  using C = std::remove_const_t<decltype(value_of(t))>;
  if constexpr (std::is_same_v<T, C>) {
    return scaled(focus, nll);
  } else {
    const C moves = select(focus.v == C(0), C(0), focus.d);
    return Dual<C>(scaled(focus.v, nll.v), scaled(moves, nll.v) + scaled(focus.v, nll.d));
  }
}

/// Lin et al. (ICCV 2017): alpha_t (1 - p_t)^gamma BCE with p_t = p t + (1 - p)(1 - t). (1 - p_t)^gamma is a
/// product for a small whole gamma and otherwise an exponential of its logarithm. Where 1 - p_t is about to
/// underflow the target is hard and the logarithm a softplus: exact in the tail, and no derivative of 0^gamma
/// is ever taken.
struct Focal {
  double alpha = 0.25, gamma = 2;
  static constexpr std::array parameters{param("alpha", &Focal::alpha).between(0, 1).optional(),
                                         param("gamma", &Focal::gamma).at_least(0)};
  static constexpr const char* domain = "target must be in [0, 1]";
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    const auto s = logistic(x);
    const auto nll = s.nll(t, 1.0 - t);
    const auto loss = gamma == 0 ? nll : focused(focus(s, t), nll, t);
    return balanced(loss, alpha, t);
  }
  template <class C>
  LOSSOPS_INLINE auto invalid(const C&, const C& t) const {
    return outside_unit(t);
  }

 private:
  template <class S, class T>
  LOSSOPS_INLINE auto focus(const S& s, const T& t) const {
    const auto w = s.q() * t + s.p() * (1.0 - t);
    using W = std::remove_const_t<decltype(w)>;
    if (multiplies(gamma)) return small_power(w, gamma);
    const auto tail = value_of(w) < 1e-37;
    return exp(gamma * select(tail, W(-s.nll(1.0 - t, t)), log(select(tail, W(1), w))));
  }
};

/// The same with a gamma for each element (Li et al., CVPR 2022: one per class). The logarithm stays finite,
/// for its product with a power of 0.
struct FocalByGamma {
  double alpha = 0.25;
  static constexpr std::array parameters{param("alpha", &FocalByGamma::alpha).between(0, 1).optional()};
  static constexpr const char* domain = "target must be in [0, 1], and gamma >= 0";
  template <class X, class T, class G>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t, const G& gamma) const {
    const auto s = logistic(x);
    const auto nll = s.nll(t, 1.0 - t);
    const auto w = s.q() * t + s.p() * (1.0 - t);
    using W = std::remove_const_t<decltype(w)>;
    const auto tail = value_of(w) < 1e-37;
    const W log_w = at_least(W(select(tail, W(-s.nll(1.0 - t, t)), log(select(tail, W(1), w)))), -1e30);
    const auto loss = focused(exp(scaled(gamma, log_w)), nll, t);
    return balanced(loss, alpha, t);
  }
  template <class C>
  LOSSOPS_INLINE auto invalid(const C&, const C& t, const C& gamma) const {
    return outside_unit(t) | (gamma < C(0));
  }
};

/// Li et al. (NeurIPS 2020): cross-entropy with a score t, by |t - p|^beta. t - p is t q - (1 - t) p, which
/// is exact in both tails.
struct QualityFocal {
  double beta = 2;
  static constexpr std::array parameters{param("beta", &QualityFocal::beta).at_least(0)};
  static constexpr const char* domain = "target must be in [0, 1]";
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    const auto s = logistic(x);
    const auto error = t * s.q() - (1.0 - t) * s.p();
    return focused(power(abs(error), beta), s.nll(t, 1.0 - t), t);
  }
  template <class C>
  LOSSOPS_INLINE auto invalid(const C&, const C& t) const {
    return outside_unit(t);
  }
};

/// Zhang et al. (CVPR 2021): cross-entropy with the score of a positive, and a focal loss of negatives, t =
/// 0.
struct Varifocal {
  double alpha = 0.75, gamma = 2;
  bool iou_weighted = true;
  static constexpr std::array parameters{param("alpha", &Varifocal::alpha).at_least(0),
                                         param("gamma", &Varifocal::gamma).at_least(0),
                                         param("iou_weighted", &Varifocal::iou_weighted)};
  static constexpr const char* domain = "target must be in [0, 1]";
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    const auto s = logistic(x);
    const auto nll = s.nll(t, 1.0 - t);
    using R = std::remove_const_t<decltype(nll)>;
    const R positive = iou_weighted ? R(scaled(t, nll)) : nll;
    return select(value_of(t) == 0, R(alpha * scaled(p_power(s, gamma), s.nlog_q())), positive);
  }
  template <class C>
  LOSSOPS_INLINE auto invalid(const C&, const C& t) const {
    return outside_unit(t);
  }
};

/// Law & Deng (ECCV 2018): a focal loss of a heat map, in which the neighbours of a peak, t = 1, count less.
struct GaussianFocal {
  double alpha = 2, gamma = 4;
  static constexpr std::array parameters{param("alpha", &GaussianFocal::alpha).at_least(0),
                                         param("gamma", &GaussianFocal::gamma).at_least(0)};
  static constexpr const char* domain = "target must be in [0, 1]";
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    const auto s = logistic(x);
    const auto negative = scaled(power(1.0 - t, gamma), scaled(p_power(s, alpha), s.nlog_q()));
    using R = std::remove_const_t<decltype(negative)>;
    return select(value_of(t) == 1, R(scaled(q_power(s, alpha), s.nlog_p())), negative);
  }
  template <class C>
  LOSSOPS_INLINE auto invalid(const C&, const C& t) const {
    return outside_unit(t);
  }
};

/// Ridnik et al. (ICCV 2021): focusing of its own for positives and negatives, and negatives with p below
/// clip dropped.
struct Asymmetric {
  double gamma_pos = 1, gamma_neg = 4, clip = 0.05;
  static constexpr std::array parameters{param("gamma_pos", &Asymmetric::gamma_pos).at_least(0),
                                         param("gamma_neg", &Asymmetric::gamma_neg).at_least(0),
                                         param("clip", &Asymmetric::clip).at_least(0).below(1)};
  static constexpr const char* domain = "target must be in [0, 1]";
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    const auto s = logistic(x);
    return scaled(t, scaled(q_power(s, gamma_pos), s.nlog_p())) + scaled(1.0 - t, negative(s));
  }
  template <class C>
  LOSSOPS_INLINE auto invalid(const C&, const C& t) const {
    return outside_unit(t);
  }

 private:
  template <class S>
  LOSSOPS_INLINE auto negative(const S& s) const {
    if (clip == 0) return scaled(p_power(s, gamma_neg), s.nlog_q());
    const auto p = relu(s.p() - clip);
    using P = std::remove_const_t<decltype(p)>;
    if (clip > 0.04) return P(power(p, gamma_neg) * -log1p(-p));
    // 1 - p would lose its digits near p = 1, where it is q + clip.
    const auto high = value_of(p) > 0.5;
    const P tail = select(high, s.q() + clip, P(1));
    return P(power(p, gamma_neg) * -select(high, log(tail), log1p(select(high, P(0), -p))));
  }
};

/// Ho & Wookey (2020): the marginal real-world costs of false negatives and false positives.
struct RWWBCE {
  double fn_weight = 1, fp_weight = 1;
  static constexpr std::array parameters{param("fn_weight", &RWWBCE::fn_weight).at_least(0),
                                         param("fp_weight", &RWWBCE::fp_weight).at_least(0)};
  static constexpr const char* domain = "target must be in [0, 1]";
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    return logistic(x).nll(fn_weight * t, fp_weight * (1.0 - t));
  }
  template <class C>
  LOSSOPS_INLINE auto invalid(const C&, const C& t) const {
    return outside_unit(t);
  }
};

}  // namespace lossops::losses
