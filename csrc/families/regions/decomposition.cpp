// Losses of regions in ATen operators.
#include <ATen/OpMathType.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/where.h>

#include "core/gil.h"
#include "core/reduction.h"
#include "core/shapes.h"
#include "core/transforms.h"
#include "families/regions/call.h"

namespace lossops::regions {
namespace {

class RegionDecomposition {
 public:
  explicit RegionDecomposition(const Call& call)
      : call_(call),
        loss_(RegionLoss::of(call)),
        s_(loss_.settings(call.settings)),
        params_(call.settings.params.data()),
        dtype_(at::toOpMathType(call.promoted_dtype())),
        wide_(call.input().is_mps() ? dtype_ : at::kDouble),
        x_(call.input().to(dtype_)) {
    if (call.weight().defined()) weight_ = beside_input(call, call.weight()).to(wide_);
    read_target();
  }

  at::Tensor run() {
    at::Tensor loss = regions();
    if (loss_.members.pixel) loss = weighted(s_.region_weight, loss) + weighted(s_.pixel.weight, pixels());
    return loss.to(call_.result_dtype());
  }

 private:
  /// Brings the target to the input's shape, and puts zeros where elements are ignored.
  void read_target() {
    const at::Tensor target = beside_input(call_, target_of(call_));
    const auto ignored = call_.settings.ignore_index;
    if (has_labels(call_)) {
      const at::Tensor labels = target.to(at::kLong);
      check(labels);
      t_ = (labels.unsqueeze(1) == class_numbers()).to(dtype_);
      if (ignored) kept_ = (labels != *ignored).unsqueeze(1).expand_symint(x_.sym_sizes());
    } else {
      t_ = target.to(dtype_);
      if (ignored) kept_ = target != *ignored;
      check_range(t_, true);
    }
    if (s_.activation == Activation::None) check_range(x_, false);
    if (!kept_.defined()) return;
    t_ = at::where(kept_, t_, 0.0);
    // A softmax goes on over all classes of a pixel unless the whole of it is ignored.
    const bool softmax = s_.activation == Activation::Softmax && !has_labels(call_);
    x_ = at::where(softmax ? kept_.any(1, true) : kept_, x_, 0.0);
  }

  /// Of one class the label is 1.
  at::Tensor class_numbers() const {
    const c10::SymInt first = same(x_.sym_size(1), 1) ? 1 : 0;
    at::Tensor numbers = at::arange(at::Scalar(first), at::Scalar(first + x_.sym_size(1)),
                                    x_.options().dtype(at::kLong).requires_grad(false));
    c10::SymDimVector shape(x_.dim(), 1);
    shape[1] = x_.sym_size(1);
    return numbers.view_symint(shape);
  }

  void check(const at::Tensor& labels) const {
    if (!may_be_searched(labels)) return;
    at::Tensor wrong = (labels < 0) | (labels >= at::Scalar(label_count(call_)));
    if (call_.settings.ignore_index) wrong = wrong & (labels != *call_.settings.ignore_index);
    if (const auto found = first_where(wrong, labels)) {
      label_error(call_, as_integer(found->value), found->index);
    }
  }

  void check_range(const at::Tensor& values, bool of_target) const {
    if (!may_be_searched(values)) return;
    at::Tensor wrong = (values < 0) | (values > 1);
    if (kept_.defined()) wrong = wrong & kept_;
    if (const auto found = first_where(wrong, values.expand_as(wrong))) {
      value_error(call_, of_target, found->value);
    }
  }

  /// Over all that a class is summed over; without the background.
  at::Tensor sum(const at::Tensor& terms) const {
    c10::SmallVector<int64_t, 8> dims;
    if (s_.batch) dims.push_back(0);
    for (int64_t d = 2; d < terms.dim(); ++d) dims.push_back(d);
    const at::Tensor sums = everywhere(dims.empty() ? terms.to(wide_) : at::sum(terms, dims, false, wide_));
    return s_.background ? sums : sums.narrow_symint(-1, 1, sums.sym_size(-1) - 1);
  }

  static at::Tensor weighted(double weight, const at::Tensor& loss) {
    return of_sum(loss, [&](const at::Tensor& sum) { return sum * weight; });
  }

  static at::Tensor everywhere(const at::Tensor& sums) {
    return sum_over_ranks ? sum_over_ranks(sums) : sums;
  }

  at::Tensor regions() const {
    at::Tensor p = s_.activation == Activation::Softmax   ? at::softmax(x_, 1)
                   : s_.activation == Activation::Sigmoid ? at::sigmoid(x_)
                                                          : x_;
    if (kept_.defined()) p = at::where(kept_, p, 0.0);
    const at::Tensor number = sum(kept_.defined() ? kept_.to(dtype_) : at::ones_like(x_).detach());
    Overlap<Aten> o{sum(s_.squared ? p * p : p), sum(s_.squared ? t_ * t_ : t_),
                    sum(s_.soft ? at::minimum(p, t_) : p * t_), number};
    at::Tensor kept;
    if (s_.skips_absent) kept = o.t.tensor() != 0;
    if (kept_.defined()) kept = kept.defined() ? kept & (number > 0) : number > 0;
    at::Tensor weight = weight_;
    if (weight.defined() && !s_.background) weight = weight.narrow_symint(0, 1, weight.sym_size(0) - 1);
    if (loss_.pools()) {
      pool(o, weight);
      if (kept.defined()) kept = kept.any(-1);
    }
    at::Tensor value = finish(o);
    if (kept.defined()) value = at::where(kept, value, 0.0);
    if (weight.defined() && !loss_.pools()) {
      weight = weight.expand_symint(value.sym_sizes());
      if (kept.defined()) weight = at::where(kept, weight, 0.0);
      value = scaled(Aten(weight), Aten(value)).tensor();
    }
    return reduce(call_, value, kept, weight);
  }

  /// Of all classes together.
  void pool(Overlap<Aten>& o, const at::Tensor& weight) const {
    const at::Tensor t = o.t.tensor().detach();
    at::Tensor w = loss_.members.class_weight_aten(Aten(t), params_).tensor();
    const at::Tensor absent = w == kInfinity;
    const at::Tensor largest = at::where(absent, 0.0, w).amax(-1, true);
    w = at::where(absent, largest, w);
    if (weight.defined()) w = w * weight;
    for (Aten* sum : {&o.p, &o.t, &o.both, &o.n}) *sum = Aten(scaled(Aten(w), *sum).tensor().sum(-1));
  }

  at::Tensor finish(const Overlap<Aten>& o) const {
    const auto evaluate = [&](int by) { return loss_.members.aten(o, by, s_.smooth, s_.log, params_); };
    at::Tensor value = evaluate(-1).v.tensor();
    bool first = true;
    const at::Tensor* const sums[] = {&o.p.tensor(), &o.t.tensor(), &o.both.tensor()};
    for (int by = 0; by < 3; ++by) {
      if (!may_be_differentiated(*sums[by])) continue;
      if (std::exchange(first, false)) value = value.detach();
      value = with_derivative(value, evaluate(by).d.tensor_like(value), *sums[by]);
    }
    return value;
  }

  /// The mean cost of pixels, or their sum, divided as that of regions is.
  at::Tensor pixels() const {
    const PixelCost& pixel = s_.pixel;
    const bool softmax = s_.activation == Activation::Softmax;
    const auto spread = [&](const at::Tensor& t) {
      const Aten classes(softmax ? Aten(at::ones_like(t).detach().sum(1, true)) : Aten(2));
      return pixel.smoothing == 0 ? t
                                  : ((1 - pixel.smoothing) * Aten(t) + pixel.smoothing / classes).tensor();
    };
    const at::Tensor t = spread(t_);
    at::Tensor cost;
    if (softmax) {
      const at::Tensor log_p = at::log_softmax(x_, 1);
      cost = -log_p;
      if (pixel.gamma != 0) cost = scaled(power(Aten(-log_p.expm1()), pixel.gamma), Aten(cost)).tensor();
      if (pixel.alpha == pixel.alpha) cost = pixel.alpha * cost;
      cost = scaled(Aten(t), Aten(cost)).tensor();
    } else {
      cost = -(t * at::log_sigmoid(x_) + (1 - t) * at::log_sigmoid(-x_));
      if (pixel.gamma != 0) {
        const at::Tensor wrong = t * at::sigmoid(-x_) + (1 - t) * at::sigmoid(x_);
        cost = scaled(power(Aten(wrong), pixel.gamma), Aten(cost)).tensor();
      }
      if (pixel.alpha == pixel.alpha) cost = ((1 - pixel.alpha) + (2 * pixel.alpha - 1) * t) * cost;
    }
    c10::SymDimVector by_class(x_.dim(), 1);
    by_class[1] = x_.sym_size(1);
    const at::Tensor weight = weight_.defined() ? weight_.view_symint(by_class) : weight_;
    if (weight.defined()) cost = scaled(Aten(weight), Aten(cost)).tensor();
    if (kept_.defined()) cost = at::where(kept_, cost, 0.0);
    const at::Tensor total = everywhere(at::sum(cost, wide_));
    if (!has_two_means(call_)) return reduce(call_, total, {}, {});
    at::Tensor count = kept_.defined() ? kept_.to(dtype_) : at::ones_like(x_).detach();
    if (softmax && has_labels(call_)) {
      count = weight.defined() ? t_ * weight : t_;
    } else if (softmax) {
      count = at::ones_like(x_.select(1, 0)).detach();
    }
    return of_sum(total, [&](const at::Tensor& sum) { return sum / everywhere(at::sum(count, wide_)); });
  }

  const Call& call_;
  const RegionLoss& loss_;
  const RegionSettings s_;
  const double* const params_;
  const at::ScalarType dtype_, wide_;
  at::Tensor x_, t_, weight_;
  at::Tensor kept_;  ///< which elements count; undefined if all do
};

}  // namespace

at::Tensor decompose(const Call& call) { return RegionDecomposition(call).run(); }

}  // namespace lossops::regions
