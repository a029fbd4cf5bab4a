// Makes an expression and its line in the registry into a Loss.
#pragma once

#include <torch/csrc/jit/frontend/function_schema_parser.h>

#include "core/loss.h"
#include "cpu/isa.h"
#include "math/expression.h"
#include "math/formula.h"

namespace lossops {

template <class E>
Formula formula_of(const Formula* x, const double* params) {
  const E e = make_expression<E>(params);
  if constexpr (arity<E>() == 2) {
    return e(x[0], x[1]);
  } else {
    return e(x[0], x[1], x[2]);
  }
}

template <class E>
std::unique_ptr<Loss> describe(const char* space, const char* name, const char* arguments, Traits traits) {
  auto loss = std::make_unique<Loss>();
  loss->space = space;
  loss->name = name;
  loss->arguments_text = arguments;
  loss->arguments = torch::jit::parseSchema(c10::str(name, "(", arguments, ") -> Tensor")).arguments();
  loss->traits = std::move(traits);
  loss->operands = arity<E>();
  loss->params = parameter_count<E>();
  TORCH_INTERNAL_ASSERT(static_cast<int>(loss->arguments.size()) == loss->operands + loss->params, space,
                        "::", name, ": the expression and the schema disagree");
  for (int i = 0; i < loss->operands; ++i) {
    if (loss->argument(i) == "target") loss->target = i;
  }
  loss->formula = formula_of<E>;
  if constexpr (requires { E::domain; }) loss->domain = E::domain;
  loss->kernels = &LOSSOPS_FOR_THIS_ISA(kernels<E>());
  return loss;
}

}  // namespace lossops
