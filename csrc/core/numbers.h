// What the table of an expression's parameters says to a Loss.
#pragma once

#include "loss.h"

namespace lossops {

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
