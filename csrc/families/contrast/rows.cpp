// The pass over chunks of rows, of which all scores are there: three products of matrices.
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/where.h>

#include <algorithm>

#include "families/contrast/pass.h"
#include "runtime/products.h"

namespace lossops::contrast {
namespace {

/// Bytes of scores that are computed on at a time, so that they stay in a cache.
constexpr int64_t kBlockBytes = 1 << 20;

class RowPass {
 public:
  RowPass(const Call& call, const Comparison& c, const Wanted& wanted)
      : call_(call),
        kind_(ContrastLoss::of(call).kind),
        c_(c),
        wanted_(wanted),
        found_(empty_found(c, wanted)) {
    factor_ = wanted.factor.defined() ? wanted.factor : at::ones({c.rows(), 1}, c.x.options());
    found_.keep = kind_ == Kind::kSupCon ? c.keep.clone() : c.keep;
    if (kind_ == Kind::kProxyAnchor) positives_factor_ = positives_factor(call, c);
  }

  Found run() {
    const int64_t bytes = c_.columns() * static_cast<int64_t>(c_.x.element_size());
    const int64_t step = chunk_rows(c_.rows(), bytes, c_.x.size(1));
    for (int64_t first = 0; first < c_.rows(); first += step)
      add_chunk(first, std::min(step, c_.rows() - first));
    return found_;
  }

 private:
  void add_chunk(int64_t first, int64_t count) {
    const at::Tensor x = c_.x.narrow(0, first, count);
    const at::Tensor scaled = c_.scale.defined() ? x * c_.scale : x;
    if (!buffer_.defined()) buffer_ = at::empty({count, c_.columns()}, x.options());
    const at::Tensor s = buffer_.narrow(0, 0, count);
    multiply(s, scaled, c_.y.t(), false);
    const int64_t step =
        std::max<int64_t>(kBlockBytes / std::max<int64_t>(c_.columns() * x.element_size(), 1), 1);
    for (int64_t k = 0; k < count; k += step) {
      const int64_t rows = std::min(step, count - k);
      found_.values.narrow(0, first + k, rows).copy_(block(s.narrow(0, k, rows), first + k).squeeze(1));
    }
    if (wanted_.bias) found_.bias_by_row.narrow(0, first, count).copy_(s.sum(1));
    if (wanted_.y) multiply(found_.y_grad, s.t(), scaled, true);
    if (!wanted_.x && !wanted_.scale) return;
    const at::Tensor gradient =
        wanted_.x ? found_.x_grad.narrow(0, first, count) : at::empty({count, x.size(1)}, x.options());
    multiply(gradient, s, c_.y, false);
    finish_rows(c_, first, gradient, found_);
  }

  /// The values of these rows, (rows, 1), whose scores become their gradients.
  at::Tensor block(const at::Tensor& s, int64_t first) {
    if (c_.bias.defined()) s.add_(c_.bias);
    if (kind_ == Kind::kSigLip) return of_each(s, first);
    if (kind_ == Kind::kProxyAnchor) return of_proxies(s, first);
    return kind_ == Kind::kSupCon ? of_class(s, first) : of_label(s, first);
  }

  at::Tensor rows_of(const at::Tensor& all, const at::Tensor& s, int64_t first) const {
    return all.narrow(0, first, s.size(0));
  }

  /// Softmax cross-entropy with a label, by the log-sum-exp of the others relative to it: nothing cancels.
  at::Tensor of_label(const at::Tensor& s, int64_t first) const {
    const at::Tensor label = rows_of(c_.label, s, first).unsqueeze(1);
    const at::Tensor own = s.gather(1, label);
    s.scatter_(1, label, -kInfinity);
    if (kind_ == Kind::kNTXent) s.diagonal(first).fill_(-kInfinity);
    const at::Tensor largest = shift(s.amax(1, true));
    s.sub_(largest).exp_();
    const at::Tensor sum = s.sum(1, true);
    const at::Tensor u = (largest - own) + sum.log() + (own - own);  // infinite ones are no numbers
    if (wanted_.any()) {
      const at::Tensor wrong = rows_of(factor_, s, first) * u.sigmoid();
      s.mul_(at::where(sum == 0, 0.0, wrong / sum)).scatter_(1, label, -wrong);
    }
    return at::softplus(u, 1, kSoftplusIsLinear);
  }

  /// The same with all of a class but the row itself, relative to the largest score.
  at::Tensor of_class(const at::Tensor& s, int64_t first) {
    const at::Tensor positive = rows_of(c_.row_class, s, first).unsqueeze(1) == c_.column_class;
    positive.diagonal(first).fill_(false);
    s.diagonal(first).fill_(-kInfinity);
    s.masked_fill_(c_.column_class == -1, -kInfinity);
    const at::Tensor count = positive.sum(1, true);
    at::Tensor keep = rows_of(found_.keep, s, first);
    keep.logical_and_(count.squeeze(1) > 0);
    const at::Tensor share = count.clamp_min(1).to(s.scalar_type()).reciprocal();
    const auto [largest, top] = s.max(1, true);
    s.sub_(shift(largest));
    const at::Tensor attraction = at::where(positive, s, 0.0).sum(1, true) * share;
    s.exp_().scatter_(1, top, 0);
    const at::Tensor rest = s.sum(1, true);
    if (wanted_.any()) {
      const at::Tensor f = at::where(keep.unsqueeze(1), rows_of(factor_, s, first), 0.0);
      const at::Tensor others = rest / (rest + 1);
      const at::Tensor of_top = f * ((1 - positive.gather(1, top) * share) - others);
      s.mul_(f / (rest + 1)).sub_(at::where(positive, f * share, 0.0)).scatter_(1, top, of_top);
    }
    return rest.log1p() - attraction;
  }

  /// A binary loss of every pair, of which a row's own one is the positive.
  at::Tensor of_each(const at::Tensor& s, int64_t first) const {
    const bool negative_only = parameter(call_, 0) != 0;
    if (!negative_only) s.diagonal(first).neg_();
    const at::Tensor value = at::softplus(s, 1, kSoftplusIsLinear).sum(1, true);
    if (wanted_.any()) {
      s.sigmoid_().mul_(rows_of(factor_, s, first));
      if (!negative_only) s.diagonal(first).neg_();
    }
    return value;
  }

  /// ln(1 + sum exp z) over the positives of a proxy, and over its negatives.
  at::Tensor of_proxies(const at::Tensor& s, int64_t first) const {
    const double margin = parameter(call_, 0), alpha = parameter(call_, 1);
    const at::Tensor positive = rows_of(c_.row_class, s, first).unsqueeze(1) == c_.column_class;
    const auto numbers = [&](double n) { return at::full({}, n, s.options()); };
    const at::Tensor slope = at::where(positive, numbers(-alpha), numbers(alpha));
    s.mul_(slope).add_(alpha * margin).masked_fill_(c_.column_class == -1, -kInfinity);
    const at::Tensor largest[] = {at::where(positive, 0.0, s).amax(1, true).clamp_min(0),
                                  at::where(positive, s, 0.0).amax(1, true).clamp_min(0)};
    s.sub_(at::where(positive, largest[1], largest[0])).exp_();
    at::Tensor total[2], value[2];
    for (const int side : {0, 1}) {
      const at::Tensor sum = (side ? at::where(positive, s, 0.0) : at::where(positive, 0.0, s)).sum(1, true);
      const at::Tensor rest = sum + (-largest[side]).expm1();
      value[side] = largest[side] + rest.log1p();
      total[side] = rest + 1;
    }
    if (wanted_.any()) {
      const at::Tensor f = rows_of(factor_, s, first);
      s.mul_(at::where(positive, f * positives_factor_ / total[1], f / total[0])).mul_(slope);
    }
    return value[0] + value[1] * positives_factor_;
  }

  const Call& call_;
  const Kind kind_;
  const Comparison& c_;
  const Wanted& wanted_;
  Found found_;
  at::Tensor factor_, positives_factor_;
  at::Tensor buffer_;  ///< the scores of a chunk
};

}  // namespace

Found pass_over_rows(const Call& call, const Comparison& c, const Wanted& wanted) {
  return RowPass(call, c, wanted).run();
}

}  // namespace lossops::contrast
