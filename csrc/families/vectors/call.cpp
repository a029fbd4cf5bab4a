// Losses of vectors: shapes, and what the family says to autograd and tracing.
#include "families/vectors/call.h"

#include <ATen/ops/empty.h>

#include "core/reduction.h"
#include "core/shapes.h"

namespace lossops::vectors {
namespace {

/// The shape that all vectors broadcast to.
c10::SymDimVector common_shape(const Call& call) {
  const VectorLoss& loss = VectorLoss::of(call);
  c10::SymDimVector shape(call.input().sym_sizes().begin(), call.input().sym_sizes().end());
  if (shape.empty()) {
    loss.raise(call.name(0).c_str(), call.name(0), " must have at least one dimension, got shape ()");
  }
  bool fits = true;
  for (int i = 1; i < loss.members.vectors; ++i) {
    const auto other = call.tensors[i].sym_sizes();
    fits = fits && other.size() == shape.size();
    for (size_t d = 0; fits && d < shape.size(); ++d) {
      if (same(shape[d], 1)) shape[d] = other[d];
      fits = same(other[d], 1) || agree(other[d], shape[d]);
    }
  }
  if (!fits) {
    std::string given, names;
    for (int i = 0; i < loss.members.vectors; ++i) {
      const char* const joint = i == 0 ? "" : i + 1 < loss.members.vectors ? ", " : " and ";
      names += joint + call.name(i);
      given += joint + shown(call.tensors[i].sym_sizes());
    }
    loss.raise("vectors", names, " must broadcast to one another and have as many dimensions, got ", given);
  }
  return shape;
}

/// Expands tensor i, one number for each group.
void align_numbers(Call& call, int i, c10::SymIntArrayRef groups) {
  at::Tensor& t = call.tensors[i];
  if (!t.defined() || same(t.sym_sizes(), groups)) return;
  const bool dims_fit = i == call.loss->operands || t.dim() == static_cast<int64_t>(groups.size());
  if (!dims_fit || !broadcasts(t.sym_sizes(), groups)) {
    call.loss->raise(call.name(i).c_str(), call.name(i), " must have the shape of ", call.name(0),
                     " without its last dimension, ", shown(groups), ", got ", shown(t.sym_sizes()));
  }
  if (is_beside_input(call, t)) t = t.expand_symint(groups);
}

void align(Call& call) {
  const VectorLoss& loss = VectorLoss::of(call);
  TORCH_CHECK(!call.settings.ignore_index, loss.name, ": takes no ignore_index");
  TORCH_CHECK_VALUE(call.settings.reduction != Reduction::BatchMean, loss.name,
                    ": reduction must be 0 (none), 1 (mean) or 2 (sum), got 3");
  const at::Tensor& weight = call.weight();
  TORCH_CHECK(!weight.defined() || at::isFloatingType(weight.scalar_type()), loss.name,
              ": weight must have a floating point dtype, got ", weight.scalar_type());
  const c10::SymDimVector shape = common_shape(call);
  for (int i = 0; i < loss.members.vectors; ++i) {
    at::Tensor& t = call.tensors[i];
    if (same(t.sym_sizes(), shape)) continue;
    t = beside_input(call, t).expand_symint(shape);
  }
  const c10::SymIntArrayRef groups = c10::SymIntArrayRef(shape).slice(0, shape.size() - 1);
  for (int i = loss.members.vectors; i <= loss.operands; ++i) align_numbers(call, i, groups);
}

at::ScalarType promoted_dtype(const Call& call) {
  at::ScalarType dtype = call.input().scalar_type();
  for (int i = 1; i < VectorLoss::of(call).members.vectors; ++i) {
    dtype = c10::promoteTypes(dtype, call.tensors[i].scalar_type());
  }
  return dtype;
}

at::Tensor empty_values(const Call& call) {
  const auto shape = call.input().sym_sizes();
  return at::empty_symint(shape.slice(0, shape.size() - 1),
                          call.input().options().dtype(call.result_dtype()).requires_grad(false));
}

at::Tensor gradient_like(const Call& call, int i) { return call.tensors[i]; }

Divisor mean(const Call& call) {
  c10::SymInt groups = 1;
  const auto shape = call.input().sym_sizes();
  for (const c10::SymInt& size : shape.slice(0, shape.size() - 1)) groups = groups * size;
  return {Divisor::kOne, groups};
}

c10::SymInt values_per_sample(const Call&) { return 1; }

/// All but what is one number for each group and no weight.
int64_t keeps(const Call& call) {
  const VectorLoss& loss = VectorLoss::of(call);
  return loss.members.labelled ? ~(int64_t{1} << loss.members.vectors) : -1;
}

at::Tensor spread(const Loss&, const Settings&, const at::Tensor& upstream, const at::Tensor& gradient) {
  return gradient.dim() == upstream.dim() ? upstream : upstream.unsqueeze(-1);
}

std::vector<TensorArgument> tensor_arguments(const std::vector<const char*>& names) {
  std::vector<TensorArgument> out;
  for (const char* name : names) out.push_back({name, false});
  return out;
}

}  // namespace

VectorLoss::VectorLoss(const char* space, const char* name, std::vector<NumberArgument> numbers,
                       const Traits& traits, const Members& given_members)
    : Loss(space, name, kFamily, tensor_arguments(traits.operands), std::move(numbers)),
      members(given_members) {
  TORCH_CHECK(operands == members.vectors + members.labelled, space, "::", name, ": the expression takes ",
              members.vectors + members.labelled, " tensors, and the traits name ", operands, ": ",
              arguments_text);
}

const Family kFamily{align, promoted_dtype, decompose, empty_values, gradient_like, mean, values_per_sample,
                     keeps, spread,         nullptr,   false};

#ifndef LOSSOPS_CUDA
const Backend* cuda_backend() { return nullptr; }
#endif

}  // namespace lossops::vectors
