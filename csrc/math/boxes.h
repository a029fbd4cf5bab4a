// What losses of boxes are written in: how two boxes lie to each other.
//
// An expression of boxes has the base BoxLoss, a field `format`, and
//
//   cost(across, down)   the loss of two boxes, from their Sides in x and in y
#pragma once

#include <lossops/choices.h>

#include "expression.h"
#include "special.h"

namespace lossops {

/// 1 / x as a constant, or 1 where that is not finite: the scale of lengths of which only ratios matter.
template <class X>
LOSSOPS_INLINE auto unit_of(const X& x) {
  const auto r = 1.0 / detach(x);
  using C = std::remove_const_t<decltype(r)>;
  return C(select(abs(r) == kInfinity, C(1), r));
}

/// A side of a box and the parallel one of the target. Lengths are never differences of larger numbers than
/// the format makes them: those of equal sides are equal, however far away the boxes are.
template <class X, class T, class Both>
struct Sides {
  X x;                ///< its length, 0 where that is negative
  T t;                ///< that of the target
  Both forth, back;   ///< from the start of the target to the end of the box, and the other way round
  Both shared, hull;  ///< the part that both have in common, and the least that holds both

  LOSSOPS_INLINE Sides(const X& x, const T& t, const Both& forth, const Both& back)
      : x(x),
        t(t),
        forth(forth),
        back(back),
        // In pairs: of an end that both have in common, each gets half of the derivative, as in torch.
        shared(hinge(minimum(minimum(x, t), minimum(forth, back)))),
        hull(maximum(maximum(x, t), maximum(forth, back))) {}

  LOSSOPS_INLINE auto coincide() const { return value_of(shared) == value_of(hull); }
  /// From the middle of the target to that of the box.
  LOSSOPS_INLINE Both offset() const { return 0.5 * (forth - back); }
};

template <class X, class T, class Both>
LOSSOPS_INLINE Sides<X, T, Both> sides_of(const X& x, const T& t, const Both& forth, const Both& back) {
  return {x, t, forth, back};
}

/// Areas of two boxes, in units of their hull's sides, so that no product leaves the range of numbers.
template <class A, class Mask>
struct Areas {
  A both;    ///< of what is in both
  A either;  ///< of what is in one alone: exactly 0 of equal boxes
  A hull;    ///< of the least box that holds both
  Mask coincide;

  LOSSOPS_INLINE A all() const { return both + either; }
  LOSSOPS_INLINE A iou() const { return quotient(both, all()) + where_empty(1, 0); }
  /// 1 - IoU, without cancellation. Of empty boxes 0 if they coincide, and 1 if not.
  LOSSOPS_INLINE A distance() const { return quotient(either, all()) + where_empty(0, 1); }
  /// What part of the hull is in neither.
  LOSSOPS_INLINE A neither() const {
    const auto none = value_of(hull) == 0;
    return 1.0 - select(none, A(1), all()) / select(none, A(1), hull);
  }

 private:
  LOSSOPS_INLINE auto where_empty(double coinciding, double apart) const {
    const auto area = value_of(all());
    using C = std::remove_const_t<decltype(area)>;
    return C(select(area == 0, C(select(coincide, C(coinciding), C(apart))), C(0)));
  }
};

template <class Across, class Down>
LOSSOPS_INLINE auto areas(const Across& across, const Down& down) {
  const auto u = unit_of(across.hull);
  const auto v = unit_of(down.hull);
  const auto shared_x = across.shared * u;
  const auto shared_y = down.shared * v;
  // Differences come before products, or those that a compiler fuses would keep them from being exactly 0.
  const auto rest = [&](const auto& x, const auto& y) __attribute__((always_inline)) {
    return (x - across.shared) * u * (y * v) + shared_x * ((y - down.shared) * v);
  };
  const auto both = shared_x * shared_y;
  const auto coincide = across.coincide() & down.coincide();
  using A = std::remove_const_t<decltype(both)>;
  return Areas<A, std::remove_const_t<decltype(coincide)>>{
      both, rest(across.x, down.x) + rest(across.t, down.t), across.hull * u * (down.hull * v), coincide};
}

/// The squared distance of the centres by the squared diagonal of the hull; 0 of equal points.
template <class Across, class Down>
LOSSOPS_INLINE auto center_distance(const Across& across, const Down& down) {
  const auto u = unit_of(maximum(detach(across.hull), detach(down.hull)));
  return quotient(square(across.offset() * u) + square(down.offset() * u),
                  square(across.hull * u) + square(down.hull * u));
}

/// The angle of a vector with x >= 0, from -pi / 2 to pi / 2; of none it is 0, without a derivative.
template <class C>
LOSSOPS_INLINE C angle_of(const C& x, const C& y) {
  const C size = abs(y);
  if constexpr (is_single<C>()) {
    // Of a slope r up to 1 it is r + r^3 P(r^2) with a minimax P.
    const auto steep = x < size;
    const C r = quotient(select(steep, x, size), select(steep, size, x)), u = r * r;
    const C p = polynomial(u, -0.3333315273, 0.1999377271, -0.1421105428, 0.1066600055, -0.07552205484,
                           0.04321175618, -0.01636786336, 0.002920676024);
    const C angle = r * u * p + r;
    const C turned = select(steep, kPi / 2 - angle, angle);
    return select(y < C(0), -turned, turned);
  } else {
    const auto none = x + size == 0;
    return select(none, C(0), atan2(y, select(none, C(1), x)));
  }
}

/// The squared difference of the angles of both diagonals, by that of a right angle. It is taken from one
/// arctan, as the difference of two would cancel; of a point there is no angle, and the difference is 0.
template <class Across, class Down>
LOSSOPS_INLINE auto angle_distance(const Across& across, const Down& down) {
  const auto u = unit_of(maximum(detach(across.x), detach(down.x)));
  const auto v = unit_of(maximum(detach(across.t), detach(down.t)));
  const auto x = value_of(across.x) * u, y = value_of(down.x) * u;
  const auto xt = value_of(across.t) * v, yt = value_of(down.t) * v;
  using C = std::remove_const_t<decltype(x)>;
  const C angle = angle_of(C(yt * y + xt * x), C((xt - x) * y - x * (yt - y)));
  const C slope = angle * (8 / (kPi * kPi));
  const C of_x = quotient(C(slope * u), C(square(x) + square(y)));
  const C of_t = quotient(C(slope * v), C(square(xt) + square(yt)));
  const auto by_x = custom_derivative(0.5 * slope * angle, C(-of_x * y), across.x);
  const auto by_y = custom_derivative(by_x, C(of_x * x), down.x);
  const auto by_xt = custom_derivative(by_y, C(of_t * yt), across.t);
  return custom_derivative(by_xt, C(-of_t * xt), down.t);
}

template <class E>
struct BoxLoss {
  static constexpr int components = 4;

  template <class X0, class Y0, class X1, class Y1, class U0, class V0, class U1, class V1>
  LOSSOPS_INLINE auto operator()(const X0& x0, const Y0& y0, const X1& x1, const Y1& y1, const U0& u0,
                                 const V0& v0, const U1& u1, const V1& v1) const {
    return static_cast<const E&>(*this).cost(sides(x0, x1, u0, u1), sides(y0, y1, v0, v1));
  }

 private:
  /// From the two numbers of each box that tell of this side. Formats differ in constants, not in steps,
  /// which derivatives by several numbers then have in common.
  template <class A, class B, class P, class Q>
  LOSSOPS_INLINE auto sides(const A& a, const B& b, const P& p, const Q& q) const {
    const Format f{static_cast<const E&>(*this).format};
    const double ends = f == Format::Xyxy, half = f == Format::Cxcywh ? 0.5 : 0;
    const auto apart = (1 - ends) * (a - p);
    const auto forth = ((1 - half) * b + half * q - ends * p) + apart;
    const auto back = ((1 - half) * q + half * b - ends * a) - apart;
    return sides_of(relu(b - ends * a), relu(q - ends * p), forth, back);
  }
};

/// The field for it, for the table of parameters.
template <class E>
constexpr Parameter<E> box_format(int64_t E::* field) {
  return param("format", field).between(0, 2);
}

}  // namespace lossops
