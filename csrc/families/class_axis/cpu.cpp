// The CPU launcher of losses over a class axis: cuts the rows into blocks of a fixed size, so that sums are
// the same for every number of threads, and gives each kernel rows in one of the two layouts that it knows.

#include "families/class_axis/cpu.h"

#include <ATen/EmptyTensor.h>
#include <ATen/OpMathType.h>
#include <ATen/Parallel.h>
#include <ATen/ops/mul.h>
#include <c10/util/SmallVector.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <numeric>

#include "families/class_axis/call.h"
#include "runtime/cpu/isa.h"
#include "runtime/cpu/memory.h"
#include "runtime/cpu/reduction.h"

namespace lossops::class_axis {
namespace {

using cpu::Plane;
using cpu::RowRun;

/// Elements in a block, about.
constexpr int64_t kBlockElements = 4096;
/// Blocks below which another thread does not pay.
constexpr int64_t kGrainBlocks = 4;
/// Labels that are looked at at a time.
constexpr int64_t kLabelBlock = 16384;
/// A run of neighbouring rows shorter than this is not worth a lane each.
constexpr int64_t kShortRun = 8;

/// A tensor as rows of classes: where a row begins, and how far it is to the next.
class RowMap {
 public:
  RowMap() = default;
  RowMap(const at::Tensor& t, int64_t dim) : class_stride(t.size(dim) == 1 ? 1 : t.stride(dim)) {
    for (int64_t d = 0; d < t.dim(); ++d) {
      if (d == dim || t.size(d) == 1) continue;
      const Dim next{t.size(d), t.stride(d)};
      if (!dims_.empty() && dims_.back().stride == next.size * next.stride) {
        dims_.back() = {dims_.back().size * next.size, next.stride};
      } else {
        dims_.push_back(next);
      }
    }
    if (dims_.empty()) dims_.push_back({1, t.size(dim) * class_stride});
  }

  int64_t offset(int64_t row) const {
    int64_t offset = 0;
    for (int d = static_cast<int>(dims_.size()) - 1; d >= 0; --d) {
      offset += row % dims_[d].size * dims_[d].stride;
      row /= dims_[d].size;
    }
    return offset;
  }
  /// Rows in a run of equal strides, and that stride.
  int64_t run() const { return dims_.back().size; }
  int64_t row_stride() const { return dims_.back().stride; }
  bool single() const { return dims_.size() == 1; }
  /// Whether `count` rows from `row` on lie in one run.
  bool together(int64_t row, int64_t count) const { return row % run() + count <= run(); }

  int64_t class_stride = 1;

 private:
  struct Dim {
    int64_t size, stride;
  };
  c10::SmallVector<Dim, 4> dims_;
};

/// The planes of one tensor, block by block: in place where the kernel can take them, else by a buffer.
template <class S>
class Rows {
  using T = typename cpu::MathOf<S>::type;

 public:
  Rows() = default;
  /// Of a tensor that is only read unless it is an output of ours.
  Rows(const at::Tensor& t, int64_t dim, bool side_by_side)
      : data_(static_cast<char*>(const_cast<void*>(t.const_data_ptr()))),
        dtype_(t.scalar_type()),
        item_(t.itemsize()),
        classes_(t.size(dim)),
        side_by_side_(side_by_side),
        map_(t, dim) {}

  explicit operator bool() const { return data_ != nullptr; }

  /// Whether a kernel may be unable to take the blocks in place.
  bool needs_buffer() const {
    return data_ && !(in_place() && (map_.class_stride == 1 || (side_by_side_ && map_.row_stride() == 1)) &&
                      map_.single());
  }

  /// `buffer` has room for the block.
  Plane<S> plane(int64_t row, int64_t count, S* buffer) const {
    if (!data_) return {};
    const bool by_class = across(row, count);
    if (in_place() && map_.together(row, count) && (by_class || map_.class_stride == 1)) {
      return {reinterpret_cast<S*>(data_) + map_.offset(row), map_.row_stride(), map_.class_stride};
    }
    return by_class ? Plane<S>{buffer, 1, count} : Plane<S>{buffer, classes_, 1};
  }

  Plane<const S> read(int64_t row, int64_t count, S* buffer) const {
    const Plane<S> p = plane(row, count, buffer);
    if (p.data == buffer && buffer)
      transfer(row, count, p, [&](char* memory, S* lanes, int64_t stride, int64_t n) {
        conversions().load(memory, dtype_, stride, lanes, n);
      });
    return {p.data, p.row_stride, p.class_stride};
  }

  /// Of each row only the element for its label: the plane has no other.
  Plane<const S> read_at(const int64_t* label, int64_t row, int64_t count, S* buffer) const {
    if (in_place() && map_.together(row, count)) {
      return {reinterpret_cast<const S*>(data_) + map_.offset(row), map_.row_stride(), map_.class_stride};
    }
    for (int64_t r = 0; r < count; ++r) {
      const int64_t known = label[r] >= 0 && label[r] < classes_ ? label[r] : 0;
      const int64_t at = map_.offset(row + r) + known * map_.class_stride;
      conversions().load(data_ + at * item_, dtype_, 1, buffer + r, 1);
    }
    return {buffer, 1, 0};
  }

  void flush(int64_t row, int64_t count, const Plane<S>& p, S* buffer) const {
    if (p.data == buffer && buffer)
      transfer(row, count, p, [&](char* memory, S* lanes, int64_t stride, int64_t n) {
        conversions().store(lanes, memory, dtype_, stride, n);
      });
  }

 private:
  static const cpu::Conversions<S>& conversions() { return LOSSOPS_FOR_THIS_ISA(conversions<S>()); }
  bool in_place() const { return dtype_ == c10::CppTypeToScalarType<S>::value; }
  /// Whether the block's rows lie side by side in memory.
  bool across(int64_t row, int64_t count) const {
    return side_by_side_ && map_.class_stride != 1 && map_.row_stride() == 1 && map_.together(row, count);
  }

  template <class F>
  void transfer(int64_t row, int64_t count, const Plane<S>& p, const F& f) const {
    if (p.class_stride != 1) {
      char* const memory = data_ + map_.offset(row) * item_;
      for (int64_t c = 0; c < classes_; ++c)
        f(memory + c * map_.class_stride * item_, p.data + c * count, 1, count);
    } else {
      for (int64_t r = 0; r < count; ++r) {
        f(data_ + map_.offset(row + r) * item_, p.data + r * classes_, map_.class_stride, classes_);
      }
    }
  }

  char* data_ = nullptr;
  at::ScalarType dtype_ = at::ScalarType::Undefined;
  int64_t item_ = 0, classes_ = 0;
  bool side_by_side_ = false;
  RowMap map_;
};

template <class S>
class RowPass {
  using T = typename cpu::MathOf<S>::type;
  static constexpr at::ScalarType kMath = c10::CppTypeToScalarType<T>::value;

 public:
  RowPass(const Call& call, const cpu::ClassAxisKernels& table, const ClassAxisArguments& args, int64_t wrt)
      : call_(call),
        loss_(ClassAxisLoss::of(call)),
        table_(table),
        args_(args),
        wrt_(wrt),
        classes_(call.input().size(args_.dim)),
        rows_(rows_of_input()) {
    const RowMap map(call.input(), args_.dim);
    run_ = std::max<int64_t>(map.run(), 1);
    const bool neighbours =
        map.class_stride != 1 && map.row_stride() == 1 && run_ >= kShortRun && classes_ <= cpu::kManyClasses;
    const bool reads_row = loss_.members.shift != Shift::kNone;
    side_by_side_ = !args_.label_list && (neighbours || classes_ <= cpu::kFewClasses || !reads_row);
  }

  Evaluation run() {
    read_labels();
    read_weights();
    const double denominator = cpu::denominator(call_, [&](Divisor::By by) { return measure(by); });
    if (call_.reduces() && !needs_denominator(call_, wrt_)) grad_scale_ = 1 / denominator;
    Evaluation out;
    for (int i = 0; i < loss_.operands; ++i) {
      if (wrt_ >> i & 1) out.grads[i] = cpu::empty_dense(call_.tensors[i], call_.tensors[i].scalar_type());
    }
    const bool in_place = !call_.reduces() && call_.result_dtype() == kMath;
    if (!call_.reduces()) {
      c10::SmallVector<int64_t, 8> shape(call_.input().sizes().begin(), call_.input().sizes().end());
      shape.erase(shape.begin() + args_.dim);
      values_ = at::detail::empty_cpu(shape, kMath);
      if (in_place) out.loss = values_;
    }
    const double total = sum_blocks(out);
    if (call_.reduces()) {
      cpu::finish(call_, wrt_, total, denominator, out);
    } else if (!in_place) {
      out.loss = values_.to(call_.result_dtype());
    }
    return out;
  }

 private:
  int64_t rows_of_input() const {
    int64_t n = 1;
    for (int64_t d = 0; d < call_.input().dim(); ++d) n *= d == args_.dim ? 1 : call_.input().size(d);
    return n;
  }

  /// Brings labels to int64, checks their range and counts the rows that are not ignored.
  void read_labels() {
    kept_ = rows_;
    if (!args_.target.defined() || args_.probabilities || args_.label_list) return;
    labels_ = args_.target;
    if (labels_.scalar_type() != at::kLong || !labels_.is_contiguous())
      labels_ = labels_.to(at::kLong).contiguous();
    const int64_t* const label = labels_.const_data_ptr<int64_t>();
    const bool chooses = loss_.members.sides == 1;  // otherwise labels only tell what to ignore
    const bool ignores = call_.settings.ignore_index.has_value();
    const int64_t ignored = call_.settings.ignore_index.value_or(-1);
    const uint64_t limit = chooses ? classes_ : std::numeric_limits<uint64_t>::max();
    std::atomic<int64_t> dropped{0};
    std::atomic<bool> wrong{false};
    at::parallel_for(0, labels_.numel(), kLabelBlock, [&](int64_t begin, int64_t end) {
      int64_t drops = 0;
      for (int64_t i = begin; i < end; ++i) {
        if (static_cast<uint64_t>(label[i]) < limit && label[i] != ignored) continue;
        if (ignores && label[i] == ignored) {
          ++drops;
        } else if (chooses) {
          wrong = true;
        }
      }
      dropped += drops;
    });
    kept_ = rows_ - dropped;
    if (wrong) check_label_range(call_, labels_);
  }

  void copy_label_lists(int64_t row, int64_t count, int64_t* to) const {
    const at::Tensor& lists = args_.target;
    const RowMap map(lists, args_.dim);
    const auto copy = [&](const auto* from) {
      for (int64_t r = 0; r < count; ++r) {
        const auto* list = from + map.offset(row + r);
        for (int64_t c = 0; c < classes_; ++c) *to++ = static_cast<int64_t>(list[c * map.class_stride]);
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
        cpu::unsupported_dtype(lists.scalar_type());
    }
  }

  at::Tensor as_math(const at::Tensor& t) const { return t.detach().to(kMath).contiguous(); }

  void read_weights() {
    if (args_.class_weight.defined()) class_weight_ = as_math(args_.class_weight);
    true_weight_ = class_weight_;
    if (args_.true_weight.defined()) {
      const at::Tensor w = as_math(args_.true_weight.expand({classes_}));
      true_weight_ = class_weight_.defined() ? class_weight_ * w : w;
    }
    true_weight_sum_ = static_cast<T>(classes_);
    if (true_weight_.defined() && args_.smoothing > 0) {
      true_weight_sum_ = std::accumulate(data(true_weight_), data(true_weight_) + classes_, 0.0);
    }
    if (args_.other_weight.defined()) other_weight_ = as_math(args_.other_weight);
    if (args_.prior.defined()) {
      check_prior(call_, args_.prior);
      log_prior_ = as_math(args_.prior.detach().to(at::kDouble).log());
    }
    if (args_.row_weight.defined()) row_weight_ = as_math(args_.row_weight);
  }

  static const T* data(const at::Tensor& t) { return t.defined() ? t.const_data_ptr<T>() : nullptr; }

  /// The number of rows that count, or the sum of their labels' weights.
  double measure(Divisor::By by) const {
    if (by == Divisor::kKept) return static_cast<double>(kept_);
    const int64_t* const label = labels_.const_data_ptr<int64_t>();
    const T* const weight = data(class_weight_);
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

  Rows<S> rows_of(const at::Tensor& t) const {
    return t.defined() ? Rows<S>(t, args_.dim, side_by_side_) : Rows<S>();
  }

  double sum_blocks(const Evaluation& out) {
    // The tensors that have the shape of the input: the logits, the target's probabilities, their gradients.
    const int sides = loss_.members.sides;
    const int target = sides;  // as an index of in and grad
    Rows<S> in[3], grad[3];
    for (int side = 0; side < sides; ++side) {
      in[side] = rows_of(args_.x[side]);
      grad[side] = rows_of(out.grads[side]);
    }
    if (args_.probabilities) {
      in[target] = rows_of(args_.target);
      grad[target] = rows_of(out.grads[loss_.target]);
    }

    // Blocks do not cross the runs of the input's rows.
    const bool reads_row = loss_.members.shift != Shift::kNone;
    const int64_t cost = std::max<int64_t>(reads_row ? classes_ : wrt_ ? classes_ / 8 : 1, 1);  // of a row
    int64_t block = std::max<int64_t>(kBlockElements / cost, 1);
    if (side_by_side_) block = (block + 15) / 16 * 16;
    block = std::min(block, run_);
    const int64_t per_run = (run_ + block - 1) / block;
    const int64_t blocks = classes_ ? rows_ / run_ * per_run : 0;
    if (blocks == 0 && values_.defined()) values_.zero_();
    const auto kernel = table_.template get<S>();

    constexpr int64_t kNone = std::numeric_limits<int64_t>::max();
    std::atomic<int64_t> wrong{kNone};  // the first label out of range in a list
    const auto params = call_.settings.held_by<T>();
    c10::SmallVector<double, 16> sums(blocks);
    const auto work = [&](int64_t begin, int64_t end) {
      const int64_t buffer_size = block * classes_;
      const std::unique_ptr<T[]> scratch(reads_row ? new T[cpu::row_work(classes_, side_by_side_)] : nullptr);
      const std::unique_ptr<int64_t[]> lists(args_.label_list ? new int64_t[buffer_size] : nullptr);
      const std::unique_ptr<T[]> value(values_.defined() ? nullptr : new T[block]);
      std::unique_ptr<S[]> buffer[6];
      for (int k = 0; k < 3; ++k) {
        if (in[k].needs_buffer()) buffer[k].reset(new S[buffer_size]);
        if (grad[k].needs_buffer()) buffer[3 + k].reset(new S[buffer_size]);
      }
      RowRun<S> run{};
      run.classes = classes_;
      run.side_by_side = side_by_side_;
      run.label_list = args_.label_list;
      run.ignores = call_.settings.ignore_index.has_value();
      run.ignore_index = call_.settings.ignore_index.value_or(0);
      run.true_weight = data(true_weight_);
      run.true_weight_sum = true_weight_sum_;
      run.other_weight = data(other_weight_);
      run.label_weight = data(class_weight_);
      run.log_prior = data(log_prior_);
      run.smoothing = args_.smoothing;
      run.value_scale = loss_.traits.class_mean ? T(1) / static_cast<T>(classes_) : T(1);
      run.grad_scale = static_cast<T>(grad_scale_);
      run.work = scratch.get();
      for (int64_t b = begin; b < end; ++b) {
        const int64_t row = b / per_run * run_ + b % per_run * block;
        const int64_t count = std::min(block, run_ - b % per_run * block);
        run.rows = count;
        if (labels_.defined()) run.label = labels_.const_data_ptr<int64_t>() + row;
        for (int side = 0; side < sides; ++side) {
          run.x[side] = reads_row ? in[side].read(row, count, buffer[side].get())
                                  : in[side].read_at(run.label, row, count, buffer[side].get());
          run.grad[side] = grad[side].plane(row, count, buffer[3 + side].get());
        }
        if (in[target]) run.probability = in[target].read(row, count, buffer[target].get());
        run.probability_grad = grad[target].plane(row, count, buffer[3 + target].get());
        if (lists) {
          copy_label_lists(row, count, lists.get());
          run.label = lists.get();
          const int64_t* const end = run.label + count * classes_;
          const int64_t* const bad =
              std::find_if(run.label, end, [&](int64_t l) { return l < -1 || l >= classes_; });
          if (bad != end) {
            int64_t index = row * classes_ + (bad - run.label), least = wrong;
            while (index < least && !wrong.compare_exchange_weak(least, index)) {
            }
            continue;
          }
        }
        if (row_weight_.defined()) run.row_weight = data(row_weight_) + row;
        run.value = values_.defined() ? values_.data_ptr<T>() + row : value.get();
        sums[b] = kernel(params.data(), run);
        for (int side = 0; side < sides; ++side) {
          grad[side].flush(row, count, run.grad[side], buffer[3 + side].get());
        }
        if (grad[target]) grad[target].flush(row, count, run.probability_grad, buffer[3 + target].get());
      }
    };
    if (blocks > 0 && rows_ * cost <= kGrainBlocks * kBlockElements) {
      work(0, blocks);
    } else {
      at::parallel_for(0, blocks, 1, work);
    }
    if (wrong != kNone)
      label_error(call_, args_.target.reshape(-1)[wrong].to(at::kLong).item<int64_t>(), wrong);
    return std::accumulate(sums.begin(), sums.end(), 0.0);
  }

  const Call& call_;
  const ClassAxisLoss& loss_;
  const cpu::ClassAxisKernels& table_;
  const ClassAxisArguments& args_;
  const int64_t wrt_;
  const int64_t classes_, rows_;
  int64_t run_;   ///< rows in a run of the input
  int64_t kept_;  ///< rows that are not ignored
  bool side_by_side_;
  double grad_scale_ = 1;
  T true_weight_sum_;
  at::Tensor labels_, class_weight_, true_weight_, other_weight_, log_prior_, row_weight_, values_;
};

/// Whether everything shaped like the logits is a bfloat16.
bool all_bfloat16(const ClassAxisArguments& args) {
  const auto fits = [](const at::Tensor& t) { return !t.defined() || t.scalar_type() == at::kBFloat16; };
  return fits(args.x[0]) && fits(args.x[1]) && (!args.probabilities || fits(args.target));
}

Evaluation evaluate(const Call& call, const void* kernels, int64_t wrt) {
  const auto& table = *static_cast<const cpu::ClassAxisKernels*>(kernels);
  const ClassAxisArguments args(call);
  if (at::toOpMathType(call.promoted_dtype()) == at::kDouble)
    return RowPass<double>(call, table, args, wrt).run();
  if (all_bfloat16(args)) return RowPass<c10::BFloat16>(call, table, args, wrt).run();
  return RowPass<float>(call, table, args, wrt).run();
}

}  // namespace

const Backend* cpu_backend() {
  static constexpr Backend backend{c10::DispatchKey::CPU, evaluate, cpu::scale};
  return &backend;
}

}  // namespace lossops::class_axis
