// Losses of sequences in ATen operators: all sequences and positions at once, row by row.
#include <ATen/OpMathType.h>
#include <ATen/TensorSubclassLikeUtils.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/full.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/scatter_add.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include "core/reduction.h"
#include "core/shapes.h"
#include "core/transforms.h"
#include "families/lattice/call.h"

namespace lossops::lattice {
namespace {

/// ln of the sum of exponentials. Of nothing but -inf it is that, without a derivative.
LogWeight log_sum(at::ArrayRef<at::Tensor> logs) {
  at::Tensor largest = logs[0];
  for (const at::Tensor& log : logs.slice(1)) largest = at::maximum(largest, log);
  largest = largest.detach();
  const at::Tensor none = largest == -kInfinity;
  const at::Tensor shift = at::where(none, 0.0, largest);
  at::Tensor total;
  for (const at::Tensor& log : logs) {
    const at::Tensor x = (log - shift).exp();
    total = total.defined() ? total + x : x;
  }
  return {at::where(none, -kInfinity, shift + at::where(none, 1.0, total).log())};
}

class LatticeDecomposition {
 public:
  explicit LatticeDecomposition(const Call& call)
      : call_(call),
        f_(LatticeLoss::of(call).topology),
        o_(options(call)),
        sizes_(call),
        frames_(integers(kLengths)),
        counts_(integers(kTargetLengths)) {
    check_lengths();
    read_labels();
    read_scores();
  }

  at::Tensor run() {
    weigh();
    scan();
    at::Tensor value =
        at::where(dead_, o_.zero_infinity ? 0.0 : kInfinity, at::rsub(log_total_ * o_.label_factor, 0.0));
    const at::Tensor left_out = this->left_out(value);
    if (left_out.defined()) value = at::where(left_out, 0.0, value);
    if (may_be_differentiated(scores_)) {
      const at::Tensor none = at::zeros_like(scores_);
      at::Tensor slopes = gradient();
      if (left_out.defined()) {
        const at::Tensor each = left_out.unsqueeze(-1);
        slopes = at::where(f_.shares_rows ? each : each.unsqueeze(-1).unsqueeze(-1), 0.0, slopes);
      }
      at::Tensor slope = with_derivative(none, slopes, scores_);
      slope = f_.shares_rows ? slope.sum({0, 2}) : slope.sum({1, 2, 3});
      value = value.detach() + slope;
    }
    const bool divides = f_.mean_by_label && call_.settings.reduction == Reduction::Mean;
    if (divides && !call_.normalizer().defined()) {
      value = of_sum(value, [&](const at::Tensor& sum) { return sum / counts_.clamp(1); });
    }
    if (!sizes_.batched) value = value.squeeze(0);
    if (call_.weight().defined()) {
      const at::Tensor weight = beside_input(call_, call_.weight()).to(value.scalar_type());
      value = scaled(Aten(weight), Aten(value)).tensor();
    }
    return reduce(call_, value, {}, {}).to(call_.result_dtype());
  }

 private:
  /// Sequences of weight 0 whose loss is no number: they count for nothing, not even in a gradient.
  at::Tensor left_out(const at::Tensor& value) const {
    if (!call_.weight().defined()) return {};
    at::Tensor weight = beside_input(call_, call_.weight());
    if (!sizes_.batched) weight = weight.unsqueeze(0);
    return (weight == 0) & value.isfinite().logical_not();
  }

  at::Tensor integers(int i) const { return call_.tensors[i].to(call_.input().device(), at::kLong); }

  at::Tensor numbers(const c10::SymInt& n) const {
    return at::arange(at::Scalar(n), counts_.options().requires_grad(false));
  }

  // -- what is given -----------------------------------------------------------------------------------

  void check_lengths() const {
    for (const int argument : {kLengths, kTargetLengths}) {
      const at::Tensor& lengths = argument == kLengths ? frames_ : counts_;
      if (!may_be_searched(lengths)) continue;
      const auto [least, most] = length_range(call_, argument);
      const at::Tensor wrong = (lengths < least) | (lengths > at::Scalar(most));
      if (const auto found = first_where(wrong, lengths)) {
        length_error(call_, argument, as_integer(found->value), found->index);
      }
    }
    if (!sizes_.concatenated || !may_be_searched(counts_)) return;
    const at::Tensor total = counts_.sum();
    if (const auto found = first_where(total != at::Scalar(sizes_.labels), total)) {
      total_error(call_, as_integer(found->value));
    }
  }

  /// Targets as (N, positions), with the last position, which has no label, and all beyond the target's end
  /// at class 0.
  void read_labels() {
    at::Tensor labels = integers(kTargets);
    at::Tensor index = numbers(sizes_.labels);
    if (sizes_.concatenated) {
      c10::SymInt most = sizes_.labels;
      if (!at::isTensorSubclassLike(counts_) && counts_.numel() > 0) most = counts_.max().item<int64_t>();
      labels = labels.unsqueeze(0).expand_symint({sizes_.batch, sizes_.labels});
      index = (counts_.cumsum(0) - counts_).unsqueeze(-1) + numbers(most);
      labels = labels.gather(1, index.clamp_max(at::Scalar(sizes_.labels - 1)));
    }
    const at::Tensor given = numbers(labels.sym_size(1)) < counts_.unsqueeze(-1);
    const at::Tensor wrong =
        given & ((labels < 0) | (labels >= at::Scalar(sizes_.classes)) | (labels == o_.blank));
    if (may_be_searched(labels)) {
      const at::Tensor where = index.expand_symint(labels.sym_sizes()).contiguous();
      if (const auto found = first_where(wrong, labels)) {
        const auto place = first_where(wrong, where);
        label_error(call_, as_integer(found->value),
                    sizes_.concatenated ? as_integer(place->value) : found->index);
      }
    }
    labels_ = at::constant_pad_nd(at::where(given & wrong.logical_not(), labels, 0), {0, 1});
    place_ = numbers(labels_.sym_size(1));
    given_ = place_ < counts_.unsqueeze(-1);
    jumps_ = given_ & (place_ > 0) & (labels_ != labels_.roll(1, 1));
  }

  /// Beyond the lengths there may be anything, even what is no number.
  void read_scores() {
    const at::ScalarType own = call_.input().scalar_type();
    // In a sum along a path of float32 nothing would be left of the digits that paths differ by.
    scores_ = call_.input().to(call_.input().is_mps() ? at::toOpMathType(own) : at::kDouble);
    const at::Tensor t = numbers(sizes_.frames);
    if (f_.shares_rows) {
      if (!sizes_.batched) scores_ = scores_.unsqueeze(1);
      inside_ = t.unsqueeze(-1) < frames_;
    } else {
      inside_ = (t.unsqueeze(-1) < frames_.unsqueeze(-1).unsqueeze(-1)) &
                (place_ <= counts_.unsqueeze(-1).unsqueeze(-1));
    }
    scores_ = at::where(inside_.unsqueeze(-1), scores_, 0.0);
  }

  // -- the lattice -------------------------------------------------------------------------------------

  /// The logarithm of the weight of each arc, as (rows, N, positions).
  void weigh() {
    const at::Tensor log_p = o_.from_logits ? at::log_softmax(scores_, -1) : scores_;
    const at::Tensor own = log_p.gather(-1, label_index());
    const at::Tensor blank = log_p.select(-1, o_.blank);
    if (f_.shares_rows) {
      labels_log_ = at::where(given_, own, -kInfinity);
      blanks_log_ = blank.unsqueeze(-1).expand_symint(labels_log_.sym_sizes());
      rows_ = frames_.unsqueeze(-1);
      count_ = sizes_.frames.guard_int(__FILE__, __LINE__);
      return;
    }
    const c10::SymInt frames = sizes_.frames, positions = labels_.sym_size(1);
    count_ = (o_.monotonic ? frames : frames + positions - 1).guard_int(__FILE__, __LINE__);
    rows_ = (o_.monotonic ? frames_ : frames_ + counts_).unsqueeze(-1);
    const at::Tensor t = numbers(count_).unsqueeze(-1) - (o_.monotonic ? 0 * place_ : place_);
    const at::Tensor exists = (t >= 0) & (t < at::Scalar(frames));
    const at::Tensor index = t.clamp(0).clamp_max(at::Scalar(frames - 1));
    const auto by_row = [&](const at::Tensor& by_frame) {
      const at::Tensor rows = by_frame.gather(1, index.expand_symint({sizes_.batch, count_, positions}));
      return at::where(exists, rows, -kInfinity).movedim(1, 0);
    };
    blanks_log_ = by_row(at::where(inside_, blank, -kInfinity));
    labels_log_ = by_row(at::where(inside_ & given_.unsqueeze(1), own.squeeze(-1), -kInfinity));
  }

  /// The label of each position as an index into the classes.
  at::Tensor label_index() const {
    const c10::SymInt positions = labels_.sym_size(1);
    if (f_.shares_rows) return labels_.expand_symint({sizes_.frames, sizes_.batch, positions});
    return labels_.unsqueeze(1).unsqueeze(-1).expand_symint({sizes_.batch, sizes_.frames, positions, 1});
  }

  /// Zero but for position counts - s, or the first.
  at::Tensor only(const at::Tensor& there) const {
    return at::where(there, 0.0, at::full({}, -kInfinity, scores_.options().requires_grad(false)));
  }

  LogRow row(int64_t k) const {
    LogRow row;
    row.blanks = blanks_log_.select(0, k);
    row.labels = labels_log_.select(0, k);
    row.jumps = jumps_;
    return row;
  }

  void scan() {
    const at::Tensor start = only(place_.unsqueeze(0) == 0 * counts_.unsqueeze(-1));
    const at::Tensor nothing = start - kInfinity;
    before_ = {{start, nothing}};
    for (int64_t k = 0; k < count_; ++k) {
      LogRow row = this->row(k);
      at::Tensor next[2];
      for (int s = 0; s < f_.states; ++s) row.states[0][s] = before_.back()[s];
      f_.advance(row, next);
      for (int s = 0; s < f_.states; ++s) next[s] = at::where(rows_ > k, next[s], before_.back()[s]);
      before_.push_back({next[0], next[1]});
    }
    std::vector<at::Tensor> ends;
    for (int s = 0; s < f_.states; ++s) {
      ends.push_back(LogRow::shifted(before_.back()[s], -s).log.gather(1, counts_.unsqueeze(-1)).squeeze(-1));
    }
    log_total_ = log_sum(ends).log;
    dead_ = log_total_.detach() == -kInfinity;
  }

  /// How often each arc is used, row by row.
  std::array<at::Tensor, 2> uses() const {
    at::Tensor end[2], rest[2];
    for (int s = 0; s < f_.states; ++s) rest[s] = end[s] = only(place_ == counts_.unsqueeze(-1) - s);
    std::vector<at::Tensor> logs[2];
    const at::Tensor total = at::where(dead_, 0.0, log_total_).unsqueeze(-1);
    for (int64_t k = count_ - 1; k >= 0; --k) {
      LogRow row = this->row(k);
      for (int s = 0; s < f_.states; ++s) {
        row.states[0][s] = before_[k][s];
        row.states[1][s] = before_[k + 1][s];
        row.states[2][s] = rest[s];
      }
      at::Tensor used[2];
      f_.uses(row, used);
      const at::Tensor counts = (rows_ > k) & dead_.logical_not().unsqueeze(-1);
      for (int i = 0; i < 2; ++i) {
        logs[i].insert(logs[i].begin(), at::where(counts, used[i] - total, -kInfinity));
      }
      f_.retreat(row, rest);
      for (int s = 0; s < f_.states; ++s) rest[s] = at::where(rows_ > k, rest[s], end[s]);
    }
    if (count_ == 0) return {blanks_log_, labels_log_};
    return {at::stack(logs[0]).exp(), at::stack(logs[1]).exp()};
  }

  // -- the gradient ------------------------------------------------------------------------------------

  /// Of the loss of each sequence by its scores.
  at::Tensor gradient() const {
    auto [blanks, labels] = uses();
    if (f_.shares_rows) {
      blanks = blanks.sum(-1, /*keepdim=*/true);
    } else {
      const at::Tensor t = numbers(sizes_.frames).unsqueeze(-1);
      const at::Tensor row = (o_.monotonic ? t + 0 * place_ : t + place_)
                                 .expand_symint({sizes_.batch, sizes_.frames, labels_.sym_size(1)});
      const auto by_frame = [&](const at::Tensor& by_row) {
        return by_row.movedim(0, 1).gather(1, row).unsqueeze(-1);
      };
      blanks = by_frame(blanks);
      labels = by_frame(labels) * o_.label_factor;
    }
    const at::Tensor blank = at::full_like(blanks, o_.blank, labels_.options());
    const at::Tensor used =
        at::zeros_like(scores_).scatter_add(-1, label_index(), labels).scatter_add(-1, blank, blanks);
    at::Tensor gradient = -used;
    if (o_.from_logits) {
      const at::Tensor p = at::softmax(scores_, -1);
      gradient = (f_.shares_rows ? p : p * (blanks + labels)) - used;
    }
    if (o_.clamp > 0) gradient = gradient.clamp(-o_.clamp, o_.clamp);
    const at::Tensor alive = dead_.logical_not();
    const at::Tensor counts = inside_ & (f_.shares_rows ? alive : alive.unsqueeze(-1).unsqueeze(-1));
    return at::where(counts.unsqueeze(-1), gradient, 0.0);
  }

  const Call& call_;
  const Topology& f_;
  const Options o_;
  const Sizes sizes_;
  const at::Tensor frames_, counts_;  ///< by sequence
  at::Tensor labels_, place_, given_, jumps_;
  at::Tensor scores_, inside_;
  at::Tensor blanks_log_, labels_log_;
  at::Tensor rows_;                                ///< of the lattice, by sequence
  int64_t count_ = 0;                              ///< of rows
  std::vector<std::array<at::Tensor, 2>> before_;  ///< the sums over the ways to each state, row by row
  at::Tensor log_total_, dead_;
};

}  // namespace

LogWeight sum(const LogWeight& a, const LogWeight& b) { return log_sum({a.log, b.log}); }
LogWeight sum(const LogWeight& a, const LogWeight& b, const LogWeight& c) {
  return log_sum({a.log, b.log, c.log});
}

LogWeight LogRow::shifted(const at::Tensor& t, int64_t o) {
  return {o == 0 ? t : at::constant_pad_nd(t, {-o, o}, -kInfinity)};
}

LogWeight LogRow::jump(const LogWeight& w, int64_t o) const {
  const at::Tensor allowed = o == 0 ? jumps : at::constant_pad_nd(jumps, {-o, o}, 0);
  return {at::where(allowed, w.log, -kInfinity)};
}

at::Tensor decompose(const Call& call) { return LatticeDecomposition(call).run(); }

}  // namespace lossops::lattice
