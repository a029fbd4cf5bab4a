// Cuts the rows of a plan into blocks of a fixed size, so that sums are the same for every number of threads,
// and gives each to the kernel in one of the two layouts that it knows.
#include <ATen/Parallel.h>

#include <algorithm>
#include <memory>
#include <numeric>

#include "families/class_axis/cpu_plan.h"

namespace lossops::cpu {
namespace {

/// Elements below which another thread does not pay.
constexpr int64_t kGrainElements = 4 * 4096;

}  // namespace

template <class S>
class RowExecutor {
  using T = typename MathOf<S>::type;

 public:
  RowExecutor(const RowPlan<S>& plan, const RowPlanes<S>& planes, int64_t first)
      : plan_(plan),
        planes_(planes),
        first_(first),
        rows_(planes.x[0].map().rows()),
        run_(std::max<int64_t>(planes.x[0].map().run(), 1)),
        block_(std::min(plan.block_, run_)),
        per_run_((run_ + block_ - 1) / block_),
        sums_(plan.run_.classes ? rows_ / run_ * per_run_ : 0) {}

  double run() {
    const auto blocks = static_cast<int64_t>(sums_.size());
    if (blocks > 0 && rows_ * plan_.cost_ <= kGrainElements) {
      work(0, blocks);
    } else {
      at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) { work(begin, end); });
    }
    return std::accumulate(sums_.begin(), sums_.end(), 0.0);
  }

 private:
  /// What a thread needs for a block.
  struct Memory {
    std::unique_ptr<T[]> work, value;
    std::unique_ptr<S[]> x[2], grad[2], probability, probability_grad;
  };

  Memory memory() const {
    const int64_t classes = plan_.run_.classes;
    const auto buffer = [&](const Rows<S>& rows) {
      return std::unique_ptr<S[]>(rows.needs_buffer() ? new S[block_ * classes] : nullptr);
    };
    Memory m;
    if (plan_.reads_row_) m.work.reset(new T[row_work(classes, plan_.run_.across_rows)]);
    if (!planes_.value) m.value.reset(new T[block_]);
    for (int side = 0; side < 2; ++side) {
      m.x[side] = buffer(planes_.x[side]);
      m.grad[side] = buffer(planes_.grad[side]);
    }
    m.probability = buffer(planes_.probability);
    m.probability_grad = buffer(planes_.probability_grad);
    return m;
  }

  void work(int64_t begin, int64_t end) {
    const Memory m = memory();
    RowRun<S> run = plan_.run_;
    run.work = m.work.get();
    const auto kernel = plan_.table_.template get<S>();
    const auto params = plan_.call_.settings.template held_by<T>();
    Reach* const reach = plan_.has_denominator_ ? &plan_.reach_ : nullptr;
    for (int64_t b = begin; b < end; ++b) {
      const int64_t row = b / per_run_ * run_ + b % per_run_ * block_;  // blocks do not cross runs
      run.rows = std::min(block_, run_ - b % per_run_ * block_);
      open(run, row, m);
      sums_[b] = kernel(params.data(), run);
      for (int side = 0; side < 2; ++side) {
        planes_.grad[side].flush(row, run.rows, run.grad[side], m.grad[side].get(), reach);
      }
      planes_.probability_grad.flush(row, run.rows, run.probability_grad, m.probability_grad.get(), reach);
    }
  }

  /// Points the run at its block.
  void open(RowRun<S>& run, int64_t row, const Memory& m) const {
    const RowRun<S>& all = plan_.run_;
    if (all.label) run.label = all.label + (first_ + row) * (all.label_list ? all.classes : 1);
    if (all.point) run.point = all.point + first_ + row;
    if (all.row_weight) run.row_weight = all.row_weight + first_ + row;
    run.value = planes_.value ? planes_.value + row : m.value.get();
    for (int side = 0; side < 2; ++side) {
      const Rows<S>& x = planes_.x[side];
      if (!x) continue;
      run.x[side] = plan_.reads_row_ ? x.read(row, run.rows, m.x[side].get())
                                     : x.read_at(run.label, row, run.rows, m.x[side].get());
      run.grad[side] = planes_.grad[side].plane(row, run.rows, m.grad[side].get());
    }
    if (planes_.probability) run.probability = planes_.probability.read(row, run.rows, m.probability.get());
    run.probability_grad = planes_.probability_grad.plane(row, run.rows, m.probability_grad.get());
  }

  const RowPlan<S>& plan_;
  const RowPlanes<S>& planes_;
  const int64_t first_, rows_;
  const int64_t run_;    ///< rows in a run of the input
  const int64_t block_;  ///< rows at a time
  const int64_t per_run_;
  c10::SmallVector<double, 16> sums_;  ///< by block
};

template <class S>
double RowPlan<S>::run(const RowPlanes<S>& planes, int64_t first) const {
  return RowExecutor<S>(*this, planes, first).run();
}

template double RowPlan<float>::run(const RowPlanes<float>&, int64_t) const;
template double RowPlan<double>::run(const RowPlanes<double>&, int64_t) const;
template double RowPlan<c10::BFloat16>::run(const RowPlanes<c10::BFloat16>&, int64_t) const;

}  // namespace lossops::cpu
