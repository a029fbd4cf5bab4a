// The interface to the check of labels, compiled once per instruction set.
#pragma once

#include <cstdint>
#include <optional>

#ifndef CPU_CAPABILITY
#include "../../runtime/cpu/isa.h"
#endif

namespace lossops::cpu {

struct LabelCounts {
  int64_t ignored = 0;
  int64_t outside = 0;  ///< neither ignored nor in the range
};

/// Of labels from `low` to below `high`.
using CountLabels = LabelCounts(const int64_t* label, int64_t size, int64_t low, int64_t high,
                                std::optional<int64_t> ignore_index);

#ifndef CPU_CAPABILITY
#define LOSSOPS_DECLARE_ISA(ISA, ...) \
  namespace ISA {                     \
  CountLabels* label_counter();       \
  }
LOSSOPS_EACH_ISA(LOSSOPS_DECLARE_ISA)
#undef LOSSOPS_DECLARE_ISA
#endif

}  // namespace lossops::cpu
