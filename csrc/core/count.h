// Counting labels: what every dispatch key of lossops::count_labels checks.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace lossops {

/// Classes that labels may have: counts of more would be a label gone wrong.
constexpr int64_t kMostClasses = int64_t{1} << 28;

/// Raises for labels that are not integers in dense memory, and for a number of classes that is none.
void check_count(const at::Tensor& labels, const std::optional<c10::SymInt>& num_classes);

}  // namespace lossops
