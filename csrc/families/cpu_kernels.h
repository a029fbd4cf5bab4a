// The CPU kernels of an expression of any family.
#pragma once

#include "class_axis/cpu_kernel.h"
#include "elementwise/cpu_kernel.h"
#include "lattice/cpu_kernel.h"
#include "regions/cpu_kernel.h"
#include "vectors/cpu_kernel.h"

namespace lossops::cpu {
inline namespace CPU_CAPABILITY {

template <class E>
const void* kernels() {
  if constexpr (ClassAxisExpression<E>) {
    return &class_axis_kernels<E>();
  } else if constexpr (LatticeExpression<E>) {
    return &lattice_kernels<E>();
  } else if constexpr (VectorExpression<E>) {
    return &vector_kernels<E>();
  } else if constexpr (RegionExpression<E>) {
    return &region_kernels();
  } else {
    return &element_kernels<E>();
  }
}

}  // namespace CPU_CAPABILITY
}  // namespace lossops::cpu
