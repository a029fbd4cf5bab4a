// Losses over a class axis: shapes, and what the family says to autograd and tracing.
#include "families/class_axis/call.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/where.h>

#include "core/reduction.h"
#include "core/shapes.h"

namespace lossops::class_axis {
namespace {

c10::SymDimVector without(c10::SymIntArrayRef shape, int64_t dim) {
  c10::SymDimVector rest(shape.begin(), shape.end());
  rest.erase(rest.begin() + dim);
  return rest;
}

/// How many rows the logits have.
c10::SymInt rows(const Call& call) {
  const int64_t dim = ClassAxisLoss::of(call).class_dim(call.input().dim(), call.settings);
  c10::SymInt n = 1;
  for (const c10::SymInt& size : without(call.input().sym_sizes(), dim)) n = n * size;
  return n;
}

void check_shape(const Call& call, int i, c10::SymIntArrayRef expected) {
  const at::Tensor& t = call.tensors[i];
  if (agree(t.sym_sizes(), expected)) return;
  const bool dims_differ = t.dim() != static_cast<int64_t>(expected.size());
  call.loss->raise(dims_differ ? call.name(i).c_str() : "size", call.name(i), " must have shape ",
                   shown(expected), ", got ", shown(t.sym_sizes()));
}

void check_floating(const Call& call, int i) {
  TORCH_CHECK(at::isFloatingType(call.tensors[i].scalar_type()), call.loss->name, ": ", call.name(i),
              " must have a floating point dtype, got ", call.tensors[i].scalar_type());
}

void check_labels(Call& call, int i, c10::SymIntArrayRef rows) {
  const ClassAxisLoss& loss = ClassAxisLoss::of(call);
  at::Tensor& t = call.tensors[i];
  // Torch takes one label in a vector for a single row too.
  if (rows.empty() && t.dim() == 1 && same(t.sym_sizes()[0], 1)) t = t.squeeze(0);
  const bool by_batch = t.dim() > 0 && !agree(t.sym_sizes()[0], rows.empty() ? c10::SymInt(1) : rows[0]);
  const bool batch_first = loss.exceptions.of("batch") != ExceptionType::kRuntimeError;
  TORCH_CHECK(
      (by_batch && batch_first) || at::isIntegralType(t.scalar_type(), /*includeBool=*/false), loss.name,
      ": ", call.name(i), " must hold labels of an integer dtype",
      loss.role(i) == Role::kTarget ? ", or probabilities of the shape of " + call.name(0) : std::string(),
      ", got ", t.scalar_type(), " of shape ", shown(t.sym_sizes()));
  if (agree(t.sym_sizes(), rows)) return;
  const char* const mistake = by_batch ? "batch" : "size";
  if (at::isIntegralType(t.scalar_type(), false)) {
    loss.raise(mistake, call.name(i), " must have the shape of ", call.name(0), " without its class axis, ",
               shown(rows), ", got ", shown(t.sym_sizes()));
  }
  loss.raise(mistake, call.name(i), " must hold probabilities of the shape of ", call.name(0), ", ",
             shown(call.input().sym_sizes()), ", got ", shown(t.sym_sizes()));
}

void check_points(const Call& call, int i, c10::SymIntArrayRef rows) {
  const at::Tensor& t = call.tensors[i];
  TORCH_CHECK(!call.settings.ignore_index, call.loss->name, ": takes no ignore_index");
  if (agree(t.sym_sizes(), rows)) return;
  call.loss->raise("size", call.name(i), " must have the shape of ", call.name(0),
                   " without its class axis, ", shown(rows), ", got ", shown(t.sym_sizes()));
}

/// Torch's margin losses take a number for a row of one class.
void number_as_row(Call& call) {
  const ClassAxisLoss& loss = ClassAxisLoss::of(call);
  if (!loss.traits.class_mean || call.input().dim() > 0) return;
  for (const int i : {0, loss.target}) {
    if (call.tensors[i].dim() == 0) call.tensors[i] = call.tensors[i].unsqueeze(0);
  }
}

void check_label_list(const Call& call, int i, c10::SymIntArrayRef shape) {
  const at::Tensor& t = call.tensors[i];
  TORCH_CHECK(call.input().dim() <= 2, call.loss->name, ": input must have one or two dimensions, got shape ",
              shown(shape));
  TORCH_CHECK(!call.settings.ignore_index, call.loss->name, ": takes no ignore_index");
  TORCH_CHECK(at::isIntegralType(t.scalar_type(), false), call.loss->name, ": ", call.name(i),
              " must hold labels of an integer dtype, got ", t.scalar_type());
  check_shape(call, i, shape);
}

/// What stands beside logits of this shape, which are rows of so many classes.
void check_operand(Call& call, int i, c10::SymIntArrayRef shape, c10::SymIntArrayRef rows,
                   const c10::SymInt& classes) {
  const at::Tensor& t = call.tensors[i];
  const Role role = ClassAxisLoss::of(call).role(i);
  switch (role) {
    case Role::kTarget:
      if (at::isFloatingType(t.scalar_type()) && agree(t.sym_sizes(), shape)) {
        TORCH_CHECK(!call.settings.ignore_index || *call.settings.ignore_index < 0, call.loss->name,
                    ": ignore_index needs labels, but target holds probabilities");
        return;
      }
      return check_labels(call, i, rows);
    case Role::kLabels:
      return check_labels(call, i, rows);
    case Role::kPoint:
      return check_points(call, i, rows);
    case Role::kLabelList:
      return check_label_list(call, i, shape);
    case Role::kPrior:
      return check_shape(call, i, {classes});
    case Role::kTrueWeight:
      check_floating(call, i);
      if (t.dim() > 0) check_shape(call, i, {classes});
      return;
    case Role::kOtherWeight:
      check_floating(call, i);
      return check_shape(call, i, {classes, classes});
    case Role::kLogits:
    case Role::kGiven:
      check_floating(call, i);
      return check_shape(call, i, shape);
  }
}

void align(Call& call) {
  const ClassAxisLoss& loss = ClassAxisLoss::of(call);
  number_as_row(call);
  const auto shape = call.input().sym_sizes();
  if (shape.empty()) loss.raise("input", call.name(0), " must have at least one dimension, got shape ()");
  const int64_t dim = loss.class_dim(call.input().dim(), call.settings);
  const c10::SymDimVector rows = without(shape, dim);
  for (int i = 1; i < loss.operands; ++i) {
    if (call.tensors[i].defined()) check_operand(call, i, shape, rows, shape[dim]);
  }
  TORCH_CHECK_VALUE(call.settings.reduction != Reduction::BatchMean, loss.name,
                    ": reduction must be 0 (none), 1 (mean) or 2 (sum), got 3");
  at::Tensor& weight = call.tensors[loss.operands];
  if (!weight.defined()) return;
  check_floating(call, loss.operands);
  if (!loss.weighs_rows()) {
    check_shape(call, loss.operands, {shape[dim]});
  } else if (!same(weight.sym_sizes(), rows)) {
    if (!broadcasts(weight.sym_sizes(), rows)) check_shape(call, loss.operands, rows);
    if (is_beside_input(call, weight)) weight = weight.expand_symint(rows);
  }
}

at::ScalarType promoted_dtype(const Call& call) {
  if (ClassAxisLoss::of(call).members.sides == 1) return call.input().scalar_type();
  return c10::promoteTypes(call.tensors[0].scalar_type(), call.tensors[1].scalar_type());
}

at::Tensor empty_values(const Call& call) {
  const at::Tensor& input = call.input();
  const int64_t dim = ClassAxisLoss::of(call).class_dim(input.dim(), call.settings);
  return at::empty_symint(without(input.sym_sizes(), dim),
                          input.options().dtype(call.result_dtype()).requires_grad(false));
}

at::Tensor gradient_like(const Call& call, int i) { return call.tensors[i]; }

Divisor mean(const Call& call) {
  const ClassAxisLoss& loss = ClassAxisLoss::of(call);
  if (loss.members.conditional) return {Divisor::kWeight};  // see ClassAxisArguments
  bool has_labels = false;                                  // one per row
  for (int i = 0; i < loss.operands; ++i) {
    const bool may_be = loss.role(i) == Role::kTarget || loss.role(i) == Role::kLabels;
    const at::Tensor& t = call.tensors[i];
    has_labels |= may_be && t.defined() && !at::isFloatingType(t.scalar_type());
  }
  if (has_labels && loss.traits.mean_over_weight && !loss.weighs_rows() && call.weight().defined())
    return {Divisor::kWeight};
  if (has_labels && call.settings.ignore_index) return {Divisor::kKept};
  return {Divisor::kOne, rows(call)};
}

c10::SymInt values_per_sample(const Call&) { return 1; }

/// Those of the shape of the logits, and the normalizer's.
int64_t keeps(const Call& call) {
  const ClassAxisLoss& loss = ClassAxisLoss::of(call);
  int64_t bits = int64_t{1} << (loss.operands + 1);
  for (int i = 0; i < loss.operands; ++i) {
    const Role r = loss.role(i);
    if (r == Role::kLogits || r == Role::kTarget) bits |= int64_t{1} << i;
  }
  return bits;
}

at::Tensor spread(const Loss& loss, const Settings& settings, const at::Tensor& upstream,
                  const at::Tensor& gradient) {
  return upstream.unsqueeze(static_cast<const ClassAxisLoss&>(loss).class_dim(gradient.dim(), settings));
}

}  // namespace

int64_t ClassAxisLoss::class_dim(int64_t dims, const Settings& settings) const {
  if (members.takes_point) return std::max<int64_t>(dims - 1, 0);
  if (dim < 0) return dims == 1 ? 0 : 1;
  const int64_t given = as_integer(settings.params[dim]), end = std::max<int64_t>(dims, 1);
  TORCH_CHECK_INDEX(-end <= given && given < end, name, ": dim must be in [", -end, ", ", end - 1, "], got ",
                    given);
  return given < 0 ? given + end : given;
}

namespace {

/// Labels beyond int64 stay out of range, and do not wrap to negative ones.
at::Tensor as_int64(const at::Tensor& labels) {
  const at::Tensor signed_labels = labels.to(at::kLong);
  return at::where(signed_labels < 0, std::numeric_limits<int64_t>::max(), signed_labels);
}

}  // namespace

ClassAxisArguments::ClassAxisArguments(const Call& call) {
  const ClassAxisLoss& loss = ClassAxisLoss::of(call);
  int side = 0;
  for (int i = 0; i < loss.operands; ++i) {
    const at::Tensor& t = call.tensors[i];
    switch (loss.role(i)) {
      case Role::kLogits:
        x[side++] = t;
        break;
      case Role::kTarget:
      case Role::kLabels:
      case Role::kLabelList:
        target = t.defined() && t.scalar_type() == at::kUInt64 ? as_int64(t) : t;
        probabilities = t.defined() && at::isFloatingType(t.scalar_type());
        label_list = loss.role(i) == Role::kLabelList;
        break;
      case Role::kPoint:
        point = t;
        break;
      case Role::kTrueWeight:
        true_weight = t;
        break;
      case Role::kOtherWeight:
        other_weight = t;
        break;
      case Role::kGiven:
        given = t;
        break;
      case Role::kPrior:
        prior = t;
        break;
    }
  }
  (loss.weighs_rows() ? row_weight : class_weight) = call.weight();
  dim = loss.class_dim(call.input().dim(), call.settings);
  if (loss.members.conditional && divisor(call).by == Divisor::kWeight) {
    const c10::SymInt last = call.input().sym_size(dim);
    const auto options =
        call.input().options().dtype(call.promoted_dtype() == at::kDouble ? at::kDouble : at::kFloat);
    class_weight = at::arange(1, at::Scalar(last + 2), options).clamp_max(at::Scalar(last));
  }
  if (loss.label_smoothing >= 0) smoothing = call.settings.params[loss.label_smoothing];
}

void prior_error(const Call& call, double least) {
  TORCH_CHECK(false, call.loss->name, ": prior must be >= 0, got ", least);
}

void check_prior(const Call& call, const at::Tensor& prior) {
  const double least = prior.numel() ? prior.detach().to(at::kDouble).min().item().toDouble() : 0;
  if (least < 0) prior_error(call, least);
}

std::pair<int64_t, c10::SymInt> label_range(const Call& call) {
  const ClassAxisLoss& loss = ClassAxisLoss::of(call);
  const c10::SymInt classes = call.input().sym_size(loss.class_dim(call.input().dim(), call.settings));
  return {loss.target_role() == Role::kLabelList ? -1 : 0,  // a list ends with -1
          loss.members.orders() ? classes : classes - 1};
}

template <class T>
void label_error(const Call& call, T label, int64_t index) {
  const ClassAxisLoss& loss = ClassAxisLoss::of(call);
  const at::Tensor& target = call.tensors[loss.target];
  std::string position;
  for (int64_t d = target.dim() - 1; d >= 0; --d) {
    position = c10::str(index % target.size(d), position.empty() ? "" : ", ", position);
    index /= target.size(d);
  }
  const auto ignored = call.settings.ignore_index;
  const auto [least, most] = label_range(call);
  loss.raise("label", call.name(loss.target), " must be in [", least, ", ", most, "]",
             ignored ? c10::str(" (or ignore_index ", *ignored, ")") : "", ", got ", label, " at position (",
             position, ")");
}
template void label_error(const Call& call, int64_t label, int64_t index);
template void label_error(const Call& call, float label, int64_t index);
template void label_error(const Call& call, double label, int64_t index);

void check_label_range(const Call& call, const at::Tensor& labels) {
  const int64_t* const label = labels.const_data_ptr<int64_t>();
  const int64_t* const end = label + labels.numel();
  const auto [least, most] = label_range(call);
  const auto ignored = call.settings.ignore_index;
  const int64_t* const wrong =
      std::find_if(label, end, [least = least, most = most.expect_int(), ignored](int64_t l) {
        return (l < least || l > most) && !(ignored && l == *ignored);
      });
  if (wrong != end) label_error(call, *wrong, wrong - label);
}

#ifndef LOSSOPS_CUDA
const Backend* cuda_backend() { return nullptr; }
#endif

const Family kFamily{align, promoted_dtype,    decompose, empty_values, gradient_like,
                     mean,  values_per_sample, keeps,     spread,       weight_gradients,
                     false};

}  // namespace lossops::class_axis
