// Losses of all pairs in ATen operators, with all scores in memory.
#include <ATen/TensorOperators.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/where.h>

#include "core/reduction.h"
#include "families/contrast/call.h"

namespace lossops::contrast {
namespace {

class AllScores {
 public:
  explicit AllScores(const Call& call)
      : call_(call), kind_(ContrastLoss::of(call).kind), c_(call), keep_(c_.keep) {}

  at::Tensor run() {
    at::Tensor value = TORCH_GUARD_OR_FALSE(c_.x.sym_size(0).sym_eq(0)) ? c_.x.sum(1) : values();
    if (const double factor = value_factor(call_); factor != 1) value = value * factor;
    if (keep_.defined()) value = at::where(keep_, value, 0.0);
    if (c_.weight.defined()) value = value * c_.weight;
    if (!call_.reduces()) value = value.reshape_symint(values_shape(call_));
    return reduce(call_, value, keep_, {}).to(call_.result_dtype());
  }

 private:
  at::Tensor values() {
    at::Tensor s = at::matmul(c_.scale.defined() ? c_.x * c_.scale : c_.x, c_.y.t());
    if (c_.bias.defined()) s = s + c_.bias;
    switch (kind_) {
      case Kind::kCLIP:
        return of_label(s) + of_label(s.t());
      case Kind::kSigLip:
        return of_each(s);
      case Kind::kProxyAnchor:
        return of_proxies(s);
      case Kind::kSupCon:
        return of_class(at::where(is_same(s) | (c_.column_class == -1), -kInfinity, s));
      case Kind::kNTXent:
        return of_label(at::where(is_same(s), -kInfinity, s));
      case Kind::kInfoNCE:
        return of_label(s);
    }
    return {};
  }

  static at::Tensor columns(const at::Tensor& s) {
    return at::arange(at::Scalar(s.sym_size(1)), s.options().dtype(at::kLong).requires_grad(false));
  }
  /// Whether row and column have the same number.
  static at::Tensor is_same(const at::Tensor& s) {
    const at::Tensor rows =
        at::arange(at::Scalar(s.sym_size(0)), s.options().dtype(at::kLong).requires_grad(false));
    return rows.unsqueeze(1) == columns(s);
  }

  /// Scores relative to the largest of the row, and the log-sum-exp of all: from that of the others, so that
  /// nothing cancels where it is far above them.
  struct Relative {
    explicit Relative(at::Tensor s) {
      const at::Tensor top = at::argmax(s, 1, /*keepdim=*/true);
      s = at::where(at::gather(s, 1, top) == -kInfinity, 0.0, s);  // nothing is compared
      d = s - at::gather(s, 1, top);
      lse = at::where(columns(s) == top, 0.0, d.exp()).sum(1).log1p();
    }
    at::Tensor d, lse;
  };

  at::Tensor of_label(const at::Tensor& s) const {
    const Relative r(s);
    return r.lse - at::gather(r.d, 1, c_.label.unsqueeze(1)).squeeze(1);
  }

  at::Tensor of_class(const at::Tensor& s) {
    const at::Tensor same_class = c_.row_class.unsqueeze(1) == c_.column_class;
    const at::Tensor positive = same_class & is_same(s).logical_not();
    const at::Tensor count = positive.sum(1);
    keep_ = keep_ & (count > 0);
    const Relative r(s);
    return r.lse - at::where(positive, r.d, 0.0).sum(1) / count.clamp_min(1);
  }

  at::Tensor of_each(const at::Tensor& s) const {
    const bool negative_only = parameter(call_, 0) != 0;
    return at::softplus(negative_only ? s : at::where(is_same(s), -s, s), 1, kSoftplusIsLinear).sum(1);
  }

  /// ln(1 + sum exp z) over these.
  static at::Tensor log_one_and(const at::Tensor& z, const at::Tensor& these) {
    const at::Tensor largest = at::where(these, z, 0.0).detach().amax(1, true).clamp_min(0);
    const at::Tensor sum = at::where(these, z - largest, -kInfinity).exp().sum(1, true);
    return (largest + (sum + (-largest).expm1()).log1p()).squeeze(1);
  }

  at::Tensor of_proxies(const at::Tensor& s) const {
    const double margin = parameter(call_, 0), alpha = parameter(call_, 1);
    const at::Tensor positive = c_.row_class.unsqueeze(1) == c_.column_class;
    const at::Tensor negative = positive.logical_not() & (c_.column_class != -1);
    return log_one_and((margin - s) * alpha, positive) * positives_factor(call_, c_) +
           log_one_and((s + margin) * alpha, negative);
  }

  const Call& call_;
  const Kind kind_;
  const Comparison c_;
  at::Tensor keep_;
};

}  // namespace

at::Tensor decompose(const Call& call) { return AllScores(call).run(); }

}  // namespace lossops::contrast
