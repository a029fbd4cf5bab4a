// The one kernel of losses over the class axis: evaluates any of their expressions on a run of rows.
//
// A row's logits are swept for their maximum, again for the sum of exponentials, which it keeps, and once
// more for the gradient. All sweeps but the first find the row in the cache. If more than the label's class
// counts, a sweep in between takes every class's derivative r by its log-probability; then
//
//   dl/dz_j = r_j - p_j sum(r)
//
// where for the largest class, whose p_j may be 1, r_j (1 - p_j) - p_j sum(r of the others) is the same
// without cancellation.
#pragma once

#include "../../math/class_axis.h"
#include "row_group.h"

namespace lossops::cpu {
inline namespace CPU_CAPABILITY {

template <class E, class S, bool across>
class RowLoop : RowGroup<S, across> {
  using Base = RowGroup<S, across>;
  using Base::add_at_label, Base::at_label, Base::b, Base::by_class, Base::by_row, Base::close, Base::each,
      Base::first_, Base::is_label, Base::label_, Base::maximum, Base::row_scale_, Base::sink, Base::source,
      Base::stage, Base::store_at_label, Base::tile, Base::unstage;
  using Base::kE, Base::kOther, Base::kR, Base::kY, Base::kYGrad, Base::kZ;
  using typename Base::Source;
  using typename Base::Step;
  using typename Base::T;
  using typename Base::V;

  static constexpr int kSides = sides<E>();
  static constexpr bool kSoftmax = shift_of<E>() == Shift::kSoftmax;
  /// Otherwise the label's class is all that there is to see.
  static constexpr bool kReadsRow = shift_of<E>() != Shift::kNone;
  static constexpr bool kIsNll = std::is_base_of_v<NegativeLogLikelihood, E>;
  static constexpr bool kMayNeedTop = kSoftmax && kSides == 1;

 public:
  static double run(const double* params, const RowRun<S>& run) {
    RowLoop loop(params, run);
    if constexpr (!kReadsRow) loop.clear(run.grad[0]);
    constexpr int64_t kPart = 16 * Base::kRows;  // rows that are added up in lanes
    double sum = 0;
    for (int64_t first = 0; first < run.rows; first += kPart) {
      const int64_t end = std::min(first + kPart, run.rows);
      V part(0);
      for (int64_t row = first; row < end; row += Base::kRows) {
        part = part + (loop.open(row) ? loop.group() : loop.skip());
      }
      sum += Base::total(across ? part : V::first(part, 1));
    }
    return sum;
  }

 private:
  RowLoop(const double* params, const RowRun<S>& run) : Base(run), e(make_expression<E>(params)) {
    if constexpr (MapsLogits<E>) mapped_ = e.maps();
    smooth_ = HasTrueClass<E> && b.smoothing > 0;
    dense_ = kSides == 2 || HasOtherClasses<E> || b.probability.data || (smooth_ && !kIsNll);
    share_ = smooth_ && !dense_ ? static_cast<T>(b.smoothing / b.classes) : T(0);
    exact_top_ = HasOtherClasses<E> || b.probability.data;
    keeps_ = dense_ || b.grad[0].data || b.grad[1].data;
  }

  V group() {
    if constexpr (kReadsRow) {
      for (int side = 0; side < kSides; ++side) read_logits(side);
    } else {
      fetch_inputs();
    }
    if constexpr (HasOtherClasses<E> && !kSoftmax) {
      if (b.label_list) return list_group();
    }
    if (b.label && kSides == 1) label_logit_ = by_row([&](int64_t l) { return logit_at_label(l); });
    RowShift<V> shift[kSides];
    for (int side = 0; side < kSides; ++side) shift[side] = normalize(side);

    V value(0), slope(0);  // of the label's class alone
    if constexpr (HasTrueClass<E>) {
      if (!b.probability.data) {
        V weight(1 - b.smoothing);
        if (b.true_weight) weight = weight * by_row([&](int64_t l) { return b.true_weight[label_[l]]; });
        const Dual<V> true_class = e.true_class(label_probability<Dual<V>>(shift[0]));
        value = scaled(weight, true_class.v);
        slope = scaled(weight, true_class.d);
      }
    }
    std::array<Sums, kSides> sums{};
    if (dense_) {
      if constexpr (kSides == 2) {
        value = every_pair(shift, sums);
      } else {
        value = value + every_class(shift[0], sums[0]);
      }
    }
    V row_slope(0);
    if (share_ > 0) {
      row_slope = V(share_) * V(b.true_weight_sum);
      value = value + (row_slope * shift[0].log_sum - V(share_) * distances_);
    }
    if constexpr (HasRowTerm<E>) {
      const Dual<V> term = e.row(Dual<V>(shift[0].shift + shift[0].log_sum, V(1)));
      value = value + term.v;
      row_slope = row_slope + term.d;
    }
    for (int side = 0; side < kSides; ++side) {
      if (!b.grad[side].data) continue;
      if constexpr (kReadsRow) {
        write_grad(side, shift[side], sums[side], slope, row_slope);
      } else {
        store_at_label(slope * row_scale_ * V(b.grad_scale), b.grad[0]);
      }
    }
    return close(value);
  }

  // -- logits ------------------------------------------------------------------------------------------

  void read_logits(int side) {
    if constexpr (across) x_[side] = this->stage_logits(side);
    if constexpr (MapsLogits<E>) {
      if (!mapped_) return;
      T* const z = tile(kZ, side);
      const Source input = inputs(side);
      const LogPrior log_prior{b.log_prior};
      each([&](Step s) __attribute__((always_inline)) {
        V::store(map_logit(e, input(s), log_prior(s)), z + s.at, s.count);
      });
      if constexpr (MapsTarget<E>) {
        for (int64_t l = 0; l < this->count_; ++l) {
          z[at_label(l)] = e.target_logit(Scalar<T>(input_at_label(l))).v;
        }
      }
    }
  }

  struct LogPrior {
    const T* values;
    LOSSOPS_INLINE V operator()(Step s) const { return values ? by_class(values, s) : V(0); }
  };
  LOSSOPS_INLINE Source inputs(int side) const { return source(b.x[side], x_[side]); }
  LOSSOPS_INLINE Source logits(int side) const {
    return mapped_ ? Source{tile(kZ, side), nullptr} : inputs(side);
  }
  LOSSOPS_INLINE T input_at_label(int64_t l) const {
    if (across && kReadsRow) return x_[0][at_label(l)];
    const Plane<const S>& x = b.x[0];
    const int64_t row = first_ + std::min(l, this->count_ - 1);
    return static_cast<T>(x.data[row * x.row_stride + label_[l] * x.class_stride]);
  }
  /// Those of a later group, each from a place of its own.
  void fetch_inputs() const {
    const Plane<const S>& x = b.x[0];
    const int64_t begin = first_ + 2 * Base::kRows, end = std::min(begin + Base::kRows, b.rows);
    for (int64_t row = begin; row < end; ++row) {
      __builtin_prefetch(x.data + row * x.row_stride + b.label[row] * x.class_stride);
    }
  }

  LOSSOPS_INLINE T logit_at_label(int64_t l) const {
    return mapped_ ? tile(kZ)[at_label(l)] : input_at_label(l);
  }

  /// dz/dx of the label's logit, and what it would be for another class.
  T label_slope(int64_t l) const {
    if constexpr (MapsTarget<E>) {
      return derivative_of(e.target_logit(Dual<Scalar<T>>(input_at_label(l), 1))).v;
    } else {
      return other_slope(l);
    }
  }
  T other_slope(int64_t l) const {
    if constexpr (MapsLogits<E>) {
      if (mapped_) {
        const Dual<Scalar<T>> prior(Scalar<T>(b.log_prior ? b.log_prior[label_[l]] : T(0)));
        return derivative_of(map_logit(e, Dual<Scalar<T>>(input_at_label(l), 1), prior)).v;
      }
    }
    return 1;
  }

  // -- probabilities -----------------------------------------------------------------------------------

  RowShift<V> normalize(int side) {
    if constexpr (!kSoftmax) return RowShift<V>::plain(kReadsRow ? label_logit_ : V(0));
    const Source logit = logits(side);
    const V largest = maximum([&](Step s) __attribute__((always_inline)) { return logit(s); });
    V rest = exponentials(side, largest, V(0));
    V lift(0);
    if constexpr (HasOtherClasses<E>) {
      // A wrong class that takes the whole row: ln(1 - p) needs the sum of the others even if it underflows.
      const auto far = (rest < V(std::numeric_limits<T>::min() * 1e6)) & (label_logit_ < largest);
      if (Base::total(V::first(select(far, V(1), V(0)), across ? this->count_ : 1)) > 0) {
        const V second = maximum([&](Step s) __attribute__((always_inline)) {
          const V z = logit(s);
          return select(z == largest, V(-std::numeric_limits<T>::infinity()), z);
        });
        const V gap = largest - second;
        lift = select(far & (gap < V(std::numeric_limits<T>::infinity())), gap - 64, V(0));
        rest = exponentials(side, largest, lift);
      }
    }
    auto shift = RowShift<V>::softmax(largest, rest);
    if constexpr (HasOtherClasses<E>) shift.log_rest = log(rest) - lift;
    return shift;
  }

  /// Keeps e^(z - largest + lift), the largest's without lift, and returns their sum without the largest's.
  V exponentials(int side, V largest, V lift) {
    const Source logit = logits(side);
    T* const kept = keeps_ ? exponential_tile(side) : nullptr;
    const Plane<S>& grad = b.grad[side];
    const S* const next = across ? nullptr : b.x[side].data + (first_ + 1) * b.x[side].row_stride;
    const S* const next_grad = across || !grad.data ? next : grad.data + (first_ + 1) * grad.row_stride;
    const auto visit = [&](Step s) __attribute__((always_inline)) {
      if constexpr (!across) {  // memory can work meanwhile
        __builtin_prefetch(next + s.at, 0, 2);
        __builtin_prefetch(next_grad + s.at, 1, 2);
      }
      V d = logit(s) - largest;
      const auto is_top = d == V(0);
      if constexpr (HasOtherClasses<E>) d = select(is_top, d, d + lift);
      const V x = exp_below(d);
      if (kept) V::store(x, kept + s.at, s.count);
      return std::array<V, 3>{select(is_top, V(0), x), x, d};
    };
    V others, all;
    if (kIsNll && share_ > 0) {
      const T* const weight = b.true_weight;
      const auto sums = this->template sums<3>([&](Step s) __attribute__((always_inline)) {
        auto terms = visit(s);
        if (weight) terms[2] = scaled(by_class(weight, s), terms[2]);
        return terms;
      });
      others = sums[0], all = sums[1], distances_ = sums[2];
    } else {
      const auto sums = this->template sums<2>(visit);
      others = sums[0], all = sums[1];
    }
    // The largest's are 1 each: with ties, all but one of them are others.
    const V rest = others + select(all - others < V(1.5), V(0), all - others - V(1));
    // What is below the normal range has no reciprocal.
    return select(rest < V(std::numeric_limits<T>::min()), V(0), rest);
  }

  template <class X>
  LOSSOPS_INLINE Probability<X> label_probability(const RowShift<V>& shift) const {
    const V d = label_logit_ - shift.shift;
    return {d, kSoftmax ? exp(d) : V(0), shift};
  }

  /// Of the classes of a step.
  struct Probabilities {
    Source logit;
    const T* exponentials;
    RowShift<V> shift;
    template <class X>
    LOSSOPS_INLINE Probability<X> at(Step s) const {
      return {logit(s) - shift.shift, kSoftmax ? V::load(exponentials + s.at, s.count) : V(0), shift};
    }
  };
  Probabilities probabilities(int side, const RowShift<V>& shift) const {
    return {logits(side), exponential_tile(side), shift};
  }

  /// Where a row's exponentials are kept: in its gradient if they fit, which the last sweep overwrites.
  T* exponential_tile(int side) const {
    if constexpr (!across && std::is_same_v<S, T>) {
      const Plane<S>& to = b.grad[side];
      if (to.data) return to.data + first_ * to.row_stride;
    }
    return tile(kE, side);
  }

  // -- every class -------------------------------------------------------------------------------------

  /// The sums of derivatives by log-probabilities: over all classes, or with exact_top_ all but the largest.
  struct Sums {
    V others{0}, top{0};
  };

  /// The sum of all classes' values; leaves their derivatives in tile kR.
  V every_class(const RowShift<V>& shift, Sums& out) {
    const V base(b.smoothing / b.classes), kept(1 - b.smoothing);
    if (across && b.probability.data) stage(b.probability, tile(kY), tile(kR));
    const T* other_row = b.other_weight ? b.other_weight + label_[0] * b.classes : nullptr;
    if (across && b.other_weight) {
      for (int64_t l = 0; l < this->count_; ++l) {
        const T* const row = b.other_weight + label_[l] * b.classes;
        for (int64_t c = 0; c < b.classes; ++c) tile(kOther)[c * Base::kLanes + l] = row[c];
      }
      other_row = tile(kOther);
    }
    V label_weight(1);
    if (b.label_weight) label_weight = by_row([&](int64_t l) { return b.label_weight[label_[l]]; });
    const Probabilities probability = probabilities(0, shift);
    const bool given = b.probability.data, every = given || smooth_, exact_top = exact_top_;
    const Source target = source(b.probability, tile(kY));
    const T* const true_weight = b.true_weight;
    const auto is_label = this->is_label();
    const auto unless_ignored = this->unless_ignored();
    T* const slopes = tile(kR);
    const bool target_grad = b.probability_grad.data != nullptr;
    const auto store_target_grad = sink(b.probability_grad, tile(kYGrad));
    const V target_scale = row_scale_ * V(b.grad_scale) * kept;

    const auto sums = this->template sums<3>([&](Step s) __attribute__((always_inline)) {
      const auto p = probability.template at<Dual<V>>(s);
      V v(0), r(0);
      if constexpr (HasTrueClass<E>) {
        if (every) {
          V y = base;
          if (given) y = y + kept * target(s);
          const V class_weight = true_weight ? by_class(true_weight, s) : V(1);
          const V weight = y * class_weight;
          const Dual<V> true_class = e.true_class(p);
          v = scaled(weight, true_class.v);
          r = scaled(weight, true_class.d);
          if (target_grad) {
            const V g = unless_ignored(scaled(class_weight, true_class.v) * target_scale);
            store_target_grad(g, s);
          }
        }
      }
      if constexpr (HasOtherClasses<E>) {
        const V weight = (other_row ? V::load(other_row + s.at, s.count) : V(1)) * label_weight;
        const Dual<V> other_class = e.other_class(p);
        const auto is_true = is_label(s);
        v = v + select(is_true, V(0), scaled(weight, other_class.v));
        r = r + select(is_true, V(0), scaled(weight, other_class.d));
      }
      V::store(r, slopes + s.at, s.count);
      if (!kMayNeedTop || !exact_top) return std::array<V, 3>{v, r, V(0)};
      const auto is_top = probability.template at<V>(s).is_top();
      return std::array<V, 3>{v, select(is_top, V(0), r), select(is_top, r, V(0))};
    });
    out = {sums[1], sums[2]};
    if (target_grad) unstage(tile(kYGrad), b.probability_grad, tile(kY));
    return sums[0];
  }

  /// The same for pairs of classes, by both sides.
  V every_pair(const RowShift<V>* shift, std::array<Sums, kSides>& out) {
    const Probabilities first = probabilities(0, shift[0]), second = probabilities(1, shift[1]);
    T* const slopes[] = {tile(kR, 0), tile(kR, 1)};
    const bool both = b.grad[1].data;
    const auto sums = this->template sums<3>([&](Step s) __attribute__((always_inline)) {
      std::array<V, 3> x{V(0), V(0), V(0)};
      const auto visit = [&](int side, const Dual<V>& cost) __attribute__((always_inline)) {
        x[0] = cost.v;
        x[1 + side] = cost.d;
        V::store(cost.d, slopes[side] + s.at, s.count);
      };
      visit(0, e.each_class(first.template at<Dual<V>>(s), second.template at<V>(s)));
      if (both) visit(1, e.each_class(first.template at<V>(s), second.template at<Dual<V>>(s)));
      return x;
    });
    out = {Sums{sums[1]}, Sums{sums[2]}};
    return sums[0];
  }

  // -- gradients ---------------------------------------------------------------------------------------

  /// `slope` is the derivative by the label's log-probability alone, `row_slope` that by the log-sum-exp.
  void write_grad(int side, const RowShift<V>& shift, Sums sums, V slope, V row_slope) {
    const V scale = row_scale_ * V(b.grad_scale);
    T* const r = tile(kR, side);
    V label_grad(0);
    if constexpr (HasTrueClass<E> && kSoftmax) {
      const auto p = label_probability<V>(shift);
      if (exact_top_) {
        sums.top = sums.top + select(p.is_top(), slope, V(0));
        sums.others = sums.others + select(p.is_top(), V(0), slope);
      } else {
        sums.others = sums.others + slope;
      }
      label_grad = slope * p.q() + row_slope * p.p();
      if (share_ > 0) {
        label_grad = label_grad - V(share_) * by_row([&](int64_t l) {
                                    return b.true_weight ? b.true_weight[label_[l]] : T(1);
                                  });
      }
      label_grad = label_grad * scale;
    }
    // The label's part of every class's derivatives: its own, or, as the shift, all of theirs.
    if (dense_ && kSides == 1) add_at_label(r, kSoftmax ? slope : -sums.others);
    const V others = sums.others - row_slope;
    const V pull = shift.share * (others + sums.top) * scale;  // on every class, by its exponential
    // Where the label's logit is mapped in its own way: its slope over that of the others.
    V ratio(1);
    if constexpr (MapsTarget<E>) ratio = by_row([&](int64_t l) { return label_slope(l) / other_slope(l); });

    const bool dense = dense_, exact_top = exact_top_, shares = share_ > 0;
    const V share = V(share_) * scale;
    const T* const class_weight = b.true_weight;
    const T* const exponentials = exponential_tile(side);
    const auto is_label = this->is_label();
    const GradSink store_grad = grad_sink(side);
    each([&](Step s) __attribute__((always_inline)) {
      V g;
      if constexpr (!kSoftmax) {
        g = V::load(r + s.at, s.count) * scale;
      } else {
        const V x = V::load(exponentials + s.at, s.count);
        if (dense) {
          const V d = V::load(r + s.at, s.count);
          g = d * scale - x * pull;
          if (kMayNeedTop && exact_top) {
            const auto is_top = (x == V(1)) & (shift.rest < V(1));
            g = select(is_top, (d * shift.rest - others) * shift.share * scale, g);
          }
        } else {
          g = -(x * pull);
          if (kIsNll && shares) g = g - (class_weight ? share * by_class(class_weight, s) : share);
          if constexpr (across) g = select(is_label(s), label_grad, g);
        }
      }
      if constexpr (MapsTarget<E>) g = select(is_label(s), g * ratio, g);
      store_grad(g, s);
    });
    if (!across && !dense_) {
      store_at_label(label_grad * by_row([&](int64_t l) { return label_slope(l); }), b.grad[side]);
    }
    unstage(r, b.grad[side], tile(kE, side));
  }

  /// Takes gradients by z to those by x.
  struct GradSink {
    const E e;
    const bool mapped;
    const Source input;
    const LogPrior log_prior;
    const typename Base::UnlessIgnored unless_ignored;
    const typename Base::Sink sink;
    LOSSOPS_INLINE void operator()(V g, Step s) const {
      if constexpr (MapsLogits<E>) {
        if (mapped) g = g * derivative_of(map_logit(e, Dual<V>(input(s), V(1)), Dual<V>(log_prior(s))));
      }
      sink(unless_ignored(g), s);
    }
  };
  GradSink grad_sink(int side) const {
    return {e,
            mapped_,
            inputs(side),
            LogPrior{b.log_prior},
            this->unless_ignored(),
            sink(b.grad[side], tile(kR, side))};
  }

  // -- lists of labels ---------------------------------------------------------------------------------

  /// A row with several labels: against each of them, all classes that are not labels.
  V list_group() {
    T* const r = tile(kR);
    T* const wrong = tile(kOther);
    std::fill_n(r, this->size_, T(0));
    std::fill_n(wrong, this->size_, T(1));
    const int64_t* const labels = b.label + first_ * b.classes;
    int64_t n = 0;
    while (n < b.classes && labels[n] >= 0) wrong[labels[n++]] = 0;
    V value(0);
    for (int64_t i = 0; i < n; ++i) {
      label_[0] = labels[i];
      const Probabilities probability = probabilities(0, RowShift<V>::plain(V(logit_at_label(0))));
      const auto [v, slope] = this->template sums<2>([&](Step s) __attribute__((always_inline)) {
        const auto counts = V::load(wrong + s.at, s.count) == V(1);
        const Dual<V> other_class = e.other_class(probability.template at<Dual<V>>(s));
        const V d = select(counts, other_class.d, V(0));
        V::store(V::load(r + s.at, s.count) + d, r + s.at, s.count);
        return std::array<V, 2>{select(counts, other_class.v, V(0)), d};
      });
      value = value + v;
      add_at_label(r, -slope);
    }
    if (b.grad[0].data) {
      const GradSink store_grad = grad_sink(0);
      const V scale = row_scale_ * V(b.grad_scale);
      each([&](Step s) { store_grad(V::load(r + s.at, s.count) * scale, s); });
    }
    return close(value);
  }

  const E e;
  bool mapped_ = false;
  bool smooth_;  ///< every class has a part of the target
  bool dense_;   ///< every class has a term of its own
  T share_;      ///< otherwise every class's part of the target, or 0
  /// Derivatives may be without bound (misses), or a one-hot target's gradient all cancellation.
  bool exact_top_;
  bool keeps_;               ///< exponentials are needed again
  const T* x_[kSides] = {};  ///< the group's inputs, staged
  V label_logit_{0};
  V distances_{0};  ///< the weighted sum of z - largest, for share_
};

template <class E, class S>
double run_rows(const double* params, const RowRun<S>& run) {
  if constexpr (shift_of<E>() != Shift::kNone) {
    if (!run.side_by_side) return RowLoop<E, S, false>::run(params, run);
  }
  return RowLoop<E, S, true>::run(params, run);
}

template <class E>
const ClassAxisKernels& class_axis_kernels() {
  static constexpr ClassAxisKernels table = {
      {run_rows<E, float>}, {run_rows<E, double>}, {run_rows<E, c10::BFloat16>}};
  return table;
}

}  // namespace CPU_CAPABILITY
}  // namespace lossops::cpu
