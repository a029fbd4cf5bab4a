// Counting labels: what every dispatch key of lossops::count_labels checks.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace lossops {

/// Classes that labels may have: counts of more would be a label gone wrong.
constexpr int64_t kMostClasses = int64_t{1} << 28;

/// Raises for labels that are not integers in dense memory, and for a number of classes that is none.
void check_count(const at::Tensor& labels, const std::optional<c10::SymInt>& num_classes);

/// The counts by ATen operators, with one wait for the device; none if a label is no class.
std::optional<at::Tensor> count_by_aten(const at::Tensor& labels, std::optional<int64_t> num_classes,
                                        std::optional<int64_t> ignore_index);

}  // namespace lossops
