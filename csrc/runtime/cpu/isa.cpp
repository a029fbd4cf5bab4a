#include "runtime/cpu/isa.h"

#include <ATen/Version.h>

#include <string>

namespace lossops::cpu {
namespace {

bool has(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::AVX512) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && has(Isa::AVX2);
  }
  if (isa == Isa::AVX2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
  return isa == Isa::DEFAULT;
}

Isa choose() {
  const std::string capability = at::get_cpu_capability();
  const Isa torchs = capability == "AVX512" ? Isa::AVX512 : capability == "AVX2" ? Isa::AVX2 : Isa::DEFAULT;
  Isa lowest{};
#define LOSSOPS_CHOOSE(ISA, ...)           \
  if (Isa::ISA <= torchs) return Isa::ISA; \
  lowest = Isa::ISA;
  LOSSOPS_EACH_ISA(LOSSOPS_CHOOSE)
#undef LOSSOPS_CHOOSE
  TORCH_CHECK(has(lowest), "lossops: built for other processors than this one, which has ", capability);
  return lowest;
}

}  // namespace

Isa current_isa() {
  static const Isa isa = choose();
  return isa;
}

}  // namespace lossops::cpu
