// The functions that expressions are written in, for every scalar type alike.
#pragma once

#include "dual.h"

namespace lossops {

constexpr double kPi = 3.14159265358979323846;
constexpr double kHalfLn2Pi = 0.918938533204672741780;

/// The value without derivatives.
template <class C>
LOSSOPS_INLINE C value_of(const C& a) {
  return a;
}
template <class C>
LOSSOPS_INLINE C value_of(const Dual<C>& a) {
  return a.v;
}

template <class X>
LOSSOPS_INLINE X square(const X& x) {
  return x * x;
}

/// c0 + c1 x + c2 x^2 + ...
template <class C>
LOSSOPS_INLINE C polynomial(const C&, double c0) {
  return C(c0);
}
template <class C, class... More>
LOSSOPS_INLINE C polynomial(const C& x, double c0, More... more) {
  return polynomial(x, more...) * x + c0;
}

/// max(x, c) for a constant c; NaN stays.
template <class X>
LOSSOPS_INLINE X at_least(const X& x, double c) {
  return select(x < X(c), X(c), x);
}

/// The number c beside a value of the operands. Aten has a tensor for it: at::where of two numbers would
/// be of torch's default dtype.
template <class C>
LOSSOPS_INLINE C constant(const C&, double c) {
  return C(c);
}

/// The derivative; 0 for what does not depend on the operand.
template <class C>
LOSSOPS_INLINE C derivative_of(const C&) {
  return C(0);
}
template <class C>
LOSSOPS_INLINE C derivative_of(const Dual<C>& a) {
  return a.d;
}

/// A value with this derivative; the value alone if X has none.
template <class X, class C>
LOSSOPS_INLINE X derived(const C& value, const C& derivative) {
  if constexpr (std::is_same_v<X, C>) {
    return value;
  } else {
    return X(value, derivative);
  }
}

/// One of two, the same for all lanes. Number by number: structures that a branch chooses between lie in
/// memory.
template <class X>
LOSSOPS_INLINE X choose(bool first, const X& a, const X& b) {
  if constexpr (requires { a.d; }) {
    return X(choose(first, a.v, b.v), choose(first, a.d, b.d));
  } else {
    return first ? X(a) : X(b);
  }
}

/// The loss of a score by alpha t + (1 - alpha) (1 - t), which balances the sides; NaN leaves it.
template <class X, class T>
LOSSOPS_INLINE X balanced(const X& loss, double alpha, const T& t) {
  return choose(alpha != alpha, loss, X(((1 - alpha) + (2 * alpha - 1) * t) * loss));
}

/// max(x, 0), with derivative 1 at 0 as clamp_min before torch 2.14; NaN stays, with derivative 0.
template <class X>
LOSSOPS_INLINE X relu(const X& x) {
  const auto v = value_of(x);
  using C = std::remove_const_t<decltype(v)>;
  return derived<X>(C(select(v < C(0), C(0), v)), C(select(v >= C(0), derivative_of(x), C(0))));
}

/// max(x, 0), with derivative 0 at 0; NaN stays, with derivative 0.
template <class X>
LOSSOPS_INLINE X hinge(const X& x) {
  const auto v = value_of(x);
  using C = std::remove_const_t<decltype(v)>;
  return derived<X>(C(select(v <= C(0), C(0), v)), C(select(v > C(0), derivative_of(x), C(0))));
}

/// a * b, and 0 where a is 0 even if b is infinite.
template <class A, class B>
LOSSOPS_INLINE auto scaled(const A& a, const B& b) {
  return a * select((value_of(a) == 0) & (abs(value_of(b)) == kInfinity), B(0), b);
}

/// A zero derivative of the first factor likewise stays zero whatever the second one is.
template <class C>
LOSSOPS_INLINE Dual<C> scaled(const Dual<C>& a, const Dual<C>& b) {
  return {scaled(a.v, b.v), scaled(a.d, b.v) + a.v * b.d};
}

/// Adds slope times the derivative of `operand` to that of `result`: how an expression states a derivative of
/// its own. An operand without derivatives passes `result` through.
template <class R, class C>
LOSSOPS_INLINE R custom_derivative(const R& result, const C&, const C&) {
  return result;
}
template <class C>
LOSSOPS_INLINE Dual<C> custom_derivative(const Dual<C>& result, const C& slope, const Dual<C>& operand) {
  return {result.v, result.d + slope * operand.d};
}
template <class C>
LOSSOPS_INLINE Dual<C> custom_derivative(const C& result, const C& slope, const Dual<C>& operand) {
  return Dual<C>::chain(result, slope, operand);
}

/// The same with a slope that is computed only where it counts.
template <class R, class X, class F>
LOSSOPS_INLINE auto with_slope(const R& result, const X& operand, const F& slope) {
  using C = std::remove_cvref_t<decltype(value_of(operand))>;
  if constexpr (std::is_same_v<X, C>) {
    return result;
  } else {
    return custom_derivative(result, C(slope()), operand);
  }
}

/// The same where an operand that does not move counts for nothing, even if the slope is infinite.
template <class R, class C>
LOSSOPS_INLINE R steep_derivative(const R& result, const C&, const C&) {
  return result;
}
template <class R, class C>
LOSSOPS_INLINE Dual<C> steep_derivative(const R& result, const C& slope, const Dual<C>& operand) {
  return {value_of(result), derivative_of(result) + scaled(operand.d, slope)};
}

/// t ln t, with value and derivative 0 at t = 0.
template <class X>
LOSSOPS_INLINE X xlogx(const X& t) {
  const auto v = value_of(t);
  using C = std::remove_const_t<decltype(v)>;
  const auto zero = v == C(0);
  const C s = select(zero, C(1), v);
  const C l = log(s);
  return custom_derivative(s * l, C(select(zero, C(0), l + 1.0)), t);
}

/// x ln y, with value and derivatives 0 where both are 0, and 0 where x is 0 and y infinite; NaN stays.
template <class X, class Y>
LOSSOPS_INLINE auto xlogy(const X& x, const Y& y) {
  const auto v = value_of(y);
  return x * log(select((value_of(x) == 0) & ((v == 0) | (v == kInfinity)), Y(1), y));
}

/// a where `first` holds, otherwise b; where `tie` holds too, each has half of the derivative.
template <class First, class Tie, class A, class B>
LOSSOPS_INLINE auto choose(const First& first, const Tie& tie, const A& a, const B& b) {
  const auto value = select(first, value_of(a), value_of(b));
  using C = std::remove_const_t<decltype(value)>;
  if constexpr (std::is_same_v<A, C> && std::is_same_v<B, C>) {
    return value;
  } else {
    const C da = derivative_of(a), db = derivative_of(b);
    return Dual<C>(value, select(tie, 0.5 * (da + db), select(first, da, db)));
  }
}

/// The larger of two; NaN if one is. Derivatives at a tie as torch's.
template <class A, class B>
LOSSOPS_INLINE auto maximum(const A& a, const B& b) {
  const auto u = value_of(a), v = value_of(b);
  return choose((u > v) | !(u == u), u == v, a, b);
}

/// The smaller of two; NaN if one is. Derivatives at a tie as torch's.
template <class A, class B>
LOSSOPS_INLINE auto minimum(const A& a, const B& b) {
  const auto u = value_of(a), v = value_of(b);
  return choose((u < v) | !(u == u), u == v, a, b);
}

/// x from low up to high, and high if that is below low; NaN if one is. At a bound x has the derivative, as
/// in torch.
template <class X, class L, class H>
LOSSOPS_INLINE auto clamp(const X& x, const L& low, const H& high) {
  const auto l = value_of(low), h = value_of(high);
  const auto raised = select((value_of(x) < l) | !(l == l), low, x);
  return select((value_of(raised) > h) | !(h == h), high, raised);
}

/// -1, 0 or 1, without derivative; NaN stays.
template <class X>
LOSSOPS_INLINE auto sign(const X& x) {
  const auto v = value_of(x);
  using C = std::remove_const_t<decltype(v)>;
  return select(v > C(0), C(1), select(v < C(0), C(-1), v));
}

/// Whether powers of p are taken by multiplication.
LOSSOPS_INLINE bool multiplies(double p) { return p == 2 || p == 0 || p == 1 || p == 3 || p == 4; }

/// x^p for such a p.
template <class X>
LOSSOPS_INLINE X small_power(const X& x, double p) {
  const X x2 = x * x;
  if (p == 2) return x2;
  if (p == 0) return constant(x, 1);
  if (p == 1) return x;
  return p == 3 ? x2 * x : x2 * x2;
}

/// x^p for x >= 0 and a constant p, with derivative 0 at x = 0 unless p is 0 or 1. The value there is 0, or
/// infinite for p < 0.
template <class X>
LOSSOPS_INLINE X power(const X& x, double p) {
  if (multiplies(p)) return small_power(x, p);
  const auto v = value_of(x);
  using C = std::remove_const_t<decltype(v)>;
  const auto zero = v == C(0);
  const C s = select(zero, C(1), v);
  const C r = p == 0.5 ? C(sqrt(s)) : C(exp(p * log(s)));
  // Not by way of the logarithm, whose second derivative overflows where the power's does not.
  const C slope = select(zero, C(0), p * (r / s));
  return custom_derivative(select(zero, C(p < 0 ? kInfinity : 0), r), slope, x);
}

/// sqrt(x^2 + c^2) for a constant c > 0, without overflow; the derivative is right at infinity too.
template <class X>
LOSSOPS_INLINE X hypot(const X& x, double c) {
  const auto v = value_of(x);
  using C = std::remove_const_t<decltype(v)>;
  const C a = abs(v);
  const auto far = a > C(c);
  const C high = select(far, a, C(c));
  const C low = select(far, C(c), v);  // with its sign: the square is smooth at 0
  const C root = sqrt(square(low / high) + 1.0);
  if constexpr (std::is_same_v<X, C>) {
    return high * root;
  } else {
    const C sign = select(v < C(0), C(-1), C(1));
    return custom_derivative(high * root, select(far, sign, low / high) / root, x);
  }
}

/// ln(1 + x^2) without overflow.
template <class C>
LOSSOPS_INLINE C log1p_square(const C& x) {
  const C a = abs(x);
  const auto huge = a > 1e15;
  const C l = log1p(select(huge, a, x * x));
  return select(huge, 2.0 * l, l);
}

/// A value of a scalar type whose own derivatives go on, as those of Aten do: without them.
template <class C>
LOSSOPS_INLINE C detached(const C& x) {
  return x;
}

/// The value, as a constant whatever one differentiates by, to any order.
template <class X>
LOSSOPS_INLINE auto detach(const X& x) {
  return detached(value_of(x));
}

/// a / b, and 0 without derivative where b is 0.
template <class A, class B>
LOSSOPS_INLINE auto quotient(const A& a, const B& b) {
  const auto none = value_of(b) == 0;
  return select(none, A(0), a) / select(none, B(1), b);
}

/// |x| where that is only half of an expression that is smooth at 0: Aten has a derivative for it there.
template <class C>
LOSSOPS_INLINE C magnitude(const C& x) {
  return abs(x);
}

/// From e^(-2 |x|) - 1, accurate everywhere.
template <class C>
LOSSOPS_INLINE C tanh(const C& x) {
  const C em = expm1(magnitude(x) * -2.0);
  const C t = em / (em + 2.0);
  return select(x < C(0), t, -t);
}
template <class C>
LOSSOPS_INLINE Dual<C> tanh(const Dual<C>& x) {
  const C em = expm1(magnitude(x.v) * -2.0);
  const C r = C(1) / (em + 2.0);
  return Dual<C>::chain(select(x.v < C(0), em * r, -(em * r)), (em + 1.0) * 4.0 * square(r), x);
}

/// The logistic function of x and its logarithms, all from one exp and one log1p and all accurate in
/// both tails: p = sigma(x), q = sigma(-x) = 1 - p, nlog_p = -ln p = softplus(-x), nlog_q = -ln q =
/// softplus(x).
template <class C>
class Logistic {
 public:
  LOSSOPS_INLINE explicit Logistic(const C& x) : negative_(x < C(0)), magnitude_(magnitude(x)) {
    const C z = exp(-magnitude_);
    const C r = C(1) / (C(1) + z);
    l_ = log1p_unit(z);
    p_ = select(negative_, z * r, r);
    q_ = select(negative_, r, z * r);
  }
  LOSSOPS_INLINE C p() const { return p_; }
  LOSSOPS_INLINE C q() const { return q_; }
  LOSSOPS_INLINE C nlog_p() const { return select(negative_, magnitude_, C(0)) + l_; }
  LOSSOPS_INLINE C nlog_q() const { return select(negative_, C(0), magnitude_) + l_; }

  /// -a ln p - b ln q; a coefficient of 0 drops a logarithm that is infinite.
  template <class A, class B>
  LOSSOPS_INLINE auto nll(const A& a, const B& b) const {
    const C av = value_of(a), bv = value_of(b);
    const C nll = scaled(select(negative_, av, bv), magnitude_) + (av + bv) * l_;
    return steep_derivative(steep_derivative(nll, nlog_p(), a), nlog_q(), b);
  }

 private:
  decltype(C() < C()) negative_;
  C magnitude_, l_, p_, q_;
};

template <class C>
class Logistic<Dual<C>> {
 public:
  using D = Dual<C>;
  LOSSOPS_INLINE explicit Logistic(const D& x) : x_(x), s_(x.v) {}
  LOSSOPS_INLINE D p() const { return D::chain(s_.p(), s_.p() * s_.q(), x_); }
  LOSSOPS_INLINE D q() const { return D::chain(s_.q(), -(s_.p() * s_.q()), x_); }
  LOSSOPS_INLINE D nlog_p() const { return D::chain(s_.nlog_p(), -s_.q(), x_); }
  LOSSOPS_INLINE D nlog_q() const { return D::chain(s_.nlog_q(), s_.p(), x_); }

  LOSSOPS_INLINE D nll(const C& a, const C& b) const {
    return D::chain(s_.nll(a, b), b * s_.p() - a * s_.q(), x_);
  }

 private:
  D x_;
  Logistic<C> s_;
};

template <class X>
LOSSOPS_INLINE Logistic<X> logistic(const X& x) {
  return Logistic<X>(x);
}

/// ln(1 + e^x).
template <class X>
LOSSOPS_INLINE X softplus(const X& x) {
  return logistic(x).nlog_q();
}

/// p^g of a logistic, exact in the far tail for every g >= 0.
template <class X>
LOSSOPS_INLINE X p_power(const Logistic<X>& s, double g) {
  if (multiplies(g)) return small_power(s.p(), g);
  return exp(-g * s.nlog_p());
}

/// q^g of a logistic, exact in the far tail for every g >= 0.
template <class X>
LOSSOPS_INLINE X q_power(const Logistic<X>& s, double g) {
  if (multiplies(g)) return small_power(s.q(), g);
  return exp(-g * s.nlog_q());
}

/// -t ln p - (1 - t) ln(1 - p) for probabilities, with torch's bounds: logarithms not below -100, and
/// p (1 - p) in the derivative's denominator not below 1e-12, which torch has as a float.
template <class P, class T>
LOSSOPS_INLINE auto bernoulli_nll(const P& probability, const T& target) {
  const auto p = value_of(probability);
  const auto t = value_of(target);
  using C = std::remove_const_t<decltype(p)>;
  const C log_p = log(p);
  const C log_q = log1p(-p);
  const C nll = (t - 1.0) * at_least(log_q, -100) - t * at_least(log_p, -100);
  const C slope = (p - t) / at_least(p * (1.0 - p), 1e-12f);
  return custom_derivative(custom_derivative(nll, slope, probability), log_q - log_p, target);
}

}  // namespace lossops
