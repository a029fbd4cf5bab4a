// The interface between the penalty's launcher and its kernels, compiled once per instruction set.
#pragma once

#include <cstdint>

#ifndef CPU_CAPABILITY
#include "../../runtime/cpu/isa.h"
#endif

namespace lossops::cpu {

/// The sums of |x| and of x^2.
struct PenaltySums {
  double absolute = 0, square = 0;
};

template <class T>
struct PenaltyKernels {
  PenaltySums (*sums)(const T* x, int64_t size);
  /// grad = a sign(x) + b x; a null factor leaves its part out. grad may be x.
  void (*slope)(const T* x, const T* a, const T* b, T* grad, int64_t size);
};

#ifndef CPU_CAPABILITY
#define LOSSOPS_DECLARE_ISA(ISA, ...)         \
  namespace ISA {                             \
  template <class T>                          \
  const PenaltyKernels<T>& penalty_kernels(); \
  }
LOSSOPS_EACH_ISA(LOSSOPS_DECLARE_ISA)
#undef LOSSOPS_DECLARE_ISA
#endif

}  // namespace lossops::cpu
