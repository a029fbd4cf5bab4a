// Reading and writing memory of a dtype that is known only at run time. A switch costs a warp little: all its
// threads take the same way, once for several elements.
#pragma once

#include <c10/core/ScalarType.h>
#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include "kernels.h"
#include "launch.h"

namespace lossops::cuda {

/// A byte of a bool tensor.
struct Truth {
  uint8_t byte;
  template <class T>
  LOSSOPS_DEVICE explicit operator T() const {
    return static_cast<T>(byte != 0);
  }
};

/// Calls f with a null pointer to what memory of this floating point dtype holds.
template <class F>
LOSSOPS_DEVICE void with_float(c10::ScalarType dtype, const F& f) {
  switch (dtype) {
    case c10::ScalarType::Float:
      return f(static_cast<float*>(nullptr));
    case c10::ScalarType::Double:
      return f(static_cast<double*>(nullptr));
    case c10::ScalarType::Half:
      return f(static_cast<c10::Half*>(nullptr));
    case c10::ScalarType::BFloat16:
      return f(static_cast<c10::BFloat16*>(nullptr));
    default:
      return;
  }
}

/// The same for every dtype that is_readable.
template <class F>
LOSSOPS_DEVICE void with_readable(c10::ScalarType dtype, const F& f) {
  switch (dtype) {
    case c10::ScalarType::Bool:
      return f(static_cast<Truth*>(nullptr));
    case c10::ScalarType::Int:
      return f(static_cast<int32_t*>(nullptr));
    case c10::ScalarType::Long:
      return f(static_cast<int64_t*>(nullptr));
    default:
      return with_float(dtype, f);
  }
}

/// n elements that are read and written 16 bytes at a time, if there are as many.
template <class D, int n>
struct alignas(n * sizeof(D) < 16 ? n * sizeof(D) : 16) Pack {
  D at[n];
};

/// An element of a dtype that is_readable.
template <class T>
LOSSOPS_DEVICE T load_one(const void* data, c10::ScalarType dtype, int64_t at) {
  T value = 0;
  with_readable(dtype, [&]<class D>(D*) { value = static_cast<T>(static_cast<const D*>(data)[at]); });
  return value;
}

template <class T>
LOSSOPS_DEVICE void store_one(T value, void* data, c10::ScalarType dtype, int64_t at) {
  with_float(dtype, [&]<class D>(D*) { static_cast<D*>(data)[at] = static_cast<D>(value); });
}

/// n elements of an operand from `start` on; one, if it is strided.
template <class T, int n>
LOSSOPS_DEVICE void load(const Operand& from, int64_t start, T (&x)[n]) {
  if (from.layout == Layout::kNumber || from.layout == Layout::kOne) {
    const T one = from.data ? load_one<T>(from.data, from.dtype, 0) : static_cast<T>(from.number);
#pragma unroll
    for (int j = 0; j < n; ++j) x[j] = one;
  } else if constexpr (n == 1) {
    x[0] = load_one<T>(from.data, from.dtype, from.layout == Layout::kPacked ? start : from.offsets(start));
  } else {
    with_readable(from.dtype, [&]<class D>(D*) {
      const auto pack = *reinterpret_cast<const Pack<D, n>*>(static_cast<const D*>(from.data) + start);
#pragma unroll
      for (int j = 0; j < n; ++j) x[j] = static_cast<T>(pack.at[j]);
    });
  }
}

template <class T, int n>
LOSSOPS_DEVICE void store(const T (&x)[n], const Output& to, int64_t start) {
  with_float(to.dtype, [&]<class D>(D*) {
    Pack<D, n> pack;
#pragma unroll
    for (int j = 0; j < n; ++j) pack.at[j] = static_cast<D>(x[j]);
    *reinterpret_cast<Pack<D, n>*>(static_cast<D*>(to.data) + start) = pack;
  });
}

}  // namespace lossops::cuda
