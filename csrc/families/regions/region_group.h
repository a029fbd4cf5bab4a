// A group of pixels in registers, of losses of regions: how they lie in memory, and what their target is.
#pragma once

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "../../math/register.h"
#include "../../math/transpose.h"
#include "cpu.h"

namespace lossops::cpu {
inline namespace CPU_CAPABILITY {

/// `kVectors` of pixels at once, one to a lane.
template <class S, int kVectors>
class RegionGroup {
 protected:
  using T = typename MathOf<S>::type;
  using V = Register<T>;
  static constexpr int64_t kLanes = V::kLanes;
  static constexpr int64_t kGroup = kVectors * kLanes;
  static constexpr T kNoLabel = std::numeric_limits<T>::quiet_NaN();
  using Vectors = std::array<V, kVectors>;

  explicit RegionGroup(const RegionRun<S>& run) : r(run) {
    const int64_t tile = r.classes * kGroup;
    T* next = r.work;
    for (T** of : {&exponentials_, &derivatives_}) *of = std::exchange(next, next + tile);
    sums_ = std::exchange(next, next + kRegionSums * r.classes * kLanes);
    std::fill_n(sums_, kRegionSums * r.classes * kLanes, T(0));
    labels_ = std::exchange(next, next + kGroup);
    std::fill_n(labels_, kGroup, T(0));
    S* staged = r.staging;
    for (S** of : {&x_tile_, &target_tile_, &grad_tile_}) *of = std::exchange(staged, staged + tile);
  }

  LOSSOPS_INLINE static double total(V v) {
    T lane[kLanes];
    V::store(v, lane);
    double sum = 0;
    for (const T x : lane) sum += x;
    return sum;
  }

  template <class F>
  void each_group(const F& f) {
    for (first_ = 0; first_ < r.pixels; first_ += kGroup) {
      count_ = std::min(kGroup, r.pixels - first_);
      x_ = source(r.x, x_tile_);
      if (r.target.data) target_ = source(r.target, target_tile_);
      read_labels();
      f();
    }
  }

  /// Where a class's pixels lie one after the other: in the plane, or staged in a tile.
  template <class P>
  struct Classes {
    P* data;
    int64_t stride;
    LOSSOPS_INLINE P* operator()(int64_t c, int v) const { return data + c * stride + v * kLanes; }
  };
  template <class P>
  bool in_place(const Plane<P>& plane) const {
    return count_ == kGroup && plane.row_stride == 1 && (plane.class_stride != 1 || r.classes == 1);
  }
  Classes<const S> source(const Plane<const S>& plane, S* tile) const {
    const S* const from = plane.data + first_ * plane.row_stride;
    if (in_place(plane)) return {from, plane.class_stride};
    const bool by_class = plane.class_stride != 1 || r.classes == 1;
    for (int64_t c = 0; c < r.classes; ++c) std::fill_n(tile + c * kGroup + count_, kGroup - count_, S(0));
    if (by_class && plane.row_stride == 1) {
      for (int64_t c = 0; c < r.classes; ++c) {
        std::copy_n(from + c * plane.class_stride, count_, tile + c * kGroup);
      }
    } else {
      transposed(from, plane.row_stride, tile, kGroup, count_, r.classes);
    }
    return {tile, kGroup};
  }
  Classes<S> sink() const {
    if (in_place(r.grad)) return {r.grad.data + first_, r.grad.class_stride};
    return {grad_tile_, kGroup};
  }
  void flush() const {
    if (in_place(r.grad)) return;
    S* const to = r.grad.data + first_ * r.grad.row_stride;
    if ((r.grad.class_stride != 1 || r.classes == 1) && r.grad.row_stride == 1) {
      for (int64_t c = 0; c < r.classes; ++c) {
        std::copy_n(grad_tile_ + c * kGroup, count_, to + c * r.grad.class_stride);
      }
    } else {
      transposed(grad_tile_, kGroup, to, r.grad.row_stride, r.classes, count_);
    }
  }
  static void transposed(const S* from, int64_t from_stride, S* to, int64_t to_stride, int64_t rows,
                         int64_t columns) {
    if constexpr (std::is_same_v<S, T>) {
      transpose<T>(from, from_stride, to, to_stride, rows, columns);
    } else {
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = 0; j < columns; ++j) to[j * to_stride + i] = from[i * from_stride + j];
      }
    }
  }

  /// As numbers: what is ignored or beyond the last pixel has a label that is none.
  void read_labels() {
    masked_ = count_ < kGroup;
    if (r.label) {
      convert_labels();
      const V end(static_cast<T>(std::max<int64_t>(r.classes, 2)));
      V drops(0);
      for (int64_t i = 0; i < kGroup; i += kLanes) {
        const V of = V::load(labels_ + i);
        wrong_ = wrong_ + select((of < V(0)) | (of >= end), V(1), V(0));
        drops = drops + select(of == of, V(0), V(1));
      }
      if (r.ignores) masked_ |= total(drops) > 0;
    } else if (masked_) {
      std::fill_n(labels_, kGroup, T(0));
    }
    if (count_ < kGroup) std::fill(labels_ + count_, labels_ + kGroup, kNoLabel);
  }

  /// Those that are ignored become kNoLabel. Those of a few bits are converted in vectors everywhere.
  void convert_labels() {
    T* const labels = labels_;
    const int64_t* const label = r.label + first_;
    const int64_t count = count_, ignored = r.ignores ? r.ignore_index : -1;
    int64_t bits = 0;
    for (int64_t i = 0; i < count; ++i) bits |= label[i];
    if (bits >> 24 == 0) {
      for (int64_t i = 0; i < count; ++i) labels[i] = static_cast<T>(static_cast<int32_t>(label[i]));
      const V none(ignored >> 24 == 0 ? static_cast<T>(ignored) : T(-1));
      for (int64_t i = 0; r.ignores && i < kGroup; i += kLanes) {
        const V of = V::load(labels + i);
        V::store(select(of == none, V(kNoLabel), of), labels + i);
      }
    } else {
      for (int64_t i = 0; i < count; ++i) {
        // No label that is one is too large for T; what is ignored may be.
        labels[i] = r.ignores && label[i] == ignored ? kNoLabel : static_cast<T>(label[i]);
      }
    }
  }

  /// The target of a class, and what counts of it.
  struct Targets {
    Classes<const S> given;
    Vectors labels;
    bool is_given;
    int64_t first;  ///< class
    V ignored;
    bool ignores;  ///< element by element
    bool masked;   ///< pixels

    LOSSOPS_INLINE V operator()(int64_t c, int v) const {
      return is_given ? V::load(given(c, v)) : select(is(c, v), V(1), V(0));
    }
    LOSSOPS_INLINE auto is(int64_t c, int v) const { return labels[v] == V(static_cast<T>(c + first)); }
    LOSSOPS_INLINE V keeps(V t, int v) const {
      const V pixel = select(labels[v] == labels[v], V(1), V(0));
      return ignores ? select(t == ignored, V(0), pixel) : pixel;
    }
    /// 0 where the element does not count.
    LOSSOPS_INLINE V of(V x, V t, int v) const {
      return masked || ignores ? select(keeps(t, v) == V(0), V(0), x) : x;
    }
  };
  LOSSOPS_INLINE Targets targets() const {
    Targets t{target_,
              {},
              r.target.data != nullptr,
              r.classes == 1 ? 1 : 0,
              V(static_cast<T>(r.ignore_index)),
              r.target.data && r.ignores,
              masked_};
    for (int v = 0; v < kVectors; ++v) t.labels[v] = V::load(labels_ + v * kLanes);
    return t;
  }

  const RegionRun<S> r;
  T *exponentials_, *derivatives_, *sums_, *labels_;
  S *x_tile_, *target_tile_, *grad_tile_;
  V wrong_{0};  ///< lanes count what so far is out of range
  // Of the group:
  int64_t first_ = 0, count_ = 0;
  Classes<const S> x_{}, target_{};
  bool masked_ = false;  ///< some of its pixels do not count
};

}  // namespace CPU_CAPABILITY
}  // namespace lossops::cpu
