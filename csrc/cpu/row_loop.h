// The one kernel of losses over the class axis: evaluates any of their expressions on a run of rows.
//
// A row's logits are swept for their maximum, again for the sum of exponentials, which it keeps, and once more
// for the gradient. All sweeps but the first find the row in the cache. If more than the label's class counts,
// a sweep in between takes every class's derivative r by its log-probability; then
//
//   dl/dz_j = r_j - p_j sum(r)
//
// where for the largest class, whose p_j may be 1 and whose r_j without bound, r_j (1 - p_j) - p_j sum(r of the
// others) is the same without cancellation.
//
// `across`: each lane is a row of its own, and a step is a class; otherwise a step is a vector of classes.
#pragma once

#include <array>

#include "cpu/rows.h"
#include "math/register.h"
#include "math/row_expression.h"
#include "math/transpose.h"

namespace lossops::cpu {
inline namespace CPU_CAPABILITY {

/// Elements that are added up in lanes before they go into a double.
constexpr int64_t kSection = 1024;

template <class E, class S, bool across>
class RowLoop {
  using T = typename MathOf<S>::type;
  using V = Register<T>;
  using R = std::conditional_t<across, V, Scalar<T>>;  ///< a quantity of a row
  static constexpr int64_t kLanes = V::kLanes;
  static constexpr int64_t kGroup = across ? kLanes : 1;  ///< rows at once
  static constexpr int kSides = sides<E>();
  static constexpr bool kSoftmax = center<E>() == Center::kSoftmax;
  /// Only misses have a derivative without bound where p is near 1.
  static constexpr bool kExactTop = kSoftmax && Misses<E>;
  static constexpr bool kHits = HitsOneSide<E> || HitsTwoSides<E>;

 public:
  static double run(const double* params, const RowRun<S>& run) {
    RowLoop loop(params, run);
    double sum = 0;
    for (int64_t row = 0; row < run.rows; row += kGroup) {
      loop.first_ = row;
      loop.count_ = std::min(kGroup, run.rows - row);
      sum += loop.group();
    }
    return sum;
  }

 private:
  /// The tiles of scratch memory. In a softmax over two rows, the second one's lie behind the first one's.
  enum Tile { kZ, kE, kR, kX, kY, kYGrad, kMiss };

  struct Step {
    int64_t at;     ///< offset in a tile
    int64_t count;  ///< lanes in use
  };

  RowLoop(const double* params, const RowRun<S>& run)
      : b(run),
        e(make_expression<E>(params)),
        size_(across ? b.classes * kLanes : (b.classes + kLanes - 1) / kLanes * kLanes),
        wants_grad_(b.grad[0].data || b.grad[1].data || b.probability_grad.data) {
    if constexpr (MapsLogits<E>) mapped_ = e.maps();
    smooth_ = kHits && kSides == 1 && b.smoothing > 0;
    dense_ = kSides == 2 || Misses<E> || b.probability.data || smooth_;
  }

  T* tile(int t, int side = 0) const { return b.work + (t + 4 * side) * size_; }

  LOSSOPS_INLINE static V spread(R r) {
    if constexpr (std::is_same_v<R, V>) {
      return r;
    } else {
      return V(r.v);
    }
  }
  LOSSOPS_INLINE static RowCenter<V> spread(const RowCenter<R>& r) {
    return {spread(r.center), spread(r.rest), spread(r.log_sum), spread(r.share), spread(r.log_rest)};
  }

  /// A quantity of each row of the group; lanes without a row count too.
  template <class F>
  LOSSOPS_INLINE static R by_row(const F& f) {
    T lane[kGroup];
    for (int64_t l = 0; l < kGroup; ++l) lane[l] = static_cast<T>(f(l));
    return R::load(lane);
  }

  /// Combines the lanes in pairs.
  template <class X, class F>
  LOSSOPS_INLINE static X folded(V v, const F& f) {
    T lane[kLanes];
    V::store(v, lane);
    constexpr int64_t kChains = std::min<int64_t>(kLanes, 4);
    X x[kChains];
    for (int64_t l = 0; l < kChains; ++l) x[l] = lane[l];
    for (int64_t l = kChains; l < kLanes; ++l) x[l % kChains] = f(x[l % kChains], lane[l]);
    for (int64_t l = 1; l < kChains; ++l) x[0] = f(x[0], x[l]);
    return x[0];
  }
  static double total(V v) {
    return folded<double>(v, [](double a, double b) { return a + b; });
  }

  /// Visits every class.
  template <class F>
  LOSSOPS_INLINE void each(const F& f) const {
    const int64_t end = across ? size_ : b.classes;
    int64_t at = 0;
    for (; at + kLanes <= end; at += kLanes) f(Step{at, kLanes});
    if (!across && at < end) f(Step{at, end - at});
  }

  /// The sums over the classes of the n quantities that f gives.
  template <size_t n, class F>
  LOSSOPS_INLINE std::array<R, n> sums(const F& f) const {
    std::array<R, n> out;
    if constexpr (across) {
      out.fill(R(0));
      for (int64_t at = 0; at < size_; at += kLanes) {
        const auto x = f(Step{at, kLanes});
        for (size_t k = 0; k < n; ++k) out[k] = out[k] + x[k];
      }
    } else {
      double sum[n] = {};
      int64_t at = 0;
      while (at < b.classes) {
        const int64_t end = std::min(at + kSection, b.classes);
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
        for (size_t k = 0; k < n; ++k) sum[k] += total(even[k] + odd[k]);
      }
      for (size_t k = 0; k < n; ++k) out[k] = R(sum[k]);
    }
    return out;
  }

  template <class F>
  LOSSOPS_INLINE R maximum(const F& f) const {
    constexpr T kLowest = -std::numeric_limits<T>::infinity();
    if constexpr (across) {
      R m(kLowest);
      for (int64_t at = 0; at < size_; at += kLanes) m = larger(f(Step{at, kLanes}), m);
      return m;
    } else {
      V m[4] = {V(kLowest), V(kLowest), V(kLowest), V(kLowest)};
      int64_t at = 0;
      for (; at + 4 * kLanes <= b.classes; at += 4 * kLanes) {
        for (int k = 0; k < 4; ++k) m[k] = larger(f(Step{at + k * kLanes, kLanes}), m[k]);
      }
      for (; at < b.classes; at += kLanes) {
        const int64_t count = std::min(kLanes, b.classes - at);
        m[0] = larger(V::first(f(Step{at, count}), count, kLowest), m[0]);
      }
      return folded<T>(larger(larger(m[0], m[1]), larger(m[2], m[3])),
                       [](T a, T b) { return a > b ? a : b; });
    }
  }

  // -- memory ------------------------------------------------------------------------------------------

  /// The group's rows of a plane, a class after the other. `scratch` is a tile that is free.
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
      for (int64_t l = 0; l < count_; ++l) {
        for (int64_t c = 0; c < b.classes; c += kLanes) {
          const int64_t n = std::min(kLanes, b.classes - c);
          V::store(V::load(rows + l * from.row_stride + c, n), scratch + l * b.classes + c, n);
        }
      }
      transpose<T>(scratch, b.classes, to, kLanes, count_, b.classes);
    }
  }

  /// Brings the group's logits to x_. Neighbouring groups of rows that lie side by side are fetched together:
  /// the classes of one group are a cache line each, and far apart.
  void stage_logits(int side) {
    const Plane<const S>& from = b.x[side];
    if (from.class_stride == 1) {
      x_[side] = tile(kX, side);
      return stage(from, tile(kX, side), tile(kR, side));
    }
    T* const ahead = tile(kRowTiles + kAhead * side);
    const int64_t part = first_ / kLanes % kAhead;
    x_[side] = ahead + part * size_;
    if (part != 0) return;
    for (int64_t c = 0; c < b.classes; ++c) {
      const S* const x = from.data + first_ + c * from.class_stride;
      for (int64_t k = 0; k < kAhead && first_ + k * kLanes < b.rows; ++k) {
        const int64_t count = std::min(kLanes, b.rows - first_ - k * kLanes);
        V::store(V::load(x + k * kLanes, count), ahead + k * size_ + c * kLanes);
      }
    }
  }

  /// The way back.
  void unstage(const T* from, const Plane<S>& to, T* scratch) const {
    if (to.class_stride != 1) {
      for (int64_t c = 0; c < b.classes; ++c) {
        V::store(V::load(from + c * kLanes), to.data + first_ + c * to.class_stride, count_);
      }
      return;
    }
    S* const rows = to.data + first_ * to.row_stride;
    if constexpr (std::is_same_v<S, T>) {
      transpose<T>(from, kLanes, rows, to.row_stride, b.classes, count_);
    } else {
      transpose<T>(from, kLanes, scratch, b.classes, b.classes, count_);
      for (int64_t l = 0; l < count_; ++l) {
        for (int64_t c = 0; c < b.classes; c += kLanes) {
          const int64_t n = std::min(kLanes, b.classes - c);
          V::store(V::load(scratch + l * b.classes + c, n), rows + l * to.row_stride + c, n);
        }
      }
    }
  }

  LOSSOPS_INLINE V load(const Plane<const S>& plane, const T* staged, Step s) const {
    if constexpr (across) {
      return V::load(staged + s.at);
    } else {
      return V::load(plane.data + first_ * plane.row_stride + s.at, s.count);
    }
  }
  LOSSOPS_INLINE V raw(int side, Step s) const { return load(b.x[side], x_[side], s); }
  LOSSOPS_INLINE V logit(int side, Step s) const {
    return mapped_ ? V::load(tile(kZ, side) + s.at, s.count) : raw(side, s);
  }
  /// Of a quantity by class.
  LOSSOPS_INLINE V by_class(const T* values, Step s) const {
    return across ? V(values[s.at / kLanes]) : V::load(values + s.at, s.count);
  }
  /// Where a row's element for its label lies in a tile.
  LOSSOPS_INLINE int64_t at_label(int64_t l) const { return across ? label_[l] * kLanes + l : label_[0]; }
  LOSSOPS_INLINE T raw_at_label(int64_t l) const {
    return across ? x_[0][at_label(l)]
                  : static_cast<T>(b.x[0].data[first_ * b.x[0].row_stride + label_[0]]);
  }
  LOSSOPS_INLINE T logit_at_label(int64_t l) const {
    return mapped_ ? tile(kZ)[at_label(l)] : raw_at_label(l);
  }
  /// Which lanes hold the label's class.
  LOSSOPS_INLINE auto is_label(Step s) const {
    if constexpr (across) {
      return label_lanes_ == V(s.at / kLanes);
    } else {
      return V::count_from(s.at) == V(label_[0]);
    }
  }

  // -- a group of rows ---------------------------------------------------------------------------------

  double group() {
    if (!read_labels()) return clear();
    for (int side = 0; side < kSides; ++side) read_logits(side);
    if constexpr (Misses<E> && !kSoftmax) {
      if (b.label_list) return list_group();
    }
    RowCenter<R> center[kSides];
    for (int side = 0; side < kSides; ++side) center[side] = normalize(side);

    R value(0), slope(0);  // of the label's class alone
    if constexpr (HitsOneSide<E>) {
      if (!b.probability.data) {
        R weight(1 - b.smoothing);
        if (b.hit_weight) weight = weight * by_row([&](int64_t l) { return b.hit_weight[label_[l]]; });
        label_logit_ = by_row([&](int64_t l) { return logit_at_label(l); });
        const Dual<R> hit = e.hit(label_probability<Dual<R>>(center[0]));
        value = scaled(weight, hit.v);
        slope = scaled(weight, hit.d);
      }
    }
    std::array<Sums, kSides> sums{};
    if (dense_) {
      if constexpr (kSides == 2) {
        value = every_pair(center, sums);
      } else {
        value = value + every_class(center[0], sums[0]);
      }
    }
    R row_slope(0);
    if constexpr (HasRowTerm<E>) {
      const Dual<R> term = e.row(Dual<R>(center[0].center + center[0].log_sum, R(1)));
      value = value + term.v;
      row_slope = term.d;
    }
    for (int side = 0; side < kSides; ++side) {
      if (b.grad[side].data) write_grad(side, center[side], sums[side], slope, row_slope);
    }
    return finish(value);
  }

  /// Whether any row of the group counts.
  bool read_labels() {
    any_ignored_ = false;
    if (b.label && !b.label_list) {
      int64_t padded[kGroup];
      const int64_t* label = b.label + first_;
      if (count_ < kGroup) {
        std::fill(std::copy_n(label, count_, padded), padded + kGroup, 0);
        label = padded;
      }
      int64_t ignored = 0;
      for (int64_t l = 0; l < kGroup; ++l) {
        ignored_[l] = b.ignores & (label[l] == b.ignore_index);
        label_[l] = ignored_[l] ? 0 : label[l];
        ignored |= ignored_[l];
      }
      any_ignored_ = ignored != 0;
    }
    keep_ = any_ignored_ ? by_row([&](int64_t l) { return 1 - ignored_[l]; }) : R(1);
    if constexpr (across) label_lanes_ = by_row([&](int64_t l) { return label_[l]; });
    row_scale_ = R(b.value_scale);
    if (b.row_weight) row_scale_ = row_scale_ * R::load(b.row_weight + first_, count_);
    return across || !any_ignored_;
  }

  /// Zeros for an ignored row.
  double clear() {
    for (int side = 0; side < kSides; ++side) {
      if (b.grad[side].data) std::fill_n(b.grad[side].data + first_ * b.grad[side].row_stride, b.classes, S(0));
    }
    b.value[first_] = 0;
    return 0;
  }

  void read_logits(int side) {
    if constexpr (across) stage_logits(side);
    if constexpr (MapsLogits<E>) {
      if (!mapped_) return;
      T* const z = tile(kZ, side);
      each([&](Step s) __attribute__((always_inline)) {
        const V log_prior = b.log_prior ? by_class(b.log_prior, s) : V(0);
        V::store(map_logit(e, raw(side, s), log_prior), z + s.at, s.count);
      });
      if constexpr (MapsTarget<E>) {
        for (int64_t l = 0; l < count_; ++l) z[at_label(l)] = e.target_logit(Scalar<T>(raw_at_label(l))).v;
      }
    }
  }

  RowCenter<R> normalize(int side) {
    if constexpr (center<E>() == Center::kNone) return RowCenter<R>::plain(R(0));
    if constexpr (center<E>() == Center::kTarget) {
      return RowCenter<R>::plain(by_row([&](int64_t l) { return logit_at_label(l); }));
    }
    const R largest = maximum([&](Step s) __attribute__((always_inline)) { return logit(side, s); });
    R rest = exponentials(side, largest, R(0));
    if constexpr (Misses<E>) {
      // ln(1 - p) of the largest class needs the sum of the others even where it underflows: raised by `lift`.
      const R at_label = by_row([&](int64_t l) { return logit_at_label(l); });
      const auto far = (rest < R(std::numeric_limits<T>::min() * 1e6)) & (at_label < largest);
      T lane[kGroup];
      R::store(select(far, R(1), R(0)), lane);
      if (std::find(lane, lane + count_, T(1)) != lane + count_) {
        const V top = spread(largest);
        const R second = maximum([&](Step s) __attribute__((always_inline)) {
          const V z = logit(side, s);
          return select(z == top, V(-std::numeric_limits<T>::infinity()), z);
        });
        const R gap = largest - second;
        const R lift = select(far & (gap < R(std::numeric_limits<T>::infinity())), gap - 64, R(0));
        rest = exponentials(side, largest, lift);
        auto center = RowCenter<R>::softmax(largest, rest);
        center.log_rest = log(rest) - lift;
        return center;
      }
    }
    auto center = RowCenter<R>::softmax(largest, rest);
    if constexpr (Misses<E>) center.log_rest = log(rest);
    return center;
  }

  /// Keeps e^(z - largest + lift), the largest's without lift, and returns their sum without the largest's.
  R exponentials(int side, R largest, R lift) {
    const bool keeps = wants_grad_ || dense_;
    T* const kept = tile(kE, side);
    const V top = spread(largest), up = spread(lift);
    const auto [others, tops] = this->template sums<2>([&](Step s) __attribute__((always_inline)) {
      V d = logit(side, s) - top;
      const auto is_top = d == V(0);
      if constexpr (Misses<E>) d = select(is_top, d, d + up);
      const V x = exp(d);
      if (keeps) V::store(x, kept + s.at, s.count);
      return std::array<V, 2>{select(is_top, V(0), x), select(is_top, V(1), V(0))};
    });
    // What is below the normal range has no reciprocal.
    const R rest = others + (tops - R(1));
    return select(rest < R(std::numeric_limits<T>::min()), R(0), rest);
  }

  template <class X>
  LOSSOPS_INLINE Probability<X> label_probability(const RowCenter<R>& center) const {
    const R d = label_logit_ - center.center;
    return {d, kSoftmax ? exp(d) : R(0), center};
  }

  template <class X>
  LOSSOPS_INLINE Probability<X> probability(int side, const RowCenter<V>& center, Step s) const {
    const V d = logit(side, s) - center.center;
    return {d, kSoftmax ? V::load(tile(kE, side) + s.at, s.count) : V(0), center};
  }

  /// The sums of derivatives by log-probabilities: over all classes, or with kExactTop all but the largest.
  struct Sums {
    R others{0}, top{0};
  };

  /// Values of every class; leaves their derivatives in tile kR.
  R every_class(const RowCenter<R>& row_center, Sums& out) {
    const RowCenter<V> center = spread(row_center);
    const V base(b.smoothing / b.classes);
    const V kept(1 - b.smoothing);
    if constexpr (across) {
      if (b.probability.data) stage(b.probability, tile(kY), tile(kR));
      if (b.miss_weight) {
        for (int64_t l = 0; l < count_; ++l) {
          for (int64_t c = 0; c < b.classes; ++c) {
            tile(kMiss)[c * kLanes + l] = b.miss_weight[label_[l] * b.classes + c];
          }
        }
      }
    }
    const T* const miss_row =
        across ? tile(kMiss) : b.miss_weight ? b.miss_weight + label_[0] * b.classes : nullptr;
    const V label_weight =
        b.label_weight ? spread(by_row([&](int64_t l) { return b.label_weight[label_[l]]; })) : V(1);
    const V target_scale = spread(row_scale_) * V(b.grad_scale) * kept;
    const bool target_grad = b.probability_grad.data != nullptr;

    const auto sums = this->template sums<kExactTop ? 3 : 2>([&](Step s) __attribute__((always_inline)) {
      const auto p = probability<Dual<V>>(0, center, s);
      V v(0), r(0);
      if (kHits && (b.probability.data || smooth_)) {
        const V class_weight = b.hit_weight ? by_class(b.hit_weight, s) : V(1);
        V y = base;
        if (b.probability.data) y = y + kept * load(b.probability, tile(kY), s);
        const V weight = y * class_weight;
        if constexpr (HitsOneSide<E>) {
          const Dual<V> hit = e.hit(p);
          v = scaled(weight, hit.v);
          r = scaled(weight, hit.d);
          if (target_grad) store_target_grad(scaled(class_weight, hit.v) * target_scale, s);
        }
      }
      if constexpr (Misses<E>) {
        const V weight = (b.miss_weight ? V::load(miss_row + s.at, s.count) : V(1)) * label_weight;
        const Dual<V> miss = e.miss(p);
        const auto hits = is_label(s);
        v = v + select(hits, V(0), scaled(weight, miss.v));
        r = r + select(hits, V(0), scaled(weight, miss.d));
      }
      V::store(r, tile(kR) + s.at, s.count);
      if constexpr (kExactTop) {
        const auto is_top = probability<V>(0, center, s).is_top();
        return std::array<V, 3>{v, select(is_top, V(0), r), select(is_top, r, V(0))};
      } else {
        return std::array<V, 2>{v, r};
      }
    });
    out = {sums[1], kExactTop ? sums.back() : R(0)};
    if (across && target_grad) unstage(tile(kYGrad), b.probability_grad, tile(kY));
    return sums[0];
  }

  LOSSOPS_INLINE void store_target_grad(V grad, Step s) const {
    if constexpr (across) {
      if (any_ignored_) grad = select(spread(keep_) == V(0), V(0), grad);
      V::store(grad, tile(kYGrad) + s.at, s.count);
    } else {
      V::store(grad, b.probability_grad.data + first_ * b.probability_grad.row_stride + s.at, s.count);
    }
  }

  /// The same for a pair of rows.
  R every_pair(const RowCenter<R>* row_center, std::array<Sums, kSides>& out) {
    const RowCenter<V> center[] = {spread(row_center[0]), spread(row_center[1])};
    const auto sums = this->template sums<3>([&](Step s) __attribute__((always_inline)) {
      std::array<V, 3> x{V(0), V(0), V(0)};
      const auto visit = [&](int side, const Dual<V>& hit) __attribute__((always_inline)) {
        x[0] = hit.v;
        x[1 + side] = hit.d;
        V::store(hit.d, tile(kR, side) + s.at, s.count);
      };
      visit(0, e.hit(probability<Dual<V>>(0, center[0], s), probability<V>(1, center[1], s)));
      if (b.grad[1].data) {
        visit(1, e.hit(probability<V>(0, center[0], s), probability<Dual<V>>(1, center[1], s)));
      }
      return x;
    });
    out = {Sums{sums[1]}, Sums{sums[2]}};
    return sums[0];
  }

  void write_grad(int side, const RowCenter<R>& row_center, Sums sums, R slope, R row_slope) {
    const R scale = row_scale_ * R(b.grad_scale);
    const RowCenter<V> center = spread(row_center);
    T* const r = tile(kR, side);
    R label_grad(0);
    if constexpr (HitsOneSide<E>) {
      if constexpr (kSoftmax) {
        const auto p = label_probability<R>(row_center);
        const auto in_top = p.is_top();
        if (kExactTop) sums.top = sums.top + select(in_top, slope, R(0));
        sums.others = sums.others + (kExactTop ? select(in_top, R(0), slope) : slope);
        label_grad = slope * p.q() + row_slope * p.p();
      } else {
        label_grad = slope;
      }
    }
    if (dense_ && kSides == 1) {
      const R extra = center_is_label() ? R(0) - sums.others : slope;
      add_at_label(r, extra);
    }
    sums.others = sums.others - row_slope;
    const V others = spread(sums.others), all = spread(sums.others + sums.top), factor = spread(scale);
    const V keep = spread(keep_);
    const V top_left = center.rest * center.share;
    // Where the label's logit is mapped in its own way: its slope over that of the others.
    V ratio(1);
    if constexpr (MapsTarget<E>) ratio = spread(by_row([&](int64_t l) { return label_slope(l) / other_slope(l); }));
    each([&](Step s) __attribute__((always_inline)) {
      V g;
      if constexpr (!kSoftmax) {
        g = dense_ ? V::load(r + s.at, s.count) : V(0);
      } else {
        const V x = V::load(tile(kE, side) + s.at, s.count);
        const V p = x * center.share;
        if (dense_) {
          const V d = V::load(r + s.at, s.count);
          g = d - p * all;
          if constexpr (kExactTop) {
            const auto is_top = (x == V(1)) & (center.rest < V(1));
            g = select(is_top, d * top_left - p * others, g);
          }
        } else {
          g = -(p * all);
        }
      }
      if (across && !dense_) g = select(is_label(s), spread(label_grad), g);
      if constexpr (MapsTarget<E>) g = select(is_label(s), g * ratio, g);
      store_grad(side, g * factor, keep, s);
    });
    if (!across && !dense_) set_label_grad(side, label_grad * scale);
    if (across && b.grad[side].class_stride == 1) unstage(tile(kR, side), b.grad[side], tile(kE, side));
  }

  static constexpr bool center_is_label() { return center<E>() == Center::kTarget; }

  void add_at_label(T* tile, R r) const {
    T lane[kGroup];
    R::store(r, lane);
    for (int64_t l = 0; l < count_; ++l) tile[at_label(l)] += lane[l];
  }

  LOSSOPS_INLINE void store_grad(int side, V g, V keep, Step s) const {
    if constexpr (MapsLogits<E>) {
      if (mapped_) {
        const V log_prior = b.log_prior ? by_class(b.log_prior, s) : V(0);
        g = g * derivative_of(map_logit(e, Dual<V>(raw(side, s), V(1)), Dual<V>(log_prior)));
      }
    }
    if (any_ignored_) g = select(keep == V(0), V(0), g);
    const Plane<S>& to = b.grad[side];
    if constexpr (!across) {
      V::store(g, to.data + first_ * to.row_stride + s.at, s.count);
    } else if (to.class_stride == 1) {
      V::store(g, tile(kR, side) + s.at);
    } else {
      V::store(g, to.data + first_ + s.at / kLanes * to.class_stride, count_);
    }
  }

  /// Writes the gradient by the row's label, of which the sweep knew nothing.
  void set_label_grad(int side, R grad) const {
    if constexpr (!across) {
      const Plane<S>& to = b.grad[side];
      to.data[first_ * to.row_stride + label_[0]] = static_cast<S>(grad.v * label_slope(0));
    }
  }

  /// dz/dx of the label's logit, and what it would be for another class.
  T label_slope(int64_t l) const {
    if constexpr (MapsTarget<E>) {
      return derivative_of(e.target_logit(Dual<Scalar<T>>(raw_at_label(l), 1))).v;
    } else {
      return other_slope(l);
    }
  }
  T other_slope(int64_t l) const {
    if constexpr (MapsLogits<E>) {
      if (mapped_) {
        const Scalar<T> log_prior = b.log_prior ? b.log_prior[label_[l]] : T(0);
        return derivative_of(map_logit(e, Dual<Scalar<T>>(raw_at_label(l), 1), Dual<Scalar<T>>(log_prior))).v;
      }
    }
    return 1;
  }

  double finish(R value) {
    value = value * row_scale_;
    if (any_ignored_) value = select(keep_ == R(0), R(0), value);
    T lane[kGroup];
    R::store(value, lane);
    double sum = 0;
    for (int64_t l = 0; l < count_; ++l) {
      b.value[first_ + l] = lane[l];
      sum += lane[l];
    }
    return sum;
  }

  /// A row with several labels: against each of them, all classes that are not labels.
  double list_group() {
    if constexpr (!across && Misses<E> && !kSoftmax) {
      T* const r = tile(kR);
      T* const counts = tile(kMiss);
      std::fill_n(r, size_, T(0));
      std::fill_n(counts, size_, T(1));
      const int64_t* const labels = b.label + first_ * b.classes;
      int64_t n = 0;
      while (n < b.classes && labels[n] >= 0) counts[labels[n++]] = 0;
      R value(0);
      for (int64_t i = 0; i < n; ++i) {
        label_[0] = labels[i];
        const RowCenter<V> center = spread(RowCenter<R>::plain(R(logit_at_label(0))));
        const auto [v, slope] = this->template sums<2>([&](Step s) __attribute__((always_inline)) {
          const V weight = V::load(counts + s.at, s.count);
          const Dual<V> miss = e.miss(probability<Dual<V>>(0, center, s));
          const V d = scaled(weight, miss.d);
          V::store(V::load(r + s.at, s.count) + d, r + s.at, s.count);
          return std::array<V, 2>{scaled(weight, miss.v), d};
        });
        value = value + v;
        add_at_label(r, R(0) - slope);
      }
      if (b.grad[0].data) {
        const V factor = spread(row_scale_ * R(b.grad_scale));
        each([&](Step s) { store_grad(0, V::load(r + s.at, s.count) * factor, V(1), s); });
      }
      return finish(value);
    } else {
      return 0;
    }
  }

  const RowRun<S> b;
  const E e;
  const int64_t size_;  ///< of a tile
  const bool wants_grad_;
  bool mapped_ = false;
  bool smooth_;  ///< every class has a part of the target
  bool dense_;   ///< every class has a term
  int64_t first_ = 0, count_ = 0;

  // Of the group:
  int64_t label_[kGroup] = {};
  int64_t ignored_[kGroup] = {};
  bool any_ignored_ = false;
  V label_lanes_{0};
  R keep_{1}, row_scale_{1}, label_logit_{0};
  const T* x_[kSides] = {};  ///< its logits, staged
};

template <class E, class S>
double run_rows(const double* params, const RowRun<S>& run) {
  return run.side_by_side ? RowLoop<E, S, true>::run(params, run) : RowLoop<E, S, false>::run(params, run);
}

template <class E>
const RowKernels& row_kernels() {
  static constexpr RowKernels table = {{run_rows<E, float>}, {run_rows<E, double>}, {run_rows<E, c10::BFloat16>}};
  return table;
}

}  // namespace CPU_CAPABILITY
}  // namespace lossops::cpu
