// The one kernel of losses over the class axis: a row is swept once for its largest logit and the sum of
// exponentials, which is rescaled whenever a larger logit turns up; if more than the label's class counts,
// once more for the sum of every class's derivative by its log-probability; and once for the gradient, which
// computes these again instead of keeping them.
#pragma once

#include "../../math/row.h"
#include "../../runtime/cuda/online.h"
#include "cuda_team.h"

namespace lossops::cuda {

template <class E, class S, Work work>
class RowLoop : RowTeam<S, sides<E>()> {
  static constexpr int kSides = sides<E>();
  using Base = RowTeam<S, kSides>;
  using Base::a, Base::grad_, Base::input, Base::kVector, Base::label_, Base::row_, Base::row_scale_,
      Base::team_;
  using typename Base::T;
  using typename Base::V;
  using Vector = V[kVector];

 public:
  LOSSOPS_DEVICE explicit RowLoop(const RowArgs<S>& args)
      : Base(args),
        rule_(args.params, args.classes, args.smoothing, args.probability.data),
        grad_scale_(static_cast<T>(1 / args.denominator.get())) {}

  LOSSOPS_DEVICE void run() {
    Base::template rows<kReadsRow<E>>([&] { return row(); });
  }

 private:
  LOSSOPS_DEVICE V row() {
    if (!OrdersClasses<E> && label_ >= 0) {
      own_.logit = logit(label_, input(0, label_));
      own_.weight = Class{*this, label_}.weighted(V(1));
    }
    if constexpr (kTakesPoint<E>) {
      const T at = a.point[row_];
      LOSSOPS_ASSERT(at >= 0 && at <= a.classes - 1, "lossops: target is out of range");
      const T lower = PointTarget<V>::lower_class(at, a.classes);
      point_ = {V(lower), V(at - lower)};
    }
    normalize<0>();
    if constexpr (kSides == 2) normalize<1>();

    Dual<V> label(V(0));  // by its ln p
    if (label_ >= 0) label = rule_.label_cost(shift_[0], own_);
    Dual<V> cost(label.v);  // by the log-sum-exp
    SlopeSums<V> sums[kSides];
    if constexpr (work == Work::kDense) {
      const V others = every_class(sums);
      others_ = rule_.add_others(cost, label, sums[0], others, own_.weight);
    }
    const V distances = rule_.shares() ? this->distances() : V(0);
    rule_.add_row_cost(cost, shift_[0], distances, a.true_weight_sum ? V(*a.true_weight_sum) : V(a.classes));
    if constexpr (kReadsRow<E>) {
      bool any = a.probability_grad.data;
#pragma unroll
      for (int side = 0; side < kSides; ++side) any = any || grad_[side];
      if (any) write_gradients(sums, label.d, cost.d);
    } else if (grad_[0] && team_.rank == 0) {
      V g[kVector];
      g[0] = label.d * row_scale_ * grad_scale_;
      Base::template write<1>(0, label_, g);
    }
    return cost.v;
  }

  // -- logits ------------------------------------------------------------------------------------------

  LOSSOPS_DEVICE V log_prior(int c) const { return a.log_prior ? V(a.log_prior[c]) : V(0); }
  LOSSOPS_DEVICE V logit(int c, V x) const { return rule_.logit(x, log_prior(c), c == label_); }
  LOSSOPS_DEVICE V slope(int c, V x) const { return rule_.slope(x, log_prior(c), c == label_); }

  // -- probabilities -----------------------------------------------------------------------------------

  template <int side>
  LOSSOPS_DEVICE void normalize() {
    if constexpr (!kIsSoftmax<E>) {
      shift_[side] = RowShift<V>::plain(kReadsRow<E> ? own_.logit : V(0));
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
      V rest = rule_.without_subnormal(V(OnlineSoftmax<T>::merged(sums[0], sums[1], largest)));
      base_ = V(largest);
      if constexpr (kTellsLogQ<E>) {
        if (rule_.underflows(rest, V(largest), own_.logit)) {
          base_ = rule_.base(V(largest), second(V(largest)));
          rest = rule_.without_subnormal(others(V(largest)));
        }
      }
      shift_[side] = rule_.softmax(V(largest), rest, base_);
    }
  }

  /// The largest logit below the largest.
  LOSSOPS_DEVICE V second(V largest) const {
    T second = -std::numeric_limits<T>::infinity();
    Base::template sweep<false, 0, 1>([&]<int n>(Count<n>, int c, const auto& x) {
#pragma unroll
      for (int j = 0; j < n; ++j) {
        const V z = logit(c + j, x[0][j]);
        if (z < largest && z.v > second) second = z.v;
      }
    });
    return team_.max(second);
  }

  /// The sum over all classes of what `term` gives of a class and its logit.
  template <class F>
  LOSSOPS_DEVICE V sum_over(const F& term) const {
    LongSum<T> own;
    Base::template sweep<false, 0, 1>([&]<int n>(Count<n>, int c, const auto& x) {
      T part = 0;
#pragma unroll
      for (int j = 0; j < n; ++j) part += term(c + j, logit(c + j, x[0][j])).v;
      own.add(part);
    });
    T sum[1] = {own.get()};
    team_.sum(sum);
    return sum[0];
  }
  /// Of the exponentials of all but the largest.
  LOSSOPS_DEVICE V others(V largest) const {
    return sum_over([&](int, V z) { return z == largest ? V(0) : rule_.exponential(z, largest, base_); });
  }
  LOSSOPS_DEVICE V distances() const {
    return sum_over([&](int c, V z) {
      const V d = z - shift_[0].shift;
      return a.true_weight ? scaled(V(a.true_weight[c]), d) : d;
    });
  }

  /// Where a class with this logit lies.
  LOSSOPS_DEVICE ClassPlace<V> place(int side, V z) const {
    const V d = z - shift_[side].shift;
    return {d, kIsSoftmax<E> ? rule_.exponential(z, shift_[side].shift, base_) : V(0)};
  }

  // -- every class -------------------------------------------------------------------------------------

  /// What RowRule asks of a class.
  struct Class {
    const RowLoop& loop;
    int c;
    LOSSOPS_DEVICE V target() const {
      if constexpr (kTakesPoint<E>) return loop.point_.of(V(static_cast<T>(c)) - loop.point_.lower);
      const auto& from = loop.a.probability;
      return load_one<T>(from.data, loop.a.probability_dtype, from.rows(loop.row_) + c * from.class_stride);
    }
    LOSSOPS_DEVICE V weighted(V x) const { return loop.a.true_weight ? x * V(loop.a.true_weight[c]) : x; }
    LOSSOPS_DEVICE V other_weight() const {
      const auto& a = loop.a;
      const V weight =
          a.other_weight ? V(a.other_weight[static_cast<int64_t>(loop.label_) * a.classes + c]) : V(1);
      return a.label_weight ? weight * V(a.label_weight[loop.label_]) : weight;
    }
    LOSSOPS_DEVICE bool is_label() const { return c == loop.label_; }
    LOSSOPS_DEVICE bool is_below() const { return c < loop.label_; }
  };

  /// The sum of all classes' values; leaves those of their derivatives.
  LOSSOPS_DEVICE V every_class(SlopeSums<V> (&out)[kSides]) {
    constexpr int kSums = 1 + 2 * kSides;  // values; by side, derivatives of the others and of the largest
    LongSum<T> own[kSums];
    Base::template sweep<!kIsSoftmax<E>, 0, kSides>([&]<int n>(Count<n>, int c, const auto& x) {
      T sums[kSums] = {};
      const auto add = [&](int side, const ClassCost<V>& cost, const ClassPlace<V>& at) {
        const auto parts = rule_.parts(cost, shift_[side], at);
        if (side == 0) sums[0] += parts[0].v;
        sums[1 + 2 * side] += parts[1].v;
        sums[2 + 2 * side] += parts[2].v;
      };
#pragma unroll
      for (int j = 0; j < n; ++j) {
        const ClassPlace<V> p = place(0, logit(c + j, x[0][j]));
        if constexpr (kSides == 2) {
          const ClassPlace<V> q = place(1, logit(c + j, x[1][j]));
          const Dual<V> by_first = rule_.template pair_cost<0>(shift_, p, q);
          add(0, {by_first.v, by_first.d}, p);
          if (grad_[1]) add(1, {V(0), rule_.template pair_cost<1>(shift_, p, q).d}, q);
        } else {
          add(0, rule_.class_cost(shift_[0], p, Class{*this, c + j}), p);
        }
      }
#pragma unroll
      for (int k = 0; k < kSums; ++k) own[k].add(sums[k]);
    });
    T sums[kSums];
#pragma unroll
    for (int k = 0; k < kSums; ++k) sums[k] = own[k].get();
    team_.sum(sums);
#pragma unroll
    for (int side = 0; side < kSides; ++side) out[side] = {V(sums[1 + 2 * side]), V(sums[2 + 2 * side])};
    return sums[0];
  }

  // -- gradients ---------------------------------------------------------------------------------------

  /// `slope` is the derivative by the label's ln p alone, `row_slope` that by the log-sum-exp.
  LOSSOPS_DEVICE void write_gradients(const SlopeSums<V> (&sums)[kSides], V label_slope, V row_slope) const {
    const V scale = row_scale_ * grad_scale_;
    RowGradient<E, V> gradient[kSides];
    gradient[0] = rule_.gradient(shift_[0], own_, sums[0], label_slope, row_slope, scale);
    if constexpr (kSides == 2) gradient[1] = rule_.gradient(shift_[1], own_, sums[1], V(0), V(0), scale);
    Base::template sweep<false, 0, kSides>([&]<int n>(Count<n>, int c, const auto& x) {
      Vector g[kSides];
#pragma unroll
      for (int j = 0; j < n; ++j) {
        const int k = c + j;
        const ClassPlace<V> p = place(0, logit(k, x[0][j]));
        if constexpr (kSides == 2) {
          const ClassPlace<V> q = place(1, logit(k, x[1][j]));
          if (grad_[0]) g[0][j] = gradient[0].of_class(rule_.template pair_cost<0>(shift_, p, q).d, p.x);
          if (grad_[1]) g[1][j] = gradient[1].of_class(rule_.template pair_cost<1>(shift_, p, q).d, q.x);
        } else {
          g[0][j] = by_logit(gradient[0], p, Class{*this, k});
        }
#pragma unroll
        for (int side = 0; side < kSides; ++side) {
          if (rule_.mapped()) g[side][j] = g[side][j] * slope(k, x[side][j]);
        }
      }
#pragma unroll
      for (int side = 0; side < kSides; ++side) {
        if (grad_[side]) Base::template write<n>(side, c, g[side]);
      }
    });
  }

  /// dl/dz of a class; writes that by its probability in the target.
  LOSSOPS_DEVICE V by_logit(const RowGradient<E, V>& gradient, const ClassPlace<V>& place,
                            const Class& at) const {
    if constexpr (work != Work::kDense) {
      return at.is_label() ? gradient.label : gradient.beside_label(place.x, at);
    } else {
      const auto cost = rule_.class_cost(shift_[0], place, at);
      if (const auto& to = a.probability_grad; to.data) {
        store_one((cost.target_slope * rule_.target_scale(gradient.scale)).v, to.data, a.probability_dtype,
                  to.rows(row_) + at.c * to.class_stride);
      }
      const V slope = Finishes<E> ? cost.slope * others_ : cost.slope;
      return gradient.of_class(!OrdersClasses<E> && at.is_label() ? slope + gradient.label_part : slope,
                               place.x);
    }
  }

  const RowRule<E, V, work> rule_;
  const V grad_scale_;
  RowShift<V> shift_[kSides];
  V base_{0};  ///< what the exponentials of all but the largest are measured against
  LabelClass<V> own_;
  PointTarget<V> point_;
  V others_{1};  ///< what derivatives by other classes are multiplied by, if the expression has `finish`
};

}  // namespace lossops::cuda
