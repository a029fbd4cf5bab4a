// The carrier of decompositions: an at::Tensor, or a number not yet turned into one. Evaluating an expression
// on it spells the loss out in ATen operators: differentiable to any order, in both modes, on any device.
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

class Aten {
 public:
  Aten() = default;
  Aten(at::Tensor tensor) : tensor_(std::move(tensor)) {}
  template <class A>
    requires std::is_arithmetic_v<A>
  Aten(A number) : number_(number) {}

  bool is_number() const { return !tensor_.defined(); }
  double number() const { return number_; }
  const at::Tensor& tensor() const { return tensor_; }

  friend Aten operator+(const Aten& a, const Aten& b) {
    if (a.is_number() && b.is_number()) return a.number_ + b.number_;
    if (b.is_number()) return b.number_ == 0 ? a.tensor_ : a.tensor_ + b.number_;
    if (a.is_number()) return b + a;
    return a.tensor_ + b.tensor_;
  }
  friend Aten operator-(const Aten& a, const Aten& b) {
    if (a.is_number() && b.is_number()) return a.number_ - b.number_;
    if (b.is_number()) return b.number_ == 0 ? a.tensor_ : a.tensor_ - b.number_;
    if (a.is_number()) return at::rsub(b.tensor_, a.number_);
    return a.tensor_ - b.tensor_;
  }
  friend Aten operator*(const Aten& a, const Aten& b) {
    if (a.is_number() && b.is_number()) return a.number_ * b.number_;
    if (b.is_number()) return b.number_ == 1 ? a.tensor_ : a.tensor_ * b.number_;
    if (a.is_number()) return b * a;
    return a.tensor_ * b.tensor_;
  }
  friend Aten operator/(const Aten& a, const Aten& b) {
    if (a.is_number() && b.is_number()) return a.number_ / b.number_;
    if (b.is_number()) return b.number_ == 1 ? a.tensor_ : a.tensor_ / b.number_;
    if (a.is_number()) return b.tensor_.reciprocal() * a.number_;
    return a.tensor_ / b.tensor_;
  }
  friend Aten operator-(const Aten& a) { return a.is_number() ? Aten(-a.number_) : Aten(a.tensor_.neg()); }

  // Comparisons yield bool tensors; their left side is a tensor.
  friend Aten operator<(const Aten& a, const Aten& b) {
    return b.is_number() ? at::lt(a.tensor_, b.number_) : at::lt(a.tensor_, b.tensor_);
  }
  friend Aten operator<=(const Aten& a, const Aten& b) {
    return b.is_number() ? at::le(a.tensor_, b.number_) : at::le(a.tensor_, b.tensor_);
  }
  friend Aten operator>(const Aten& a, const Aten& b) {
    return b.is_number() ? at::gt(a.tensor_, b.number_) : at::gt(a.tensor_, b.tensor_);
  }
  friend Aten operator>=(const Aten& a, const Aten& b) {
    return b.is_number() ? at::ge(a.tensor_, b.number_) : at::ge(a.tensor_, b.tensor_);
  }
  friend Aten operator==(const Aten& a, const Aten& b) {
    return b.is_number() ? at::eq(a.tensor_, b.number_) : at::eq(a.tensor_, b.tensor_);
  }
  friend Aten operator&(const Aten& a, const Aten& b) { return at::logical_and(a.tensor_, b.tensor_); }
  friend Aten operator|(const Aten& a, const Aten& b) { return at::logical_or(a.tensor_, b.tensor_); }
  friend Aten operator!(const Aten& a) { return at::logical_not(a.tensor_); }
  friend Aten select(const Aten& m, const Aten& a, const Aten& b) {
    if (a.is_number() && b.is_number()) return at::where(m.tensor_, a.number_, b.number_);
    if (a.is_number()) return at::where(m.tensor_, a.number_, b.tensor_);
    if (b.is_number()) return at::where(m.tensor_, a.tensor_, b.number_);
    return at::where(m.tensor_, a.tensor_, b.tensor_);
  }

  friend Aten sqrt(const Aten& a) { return a.is_number() ? Aten(std::sqrt(a.number_)) : at::sqrt(a.tensor_); }
  friend Aten exp(const Aten& a) { return a.is_number() ? Aten(std::exp(a.number_)) : at::exp(a.tensor_); }
  friend Aten expm1(const Aten& a) {
    return a.is_number() ? Aten(std::expm1(a.number_)) : at::expm1(a.tensor_);
  }
  friend Aten log(const Aten& a) { return a.is_number() ? Aten(std::log(a.number_)) : at::log(a.tensor_); }
  friend Aten log1p(const Aten& a) {
    return a.is_number() ? Aten(std::log1p(a.number_)) : at::log1p(a.tensor_);
  }
  friend Aten abs(const Aten& a) { return a.is_number() ? Aten(std::fabs(a.number_)) : at::abs(a.tensor_); }

 private:
  at::Tensor tensor_;
  double number_ = 0;
};

/// A number needs no mask.
inline Aten scaled(const Aten& a, const Aten& b) {
  return a.is_number() || b.is_number() ? a * b : scaled<Aten, Aten>(a, b);
}

template <>
class Logistic<Aten> {
 public:
  explicit Logistic(const Aten& x) : x_(x.tensor()) {}
  Aten p() const { return at::sigmoid(x_); }
  Aten q() const { return at::sigmoid(x_.neg()); }
  Aten nlog_p() const { return softplus(x_.neg()); }
  Aten nlog_q() const { return softplus(x_); }
  Aten nll(const Aten& a, const Aten& b) const { return scaled(a, nlog_p()) + scaled(b, nlog_q()); }

 private:
  /// at::softplus drops e^-x beyond a threshold, and vmap knows no log_sigmoid of a GPU's tensors within
  /// another vmap. Every derivative is exact, at 0 too: the two sides meet there without a kink.
  static Aten softplus(const at::Tensor& x) {
    const Aten positive = Aten(x) > 0;
    return select(positive, x, 0) + log1p(exp(select(positive, x.neg(), x)));
  }

  at::Tensor x_;
};

inline Aten tanh(const Aten& x) { return at::tanh(x.tensor()); }

inline Aten constant(const Aten& like, double c) { return at::full_like(like.tensor(), c); }

inline Aten maximum(const Aten& a, const Aten& b) { return at::maximum(a.tensor(), b.tensor()); }
inline Aten minimum(const Aten& a, const Aten& b) { return at::minimum(a.tensor(), b.tensor()); }
inline Aten sign(const Aten& x) { return select(x == x, at::sign(x.tensor()), x); }

template <>
class Probability<Aten> {
 public:
  Probability(const Aten& d, const RowShift<Aten>& row) : d_(d), row_(row) {}
  Aten log_p() const { return row_.log_sum.is_number() ? d_ : d_ - row_.log_sum; }
  Aten p() const { return exp(log_p()); }
  Aten q() const { return select(is_top(), row_.rest * row_.share, 1 - p()); }
  Aten log_q() const {
    const Aten top = is_top();
    const Aten some = top & (row_.rest > 0);  // otherwise ln 0, which has no derivative
    const Aten log_rest = select(some, log(select(some, row_.rest, 1)), -kInfinity);
    return select(top, log_rest - row_.log_sum, log1p(-select(top, 0, p())));
  }
  Aten is_top() const { return (d_ == 0) & (row_.rest < 1); }

 private:
  Aten d_;
  RowShift<Aten> row_;
};

inline Aten bernoulli_nll(const Aten& probability, const Aten& target) {
  return at::binary_cross_entropy(probability.tensor(), target.tensor(), {}, at::Reduction::None);
}

}  // namespace lossops
