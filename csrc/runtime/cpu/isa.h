// Declares what each instruction set's object offers and picks the one for this processor.
//
// A build leaves an instruction set out by LOSSOPS_WITHOUT_DEFAULT, _AVX2 or _AVX512.
#pragma once

#include "kernels.h"

#ifdef CPU_CAPABILITY

/// A file that is itself compiled for one instruction set has that one's kernels, and no other.
#define LOSSOPS_FOR_THIS_ISA(...) ::lossops::cpu::CPU_CAPABILITY::__VA_ARGS__

#else

#include <c10/util/Exception.h>

#ifdef LOSSOPS_WITHOUT_DEFAULT
#define LOSSOPS_IF_DEFAULT(...)
#else
#define LOSSOPS_IF_DEFAULT(...) __VA_ARGS__
#endif
#if defined(LOSSOPS_WITHOUT_AVX2) || !defined(__x86_64__)
#define LOSSOPS_IF_AVX2(...)
#else
#define LOSSOPS_IF_AVX2(...) __VA_ARGS__
#endif
#if defined(LOSSOPS_WITHOUT_AVX512) || !defined(__x86_64__)
#define LOSSOPS_IF_AVX512(...)
#else
#define LOSSOPS_IF_AVX512(...) __VA_ARGS__
#endif

/// M(isa, ...) for each instruction set of the build, the widest first.
#define LOSSOPS_EACH_ISA(M, ...)            \
  LOSSOPS_IF_AVX512(M(AVX512, __VA_ARGS__)) \
  LOSSOPS_IF_AVX2(M(AVX2, __VA_ARGS__))     \
  LOSSOPS_IF_DEFAULT(M(DEFAULT, __VA_ARGS__))

#define LOSSOPS_DECLARE_ISA(ISA, ...)  \
  namespace lossops::cpu::ISA {        \
  template <class Expression>          \
  const void* kernels();               \
  template <class T>                   \
  const Conversions<T>& conversions(); \
  }
LOSSOPS_EACH_ISA(LOSSOPS_DECLARE_ISA)
#undef LOSSOPS_DECLARE_ISA

namespace lossops::cpu {

enum class Isa { DEFAULT, AVX2, AVX512 };

/// What ATen uses here, so that ATEN_CPU_CAPABILITY governs both, or the next one below it that this build
/// has; if it has none, the lowest that this processor has. Raises where there is none.
Isa current_isa();

}  // namespace lossops::cpu

/// The member of this processor's instruction set that is called so.
#define LOSSOPS_RETURN_FOR(ISA, ...) \
  if (::lossops::cpu::current_isa() == ::lossops::cpu::Isa::ISA) return ::lossops::cpu::ISA::__VA_ARGS__;
#define LOSSOPS_FOR_THIS_ISA(...)                            \
  ([]() -> decltype(auto) {                                  \
    LOSSOPS_EACH_ISA(LOSSOPS_RETURN_FOR, __VA_ARGS__)        \
    TORCH_INTERNAL_ASSERT(false, "no such instruction set"); \
  }())

#endif
