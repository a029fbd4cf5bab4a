// The mathematics of a row of losses over the class axis, on any scalar type: what a row and its classes
// cost, and dl/dz of each class. Memory, and the sweeps in which classes are met, are the kernels' loops'
// own.
//
// With r_j = dl/d(ln p_j) the gradient is
//
//   dl/dz_j = r_j - p_j sum(r)
//
// where for the largest class, whose p_j may be 1, r_j (1 - p_j) - p_j sum(r of the others) is the same
// without cancellation. If only the label's class has an r, that is one product per class.
#pragma once

#include <array>
#include <cmath>

#include "class_axis.h"

namespace lossops {

/// What a call asks of every row: the label's class alone; the same of logits that the expression maps, or of
/// a smoothed target that NegativeLogLikelihood answers without a sweep; or a term of every class.
enum class Work { kLabel, kAdjustedLabel, kDense, kAny };

/// `given`: the target is a probability per class instead of a label.
template <class E>
LOSSOPS_INLINE Work work_of(const E& e, double smoothing, bool given) {
  const bool smooth = HasTrueClass<E> && smoothing > 0;
  if (sides<E>() == 2 || HasOtherClasses<E> || OrdersClasses<E> || TakesGiven<E> || kTakesPoint<E> || given ||
      (smooth && !kIsNll<E>))
    return Work::kDense;
  if constexpr (MapsLogits<E>) {
    if (e.maps()) return Work::kAdjustedLabel;
  }
  return smooth ? Work::kAdjustedLabel : Work::kLabel;
}

/// Where a class lies in its row.
template <class V>
struct ClassPlace {
  V d;  ///< its logit less the row's shift
  V x;  ///< its exponential, of a softmax
};

/// The label's class of a row.
template <class V>
struct LabelClass {
  V logit{0}, weight{1};
};

/// A target between two classes: the lower one, and the part of the other.
template <class V>
struct PointTarget {
  V lower{0}, part{0};

  /// The lower class of a point, so that there is one above it.
  template <class T>
  LOSSOPS_INLINE static T lower_class(T point, int64_t classes) {
    const T below = std::floor(point), most = static_cast<T>(classes > 1 ? classes - 2 : 0);
    return below < most ? below : most;
  }
  /// What a class has that lies so far above the lower one.
  LOSSOPS_INLINE V of(const V& above) const {
    return select(above == V(0), 1.0 - part, select(above == V(1), part, V(0)));
  }
};

/// What a class costs beside the label's own true_class.
template <class V>
struct ClassCost {
  V value{0};
  V slope{0};  ///< by ln p
  /// Of what RowRule::target_scale scales: by the target's probability or, where there can be none, by the
  /// weight of another class.
  V target_slope{0};
};

/// Sums of derivatives by ln p: over all classes, or with RowRule::splits_top over all but the largest.
template <class V>
struct SlopeSums {
  V others{0}, top{0};
};

/// How dl/dz of each class follows from its derivative r by ln p, or from its exponential x alone.
template <class E, class V>
struct RowGradient {
  V scale;
  V pull;          ///< on every class, by its exponential
  V others;        ///< the sum of all r but the largest's
  V rest, share;   ///< of the row's shift
  V label;         ///< dl/dz of the label's class, if it alone has an r
  V label_part;    ///< else what the label adds to the r of its class
  V target_share;  ///< every class's part of the target, scaled; only if `shares`
  bool shares;
  bool any_top;  ///< a largest class may have more than half of its row; only with RowRule::splits_top

  LOSSOPS_INLINE V of_class(const V& r, const V& x) const {
    if constexpr (!kIsSoftmax<E>) return r * scale;
    const V g = r * scale - x * pull;
    if (!any_top) return g;
    const auto is_top = (x == V(1)) & (rest < V(1));
    return select(is_top, (r * rest - others) * share * scale, g);
  }
  /// Of another class than the label's, which alone has an r.
  template <class C>
  LOSSOPS_INLINE V beside_label(const V& x, const C& at) const {
    const V g = -(x * pull);
    return kIsNll<E> && shares ? g - at.weighted(target_share) : g;
  }
};

/// A row of a call. `work` is what the call asks, if that is known when the kernel is compiled. Of a class,
/// `at` tells what its memory holds: target(), the given probability; weighted(x), x times the weight of its
/// true_class; other_weight(), of its other_class; is_label(); is_below(), that the label is a later one.
template <class E, class V, Work work = Work::kAny>
class RowRule {
  using T = typename V::Value;
  using Place = ClassPlace<V>;
  static constexpr bool kMaps = work != Work::kLabel && MapsLogits<E>;
  static constexpr double kSunk = 1.603810890548638e-28;  // e^-64
  static constexpr bool kMayShare = kIsNll<E> && (work == Work::kAny || work == Work::kAdjustedLabel);

 public:
  LOSSOPS_INLINE RowRule(const double* params, int64_t classes, double smoothing, bool given)
      : e_(make_expression<E>(params)),
        given_((given && !TakesGiven<E>) || kTakesPoint<E>),
        smooth_(HasTrueClass<E> && smoothing > 0),
        dense_(work == Work::kAny ? work_of(e_, smoothing, given) == Work::kDense : work == Work::kDense),
        kept_(static_cast<T>(1 - smoothing)),
        share_(static_cast<T>(smoothing / classes)) {
    if constexpr (kMaps) mapped_ = e_.maps();
  }

  /// Whether every class has a term of its own.
  LOSSOPS_INLINE bool dense() const { return work == Work::kAny ? dense_ : work == Work::kDense; }
  /// Whether logits are not the inputs themselves.
  LOSSOPS_INLINE bool mapped() const { return kMaps && mapped_; }
  /// Whether every class has a part of the target, but no term of its own.
  LOSSOPS_INLINE bool shares() const { return kMayShare && smooth_ && !dense(); }
  /// Whether the largest class's derivative is kept apart, as wherever several classes have one: it may be
  /// without bound, or the gradient all cancellation.
  LOSSOPS_INLINE bool splits_top() const { return kIsSoftmax<E> && dense(); }

  // -- logits ------------------------------------------------------------------------------------------

  /// z of a class's input; `is_label`: of the label's class.
  template <class X>
  LOSSOPS_INLINE X logit(const X& x, const X& log_prior, bool is_label = false) const {
    if constexpr (kMaps && MapsTarget<E>) {
      if (is_label) return e_.target_logit(x);
    }
    if constexpr (kMaps) {
      if (mapped_) return map_logit(e_, x, log_prior);
    }
    return x;
  }
  /// dz/dx.
  template <class X>
  LOSSOPS_INLINE X slope(const X& x, const X& log_prior, bool is_label = false) const {
    return derivative_of(logit(Dual<X>(x, X(1)), Dual<X>(log_prior), is_label));
  }

  // -- probabilities -----------------------------------------------------------------------------------

  /// What is below the normal range has no reciprocal.
  LOSSOPS_INLINE static V without_subnormal(const V& x) {
    return select(x < V(std::numeric_limits<T>::min()), V(0), x);
  }
  /// Whether a wrong class takes the whole row: ln(1 - p) then needs the sum of the others even if that
  /// underflows.
  LOSSOPS_INLINE static auto underflows(const V& rest, const V& largest, const V& label_logit) {
    return (rest < V(std::numeric_limits<T>::min() * 1e6)) & (label_logit < largest);
  }
  /// What the others' logits are then measured against instead: the largest of them.
  LOSSOPS_INLINE static V base(const V& largest, const V& second) {
    return select(second > V(-std::numeric_limits<T>::infinity()), second, largest);
  }
  /// e^(z - largest), or of another class e^(z - base - 64) if `base` is below: nothing beside 1.
  LOSSOPS_INLINE static V exponential(const V& z, const V& largest, const V& base) {
    if constexpr (kTellsLogQ<E>) {
      const auto raised = (z < largest) & (base < largest);
      return exp_below(z - select(raised, base, largest)) * select(raised, V(kSunk), V(1));
    }
    return exp_below(z - largest);
  }
  /// From the largest logit and the sum of the other exponentials.
  LOSSOPS_INLINE static RowShift<V> softmax(const V& largest, const V& rest, const V& base) {
    auto shift = RowShift<V>::softmax(largest, rest);
    if constexpr (kTellsLogQ<E>) {
      shift.log_rest = log(rest) + select(base < largest, base - largest + 64, V(0));
    }
    return shift;
  }

  // -- costs -------------------------------------------------------------------------------------------

  /// What the label's own true_class costs, with its derivative by ln p.
  LOSSOPS_INLINE Dual<V> label_cost(const RowShift<V>& shift, const LabelClass<V>& label) const {
    if constexpr (HasTrueClass<E>) {
      const V weight = Finishes<E> ? V(1) : V(kept_) * label.weight;
      return weighted(weight, e_.true_class(probability<Dual<V>>(shift, label)));
    } else {
      return Dual<V>(V(0));
    }
  }

  template <class C>
  LOSSOPS_INLINE ClassCost<V> class_cost(const RowShift<V>& shift, const Place& place, const C& at) const {
    ClassCost<V> cost;  // set number by number, or branches would make it one in memory
    const Probability<Dual<V>> p(place.d, place.x, shift);
    if constexpr (TakesGiven<E>) {
      const Dual<V> part = e_.given_class(p, at.target());
      return {part.v, part.d, V(0)};
    }
    if constexpr (HasTrueClass<E>) {
      if (given_ || smooth_) {
        const V weight = at.weighted(V(1));
        const V given = given_ ? V(kept_) * at.target() * weight : V(0);
        const Dual<V> true_class = e_.true_class(p);
        const Dual<V> part = weighted(given + V(share_) * weight, true_class);
        const auto drops = (given == V(0)) & (abs(true_class.v) == V(kInfinity));
        cost.value = part.v;
        cost.slope = part.d;
        cost.target_slope = weight * select(drops, V(0), true_class.v);
      }
    }
    if constexpr (HasOtherClasses<E>) {
      const auto is_label = at.is_label();
      const Dual<V> other_class = e_.other_class(p);
      const Dual<V> part = weighted(Finishes<E> ? V(1) : at.other_weight(), other_class);
      cost.value = cost.value + select(is_label, V(0), part.v);
      cost.slope = cost.slope + select(is_label, V(0), part.d);
      cost.target_slope = select(is_label, V(0), other_class.v);
    }
    if constexpr (OrdersClasses<E>) {
      const auto below = at.is_below();
      const V y = given_ ? at.target() : V(select(below, V(1), V(0)));
      const Dual<V> threshold = e_.threshold(Dual<V>(place.d, V(1)), y);
      const auto counts = [&](const V& v) {
        return kIsConditional<E> ? V(select(below | at.is_label(), v, V(0))) : v;
      };
      cost = {counts(threshold.v), counts(threshold.d)};
      if (given_) cost.target_slope = derivative_of(e_.threshold(place.d, Dual<V>(y, V(1))));
    }
    return cost;
  }

  /// What a class adds to the sums of values, of slopes, and of the largest's slope if that is kept apart.
  LOSSOPS_INLINE std::array<V, 3> parts(const ClassCost<V>& cost, const RowShift<V>& shift,
                                        const Place& place) const {
    V slope = cost.slope, of_top(0);
    if (splits_top()) {
      const auto is_top = Probability<V>(place.d, place.x, shift).is_top();
      of_top = select(is_top, slope, V(0));
      slope = select(is_top, V(0), slope);
    }
    return {cost.value, slope, of_top};
  }

  /// What a class of two rows costs, with its derivative by ln p of one side.
  template <int side>
  LOSSOPS_INLINE Dual<V> pair_cost(const RowShift<V> (&shift)[sides<E>()], const Place& p,
                                   const Place& q) const {
    using P = std::conditional_t<side == 0, Dual<V>, V>;
    using Q = std::conditional_t<side == 0, V, Dual<V>>;
    return e_.each_class(Probability<P>(p.d, p.x, shift[0]), Probability<Q>(q.d, q.x, shift[1]));
  }

  /// Takes the value of a row from the label's to that of all classes, and derivatives of both to those of
  /// that; returns what those of other classes are to be multiplied by, where the expression has `finish`.
  LOSSOPS_INLINE V add_others(Dual<V>& cost, Dual<V>& label, SlopeSums<V>& sums, const V& others,
                              const V& weight) const {
    if constexpr (Finishes<E>) {
      const Dual<V> by_label = e_.finish(Dual<V>(label.v, V(1)), Dual<V>(others));
      const Dual<V> by_others = e_.finish(Dual<V>(label.v), Dual<V>(others, V(1)));
      const V factor = scaled(weight, by_others.d);
      cost.v = scaled(weight, by_label.v);
      label.d = label.d * scaled(weight, by_label.d);
      sums = {sums.others * factor, sums.top * factor};
      return factor;
    } else {
      cost.v = cost.v + others;
      return V(1);
    }
  }

  /// What a class costs whose logit lies d above that of a label, where nothing else counts.
  LOSSOPS_INLINE Dual<V> margin_cost(const V& d) const {
    return e_.other_class(Probability<Dual<V>>(d, V(0), RowShift<V>::plain(V(0))));
  }

  /// Adds what is the row's as a whole to its value, and its derivative by the log-sum-exp. `distances` is
  /// the weighted sum of z - largest over all classes, if the call `shares`.
  LOSSOPS_INLINE void add_row_cost(Dual<V>& cost, const RowShift<V>& shift, const V& distances,
                                   const V& weight_sum) const {
    if (shares()) {
      cost.d = V(share_) * weight_sum;
      cost.v = cost.v + (cost.d * shift.log_sum - V(share_) * distances);
    }
    if constexpr (HasRowTerm<E>) {
      const Dual<V> term = e_.row(Dual<V>(shift.shift + shift.log_sum, V(1)));
      cost.v = cost.v + term.v;
      cost.d = cost.d + term.d;
    }
  }

  // -- gradients ---------------------------------------------------------------------------------------

  /// What a gradient by the target's probability is scaled by beside the row's `scale`.
  LOSSOPS_INLINE V target_scale(const V& scale) const { return scale * V(kept_); }

  /// `slope` is the derivative by the label's ln p alone, `row_slope` that by the log-sum-exp.
  LOSSOPS_INLINE RowGradient<E, V> gradient(const RowShift<V>& shift, const LabelClass<V>& label,
                                            SlopeSums<V> sums, const V& slope, const V& row_slope,
                                            const V& scale) const {
    RowGradient<E, V> out;
    out.scale = scale;
    out.rest = shift.rest;
    out.share = shift.share;
    out.shares = shares();
    out.any_top = splits_top() && any(shift.rest < V(1));
    out.target_share = V(share_) * scale;
    // The label's part of its class's r: its own, or, as the shift, all of the others'.
    out.label_part = kIsSoftmax<E> ? slope : -sums.others;
    if constexpr (HasTrueClass<E> && kIsSoftmax<E>) {
      const auto p = probability<V>(shift, label);
      if (splits_top()) {
        sums.top = sums.top + select(p.is_top(), slope, V(0));
        sums.others = sums.others + select(p.is_top(), V(0), slope);
      } else {
        sums.others = sums.others + slope;
      }
      V of_label = slope * p.q() + row_slope * p.p();
      if (shares()) of_label = of_label - V(share_) * label.weight;
      out.label = of_label * scale;
    }
    out.others = sums.others - row_slope;
    out.pull = shift.share * (out.others + sums.top) * scale;
    return out;
  }

 private:
  LOSSOPS_INLINE static Dual<V> weighted(const V& weight, const Dual<V>& cost) {
    return {scaled(weight, cost.v), scaled(weight, cost.d)};
  }
  template <class X>
  LOSSOPS_INLINE static Probability<X> probability(const RowShift<V>& shift, const LabelClass<V>& label) {
    const V d = label.logit - shift.shift;  // not above 0, but where there is no label, whose p nobody reads
    return {d, kIsSoftmax<E> ? exp_below(d) : V(0), shift};
  }

  E e_;
  bool mapped_ = false;
  bool given_;   ///< the target is a probability per class
  bool smooth_;  ///< every class has a part of the target
  bool dense_;
  T kept_, share_;  ///< of the target: the label's part, and every class's
};

}  // namespace lossops
