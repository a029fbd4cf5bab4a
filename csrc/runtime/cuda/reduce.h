// Sums over the threads of a block, in an order that is always the same.
#pragma once

#include "launch.h"

namespace lossops::cuda {

constexpr unsigned kWarp = 32;
constexpr unsigned kMaxThreads = 1024;

/// The sum over the block, in thread 0. All threads take part.
LOSSOPS_DEVICE double block_sum(double x) {
  __shared__ double by_warp[kMaxThreads / kWarp];
  for (unsigned offset = kWarp / 2; offset > 0; offset /= 2) {
    x += __shfl_xor_sync(0xffffffffu, x, static_cast<int>(offset));
  }
  if (threadIdx.x % kWarp == 0) by_warp[threadIdx.x / kWarp] = x;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (unsigned w = 1; w < blockDim.x / kWarp; ++w) x += by_warp[w];
  }
  return x;
}

/// Sums of four numbers over a warp: that of x[k] in the threads of its k-th quarter. Half of what is left
/// goes each way at a time.
template <class T>
LOSSOPS_DEVICE T warp_sums(const T (&x)[4]) {
  const bool upper = threadIdx.x & 16, odd = threadIdx.x & 8;
  const T first = (upper ? x[2] : x[0]) + __shfl_xor_sync(0xffffffffu, upper ? x[0] : x[2], 16);
  const T second = (upper ? x[3] : x[1]) + __shfl_xor_sync(0xffffffffu, upper ? x[1] : x[3], 16);
  T sum = (odd ? second : first) + __shfl_xor_sync(0xffffffffu, odd ? first : second, 8);
  for (int offset = 4; offset > 0; offset /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, offset);
  return sum;
}

/// Threads that work on a row together: 1, 2, 4, ... 32 neighbours of a warp, or the whole block.
struct Team {
  int size, rank;
  unsigned mask;  ///< of the warp's threads

  LOSSOPS_DEVICE explicit Team(int size) : size(size), rank(static_cast<int>(threadIdx.x) % size) {
    const unsigned lane = threadIdx.x % kWarp;
    mask = size >= static_cast<int>(kWarp) ? 0xffffffffu : ((1u << size) - 1) << (lane - lane % size);
  }

  /// Combines n values of each thread by an operation whose order of operands does not matter; every thread
  /// gets the results.
  template <int n, class T, class F>
  LOSSOPS_DEVICE void combine(T (&x)[n], const F& f) const {
    const int width = size < static_cast<int>(kWarp) ? size : static_cast<int>(kWarp);
    for (int offset = width / 2; offset > 0; offset /= 2) {
#pragma unroll
      for (int k = 0; k < n; ++k) x[k] = f(x[k], __shfl_xor_sync(mask, x[k], offset));
    }
    if (size <= static_cast<int>(kWarp)) return;
    __shared__ T by_warp[n][kMaxThreads / kWarp];
    const unsigned warp = threadIdx.x / kWarp, warps = blockDim.x / kWarp;
    if (threadIdx.x % kWarp == 0) {
#pragma unroll
      for (int k = 0; k < n; ++k) by_warp[k][warp] = x[k];
    }
    __syncthreads();
#pragma unroll
    for (int k = 0; k < n; ++k) {
      x[k] = by_warp[k][0];
      for (unsigned w = 1; w < warps; ++w) x[k] = f(x[k], by_warp[k][w]);
    }
    __syncthreads();
  }
  template <int n, class T>
  LOSSOPS_DEVICE void sum(T (&x)[n]) const {
    combine(x, [](T a, T b) { return a + b; });
  }
  /// The largest; NaN counts for nothing.
  template <class T>
  LOSSOPS_DEVICE T max(T x) const {
    T one[1] = {x};
    combine(one, [](T a, T b) { return a < b ? b : a; });
    return one[0];
  }
  template <class T>
  LOSSOPS_DEVICE T min(T x) const {
    T one[1] = {x};
    combine(one, [](T a, T b) { return b < a ? b : a; });
    return one[0];
  }
  /// Makes what the threads wrote visible to one another.
  LOSSOPS_DEVICE void sync() const {
    if (size > static_cast<int>(kWarp)) {
      __syncthreads();
    } else {
      __syncwarp(mask);
    }
  }
};

}  // namespace lossops::cuda
