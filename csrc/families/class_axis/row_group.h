// A group of rows in registers: how their classes are visited, added up, read and written.
//
// `across`: each lane is a row of its own, and a step is a class; the rows' classes are staged in tiles,
// class after class. Otherwise the group is one row, a step is a vector of its classes, and a quantity of the
// row is the same in all lanes.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "../../math/register.h"
#include "../../math/transpose.h"
#include "cpu.h"

namespace lossops::cpu {
inline namespace CPU_CAPABILITY {

template <class S, bool across>
class RowGroup {
 public:
  using T = typename MathOf<S>::type;
  using V = Register<T>;
  static constexpr int64_t kLanes = V::kLanes;
  static constexpr int64_t kRowsAtOnce = across ? kLanes : 1;  ///< rows at once
  /// Elements that are added up in lanes before those sums are.
  static constexpr int64_t kSection = 64 * kLanes;

  /// Vectors of scratch memory. In a softmax over two rows, the second one's lie behind the first one's.
  enum Tile { kZ, kE, kR, kX, kY, kYGrad, kOther };

  struct Step {
    int64_t at;     ///< offset in a tile
    int64_t count;  ///< lanes in use
  };

 protected:
  explicit RowGroup(const RowRun<S>& run)
      : b(run), size_(across ? b.classes * kLanes : (b.classes + kLanes - 1) / kLanes * kLanes) {}

  // -- visiting ----------------------------------------------------------------------------------------

  /// The sum of the values of all rows; `group` computes those that are open.
  template <class F>
  double rows(const F& group) {
    constexpr int64_t kPart = 16 * kRowsAtOnce;  // rows that are added up in lanes
    double sum = 0;
    for (int64_t first = 0; first < b.rows; first += kPart) {
      const int64_t end = std::min(first + kPart, b.rows);
      V part(0);
      for (int64_t row = first; row < end; row += kRowsAtOnce) part = part + (open(row) ? group() : skip());
      sum += sum_of_lanes(across ? part : V::first(part, 1));
    }
    return sum;
  }

  template <class F>
  LOSSOPS_INLINE void each(const F& f) const {
    const int64_t end = across ? size_ : b.classes;
    int64_t at = 0;
    for (; at + kLanes <= end; at += kLanes) f(Step{at, kLanes});
    if (!across && at < end) f(Step{at, end - at});
  }

  /// The sums over the classes of the first n quantities that f gives.
  template <size_t n, class F>
  LOSSOPS_INLINE std::array<V, n> sums(const F& f) const {
    std::array<V, n> out;
    if constexpr (across) {
      out.fill(V(0));
      const int64_t size = size_;
      int64_t at = 0;
      while (at < size) {
        const int64_t end = std::min(at + kSection, size);
        V part[n];
        for (size_t k = 0; k < n; ++k) part[k] = V(0);
        for (; at < end; at += kLanes) {
          const auto x = f(Step{at, kLanes});
          for (size_t k = 0; k < n; ++k) part[k] = part[k] + x[k];
        }
        for (size_t k = 0; k < n; ++k) out[k] = out[k] + part[k];
      }
    } else {
      double sum[n] = {};
      const int64_t classes = b.classes;
      int64_t at = 0;
      while (at < classes) {
        const int64_t end = std::min(at + kSection, classes);
        V even[n], odd[n];
        for (size_t k = 0; k < n; ++k) even[k] = odd[k] = V(0);
        for (; at + 2 * kLanes <= end; at += 2 * kLanes) {
          const auto x = f(Step{at, kLanes});
          const auto y = f(Step{at + kLanes, kLanes});
          for (size_t k = 0; k < n; ++k) even[k] = even[k] + x[k], odd[k] = odd[k] + y[k];
        }
        for (; at < end; at += kLanes) {
          const int64_t count = std::min(kLanes, end - at);
          const auto x = f(Step{at, count});
          for (size_t k = 0; k < n; ++k) even[k] = even[k] + V::first(x[k], count);
        }
        at = end;
        for (size_t k = 0; k < n; ++k) sum[k] += sum_of_lanes(even[k] + odd[k]);
      }
      for (size_t k = 0; k < n; ++k) out[k] = V(sum[k]);
    }
    return out;
  }

  /// The largest over the classes of what f gives; NaN counts for nothing.
  template <class F>
  LOSSOPS_INLINE V maximum(const F& f) const {
    constexpr T kLowest = -std::numeric_limits<T>::infinity();
    if constexpr (across) {
      V even(kLowest), odd(kLowest);
      const int64_t size = size_;
      int64_t at = 0;
      for (; at + 2 * kLanes <= size; at += 2 * kLanes) {
        even = larger(f(Step{at, kLanes}), even);
        odd = larger(f(Step{at + kLanes, kLanes}), odd);
      }
      if (at < size) even = larger(f(Step{at, kLanes}), even);
      return larger(even, odd);
    } else {
      V m[4] = {V(kLowest), V(kLowest), V(kLowest), V(kLowest)};
      const int64_t classes = b.classes;
      int64_t at = 0;
      for (; at + 4 * kLanes <= classes; at += 4 * kLanes) {
        for (int k = 0; k < 4; ++k) m[k] = larger(f(Step{at + k * kLanes, kLanes}), m[k]);
      }
      for (; at < classes; at += kLanes) {
        const int64_t count = std::min(kLanes, classes - at);
        m[0] = larger(V::first(f(Step{at, count}), count, kLowest), m[0]);
      }
      return largest_lane(larger(larger(m[0], m[1]), larger(m[2], m[3])));
    }
  }

  /// In four chains, so that one comparison need not wait for the other.
  LOSSOPS_INLINE static T largest_lane(V v) {
    T x[kLanes];
    V::store(v, x);
    constexpr int64_t kChains = std::min<int64_t>(kLanes, 4);
    for (int64_t l = kChains; l < kLanes; ++l) x[l % kChains] = std::max(x[l % kChains], x[l]);
    return *std::max_element(x, x + kChains);
  }

  // -- quantities of rows ------------------------------------------------------------------------------

  /// f(l) for the l-th row of the group; lanes without a row ask too.
  template <class F>
  LOSSOPS_INLINE static V by_row(const F& f) {
    // Not by way of memory, from which a vector of what was just stored part by part comes late.
    const auto lanes = [&]<size_t... l>(std::index_sequence<l...>) {
      return V::of(static_cast<T>(f(static_cast<int64_t>(l)))...);
    };
    if constexpr (across) {
      return lanes(std::make_index_sequence<kRowsAtOnce>());
    } else {
      return V(static_cast<T>(f(0)));
    }
  }

  /// Reads the labels and weights of the group that starts at a row; false if it is one row that is ignored.
  bool open(int64_t row) {
    first_ = row;
    count_ = std::min(kRowsAtOnce, b.rows - row);
    any_ignored_ = false;
    if (b.label && !b.label_list) {
      label_ = b.label + first_;
      if (count_ < kRowsAtOnce || (b.ignores && has_ignored())) copy_labels();
    }
    if (any_ignored_) keep_ = by_row([&](int64_t l) { return 1 - ignored_[l]; });
    row_scale_ = V(b.value_scale);
    if (b.row_weight) {
      row_scale_ = row_scale_ * (across ? V::load(b.row_weight + first_, count_) : V(b.row_weight[first_]));
    }
    return across || !any_ignored_;
  }

  bool has_ignored() const { return std::count(label_, label_ + kRowsAtOnce, b.ignore_index) > 0; }

  /// Gives ignored rows, and lanes without one, a label that may be read.
  __attribute__((noinline)) void copy_labels() {
    for (int64_t l = 0; l < kRowsAtOnce; ++l) {
      const int64_t label = l < count_ ? label_[l] : 0;
      ignored_[l] = b.ignores && label == b.ignore_index;
      copied_[l] = ignored_[l] ? 0 : label;
      any_ignored_ |= ignored_[l] != 0;
    }
    label_ = copied_;
  }

  /// Makes zero what belongs to rows that are ignored.
  struct UnlessIgnored {
    V keep;
    bool any_ignored;
    LOSSOPS_INLINE V operator()(V x) const {
      return across && any_ignored ? select(keep == V(0), V(0), x) : x;
    }
  };
  UnlessIgnored unless_ignored() const { return {keep_, any_ignored_}; }

  /// Which lanes hold the label's class.
  struct IsLabel {
    V lanes;
    int64_t label;
    LOSSOPS_INLINE auto operator()(Step s) const {
      // The difference is exact for the lanes that matter, however many classes there are.
      return across ? V(s.at / kLanes) == lanes : V::count() == V(label - s.at);
    }
    /// Which hold a class before it.
    LOSSOPS_INLINE auto is_later(Step s) const {
      return across ? V(s.at / kLanes) < lanes : V::count() < V(label - s.at);
    }
  };
  IsLabel is_label() const { return {label_lanes_, label_[0]}; }

  /// Where a row's element for its label lies in a tile.
  LOSSOPS_INLINE int64_t at_label(int64_t l) const { return across ? label_[l] * kLanes + l : label_[0]; }

  /// Stores the rows' values and returns them, 0 in lanes without a row.
  LOSSOPS_INLINE V close(V value) const {
    value = unless_ignored()(value * row_scale_);
    V::store(value, b.value + first_, count_);
    return across ? V::first(value, count_) : value;
  }

  /// Zeros for one row that is ignored.
  V skip() const {
    for (const Plane<S>& to : b.grad) {
      if (to.data) std::fill_n(to.data + first_ * to.row_stride, b.classes, S(0));
    }
    b.value[first_] = 0;
    return V(0);
  }

  // -- memory ------------------------------------------------------------------------------------------

  T* tile(int t, int side = 0) const { return b.work + (t + 4 * side) * size_; }

  /// Of a quantity by class.
  LOSSOPS_INLINE static V by_class(const T* values, Step s) {
    return across ? V(values[s.at / kLanes]) : V::load(values + s.at, s.count);
  }

  LOSSOPS_INLINE static V class_number(Step s) { return across ? V(s.at / kLanes) : V::count() + V(s.at); }

  // What a sweep reads and writes stands in values of its own, not behind `this`, or every store of a vector
  // would have the compiler load it anew.

  /// The classes of the group, in a tile or, for one row, in the plane itself.
  struct Source {
    const T* tile;
    const S* row;
    LOSSOPS_INLINE V operator()(Step s) const {
      return across || !row ? V::load(tile + s.at, s.count) : V::load(row + s.at, s.count);
    }
  };
  LOSSOPS_INLINE Source source(const Plane<const S>& plane, const T* staged) const {
    return {staged, across ? nullptr : plane.data + first_ * plane.row_stride};
  }

  /// Takes them to a plane, or to the tile from which `unstage` does.
  struct Sink {
    T* tile;
    S* rows;
    int64_t class_stride, count;
    LOSSOPS_INLINE void operator()(V v, Step s) const {
      if constexpr (!across) {
        V::store(v, rows + s.at, s.count);
      } else if (class_stride == 1) {
        V::store(v, tile + s.at);
      } else {
        V::store(v, rows + s.at / kLanes * class_stride, count);
      }
    }
  };
  LOSSOPS_INLINE Sink sink(const Plane<S>& plane, T* staged) const {
    return {staged, plane.data + first_ * plane.row_stride, plane.class_stride, count_};
  }

  /// Brings the group's rows of a plane to a tile. `scratch` is another one.
  void stage(const Plane<const S>& from, T* to, T* scratch) const {
    if (from.class_stride != 1) {
      for (int64_t c = 0; c < b.classes; ++c) {
        V::store(V::load(from.data + first_ + c * from.class_stride, count_), to + c * kLanes);
      }
      return;
    }
    const S* const rows = from.data + first_ * from.row_stride;
    if constexpr (std::is_same_v<S, T>) {
      transpose<T>(rows, from.row_stride, to, kLanes, count_, b.classes);
    } else {
      each_run(from.row_stride, [&](int64_t at, int64_t packed, int64_t n) __attribute__((always_inline)) {
        V::store(V::load(rows + at, n), scratch + packed, n);
      });
      transpose<T>(scratch, b.classes, to, kLanes, count_, b.classes);
    }
  }

  /// The group's rows, in vectors: where each lies, and where it does if rows follow one another. Those that
  /// do are one run.
  template <class F>
  LOSSOPS_INLINE void each_run(int64_t row_stride, const F& f) const {
    const bool dense = row_stride == b.classes;
    const int64_t runs = dense ? 1 : count_, length = dense ? count_ * b.classes : b.classes;
    for (int64_t r = 0; r < runs; ++r) {
      int64_t c = 0;
      for (; c + kLanes <= length; c += kLanes) f(r * row_stride + c, r * length + c, kLanes);
      if (c < length) f(r * row_stride + c, r * length + c, length - c);
    }
  }

  /// Stages logits, and the labels beside them, and returns where. Groups of rows that lie side by side are
  /// fetched together with their neighbours: the classes of one group are a cache line each, and far apart.
  const T* stage_logits(int side) {
    label_lanes_ = V::whole(label_);
    const Plane<const S>& from = b.x[side];
    if (from.class_stride == 1 || b.classes > kAheadClasses) {
      stage(from, tile(kX, side), tile(kR, side));
      return tile(kX, side);
    }
    T* const ahead = b.work + (kRowTiles + kAhead * side) * size_;
    const int64_t part = first_ / kLanes % kAhead;
    if (part == 0) {
      for (int64_t c = 0; c < b.classes; ++c) {
        const S* const x = from.data + first_ + c * from.class_stride;
        for (int64_t k = 0; k < kAhead && first_ + k * kLanes < b.rows; ++k) {
          const int64_t count = std::min(kLanes, b.rows - first_ - k * kLanes);
          V::store(V::load(x + k * kLanes, count), ahead + k * size_ + c * kLanes);
        }
      }
    }
    return ahead + part * size_;
  }

  /// Takes rows of which a Sink filled the tile to their plane.
  void unstage(const T* from, const Plane<S>& to, T* scratch) const {
    if (!across || to.class_stride != 1) return;
    S* const rows = to.data + first_ * to.row_stride;
    if constexpr (std::is_same_v<S, T>) {
      transpose<T>(from, kLanes, rows, to.row_stride, b.classes, count_);
    } else {
      transpose<T>(from, kLanes, scratch, b.classes, b.classes, count_);
      each_run(to.row_stride, [&](int64_t at, int64_t packed, int64_t n) __attribute__((always_inline)) {
        V::store(V::load(scratch + packed, n), rows + at, n);
      });
    }
  }

  /// Adds to each row's element for its label.
  LOSSOPS_INLINE void add_at_label(T* tile, V x) const {
    T lane[kLanes];
    V::store(x, lane);
    for (int64_t l = 0; l < count_; ++l) tile[at_label(l)] += lane[l];
  }

  /// Writes each row's element for its label into a plane.
  LOSSOPS_INLINE void store_at_label(V x, const Plane<S>& to) const {
    T lane[kLanes];
    V::store(x, lane);
    S* const rows = to.data + first_ * to.row_stride;
    for (int64_t l = 0; l < count_; ++l) {
      if (!any_ignored_ || !ignored_[l])
        rows[l * to.row_stride + label_[l] * to.class_stride] = static_cast<S>(lane[l]);
    }
  }

  /// Zeros for all rows of the run.
  void clear(const Plane<S>& to) const {
    if (!to.data) return;
    if (to.class_stride == 1 && to.row_stride == b.classes) {
      std::memset(static_cast<void*>(to.data), 0, b.rows * b.classes * sizeof(S));
    } else if (to.class_stride == 1) {
      for (int64_t r = 0; r < b.rows; ++r) std::fill_n(to.data + r * to.row_stride, b.classes, S(0));
    } else {
      for (int64_t c = 0; c < b.classes; ++c) std::fill_n(to.data + c * to.class_stride, b.rows, S(0));
    }
  }

  const RowRun<S> b;
  const int64_t size_;  ///< of a tile

  // Of the group:
  int64_t first_ = 0, count_ = 0;
  int64_t copied_[kRowsAtOnce] = {}, ignored_[kRowsAtOnce] = {};
  const int64_t* label_ = copied_;  ///< by row
  bool any_ignored_ = false;
  V label_lanes_{0}, keep_{1}, row_scale_{1};
};

}  // namespace CPU_CAPABILITY
}  // namespace lossops::cpu
