// The one kernel: evaluates any expression, and its derivatives, over a block.
#pragma once

#include <utility>

#include "../../math/components.h"
#include "../../math/expression.h"
#include "cpu.h"

namespace lossops::cpu {
inline namespace CPU_CAPABILITY {

template <class E, class S, Wrt wrt>
class BlockLoop {
  using T = typename MathOf<S>::type;
  using V = Register<T>;
  using Sum = typename V::Sum;
  static constexpr int kOperands = arity<E>(), kComponents = components<E>(), kTensors = tensor_count<E>();
  static constexpr int64_t kLanes = V::kLanes, kStride = kIsCostly<E> ? kLanes : 2 * kLanes;
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
    // Two sums, so that one addition need not wait for the other; of a costly expression there is enough to
    // do between two.
    Sum sum0(0), sum1(0);
    for (int64_t i = 0; i < b.size; i += kStride) {
      sum0 = sum0 + Sum(visit(i, operands));
      if constexpr (kStride > kLanes) sum1 = sum1 + Sum(visit(i + kLanes, operands));
    }
    if constexpr (requires { E::domain; }) b.invalid = sum_of_lanes(invalid_) != 0;
    return sum_of_lanes(sum0) + sum_of_lanes(sum1);
  }

  template <int... I>
  LOSSOPS_INLINE V visit(int64_t i, std::integer_sequence<int, I...> operands) {
    V x[kOperands];
    load(i, x);
    const auto y = e(variable<I == (wrt == Wrt::kNothing ? -1 : 0)>(x[I])...);
    const bool weighted = b.weight != nullptr;
    const V w = weighted ? V::load(b.weight + i * b.weight_step) : V(1);
    const bool ignores = b.label != nullptr;
    const V label = ignores ? V::load(b.label + i * b.label_step) : V(0);
    const auto ignored = label == V(b.ignore_index);
    const auto unless_ignored = [&](V r) __attribute__((always_inline)) {
      const V kept = ignores ? select(ignored, V(0), r) : r;
      // A weight of 0 leaves an element of several numbers out, as it is padding.
      return kComponents > 1 ? select(w == V(0), V(0), kept) : kept;
    };
    if constexpr (requires { E::domain; }) {
      invalid_ = invalid_ + unless_ignored(select(e.invalid(x[I]...), V(1), V(0)));
    }
    const auto finish = [&](V r)
                            __attribute__((always_inline)) { return unless_ignored(weighted ? r * w : r); };
    const V value = finish(value_of(y));
    if (b.value) V::store(value, b.value + i);
    if constexpr (wrt != Wrt::kNothing) {
      // Of tensor k, by each of an element's numbers; that by the first operand is known.
      const auto store_gradient = [&]<int k, int... c>(
                                      std::integral_constant<int, k>,
                                      std::integer_sequence<int, c...>) __attribute__((always_inline)) {
        if (!b.grad[k]) return;
        const auto of = [&]<int operand>(std::integral_constant<int, operand>)
                            __attribute__((always_inline)) {
                              const V d = operand == 0 ? derivative_of(y) : partial<operand>(x, operands);
                              return finish(d * V(b.scale[k]));
                            };
        store_elements({of(std::integral_constant<int, kComponents * k + c>())...},
                       b.grad[k] + kComponents * i);
      };
      constexpr std::make_integer_sequence<int, kComponents> each{};
      store_gradient(std::integral_constant<int, 0>(), each);
      if constexpr (wrt == Wrt::kAll) {
        [&]<int... k>(std::integer_sequence<int, k...>) __attribute__((always_inline)) {
          (store_gradient(std::integral_constant<int, k + 1>(), each), ...);
        }(std::make_integer_sequence<int, kTensors - 1>());
      }
      if (b.weight_grad) V::store(unless_ignored(value_of(y) * V(b.weight_scale)), b.weight_grad + i);
    }
    return value;
  }

  /// The operands of one element for each lane.
  LOSSOPS_INLINE void load(int64_t i, V (&x)[kOperands]) const {
    for (int k = 0; k < kTensors; ++k) {
      V of_tensor[kComponents];
      load_elements(b.in[k] + kComponents * i * b.step[k], of_tensor);
      for (int c = 0; c < kComponents; ++c) x[kComponents * k + c] = of_tensor[c];
    }
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

/// Of a costly expression, and without vectors, none of bfloat16, and none for the first gradient alone.
template <class E, class S>
constexpr KernelsFor<S> kernels_for() {
  constexpr bool few = kIsCostly<E> || !kHasVectors;
  if constexpr (few && std::is_same_v<S, c10::BFloat16>) {
    return {};
  } else if constexpr (few) {
    constexpr BlockFn<S> gradients = BlockLoop<E, S, Wrt::kAll>::run;
    return {{BlockLoop<E, S, Wrt::kNothing>::run, gradients, gradients}};
  } else {
    return {{BlockLoop<E, S, Wrt::kNothing>::run, BlockLoop<E, S, Wrt::kFirst>::run,
             BlockLoop<E, S, Wrt::kAll>::run}};
  }
}

template <class E>
const Kernels& element_kernels() {
  static constexpr Kernels table = {kernels_for<E, float>(), kernels_for<E, double>(),
                                    kernels_for<E, c10::BFloat16>()};
  return table;
}

}  // namespace CPU_CAPABILITY
}  // namespace lossops::cpu
