// What an expression is: a struct whose fields are its parameters, all double and in the order of the schema,
// with a template operator() over the carriers of its operands. It may also have a predicate `invalid` on its
// operands' values and a text `domain` that says what they must satisfy.
#pragma once

#include <cstring>

#include "vocabulary.h"

namespace lossops {

/// How many operands an expression reads.
template <class E>
constexpr int arity() {
  using S = Scalar<float>;
  constexpr int n = std::is_invocable_v<E, S, S> ? 2 : std::is_invocable_v<E, S, S, S> ? 3 : 4;
  static_assert(n < 4 || std::is_invocable_v<E, S, S, S, S>, "an expression takes 2, 3 or 4 operands");
  return n;
}

template <class E>
constexpr int parameter_count() {
  return std::is_empty_v<E> ? 0 : sizeof(E) / sizeof(double);
}

/// The expression with its parameters in place.
template <class E>
LOSSOPS_INLINE E make_expression(const double* params) {
  static_assert(std::is_trivially_copyable_v<E> && (std::is_empty_v<E> || sizeof(E) % sizeof(double) == 0),
                "the fields of an expression are doubles");
  E e;
  if constexpr (!std::is_empty_v<E>) std::memcpy(&e, params, sizeof(E));
  return e;
}

}  // namespace lossops
