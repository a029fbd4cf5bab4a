// The one kernel: evaluates any expression, and its derivatives, over a block.
#pragma once

#include <utility>

#include "../../math/expression.h"
#include "../../math/register.h"
#include "cpu.h"

namespace lossops::cpu {
inline namespace CPU_CAPABILITY {

template <class E, class S, Wrt wrt>
class BlockLoop {
  using T = typename MathOf<S>::type;
  using V = Register<T>;
  using Sum = typename V::Sum;
  static constexpr int kOperands = arity<E>();
  static constexpr int64_t kLanes = V::kLanes;
  static_assert(kStep % (2 * kLanes) == 0);

 public:
  static double run(const double* params, Block<S>& block) {
    BlockLoop loop(params, block);
    const double sum = loop.run(std::make_integer_sequence<int, kOperands>());
    block.invalid |= loop.b.invalid;
    return sum;
  }

 private:
  BlockLoop(const double* params, const Block<S>& block) : b(block), e(make_expression<E>(params)) {}

  template <int... I>
  LOSSOPS_INLINE double run(std::integer_sequence<int, I...> operands) {
    // Two sums, so that one addition need not wait for the other.
    Sum sum0(0), sum1(0);
    for (int64_t i = 0; i < b.size; i += 2 * kLanes) {
      sum0 = sum0 + Sum(visit(i, operands));
      sum1 = sum1 + Sum(visit(i + kLanes, operands));
    }
    if constexpr (requires { E::domain; }) b.invalid = total(invalid_) != 0;
    return total(sum0) + total(sum1);
  }

  template <class R>
  LOSSOPS_INLINE static double total(R r) {
    typename R::Value lanes[R::kLanes];
    R::store(r, lanes);
    double sum = 0;
    for (const auto lane : lanes) sum += lane;
    return sum;
  }

  template <int... I>
  LOSSOPS_INLINE V visit(int64_t i, std::integer_sequence<int, I...> operands) {
    const V x[] = {V::load(b.in[I] + i * b.step[I])...};
    const auto y = e(variable<I == (wrt == Wrt::kNothing ? -1 : 0)>(x[I])...);
    const bool weighted = b.weight != nullptr;
    const V w = weighted ? V::load(b.weight + i * b.weight_step) : V(1);
    const bool ignores = b.label != nullptr;
    const V label = ignores ? V::load(b.label + i * b.label_step) : V(0);
    const auto ignored = label == V(b.ignore_index);
    const auto unless_ignored = [&](V r) __attribute__((always_inline)) {
      return ignores ? select(ignored, V(0), r) : r;
    };
    if constexpr (requires { E::domain; }) {
      invalid_ = invalid_ + unless_ignored(select(e.invalid(x[I]...), V(1), V(0)));
    }
    const auto finish = [&](V r)
                            __attribute__((always_inline)) { return unless_ignored(weighted ? r * w : r); };
    const V value = finish(value_of(y));
    if (b.value) V::store(value, b.value + i);
    const auto store_gradient = [&](V d, int k) __attribute__((always_inline)) {
      if (b.grad[k]) V::store(finish(d * V(b.scale[k])), b.grad[k] + i);
    };
    if constexpr (wrt != Wrt::kNothing) store_gradient(derivative_of(y), 0);
    if constexpr (wrt == Wrt::kAll) {
      const auto store_partial = [&]<int k>(std::integral_constant<int, k>) __attribute__((always_inline)) {
        if constexpr (k > 0) store_gradient(partial<k>(x, operands), k);
      };
      (store_partial(std::integral_constant<int, I>()), ...);
    }
    if constexpr (wrt != Wrt::kNothing) {
      if (b.weight_grad) V::store(unless_ignored(value_of(y) * V(b.weight_scale)), b.weight_grad + i);
    }
    return value;
  }

  /// The derivative by operand k.
  template <int k, int... I>
  LOSSOPS_INLINE V partial(const V* x, std::integer_sequence<int, I...>) const {
    return derivative_of(e(variable<I == k>(x[I])...));
  }

  // Copies, which no store can alias: they stay in registers.
  Block<S> b;
  const E e;
  V invalid_{0};
};

template <class E, class S>
constexpr KernelsFor<S> kernels_for() {
  return {{BlockLoop<E, S, Wrt::kNothing>::run, BlockLoop<E, S, Wrt::kFirst>::run,
           BlockLoop<E, S, Wrt::kAll>::run}};
}

template <class E>
const Kernels& element_kernels() {
  static constexpr Kernels table = {kernels_for<E, float>(), kernels_for<E, double>(),
                                    kernels_for<E, c10::BFloat16>()};
  return table;
}

}  // namespace CPU_CAPABILITY
}  // namespace lossops::cpu
