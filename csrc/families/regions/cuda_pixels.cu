// The sweeps over pixels, and what adds up the sums of blocks.
#include "families/regions/cuda_kernel.h"

namespace lossops::cuda {
namespace {

/// A warp adds up each number.
__global__ __launch_bounds__(kRegionThreads) void gather_regions_kernel(
    const __grid_constant__ RegionSums a) {
  const Team warp(kWarp);
  const int64_t warps = static_cast<int64_t>(gridDim.x) * (blockDim.x / kWarp);
  const int64_t first = static_cast<int64_t>(blockIdx.x) * (blockDim.x / kWarp) + threadIdx.x / kWarp;
  for (int64_t i = first; i < a.groups * a.width; i += warps) {
    const double* const from = a.by_block + i / a.width * a.blocks * a.width + i % a.width;
    double sum[1] = {0};
    for (int64_t b = warp.rank; b < a.blocks; b += warp.size) sum[0] += from[b * a.width];
    warp.sum(sum);
    if (warp.rank == 0) a.sums[i] = sum[0];
  }
}

}  // namespace

void gather_regions(const RegionSums& args) {
  constexpr int64_t kEach = kRegionThreads / kWarp;
  const int64_t blocks = std::min((args.groups * args.width + kEach - 1) / kEach, kMaxBlocks);
  if (blocks > 0) launch(gather_regions_kernel, blocks, kRegionThreads, 0, args);
}

#define LOSSOPS_INSTANTIATE(S)                     \
  template void add_regions(const RegionArgs<S>&); \
  template void differentiate_regions(const RegionArgs<S>&);
LOSSOPS_INSTANTIATE(float)
LOSSOPS_INSTANTIATE(double)
LOSSOPS_INSTANTIATE(c10::Half)
LOSSOPS_INSTANTIATE(c10::BFloat16)
#undef LOSSOPS_INSTANTIATE

}  // namespace lossops::cuda
