// Stands in for csrc/runtime/cuda/launch.h: runs kernels on the host, so that their indices, barriers and
// reductions are executed where there is no GPU. A block's threads are fibers that take turns at barriers and
// shuffles; blocks follow one another.
#pragma once
#define LOSSOPS_CUDA_LAUNCH

#include <cstdint>
#include <cstring>
#include <functional>
#include <type_traits>

#define __global__ inline
#define __device__
#define __shared__ static
#define __grid_constant__
#define __launch_bounds__(...)
#define LOSSOPS_DEVICE inline
#define LOSSOPS_ASSERT(condition, message) \
  if (!(condition)) lossops::cuda::emulated::fail(message)

namespace lossops::cuda::emulated {

struct Index {
  unsigned x;
};

void run(unsigned blocks, unsigned threads, unsigned shared_bytes, const std::function<void()>& kernel);
[[noreturn]] void fail(const char* message);

/// Waits for all threads of the warp that the mask has, or of the block for none.
void wait(unsigned warp_mask);
/// Gives x and takes that of the thread whose number differs by `flip`.
uint64_t exchange(unsigned mask, uint64_t x, int flip);
void* shared_memory();

}  // namespace lossops::cuda::emulated

extern lossops::cuda::emulated::Index threadIdx, blockIdx, blockDim, gridDim;

inline void __syncthreads() { lossops::cuda::emulated::wait(0); }
inline void __syncwarp(unsigned mask) { lossops::cuda::emulated::wait(mask); }

template <class T>
T __shfl_xor_sync(unsigned mask, T x, int flip) {
  uint64_t bits = 0;
  std::memcpy(&bits, &x, sizeof x);
  bits = lossops::cuda::emulated::exchange(mask, bits, flip);
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

namespace lossops::cuda {

/// Little, so that rows too long for it are common in tests.
inline int shared_limit() { return 16 << 10; }

template <class... P>
void launch(void (*kernel)(P...), unsigned blocks, unsigned threads, unsigned shared_bytes,
            const std::type_identity_t<P>&... args) {
  emulated::run(blocks, threads, shared_bytes, [&] { kernel(args...); });
}

inline void* shared_memory() { return emulated::shared_memory(); }

}  // namespace lossops::cuda
