// Two losses of one's own: their expressions, and what calls them by its types.
#pragma once

#include <lossops/own.h>

namespace own {

/// ln(1 + (d / c)^2), which forgives outliers.
struct Cauchy {
  double c = 1;
  static constexpr std::array parameters{lossops::param("c", &Cauchy::c).positive()};
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    return log1p(square((x - t) / c));
  }
};

/// The distance of a class's probability from 1, to a power: over the class axis, with p of the target's
/// class.
struct Shortfall {
  double power = 1;
  static constexpr std::array parameters{lossops::param("power", &Shortfall::power).positive(),
                                         lossops::label_smoothing<Shortfall>()};
  template <class P>
  LOSSOPS_INLINE auto true_class(const P& p) const {
    return lossops::power(p.q(), power);
  }
};

}  // namespace own

LOSSOPS_DECLARE(own, cauchy, own::Cauchy, CauchyLoss)
LOSSOPS_DECLARE(own, shortfall, own::Shortfall, ShortfallLoss)
