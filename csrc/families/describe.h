// Makes an expression and its line in the registry into a Loss. The expression tells its family.
#pragma once

#include "../runtime/cpu/isa.h"
#include "class_axis/call.h"
#include "elementwise/call.h"
#ifdef LOSSOPS_CUDA
#include "class_axis/cuda.h"
#include "elementwise/cuda.h"
#endif

namespace lossops {

// What traits are written in.
using class_axis::Role;
using elementwise::Shape;
constexpr bool kOptional = true;

template <class E>
using TraitsOf = std::conditional_t<ClassAxisExpression<E>, class_axis::Traits, elementwise::Traits>;

/// The loss without kernels.
template <class E>
std::unique_ptr<Loss> describe(const char* space, const char* name, TraitsOf<E> traits) {
  if constexpr (ClassAxisExpression<E>) {
    return class_axis::describe<E>(space, name, std::move(traits));
  } else {
    return elementwise::describe<E>(space, name, std::move(traits));
  }
}

/// The loss with the kernels that this build has of it.
template <class E>
std::unique_ptr<Loss> describe_native(const char* space, const char* name, TraitsOf<E> traits) {
  auto loss = lossops::describe<E>(space, name, std::move(traits));
  constexpr bool kOverClasses = ClassAxisExpression<E>;
  const Backend* const cpu = kOverClasses ? class_axis::cpu_backend() : elementwise::cpu_backend();
  loss->kernels.push_back({cpu, LOSSOPS_FOR_THIS_ISA(kernels<E>())});
#ifdef LOSSOPS_CUDA
  // An extension may have kernels although this library lacks what launches them.
  const Backend* const cuda = kOverClasses ? class_axis::cuda_backend() : elementwise::cuda_backend();
  if constexpr (kOverClasses) {
    if (cuda) loss->kernels.push_back({cuda, &cuda::class_axis_kernels<E>()});
  } else {
    if (cuda) loss->kernels.push_back({cuda, &cuda::all_element_kernels<E>()});
  }
#endif
  return loss;
}

}  // namespace lossops
