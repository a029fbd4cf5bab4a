// The CPU launcher of losses of regions: one sweep adds up what each class has in each part of a sample, the
// formula is evaluated on numbers of groups, and a second sweep writes the gradient. Parts do not depend on
// the number of threads, nor do sums.
#include "families/regions/cpu.h"

#include <ATen/EmptyTensor.h>
#include <ATen/OpMathType.h>
#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>

#include <atomic>
#include <cmath>
#include <memory>
#include <numeric>

#include "families/regions/call.h"
#include "runtime/cpu/memory.h"
#include "runtime/cpu/planes.h"

namespace lossops::regions {
namespace {

using cpu::kRegionSums;

/// Pixels in a block, and elements, about; parts of a sample; elements below which another thread does not
/// pay.
constexpr int64_t kBlockPixels = 1024;
constexpr int64_t kBlockElements = 65536;
constexpr int64_t kParts = 64;
constexpr int64_t kGrainElements = 4 * 4096;

/// The losses of all groups, and what the second sweep has to know of them.
struct Groups : RegionTally {
  std::vector<double> values;  ///< 0 where nothing counts
  std::vector<double> slopes;  ///< by sample (one of a batch) and class: by p and by what is shared
};

template <class S>
class RegionPass {
  using T = typename cpu::MathOf<S>::type;
  static constexpr at::ScalarType kMath = c10::CppTypeToScalarType<T>::value;

 public:
  /// `differentiates`: a gradient will be asked for.
  RegionPass(const Call& call, const cpu::RegionKernels& table, bool differentiates)
      : call_(call),
        loss_(RegionLoss::of(call)),
        s_(loss_.settings(call.settings)),
        kernels_(table.template get<S>()),
        samples_(call.input().size(0)),
        classes_(call.input().size(1)),
        pixels_(call.input().numel() / std::max<int64_t>(samples_ * classes_, 1)),
        x_(rows(call.input())) {
    block_ = std::clamp<int64_t>(kBlockElements / std::max<int64_t>(classes_, 1) / 16 * 16, 16, kBlockPixels);
    blocks_ = (pixels_ + block_ - 1) / block_;
    parts_ = std::min(blocks_, kParts);
    if (has_labels(call)) {
      labels_ = target_of(call).to(at::kLong).contiguous();
    } else {
      target_ = rows(target_of(call));
    }
    if (call.weight().defined()) weight_ = call.weight().detach().to(at::kDouble).contiguous();
    if (weight_.defined() && s_.pixel.weight != 0) pixel_weight_ = weight_.to(kMath);
    if (differentiates) {
      grad_ = cpu::empty_dense(call.input(), call.input().scalar_type());
      keeps_ = std::is_same_v<S, T> && keeps(s_) && labels_.defined() && rows(grad_).takes(pixels_);
    }
    add();
  }

  Evaluation run(int64_t wrt) {
    Evaluation out;
    Groups groups = finish(nullptr);
    if (!call_.reduces()) {
      out.loss = kFamily.empty_values(call_);
      store(groups.values, out.loss);
      return out;
    }
    const double denominator = cpu::denominator(call_, [&](Divisor::By) { return groups.count; });
    double total = std::accumulate(groups.values.begin(), groups.values.end(), 0.0);
    double scale = s_.region_weight, pixel_scale = 0;
    if (loss_.members.pixel) {
      pixel_scale = s_.pixel.weight;
      if (has_two_means(call_)) pixel_scale *= denominator / pixel_count();
      total = total * s_.region_weight + pixel_scale * cost_;
    }
    double factor = 1;
    if (!needs_denominator(call_, wrt)) {
      scale /= denominator;
      pixel_scale /= denominator;
    } else {
      // A pixel's part of a large region would be below float16.
      const double most = std::max(std::fabs(pixel_scale), groups.steepest * std::fabs(scale));
      if (most > 0 && std::isfinite(most)) factor = std::exp2(-std::ceil(std::log2(most)));
    }
    if (wrt & 1) out.grads[0] = gradient(groups, scale * factor, pixel_scale * factor);
    cpu::finish(call_, wrt, total, denominator, factor, out);
    return out;
  }

  /// By the input, of an unreduced loss.
  at::Tensor gradient(const at::Tensor& upstream) {
    const at::Tensor u = upstream.to(at::kDouble).contiguous();
    return gradient(finish(u.const_data_ptr<double>()), 1, 0);
  }

 private:
  static cpu::Rows<S> rows(const at::Tensor& t) { return {t, 1, true}; }

  /// Raises for the first label or probability out of range, as the decomposition does.
  void refuse() const {
    decompose(call_);
    TORCH_INTERNAL_ASSERT(false, loss_.name, ": an operand is out of range");
  }

  // -- sweeps ------------------------------------------------------------------------------------------

  /// f(run, part) for each block, where f may sweep what the run points at; parts run in parallel. Backwards,
  /// a second sweep begins with what the first has left in the caches.
  template <class F>
  void sweep(const cpu::Rows<S>& grad, bool backwards, const F& f) const {
    const auto work = [&](int64_t begin, int64_t end) {
      const Memory m(*this, grad);
      for (int64_t i = begin; i < end; ++i) {
        const int64_t part = backwards ? begin + end - 1 - i : i;
        const int64_t sample = part / parts_, k = part % parts_;
        for (int64_t b = k * blocks_ / parts_; b < (k + 1) * blocks_ / parts_; ++b) {
          const int64_t first = sample * pixels_ + b * block_;
          const int64_t count = std::min(block_, pixels_ - b * block_);
          cpu::RegionRun<S> run = open(first, count, m);
          const cpu::Plane<S> plane = grad.plane(first, count, m.grad.get());
          run.grad = plane;
          f(run, part);
          grad.flush(first, count, plane, m.grad.get(), nullptr);
        }
      }
    };
    const int64_t parts = samples_ * parts_;
    if (call_.input().numel() <= kGrainElements) {
      if (parts) work(0, parts);
    } else {
      at::parallel_for(0, parts, 1, work);
    }
  }

  /// What a thread needs for a block.
  struct Memory {
    Memory(const RegionPass& pass, const cpu::Rows<S>& of_grad)
        : work(new T[cpu::region_work(pass.classes_)]), staging(new S[cpu::region_staging(pass.classes_)]) {
      const auto buffer = [&](const cpu::Rows<S>& rows) {
        return std::unique_ptr<S[]>(rows.needs_buffer() ? new S[pass.block_ * pass.classes_] : nullptr);
      };
      x = buffer(pass.x_);
      target = buffer(pass.target_);
      grad = buffer(of_grad);
    }
    std::unique_ptr<T[]> work;
    std::unique_ptr<S[]> staging, x, target, grad;
  };

  cpu::RegionRun<S> open(int64_t first, int64_t count, const Memory& m) const {
    cpu::RegionRun<S> run{};
    run.pixels = count;
    run.classes = classes_;
    run.x = x_.read(first, count, m.x.get());
    if (target_) run.target = target_.read(first, count, m.target.get());
    if (labels_.defined()) run.label = labels_.const_data_ptr<int64_t>() + first;
    run.ignores = call_.settings.ignore_index.has_value();
    run.ignore_index = call_.settings.ignore_index.value_or(0);
    run.work = m.work.get();
    run.staging = m.staging.get();
    run.keeps = keeps_;
    run.activation = s_.activation;
    run.squared = s_.squared;
    run.soft = s_.soft;
    run.pixel = s_.pixel;
    if (pixel_weight_.defined()) run.class_weight = pixel_weight_.const_data_ptr<T>();
    return run;
  }

  /// Fills the sums of groups.
  void add() {
    const int64_t width = classes_ * kRegionSums;
    std::vector<double> by_part(samples_ * parts_ * width), costs(samples_ * parts_);
    std::atomic<bool> any_wrong{false};
    sweep(keeps_ ? rows(grad_) : cpu::Rows<S>(), false, [&](cpu::RegionRun<S>& run, int64_t part) {
      bool wrong = false;
      run.sums = by_part.data() + part * width;
      run.wrong = &wrong;
      costs[part] += kernels_.add(run);
      if (wrong) any_wrong = true;
    });
    if (any_wrong) refuse();
    cost_ = std::accumulate(costs.begin(), costs.end(), 0.0);
    const int64_t samples = s_.batch ? 1 : samples_;
    sums_.assign(samples * width, 0);
    for (int64_t part = 0; part < samples_ * parts_; ++part) {
      const int64_t g = s_.batch ? 0 : part / parts_;
      for (int64_t i = 0; i < width; ++i) sums_[g * width + i] += by_part[part * width + i];
    }
    if (call_.settings.ignore_index) return;
    const auto all = static_cast<double>(s_.batch ? samples_ * pixels_ : pixels_);
    for (int64_t i = 0; i < samples * classes_; ++i) sums_[i * kRegionSums + 3] = all;
  }

  /// The gradient: of groups times `scale`, of pixels times `pixel_scale`.
  at::Tensor gradient(const Groups& groups, double scale, double pixel_scale) const {
    std::vector<T> slopes(groups.slopes.size());
    std::transform(groups.slopes.begin(), groups.slopes.end(), slopes.begin(),
                   // Where nothing counts, the scale may be infinite.
                   [&](double slope) { return slope == 0 ? T(0) : static_cast<T>(slope * scale); });
    sweep(rows(grad_), true, [&](cpu::RegionRun<S>& run, int64_t part) {
      run.slopes = slopes.data() + (s_.batch ? 0 : part / parts_) * 2 * classes_;
      run.pixel_scale = static_cast<T>(pixel_scale);
      kernels_.differentiate(run);
    });
    return grad_;
  }

  // -- groups ------------------------------------------------------------------------------------------

  /// An expression as RegionGroups takes it.
  struct Formula {
    using Number = Scalar<double>;
    const Members& members;
    const RegionSettings& s;
    const double* params;
    Dual<Number> operator()(const Overlap<Number>& o, int by) const {
      return members.number(o, by, s.smooth, s.log, params);
    }
    double class_weight(double t) const { return members.class_weight(t, params); }
  };

  RegionGroups<Formula> groups(const double* upstream, double* slopes) const {
    return {{loss_.members, s_, call_.settings.params.data()},
            s_.background,
            s_.skips_absent,
            call_.settings.ignore_index.has_value(),
            loss_.pools(),
            s_.batch ? 1 : samples_,
            classes_,
            sums_.data(),
            weight_.defined() ? weight_.const_data_ptr<double>() : nullptr,
            upstream,
            slopes};
  }

  /// The losses, and their slopes times what is upstream of each, if anything is.
  Groups finish(const double* upstream) const {
    Groups out;
    out.slopes.assign(2 * (s_.batch ? 1 : samples_) * classes_, 0);
    const auto groups = this->groups(upstream, out.slopes.data());
    for (int64_t i = 0; i < groups.size(); ++i) out.values.push_back(groups.value(i, out));
    return out;
  }

  /// What the mean over pixels divides by.
  double pixel_count() const {
    const bool softmax = s_.activation == Activation::Softmax;
    if (softmax && !labels_.defined()) return static_cast<double>(samples_ * pixels_);
    const auto groups = this->groups(nullptr, nullptr);
    double count = 0;
    for (int64_t i = 0; i < groups.samples * classes_; ++i) {
      const auto o = groups.overlap(0, i);
      count += softmax ? groups.weight_of(i % classes_) * o.t.v : o.n.v;
    }
    return count;
  }

  static void store(const std::vector<double>& from, const at::Tensor& to) {
    const auto& conversions = LOSSOPS_FOR_THIS_ISA(conversions<double>());
    conversions.store(from.data(), to.data_ptr(), to.scalar_type(), 1, to.numel());
  }

  const Call& call_;
  const RegionLoss& loss_;
  const RegionSettings s_;
  const cpu::RegionKernelsFor<S>& kernels_;
  const int64_t samples_, classes_, pixels_;
  int64_t block_, blocks_, parts_;  ///< pixels in a block; how many blocks and parts a sample has
  cpu::Rows<S> x_, target_;
  at::Tensor labels_, weight_, pixel_weight_;
  std::vector<double> sums_;  ///< by sample (one of a batch), class and what is summed
  double cost_ = 0;           ///< of all pixels
  at::Tensor grad_;
  bool keeps_ = false;
};

template <class F>
auto dispatch(const Call& call, const void* kernels, bool differentiates, const F& f) {
  const auto& table = *static_cast<const cpu::RegionKernels*>(kernels);
  const auto with = [&]<class S>(S) { return f(RegionPass<S>(call, table, differentiates)); };
  const at::ScalarType dtype = call.input().scalar_type();
  if (dtype == at::kDouble) return with(double());
  const bool narrow =
      table.get<c10::BFloat16>().add && (has_labels(call) || target_of(call).scalar_type() == at::kBFloat16);
  if (dtype == at::kBFloat16 && narrow) return with(c10::BFloat16());
  return with(float());
}

Evaluation evaluate(const Call& call, const void* kernels, int64_t wrt) {
  return dispatch(call, kernels, call.reduces() && (wrt & 1), [&](auto&& pass) { return pass.run(wrt); });
}

at::Tensor gradient(const Call& call, const void* kernels, const at::Tensor& upstream) {
  return dispatch(call, kernels, true, [&](auto&& pass) { return pass.gradient(upstream); });
}

}  // namespace

const Backend* cpu_backend() {
  static constexpr Backend backend{c10::DispatchKey::CPU, evaluate, cpu::scale, false, gradient};
  return &backend;
}

}  // namespace lossops::regions
