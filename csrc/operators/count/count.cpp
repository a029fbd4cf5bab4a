// lossops::count_labels: its schema, and what tracing and devices without a kernel see.
#include "operators/count/count.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/aminmax.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <torch/library.h>

#include "core/shapes.h"

namespace lossops {

void check_count(const at::Tensor& labels, const std::optional<c10::SymInt>& num_classes) {
  TORCH_CHECK(is_dense(labels), "count_labels: labels must be a dense tensor, got ", shown_layout(labels));
  TORCH_CHECK_NOT_IMPLEMENTED(at::isIntegralType(labels.scalar_type(), /*includeBool=*/true),
                              "count_labels: labels must have an integer dtype or bool, got ",
                              labels.scalar_type());
  if (!num_classes) return;
  const bool fits =
      TORCH_GUARD_OR_TRUE(num_classes->sym_ge(1)) && TORCH_GUARD_OR_TRUE(num_classes->sym_le(kMostClasses));
  TORCH_CHECK_VALUE(fits, "count_labels: num_classes must be in [1, ", kMostClasses, "], got ", *num_classes);
}

namespace {

at::Tensor count_meta(const at::Tensor& labels, std::optional<c10::SymInt> num_classes,
                      std::optional<int64_t>) {
  check_count(labels, num_classes);
  TORCH_CHECK(num_classes,
              "count_labels: num_classes must be given where labels hold no data (meta tensors, "
              "torch.compile, torch.export): the shape of the result depends on it");
  return at::empty_symint({*num_classes}, labels.options().dtype(at::kLong));
}

/// Where counting by ATen fails, the CPU's kernel has the words for it.
at::Tensor count_elsewhere(const at::Tensor& labels, std::optional<c10::SymInt> num_classes,
                           std::optional<int64_t> ignore_index) {
  check_count(labels, num_classes);
  std::optional<int64_t> classes;
  if (num_classes) classes = num_classes->guard_int(__FILE__, __LINE__);
  if (const auto counts = count_by_aten(labels, classes, ignore_index)) return *counts;
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("lossops::count_labels", "")
                             .typed<decltype(count_elsewhere)>();
  return op.call(labels.cpu(), num_classes, ignore_index).to(labels.device());
}

}  // namespace

std::optional<at::Tensor> count_by_aten(const at::Tensor& labels, std::optional<int64_t> num_classes,
                                        std::optional<int64_t> ignore_index) {
  at::Tensor kept = labels.flatten().to(at::kLong);
  if (ignore_index) kept = kept.masked_select(kept.ne(*ignore_index));
  if (kept.numel() == 0) return at::zeros({num_classes.value_or(0)}, kept.options());
  const auto [least, most] = at::aminmax(kept);
  const at::Tensor bounds = at::stack({least, most}).cpu();
  const auto* bound = bounds.const_data_ptr<int64_t>();
  if (bound[0] < 0 || bound[1] >= num_classes.value_or(kMostClasses)) return std::nullopt;
  return at::bincount(kept, {}, num_classes.value_or(0));
}

TORCH_LIBRARY_FRAGMENT(lossops, library) {
  library.def("count_labels(Tensor labels, SymInt? num_classes=None, int? ignore_index=None) -> Tensor",
              {at::Tag::pt2_compliant_tag});
}
TORCH_LIBRARY_IMPL(lossops, Meta, library) { library.impl("count_labels", count_meta); }
TORCH_LIBRARY_IMPL(lossops, CompositeExplicitAutograd, library) {
  library.impl("count_labels", count_elsewhere);
}
TORCH_LIBRARY_IMPL(lossops, Autograd, library) {
  library.impl("count_labels", torch::CppFunction::makeFallthrough());
}

}  // namespace lossops
