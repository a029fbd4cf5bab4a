// Index arithmetic of strided memory, for the host and for kernels.
#pragma once

#include <cstdint>
#include <limits>

#include "../../math/scalar.h"

namespace lossops::cuda {

/// Division of numbers below 2^31 by one that is known beforehand: a product and a shift (Granlund &
/// Montgomery, PLDI 1994).
class Divider {
 public:
  Divider() = default;
  explicit Divider(uint32_t divisor) {
    while (uint64_t{1} << shift_ < divisor) ++shift_;
    magic_ = static_cast<uint32_t>(((uint64_t{1} << 32) * ((uint64_t{1} << shift_) - divisor)) / divisor + 1);
  }
  LOSSOPS_INLINE uint32_t operator()(uint32_t n) const {
    const auto high = static_cast<uint32_t>((static_cast<uint64_t>(n) * magic_) >> 32);
    return (high + n) >> shift_;
  }

 private:
  uint32_t magic_ = 1, shift_ = 0;
};

constexpr int kMaxDims = 8;

/// Where the elements of a strided tensor lie, counted with the last dimension added fastest.
class Offsets {
 public:
  /// Adds a faster dimension, as part of the last one where it goes on from it; false if there is no room.
  bool add(int64_t size, int64_t stride) {
    if (size == 1) return true;
    if (dims_ > 0 && stride_[dims_ - 1] == size * stride) {
      size *= size_[--dims_];
    } else if (dims_ == kMaxDims) {
      return false;
    }
    size_[dims_] = size;
    stride_[dims_] = stride;
    if (size > 0 && size < kWide) divide_[dims_] = Divider(static_cast<uint32_t>(size));
    ++dims_;
    wide_ = count() >= kWide;
    return true;
  }

  int64_t count() const {
    int64_t n = 1;
    for (int d = 0; d < dims_; ++d) n *= size_[d];
    return n;
  }
  /// Whether all elements are one in memory.
  bool single() const { return dims_ == 0 || (dims_ == 1 && stride_[0] == 0); }
  /// Whether they lie one behind the other.
  bool dense() const { return dims_ == 0 || (dims_ == 1 && stride_[0] == 1); }
  /// Elements in a run of equal steps, and the step.
  int64_t run() const { return dims_ == 0 ? 1 : size_[dims_ - 1]; }
  int64_t step() const { return dims_ == 0 ? 0 : stride_[dims_ - 1]; }

  LOSSOPS_INLINE int64_t operator()(int64_t i) const {
    int64_t offset = 0;
    int d = dims_ - 1;
    if (wide_) {
      for (; d > 0; --d) {
        const int64_t q = i / size_[d];
        offset += (i - q * size_[d]) * stride_[d];
        i = q;
      }
    } else {
      for (; d > 0; --d) {
        const int64_t q = divide_[d](static_cast<uint32_t>(i));
        offset += (i - q * size_[d]) * stride_[d];
        i = q;
      }
    }
    return d < 0 ? offset : offset + i * stride_[0];
  }

 private:
  static constexpr int64_t kWide = int64_t{1} << 31;
  int dims_ = 0;
  bool wide_ = false;
  int64_t size_[kMaxDims], stride_[kMaxDims];
  Divider divide_[kMaxDims];
};

}  // namespace lossops::cuda
