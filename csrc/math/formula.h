// The formula carrier: an at::Tensor, or a number not yet turned into one. Evaluating an expression on it
// spells the loss out in ATen operators: differentiable to any order, in both modes, on any device.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/binary_cross_entropy.h>
#include <ATen/ops/eq.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/expm1.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/ge.h>
#include <ATen/ops/gt.h>
#include <ATen/ops/le.h>
#include <ATen/ops/log.h>
#include <ATen/ops/log1p.h>
#include <ATen/ops/logical_and.h>
#include <ATen/ops/logical_not.h>
#include <ATen/ops/logical_or.h>
#include <ATen/ops/lt.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/rsub.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/sign.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/where.h>

#include "probability.h"

namespace lossops {

class Formula {
 public:
  Formula() = default;
  Formula(at::Tensor tensor) : tensor_(std::move(tensor)) {}
  template <class A>
    requires std::is_arithmetic_v<A>
  Formula(A number) : number_(number) {}

  bool is_number() const { return !tensor_.defined(); }
  double number() const { return number_; }
  const at::Tensor& tensor() const { return tensor_; }

  friend Formula operator+(const Formula& a, const Formula& b) {
    if (a.is_number() && b.is_number()) return a.number_ + b.number_;
    if (b.is_number()) return b.number_ == 0 ? a.tensor_ : a.tensor_ + b.number_;
    if (a.is_number()) return b + a;
    return a.tensor_ + b.tensor_;
  }
  friend Formula operator-(const Formula& a, const Formula& b) {
    if (a.is_number() && b.is_number()) return a.number_ - b.number_;
    if (b.is_number()) return b.number_ == 0 ? a.tensor_ : a.tensor_ - b.number_;
    if (a.is_number()) return at::rsub(b.tensor_, a.number_);
    return a.tensor_ - b.tensor_;
  }
  friend Formula operator*(const Formula& a, const Formula& b) {
    if (a.is_number() && b.is_number()) return a.number_ * b.number_;
    if (b.is_number()) return b.number_ == 1 ? a.tensor_ : a.tensor_ * b.number_;
    if (a.is_number()) return b * a;
    return a.tensor_ * b.tensor_;
  }
  friend Formula operator/(const Formula& a, const Formula& b) {
    if (a.is_number() && b.is_number()) return a.number_ / b.number_;
    if (b.is_number()) return b.number_ == 1 ? a.tensor_ : a.tensor_ / b.number_;
    if (a.is_number()) return b.tensor_.reciprocal() * a.number_;
    return a.tensor_ / b.tensor_;
  }
  friend Formula operator-(const Formula& a) {
    return a.is_number() ? Formula(-a.number_) : Formula(a.tensor_.neg());
  }

  // Comparisons yield bool tensors; their left side is a tensor.
  friend Formula operator<(const Formula& a, const Formula& b) {
    return b.is_number() ? at::lt(a.tensor_, b.number_) : at::lt(a.tensor_, b.tensor_);
  }
  friend Formula operator<=(const Formula& a, const Formula& b) {
    return b.is_number() ? at::le(a.tensor_, b.number_) : at::le(a.tensor_, b.tensor_);
  }
  friend Formula operator>(const Formula& a, const Formula& b) {
    return b.is_number() ? at::gt(a.tensor_, b.number_) : at::gt(a.tensor_, b.tensor_);
  }
  friend Formula operator>=(const Formula& a, const Formula& b) {
    return b.is_number() ? at::ge(a.tensor_, b.number_) : at::ge(a.tensor_, b.tensor_);
  }
  friend Formula operator==(const Formula& a, const Formula& b) {
    return b.is_number() ? at::eq(a.tensor_, b.number_) : at::eq(a.tensor_, b.tensor_);
  }
  friend Formula operator&(const Formula& a, const Formula& b) {
    return at::logical_and(a.tensor_, b.tensor_);
  }
  friend Formula operator|(const Formula& a, const Formula& b) {
    return at::logical_or(a.tensor_, b.tensor_);
  }
  friend Formula operator!(const Formula& a) { return at::logical_not(a.tensor_); }
  friend Formula select(const Formula& m, const Formula& a, const Formula& b) {
    if (a.is_number() && b.is_number()) return at::where(m.tensor_, a.number_, b.number_);
    if (a.is_number()) return at::where(m.tensor_, a.number_, b.tensor_);
    if (b.is_number()) return at::where(m.tensor_, a.tensor_, b.number_);
    return at::where(m.tensor_, a.tensor_, b.tensor_);
  }

  friend Formula sqrt(const Formula& a) {
    return a.is_number() ? Formula(std::sqrt(a.number_)) : at::sqrt(a.tensor_);
  }
  friend Formula exp(const Formula& a) {
    return a.is_number() ? Formula(std::exp(a.number_)) : at::exp(a.tensor_);
  }
  friend Formula expm1(const Formula& a) {
    return a.is_number() ? Formula(std::expm1(a.number_)) : at::expm1(a.tensor_);
  }
  friend Formula log(const Formula& a) {
    return a.is_number() ? Formula(std::log(a.number_)) : at::log(a.tensor_);
  }
  friend Formula log1p(const Formula& a) {
    return a.is_number() ? Formula(std::log1p(a.number_)) : at::log1p(a.tensor_);
  }
  friend Formula abs(const Formula& a) {
    return a.is_number() ? Formula(std::fabs(a.number_)) : at::abs(a.tensor_);
  }

 private:
  at::Tensor tensor_;
  double number_ = 0;
};

/// A number needs no mask.
inline Formula scaled(const Formula& a, const Formula& b) {
  return a.is_number() || b.is_number() ? a * b : scaled<Formula, Formula>(a, b);
}

template <>
class Logistic<Formula> {
 public:
  explicit Logistic(const Formula& x) : x_(x.tensor()) {}
  Formula p() const { return at::sigmoid(x_); }
  Formula q() const { return at::sigmoid(x_.neg()); }
  Formula nlog_p() const { return softplus(x_.neg()); }
  Formula nlog_q() const { return softplus(x_); }
  Formula nll(const Formula& a, const Formula& b) const { return scaled(a, nlog_p()) + scaled(b, nlog_q()); }

 private:
  /// at::softplus drops e^-x beyond a threshold, and vmap knows no log_sigmoid of a GPU's tensors within
  /// another vmap. Every derivative is exact, at 0 too: the two sides meet there without a kink.
  static Formula softplus(const at::Tensor& x) {
    const Formula positive = Formula(x) > 0;
    return select(positive, x, 0) + log1p(exp(select(positive, x.neg(), x)));
  }

  at::Tensor x_;
};

inline Formula tanh(const Formula& x) { return at::tanh(x.tensor()); }

inline Formula constant(const Formula& like, double c) { return at::full_like(like.tensor(), c); }

inline Formula maximum(const Formula& a, const Formula& b) { return at::maximum(a.tensor(), b.tensor()); }
inline Formula minimum(const Formula& a, const Formula& b) { return at::minimum(a.tensor(), b.tensor()); }
inline Formula sign(const Formula& x) { return select(x == x, at::sign(x.tensor()), x); }

template <>
class Probability<Formula> {
 public:
  Probability(const Formula& d, const RowCenter<Formula>& row) : d_(d), row_(row) {}
  Formula log_p() const { return row_.log_sum.is_number() ? d_ : d_ - row_.log_sum; }
  Formula p() const { return exp(log_p()); }
  Formula q() const { return select(is_top(), row_.rest * row_.share, 1 - p()); }
  Formula log_q() const {
    const Formula top = is_top();
    const Formula some = top & (row_.rest > 0);  // otherwise ln 0, which has no derivative
    const Formula log_rest = select(some, log(select(some, row_.rest, 1)), -kInfinity);
    return select(top, log_rest - row_.log_sum, log1p(-select(top, 0, p())));
  }
  Formula is_top() const { return (d_ == 0) & (row_.rest < 1); }

 private:
  Formula d_;
  RowCenter<Formula> row_;
};

inline Formula bernoulli_nll(const Formula& probability, const Formula& target) {
  return at::binary_cross_entropy(probability.tensor(), target.tensor(), {}, at::Reduction::None);
}

}  // namespace lossops
