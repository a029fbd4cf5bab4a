// The CPU launcher of losses of sequences. Every sequence is computed by itself, so results are the same for
// every number of threads: sequences in parallel if there are enough, else one by one with rows in parallel.
#include "families/lattice/cpu.h"

#include <ATen/Parallel.h>

#include <atomic>
#include <cmath>
#include <numeric>

#include "core/shapes.h"
#include "families/lattice/cpu_walk.h"
#include "runtime/cpu/memory.h"

namespace lossops::lattice {
namespace {

/// The losses of all sequences; writes the gradient, of each times its factor.
template <class T>
std::vector<double> run(const Plan& plan, const std::vector<double>& factors) {
  const int64_t count = plan.samples.size();
  // The longest first, as whoever is done takes the next one.
  std::vector<int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  const auto work = [&](int64_t n) { return plan.rows(n) * (plan.samples.labels[n] + 1); };
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return work(a) > work(b); });
  std::vector<double> losses(count);
  std::atomic<int64_t> next{0};
  const auto take_turns = [&] {
    Walk<T> walk(plan);
    for (int64_t i = next++; i < count; i = next++) {
      const int64_t n = order[i];
      const std::optional<double> loss = walk.run(n, factors[n]);
      losses[n] = loss ? *loss : *Walk<double>(plan).run(n, factors[n]);
    }
  };
  const int64_t threads = at::get_num_threads();
  if (count < threads) {
    take_turns();
  } else {
    at::parallel_for(0, threads, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) take_turns();
    });
  }
  return losses;
}

class LatticePass {
 public:
  LatticePass(const Call& call, const cpu::LatticeKernels& kernels, int64_t wrt)
      : call_(call), wrt_(wrt), plan_(call, kernels), weights_(plan_.samples.size(), 1.0) {
    if (wrt & 1) plan_.gradient = cpu::empty_dense(call.input(), call.input().scalar_type());
    if (call.weight().defined()) {
      const at::Tensor w = call.weight().detach().to(at::kDouble).contiguous();
      std::copy_n(w.const_data_ptr<double>(), weights_.size(), weights_.begin());
    }
    const bool divides = plan_.topology.mean_by_label && call.settings.reduction == Reduction::Mean &&
                         !call.normalizer().defined();
    for (const int64_t labels : plan_.samples.labels) {
      shares_.push_back(divides ? 1.0 / static_cast<double>(std::max<int64_t>(labels, 1)) : 1.0);
    }
  }

  Evaluation run() {
    if (!call_.reduces()) return run(1, 1);
    const double denominator = cpu::denominator(call_, [](Divisor::By) { return 1.0; });
    const bool unscaled = needs_denominator(call_, wrt_);
    Evaluation out = run(denominator, unscaled ? 1 : 1 / denominator);
    const double fits = reach_.factor();
    return unscaled && fits != 1 ? run(denominator, fits) : out;
  }

 private:
  /// Gradients times `factor`.
  Evaluation run(double denominator, double factor) {
    const size_t count = weights_.size();
    std::vector<double> factors(count);
    for (size_t n = 0; n < count; ++n) factors[n] = weights_[n] * shares_[n] * factor;
    const bool wide = call_.input().scalar_type() == at::kDouble;
    std::vector<double> values =
        wide ? lattice::run<double>(plan_, factors) : lattice::run<float>(plan_, factors);
    Evaluation out;
    out.grads[0] = plan_.gradient;
    const int w = call_.loss->operands;
    if (wrt_ >> w & 1) {
      std::vector<double> slopes(count);
      for (size_t n = 0; n < count; ++n) {
        const bool left_out = weights_[n] == 0 && !std::isfinite(values[n]);
        slopes[n] = left_out ? 0 : values[n] * shares_[n] * factor;
      }
      out.grads[w] = tensor(slopes, call_.weight(), call_.weight().scalar_type());
      if (call_.weight().scalar_type() == at::kHalf) reach_.add(slopes.data(), count);
    }
    if (call_.input().scalar_type() == at::kHalf) reach_.add(factors.data(), count);
    for (size_t n = 0; n < count; ++n)
      values[n] = weights_[n] == 0 ? 0 : values[n] * weights_[n] * shares_[n];
    if (call_.reduces()) {
      cpu::finish(call_, wrt_, std::accumulate(values.begin(), values.end(), 0.0), denominator, factor, out);
    } else {
      out.loss = tensor(values, kFamily.empty_values(call_), call_.result_dtype());
    }
    return out;
  }

  static at::Tensor tensor(const std::vector<double>& values, const at::Tensor& like, at::ScalarType dtype) {
    at::Tensor t = cpu::empty_dense(like, dtype);
    LOSSOPS_FOR_THIS_ISA(conversions<double>()).store(values.data(), t.data_ptr(), dtype, 1, values.size());
    return t;
  }

  const Call& call_;
  const int64_t wrt_;
  Plan plan_;
  std::vector<double> weights_, shares_;  ///< what multiplies the loss of each sequence
  cpu::Reach reach_;
};

Evaluation evaluate(const Call& call, const void* kernels, int64_t wrt) {
  return LatticePass(call, *static_cast<const cpu::LatticeKernels*>(kernels), wrt).run();
}

}  // namespace

const Backend* cpu_backend() {
  static constexpr Backend backend{c10::DispatchKey::CPU, evaluate, cpu::scale};
  return &backend;
}

}  // namespace lossops::lattice
