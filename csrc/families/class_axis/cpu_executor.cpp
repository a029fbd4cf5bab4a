// Cuts the rows of a plan into blocks of a fixed size, so that sums are the same for every number of threads,
// and gives each to the kernel in one of the two layouts that it knows.
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <numeric>

#include "families/class_axis/cpu_plan.h"

namespace lossops::cpu {
namespace {

/// Elements below which another thread does not pay.
constexpr int64_t kGrainElements = 4 * 4096;

/// Labels as int64, of `count` rows of lists.
void copy_label_lists(const at::Tensor& lists, const RowMap& map, int64_t row, int64_t count, int64_t* to) {
  const auto copy = [&](const auto* from) {
    for (int64_t r = 0; r < count; ++r) {
      const auto* list = from + map.offset(row + r);
      for (int64_t c = 0; c < map.classes; ++c) *to++ = static_cast<int64_t>(list[c * map.class_stride]);
    }
  };
  switch (lists.scalar_type()) {
#define LOSSOPS_CASE(type, name) \
  case at::k##name:              \
    return copy(static_cast<const type*>(lists.const_data_ptr()));
    LOSSOPS_CASE(uint8_t, Byte)
    LOSSOPS_CASE(int8_t, Char)
    LOSSOPS_CASE(int16_t, Short)
    LOSSOPS_CASE(uint16_t, UInt16)
    LOSSOPS_CASE(int32_t, Int)
    LOSSOPS_CASE(uint32_t, UInt32)
    LOSSOPS_CASE(int64_t, Long)
    LOSSOPS_CASE(uint64_t, UInt64)
#undef LOSSOPS_CASE
    default:
      unsupported_dtype(lists.scalar_type());
  }
}

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
    if (wrong_ != kNone) {
      const at::Tensor& lists = plan_.args_.target;
      label_error(plan_.call_, lists.reshape(-1)[wrong_].to(at::kLong).template item<int64_t>(), wrong_);
    }
    return std::accumulate(sums_.begin(), sums_.end(), 0.0);
  }

 private:
  static constexpr int64_t kNone = std::numeric_limits<int64_t>::max();

  /// What a thread needs for a block.
  struct Memory {
    std::unique_ptr<T[]> work, value;
    std::unique_ptr<int64_t[]> lists;
    std::unique_ptr<S[]> x[2], grad[2], probability, probability_grad;
  };

  Memory memory() const {
    const int64_t classes = plan_.run_.classes;
    const auto buffer = [&](const Rows<S>& rows) {
      return std::unique_ptr<S[]>(rows.needs_buffer() ? new S[block_ * classes] : nullptr);
    };
    Memory m;
    if (plan_.reads_row_) m.work.reset(new T[row_work(classes, plan_.run_.side_by_side)]);
    if (!planes_.value) m.value.reset(new T[block_]);
    if (plan_.run_.label_list) m.lists.reset(new int64_t[block_ * classes]);
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
    const auto kernel = plan_.call_.loss->class_axis_kernels->template get<S>();
    const auto params = plan_.call_.settings.template held_by<T>();
    for (int64_t b = begin; b < end; ++b) {
      const int64_t row = b / per_run_ * run_ + b % per_run_ * block_;  // blocks do not cross runs
      run.rows = std::min(block_, run_ - b % per_run_ * block_);
      if (!open(run, row, m)) continue;
      sums_[b] = kernel(params.data(), run);
      for (int side = 0; side < 2; ++side) {
        planes_.grad[side].flush(row, run.rows, run.grad[side], m.grad[side].get());
      }
      planes_.probability_grad.flush(row, run.rows, run.probability_grad, m.probability_grad.get());
    }
  }

  /// Points the run at its block; false if that holds a label out of range.
  bool open(RowRun<S>& run, int64_t row, const Memory& m) {
    const RowRun<S>& all = plan_.run_;
    if (all.label) run.label = all.label + first_ + row;
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
    return !m.lists || read_label_lists(run, row, m.lists.get());
  }

  bool read_label_lists(RowRun<S>& run, int64_t row, int64_t* lists) {
    const at::Tensor& target = plan_.args_.target;
    copy_label_lists(target, RowMap(target, plan_.args_.dim), first_ + row, run.rows, lists);
    run.label = lists;
    const int64_t* const end = lists + run.rows * run.classes;
    const int64_t* const bad =
        std::find_if(run.label, end, [&](int64_t l) { return l < -1 || l >= run.classes; });
    if (bad == end) return true;
    const int64_t index = (first_ + row) * run.classes + (bad - lists);
    int64_t least = wrong_;
    while (index < least && !wrong_.compare_exchange_weak(least, index)) {
    }
    return false;
  }

  const RowPlan<S>& plan_;
  const RowPlanes<S>& planes_;
  const int64_t first_, rows_;
  const int64_t run_;    ///< rows in a run of the input
  const int64_t block_;  ///< rows at a time
  const int64_t per_run_;
  c10::SmallVector<double, 16> sums_;  ///< by block
  std::atomic<int64_t> wrong_{kNone};  ///< the first label out of range in a list
};

template <class S>
double RowPlan<S>::run(const RowPlanes<S>& planes, int64_t first) const {
  return RowExecutor<S>(*this, planes, first).run();
}

template double RowPlan<float>::run(const RowPlanes<float>&, int64_t) const;
template double RowPlan<double>::run(const RowPlanes<double>&, int64_t) const;
template double RowPlan<c10::BFloat16>::run(const RowPlanes<c10::BFloat16>&, int64_t) const;

}  // namespace lossops::cpu
