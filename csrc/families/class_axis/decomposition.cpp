// Losses over a class axis in ATen operators.
#include <ATen/OpMathType.h>
#include <ATen/TensorSubclassLikeUtils.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/cumprod.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/index.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/ne.h>
#include <ATen/ops/scatter.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/where.h>

#include "core/reduction.h"
#include "core/shapes.h"
#include "families/class_axis/call.h"

namespace lossops::class_axis {
namespace {

/// Whether nothing traces or batches t, so that its values can be looked at.
bool may_be_read(const at::Tensor& t) { return t.is_cpu() && !at::isTensorSubclassLike(t); }

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
        f_(ClassAxisLoss::of(call).members),
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
    if (ClassAxisLoss::of(call_).traits.class_mean) value = value / at::Scalar(z_[0].sym_size(-1));
    if (rows_.row_weight.defined()) value = value * rows_.row_weight;
    if (keep_.defined()) value = at::where(keep_, value, 0.0);
    return reduce(call_, value, keep_, label_weight()).to(call_.result_dtype());
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

  /// The weight of each row's label, if the mean divides by it.
  at::Tensor label_weight() const {
    if (divisor(call_).by != Divisor::kWeight) return {};
    const at::Tensor weight = by_label(rows_.class_weight).squeeze(-1);
    return keep_.defined() ? at::where(keep_, weight, 0.0) : weight;
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

}  // namespace

at::Tensor decompose(const Call& call) { return ClassAxisDecomposition(call).run(); }

}  // namespace lossops::class_axis
