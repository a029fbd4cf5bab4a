// How a kernel is launched, and what its threads share: the one place that speaks CUDA's own dialect. The
// tests have one of their own, that runs kernels on the host, and include it first.
#ifndef LOSSOPS_CUDA_LAUNCH
#define LOSSOPS_CUDA_LAUNCH

#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime.h>

#define LOSSOPS_DEVICE __device__ __forceinline__
#define LOSSOPS_ASSERT(condition, message) CUDA_KERNEL_ASSERT_MSG(condition, message)

namespace lossops::cuda {

/// Shared memory that a block may have without asking for more.
constexpr int kPlainSharedBytes = 48 << 10;

/// What kernels have of it already is less than this; tests/cuda_objects.py looks.
constexpr int kOwnSharedBytes = 4 << 10;

/// Shared memory that a launch on the current device may ask for.
inline int shared_limit() {
  int bytes = 0;
  C10_CUDA_CHECK(
      cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, c10::cuda::current_device()));
  return bytes - kOwnSharedBytes;
}

/// Runs a kernel on the current stream of the current device.
template <class... P>
void launch(void (*kernel)(P...), unsigned blocks, unsigned threads, unsigned shared_bytes,
            const std::type_identity_t<P>&... args) {
  if (shared_bytes > kPlainSharedBytes) {  // always to the same number: other threads launch it too
    C10_CUDA_CHECK(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                                        cudaFuncAttributeMaxDynamicSharedMemorySize, shared_limit()));
  }
  kernel<<<blocks, threads, shared_bytes, c10::cuda::getCurrentCUDAStream()>>>(args...);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

/// The shared memory that the launch asked for, aligned for 16-byte accesses.
LOSSOPS_DEVICE void* shared_memory() {
  extern __shared__ __align__(16) unsigned char lossops_shared_memory[];
  return lossops_shared_memory;
}

}  // namespace lossops::cuda

#endif
