// Compiled once per instruction set: the check of labels.
#include "families/class_axis/labels.h"

namespace lossops::cpu::CPU_CAPABILITY {
namespace {

LabelCounts count_labels(const int64_t* label, int64_t size, int64_t low, int64_t high,
                         std::optional<int64_t> ignore_index) {
  const int64_t ignores = ignore_index.has_value(), ignored = ignore_index.value_or(0);
  int64_t drops = 0, outside = 0;
#pragma omp simd reduction(+ : drops, outside)
  for (int64_t i = 0; i < size; ++i) {
    const int64_t drop = ignores & (label[i] == ignored);
    drops += drop;
    outside += ((label[i] < low) | (label[i] >= high)) & (drop == 0);
  }
  return {drops, outside};
}

}  // namespace

CountLabels* label_counter() { return count_labels; }

}  // namespace lossops::cpu::CPU_CAPABILITY
