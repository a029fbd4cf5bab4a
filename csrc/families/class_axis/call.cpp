// Losses over a class axis: shapes, the decomposition, and what tracing sees.
#include "families/class_axis/call.h"

#include <ATen/OpMathType.h>
#include <ATen/TensorSubclassLikeUtils.h>
#include <ATen/WrapDimUtils.h>
#include <ATen/native/TypeProperties.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/cumprod.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/index.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/ne.h>
#include <ATen/ops/scatter.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/where.h>

#include "core/shapes.h"
#include "families/cpu.h"
#include "families/cuda.h"

namespace lossops {
namespace {

Role role(const Loss& loss, int i) { return loss.traits.roles[i]; }

int64_t class_dim(const Loss& loss, int64_t dims, const double* params) {
  if (loss.dim_param < 0) return dims == 1 ? 0 : 1;
  return at::maybe_wrap_dim(as_integer(params[loss.dim_param]), dims);
}

/// Losses whose weights are by row: those without a label that weights could be looked up by.
bool weighs_rows(const Loss& loss) {
  return role(loss, loss.target) == Role::kLabelList || loss.members->sides == 2;
}

/// Whether nothing traces or batches t, so that its values can be looked at.
bool may_be_read(const at::Tensor& t) { return t.is_cpu() && !at::isTensorSubclassLike(t); }

c10::SymDimVector without(c10::SymIntArrayRef shape, int64_t dim) {
  c10::SymDimVector rest(shape.begin(), shape.end());
  rest.erase(rest.begin() + dim);
  return rest;
}

void check_shape(const Call& call, int i, c10::SymIntArrayRef expected) {
  const at::Tensor& t = call.tensors[i];
  if (same(t.sym_sizes(), expected)) return;
  const std::string message = c10::str(call.loss->name, ": ", call.name(i), " must have shape ",
                                       shown(expected), ", got ", shown(t.sym_sizes()));
  const bool dims_differ = t.dim() != static_cast<int64_t>(expected.size());
  TORCH_CHECK_VALUE(!(dims_differ && call.loss->traits.raises_value_error(call.name(i))), message);
  TORCH_CHECK(false, message);
}

void check_floating(const Call& call, int i) {
  TORCH_CHECK(at::isFloatingType(call.tensors[i].scalar_type()), call.loss->name, ": ", call.name(i),
              " must have a floating point dtype, got ", call.tensors[i].scalar_type());
}

void check_labels(Call& call, int i, c10::SymIntArrayRef rows) {
  const Loss& loss = *call.loss;
  at::Tensor& t = call.tensors[i];
  // Torch takes one label in a vector for a single row too.
  if (rows.empty() && t.dim() == 1 && same(t.sym_sizes()[0], 1)) t = t.squeeze(0);
  const bool by_batch = loss.traits.raises_value_error("batch") && t.dim() > 0 &&
                        !same(t.sym_sizes()[0], rows.empty() ? c10::SymInt(1) : rows[0]);
  TORCH_CHECK(by_batch || at::isIntegralType(t.scalar_type(), /*includeBool=*/false), loss.name, ": ",
              call.name(i), " must hold labels of an integer dtype",
              role(loss, i) == Role::kTarget ? ", or probabilities of the shape of input" : "", ", got ",
              t.scalar_type(), " of shape ", shown(t.sym_sizes()));
  if (same(t.sym_sizes(), rows)) return;
  const bool labels = at::isIntegralType(t.scalar_type(), false);
  const std::string message =
      labels
          ? c10::str(loss.name, ": ", call.name(i), " must have the shape of input without its class axis, ",
                     shown(rows), ", got ", shown(t.sym_sizes()))
          : c10::str(loss.name, ": ", call.name(i), " must hold probabilities of the shape of input, ",
                     shown(call.input().sym_sizes()), ", got ", shown(t.sym_sizes()));
  TORCH_CHECK_VALUE(!by_batch, message);
  TORCH_CHECK(false, message);
}

void align(Call& call) {
  const Loss& loss = *call.loss;
  const auto shape = call.input().sym_sizes();
  constexpr const char* kNoDims = ": input must have at least one dimension, got shape ()";
  TORCH_CHECK_VALUE(!shape.empty() || !loss.traits.raises_value_error("input"), loss.name, kNoDims);
  TORCH_CHECK(!shape.empty(), loss.name, kNoDims);
  const int64_t dim = class_dim(loss, call.input().dim(), call.settings.params.data());
  const c10::SymDimVector rows = without(shape, dim);
  const c10::SymInt& classes = shape[dim];
  for (int i = 1; i < loss.operands; ++i) {
    const at::Tensor& t = call.tensors[i];
    if (!t.defined()) continue;
    switch (role(loss, i)) {
      case Role::kLogits:
        check_floating(call, i);
        check_shape(call, i, shape);
        break;
      case Role::kTarget:
        if (at::isFloatingType(t.scalar_type()) && same(t.sym_sizes(), shape)) {
          TORCH_CHECK(!call.settings.ignore_index || *call.settings.ignore_index < 0, loss.name,
                      ": ignore_index needs labels, but target holds probabilities");
          break;
        }
        [[fallthrough]];
      case Role::kLabels:
        check_labels(call, i, rows);
        break;
      case Role::kLabelList:
        TORCH_CHECK(call.input().dim() <= 2, loss.name, ": input must have one or two dimensions, got shape ",
                    shown(shape));
        TORCH_CHECK(!call.settings.ignore_index, loss.name, ": takes no ignore_index");
        TORCH_CHECK(at::isIntegralType(t.scalar_type(), false), loss.name, ": ", call.name(i),
                    " must hold labels of an integer dtype, got ", t.scalar_type());
        check_shape(call, i, shape);
        break;
      case Role::kTrueWeight:
        check_floating(call, i);
        if (t.dim() > 0) check_shape(call, i, {classes});
        break;
      case Role::kOtherWeight:
        check_floating(call, i);
        check_shape(call, i, {classes, classes});
        break;
      case Role::kPrior:
        check_shape(call, i, {classes});
        break;
    }
  }
  TORCH_CHECK_VALUE(call.settings.reduction != Reduction::BatchMean, loss.name,
                    ": reduction must be 0 (none), 1 (mean) or 2 (sum), got 3");
  at::Tensor& weight = call.tensors[loss.operands];
  if (!weight.defined()) return;
  check_floating(call, loss.operands);
  if (!weighs_rows(loss)) {
    check_shape(call, loss.operands, {classes});
  } else if (!same(weight.sym_sizes(), rows)) {
    if (!broadcasts(weight.sym_sizes(), rows)) check_shape(call, loss.operands, rows);
    if (is_beside_input(call, weight)) weight = weight.expand_symint(rows);
  }
}

at::ScalarType promoted_dtype(const Call& call) {
  if (call.loss->members->sides == 1) return call.input().scalar_type();
  return c10::promoteTypes(call.tensors[0].scalar_type(), call.tensors[1].scalar_type());
}

/// Relative to the largest logit, as math/probability.h has it; what cancels is detached. Ties have no
/// largest class: rest is then 1 or more.
RowShift<Aten> softmax_shift(const at::Tensor& z) {
  const at::Tensor largest = at::amax(z, -1, /*keepdim=*/true).detach();
  const at::Tensor d = z - largest;
  const at::Tensor is_top = d == 0;
  const at::Tensor rest = at::where(is_top, 0.0, d.exp()).sum(-1, true) + (is_top.sum(-1, true) - 1);
  // e^d - 1 of the largest itself: 0, with the derivative that it lends to the sum.
  const at::Tensor sum = rest + at::where(is_top, d.expm1(), 0.0).sum(-1, true);
  return {Aten(largest), Aten(rest), Aten(sum.log1p()), Aten((sum + 1).reciprocal()), Aten(0)};
}

/// The decomposition, step by step over rows whose classes are the last dimension.
class ClassAxisDecomposition {
 public:
  explicit ClassAxisDecomposition(const Call& call)
      : call_(call),
        f_(*call.loss->members),
        params_(call.settings.params.data()),
        rows_(call),
        dtype_(at::toOpMathType(call.promoted_dtype())) {
    // Once, so that gradients are summed in that dtype.
    for (at::Tensor* t :
         {&rows_.true_weight, &rows_.other_weight, &rows_.prior, &rows_.class_weight, &rows_.row_weight}) {
      if (t->defined()) *t = beside_input(call, *t).to(dtype_);
    }
    if (rows_.target.defined()) rows_.target = beside_input(call, rows_.target);
  }

  at::Tensor run() {
    read_labels();
    for (int side = 0; side < f_.sides; ++side) z_[side] = logits(side);
    at::Tensor value = rows_.label_list ? label_list() : classes();
    if (call_.loss->traits.class_mean) value = value / at::Scalar(z_[0].sym_size(-1));
    if (rows_.row_weight.defined()) value = value * rows_.row_weight;
    if (keep_.defined()) value = at::where(keep_, value, 0.0);
    return reduced(value).to(call_.result_dtype());
  }

 private:
  void read_labels() {
    if (!rows_.target.defined() || rows_.probabilities || rows_.label_list) return;
    at::Tensor labels = rows_.target.to(at::kLong);
    if (f_.sides == 1 && may_be_read(labels)) check_label_range(call_, labels.contiguous());
    if (call_.settings.ignore_index) {
      keep_ = at::ne(labels, *call_.settings.ignore_index);
      labels = at::where(keep_, labels, 0);
    }
    label_ = labels.unsqueeze(-1);
  }

  at::Tensor logits(int side) {
    at::Tensor x = rows_.x[side].movedim(rows_.dim, -1).to(dtype_);
    if (keep_.defined()) x = at::where(keep_.unsqueeze(-1), x, 0.0);
    if (!f_.maps || !f_.maps(params_)) return x;
    Aten log_prior(0);
    if (rows_.prior.defined()) {
      if (may_be_read(rows_.prior)) check_prior(call_, rows_.prior);
      // A class that never occurs has no derivative by its frequency.
      const Aten absent = Aten(rows_.prior) == 0;
      log_prior = select(absent, -kInfinity, log(select(absent, 1, Aten(rows_.prior))));
    }
    const at::Tensor z = f_.logit(x, log_prior, params_).tensor();
    if (!f_.target_logit) return z;
    return z.scatter(-1, label_, f_.target_logit(at::gather(x, -1, label_), params_).tensor());
  }

  at::Tensor by_label(const at::Tensor& by_class) const {
    return at::gather(by_class.expand_symint(z_[0].sym_sizes()), -1, label_);
  }

  at::Tensor classes() const {
    std::vector<Probability<Aten>> p;
    RowShift<Aten> shift;
    for (int side = 0; side < f_.sides; ++side) {
      shift = f_.shift == Shift::kSoftmax  ? softmax_shift(z_[side])
              : f_.shift == Shift::kTarget ? RowShift<Aten>::plain(at::gather(z_[side], -1, label_))
                                           : RowShift<Aten>::plain(0);
      p.emplace_back(Aten(z_[side]) - shift.shift, shift);
    }
    at::Tensor value;
    const auto add = [&](const at::Tensor& v) { value = value.defined() ? value + v : v; };
    if (f_.sides == 2) {
      add(f_.true_class(p.data(), params_).tensor().sum(-1));
    } else if (f_.true_class) {
      const double s = rows_.smoothing;
      at::Tensor weight = rows_.class_weight;
      if (rows_.true_weight.defined()) {
        const at::Tensor w = rows_.true_weight.expand_symint(z_[0].sym_sizes().slice(z_[0].dim() - 1));
        weight = weight.defined() ? weight * w : w;
      }
      if (!rows_.probabilities) {
        const Probability<Aten> at_label(Aten(at::gather(z_[0], -1, label_)) - shift.shift, shift);
        Aten true_class = f_.true_class(&at_label, params_);
        if (weight.defined()) true_class = scaled(Aten(by_label(weight)), true_class);
        add(((1 - s) * true_class).tensor().squeeze(-1));
      }
      if (rows_.probabilities || s > 0) {
        const Aten each = f_.true_class(p.data(), params_);
        if (rows_.probabilities) {
          Aten y = (1 - s) * Aten(rows_.target.movedim(rows_.dim, -1).to(dtype_));
          if (weight.defined()) y = y * Aten(weight);
          add(scaled(y, each).tensor().sum(-1));
        }
        if (s > 0) {
          const Aten all = weight.defined() ? scaled(Aten(weight), each) : each;
          add((s * all).tensor().mean(-1));
        }
      }
    }
    if (f_.other_class) {
      const at::Tensor other_class = f_.other_class(p[0], params_).tensor();
      const at::Tensor wrong = at::ne(class_numbers(), label_);
      at::Tensor weight =
          rows_.other_weight.defined() ? at::index(rows_.other_weight, {label_.squeeze(-1)}) : at::Tensor();
      const at::Tensor masked = at::where(wrong, other_class, 0.0);
      at::Tensor sum = (weight.defined() ? scaled(Aten(weight), Aten(masked)).tensor() : masked).sum(-1);
      if (rows_.class_weight.defined()) sum = sum * by_label(rows_.class_weight).squeeze(-1);
      add(sum);
    }
    if (f_.row) {
      const Aten term = f_.row(shift.shift + shift.log_sum, params_);
      if (!term.is_number()) add(term.tensor().squeeze(-1));
    }
    return value;
  }

  at::Tensor class_numbers() const {
    return at::arange(at::Scalar(z_[0].sym_size(-1)), z_[0].options().dtype(at::kLong));
  }

  /// Every label of a row's list against every class that is not in it.
  at::Tensor label_list() const {
    const at::Tensor labels = rows_.target.to(at::kLong);
    const at::Tensor listed = at::cumprod(labels >= 0, -1).to(at::kBool);  // up to the first negative one
    const at::Tensor safe = labels.clamp(0);
    const at::Tensor is_label = ((safe.unsqueeze(-1) == class_numbers()) & listed.unsqueeze(-1)).any(-2);
    const at::Tensor d = z_[0].unsqueeze(-2) - at::gather(z_[0], -1, safe).unsqueeze(-1);
    const Probability<Aten> p(Aten(d), RowShift<Aten>::plain(0));
    const at::Tensor counts = listed.unsqueeze(-1) & is_label.logical_not().unsqueeze(-2);
    return at::where(counts, f_.other_class(p, params_).tensor(), 0.0).sum({-2, -1});
  }

  at::Tensor reduced(const at::Tensor& value) const {
    const Settings& s = call_.settings;
    if (s.reduction == Reduction::None) return value;
    if (call_.normalizer().defined()) return value.sum() / call_.normalizer();
    if (s.reduction == Reduction::Sum) return value.sum();
    if (divides_by_weight(call_, rows_)) {
      at::Tensor weight = by_label(rows_.class_weight).squeeze(-1);
      if (keep_.defined()) weight = at::where(keep_, weight, 0.0);
      return value.sum() / weight.sum();
    }
    return keep_.defined() ? value.sum() / keep_.sum() : value.mean();
  }

  const Call& call_;
  const ClassAxisMembers& f_;
  const double* const params_;
  ClassAxisArguments rows_;
  const at::ScalarType dtype_;
  at::Tensor keep_;   ///< whether a row counts; undefined if all do
  at::Tensor label_;  ///< of the rows' shape with a last dimension of 1
  at::Tensor z_[2];
};

at::Tensor decomposition(const Call& call) { return ClassAxisDecomposition(call).run(); }

Evaluation meta(const Call& call, int64_t wrt) {
  Evaluation out;
  const at::Tensor& input = call.input();
  const auto options = input.options().dtype(call.result_dtype()).requires_grad(false);
  c10::SymDimVector shape;
  if (call.settings.reduction == Reduction::None) {
    shape = without(input.sym_sizes(), class_dim(*call.loss, input.dim(), call.settings.params.data()));
  }
  out.loss = at::empty_symint(shape, options);
  for (int i = 0; i < call.loss->operands; ++i) {
    if (wrt >> i & 1) out.grads[i] = empty_in_order(call.tensors[i], call.tensors[i].scalar_type());
  }
  const int n = call.loss->operands + 1;
  if (wrt >> n & 1) out.grads[n] = at::empty_like(call.normalizer());
  if (needs_denominator(call, wrt)) out.denominator = at::empty({}, options.dtype(at::kDouble));
  return out;
}

/// Those of the shape of the logits, and the normalizer's.
int64_t fused(const Call& call) {
  int64_t bits = int64_t{1} << (call.loss->operands + 1);
  for (int i = 0; i < call.loss->operands; ++i) {
    const Role r = role(*call.loss, i);
    if (r == Role::kLogits || r == Role::kTarget) bits |= int64_t{1} << i;
  }
  return bits;
}

}  // namespace

ClassAxisArguments::ClassAxisArguments(const Call& call) {
  const Loss& loss = *call.loss;
  int side = 0;
  for (int i = 0; i < loss.operands; ++i) {
    const at::Tensor& t = call.tensors[i];
    switch (role(loss, i)) {
      case Role::kLogits:
        x[side++] = t;
        break;
      case Role::kTarget:
      case Role::kLabels:
      case Role::kLabelList:
        target = t;
        probabilities = t.defined() && at::isFloatingType(t.scalar_type());
        label_list = role(loss, i) == Role::kLabelList;
        break;
      case Role::kTrueWeight:
        true_weight = t;
        break;
      case Role::kOtherWeight:
        other_weight = t;
        break;
      case Role::kPrior:
        prior = t;
        break;
    }
  }
  (weighs_rows(loss) ? row_weight : class_weight) = call.weight();
  dim = class_dim(loss, call.input().dim(), call.settings.params.data());
  if (loss.smoothing_param >= 0) smoothing = call.settings.params[loss.smoothing_param];
}

bool divides_by_weight(const Call& call, const ClassAxisArguments& rows) {
  return call.loss->traits.mean_over_weight && rows.class_weight.defined() && !rows.probabilities &&
         call.settings.reduction == Reduction::Mean && !call.normalizer().defined();
}

void check_prior(const Call& call, const at::Tensor& prior) {
  const double least = prior.numel() ? prior.detach().to(at::kDouble).min().item().toDouble() : 0;
  TORCH_CHECK(!(least < 0), call.loss->name, ": prior must be >= 0, got ", least);
}

void label_error(const Call& call, int64_t label, int64_t index) {
  const Loss& loss = *call.loss;
  const at::Tensor& target = call.tensors[loss.target];
  std::string position;
  for (int64_t d = target.dim() - 1; d >= 0; --d) {
    position = c10::str(index % target.size(d), position.empty() ? "" : ", ", position);
    index /= target.size(d);
  }
  const bool list = role(loss, loss.target) == Role::kLabelList;
  const auto ignored = call.settings.ignore_index;
  const int64_t classes = call.input().size(class_dim(loss, call.input().dim(), call.settings.params.data()));
  const std::string message = c10::str(loss.name, ": target must be in [", list ? -1 : 0, ", ", classes - 1,
                                       "]", ignored ? c10::str(" (or ignore_index ", *ignored, ")") : "",
                                       ", got ", label, " at position (", position, ")");
  TORCH_CHECK_INDEX(!loss.traits.label_index_error, message);
  TORCH_CHECK(false, message);
}

void check_label_range(const Call& call, const at::Tensor& labels) {
  const int64_t* const label = labels.const_data_ptr<int64_t>();
  const int64_t* const end = label + labels.numel();
  const int64_t classes =
      call.input().size(class_dim(*call.loss, call.input().dim(), call.settings.params.data()));
  const auto ignored = call.settings.ignore_index;
  const int64_t* const wrong = std::find_if(
      label, end, [&](int64_t l) { return (l < 0 || l >= classes) && !(ignored && l == *ignored); });
  if (wrong != end) label_error(call, *wrong, wrong - label);
}

const Family kClassAxis{
    align, promoted_dtype, decomposition, cpu::evaluate_class_axis, cuda::evaluate_class_axis,
    meta,  fused,          class_dim};

}  // namespace lossops
