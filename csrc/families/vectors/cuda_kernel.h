// The one kernel of losses of vectors: sums over each group in double, whatever elements are stored as, the
// formula on numbers, and the gradient in a second sweep, which finds the group in the cache.
#pragma once

#include <algorithm>
#include <utility>

#include "../../runtime/cuda/memory.h"
#include "../../runtime/cuda/reduce.h"
#include "../../runtime/cuda/rows.h"
#include "cuda.h"

namespace lossops::cuda {

/// Threads that a block may have, which bounds its registers.
constexpr int kMostVectorThreads = 512;
/// Elements that a thread reads at once, of each vector.
constexpr int kVectorPack = 4;

template <class E>
class VectorLoop {
  using D = Scalar<double>;
  static constexpr int kVectors = E::kVectors;
  static constexpr std::make_integer_sequence<int, kVectors> kIndices{};
  using Centers = Numbers<D, E::kNeutral.size()>;
  template <int n>
  using Count = std::integral_constant<int, n>;
  template <int n>
  using Elements = double[kVectors][n];

 public:
  LOSSOPS_DEVICE explicit VectorLoop(const VectorArgs& args)
      : a(args), e(make_expression<E>(args.params)), team_(args.team), scale_(1 / args.denominator.get()) {}

  LOSSOPS_DEVICE void run() {
    const int64_t at_once = blockDim.x / team_.size;
    double sum = 0;
    for (int64_t g = blockIdx.x * at_once + threadIdx.x / team_.size; g < a.groups;
         g += gridDim.x * at_once) {
      const double value = group(g);
      if (team_.rank == 0) sum += value;
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) a.partial[blockIdx.x] = sum;
  }

 private:
  /// The group's value, weighted; one of weight 0 is left out, whatever it holds.
  LOSSOPS_DEVICE double group(int64_t g) {
    start_ = g * a.length;
    double weight[1], label[1];
    load(a.weight, g, weight);
    load(a.label, g, label);
    const bool counts = weight[0] != 0;
    double value = 0;
    if (counts || a.weight_grad.data) value = evaluate(label[0], weight[0] * scale_, counts);
    if (!counts) clear();
    const double weighted = counts ? value * weight[0] : 0;
    if (team_.rank == 0) {
      if (a.value.data) store_one(weighted, a.value.data, a.value.dtype, g);
      const bool drops = !counts && !(std::fabs(value) < kInfinity);
      if (a.weight_grad.data) {
        store_one(drops ? 0 : value * scale_, a.weight_grad.data, a.weight_grad.dtype, g);
      }
    }
    return weighted;
  }

  /// The value; writes gradients times `factor` if it counts.
  LOSSOPS_DEVICE double evaluate(D label, D factor, bool counts) const {
    constexpr auto neutral = E::kNeutral;
    Centers centers;
#pragma unroll
    for (size_t c = 0; c < neutral.size(); ++c) centers[c] = neutral[c];
    if (e.measures()) centers = measured(kIndices);
    auto sums = this->sums(centers, kIndices);
    if constexpr (E::kLargest) {
      if (a.wide && a.length > 0 && !e.measures() && !usual(sums)) {
        centers = measured(kIndices);
        sums = this->sums(centers, kIndices);
      }
    }
    if (counts) differentiate(centers, sums, label, factor);
    return e.finish(sums, centers, label).v;
  }

  // -- sums --------------------------------------------------------------------------------------------

  /// f(count, place, elements) over the team's share of the group.
  template <class F>
  LOSSOPS_DEVICE void sweep(const F& f) const {
    const int64_t packs = a.packed ? a.length / kVectorPack : 0;
    for (int64_t v = team_.rank; v < packs; v += team_.size) visit<kVectorPack>(start_ + v * kVectorPack, f);
    for (int64_t i = packs * kVectorPack + team_.rank; i < a.length; i += team_.size) visit<1>(start_ + i, f);
  }
  template <int n, class F>
  LOSSOPS_DEVICE void visit(int64_t place, const F& f) const {
    Elements<n> x;
#pragma unroll
    for (int i = 0; i < kVectors; ++i) load(a.x[i], place, x[i]);
    f(Count<n>(), place, x);
  }

  /// Whether no sum, nor a square of one, may be beyond the range of double, or have lost what is below it.
  template <size_t n>
  LOSSOPS_DEVICE static bool usual(const Numbers<D, n>& sums) {
    bool usual = true;
#pragma unroll
    for (size_t k = 0; k < n; ++k) usual &= std::fabs(sums[k].v) > 1e-140 && std::fabs(sums[k].v) < 1e140;
    return usual;
  }

  template <int... I>
  LOSSOPS_DEVICE Centers measured(std::integer_sequence<int, I...>) const {
    const auto m = reduced<E::kLargest>([&](const auto&... x) { return e.measure(x...); }, kIndices);
    return e.center(m, D(static_cast<double>(a.length)));
  }

  template <int... I>
  LOSSOPS_DEVICE auto sums(const Centers& c, std::integer_sequence<int, I...>) const {
    return reduced<false>([&](const auto&... x) { return e.terms(c, x...); }, kIndices);
  }

  /// The sum, or the largest, of each quantity that f gives for an element; of NaN, NaN.
  template <bool largest, class F, int... I>
  LOSSOPS_DEVICE auto reduced(const F& f, std::integer_sequence<int, I...>) const {
    constexpr size_t n = std::tuple_size_v<decltype(f(D((void(I), 0))...))>;
    const auto join = [](double x, double y) { return !largest ? x + y : x >= y || x != x ? x : y; };
    double all[n] = {};
    sweep([&]<int count>(Count<count>, int64_t, const Elements<count>& x) {
#pragma unroll
      for (int j = 0; j < count; ++j) {
        const auto y = listed(f(D(x[I][j])...));
#pragma unroll
        for (size_t k = 0; k < n; ++k) all[k] = join(all[k], y[k].v);
      }
    });
    team_.combine(all, join);
    Numbers<D, n> out;
#pragma unroll
    for (size_t k = 0; k < n; ++k) out[k] = all[k];
    return out;
  }

  template <class... X>
  LOSSOPS_DEVICE static auto listed(const std::tuple<X...>& values) {
    return [&]<size_t... k>(std::index_sequence<k...>) {
      return Numbers<D, sizeof...(X)>{std::get<k>(values)...};
    }(std::index_sequence_for<X...>());
  }

  // -- gradients ---------------------------------------------------------------------------------------

  template <size_t n>
  LOSSOPS_DEVICE void differentiate(const Centers& centers, const Numbers<D, n>& sums, D label,
                                    D factor) const {
    if (!wants_gradient()) return;
    D slope[n];
    bool moves = false;
#pragma unroll
    for (size_t k = 0; k < n; ++k) {
      Numbers<Dual<D>, n> s;
#pragma unroll
      for (size_t j = 0; j < n; ++j) s[j] = Dual<D>(sums[j], D(j == k));
      slope[k] = derivative_of(e.finish(s, centers, label)) * factor;
      moves |= slope[k].v != 0;
    }
    if (!moves) return clear();
    sweep([&]<int count>(Count<count>, int64_t place, const Elements<count>& x) {
      write<count>(centers, slope, place, x, kIndices);
    });
  }

  template <int count, size_t n, int... I>
  LOSSOPS_DEVICE void write(const Centers& centers, const D (&slope)[n], int64_t place,
                            const Elements<count>& x, std::integer_sequence<int, I...>) const {
    (write_one<count, I>(centers, slope, place, x, kIndices), ...);
  }
  template <int count, int by, size_t n, int... I>
  LOSSOPS_DEVICE void write_one(const Centers& centers, const D (&slope)[n], int64_t place,
                                const Elements<count>& x, std::integer_sequence<int, I...>) const {
    if (!a.grad[by].data) return;
    double g[count];
#pragma unroll
    for (int j = 0; j < count; ++j) {
      const auto terms = e.terms(centers, variable<I == by>(D(x[I][j]))...);
      g[j] = weighted(terms, slope, std::make_index_sequence<n>());
    }
    store(g, a.grad[by], place);
  }

  /// The sum of the derivatives of those terms that have one.
  template <class Terms, size_t n, size_t... k>
  LOSSOPS_DEVICE static double weighted(const Terms& terms, const D (&slope)[n], std::index_sequence<k...>) {
    D sum(0);
    const auto add = [&](const auto& term, D weight) {
      if constexpr (!std::is_same_v<std::remove_cvref_t<decltype(term)>, D>) sum = sum + term.d * weight;
    };
    (add(std::get<k>(terms), slope[k]), ...);
    return sum.v;
  }

  LOSSOPS_DEVICE bool wants_gradient() const {
    bool wants = false;
#pragma unroll
    for (int i = 0; i < kVectors; ++i) wants = wants || a.grad[i].data;
    return wants;
  }

  LOSSOPS_DEVICE void clear() const {
    for (int i = 0; i < kVectors; ++i) {
      if (!a.grad[i].data) continue;
      for (int64_t j = team_.rank; j < a.length; j += team_.size) {
        store_one(0.0, a.grad[i].data, a.grad[i].dtype, start_ + j);
      }
    }
  }

  const VectorArgs& a;
  const E e;
  const Team team_;
  const double scale_;
  int64_t start_ = 0;  ///< of the group
};

template <class E>
__global__ __launch_bounds__(kMostVectorThreads,
                             1) void vector_kernel(const __grid_constant__ VectorArgs args) {
  VectorLoop<E>(args).run();
}

template <VectorExpression E>
int64_t VectorKernelsOf<E>::run(const VectorArgs& args) {
  VectorArgs own = args;
  own.packed = args.length % kVectorPack == 0;
  for (int i = 0; i < E::kVectors; ++i) own.packed = own.packed && args.x[i].layout != Layout::kStrided;
  const RowGrid grid =
      row_grid(args.groups, args.length, false, kVectorPack, E::kVectors, false, kMostVectorThreads, 0);
  own.team = grid.team;
  if (grid.blocks > 0) launch(vector_kernel<E>, grid.blocks, grid.threads, 0, own);
  return grid.blocks;
}

}  // namespace lossops::cuda
