// What losses of sums are written in: a group of elements is added up, and a formula of the sums is the loss.
//
// An expression of vectors (embeddings, signals) is a struct with parameters as element-wise ones have, and
//
//   kVectors            how many vectors of a length it takes
//   terms(c, x, ...)    what an element adds to each sum, as a tuple
//   finish(s, c, t)     the loss, from the sums; with kLabelled, t is a number that the group has besides
//
// The numbers c are known of a group beforehand, and the loss does not move with them: they choose how sums
// are told, by a scale or from a center. `kNeutral` is each of them where nothing has to be known. Otherwise
// a sweep of its own measures the group:
//
//   measures()          whether this call needs that
//   measure(x, ...)     quantities of an element, added up, or with kLargest the largest of them: then groups
//                       are measured too whose sums are beyond the range of numbers
//   center(m, n)        what follows from those and the length n of the vectors
//
// An expression of regions has the base Region, a table region_parameters, and
//
//   finish(o, smooth)   the loss of a class, from its Overlap in prediction and target
//   class_weight(t)     if it is of all classes: then overlaps are added up with these weights, which have no
//                       derivative and may be infinite where t is 0; such a class gets the largest other one
//   region_weight(), pixel()   what that counts beside the cost of each pixel, if there is one
#pragma once

#include <lossops/choices.h>

#include <tuple>

#include "expression.h"

namespace lossops {

template <class C, size_t n>
using Numbers = std::array<C, n>;

template <class E>
concept VectorExpression = requires { E::kVectors; };

/// The base of losses of regions: classes of pixels, in prediction and target.
struct Region {};
template <class E>
concept RegionExpression = std::is_base_of_v<Region, E>;
template <class E>
concept PoolsClasses = RegionExpression<E> && requires(const E& e) { e.class_weight(Scalar<double>(1)); };
template <class E>
concept HasPixelCost = RegionExpression<E> && requires(const E& e) { e.pixel(); };

/// The settings of the family behind an expression's own parameters.
template <class E, class... P>
constexpr auto region_parameters(P... own) {
  return std::array<Parameter<E>, sizeof...(P) + 8>{
      own...,
      setting<E>("activation", "int", static_cast<int>(Activation::Softmax)).between(0, 2),
      setting<E>("smooth", "float", 1e-5).at_least(0),
      setting<E>("batch", "bool", false),
      setting<E>("include_background", "bool", true),
      setting<E>("squared", "bool", false),
      setting<E>("soft_label", "bool", false),
      setting<E>("log", "bool", false),
      setting<E>("absent", "int", static_cast<int>(Absent::Smooth)).between(0, 1)};
}

/// The focal cost of a pixel; the cross-entropy where gamma is 0.
struct PixelCost {
  double weight = 0, gamma = 0, alpha = kNone;
  double smoothing = 0;  ///< of the target; the family's to set and to apply

  /// Of the true class, by its Probability.
  template <class P>
  LOSSOPS_INLINE auto true_class(const P& p) const {
    const auto nll = -p.log_p();
    const auto cost = gamma == 0 ? nll : scaled(power(p.q(), gamma), nll);
    return alpha == alpha ? alpha * cost : cost;
  }
  /// Of a logit and the target's probability.
  template <class X, class T>
  LOSSOPS_INLINE X element(const X& x, const T& t) const {
    const auto s = logistic(x);
    const X nll = s.nll(t, 1.0 - t);
    const X cost = gamma == 0 ? nll : scaled(power(X(t * s.q() + (1.0 - t) * s.p()), gamma), nll);
    return balanced(cost, alpha, t);
  }
};

/// |x|^p summed gives S: the norm, with derivative 0 at 0.
template <class S>
LOSSOPS_INLINE S root(const S& sum, double p) {
  if (p == 1) return sum;
  const auto v = value_of(sum);
  using C = std::remove_const_t<decltype(v)>;
  const auto zero = v == C(0);
  const C s = select(zero, C(1), v);
  const C r = p == 2 ? C(sqrt(s)) : C(exp(log(s) / p));
  return custom_derivative(C(select(zero, C(0), r)), C(select(zero, C(0), (1 / p) * (r / s))), sum);
}

/// ln x, which is -inf without a derivative from 0 down.
template <class X>
LOSSOPS_INLINE X log_or_none(const X& x) {
  const auto v = value_of(x);
  using C = std::remove_const_t<decltype(v)>;
  const auto none = v <= C(0);
  const C s = select(none, C(1), v);
  return custom_derivative(C(select(none, C(-kInfinity), log(s))), C(select(none, C(0), 1.0 / s)), x);
}

/// The factor that brings a magnitude near 1, if it is one.
template <class C>
LOSSOPS_INLINE C unit_scale(const C& largest) {
  const auto usual = (largest > C(1e-300)) & (largest < C(kInfinity));
  return select(usual, 1.0 / select(usual, largest, C(1)), C(1));
}

/// What an element of a difference adds to the sum of which `norm` is the norm; scaled by c, or with p = inf,
/// where c is the largest of all.
template <class X, class C>
LOSSOPS_INLINE X norm_term(const X& difference, const C& c, double p) {
  if (p == 2) return square(X(difference * c));
  const auto v = value_of(difference);
  if (p == 0) return select(v == 0, X(0), constant(X(v), 1));
  const X size = abs(difference);
  if (p == kInfinity) return select(value_of(size) == c, X(size * unit_scale(c)), X(0));
  return p == 1 ? X(size * c) : power(X(size * c), p);
}
template <class S, class C>
LOSSOPS_INLINE S norm(const S& sum, const C& c, double p) {
  if (p == 0) return sum;
  if (p < kInfinity) return root(sum, p) / c;
  // Of those that are largest, each has the same share.
  const C count = detach(sum);
  return custom_derivative(C(c * 1.0), share(c, count), sum);
}

/// How a class lies in prediction and target: the sums of p, of t and of what they share, over n elements.
template <class S>
struct Overlap {
  S p, t, both;
  S n;

  LOSSOPS_INLINE S only_p() const { return p - both; }
  LOSSOPS_INLINE S only_t() const { return t - both; }
};

/// a / b of two sums, and 0 for 0 / 0.
template <class S>
LOSSOPS_INLINE S share(const S& a, const S& b) {
  const auto none = value_of(b) == 0;
  return select(none, S(0), a / select(none, S(1), b));
}

}  // namespace lossops
