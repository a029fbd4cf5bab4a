// The scalar type that a CPU kernel computes in: a vector register where the instruction set has one that
// at::vec knows, and otherwise a register of one value.
#pragma once

#if defined(CPU_CAPABILITY_AVX512) || defined(CPU_CAPABILITY_AVX2) || defined(__aarch64__)

#include "simd.h"
#include "simd_special.h"

namespace lossops {
inline namespace CPU_CAPABILITY {
template <class T>
using Register = Simd<T>;
}
}  // namespace lossops

#else

#include "scalar.h"

namespace lossops {
inline namespace CPU_CAPABILITY {
template <class T>
using Register = Scalar<T>;
}
}  // namespace lossops

#endif

namespace lossops {
inline namespace CPU_CAPABILITY {
/// Where there are none, kernels are for few: bfloat16 is taken for float, as float16 is everywhere.
constexpr bool kHasVectors = Register<float>::kLanes > 1;
}  // namespace CPU_CAPABILITY
}  // namespace lossops
