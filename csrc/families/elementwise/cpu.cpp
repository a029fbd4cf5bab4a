// The CPU launcher: one pass over memory in blocks of a fixed size, so that the reduction is the same for
// every number of threads.
#include "families/cpu.h"

#include <ATen/OpMathType.h>
#include <ATen/Parallel.h>
#include <ATen/ops/aminmax.h>
#include <ATen/ops/mean.h>
#include <c10/util/SmallVector.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "runtime/cpu/isa.h"
#include "runtime/cpu/memory.h"

namespace lossops {
namespace {

using cpu::Block;
using cpu::kBlockSize;
using cpu::kSplatSize;

/// Blocks below which another thread does not pay.
constexpr int64_t kGrainBlocks = 4;

/// Hands out runs of a tensor as T, in the memory order of another one of its shape.
template <class T>
class Reader {
 public:
  Reader() = default;
  Reader(const at::Tensor& t, const at::Tensor& like, bool plain)
      : data_(static_cast<const char*>(t.const_data_ptr())), dtype_(t.scalar_type()), item_(t.itemsize()) {
    if (plain && t.is_contiguous()) {
      dims_.push_back({t.numel(), 1});
    } else {
      for (const int64_t d : memory_order(like)) {
        if (t.size(d) == 1) continue;
        const Dim next{t.size(d), t.stride(d)};
        if (!dims_.empty() && dims_.back().stride == next.size * next.stride) {
          dims_.back() = {dims_.back().size * next.size, next.stride};
        } else {
          dims_.push_back(next);
        }
      }
    }
    if (t.numel() == 0) return;
    TORCH_CHECK(data_, "lossops: a tensor of shape ", t.sizes(), " has no storage");
    if (dims_.empty() || (dims_.size() == 1 && dims_[0].stride == 0)) {
      conversions().load(data_, dtype_, 0, splat_, kSplatSize);
      data_ = nullptr;
    } else {
      direct_ = dims_.size() == 1 && dims_[0].stride == 1 && dtype_ == c10::CppTypeToScalarType<T>::value;
    }
  }

  /// The same value for every element.
  explicit Reader(T value) { std::fill_n(splat_, kSplatSize, value); }

  bool needs_buffer() const { return data_ != nullptr && !direct_; }
  int64_t step() const { return data_ != nullptr; }

  const T* read(int64_t start, int64_t size, T* buffer) const {
    if (!data_) return splat_;
    if (direct_) return reinterpret_cast<const T*>(data_) + start;
    gather(start, size, buffer);
    return buffer;
  }

 private:
  struct Dim {
    int64_t size, stride;
  };

  void gather(int64_t start, int64_t size, T* buffer) const {
    c10::SmallVector<int64_t, 8> index(dims_.size());
    int64_t offset = 0;
    for (int d = static_cast<int>(dims_.size()) - 1; d >= 0; --d) {
      index[d] = start % dims_[d].size;
      start /= dims_[d].size;
      offset += index[d] * dims_[d].stride;
    }
    const int inner = static_cast<int>(dims_.size()) - 1;
    if (inner == 1 && dims_[0].stride == 0) return repeat(index[1], size, buffer);
    while (size > 0) {
      const int64_t run = std::min(size, dims_[inner].size - index[inner]);
      conversions().load(data_ + offset * item_, dtype_, dims_[inner].stride, buffer, run);
      buffer += run;
      size -= run;
      index[inner] += run;
      offset += run * dims_[inner].stride;
      for (int d = inner; d > 0 && index[d] == dims_[d].size; --d) {
        offset += dims_[d - 1].stride - index[d] * dims_[d].stride;
        index[d] = 0;
        ++index[d - 1];
      }
    }
  }

  /// One row over and over, from its element `first`: converted once, then copied in doubling lengths.
  void repeat(int64_t first, int64_t size, T* buffer) const {
    const Dim row = dims_[1];
    const int64_t head = std::min(size, row.size - first);
    conversions().load(data_ + first * row.stride * item_, dtype_, row.stride, buffer, head);
    const int64_t rest = std::min(size, row.size) - head;
    conversions().load(data_, dtype_, row.stride, buffer + head, rest);
    for (int64_t done = row.size; done < size; done *= 2) {
      std::memcpy(buffer + done, buffer, std::min(done, size - done) * sizeof(T));
    }
  }

  static const cpu::Conversions<T>& conversions() { return LOSSOPS_FOR_THIS_ISA(conversions<T>()); }

  const char* data_ = nullptr;
  at::ScalarType dtype_ = at::ScalarType::Undefined;
  int64_t item_ = 0;
  bool direct_ = false;
  c10::SmallVector<Dim, 4> dims_;
  T splat_[kSplatSize];
};

/// Where a dense output of any dtype takes runs of T.
template <class T>
class Writer {
 public:
  Writer() = default;
  explicit Writer(const at::Tensor& t)
      : data_(static_cast<char*>(t.data_ptr())), dtype_(t.scalar_type()), item_(t.itemsize()) {}

  explicit operator bool() const { return data_ != nullptr; }
  bool needs_buffer() const { return data_ && dtype_ != c10::CppTypeToScalarType<T>::value; }
  T* target(int64_t start, T* buffer) const {
    return needs_buffer() ? buffer : reinterpret_cast<T*>(data_) + start;
  }
  void flush(int64_t start, int64_t size, const T* buffer) const {
    if (needs_buffer()) {
      LOSSOPS_FOR_THIS_ISA(conversions<T>()).store(buffer, data_ + start * item_, dtype_, 1, size);
    }
  }

 private:
  char* data_ = nullptr;
  at::ScalarType dtype_ = at::ScalarType::Undefined;
  int64_t item_ = 0;
};

template <class F>
void for_each_block(int64_t numel, const F& f) {
  const int64_t blocks = (numel + kBlockSize - 1) / kBlockSize;
  if (blocks <= kGrainBlocks) return f(0, blocks);
  at::parallel_for(0, blocks, kGrainBlocks, f);
}

template <class S>
class Pass {
  using T = typename cpu::MathOf<S>::type;

 public:
  Pass(const Call& call, int64_t wrt) : call_(call), loss_(*call.loss), numel_(call.input().numel()) {
    bool plain = call.input().is_contiguous();
    for (int i = 0; i <= loss_.operands; ++i) {
      plain &= !call.tensors[i].defined() || call.tensors[i].is_contiguous();
    }
    for (int i = 0; i < loss_.operands; ++i) {
      const at::Tensor& t = call.tensors[i];
      operands_[i] = t.defined() ? Reader<S>(t, call.input(), plain) : Reader<S>(S(1));
    }
    if (call.weight().defined()) weight_ = Reader<S>(call.weight(), call.input(), plain);
    wrt_ = wrt;
  }

  Evaluation run() {
    const Settings& s = call_.settings;
    const double denominator = this->denominator();
    const bool reduces = s.reduction != Reduction::None;
    const bool unscaled = needs_denominator(call_, wrt_);
    Evaluation out;
    for (int i = 0; i <= loss_.operands; ++i) {
      if (!(wrt_ >> i & 1)) continue;
      const auto dtype = call_.tensors[i].scalar_type();
      out.grads[i] = cpu::empty_dense(call_.input(), dtype);
      grads_[i] = Writer<S>(out.grads[i]);
      scale_[i] = reduces && !unscaled ? static_cast<T>(1 / denominator) : T(1);
    }
    if (!reduces) {
      out.loss = cpu::empty_dense(call_.input(), call_.result_dtype());
      value_ = Writer<S>(out.loss);
    }
    const double total = sum_blocks();
    if (reduces) {
      out.loss = cpu::scalar_tensor(total / denominator, call_.result_dtype());
    } else if (loss_.traits.row_mean) {
      out.loss = out.loss.mean(-1);
    }
    // Without an element that counts all gradients are 0, and stay that.
    if (unscaled) out.denominator = cpu::scalar_tensor(denominator == 0 ? 1 : denominator, at::kDouble);
    finish_weight_grads(out, total, denominator);
    return out;
  }

 private:
  /// What the reduction divides the sum by.
  double denominator() const {
    const Settings& s = call_.settings;
    const bool weighted_mean = loss_.traits.mean_over_weight && call_.weight().defined();
    double d = 1;
    if (s.reduction == Reduction::None) return d;
    if (call_.normalizer().defined()) {
      d = call_.normalizer().item().toDouble();
    } else if (s.reduction == Reduction::Mean) {
      return weighted_mean || s.ignore_index ? total_weight(weighted_mean) : static_cast<double>(numel_);
    }
    const auto sizes = call_.input().sizes();
    if (s.reduction == Reduction::BatchMean && !sizes.empty()) d *= static_cast<double>(sizes.front());
    if (loss_.traits.row_mean) d *= static_cast<double>(sizes.back());
    return d;
  }

  /// The number of elements that count, or the sum of their weights.
  double total_weight(bool weighted) const {
    const bool ignores = call_.settings.ignore_index.has_value();
    const T ignored = static_cast<T>(call_.settings.ignore_index.value_or(0));
    std::vector<double> sums((numel_ + kBlockSize - 1) / kBlockSize);
    for_each_block(numel_, [&](int64_t begin, int64_t end) {
      std::vector<S> buffer(2 * kBlockSize);
      for (int64_t b = begin; b < end; ++b) {
        const int64_t start = b * kBlockSize;
        const int64_t size = std::min(kBlockSize, numel_ - start);
        const Reader<S>& labels = operands_[loss_.target];
        const S* label = ignores ? labels.read(start, size, buffer.data()) : nullptr;
        const S* weight = weighted ? weight_.read(start, size, buffer.data() + kBlockSize) : nullptr;
        double sum = 0;
        if (weight) {
          for (int64_t i = 0; i < size; ++i) {
            if (label && static_cast<T>(label[i * labels.step()]) == ignored) continue;
            sum += static_cast<double>(weight[i * weight_.step()]);
          }
        } else {
          int32_t count = 0;
          for (int64_t i = 0; i < size; ++i) count += static_cast<T>(label[i * labels.step()]) != ignored;
          sum = count;
        }
        sums[b] = sum;
      }
    });
    return std::accumulate(sums.begin(), sums.end(), 0.0);
  }

  /// What the weight and the normalizer do to the denominator.
  void finish_weight_grads(Evaluation& out, double total, double denominator) const {
    const int w = loss_.operands;
    const double scale = out.denominator.defined() ? 1 : 1 / denominator;  // as that of the other gradients
    if (out.grads[w].defined() && loss_.traits.mean_over_weight &&
        call_.settings.reduction == Reduction::Mean && !call_.normalizer().defined()) {
      out.grads[w].sub_(total / denominator * scale);
      if (call_.settings.ignore_index) {
        out.grads[w].masked_fill_(call_.tensors[loss_.target].eq(*call_.settings.ignore_index), 0);
      }
    }
    if (wrt_ >> (w + 1) & 1) {
      const double n = call_.normalizer().item().toDouble();
      out.grads[w + 1] = cpu::scalar_tensor(-total / n * scale, call_.normalizer().scalar_type());
    }
  }

  double sum_blocks() {
    const int w = loss_.operands;
    const int64_t elementwise = wrt_ & ((2 << w) - 1);
    const bool by_first_only = (elementwise & ((1 << w) - 1)) <= 1;  // and perhaps by the weight
    const auto wrt = elementwise == 0 ? cpu::Wrt::kNothing
                     : by_first_only  ? cpu::Wrt::kFirst
                                      : cpu::Wrt::kAll;
    const cpu::BlockFn<S> kernel = loss_.kernels->get<S>(wrt);
    const auto params = call_.settings.held_by<T>();
    // A buffer for whatever the kernel cannot read or write in place.
    int buffers = weight_.needs_buffer() + value_.needs_buffer() + grads_[w].needs_buffer();
    for (int i = 0; i < w; ++i) buffers += operands_[i].needs_buffer() + grads_[i].needs_buffer();

    std::atomic<bool> invalid{false};
    c10::SmallVector<double, 16> sums((numel_ + kBlockSize - 1) / kBlockSize);
    for_each_block(numel_, [&](int64_t begin, int64_t end) {
      std::unique_ptr<S[]> memory(buffers ? new S[buffers * kBlockSize] : nullptr);
      Block<S> block{};
      block.label_step = operands_[loss_.target].step();
      block.ignore_index = static_cast<T>(call_.settings.ignore_index.value_or(0));
      for (int i = 0; i < loss_.operands; ++i) {
        block.step[i] = operands_[i].step();
        block.scale[i] = scale_[i];
      }
      block.weight_scale = scale_[w];
      block.weight_step = weight_.step();
      for (int64_t b = begin; b < end; ++b) {
        const int64_t start = b * kBlockSize;
        const int64_t size = std::min(kBlockSize, numel_ - start);
        block.size = size;
        S* buffer = memory.get();
        const auto take = [&](bool needed) {
          return needed ? std::exchange(buffer, buffer + kBlockSize) : nullptr;
        };
        for (int i = 0; i < loss_.operands; ++i) {
          block.in[i] = operands_[i].read(start, size, take(operands_[i].needs_buffer()));
          if (grads_[i]) block.grad[i] = grads_[i].target(start, take(grads_[i].needs_buffer()));
        }
        if (call_.settings.ignore_index) block.label = block.in[loss_.target];
        if (call_.weight().defined()) block.weight = weight_.read(start, size, take(weight_.needs_buffer()));
        if (grads_[w]) block.weight_grad = grads_[w].target(start, take(grads_[w].needs_buffer()));
        if (value_) block.value = value_.target(start, take(value_.needs_buffer()));
        sums[b] = kernel(params.data(), block);
        for (int i = 0; i < loss_.operands; ++i) {
          if (grads_[i]) grads_[i].flush(start, size, block.grad[i]);
        }
        if (grads_[w]) grads_[w].flush(start, size, block.weight_grad);
        if (value_) value_.flush(start, size, block.value);
      }
      if (block.invalid) invalid = true;
    });
    if (invalid) domain_error();
    return std::accumulate(sums.begin(), sums.end(), 0.0);
  }

  [[noreturn]] void domain_error() const {
    std::string given;
    for (int i = 0; i < loss_.operands; ++i) {
      if (!call_.tensors[i].defined()) continue;
      const auto [low, high] = at::aminmax(call_.tensors[i].to(at::kDouble));
      given += c10::str(i ? ", " : "", loss_.argument(i), " in [", low.item().toDouble(), ", ",
                        high.item().toDouble(), "]");
    }
    TORCH_CHECK_VALUE(!loss_.traits.domain_value_error, loss_.name, ": ", loss_.domain, ", got ", given);
    TORCH_CHECK(false, loss_.name, ": ", loss_.domain, ", got ", given);
  }

  const Call& call_;
  const Loss& loss_;
  const int64_t numel_;
  int64_t wrt_;
  Reader<S> operands_[kMaxOperands];
  Reader<S> weight_;
  Writer<S> value_;
  Writer<S> grads_[kMaxOperands + 1];  ///< of the operands and the weight
  T scale_[kMaxOperands + 1] = {};
};

/// Whether every element that is read or written is a bfloat16: the kernel then converts in registers.
bool all_bfloat16(const Call& call) {
  for (int i = 0; i <= call.loss->operands; ++i) {
    if (call.tensors[i].defined() && call.tensors[i].scalar_type() != at::kBFloat16) return false;
  }
  return call.settings.reduction != Reduction::None || call.result_dtype() == at::kBFloat16;
}

}  // namespace

Evaluation cpu::evaluate_elementwise(const Call& call, int64_t wrt) {
  if (at::toOpMathType(call.promoted_dtype()) == at::kDouble) return Pass<double>(call, wrt).run();
  if (all_bfloat16(call)) return Pass<c10::BFloat16>(call, wrt).run();
  return Pass<float>(call, wrt).run();
}

}  // namespace lossops
