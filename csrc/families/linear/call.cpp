// Losses on a product: shapes, and what the family says to autograd and tracing.
#include "families/linear/call.h"

#include <ATen/EmptyTensor.h>
#include <ATen/OpMathType.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/where.h>

#include "core/reduction.h"
#include "core/shapes.h"

namespace lossops::linear {
namespace {

extern const Family kFamily;

std::vector<TensorArgument> tensors_of(const Loss& on_logits) {
  std::vector<TensorArgument> tensors;
  for (int i = 0; i < on_logits.operands; ++i) {
    const c10::Argument& a = on_logits.arguments[i];
    tensors.push_back({a.name().c_str(), a.type()->kind() == c10::TypeKind::OptionalType});
    if (i == 0) tensors.push_back({"linear_weight", false});
  }
  tensors.push_back({"linear_bias", true});
  return tensors;
}

/// The shape of a value per row.
c10::SymIntArrayRef rows_shape(const Call& call) {
  const auto shape = call.input().sym_sizes();
  return shape.slice(0, shape.size() - 1);
}

void check_factor(const Call& call, const at::Tensor& t, const char* name, c10::SymIntArrayRef expected) {
  TORCH_CHECK(at::isFloatingType(t.scalar_type()), call.loss->name, ": ", name,
              " must have a floating point dtype, got ", t.scalar_type());
  TORCH_CHECK(agree(t.sym_sizes(), expected), call.loss->name, ": ", name, " must have shape ",
              shown(expected), ", got ", shown(t.sym_sizes()));
}

/// Whether the target has a number per class and not one per row.
bool is_by_class(const LinearLoss& loss, const at::Tensor& target) {
  return loss.on_logits->target_role() == class_axis::Role::kLabelList ||
         at::isFloatingType(target.scalar_type());
}

/// What of_rows could not make rows of.
void check_target(const Call& call) {
  const int i = call.loss->target;
  c10::SymDimVector classes(call.input().sym_sizes());
  classes.back() = linear_weight(call).sym_size(0);
  const auto shape = call.tensors[i].sym_sizes();
  const bool one = classes.size() == 1 && agree(shape, {1});  // of a single row
  const bool by_class = is_by_class(LinearLoss::of(call), call.tensors[i]);
  if (by_class ? agree(shape, classes) : one || agree(shape, rows_shape(call))) return;
  call.loss->raise("size", call.name(i), " must have the shape of input without its last dimension, ",
                   shown(rows_shape(call)), ", or that of the logits, ", shown(classes), ", got ",
                   shown(shape));
}

void align(Call& call) {
  const auto shape = call.input().sym_sizes();
  if (shape.empty()) call.loss->raise("input", "input must have at least one dimension, got shape ()");
  const at::Tensor& w = linear_weight(call);
  TORCH_CHECK(w.dim() == 2, call.loss->name, ": linear_weight must have shape (classes, features), got ",
              shown(w.sym_sizes()));
  check_factor(call, w, "linear_weight", {w.sym_size(0), shape.back()});
  if (linear_bias(call).defined()) check_factor(call, linear_bias(call), "linear_bias", {w.sym_size(0)});
  if (shape.size() != 2) check_target(call);
  LinearLoss::of(call).of_rows(call, logits_stand_in(call)).align();
}

at::ScalarType promoted_dtype(const Call& call) {
  const auto dtype = c10::promoteTypes(call.input().scalar_type(), linear_weight(call).scalar_type());
  return linear_bias(call).defined() ? c10::promoteTypes(dtype, linear_bias(call).scalar_type()) : dtype;
}

at::Tensor empty_values(const Call& call) {
  return at::empty_symint(rows_shape(call),
                          call.input().options().dtype(call.result_dtype()).requires_grad(false));
}

const at::Tensor& gradient_like(const Call& call, int i) { return call.tensors[i]; }

Divisor mean(const Call& call) { return divisor(LinearLoss::of(call).of_rows(call, logits_stand_in(call))); }

c10::SymInt values_per_sample(const Call&) { return 1; }

/// Those by the factors and the normalizer; without a reduction the upstream gradient has to come first.
int64_t keeps(const Call& call) {
  if (!call.reduces()) return 0;
  const int bias = call.loss->operands - 1, normalizer = call.loss->operands + 1;
  return 3 | int64_t{1} << bias | int64_t{1} << normalizer;
}

at::Tensor decompose(const Call& call) {
  const LinearLoss& loss = LinearLoss::of(call);
  const auto wide = [&](const at::Tensor& t) { return t.defined() ? t.to(math_dtype(call)) : t; };
  const c10::SymInt features = call.input().sym_size(-1);
  at::Tensor x = wide(call.input());
  Call rows = loss.of_rows(call, logits_stand_in(call));
  x = x.reshape_symint({rows.input().sym_size(0), features});
  const at::Tensor& target = rows.tensors[rows.loss->target];
  if (call.settings.ignore_index && !at::isFloatingType(target.scalar_type())) {
    // What is ignored may hold anything.
    x = at::where((target == *call.settings.ignore_index).unsqueeze(-1), 0.0, x);
  }
  rows.tensors[0] = at::linear(x, wide(linear_weight(call)), wide(linear_bias(call)));
  rows.settings.dtype = call.result_dtype();
  rows.align();
  const at::Tensor value = rows.loss->family.decompose(rows);
  return call.reduces() ? value : value.reshape_symint(rows_shape(call));
}

const Family kFamily{align, promoted_dtype,    decompose, empty_values, gradient_like,
                     mean,  values_per_sample, keeps,     nullptr,      unreduced_gradients,
                     false};

}  // namespace

LinearLoss::LinearLoss(std::unique_ptr<Loss> given)
    : Loss(given->space.c_str(), given->name.c_str(), kFamily, tensors_of(*given), given->numbers),
      on_logits(static_cast<const class_axis::ClassAxisLoss*>(given.release())) {
  exceptions = on_logits->exceptions;
  for (const Kernels& k : on_logits->kernels) {
    backends.push_back({k.backend->key, evaluate, k.backend->scale});
  }
  for (const Backend& backend : backends) kernels.push_back({&backend, nullptr});
}

Call LinearLoss::of_rows(const Call& call, const at::Tensor& logits) const {
  Call rows{on_logits.get()};
  rows.settings = call.settings;
  rows.tensors[0] = logits;
  for (int i = 1; i < on_logits->operands; ++i) rows.tensors[i] = call.tensors[i + 1];
  rows.tensors[on_logits->operands] = call.weight();
  rows.tensors[on_logits->operands + 1] = call.normalizer();
  at::Tensor& target = rows.tensors[on_logits->target];
  const int64_t row_dims = call.input().dim() - 1;
  if (row_dims == 1) return rows;
  if (is_by_class(*this, target)) {
    target = target.reshape_symint(logits.sym_sizes());
  } else {
    target = target.reshape_symint({logits.sym_size(0)});
  }
  return rows;
}

at::Tensor logits_stand_in(const Call& call) {
  c10::SymInt rows = 1;
  for (const c10::SymInt& size : rows_shape(call)) rows = rows * size;
  return at::detail::empty_symint_meta(c10::SymDimVector{rows, linear_weight(call).sym_size(0)},
                                       math_dtype(call), std::nullopt, std::nullopt, std::nullopt,
                                       std::nullopt);
}

at::ScalarType math_dtype(const Call& call) { return at::toOpMathType(call.promoted_dtype()); }

}  // namespace lossops::linear
