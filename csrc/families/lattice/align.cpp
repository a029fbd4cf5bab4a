// The best path through the lattice of a target, frame by frame.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>

#include "core/shapes.h"
#include "families/lattice/call.h"
#include "families/lattice/cpu.h"
#include "runtime/cpu/planes.h"

namespace lossops::lattice {
namespace {

using Alignment = std::tuple<at::Tensor, at::Tensor>;

/// The two states of a position, as CTC has them, and where the best way to each comes from: a state's
/// number, or that of a label jumped from.
enum State : uint8_t { kGap, kLabel, kLastLabel };

/// Finds the best path of one sequence after the other. In double, where sums along paths keep apart what
/// float32 would not.
class Viterbi {
 public:
  Viterbi(const Call& call, const Samples& samples, const at::Tensor& labels, const at::Tensor& scores)
      : samples_(samples),
        o_(options(call)),
        kernels_(
            static_cast<const cpu::LatticeKernels*>(call.loss->kernels_on(at::kCPU)->table)->get<double>()),
        rows_(call.input(), call.input().dim() - 1, false),
        frames_(call.input().size(0)),
        classes_(call.input().size(-1)),
        labels_(labels.data_ptr<int64_t>()),
        scores_(scores.data_ptr<double>()) {}

  void run(int64_t n) {
    read(n);
    const int64_t positions = count_ + 1;
    from_.assign(2 * length_ * positions, kGap);
    std::vector<double> best(2 * positions, -kInfinity), next(best);
    best[0] = 0;
    for (int64_t t = 0; t < length_; ++t) {
      advance(t, best, next);
      best.swap(next);
    }
    const bool on_label = count_ > 0 && best[2 * count_ - 1] > best[2 * count_];
    const int64_t end = on_label ? 2 * count_ - 1 : 2 * count_;
    if (std::any_of(emissions_.begin(), emissions_.end(), [](double x) { return std::isnan(x); })) {
      std::fill_n(scores_ + n * frames_, length_, std::numeric_limits<double>::quiet_NaN());
      std::fill(scores_ + n * frames_ + length_, scores_ + (n + 1) * frames_, 0.0);
    } else if (best[end] > -kInfinity) {
      write(n, end);
    }
  }

 private:
  /// The log-probability of each label, and of the blank behind them, frame by frame.
  void read(int64_t n) {
    length_ = samples_.frames[n];
    count_ = samples_.labels[n];
    target_ = samples_.target(n);
    emissions_.resize(length_ * (count_ + 1));
    std::vector<double> buffer(classes_);
    for (int64_t t = 0; t < length_; ++t) {
      const double* const x = rows_.read(t * samples_.size() + n, 1, buffer.data()).data;
      double shift = 0;
      if (o_.from_logits) {
        const cpu::RowSum<double> sum = kernels_.sum_row(x, classes_);
        shift = sum.largest - std::log(sum.share);
      }
      double* const to = emissions_.data() + t * (count_ + 1);
      for (int64_t j = 0; j < count_; ++j) to[j] = x[target_[j]] - shift;
      to[count_] = x[o_.blank] - shift;
    }
  }

  /// States lie gap, label, gap, ...; of equal ways the one that stays is taken.
  void advance(int64_t t, const std::vector<double>& best, std::vector<double>& next) {
    const double* const emits = emissions_.data() + t * (count_ + 1);
    uint8_t* const from = from_.data() + 2 * t * (count_ + 1);
    for (int64_t j = 0; j <= count_; ++j) {
      const double gap = best[2 * j], last = j > 0 ? best[2 * j - 1] : -kInfinity;
      from[2 * j] = last > gap ? kLastLabel : kGap;
      next[2 * j] = std::max(gap, last) + emits[count_];
      if (j == count_) break;
      double most = best[2 * j + 1];
      from[2 * j + 1] = kLabel;
      const auto try_from = [&](double other, State state) {
        if (!(other > most)) return;
        most = other;
        from[2 * j + 1] = state;
      };
      try_from(gap, kGap);
      if (j > 0 && target_[j] != target_[j - 1]) try_from(last, kLastLabel);
      next[2 * j + 1] = most + emits[j];
    }
  }

  void write(int64_t n, int64_t state) const {
    for (int64_t t = length_ - 1; t >= 0; --t) {
      const int64_t j = state / 2;
      const bool on_label = state % 2;
      labels_[n * frames_ + t] = on_label ? target_[j] : o_.blank;
      scores_[n * frames_ + t] = emissions_[t * (count_ + 1) + (on_label ? j : count_)];
      const uint8_t from = from_[2 * t * (count_ + 1) + state];
      state = from == kLastLabel ? 2 * j - 1 : 2 * j + from;
    }
    std::fill(scores_ + n * frames_ + length_, scores_ + (n + 1) * frames_, 0.0);
  }

  const Samples& samples_;
  const Options o_;
  const cpu::LatticeKernelsOf<double>& kernels_;
  const cpu::Rows<double> rows_;
  const int64_t frames_, classes_;
  int64_t* const labels_;
  double* const scores_;
  // Of a sequence:
  int64_t length_ = 0, count_ = 0;
  const int64_t* target_ = nullptr;
  std::vector<double> emissions_;
  std::vector<uint8_t> from_;
};

Alignment align_on_cpu(const Call& call) {
  const Samples samples(call);
  const at::Tensor& input = call.input();
  const at::Tensor labels = at::full({samples.size(), input.size(0)}, -1, at::kLong);
  const at::Tensor scores = at::full({samples.size(), input.size(0)}, -kInfinity, at::kDouble);
  at::parallel_for(0, samples.size(), 1, [&](int64_t begin, int64_t end) {
    Viterbi viterbi(call, samples, labels, scores);
    for (int64_t n = begin; n < end; ++n) viterbi.run(n);
  });
  return {labels, scores.to(input.scalar_type())};
}

/// Under every key: other devices have theirs computed by the host, and meta tensors none.
struct AlignKernel : c10::OperatorKernel {
  explicit AlignKernel(std::shared_ptr<const Loss> loss) : loss(std::move(loss)) {}
  const std::shared_ptr<const Loss> loss;

  void operator()(const c10::OperatorHandle&, c10::DispatchKeySet, torch::jit::Stack* stack) {
    Call call{loss.get()};
    for (int i = 0; i < 4; ++i) call.tensors[i] = torch::jit::peek(*stack, i, 6).toTensor();
    call.settings.params[loss->number_index("blank")] = torch::jit::peek(*stack, 4, 6).toInt();
    call.settings.params[loss->number_index("from_logits")] = torch::jit::peek(*stack, 5, 6).toBool();
    torch::jit::drop(*stack, 6);
    auto [labels, scores] = align(call);
    stack->emplace_back(std::move(labels));
    stack->emplace_back(std::move(scores));
  }

 private:
  Alignment align(Call& call) const {
    const at::Tensor log_probs = call.input();
    TORCH_CHECK_NOT_IMPLEMENTED(is_float(log_probs.scalar_type()), loss->name,
                                ": log_probs must have a floating point dtype, got ",
                                log_probs.scalar_type());
    call.align();
    const Sizes sizes(call);
    Alignment out;
    if (log_probs.is_meta()) {
      const c10::SymInt shape[] = {sizes.batch, sizes.frames};
      out = {at::empty_symint(shape, log_probs.options().dtype(at::kLong)),
             at::empty_symint(shape, log_probs.options())};
    } else {
      call.tensors[kInput] = log_probs.detach().cpu();
      const Alignment found = align_on_cpu(call);
      out = {std::get<0>(found).to(log_probs.device()), std::get<1>(found).to(log_probs.device())};
    }
    if (!sizes.batched) out = {std::get<0>(out).squeeze(0), std::get<1>(out).squeeze(0)};
    return out;
  }
};

}  // namespace

void define_alignment(torch::Library& library, std::unique_ptr<Loss> owned) {
  const std::shared_ptr<const Loss> loss = std::move(owned);
  library.def(
      "ctc_align(Tensor log_probs, Tensor targets, Tensor input_lengths, Tensor target_lengths, int blank=0, "
      "bool from_logits=False) -> (Tensor labels, Tensor scores)",
      {at::Tag::pt2_compliant_tag});
  const auto implement = [&](c10::DispatchKey key) {
    library.impl(
        "ctc_align",
        torch::dispatch(key, torch::CppFunction::makeFromBoxedFunctor(std::make_unique<AlignKernel>(loss))));
  };
  implement(c10::DispatchKey::CompositeExplicitAutograd);
  implement(c10::DispatchKey::Meta);
  library.impl("ctc_align",
               torch::dispatch(c10::DispatchKey::Autograd, torch::CppFunction::makeFallthrough()));
}

}  // namespace lossops::lattice
