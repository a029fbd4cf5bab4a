// The interface between the CUDA launcher of losses of regions and their kernels.
#pragma once

#include "../../runtime/cuda/rows.h"
#include "rule.h"

namespace lossops::cuda {

using regions::kRegionSums, regions::RegionSettings;

/// Threads of a block; pixels that a thread adds up before a warp does.
constexpr int kRegionThreads = 256;
template <class T>
constexpr int kPixelsEach = std::is_same_v<T, double> ? 2 : 4;
/// Blocks that add up, about.
constexpr int64_t kRegionBlocks = 1024;

/// Of both sweeps over pixels. Rows are those of all samples, in order; logits are stored as S.
template <class S>
struct RegionArgs {
  using T = std::conditional_t<std::is_same_v<S, double>, double, float>;
  int64_t samples, classes, pixels;
  int64_t parts;  ///< of a sample, each a block's
  Plane<const S> x;
  Plane<const void> target;  ///< otherwise it is labels
  c10::ScalarType target_dtype;
  const int64_t* label;
  bool ignores;
  int64_t ignore_index;
  RegionSettings s;
  const T* class_weight;  ///< of the pixels' costs, or null
  double* sums;           ///< out: by block, class and what is summed
  double* costs;          ///< out: by block
  Plane<S> grad;
  const T* slopes;       ///< by sample (one of a batch) and class, by p and by what is shared
  const T* pixel_scale;  ///< multiplies the gradients of the pixels' costs
  // Set by the kernels' own launcher:
  bool shares;  ///< warps add up in shared memory
};

/// Adds up what blocks have.
struct RegionSums {
  int64_t groups, blocks, width;  ///< blocks of a group, numbers of a block
  const double* by_block;
  double* sums;
};

/// Of the formula: see RegionGroups.
struct RegionFinish {
  double params[kMaxParams];
  RegionSettings s;
  bool ignores;
  int64_t samples, classes;
  const double *sums, *weight, *upstream;
  const double* costs;
  int64_t blocks;          ///< that have costs
  bool reduces, unscaled;  ///< to a number; the denominator is given out beside the gradient
  bool two_means;          ///< the costs of pixels are divided by a number of their own:
  double pixel_count;      ///< this; or 0: as many as count,
  bool weighs_pixels;      ///< or the sum of the weights of their labels
  Number denominator;
  double* slopes;  ///< zeros
  // Out:
  Output value;
  double *total, *count;  ///< of values; of those that count, or of their weights
  Output scaled;          ///< slopes, as the second sweep needs them; behind them, the pixels' scale
  double* factor;         ///< by which gradients that come with a denominator were multiplied
};

template <class S>
void add_regions(const RegionArgs<S>& args);
template <class S>
void differentiate_regions(const RegionArgs<S>& args);
void gather_regions(const RegionSums& args);

struct RegionKernels {
  void (*finish)(const RegionFinish& args);
};

/// Instantiated for every loss: the kernel of those that are of this family.
template <class E>
struct RegionKernelsOf {};
template <RegionExpression E>
struct RegionKernelsOf<E> {
  static void finish(const RegionFinish& args);
};

template <class E>
const RegionKernels& region_kernels() {
  static constexpr RegionKernels table{RegionKernelsOf<E>::finish};
  return table;
}

}  // namespace lossops::cuda
