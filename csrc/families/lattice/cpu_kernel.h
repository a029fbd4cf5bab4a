// The one kernel of losses of sequences: sums over the paths of any topology, a vector of positions at a
// time, and what is read and written of rows of classes.
#pragma once

#include <ATen/cpu/vec/functional.h>

#include <algorithm>

#include "../../math/neighbors.h"
#include "../../math/path_weight.h"
#include "cpu.h"

namespace lossops::cpu {
inline namespace CPU_CAPABILITY {

template <class E, class T>
class LatticeLoop {
  using V = Register<T>;
  using W = PathWeight<V>;
  static constexpr int64_t kLanes = V::kLanes;
  static constexpr int kStates = E::kStates;
  static_assert(kPadding % kLanes == 0);

 public:
  static void forward(const Trellis<T>& trellis) {
    for (int64_t k = 0; k < trellis.rows; ++k) {
      const At at(trellis, k);
      for (int64_t j = 0; j < trellis.positions; j += kLanes) {
        const States<E, W> next = E::template advance<W>(at.here(j));
        for (int s = 0; s < kStates; ++s) store(next[s].normalized(), at.after_[s] + j);
      }
    }
  }

  static void backward(const Trellis<T>& trellis) {
    const Ends ends(trellis);
    const PathWeight<Scalar<T>> total = ends.total();
    const W share{V(1 / total.m.v), V(-total.e.v)};
    for (int64_t k = trellis.rows - 1; k >= 0; --k) {
      At at(trellis, k);
      Weights<T> last[kStates];
      for (int s = 0; s < kStates; ++s) {
        at.rest_[s] = ends.row(k + 1, s);
        last[s] = ends.row(k, s);
      }
      V blanks(0), labels(0);
      for (int64_t j = 0; j < trellis.positions; j += kLanes) {
        const auto here = at.here(j);
        const States<E, W> rest = E::template retreat<W>(here);
        const Uses<W> uses = E::template uses<W>(here);
        for (int s = 0; s < kStates; ++s) store(rest[s].normalized(), last[s] + j);
        const V blank = (uses.blank * share).value(), label = (uses.label * share).value();
        blanks = blanks + blank;
        labels = labels + label;
        if constexpr (!E::kSharesRows) V::store(blank, at.blank_.m + j);
        V::store(label, at.label_.m + j);
      }
      // Each path uses one arc of each row.
      const T all = added(blanks + labels);
      if constexpr (E::kSharesRows) at.blank_.m[0] = added(blanks);
      at.label_.e[0] = all == 0 ? T(0) : 1 / all;
    }
  }

  static RowSum<T> sum_row(const T* x, int64_t classes) {
    constexpr T kLowest = -std::numeric_limits<T>::infinity();
    const int64_t whole = classes - classes % kLanes;
    V top(kLowest);
    for (int64_t c = 0; c < whole; c += kLanes) top = larger(V::load(x + c), top);
    if (whole < classes) {
      const int64_t count = classes - whole;
      top = larger(V::first(V::load(x + whole, count), count, kLowest), top);
    }
    const T largest = most(top);
    // In sections, so that sums over many classes keep their digits.
    constexpr int64_t kSection = 64 * kLanes;
    V sum(0);
    for (int64_t begin = 0; begin < whole; begin += kSection) {
      const int64_t end = std::min(begin + kSection, whole);
      V part(0);
      for (int64_t c = begin; c < end; c += kLanes) part = part + exp_below(V::load(x + c) - V(largest));
      sum = sum + part;
    }
    if (whole < classes) {
      const int64_t count = classes - whole;
      sum = sum + V::first(exp_below(V::load(x + whole, count) - V(largest)), count);
    }
    return {largest, 1 / added(sum)};
  }

  static void write_row(const T* x, int64_t classes, T largest, T scale, T* y) {
    for (int64_t c = 0; c < classes; c += kLanes) {
      const int64_t count = std::min(kLanes, classes - c);
      V::store(exp_below(V::load(x + c, count) - V(largest)) * V(scale), y + c, count);
    }
  }

  static void clip_row(T* y, int64_t classes, T limit, T scale) {
    for (int64_t c = 0; c < classes; c += kLanes) {
      const int64_t count = std::min(kLanes, classes - c);
      const V g = V::load(y + c, count);
      const V clipped = select(g > V(limit), V(limit), select(g < V(-limit), V(-limit), g));
      V::store(clipped * V(scale), y + c, count);
    }
  }

  static void gather(const T* x, const int64_t* at, int64_t size, T* y) {
    for (int64_t i = 0; i < size; ++i) y[i] = x[at[i]];
  }

  static void subtract(const T* x, T factor, const int64_t* at, int64_t size, T* y) {
    for (int64_t i = 0; i < size; ++i) y[at[i]] -= x[i] * factor;
  }

  static void weigh(const T* x, const T* largest, const T* share, int64_t size, const Weights<T>& out,
                    T* most) {
    V far = V::load(most);
    for (int64_t i = 0; i < size; i += kLanes) {
      W w = W::exp(V::load(x + i), share ? V::load(largest + i) : V(*largest));
      if (share) w = W{w.m * V::load(share + i), w.e}.normalized();
      store(w, out + i);
      far = larger(select(w.m == V(0), V(0), abs(w.e)), far);
    }
    V::store(far, most);
  }

 private:
  LOSSOPS_INLINE static W load(const Weights<T>& from) { return {V::load(from.m), V::load(from.e)}; }
  /// The vector at p, one position behind or ahead; by whole vectors, which may just have been written.
  LOSSOPS_INLINE static V load(const T* p, int64_t o) {
    const V here = V::load(p);
    if (o < 0) return behind(V::load(p - kLanes), here);
    if (o > 0) return ahead(here, V::load(p + kLanes));
    return here;
  }
  LOSSOPS_INLINE static W load(const Weights<T>& from, int64_t o) {
    return {load(from.m, o), load(from.e, o)};
  }
  LOSSOPS_INLINE static void store(const W& w, const Weights<T>& to) {
    V::store(w.m, to.m);
    V::store(w.e, to.e);
  }
  /// Of all lanes.
  LOSSOPS_INLINE static T added(V v) {
    return folded(v, [](V a, V b) { return a + b; });
  }
  LOSSOPS_INLINE static T most(V v) {
    return folded(v, [](V a, V b) { return larger(a, b); });
  }
  template <class F>
  LOSSOPS_INLINE static T folded(V v, const F& f) {
    if constexpr (kLanes == 1) {
      return v.v;
    } else {
      return at::vec::vec_reduce_all<T>([&](const auto& a, const auto& b) { return f(a, b).v; }, v.v);
    }
  }

  /// A vector of positions in a row: see math/lattice.h.
  struct At {
    At(const Trellis<T>& t, int64_t k) : jump_(t.jump), label_(t.label + k * t.positions) {
      for (int s = 0; s < kStates; ++s) {
        before_[s] = t.states + (k * kStates + s) * t.positions;
        after_[s] = t.states + ((k + 1) * kStates + s) * t.positions;
      }
      if constexpr (E::kSharesRows) {
        blank_ = t.blank + k;
        shared_ = {V(*blank_.m), V(*blank_.e)};
      } else {
        blank_ = t.blank + k * t.positions;
      }
    }

    struct Here {
      const At& row;
      int64_t j;
      template <int s>
      LOSSOPS_INLINE W before(int64_t o) const {
        return load(row.before_[s] + j, o);
      }
      template <int s>
      LOSSOPS_INLINE W after(int64_t o) const {
        return load(row.after_[s] + j, o);
      }
      template <int s>
      LOSSOPS_INLINE W rest(int64_t o) const {
        return load(row.rest_[s] + j, o);
      }
      LOSSOPS_INLINE W blank(int64_t o) const {
        return E::kSharesRows ? row.shared_ : load(row.blank_ + j, o);
      }
      LOSSOPS_INLINE W label(int64_t o) const { return load(row.label_ + j, o); }
      LOSSOPS_INLINE W jump(const W& w, int64_t o) const {
        const V may = load(row.jump_ + j, o);
        return {w.m * may, select(may > V(0), w.e, V(W::kZeroExponent))};
      }
    };
    LOSSOPS_INLINE Here here(int64_t j) const { return {*this, j}; }

    Weights<T> before_[kStates], after_[kStates], rest_[kStates];
    const T* jump_;
    Weights<T> blank_, label_;
    W shared_;
  };

  /// The ways from each state to an end: those of two rows, which take turns.
  class Ends {
   public:
    explicit Ends(const Trellis<T>& t) : t_(t) {
      const int64_t size = 2 * kStates * (t.positions + kPadding);
      std::fill_n(t.rest.m, size, T(0));
      std::fill_n(t.rest.e, size, W::kZeroExponent);
      for (int s = 0; s < std::min<int64_t>(kStates, t.labels + 1); ++s) {
        const Weights<T> end = row(t.rows, s) + (t.labels - s);
        *end.m = 1;
        *end.e = 0;
      }
    }
    /// Those after k rows; behind them there is room that stays zero.
    Weights<T> row(int64_t k, int s) const {
      return t_.rest + (k % 2 * kStates + s) * (t_.positions + kPadding);
    }
    /// The sum over all paths.
    PathWeight<Scalar<T>> total() const {
      PathWeight<Scalar<T>> sum_of = PathWeight<Scalar<T>>::zero();
      for (int s = 0; s < std::min<int64_t>(kStates, t_.labels + 1); ++s) {
        const Weights<T> at = t_.states + ((t_.rows * kStates + s) * t_.positions + t_.labels - s);
        sum_of = sum(sum_of, {Scalar<T>(*at.m), Scalar<T>(*at.e)});
      }
      return sum_of;
    }

   private:
    const Trellis<T>& t_;
  };
};

template <class E, class T>
constexpr LatticeKernelsOf<T> lattice_kernels_of() {
  using Loop = LatticeLoop<E, T>;
  return {Loop::forward,  Loop::backward, Loop::sum_row,  Loop::write_row,
          Loop::clip_row, Loop::gather,   Loop::subtract, Loop::weigh};
}

template <class E>
const LatticeKernels& lattice_kernels() {
  static constexpr LatticeKernels table{lattice_kernels_of<E, float>(), lattice_kernels_of<E, double>()};
  return table;
}

}  // namespace CPU_CAPABILITY
}  // namespace lossops::cpu
