// What an expression over the class axis is: a struct with parameters as element-wise ones have, and of these
// members those that it needs. What it lacks, the kernels leave out.
//
//   true_class(p)     what the true class costs; y-weighted over all classes for a soft or smoothed target
//   other_class(p)    what each other class costs, if anything
//   each_class(p, q)  instead of both: what every class of two rows costs
//   threshold(x, y)   instead of all these, of classes in an order, with a logit x for each but the first:
//                     what that costs where the label lies there or above with probability y, of a label
//                     1 or 0; with `conditional`, only up to the first that the label does not reach
//   maps(), logit(x)  whether this call has it, and z of an input x, where that is not x itself;
//                     logit(x, log_prior) with a prior; target_logit(x) of the true class
//   given_class(p, q) what each class costs, the label's too, by a number q that is given for it; with finish
//   finish(own, others)
//                     where that is not own + others, the cost of a row by what its label's class costs and
//                     the sum of all others, or of given_class; the weight of the label multiplies it
//   row(lse)          what the row's log-sum-exp costs
//   takes_point       the target is a number between two classes, which share it; classes are the last
//                     dimension
//   shift             what logits are measured against: see Shift
#pragma once

#include "expression.h"
#include "probability.h"

namespace lossops {

using AnyProbability = Probability<Scalar<float>>;

template <class E>
concept HasTrueClass = requires(const E& e, const AnyProbability& p) { e.true_class(p); };
template <class E>
concept ComparesClasses = requires(const E& e, const AnyProbability& p) { e.each_class(p, p); };
template <class E>
concept HasOtherClasses = requires(const E& e, const AnyProbability& p) { e.other_class(p); };
template <class E>
concept TakesGiven =
    requires(const E& e, const AnyProbability& p, const Scalar<float>& q) { e.given_class(p, q); };
template <class E>
concept OrdersClasses = requires(const E& e, const Scalar<float>& x) { e.threshold(x, x); };
template <class E>
concept ClassAxisExpression = HasTrueClass<E> || ComparesClasses<E> || HasOtherClasses<E> || OrdersClasses<E>;

template <class E>
concept MapsLogits = requires(const E& e) { e.maps(); };
template <class E>
concept MapsWithPrior = requires(const E& e, const Scalar<float>& x) { e.logit(x, x); };
template <class E>
concept HasLogit = MapsWithPrior<E> || requires(const E& e, const Scalar<float>& x) { e.logit(x); };
template <class E>
concept MapsTarget = requires(const E& e, const Scalar<float>& x) { e.target_logit(x); };
template <class E>
concept Finishes = requires(const E& e, const Scalar<float>& x) { e.finish(x, x); };
template <class E>
concept HasRowTerm = requires(const E& e, const Scalar<float>& x) { e.row(x); };

// The settings of the family, for the tables of parameters.
/// A part of the target is spread over all classes.
template <class E>
constexpr Parameter<E> label_smoothing() {
  return setting<E>("label_smoothing", "float", 0).between(0, 1);
}
/// The class axis is the caller's; the last one by default.
template <class E>
constexpr Parameter<E> class_dim() {
  return setting<E>("dim", "int", -1);
}

/// How many rows of logits a row of the loss reads.
template <class E>
constexpr int sides() {
  return ComparesClasses<E> ? 2 : 1;
}

template <class E>
constexpr Shift shift_of() {
  if constexpr (requires { E::shift; }) {
    return E::shift;
  } else if constexpr (OrdersClasses<E>) {
    return Shift::kNone;
  } else {
    return Shift::kSoftmax;
  }
}

/// Whether the row's log-sum-exp is what its logits are measured against.
template <class E>
constexpr bool kIsSoftmax = shift_of<E>() == Shift::kSoftmax;
/// Otherwise the label's class is all that there is to see.
template <class E>
constexpr bool kReadsRow = shift_of<E>() != Shift::kNone || OrdersClasses<E>;
/// Whether thresholds beyond the first that the label does not reach cost nothing.
template <class E>
constexpr bool kIsConditional = requires { requires E::conditional; };
/// Whether an expression may ask for ln(1 - p), which takes the sum of all classes but the largest even where
/// that underflows; one with `finish` may not.
template <class E>
constexpr bool kTellsLogQ = HasOtherClasses<E> && !Finishes<E>;
/// The target is a number from 0 to C - 1, a point between two classes.
template <class E>
constexpr bool kTakesPoint = requires { E::takes_point; };
/// What the true class costs is -ln p, so over all classes a sum of logits.
template <class E>
constexpr bool kIsNll = std::is_base_of_v<NegativeLogLikelihood, E>;

/// z of an input x, if the expression maps logits.
template <class E, class X>
LOSSOPS_INLINE auto map_logit(const E& e, const X& x, const X& log_prior) {
  if constexpr (MapsWithPrior<E>) {
    return e.logit(x, log_prior);
  } else {
    return e.logit(x);
  }
}

}  // namespace lossops
