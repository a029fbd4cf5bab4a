// Losses element by element: shapes, and what the family says to autograd and tracing.
#include "families/elementwise/call.h"

#include <ATen/native/TypeProperties.h>
#include <ATen/ops/aminmax.h>
#include <ATen/ops/mean.h>

#include "core/reduction.h"
#include "core/shapes.h"

namespace lossops::elementwise {
namespace {

at::ScalarType promoted_dtype(const Call& call) {
  const ElementwiseLoss* const loss = &ElementwiseLoss::of(call);
  const auto& tensors = call.tensors;
  const at::ScalarType first = call.input().scalar_type();
  const auto counts = [&](int i) { return tensors[i].defined() && loss->shape(i) != Shape::kLevels; };
  bool uniform = true;
  for (int i = 1; i <= loss->operands; ++i) uniform &= !counts(i) || tensors[i].scalar_type() == first;
  if (uniform) return first;
  at::native::ResultTypeState state;
  for (int i = 0; i <= loss->operands; ++i) {
    if (counts(i)) state = at::native::update_result_type_state(tensors[i], state);
  }
  return at::native::result_type(state);
}

/// The first tensor's shape, grown by those that broadcast mutually, but not in the dimension that the
/// reduction divides by.
c10::SymDimVector common_shape(const Call& call) {
  const ElementwiseLoss& loss = ElementwiseLoss::of(call);
  const bool by_batch = call.settings.reduction == Reduction::BatchMean;
  c10::SymDimVector shape(call.input().sym_sizes().begin(), call.input().sym_sizes().end());
  for (int i = 1; i < loss.operands; ++i) {
    const Shape rule = loss.shape(i);
    if (!call.tensors[i].defined() || (rule != Shape::kMutual && rule != Shape::kMutualDims)) continue;
    const auto other = call.tensors[i].sym_sizes();
    bool fits = rule == Shape::kMutual || other.size() == shape.size();
    if (fits && other.size() > shape.size() && !by_batch) {
      shape.insert(shape.begin(), other.size() - shape.size(), c10::SymInt(1));
    }
    fits &= other.size() <= shape.size();
    for (size_t k = 1; fits && k <= other.size(); ++k) {  // from the last dimension on
      c10::SymInt& size = shape[shape.size() - k];
      const c10::SymInt& its = other[other.size() - k];
      const bool grows = !(by_batch && k == shape.size()) && !(loss.traits.row_mean && k == 1);
      if (same(size, 1) && grows) size = its;
      fits = same(its, 1) || agree(its, size);
    }
    if (!fits) {
      std::string given = shown(call.input().sym_sizes());
      for (int k = 1; k <= i; ++k) given += (k < i ? ", " : " and ") + shown(call.tensors[k].sym_sizes());
      const std::string first = call.name(0);
      const std::string fixed = by_batch               ? "first dimension of " + first + ", its batch"
                                : loss.traits.row_mean ? "last dimension of " + first + ", that of its mean"
                                                       : "";
      loss.raise(call.name(i).c_str(), first, " and ", call.name(i), " must broadcast to one another",
                 rule == Shape::kMutualDims ? " and have as many dimensions" : "",
                 fixed.empty() ? "" : " without expanding the " + fixed, ", got ", given);
    }
  }
  return shape;
}

/// Tensor i such that it broadcasts to the common shape; raises where it may not. `input` is the first
/// tensor's own shape.
at::Tensor fitted(const Call& call, int i, c10::SymIntArrayRef input, c10::SymIntArrayRef common) {
  const ElementwiseLoss& loss = ElementwiseLoss::of(call);
  const at::Tensor& t = call.tensors[i];
  const Shape rule = loss.shape(i);
  const bool broadcast = rule == Shape::kBroadcast || rule == Shape::kLevels;
  if (rule == Shape::kMutual || rule == Shape::kMutualDims) return t;
  if (broadcast && broadcasts(t.sym_sizes(), common)) return t;
  const bool same_dims = t.dim() == static_cast<int64_t>(input.size());
  if (rule == Shape::kRows && same_dims && broadcasts(t.sym_sizes(), input)) return t;
  if (!broadcast && same_dims && agree(t.sym_sizes(), input)) return t;
  const bool by_rows =
      rule == Shape::kRows || (rule == Shape::kRowsOfLevels && call.tensors[i + 1].dim() == 1);
  if (by_rows && !input.empty() && agree(t.sym_sizes(), input.slice(0, input.size() - 1))) {
    return t.unsqueeze(-1);
  }
  const std::string name = call.name(i);
  if (broadcast) {
    loss.raise(name.c_str(), name, " must broadcast to the shape of ",
               loss.components > 1 ? "the elements of " : "", call.name(0), ", got ", call.name(0), " ",
               shown(common), " and ", name, " ", shown(t.sym_sizes()));
  }
  loss.raise(name.c_str(), call.name(0), " and ", name, " must have the same shape",
             by_rows ? " but for the last dimension" : "", ", got ", shown(input), " and ",
             shown(t.sym_sizes()));
}

/// Kernels read the numbers of an element side by side.
void align_components(Call& call) {
  const ElementwiseLoss& loss = ElementwiseLoss::of(call);
  at::Tensor& input = call.tensors[0];
  if (input.dim() == 0 || !agree(input.sym_size(-1), loss.components)) {
    loss.raise(call.name(0).c_str(), call.name(0), " must have a last dimension of size ", loss.components,
               ", got shape ", shown(input.sym_sizes()));
  }
  TORCH_CHECK(!call.settings.ignore_index, loss.name, ": takes no ignore_index");
  TORCH_CHECK_VALUE(call.settings.reduction != Reduction::BatchMean, loss.name,
                    ": reduction must be 0 (none), 1 (mean) or 2 (sum), got 3");
  if (keeps_order(input)) input = input.contiguous();
}

void align(Call& call) {
  const ElementwiseLoss& loss = ElementwiseLoss::of(call);
  if (loss.components > 1) align_components(call);
  if (loss.traits.row_mean && call.input().dim() == 0) {
    loss.raise(call.name(0).c_str(), call.name(0), " must have at least one dimension, got shape ()");
  }
  const auto differs = [&](const at::Tensor& t, c10::SymIntArrayRef shape) {
    return t.defined() && !same(t.sym_sizes(), shape);
  };
  const int ends = loss.components > 1;  // dimensions that a weight lacks
  const auto shape_of = [&](int i, c10::SymIntArrayRef operands) {
    return i < loss.operands ? operands : operands.slice(0, operands.size() - ends);
  };
  bool aligned = true;
  for (int i = 1; i <= loss.operands; ++i) {
    aligned = aligned && !differs(call.tensors[i], shape_of(i, call.input().sym_sizes()));
  }
  if (aligned) return;

  const at::ScalarType promoted = promoted_dtype(call);
  const c10::SymDimVector input(call.input().sym_sizes().begin(), call.input().sym_sizes().end());
  const c10::SymDimVector common = common_shape(call);
  for (int i = 0; i <= loss.operands; ++i) {
    const c10::SymIntArrayRef shape = shape_of(i, common);
    if (!differs(call.tensors[i], shape)) continue;
    at::Tensor t = fitted(call, i, input, shape);
    // Once expanded, a 0-d tensor would take part in the promotion of dtypes.
    if (t.dim() == 0 && at::isFloatingType(t.scalar_type())) t = t.to(promoted);
    call.tensors[i] = is_beside_input(call, t) ? t.expand_symint(shape) : t;
  }
}

at::Tensor empty_values(const Call& call) {
  const at::Tensor values = empty_in_order(elements(call), call.result_dtype());
  return ElementwiseLoss::of(call).traits.row_mean ? at::mean(values, -1) : values;
}

at::Tensor gradient_like(const Call& call, int i) {
  return i == call.loss->operands ? elements(call) : call.input();
}

Divisor mean(const Call& call) {
  if (ElementwiseLoss::of(call).traits.mean_over_weight && call.weight().defined()) return {Divisor::kWeight};
  if (call.settings.ignore_index) return {Divisor::kKept};
  return {Divisor::kOne, elements(call).sym_numel()};
}

c10::SymInt values_per_sample(const Call& call) {
  return ElementwiseLoss::of(call).traits.row_mean ? call.input().sym_size(-1) : c10::SymInt(1);
}

int64_t keeps(const Call&) { return -1; }

at::Tensor spread(const Loss& loss, const Settings&, const at::Tensor& upstream, const at::Tensor& gradient) {
  const auto& element_loss = static_cast<const ElementwiseLoss&>(loss);
  if (element_loss.components > 1 && gradient.dim() > upstream.dim()) return upstream.unsqueeze(-1);
  if (!element_loss.traits.row_mean) return upstream;
  return upstream.unsqueeze(-1) / at::Scalar(gradient.sym_size(-1));
}

}  // namespace

ElementwiseLoss::ElementwiseLoss(const char* space, const char* name, int arity, int components,
                                 std::vector<NumberArgument> numbers, Traits given,
                                 Decomposition decomposition, const char* domain)
    : Loss(space, name, kFamily, tensor_arguments(given.operands), std::move(numbers)),
      traits(std::move(given)),
      decomposition(decomposition),
      components(components) {
  this->domain = domain;
  TORCH_CHECK(arity == operands, space, "::", name, ": the expression takes ", arity,
              " operands, and the traits name ", operands, ": ", arguments_text);
  for (int i = 0; i < operands; ++i) {
    const Operand& o = traits.operands[i];
    if (argument(i) == traits.target) target = labels = i;
    TORCH_CHECK(!o.is_optional || (i > 0 && i != target), space, "::", name, ": ", o.name,
                " cannot be optional: the first operand and the target have to be given");
    TORCH_CHECK(o.shape != Shape::kRowsOfLevels || (i + 1 < operands && !traits.operands[i + 1].is_optional),
                space, "::", name, ": after ", o.name, " (Shape::kRowsOfLevels) the levels have to follow");
    const bool mutual = o.shape == Shape::kMutual || o.shape == Shape::kMutualDims;
    TORCH_CHECK(
        !mutual || traits.operands[0].shape == o.shape, space, "::", name, ": ", o.name,
        " is of a mutual shape (Shape::kMutual, Shape::kMutualDims), which the first operand has to be too");
  }
}

at::Tensor elements(const Call& call) {
  return ElementwiseLoss::of(call).components > 1 ? call.input().select(-1, 0) : call.input();
}

void domain_error(const Call& call) {
  const ElementwiseLoss& loss = ElementwiseLoss::of(call);
  std::string given;
  for (int i = 0; i < loss.operands; ++i) {
    if (!call.tensors[i].defined()) continue;
    const auto [low, high] = at::aminmax(call.tensors[i].to(at::kDouble));
    given += c10::str(i ? ", " : "", loss.argument(i), " in [", low.item().toDouble(), ", ",
                      high.item().toDouble(), "]");
  }
  loss.raise("domain", loss.domain, ", got ", given);
}

#ifndef LOSSOPS_CUDA
const Backend* cuda_backend() { return nullptr; }
#endif

const Family kFamily{align, promoted_dtype, decompose, empty_values, gradient_like, mean, values_per_sample,
                     keeps, spread,         nullptr,   true};

}  // namespace lossops::elementwise
