// Margin losses: a target t of -1 or 1 says on which side of a margin the score belongs; over a class axis,
// the scores of wrong classes belong a margin below those of right ones.
#pragma once

#include "../math/probability.h"

namespace lossops::losses {

struct Hinge {
  double margin, power;
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    const auto gap = relu(margin - t * x);
    return power == 2 ? gap * gap : gap;
  }
};

/// x where t = 1, max(0, margin - x) where t = -1, and both for any other t, as torch has it.
struct HingeEmbedding {
  double margin;
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
    return softplus(-(t * x));
  }
};

struct MarginRanking {
  double margin;
  template <class X, class Y, class T>
  LOSSOPS_INLINE auto operator()(const X& x1, const Y& x2, const T& t) const {
    return relu(margin - t * (x1 - x2));
  }
};

/// Crammer & Singer (JMLR 2001). p.log_p() is the distance from the target's score.
struct MultiMargin {
  double power, margin;
  static constexpr Shift shift = Shift::kTarget;
  template <class P>
  LOSSOPS_INLINE auto other_class(const P& p) const {
    const auto gap = hinge(p.log_p() + margin);
    return power == 2 ? gap * gap : gap;
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
