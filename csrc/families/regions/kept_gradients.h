// Gradients of losses of regions where the first sweep left in them all that they need.
#pragma once

#include "region_group.h"

namespace lossops::cpu {
inline namespace CPU_CAPABILITY {

template <class S, Activation activation, int kVectors>
class KeptGradients : RegionGroup<S, kVectors> {
  using Base = RegionGroup<S, kVectors>;
  using Base::derivatives_, Base::exponentials_, Base::flush, Base::kGroup, Base::kLanes, Base::r, Base::sink;
  using typename Base::T, typename Base::V, typename Base::Vectors;

 public:
  static void differentiate(const RegionRun<S>& run) {
    KeptGradients loop(run);
    loop.each_group([&] {
      if constexpr (activation == Activation::Softmax) {
        loop.differentiate_softmax();
      } else {
        loop.differentiate_elements();
      }
      loop.flush();
    });
  }

 private:
  explicit KeptGradients(const RegionRun<S>& run) : Base(run) {}

  LOSSOPS_INLINE void differentiate_elements() const {
    const auto kept = Base::kept();
    const auto to = sink();
    for (int64_t c = 0; c < r.classes; ++c) {
      const V other(r.slopes[2 * c]), label(r.slopes[2 * c] + r.slopes[2 * c + 1]);
      const bool moves = r.slopes[2 * c] != 0 || r.slopes[2 * c + 1] != 0;
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const V of = V::load(kept(c, v));
        // What does not count may be NaN.
        V::store(moves ? abs(of) * select(signbit(of), label, other) : V(0), to(c, v));
      }
    }
  }

  /// As RowRule, by p instead of the exponential.
  LOSSOPS_INLINE void differentiate_softmax() const {
    const auto slopes = Base::slopes();
    const auto kept = Base::kept();
    const bool costs = r.pixel.weight != 0;
    // Read once: planes of classes may lie so that what is read of one looks, by the lower bits of its
    // address, like what was just written of another.
    T *const probabilities = exponentials_, *const derivatives = derivatives_;
    Vectors others = Base::filled(0), top = Base::filled(0), rest = Base::filled(0);
    for (int64_t c = 0; c < r.classes; ++c) {
      const V cost(costs ? -r.pixel_scale * (r.class_weight ? r.class_weight[c] : T(1)) : T(0));
      for (int v = 0; v < kVectors; ++v) {
        const V of = V::load(kept(c, v)), p = abs(of);
        const auto is = signbit(of), is_top = p > V(0.5);
        const V d = slopes(c, p, select(is, V(1), V(0))) * p + select(is, cost, V(0));
        V::store(p, probabilities + c * kGroup + v * kLanes);
        V::store(d, derivatives + c * kGroup + v * kLanes);
        others[v] = others[v] + select(is_top, V(0), d);
        top[v] = top[v] + select(is_top, d, V(0));
        rest[v] = rest[v] + select(is_top, V(0), p);
      }
    }
    const auto to = sink();
    for (int64_t c = 0; c < r.classes; ++c) {
      for (int v = 0; v < kVectors; ++v) {
        const V p = V::load(probabilities + c * kGroup + v * kLanes);
        const V d = V::load(derivatives + c * kGroup + v * kLanes);
        const auto is_top = p > V(0.5);
        V::store(d * select(is_top, rest[v], V(1)) - p * (others[v] + select(is_top, V(0), top[v])),
                 to(c, v));
      }
    }
  }
};

}  // namespace CPU_CAPABILITY
}  // namespace lossops::cpu
