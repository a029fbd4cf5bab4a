// The CPU launcher: one pass over memory in blocks of a fixed size, so that the reduction is the same for
// every number of threads.
#include "families/elementwise/cpu.h"

#include <ATen/OpMathType.h>
#include <ATen/Parallel.h>
#include <ATen/ops/mean.h>

#include <atomic>
#include <cmath>
#include <memory>
#include <numeric>
#include <utility>

#include "families/elementwise/call.h"
#include "runtime/cpu/memory.h"
#include "runtime/cpu/reader.h"
#include "runtime/cpu/reduction.h"

namespace lossops::elementwise {
namespace {

using cpu::Block;
using cpu::kBlockSize;
using cpu::kStep;

/// Blocks below which another thread does not pay.
constexpr int64_t kGrainBlocks = 4;

/// The sum over blocks of f(begin, end, sums), which leaves that of block b in sums[b].
template <class F>
double sum_over_blocks(int64_t numel, const F& f) {
  const int64_t blocks = (numel + kBlockSize - 1) / kBlockSize;
  c10::SmallVector<double, 16> sums(blocks);
  const auto work = [&](int64_t begin, int64_t end) { f(begin, end, sums.data()); };
  if (blocks <= kGrainBlocks) {
    work(0, blocks);
  } else {
    at::parallel_for(0, blocks, kGrainBlocks, work);
  }
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

/// Hands out memory for the blocks that a kernel cannot read or write in place; `count` of one number for
/// each element.
template <class S>
class Buffers {
 public:
  explicit Buffers(int count) : memory_(count ? new S[count * kBlockSize] : nullptr), next_(memory_.get()) {}
  void restart() { next_ = memory_.get(); }
  S* take(bool needed, int components = 1) {
    return needed ? std::exchange(next_, next_ + components * kBlockSize) : nullptr;
  }

 private:
  const std::unique_ptr<S[]> memory_;
  S* next_;
};

/// The elements of a block behind its last whole step, moved to where a step is filled up. The kernel ignores
/// what fills it.
template <class S>
class LastStep {
 public:
  LastStep(Block<S>& whole, int64_t begin, int64_t end, int components)
      : whole_(whole), begin_(begin), count_(end - begin), components_(components), block(whole) {
    block.size = kStep;
    for (int i = 0; i < kMaxOperands; ++i) {
      block.in[i] = copy(whole.in[i], whole.step[i], components);
      block.grad[i] = room(whole.grad[i], components);
    }
    block.weight = copy(whole.weight, whole.weight_step);
    block.value = room(whole.value);
    block.weight_grad = room(whole.weight_grad);
    set_labels();
  }

  void flush() const {
    for (int i = 0; i < kMaxOperands; ++i) write(block.grad[i], whole_.grad[i], components_);
    write(block.value, whole_.value);
    write(block.weight_grad, whole_.weight_grad);
    whole_.invalid |= block.invalid;
  }

 private:
  S* take(int components = 1) { return memory_[std::exchange(taken_, taken_ + components)]; }
  S* room(const S* array, int components = 1) { return array ? take(components) : nullptr; }
  const S* copy(const S* array, int64_t step, int components = 1) {
    if (!array || step == 0) return array;
    S* const to = take(components);
    std::fill(std::copy_n(array + components * begin_, components * count_, to), to + components * kStep,
              S(0));
    return to;
  }
  void write(const S* from, S* to, int components = 1) const {
    if (to) std::copy_n(from, components * count_, to + components * begin_);
  }

  void set_labels() {
    const bool ignores = whole_.label;
    S* const label = take();
    for (int64_t i = 0; i < count_; ++i)
      label[i] = ignores ? whole_.label[(begin_ + i) * whole_.label_step] : S(0);
    if (!ignores) block.ignore_index = 1;
    std::fill(label + count_, label + kStep, static_cast<S>(block.ignore_index));
    block.label = label;
    block.label_step = 1;
  }

  Block<S>& whole_;
  const int64_t begin_, count_;
  const int components_;
  int taken_ = 0;
  S memory_[2 * kMaxOperands + 4][kStep];

 public:
  Block<S> block;
};

template <class S>
class Pass {
  using T = typename cpu::MathOf<S>::type;

 public:
  Pass(const Call& call, const cpu::Kernels& table, int64_t wrt)
      : call_(call),
        loss_(ElementwiseLoss::of(call)),
        table_(table),
        elements_(elements(call)),
        numel_(elements_.numel()),
        wrt_(wrt) {
    bool plain = call.input().is_contiguous();
    for (int i = 0; i <= loss_.operands; ++i) {
      plain &= !call.tensors[i].defined() || call.tensors[i].is_contiguous();
    }
    for (int i = 0; i < loss_.operands; ++i) {
      const at::Tensor& t = call.tensors[i];
      if (t.defined()) {
        in_[i].open(t, call.input(), plain);
      } else {
        in_[i].open(static_cast<S>(loss_.traits.operands[i].otherwise));
      }
    }
    if (call.weight().defined()) weight().open(call.weight(), elements_, plain);
    if (call.settings.ignore_index) open_labels(*call.settings.ignore_index, plain);
  }

  Evaluation run() {
    const double denominator = cpu::denominator(call_, [&](Divisor::By by) { return measure(by); });
    const bool scaled = call_.reduces() && !needs_denominator(call_, wrt_);
    // What is computed on once the pass is over is not rounded before.
    const bool corrects = call_.reduces() && divisor(call_).by == Divisor::kWeight;
    constexpr at::ScalarType kExact = c10::CppTypeToScalarType<T>::value;
    Evaluation out;
    for (int i = 0; i <= loss_.operands; ++i) {
      if (!(wrt_ >> i & 1)) continue;
      const bool of_weight = i == loss_.operands, exact = corrects && of_weight;
      out.grads[i] = cpu::empty_dense(of_weight ? elements_ : call_.input(),
                                      exact ? kExact : call_.tensors[i].scalar_type());
      grads_[i] = cpu::Writer<S>(out.grads[i]);
      scale_[i] = scaled ? static_cast<T>(1 / denominator) : T(1);
    }
    if (!call_.reduces()) {
      out.loss = cpu::empty_dense(elements_, loss_.traits.row_mean ? kExact : call_.result_dtype());
      value_ = cpu::Writer<S>(out.loss);
    }
    const double total = sum_blocks();
    const double factor = scaled || !call_.reduces() ? 1 : reach_.factor();
    if (factor != 1) {
      for (T& scale : scale_) scale *= static_cast<T>(factor);
      sum_blocks();
    }
    if (call_.reduces()) {
      cpu::finish(call_, wrt_, total, denominator, factor, out);
      at::Tensor& of_weight = out.grads[loss_.operands];
      if (corrects && of_weight.defined()) {
        correct_weight_grad(of_weight, total / denominator * (scaled ? 1 / denominator : factor));
        of_weight = of_weight.to(call_.weight().scalar_type());
      }
    } else if (loss_.traits.row_mean) {
      out.loss = out.loss.mean(-1).to(call_.result_dtype());
    }
    return out;
  }

 private:
  cpu::Reader<S>& weight() { return in_[loss_.operands]; }

  /// Labels that T cannot tell apart are compared in their own dtype.
  void open_labels(int64_t ignore_index, bool plain) {
    const at::Tensor& target = call_.tensors[loss_.target];
    labels_ = &in_[loss_.target];
    ignored_ = static_cast<T>(ignore_index);
    const bool distinct =
        std::abs(static_cast<double>(ignore_index)) < std::exp2(std::numeric_limits<T>::digits);
    if (distinct || at::isFloatingType(target.scalar_type())) return;
    compared_ = target.eq(ignore_index);
    compared_labels_.open(compared_, call_.input(), plain);
    labels_ = &compared_labels_;
    ignored_ = 1;
  }

  /// The number of elements that count, or the sum of their weights.
  double measure(Divisor::By by) {
    return sum_over_blocks(numel_, [&](int64_t begin, int64_t end, double* sums) {
      Buffers<S> buffers(2);
      for (int64_t b = begin; b < end; ++b) {
        const int64_t start = b * kBlockSize;
        const int64_t size = std::min(kBlockSize, numel_ - start);
        buffers.restart();
        const S* label = labels_ ? labels_->read(start, size, buffers.take(true)) : nullptr;
        const auto is_kept = [&](int64_t i) {
          return static_cast<T>(label[i * labels_->step()]) != ignored_;
        };
        if (by == Divisor::kWeight) {
          const S* w = weight().read(start, size, buffers.take(true));
          const int64_t step = weight().step();
          double sum = 0;
          for (int64_t i = 0; i < size; ++i) {
            if (!label || is_kept(i)) sum += static_cast<double>(w[i * step]);
          }
          sums[b] = sum;
        } else {
          int32_t count = 0;
          for (int64_t i = 0; i < size; ++i) count += is_kept(i);
          sums[b] = count;
        }
      }
    });
  }

  /// What the mean over the weight does to its gradient: it also divides by it.
  void correct_weight_grad(at::Tensor& grad, double of_denominator) const {
    grad.sub_(of_denominator);
    if (call_.settings.ignore_index) {
      grad.masked_fill_(call_.tensors[loss_.target].eq(*call_.settings.ignore_index), 0);
    }
  }

  cpu::Wrt mode() const {
    const int64_t of_operands = wrt_ & ((int64_t{1} << loss_.operands) - 1);
    if (of_operands > 1) return cpu::Wrt::kAll;
    return of_operands == 1 || grads_[loss_.operands] ? cpu::Wrt::kFirst : cpu::Wrt::kNothing;
  }

  double sum_blocks() {
    const cpu::BlockFn<S> kernel = table_.template get<S>(mode());
    const auto params = call_.settings.held_by<T>();
    int count = value_.needs_buffer() + compared_.defined();
    for (int i = 0; i <= loss_.operands; ++i) {
      count += components(i) * (in_[i].needs_buffer() + grads_[i].needs_buffer());
    }

    std::atomic<bool> invalid{false};
    const double total = sum_over_blocks(numel_, [&](int64_t begin, int64_t end, double* sums) {
      Buffers<S> buffers(count);
      Block<S> block = empty_block();
      for (int64_t b = begin; b < end; ++b) {
        const int64_t start = b * kBlockSize;
        block.size = std::min(kBlockSize, numel_ - start);
        fill(block, start, buffers);
        sums[b] = evaluate(kernel, params.data(), block, loss_.components);
        flush(block, start);
      }
      if (block.invalid) invalid = true;
    });
    if (invalid) domain_error(call_);
    return total;
  }

  /// The numbers that an element of tensor i is: of the weight there is one.
  int components(int i) const { return i < loss_.operands ? loss_.components : 1; }

  static double evaluate(cpu::BlockFn<S> kernel, const double* params, Block<S>& block, int components) {
    const int64_t size = block.size, whole = size - size % kStep;
    block.size = whole;
    double sum = whole ? kernel(params, block) : 0;
    if (whole < size) {
      LastStep<S> last(block, whole, size, components);
      sum += kernel(params, last.block);
      last.flush();
    }
    block.size = size;
    return sum;
  }

  /// What is the same for all blocks.
  Block<S> empty_block() {
    Block<S> block{};
    if (labels_) block.label_step = labels_->step();
    block.ignore_index = ignored_;
    for (int i = 0; i < loss_.operands; ++i) {
      block.step[i] = in_[i].step();
      block.scale[i] = scale_[i];
    }
    block.weight_scale = scale_[loss_.operands];
    block.weight_step = weight().step();
    return block;
  }

  void fill(Block<S>& block, int64_t start, Buffers<S>& buffers) {
    const int64_t size = block.size;
    const int w = loss_.operands, n = loss_.components;
    buffers.restart();
    for (int i = 0; i < w; ++i) {
      block.in[i] = in_[i].read(n * start, n * size, buffers.take(in_[i].needs_buffer(), n));
      if (grads_[i]) block.grad[i] = grads_[i].target(n * start, buffers.take(grads_[i].needs_buffer(), n));
    }
    if (labels_) block.label = block.in[loss_.target];
    if (compared_.defined()) block.label = labels_->read(start, size, buffers.take(labels_->needs_buffer()));
    if (call_.weight().defined())
      block.weight = weight().read(start, size, buffers.take(weight().needs_buffer()));
    if (grads_[w]) block.weight_grad = grads_[w].target(start, buffers.take(grads_[w].needs_buffer()));
    if (value_) block.value = value_.target(start, buffers.take(value_.needs_buffer()));
  }

  void flush(const Block<S>& block, int64_t start) {
    for (int i = 0; i <= loss_.operands; ++i) {
      if (!grads_[i]) continue;
      const S* const grad = i < loss_.operands ? block.grad[i] : block.weight_grad;
      const int64_t size = components(i) * block.size;
      // Also before what is corrected is rounded.
      if (call_.reduces() && call_.tensors[i].scalar_type() == at::kHalf) reach_.add(grad, size);
      grads_[i].flush(components(i) * start, size, grad);
    }
    if (value_) value_.flush(start, block.size, block.value);
  }

  const Call& call_;
  const ElementwiseLoss& loss_;
  const cpu::Kernels& table_;
  const at::Tensor elements_;
  const int64_t numel_, wrt_;
  cpu::Reader<S> in_[kMaxOperands + 1];     ///< the operands, and the weight behind the last of them
  const cpu::Reader<S>* labels_ = nullptr;  ///< null if nothing is ignored
  T ignored_ = 0;
  at::Tensor compared_;
  cpu::Reader<S> compared_labels_;
  cpu::Writer<S> value_;
  cpu::Writer<S> grads_[kMaxOperands + 1];
  T scale_[kMaxOperands + 1] = {};
  cpu::Reach reach_;
};

/// Whether every element that is read or written is a bfloat16: a kernel for it converts in registers.
bool all_bfloat16(const Call& call, int64_t wrt) {
  const int weight = call.loss->operands;
  for (int i = 0; i <= weight; ++i) {
    if (call.tensors[i].defined() && call.tensors[i].scalar_type() != at::kBFloat16) return false;
  }
  if (call.reduces()) return !(wrt >> weight & 1) || divisor(call).by != Divisor::kWeight;
  return call.result_dtype() == at::kBFloat16 && !ElementwiseLoss::of(call).traits.row_mean;
}

Evaluation evaluate(const Call& call, const void* kernels, int64_t wrt) {
  const auto& table = *static_cast<const cpu::Kernels*>(kernels);
  if (at::toOpMathType(call.promoted_dtype()) == at::kDouble) return Pass<double>(call, table, wrt).run();
  const bool has_bfloat16 = table.get<c10::BFloat16>(cpu::Wrt::kNothing) != nullptr;
  if (has_bfloat16 && all_bfloat16(call, wrt)) return Pass<c10::BFloat16>(call, table, wrt).run();
  return Pass<float>(call, table, wrt).run();
}

}  // namespace

const Backend* cpu_backend() {
  static constexpr Backend backend{c10::DispatchKey::CPU, evaluate, cpu::scale};
  return &backend;
}

}  // namespace lossops::elementwise
