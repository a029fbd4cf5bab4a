// The fused pass of losses on a product. Of a chunk of rows the logits are computed, turned into gradients in
// place by the kernels of the loss on logits, and multiplied into the gradients of both factors: three
// products of matrices, as a layer and its backward take, and no tensor of the size of all logits.
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "core/reduction.h"
#include "families/linear/call.h"
#include "runtime/cpu/memory.h"
#include "runtime/products.h"

namespace lossops::linear {
namespace {

using class_axis::ClassAxisArguments;

/// Bytes of the weight that are converted at a time.
constexpr int64_t kTileBytes = 16 << 20;

class LinearPass {
 public:
  /// `wrt` is a bit for each gradient of the factors and the normalizer; `upstream`, by row, multiplies them.
  LinearPass(const Call& call, int64_t wrt, const at::Tensor& upstream = {})
      : call_(call),
        loss_(LinearLoss::of(call)),
        kernels_(*loss_.on_logits->kernels_on(call.input().device())),
        wrt_(wrt),
        dtype_(math_dtype(call)),
        classes_(call.tensors[1].size(0)),
        rows_(loss_.of_rows(call)),
        all_rows_(rows_.input().size(0)) {
    for (int i = 0; i < loss_.sides(); ++i) sides_.push_back(side(loss_.factors_of(i)));
    const Divisor by = divisor(rows_);
    read_labels();
    if (call.reduces()) denominator_ = denominator(by);
    if (upstream.defined()) upstream_ = upstream.reshape(-1).to(dtype_);
  }

  Evaluation run() {
    allocate();
    const int64_t rows = kept_.defined() ? kept_.size(0) : all_rows_;
    int64_t bytes = classes_ * loss_.sides() * static_cast<int64_t>(c10::elementSize(dtype_));
    if (rounds_gradients(sides_[0])) bytes += classes_ * static_cast<int64_t>(sizeof(at::BFloat16));
    const int64_t step = chunk_rows(rows, bytes, sides_[0].w.size(1));
    for (int64_t first = 0; first == 0 || first < rows; first += step) {
      add_chunk(first, std::min(step, rows - first));
    }
    return finish();
  }

 private:
  /// The factors of a matrix of logits, and their gradients.
  struct Side {
    Factors at;
    at::Tensor x;  ///< (rows, features)
    at::Tensor w, b;
    at::Tensor buffer;  ///< the logits of a chunk
    at::Tensor given;   ///< the features of a chunk
    at::Tensor rows;    ///< the same, as logits are computed of them
    at::Tensor x_grad, w_grad, bias_grad;
  };

  Side side(const Factors& at) const {
    const at::Tensor& w = call_.tensors[at.weight];
    return {at, call_.tensors[at.features].reshape({all_rows_, w.size(1)}), w, call_.tensors[at.bias]};
  }

  bool wants(int i) const { return wrt_ >> i & 1; }
  bool wants(const Side& s) const { return wants(s.at.features) || wants(s.at.weight) || wants(s.at.bias); }
  bool is_cpu() const { return call_.input().is_cpu(); }
  auto options(at::ScalarType dtype) const {
    return call_.input().options().dtype(dtype).requires_grad(false);
  }

  // -- rows --------------------------------------------------------------------------------------------

  /// Looks at all labels before anything is computed. On the CPU ignored rows are left out of all that
  /// follows; elsewhere nobody waits to hear how many there are, and zeros take their place.
  void read_labels() {
    const ClassAxisArguments args(rows_);
    if (args.probabilities || !args.target.defined()) return;
    at::Tensor& labels = rows_.tensors[rows_.loss->labels];
    labels = args.target.to(at::kLong).contiguous();
    if (is_cpu() && loss_.sides() == 1) check_labels(labels);
    if (!call_.settings.ignore_index) return;
    const at::Tensor keep = labels != *call_.settings.ignore_index;
    if (!is_cpu()) {
      keep_ = keep;
    } else if (!keep.all().item<bool>()) {
      kept_ = keep.nonzero().squeeze(1);
      labels = labels.index_select(0, kept_);
    }
  }

  void check_labels(const at::Tensor& labels) const {
    Call shown = rows_;  // with the positions that the user knows
    shown.tensors[rows_.loss->target] = call_.tensors[call_.loss->target];
    class_axis::check_label_range(shown, labels);
  }

  at::Tensor denominator(const Divisor& by) const {
    const auto factor = static_cast<double>(by.factor.expect_int());
    const auto number = [&](double value) { return at::full({}, value, options(at::kDouble)); };
    switch (by.by) {
      case Divisor::kOne:
        return number(factor);
      case Divisor::kNormalizer:
        return call_.normalizer().to(options(at::kDouble)) * factor;
      case Divisor::kKept:
        return keep_.defined() ? keep_.sum().to(at::kDouble)
                               : number(static_cast<double>(rows_.tensors[rows_.loss->labels].numel()));
      case Divisor::kWeight:
        return sum_of_weights();
    }
    return {};
  }

  at::Tensor sum_of_weights() const {
    const at::Tensor& labels = rows_.tensors[rows_.loss->target];
    const at::Tensor places = keep_.defined() ? at::where(keep_, labels, 0) : labels;
    const at::Tensor ones = keep_.defined() ? keep_.to(at::kDouble) : at::ones_like(labels, at::kDouble);
    const at::Tensor counts = at::zeros({classes_}, options(at::kDouble)).index_add_(0, places, ones);
    const at::Tensor weights = at::where(counts == 0, 0, counts * call_.weight().to(at::kDouble));
    return weights.numel() ? weights.cumsum(0).select(0, -1) : weights.sum();  // for every number of threads
  }

  /// The rows of a tensor that a chunk is of.
  at::Tensor part(const at::Tensor& all, int64_t first, int64_t count) const {
    return kept_.defined() ? all.index_select(0, kept_.narrow(0, first, count)) : all.narrow(0, first, count);
  }

  void put(at::Tensor& all, int64_t first, const at::Tensor& values) const {
    if (kept_.defined()) {
      all.index_copy_(0, kept_.narrow(0, first, values.size(0)), values.to(all.scalar_type()));
    } else {
      all.narrow(0, first, values.size(0)).copy_(values);
    }
  }

  // -- memory ------------------------------------------------------------------------------------------

  at::Tensor empty(at::IntArrayRef shape) const {
    if (!is_cpu()) return at::empty(shape, options(dtype_));
    return cpu::empty_dense(rows_.input().new_empty(shape), dtype_);
  }

  void allocate() {
    if (call_.reduces()) {
      loss_sum_ = at::zeros({}, options(at::kDouble));
    } else {
      loss_sum_ = at::zeros({all_rows_}, options(call_.result_dtype()));
    }
    for (Side& s : sides_) {
      if (wants(s.at.features)) {
        const auto room = options(needs_denominator(call_, wrt_) ? dtype_ : s.x.scalar_type());
        s.x_grad = kept_.defined() ? at::zeros(s.x.sizes(), room) : at::empty(s.x.sizes(), room);
      }
      if (wants(s.at.weight)) s.w_grad = empty(s.w.sizes());
      if (wants(s.at.bias)) s.bias_grad = at::zeros({classes_}, options(dtype_));
    }
  }

  // -- a chunk -----------------------------------------------------------------------------------------

  void add_chunk(int64_t first, int64_t count) {
    Call call = chunk(first, count);
    int64_t wrt = 0;
    for (size_t i = 0; i < sides_.size(); ++i) {
      Side& s = sides_[i];
      s.given = part(s.x, first, count);
      if (keep_.defined()) s.given = at::where(keep_.narrow(0, first, count).unsqueeze(1), s.given, 0);
      s.rows = operand(s.given, s);
      if (!s.buffer.defined()) s.buffer = empty({count, classes_});
      call.tensors[i] = s.buffer.narrow(0, 0, count);
      compute_logits(s, call.tensors[i]);
      wrt |= static_cast<int64_t>(wants(s)) << i;
    }
    call.input_gradient = call.tensors[0];
    const Evaluation out = evaluate(kernels_, call, wrt);
    if (call_.reduces()) {
      loss_sum_.add_(out.loss);
    } else {
      put(loss_sum_, first, out.loss);
    }
    for (size_t i = 0; i < sides_.size(); ++i) {
      if (wants(sides_[i])) add_gradients(sides_[i], out.grads[i], first);
    }
  }

  /// The loss of the chunk, but for its logits.
  Call chunk(int64_t first, int64_t count) const {
    Call call = rows_;
    at::Tensor& labels = call.tensors[call.loss->labels];
    if (labels.defined()) labels = labels.narrow(0, first, count);
    if (!keep_.defined()) call.settings.ignore_index = std::nullopt;
    if (at::Tensor& w = call.tensors[call.loss->operands]; w.defined() && loss_.on_logits->weighs_rows()) {
      w = part(w, first, count);
    }
    call.settings.dtype = dtype_;
    if (call_.reduces()) {
      call.settings.reduction = Reduction::Sum;
      call.settings.dtype = at::kDouble;
      call.tensors[call.loss->operands + 1] = denominator_;
    }
    return call;
  }

  void compute_logits(const Side& s, const at::Tensor& logits) const {
    each_tile(s, [&](int64_t from, const at::Tensor& w) {
      at::Tensor to = logits.narrow(1, from, w.size(0));
      if (s.b.defined()) to.copy_(s.b.narrow(0, from, w.size(0)).expand_as(to));
      multiply(to, s.rows, w.t(), s.b.defined());
    });
  }

  void add_gradients(Side& s, const at::Tensor& by_logit, int64_t first) {
    if (upstream_.defined()) by_logit.mul_(part(upstream_, first, by_logit.size(0)).unsqueeze(1));
    if (s.bias_grad.defined()) s.bias_grad.add_(by_logit.sum(0));
    const bool rounds = rounds_gradients(s);
    const at::Tensor g = rounds ? by_logit.to(s.w.scalar_type()) : operand(by_logit, s);
    if (s.w_grad.defined()) multiply(s.w_grad, g.t(), rounds ? s.given : s.rows, first != 0);
    if (!s.x_grad.defined()) return;
    if (rounds) return put(s.x_grad, first, at::mm(g, s.w));
    at::Tensor gradient = at::empty(s.rows.sizes(), options(dtype_));
    each_tile(s, [&](int64_t from, const at::Tensor& w) {
      multiply(gradient, g.narrow(1, from, w.size(0)), w, from != 0);
    });
    put(s.x_grad, first, gradient);
  }

  // -- products ----------------------------------------------------------------------------------------

  /// Whether products of two halves are told in float: where that is not so, they are converted.
  bool multiplies_halves(const Side& s) const {
    return s.x.is_cuda() && s.x.scalar_type() == s.w.scalar_type() && s.x.scalar_type() != dtype_;
  }
  /// Whether gradients by logits, of which there is no longer a sum to take, are rounded as the factors are.
  bool rounds_gradients(const Side& s) const {
    const auto halves = [](const at::Tensor& t) { return t.scalar_type() == at::kBFloat16; };
    return is_cpu() && halves(s.x) && halves(s.w) && multiplies_bfloat16();
  }
  at::Tensor operand(const at::Tensor& t, const Side& s) const {
    return t.to(multiplies_halves(s) ? s.w.scalar_type() : dtype_);
  }

  /// Calls f for each part of the weight, where it begins and what it is.
  template <class F>
  void each_tile(const Side& s, const F& f) const {
    const bool converts = s.w.scalar_type() != dtype_ && !multiplies_halves(s);
    const int64_t row = std::max<int64_t>(s.w.size(1) * static_cast<int64_t>(c10::elementSize(dtype_)), 1);
    const int64_t step = converts ? std::max<int64_t>(kTileBytes / row, 1) : std::max<int64_t>(classes_, 1);
    for (int64_t from = 0; from == 0 || from < classes_; from += step) {
      f(from, operand(s.w.narrow(0, from, std::min(step, classes_ - from)), s));
    }
  }

  // -- results -----------------------------------------------------------------------------------------

  Evaluation finish() {
    Evaluation out;
    out.loss = loss_sum_.to(call_.result_dtype());
    if (!call_.reduces())
      out.loss = out.loss.reshape(call_.input().sizes().slice(0, call_.input().dim() - 1));
    for (const Side& s : sides_) {
      if (s.x_grad.defined())
        out.grads[s.at.features] = s.x_grad.reshape(call_.tensors[s.at.features].sizes());
      out.grads[s.at.weight] = s.w_grad;
      out.grads[s.at.bias] = s.bias_grad;
    }
    if (const int n = call_.loss->operands + 1; wants(n)) {
      out.grads[n] = -loss_sum_ / call_.normalizer().to(options(at::kDouble));
    }
    finish_gradients(call_, wrt_, out);
    return out;
  }

  const Call& call_;
  const LinearLoss& loss_;
  const Kernels& kernels_;
  const int64_t wrt_;
  const at::ScalarType dtype_;
  const int64_t classes_;
  Call rows_;  ///< the call on logits; of the rows that are kept, where those are chosen
  const int64_t all_rows_;
  c10::SmallVector<Side, 2> sides_;
  at::Tensor kept_;  ///< which rows are computed, if not all are
  at::Tensor keep_;  ///< which rows count, where all are computed
  at::Tensor denominator_, upstream_;
  at::Tensor loss_sum_;  ///< or the values by row
};

}  // namespace

Evaluation evaluate(const Call& call, const void*, int64_t wrt) {
  const at::AutoDispatchBelowADInplaceOrView below;
  return LinearPass(call, wrt).run();
}

Tensors unreduced_gradients(const Call& call, const Kernels&, const at::Tensor& upstream, int64_t wanted) {
  const int64_t factors = LinearLoss::of(call).factor_bits();
  if (call.reduces() || !(wanted & factors)) return {};
  const at::AutoDispatchBelowADInplaceOrView below;
  return LinearPass(call, wanted & factors, upstream).run().grads;
}

}  // namespace lossops::linear
