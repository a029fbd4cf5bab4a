// Makes an expression and its line in the registry into a Loss. The expression tells its family.
#pragma once

#include "../runtime/cpu/isa.h"
#include "class_axis/call.h"
#include "elementwise/call.h"
#include "lattice/call.h"
#include "linear/call.h"
#include "regions/call.h"
#include "vectors/call.h"
#ifdef LOSSOPS_CUDA
#include "class_axis/cuda.h"
#include "elementwise/cuda.h"
#include "lattice/cuda.h"
#include "regions/cuda.h"
#include "vectors/cuda.h"
#endif

namespace lossops {

// What traits are written in.
using class_axis::Role;
using elementwise::Shape;
constexpr bool kOptional = true;

template <class E>
auto traits_of() {
  if constexpr (ClassAxisExpression<E>) {
    return class_axis::Traits();
  } else if constexpr (LatticeExpression<E>) {
    return lattice::Traits();
  } else if constexpr (VectorExpression<E>) {
    return vectors::Traits();
  } else if constexpr (RegionExpression<E>) {
    return regions::Traits();
  } else {
    return elementwise::Traits();
  }
}
template <class E>
using TraitsOf = decltype(traits_of<E>());

/// The loss without kernels.
template <class E>
std::unique_ptr<Loss> describe(const char* space, const char* name, TraitsOf<E> traits) {
  if constexpr (ClassAxisExpression<E>) {
    return class_axis::describe<E>(space, name, std::move(traits));
  } else if constexpr (LatticeExpression<E>) {
    return lattice::describe<E>(space, name, traits);
  } else if constexpr (VectorExpression<E>) {
    return vectors::describe<E>(space, name, traits);
  } else if constexpr (RegionExpression<E>) {
    return regions::describe<E>(space, name, traits);
  } else {
    return elementwise::describe<E>(space, name, std::move(traits));
  }
}

template <class E>
const Backend* cpu_backend() {
  if constexpr (ClassAxisExpression<E>) return class_axis::cpu_backend();
  if constexpr (LatticeExpression<E>) return lattice::cpu_backend();
  if constexpr (VectorExpression<E>) return vectors::cpu_backend();
  if constexpr (RegionExpression<E>) return regions::cpu_backend();
  return elementwise::cpu_backend();
}

#ifdef LOSSOPS_CUDA
/// The kernels for GPUs with what launches them. An extension may have kernels although this library lacks
/// that.
template <class E>
Kernels cuda_kernels() {
  if constexpr (ClassAxisExpression<E>) {
    return {class_axis::cuda_backend(), &cuda::class_axis_kernels<E>()};
  } else if constexpr (LatticeExpression<E>) {
    return {lattice::cuda_backend(), &cuda::lattice_kernels<E>()};
  } else if constexpr (VectorExpression<E>) {
    return {vectors::cuda_backend(), &cuda::vector_kernels<E>()};
  } else if constexpr (RegionExpression<E>) {
    return {regions::cuda_backend(), &cuda::region_kernels<E>()};
  } else {
    return {elementwise::cuda_backend(), &cuda::all_element_kernels<E>()};
  }
}
#endif

/// The loss with the kernels that this build has of it.
template <class E>
std::unique_ptr<Loss> describe_native(const char* space, const char* name, TraitsOf<E> traits) {
  auto loss = lossops::describe<E>(space, name, std::move(traits));
  loss->kernels.push_back({cpu_backend<E>(), LOSSOPS_FOR_THIS_ISA(kernels<E>())});
#ifdef LOSSOPS_CUDA
  if (const Kernels kernels = cuda_kernels<E>(); kernels.backend) loss->kernels.push_back(kernels);
#endif
  return loss;
}

/// The loss of this name on a product, with the kernels that this build has of that on logits; null where the
/// expression does not read rows of logits.
template <class E>
std::unique_ptr<Loss> describe_on_product(const char* space, const char* name, TraitsOf<E> traits,
                                          const Exceptions& exceptions = {}) {
  if constexpr (linear::kIsOnLogits<E>) {
    auto on_logits = describe_native<E>(space, name, std::move(traits));
    on_logits->exceptions = exceptions;
    return std::make_unique<linear::LinearLoss>(std::move(on_logits));
  } else {
    return nullptr;
  }
}

}  // namespace lossops
