// The fused pass of losses of all pairs: what is asked of the pass over scores, and what becomes of what it
// finds.
#include "families/contrast/pass.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include "core/reduction.h"
#include "runtime/products.h"

namespace lossops::contrast {
namespace {

class Pass {
 public:
  /// `wrt` is a bit for each gradient; `upstream`, by row, multiplies the values.
  Pass(const Call& call, int64_t wrt, const at::Tensor& upstream = {})
      : call_(call), loss_(ContrastLoss::of(call)), wrt_(wrt), c_(call) {
    if (upstream.defined()) upstream_ = upstream.reshape(-1).to(c_.x.scalar_type());
  }

  Evaluation run() {
    const Wanted wanted = this->wanted();
    found_ = loss_.kind == Kind::kCLIP ? pass_over_both(c_, wanted) : pass_over_rows(call_, c_, wanted);
    at::Tensor values = found_.values.to(at::kDouble) * value_factor(call_);
    if (found_.keep.defined()) values = at::where(found_.keep, values, 0.0);
    const at::Tensor weighted = c_.weight.defined() ? values * c_.weight : values;
    Evaluation out;
    if (!call_.reduces()) {
      out.loss = weighted.to(call_.result_dtype()).reshape(call_shape());
    } else {
      const at::Tensor divisor = this->divisor();
      const at::Tensor loss = total(weighted) / divisor;
      out.loss = loss.to(call_.result_dtype());
      if (const int n = call_.loss->operands + 1; wants(n)) {
        out.grads[n] = -loss / call_.normalizer().to(loss.options());
      }
      // Of nothing the mean is no number, and without a derivative.
      share_ = call_.normalizer().defined() ? divisor.reciprocal()
                                            : at::where(divisor == 0, 0.0, divisor.reciprocal());
    }
    if (const int w = call_.loss->operands; wants(w)) {
      out.grads[w] = (values * (upstream_.defined() ? upstream_ : share_)).reshape(call_.weight().sizes());
    }
    add_gradients(out);
    finish_gradients(call_, wrt_, out);
    return out;
  }

 private:
  bool wants(int i) const { return wrt_ >> i & 1; }
  bool wants(const std::vector<int>& tensors) const {
    for (const int i : tensors) {
      if (wants(i)) return true;
    }
    return false;
  }

  Wanted wanted() const {
    Wanted w{wants(loss_.rows), wants(loss_.columns)};
    if (loss_.is_paired()) {
      w.scale = wants(kScale);
      w.bias = wants(kBias) && loss_.kind != Kind::kCLIP;  // which does not depend on it
    }
    at::Tensor factor = c_.keep.defined() ? c_.keep.to(c_.x.scalar_type()) : at::Tensor();
    for (const at::Tensor& by : {c_.weight, upstream_}) {
      if (by.defined()) factor = factor.defined() ? factor * by : by;
    }
    if (factor.defined()) w.factor = factor.unsqueeze(1);
    return w;
  }

  c10::SmallVector<int64_t, 4> call_shape() const {
    c10::SmallVector<int64_t, 4> shape;
    for (const c10::SymInt& size : values_shape(call_)) shape.push_back(size.expect_int());
    return shape;
  }

  /// The same for every number of threads.
  static at::Tensor total(const at::Tensor& values) {
    return values.numel() ? values.to(at::kDouble).cumsum(0).select(0, -1) : values.sum(at::kDouble);
  }

  at::Tensor divisor() const {
    const Divisor by = lossops::divisor(call_);
    const auto options = found_.values.options().dtype(at::kDouble);
    if (by.by == Divisor::kKept) return found_.keep.sum().to(at::kDouble);
    if (by.by == Divisor::kNormalizer) return call_.normalizer().to(options);
    return at::full({}, static_cast<double>(by.factor.expect_int()), options);
  }

  void add_gradients(Evaluation& out) {
    const at::Tensor factor = share_.defined() ? share_ * value_factor(call_)
                                               : at::full({}, value_factor(call_), found_.values.options());
    if (loss_.is_paired()) {
      if (wants(kScale)) out.grads[kScale] = total(found_.scale_by_row) * factor;
      if (wants(kBias))
        out.grads[kBias] = found_.bias_by_row.defined() ? total(found_.bias_by_row) * factor : factor * 0;
    }
    for (at::Tensor* g : {&found_.x_grad, &found_.y_grad}) {
      if (g->defined()) g->mul_(factor.to(c_.x.scalar_type()));
    }
    if (loss_.is_self()) {
      if (found_.y_grad.defined())
        give(loss_.columns, found_.y_grad.add_(found_.x_grad), c_.y, c_.y_length, out);
      return;
    }
    if (found_.x_grad.defined()) give(loss_.rows, found_.x_grad, c_.x, c_.x_length, out);
    if (found_.y_grad.defined()) give(loss_.columns, found_.y_grad, c_.y, c_.y_length, out);
  }

  /// To the tensors that have these vectors their gradients, from those by the vectors that were compared.
  void give(const std::vector<int>& tensors, at::Tensor g, const at::Tensor& v, const at::Tensor& length,
            Evaluation& out) const {
    if (length.defined()) {
      const at::Tensor none = length == 0;
      g.sub_(v * (g * v).sum(1, true)).div_(at::where(none, 1.0, length)).masked_fill_(none, 0);
    }
    int64_t first = 0;
    for (const int i : tensors) {
      const at::Tensor& t = call_.tensors[i];
      if (!t.defined()) continue;
      const int64_t count = tensors.size() > 1 ? t.size(0) : v.size(0);
      const at::Tensor own = g.narrow(0, first, count).reshape(t.sizes());
      if (wants(i)) out.grads[i] = count < v.size(0) ? own.clone() : own;
      first += count;
    }
  }

  const Call& call_;
  const ContrastLoss& loss_;
  const int64_t wrt_;
  const Comparison c_;
  Found found_;
  at::Tensor upstream_;
  at::Tensor share_;  ///< 1 over what the sum of the values is divided by; undefined: that is not reduced
};

}  // namespace

at::Tensor shift(const at::Tensor& largest) { return at::where(largest == -kInfinity, 0.0, largest); }

Found empty_found(const Comparison& c, const Wanted& wanted) {
  Found found;
  const auto options = c.x.options().requires_grad(false);
  found.values = at::empty({c.rows()}, options.dtype(at::kDouble));
  if (wanted.x) found.x_grad = at::empty(c.x.sizes(), options);
  if (wanted.y) found.y_grad = at::zeros(c.y.sizes(), options);
  if (wanted.scale) found.scale_by_row = at::empty({c.rows()}, options);
  if (wanted.bias) found.bias_by_row = at::empty({c.rows()}, options);
  return found;
}

void finish_rows(const Comparison& c, int64_t first, const at::Tensor& gradient, Found& found) {
  const int64_t rows = gradient.size(0);
  if (found.scale_by_row.defined()) {
    found.scale_by_row.narrow(0, first, rows).copy_((c.x.narrow(0, first, rows) * gradient).sum(1));
  }
  if (c.scale.defined()) gradient.mul_(c.scale);
}

Evaluation evaluate(const Call& call, const void*, int64_t wrt) {
  const at::AutoDispatchBelowADInplaceOrView below;
  return Pass(call, wrt).run();
}

Tensors unreduced_gradients(const Call& call, const Kernels&, const at::Tensor& upstream, int64_t wanted) {
  if (call.reduces()) return {};
  const at::AutoDispatchBelowADInplaceOrView below;
  return Pass(call, wanted, upstream).run().grads;
}

}  // namespace lossops::contrast
