// The interface between the launcher of losses of regions and their kernel.
#pragma once

#include "../../runtime/cpu/kernels.h"
#include "rule.h"

namespace lossops::cpu {

using regions::kRegionSums;

/// Vectors of pixels at a time: of one class, so that what begins a group counts for little; of up to so many
/// classes; of more, one.
constexpr int kMaskVectors = 16;
constexpr int kRegionVectors = 4;
constexpr int64_t kFewRegions = 64;

/// Elements of scratch memory that a run needs, and of that in which it stages what does not lie as it has
/// to.
inline int64_t region_group(int64_t classes) {
  constexpr int64_t kMostLanes = 16;
  return kMostLanes * (classes == 1 ? kMaskVectors : classes <= kFewRegions ? kRegionVectors : 1);
}
inline int64_t region_work(int64_t classes) {
  return (2 * classes + 1) * region_group(classes) + kRegionSums * classes * 16;
}
inline int64_t region_staging(int64_t classes) { return 3 * classes * region_group(classes); }

/// A run of pixels of one sample.
template <class S>
struct RegionRun {
  using T = typename MathOf<S>::type;
  int64_t pixels, classes;
  Plane<const S> x;
  Plane<const S> target;  ///< otherwise it is labels
  const int64_t* label;   ///< in a single class, 0 or 1
  Plane<S> grad;
  bool keeps;  ///< the first sweep leaves in `grad` all that the second one needs, where it is wanted
  bool ignores;
  int64_t ignore_index;
  Activation activation;
  bool squared;  ///< sums are of p^2 and t^2
  bool soft;     ///< what p and t share is the smaller one, not their product
  PixelCost pixel;
  const T* class_weight;  ///< of the pixels' costs
  double* sums;           ///< out: by class, added to
  bool* wrong;            ///< out: set where a label is out of range, or what has to be a probability is not
  const T* slopes;        ///< by class, of the loss by p and by what is shared
  T pixel_scale;          ///< multiplies the gradients of the pixels' costs
  T* work;                ///< region_work(classes) elements
  S* staging;             ///< region_staging(classes)
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
