// Losses on a product: shapes, and what the family says to autograd and tracing.
#include "families/linear/call.h"

#include <ATen/EmptyTensor.h>
#include <ATen/OpMathType.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/where.h>

#include "core/reduction.h"
#include "core/shapes.h"
#include "runtime/products.h"

namespace lossops::linear {
namespace {

extern const Family kFamily;

std::vector<TensorArgument> tensors_of(const Loss& on_logits) {
  const int sides = static_cast<const class_axis::ClassAxisLoss&>(on_logits).members.sides;
  std::vector<TensorArgument> tensors;
  for (int i = 0; i < on_logits.operands; ++i) {
    const c10::Argument& a = on_logits.arguments[i];
    tensors.push_back({a.name().c_str(), a.type()->kind() == c10::TypeKind::OptionalType});
    if (i < sides) tensors.push_back({i == 0 ? "linear_weight" : "target_weight", false});
  }
  tensors.push_back({"linear_bias", true});
  if (sides == 2) tensors.push_back({"target_bias", true});
  return tensors;
}

/// Without the class axis, which is the last dimension here.
std::vector<NumberArgument> numbers_of(const Loss& on_logits) {
  std::vector<NumberArgument> numbers = on_logits.numbers;
  const int dim = on_logits.number_index("dim");
  TORCH_INTERNAL_ASSERT(dim < 0 || dim + 1 == on_logits.params);  // or the others would change their places
  if (dim >= 0) numbers.pop_back();
  return numbers;
}

/// The shape of a value per row.
c10::SymIntArrayRef rows_shape(const Call& call) {
  const auto shape = call.input().sym_sizes();
  return shape.slice(0, shape.size() - 1);
}

c10::SymInt rows(const Call& call) {
  c10::SymInt n = 1;
  for (const c10::SymInt& size : rows_shape(call)) n = n * size;
  return n;
}

c10::SymInt classes(const Call& call) { return call.tensors[1].sym_size(0); }

void check_factor(const Call& call, int i, c10::SymIntArrayRef expected) {
  const at::Tensor& t = call.tensors[i];
  TORCH_CHECK(at::isFloatingType(t.scalar_type()), call.loss->name, ": ", call.name(i),
              " must have a floating point dtype, got ", t.scalar_type());
  TORCH_CHECK(agree(t.sym_sizes(), expected), call.loss->name, ": ", call.name(i), " must have shape ",
              shown(expected), ", got ", shown(t.sym_sizes()));
}

void check_factors(const Call& call, int side) {
  const Factors f = LinearLoss::of(call).factors_of(side);
  const at::Tensor &x = call.tensors[f.features], &w = call.tensors[f.weight];
  TORCH_CHECK(w.dim() == 2, call.loss->name, ": ", call.name(f.weight),
              " must have shape (classes, features), got ", shown(w.sym_sizes()));
  if (side > 0) {
    TORCH_CHECK(x.dim() > 0, call.loss->name, ": ", call.name(f.features),
                " must have shape (..., features)");
    c10::SymDimVector expected(rows_shape(call));
    expected.push_back(x.sym_sizes().back());
    check_factor(call, f.features, expected);
  }
  check_factor(call, f.weight, {classes(call), x.sym_sizes().back()});
  if (call.tensors[f.bias].defined()) check_factor(call, f.bias, {classes(call)});
}

/// Whether the target has a number per class and not one per row.
bool is_by_class(const LinearLoss& loss, const at::Tensor& target) {
  return loss.on_logits->target_role() == class_axis::Role::kLabelList ||
         at::isFloatingType(target.scalar_type());
}

/// What of_rows could not make rows of.
void check_target(const Call& call) {
  const int i = call.loss->labels;
  if (!call.tensors[i].defined()) return;
  c10::SymDimVector logits(call.input().sym_sizes());
  logits.back() = classes(call);
  const auto shape = call.tensors[i].sym_sizes();
  const bool one = logits.size() == 1 && agree(shape, {1});  // of a single row
  const bool by_class = is_by_class(LinearLoss::of(call), call.tensors[i]);
  if (by_class ? agree(shape, logits) : one || agree(shape, rows_shape(call))) return;
  call.loss->raise("size", call.name(i), " must have the shape of input without its last dimension, ",
                   shown(rows_shape(call)), ", or that of the logits, ", shown(logits), ", got ",
                   shown(shape));
}

/// Takes vectors of any length for a loss of cosines. To do so twice is to do it once, gradients included.
void take_directions(Call& call) {
  call.settings.dtype = call.result_dtype();
  at::Tensor x = call.input();
  if (call.settings.ignore_index) {  // what is ignored may hold anything
    const at::Tensor ignored = call.tensors[call.loss->labels] == *call.settings.ignore_index;
    x = at::where(ignored.reshape_symint(rows_shape(call)).unsqueeze(-1), 0.0, x);
  }
  const auto wide = [](const at::Tensor& t) { return t.to(c10::promoteTypes(t.scalar_type(), at::kFloat)); };
  call.tensors[0] = directions(wide(x));
  call.tensors[1] = directions(wide(call.tensors[1]));
}

void align(Call& call) {
  const LinearLoss& loss = LinearLoss::of(call);
  if (call.input().dim() == 0) loss.raise("input", "input must have at least one dimension, got shape ()");
  for (int side = 0; side < loss.sides(); ++side) check_factors(call, side);
  if (call.input().dim() != 2) check_target(call);
  loss.of_rows(call).align();
  if (loss.on_logits->traits.of_cosines) take_directions(call);
}

at::ScalarType promoted_dtype(const Call& call) {
  at::ScalarType dtype = call.input().scalar_type();
  for (int i = 0; i < call.loss->operands; ++i) {
    if (LinearLoss::of(call).factor_bits() >> i & 1 && call.tensors[i].defined())
      dtype = c10::promoteTypes(dtype, call.tensors[i].scalar_type());
  }
  return dtype;
}

at::Tensor empty_values(const Call& call) {
  return at::empty_symint(rows_shape(call),
                          call.input().options().dtype(call.result_dtype()).requires_grad(false));
}

at::Tensor gradient_like(const Call& call, int i) { return call.tensors[i]; }

Divisor mean(const Call& call) { return divisor(LinearLoss::of(call).of_rows(call)); }

c10::SymInt values_per_sample(const Call&) { return 1; }

/// Those by the factors and the normalizer; without a reduction the upstream gradient has to come first.
int64_t keeps(const Call& call) {
  if (!call.reduces()) return 0;
  return LinearLoss::of(call).factor_bits() | int64_t{1} << (call.loss->operands + 1);
}

at::Tensor decompose(const Call& call) {
  const LinearLoss& loss = LinearLoss::of(call);
  const auto wide = [&](const at::Tensor& t) { return t.defined() ? t.to(math_dtype(call)) : t; };
  Call of_rows = loss.of_rows(call);
  const at::Tensor& labels = of_rows.tensors[of_rows.loss->labels];
  at::Tensor ignored;
  if (call.settings.ignore_index && labels.defined() && !at::isFloatingType(labels.scalar_type()))
    ignored = (labels == *call.settings.ignore_index).unsqueeze(-1);
  for (int side = 0; side < loss.sides(); ++side) {
    const Factors f = loss.factors_of(side);
    at::Tensor x = wide(call.tensors[f.features]);
    x = x.reshape_symint({rows(call), x.sym_size(-1)});
    if (ignored.defined()) x = at::where(ignored, 0.0, x);  // which may hold anything
    of_rows.tensors[side] = at::linear(x, wide(call.tensors[f.weight]), wide(call.tensors[f.bias]));
  }
  of_rows.settings.dtype = call.result_dtype();
  of_rows.align();
  const at::Tensor value = of_rows.loss->family.decompose(of_rows);
  return call.reduces() ? value : value.reshape_symint(rows_shape(call));
}

const Family kFamily{align, promoted_dtype,    decompose, empty_values, gradient_like,
                     mean,  values_per_sample, keeps,     nullptr,      unreduced_gradients,
                     false};

}  // namespace

LinearLoss::LinearLoss(std::unique_ptr<Loss> given)
    : Loss(given->space.c_str(), given->name.c_str(), kFamily, tensors_of(*given), numbers_of(*given)),
      on_logits(static_cast<const class_axis::ClassAxisLoss*>(given.release())) {
  exceptions = on_logits->exceptions;
  if (!on_logits->traits.of_cosines) factors = factor_bits();  // directions are taken in float
  for (const Kernels& k : on_logits->kernels) {
    backends.push_back({k.backend->key, evaluate, k.backend->scale});
  }
  for (const Backend& backend : backends) kernels.push_back({&backend, nullptr});
}

int64_t LinearLoss::factor_bits() const {
  int64_t bits = 0;
  for (int side = 0; side < sides(); ++side) {
    const Factors f = factors_of(side);
    for (const int i : {f.features, f.weight, f.bias}) bits |= int64_t{1} << i;
  }
  return bits;
}

Call LinearLoss::of_rows(const Call& call) const {
  const c10::SymInt n = rows(call);
  const c10::SymDimVector shape{n, classes(call)};
  const at::Tensor stand_in = at::detail::empty_symint_meta(shape, math_dtype(call), std::nullopt,
                                                            std::nullopt, std::nullopt, std::nullopt);
  Call of_rows{on_logits.get()};
  of_rows.settings = call.settings;
  if (on_logits->dim >= 0) of_rows.settings.params[on_logits->dim] = -1;
  for (int i = 0; i < on_logits->operands; ++i) {
    of_rows.tensors[i] = i < sides() ? stand_in : call.tensors[i + sides()];
  }
  at::Tensor& weight = of_rows.tensors[on_logits->operands] = call.weight();
  of_rows.tensors[on_logits->operands + 1] = call.normalizer();
  if (weight.defined() && on_logits->weighs_rows() && broadcasts(weight.sym_sizes(), rows_shape(call)))
    weight = weight.expand_symint(rows_shape(call)).reshape_symint({n});
  at::Tensor& labels = of_rows.tensors[on_logits->labels];
  if (!labels.defined() || call.input().dim() == 2) return of_rows;
  labels = is_by_class(*this, labels) ? labels.reshape_symint(shape) : labels.reshape_symint({n});
  return of_rows;
}

at::ScalarType math_dtype(const Call& call) { return at::toOpMathType(call.promoted_dtype()); }

}  // namespace lossops::linear
