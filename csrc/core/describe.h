// Makes an expression and its line in the registry into a Loss.
#pragma once

#include <torch/csrc/jit/frontend/function_schema_parser.h>

#include "../families/class_axis/call.h"
#include "../families/class_axis/cuda.h"
#include "../math/aten.h"
#include "../math/expression.h"
#include "../runtime/cpu/isa.h"

namespace lossops {

template <class E, size_t... I>
Aten decomposition_of(const E& e, const Aten* x, std::index_sequence<I...>) {
  return e(x[I]...);
}

template <class E>
Aten decomposition_of(const Aten* x, const double* params) {
  return decomposition_of(make_expression<E>(params), x, std::make_index_sequence<arity<E>()>());
}

/// What the family of E needs to know of it.
template <class E>
void describe_family(Loss& loss) {
  loss.family = &kElementwise;
  loss.operands = arity<E>();
  loss.decomposition = decomposition_of<E>;
  if constexpr (requires { E::domain; }) loss.domain = E::domain;
  loss.kernels = &LOSSOPS_FOR_THIS_ISA(kernels<E>());
#ifdef LOSSOPS_CUDA
  static const cuda::Kernels cuda_kernels{cuda::element_kernels<E, float>(),
                                          cuda::element_kernels<E, double>()};
  loss.cuda_kernels = &cuda_kernels;
#endif
}

template <ClassAxisExpression E>
void describe_family(Loss& loss) {
  static const ClassAxisMembers members = members_of<E>();
  loss.family = &kClassAxis;
  loss.operands = static_cast<int>(loss.traits.roles.size());
  loss.members = &members;
  loss.class_axis_kernels = &LOSSOPS_FOR_THIS_ISA(class_axis_kernels<E>());
#ifdef LOSSOPS_CUDA
  static const cuda::ClassAxisKernels cuda_kernels{cuda::run_rows<E, float>, cuda::run_rows<E, double>,
                                                   cuda::run_rows<E, c10::Half>,
                                                   cuda::run_rows<E, c10::BFloat16>};
  loss.cuda_class_axis_kernels = &cuda_kernels;
#endif
}

template <class E>
std::unique_ptr<Loss> describe(const char* space, const char* name, const char* arguments, Traits traits) {
  static_assert(parameter_count<E>() <= kMaxParams);
  auto loss = std::make_unique<Loss>();
  loss->space = space;
  loss->name = name;
  loss->arguments_text = arguments;
  loss->arguments = torch::jit::parseSchema(c10::str(name, "(", arguments, ") -> Tensor")).arguments();
  loss->traits = std::move(traits);
  describe_family<E>(*loss);
  loss->params = parameter_count<E>();
  TORCH_CHECK(loss->operands <= kMaxOperands, space, "::", name, ": at most ", kMaxOperands,
              " tensors are allowed, got ", loss->operands);
  const auto is_tensor = [&](int i) {
    return loss->arguments[i].type()->isSubtypeOf(*c10::OptionalType::ofTensor());
  };
  bool fits = static_cast<int>(loss->arguments.size()) == loss->operands + loss->params;
  for (int i = 0; fits && i < loss->operands + loss->params; ++i) fits = is_tensor(i) == (i < loss->operands);
  TORCH_CHECK(fits, space, "::", name, ": the expression has ", loss->operands, " tensors and ", loss->params,
              " parameters, in this order, which the arguments must have too, got \"", arguments, "\"");
  const auto find = [&](const std::string& argument) {
    for (size_t i = 0; i < loss->arguments.size(); ++i) {
      if (loss->argument(i) == argument) return static_cast<int>(i);
    }
    TORCH_CHECK(false, space, "::", name, ": there must be an argument ", argument, ", got \"", arguments,
                "\"");
  };
  loss->target = find("target");
  loss->dim_param = loss->parameter_index("dim");
  loss->smoothing_param = loss->parameter_index("label_smoothing");
  TORCH_CHECK(static_cast<int>(loss->traits.shapes.size()) <= loss->operands, space, "::", name, ": ",
              loss->traits.shapes.size(), " shapes are given for ", loss->operands, " tensors");
  for (const Limit& limit : loss->traits.limits) {
    TORCH_CHECK(find(limit.param) >= loss->operands, space, "::", name,
                ": a limit must be on a parameter, got ", limit.param);
    const std::string relation = limit.relation;
    TORCH_CHECK(relation == ">" || relation == ">=" || relation == "<" || relation == "<=", space, "::", name,
                ": the relation of a limit must be >, >=, < or <=, got ", relation);
  }
  return loss;
}

}  // namespace lossops
