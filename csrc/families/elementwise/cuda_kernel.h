// The one kernel of element-wise losses: evaluates any expression, and its derivatives, in one pass.
#pragma once

#include <algorithm>
#include <type_traits>
#include <utility>

#include "../../math/expression.h"
#include "../../runtime/cuda/memory.h"
#include "../../runtime/cuda/reduce.h"
#include "cuda.h"

namespace lossops::cuda {

constexpr int kElementThreads = 256;
/// Numbers of a tensor that a thread reads at once: 16 bytes of the narrowest memory, or of doubles one half.
template <class T>
constexpr int kNumbers = std::is_same_v<T, double> ? 4 : 8;
/// The same in elements.
template <class E, class T>
constexpr int kElements = kNumbers<T> / components<E>();

template <class E, class T, Wrt wrt>
class ElementLoop {
  using V = Scalar<T>;
  static constexpr int kArity = arity<E>(), kComponents = components<E>(), kTensors = tensor_count<E>();
  /// Operands to differentiate by.
  static constexpr int kWanted = wrt == Wrt::kAll ? kArity : wrt == Wrt::kFirst ? kComponents : 0;
  static constexpr std::make_integer_sequence<int, kArity> kIndices{};

 public:
  LOSSOPS_DEVICE explicit ElementLoop(const ElementArgs& args)
      : a(args), e(make_expression<E>(args.params)), ignored_(static_cast<T>(args.ignored)) {
    if constexpr (wrt != Wrt::kNothing) scale_ = V(1 / a.denominator.get());
  }

  LOSSOPS_DEVICE void run() {
    const int64_t first = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
    const int64_t stride = static_cast<int64_t>(gridDim.x) * blockDim.x;
    constexpr int n = kElements<E, T>;
    const int64_t vectors = a.strided ? 0 : a.size / n;
    double sum = 0;
    for (int64_t v = first; v < vectors; v += stride) sum += visit<n>(v * n, kIndices);
    for (int64_t i = vectors * n + first; i < a.size; i += stride) sum += visit<1>(i, kIndices);
    sum = block_sum(sum);
    if (threadIdx.x == 0) a.partial[blockIdx.x] = sum;
  }

 private:
  template <int n, int... I>
  LOSSOPS_DEVICE T visit(int64_t start, std::integer_sequence<int, I...> operands) {
    T x[kArity][n], w[n];
#pragma unroll
    for (int k = 0; k < kTensors; ++k) load_elements(a.in[k], start, x + kComponents * k);
    if (a.weighted) load(a.weight, start, w);

    T value[n], grad[kArity][n], weight_grad[n];
    T sum = 0;
#pragma unroll
    for (int j = 0; j < n; ++j) {
      const V in[] = {V(x[I][j])...};
      // A weight of 0 leaves an element of several numbers out, as it is padding.
      const bool padding = kComponents > 1 && a.weighted && w[j] == 0;
      const bool ignored = padding || (a.ignores && label({x[I][j]...}) == ignored_);
      const auto y = e(variable<I == (wrt == Wrt::kFirst ? 0 : -1)>(in[I])...);
      if constexpr (requires { E::domain; }) {
        LOSSOPS_ASSERT(ignored || !e.invalid(in[I]...), E::domain);
      }
      const auto finish = [&](V r) { return ignored ? T(0) : a.weighted ? r.v * w[j] : r.v; };
      value[j] = finish(value_of(y));
      sum += value[j];
      if constexpr (wrt != Wrt::kNothing) weight_grad[j] = ignored ? T(0) : (value_of(y) * scale_).v;
      const auto put = [&]<int k>(std::integral_constant<int, k>) {
        if constexpr (k < kWanted) {
          if (!a.grad[k / kComponents].data) return;
          const V d = k == 0 && wrt == Wrt::kFirst ? derivative_of(y) : partial<k>(in, operands);
          grad[k][j] = finish(d * scale_);
        }
      };
      (put(std::integral_constant<int, I>()), ...);
    }
    if (a.value.data) store(value, a.value, start);
    if constexpr (wrt != Wrt::kNothing) {
#pragma unroll
      for (int k = 0; k < kWanted / kComponents; ++k) {
        if (a.grad[k].data) store_elements(grad + kComponents * k, a.grad[k], start);
      }
      if (a.weight_grad.data) store(weight_grad, a.weight_grad, start);
    }
    return sum;
  }

  /// n elements of a tensor from `start` on, by their numbers.
  template <int n>
  LOSSOPS_DEVICE static void load_elements(const Operand& from, int64_t start, T (*x)[n]) {
    if constexpr (kComponents == 1) {
      load(from, start, x[0]);
    } else if constexpr (n == 1) {
#pragma unroll
      for (int c = 0; c < kComponents; ++c) load(from, kComponents * start + c, x[c]);
    } else {
      T packed[kComponents * n];
      load(from, kComponents * start, packed);
#pragma unroll
      for (int i = 0; i < kComponents * n; ++i) x[i % kComponents][i / kComponents] = packed[i];
    }
  }
  template <int n>
  LOSSOPS_DEVICE static void store_elements(const T (*x)[n], const Output& to, int64_t start) {
    T packed[kComponents * n];
#pragma unroll
    for (int i = 0; i < kComponents * n; ++i) packed[i] = x[i % kComponents][i / kComponents];
    store(packed, to, kComponents * start);
  }

  /// Of an element's operands, its label.
  LOSSOPS_DEVICE T label(const T (&x)[kArity]) const {
    T label = x[0];
#pragma unroll
    for (int i = 1; i < kArity; ++i) label = a.label == i ? x[i] : label;
    return label;
  }

  /// The derivative by operand k.
  template <int k, int... I>
  LOSSOPS_DEVICE V partial(const V* x, std::integer_sequence<int, I...>) const {
    return derivative_of(e(variable<I == k>(x[I])...));
  }

  const ElementArgs& a;
  const E e;
  const T ignored_;
  V scale_{1};
};

template <class E, class T, Wrt wrt>
__global__ __launch_bounds__(kElementThreads,
                             1) void element_kernel(const __grid_constant__ ElementArgs args) {
  ElementLoop<E, T, wrt>(args).run();
}

template <class E, class T, Wrt wrt>
int64_t run_elements(const ElementArgs& args) {
  const int64_t per_block = kElementThreads * (args.strided ? 1 : kElements<E, T>);
  const int64_t blocks = std::min((args.size + per_block - 1) / per_block, kMaxBlocks);
  if (blocks > 0) launch(element_kernel<E, T, wrt>, blocks, kElementThreads, 0, args);
  return blocks;
}

template <class E, class T>
const ElementKernels& ElementKernelsOf<E, T>::get() {
  static constexpr ElementKernels table = {
      {run_elements<E, T, Wrt::kNothing>, run_elements<E, T, Wrt::kFirst>, run_elements<E, T, Wrt::kAll>}};
  return table;
}

}  // namespace lossops::cuda
