// Elements of several numbers, side by side in memory, as a register for each of the numbers.
#pragma once

#include <tuple>
#include <utility>

#include "register.h"

namespace lossops {
inline namespace CPU_CAPABILITY {

/// The even and the odd lanes of two registers.
template <class V>
LOSSOPS_INLINE std::pair<V, V> split_lanes(V a, V b) {
  if constexpr (V::kLanes == 1) {
    return {a, b};
  } else {
    const auto [even, odd] = at::vec::deinterleave2(a.v, b.v);
    return {V(even), V(odd)};
  }
}
/// Two registers from their even and odd lanes.
template <class V>
LOSSOPS_INLINE std::pair<V, V> join_lanes(V even, V odd) {
  if constexpr (V::kLanes == 1) {
    return {even, odd};
  } else {
    const auto [a, b] = at::vec::interleave2(even.v, odd.v);
    return {V(a), V(b)};
  }
}

/// Reads one element for each lane.
template <class V, class S>
LOSSOPS_INLINE void load_elements(const S* from, V (&x)[1]) {
  x[0] = V::load(from);
}
template <class V, class S>
LOSSOPS_INLINE void load_elements(const S* from, V (&x)[4]) {
  constexpr int64_t n = V::kLanes;
  const auto [even0, odd0] = split_lanes(V::load(from), V::load(from + n));
  const auto [even1, odd1] = split_lanes(V::load(from + 2 * n), V::load(from + 3 * n));
  std::tie(x[0], x[2]) = split_lanes(even0, even1);
  std::tie(x[1], x[3]) = split_lanes(odd0, odd1);
}

/// Writes them.
template <class V, class S>
LOSSOPS_INLINE void store_elements(const V (&x)[1], S* to) {
  V::store(x[0], to);
}
template <class V, class S>
LOSSOPS_INLINE void store_elements(const V (&x)[4], S* to) {
  constexpr int64_t n = V::kLanes;
  const auto [even0, even1] = join_lanes(x[0], x[2]);
  const auto [odd0, odd1] = join_lanes(x[1], x[3]);
  const auto [a, b] = join_lanes(even0, odd0);
  const auto [c, d] = join_lanes(even1, odd1);
  V::store(a, to);
  V::store(b, to + n);
  V::store(c, to + 2 * n);
  V::store(d, to + 3 * n);
}

}  // namespace CPU_CAPABILITY
}  // namespace lossops
