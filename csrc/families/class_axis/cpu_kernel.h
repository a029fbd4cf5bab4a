// The one kernel of losses over the class axis: evaluates any of their expressions on a run of rows.
//
// A row's logits are swept for their maximum, for the sum of exponentials, which it keeps, and for the
// gradient; before that, if all classes count, for the derivative by each one's log-probability.
#pragma once

#include "cpu_label_list.h"
#include "cpu_logits.h"

namespace lossops::cpu {
inline namespace CPU_CAPABILITY {

template <class E, class S, bool across>
class RowLoop : RowLogits<E, S, across> {
  using Base = RowLogits<E, S, across>;
  using Base::add_at_label, Base::b, Base::by_class, Base::by_row, Base::each, Base::first_,
      Base::input_at_label, Base::inputs, Base::kSides, Base::label_, Base::label_slope, Base::logits,
      Base::maximum, Base::prior_at_label, Base::row_scale_, Base::rule_, Base::sink, Base::source,
      Base::stage, Base::tile, Base::unstage;
  using Base::kE, Base::kOther, Base::kR, Base::kY, Base::kYGrad;
  using typename Base::LogPrior, typename Base::Source, typename Base::Step, typename Base::T,
      typename Base::V;

 public:
  static double run(const double* params, const RowRun<S>& run) {
    RowLoop loop(params, run);
    if constexpr (!kReadsRow<E>) loop.clear(run.grad[0]);
    return loop.rows([&] { return loop.group(); });
  }

 private:
  RowLoop(const double* params, const RowRun<S>& run)
      : Base(params, run),
        has_grad_(run.grad[0].data || run.grad[1].data || run.probability_grad.data),
        keeps_(rule_.dense() || has_grad_) {}

  V group() {
    if constexpr (kReadsRow<E>) {
      for (int side = 0; side < kSides; ++side) this->read_logits(side);
    } else {
      this->fetch_inputs();
    }
    if (b.label && kSides == 1 && !OrdersClasses<E>) {
      own_.logit = this->logits_at_labels();
      if (b.true_weight) own_.weight = by_row([&](int64_t l) { return b.true_weight[label_[l]]; });
    }
    RowShift<V> shift[kSides];
    for (int side = 0; side < kSides; ++side) shift[side] = normalize(side);

    Dual<V> label(V(0));  // by its ln p
    if (b.label) label = rule_.label_cost(shift[0], own_);
    Dual<V> cost(label.v);  // by the log-sum-exp
    SlopeSums<V> sums[kSides];
    if (rule_.dense()) {
      const V others = every_class(shift, sums);
      others_ = rule_.add_others(cost, label, sums[0], others, own_.weight);
    }
    rule_.add_row_cost(cost, shift[0], distances_, V(b.true_weight_sum));
    for (int side = 0; side < kSides; ++side) {
      if (!b.grad[side].data) continue;
      if constexpr (kReadsRow<E>) {
        write_grad(side, shift[side], sums[side], label.d, cost.d);
      } else {
        this->store_at_label(label.d * row_scale_ * V(b.grad_scale), b.grad[0]);
      }
    }
    return this->close(cost.v);
  }

  // -- probabilities -----------------------------------------------------------------------------------

  RowShift<V> normalize(int side) {
    if constexpr (!kIsSoftmax<E>) return RowShift<V>::plain(kReadsRow<E> ? own_.logit : V(0));
    const Source logit = logits(side);
    const V largest = maximum([&](Step s) __attribute__((always_inline)) { return logit(s); });
    V rest = exponentials(side, largest, largest);
    V base = largest;
    if constexpr (kTellsLogQ<E>) {
      const auto far = rule_.underflows(rest, largest, own_.logit);
      if (any(V::first(far, across ? this->count_ : 1))) {
        const V second = maximum([&](Step s) __attribute__((always_inline)) {
          const V z = logit(s);
          return select(z == largest, V(-std::numeric_limits<T>::infinity()), z);
        });
        base = select(far, rule_.base(largest, second), largest);
        rest = exponentials(side, largest, base);
      }
    }
    return rule_.softmax(largest, rest, base);
  }

  /// Keeps the exponentials, and returns their sum without that of one largest class.
  V exponentials(int side, V largest, V base) {
    const auto rule = rule_;
    const Source logit = logits(side);
    T* const kept = keeps_ ? exponential_tile(side) : nullptr;
    const Plane<S>& grad = b.grad[side];
    const S* const next = across ? nullptr : b.x[side].data + (first_ + 1) * b.x[side].row_stride;
    const S* const next_grad = across || !grad.data ? next : grad.data + (first_ + 1) * grad.row_stride;
    const T* const weight = b.true_weight;
    typename V::Tally tops;
    const auto visit = [&](Step s) __attribute__((always_inline)) {
      if constexpr (!across) {  // memory can work meanwhile
        __builtin_prefetch(next + s.at, 0, 2);
        __builtin_prefetch(next_grad + s.at, 1, 2);
      }
      const V z = logit(s), d = z - largest, x = rule.exponential(z, largest, base);
      if (kept) V::store(x, kept + s.at, s.count);
      const auto is_top = is_zero(d);
      tops.add(V::first(is_top, s.count));
      return std::array<V, 2>{unless(is_top, x), weight ? scaled(by_class(weight, s), d) : d};
    };
    std::array<V, 2> sums;
    if (rule.shares()) {
      sums = this->template sums<2>(visit);
      distances_ = sums[1];
    } else {
      sums[0] = this->template sums<1>(visit)[0];
    }
    const V top_count = tops.value();
    return rule.without_subnormal(sums[0] + (across ? top_count - V(1) : V(sum_of_lanes(top_count) - 1)));
  }

  /// Of the classes of a step.
  struct Places {
    Source logit;
    const T* exponentials;
    V shift;
    LOSSOPS_INLINE ClassPlace<V> operator()(Step s) const {
      return {logit(s) - shift, kIsSoftmax<E> ? V::load(exponentials + s.at, s.count) : V(0)};
    }
  };
  Places places(int side, const RowShift<V>& shift) const {
    return {logits(side), exponential_tile(side), shift.shift};
  }

  /// Where a row's exponentials are kept: in its gradient if they fit and the logits are not there.
  T* exponential_tile(int side) const {
    if constexpr (!across && std::is_same_v<S, T>) {
      const Plane<S>& to = b.grad[side];
      if (to.data && to.data != b.x[side].data) return to.data + first_ * to.row_stride;
    }
    return tile(kE, side);
  }

  // -- every class -------------------------------------------------------------------------------------

  /// What memory holds of the group's classes, and what RowRule asks of those of a step.
  struct Classes {
    Source targets;
    const T *true_weight, *other_weights;
    V label_weight;
    typename Base::IsLabel labels;
    PointTarget<V> point;
  };
  struct Class {
    const Classes& all;
    Step s;
    LOSSOPS_INLINE V target() const {
      if constexpr (kTakesPoint<E>) return all.point.of(Base::class_number(s) - all.point.lower);
      return all.targets(s);
    }
    LOSSOPS_INLINE V weighted(V x) const { return all.true_weight ? x * by_class(all.true_weight, s) : x; }
    LOSSOPS_INLINE V other_weight() const {
      return (all.other_weights ? V::load(all.other_weights + s.at, s.count) : V(1)) * all.label_weight;
    }
    LOSSOPS_INLINE auto is_label() const { return all.labels(s); }
    LOSSOPS_INLINE auto is_below() const { return all.labels.is_later(s); }
  };
  Classes classes() const {
    return {source(b.probability, tile(kY)), b.true_weight, nullptr, V(1), this->is_label(), point()};
  }
  PointTarget<V> point() const {
    if constexpr (!kTakesPoint<E>) return {};
    const V at = by_row([&](int64_t l) { return b.point[first_ + std::min(l, this->count_ - 1)]; });
    const V lower = by_row([&](int64_t l) {
      return PointTarget<V>::lower_class(b.point[first_ + std::min(l, this->count_ - 1)], b.classes);
    });
    return {lower, at - lower};
  }

  /// The sum of all classes' values; leaves their derivatives in tile kR.
  V every_class(const RowShift<V> (&shift)[1], SlopeSums<V> (&out)[1]) {
    if (across && b.probability.data) stage(b.probability, tile(kY), tile(kR));
    Classes classes = this->classes();
    if (b.other_weight) classes.other_weights = other_weights();
    if (b.label_weight) classes.label_weight = by_row([&](int64_t l) { return b.label_weight[label_[l]]; });
    const auto rule = rule_;
    const RowShift<V> of_row = shift[0];
    const Places places = this->places(0, of_row);
    const auto unless_ignored = this->unless_ignored();
    if ((HasOtherClasses<E> || OrdersClasses<E>) && !has_grad_) {  // of others it is not worth the code
      return this->template sums<1>([&](Step s) __attribute__((always_inline)) {
        return std::array<V, 1>{rule.class_cost(of_row, places(s), Class{classes, s}).value};
      })[0];
    }
    T* const slopes = tile(kR);
    const bool target_grad = b.probability_grad.data;
    const auto store_target_grad = sink(b.probability_grad, tile(kYGrad));
    const V target_scale = rule.target_scale(row_scale_ * V(b.grad_scale));
    const auto sums = this->template sums<3>([&](Step s) __attribute__((always_inline)) {
      const auto place = places(s);
      const auto cost = rule.class_cost(of_row, place, Class{classes, s});
      if (target_grad) store_target_grad(unless_ignored(cost.target_slope * target_scale), s);
      V::store(cost.slope, slopes + s.at, s.count);
      return rule.parts(cost, of_row, place);
    });
    out[0] = {sums[1], sums[2]};
    if (target_grad) unstage(tile(kYGrad), b.probability_grad, tile(kY));
    return sums[0];
  }

  /// The weights of other classes beside the rows' labels.
  const T* other_weights() const {
    if (!across) return b.other_weight + label_[0] * b.classes;
    for (int64_t l = 0; l < this->count_; ++l) {
      const T* const row = b.other_weight + label_[l] * b.classes;
      for (int64_t c = 0; c < b.classes; ++c) tile(kOther)[c * Base::kLanes + l] = row[c];
    }
    return tile(kOther);
  }

  /// The same for pairs of classes, by the first side, by both, or by none.
  V every_class(const RowShift<V> (&shift)[2], SlopeSums<V> (&out)[2]) {
    if (!has_grad_) return every_pair<0>(shift, out);
    return b.grad[1].data ? every_pair<2>(shift, out) : every_pair<1>(shift, out);
  }
  template <int wrt>
  V every_pair(const RowShift<V> (&shift)[2], SlopeSums<V> (&out)[2]) {
    const auto rule = rule_;
    const RowShift<V> of_rows[] = {shift[0], shift[1]};
    const Places first = places(0, shift[0]), second = places(1, shift[1]);
    T* const slopes[] = {tile(kR, 0), tile(kR, 1)};
    const auto sums = this->template sums<2 * wrt + 1>([&](Step s) __attribute__((always_inline)) {
      const auto p = first(s), q = second(s);
      const Dual<V> by_first = rule.template pair_cost<0>(of_rows, p, q);
      if constexpr (wrt == 0) {
        return std::array<V, 1>{by_first.v};
      } else {
        V::store(by_first.d, slopes[0] + s.at, s.count);
        const auto x = rule.parts({by_first.v, by_first.d}, of_rows[0], p);
        if constexpr (wrt == 1) {
          return x;
        } else {
          const Dual<V> by_second = rule.template pair_cost<1>(of_rows, p, q);
          V::store(by_second.d, slopes[1] + s.at, s.count);
          const auto y = rule.parts({by_second.v, by_second.d}, of_rows[1], q);
          return std::array<V, 5>{x[0], x[1], x[2], y[1], y[2]};
        }
      }
    });
    if constexpr (wrt > 0) out[0] = {sums[1], sums[2]};
    if constexpr (wrt > 1) out[1] = {sums[3], sums[4]};
    return sums[0];
  }

  // -- gradients ---------------------------------------------------------------------------------------

  /// `slope` is the derivative by the label's ln p alone, `row_slope` that by the log-sum-exp.
  void write_grad(int side, const RowShift<V>& shift, const SlopeSums<V>& sums, V slope, V row_slope) {
    const auto gradient = rule_.gradient(shift, own_, sums, slope, row_slope, row_scale_ * V(b.grad_scale));
    const bool dense = rule_.dense();
    T* const r = tile(kR, side);
    if (dense && kSides == 1 && !OrdersClasses<E> && !Finishes<E>) add_at_label(r, gradient.label_part);
    // Where the label's logit is mapped in its own way: its slope over that of the others.
    V ratio(1);
    if constexpr (MapsTarget<E>) {
      ratio = by_row(
          [&](int64_t l) { return label_slope(l) / rule_.slope(input_at_label(l), prior_at_label(l)).v; });
    }
    const V own = across || dense ? V(0)  // before the sweep, which may write where the logit is
                                  : gradient.label * by_row([&](int64_t l) { return label_slope(l); });
    const T* const exponentials = exponential_tile(side);
    const Classes classes = this->classes();
    const GradSink store_grad = grad_sink(side);
    [[maybe_unused]] const V others_factor = others_;
    // What most calls ask, in a loop that does not ask what they do not.
    if (kIsSoftmax<E> && !MapsTarget<E> && !dense && !rule_.mapped() && !this->any_ignored_) {
      each([&](Step s) __attribute__((always_inline)) {
        const V x = V::load(exponentials + s.at, s.count);
        const V g = gradient.beside_label(x, Class{classes, s});
        store_grad.sink(across ? select(classes.labels(s), gradient.label, g) : g, s);
      });
    } else {
      each([&](Step s) __attribute__((always_inline)) {
        const V x = kIsSoftmax<E> ? V::load(exponentials + s.at, s.count) : V(0);
        const auto at = Class{classes, s};
        V g;
        if (dense) {
          V slope = V::load(r + s.at, s.count);
          if constexpr (Finishes<E>)
            slope = slope * others_factor + select(at.is_label(), gradient.label_part, V(0));
          g = gradient.of_class(slope, x);
        } else {
          g = gradient.beside_label(x, at);
          if constexpr (across) g = select(at.is_label(), gradient.label, g);
        }
        if constexpr (MapsTarget<E>) g = select(at.is_label(), g * ratio, g);
        store_grad(g, s);
      });
    }
    if (!across && !dense) this->store_at_label(own, b.grad[side]);
    unstage(r, b.grad[side], tile(kE, side));
  }

  /// Takes gradients by z to those by x.
  struct GradSink {
    const RowRule<E, V> rule;
    const Source input;
    const LogPrior log_prior;
    const typename Base::UnlessIgnored unless_ignored;
    const typename Base::Sink sink;
    LOSSOPS_INLINE void operator()(V g, Step s) const {
      if (rule.mapped()) g = g * rule.slope(input(s), log_prior(s));
      sink(unless_ignored(g), s);
    }
  };
  GradSink grad_sink(int side) const {
    return {rule_, inputs(side), LogPrior{b.log_prior}, this->unless_ignored(),
            sink(b.grad[side], tile(kR, side))};
  }

  const bool has_grad_;
  const bool keeps_;  ///< exponentials are needed again
  LabelClass<V> own_;
  V others_{1};     ///< what derivatives by other classes are multiplied by, if the expression has `finish`
  V distances_{0};  ///< the weighted sum of z - largest, if rows share the target
};

template <class E, class S>
double run_rows(const double* params, const RowRun<S>& run) {
  if constexpr (HasOtherClasses<E> && shift_of<E>() == Shift::kTarget) {
    if (run.label_list) return LabelListLoop<E, S>::run(params, run);
  }
  if constexpr (kReadsRow<E>) {
    if (!run.across_rows) return RowLoop<E, S, false>::run(params, run);
  }
  return RowLoop<E, S, true>::run(params, run);
}

template <class E>
const ClassAxisKernels& class_axis_kernels() {
  static constexpr ClassAxisKernels table = [] {
    ClassAxisKernels t{{run_rows<E, float>}, {run_rows<E, double>}, {}};
    if constexpr (kHasVectors) t.ClassAxisKernelFor<c10::BFloat16>::fn = run_rows<E, c10::BFloat16>;
    return t;
  }();
  return table;
}

}  // namespace CPU_CAPABILITY
}  // namespace lossops::cpu
