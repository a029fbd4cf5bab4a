// What every launcher needs beside the losses' own kernels.
#include <algorithm>

#include "runtime/cuda/memory.h"
#include "runtime/cuda/reduce.h"

namespace lossops::cuda {
namespace {

constexpr int kThreads = 256;
/// Elements that a thread of `scale` reads at once.
constexpr int kScaled = 8;

__global__ __launch_bounds__(kMaxThreads) void finish_kernel(const __grid_constant__ Finish a) {
  double sum = 0;
  for (int64_t i = threadIdx.x; i < a.count; i += blockDim.x) sum += a.partial[i];
  sum = block_sum(sum);
  if (threadIdx.x != 0) return;
  const double denominator = a.denominator.get();
  const double loss = sum / denominator;
  store_one(loss, a.loss.data, a.loss.dtype, 0);
  if (a.denominator_out) *a.denominator_out = denominator == 0 ? 1 : denominator;
  if (a.normalizer_grad.data) {
    const double slope = -loss * a.per_normalizer;
    store_one(a.denominator_out ? slope : slope / denominator, a.normalizer_grad.data,
              a.normalizer_grad.dtype, 0);
  }
}

/// The sum over all indices below `size` of f, block by block.
template <class F>
LOSSOPS_DEVICE void sum_by_block(int64_t size, double* partial, const F& f) {
  double sum = 0;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < size;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    sum += f(i);
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

template <class T>
__global__ __launch_bounds__(kThreads) void weigh_kernel(const __grid_constant__ Weigh a) {
  sum_by_block(a.size, a.partial, [&](int64_t i) -> double {
    T x[1];
    if (a.ignores) {
      load(a.label, i, x);
      if (x[0] == static_cast<T>(a.ignored)) return 0;
    }
    if (!a.weighted) return 1;
    load(a.weight, i, x);
    return x[0];
  });
}

template <class T>
__global__ __launch_bounds__(kThreads) void weigh_labels_kernel(const __grid_constant__ WeighLabels a) {
  sum_by_block(a.size, a.partial, [&](int64_t i) -> double {
    const int64_t label = a.label[i];
    if (a.ignores && label == a.ignore_index) return 0;
    if (!a.weight) return 1;
    LOSSOPS_ASSERT(label >= 0 && label < a.classes, "lossops: target is out of range");
    return static_cast<const T*>(a.weight)[label];
  });
}

__global__ __launch_bounds__(kThreads) void scale_kernel(const __grid_constant__ Scale a) {
  double factor = load_one<double>(a.upstream, a.upstream_dtype, 0);
  if (a.denominator) factor /= *a.denominator;
  if (factor == 1) return;
  const int64_t first = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  const int64_t stride = static_cast<int64_t>(gridDim.x) * blockDim.x;
  const int64_t packs = a.size / kScaled;
  with_float(a.grad.dtype, [&]<class D>(D*) {
    using T = std::conditional_t<std::is_same_v<D, double>, double, float>;
    const T f = static_cast<T>(factor);
    D* const data = static_cast<D*>(a.grad.data);
    for (int64_t v = first; v < packs; v += stride) {
      auto& pack = reinterpret_cast<Pack<D, kScaled>*>(data)[v];
      auto scaled = pack;
#pragma unroll
      for (int j = 0; j < kScaled; ++j) scaled.at[j] = static_cast<D>(static_cast<T>(scaled.at[j]) * f);
      pack = scaled;
    }
    for (int64_t i = packs * kScaled + first; i < a.size; i += stride) {
      data[i] = static_cast<D>(static_cast<T>(data[i]) * f);
    }
  });
}

int64_t blocks_for(int64_t size) { return std::min((size + kThreads - 1) / kThreads, kMaxBlocks); }

}  // namespace

void finish(const Finish& a) {
  const int64_t warps = std::clamp<int64_t>((a.count + kWarp - 1) / kWarp, 1, kMaxThreads / kWarp);
  launch(finish_kernel, 1, static_cast<unsigned>(warps * kWarp), 0, a);
}

int64_t weigh(const Weigh& a) {
  const int64_t blocks = blocks_for(a.size);
  if (blocks > 0) launch(a.in_double ? weigh_kernel<double> : weigh_kernel<float>, blocks, kThreads, 0, a);
  return blocks;
}

int64_t weigh_labels(const WeighLabels& a) {
  const int64_t blocks = blocks_for(a.size);
  if (blocks > 0) {
    launch(a.in_double ? weigh_labels_kernel<double> : weigh_labels_kernel<float>, blocks, kThreads, 0, a);
  }
  return blocks;
}

void scale(const Scale& a) {
  const int64_t blocks = blocks_for((a.size + kScaled - 1) / kScaled);
  if (blocks > 0) launch(scale_kernel, blocks, kThreads, 0, a);
}

}  // namespace lossops::cuda
