// The CPU launcher of losses of vectors: blocks of whole groups, of a size that does not depend on the number
// of threads, nor do the sums.
#include "families/vectors/cpu.h"

#include <ATen/Parallel.h>

#include <cmath>
#include <memory>
#include <numeric>

#include "core/shapes.h"
#include "families/vectors/call.h"
#include "runtime/cpu/memory.h"
#include "runtime/cpu/planes.h"

namespace lossops::vectors {
namespace {

/// Elements in a block, about, and below which another thread does not pay.
constexpr int64_t kBlockElements = 8192;
constexpr int64_t kGrainElements = 4 * 4096;

template <class S>
class VectorPass {
 public:
  VectorPass(const Call& call, const cpu::VectorKernels& table, int64_t wrt)
      : call_(call),
        f_(VectorLoss::of(call).members),
        table_(table),
        wrt_(wrt),
        length_(call.input().size(-1)),
        groups_(mean_of(call)),
        block_(std::max<int64_t>(1, kBlockElements / std::max<int64_t>(length_, 1))) {
    for (int i = 0; i < f_.vectors; ++i) x_[i] = rows(call.tensors[i]);
    if (f_.labelled) label_ = as_double(call.tensors[f_.vectors]);
    if (call.weight().defined()) weight_ = as_double(call.weight());
  }

  Evaluation run() {
    Evaluation out;
    const int w = call_.loss->operands;
    for (int i = 0; i < f_.vectors; ++i) {
      if (!(wrt_ >> i & 1)) continue;
      out.grads[i] = cpu::empty_dense(call_.tensors[i], call_.tensors[i].scalar_type());
      grad_[i] = rows(out.grads[i]);
    }
    if (wrt_ >> w & 1) {
      out.grads[w] = cpu::empty_dense(call_.weight(), call_.weight().scalar_type());
      weight_grad_ = out.grads[w].contiguous();
    }
    evaluate(out);
    if (weight_grad_.defined() && !weight_grad_.is_same(out.grads[w])) out.grads[w].copy_(weight_grad_);
    return out;
  }

 private:
  void evaluate(Evaluation& out) {
    if (!call_.reduces()) {
      out.loss = kFamily.empty_values(call_);
      blocks(1, out);
      return;
    }
    const double denominator = cpu::denominator(call_, [](Divisor::By) { return 1.0; });
    const bool unscaled = needs_denominator(call_, wrt_);
    double total = blocks(unscaled ? 1 : 1 / denominator, out);
    const double factor = unscaled ? reach_.factor() : 1;
    if (factor != 1) total = blocks(factor, out);
    cpu::finish(call_, wrt_, total, denominator, factor, out);
  }

  static int64_t mean_of(const Call& call) { return kFamily.mean(call).factor.expect_int(); }
  static cpu::Rows<S> rows(const at::Tensor& t) { return {t, t.dim() - 1, false}; }
  static at::Tensor as_double(const at::Tensor& t) { return t.detach().to(at::kDouble).contiguous(); }

  /// The sum of all values; writes gradients times `scale`, and values where they are not reduced.
  double blocks(double scale, const Evaluation& out) {
    const int64_t count = (groups_ + block_ - 1) / block_;
    c10::SmallVector<double, 16> sums(count);
    const auto work = [&](int64_t begin, int64_t end) {
      Block block(*this);
      for (int64_t b = begin; b < end; ++b) sums[b] = block.run(b * block_, scale, out);
    };
    if (groups_ * length_ <= kGrainElements) {
      work(0, count);
    } else {
      at::parallel_for(0, count, 1, work);
    }
    return std::accumulate(sums.begin(), sums.end(), 0.0);
  }

  /// What a thread needs for a block.
  class Block {
   public:
    explicit Block(VectorPass& pass) : p_(pass), value_(pass.block_), factor_(pass.block_) {
      for (int i = 0; i < p_.f_.vectors; ++i) {
        x_[i] = buffer(p_.x_[i]);
        grad_[i] = buffer(p_.grad_[i]);
      }
    }

    double run(int64_t first, double scale, const Evaluation& out) {
      const int64_t groups = std::min(p_.block_, p_.groups_ - first);
      const double* const weight =
          p_.weight_.defined() ? p_.weight_.const_data_ptr<double>() + first : nullptr;
      for (int64_t g = 0; g < groups; ++g) factor_[g] = weight ? weight[g] * scale : scale;
      cpu::VectorRun<S> run{groups, p_.length_};
      cpu::Plane<S> grads[cpu::kMaxVectors];
      for (int i = 0; i < p_.f_.vectors; ++i) {
        const cpu::Plane<const S> x = p_.x_[i].read(first, groups, x_[i].get());
        run.x[i] = x.data;
        run.stride[i] = x.row_stride;
        grads[i] = p_.grad_[i].plane(first, groups, grad_[i].get());
        run.grad[i] = grads[i].data;
        run.grad_stride[i] = grads[i].row_stride;
      }
      if (p_.label_.defined()) run.label = p_.label_.const_data_ptr<double>() + first;
      run.factor = factor_.data();
      run.value = value_.data();
      p_.table_.template get<S>()(p_.call_.settings.params.data(), run);
      for (int i = 0; i < p_.f_.vectors; ++i) {
        p_.grad_[i].flush(first, groups, grads[i], grad_[i].get(), p_.call_.reduces() ? &p_.reach_ : nullptr);
      }
      return finish(first, groups, weight, scale, out);
    }

   private:
    std::unique_ptr<S[]> buffer(const cpu::Rows<S>& rows) const {
      return std::unique_ptr<S[]>(rows.needs_buffer() ? new S[p_.block_ * p_.length_] : nullptr);
    }

    /// The sum of the block's values, weighted.
    double finish(int64_t first, int64_t groups, const double* weight, double scale, const Evaluation& out) {
      for (int64_t g = 0; weight && g < groups; ++g) {
        if (weight[g] == 0 && !std::isfinite(value_[g])) value_[g] = 0;
      }
      if (const at::Tensor& grad = p_.weight_grad_; grad.defined()) {
        for (int64_t g = 0; g < groups; ++g) factor_[g] = value_[g] * scale;
        if (grad.scalar_type() == at::kHalf && p_.call_.reduces()) p_.reach_.add(factor_.data(), groups);
        store(factor_, grad, first, groups);
      }
      double sum = 0;
      for (int64_t g = 0; g < groups; ++g) {
        if (weight) value_[g] *= weight[g];
        sum += value_[g];
      }
      if (!p_.call_.reduces()) store(value_, out.loss, first, groups);
      return sum;
    }

    static void store(const std::vector<double>& from, const at::Tensor& to, int64_t first, int64_t count) {
      const auto& conversions = LOSSOPS_FOR_THIS_ISA(conversions<double>());
      char* const data = static_cast<char*>(to.data_ptr()) + first * to.itemsize();
      conversions.store(from.data(), data, to.scalar_type(), 1, count);
    }

    VectorPass& p_;
    std::vector<double> value_, factor_;
    std::unique_ptr<S[]> x_[cpu::kMaxVectors], grad_[cpu::kMaxVectors];
  };

  const Call& call_;
  const Members& f_;
  const cpu::VectorKernels& table_;
  const int64_t wrt_, length_, groups_;
  const int64_t block_;  ///< groups at a time
  cpu::Rows<S> x_[cpu::kMaxVectors], grad_[cpu::kMaxVectors];
  at::Tensor label_, weight_, weight_grad_;
  cpu::Reach reach_;
};

Evaluation evaluate(const Call& call, const void* kernels, int64_t wrt) {
  const auto& table = *static_cast<const cpu::VectorKernels*>(kernels);
  if (call.promoted_dtype() == at::kDouble) return VectorPass<double>(call, table, wrt).run();
  return VectorPass<float>(call, table, wrt).run();
}

}  // namespace

const Backend* cpu_backend() {
  static constexpr Backend backend{c10::DispatchKey::CPU, evaluate, cpu::scale};
  return &backend;
}

}  // namespace lossops::vectors
