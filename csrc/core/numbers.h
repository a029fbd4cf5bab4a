// What a family's traits and the table of an expression's parameters say to a Loss.
#pragma once

#include "loss.h"

namespace lossops {

/// The operands of a family's traits, as the schema needs them.
template <class Operand>
std::vector<TensorArgument> tensor_arguments(const std::vector<Operand>& operands) {
  std::vector<TensorArgument> arguments;
  for (const Operand& o : operands) arguments.push_back({o.name, o.is_optional});
  return arguments;
}

template <size_t i, class E>
NumberArgument number_argument(const E& e) {
  constexpr auto p = E::parameters[i];
  NumberArgument number{p.name, p.type, p.standard, p.low, p.high};
  with_parameter<i>(e, [&](const auto& field) { number.value = static_cast<double>(field); });
  return number;
}

template <class E>
std::vector<NumberArgument> number_arguments() {
  std::vector<NumberArgument> numbers;
  [&]<size_t... i>(std::index_sequence<i...>) {
    (numbers.push_back(number_argument<i>(E{})), ...);
  }(std::make_index_sequence<parameter_count<E>()>());
  return numbers;
}

}  // namespace lossops
