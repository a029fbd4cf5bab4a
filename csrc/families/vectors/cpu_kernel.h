// The one kernel of losses of vectors: sums over each group in double, whatever elements are stored as, the
// formula on a scalar, and the gradient in a second sweep, which finds the group in the cache.
#pragma once

#include <algorithm>
#include <utility>

#include "../../math/register.h"
#include "../../math/sums.h"
#include "cpu.h"

namespace lossops::cpu {
inline namespace CPU_CAPABILITY {

template <class E, class S>
class VectorLoop {
  using V = Register<double>;
  using D = Scalar<double>;
  static constexpr int64_t kLanes = V::kLanes;
  static constexpr int kVectors = E::kVectors;
  static constexpr size_t kCenters = E::kNeutral.size();
  using Operands = std::make_integer_sequence<int, kVectors>;
  template <class C>
  using Centers = Numbers<C, kCenters>;

 public:
  static void run(const double* params, const VectorRun<S>& run) {
    VectorLoop loop(params, run);
    for (int64_t g = 0; g < run.groups; ++g) loop.group(g, Operands());
  }

 private:
  VectorLoop(const double* params, const VectorRun<S>& run) : b(run), e(make_expression<E>(params)) {}

  template <int... I>
  void group(int64_t g, std::integer_sequence<int, I...> operands) {
    const double factor = b.factor ? b.factor[g] : 1;
    const S* const x[] = {b.x[I] + g * b.stride[I]...};
    Centers<D> centers;
    for (size_t c = 0; c < kCenters; ++c) centers[c] = E::kNeutral[c];
    if (e.measures()) centers = measured(x, operands);
    auto sums = this->sums(x, centers, operands);
    if constexpr (E::kLargest && std::is_same_v<S, double>) {
      if (!e.measures() && b.length > 0 && !usual(sums)) {
        centers = measured(x, operands);
        sums = this->sums(x, centers, operands);
      }
    }
    const D label = b.label ? b.label[g] : 0;
    b.value[g] = e.finish(sums, centers, label).v;
    if (factor == 0) {
      (clear(g, I), ...);
    } else if ((... || b.grad[I])) {
      differentiate(g, x, centers, sums, label, factor, operands);
    }
  }

  /// Whether no sum, nor a square of one, may be beyond the range of double, or have lost what is below it;
  /// those of float32 never are.
  template <size_t n>
  static bool usual(const Numbers<D, n>& sums) {
    return std::all_of(sums.begin(), sums.end(),
                       [](D s) { return std::fabs(s.v) > 1e-140 && std::fabs(s.v) < 1e140; });
  }

  /// The number that follows the expression's own from one sweep.
  template <int... I>
  Centers<D> measured(const S* const* x, std::integer_sequence<int, I...>) const {
    const auto m = reduced<E::kLargest>([=, e = e](int64_t at, int64_t count) __attribute__((always_inline)) {
      return e.measure(V::load(x[I] + at, count)...);
    });
    return e.center(m, D(static_cast<double>(b.length)));
  }

  template <int... I>
  auto sums(const S* const* x, const Centers<D>& centers, std::integer_sequence<int, I...>) const {
    const Centers<V> c = in_lanes(centers);
    return reduced<false>([=, e = e](int64_t at, int64_t count) __attribute__((always_inline)) {
      return e.terms(c, V::load(x[I] + at, count)...);
    });
  }

  static Centers<V> in_lanes(const Centers<D>& centers) {
    Centers<V> c;
    for (size_t i = 0; i < kCenters; ++i) c[i] = V(centers[i].v);
    return c;
  }

  /// The sum, or the largest, of each quantity that f gives for some elements. There are two of each, so that
  /// one addition need not wait for the other; of a costly expression there is enough to do between two.
  template <bool largest, class F>
  auto reduced(const F& f) const {
    using Values = decltype(f(0, 0));
    constexpr size_t n = std::tuple_size_v<Values>;
    return [&]<size_t... k>(std::index_sequence<k...>) {
      V even[n] = {((void)k, V(0))...}, odd[n] = {((void)k, V(0))...};
      const auto joined = [](V a, V b) __attribute__((always_inline)) {
        if constexpr (largest) {
          return larger(a, b);
        } else {
          return a + b;
        }
      };
      const auto take = [&](V(&all)[n], const Values& v, int64_t count) __attribute__((always_inline)) {
        ((all[k] = joined(V::first(std::get<k>(v), count), all[k])), ...);
      };
      int64_t at = 0;
      for (; !kIsCostly<E> && at + 2 * kLanes <= b.length; at += 2 * kLanes) {
        take(even, f(at, kLanes), kLanes);
        take(odd, f(at + kLanes, kLanes), kLanes);
      }
      for (; at + kLanes <= b.length; at += kLanes) take(even, f(at, kLanes), kLanes);
      if (at < b.length) take(even, f(at, b.length - at), b.length - at);
      return Numbers<D, n>{folded<largest>(joined(even[k], odd[k]))...};
    }(std::make_index_sequence<n>());
  }

  template <bool largest>
  static D folded(V v) {
    if constexpr (!largest) return sum_of_lanes(v);
    double lane[kLanes];
    V::store(v, lane);
    return *std::max_element(lane, lane + kLanes);
  }

  template <size_t n, int... I>
  void differentiate(int64_t g, const S* const* x, const Centers<D>& centers, const Numbers<D, n>& sums,
                     D label, double factor, std::integer_sequence<int, I...>) {
    Numbers<V, n> slope;
    bool moves = false;
    for (size_t k = 0; k < n; ++k) {
      Numbers<Dual<D>, n> s;
      for (size_t j = 0; j < n; ++j) s[j] = Dual<D>(sums[j], D(j == k));
      const double d = e.finish(s, centers, label).d.v * factor;
      moves |= d != 0;
      slope[k] = V(d);
    }
    if (!moves) return (clear(g, I), ...);
    const Centers<V> c = in_lanes(centers);
    S* const grad[] = {b.grad[I] ? b.grad[I] + g * b.grad_stride[I] : nullptr...};
    const auto put = [=, e = e](int64_t at, int64_t count) __attribute__((always_inline)) {
      const V v[] = {V::load(x[I] + at, count)...};
      const auto write = [&]<int by>(std::integral_constant<int, by>) __attribute__((always_inline)) {
        if (!grad[by]) return;
        const auto terms = e.terms(c, variable<I == by>(v[I])...);
        V::store(weighted(terms, slope, std::make_index_sequence<n>()), grad[by] + at, count);
      };
      (write(std::integral_constant<int, I>()), ...);
    };
    int64_t at = 0;
    for (; at + kLanes <= b.length; at += kLanes) put(at, kLanes);
    if (at < b.length) put(at, b.length - at);
  }

  /// The sum of the derivatives of those terms that have one.
  template <class Terms, size_t n, size_t... k>
  LOSSOPS_INLINE static V weighted(const Terms& terms, const Numbers<V, n>& slope,
                                   std::index_sequence<k...>) {
    V sum(0);
    const auto add = [&](const auto& term, V weight) __attribute__((always_inline)) {
      if constexpr (!std::is_same_v<std::remove_cvref_t<decltype(term)>, V>) sum = sum + term.d * weight;
    };
    (add(std::get<k>(terms), slope[k]), ...);
    return sum;
  }

  void clear(int64_t g, int i) const {
    if (b.grad[i]) std::fill_n(b.grad[i] + g * b.grad_stride[i], b.length, S(0));
  }

  const VectorRun<S> b;
  const E e;
};

template <class E>
const VectorKernels& vector_kernels() {
  static constexpr VectorKernels table{{VectorLoop<E, float>::run}, {VectorLoop<E, double>::run}};
  return table;
}

}  // namespace CPU_CAPABILITY
}  // namespace lossops::cpu
