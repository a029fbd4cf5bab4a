// What a loss of regions computes of a pixel and of a group: once, for the loops of all devices.
#pragma once

#include "../../math/probability.h"
#include "../../math/sums.h"

namespace lossops::regions {

/// What is summed of a class over the pixels that are not ignored: p, t, what they share, and their number.
constexpr int kRegionSums = 4;

/// The settings of a call.
struct RegionSettings {
  Activation activation;
  double smooth;
  bool batch, background, squared, log, skips_absent;
  bool soft;  ///< p and t share the smaller one: of squares that is the product
  PixelCost pixel;
  double region_weight = 1;
};

// -- pixels ----------------------------------------------------------------------------------------------

/// p of a logit, 1 - p, and their product, which is dp/dx.
template <class V>
struct Sigmoid {
  LOSSOPS_INLINE explicit Sigmoid(const V& x) {
    // Beyond, the smaller is next to nothing, of which arithmetic would be slow.
    const V most(std::is_same_v<typename V::Value, float> ? 87.0 : 708.0);
    const V below = minus_abs(x), e = select(below < -most, V(0), exp_normal(below));
    const V larger = V(1) / (V(1) + e), smaller = e * larger;
    const auto negative = signbit(x);
    p = select(negative, smaller, larger);
    q = select(negative, larger, smaller);
    slope = smaller * larger;
  }
  V p, q, slope;
};

/// What the first sweep leaves of an element for the second, in one number: how its probability moves (of a
/// sigmoid pq, which is dp/dx; of a softmax p itself), with a sign where the element is its pixel's label.
template <class V, class M>
LOSSOPS_INLINE V with_label(const V& kept, const M& is_label) {
  return select(is_label, -kept, kept);
}

/// Whether that is all there is to know.
inline bool keeps(const RegionSettings& s) {
  if (s.activation == Activation::Sigmoid) return s.pixel.weight == 0 && !s.squared && !s.soft;
  const bool plain = s.pixel.gamma == 0 && s.pixel.alpha != s.pixel.alpha && s.pixel.smoothing == 0;
  return s.activation == Activation::Softmax && (s.pixel.weight == 0 || plain);
}

/// Whether it can be a probability.
template <class V>
LOSSOPS_INLINE auto outside(const V& x) {
  return (x < V(0)) | (x > V(1));
}

/// The derivative by p of an element, from those by the sums of p and of what is shared.
template <class V>
LOSSOPS_INLINE V slope_by_p(const V& of_p, const V& of_both, const V& p, const V& t, bool squared,
                            bool soft) {
  const V shared = soft ? select(p < t, V(1), select(p == t, V(0.5), V(0))) : t;
  return (squared ? of_p * (p + p) : of_p) + of_both * shared;
}

/// What an element costs by itself, with the derivative by ln p of a softmax, or by the logit.
template <bool softmax, class V>
class ElementCost {
 public:
  LOSSOPS_INLINE ElementCost(const PixelCost& pixel, int64_t classes)
      : pixel_(pixel),
        given_(1 - pixel.smoothing),
        // A class by itself is smoothed between two.
        spread_(pixel.smoothing / (softmax ? static_cast<double>(classes) : 2)) {}

  /// Of logit x with exponential e; of a target t with weight w.
  LOSSOPS_INLINE Dual<V> operator()(const V& x, const V& e, const RowShift<V>& shift, const V& t,
                                    const V& w) const {
    const V smooth = given_ * t + spread_;
    if constexpr (softmax) {
      return weighted(w * smooth, pixel_.true_class(Probability<Dual<V>>(x - shift.shift, e, shift)));
    } else {
      return weighted(w, pixel_.element(Dual<V>(x, V(1)), smooth));
    }
  }
  /// Of the label's class alone.
  LOSSOPS_INLINE Dual<V> of_label(const V& x, const RowShift<V>& shift, const V& w) const {
    const V d = x - shift.shift;
    return weighted(w, pixel_.true_class(Probability<Dual<V>>(d, exp_below(d), shift)));
  }

 private:
  LOSSOPS_INLINE static Dual<V> weighted(const V& w, const Dual<V>& cost) {
    return {scaled(w, cost.v), scaled(w, cost.d)};
  }

  PixelCost pixel_;
  V given_, spread_;  ///< parts of the target: its own, and what smoothing gives each class
};

// -- groups ----------------------------------------------------------------------------------------------

/// The loss of an overlap, with its derivative by p (0), t (1), or what they share (2); -1 for none.
template <class E, class C>
LOSSOPS_INLINE Dual<C> finish_region(const Overlap<C>& o, int by, double smooth, bool log,
                                     const double* params) {
  using D = Dual<C>;
  Overlap<D> dual{D(o.p), D(o.t), D(o.both), D(o.n)};
  D* const sums[] = {&dual.p, &dual.t, &dual.both};
  if (by >= 0) sums[by]->d = C(1);
  const D loss = make_expression<E>(params).finish(dual, smooth);
  return log ? -log_or_none(1.0 - loss) : loss;
}

/// What values say beside themselves: how many count, or the sum of their weights; the largest slope that
/// meets a target.
struct RegionTally {
  double count = 0, steepest = 0;
};

/// The values of a call and their slopes, from the sums. `Formula` is the expression: formula(overlap, by) as
/// finish_region, and class_weight(t) if the call `pools` all classes.
template <class Formula>
struct RegionGroups {
  using Number = Scalar<double>;
  Formula formula;
  bool background, skips_absent, ignores, pools;
  int64_t samples, classes;  ///< of a batch, one sample
  const double* sums;        ///< by sample, class and what is summed
  const double* weight;      ///< by class, or null
  const double* upstream;    ///< by value, or null
  double* slopes;            ///< out, zeros before: by sample and class, by p and by what is shared

  LOSSOPS_INLINE int64_t first() const { return background ? 0 : 1; }
  /// How many values there are.
  LOSSOPS_INLINE int64_t size() const { return samples * (pools ? 1 : classes - first()); }

  /// The i-th value, 0 where nothing counts; leaves its slopes.
  LOSSOPS_INLINE double value(int64_t i, RegionTally& tally) const {
    if (pools) return pooled(i, tally);
    const int64_t each = classes - first(), g = i / each, c = first() + i % each;
    const Overlap<Number> o = overlap(g, c);
    const double w = counts(o) ? weight_of(c) : 0;
    tally.count += w;
    if (w == 0) return 0;
    set_slopes(g, c, o, w * upstream_of(i), tally);
    return w * formula(o, -1).v.v;
  }
  LOSSOPS_INLINE Overlap<Number> overlap(int64_t g, int64_t c) const {
    const double* const s = sums + (g * classes + c) * kRegionSums;
    return {s[0], s[1], s[2], s[3]};
  }
  LOSSOPS_INLINE double weight_of(int64_t c) const { return weight ? weight[c] : 1; }

 private:
  LOSSOPS_INLINE bool counts(const Overlap<Number>& o) const {
    return !(skips_absent && o.t.v == 0) && !(ignores && o.n.v == 0);
  }
  LOSSOPS_INLINE double upstream_of(int64_t i) const { return upstream ? upstream[i] : 1; }
  LOSSOPS_INLINE void set_slopes(int64_t g, int64_t c, const Overlap<Number>& o, double factor,
                                 RegionTally& tally) const {
    if (factor == 0) return;
    double* const of_class = slopes + 2 * (g * classes + c);
    of_class[0] = factor * formula(o, 0).d.v;
    of_class[1] = factor * formula(o, 2).d.v;
    const double of_p = std::fabs(of_class[0]), of_both = o.t.v > 0 ? std::fabs(of_class[1]) : 0;
    const double most = of_p > of_both ? of_p : of_both;
    if (most > tally.steepest) tally.steepest = most;
  }

  /// A value of all classes together.
  LOSSOPS_INLINE double pooled(int64_t g, RegionTally& tally) const {
    double largest = 0;
    bool any = false;
    for (int64_t c = first(); c < classes; ++c) {
      const Overlap<Number> o = overlap(g, c);
      const double w = formula.class_weight(o.t.v);
      if (w < kInfinity && w > largest) largest = w;
      any |= counts(o);
    }
    if (!any) return 0;
    const auto class_weight = [&](int64_t c) {
      const double w = formula.class_weight(overlap(g, c).t.v);
      return (w < kInfinity ? w : largest) * weight_of(c);
    };
    Overlap<Number> all{0, 0, 0, 0};
    for (int64_t c = first(); c < classes; ++c) {
      if (weight_of(c) == 0) continue;
      const Number w = class_weight(c);
      const Overlap<Number> o = overlap(g, c);
      all = {all.p + w * o.p, all.t + w * o.t, all.both + w * o.both, all.n + w * o.n};
    }
    for (int64_t c = first(); c < classes; ++c) {
      if (weight_of(c) != 0) set_slopes(g, c, all, upstream_of(g) * class_weight(c), tally);
    }
    tally.count += 1;
    return formula(all, -1).v.v;
  }
};

}  // namespace lossops::regions
