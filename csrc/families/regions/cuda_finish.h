// From the sums of blocks to the losses of groups and their slopes.
#pragma once

#include <algorithm>

#include "../../runtime/cuda/memory.h"
#include "../../runtime/cuda/reduce.h"
#include "cuda.h"

namespace lossops::cuda {

/// An expression as RegionGroups takes it.
template <class E>
struct RegionFormula {
  const RegionFinish& a;
  LOSSOPS_INLINE Dual<Scalar<double>> operator()(const Overlap<Scalar<double>>& o, int by) const {
    return regions::finish_region<E>(o, by, a.s.smooth, a.s.log, a.params);
  }
  LOSSOPS_INLINE double class_weight(double t) const {
    if constexpr (PoolsClasses<E>) return make_expression<E>(a.params).class_weight(Scalar<double>(t)).v;
    return 1;
  }
};

/// One block, as the sums of groups are few.
template <class E>
class RegionFinishLoop {
 public:
  LOSSOPS_DEVICE explicit RegionFinishLoop(const RegionFinish& args)
      : a(args),
        block_(static_cast<int>(blockDim.x)),
        groups_{{args},          args.s.background, args.s.skips_absent, args.ignores,
                PoolsClasses<E>, args.samples,      args.classes,        args.sums,
                args.weight,     args.upstream,     args.slopes} {}

  LOSSOPS_DEVICE void run() const {
    regions::RegionTally tally;
    double sums[4] = {0, 0, 0, 0};  // of values, of what counts, of pixels, and of their costs
    each(groups_.size(), [&](int64_t i) {
      const double value = groups_.value(i, tally);
      sums[0] += value;
      if (a.value.data) store_one(value, a.value.data, a.value.dtype, i);
    });
    sums[1] = tally.count;
    each(a.samples * a.classes, [&](int64_t i) {
      const auto o = groups_.overlap(0, i);
      sums[2] += a.weighs_pixels ? groups_.weight_of(i % a.classes) * o.t.v : o.n.v;
    });
    each(a.blocks, [&](int64_t i) { sums[3] += a.costs[i]; });
    block_.sum(sums);
    if (block_.rank == 0) *a.count = sums[1];
    block_.sync();  // the denominator may be that
    double scale = a.s.region_weight, pixel_scale = a.s.pixel.weight;
    const double denominator = a.denominator.get();
    if (a.two_means) pixel_scale *= denominator / (a.pixel_count == 0 ? sums[2] : a.pixel_count);
    if (block_.rank == 0) *a.total = sums[0] * scale + pixel_scale * sums[3];
    if (a.scaled.data) put_slopes(scale, pixel_scale, denominator, block_.max(tally.steepest));
  }

 private:
  template <class F>
  LOSSOPS_DEVICE void each(int64_t count, const F& f) const {
    for (int64_t i = block_.rank; i < count; i += block_.size) f(i);
  }

  /// Leaves them as the second sweep needs them.
  LOSSOPS_DEVICE void put_slopes(double scale, double pixel_scale, double denominator,
                                 double steepest) const {
    double factor = 1;
    if (a.unscaled) {
      // A pixel's part of a large region would be below float16.
      const double of_region = steepest * std::fabs(scale), of_pixel = std::fabs(pixel_scale);
      const double most = of_region > of_pixel ? of_region : of_pixel;
      if (most > 0 && most < kInfinity) factor = std::exp2(-std::ceil(std::log2(most)));
    } else if (a.reduces) {
      factor = 1 / denominator;
    }
    const auto put = [&](int64_t i, double slope) {
      store_one(slope == 0 ? 0 : slope * factor, a.scaled.data, a.scaled.dtype, i);
    };
    const int64_t slopes = 2 * a.samples * a.classes;
    each(slopes, [&](int64_t i) { put(i, a.slopes[i] * scale); });
    if (block_.rank != 0) return;
    put(slopes, pixel_scale);
    *a.factor = factor;
  }

  const RegionFinish& a;
  const Team block_;
  const regions::RegionGroups<RegionFormula<E>> groups_;
};

template <class E>
__global__ __launch_bounds__(kRegionThreads) void finish_regions_kernel(
    const __grid_constant__ RegionFinish args) {
  RegionFinishLoop<E>(args).run();
}

template <RegionExpression E>
void RegionKernelsOf<E>::finish(const RegionFinish& args) {
  launch(finish_regions_kernel<E>, 1, kRegionThreads, 0, args);
}

}  // namespace lossops::cuda
