// Declares what each instruction set's object offers and picks the one for this processor.
#pragma once

#include <ATen/Version.h>

#include "rows.h"

#ifdef CPU_CAPABILITY

/// A file that is itself compiled for one instruction set has that one's kernels, and no other.
#define LOSSOPS_FOR_THIS_ISA(...) ::lossops::cpu::CPU_CAPABILITY::__VA_ARGS__

#else

#if defined(__x86_64__)
#define LOSSOPS_EACH_ISA(M) M(DEFAULT) M(AVX2) M(AVX512)
#else
#define LOSSOPS_EACH_ISA(M) M(DEFAULT)
#endif

#define LOSSOPS_DECLARE_ISA(ISA)       \
  namespace lossops::cpu::ISA {        \
  template <class Expression>          \
  const Kernels& kernels();            \
  template <class Expression>          \
  const RowKernels& row_kernels();     \
  template <class T>                   \
  const Conversions<T>& conversions(); \
  }
LOSSOPS_EACH_ISA(LOSSOPS_DECLARE_ISA)
#undef LOSSOPS_DECLARE_ISA

namespace lossops::cpu {

enum class Isa { DEFAULT, AVX2, AVX512 };

/// What ATen uses here, so that ATEN_CPU_CAPABILITY governs both.
inline Isa current_isa() {
  static const Isa isa = [] {
    const std::string name = at::get_cpu_capability();
    return name == "AVX512" ? Isa::AVX512 : name == "AVX2" ? Isa::AVX2 : Isa::DEFAULT;
  }();
  return isa;
}

}  // namespace lossops::cpu

/// `call` as the object of this processor's instruction set has it.
#if defined(__x86_64__)
#define LOSSOPS_FOR_THIS_ISA(...)                                                                     \
  (::lossops::cpu::current_isa() == ::lossops::cpu::Isa::AVX512 ? ::lossops::cpu::AVX512::__VA_ARGS__ \
   : ::lossops::cpu::current_isa() == ::lossops::cpu::Isa::AVX2 ? ::lossops::cpu::AVX2::__VA_ARGS__   \
                                                                : ::lossops::cpu::DEFAULT::__VA_ARGS__)
#else
#define LOSSOPS_FOR_THIS_ISA(...) ::lossops::cpu::DEFAULT::__VA_ARGS__
#endif

#endif
