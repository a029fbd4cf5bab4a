// Gradients by weights. A loss is linear in them, so they are the loss itself with ones in their place, which
// the kernels give row by row or, where every class has a part in it, class by class.
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include "core/reduction.h"
#include "families/class_axis/call.h"

namespace lossops::class_axis {
namespace {

class WeightGradients {
 public:
  WeightGradients(const Call& call, const Kernels& kernels, const at::Tensor& upstream)
      : call_(call),
        loss_(ClassAxisLoss::of(call)),
        args_(call),
        kernels_(kernels),
        classes_(call.input().size(args_.dim)) {
    if (args_.target.defined() && !args_.probabilities && !args_.label_list) {
      labels_ = args_.target.to(at::kLong).reshape(-1);
      if (const auto ignored = call.settings.ignore_index) {
        kept_ = labels_ != *ignored;
        labels_ = at::where(kept_, labels_, 0);
      }
    }
    if (divisor(call).by == Divisor::kWeight) {
      const auto options = call.input().options().dtype(at::kDouble);
      counts_ = sum_by_label(kept_.defined() ? kept_.to(at::kDouble) : at::ones(labels_.sizes(), options));
    }
    const at::Tensor scale = quotient(upstream.to(at::kDouble), denominator());
    scale_ = scale.reshape(call.reduces() ? at::IntArrayRef{} : -1);
  }

  Tensors operator()(int64_t wanted) const {
    Tensors out;
    for (int i = 0; i <= loss_.operands; ++i) {
      if (!(wanted >> i & 1)) continue;
      if (i == loss_.operands && loss_.weighs_rows()) {
        out[i] = row_values(unreduced()).reshape(args_.row_weight.sizes());
      } else if (i == loss_.operands) {
        out[i] = by_class_weight();
      } else if (loss_.role(i) == Role::kTrueWeight) {
        out[i] = by_true_weight();
      } else if (loss_.role(i) == Role::kOtherWeight && kernels_.backend->tells_class_costs) {
        out[i] = by_other_weight(i);
      }
      if (out[i].defined()) out[i] = out[i].to(call_.tensors[i].options());
    }
    return out;
  }

 private:
  // -- reductions --------------------------------------------------------------------------------------

  at::Tensor denominator() const {
    const Divisor d = divisor(call_);
    const auto factor = static_cast<double>(d.factor.expect_int());
    if (d.by == Divisor::kNormalizer) return call_.normalizer().to(at::kDouble) * factor;
    if (d.by == Divisor::kKept) return kept_.sum().to(at::kDouble) * factor;
    if (d.by == Divisor::kWeight) return total(times_weight(counts_)) * factor;
    return at::scalar_tensor(factor, call_.input().options().dtype(at::kDouble));
  }

  /// Where nothing counts, all gradients are 0; a normalizer of 0 is the caller's.
  at::Tensor quotient(const at::Tensor& upstream, const at::Tensor& denominator) const {
    if (call_.normalizer().defined()) return upstream / denominator;
    const at::Tensor counting = counts_.defined() ? total(times_weight(counts_).abs()) : denominator;
    return at::where(counting == 0, 0, upstream / denominator);
  }
  /// The same for every number of threads, as a running sum is.
  static at::Tensor total(const at::Tensor& t) { return t.numel() ? t.cumsum(0).select(0, -1) : t.sum(); }
  /// 0 times infinity is 0.
  static at::Tensor product(const at::Tensor& a, const at::Tensor& b) {
    return at::where((a == 0) | (b == 0), 0, a * b);
  }
  /// The sum of rows by label. Ignored ones hold 0.
  at::Tensor sum_by_label(const at::Tensor& of_rows) const {
    auto shape = of_rows.sizes().vec();
    shape[0] = classes_ + loss_.members.orders();
    return at::zeros(shape, of_rows.options()).index_add_(0, labels_, of_rows);
  }
  /// What is by class, times the weights.
  at::Tensor times_weight(const at::Tensor& of_classes) const {
    return product(args_.class_weight.to(at::kDouble), of_classes);
  }

  // -- the loss with ones ------------------------------------------------------------------------------

  /// Of every row and every class, of a target that is not smoothed.
  Call unreduced() const {
    Call call = call_;
    call.settings.reduction = Reduction::None;
    call.settings.dtype = at::promote_types(call.promoted_dtype(), at::kFloat);
    call.tensors[loss_.operands] = call.tensors[loss_.operands + 1] = at::Tensor();
    if (loss_.label_smoothing >= 0) call.settings.params[loss_.label_smoothing] = 0;
    return call;
  }
  void set(Call& call, Role role, double value) const {
    for (int i = 0; i < loss_.operands; ++i) {
      at::Tensor& t = call.tensors[i];
      if (loss_.role(i) == role && t.defined()) t = at::scalar_tensor(value, t.options()).expand(t.sizes());
    }
  }
  Evaluation evaluate(const Call& call, int64_t wrt) const {
    const at::AutoDispatchBelowADInplaceOrView guard;
    return lossops::evaluate(kernels_, call, wrt);
  }
  /// Scaled, in a vector.
  at::Tensor row_values(const Call& call) const {
    return product(evaluate(call, 0).loss.reshape(-1).to(at::kDouble), scale_);
  }
  /// What is shaped like the logits, as a matrix.
  at::Tensor rows(const at::Tensor& t) const { return t.movedim(args_.dim, -1).reshape({-1, classes_}); }
  /// The same scaled where that is by row, and 0 where it is ignored.
  at::Tensor kept_rows(const at::Tensor& t) const {
    at::Tensor result = rows(t);
    if (scale_.dim()) result = result * scale_.unsqueeze(-1);
    return kept_.defined() ? at::where(kept_.unsqueeze(-1), result, 0) : result;
  }
  at::Tensor scaled(const at::Tensor& sum) const { return scale_.dim() ? sum : sum * scale_; }
  at::Tensor sum_of_rows(const at::Tensor& t) const { return scaled(t.sum(0, false, at::kDouble)); }

  /// Whether the row has a cost that is not weighted: one that is not 0 everywhere.
  bool has_row_term() const {
    const auto row = loss_.members.row;
    const auto at = [&](double lse) {
      return row(Dual<Aten>(Aten(lse)), call_.settings.params.data()).v.number();
    };
    return row && (at(1) != 0 || at(2) != 0);
  }
  /// Whether the value of a row does not tell what its label's class costs.
  bool needs_classes() const { return args_.probabilities || args_.smoothing > 0 || has_row_term(); }

  /// The sum over rows of what the true class costs, by class, without weights; undefined where the kernels
  /// cannot tell.
  at::Tensor true_costs() const {
    if (!needs_classes()) {
      Call call = unreduced();
      set(call, Role::kTrueWeight, 1);
      set(call, Role::kOtherWeight, 0);
      return sum_by_label(row_values(call));
    }
    if (loss_.target_role() != Role::kTarget) return {};
    Call call = unreduced();
    set(call, Role::kTrueWeight, 1);
    call.settings.ignore_index = std::nullopt;
    // As if every class were certain: a probability of 0 hides an infinite cost.
    const auto options = call_.input().options().dtype(*call.settings.dtype);
    call.tensors[loss_.target] = at::ones({}, options).expand(call_.input().sizes());
    const at::Tensor costs = kept_rows(evaluate(call, int64_t{1} << loss_.target).grads[loss_.target]);
    const double share = args_.smoothing / static_cast<double>(classes_), rest = 1 - args_.smoothing;
    if (args_.probabilities) {
      return sum_of_rows(product(rows(args_.target.to(options)) * rest + share, costs));
    }
    const at::Tensor of_label = costs.gather(1, labels_.unsqueeze(-1)).squeeze(-1).to(at::kDouble);
    const at::Tensor sum = scaled(sum_by_label(of_label));
    if (share == 0) return sum;
    return rest == 0 ? sum_of_rows(costs) * share : sum * rest + sum_of_rows(costs) * share;
  }

  // -- gradients ---------------------------------------------------------------------------------------

  at::Tensor by_class_weight() const {
    at::Tensor gradient;
    if (!needs_classes()) {
      gradient = sum_by_label(row_values(unreduced()));
    } else if (gradient = true_costs(); !gradient.defined()) {
      return {};
    } else if (args_.true_weight.defined()) {
      gradient = gradient * args_.true_weight.to(at::kDouble);
    }
    if (counts_.defined()) {  // the weights have a part in what the mean divides by
      at::Tensor mean;
      if (has_row_term()) {
        Call call = call_;
        call.settings.dtype = at::promote_types(call.promoted_dtype(), at::kFloat);
        mean = evaluate(call, 0).loss * scale_;
      } else {
        mean = quotient(total(times_weight(gradient)), total(times_weight(counts_)));
      }
      gradient = gradient - product(counts_, mean);
    }
    return gradient;
  }

  at::Tensor by_true_weight() const {
    at::Tensor gradient = true_costs();
    if (!gradient.defined()) return {};
    if (args_.class_weight.defined()) gradient = times_weight(gradient);
    return args_.true_weight.dim() ? gradient : total(gradient);
  }

  at::Tensor by_other_weight(int i) const {
    Call call = unreduced();
    call.tensors[0] = call.input().to(*call.settings.dtype);  // or costs would be rounded as the logits are
    const at::Tensor costs = evaluate(call, int64_t{1} << i).class_costs;
    const at::Tensor gradient = scaled(sum_by_label(kept_rows(costs).to(at::kDouble)));
    return args_.class_weight.defined() ? times_weight(gradient.t()).t() : gradient;
  }

  const Call& call_;
  const ClassAxisLoss& loss_;
  const ClassAxisArguments args_;
  const Kernels& kernels_;
  const int64_t classes_;
  at::Tensor labels_, kept_;  ///< by row; undefined where there are none, or nothing is ignored
  at::Tensor counts_;         ///< of labels, where the mean divides by the sum of their weights
  at::Tensor scale_;          ///< of the values: a number, or by row
};

}  // namespace

Tensors weight_gradients(const Call& call, const Kernels& kernels, const at::Tensor& upstream,
                         int64_t wanted) {
  return WeightGradients(call, kernels, upstream)(wanted);
}

}  // namespace lossops::class_axis
