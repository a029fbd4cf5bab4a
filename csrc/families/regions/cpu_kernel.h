// The kernel of losses of regions, which is one for all of them: the formula of the sums is the launcher's.
//
// Where the first sweep does not keep what the second needs (kept_gradients.h), probabilities are computed in
// both, as that costs less than a map of them; for a softmax by the mathematics of a row of the class axis.
#pragma once

#include "../../math/row.h"
#include "kept_gradients.h"

namespace lossops::cpu {
inline namespace CPU_CAPABILITY {

template <class S, Activation activation, int kVectors>
class RegionLoop : RegionGroup<S, kVectors> {
  using Base = RegionGroup<S, kVectors>;
  using Base::derivatives_, Base::exponentials_, Base::flush, Base::kGroup, Base::kLanes, Base::r, Base::sink,
      Base::sums_;
  using typename Base::T, typename Base::Targets, typename Base::V, typename Base::Vectors;
  template <class P>
  using Classes = typename Base::template Classes<P>;
  static constexpr bool kSoftmax = activation == Activation::Softmax;

  /// What a row of the class axis is asked of here: its softmax, and the gradient of a term of every class.
  struct AnyTerm {};
  using Rule = RowRule<AnyTerm, V, Work::kDense>;

 public:
  static double add(const RegionRun<S>& run) {
    RegionLoop loop(run);
    double cost = 0;
    loop.each_group([&] { cost += loop.add(); });
    if (sum_of_lanes(loop.wrong_) > 0) *run.wrong = true;
    for (int64_t i = 0; i < kRegionSums * run.classes; ++i) {
      run.sums[i] += sum_of_lanes(V::load(loop.sums_ + i * kLanes));
    }
    return cost;
  }

  static void differentiate(const RegionRun<S>& run) {
    RegionLoop loop(run);
    loop.each_group([&] { loop.differentiate(); });
  }

 private:
  explicit RegionLoop(const RegionRun<S>& run) : Base(run), rule_(nullptr, run.classes, 0, false) {}

  // -- probabilities -----------------------------------------------------------------------------------

  using Sigmoid = regions::Sigmoid<V>;
  using Shifts = std::array<RowShift<V>, kVectors>;

  /// Of an element: its probability, and what the second sweep needs of it.
  struct Element {
    V p, kept;
  };
  static constexpr bool kKeeps = std::is_same_v<S, T> && activation != Activation::None;

  /// Of a class in the group.
  struct Probabilities {
    Classes<const S> x;
    const T* exponentials;
    Shifts shift;
    LOSSOPS_INLINE V exponential(int64_t c, int v) const {
      return V::load(exponentials + c * kGroup + v * kLanes);
    }
    LOSSOPS_INLINE Element operator()(int64_t c, int v) const {
      if constexpr (activation == Activation::Sigmoid) {
        const Sigmoid s(V::load(x(c, v)));
        return {s.p, s.slope};
      }
      const V p = kSoftmax ? exponential(c, v) * shift[v].share : V::load(x(c, v));
      return {p, p};
    }
  };

  LOSSOPS_INLINE Probabilities probabilities() const {
    const auto x = Base::logits();
    if constexpr (kSoftmax) {
      return {x, exponentials_, shifts(x)};
    } else {
      return {x, exponentials_, {}};
    }
  }

  /// Of a softmax; keeps its exponentials.
  LOSSOPS_INLINE Shifts shifts(const Classes<const S>& x) const {
    const auto rule = rule_;
    const int64_t classes = r.classes;
    T* const kept = exponentials_;
    const bool costs = r.pixel.weight != 0;
    Vectors largest = Base::filled(-std::numeric_limits<T>::infinity());
    Vectors others = Base::filled(0);
    typename V::Tally tops[kVectors];
    for (int64_t c = 0; c < classes; ++c) {
      for (int v = 0; v < kVectors; ++v) largest[v] = larger(V::load(x(c, v)), largest[v]);
    }
    for (int64_t c = 0; c < classes; ++c) {
      for (int v = 0; v < kVectors; ++v) {
        const V z = V::load(x(c, v)), e = rule.exponential(z, largest[v], largest[v]);
        V::store(e, kept + c * kGroup + v * kLanes);
        const auto is_top = is_zero(z - largest[v]);
        others[v] = others[v] + unless(is_top, e);
        tops[v].add(is_top);
      }
    }
    return Base::each([&](int v) __attribute__((always_inline)) {
      const V rest = rule.without_subnormal(others[v] + (tops[v].value() - V(1)));
      if (costs) return rule.softmax(largest[v], rest, largest[v]);
      return RowShift<V>{largest[v], rest, V(0), V(1) / (rest + V(1)), V(0)};  // logarithms are for costs
    });
  }

  // -- sums --------------------------------------------------------------------------------------------

  LOSSOPS_INLINE double add() {
    const Probabilities probability = probabilities();
    const Targets targets = Base::targets();
    if (!r.squared && !r.soft && !r.ignores && !targets.masked && !targets.is_given) {
      add_labels(probability, targets);
    } else {
      add_any(probability, targets);
    }
    if (r.grad.data) flush();
    return r.pixel.weight == 0 ? 0 : cost(probability, targets);
  }

  /// Labels of one class are numbers to add up and to multiply by.
  LOSSOPS_INLINE void add_mask(const Probabilities& probability, const Targets& targets) {
    V p(0), t(0), both(0);
    const auto to = sink();  // what nobody wants goes to a tile
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const Element of = probability(0, v);
      if constexpr (activation == Activation::None) check(of.p);
      const V label = targets.labels[v];
      p = p + of.p;
      t = t + label;
      both = both + of.p * label;
      if constexpr (kKeeps) V::store(of.kept - (label + label) * of.kept, to(0, v));
    }
    add_to(sums_, 0, {p, t, both, V(0)});
  }

  LOSSOPS_INLINE void add_labels(const Probabilities& probability, const Targets& targets) {
    if constexpr (kVectors == kMaskVectors) return add_mask(probability, targets);
    T* const sums = sums_;
    const int64_t classes = r.classes;
    const auto to = sink();
    for (int64_t c = 0; c < classes; ++c) {
      V p(0), t(0), both(0);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const Element of = probability(c, v);
        if constexpr (activation == Activation::None) check(of.p);
        const auto is = targets.is(c, v);
        p = p + of.p;
        t = t + select(is, V(1), V(0));
        both = both + select(is, of.p, V(0));
        if constexpr (kKeeps) V::store(regions::with_label(of.kept, is), to(c, v));
      }
      add_to(sums, c, {p, t, both, V(0)});
    }
  }

  LOSSOPS_INLINE void add_any(const Probabilities& probability, const Targets& targets) {
    T* const sums = sums_;
    const int64_t classes = r.classes;
    const bool squared = r.squared, soft = r.soft;
    const auto to = sink();
    for (int64_t c = 0; c < classes; ++c) {
      std::array<V, kRegionSums> sum{V(0), V(0), V(0), V(0)};
      for (int v = 0; v < kVectors; ++v) {
        const V given = targets(c, v);
        const Element of = probability(c, v);
        const V p = targets.of(of.p, given, v), t = targets.of(given, given, v);
        if constexpr (kKeeps) {
          V::store(regions::with_label(targets.of(of.kept, given, v), targets.is(c, v)), to(c, v));
        }
        if constexpr (activation == Activation::None) check(p);
        if (targets.is_given) check(t);
        sum[0] = sum[0] + (squared ? p * p : p);
        sum[1] = sum[1] + (squared ? t * t : t);
        sum[2] = sum[2] + (soft ? select(p < t, p, t) : p * t);
        sum[3] = sum[3] + targets.keeps(given, v);
      }
      add_to(sums, c, sum);
    }
  }

  LOSSOPS_INLINE void check(V probability) {
    Base::wrong_ = Base::wrong_ + select(regions::outside(probability), V(1), V(0));
  }

  LOSSOPS_INLINE static void add_to(T* sums, int64_t c, const std::array<V, kRegionSums>& sum) {
    for (int k = 0; k < kRegionSums; ++k) {
      T* const at = sums + (kRegionSums * c + k) * kLanes;
      V::store(V::load(at) + sum[k], at);
    }
  }

  // -- what pixels cost --------------------------------------------------------------------------------

  /// Whether the label alone has a cost.
  bool costs_label() const { return kSoftmax && !r.target.data && r.pixel.smoothing == 0; }

  /// That of the label's class, with its derivative by ln p.
  LOSSOPS_INLINE std::array<Dual<V>, kVectors> label_costs(const Probabilities& probability,
                                                           const Targets& targets) const {
    const auto x = probability.x;
    Vectors logit = Base::filled(1), weight = Base::filled(1);
    for (int64_t c = 0; c < r.classes; ++c) {
      for (int v = 0; v < kVectors; ++v) {
        const auto is = targets.is(c, v);
        logit[v] = select(is, V::load(x(c, v)), logit[v]);
        if (r.class_weight) weight[v] = select(is, V(r.class_weight[c]), weight[v]);
      }
    }
    const Costs costs = this->costs();
    return Base::each([&](int v) __attribute__((always_inline)) {
      const Dual<V> cost = costs.of.of_label(logit[v], probability.shift[v], weight[v]);
      return Dual<V>{targets.of(cost.v, V(1), v), targets.of(cost.d, V(1), v)};
    });
  }

  /// Those of elements.
  struct Costs {
    regions::ElementCost<kSoftmax, V> of;
    const T* weight;
    LOSSOPS_INLINE Dual<V> operator()(const Probabilities& probability, int64_t c, int v, V t) const {
      const V e = kSoftmax ? probability.exponential(c, v) : V(0);
      return of(V::load(probability.x(c, v)), e, probability.shift[v], t, weight ? V(weight[c]) : V(1));
    }
  };
  Costs costs() const { return {{r.pixel, r.classes}, r.class_weight}; }

  LOSSOPS_INLINE double cost(const Probabilities& probability, const Targets& targets) const {
    V sum(0);
    if (costs_label()) {
      for (const Dual<V>& cost : label_costs(probability, targets)) sum = sum + cost.v;
    } else {
      const Costs costs = this->costs();
      for (int64_t c = 0; c < r.classes; ++c) {
        for (int v = 0; v < kVectors; ++v) {
          const V t = targets(c, v);
          sum = sum + targets.of(costs(probability, c, v, t).v, t, v);
        }
      }
    }
    return sum_of_lanes(sum);
  }

  // -- gradients ---------------------------------------------------------------------------------------

  LOSSOPS_INLINE void differentiate() {
    const Probabilities probability = probabilities();
    const Targets targets = Base::targets();
    if constexpr (kSoftmax) {
      differentiate_softmax(probability, targets);
    } else {
      differentiate_elements(probability, targets);
    }
    flush();
  }

  LOSSOPS_INLINE void differentiate_elements(const Probabilities& probability, const Targets& targets) const {
    const auto slopes = Base::slopes();
    const Costs costs = this->costs();
    const bool costs_pixel = r.pixel.weight != 0;
    const V scale(r.pixel_scale);
    const auto to = sink();
    for (int64_t c = 0; c < r.classes; ++c) {
      const bool moves = r.slopes[2 * c] != 0 || r.slopes[2 * c + 1] != 0;
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const V t = targets(c, v);
        V d(0);
        if (!moves) {
          // What does not count may be NaN.
        } else if constexpr (activation == Activation::Sigmoid) {
          const Sigmoid s(V::load(probability.x(c, v)));
          d = slopes(c, s.p, t) * s.slope;
        } else {
          d = slopes(c, probability(c, v).p, t);
        }
        if (costs_pixel) d = d + scale * costs(probability, c, v, t).d;
        V::store(targets.of(d, t, v), to(c, v));
      }
    }
  }

  LOSSOPS_INLINE void differentiate_softmax(const Probabilities& probability, const Targets& targets) const {
    const auto slopes = Base::slopes();
    const Costs costs = this->costs();
    const bool costs_label = r.pixel.weight != 0 && this->costs_label();
    const bool costs_class = r.pixel.weight != 0 && !costs_label;
    const V scale(r.pixel_scale);
    std::array<Dual<V>, kVectors> of_label;
    if (costs_label) of_label = label_costs(probability, targets);
    T* const kept = derivatives_;
    std::array<SlopeSums<V>, kVectors> sums;
    Vectors counts = Base::filled(0);
    for (int64_t c = 0; c < r.classes; ++c) {
      for (int v = 0; v < kVectors; ++v) {
        const V t = targets(c, v), e = probability.exponential(c, v), p = e * probability.shift[v].share;
        V d = slopes(c, p, t) * p;
        if (costs_class) d = d + scale * costs(probability, c, v, t).d;
        d = targets.of(d, t, v);
        if (costs_label) d = d + select(targets.is(c, v), scale * of_label[v].d, V(0));
        V::store(d, kept + c * kGroup + v * kLanes);
        const auto top = (e == V(1)) & (probability.shift[v].rest < V(1));
        sums[v].others = sums[v].others + select(top, V(0), d);
        sums[v].top = sums[v].top + select(top, d, V(0));
        if (targets.ignores) counts[v] = counts[v] + targets.keeps(t, v);
      }
    }
    const auto gradient = Base::each([&](int v) __attribute__((always_inline)) {
      return rule_.gradient(probability.shift[v], LabelClass<V>(), sums[v], V(0), V(0), V(1));
    });
    const auto to = sink();
    for (int64_t c = 0; c < r.classes; ++c) {
      for (int v = 0; v < kVectors; ++v) {
        V d = gradient[v].of_class(V::load(kept + c * kGroup + v * kLanes), probability.exponential(c, v));
        if (targets.masked) d = targets.of(d, V(static_cast<T>(r.ignore_index + 1)), v);
        if (targets.ignores) d = select(counts[v] == V(0), V(0), d);
        V::store(d, to(c, v));
      }
    }
  }

  const Rule rule_;
};

/// f of the loop for a run.
template <template <class, Activation, int> class Loop, class S, class F>
auto with_region_loop(const RegionRun<S>& run, const F& f) {
  const auto with = [&]<Activation activation>() {
    if constexpr (activation != Activation::Softmax) {
      if (run.classes == 1) return f(static_cast<Loop<S, activation, kMaskVectors>*>(nullptr));
    }
    // So that what is kept of a group stays near.
    if (run.classes <= kFewRegions) return f(static_cast<Loop<S, activation, kRegionVectors>*>(nullptr));
    return f(static_cast<Loop<S, activation, 1>*>(nullptr));
  };
  switch (run.activation) {
    case Activation::None:
      return with.template operator()<Activation::None>();
    case Activation::Sigmoid:
      return with.template operator()<Activation::Sigmoid>();
    default:
      return with.template operator()<Activation::Softmax>();
  }
}

template <class S>
double add_regions(const RegionRun<S>& run) {
  return with_region_loop<RegionLoop>(run, [&]<class Loop>(Loop*) { return Loop::add(run); });
}
template <class S>
void differentiate_regions(const RegionRun<S>& run) {
  const auto differentiate = [&]<class Loop>(Loop*) { Loop::differentiate(run); };
  if constexpr (std::is_same_v<S, typename MathOf<S>::type>) {
    if (run.keeps) return with_region_loop<KeptGradients>(run, differentiate);
  }
  with_region_loop<RegionLoop>(run, differentiate);
}

template <class S>
constexpr RegionKernelsFor<S> kRegionKernels{add_regions<S>, differentiate_regions<S>};

inline const RegionKernels& region_kernels() {
  static constexpr RegionKernels table = [] {
    RegionKernels t{kRegionKernels<float>, kRegionKernels<double>, {}};
    if constexpr (kHasVectors) t.RegionKernelsFor<c10::BFloat16>::operator=(kRegionKernels<c10::BFloat16>);
    return t;
  }();
  return table;
}

}  // namespace CPU_CAPABILITY
}  // namespace lossops::cpu
