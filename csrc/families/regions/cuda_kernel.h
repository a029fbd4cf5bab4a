// The two sweeps of losses of regions over pixels, which are the same for all of them. A thread takes whole
// pixels, with all their classes; probabilities are computed in both sweeps, as that costs less than a map of
// them.
#pragma once

#include <algorithm>

#include "../../math/row.h"
#include "../../runtime/cuda/memory.h"
#include "../../runtime/cuda/online.h"
#include "../../runtime/cuda/reduce.h"
#include "cuda.h"

namespace lossops::cuda {

/// What a row of the class axis is asked of here: its softmax, and the gradient of a term of every class.
struct AnyTerm {};

template <class S, Activation activation>
class RegionLoop {
  using T = typename RegionArgs<S>::T;
  using V = Scalar<T>;
  using Rule = RowRule<AnyTerm, V, Work::kDense>;
  static constexpr bool kSoftmax = activation == Activation::Softmax;
  static constexpr int kEach = kPixelsEach<T>;

 public:
  LOSSOPS_DEVICE explicit RegionLoop(const RegionArgs<S>& args)
      : a(args), rule_(nullptr, args.classes, 0, false), cost_(args.s.pixel, args.classes) {}

  /// A block adds up a part of a sample, whose warps take turns.
  LOSSOPS_DEVICE void add() const {
    const Team warp(kWarp);
    const int64_t width = a.classes * kRegionSums, warps = blockDim.x / kWarp, w = threadIdx.x / kWarp;
    double* const of_block = a.sums + blockIdx.x * width;
    double* const shared = static_cast<double*>(shared_memory());
    double* const own = a.shares ? shared + w * width : of_block;
    for (int64_t i = warp.rank; i < width; i += warp.size) own[i] = 0;
    warp.sync();

    const int64_t sample = blockIdx.x / a.parts, part = blockIdx.x % a.parts, at_once = kWarp * kEach;
    const int64_t steps = (a.pixels + at_once - 1) / at_once, last = (part + 1) * steps / a.parts;
    double cost = 0;
    for (int64_t step = part * steps / a.parts + w; step < last; step += warps) {
      cost += add(sample * a.pixels + step * at_once, (sample + 1) * a.pixels, own);
    }
    cost = block_sum(cost);
    if (threadIdx.x == 0) a.costs[blockIdx.x] = cost;
    if (!a.shares) return;
    __syncthreads();
    for (int64_t i = threadIdx.x; i < width; i += blockDim.x) {
      double sum = 0;
      for (int64_t k = 0; k < warps; ++k) sum += shared[k * width + i];
      of_block[i] = sum;
    }
  }

  LOSSOPS_DEVICE void differentiate() const {
    const int64_t rows = a.samples * a.pixels, stride = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t row = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; row < rows;
         row += stride) {
      Pixel at[1] = {open(row, true)};
      normalize(at);
      const T* const slopes = a.slopes + (a.s.batch ? 0 : row / a.pixels * 2 * a.classes);
      S* const to = a.grad.data + a.grad.rows(row);
      if constexpr (kSoftmax) {
        differentiate_softmax(at[0], slopes, to);
      } else {
        for (int64_t c = 0; c < a.classes; ++c) write(to, c, slope(at[0], c, element(at[0], c), slopes));
      }
    }
  }

 private:
  struct Pixel {
    const S* x;
    int64_t target;  ///< where its targets begin, or the class that its label is
    bool counts;     ///< it is there, and not ignored
    RowShift<V> shift;
  };

  LOSSOPS_DEVICE Pixel open(int64_t row, bool there) const {
    Pixel at{a.x.data + a.x.rows(row), 0, there, RowShift<V>::plain(V(0))};
    if (!a.label) {
      at.target = a.target.rows(row);
      return at;
    }
    const int64_t label = a.label[row], labels = a.classes == 1 ? 2 : a.classes;
    const bool ignored = a.ignores && label == a.ignore_index;
    LOSSOPS_ASSERT(ignored || (label >= 0 && label < labels), "lossops: target is out of range");
    at.counts = there && !ignored;
    at.target = a.classes == 1 ? label - 1 : label;  // 1 is the one class
    return at;
  }

  LOSSOPS_DEVICE V logit(const Pixel& at, int64_t c) const {
    return V(static_cast<T>(at.x[c * a.x.class_stride]));
  }
  LOSSOPS_DEVICE V target(const Pixel& at, int64_t c) const {
    if (a.label) return V(at.target == c ? 1 : 0);
    return V(load_one<T>(a.target.data, a.target_dtype, at.target + c * a.target.class_stride));
  }
  /// Whether an element counts. Of given targets, each by itself.
  LOSSOPS_DEVICE bool keeps(const Pixel& at, V t) const {
    return at.counts && !(a.ignores && !a.label && t == V(static_cast<T>(a.ignore_index)));
  }
  LOSSOPS_DEVICE V weight(int64_t c) const { return a.class_weight ? V(a.class_weight[c]) : V(1); }

  // -- probabilities -----------------------------------------------------------------------------------

  template <int n>
  LOSSOPS_DEVICE void normalize(Pixel (&at)[n]) const {
    if constexpr (kSoftmax) {
      OnlineSoftmax<T> own[n];
      for (int64_t c = 0; c < a.classes; ++c) {
#pragma unroll
        for (int k = 0; k < n; ++k) {
          const V z[1] = {logit(at[k], c)};
          own[k].template add<1>(z);
        }
      }
#pragma unroll
      for (int k = 0; k < n; ++k) {
        const T largest = own[k].largest, rest = OnlineSoftmax<T>::merged(own[k].below(largest), 1, largest);
        at[k].shift = Rule::softmax(V(largest), Rule::without_subnormal(V(rest)), V(largest));
      }
    }
  }

  /// A class of a pixel: its logit, the exponential in a softmax, and p.
  struct Element {
    V x, e, p;
    V of_logit;  ///< dp/dx, but of a softmax
  };
  LOSSOPS_DEVICE Element element(const Pixel& at, int64_t c) const {
    const V x = logit(at, c);
    if constexpr (kSoftmax) {
      const V e = exp_below(x - at.shift.shift);
      return {x, e, e * at.shift.share, V(0)};
    } else if constexpr (activation == Activation::Sigmoid) {
      const regions::Sigmoid<V> s(x);
      return {x, V(0), s.p, s.slope};
    } else {
      return {x, V(0), x, V(1)};
    }
  }

  // -- sums --------------------------------------------------------------------------------------------

  /// Adds the pixels that a warp takes at once to the sums of classes; returns the thread's costs.
  LOSSOPS_DEVICE T add(int64_t first, int64_t end, double* sums) const {
    Pixel at[kEach];
#pragma unroll
    for (int k = 0; k < kEach; ++k) {
      const int64_t row = first + k * kWarp + threadIdx.x % kWarp;
      at[k] = open(row < end ? row : end - 1, row < end);
    }
    normalize(at);
    T cost = 0;
    for (int64_t c = 0; c < a.classes; ++c) {
      T sum[kRegionSums] = {};
#pragma unroll
      for (int k = 0; k < kEach; ++k) add(at[k], c, sum, cost);
      const T of_warp = warp_sums(sum);
      const unsigned lane = threadIdx.x % kWarp;
      if (lane % 8 == 0) sums[c * kRegionSums + lane / 8] += of_warp;
    }
    if (costs_label()) {
#pragma unroll
      for (int k = 0; k < kEach; ++k) cost += label_cost(at[k]).v.v;
    }
    return cost;
  }

  LOSSOPS_DEVICE void add(const Pixel& at, int64_t c, T (&sum)[kRegionSums], T& cost) const {
    const V t = target(at, c);
    if (!keeps(at, t)) return;
    const Element of = element(at, c);
    LOSSOPS_ASSERT(a.label || !regions::outside(t), "lossops: target must be in [0, 1]");
    LOSSOPS_ASSERT(activation != Activation::None || !regions::outside(of.p),
                   "lossops: input must be in [0, 1] without an activation");
    sum[0] += (a.s.squared ? of.p * of.p : of.p).v;
    sum[1] += (a.s.squared ? t * t : t).v;
    sum[2] += (a.s.soft ? (of.p < t ? of.p : t) : of.p * t).v;
    sum[3] += 1;
    if (costs_class()) cost += cost_(of.x, of.e, at.shift, t, weight(c)).v.v;
  }

  // -- what pixels cost --------------------------------------------------------------------------------

  /// Whether the label alone has a cost, or every class.
  LOSSOPS_DEVICE bool costs_label() const {
    return kSoftmax && a.s.pixel.weight != 0 && a.label && a.s.pixel.smoothing == 0;
  }
  LOSSOPS_DEVICE bool costs_class() const { return a.s.pixel.weight != 0 && !costs_label(); }

  LOSSOPS_DEVICE Dual<V> label_cost(const Pixel& at) const {
    if (!at.counts) return Dual<V>(V(0));
    return cost_.of_label(logit(at, at.target), at.shift, weight(at.target));
  }

  // -- gradients ---------------------------------------------------------------------------------------

  /// The derivative of all that an element costs, by ln p of a softmax or by the logit.
  LOSSOPS_DEVICE V slope(const Pixel& at, int64_t c, const Element& of, const T* slopes) const {
    const V t = target(at, c);
    if (!keeps(at, t)) return 0;
    const V of_p(slopes[2 * c]), of_both(slopes[2 * c + 1]);
    // What does not count may be NaN.
    const bool moves = of_p != V(0) || of_both != V(0);
    const V by_p = moves ? regions::slope_by_p(of_p, of_both, of.p, t, a.s.squared, a.s.soft) : V(0);
    const V d = moves ? by_p * (kSoftmax ? of.p : of.of_logit) : V(0);
    return costs_class() ? d + V(*a.pixel_scale) * cost_(of.x, of.e, at.shift, t, weight(c)).d : d;
  }

  LOSSOPS_DEVICE void differentiate_softmax(const Pixel& at, const T* slopes, S* to) const {
    const V of_label = costs_label() ? V(*a.pixel_scale) * label_cost(at).d : V(0);
    const auto derivative = [&](int64_t c, const Element& of) {
      const V d = slope(at, c, of, slopes);
      return costs_label() && c == at.target && at.counts ? d + of_label : d;
    };
    SlopeSums<V> sums;
    bool counts = false;
    for (int64_t c = 0; c < a.classes; ++c) {
      const Element of = element(at, c);
      const V d = derivative(c, of);
      const bool top = of.e == V(1) && at.shift.rest < V(1);
      sums.top = sums.top + (top ? d : V(0));
      sums.others = sums.others + (top ? V(0) : d);
      counts = counts || keeps(at, target(at, c));
    }
    const auto gradient = rule_.gradient(at.shift, LabelClass<V>(), sums, V(0), V(0), V(1));
    for (int64_t c = 0; c < a.classes; ++c) {
      const Element of = element(at, c);
      write(to, c, counts ? gradient.of_class(derivative(c, of), of.e) : V(0));
    }
  }

  LOSSOPS_DEVICE void write(S* to, int64_t c, V g) const {
    to[c * a.grad.class_stride] = static_cast<S>(g.v);
  }

  const RegionArgs<S>& a;
  const Rule rule_;
  const regions::ElementCost<kSoftmax, V> cost_;
};

template <class S, Activation activation>
__global__ __launch_bounds__(kRegionThreads) void add_regions_kernel(
    const __grid_constant__ RegionArgs<S> args) {
  RegionLoop<S, activation>(args).add();
}
template <class S, Activation activation>
__global__ __launch_bounds__(kRegionThreads, 1) void differentiate_regions_kernel(
    const __grid_constant__ RegionArgs<S> args) {
  RegionLoop<S, activation>(args).differentiate();
}

/// f with the activation as a constant.
template <class F>
void with_activation(Activation activation, const F& f) {
  switch (activation) {
    case Activation::None:
      return f(std::integral_constant<Activation, Activation::None>());
    case Activation::Sigmoid:
      return f(std::integral_constant<Activation, Activation::Sigmoid>());
    default:
      return f(std::integral_constant<Activation, Activation::Softmax>());
  }
}

template <class S>
void add_regions(const RegionArgs<S>& args) {
  // Few enough for several blocks of a multiprocessor.
  const int64_t bytes = args.classes * kRegionSums * static_cast<int64_t>(sizeof(double)),
                most = shared_limit() / 8;
  RegionArgs<S> own = args;
  int64_t warps = kRegionThreads / kWarp;
  while (warps > 1 && warps * bytes > most) warps /= 2;
  own.shares = warps * bytes <= most;
  const int64_t blocks = args.samples * args.parts;
  if (blocks == 0) return;
  with_activation(
      args.s.activation, [&]<Activation activation>(std::integral_constant<Activation, activation>) {
        launch(add_regions_kernel<S, activation>, blocks, warps * kWarp, own.shares ? warps * bytes : 0, own);
      });
}

template <class S>
void differentiate_regions(const RegionArgs<S>& args) {
  const int64_t rows = args.samples * args.pixels;
  const int64_t blocks = std::min((rows + kRegionThreads - 1) / kRegionThreads, kMaxBlocks);
  if (blocks == 0) return;
  with_activation(args.s.activation,
                  [&]<Activation activation>(std::integral_constant<Activation, activation>) {
                    launch(differentiate_regions_kernel<S, activation>, blocks, kRegionThreads, 0, args);
                  });
}

}  // namespace lossops::cuda
