#include "families/class_axis/cpu_plan.h"

#include <ATen/Parallel.h>
#include <ATen/ops/mul.h>

#include <algorithm>
#include <atomic>
#include <numeric>

#include "families/class_axis/labels.h"

namespace lossops::cpu {
namespace {

/// Elements in a block, about.
constexpr int64_t kBlockElements = 4096;
/// Labels that are looked at at a time.
constexpr int64_t kLabelBlock = 16384;
/// A run of neighbouring rows shorter than this is not worth a lane each.
constexpr int64_t kShortRun = 8;

}  // namespace

template <class S>
RowPlan<S>::RowPlan(const Call& call, const ClassAxisArguments& args, const ClassAxisKernels& table,
                    const RowMap& logits, int64_t rows, int64_t wrt)
    : call_(call),
      loss_(ClassAxisLoss::of(call)),
      args_(args),
      table_(table),
      rows_(rows),
      reads_row_(loss_.members.reads_row),
      kept_rows_(rows),
      has_denominator_(needs_denominator(call, wrt)) {
  run_.classes = logits.classes;
  run_.label_list = args.label_list;
  run_.ignore_index = call.settings.ignore_index.value_or(0);
  run_.smoothing = args.smoothing;
  run_.value_scale = loss_.traits.class_mean ? T(1) / static_cast<T>(run_.classes) : T(1);
  choose_layout(logits, wrt);
  read_labels();
  read_points();
  read_weights();
  denominator_ = cpu::denominator(call, [&](Divisor::By by) { return measure(by); });
  run_.grad_scale = static_cast<T>(has_denominator_ ? 1 : 1 / denominator_);
}

template <class S>
void RowPlan<S>::choose_layout(const RowMap& logits, int64_t wrt) {
  const int64_t classes = run_.classes;
  const bool neighbours = logits.class_stride != 1 && logits.row_stride() == 1 && logits.run() >= kShortRun &&
                          classes <= kManyClasses;
  run_.across_rows = !args_.label_list && (neighbours || classes <= kFewClasses || !reads_row_);
  cost_ = std::max<int64_t>(reads_row_ ? classes : wrt ? classes / 8 : 1, 1);
  block_ = std::max<int64_t>(kBlockElements / cost_, 1);
  if (run_.across_rows) block_ = (block_ + 15) / 16 * 16;
}

/// Brings labels to int64, checks their range and counts the rows that are not ignored.
template <class S>
void RowPlan<S>::read_labels() {
  if (!args_.target.defined() || args_.probabilities) return;
  labels_ = args_.target;
  if (labels_.scalar_type() != at::kLong || !labels_.is_contiguous())
    labels_ = labels_.to(at::kLong).contiguous();
  const int64_t* const label = labels_.const_data_ptr<int64_t>();
  run_.label = label;
  const int64_t low = run_.label_list ? -1 : 0;  // a list ends with -1
  const int64_t high = run_.classes + loss_.members.orders();
  CountLabels* const count = LOSSOPS_FOR_THIS_ISA(label_counter());
  std::atomic<int64_t> dropped{0}, wrong{0};
  at::parallel_for(0, labels_.numel(), kLabelBlock, [&](int64_t begin, int64_t end) {
    const LabelCounts counts = count(label + begin, end - begin, low, high, call_.settings.ignore_index);
    dropped += counts.ignored;
    wrong += counts.outside;
  });
  // Where no label chooses a class they only tell what to ignore.
  if (wrong && loss_.members.sides == 1) class_axis::check_label_range(call_, labels_);
  kept_rows_ -= dropped;
  run_.ignores = dropped > 0;
}

template <class S>
void RowPlan<S>::read_points() {
  if (!args_.point.defined()) return;
  points_ = as_math(args_.point);
  run_.point = points_.const_data_ptr<T>();
  const T most = static_cast<T>(run_.classes - 1);
  const T* const wrong =
      std::find_if(run_.point, run_.point + points_.numel(), [&](T y) { return !(y >= 0 && y <= most); });
  if (const auto i = wrong - run_.point; i < points_.numel()) class_axis::label_error(call_, *wrong, i);
}

template <class S>
void RowPlan<S>::read_weights() {
  if (args_.class_weight.defined()) class_weight_ = as_math(args_.class_weight);
  true_weight_ = class_weight_;
  if (args_.true_weight.defined()) {
    const at::Tensor w = as_math(args_.true_weight.expand({run_.classes}));
    true_weight_ = class_weight_.defined() ? class_weight_ * w : w;
  }
  if (args_.other_weight.defined()) other_weight_ = as_math(args_.other_weight);
  if (args_.prior.defined()) {
    class_axis::check_prior(call_, args_.prior);
    log_prior_ = as_math(args_.prior.detach().to(at::kDouble).log());
  }
  if (args_.row_weight.defined()) row_weight_ = as_math(args_.row_weight);

  run_.true_weight = data(true_weight_);
  run_.true_weight_sum = static_cast<T>(run_.classes);
  if (run_.true_weight && args_.smoothing > 0) {
    run_.true_weight_sum = std::accumulate(run_.true_weight, run_.true_weight + run_.classes, 0.0);
  }
  run_.other_weight = data(other_weight_);
  run_.label_weight = data(class_weight_);
  run_.log_prior = data(log_prior_);
  run_.row_weight = data(row_weight_);
}

/// The number of rows that count, or the sum of their labels' weights.
template <class S>
double RowPlan<S>::measure(Divisor::By by) const {
  if (by == Divisor::kKept) return static_cast<double>(kept_rows_);
  const int64_t* const label = run_.label;
  const T* const weight = run_.label_weight;
  const int64_t none = call_.settings.ignore_index.value_or(-1);
  c10::SmallVector<double, 16> sums((rows_ + kLabelBlock - 1) / kLabelBlock);
  at::parallel_for(0, static_cast<int64_t>(sums.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      double sum = 0;
      for (int64_t i = b * kLabelBlock; i < std::min(rows_, (b + 1) * kLabelBlock); ++i) {
        if (label[i] != none) sum += weight[label[i]];
      }
      sums[b] = sum;
    }
  });
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

template class RowPlan<float>;
template class RowPlan<double>;
template class RowPlan<c10::BFloat16>;

}  // namespace lossops::cpu
