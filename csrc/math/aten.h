// The scalar type of decompositions: an at::Tensor, or a number not yet turned into one. Evaluating an
// expression on it spells the loss out in ATen operators: differentiable to any order, in both modes, on any
// device.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/atan2.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/digamma.h>
#include <ATen/ops/eq.h>
#include <ATen/ops/erf.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/expm1.h>
#include <ATen/ops/floor.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/ge.h>
#include <ATen/ops/gt.h>
#include <ATen/ops/le.h>
#include <ATen/ops/lgamma.h>
#include <ATen/ops/log.h>
#include <ATen/ops/log1p.h>
#include <ATen/ops/logical_and.h>
#include <ATen/ops/logical_not.h>
#include <ATen/ops/logical_or.h>
#include <ATen/ops/lt.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/rsub.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/sign.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/special_i0e.h>
#include <ATen/ops/special_i1e.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/where.h>

#include "probability.h"
#include "special.h"

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
  /// The same where it may be a number: then it is that everywhere.
  at::Tensor tensor_like(const at::Tensor& t) const {
    return is_number() ? at::full_like(t, number_) : tensor_;
  }

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

  // Comparisons yield masks; their left side is a tensor. Of two numbers, == and < yield a number.
  friend Aten operator<(const Aten& a, const Aten& b) {
    if (a.is_number() && b.is_number()) return a.number_ < b.number_;
    return a.mask(b.is_number() ? at::lt(a.tensor_, b.number_) : at::lt(a.tensor_, b.tensor_));
  }
  friend Aten operator<=(const Aten& a, const Aten& b) {
    return a.mask(b.is_number() ? at::le(a.tensor_, b.number_) : at::le(a.tensor_, b.tensor_));
  }
  friend Aten operator>(const Aten& a, const Aten& b) {
    return a.mask(b.is_number() ? at::gt(a.tensor_, b.number_) : at::gt(a.tensor_, b.tensor_));
  }
  friend Aten operator>=(const Aten& a, const Aten& b) {
    return a.mask(b.is_number() ? at::ge(a.tensor_, b.number_) : at::ge(a.tensor_, b.tensor_));
  }
  friend Aten operator==(const Aten& a, const Aten& b) {
    if (a.is_number() && b.is_number()) return a.number_ == b.number_;
    return a.mask(b.is_number() ? at::eq(a.tensor_, b.number_) : at::eq(a.tensor_, b.tensor_));
  }
  friend Aten operator&(const Aten& a, const Aten& b) {
    return a.mask(at::logical_and(a.tensor_, b.tensor_));
  }
  friend Aten operator|(const Aten& a, const Aten& b) { return a.mask(at::logical_or(a.tensor_, b.tensor_)); }
  friend Aten operator!(const Aten& a) { return a.mask(at::logical_not(a.tensor_)); }
  friend Aten select(const Aten& m, const Aten& a, const Aten& b) {
    if (m.is_number()) return m.number_ != 0 ? a : b;
    if (a.is_number() && b.is_number())
      return at::where(m.tensor_, m.compared(a.number_), m.compared(b.number_));
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
  Aten mask(at::Tensor tensor) const {
    Aten m(std::move(tensor));
    m.compared_ = compared_ == at::kBool ? tensor_.scalar_type() : compared_;
    return m;
  }
  at::Tensor compared(double number) const {
    return at::scalar_tensor(number, tensor_.options().dtype(compared_));
  }

  at::Tensor tensor_;
  double number_ = 0;
  at::ScalarType compared_ = at::kBool;  ///< of a mask: the dtype of what it compares, which that selects
};

/// A number that is not 0 needs no mask.
inline Aten scaled(const Aten& a, const Aten& b) {
  if (b.is_number() || (a.is_number() && a.number() != 0)) return a * b;
  const Aten finite = select(abs(b) == kInfinity, 0, b);
  return a * (a.is_number() ? finite : select(a == 0, finite, b));
}

inline Aten log1p_unit(const Aten& a) { return log1p(a); }

/// Both sides meet at 0 without a kink, so that the derivative of one of them is that of both.
inline Aten magnitude(const Aten& x) { return select(x < 0, -x, x); }

inline Aten detached(const Aten& x) { return x.is_number() ? x : Aten(x.tensor().detach()); }

inline Aten constant(const Aten& like, double c) { return Aten(c).tensor_like(like.tensor()); }

inline Aten atan2(const Aten& y, const Aten& x) { return at::atan2(y.tensor(), x.tensor()); }

inline Aten maximum(const Aten& a, const Aten& b) { return at::maximum(a.tensor(), b.tensor()); }
inline Aten minimum(const Aten& a, const Aten& b) { return at::minimum(a.tensor(), b.tensor()); }
inline Aten sign(const Aten& x) { return select(x == x, at::sign(x.tensor()), x); }

inline Aten floor(const Aten& x) { return at::floor(x.tensor()); }
inline Aten sin(const Aten& x) { return at::sin(x.tensor()); }
inline Aten cos(const Aten& x) { return at::cos(x.tensor()); }
inline Aten erf(const Aten& x) { return at::erf(x.tensor()); }
inline Aten lgamma(const Aten& x) { return at::lgamma(x.tensor()); }
inline Aten digamma(const Aten& x) { return at::digamma(x.tensor()); }

template <>
struct Bessel<Aten> {
  static constexpr double kLimit = 25;
  Aten log_i0e, ratio;
  explicit Bessel(const Aten& k) {
    const at::Tensor i0e = at::special_i0e(k.tensor());
    log_i0e = at::log(i0e);
    ratio = at::special_i1e(k.tensor()) / i0e;
  }
};

}  // namespace lossops
