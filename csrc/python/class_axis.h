// What Python has to know of an expression over the class axis to compute it from classes that lie in several
// processes.
#pragma once

#include <pybind11/pybind11.h>

#include "../families/describe.h"
#include "../losses/all.h"

namespace lossops::python {

template <class E>
void add_class_axis(pybind11::dict& known, const char* op, const TraitsOf<E>& traits) {
  if constexpr (ClassAxisExpression<E>) {
    using pybind11::operator""_a;
    pybind11::list true_weights, entries, others;
    for (const class_axis::Operand& operand : traits.operands) {
      if (operand.role == Role::kTrueWeight) {
        true_weights.append(operand.name);
      } else if (operand.role == Role::kGiven) {
        entries.append(operand.name);
      } else if (operand.role > Role::kTrueWeight) {
        others.append(operand.name);
      }
    }
    known[op] =
        pybind11::dict("sides"_a = sides<E>(), "softmax"_a = kIsSoftmax<E>, "reads_row"_a = kReadsRow<E>,
                       "nll"_a = kIsNll<E>, "others"_a = HasOtherClasses<E>, "maps"_a = HasLogit<E>,
                       "maps_label"_a = MapsTarget<E>, "cosines"_a = traits.of_cosines,
                       "lists"_a = traits.operands[1].role == Role::kLabelList,
                       "mean_over_weight"_a = traits.mean_over_weight, "true_weights"_a = true_weights,
                       "by_entry"_a = entries, "others_by_class"_a = others, "finishes"_a = Finishes<E>,
                       "indivisible"_a = OrdersClasses<E> || kTakesPoint<E>);
  }
}

/// By the name of the operator.
inline pybind11::dict class_axis_losses() {
  pybind11::dict known;
#define LOSS(op, Expression, ...) \
  add_class_axis<losses::Expression>(known, #op, TraitsOf<losses::Expression>{__VA_ARGS__});
#include "../losses/registry.def"
  return known;
}

}  // namespace lossops::python
