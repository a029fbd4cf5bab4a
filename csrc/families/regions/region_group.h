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

  /// f(v) for each of them. At::vec's registers are cleared when they are made, arrays of them by a loop.
  template <class F>
  LOSSOPS_INLINE static auto each(const F& f) {
    return [&]<int... v>(std::integer_sequence<int, v...>) __attribute__((always_inline)) {
      return std::array{f(v)...};
    }(std::make_integer_sequence<int, kVectors>());
  }
  LOSSOPS_INLINE static Vectors filled(T x) {
    return each([=](int) __attribute__((always_inline)) { return V(x); });
  }

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

  template <class F>
  void each_group(const F& f) {
    for (first_ = 0; first_ < r.pixels; first_ += kGroup) {
      count_ = std::min(kGroup, r.pixels - first_);
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

  /// The derivative of the regions' loss by p of an element.
  struct Slopes {
    const T* slopes;
    bool squared, soft;
    LOSSOPS_INLINE V operator()(int64_t c, V p, V t) const {
      return regions::slope_by_p(V(slopes[2 * c]), V(slopes[2 * c + 1]), p, t, squared, soft);
    }
  };

  LOSSOPS_INLINE Slopes slopes() const { return {r.slopes, r.squared, r.soft}; }

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
  // What these return is at hand in registers. As members it would be read back from memory, often wider than
  // it was written, which waits until the stores of the group before have reached the cache.
  LOSSOPS_INLINE Classes<const S> logits() const { return source(r.x, x_tile_); }
  /// What a first sweep left in the gradient.
  LOSSOPS_INLINE Classes<const S> kept() const {
    return source({r.grad.data, r.grad.row_stride, r.grad.class_stride}, x_tile_);
  }
  LOSSOPS_INLINE Targets targets() {
    const bool whole = count_ == kGroup, given = r.target.data != nullptr;
    const int64_t bits = whole && r.label ? label_bits() : 0;
    const bool usual = whole && bits >> kLabelBits == 0;
    if (!usual) stage_labels();
    Targets t{given ? source(r.target, target_tile_) : Classes<const S>{},
              each([&](int v) __attribute__((always_inline)) {
                if (!usual) return V::load(labels_ + v * kLanes);
                return r.label ? V::whole(r.label + first_ + v * kLanes) : V(0);
              }),
              given,
              r.classes == 1 ? 1 : 0,
              V(static_cast<T>(r.ignore_index)),
              given && r.ignores,
              !whole};
    const int64_t end = std::max<int64_t>(r.classes, 2);
    const bool drops = r.ignores && r.ignore_index >= 0 && r.ignore_index < end;
    if (r.label && (!whole || drops || bits < 0 || bits >= end)) t.masked |= sort(t.labels, end);
    return t;
  }

 private:
  static constexpr int kLabelBits = 24;  ///< what a float can tell

  /// The bits that occur in any label of the group, of which none is larger.
  LOSSOPS_INLINE int64_t label_bits() const {
    const int64_t* const label = r.label + first_;
    int64_t bits = 0;
#pragma GCC unroll 4
    for (int64_t i = 0; i < kGroup; ++i) bits |= label[i];
    return bits;
  }

  /// One by one, of a part of a group or labels out of the usual range.
  void stage_labels() const {
    std::fill_n(labels_, kGroup, kNoLabel);
    for (int64_t i = 0; i < count_; ++i) {
      const int64_t label = r.label ? r.label[first_ + i] : 0;
      // No label that is one is too large for T; what is ignored may be.
      if (!(r.ignores && r.label && label == r.ignore_index)) labels_[i] = static_cast<T>(label);
    }
  }

  /// Makes kNoLabel of what is ignored, counts what is out of range, and tells whether anything is ignored.
  LOSSOPS_INLINE bool sort(Vectors& labels, int64_t end) {
    const V ignored(r.ignores && r.ignore_index >> kLabelBits == 0 ? static_cast<T>(r.ignore_index)
                                                                   : kNoLabel);
    V drops(0);
    for (V& of : labels) {
      of = select(of == ignored, V(kNoLabel), of);
      wrong_ = wrong_ + select((of < V(0)) | (of >= V(static_cast<T>(end))), V(1), V(0));
      drops = drops + select(of == of, V(0), V(1));
    }
    return r.ignores && sum_of_lanes(drops) > 0;
  }

 protected:
  const RegionRun<S> r;
  T *exponentials_, *derivatives_, *sums_, *labels_;
  S *x_tile_, *target_tile_, *grad_tile_;
  V wrong_{0};                     ///< lanes count what so far is out of range
  int64_t first_ = 0, count_ = 0;  ///< of the group
};

}  // namespace CPU_CAPABILITY
}  // namespace lossops::cpu
