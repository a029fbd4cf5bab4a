// Losses element by element: shapes, the decomposition, and what tracing sees.
#include <ATen/OpMathType.h>
#include <ATen/native/TypeProperties.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/ne.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/where.h>

#include "core/shapes.h"
#include "families/cpu.h"
#include "families/cuda.h"

namespace lossops {
namespace {

at::ScalarType promoted_dtype(const Call& call) {
  const Loss* const loss = call.loss;
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

void align(Call& call) {
  const Loss* const loss = call.loss;
  auto& tensors = call.tensors;
  const Settings& settings = call.settings;
  bool aligned = true;
  for (int i = 1; i <= loss->operands; ++i) {
    aligned = aligned && (!tensors[i].defined() || same(tensors[i].sym_sizes(), call.input().sym_sizes()));
  }
  if (aligned) return;

  const at::ScalarType promoted = promoted_dtype(call);
  // The common shape: the first tensor's, grown by those that broadcast mutually, but not in the dimension
  // that the reduction divides by.
  const auto grows = [&](size_t d, size_t dims) {
    return !(settings.reduction == Reduction::BatchMean && d == 0) &&
           !(loss->traits.row_mean && d + 1 == dims);
  };
  c10::SymDimVector shape(call.input().sym_sizes().begin(), call.input().sym_sizes().end());
  for (int i = 1; i < loss->operands; ++i) {
    if (!tensors[i].defined() || loss->shape(i) != Shape::kMutual) continue;
    const auto other = tensors[i].sym_sizes();
    bool fits = other.size() == shape.size();
    for (size_t d = 0; fits && d < shape.size(); ++d) {
      if (same(shape[d], 1) && grows(d, shape.size())) shape[d] = other[d];
      fits = same(other[d], shape[d]) || same(other[d], 1);
    }
    if (!fits) {
      shape_error(call, i,
                  c10::str(call.name(0), " and ", call.name(i),
                           " must have the same shape, or differ in "
                           "dimensions of size 1, got ",
                           shown(call.input().sym_sizes()), " and ", shown(other)));
    }
  }

  const c10::SymIntArrayRef common(shape);
  const auto rows = common.empty() ? common : common.slice(0, common.size() - 1);
  for (int i = 0; i <= loss->operands; ++i) {
    at::Tensor& t = tensors[i];
    if (!t.defined() || same(t.sym_sizes(), common)) continue;
    const bool is_weight = i == loss->operands;
    const Shape rule = is_weight ? Shape::kBroadcast : loss->shape(i);
    const bool broadcast = rule == Shape::kBroadcast || rule == Shape::kLevels;
    bool fits = rule == Shape::kMutual;
    if (broadcast) fits = broadcasts(t.sym_sizes(), common);
    if (rule == Shape::kClassAxis)
      fits = t.dim() == static_cast<int64_t>(common.size()) && broadcasts(t.sym_sizes(), common);
    const bool by_rows =
        rule == Shape::kClassAxis || (rule == Shape::kRowsOfLevels && tensors[i + 1].dim() == 1);
    if (!fits && by_rows && !common.empty() && same(t.sym_sizes(), rows)) {
      t = t.unsqueeze(-1);
      fits = true;
    }
    if (!fits) {
      shape_error(call, i,
                  broadcast ? c10::str(call.name(i), " must broadcast to the shape of ", call.name(0),
                                       ", got ", call.name(0), " ", shown(common), " and ", call.name(i), " ",
                                       shown(t.sym_sizes()))
                            : c10::str(call.name(0), " and ", call.name(i), " must have the same shape",
                                       by_rows ? " but for the last dimension" : "", ", got ", shown(common),
                                       " and ", shown(t.sym_sizes())));
    }
    // Once expanded, a 0-d tensor would take part in the promotion of dtypes.
    if (t.dim() == 0 && at::isFloatingType(t.scalar_type())) t = t.to(promoted);
    if (is_beside_input(call, t)) t = t.expand_symint(common);
  }
}

at::Tensor decomposition(const Call& call) {
  const Loss& loss = *call.loss;
  const Settings& s = call.settings;
  const at::ScalarType dtype = at::toOpMathType(call.promoted_dtype());
  const auto tensor = [&](int i) {
    const at::Tensor t = beside_input(call, call.tensors[i]);
    return same(t.sym_sizes(), call.input().sym_sizes()) ? t : t.expand_symint(call.input().sym_sizes());
  };

  // What is ignored must not reach a gradient even if it is infinite: its operands are replaced by zeros.
  at::Tensor valid;
  if (s.ignore_index) valid = at::ne(tensor(loss.target), *s.ignore_index);
  std::array<Aten, kMaxOperands> operands;
  for (int i = 0; i < loss.operands; ++i) {
    if (!call.tensors[i].defined()) {
      operands[i] = Aten(1);
      continue;
    }
    const at::Tensor t = tensor(i).to(dtype);
    operands[i] = valid.defined() ? at::where(valid, t, 0.0) : t;
  }
  at::Tensor value = loss.decomposition(operands.data(), s.params.data()).tensor();
  at::Tensor weight = call.weight().defined() ? tensor(loss.operands).to(dtype) : at::Tensor();
  if (valid.defined()) {
    value = at::where(valid, value, 0.0);
    if (weight.defined()) weight = at::where(valid, weight, 0.0);
  }
  if (weight.defined()) value = value * weight;

  if (s.reduction == Reduction::None) {
    if (loss.traits.row_mean) value = value.mean(-1);
  } else if (s.reduction == Reduction::Mean && !call.normalizer().defined()) {
    if (loss.traits.mean_over_weight && weight.defined()) {
      value = value.sum() / weight.sum();
    } else {
      value = valid.defined() ? value.sum() / valid.sum() : value.mean();
    }
  } else {
    const auto sizes = call.input().sym_sizes();
    value = value.sum();
    if (s.reduction == Reduction::BatchMean && !sizes.empty()) value = value / at::Scalar(sizes.front());
    if (loss.traits.row_mean) value = value / at::Scalar(sizes.back());
    if (call.normalizer().defined()) value = value / call.normalizer();
  }
  return value.to(call.result_dtype());
}

Evaluation meta(const Call& call, int64_t wrt) {
  Evaluation out;
  const auto dtype = call.result_dtype();
  if (call.settings.reduction == Reduction::None) {
    out.loss = empty_in_order(call.input(), dtype);
    if (call.loss->traits.row_mean) out.loss = at::mean(out.loss, -1);
  } else {
    out.loss = at::empty({}, call.input().options().dtype(dtype).requires_grad(false));
  }
  for (int i = 0; i <= call.loss->operands; ++i) {
    if (wrt >> i & 1) out.grads[i] = empty_in_order(call.input(), call.tensors[i].scalar_type());
  }
  if (wrt >> (call.loss->operands + 1) & 1)
    out.grads[call.loss->operands + 1] = at::empty_like(call.normalizer());
  if (needs_denominator(call, wrt)) {
    out.denominator = at::empty({}, call.input().options().dtype(at::kDouble).requires_grad(false));
  }
  return out;
}

int64_t fused(const Call&) { return -1; }

/// A loss that is the mean over the last dimension lacks it under "none".
int64_t reduced_dim(const Loss& loss, int64_t dims, const double*) {
  return loss.traits.row_mean ? dims - 1 : -1;
}

}  // namespace

const Family kElementwise{
    align, promoted_dtype, decomposition, cpu::evaluate_elementwise, cuda::evaluate_elementwise,
    meta,  fused,          reduced_dim};

}  // namespace lossops
