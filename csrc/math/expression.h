// What an element-wise expression is: a struct with a template operator() over the scalar types of its
// operands and, where it has parameters, their table (parameters.h). It may also have a predicate `invalid`
// on its operands' values and a text `domain` that says what they must satisfy. Where an element of a tensor
// is several numbers, side by side in memory, `components` says how many; each is an operand, those of the
// first tensor first.
#pragma once

#include "parameters.h"
#include "vocabulary.h"

namespace lossops {

template <size_t>
struct AnyOperand {
  using type = Scalar<float>;
};

template <class E, size_t... i>
constexpr bool takes(std::index_sequence<i...>) {
  return std::is_invocable_v<E, typename AnyOperand<i>::type...>;
}

/// How many operands an expression reads.
template <class E, int n = 1>
constexpr int arity() {
  static_assert(n <= kMaxOperands, "an expression takes 1 to 8 operands, each of a type of its own");
  if constexpr (n > kMaxOperands || takes<E>(std::make_index_sequence<n>())) {
    return n;
  } else {
    return arity<E, n + 1>();
  }
}

/// How many numbers an element of a tensor is.
template <class E>
constexpr int components() {
  if constexpr (requires { E::components; }) {
    return E::components;
  } else {
    return 1;
  }
}

/// Whether an element takes so much arithmetic that memory, and what a kernel leaves out, count for little:
/// where an expression says that it is `costly`, and where elements are of several numbers. Such an
/// expression has fewer kernels, which are quicker to compile.
template <class E>
constexpr bool kIsCostly = components<E>() > 1 || requires { requires E::costly; };

/// How many tensors an expression reads.
template <class E>
constexpr int tensor_count() {
  static_assert(arity<E>() % components<E>() == 0);
  return arity<E>() / components<E>();
}

}  // namespace lossops
