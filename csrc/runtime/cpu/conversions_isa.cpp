// Compiled once per instruction set: reading and writing memory of every dtype.
#include <ATen/cpu/vec/functional.h>
#include <ATen/cpu/vec/vec.h>

#include <algorithm>

#include "runtime/cpu/kernels.h"

namespace lossops::cpu::CPU_CAPABILITY {
namespace {

using at::vec::Vectorized;

/// A byte of a bool tensor: true unless 0, whatever else it holds.
struct Truth {
  uint8_t byte;
  template <class T>
  explicit operator T() const {
    return static_cast<T>(byte != 0);
  }
};

template <class S, class T>
void load_run(const S* src, int64_t stride, T* dst, int64_t size) {
  if (stride == 0) {
    std::fill_n(dst, size, static_cast<T>(*src));
    return;
  }
  int64_t i = 0;
  if constexpr (at::vec::is_reduced_floating_point_v<S> && std::is_same_v<T, float>) {
    constexpr int64_t kLanes = Vectorized<S>::size();
    for (; stride == 1 && i + kLanes <= size; i += kLanes) {
      const auto [low, high] = at::vec::convert_to_float<S>(Vectorized<S>::loadu(src + i));
      low.store(dst + i);
      high.store(dst + i + kLanes / 2);
    }
  }
  if (stride == 1) {
    for (; i < size; ++i) dst[i] = static_cast<T>(src[i]);
  } else {
    for (; i < size; ++i) dst[i] = static_cast<T>(src[i * stride]);
  }
}

template <class T, class D>
void store_run(const T* src, D* dst, int64_t stride, int64_t size) {
  if (stride != 1) {
    for (int64_t i = 0; i < size; ++i) dst[i * stride] = static_cast<D>(src[i]);
    return;
  }
  int64_t i = 0;
  if constexpr (at::vec::is_reduced_floating_point_v<D> && std::is_same_v<T, float>) {
    constexpr int64_t kLanes = Vectorized<D>::size();
    for (; i + kLanes <= size; i += kLanes) {
      at::vec::convert_from_float<D>(Vectorized<float>::loadu(src + i),
                                     Vectorized<float>::loadu(src + i + kLanes / 2))
          .store(dst + i);
    }
  }
  for (; i < size; ++i) dst[i] = static_cast<D>(src[i]);
}

template <class T>
void load(const void* src, c10::ScalarType dtype, int64_t stride, T* dst, int64_t size) {
  switch (dtype) {
    case c10::ScalarType::Bool:
      return load_run(static_cast<const Truth*>(src), stride, dst, size);
#define LOSSOPS_CASE(S, name) \
  case c10::ScalarType::name: \
    return load_run(static_cast<const S*>(src), stride, dst, size);
      LOSSOPS_CASE(float, Float)
      LOSSOPS_CASE(double, Double)
      LOSSOPS_CASE(c10::Half, Half)
      LOSSOPS_CASE(c10::BFloat16, BFloat16)
      LOSSOPS_CASE(int8_t, Char)
      LOSSOPS_CASE(uint8_t, Byte)
      LOSSOPS_CASE(int16_t, Short)
      LOSSOPS_CASE(uint16_t, UInt16)
      LOSSOPS_CASE(int32_t, Int)
      LOSSOPS_CASE(uint32_t, UInt32)
      LOSSOPS_CASE(int64_t, Long)
      LOSSOPS_CASE(uint64_t, UInt64)
#undef LOSSOPS_CASE
    default:
      unsupported_dtype(dtype);
  }
}

template <class T>
void store(const T* src, void* dst, c10::ScalarType dtype, int64_t stride, int64_t size) {
  switch (dtype) {
    case c10::ScalarType::Float:
      return store_run(src, static_cast<float*>(dst), stride, size);
    case c10::ScalarType::Double:
      return store_run(src, static_cast<double*>(dst), stride, size);
    case c10::ScalarType::Half:
      return store_run(src, static_cast<c10::Half*>(dst), stride, size);
    case c10::ScalarType::BFloat16:
      return store_run(src, static_cast<c10::BFloat16*>(dst), stride, size);
    default:
      unsupported_dtype(dtype);
  }
}

}  // namespace

template <class T>
const Conversions<T>& conversions() {
  static constexpr Conversions<T> table = {load<T>, store<T>};
  return table;
}

template const Conversions<float>& conversions<float>();
template const Conversions<double>& conversions<double>();
template const Conversions<c10::BFloat16>& conversions<c10::BFloat16>();

}  // namespace lossops::cpu::CPU_CAPABILITY
