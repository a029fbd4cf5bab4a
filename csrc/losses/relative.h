// Errors relative to the size of what is predicted.
#pragma once

#include "../math/parameters.h"
#include "../math/vocabulary.h"

namespace lossops::losses {

/// (ln(1 + x) - ln(1 + t))^2, whose difference is ln(1 + (x - t) / (1 + t)) where neither 1 + x nor 1 + t is
/// twice the other: beyond, that quotient loses the smaller one.
struct MSLE {
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& input, const T& target) const {
    const auto x = value_of(input);
    using C = std::remove_const_t<decltype(x)>;
    const C t = value_of(target);
    const auto near = (2.0 * x + 1.0 > t) & (x < 2.0 * t + 1.0);
    const C ratio = select(near, x - t, C(0)) / select(near, t + 1.0, C(1));
    const C gap = log1p(select(near, ratio, x)) - log1p(select(near, C(0), t));
    const C l = select((x < -1.0) | (t < -1.0), C(kNone), gap);
    return with_slope(with_slope(C(l * l), input, [&] { return 2.0 * l / (x + 1.0); }), target,
                      [&] { return -2.0 * l / (t + 1.0); });
  }
};

struct MAPE {
  double eps = 1.17e-6;
  static constexpr std::array parameters{param("eps", &MAPE::eps).positive()};
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& x, const T& t) const {
    return abs(x - t) / at_least(abs(t), eps);
  }
};

/// 2 |x - t| / (|x| + |t|), 0 where both are 0, of numbers over the larger size, so that no sum overflows and
/// none is beneath what divides. Numbers of one sign have the slope 4 |t| / (x + t)^2, others none.
struct SMAPE {
  template <class X, class T>
  LOSSOPS_INLINE auto operator()(const X& input, const T& target) const {
    const auto x = value_of(input);
    using C = std::remove_const_t<decltype(x)>;
    const C t = value_of(target), a = abs(x), b = abs(t);
    const auto opposite = ((x > 0.0) & (t < 0.0)) | ((x < 0.0) & (t > 0.0));
    const C d = select(opposite, C(0), x - t), side = sign(d);
    const C larger = select(a < b, b, a);
    const C unit = detach(C(select(larger == 0.0, C(1), larger)));
    const C p = a / unit, q = b / unit;
    const C r = 2.0 / select(larger == 0.0, C(1), p + q);
    const C value = select(opposite, C(2), abs(d) / unit * r);
    // At 0 it is half of the kink's.
    const auto slope = [&](const C& own, const C& other) {
      return C(side * select(own == 0.0, r, other * (r * r)) / unit);
    };
    return with_slope(with_slope(value, input, [&] { return slope(p, q); }), target,
                      [&] { return -slope(q, p); });
  }
};

}  // namespace lossops::losses
