// Losses over a class axis in ATen operators.
#include <ATen/OpMathType.h>
#include <ATen/TensorSubclassLikeUtils.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/cumprod.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/index.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/ne.h>
#include <ATen/ops/scatter.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include "core/reduction.h"
#include "core/shapes.h"
#include "core/transforms.h"
#include "families/class_axis/call.h"

namespace lossops::class_axis {
namespace {

/// `value`, which was y of an operand that may have been broadcast, with its derivative by that.
at::Tensor by_operand(const at::Tensor& value, const Dual<Aten>& y, const at::Tensor& operand) {
  if (!may_be_differentiated(operand)) return value;
  return with_derivative(value, y.d.tensor_like(value), operand.expand_as(value));
}

/// What was computed on a dual operand, as a function of that operand.
at::Tensor function_of(const at::Tensor& operand, const Dual<Aten>& y) {
  return by_operand(y.v.tensor_like(operand).detach(), y, operand);
}

Dual<Aten> variable(const at::Tensor& x) { return {Aten(x), Aten(1)}; }

/// ln of a sum of exponentials; ln 0 has no derivative.
at::Tensor log_or_none(const at::Tensor& sum) {
  const at::Tensor some = sum > 0;
  return at::where(some, at::where(some, sum, 1.0).log(), -kInfinity);
}

/// The decomposition, step by step over rows whose classes are the last dimension.
class ClassAxisDecomposition {
 public:
  explicit ClassAxisDecomposition(const Call& call)
      : call_(call),
        f_(ClassAxisLoss::of(call).members),
        rows_(call),
        dtype_(at::toOpMathType(call.promoted_dtype())),
        held_(call.settings.held_in(dtype_)) {
    // Once, so that gradients are summed in that dtype.
    for (at::Tensor* t : {&rows_.true_weight, &rows_.other_weight, &rows_.prior, &rows_.class_weight,
                          &rows_.row_weight, &rows_.given}) {
      if (t->defined()) *t = beside_input(call, *t).to(dtype_);
    }
    for (at::Tensor* t : {&rows_.target, &rows_.point}) {
      if (t->defined()) *t = beside_input(call, *t);
    }
  }

  at::Tensor run() {
    read_labels();
    read_points();
    if (TORCH_GUARD_OR_FALSE(call_.input().sym_size(rows_.dim).sym_eq(0))) {
      const at::Tensor zeros = rows_.x[0].to(dtype_).sum(rows_.dim);
      return reduce(call_, zeros, keep_, zeros).to(call_.result_dtype());
    }
    for (int side = 0; side < f_.sides; ++side) z_[side] = logits(side);
    at::Tensor value = rows_.label_list ? label_list() : classes();
    if (ClassAxisLoss::of(call_).traits.class_mean) value = value / at::Scalar(z_[0].sym_size(-1));
    if (rows_.row_weight.defined()) value = value * rows_.row_weight;
    if (keep_.defined()) value = at::where(keep_, value, 0.0);
    return reduce(call_, value, keep_, label_weight()).to(call_.result_dtype());
  }

 private:
  void read_labels() {
    if (!rows_.target.defined() || rows_.probabilities || rows_.label_list) return;
    at::Tensor labels = rows_.target.to(at::kLong);
    if (f_.sides == 1) check_labels(labels);
    if (call_.settings.ignore_index) {
      keep_ = at::ne(labels, *call_.settings.ignore_index);
      labels = at::where(keep_, labels, 0);
    }
    label_ = labels.unsqueeze(-1);
  }

  void check_labels(const at::Tensor& labels) const {
    if (!may_be_searched(labels)) return;
    const auto [least, most] = label_range(call_);
    at::Tensor wrong = (labels < least) | (labels > most);
    if (call_.settings.ignore_index) wrong = wrong & (labels != *call_.settings.ignore_index);
    if (const auto found = first_where(wrong, labels)) {
      label_error(call_, as_integer(found->value), found->index);
    }
  }

  void read_points() {
    if (!rows_.point.defined()) return;
    rows_.point = rows_.point.to(dtype_);
    if (!may_be_searched(rows_.point)) return;
    const at::Tensor fits = (rows_.point >= 0) & (rows_.point <= at::Scalar(label_range(call_).second));
    if (const auto found = first_where(fits.logical_not(), rows_.point)) {
      label_error(call_, found->value, found->index);
    }
  }

  at::Tensor logits(int side) {
    at::Tensor x = rows_.x[side].movedim(rows_.dim, -1).to(dtype_);
    if (keep_.defined()) x = at::where(keep_.unsqueeze(-1), x, 0.0);
    if (!f_.maps || !f_.maps(params_)) return x;
    Aten log_prior(0);
    if (rows_.prior.defined()) {
      if (may_be_searched(rows_.prior)) {
        if (const auto found = first_where(rows_.prior < 0, rows_.prior)) prior_error(call_, found->value);
      }
      // A class that never occurs has no derivative by its frequency.
      const Aten absent = Aten(rows_.prior) == 0;
      log_prior = select(absent, -kInfinity, log(select(absent, 1, Aten(rows_.prior))));
    }
    at::Tensor z = function_of(x, f_.logit(variable(x), log_prior, params_));
    if (rows_.prior.defined()) {
      const at::Tensor& p = log_prior.tensor();
      z = by_operand(z, f_.logit(Aten(x), variable(p), params_), p);
    }
    if (!f_.target_logit) return z;
    const at::Tensor own = at::gather(x, -1, label_);
    return z.scatter(-1, label_, function_of(own, f_.target_logit(variable(own), params_)));
  }

  /// Relative to the largest class, whose exponential is 1 and no function of its logit: what its own logit
  /// does to it, it does through all others, so that nothing cancels. Of several largest it is the first.
  AnyClass softmax(const at::Tensor& z) const {
    const at::Tensor top = at::argmax(z, -1, /*keepdim=*/true);
    const at::Tensor is_top = class_numbers() == top;
    const at::Tensor largest = at::gather(z, -1, top);
    const at::Tensor d = at::where(is_top, (largest - largest).detach(), z - largest);
    at::Tensor x, raises, gap;
    if (!tells_log_q()) {
      x = d.exp();
    } else {
      const at::Tensor second = at::where(is_top, -kInfinity, z).amax(-1, true).detach();
      gap = (second - largest).detach();
      // ln(1 - p) needs the reciprocal of the square of the others' sum; where that would not be finite, and
      // the label's class is among them, they are told by the largest of them, as nothing beside 1.
      raises = (gap < depth()) & (gap > -kInfinity) & (top != label_);
      const at::Tensor raised = raises & is_top.logical_not();
      x = at::where(raised, z - second - (largest - largest.detach()), d).exp();
      x = at::where(raised, x * std::exp(depth()), x);
    }
    // An infinite logit leaves no probability that is a number.
    at::Tensor rest = at::where(is_top, 0.0, x).sum(-1, true) + (largest - largest).detach();
    rest = at::where(rest < least_normal(), 0.0, rest);  // which has no reciprocal
    Aten log_rest(0);                                    // of a label's own class it is not asked for
    if (tells_log_q()) {
      log_rest = log_or_none(at::where(top == label_, 1.0, rest)) + at::where(raises, gap - depth(), 0.0);
    }
    return {Aten(d),
            Aten(at::where(is_top, 1.0, x)),
            {Aten(largest), Aten(rest), Aten(rest.log1p()), Aten((rest + 1).reciprocal()), log_rest}};
  }

  bool tells_log_q() const { return f_.other_class && !f_.finish; }

  /// A logit so far below the largest does not count beside it.
  double depth() const { return 0.4 * std::log(least_normal()); }

  double least_normal() const {
    return dtype_ == at::kDouble ? std::numeric_limits<double>::min() : std::numeric_limits<float>::min();
  }

  /// Every class of every row.
  AnyClass every_class(int side) const {
    if (f_.shift == Shift::kSoftmax) return softmax(z_[side]);
    if (f_.shift == Shift::kNone) return {Aten(z_[side]), Aten(0), RowShift<Aten>::plain(0)};
    return {Aten(z_[side] - at::gather(z_[side], -1, label_)), Aten(0), RowShift<Aten>::plain(0)};
  }

  /// One of them by row.
  static AnyClass at_class(AnyClass all, const at::Tensor& number) {
    all.d = at::gather(all.d.tensor(), -1, number);
    if (!all.x.is_number()) all.x = at::gather(all.x.tensor(), -1, number);
    return all;
  }
  AnyClass at_label(const AnyClass& all) const { return at_class(all, label_); }

  at::Tensor true_class(const AnyClass& of) const {
    return function_of(of.probability().log_p().tensor(), f_.true_class(of, params_));
  }
  at::Tensor other_class(const AnyClass& of) const {
    return function_of(of.probability().log_p().tensor(), f_.other_class(of, params_));
  }

  at::Tensor pairs() const {
    const AnyClass both[] = {every_class(0), every_class(1)};
    at::Tensor value;
    for (int side = 0; side < 2; ++side) {
      const at::Tensor log_p = both[side].probability().log_p().tensor();
      if (value.defined() && !may_be_differentiated(log_p)) break;
      const Dual<Aten> y = f_.each_class(both, side, params_);
      if (!value.defined()) value = y.v.tensor_like(log_p).detach();
      value = by_operand(value, y, log_p);
    }
    return value.sum(-1);
  }

  /// What the label's class costs and what the others do, of which the row's cost is a function.
  at::Tensor finished(const AnyClass& all) const {
    const at::Tensor own = true_class(at_label(all)).squeeze(-1);
    const at::Tensor others = f_.given_class ? given_classes(all) : other_classes(all);
    const Dual<Aten> by_own = f_.finish(variable(own), Dual<Aten>(Aten(others)), params_);
    const Dual<Aten> by_others = f_.finish(Dual<Aten>(Aten(own)), variable(others), params_);
    const at::Tensor value = by_operand(function_of(own, by_own), by_others, others);
    if (!rows_.class_weight.defined()) return value;
    return scaled(Aten(by_label(rows_.class_weight).squeeze(-1)), Aten(value)).tensor();
  }

  /// The sum of what all classes cost beside what is given for them.
  at::Tensor given_classes(const AnyClass& all) const {
    at::Tensor given = rows_.given.movedim(rows_.dim, -1);
    if (keep_.defined()) given = at::where(keep_.unsqueeze(-1), given, 0.0);
    const at::Tensor log_p = all.probability().log_p().tensor();
    const at::Tensor each = function_of(log_p, f_.given_class(all, Dual<Aten>(Aten(given)), params_));
    return by_operand(each, f_.given_class(all, variable(given), params_), given).sum(-1);
  }

  /// The weighted sum of what the classes beside the label cost.
  at::Tensor other_classes(const AnyClass& all) const {
    const at::Tensor wrong = at::ne(class_numbers(), label_);
    const at::Tensor weight =
        rows_.other_weight.defined() ? at::index(rows_.other_weight, {label_.squeeze(-1)}) : at::Tensor();
    AnyClass others = all;
    if (f_.shift == Shift::kSoftmax) {  // the label's own, of which 1 - p may be 0, for a class without p
      others.d = at::where(wrong, all.d.tensor(), -1.0);
      others.x = at::where(wrong, all.x.tensor(), 0.0);
    }
    const at::Tensor masked = at::where(wrong, other_class(others), 0.0);
    return (weight.defined() ? scaled(Aten(weight), Aten(masked)).tensor() : masked).sum(-1);
  }

  /// What the two classes beside the point cost, by their parts of it.
  at::Tensor between_classes(const AnyClass& all) const {
    const at::Tensor point = rows_.point.unsqueeze(-1);
    const c10::SymInt last = z_[0].sym_size(-1) - 1;
    const at::Tensor lower = point.detach().floor().clamp_max(at::Scalar(last - 1)).clamp_min(0);
    const at::Tensor class_below = lower.to(at::kLong);
    const Aten above = point - lower;
    const Aten costs[] = {true_class(at_class(all, class_below)),
                          true_class(at_class(all, (class_below + 1).clamp_max(at::Scalar(last))))};
    return (scaled(1.0 - above, costs[0]) + scaled(above, costs[1])).tensor().squeeze(-1);
  }

  at::Tensor by_label(const at::Tensor& by_class) const {
    return at::gather(by_class.expand_symint(z_[0].sym_sizes()), -1, label_);
  }

  at::Tensor thresholds() const {
    at::Tensor z = z_[0], counts;
    if (f_.conditional) {  // what is not asked may hold anything
      counts = class_numbers() <= label_;
      z = at::where(counts, z, 0.0);
    }
    const at::Tensor y = rows_.probabilities ? rows_.target.movedim(rows_.dim, -1).to(dtype_)
                                             : (class_numbers() < label_).to(dtype_);
    at::Tensor value = function_of(z, f_.threshold(Aten(z), Aten(y), false, params_));
    if (may_be_differentiated(y)) value = by_operand(value, f_.threshold(Aten(z), Aten(y), true, params_), y);
    if (counts.defined()) value = at::where(counts, value, 0.0);
    return value.sum(-1);
  }

  at::Tensor classes() const {
    if (f_.each_class) return pairs();
    if (f_.threshold) return thresholds();
    const AnyClass all = every_class(0);
    if (f_.finish) return finished(all);
    if (f_.takes_point) return between_classes(all);
    at::Tensor value;
    const auto add = [&](const at::Tensor& v) { value = value.defined() ? value + v : v; };
    if (f_.true_class) {
      const double s = rows_.smoothing;
      at::Tensor weight = rows_.class_weight;
      if (rows_.true_weight.defined()) {
        const at::Tensor w = rows_.true_weight.expand_symint(z_[0].sym_sizes().slice(z_[0].dim() - 1));
        weight = weight.defined() ? weight * w : w;
      }
      if (!rows_.probabilities) {
        Aten cost = true_class(at_label(all));
        if (weight.defined()) cost = scaled(Aten(by_label(weight)), cost);
        add(((1 - s) * cost).tensor().squeeze(-1));
      }
      if (rows_.probabilities || s > 0) {
        const Aten each = true_class(all);
        if (rows_.probabilities) {
          Aten y = (1 - s) * Aten(rows_.target.movedim(rows_.dim, -1).to(dtype_));
          if (weight.defined()) y = y * Aten(weight);
          add(scaled(y, each).tensor().sum(-1));
        }
        if (s > 0) {
          const Aten cost = weight.defined() ? scaled(Aten(weight), each) : each;
          add((s * cost).tensor().mean(-1));
        }
      }
    }
    if (f_.other_class) {
      at::Tensor sum = other_classes(all);
      if (rows_.class_weight.defined()) sum = sum * by_label(rows_.class_weight).squeeze(-1);
      add(sum);
    }
    if (f_.row) {
      const at::Tensor lse = (all.shift.shift + all.shift.log_sum).tensor();
      const Dual<Aten> term = f_.row(variable(lse), params_);
      if (!term.v.is_number()) add(function_of(lse, term).squeeze(-1));
    }
    return value;
  }

  at::Tensor class_numbers() const {
    return at::arange(at::Scalar(z_[0].sym_size(-1)), z_[0].options().dtype(at::kLong));
  }

  /// Every label of a row's list against every class that is not in it.
  at::Tensor label_list() const {
    at::Tensor labels = rows_.target.to(at::kLong);
    check_labels(labels);
    at::Tensor listed = at::cumprod(labels >= 0, -1).to(at::kBool);  // up to the first negative one
    if (labels.is_cpu() && !at::isTensorSubclassLike(labels) && labels.numel() > 0) {
      const int64_t longest = listed.sum(-1).max().item<int64_t>();
      labels = labels.narrow(-1, 0, longest);
      listed = listed.narrow(-1, 0, longest);
    }
    const at::Tensor safe = labels.clamp(0);
    const at::Tensor is_label =
        at::zeros_like(z_[0], at::kLong).scatter_add(-1, safe, listed.to(at::kLong)) > 0;
    const at::Tensor d = z_[0].unsqueeze(-2) - at::gather(z_[0], -1, safe).unsqueeze(-1);
    const AnyClass all{Aten(d), Aten(0), RowShift<Aten>::plain(0)};
    const at::Tensor counts = listed.unsqueeze(-1) & is_label.logical_not().unsqueeze(-2);
    return at::where(counts, other_class(all), 0.0).sum({-2, -1});
  }

  /// The weight of each row's label, if the mean divides by it.
  at::Tensor label_weight() const {
    if (divisor(call_).by != Divisor::kWeight) return {};
    const at::Tensor weight = at::index(rows_.class_weight, {label_.squeeze(-1)});
    return keep_.defined() ? at::where(keep_, weight, 0.0) : weight;
  }

  const Call& call_;
  const ClassAxisMembers& f_;
  ClassAxisArguments rows_;
  const at::ScalarType dtype_;
  const std::array<double, kMaxParams> held_;
  const double* const params_ = held_.data();
  at::Tensor keep_;   ///< whether a row counts; undefined if all do
  at::Tensor label_;  ///< of the rows' shape with a last dimension of 1
  at::Tensor z_[2];
};

}  // namespace

at::Tensor decompose(const Call& call) { return ClassAxisDecomposition(call).run(); }

}  // namespace lossops::class_axis
