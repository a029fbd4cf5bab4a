// The kernel of losses of regions, which is one for all of them: the formula of the sums is the launcher's.
//
// Pixels lie side by side, one to a lane. Probabilities are computed in both sweeps, as that costs less than
// a map of them, and for a softmax by the mathematics of a row of the class axis.
#pragma once

#include "../class_axis/row.h"
#include "../class_axis/row_group.h"
#include "cpu.h"

namespace lossops::cpu {
inline namespace CPU_CAPABILITY {

template <class S, Activation activation>
class RegionLoop : RowGroup<S, true> {
  using Base = RowGroup<S, true>;
  using Base::any_ignored_, Base::b, Base::by_class, Base::by_row, Base::count_, Base::each, Base::first_,
      Base::keep_, Base::kLanes, Base::label_, Base::label_lanes_, Base::maximum, Base::sink, Base::stage,
      Base::stage_logits, Base::tile, Base::total, Base::unstage;
  using Base::kE, Base::kR, Base::kY;
  using typename Base::Step, typename Base::T, typename Base::V;

  /// What a row of the class axis is asked of here: its softmax, and the gradient of a term of every class.
  struct AnyTerm {};
  using Rule = RowRule<AnyTerm, V, Work::kDense>;
  static constexpr bool kSoftmax = activation == Activation::kSoftmax;

 public:
  static double add(const RegionRun<S>& run) {
    RegionLoop loop(run);
    T* const sums = loop.sums();
    std::fill_n(sums, kRegionSums * run.rows.classes * kLanes, T(0));
    const double cost = loop.rows([&] { return loop.add(); });
    for (int64_t i = 0; i < kRegionSums * run.rows.classes; ++i) {
      run.sums[i] += total(V::load(sums + i * kLanes));
    }
    return cost;
  }

  static void differentiate(const RegionRun<S>& run) {
    RegionLoop loop(run);
    loop.rows([&] {
      loop.differentiate();
      return V(0);
    });
  }

 private:
  explicit RegionLoop(const RegionRun<S>& run)
      : Base(run.rows), r(run), rule_(nullptr, run.rows.classes, r.pixel.smoothing, false) {}

  /// By class and what is summed.
  T* sums() const { return b.work + row_work(b.classes, true); }

  // -- what a group reads ------------------------------------------------------------------------------

  /// Of a class in the pixels of the group.
  struct Targets {
    const T* staged;  ///< null if there are labels
    V labels;
    int64_t first;  ///< class
    V ignored;
    bool ignores;  ///< element by element
    V kept;        ///< 0 or 1, of pixels
    bool masked;

    LOSSOPS_INLINE V operator()(Step s) const {
      if (staged) return V::load(staged + s.at);
      return select(V(static_cast<T>(s.at / kLanes + first)) == labels, V(1), V(0));
    }
    /// Which elements count; only if it `masks`.
    LOSSOPS_INLINE V keeps(V t) const { return ignores ? select(t == ignored, V(0), kept) : kept; }
    bool masks() const { return masked || ignores; }
  };

  /// Of a class, and by its logit: dp/dx, less what all classes share in a softmax.
  struct Probabilities {
    const T* x;
    const T* exponentials;
    V share;
    LOSSOPS_INLINE V operator()(Step s) const {
      if constexpr (kSoftmax) return V::load(exponentials + s.at) * share;
      if constexpr (activation == Activation::kSigmoid) return logistic(V::load(x + s.at)).p();
      return V::load(x + s.at);
    }
  };

  void read() {
    x_ = stage_logits(0);
    const bool given = b.probability.data;
    if (given) stage(b.probability, tile(kY), tile(kR));
    const bool ignores = given && b.ignores;
    const bool part = count_ < kLanes;
    V kept = any_ignored_ ? keep_ : V(1);
    if (part) kept = V::first(kept, count_);
    targets_ = {given ? tile(kY) : nullptr,
                label_lanes_,
                r.binary ? 1 : 0,
                V(static_cast<T>(b.ignore_index)),
                ignores,
                kept,
                part || any_ignored_};
    if constexpr (kSoftmax) normalize();
  }

  void normalize() {
    const T* const x = x_;
    const auto rule = rule_;
    const V largest = maximum([=](Step s) __attribute__((always_inline)) { return V::load(x + s.at); });
    T* const kept = tile(kE);
    const auto sums = this->template sums_of<2>([=](Step s) __attribute__((always_inline)) {
      const V z = V::load(x + s.at), e = rule.exponential(z, largest, largest);
      V::store(e, kept + s.at);
      const V below = select(z == largest, V(0), e);
      return std::array<V, 2>{below, e - below};
    });
    shift_ = rule.softmax(largest, rule.without_subnormal(sums[0] + (sums[1] - V(1))), largest);
  }
  template <size_t n, class F>
  LOSSOPS_INLINE std::array<V, n> sums_of(const F& f) const {
    return Base::template sums<n>(f);
  }

  Probabilities probabilities() const { return {x_, tile(kE), shift_.share}; }

  // -- sums --------------------------------------------------------------------------------------------

  V add() {
    read();
    const Targets targets = targets_;
    const Probabilities probability = probabilities();
    const bool squared = r.squared, soft = r.soft, counts = b.ignores, masks = targets.masks() || counts;
    T* const sums = this->sums();
    each([=](Step s) __attribute__((always_inline)) {
      V p = probability(s), t = targets(s);
      T* const at = sums + kRegionSums * s.at;
      if (masks) {
        const V keep = targets.keeps(t);
        p = select(keep == V(0), V(0), p);
        t = select(keep == V(0), V(0), t);
        if (counts) V::store(V::load(at + 3 * kLanes) + keep, at + 3 * kLanes);
      }
      const V both = soft ? select(p < t, p, t) : p * t;
      V::store(V::load(at) + (squared ? p * p : p), at);
      V::store(V::load(at + kLanes) + (squared ? t * t : t), at + kLanes);
      V::store(V::load(at + 2 * kLanes) + both, at + 2 * kLanes);
    });
    return r.pixel.weight == 0 ? V(0) : cost();
  }

  // -- what pixels cost --------------------------------------------------------------------------------

  /// Whether the label alone has a cost.
  bool costs_label() const { return kSoftmax && !targets_.staged && r.pixel.smoothing == 0; }

  LOSSOPS_INLINE Dual<V> label_cost() const {
    const T* const x = x_;
    const V d = by_row([&](int64_t l) { return x[this->at_label(l)]; }) - shift_.shift;
    const Dual<V> cost = r.pixel.true_class(Probability<Dual<V>>(d, exp_below(d), shift_));
    if (!r.class_weight) return cost;
    const V weight = by_row([&](int64_t l) { return r.class_weight[label_[l]]; });
    return {weight * cost.v, weight * cost.d};
  }

  /// Of an element, with its derivative: by ln p of a softmax, or by the logit.
  struct Costs {
    PixelCost pixel;
    const T* x;
    const T* exponentials;
    RowShift<V> shift;
    const T* weight;
    V given, spread;  ///< parts of the target: its own, and what smoothing gives each class
    LOSSOPS_INLINE Dual<V> operator()(Step s, V t) const {
      const V w = weight ? by_class(weight, s) : V(1);
      const V x = V::load(this->x + s.at);
      const V smooth = given * t + spread;
      if constexpr (kSoftmax) {
        const Dual<V> cost =
            pixel.true_class(Probability<Dual<V>>(x - shift.shift, V::load(exponentials + s.at), shift));
        return {scaled(w * smooth, cost.v), scaled(w * smooth, cost.d)};
      } else {
        const Dual<V> cost = pixel.element(Dual<V>(x, V(1)), smooth);
        return {w * cost.v, w * cost.d};
      }
    }
  };
  Costs costs() const {
    // A class by itself is smoothed between two.
    const double classes = kSoftmax ? static_cast<double>(b.classes) : 2;
    const double s = r.pixel.smoothing;
    return {r.pixel,
            x_,
            tile(kE),
            shift_,
            r.class_weight,
            V(static_cast<T>(1 - s)),
            V(static_cast<T>(s / classes))};
  }

  V cost() const {
    const Targets targets = targets_;
    if (costs_label()) return select(targets.kept == V(0), V(0), label_cost().v);
    const Costs costs = this->costs();
    const bool masks = targets.masks();
    return this->template sums_of<1>([=](Step s) __attribute__((always_inline)) {
      const V t = targets(s);
      V cost = costs(s, t).v;
      if (masks) cost = select(targets.keeps(t) == V(0), V(0), cost);
      return std::array<V, 1>{cost};
    })[0];
  }

  // -- gradients ---------------------------------------------------------------------------------------

  /// The derivative of the regions' loss by p of an element.
  struct Slopes {
    const T* slopes;
    bool squared, soft;
    LOSSOPS_INLINE V operator()(Step s, V p, V t) const {
      const T* const of = slopes + 2 * (s.at / kLanes);
      const V own = squared ? V(of[0]) * (p + p) : V(of[0]);
      const V half = select(p == t, V(T(0.5)), V(0));
      return own + V(of[1]) * (soft ? select(p < t, V(1), half) : t);
    }
  };

  void differentiate() {
    read();
    const Targets targets = targets_;
    const Probabilities probability = probabilities();
    const Slopes slopes{r.slopes, r.squared, r.soft};
    const Costs costs = this->costs();
    const bool masks = targets.masks(), costs_pixel = r.pixel.weight != 0, costs_label = this->costs_label();
    const V scale(r.pixel_scale);
    const auto keep = this->unless_ignored();
    const auto put = sink(b.grad[0], tile(kR));
    /// What an element's own logit (of a softmax, its ln p) does.
    const auto own = [=](Step s, V p, V slope) __attribute__((always_inline)) {
      const V t = targets(s);
      V d = slopes(s, p, t) * slope;
      if (costs_pixel && !costs_label) d = d + scale * costs(s, t).d;
      return masks ? select(targets.keeps(t) == V(0), V(0), d) : d;
    };
    if constexpr (!kSoftmax) {
      const T* const x = x_;
      each([=](Step s) __attribute__((always_inline)) {
        if constexpr (activation == Activation::kSigmoid) {
          const auto logit = logistic(V::load(x + s.at));
          put(own(s, logit.p(), logit.p() * logit.q()), s);
        } else {
          put(own(s, probability(s), V(1)), s);
        }
      });
    } else {
      T* const kept = tile(kR);
      const T* const exponentials = tile(kE);
      const V label = costs_pixel && costs_label ? scale * label_cost().d : V(0);
      const V labels = targets.labels;
      const bool adds_label = costs_pixel && costs_label;
      const RowShift<V> shift = shift_;
      const auto sums = this->template sums_of<3>([=](Step s) __attribute__((always_inline)) {
        const V p = probability(s);
        V d = own(s, p, p);
        if (adds_label) d = d + select(V(static_cast<T>(s.at / kLanes)) == labels, label, V(0));
        V::store(d, kept + s.at);
        const auto top = (V::load(exponentials + s.at) == V(1)) & (shift.rest < V(1));
        const V counts = targets.ignores ? targets.keeps(targets(s)) : V(1);
        return std::array<V, 3>{select(top, V(0), d), select(top, d, V(0)), counts};
      });
      const V any = sums[2];
      const auto gradient =
          rule_.gradient(shift, LabelClass<V>(), SlopeSums<V>{sums[0], sums[1]}, V(0), V(0), V(1));
      each([=](Step s) __attribute__((always_inline)) {
        const V d = keep(gradient.of_class(V::load(kept + s.at), V::load(exponentials + s.at)));
        put(targets.ignores ? select(any == V(0), V(0), d) : d, s);
      });
    }
    unstage(tile(kR), b.grad[0], tile(kE));
  }

  const RegionRun<S> r;
  const Rule rule_;
  // Of the group:
  const T* x_ = nullptr;
  Targets targets_{};
  RowShift<V> shift_{};
};

template <class S>
double add_regions(const RegionRun<S>& run) {
  switch (run.activation) {
    case Activation::kNone:
      return RegionLoop<S, Activation::kNone>::add(run);
    case Activation::kSigmoid:
      return RegionLoop<S, Activation::kSigmoid>::add(run);
    default:
      return RegionLoop<S, Activation::kSoftmax>::add(run);
  }
}

template <class S>
void differentiate_regions(const RegionRun<S>& run) {
  switch (run.activation) {
    case Activation::kNone:
      return RegionLoop<S, Activation::kNone>::differentiate(run);
    case Activation::kSigmoid:
      return RegionLoop<S, Activation::kSigmoid>::differentiate(run);
    default:
      return RegionLoop<S, Activation::kSoftmax>::differentiate(run);
  }
}

inline const RegionKernels& region_kernels() {
  static constexpr RegionKernels table{{add_regions<float>, differentiate_regions<float>},
                                       {add_regions<double>, differentiate_regions<double>},
                                       {add_regions<c10::BFloat16>, differentiate_regions<c10::BFloat16>}};
  return table;
}

}  // namespace CPU_CAPABILITY
}  // namespace lossops::cpu
