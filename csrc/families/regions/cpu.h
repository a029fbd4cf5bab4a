// The interface between the launcher of losses of regions and their kernel.
#pragma once

#include "../../math/sums.h"
#include "../class_axis/cpu.h"

namespace lossops::cpu {

/// What is summed of a class over the pixels that are not ignored: p, t, what they share, and their number.
constexpr int kRegionSums = 4;

/// Elements of scratch memory that a run of pixels needs.
inline int64_t region_work(int64_t classes) {
  constexpr int64_t kMostLanes = 16;
  return row_work(classes, true) + kRegionSums * classes * kMostLanes;
}

/// A run of pixels of one sample.
template <class S>
struct RegionRun {
  using T = typename MathOf<S>::type;
  RowRun<S> rows;  ///< side by side; `probability` is the target unless that is labels
  Activation activation;
  bool squared;  ///< sums are of p^2 and t^2
  bool soft;     ///< what p and t share is the smaller one, not their product
  bool binary;   ///< there is one class, and labels are 0 or 1
  PixelCost pixel;
  const T* class_weight;  ///< of the pixels' costs
  double* sums;           ///< out: by class, added to
  const T* slopes;        ///< by class, of the loss by p and by what is shared
  T pixel_scale;          ///< multiplies the gradients of the pixels' costs
};

/// Both for a run: the sums, with the sum of all pixels' costs, and the gradients.
template <class S>
struct RegionKernelsFor {
  double (*add)(const RegionRun<S>& run);
  void (*differentiate)(const RegionRun<S>& run);
};
struct RegionKernels : RegionKernelsFor<float>, RegionKernelsFor<double>, RegionKernelsFor<c10::BFloat16> {
  template <class S>
  const RegionKernelsFor<S>& get() const {
    return *this;
  }
};

}  // namespace lossops::cpu
