// Losses of all pairs: their arguments, shapes, and what the family says to autograd and tracing.
#include "families/contrast/call.h"

#include <ATen/OpMathType.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <limits>

#include "core/reduction.h"
#include "core/shapes.h"
#include "runtime/cpu/memory.h"

namespace lossops::contrast {
namespace {

extern const Family kFamily;

bool holds(const std::vector<int>& list, int i) {
  return std::find(list.begin(), list.end(), i) != list.end();
}

bool is_vectors(const ContrastLoss& loss, int i) { return holds(loss.rows, i) || holds(loss.columns, i); }

/// (vectors, features); of supcon views of each may stand between.
void check_vectors(const Call& call, int i) {
  const at::Tensor& t = call.tensors[i];
  const bool has_views = ContrastLoss::of(call).kind == Kind::kSupCon && t.dim() == 3;
  if (t.dim() != 2 && !has_views) {
    call.loss->raise(call.name(i).c_str(), call.name(i),
                     " must have two dimensions, vectors and features, got ", shown(t.sym_sizes()));
  }
  TORCH_CHECK(is_float(t.scalar_type()), call.loss->name, ": ", call.name(i),
              " must have a floating point dtype, got ", t.scalar_type());
  if (!agree(t.sym_size(-1), call.input().sym_size(-1))) {
    call.loss->raise(call.name(i).c_str(), call.name(i), " must have as many features as ", call.name(0),
                     ", ", call.input().sym_size(-1), ", got ", shown(t.sym_sizes()));
  }
}

/// A number of vectors that has to be that of the first tensor.
void check_batch(const Call& call, int i) {
  if (agree(call.tensors[i].sym_size(0), call.input().sym_size(0))) return;
  call.loss->raise("batch", call.name(i), " must have as many vectors as ", call.name(0), ", ",
                   call.input().sym_size(0), ", got ", shown(call.tensors[i].sym_sizes()));
}

void check_labels(const Call& call) {
  const at::Tensor& t = labels(call);
  if (!t.defined()) return;
  TORCH_CHECK(at::isIntegralType(t.scalar_type(), /*includeBool=*/false), call.loss->name,
              ": labels must have an integer dtype, got ", t.scalar_type());
  if (t.dim() == 1 && agree(t.sym_size(0), call.input().sym_size(0))) return;
  call.loss->raise("batch", "labels must have shape ", shown(call.input().sym_sizes().slice(0, 1)), ", got ",
                   shown(t.sym_sizes()));
}

void check_number(const Call& call, int i) {
  const at::Tensor& t = call.tensors[i];
  if (!t.defined() || t.dim() == 0) return;
  call.loss->raise(call.name(i).c_str(), call.name(i), " must be a number or a 0-d tensor, got shape ",
                   shown(t.sym_sizes()));
}

void align_weight(Call& call) {
  at::Tensor& weight = call.tensors[call.loss->operands];
  if (!weight.defined()) return;
  TORCH_CHECK(at::isFloatingType(weight.scalar_type()), call.loss->name,
              ": weight must have a floating point dtype, got ", weight.scalar_type());
  const c10::SymDimVector shape = values_shape(call);
  if (!broadcasts(weight.sym_sizes(), shape)) {
    call.loss->raise("weight", "weight must broadcast to the shape of the values, ", shown(shape), ", got ",
                     shown(weight.sym_sizes()));
  }
  if (is_beside_input(call, weight)) weight = weight.expand_symint(shape);
}

void align(Call& call) {
  const ContrastLoss& loss = ContrastLoss::of(call);
  TORCH_CHECK_VALUE(call.settings.reduction != Reduction::BatchMean, loss.name,
                    ": reduction must be 0 (none), 1 (mean) or 2 (sum), got 3");
  c10::SymInt columns = 0;
  for (int i = 0; i < loss.operands; ++i) {
    if (!call.tensors[i].defined() || !is_vectors(loss, i)) continue;
    check_vectors(call, i);
    if (holds(loss.columns, i)) columns = columns + call.tensors[i].sym_size(0);
  }
  if (loss.kind == Kind::kNTXent || loss.kind == Kind::kCLIP ||
      (loss.kind == Kind::kSigLip && parameter(call, 0) == 0)) {
    check_batch(call, 1);
  }
  if (loss.is_paired()) {
    check_number(call, kScale);
    check_number(call, kBias);
  }
  if (loss.kind == Kind::kInfoNCE && !labels(call).defined() &&
      TORCH_GUARD_OR_FALSE(call.tensors[1].sym_size(0).sym_lt(call.input().sym_size(0)))) {
    loss.raise("batch", "key must have at least as many vectors as query, ", call.input().sym_size(0),
               ", where there are no labels, got ", shown(call.tensors[1].sym_sizes()));
  }
  check_labels(call);
  const c10::SymDimVector rows = values_shape(call);
  if (same(columns, 0) && !std::any_of(rows.begin(), rows.end(), [](const auto& n) { return same(n, 0); })) {
    loss.raise("batch", call.name(loss.columns[0]), " must have at least one vector, got ",
               shown(call.tensors[loss.columns[0]].sym_sizes()));
  }
  align_weight(call);
}

at::ScalarType promoted_dtype(const Call& call) {
  at::ScalarType dtype = call.input().scalar_type();
  for (int i = 1; i < call.loss->operands; ++i) {
    const at::Tensor& t = call.tensors[i];
    if (t.defined() && is_vectors(ContrastLoss::of(call), i))
      dtype = c10::promoteTypes(dtype, t.scalar_type());
  }
  return dtype;
}

at::Tensor empty_values(const Call& call) {
  return at::empty_symint(values_shape(call),
                          call.input().options().dtype(call.result_dtype()).requires_grad(false));
}

at::Tensor gradient_like(const Call& call, int i) { return call.tensors[i]; }

/// The rows that count: of supcon those with a positive, which only the scores' owner knows.
Divisor mean(const Call& call) {
  if (labels(call).defined() && ContrastLoss::of(call).kind != Kind::kProxyAnchor) return {Divisor::kKept};
  c10::SymInt rows = 1;
  for (const c10::SymInt& size : values_shape(call)) rows = rows * size;
  return {Divisor::kOne, rows};
}

c10::SymInt values_per_sample(const Call&) { return 1; }

/// Without a reduction the upstream gradient has to come first.
int64_t keeps(const Call& call) { return call.reduces() ? -1 : 0; }

const Family kFamily{align, promoted_dtype,    decompose, empty_values, gradient_like,
                     mean,  values_per_sample, keeps,     nullptr,      unreduced_gradients,
                     false};

NumberArgument temperature(double standard) {
  return {"temperature", "float", standard, {">", 0}, {"<", std::numeric_limits<double>::infinity()}};
}

}  // namespace

ContrastLoss::ContrastLoss(const char* name, Kind kind, const std::vector<TensorArgument>& tensors,
                           std::vector<NumberArgument> numbers, std::vector<int> rows,
                           std::vector<int> columns)
    : Loss("lossops", name, kFamily, tensors, std::move(numbers)),
      kind(kind),
      rows(std::move(rows)),
      columns(std::move(columns)) {
  static constexpr Backend cpu{c10::DispatchKey::CPU, evaluate, cpu::scale};
  static constexpr Backend cuda{c10::DispatchKey::CUDA, evaluate, nullptr};
  for (const Backend* backend : {&cpu, &cuda}) kernels.push_back({backend, nullptr});
}

std::vector<std::unique_ptr<Loss>> losses() {
  std::vector<std::unique_ptr<Loss>> all;
  const auto add = [&](auto&&... about) { all.push_back(std::make_unique<ContrastLoss>(about...)); };
  using Tensors = std::vector<TensorArgument>;
  using Numbers = std::vector<NumberArgument>;
  using Indices = std::vector<int>;
  const Limit finite{"<", std::numeric_limits<double>::infinity()};
  add("info_nce", Kind::kInfoNCE,
      Tensors{{"query", false}, {"key", false}, {"negatives", true}, {"labels", true}},
      Numbers{temperature(0.1), {"normalize", "bool", 1}}, Indices{0}, Indices{1, kNegatives});
  add("nt_xent", Kind::kNTXent, Tensors{{"z1", false}, {"z2", false}}, Numbers{temperature(0.5)},
      Indices{0, 1}, Indices{0, 1});
  const Tensors pairs{
      {"image_features", false}, {"text_features", false}, {"logit_scale", true}, {"logit_bias", true}};
  add("clip", Kind::kCLIP, pairs, Numbers{}, Indices{0}, Indices{1});
  add("siglip", Kind::kSigLip, pairs, Numbers{{"negative_only", "bool", 0}}, Indices{0}, Indices{1});
  add("supcon", Kind::kSupCon, Tensors{{"features", false}, {"labels", false}},
      Numbers{temperature(0.07),
              {"base_temperature", "float?", std::numeric_limits<double>::quiet_NaN(), {">", 0}, finite}},
      Indices{0}, Indices{0});
  add("proxy_anchor", Kind::kProxyAnchor,
      Tensors{{"embeddings", false}, {"proxies", false}, {"labels", false}},
      Numbers{{"margin", "float", 0.1}, {"alpha", "float", 32, {">", 0}, finite}}, Indices{1}, Indices{0});
  return all;
}

const at::Tensor& labels(const Call& call) {
  static const at::Tensor none;
  const int i = call.loss->labels;
  return i < 0 ? none : call.tensors[i];
}

c10::SymDimVector values_shape(const Call& call) {
  const ContrastLoss& loss = ContrastLoss::of(call);
  const at::Tensor& first = call.tensors[loss.rows[0]];
  c10::SymDimVector shape(first.sym_sizes().begin(), first.sym_sizes().end() - 1);
  for (size_t k = 1; k < loss.rows.size(); ++k) shape[0] = shape[0] + call.tensors[loss.rows[k]].sym_size(0);
  return shape;
}

at::ScalarType math_dtype(const Call& call) { return at::toOpMathType(call.promoted_dtype()); }

}  // namespace lossops::contrast
