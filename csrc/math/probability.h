// A class's probability within its row, and its logarithms: what losses over a class axis are written in.
//
// Everything is told relative to the largest logit of the row. The sum of the other exponentials, `rest`, is
// kept apart from the 1 that the largest contributes, so that 1 - p and ln(1 - p) of a class that takes
// nearly all of the row keep their digits: a loss of 1e-13 is that and not 0.
#pragma once

#include "vocabulary.h"

namespace lossops {

/// What a loss measures a row's logits against: the softmax's log-sum-exp, the target's logit, or nothing.
enum class Shift { kSoftmax, kTarget, kNone };

/// What a row's logits z are measured against. Losses that are not of a softmax use only the shift.
template <class C>
struct RowShift {
  C shift;     ///< the largest logit; or the target's, or 0
  C rest;      ///< the sum of e^(z - shift) over all classes but the largest
  C log_sum;   ///< ln(1 + rest): the log-sum-exp is shift + log_sum
  C share;     ///< 1 / (1 + rest), the probability of the largest
  C log_rest;  ///< ln(rest), also where rest underflows; only for losses with `other_class`

  LOSSOPS_INLINE static RowShift softmax(C largest, C rest) {
    return {largest, rest, log1p(rest), C(1) / (rest + 1.0), C(0)};
  }
  LOSSOPS_INLINE static RowShift plain(C shift) { return {shift, C(1), C(0), C(0), C(0)}; }
};

template <class C>
class Probability {
 public:
  /// d = z - shift, and e = exp(d) where that is at hand.
  LOSSOPS_INLINE Probability(const C& d, const C& e, const RowShift<C>& row)
      : log_p_(d - row.log_sum),
        p_(e * row.share),
        d_(d),
        rest_(row.rest),
        share_(row.share),
        log_sum_(row.log_sum),
        log_rest_(row.log_rest) {}

  LOSSOPS_INLINE C log_p() const { return log_p_; }
  LOSSOPS_INLINE C p() const { return p_; }
  LOSSOPS_INLINE C q() const { return select(is_top(), rest_ * share_, 1.0 - p_); }
  LOSSOPS_INLINE C log_q() const {
    const auto top = is_top();
    return select(top, log_rest_ - log_sum_, log1p(-select(top, C(0), p_)));
  }
  /// Whether this is the one largest class.
  LOSSOPS_INLINE auto is_top() const { return (d_ == C(0)) & (rest_ < C(1)); }

 private:
  C log_p_, p_, d_;
  C rest_, share_, log_sum_, log_rest_;  // of the row: as one structure they would be copied in memory
};

/// Differentiated by ln p, as if that were a variable of its own: the gradient by the logits follows from
/// the row's sum of these derivatives.
template <class C>
class Probability<Dual<C>> {
 public:
  using D = Dual<C>;
  LOSSOPS_INLINE Probability(const C& d, const C& e, const RowShift<C>& row) : v_(d, e, row) {}
  LOSSOPS_INLINE D log_p() const { return {v_.log_p(), C(1)}; }
  LOSSOPS_INLINE D p() const { return {v_.p(), v_.p()}; }
  LOSSOPS_INLINE D q() const { return {v_.q(), -v_.p()}; }
  LOSSOPS_INLINE D log_q() const { return {v_.log_q(), -(v_.p() / v_.q())}; }

 private:
  Probability<C> v_;
};

/// The base of losses whose true_class is -ln p. Over all classes that is a sum of logits, which costs no
/// sweep.
struct NegativeLogLikelihood {
  template <class P>
  LOSSOPS_INLINE auto true_class(const P& p) const {
    return -p.log_p();
  }
};

}  // namespace lossops
