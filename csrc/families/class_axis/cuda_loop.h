// The one kernel of losses over the class axis. The mathematics is that of cpu/row_loop.h: a row is swept
// once for its largest logit and the sum of exponentials, which is rescaled whenever a larger logit turns up;
// if more than the label's class counts, once more for the sum of every class's derivative by its
// log-probability; and once for the gradient, which computes these again instead of keeping them.
#pragma once

#include "../../math/class_axis.h"
#include "cuda_team.h"
#include "online.h"

namespace lossops::cuda {

/// What a kernel is made for: the label's class alone; the same of logits that the expression maps or of a
/// smoothed target that NegativeLogLikelihood answers without a sweep; or whatever else, where every class
/// has a term.
enum class Work { kLabel, kAdjustedLabel, kDense };

template <class E>
constexpr bool kIsLogHit = std::is_base_of_v<NegativeLogLikelihood, E>;

template <class E, class S>
Work work_of(const RowArgs<S>& a) {
  const bool smooth = HasTrueClass<E> && a.smoothing > 0;
  if (sides<E>() == 2 || HasOtherClasses<E> || a.probability.data || (smooth && !kIsLogHit<E>))
    return Work::kDense;
  if constexpr (MapsLogits<E>) {
    if (make_expression<E>(a.params).maps()) return Work::kAdjustedLabel;
  }
  return smooth ? Work::kAdjustedLabel : Work::kLabel;
}

/// Whether the expression has such work.
template <class E>
constexpr bool has_work(Work work) {
  if (shift_of<E>() == Shift::kNone) return work == Work::kLabel;
  if (work == Work::kDense) return true;
  return sides<E>() == 1 && !HasOtherClasses<E> && (work == Work::kLabel || MapsLogits<E> || kIsLogHit<E>);
}

template <class E, class S, Work work>
class RowLoop : RowTeam<S, sides<E>()> {
  static constexpr int kSides = sides<E>();
  static constexpr bool dense = work == Work::kDense;
  using Base = RowTeam<S, kSides>;
  using Base::a, Base::grad_, Base::input, Base::kVector, Base::label_, Base::row_, Base::row_scale_,
      Base::team_;
  using typename Base::T;
  using typename Base::V;
  using Vector = V[kVector];

  static constexpr bool kSoftmax = shift_of<E>() == Shift::kSoftmax;
  /// Otherwise the label's class is all that there is to see.
  static constexpr bool kReadsRow = shift_of<E>() != Shift::kNone;
  /// Every class has a part of the target but no term of its own.
  static constexpr bool kMayShare = work == Work::kAdjustedLabel && kIsLogHit<E>;

 public:
  LOSSOPS_DEVICE explicit RowLoop(const RowArgs<S>& args) : Base(args), e(make_expression<E>(args.params)) {
    if constexpr (work != Work::kLabel && MapsLogits<E>) mapped_ = e.maps();
    smooth_ = HasTrueClass<E> && a.smoothing > 0;
    share_ = kMayShare && smooth_ ? V(static_cast<T>(a.smoothing / a.classes)) : V(0);
    exact_top_ = kSoftmax && kSides == 1 && (HasOtherClasses<E> || a.probability.data);
    grad_scale_ = V(static_cast<T>(1 / a.denominator.get()));
  }

  LOSSOPS_DEVICE void run() {
    Base::template rows<kReadsRow>([&] { return row(); });
  }

 private:
  LOSSOPS_DEVICE V row() {
    if (label_ >= 0) {
      label_input_ = input(0, label_);
      label_logit_ = logit(label_, label_input_);
    }
    normalize<0>();
    if constexpr (kSides == 2) normalize<1>();

    V value(0), slope(0);  // of the label's class alone
    if constexpr (HasTrueClass<E>) {
      if (label_ >= 0) {
        V weight(1 - a.smoothing);
        if (a.true_weight) weight = weight * V(a.true_weight[label_]);
        const Dual<V> true_class = e.true_class(label_probability<Dual<V>>());
        value = scaled(weight, true_class.v);
        slope = scaled(weight, true_class.d);
      }
    }
    if constexpr (dense) value = value + every_class();
    V row_slope(0);
    if constexpr (kMayShare) {
      if (share_ > V(0)) {
        row_slope = share_ * (a.true_weight_sum ? V(*a.true_weight_sum) : V(a.classes));
        value = value + (row_slope * shift_[0].log_sum - share_ * distances());
      }
    }
    if constexpr (HasRowTerm<E>) {
      const Dual<V> term = e.row(Dual<V>(shift_[0].shift + shift_[0].log_sum, V(1)));
      value = value + term.v;
      row_slope = row_slope + term.d;
    }
    if constexpr (kReadsRow) {
      bool any = a.probability_grad.data;
#pragma unroll
      for (int side = 0; side < kSides; ++side) any = any || grad_[side];
      if (any) write_gradients(slope, row_slope);
    } else if (grad_[0] && team_.rank == 0) {
      V g[kVector];
      g[0] = slope * row_scale_ * grad_scale_;
      Base::template write<1>(0, label_, g);
    }
    return value;
  }

  // -- logits ------------------------------------------------------------------------------------------

  LOSSOPS_DEVICE V log_prior(int c) const { return a.log_prior ? V(a.log_prior[c]) : V(0); }

  /// z of a class's input.
  LOSSOPS_DEVICE V logit(int c, V x) const {
    if constexpr (work != Work::kLabel && MapsTarget<E>) {
      if (c == label_) return e.target_logit(x);
    }
    if constexpr (work != Work::kLabel && MapsLogits<E>) {
      if (mapped_) return map_logit(e, x, log_prior(c));
    }
    return x;
  }

  /// dz/dx.
  LOSSOPS_DEVICE V slope_of(int c, V x) const {
    if constexpr (work != Work::kLabel && MapsTarget<E>) {
      if (c == label_) return derivative_of(e.target_logit(Dual<V>(x, V(1))));
    }
    if constexpr (work != Work::kLabel && MapsLogits<E>) {
      if (mapped_) return derivative_of(map_logit(e, Dual<V>(x, V(1)), Dual<V>(log_prior(c))));
    }
    return 1;
  }

  // -- probabilities -----------------------------------------------------------------------------------

  template <int side>
  LOSSOPS_DEVICE void normalize() {
    RowShift<V>& shift = shift_[side];
    lift_ = V(0);
    if constexpr (!kSoftmax) {
      shift = RowShift<V>::plain(kReadsRow ? label_logit_ : V(0));
    } else {
      OnlineSoftmax<T> own;
      Base::template sweep<true, side, side + 1>([&]<int n>(Count<n>, int c, const auto& x) {
        Vector z;
#pragma unroll
        for (int j = 0; j < n; ++j) z[j] = logit(c + j, x[side][j]);
        own.template add<n>(z);
      });
      const T largest = team_.max(own.largest);
      T sums[2] = {own.below(largest), own.largest == largest ? T(1) : T(0)};
      team_.sum(sums);
      V rest = without_subnormal(V(OnlineSoftmax<T>::merged(sums[0], sums[1], largest)));
      V log_rest(0);
      if constexpr (HasOtherClasses<E>) log_rest = lifted(V(largest), rest);
      shift = RowShift<V>::softmax(V(largest), rest);
      shift.log_rest = log_rest;
    }
  }

  /// What is below the normal range has no reciprocal.
  LOSSOPS_DEVICE static V without_subnormal(V x) {
    return select(x < V(std::numeric_limits<T>::min()), V(0), x);
  }

  /// A wrong class that takes the whole row: ln(1 - p) needs the sum of the others even if it underflows.
  /// Raises all but the largest by lift_ then; returns the logarithm of their sum.
  LOSSOPS_DEVICE V lifted(V largest, V& rest) {
    constexpr T kInf = std::numeric_limits<T>::infinity();
    if ((rest < V(std::numeric_limits<T>::min() * T(1e6))) && label_logit_ < largest) {
      T second = -kInf;
      Base::template sweep<false, 0, 1>([&]<int n>(Count<n>, int c, const auto& x) {
#pragma unroll
        for (int j = 0; j < n; ++j) {
          const V z = logit(c + j, x[0][j]);
          if (z < largest && z.v > second) second = z.v;
        }
      });
      second = team_.max(second);
      if (second > -kInf) lift_ = largest - V(second) - V(64);
      LongSum<T> own;
      Base::template sweep<false, 0, 1>([&]<int n>(Count<n>, int c, const auto& x) {
        T part = 0;
#pragma unroll
        for (int j = 0; j < n; ++j) {
          const V d = logit(c + j, x[0][j]) - largest;
          if (!(d == V(0))) part += exp_below(d + lift_).v;
        }
        own.add(part);
      });
      T sum[1] = {own.get()};
      team_.sum(sum);
      rest = without_subnormal(V(sum[0]));
    }
    return log(rest) - lift_;
  }

  template <class X>
  LOSSOPS_DEVICE Probability<X> label_probability() const {
    const V d = label_logit_ - shift_[0].shift;
    return {d, kSoftmax ? exp(d) : V(0), shift_[0]};
  }

  /// Of a class with logit z: d = z - shift, and its exponential as `lifted` has it.
  struct Place {
    V d, x;
  };
  LOSSOPS_DEVICE Place place(int side, V z) const {
    Place p{z - shift_[side].shift, V(0)};
    if constexpr (kSoftmax) {
      if constexpr (HasOtherClasses<E>) {
        p.x = exp_below(select(p.d == V(0), p.d, p.d + lift_));
      } else {
        p.x = exp_below(p.d);
      }
    }
    return p;
  }
  template <class X>
  LOSSOPS_DEVICE Probability<X> probability(int side, const Place& p) const {
    return {p.d, p.x, shift_[side]};
  }

  /// The weighted sum of z - largest over all classes.
  LOSSOPS_DEVICE V distances() const {
    LongSum<T> own;
    Base::template sweep<false, 0, 1>([&]<int n>(Count<n>, int c, const auto& x) {
      T part = 0;
#pragma unroll
      for (int j = 0; j < n; ++j) {
        const V d = logit(c + j, x[0][j]) - shift_[0].shift;
        part += (a.true_weight ? scaled(V(a.true_weight[c + j]), d) : d).v;
      }
      own.add(part);
    });
    T sum[1] = {own.get()};
    team_.sum(sum);
    return sum[0];
  }

  // -- every class -------------------------------------------------------------------------------------

  struct Term {
    V value{0}, slope{0};
    V target_slope{0};  ///< by the target's probability
  };

  /// What a class costs beside the label's own true_class.
  LOSSOPS_DEVICE Term term(int c, const Place& at) const {
    Term t;
    const auto p = probability<Dual<V>>(0, at);
    if constexpr (HasTrueClass<E>) {
      if (a.probability.data || smooth_) {
        const V kept(1 - a.smoothing);
        V y(a.smoothing / a.classes);
        if (a.probability.data) {
          y = y + kept * V(load_one<T>(a.probability.data, a.probability_dtype,
                                       a.probability.rows(row_) + c * a.probability.class_stride));
        }
        const V class_weight = a.true_weight ? V(a.true_weight[c]) : V(1);
        const Dual<V> true_class = e.true_class(p);
        t.value = scaled(y * class_weight, true_class.v);
        t.slope = scaled(y * class_weight, true_class.d);
        t.target_slope = scaled(class_weight, true_class.v) * kept;
      }
    }
    if constexpr (HasOtherClasses<E>) {
      if (c != label_) {
        V weight(1);
        if (a.other_weight) weight = V(a.other_weight[static_cast<int64_t>(label_) * a.classes + c]);
        if (a.label_weight) weight = weight * V(a.label_weight[label_]);
        const Dual<V> other_class = e.other_class(p);
        t.value = t.value + scaled(weight, other_class.v);
        t.slope = t.slope + scaled(weight, other_class.d);
      }
    }
    return t;
  }

  /// The derivatives of a pair's cost, by both sides.
  LOSSOPS_DEVICE Dual<V> pair(const Place& p, const Place& q, int side) const {
    if constexpr (kSides == 2) {
      return side == 0 ? Dual<V>(e.each_class(probability<Dual<V>>(0, p), probability<V>(1, q)))
                       : Dual<V>(e.each_class(probability<V>(0, p), probability<Dual<V>>(1, q)));
    } else {
      return Dual<V>(V(0));
    }
  }

  /// The sum of all classes' values; leaves those of their derivatives.
  LOSSOPS_DEVICE V every_class() {
    LongSum<T> own[3];  // values; derivatives: of two sides, or of others and the largest
    Base::template sweep<!kSoftmax, 0, kSides>([&]<int n>(Count<n>, int c, const auto& x) {
      T sums[3] = {0, 0, 0};
#pragma unroll
      for (int j = 0; j < n; ++j) {
        const Place p = place(0, logit(c + j, x[0][j]));
        if constexpr (kSides == 2) {
          const Place q = place(1, logit(c + j, x[1][j]));
          const Dual<V> by_first = pair(p, q, 0);
          sums[0] += by_first.v.v;
          sums[1] += by_first.d.v;
          if (grad_[1]) sums[2] += pair(p, q, 1).d.v;
        } else {
          const Term t = term(c + j, p);
          sums[0] += t.value.v;
          const bool is_top = exact_top_ && probability<V>(0, p).is_top();
          sums[1] += is_top ? T(0) : t.slope.v;
          sums[2] += is_top ? t.slope.v : T(0);
        }
      }
#pragma unroll
      for (int k = 0; k < 3; ++k) own[k].add(sums[k]);
    });
    T sums[3] = {own[0].get(), own[1].get(), own[2].get()};
    team_.sum(sums);
    others_[0] = V(sums[1]);
    if constexpr (kSides == 2) {
      others_[1] = V(sums[2]);
    } else {
      top_ = V(sums[2]);
    }
    return sums[0];
  }

  // -- gradients ---------------------------------------------------------------------------------------

  /// `slope` is the derivative by the label's log-probability alone, `row_slope` that by the log-sum-exp.
  LOSSOPS_DEVICE void write_gradients(V slope, V row_slope) {
    const V scale = row_scale_ * grad_scale_;
    V label_grad(0);
    if constexpr (!dense) others_[0] = top_ = V(0);
    if constexpr (HasTrueClass<E> && kSoftmax) {
      const auto p = label_probability<V>();
      if (exact_top_ && p.is_top()) {
        top_ = top_ + slope;
      } else {
        others_[0] = others_[0] + slope;
      }
      label_grad = slope * p.q() + row_slope * p.p();
      if (kMayShare && share_ > V(0)) label_grad = label_grad - share_of(label_);
    }
    const V others = others_[0] - row_slope;
    // On every class, by its exponential.
    V pull[kSides];
    pull[0] = shift_[0].share * (others + top_) * scale;
    if constexpr (kSides == 2) pull[1] = shift_[1].share * others_[1] * scale;

    Base::template sweep<false, 0, kSides>([&]<int n>(Count<n>, int c, const auto& x) {
      Vector g[kSides];
#pragma unroll
      for (int j = 0; j < n; ++j) {
        const int k = c + j;
        const Place p = place(0, logit(k, x[0][j]));
        if constexpr (kSides == 2) {
          const Place q = place(1, logit(k, x[1][j]));
          if (grad_[0]) g[0][j] = (pair(p, q, 0).d * scale - p.x * pull[0]) * slope_of(k, x[0][j]);
          if (grad_[1]) g[1][j] = (pair(p, q, 1).d * scale - q.x * pull[1]) * slope_of(k, x[1][j]);
        } else if constexpr (dense) {
          const Term t = term(k, p);
          if (a.probability_grad.data) {
            store_one((t.target_slope * scale).v, a.probability_grad.data, a.probability_dtype,
                      a.probability_grad.rows(row_) + k * a.probability_grad.class_stride);
          }
          V d = t.slope;
          // The label's own part, or, as the shift, all of the others'.
          if (k == label_) d = kSoftmax ? d + slope : -others_[0];
          g[0][j] = d * scale;
          if constexpr (kSoftmax) {
            const bool is_top = exact_top_ && probability<V>(0, p).is_top();
            g[0][j] =
                is_top ? (d * shift_[0].rest - others) * shift_[0].share * scale : g[0][j] - p.x * pull[0];
          }
          g[0][j] = g[0][j] * slope_of(k, x[0][j]);
        } else {
          V of_z = -(p.x * pull[0]);
          if (kMayShare && share_ > V(0)) of_z = of_z - share_of(k) * scale;
          if (k == label_) of_z = label_grad * scale;
          g[0][j] = of_z * slope_of(k, x[0][j]);
        }
      }
#pragma unroll
      for (int side = 0; side < kSides; ++side) {
        if (grad_[side]) Base::template write<n>(side, c, g[side]);
      }
    });
  }

  LOSSOPS_DEVICE V share_of(int c) const { return a.true_weight ? share_ * V(a.true_weight[c]) : share_; }

  const E e;
  bool mapped_ = false;
  bool smooth_;     ///< every class has a part of the target
  bool exact_top_;  ///< derivatives may be without bound (misses), or a one-hot target's all cancellation
  V share_;         ///< every class's part of the target if it has no term of its own, or 0
  V grad_scale_;
  RowShift<V> shift_[kSides];
  V lift_{0};
  V label_input_{0}, label_logit_{0};
  V others_[kSides] = {}, top_{0};  ///< sums of derivatives by log-probabilities; top_ only with exact_top_
};

}  // namespace lossops::cuda
