#include <ATen/Dispatch_v2.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_strided.h>
#include <c10/core/ScalarType.h>
#include <c10/core/TensorOptions.h>
#include <torch/csrc/jit/frontend/function_schema_parser.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <locale>
#include <numeric>
#include <sstream>

#include "core/backend.h"
#include "core/shapes.h"

namespace lossops {
namespace {

double as_double(const c10::IValue& v) {
  if (v.isNone()) return std::numeric_limits<double>::quiet_NaN();
  if (v.isDouble()) return v.toDouble();
  if (v.isBool()) return v.toBool();
  if (v.isInt()) return static_cast<double>(v.toInt());
  if (v.isSymFloat()) return v.toSymFloat().guard_float(__FILE__, __LINE__);
  return static_cast<double>(v.toSymInt().guard_int(__FILE__, __LINE__));
}

bool holds(double x, const Limit& l) {
  const bool or_equal = l.relation[1] == '=';
  if (l.relation[0] == '>') return or_equal ? x >= l.bound : x > l.bound;
  return or_equal ? x <= l.bound : x < l.bound;
}

/// The index as a label of this dtype: rounded to a floating point one; none if no label can be it.
std::optional<int64_t> as_label(const Loss& loss, at::ScalarType dtype, int64_t index) {
  if (at::isFloatingType(dtype)) {
    const double rounded = AT_DISPATCH_V2(
        dtype, "ignore_index", AT_WRAP([&] { return static_cast<double>(static_cast<scalar_t>(index)); }),
        AT_EXPAND(AT_FLOATING_TYPES), at::kHalf, at::kBFloat16);
    TORCH_CHECK_VALUE(std::isfinite(rounded), loss.name, ": ignore_index must be a number that ",
                      loss.argument(loss.labels), " can hold, whose dtype is ", dtype, ", got ", index);
    return as_integer(rounded);
  }
  if (dtype == at::kUInt64) return index >= 0 ? std::optional(index) : std::nullopt;
  const bool holds =
      AT_DISPATCH_V2(dtype, "ignore_index",
                     AT_WRAP([&] { return static_cast<int64_t>(static_cast<scalar_t>(index)) == index; }),
                     AT_EXPAND(AT_INTEGRAL_TYPES_V2), at::kBool);
  return holds ? std::optional(index) : std::nullopt;
}

void check_number(const Loss& loss, const NumberArgument& number, double given) {
  for (const Limit& limit : {number.low, number.high}) {
    if (!limit.relation || holds(given, limit)) continue;
    loss.raise(number.name, number.name, " must be ", limit.relation, " ", limit.bound, ", got ", given);
  }
}

/// The parameters and settings, each within its limits and all of them together.
std::array<double, kMaxParams> checked_numbers(const Loss& loss, const c10::IValue* given) {
  std::array<double, kMaxParams> numbers{};
  for (int p = 0; p < loss.params; ++p) {
    numbers[p] = as_double(given[p]);
    if (!given[p].isNone()) check_number(loss, loss.numbers[p], numbers[p]);
  }
  const char* const conflict = loss.conflict ? loss.conflict(numbers.data()) : nullptr;
  if (conflict) loss.raise("conflict", conflict);
  return numbers;
}

void check_tensor(const Loss& loss, const at::Tensor& t, const std::string& name) {
  TORCH_CHECK(is_dense(t), loss.name, ": ", name, " must be a dense tensor, got ", shown_layout(t));
  const at::ScalarType dtype = t.scalar_type();
  TORCH_CHECK_NOT_IMPLEMENTED(
      is_float(dtype) || at::isIntegralType(dtype, /*includeBool=*/true), loss.name, ": ", name,
      " must be real (float16, bfloat16, float32, float64 or an integer), got ", dtype);
}

}  // namespace

bool is_float(at::ScalarType t) {
  return t == at::kFloat || t == at::kDouble || t == at::kHalf || t == at::kBFloat16;
}

bool is_dense(const at::Tensor& t) { return !t.is_nested() && t.layout() == at::kStrided; }

std::string shown_layout(const at::Tensor& t) {
  return t.is_nested() ? "a nested one" : c10::str("layout ", t.layout());
}

std::string shown(const c10::SymIntArrayRef& shape) {
  std::ostringstream out;
  out << '(';
  for (size_t i = 0; i < shape.size(); ++i) out << (i ? ", " : "") << shape[i];
  out << (shape.size() == 1 ? ",)" : ")");
  return out.str();
}

/// Whether two sizes are known to be equal; sizes that depend on data count as different.
bool same(const c10::SymInt& a, const c10::SymInt& b) { return TORCH_GUARD_OR_FALSE(a.sym_eq(b)); }

bool same(c10::SymIntArrayRef a, c10::SymIntArrayRef b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](const auto& x, const auto& y) { return same(x, y); });
}

bool agree(const c10::SymInt& a, const c10::SymInt& b) {
  const c10::SymBool equal = a.sym_eq(b);
  return TORCH_GUARD_OR_FALSE(equal) || (TORCH_GUARD_OR_TRUE(equal) && equal.expect_true(__FILE__, __LINE__));
}

bool agree(c10::SymIntArrayRef a, c10::SymIntArrayRef b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](const auto& x, const auto& y) { return agree(x, y); });
}

bool broadcasts(c10::SymIntArrayRef a, c10::SymIntArrayRef b) {
  if (a.size() > b.size()) return false;
  for (size_t i = 1; i <= a.size(); ++i) {
    if (!same(a[a.size() - i], 1) && !agree(a[a.size() - i], b[b.size() - i])) return false;
  }
  return true;
}

Loss::Loss(const char* space, const char* name, const Family& family,
           const std::vector<TensorArgument>& tensors, std::vector<NumberArgument> numbers)
    : space(space),
      name(name),
      family(family),
      operands(static_cast<int>(tensors.size())),
      numbers(std::move(numbers)),
      params(static_cast<int>(this->numbers.size())) {
  const auto refuse = [&](const auto&... text) { TORCH_CHECK(false, space, "::", name, ": ", text...); };
  if (operands < 1 || operands > kMaxOperands)
    refuse("1 to ", kMaxOperands, " tensors are allowed, got ", operands);
  if (params > kMaxParams)
    refuse("at most ", kMaxParams, " parameters and settings are allowed, got ", params);
  std::vector<std::string> names{"weight", "ignore_index", "normalizer", "reduction", "dtype", "wrt"};
  const auto claim = [&](const std::string& argument) {
    if (std::find(names.begin(), names.end(), argument) != names.end())
      refuse("two arguments are called ", argument);
    names.push_back(argument);
  };
  for (const TensorArgument& t : tensors) claim(t.name);
  for (const NumberArgument& n : this->numbers) {
    claim(n.name);
    if (std::isinf(n.value)) refuse("the default of ", n.name, " must be finite, or None");
    for (const Limit& l : {n.low, n.high}) {
      if (l.relation && !std::isnan(n.value) && !holds(n.value, l))
        refuse("the default of ", n.name, ", ", n.value, ", must be ", l.relation, " ", l.bound);
    }
  }
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text.precision(std::numeric_limits<double>::max_digits10);
  for (const TensorArgument& t : tensors) {
    text << (&t == &tensors.front() ? "" : ", ")
         << (t.is_optional ? c10::str("Tensor? ", t.name, "=None") : c10::str("Tensor ", t.name));
  }
  for (const NumberArgument& n : this->numbers) {
    text << ", " << n.type << " " << n.name << "=";
    if (std::isnan(n.value)) {
      text << "None";
    } else if (n.type == std::string("bool")) {
      text << (n.value != 0 ? "True" : "False");
    } else {
      text << n.value;
    }
  }
  arguments_text = text.str();
  arguments = torch::jit::parseSchema(c10::str(name, "(", arguments_text, ") -> Tensor")).arguments();
  for (int i = 0; i < operands; ++i) {
    if (tensors[i].is_anywhere) anywhere |= int64_t{1} << i;
    if (argument(i) == "target") target = i;
    if (argument(i) == "labels") labels = i;
  }
  if (labels < 0) labels = target;
}

int Loss::number_index(const char* wanted) const {
  for (int p = 0; p < params; ++p) {
    if (argument(operands + p) == wanted) return p;
  }
  return -1;
}

const Kernels* Loss::kernels_on(c10::Device device) const {
  const c10::DispatchKey key = c10::computeDispatchKey(std::nullopt, std::nullopt, device);
  for (const Kernels& k : kernels) {
    if (k.backend->key == key) return &k;
  }
  return nullptr;
}

c10::IValue Loss::parameter(int p, double value) const {
  const c10::TypePtr& type = arguments[operands + p].type();
  if (std::isnan(value) && type->kind() == c10::TypeKind::OptionalType) return {};
  if (type->kind() == c10::TypeKind::BoolType) return value != 0;
  if (type->kind() == c10::TypeKind::IntType) return as_integer(value);
  return value;
}

std::string Call::name(int i) const {
  return i < loss->operands ? loss->argument(i) : i == loss->operands ? "weight" : "normalizer";
}

Call Call::parse(const Loss& loss, const torch::jit::Stack& stack, int extra) {
  const int count = loss.operands + loss.params + kCommonCount;
  const c10::IValue* arguments = stack.data() + (stack.size() - count - extra);
  Call call;
  call.loss = &loss;

  for (int i = 0; i < loss.operands; ++i) {
    if (arguments[i].isNone()) continue;
    call.tensors[i] = arguments[i].toTensor();
    TORCH_CHECK(call.tensors[i].defined(), loss.name, ": ", loss.argument(i),
                " must be a tensor, got an undefined one");
    check_tensor(loss, call.tensors[i], loss.argument(i));
  }
  const at::Tensor& input = call.input();
  TORCH_CHECK_NOT_IMPLEMENTED(is_float(input.scalar_type()), loss.name, ": ", loss.argument(0),
                              " must have a floating point dtype, got ", input.scalar_type());

  Settings& s = call.settings;
  s.params = checked_numbers(loss, arguments + loss.operands);

  const c10::IValue* common = arguments + loss.operands + loss.params;
  if (!common[0].isNone()) call.tensors[loss.operands] = common[0].toTensor();
  if (!common[1].isNone()) s.ignore_index = common[1].toInt();
  TORCH_CHECK(!s.ignore_index || loss.target >= 0, loss.name, ": takes no ignore_index");
  if (s.ignore_index && call.tensors[loss.labels].defined()) {
    s.ignore_index = as_label(loss, call.tensors[loss.labels].scalar_type(), *s.ignore_index);
  }
  if (!common[2].isNone()) call.tensors[loss.operands + 1] = common[2].toTensor();
  const int64_t reduction = common[3].toInt();
  TORCH_CHECK_VALUE(reduction >= 0 && reduction <= 3, loss.name,
                    ": reduction must be 0 (none), 1 (mean), 2 (sum) or 3 (batchmean), got ", reduction);
  s.reduction = static_cast<Reduction>(reduction);
  if (!common[4].isNone()) {
    s.dtype = common[4].toScalarType();
    TORCH_CHECK(is_float(*s.dtype), loss.name, ": dtype must be float16, bfloat16, float32 or float64, got ",
                *s.dtype);
  }

  if (call.weight().defined()) check_tensor(loss, call.weight(), "weight");
  if (call.normalizer().defined()) {
    const at::Tensor& n = call.normalizer();
    check_tensor(loss, n, "normalizer");
    TORCH_CHECK(n.dim() == 0, loss.name, ": normalizer must be a number or a 0-d tensor, got shape ",
                shown(n.sym_sizes()));
    TORCH_CHECK_VALUE(s.reduction == Reduction::Mean || s.reduction == Reduction::Sum, loss.name,
                      ": normalizer needs reduction 'mean' or 'sum'");
  }
  for (int i = 1; i < call.tensor_count(); ++i) {
    const at::Tensor& t = call.tensors[i];
    if (!t.defined() || t.device() == input.device() || (t.dim() == 0 && t.device().is_cpu())) continue;
    if ((loss.anywhere >> i & 1) && !t.is_meta()) continue;  // which nobody could read
    TORCH_CHECK(false, loss.name, ": ", call.name(i), " must be on the device of ", loss.argument(0), ", ",
                input.device(), ", got ", t.device());
  }
  return call;
}

bool keeps_order(const at::Tensor& like) {
  return !like.is_contiguous_or_false() &&
         like.unsafeGetTensorImpl()->is_non_overlapping_and_dense_or_false();
}

c10::SmallVector<int64_t, 8> memory_order(const at::Tensor& like) {
  c10::SmallVector<int64_t, 8> order(like.dim());
  std::iota(order.begin(), order.end(), 0);
  if (keeps_order(like)) {
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return like.stride(a) > like.stride(b); });
  }
  return order;
}

at::Tensor empty_in_order(const at::Tensor& like, at::ScalarType dtype) {
  const auto options = like.options().dtype(dtype).requires_grad(false);
  if (!keeps_order(like)) return at::empty_symint(like.sym_sizes(), options);
  return at::empty_strided_symint(like.sym_sizes(), like.sym_strides(), options);
}

bool needs_denominator(const Call& call, int64_t wrt) {
  if (!call.reduces()) return false;
  for (int i = 0; i < call.tensor_count(); ++i) {
    if ((wrt >> i & 1) && call.tensors[i].scalar_type() == at::kHalf) return true;
  }
  return false;
}

}  // namespace lossops
