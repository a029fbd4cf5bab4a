// Margin losses: a target t of -1 or 1 says on which side of a margin the score belongs; over a class axis,
// the scores of wrong classes belong a margin below those of right ones.
#pragma once

#include "../math/parameters.h"
#include "../math/probability.h"

namespace lossops::losses {

struct Hinge {
  double margin = 1;
  int64_t power = 1;
  static constexpr std::array parameters{param("margin", &Hinge::margin),
                                         param("power", &Hinge::power).between(1, 2)};
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    const auto gap = relu(margin - t * x);
    return choose(power == 2, gap * gap, gap);
  }
};

/// x where t = 1, max(0, margin - x) where t = -1, and both for any other t, as torch has it.
struct HingeEmbedding {
  double margin = 1;
  static constexpr std::array parameters{param("margin", &HingeEmbedding::margin)};
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    const auto similar = select(value_of(t) == -1, X(0), x);
    const auto apart = select(value_of(t) == 1, X(0), relu(margin - x));
    return similar + apart;
  }
};

struct SoftMargin {
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    const auto z = t * x;
    const auto s = logistic(value_of(z));
    // By the target, which an infinite input multiplies, nothing is left where the slope is 0.
    return derived<std::remove_const_t<decltype(z)>>(s.nlog_p(), -scaled(s.q(), derivative_of(z)));
  }
};

struct MarginRanking {
  double margin = 0;
  static constexpr std::array parameters{param("margin", &MarginRanking::margin)};
  template <class X, class Y, class T>
  LOSSOPS_INLINE auto operator()(const X& x1, const Y& x2, const T& t) const {
    return relu(margin - t * (x1 - x2));
  }
};

/// Crammer & Singer (JMLR 2001). The log-probability stands for the distance from the target's score.
struct MultiMargin {
  int64_t p = 1;
  double margin = 1;
  static constexpr std::array parameters{param("p", &MultiMargin::p).between(1, 2),
                                         param("margin", &MultiMargin::margin).above(-kInfinity)};
  static constexpr Shift shift = Shift::kTarget;
  template <class P>
  LOSSOPS_INLINE auto other_class(const P& of) const {
    const auto gap = hinge(of.log_p() + margin);
    return choose(p == 2, gap * gap, gap);
  }
};

/// The same with margin 1 for each of several right classes.
struct MultiLabelMargin {
  static constexpr Shift shift = Shift::kTarget;
  template <class P>
  LOSSOPS_INLINE auto other_class(const P& p) const {
    return hinge(p.log_p() + 1.0);
  }
};

}  // namespace lossops::losses
