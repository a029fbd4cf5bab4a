// The one kernel: evaluates any expression, and its derivatives, over a block.
#pragma once

#include <utility>

#include "cpu/kernels.h"
#include "math/expression.h"
#include "math/simd.h"

namespace lossops::cpu {
inline namespace CPU_CAPABILITY {

template <class E, class T, Wrt wrt>
class BlockLoop {
  using V = Simd<T>;
  using Vec = Vectorized<T>;
  static constexpr int kOperands = arity<E>();
  static constexpr int kGrads = wrt == Wrt::kNothing ? 0 : wrt == Wrt::kFirst ? 1 : kOperands;
  static constexpr int64_t kLanes = Vec::size();

 public:
  static double run(const double* params, Block<T>& block) {
    return BlockLoop(params, block).run(std::make_integer_sequence<int, kOperands>());
  }

 private:
  BlockLoop(const double* params, Block<T>& block) : b(block), e(make_expression<E>(params)) {}

  template <int... I>
  double run(std::integer_sequence<int, I...> operands) {
    // Two sums, so that one addition need not wait for the other.
    V sum0(0), sum1(0);
    int64_t i = 0;
    for (; i + 2 * kLanes <= b.size; i += 2 * kLanes) {
      sum0 = sum0 + visit(i, kLanes, operands);
      sum1 = sum1 + visit(i + kLanes, kLanes, operands);
    }
    if (i + kLanes <= b.size) {
      sum0 = sum0 + visit(i, kLanes, operands);
      i += kLanes;
    }
    if (i < b.size) {
      const int count = static_cast<int>(b.size - i);
      sum1 = sum1 + V(Vec::set(Vec(0), visit(i, count, operands).v, count));
    }
    if constexpr (requires { E::domain; }) {
      if (invalid_.zero_mask() != (1 << kLanes) - 1) b.invalid = true;
    }
    T lanes[2 * kLanes];
    sum0.v.store(lanes);
    sum1.v.store(lanes + kLanes);
    double total = 0;
    for (const T lane : lanes) total += lane;
    return total;
  }

  template <int... I>
  LOSSOPS_INLINE V visit(int64_t i, int64_t count, std::integer_sequence<int, I...>) {
    const V x[] = {load(b.in[I] + i * b.step[I], count)...};
    if constexpr (requires { E::domain; }) check_domain(x, count, std::integer_sequence<int, I...>());
    const auto y = e(operand<I>(x[I])...);
    const bool weighted = b.weight != nullptr;
    const V w = weighted ? load(b.weight + i * b.weight_step, count) : V(1);
    const auto ignored = x[b.target] == V(b.ignore_index);
    const auto finish = [&](V r) __attribute__((always_inline)) {
      if (weighted) r = r * w;
      return b.ignores ? select(ignored, V(0), r) : r;
    };
    const V value = finish(value_of(y));
    if (b.value) store(value, b.value + i, count);
    if constexpr (kGrads > 0) {
      for (int k = 0; k < kGrads; ++k) {
        if (b.grad[k]) store(finish(y.d[k] * V(b.scale[k])), b.grad[k] + i, count);
      }
    }
    return value;
  }

  template <int I>
  LOSSOPS_INLINE static auto operand(V x) {
    if constexpr (I < kGrads) {
      return Dual<V, kGrads>::operand(x, I);
    } else {
      return x;
    }
  }

  template <int... I>
  LOSSOPS_INLINE void check_domain(const V* x, int64_t count, std::integer_sequence<int, I...>) {
    V bad = select(e.invalid(x[I]...), V(1), V(0));
    if (b.ignores) bad = select(x[b.target] == V(b.ignore_index), V(0), bad);
    invalid_ = invalid_ + (count == kLanes ? bad.v : Vec::set(Vec(0), bad.v, count));
  }

  LOSSOPS_INLINE static V load(const T* p, int64_t count) {
    return count == kLanes ? Vec::loadu(p) : Vec::loadu(p, count);
  }
  LOSSOPS_INLINE static void store(V v, T* p, int64_t count) {
    if (count == kLanes) {
      v.v.store(p);
    } else {
      v.v.store(p, static_cast<int>(count));
    }
  }

  Block<T>& b;
  const E e;
  Vec invalid_{0};
};

template <class E>
const Kernels& kernels() {
  static constexpr Kernels table = {
      {BlockLoop<E, float, Wrt::kNothing>::run, BlockLoop<E, float, Wrt::kFirst>::run,
       BlockLoop<E, float, Wrt::kAll>::run},
      {BlockLoop<E, double, Wrt::kNothing>::run, BlockLoop<E, double, Wrt::kFirst>::run,
       BlockLoop<E, double, Wrt::kAll>::run}};
  return table;
}

}  // namespace CPU_CAPABILITY
}  // namespace lossops::cpu
